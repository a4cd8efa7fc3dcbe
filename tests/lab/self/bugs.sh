# SPDX-License-Identifier: GPL-3.0-or-later
# bugs.sh NAME...: makes each mistake of the module lab_bugs and prints what the kernel says to it; expects one line of a known kind.
# shellcheck shell=dash disable=SC1091
. /lab/lib.sh

# says NAME PATTERN: the complaint that begins after the mistake
says() {
	dmesg -C
	modprobe lab_bugs what="$1" 2>/dev/null
	sleep "${3:-0.2}"
	dmesg >/tmp/log
	ok "$1: $(grep -oE -m1 "$2" /tmp/log)" grep -qE "$2" /tmp/log
}

leaks() {
	echo clear >/sys/kernel/debug/kmemleak
	modprobe lab_bugs what=leak 2>/dev/null
	for _ in 1 2 3; do
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak
	done
	ok "leak: $(grep -c '^unreferenced' /sys/kernel/debug/kmemleak) reported" grep -q '^unreferenced' /sys/kernel/debug/kmemleak
}

mount -t debugfs none /sys/kernel/debug
for bug; do
	case $bug in
	use_after_free) says "$bug" 'BUG: KASAN: (slab-)?use-after-free in [a-z_]+' ;;
	double_free) says "$bug" 'BUG: KASAN: (double-free|invalid-free)( or invalid-free)?' ;;
	slab_overflow) says "$bug" 'BUG: KASAN: slab-out-of-bounds in [a-z_]+' ;;
	lock_order) says "$bug" 'possible (circular locking dependency|deadlock) detected' ;;
	lock_in_timer) says "$bug" 'inconsistent lock state' ;;
	cpu_may_change) says "$bug" 'BUG: using smp_processor_id\(\) in preemptible' ;;
	sleep_in_atomic) says "$bug" 'BUG: (scheduling while atomic|sleeping function called from invalid context)' ;;
	allocate_in_atomic) says "$bug" 'BUG: sleeping function called from invalid context' ;;
	list_del_twice) says "$bug" 'list_del corruption' ;;
	array_bounds) says "$bug" 'UBSAN: array-index-out-of-bounds' ;;
	free_with_work_queued) says "$bug" 'ODEBUG: free active' ;;
	leak) leaks ;;
	esac
done
done_testing
