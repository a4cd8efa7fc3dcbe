# SPDX-License-Identifier: GPL-3.0-or-later
# A session's life on the transport class: login, disks, I/O, connections lost with and without a daemon, the end of the recovery timer,
# a number set by hand, logout, and modules that go. For any mix of modules and tools.
# shellcheck shell=dash disable=SC1091,SC2317
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 portal=10.9.0.1:3260
sys() { cat /sys/class/iscsi_session/session"$sid"/"$1"; }
conn() { cat /sys/class/iscsi_connection/connection"$sid":0/"$1"; }
disk_write() { dd if=/tmp/pattern of=/dev/"$disk" bs=64k count=64 oflag=direct 2>/dev/null; }
disk_same() { dd if=/dev/"$disk" bs=64k count=64 iflag=direct 2>/dev/null | cmp - /tmp/pattern; }
dd if=/dev/urandom of=/tmp/pattern bs=64k count=64 2>/dev/null
udevadm monitor --kernel --property --subsystem-match=iscsi_session --subsystem-match=iscsi_connection >/tmp/uevents &
monitor=$!
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "login" $A -m node -T $target -p $portal --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
is "$(sys state) $(sys target_state) $(sys target_id) $(conn state)" "LOGGED_IN SCANNED 0 up" "what sysfs says"
ok "write" disk_write
ok "read" disk_same
ok "a module with sessions stays" sh -c '! rmmod iscsi_tcp 2>/dev/null'

cut
ok "logged in again after a cut" wait_for '[ "$(sys state) $(conn state)" = "LOGGED_IN up" ]' 30
ok "read after it" disk_same

# nobody is there to log in again: the class blocks, waits, and lets the commands fail
ok "recovery_tmo by hand" sh -c "echo 3 >/sys/class/iscsi_session/session$sid/recovery_tmo"
is "$(sys recovery_tmo)" 3 "it is what was written"
daemon_kill
cut
ok "the session fails by itself" wait_for '[ "$(sys state)" != LOGGED_IN ] && [ "$(conn state)" = failed ]' 10
ok "recovery_tmo is fixed while it does" sh -c "! echo 9 2>/dev/null >/sys/class/iscsi_session/session$sid/recovery_tmo"
before=$(now_ns)
ok "commands fail when the timer runs out" sh -c "! dd if=/dev/$disk of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null"
took=$((($(now_ns) - before) / 1000000))
ok "in time ($took ms)" test $took -lt 6000
is "$(sys state)" FREE "given up"
is "$(cat /sys/block/"$disk"/device/state)" transport-offline "its disk too"
daemon_start
ok "a new daemon logs in again" wait_for '[ "$(sys state) $(conn state)" = "LOGGED_IN up" ]' 60
ok "and the disk is back" wait_for '[ "$(cat /sys/block/'"$disk"'/device/state)" = running ]' 10
ok "with what was written" disk_same

ok "logout" $A -m node -T $target -p $portal --logout
is "$(sessions)" 0 "no session left"
ok "no connection left" wait_for '! ls -d /sys/class/iscsi_connection/connection* 2>/dev/null' 5
ok "and login again" $A -m node -T $target -p $portal --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
ok "read" disk_same
# the disk is in use while its session goes
dd if=/dev/"$disk" of=/dev/null bs=4k iflag=direct 2>/dev/null &
ok "logout under I/O" $A -m node -T $target -p $portal --logout
wait $!
is "$(sessions)" 0 "no session left"
kill $monitor
if [ "$LAB_MODULES" != stock ]; then
	ok "uevents told of states" sh -c 'for s in LOGGED_IN FAILED FREE up failed; do grep -qx "ISCSI_STATE=$s" /tmp/uevents || exit 1; done'
fi
if [ "$LAB_TOOLS" = ours ]; then daemon_stop; else $A -k 0; fi
ok "the modules go" wait_for 'modprobe -r iscsi_tcp' 10
ok "all of them" wait_for 'for m in ib_iser libiscsi scsi_transport_iscsi; do modprobe -r $m; done; ! grep -q ^scsi_transport_iscsi /proc/modules' 10
done_testing
