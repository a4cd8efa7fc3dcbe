# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts about NICs share. Sourced after lib.sh.
# shellcheck shell=dash disable=SC3043,SC2034,SC2154

# target_make IQN NIC-NUMBER...: a target with one disk and an IPv4 portal on each of these segments
target_make() {
	local iqn=$1 n portals=
	shift
	for n; do portals="$portals 10.9.$n.1:3260"; done
	# shellcheck disable=SC2086
	lio_init && { [ -d $LIO/core/rd_mcp_0/d0 ] || lio_disk d0 "${DISK_MB:-32}"; } && lio_target "$iqn" d0 $portals
}

# manage NICS: the manager gives these NICs ifaces, and records log in by themselves
manage() {
	sed -i '/^iface\.nics/d; /^node\.startup/d' /etc/iscsi/iscsid.conf
	printf 'iface.nics = %s\nnode.startup = automatic\n' "$1" >>/etc/iscsi/iscsid.conf
}

# sid_at NIC-NUMBER: the session of the portal on this segment
sid_at() {
	local c address
	for c in /sys/class/iscsi_connection/connection*; do
		{ read -r address <"$c/persistent_address"; } 2>/dev/null || continue
		[ "$address" != "10.9.$1.1" ] || {
			c=${c##*connection}
			echo "${c%%:*}"
			return 0
		}
	done
	return 1
}

# state_at NIC-NUMBER: of its session: LOGGED_IN, FAILED, FREE, or nothing
state_at() {
	local state=
	{ read -r state <"/sys/class/iscsi_session/session$(sid_at "$1")/state"; } 2>/dev/null
	echo "$state"
}

# all_at NIC-NUMBER...: each has a healthy session, and there are no others
all_at() {
	local n
	[ "$(sessions)" = $# ] || return 1
	for n; do [ "$(state_at "$n")" = LOGGED_IN ] || return 1; done
}

# map: who is at which portal, as "PORTAL IFACE DISK" a line, without numbers that the kernel gives out
map() {
	local s sid
	for s in /sys/class/iscsi_session/session*; do
		sid=${s##*session}
		echo "$(cat /sys/class/iscsi_connection/connection"$sid":0/persistent_address) $(cat "$s/ifacename") $(cat "$s/state")"
	done | sort
}

# disks: which disk is behind which portal
disks() {
	local s sid
	for s in /sys/class/iscsi_session/session*; do
		sid=${s##*session}
		echo "$(cat /sys/class/iscsi_connection/connection"$sid":0/persistent_address) $sid $(disk_of "$sid")"
	done | sort
}

# rx NIC: bytes that came over it; read_disk NIC-NUMBER: 4 MiB from the disk at this portal
rx() { cat "/sys/class/net/$1/statistics/rx_bytes"; }
read_disk() { dd if=/dev/"$(disk_of "$(sid_at "$1")")" of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null; }

# own_nic NICS NIC-NUMBER [NIC]: what is read from the disk at this portal comes over its NIC and none of the others
own_nic() {
	local nic own=${3:-nic$2} came
	for nic in $1; do rx "$nic" >/tmp/rx."$nic"; done
	read_disk "$2" || return 1
	for nic in $1; do
		came=$(($(rx "$nic") - $(cat /tmp/rx."$nic")))
		echo "$nic: $came bytes"
		if [ "$nic" = "$own" ]; then [ $came -gt 4194304 ] || return 1; else [ $came -lt 262144 ] || return 1; fi
	done
}

# multipath_start: dm-multipath joins all paths to a disk, uses all of them, fails I/O when the last is lost, and looks every second
multipath_start() {
	cat >/etc/multipath.conf <<-END
		defaults {
			find_multipaths no
			polling_interval 1
			max_polling_interval 1
			path_grouping_policy multibus
			path_selector "round-robin 0"
			no_path_retry fail
			user_friendly_names yes
		}
	END
	modprobe -a dm_multipath dm_round_robin dm_service_time && multipathd && wait_for 'multipathd show daemon' 20
}
# paths: how many paths of the map are in use; mpath: the map's disk
paths() { dmsetup status --target multipath | grep -o ' [0-9]*:[0-9]* A ' | wc -l; }
mpath() { dmsetup ls --target multipath | awk '{ print "/dev/mapper/" $1; exit }'; }

# fio_start DISK SECONDS [OPTION...]: verified random writing and reading
fio_start() {
	local disk=$1 seconds=$2
	shift 2
	rm -f /tmp/fio.json
	fio --name=v --filename="$disk" --rw=randrw --bs=4k --size=16m --direct=1 --ioengine=libaio --iodepth=4 --verify=crc32c \
		--verify_backlog=64 --verify_fatal=1 --time_based --runtime="$seconds" --output-format=json --output=/tmp/fio.json "$@" &
	fio_pid=$!
}
# fio_longest: the I/O that took longest, in ms
fio_longest() { awk -F '[:,]' '/"max" :/ { if ($2 > max) max = $2 } END { printf "%d\n", max / 1000000 }' /tmp/fio.json; }

# now_ms, and until_ms COMMAND SECONDS: how long the command line took to succeed, "never" if it did not
now_ms() { echo $(($(now_ns) / 1000000)); }
until_ms() {
	local from
	from=$(now_ms)
	if wait_for "$@"; then echo $(($(now_ms) - from)); else echo never; fi
}
