# SPDX-License-Identifier: GPL-3.0-or-later
# hba-requests.sh [PART...]: what tools ask of an emulated HBA under this tree's driver - CHAP table, flash nodes, counters, pings, attributes, logins,
# resets of a disk - comes at any time, so also while the port is unbound or the card is pulled: it is answered or refused, and afterwards
# nothing is touched of what is gone. Some requests are made to last, so that they are under way when the port goes; the kernel
# fills what was freed (slub_debug=FZPU) and so falls over what is touched.
# shellcheck shell=dash disable=SC1091,SC2154,SC2317,SC2086,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# asks: every kind of request, of the host there is, over and over until /tmp/stop; how many were answered goes to /tmp/asked.*
asks() {
	local n=0 host
	while [ ! -e /tmp/stop ]; do
		host=$(hba_hosts | head -1)
		[ -n "$host" ] || { sleep 0.05; continue; }
		"$@" >/dev/null 2>&1 && n=$((n + 1))
	done
	echo $n >"/tmp/asked.$1"
}
chap() { iscsiadm -m host -H "$host" -C chap -o show; }
chap_made() {
	iscsiadm -m host -H "$host" -C chap -o new -x 10 -n host.auth.username -v carol -n host.auth.password -v carolssecret
	iscsiadm -m host -H "$host" -C chap -o delete -x 10
}
nodes() { iscsiadm -m host -H "$host" -C flashnode; }
node_made() {
	iscsiadm -m host -H "$host" -C flashnode -o new -A ipv4
	iscsiadm -m host -H "$host" -C flashnode -o update -x 2 -n flashnode.session.targetname -v iqn.2026-11.org.openhba:new
	iscsiadm -m host -H "$host" -C flashnode -o delete -x 2
}
counters() { iscsiadm -m host -H "$host" -C stats; }
pings() { iscsiadm -m iface -I "$iface" -C ping -a 10.10.0.1 -c 1; }
attributes() {
	cat "/sys/class/iscsi_host/host$host/"* /sys/class/iscsi_session/*/* /sys/bus/iscsi_flashnode/devices/*/*
	cat "/sys/class/scsi_host/host$host/"fw_*
}
login() {
	timeout 20 iscsiadm -m node -T "$guarded" -p 10.10.0.1 -I "$iface" --login
	timeout 20 iscsiadm -m node -T "$guarded" -p 10.10.0.1 -I "$iface" --logout
}
disk_reset() { /in/disk-reset "/dev/$(disks_of "$(port_sids 0 "$plain" | head -1)" | head -1)" device; }

kinds="chap chap_made nodes node_made counters pings attributes login disk_reset"
asking() {
	rm -f /tmp/stop /tmp/asked.*
	for kind in $kinds; do asks "$kind" & done
	sleep 3
}
# quiet ROUND: all have ended by themselves
quiet() {
	touch /tmp/stop
	ok "$1: all who ask have an answer" wait_for '[ "$(ls /tmp/asked.* 2>/dev/null | wc -l)" = 9 ]' 60
	diag "answered: $(cd /tmp && grep -H . asked.* | tr '\n' ' ')"
}
# slow COMMAND: such mailbox commands take four seconds
slow() { lab-hba "mailbox-delay $1 4000 always" >/dev/null; }

# goes LIMIT COMMAND...: what was asked for while the port went has not held it for longer; the seconds that it took are in $took. A kernel that
# looks for mistakes is slow, and they are nine at a time.
goes() {
	local limit=$1 began
	case $(uname -r) in *debug*) limit=$((limit * 3)) ;; esac
	shift
	began=$(date +%s)
	"$@" || return
	took=$(($(date +%s) - began))
	[ $took -le "$limit" ] && return
	dmesg | grep qla4xxx | tail -20 | sed 's/^/# /'
	return 1
}

unbind() { echo "$device" >/sys/bus/pci/drivers/qla4xxx/unbind; }
back() { wait_for '[ -n "$(hba_hosts)" ]' 60 && session_ready 0 "$plain" 1 90; }

ok "the driver loads" hba_start
is "$(modinfo -F filename qla4xxx | grep -c /updates/)" 1 "this tree's"
ok "the port logs in by itself" session_ready 0 "$plain" 1 90
daemon_start
iface=$(iface_of 0)
ok "a record" $A -m node -o new -T "$guarded" -p 10.10.0.1:3260,1 -I "$iface"
setting "$guarded" node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123
ok "credentials in the flash" iscsiadm -m host -H "$(host_of 0)" -C chap -o new -x 9 -n host.auth.username -v carol -n host.auth.password -v carolssecret
device=$(basename "$(readlink -f "/sys/class/scsi_host/host$(host_of 0)/device/..")")
asking
sleep 5
quiet "before"
is "$(cd /tmp && grep -lx 0 asked.* | tr '\n' ' ')" "" "before: every kind of request is answered"

bound() {
	ok "$1: bound again" sh -c "echo $device >/sys/bus/pci/drivers/qla4xxx/bind"
	ok "$1: the session is back" back
}

part_unbound() {
	for round in 1 2; do
		asking
		ok "unbound, $round: the port goes" goes 60 unbind
		is "$(hba_hosts | wc -l)" 0 "unbound, $round: it is gone (after $took s)"
		quiet "unbound, $round"
		bound "unbound, $round"
	done
}
# READ_FLASH (CHAP), GET_MANAGEMENT_DATA (counters), REQUEST_DDB (login)
part_slow() {
	for opcode in 0x26 0x1e 0x62; do
		asking
		slow $opcode
		sleep 1
		ok "unbound during command $opcode: the port goes" goes 90 unbind
		lab-hba clear >/dev/null
		is "$(hba_hosts | wc -l)" 0 "unbound during command $opcode: it is gone (after $took s)"
		quiet "unbound during command $opcode"
		bound "unbound during command $opcode"
	done
}
part_pulled() {
	for round in 1 2; do
		asking
		[ "$round" = 1 ] || { slow 0x26; sleep 1; }
		ok "pulled, $round: the card is gone" lab-hotplug del hba 0
		ok "pulled, $round: so is its host" wait_for '[ -z "$(hba_hosts)" ]' 60
		quiet "pulled, $round"
		lab-hba clear >/dev/null
		ok "pulled, $round: plugged again" lab-hotplug add hba 0
		ok "pulled, $round: the session is back" back
	done
}
# Somebody has a disk open, and asks for resets of it when its host was taken apart. But for the gate that of the host reaches the driver, which
# queues a recovery on a workqueue that is destroyed: the kernel warns of it, or falls over what was freed.
part_open() {
	disk=$(disks_of "$(port_sids 0 "$plain" | head -1)" | head -1)
	rm -f /tmp/now
	jobs=
	for kind in device target host; do
		/in/disk-reset "/dev/$disk" $kind /tmp/now >/tmp/reset.$kind 2>&1 &
		jobs="$jobs $!"
		ok "open: the disk, for a reset of its $kind" wait_for "ls -l /proc/$!/fd | grep -q /dev/$disk"
	done
	ok "open: the port goes" goes 60 unbind
	touch /tmp/now
	for job in $jobs; do
		wait $job
		is $? 1 "open: a reset is refused"
	done
	bound open
}
for part in ${*:-unbound slow pulled open}; do part_$part; done
ok "a disk is written and verified" verified 0 "$(port_sids 0 "$plain" | head -1)" 4
# A session of user space holds the driver.
timeout 20 iscsiadm -m node -T "$guarded" -p 10.10.0.1 -I "$iface" --logout >/dev/null 2>&1
daemon_stop
ok "the driver goes" driver_goes
suite_done
