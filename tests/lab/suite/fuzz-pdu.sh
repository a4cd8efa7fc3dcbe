# SPDX-License-Identifier: GPL-3.0-or-later
# fuzz-pdu.sh SECONDS [SEED]: I/O to targets whose PDUs go by chance (tests/target/fuzz.c): no splat, no hang, and a session with a good
# target beside them is not disturbed.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/leaks.sh
seconds=$1 seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')} port=3300 prefix=iqn.2026-11.org.openhba.misbehave:
conf=/etc/iscsi/iscsid.conf
patience 5 3 2 3 3 1
echo 'node.session.initial_login_retry_max = 1' >>$conf
echo 2 >/sys/module/scsi_mod/parameters/inq_timeout
cp $conf /tmp/conf
diag "seed $seed"
misbehave -p $port -s "$seed" >/tmp/misbehave.log 2>&1 &
ok "the target serves" wait_for 'grep -q ready /tmp/misbehave.log' 20
misbehave -p $port --list >/tmp/list
port_of() { awk -F'\t' -v name="$1" '$1 == name { print $2 }' /tmp/list; }
daemon_start
for name in good fuzz fuzz-often fuzz-digest; do
	[ $name != fuzz-digest ] || misbehave --conf digest >>$conf
	$A -m discovery -t sendtargets -p "127.0.0.1:$(port_of $name)" >>/tmp/found
done
is "$(wc -l </tmp/found)" 4 "records of four targets"

# io NAME: reads and writes of all sizes while there is a disk; whatever they end with
io() {
	n=0
	while [ ! -e /tmp/over ]; do
		for block in /sys/class/iscsi_session/session"$(sid_of "$prefix$1")"/device/target*/*/block/*; do
			[ -e "$block" ] || continue
			echo 3 >"$block/../../timeout"
			size=$((512 << n % 12)) n=$((n + 1))
			dd if=/dev/zero of="/dev/${block##*/}" bs=$size count=2 oflag=direct conv=notrunc
			dd if="/dev/${block##*/}" of=/dev/null bs=$size count=4 skip=1 iflag=direct
		done
		sleep 0.1
	done >/dev/null 2>&1
}
# visit NAME: logs in and out, over and over
visit() {
	while [ ! -e /tmp/over ]; do
		$A -m node -T "$prefix$1" --login && sleep 2
		$A -m node -T "$prefix$1" --logout
		sleep 0.2
	done >/dev/null 2>&1
}
ok "login to the good one" $A -m node -T ${prefix}good --login
good=$(newest_sid)
good_disk=$(disk_of "$good")
for name in fuzz fuzz-often fuzz-digest; do
	visit $name &
	io $name &
done
end=$(($(now_ns) / 1000000000 + seconds)) rounds=0 wrong=0
while [ $(($(now_ns) / 1000000000)) -lt $end ]; do
	verify_disk "$good_disk" 2 || wrong=$((wrong + 1))
	rounds=$((rounds + 1))
	sleep 0.3
done
: >/tmp/over
is $wrong 0 "the good one was not disturbed in $rounds rounds"
diag "$(grep -c '^fuzz: ' /tmp/misbehave.log) connections, $(grep -c 'iscsi' /tmp/iscsid.log 2>/dev/null) lines of the daemon"
ok "all I/O ends" wait_for '! pidof dd >/dev/null' 120
ok "the sessions that misbehave are logged out" wait_for '$A -m node --logoutall=all >/dev/null 2>&1; [ "$(sessions)" = 0 ]' 120
ok "a good session lives as before" $A -m node -T ${prefix}good --login
ok "its disk verifies" verify_disk "$(disk_of "$(newest_sid)")" 2
ok "logout" $A -m node -T ${prefix}good --logout
is "$(sessions)" 0 "no session is left"
suite_done
