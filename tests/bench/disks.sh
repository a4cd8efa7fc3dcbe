# SPDX-License-Identifier: GPL-3.0-or-later
# Disks to measure: the null block driver behind LIO (iSCSI) or nvmet (NVMe over TCP), both on loopback; $disk names the one
# that was logged in to.
# bench_jobs says what is measured of it. Sourced after /in/lib.sh.
# shellcheck shell=dash disable=SC2034,SC2154

null_disk() {
	modprobe null_blk nr_devices=0 || return 1
	mount -t configfs none /sys/kernel/config 2>/dev/null
	mkdir /sys/kernel/config/nullb/nullb0 || return 1
	for word in size=256 blocksize=512 memory_backed=0 queue_mode=2 irqmode=0 submit_queues=1 hw_queue_depth=256 power=1; do
		echo "${word#*=}" >/sys/kernel/config/nullb/nullb0/"${word%=*}" || return 1
	done
}

iscsi_target() {
	lio_init
	modprobe target_core_iblock
	core=/sys/kernel/config/target/core/iblock_0/d0
	mkdir -p $core && echo udev_path=/dev/nullb0 >$core/control || return 1
	echo 1 >$core/enable || return 1
	target=/sys/kernel/config/target/iscsi/iqn.2026-11.org.openhba.bench:t0
	mkdir -p $target/tpgt_1/lun/lun_0 "$target/tpgt_1/np/127.0.0.1:3260" || return 1
	ln -s $core $target/tpgt_1/lun/lun_0/d0 || return 1
	for word in authentication=0 generate_node_acls=1 cache_dynamic_acls=1 demo_mode_write_protect=0; do
		echo "${word#*=}" >$target/tpgt_1/attrib/"${word%=*}"
	done
	echo 1 >$target/tpgt_1/enable
}

iscsi_login() {
	daemon_start && $A -m discovery -t sendtargets -p 127.0.0.1 >/dev/null && $A -m node --login >/dev/null || return 1
	wait_for '[ -b /dev/sda ]' 20
	disk=/dev/sda
}

nvme_target() {
	modprobe nvmet_tcp || return 1
	nvmet=/sys/kernel/config/nvmet
	mkdir -p $nvmet/subsystems/bench/namespaces/1 $nvmet/ports/1 || return 1
	echo 1 >$nvmet/subsystems/bench/attr_allow_any_host
	echo /dev/nullb0 >$nvmet/subsystems/bench/namespaces/1/device_path && echo 1 >$nvmet/subsystems/bench/namespaces/1/enable || return 1
	for word in trtype=tcp adrfam=ipv4 traddr=127.0.0.1 trsvcid=4420; do
		echo "${word#*=}" >$nvmet/ports/1/addr_"${word%=*}"
	done
	ln -s $nvmet/subsystems/bench $nvmet/ports/1/subsystems/bench
}

nvme_login() {
	modprobe nvme_tcp || return 1
	echo "transport=tcp,traddr=127.0.0.1,trsvcid=4420,nqn=bench" >/dev/nvme-fabrics || return 1
	wait_for '[ -b /dev/nvme0n1 ]' 20
	disk=/dev/nvme0n1
}

# plain_queue: requests reach the driver as they are submitted.
plain_queue() {
	echo none >/sys/block/"${disk##*/}"/queue/scheduler
	echo 2 >/sys/block/"${disk##*/}"/queue/nomerges
}

# bench_jobs SMALL LARGE: a line for each: name, direction, order, bytes of a request, depth, number of them.
bench_jobs() {
	cat <<-END
		read-4k-1 read random 4096 1 $1
		write-4k-1 write random 4096 1 $1
		read-4k-32 read random 4096 32 $1
		write-4k-32 write random 4096 32 $1
		read-256k-1 read sequential 262144 1 $2
		write-256k-1 write sequential 262144 1 $2
	END
}
