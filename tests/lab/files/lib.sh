# SPDX-License-Identifier: GPL-3.0-or-later
# Shell library of the guest, for `. /lab/lib.sh`: time and waiting, TAP results, the lab's NICs, LIO and tgt
# targets. A portal is ADDRESS:PORT as in 10.9.0.1:3260 or [fd09:0::1]:3260; portals that are not on the
# loopback live in the network namespace "target". tests/lab/README.md lists the functions.
# shellcheck shell=dash

LIO=/sys/kernel/config/target
LAB_T0=iqn.2026-11.org.openhba.lab:t0
LAB_DISK_MB=96

# --- time

# now_ns: nanoseconds of the guest's monotonic clock, without starting a process (in $() only a fork)
now_ns() {
	{
		read -r _
		read -r _
		read -r _ _ now _
	} </proc/timer_list
	echo "$now"
}

# wait_for COMMAND [SECONDS]: until the command line succeeds; 1 if it does not in time (10 s)
wait_for() {
	wait_end=$(($(now_ns) + ${2:-10} * 1000000000))
	until eval "$1"; do
		[ "$(now_ns)" -lt $wait_end ] || return 1
		sleep 0.05
	done
}

# --- results: TAP on stdout, then one summary line

tap_passed=0
tap_failed=0

diag() {
	echo "$*" | sed 's/^/# /'
}

tap_result() {
	if [ "$1" = 0 ]; then
		tap_passed=$((tap_passed + 1))
		echo "ok $((tap_passed + tap_failed)) - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $((tap_passed + tap_failed)) - $2"
		return 1
	fi
}

# ok DESCRIPTION COMMAND...: passes if the command does; its output is shown only if it fails
ok() {
	tap_description=$1
	shift
	"$@" >/tmp/.tap 2>&1
	tap_status=$?
	tap_result $tap_status "$tap_description" || {
		diag "$* returned $tap_status"
		sed 's/^/#   /' /tmp/.tap
		return 1
	}
}

# is GOT WANT DESCRIPTION
is() {
	[ "$1" = "$2" ]
	tap_result $? "$3" || {
		diag "got:  $1"
		diag "want: $2"
		return 1
	}
}

# done_testing: the plan, the summary, and the script's end
done_testing() {
	tap_name=${0##*/}
	echo "1..$((tap_passed + tap_failed))"
	echo "${tap_name%.sh}: $tap_passed passed, $tap_failed failed"
	[ $tap_failed = 0 ] && [ $tap_passed != 0 ]
	exit
}

# ends_in SECONDS: the last word of a script that ends the machine itself: it has passed if the machine is gone by then
ends_in() {
	printf '\0lab %s -%d\n' "$LAB_NONCE" "$1"
}

# --- the lab itself

# lab_port NAME: the device of a virtio-serial port
lab_port() {
	for lab_dir in /sys/class/virtio-ports/*; do
		[ -e "$lab_dir/name" ] || continue
		read -r lab_name <"$lab_dir/name"
		[ "$lab_name" != "$1" ] || {
			echo "/dev/${lab_dir##*/}"
			return 0
		}
	done
	return 1
}

# lab_ask LINE: asks the host over the virtio-serial port "control"; the answer is in $lab_reply
lab_ask() {
	lab_control=$(lab_port control) || {
		echo "there is no control port" >&2
		return 1
	}
	exec 9>/run/lab.control.lock
	flock 9
	exec 4<>"$lab_control" || return 1
	echo "$*" >&4
	read -r lab_reply <&4
	exec 4>&- 9>&-
}

# lab_answer KIND LINE: asks for something that answers with a status and a text
lab_answer() {
	lab_ask "$@" || return 1
	case $lab_reply in
	'ok '*) ;;
	*)
		echo "$lab_reply" >&2
		return 1
		;;
	esac
	# shellcheck disable=SC2086  # a status, and a text if there is any
	set -- ${lab_reply#ok }
	[ -z "${2:-}" ] || echo "$2" | base64 -d
	return "$1"
}

in_target() {
	nsenter --net=/run/netns/target "$@"
}

# at_portal PORTAL COMMAND...: where the portal's address is
at_portal() {
	case $1 in
	127.* | '[::1]'*) shift && "$@" ;;
	*)
		shift
		if [ -e /run/netns/target ]; then in_target "$@"; else "$@"; fi
		;;
	esac
}

