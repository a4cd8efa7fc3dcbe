# SPDX-License-Identifier: GPL-3.0-or-later
# starved.sh: on the debug kernel, allocations are refused: each one of loading the modules, each one of a session's life, and some of
# those under I/O. Nothing may be left, and the kernel must not complain; what it says of a refusal itself is no complaint (--allow-splat).
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0
mount -t debugfs none /sys/kernel/debug 2>/dev/null
knobs=/sys/kernel/debug/failslab

knob() {
	echo "$2" >$knobs/"$1"
}

# complaints: lines of the kernel's log that no refused allocation explains; tracing warns when it has no memory for a new event
complaints() {
	dmesg | grep -v 'WARNING: .* at kernel/trace/trace_events\.c' | grep -E 'BUG: |WARNING: |KASAN|UBSAN: |ODEBUG: |list_(add|del) corruption|refcount_t: |possible .* locking|general protection|Oops'
}

# quiet_kernel WHAT
quiet_kernel() {
	is "$(complaints)" "" "$1: the kernel does not complain"
	dmesg -C
}

# in_order: the modules of iSCSI initiators that are loaded, the first one first
in_order() {
	sed -n 's/^\(iscsi_tcp\|libiscsi\|libiscsi_tcp\|scsi_transport_iscsi\) .*/\1/p' /proc/modules | tac
}

knob verbose 0
knob ignore-gfp-wait N
dmesg -C

modprobe iscsi_tcp
names=$(in_order)
files=$(for name in $names; do modinfo -n "$name"; done)
# shellcheck disable=SC2046  # words; what else they need stays
rmmod $(echo "$names" | tac)
# shellcheck disable=SC2086  # words
ok "each allocation of loading" /in/starve load $files
sed 's/^/# /' /tmp/.tap
quiet_kernel "loading"
modprobe iscsi_tcp
ok "each allocation of a session's life" /in/starve life $target 127.0.0.1 3260
sed 's/^/# /' /tmp/.tap
quiet_kernel "a life"

# Some allocations of the daemon and of who reads and writes; whatever they say, the session has to live on. Only of caches that no page fault
# needs, by slub_debug=A of the command line: User Mode Linux itself dies of those. One in 25 under I/O, few in all, as dd ends at the first
# that it is told of: 7 were seen to be refused; then one in 100, while the daemon logs in and out six times: 14. With 20 to be expected,
# 5 or fewer by chance are one run in ten thousand.
daemon_start
$A -m discovery -t sendtargets -p 127.0.0.1 >/dev/null && $A -m node -T $target -p 127.0.0.1:3260 --login >/dev/null
disk=$(disk_of "$(newest_sid)")
# Without a scheduler who reads and writes sends as well, with it a worker does, whose allocations nobody refuses.
echo none >/sys/block/"$disk"/queue/scheduler
knob task-filter Y
knob cache-filter Y
knob times 1000000
knob probability 4
dd if=/dev/zero of=/dev/"$disk" bs=64k count=1000 oflag=direct 2>/dev/null &
writer=$!
dd if=/dev/"$disk" of=/dev/null bs=64k iflag=direct 2>/dev/null &
reader=$!
for task in $writer $reader /proc/"$daemon_pid"/task/*; do
	echo 1 >/proc/"${task##*/}"/make-it-fail 2>/dev/null
done
wait $writer $reader
knob probability 0
diag "refused so far: $((1000000 - $(cat $knobs/times)))"
quiet_kernel "I/O"
ok "the disk is read as ever" dd if=/dev/"$disk" of=/dev/null bs=64k iflag=direct
knob probability 1
for _ in 1 2 3 4 5 6; do
	timeout 30 $A -m node -T $target -p 127.0.0.1:3260 --logout >/dev/null 2>&1
	timeout 60 $A -m node -T $target -p 127.0.0.1:3260 --login >/dev/null 2>&1
done
knob probability 0
quiet_kernel "the daemon"
refused=$((1000000 - $(cat $knobs/times)))
ok "$refused allocations were refused to the daemon and to who read and wrote" test $refused -gt 5
kill -0 "$daemon_pid" || daemon_start
[ "$(sessions)" = 0 ] || ok "logout" $A -m node --logoutall=all
is "$(sessions)" 0 "no session is left"
ok "login" $A -m node -T $target -p 127.0.0.1:3260 --login
ok "logout" $A -m node --logoutall=all
daemon_kill
ok "the modules can be unloaded" modprobe -r iscsi_tcp
quiet_kernel "the end"
done_testing
