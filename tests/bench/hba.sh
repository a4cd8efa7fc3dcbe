# SPDX-License-Identifier: GPL-3.0-or-later
# hba.sh COUNT: a fixed amount of 4 KiB I/O on a disk behind an emulated HBA. Marks of profile.c surround each job. Prints "JOB NAME MARK",
# what io_load prints, and how many interrupts the card had; /out gets kallsyms. Wants --hba-flash with t0.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
. /in/disks.sh

# interrupts: of the card, so far
interrupts() { awk '/qla4xxx/ { print $2 }' /proc/interrupts; }

hba_start && session_ready 0 "$plain" 1 || exit 1
disk=/dev/$(disks_of "$(port_sids 0 "$plain")" | head -1)
plain_queue
sleep 1
cat /proc/kallsyms >/out/kallsyms
bench_jobs "$1" 0 | grep 4k >/tmp/plan
mark=0
while read -r job how order bytes depth count; do
	before=$(interrupts)
	/in/io_load "$disk" "$how" "$order" "$bytes" "$depth" "$count" $mark >/tmp/job || exit 1
	echo "JOB $job $mark"
	cat /tmp/job
	# Of those that were counted, as io_load counts only what follows its warm-up.
	echo "RESULT interrupts $((($(interrupts) - before) * count / (count + count / 10 + depth)))"
	mark=$((mark + 2))
done </tmp/plan
