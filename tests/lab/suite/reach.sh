# SPDX-License-Identifier: GPL-3.0-or-later
# Which portal is bound to which iface: two NICs with iface.bind = reachable and a target with portals on both segments, v4 and v6.
# Routes, gateways, policy routing, VRF, a bond, link-local addresses, lost and found portals; what is deleted by hand stays so.
# shellcheck shell=dash disable=SC1091,SC2016
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0
# shellcheck disable=SC2086  # a list of names
set -- $LAB_NICS
nic0=$1 nic1=$2

# pairs: "PORTAL IFACE" of each record, or of a discovery's tree on stdin; portals that nobody is bound to have no iface
flatten() { awk '/Portal:/ { if (p && !n) print p; p = $2; n = 0; sub(/,[-0-9]+$/, "", p) } /Iface Name:/ { print p, $3; n++ } END { if (p && !n) print p }' | sort; }
records() { $A -m node -P 1 2>/dev/null | flatten | tr '\n' ';'; }
would() { $A -m discovery -t st -p "${1:-10.9.0.1}" -o nonpersistent -P 1 2>&1 | flatten | tr '\n' ';'; }
managed() { $A -m iface -I "$1" -o new -n iface.hwaddress -v "$(cat /sys/class/net/"$2"/address)" -n iface.bind -v reachable; }
why() { $A -m iface -o explain -I "$1" -p "$2" --json | sed -n 's/.*"reason":"\([a-z-]*\)".*/\1/p' | tail -n 1; }
both="10.9.0.1:3260 m0;10.9.1.1:3260 m1;[fd09:1::1]:3260 m1;[fd09::1]:3260 m0;"
found() { $A -m store -o show | sed -n 's/Found portals: //p'; }

sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf."$nic0".rp_filter=0 net.ipv4.conf."$nic1".rp_filter=0 || :
daemon_start

ok "discovery without managed ifaces" $A -m discovery -t st -p 10.9.0.1
is "$(records | tr ';' '\n' | grep -c default)" 4 "everything is bound to default"
is "$(found)" "" "nothing is remembered"
ok "the discovery is forgotten" $A -m discovery -p 10.9.0.1 -o delete

ok "a managed iface for $nic0" managed m0 "$nic0"
ok "and for $nic1" managed m1 "$nic1"
$A -m discovery -t st -p 10.9.0.1 >/tmp/out 2>/tmp/err
is $? 0 "discovery at a portal that only $nic0 reaches"
is "$(cat /tmp/err)" "" "about $nic1 not a word"
is "$(wc -l </tmp/out)" 4 "a line for each portal"
is "$(records)" "$both" "each portal is bound to the NIC that reaches it"
is "$(found)" 4 "all of them are remembered"
ok "login" $A -m node --login
is "$(sessions)" 4 "four sessions"
for session in /sys/class/iscsi_session/session*; do
	address=$(cat /sys/class/iscsi_connection/connection"${session##*session}":0/persistent_address)
	case $(cat "$session/ifacename")$address in m010.9.0.1 | m110.9.1.1 | m0fd09::1 | m0fd09:0* | m1fd09:*1::1 | m1fd09:*1:*:1) fits=0 ;; *) fits=1 ;; esac
	ok "session at $address goes through $(cat "$session/ifacename")" test $fits = 0
done
ok "logout" $A -m node --logout

# What is deleted by hand stays deleted, what is discovered again comes back.
ip route add 10.9.1.0/24 via 10.9.0.1 dev "$nic0" metric 500
is "$(would)" "10.9.0.1:3260 m0;10.9.1.1:3260 m0;10.9.1.1:3260 m1;[fd09:1::1]:3260 m1;[fd09::1]:3260 m0;" "a gateway is a way, too"
ok "the plan sees the new route" wait_for '[ "$(records | tr ";" "\n" | grep -c 10.9.1.1:3260)" = 2 ]' 20
ok "one of two bindings is deleted" $A -m node -T $target -p 10.9.1.1 -I m0 -o delete
ip link add reach0 type dummy
sleep 2
is "$(records)" "$both" "and not made again"
ok "discovered again" $A -m discovery -t st -p 10.9.0.1
is "$(records | tr ';' '\n' | grep -c 10.9.1.1:3260)" 2 "it is back"
ip route del 10.9.1.0/24 via 10.9.0.1 dev "$nic0"
ok "deleted once more" $A -m node -T $target -p 10.9.1.1 -I m0 -o delete

