# SPDX-License-Identifier: GPL-3.0-or-later
# logins.sh ROUNDS DELAY N... (largest first): guest time of `iscsiadm -m node --login` and --logout of N targets on one portal, with
# DELAY (as tc takes it, 0 for none) on each way; and what the daemon's memory grows by with the sessions of the first N.
# Prints "RESULT NAME COUNT NUMBER", nanoseconds or bytes; meant for --icount --no-udev, where the clock counts instructions and idle time.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
rounds=$1 delay=$2
shift 2
max=$1

# rss: resident bytes of the daemon
rss() {
	while read -r name number _; do
		[ "$name" != VmRSS: ] || echo $((number * 1024))
	done </proc/"$daemon_pid"/status
}
# the disks are not probed: that is the kernel's own work, and the same for everybody
[ -n "${BENCH_DISKS:-}" ] || rmmod sd_mod 2>/dev/null
lio_init
lio_disk d0 1
i=0
while [ $i -lt "$max" ]; do
	lio_target iqn.2026-11.org.openhba.bench:t$i d0 127.0.0.1:3260
	i=$((i + 1))
done
daemon_start || exit 1
$A -m discovery -t sendtargets -p 127.0.0.1 >/dev/null || exit 1
# the first session pays for loading modules; that is not what is measured
$A -m node -T iqn.2026-11.org.openhba.bench:t0 --login >/dev/null && $A -m node -T iqn.2026-11.org.openhba.bench:t0 --logout >/dev/null
what=
[ "$delay" = 0 ] || {
	what=-rtt
	modprobe sch_netem && tc qdisc add dev lo root netem delay "$delay" limit 100000 || exit 1
}
sleep 1
have=$max
before_bytes=$(rss)
for n; do
	while [ $have -gt "$n" ]; do
		have=$((have - 1))
		$A -m node -T iqn.2026-11.org.openhba.bench:t$have -o delete
	done
	round=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		before=$(now_ns)
		$A -m node --login >/tmp/login.out 2>&1 || { cat /tmp/login.out; exit 1; }
		after=$(now_ns)
		[ "$(sessions)" -eq "$n" ] || { echo "only $(sessions) sessions"; exit 1; }
		echo "RESULT login$what $n $((after - before))"
		sleep 1
		[ -z "$before_bytes" ] || echo "RESULT memory$what $n $(($(rss) - before_bytes))"
		before_bytes=
		before=$(now_ns)
		$A -m node --logoutall=all >/tmp/logout.out 2>&1 || { cat /tmp/logout.out; exit 1; }
		after=$(now_ns)
		[ "$(sessions)" -eq 0 ] || { echo "$(sessions) sessions left"; exit 1; }
		echo "RESULT logout$what $n $((after - before))"
		sleep 1
	done
done
