# SPDX-License-Identifier: GPL-3.0-or-later
# cpu.sh ROUNDS SMALL LARGE: in User Mode Linux, the kernel's modules, ours and NVMe over TCP in turn, ROUNDS times: each is loaded, logs in,
# does SMALL requests of 4 KiB in each of four ways and LARGE of 256 KiB in two, and goes again. Prints "CPU KIND JOB COUNT NS".
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/disks.sh
rounds=$1 small=$2 large=$3
modules=/lib/modules/$(uname -r) load=/sys/module/bio_load/parameters

modules_in() {
	case $1 in
	stock) for name in scsi_transport_iscsi libiscsi libiscsi_tcp iscsi_tcp; do insmod "$modules/kernel/drivers/scsi/$name.ko" || return 1; done ;;
	ours) for name in scsi_transport_iscsi iscsi_tcp; do insmod "$modules/updates/$name.ko" || return 1; done ;;
	esac
}
begin() {
	case $1 in
	nvme) nvme_login ;;
	*) modules_in "$1" && iscsi_login ;;
	esac
}
end() {
	case $1 in
	nvme)
		echo 1 >/sys/class/nvme/nvme0/delete_controller
		wait_for '! [ -b /dev/nvme0n1 ]'
		;;
	*)
		$A -m node --logout >/dev/null && daemon_stop >/dev/null || return 1
		rmmod iscsi_tcp libiscsi_tcp libiscsi scsi_transport_iscsi 2>/dev/null
		! grep -q '^scsi_transport_iscsi' /proc/modules
		;;
	esac
}
jobs() {
	while read -r job how order bytes depth count; do
		echo "$disk $how $order $bytes $depth $count" >$load/run || return 1
		echo "CPU $1 $job $(cat $load/result)"
	done </tmp/plan
}

bench_jobs "$small" "$large" >/tmp/plan
modprobe scsi_mod
modprobe bio_load && null_disk && iscsi_target && nvme_target || exit 1
for _ in $(seq "$rounds"); do
	for kind in stock ours nvme; do
		begin $kind && plain_queue && jobs $kind && end $kind || { echo "$kind failed"; dmesg | tail -30; exit 1; }
	done
done