# A NIC that is down keeps its records; what only it reaches is found, and bound when it is back.
ip link set "$nic1" down
is "$($A -m discovery -t st -p 10.9.0.1 2>&1 | wc -l)" 4 "discovery with $nic1 down: four lines"
is "$(records)" "$both" "its records stay"
ok "the target is deleted" $A -m node -T $target -o delete
is "$(found)" "" "nothing of it is remembered"
is "$(would)" "10.9.0.1:3260 m0;10.9.1.1:3260;[fd09:1::1]:3260;[fd09::1]:3260 m0;" "portals out of reach have no iface"
ok "discovered again" $A -m discovery -t st -p 10.9.0.1
is "$(records)" "10.9.0.1:3260 m0;[fd09::1]:3260 m0;" "two bindings"
ok "settings of the target" $A -m node -T $target -o update -n node.session.timeo.replacement_timeout -v 77
ip link set "$nic1" up
ip -6 addr replace fd09:1::10/64 dev "$nic1" nodad
ok "$nic1 is back: the daemon binds what was found" wait_for '[ "$(records)" = "$both" ]' 20
is "$($A -m node -T $target -p 10.9.1.1 -I m1 | sed -n 's/node.session.timeo.replacement_timeout = //p')" 77 "with the target's settings"
ok "the store is sound" $A -m store -o verify

# Policy routing: what the rules of the source address say counts.
ip route del 10.9.1.0/24 dev "$nic1"
is "$(would)" "10.9.0.1:3260 m0;10.9.1.1:3260;[fd09:1::1]:3260 m1;[fd09::1]:3260 m0;" "no route: the kernel's guess is none"
ip route add 10.9.1.0/24 dev "$nic1" table 101
ip rule add from 10.9.1.10 table 101
is "$(would)" "$both" "a rule for the source address leads to one"
ip rule add to 10.9.1.1 prohibit
is "$(would)" "10.9.0.1:3260 m0;10.9.1.1:3260;[fd09:1::1]:3260 m1;[fd09::1]:3260 m0;" "a rule prohibits it"
is "$($A -m iface -o explain -I m1 -p 10.9.1.1 | grep -c "^Bound: no, no route to 10.9.1.1 on $nic1")" 1 "and explain says so"
ip rule del to 10.9.1.1 prohibit
ip rule del from 10.9.1.10 table 101
ip route flush table 101
ip route add 10.9.1.0/24 dev "$nic1"

# VRF: the device's own tables. Discovery goes through m0, the login through the VRF.
if ip link add red type vrf table 102 2>/dev/null; then
	ip link set red up
	ip link set "$nic1" master red
	ip -6 addr replace fd09:1::10/64 dev "$nic1" nodad
	is "$(would)" "$both" "a NIC in a VRF"
	ok "login through the VRF" $A -m node -T $target -p 10.9.1.1 -I m1 --login
	is "$(cat /sys/class/iscsi_session/session*/ifacename)" m1 "by $nic1"
	ok "logout" $A -m node --logout
	ip link set "$nic1" nomaster
	ip -6 addr replace fd09:1::10/64 dev "$nic1" nodad
	ip link del red
fi

# A port of a bond is nobody's way.
modprobe bonding max_bonds=0 2>/dev/null || :
ip link set "$nic1" down
if ip link add bond9 type bond mode active-backup miimon 100 2>/dev/null && ip link set "$nic1" master bond9; then
	ip link set bond9 up
	wait_for '[ "$(cat /sys/class/net/bond9/carrier 2>/dev/null)" = 1 ]' 10
	ip addr add 10.9.1.10/24 dev bond9
	ok "an iface for the port alone" $A -m iface -I mp -o new -n iface.net_ifacename -v "$nic1" -n iface.bind -v reachable
	is "$(would)" "10.9.0.1:3260 m0;10.9.1.1:3260 m1;[fd09:1::1]:3260;[fd09::1]:3260 m0;" "the bond has the address of m1, a port of it is no way"
	is "$(why mp 10.9.1.1)" enslaved "and why"
	ip link del bond9
	$A -m iface -I mp -o delete >/dev/null
fi
ip link set "$nic1" up
ip addr replace 10.9.1.10/24 dev "$nic1"
ip -6 addr replace fd09:1::10/64 dev "$nic1" nodad

# Link-local: on every link, unless a scope says which is meant.
wait_for 'ip -6 addr show dev "$nic1" scope link -tentative | grep -q fe80' 10
is "$(why m1 'fe80::1')" route "a link-local portal is on the link of m1"
is "$(why m0 'fe80::1')" route "and on that of m0"
is "$(why m0 "fe80::1%$nic0")" route "with the scope of $nic0 on that of m0"
is "$(why m1 "fe80::1%$nic0")" no-route "not on that of m1"

ok "-I is what it says: every portal through m0" $A -m discovery -t st -p 10.9.0.1 -I m0 -o nonpersistent
is "$($A -m discovery -t st -p 10.9.0.1 -I m0 -o nonpersistent -P 1 2>&1 | grep -c 'Iface Name: m0')" 4 "as told"

# The administrator's word.
ok "never" $A -m iface -I m1 -o update -n iface.bind -v never
is "$(would)" "10.9.0.1:3260 m0;10.9.1.1:3260;[fd09:1::1]:3260;[fd09::1]:3260 m0;" "is not bound"
ok "always" $A -m iface -I m1 -o update -n iface.bind -v always
is "$(would | tr ';' '\n' | grep -c m1)" 4 "is bound to all"
ok "disable" $A -m iface -I m1 -o update -n iface.state -v disable
is "$(would | tr ';' '\n' | grep -c m1)" 0 "is bound to none"
suite_done
