# SPDX-License-Identifier: GPL-3.0-or-later
# Iface records that make themselves, for real NICs: names that stay through renames, other addresses, VLANs, bonds, restarts and
# replugging; two NICs with one address; what an administrator made, changed or deleted. The NICs of that one address have no cable.
# shellcheck shell=dash disable=SC1091,SC2012,SC2034
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
twin=52:54:00:77:77:77
dir=/etc/iscsi/ifaces
m0=$(cat /sys/class/net/nic0/address) m1=$(cat /sys/class/net/nic1/address)
files() { ls $dir | grep -v '^iface.example$' | tr '\n' ' '; }
there() { wait_for "[ -e $dir/$1 ]" 20; }
state_of() { $A -m iface -I "$1" -o show | sed -n 's/^iface.state = //p'; }
# says NAME WORDS: what explain has to say of it, soon
says() { wait_for "$A -m iface -I $1 -o explain | grep -q '$2'" 20 || { $A -m iface -I "$1" -o explain | sed 's/^/# /'; false; }; }
place_of() { basename "$(dirname "$(readlink -f "/sys/class/net/$1/device")")"; }
modprobe 8021q
modprobe bonding
ip link del bond0 2>/dev/null || :

daemon_start
is "$(files)" "" "as shipped nothing makes itself"
daemon_stop
manage "nic*, storage1, tagged, bond0, mac:$twin"
daemon_start
ok "the NICs have a record each" there tcp."$m1"
places=$(for nic in /sys/class/net/*/; do [ "$(cat "$nic/address")" != $twin ] || place_of "$(basename "$nic")"; done | sort)
is "$(echo "$places" | wc -l)" 2 "two NICs have one address"
# shellcheck disable=SC2046,SC2086  # the words of a list
is "$(files)" "$(printf 'tcp.%s ' $(printf '%s\n' "$m0" "$m1" $(printf "$twin.%s\n" $places) | sort))" "named by their addresses, the twins by their places, too"
is "$(grep -E '^iface.(iscsi_ifacename|net_ifacename|hwaddress|transport_name|origin|bind|fast_fail|path) = ' $dir/tcp."$m0" | sed 's/.* = //' | tr '\n' ' ')" \
	"tcp.$m0 $m0 tcp auto reachable 0 $(place_of nic0) " "what is in it"
first=$(grep . $dir/tcp.*)

# ---- the same NIC ----
ok "it stands for its NIC" says tcp."$m1" nic1
ip link set nic1 down
ip link set nic1 name storage1
ip link set storage1 up
ok "renamed: the record stands for it" says tcp."$m1" storage1
ip link set storage1 address 02:00:00:00:00:99
ip link add link nic0 name tagged type vlan id 7
ok "a VLAN is named by its name" there tcp.tagged
ok "another address: the record stands for it" says tcp."$m1" storage1
ok "the VLAN's parent keeps its own" says tcp."$m0" nic0
ip link set storage1 address "$m1"
ip link add bond0 type bond mode active-backup
ip link set storage1 down
ip link set storage1 master bond0
ip link set bond0 up
ok "a bond is named by its name" there tcp.bond0
is "$(cat /sys/class/net/bond0/address)" "$m1" "it has taken the address over"
ok "the NIC's record stands for the NIC" says tcp."$m1" "storage1 is a port of bond0"
ok "the bond's for the bond" says tcp.bond0 bond0
ip link del bond0
ip link del tagged
ok "gone: it is absent" wait_for '[ "$(state_of tcp.bond0)" = absent ]' 20
is "$(state_of tcp."$m0")" present "others are present"

# ---- replugged ----
lab-hotplug del nic 1
ok "pulled: it is absent" wait_for '[ "$(state_of tcp.$m1)" = absent ]' 20
lab-hotplug add nic 1 --bare
ok "plugged again: the same record" wait_for '[ "$(state_of tcp.$m1)" = present ]' 20
is "$(grep . $dir/tcp.$twin* $dir/tcp."$m0" $dir/tcp."$m1")" "$first" "no file was written again"

# ---- administrators ----
ok "an update" $A -m iface -I tcp."$m0" -o update -n iface.bind -v never
ok "one made by hand" $A -m iface -I mine -o new -n iface.hwaddress -v "$m1"
ok "one deleted" $A -m iface -I tcp."$m1" -o delete
rm $dir/tcp.tagged $dir/tcp.bond0
before=$(grep . $dir/*)
daemon_stop
daemon_start
sleep 2
is "$(grep . $dir/*)" "$before" "a restart changes nothing: the one made by hand stands for the NIC"
ok "the update holds" says tcp."$m0" never
$A -m iface -I mine -o delete
lab-hotplug del nic 1
lab-hotplug add nic 1 --bare
ok "without it the NIC has its record again when it is plugged" there tcp."$m1"
$A -m iface -I mine -o new -n iface.hwaddress -v "$m1"
ok "one made by hand later counts" says tcp."$m1" mine
suite_done
