# SPDX-License-Identifier: GPL-3.0-or-later
# Plugs a NIC that was not there, logs in through it, pulls it with the session on it, and plugs it again.
. /lab/env
. /lab/lib.sh

reachable() {
	ping -c 1 -W 5 -I "$1" "$2" && ping -6 -c 1 -W 5 "$3"
}

sessions() {
	ls /sys/class/iscsi_session | wc -l
}

is "$LAB_NICS" "nic0" "one NIC at the start"
ok "nic0 reaches its portal" reachable nic0 10.9.0.1 fd09::1
ok "plug nic1" lab-hotplug add nic 1
ok "nic1 is there" [ -e /sys/class/net/nic1 ]
ok "nic1 reaches its portal" reachable nic1 10.9.1.1 fd09:1::1
ok "a NIC that is there cannot be plugged" sh -c '! lab-hotplug add nic 1'
ok "a NIC without a slot cannot be plugged" sh -c '! lab-hotplug add nic 9'
ok "iscsid starts" initiator_start
ok "discovery over nic1" iscsiadm -m discovery -t sendtargets -p 10.9.1.1
ok "login over nic1" iscsiadm -m node -T "$LAB_TARGETS" -p 10.9.1.1:3260 --login
[ "$LAB_UDEV" = 0 ] || udevadm settle
is "$(sessions)" 1 "a session"
ok "pull nic1" lab-hotplug del nic 1
ok "nic1 is gone" [ ! -e /sys/class/net/nic1 ]
ok "plug nic1 again" lab-hotplug add nic 1
ok "nic1 reaches its portal again" reachable nic1 10.9.1.1 fd09:1::1
ok "logout" iscsiadm -m node -T "$LAB_TARGETS" -p 10.9.1.1:3260 --logout
ok "pull nic0" lab-hotplug del nic 0
ok "nic0 is gone" [ ! -e /sys/class/net/nic0 ]
ok "plug nic0 again" lab-hotplug add nic 0
ok "nic0 reaches its portal again" reachable nic0 10.9.0.1 fd09::1

ok "pull nic0's cable" lab-hotplug link nic 0 down
ok "no carrier" wait_for '[ "$(cat /sys/class/net/nic0/carrier)" = 0 ]'
ok "plug the cable" lab-hotplug link nic 0 up
ok "carrier" wait_for '[ "$(cat /sys/class/net/nic0/carrier)" = 1 ]'
ok "nic0 reaches its portal once more" reachable nic0 10.9.0.1 fd09::1
ok "a cable is up or down" sh -c '! lab-hotplug link nic 0 sideways'
ok "no cable without a NIC" sh -c '! lab-hotplug link nic 6 up'
ok "plug nic6 and no more" lab-hotplug add nic 6 --bare
udevadm settle 2>/dev/null
is "$(ip -br addr show dev "$(lab_find_nic 0 6)" | tr -s ' ' | cut -d ' ' -f 2-)" "DOWN " "it is down and has no address"
ok "its portals are there" [ -d "$LIO/iscsi/$LAB_TARGETS/tpgt_1/np/10.9.6.1:3260" ]
ok "given its addresses" lab_nic_up 6
ok "nic6 reaches its portal" reachable nic6 10.9.6.1 fd09:6::1
ok "modules of virtual NICs" modprobe -a bonding vrf macvlan dummy veth 8021q bridge
done_testing
