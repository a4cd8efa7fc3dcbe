# SPDX-License-Identifier: GPL-3.0-or-later
# Ports as the iface manager sees them (/in/ports), on NICs of every kind this kernel makes: hardware that is plugged and pulled,
# renamed by udev, VLANs, bonds, VRFs, bridges, macvlans, dummies; and the ways that start at them.
# shellcheck shell=dash disable=SC1091,SC2086
. /lab/env
. /lab/lib.sh
P=/in/ports
set -- $LAB_NICS
nic0=$1 nic1=$2
seen=/tmp/seen
for module in dummy bonding vrf macvlan bridge 8021q; do modprobe $module; done
ip link del bond0 2>/dev/null || :

line() { $P list | grep -F "NIC $1 ("; }
has() { line "$1" | grep -qF " $2"; }
told() { wait_for "grep -q '^$1' $seen" 20; }
anew() { : >$seen; }
# settled: the name of the second card, once udev is done with it
settled() {
	udevadm settle -t 60
	$P list | grep -F 'kind= path=0000:' | grep -vF "NIC $nic0 " | sed 's/^NIC \([^ ]*\) .*/\1/'
}

$P watch >$seen 2>&1 &
watch_pid=$!
ok "the first picture comes by itself" told "picture first"
ok "udev and rtnetlink are heard" grep -qx "udev 1 rtnetlink 1" $seen

# ---- hardware ----
ok "a NIC has driver and place" has "$nic0" "driver=virtio_net kind= path=0000:"
ok "it is ready" has "$nic0" "link=1 ready=1"
ok "its permanent address is known" has "$nic0" "permanent=$(cat /sys/class/net/"$nic0"/address)"
anew
ip link set "$nic1" address 02:00:00:00:00:99
ok "another address is told" told "hwaddress NIC $nic1"
ok "the permanent one stays" has "$nic1" "hwaddress=02:00:00:00:00:99 permanent=52:54:09:00:00:01"
anew
lab-hotplug link nic 1 down
ok "a pulled cable is told" told "down NIC $nic1"
ok "a NIC without carrier is not ready" has "$nic1" "link=0 ready=0"
anew
lab-hotplug link nic 1 up
ok "a plugged cable is told" told "up NIC $nic1"
anew
lab-hotplug del nic 1
ok "a pulled NIC is told" told "removed NIC $nic1"
anew
lab-hotplug add nic 1 --bare
ok "a plugged NIC is told" told "added NIC"
new=$(settled)
ok "it is in the picture, under its present name" test -e "/sys/class/net/$new"
ip link set "$new" down
anew
ip link set "$new" name plugged
ok "its new name is told" told "renamed NIC plugged"

# ---- kinds ----
ip link set plugged up
ip link add link plugged name tagged address 02:00:00:00:00:07 type vlan id 7 # with an address of its own: udev names NICs by it here
ok "a VLAN is one" has tagged "driver=802.1Q VLAN Support kind=vlan path= "
ip link add link plugged name mac0 type macvlan
ok "a macvlan is one" has mac0 "kind=macvlan path= "
ip link del mac0
ip link add dummy0 type dummy 2>/dev/null || :
ok "a dummy is one" has dummy0 "kind=dummy path= "
ip link add br0 type bridge
ip link add bond0 type bond mode active-backup
ok "a bond is one" has bond0 "kind=bond path= "
anew
ip link set plugged down
ip link set plugged master bond0
ok "joining a bond is told" told "master NIC plugged"
ok "its member says so" has plugged "master=bond0 vrf="
ok "its permanent address is still the card's" sh -c "$P list | grep 'NIC plugged ' | grep -q permanent=52:54:09:00:00:01"
anew
ip link set plugged nomaster
ok "leaving it is told" told "master NIC plugged"
anew
ip link set dummy0 master br0
ok "joining a bridge is told" told "master NIC dummy0"
ok "a port of a bridge says so" has dummy0 "master=br0 vrf="
ip link set dummy0 nomaster

# ---- VRF and ways ----
ip link add red type vrf table 66
ip link set red up
ip link set plugged up
anew
ip link set plugged master red
ok "joining a VRF is told" told "master NIC plugged"
ok "a VRF is no master" has plugged "master= vrf=red"
anew
ip address add 10.44.0.2/24 dev plugged
ok "an address is told" told "addresses NIC plugged"
ok "a NIC in a VRF is ready" wait_for "$P list | grep 'NIC plugged ' | grep -q ready=1" 20
is "$($P way plugged 10.44.0.9)" "via - from 10.44.0.2 table 66" "way on the link, by the table of the VRF"
ok "no way where the VRF has no route" test "$($P way plugged 10.99.0.1; echo $?)" != 0
anew
ip route add 10.99.0.0/16 via 10.44.0.1 table 66
ok "a route is told" told "picture routes"
is "$($P way plugged 10.99.0.1)" "via 10.44.0.1 from 10.44.0.2 table 66" "way by a gateway in the VRF"
ok "other NICs have none of it" test "$($P way "$nic0" 10.44.0.9 >/dev/null; echo $?)" = 1
ok "way to the target" test "$($P way "$nic0" 10.9.0.1)" = "via - from 10.9.0.10 table 254"
ok "way to the target's link-local address" sh -c "$P way $nic0 fe80::1 | grep -q '^via - from fe80::'"

# ---- namespaces ----
ip link set plugged nomaster
ip netns add away
anew
ip link set plugged netns away
ok "a NIC that moves to another namespace is gone" told "removed NIC plugged"
anew
ip -n away link set plugged netns 1
ok "and new when it comes back" told "added NIC"
new=$(settled)
[ "$new" = plugged ] || ip link set "$new" name plugged
wait_for "$P list | grep -q 'NIC plugged '" 20
sleep 0.3

# ---- many at once ----
anew
{ for i in $(seq 0 999); do
	a=10.45.$((i / 256)).$((i % 256))/32
	echo "address add $a dev plugged"
	[ "$i" = 999 ] || echo "address del $a dev plugged"
done; } >/tmp/storm
ip -batch /tmp/storm
ok "the end of a storm is seen" wait_for "$P list | grep 'NIC plugged ' | grep -q 'addresses=[12]\$'" 20
sleep 1
pictures=$(grep -c ^picture $seen)
ok "2000 notices were few pictures ($pictures)" test "$pictures" -le 100
slowest=$(sed -n 's/.* after \([0-9]*\) ms$/\1/p' $seen | sort -n | tail -1)
ok "none came later than half a second after its first event (${slowest:-none} ms)" test "${slowest:-0}" -le 500
kill $watch_pid
done_testing
