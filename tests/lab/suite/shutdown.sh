# SPDX-License-Identifier: GPL-3.0-or-later
# shutdown.sh poweroff|reboot [killed]: the machine ends while one session's target is silent, another waits for its portal to come back, and a
# third has I/O outstanding; "killed": iscsid is gone by then. Nobody logs in again, so all of it has to fail soon: the disks are told to
# flush their caches, and must not wait for ever. The host counts the seconds.
# shellcheck shell=dash disable=SC1091,SC2086,SC2154,SC2034
. /lab/env
. /lab/lib.sh
. /in/lib.sh
how=$1 daemon=${2:-alive} base=iqn.2026-11.org.openhba.lab
echo 'node.session.timeo.replacement_timeout = 86400' >>/etc/iscsi/iscsid.conf
lio_init
for n in 0 1 2; do
	lio_disk e$n 32 && lio_target $base:e$n e$n 10.9.$n.1:3260
done
daemon_start
for n in 0 1 2; do
	ok "target $n" $A -m node -T $base:e$n -p 10.9.$n.1 -o new
done
# the silent one is not pinged: only its commands' own time-outs end them
setting $base:e0 'node.conn[0].timeo.noop_out_interval' 0 'node.conn[0].timeo.noop_out_timeout' 0 node.session.err_timeo.abort_timeout 3 \
	node.session.err_timeo.lu_reset_timeout 3 node.session.err_timeo.tgt_reset_timeout 3
for n in 0 1 2; do
	ok "login $n" $A -m node -T $base:e$n -p 10.9.$n.1 --login
	sid=$(newest_sid)
	disk=$(disk_of "$sid")
	eval "sid$n=$sid disk$n=$disk"
	for type in /sys/block/"$disk"/device/scsi_disk/*/cache_type; do
		ok "disk $n has a cache to flush" sh -c "echo 'temporary write back' >$type"
	done
done
echo 3 >/sys/block/$disk0/device/timeout

silent() { in_target tc qdisc add dev "t$1" root netem loss 100%; }
state() { cat /sys/class/iscsi_session/session"$1"/state; }
ok "target 1 is silent" silent 1
ok "its session waits" wait_for '[ "$(state $sid1)" = FAILED ]' 40
dd if=/dev/zero of=/dev/$disk2 bs=256k oflag=direct 2>/dev/null &
dd if=/dev/zero of=/dev/$disk1 bs=256k oflag=direct 2>/dev/null &
sleep 0.5
if [ "$daemon" = killed ]; then daemon_kill; fi
ok "target 0 is silent" silent 0
ok "target 2 is silent" silent 2
sleep 0.5
is "$(state $sid0) $(state $sid1) $(state $sid2)" "LOGGED_IN FAILED LOGGED_IN" "the states the machine ends in"
# what there is to count is counted: the rest is the host's to see
echo "1..$((tap_passed + tap_failed))"
echo "shutdown: $tap_passed passed, $tap_failed failed"
[ $tap_failed = 0 ] || exit 1
ends_in 60
sleep 1
exec busybox $how -f -n
