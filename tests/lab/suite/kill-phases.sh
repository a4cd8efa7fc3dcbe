# SPDX-License-Identifier: GPL-3.0-or-later
# kill-phases.sh [ROUNDS [SEED]]: SIGKILL of the daemon at a random moment of a login, a logout, a recovery and an update of the
# records (then of iscsiadm, too), in turn. Each time: the records are whole, a new daemon leaves nothing half done, the session that
# did I/O all the while is the same one, and in the end not one byte of it was wrong.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
rounds=${1:-20} seed=${2:-1} n=6
live=iqn.2026-11.org.openhba.lab:t0 first=10.9.0.1:3260 second=10.9.0.1:3261
lio_disk k0 8
for i in $(seq $n); do lio_target iqn.2026-11.org.openhba.lab:k"$i" k0 $second; done
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p $first
ok "discovery of $n more" $A -m discovery -t sendtargets -p $second
ok "login" $A -m node -T $live -p $first --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
fio --name=v --filename=/dev/"$disk" --rw=randwrite --bs=4k --size=16m --direct=1 --ioengine=libaio --iodepth=4 --verify=crc32c \
	--verify_backlog=64 --time_based --runtime=86400 --rate=1m --output=/tmp/fio.out &
fio_pid=$!

# moment ROUND LIMIT: seconds, the same for the same seed
moment() { awk -v s="$seed" -v r="$1" -v l="$2" 'BEGIN { srand(s * 1000 + r); rand(); printf "%.3f", rand() * l }'; }
# records: all of them, without the value that is being changed
records() { $A -m node -o show | sed 's/^\(node.session.timeo.replacement_timeout = \).*/\1x/'; }
extra() { grep -l ':k[0-9]' /sys/class/iscsi_session/session*/targetname 2>/dev/null | wc -l; }
settled() { [ "$(healthy)" = "$(sessions)" ] && $A -m session 2>/dev/null | grep -q "$live"; }
kill_at() {
	sleep "$(moment "$1" "$2")"
	kill -9 "$daemon_pid" # of daemon_start
}
updates() {
	local value=100
	while :; do
		value=$((value + 1))
		$A -m node -T $live -o update -n node.session.timeo.replacement_timeout -v $value >/dev/null 2>&1
	done
}

records >/tmp/records
round=0
while [ $round -lt "$rounds" ]; do
	case $((round % 4)) in
	0)
		phase=login
		$A -m node -p $second --login >/tmp/client.out 2>&1 &
		client=$!
		kill_at $round 0.5
		;;
	1)
		phase=logout
		$A -m node -p $second --login >/tmp/client.out 2>&1
		is "$(extra)" $n "round $round: all logged in before the logout"
		$A -m node -p $second --logout >/tmp/client.out 2>&1 &
		client=$!
		kill_at $round 0.3
		;;
	2)
		phase=recovery
		ok "round $round: cut" cut
		true &
		client=$!
		kill_at $round 3.5
		;;
	3)
		phase=update
		updates &
		client=$!
		kill_at $round 0.5
		kill -9 $client
		for comm in $(grep -lx iscsiadm /proc/[0-9]*/comm 2>/dev/null); do
			comm=${comm%/comm}
			kill -9 "${comm#/proc/}" 2>/dev/null
		done
		;;
	esac
	wait $client 2>/dev/null
	had=$(extra)
	daemon_start
	records >/tmp/records.now
	ok "round $round, $phase ($had of $n at the kill): records are whole" cmp -s /tmp/records /tmp/records.now
	ok "round $round, $phase: nothing is half done" wait_for settled 60
	is "$(cat /sys/class/iscsi_session/session"$sid"/state 2>&1)" LOGGED_IN "round $round, $phase: the session that works is the same"
	ok "round $round, $phase: I/O goes on" kill -0 $fio_pid
	$A -m node -p $second --logout >/tmp/client.out 2>&1
	is "$(sessions)" 1 "round $round, $phase: the others can be logged out"
	round=$((round + 1))
done
kill -INT $fio_pid
wait $fio_pid
ok "fio with verify saw no error" sh -c '! grep -qE "err= *[1-9]|verify: bad|error=" /tmp/fio.out'
ok "verify" verify_disk "$disk" 8
ok "logout" $A -m node -T $live --logout
is "$(sessions)" 0 "nothing left"
is "$(find /run/iscsid -name 'session-*' | wc -l)" 0 "no state file left"
suite_done
