# SPDX-License-Identifier: GPL-3.0-or-later
# What the suite's scripts about emulated HBAs share. Sourced after lib.sh. Ports are counted through all cards; port N has the
# segment 10.10.N.0/24 with the targets at 10.10.N.1.
# shellcheck shell=dash disable=SC3043,SC2034

plain=iqn.2026-11.org.openhba.san:t0 guarded=iqn.2026-11.org.openhba.san:chap
hosts=

# ports: the numbers of all ports
ports() { seq 0 $(($(hba_hosts | wc -l) - 1)); }

# host_of PORT: its SCSI host
host_of() { hba_hosts | sed -n "$(($1 + 1))p"; }

# function_of PORT: its name on the bus
function_of() { grep -l 0x1077 /sys/bus/pci/devices/*/vendor | sed -n "$(($1 + 1))s@.*/\([^/]*\)/vendor@\1@p"; }

# host_value PORT NAME: of the host in sysfs
host_value() { cat "/sys/class/iscsi_host/host$(host_of "$1")/$2"; }

# entity_value PORT ENTITY NAME: of ipv4-iface-H-0, ipv6-iface-H-0 or -1 (4, 6, 61)
entity_value() {
	local host
	host=$(host_of "$1")
	case $2 in
	4) cat "/sys/class/iscsi_iface/ipv4-iface-$host-0/$3" ;;
	6) cat "/sys/class/iscsi_iface/ipv6-iface-$host-0/$3" ;;
	61) cat "/sys/class/iscsi_iface/ipv6-iface-$host-1/$3" ;;
	esac
}

# iface_of PORT [FAMILY]: the iface record that tools make of it
iface_of() { echo "qla4xxx.$(host_value "$1" hwaddress).ipv${2:-4}.0"; }

# port_sids PORT [TARGET]: sessions of a port, oldest first
port_sids() {
	local session name
	for session in "/sys/class/iscsi_host/host$(host_of "$1")"/device/session*/iscsi_session/session*; do
		{ read -r name <"$session/targetname"; } 2>/dev/null || continue
		[ "${2:-$name}" != "$name" ] || echo "${session##*session}"
	done | sort -n
}

# state_of SID
state_of() { cat "/sys/class/iscsi_session/session$1/state"; }

# disks_of SID: block devices of a session, by LUN
disks_of() {
	local disk
	for disk in "/sys/class/iscsi_session/session$1"/device/target*/*/block/*; do
		[ ! -e "$disk" ] || echo "${disk%/block/*} ${disk##*/}"
	done | sort | sed 's/.* //'
}

# session_ready PORT TARGET COUNT [SECONDS]: that many sessions are logged in and each has its two disks
session_ready() { wait_for "is_ready $1 $2 $3" "${4:-60}"; }
is_ready() {
	local sid n=0
	for sid in $(port_sids "$1" "$2"); do
		[ "$(state_of "$sid")" = LOGGED_IN ] && [ "$(disks_of "$sid" | wc -l)" = 2 ] && n=$((n + 1))
	done
	[ $n = "$3" ]
}

# all_ready [SECONDS]: every session there is, is logged in
all_ready() { wait_for '[ "$(healthy)" = "$(sessions)" ]' "${1:-60}"; }

# verified PORT SID MIB [SECONDS]: fio writes and verifies that much on each disk of the session, where no other port writes; with SECONDS it
# goes on so long. $depth commands of each disk at once, or 16; $pace: more words for fio
verified() {
	local disk job=
	for disk in $(disks_of "$2"); do
		job="$job --name=$disk --filename=/dev/$disk"
	done
	# shellcheck disable=SC2086  # words
	fio --allow_file_create=0 --direct=1 --ioengine=libaio --iodepth="${depth:-16}" --rw=randwrite --bsrange=4k-128k --bs_unaligned=0 \
		--size="$3m" --offset=$(($1 * $3))m --verify=crc32c --verify_fatal=1 --do_verify=1 --randrepeat=0 ${4:+--time_based --runtime=$4 --verify_backlog=64} ${pace:-} $job >"/tmp/fio.$1" 2>&1
}

# driver_goes: as soon as nobody has a disk open
driver_goes() { wait_for 'modprobe -r qla4xxx 2>/dev/null' 60; }

# flash PORT STRUCTURE FIELD: what the image of the port's card says, as hbafw shows it
flash() {
	hbafw image show --all --port=$(($1 % LAB_HBA_PORTS)) "/out/hba$(($1 / LAB_HBA_PORTS)).image" "$2" | sed -n "s/^$3 = //p"
}

# traced PORT PATTERN: how many lines of the card's trace match
traced() {
	lab-hba -c $(($1 / LAB_HBA_PORTS)) "port$(($1 % LAB_HBA_PORTS)) trace flush" >/dev/null
	grep "^port$(($1 % LAB_HBA_PORTS)) " "/out/hba$(($1 / LAB_HBA_PORTS)).trace" | grep -c -- "$2"
}

# counter NAME: of the only card, which has one port; 0 if it was never counted
counter() { lab-hba state | tr ' ' '\n' | sed -n "s/^$1=//p" | grep . || echo 0; }

# told PORT COMMAND...: a command for the port's card
told() {
	local port=$1
	shift
	lab-hba -c $((port / LAB_HBA_PORTS)) "port$((port % LAB_HBA_PORTS)) $*"
}
