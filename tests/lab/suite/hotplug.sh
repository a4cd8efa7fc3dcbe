# SPDX-License-Identifier: GPL-3.0-or-later
# A NIC is added, gets an address, loses cable, address, is pulled and plugged: what is behind it is logged in to within a second of the
# event, without anybody asking, and comes back as it was. Meant for --icount: the clock counts instructions and idle time.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
target=iqn.2026-11.org.openhba.lab:hotplug

# watch_login NIC-NUMBER, watch_loss NIC-NUMBER: leave the time in /tmp/in.N, /tmp/out.N; within_second SINCE-NS FILE RESULT DESCRIPTION
watch_login() {
	rm -f /tmp/in."$1"
	{ wait_for "sleep 0.01; [ \"\$(state_at $1)\" = LOGGED_IN ]" 60 && now_ns >/tmp/in."$1"; } &
}
watch_loss() {
	rm -f /tmp/out."$1"
	{ wait_for "sleep 0.01; [ \"\$(state_at $1)\" != LOGGED_IN ]" 60 && now_ns >/tmp/out."$1"; } &
}
within_second() {
	local ms
	wait_for "[ -s $2 ]" 60
	ms=$((($(cat "$2") - $1) / 1000000))
	ok "$4: $ms ms" [ -s "$2" -a $ms -le 1000 ]
	echo "RESULT $3 1 $(($(cat "$2") - $1))"
}
# event_ns ACTION: when the kernel told of this last (a NIC has another name when it is added)
event_ns() {
	awk -v action="$1" '$2 == action && /net\/(eth|nic)[0-9]* / { gsub(/.*\[|\]/, "", $1); at = $1 } END { printf "%.0f\n", at * 1000000000 }' /tmp/uevents
}

tmo() { grep -H . /sys/class/iscsi_session/session*/recovery_tmo; }

ok "a target on three segments" target_make $target 0 1 2
manage 'nic*'
udevadm monitor -k -s net >/tmp/uevents 2>&1 &
monitor_pid=$!
# What NetworkManager or networkd would do about nic1
mkdir -p /etc/udev/rules.d
echo 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="52:54:09:00:00:01", RUN+="/usr/sbin/nic1-up"' >/etc/udev/rules.d/99-address.rules
printf '#!/bin/sh\nip addr add 10.9.1.10/24 dev nic1\nip link set nic1 up\n' >/usr/sbin/nic1-up
chmod +x /usr/sbin/nic1-up
udevadm control --reload
daemon_start
ok "discovery through the one NIC" $A -m discovery -t sendtargets -p 10.9.0.1
ok "its session is there" wait_for 'sleep 0.2; all_at 0' 20

watch_login 1
ok "nic1 is plugged" lab-hotplug add nic 1 --bare
wait_for '[ -s /tmp/in.1 ]' 60
within_second "$(event_ns add)" /tmp/in.1 nic-added "from the kernel's event of nic1 to LOGGED_IN"
ok "plug nic2, which gets no address" lab-hotplug add nic 2 --bare
wait_for '[ -e /sys/class/net/nic2 ]'
ip link set nic2 up
sleep 1
is "$(state_at 2)" "" "so nothing is behind it"
watch_login 2
from=$(now_ns)
ip addr add 10.9.2.10/24 dev nic2
within_second "$from" /tmp/in.2 address-added "from its address to LOGGED_IN"
ok "three sessions, on three NICs" all_at 0 1 2
for n in 0 1 2; do ok "what session $n reads comes over nic$n" own_nic "nic0 nic1 nic2" $n; done
disks >/tmp/disks
map >/tmp/map
tmo >/tmp/tmo
diag "$(cat /tmp/map)"

ip addr del 10.9.2.10/24 dev nic2
from=$(now_ns)
watch_loss 2
within_second "$from" /tmp/out.2 address-lost "from the loss of its address to the loss of the session"
disk=$(disk_of "$(sid_at 2)")
from=$(now_ms)
dd if=/dev/"$disk" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
ok "its disk fails at once, in $(($(now_ms) - from)) ms" [ $(($(now_ms) - from)) -lt 1000 ]
# DefaultTime2Wait: two seconds after the loss of a connection nobody may log in again.
sleep 3
watch_login 2
from=$(now_ns)
ip addr add 10.9.2.10/24 dev nic2
within_second "$from" /tmp/in.2 address-added "from its new address to LOGGED_IN"

watch_loss 2
lab-hotplug link nic 2 down
wait_for '[ "$(cat /sys/class/net/nic2/carrier)" = 0 ]'
within_second "$(now_ns)" /tmp/out.2 carrier-lost "from the loss of the carrier to the loss of the session"
sleep 20
is "$(state_at 1)" LOGGED_IN "the other NIC has nothing to do with it"
watch_login 2
lab-hotplug link nic 2 up
wait_for '[ "$(cat /sys/class/net/nic2/carrier)" = 1 ]'
within_second "$(now_ns)" /tmp/in.2 carrier-back "from the carrier to LOGGED_IN"

watch_loss 1
ok "nic1 is pulled" lab-hotplug del nic 1
within_second "$(event_ns remove)" /tmp/out.1 nic-pulled "from the kernel's event of its removal to the loss of the session"
sleep 20
daemon_kill
daemon_start
ok "iscsid dies meanwhile, and starts: the others are as they were" [ "$(state_at 0) $(state_at 2)" = "LOGGED_IN LOGGED_IN" ]
sleep 3
watch_login 1
ok "nic1 is plugged again" lab-hotplug add nic 1 --bare
wait_for '[ -s /tmp/in.1 ]' 60
within_second "$(event_ns add)" /tmp/in.1 nic-added "from the kernel's event of nic1 to LOGGED_IN"
disks >/tmp/disks.now
map >/tmp/map.now
tmo >/tmp/tmo.now
ok "the same recovery time-outs" diff /tmp/tmo /tmp/tmo.now
ok "the same sessions with the same disks" diff /tmp/disks /tmp/disks.now
ok "on the same NICs" diff /tmp/map /tmp/map.now

ok "the administrator logs out of one" $A -m node -p 10.9.2.1 --logout
ip addr del 10.9.2.10/24 dev nic2
sleep 1
ip addr add 10.9.2.10/24 dev nic2
sleep 5
ok "which stays so when its address comes back" all_at 0 1
ok "until it is logged in to by hand" $A -m node -p 10.9.2.1 --login
ok "three sessions" all_at 0 1 2
kill $monitor_pid
cp /tmp/iscsid.log /out/
suite_done