# lab_find_nic SIDE ID: the interface with the lab's address of NIC ID; SIDE 0 is the initiator, 1 the target
lab_find_nic() {
	lab_mac=$(printf '52:54:09:%02x:00:%02x' "$1" "$2")
	for lab_dir in /sys/class/net/*/; do
		lab_dir=${lab_dir%/}
		{ read -r lab_address <"$lab_dir/address"; } 2>/dev/null || continue
		[ "$lab_address" != "$lab_mac" ] || {
			echo "${lab_dir##*/}"
			return 0
		}
	done
	return 1
}

# lab_nic_up ID: name, addresses and link of the initiator's end
lab_nic_up() {
	lab_name=$(lab_find_nic 0 "$1") || return 1
	if [ "$lab_name" != "nic$1" ]; then
		ip link set "$lab_name" name "nic$1" || [ -e "/sys/class/net/nic$1" ] || return 1
	fi
	ip -batch - <<-END
		addr add 10.9.$1.10/24 dev nic$1
		addr add fd09:$1::10/64 dev nic$1 nodad
		link set nic$1 up
	END
}

# lab_peer_up ID: the target's end, in its namespace
lab_peer_up() {
	lab_name=$(lab_find_nic 1 "$1") && ip link set "$lab_name" netns target name "t$1" && ip -n target -batch - <<-END
		addr add 10.9.$1.1/24 dev t$1
		addr add fd09:$1::1/64 dev t$1 nodad
		link set t$1 up
	END
}

# lab_cables: User Mode Linux has its NICs made here. Those that are not plugged yet lie in the namespace "box".
lab_cables() {
	modprobe -a veth ipv6 && ip netns add box || return 1
	lab_id=0
	while [ "$lab_id" -lt "$LAB_PEERS" ]; do
		lab_mac=$(printf 52:54:09:%%02x:00:%02x $lab_id)
		# shellcheck disable=SC2059  # the format is just that
		ip -n box link add "eth$lab_id" address "$(printf "$lab_mac" 0)" type veth \
			peer name "peer$lab_id" address "$(printf "$lab_mac" 1)" || return 1
		ip -n box link set "peer$lab_id" netns 1 || return 1
		case " $LAB_NICS " in *" nic$lab_id "*) ip -n box link set "eth$lab_id" netns 1 || return 1 ;; esac
		lab_id=$((lab_id + 1))
	done
}

# All NICs of the start; the ends of those that may be plugged later wait in the namespace
lab_nics_up() {
	[ "$LAB_PEERS" != 0 ] || return 0
	[ "$LAB_MACHINE" = qemu ] || lab_cables || return 1
	ip netns add target && ip -n target link set lo up || return 1
	lab_id=0
	while [ "$lab_id" -lt "$LAB_PEERS" ]; do
		lab_peer_up "$lab_id" || return 1
		lab_id=$((lab_id + 1))
	done
	for lab_nic in $LAB_NICS; do
		lab_nic_up "${lab_nic#nic}" || return 1
	done
}

# --- emulated HBAs

# hba_functions CARD: how many ports of the HBA are on the bus; it is behind the root port 00:08.0 + CARD
hba_functions() {
	# shellcheck disable=SC2012  # names of PCI functions
	ls -d /sys/bus/pci/devices/0000:00:"$(printf %02x $((8 + $1)))".0/*:*:00.[13] 2>/dev/null | wc -l
}

# hba_hosts [CARD]: the SCSI hosts of an HBA's ports, or of all, in the order of the ports
hba_hosts() {
	for lab_dir in /sys/bus/pci/devices/0000:00:"${1+$(printf %02x $((8 + $1)))}"*.0/*:*:00.[13]/host*; do
		[ ! -e "$lab_dir" ] || echo "${lab_dir##*/host}"
	done
}

# hba_start [PARAMETER=VALUE...]: the driver; returns when each port has its host
hba_start() {
	# shellcheck disable=SC2086  # a list of names
	set -- $(($(echo $LAB_HBAS | wc -w) * LAB_HBA_PORTS)) "$@"
	lab_ports=$1
	shift
	modprobe qla4xxx "$@" && wait_for '[ "$(hba_hosts | wc -l)" = "$lab_ports" ]' 120
}

