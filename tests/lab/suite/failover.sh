# SPDX-License-Identifier: GPL-3.0-or-later
# A NIC is pulled under I/O: dm-multipath over two sessions on two NICs, fio with verify running. First with Debian's open-iscsi, then
# with the tools of this tree (/in), in one machine. The longest I/O is the time a failover takes. Then the NIC comes back.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
target=iqn.2026-11.org.openhba.lab:failover

# pull_and_return WHO SECONDS: both paths are up; leaves the longest I/O in $longest
pull_and_return() {
	ok "$1: two paths" wait_for 'sleep 0.2; [ "$(paths)" = 2 ]' 30 || return 1
	disks >/tmp/disks
	fio_start "$(mpath)" "$2" --rate_iops=50
	sleep 2
	ok "$1: nic1 is pulled" lab-hotplug del nic 1
	wait $fio_pid
	is $? 0 "$1: fio with verify saw no error"
	longest=$(fio_longest)
	diag "$1: the longest I/O took $longest ms"
	is "$(state_at 0)" LOGGED_IN "$1: the other path"
	ok "$1: nic1 is plugged" lab-hotplug add nic 1
	ok "$1: two paths again, $(until_ms 'sleep 0.2; [ "$(paths)" = 2 ]' 60) ms later" [ "$(paths)" = 2 ]
}
ours() {
	A=/in/iscsiadm D=/in/iscsid LAB_TOOLS=ours
	cp /in/iscsid.conf /etc/iscsi/iscsid.conf
	manage 'nic*'
}

ok "a target on two segments" target_make $target 0 1
ok "multipathd" multipath_start

daemon_start
iscsiadm -m discovery -t sendtargets -p 10.9.0.1 >/dev/null
ok "open-iscsi: login" iscsiadm -m node --login
pull_and_return open-iscsi 40
stock=$longest
iscsiadm -m node --logout >/dev/null
multipath -F
iscsiadm -m node -o delete
kill -9 "$daemon_pid"
wait_for '[ "$(sessions)" = 0 ]'

ours
daemon_start
ok "ours: discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "ours: two sessions" wait_for 'sleep 0.2; all_at 0 1' 20
pull_and_return ours 8
ok "ours: the longest I/O took $longest ms, at most 1000" [ "$longest" -le 1000 ]
ok "ours: two healthy sessions" all_at 0 1
disks >/tmp/disks.now
ok "ours: the same sessions, the same disks" cmp /tmp/disks /tmp/disks.now
echo "RESULT failover 1 ${longest}000000"
echo "RESULT failover-stock 1 ${stock}000000"
diag "ratio: $((stock / (longest ? longest : 1)))"
multipath -F
suite_done
