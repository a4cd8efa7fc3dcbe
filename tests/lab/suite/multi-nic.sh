# SPDX-License-Identifier: GPL-3.0-or-later
# Two NICs, one target with two portals: four sessions, each on its own NIC, proven by the NICs' own counters. Binding by name and
# by hardware address.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0
# shellcheck disable=SC2086  # a list of names
set -- $LAB_NICS
nic0=$1 nic1=$2

# Each portal can be reached through either NIC: the far segment by way of the target's own address in the near one.
ip route add 10.9.1.0/24 via 10.9.0.1 dev "$nic0" metric 500
ip route add 10.9.0.0/24 via 10.9.1.1 dev "$nic1" metric 500
sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf."$nic0".rp_filter=0 net.ipv4.conf."$nic1".rp_filter=0 || :
daemon_start

ok "iface bound by name" $A -m iface -I if0 -o new -n iface.net_ifacename -v "$nic0"
ok "iface bound by hardware address" $A -m iface -I if1 -o new -n iface.hwaddress -v "$(cat /sys/class/net/"$nic1"/address)"
ok "discovery through both ifaces" $A -m discovery -t sendtargets -p 10.9.0.1 -I if0 -I if1
is "$($A -m node -P 1 | grep -c 'Iface Name: if')" "$($A -m node | sort -u | wc -l | awk '{print 2 * $1}')" "every portal is bound to both ifaces"
# IPv6 portals are not routed across the segments here
$A -m node | grep '^\[' | while read -r portal _; do $A -m node -T $target -p "${portal%,*}" -o delete; done
ok "login to all" $A -m node --login
is "$(sessions)" 4 "four sessions"
is "$($A -m session | grep -c ":3260,1 $target")" 4 "iscsiadm shows four"

udevadm settle -t 60
sleep 2
bytes() { cat /sys/class/net/"$1"/statistics/rx_bytes; }
for session in /sys/class/iscsi_session/session*; do
	sid=${session##*session}
	iface=$(cat "$session/ifacename")
	case $iface in if0) own=$nic0 other=$nic1 ;; *) own=$nic1 other=$nic0 ;; esac
	disk=$(disk_of "$sid") || { ok "session $sid has a disk" false; continue; }
	own_before=$(bytes "$own") other_before=$(bytes "$other")
	dd if=/dev/"$disk" of=/dev/null bs=1M count=8 iflag=direct 2>/dev/null
	own_read=$(($(bytes "$own") - own_before)) other_read=$(($(bytes "$other") - other_before))
	ok "session $sid ($iface): 8 MiB came over $own ($own_read bytes), not $other ($other_read)" test $own_read -gt 8388608 -a $other_read -lt 1048576
done
ok "each session verifies" verify_disk "$(disk_of "$(newest_sid)")" 8
# The picture of it: each NIC with both portals, each of these with a session and its disk.
ok "topology" $A -m topology
is "$($A -m topology | grep -E "^($nic0|$nic1): NIC, 10\.9\.[01]\.[0-9]+, .* up, .*ifaces if[01]$" | wc -l)" 2 "two NICs, up, with an iface each"
is "$($A -m topology | grep -c '10\.9\.[01]\.1:3260,1$')" 4 "two portals at each NIC"
is "$($A -m topology | grep -c "session [0-9]*: $target \[if[01]\], logged in$")" 4 "four sessions at them"
is "$($A -m topology | grep -c ': 96 MiB, LUN [01], LIO-ORG .*running$')" 8 "two disks at each"
is "$($A -m topology --json | grep -o '"health":"good"' | wc -l)" 18 "ports, portals, sessions and disks are good"
ok "the picture as SVG" sh -c "$A -m topology --svg >/out/topology.svg"
is "$(tail -c 7 /out/topology.svg)" "</svg>" "it is whole"
is "$($A -m host -P 1 | grep -c "Netdev: $nic0")" 2 "two hosts say they are on $nic0"
is "$(rc $A -m iface -I if0 -o delete)" 15 "an iface in use is not deleted"
ok "logout of one iface" $A -m node -I if1 --logout
is "$(sessions)" 2 "two sessions are left"
ok "logout of the rest" $A -m node --logout
is "$(rc $A -m node --logout)" 21 "nothing is left to log out"
ok "iface deleted with its records" $A -m iface -I if0 -o delete
is "$($A -m node -P 1 | grep -c if0)" 0 "no record of it is left"

# A NIC is found by the address it was made with, whatever it was given since, and although another one wears that address now.
made0=$(cat /sys/class/net/"$nic0"/address) made1=$(cat /sys/class/net/"$nic1"/address)
sysctl -q -w net.ipv4.conf."$nic0".arp_notify=1 net.ipv4.conf."$nic1".arp_notify=1
ip link set "$nic1" address 52:54:00:99:99:99
ip link set "$nic0" address "$made1"
ok "login through $nic1 by the address it was made with" $A -m node -I if1 --login
is "$($A -m host -P 1 | grep -c "Netdev: $nic1")" 2 "two hosts say they are on $nic1"
is "$($A -m host -P 1 | grep -c "Netdev: $nic0")" 0 "none is on $nic0"
ok "logout" $A -m node -I if1 --logout
ip link set "$nic0" address "$made0"
ip link set "$nic1" address "$made1"
suite_done
