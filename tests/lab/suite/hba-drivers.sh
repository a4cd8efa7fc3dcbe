# SPDX-License-Identifier: GPL-3.0-or-later
# hba-drivers.sh [PARAMETER=VALUE...]: what a driver of an emulated HBA, loaded with these parameters, shows and does, for tests/lab/hba-compare to lay
# that of two drivers side by side. /out/attributes: all that sysfs tells, a line a file. /out/steps: what was done, and how many lines the
# card's trace had by then. /out/said: what the tools said.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# shown FOLDER: its files, in the order of their names; what changes by itself is only named
shown() {
	for file in "$1"/*; do
		[ -f "$file" ] || continue
		case ${file##*/} in
		uevent | fw_uptime | host_reset | scan | unique_id | handle | creator) value= ;;
		*) value=$(timeout 20 cat "$file" 2>&1) && value=${value:-} || value="(${value##*: })" ;;
		esac
		printf '%s %s: %s\n' "$file" "$(stat -c %a "$file")" "$value"
	done
}

# step NAME [COMMAND...]: runs it, then says where the trace is; what the host's number is does not matter
step() {
	local name=$1
	shift
	[ $# = 0 ] || {
		"$@" >/tmp/said 2>&1
		printf '%s: status %s: %s\n' "$name" $? "$(sed "s/host$host/hostH/g" /tmp/said | tr '\n' ';' | cut -c1-300)" >>/out/said
	}
	sleep 3
	lab-hba "port0 trace flush" >/dev/null
	echo "$name $(grep -c . /out/hba0.trace)" >>/out/steps
}

flash_node() { iscsiadm -m host -H "$host" -C flashnode "$@"; }
chap() { iscsiadm -m host -H "$host" -C chap "$@"; }
applied() {
	iscsiadm -m iface -I "$iface" -o update -n iface.mtu -v 1400 && iscsiadm -m iface -I "$iface" -o apply
}
is_named() { flash_node -o update -x "$1" -n flashnode.session.targetname -v iqn.2026-11.org.openhba:new -n 'flashnode.conn[0].ipaddress' -v 10.10.0.9; }
read_and_written() {
	dd if="/dev/$1" of=/dev/null bs=4k count=100 iflag=direct && dd if=/dev/zero of="/dev/$1" bs=64k count=20 oflag=direct
}
adapter_reset() {
	echo adapter >"/sys/class/scsi_host/host$host/host_reset"
	sleep 5
	all_ready 60
}

rm -f /out/steps /out/said
ok "the driver loads" hba_start "$@"
host=$(hba_hosts)
ok "its link is up" wait_for "grep -q UP /sys/class/iscsi_host/host$host/port_state" 30
ok "its addresses are settled" wait_for "! grep -qE 'Acquiring|Tentative' /sys/class/iscsi_iface/*/*_state" 30
ok "its sessions are up" wait_for '[ "$(grep -l LOGGED_IN /sys/class/iscsi_session/*/state 2>/dev/null | wc -l)" -ge 1 ]' 60
step probe
for folder in /sys/class/scsi_host/host"$host" /sys/class/iscsi_host/host"$host" /sys/class/iscsi_iface/* /sys/bus/iscsi_flashnode/devices/* \
	/sys/class/iscsi_session/* /sys/class/iscsi_connection/* /sys/firmware/iscsi_boot*/* /sys/module/qla4xxx/parameters; do
	[ -d "$folder" ] || continue
	shown "$folder"
done | sed -E "s/(host|iface-|sess-|conn-|boot)$host/\1H/g" >/out/attributes
ok "there are many" [ "$(grep -c . /out/attributes)" -gt 100 ]
step attributes
disk=$(disks_of "$(port_sids 0 | head -1)" | head -1)
step io read_and_written "$disk"
daemon_start
iface=$(iface_of 0)
step chap_new chap -o new -x 9 -n host.auth.username -v carol -n host.auth.password -v carolssecret
step chap_bad chap -o update -x 9 -n host.auth.username_in -v carol -n host.auth.password_in -v carolssecret
step chap_delete chap -o delete -x 9
step node_new flash_node -o new -A ipv4
step node_new_again flash_node -o new -A ipv4
step node_update is_named 3
step node_show flash_node -o show -x 3
step node_delete flash_node -o delete -x 3
step ping iscsiadm -m iface -I "$iface" -C ping -a 10.10.0.1 -c 2
step discovery iscsiadm -m discovery -t sendtargets -p 10.10.0.1 -I "$iface"
step iface applied
all_ready 60
step reset adapter_reset
cat /out/steps /out/said
dmesg | grep -iE 'qla4xxx|BUG|WARN' | tail -40 >/out/kernel
suite_done
