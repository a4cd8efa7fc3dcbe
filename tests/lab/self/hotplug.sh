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
done_testing
