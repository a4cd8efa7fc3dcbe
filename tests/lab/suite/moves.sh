# SPDX-License-Identifier: GPL-3.0-or-later
# What else befalls a NIC: another address, a bridge, a network namespace, a cable that flaps, routes of a policy, IPv6, thousands of
# events about others. Its session is lost when nothing can leave from it, and returns with it; iscsid takes it calmly.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
target=iqn.2026-11.org.openhba.lab:moves
nic1=tcp.52:54:09:00:00:01

lost() { ok "$1: the session is lost" wait_for 'sleep 0.1; [ "$(state_at 1)" != LOGGED_IN ]'; }
back() {
	ok "$1: it is back" wait_for 'sleep 0.1; all_at 0 1' 20
	disks >/tmp/disks.now
	ok "$1: as it was" diff /tmp/disks /tmp/disks.now
}
says() { tail -n +$((seen + 1)) /tmp/iscsid.log | grep -c "$1"; }
ticks() { awk '{ print $14 + $15 }' /proc/"$daemon_pid"/stat; }

ok "a target on two segments" target_make $target 0 1
manage 'nic*'
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "two sessions" wait_for 'sleep 0.1; all_at 0 1' 20
disks >/tmp/disks
sleep 3

ip link set nic1 down
lost "down"
sleep 3
ip link set nic1 address 02:00:00:00:00:99
ip link set nic1 up
back "another hardware address"
sleep 3

ip link add br0 type bridge
ip link set nic1 master br0
lost "port of a bridge"
is "$($A -m iface -o explain -I $nic1 -p 10.9.1.1 | grep -c '^Bound: no.*br0')" 1 "port of a bridge: explain says so"
sleep 3
ip link set nic1 nomaster
back "out of the bridge"
ip link del br0
sleep 3

ip netns add elsewhere
ip link set nic1 netns elsewhere
lost "in another network namespace"
sleep 3
ip -n elsewhere link set nic1 netns 1
ip addr add 10.9.1.10/24 dev nic1
ip link set nic1 up
back "out of the namespace"
sleep 3

# A route that only a rule for the source address leads to, and IPv6
for n in 0 1; do in_target ip addr add 10.8.$n.1/32 dev lo; done
lio_target $target.far d0 10.8.1.1:3260 '[fd09:1::1]:3260'
ip addr replace fd09:1::10/64 dev nic1 nodad
ok "discovery at IPv6" $A -m discovery -t sendtargets -p '[fd09:1::1]:3260'
ok "the IPv6 portal is bound to the NIC that reaches it" wait_for "sleep 0.1; $A -m session | grep -q '\[fd09:1::1\]:3260.*far'" 20
is "$($A -m node -P 1 | grep -c 'Portal: 10.8.1.1')" 0 "nothing reaches the other portal"
ip route add 10.8.1.1 via 10.9.1.1 dev nic1 table 77
ip rule add from 10.9.1.10 table 77
ok "a rule and a route of its table: it is bound and logged in to" wait_for "sleep 0.1; $A -m session | grep -q '10.8.1.1:3260.*far'" 20
is "$(grep -h . /sys/class/iscsi_session/*/ifacename | sort | uniq -c | xargs)" "1 tcp.52:54:09:00:00:00 3 $nic1" "through this NIC alone"
ok "logout" $A -m node -T $target.far --logout
ip rule del from 10.9.1.10 table 77

# Thousands of events about something else
seen=$(wc -l </tmp/iscsid.log)
from=$(ticks)
i=0
{
	echo "link add dummy9 type dummy"
	while [ $i -lt 1000 ]; do
		i=$((i + 1))
		echo "addr add 192.168.$((i / 250)).$((i % 250))/32 dev dummy9"
		echo "addr del 192.168.$((i / 250)).$((i % 250))/32 dev dummy9"
	done
	echo "link del dummy9"
} >/tmp/batch
ip -batch /tmp/batch
sleep 1
diag "2000 events took iscsid $((($(ticks) - from) * 10)) ms"
ok "2000 events cost little" test $(($(ticks) - from)) -le 100
ok "and few lines in the log" test $(($(wc -l </tmp/iscsid.log) - seen)) -le 60
ok "the sessions know nothing of it" all_at 0 1

# A cable that flaps: after five losses the port must be steady for a while
seen=$(wc -l </tmp/iscsid.log)
i=0
while [ $i -lt 7 ]; do
	i=$((i + 1))
	lab-hotplug link nic 1 down
	sleep 1
	lab-hotplug link nic 1 up
	sleep 3
done
is "$(says 'not used until it has been steady')" 1 "a flapping port is held back, which is said once"
ok "explain says so" sh -c "$A -m iface -o explain -I $nic1 | grep -q '^Held back: the port was lost too often'"
is "$(state_at 0)" LOGGED_IN "the other session"
ok "it is used again when it has been steady, $(until_ms 'sleep 0.2; all_at 0 1' 90) ms later" all_at 0 1
disks >/tmp/disks.now
ok "with the same disks" diff /tmp/disks /tmp/disks.now
cp /tmp/iscsid.log /out/
suite_done
