# SPDX-License-Identifier: GPL-3.0-or-later
# io.sh iscsi|nvme COUNT_SMALL COUNT_LARGE: a fixed amount of I/O on a disk of the null block driver behind LIO (iSCSI) or nvmet (NVMe over
# TCP), both on loopback. Marks of profile.c surround each job. Prints "JOB NAME MARK", then what io_load prints; /out gets kallsyms.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/disks.sh
kind=$1 small=$2 large=$3

null_disk && "${kind}_target" && "${kind}_login" || exit 1
plain_queue
sleep 1
cat /proc/kallsyms >/tmp/kallsyms
{
	bench_jobs "$small" "$large"
	echo "read-256k-1-scattered read scattered 262144 1 $large"
	echo "write-256k-1-scattered write scattered 262144 1 $large"
} >/tmp/plan
mark=0
while read -r job how order bytes depth count; do
	/in/io_load $disk "$how" "$order" "$bytes" "$depth" "$count" $mark >/tmp/job.$mark || exit 1
	echo "JOB $job $mark" >>/tmp/jobs
	cat /tmp/job.$mark >>/tmp/jobs
	mark=$((mark + 2))
done </tmp/plan
cp /tmp/kallsyms /out/kallsyms
cat /tmp/jobs
