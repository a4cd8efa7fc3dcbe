# SPDX-License-Identifier: GPL-3.0-or-later
# Four NICs on four segments, a target with a portal on each: ifaces, bindings and sessions make themselves at boot, each session on its
# own NIC, and stay what they are whatever becomes of names, order, VLANs, bonds, VRFs and addresses. What an administrator made wins.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
target=iqn.2026-11.org.openhba.lab:ifaces
auto() { printf 'tcp.52:54:09:00:00:%02x' $1; }

# reboot: no session, no daemon, nothing in /run; the files of /etc stay
reboot() {
	$A -m node --logout >/dev/null 2>&1
	daemon_stop
	rm -rf /run/iscsid /run/lock/iscsi/*
}
# anew: as reboot, but a new machine
anew() {
	reboot
	find /etc/iscsi -type f ! -name iscsid.conf ! -name initiatorname.iscsi -exec rm {} +
}
four() { wait_for 'sleep 0.2; all_at 0 1 2 3' 30; }
files() { sha256sum /etc/iscsi/ifaces/*; }

ok "a target on four segments" target_make $target 0 1 2 3
manage 'driver:virtio_net'
daemon_start
ok "an earlier life: discovery" $A -m discovery -t sendtargets -p 10.9.0.1
reboot
is "$(sessions)" 0 "the machine boots, there are no sessions"
daemon_start
ok "four sessions with no command given" four
for n in 0 1 2 3; do ok "what is read from portal $n comes over nic$n" own_nic "nic0 nic1 nic2 nic3" $n; done
is "$($A -m session | sed 's/tcp: \[[0-9]*\] //' | sort | xargs)" "$(for n in 0 1 2 3; do echo "10.9.$n.1:3260,1 $target (non-flash)"; done | xargs)" \
	"iscsiadm shows them"
is "$(map | xargs)" "$(for n in 0 1 2 3; do echo "10.9.$n.1 $(auto $n) LOGGED_IN"; done | xargs)" "each at the portal of its segment"
is "$(ls /etc/iscsi/ifaces | xargs)" "$(for n in 0 1 2 3; do auto $n; echo; done | xargs)" "four iface files"
diag "$(cat /etc/iscsi/ifaces/$(auto 2))"
is "$(grep -c 'iface.origin = auto' /etc/iscsi/ifaces/$(auto 2))" 1 "they say who made them"
is "$($A -m node | wc -l)" 4 "four records"
files >/tmp/files

# Names and order of NICs are nothing.
map >/tmp/map
for n in 2 3; do ip link set nic$n down; done
ip link set nic2 name x && ip link set nic3 name nic2 && ip link set x name nic3
ip link set nic2 up && ip link set nic3 up
ok "nic2 and nic3 swap their names: four sessions" four
map >/tmp/map.now
ok "on the same ifaces" diff /tmp/map /tmp/map.now
ok "what is read from portal 2 comes over nic3" own_nic "nic0 nic1 nic2 nic3" 2 nic3
ip link set nic2 down && ip link set nic3 down
ip link set nic2 name x && ip link set nic3 name nic2 && ip link set x name nic3
for n in 3 2 1 0; do lab-hotplug del nic $n; done
for n in 2 0 3 1; do lab-hotplug add nic $n; done
ok "all are pulled and plugged in another order: four sessions" four
map >/tmp/map.now
ok "on the same ifaces" diff /tmp/map /tmp/map.now
files >/tmp/files.now
ok "no file has changed" diff /tmp/files /tmp/files.now

# An absent one keeps its record.
lab-hotplug del nic 3
ok "a NIC that is gone is shown as absent" wait_for "sleep 0.2; $A -m iface -I $(auto 3) | grep -q 'iface.state = absent'"
ok "the others are present" sh -c "$A -m iface -I $(auto 1) | grep -q 'iface.state = present'"
ok "its record is there" sh -c "$A -m node | grep -q 10.9.3.1"
reboot
daemon_start
ok "boot without it: three sessions" wait_for 'sleep 0.2; all_at 0 1 2' 30
lab-hotplug add nic 3
ok "it comes: four sessions" four

# From nothing but a portal to ask.
anew
daemon_start
ok "from scratch: a discovery record" $A -m discoverydb -t sendtargets -p 10.9.0.1 -o new
$A -m discoverydb -t sendtargets -p 10.9.0.1 -o update -n discovery.sendtargets.use_discoveryd -v Yes
$A -m discoverydb -t sendtargets -p 10.9.0.1 -o update -n discovery.sendtargets.discoveryd_poll_inval -v 30
daemon_stop
daemon_start
ok "four sessions" four
map >/tmp/map.now
ok "on the same ifaces" diff /tmp/map /tmp/map.now
files >/tmp/files.now
ok "the same files" diff /tmp/files /tmp/files.now

# An administrator's iface wins.
anew
ok "a hand-made iface" $A -m iface -I hand -o new -n iface.hwaddress -v 52:54:09:00:00:03
cp /etc/iscsi/ifaces/hand /tmp/hand
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "three sessions of the manager" wait_for 'sleep 0.2; all_at 0 1 2' 30
is "$(ls /etc/iscsi/ifaces | xargs)" "hand $(auto 0) $(auto 1) $(auto 2)" "its NIC gets no other iface"
ok "it is as it was" cmp /tmp/hand /etc/iscsi/ifaces/hand
diag "$($A -m iface -o explain -I $(auto 1) -p 10.9.1.1; $A -m iface -o explain -I $(auto 1) -p 10.9.2.1)"
ok "explain: why it is bound" sh -c "$A -m iface -o explain -I $(auto 1) -p 10.9.1.1 | grep -q nic1"
ok "explain: why it is not" sh -c "$A -m iface -o explain -I $(auto 1) -p 10.9.2.1 | grep -qi 'no route\|not'"

# Virtual NICs, when they are named: a bond of two NICs and a VRF around the third.
anew
modprobe bonding max_bonds=0
ip link add bond0 type bond mode active-backup miimon 100
for n in 1 2; do
	ip link set nic$n down
	ip link set nic$n master bond0
done
ip addr add 10.9.1.10/24 dev bond0
ip link set bond0 up
ip link add blue type vrf table 10
ip link set blue up
ip link set nic3 master blue
manage 'nic*, bond0'
daemon_start
$A -m iface --monitor >/tmp/monitor 2>&1 &
listener=$!
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "three sessions: a NIC, a bond, a NIC in a VRF" wait_for 'sleep 0.2; all_at 0 1 3' 30
is "$(map | xargs)" "10.9.0.1 $(auto 0) LOGGED_IN 10.9.1.1 tcp.bond0 LOGGED_IN 10.9.3.1 $(auto 3) LOGGED_IN" "on their ifaces"
is "$(ls /etc/iscsi/ifaces | xargs)" "$(auto 0) $(auto 3) tcp.bond0" "the bond's ports have none"
map >/tmp/map
lab-hotplug link nic 1 down
sleep 3
map >/tmp/map.now
diag "$(cat /proc/net/bonding/bond0 | grep -i active)"
ip link set nic0 down
ok "nic0 goes down" wait_for 'sleep 0.2; [ "$(state_at 0)" != LOGGED_IN ]'
ip link set nic0 up
ok "and comes back" wait_for 'sleep 0.2; all_at 0 1 3' 30
diag "$(cat /tmp/monitor)"
ok "the monitor told of it" grep -q nic0 /tmp/monitor
kill $listener 2>/dev/null
cp /tmp/iscsid.log /out/
suite_done
