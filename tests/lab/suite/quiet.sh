# SPDX-License-Identifier: GPL-3.0-or-later
# One NIC and the shipped iscsid.conf: what NICs come and go changes nothing of what the commands show, of the files and of the log.
# The same is asked of Debian's open-iscsi, in the same machine (ours is in /in), and the answers must be equal.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
target=iqn.2026-11.org.openhba.lab:quiet

# show FOLDER: all that can be asked about ifaces, records, sessions and hosts, and the files
show() {
	local n
	mkdir -p $1
	for n in 0 1; do
		$A -m iface -P $n >$1/iface-P$n 2>&1
		$A -m node -P $n >$1/node-P$n 2>&1
		$A -m discoverydb -P $n >$1/discoverydb-P$n 2>&1
	done
	for n in 0 1 2 3; do $A -m session -P $n >$1/session-P$n 2>&1; done
	for n in 0 1 2 3 4; do $A -m host -P $n >$1/host-P$n 2>&1; done
	$A -m iface >$1/iface 2>&1
	for n in default iser; do $A -m iface -I $n >$1/iface-$n 2>&1; done
	$A -m node -o show -S >$1/records 2>&1
	$A -m discoverydb -o show -S >$1/discovery-records 2>&1
	find /etc/iscsi/ifaces -type f >$1/ifaces 2>/dev/null
}
# uncounted FOLDER: without counters; plain FOLDER: without what later versions added (tests/lab/compat/differences), without numbers
# that the kernel gives out, in one order
uncounted() { sed -i '/Statistics:/,/Timeouts:/d; /^\t\t\**$/d' $1/*; }
plain() {
	sed -i 's/\[[0-9]*\]/[N]/; s/\(SID\|Host Number\): *[0-9]*/\1: N/; s/\[sid: [0-9]*/[sid: N/; s/sd[a-z]/sdX/; s/scsi[0-9]*/scsiN/
		/^# BEGIN RECORD/d; /^version /d; /thread_priority\|login_redirect_max\|reopen_log_freq\|congestion_control/d' $1/*
	sort -o $1/discoverydb-P1 $1/discoverydb-P1
}
# events: a NIC comes, gets addresses, loses cable and addresses, and goes
events() {
	lab-hotplug add nic 1
	sleep 2
	lab-hotplug link nic 1 down
	sleep 1
	lab-hotplug link nic 1 up
	ip addr del 10.9.1.10/24 dev nic1
	sleep 1
	ip addr add 10.9.1.10/24 dev nic1
	ip link add link nic1 name nic1.5 type vlan id 5
	ip link add dummy0 type dummy
	ip link set dummy0 up
	sleep 2
	ip link del nic1.5
	ip link del dummy0
	lab-hotplug del nic 1
	sleep 2
}
# life WHO: discovery and login, what is shown, the events, what is shown then
life() {
	$A -m discovery -t sendtargets -p 10.9.0.1 >/tmp/discovery.$1
	ok "$1: login" $A -m node -p 10.9.0.1 --login
	disk_of "$(sid_at 0)" >/dev/null
	udevadm settle
	sleep 2
	show /tmp/$1.before
	events
	show /tmp/$1.after
	uncounted /tmp/$1.before
	uncounted /tmp/$1.after
	ok "$1: nothing has changed" diff -r /tmp/$1.before /tmp/$1.after
	plain /tmp/$1.after
}

ok "a target on two segments" target_make $target 0 1
daemon_start
life stock
$A -m node --logout >/dev/null
kill -9 "$daemon_pid"
wait_for '[ "$(sessions)" = 0 ]'
rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets /etc/iscsi/ifaces

A=/in/iscsiadm D=/in/iscsid LAB_TOOLS=ours
cp /in/iscsid.conf /etc/iscsi/iscsid.conf
daemon_start
life ours
lines=$(wc -l </tmp/iscsid.log)
events
is "$(tail -n +$((lines + 1)) /tmp/iscsid.log)" "" "nothing is logged either"
ok "the same portals are found" cmp /tmp/discovery.stock /tmp/discovery.ours
for file in /tmp/stock.after/*; do
	ok "${file##*/}: as open-iscsi shows it" diff "$file" /tmp/ours.after/"${file##*/}"
done
suite_done
