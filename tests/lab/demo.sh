# SPDX-License-Identifier: GPL-3.0-or-later
# The demo inside the VM: discovery, login through two NICs, verified I/O, sessions in full, logout; then an emulated HBA, whose firmware logs in
# by itself, and a login with CHAP through its iface. Each step shows its command and is checked; the first that does not hold ends the demo
# with status 1. Without NICs only the HBA is shown.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
target=iqn.2026-11.org.openhba.lab:t0

die() {
	echo "demo: FAILED: $*"
	tail -20 /tmp/iscsid.log
	[ -z "$LAB_HBAS" ] || {
		lab-hba state
		dmesg | tail -30
	}
	exit 1
}
# show COMMAND...: prints and runs it; its status counts
show() {
	echo
	echo "# $*"
	"$@" || die "$* (status $?)"
}
# holds DESCRIPTION COMMAND...: a check
holds() {
	what=$1
	shift
	"$@" || die "$what"
	echo "ok: $what"
}

echo "openhba demo: $(uname -sr), NICs: $LAB_NICS, portals: $LAB_PORTALS, HBAs: $LAB_HBAS"
daemon_start || die "iscsid does not start"
demo_nics() {
	# shellcheck disable=SC2086  # a list of names
	set -- $LAB_NICS
	for nic; do
		show $A -m iface -I "$nic" -o new -n iface.net_ifacename -v "$nic"
	done
	show $A -m iface
	n=0
	for nic; do
		show $A -m discovery -t sendtargets -p 10.9.$n.1 -I "$nic" -o new
		n=$((n + 1))
	done
	# keep, of what was found, the IPv4 portal of each NIC's own segment
	$A -m node | sed 's/,[^ ]* .*//' | sort -u | while read -r portal; do
		n=0
		for nic; do
			[ "$portal" = 10.9.$n.1:3260 ] || $A -m node -T $target -p "$portal" -I "$nic" -o delete
			n=$((n + 1))
		done
	done
	show $A -m node -P 1
	holds "two records, one per NIC" test "$($A -m node | wc -l)" = 2
	show $A -m node --login
	show $A -m session
	holds "two sessions" test "$(sessions)" = 2

	for session in /sys/class/iscsi_session/session*; do
		sid=${session##*session}
		nic=$(cat "$session"/ifacename)
		disk=$(disk_of "$sid") || die "session $sid has no disk"
		before=$(cat /sys/class/net/"$nic"/statistics/tx_bytes)
		holds "session $sid on $nic: 64 MiB written to $disk with dd and read back, checksums equal" verify_disk "$disk" 64
		sent=$(($(cat /sys/class/net/"$nic"/statistics/tx_bytes) - before))
		holds "session $sid on $nic: $((sent >> 20)) MiB left through $nic" test $sent -gt 67108864
	done
	show $A -m session -P 3
	holds "both sessions are logged in" test "$($A -m session -P 1 | grep -c 'iSCSI Session State: LOGGED_IN')" = 2
	show $A -m node --logout
	holds "nothing is left" test "$(sessions)" = 0
	show $A -m node
}

demo_hbas() {
	echo
	echo "# the distribution's qla4xxx, on ports that tests/hba/hba emulates"
	hba_start || die "the ports do not appear"
	for port in $(ports); do
		holds "port $port: its firmware has logged in to the target in its flash" session_ready "$port" "$plain" 1
	done
	show $A -m host
	show $A -m iface
	for port in $(ports); do
		iface=$(iface_of "$port")
		show $A -m node -o new -T "$guarded" -p "10.10.$port.1:3260,1" -I "$iface"
		setting "$guarded" node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123 ||
			die "the record takes no CHAP"
		show $A -m node -T "$guarded" -p "10.10.$port.1" -I "$iface" --login
		holds "port $port: the session has its disks" session_ready "$port" "$guarded" 1
		holds "port $port: both of them are written and read back, checksums equal" verified "$port" "$(port_sids "$port" "$guarded")" 8
		holds "port $port: so are those of the firmware's session" verified "$port" "$(port_sids "$port" "$plain")" 16
	done
	show $A -m session
	holds "all sessions are logged in" test "$(healthy)" = "$(sessions)"
}

[ -z "$LAB_NICS" ] || demo_nics
[ -z "$LAB_HBAS" ] || demo_hbas
echo
echo "demo: every step held"