# initiator_start [ARGUMENT...]: the kernel's modules, then iscsid; returns when it has its socket
initiator_start() {
	modprobe iscsi_tcp && iscsid "$@" &&
		wait_for 'grep -q "@ISCSIADM_ABSTRACT_NAMESPACE\|iscsid" /proc/net/unix' 10
}

# --- LIO

lio_init() {
	modprobe -a target_core_mod iscsi_target_mod || return 1
	grep -q configfs /proc/mounts || mount -t configfs none /sys/kernel/config || return 1
	mkdir -p $LIO/iscsi
}

# lio_disk NAME MIB: a RAM disk. LIO makes the NAA name from the serial's hexadecimal digits
lio_disk() {
	lio_dir=$LIO/core/rd_mcp_0/$1
	mkdir -p "$lio_dir" && echo "rd_pages=$(($2 * 256))" >"$lio_dir/control" && echo 1 >"$lio_dir/enable" &&
		printf %s "$1" | md5sum | head -c 25 >"$lio_dir/wwn/vpd_unit_serial"
}

# lio_portal IQN PORTAL: one more portal
lio_portal() {
	at_portal "$2" mkdir "$LIO/iscsi/$1/tpgt_1/np/$2"
}

# lio_target IQN DISK[,DISK...] PORTAL...: every initiator may log in, no authentication; LUNs from 0
lio_target() {
	lio_iqn=$1
	lio_tpg=$LIO/iscsi/$1/tpgt_1
	lio_lun=0
	mkdir -p "$lio_tpg" || return 1
	for lio_name in $(echo "$2" | tr , ' '); do
		mkdir "$lio_tpg/lun/lun_$lio_lun" &&
			ln -s "$LIO/core/rd_mcp_0/$lio_name" "$lio_tpg/lun/lun_$lio_lun/disk" || return 1
		lio_lun=$((lio_lun + 1))
	done
	shift 2
	for lio_name; do
		lio_portal "$lio_iqn" "$lio_name" || return 1
	done
	echo 0 >"$lio_tpg/attrib/authentication" &&
		echo 1 >"$lio_tpg/attrib/generate_node_acls" &&
		echo 1 >"$lio_tpg/attrib/cache_dynamic_acls" &&
		echo 0 >"$lio_tpg/attrib/demo_mode_write_protect" &&
		echo 1 >"$lio_tpg/enable"
}

# LIO takes a newline for a part of the name or secret
lio_credentials() {
	printf %s "$2" >"$1/userid" && printf %s "$3" >"$1/password" || return 1
	[ -z "${4:-}" ] || { printf %s "$4" >"$1/userid_mutual" && printf %s "$5" >"$1/password_mutual"; }
}

# lio_chap IQN USER SECRET [MUTUAL-USER MUTUAL-SECRET]: for every initiator without an ACL of its own
lio_chap() {
	lio_tpg=$LIO/iscsi/$1/tpgt_1
	shift
	echo 1 >"$lio_tpg/attrib/authentication" && lio_credentials "$lio_tpg/auth" "$@"
}

# lio_acl IQN INITIATOR [USER SECRET [MUTUAL-USER MUTUAL-SECRET]]: this initiator, all LUNs; then only those with an ACL
lio_acl() {
	lio_tpg=$LIO/iscsi/$1/tpgt_1
	lio_node=$lio_tpg/acls/$2
	shift 2
	echo 0 >"$lio_tpg/attrib/generate_node_acls" && mkdir -p "$lio_node" || return 1
	for lio_name in "$lio_tpg"/lun/lun_*; do
		lio_lun=$lio_node/${lio_name##*/}
		mkdir -p "$lio_lun" && { [ -e "$lio_lun/lun" ] || ln -s "$lio_name" "$lio_lun/lun"; } || return 1
	done
	[ $# = 0 ] || { echo 1 >"$lio_tpg/attrib/authentication" && lio_credentials "$lio_node/auth" "$@"; }
}

# lio_discovery_chap USER SECRET [MUTUAL-USER MUTUAL-SECRET]
lio_discovery_chap() {
	lio_credentials $LIO/iscsi/discovery_auth "$@" && echo 1 >$LIO/iscsi/discovery_auth/enforce_discovery_auth
}

# lio_param IQN KEY VALUE: a login key the target offers or accepts, as in lio_param IQN MaxBurstLength 65536
lio_param() {
	echo "$3" >"$LIO/iscsi/$1/tpgt_1/param/$2"
}

# lio_attr IQN NAME VALUE
lio_attr() {
	echo "$3" >"$LIO/iscsi/$1/tpgt_1/attrib/$2"
}

# lio_digest IQN HEADER DATA: what the target accepts, each None, CRC32C or CRC32C,None
lio_digest() {
	lio_param "$1" HeaderDigest "$2" && lio_param "$1" DataDigest "$3"
}

# lio_remove IQN: the target and its sessions; its disks stay
lio_remove() {
	lio_tpg=$LIO/iscsi/$1/tpgt_1
	echo 0 >"$lio_tpg/enable" 2>/dev/null
	for lio_name in "$lio_tpg"/acls/*/lun_*/lun "$lio_tpg"/lun/lun_*/disk; do
		[ ! -h "$lio_name" ] || rm "$lio_name" || return 1
	done
	for lio_name in "$lio_tpg"/acls/*/lun_* "$lio_tpg"/acls/* "$lio_tpg"/lun/lun_* "$lio_tpg"/np/*; do
		[ ! -d "$lio_name" ] || rmdir "$lio_name" || return 1
	done
	rmdir "$lio_tpg" "$LIO/iscsi/$1"
}

lio_ready() {
	# shellcheck disable=SC2086
	lio_init && lio_disk d0 $LAB_DISK_MB && lio_disk d1 $LAB_DISK_MB && lio_target $LAB_T0 d0,d1 $LAB_PORTALS
}

# --- tgt: one daemon, listening on every address of the namespace of the lab's portals

tgt_init() {
	mkdir -p /run/tgtd /run/tgt
	pidof tgtd >/dev/null || at_portal "${LAB_PORTALS%% *}" tgtd || return 1
	wait_for 'tgtadm --lld iscsi --mode sys --op show >/dev/null 2>&1' 10
}

# tgt_disk NAME MIB: a file in memory
tgt_disk() {
	truncate -s "$2M" "/run/tgt/$1"
}

tgt_do() {
	tgt_mode=$1
	tgt_op=$2
	shift 2
	tgtadm --lld iscsi --mode "$tgt_mode" --op "$tgt_op" "$@"
}

# tgt_id IQN: its number in tgtadm
tgt_id() {
	tgt_do target show | sed -n "s/^Target \([0-9]*\): $1\$/\1/p"
}

# tgt_target IQN DISK[,DISK...]: every initiator may log in, no authentication; LUNs from 1 (0 is tgt's controller)
tgt_target() {
	tgt_tid=$(($(tgt_do target show | grep -c '^Target ') + 1))
	tgt_do target new --tid $tgt_tid --targetname "$1" || return 1
	tgt_lun=1
	for tgt_name in $(echo "$2" | tr , ' '); do
		tgt_do logicalunit new --tid $tgt_tid --lun $tgt_lun --backing-store "/run/tgt/$tgt_name" || return 1
		tgt_lun=$((tgt_lun + 1))
	done
	tgt_do target bind --tid $tgt_tid --initiator-address ALL
}

# tgt_chap IQN USER SECRET [MUTUAL-USER MUTUAL-SECRET]
tgt_chap() {
	tgt_tid=$(tgt_id "$1")
	tgt_do account new --user "$2" --password "$3" && tgt_do account bind --tid "$tgt_tid" --user "$2" || return 1
	[ -z "${4:-}" ] || {
		tgt_do account new --user "$4" --password "$5" &&
			tgt_do account bind --tid "$tgt_tid" --user "$4" --outgoing
	}
}

# tgt_param IQN KEY VALUE: as tgt_param IQN HeaderDigest CRC32C
tgt_param() {
	tgt_do target update --tid "$(tgt_id "$1")" --name "$2" --value "$3"
}

tgt_ready() {
	tgt_init && tgt_disk d0 $LAB_DISK_MB && tgt_disk d1 $LAB_DISK_MB && tgt_target $LAB_T0 d0,d1
}
