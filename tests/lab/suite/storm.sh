# SPDX-License-Identifier: GPL-3.0-or-later
# storm.sh EVENTS [SEED]: random events (NICs pulled and plugged, renamed, down and up; cables, addresses, routes) on three NICs while fio
# with verify runs on the disk behind a fourth. Then everything is brought up, and must be what a fresh start makes of it.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
target=iqn.2026-11.org.openhba.lab:storm
events=$1 seed=${2:-$(date +%N | sed 's/^0*//')}
diag "seed $seed"

# random N: 0 to N - 1 in $r
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	r=$((seed / 65536 % $1))
}

# event NIC-NUMBER KIND: one of them; what is not possible right now is left out
event() {
	local nic
	nic=$(lab_find_nic 0 $1)
	case $2 in
	0) if [ -n "$nic" ]; then lab-hotplug del nic $1; else lab-hotplug add nic $1; fi ;;
	1) if [ -n "$nic" ]; then lab-hotplug del nic $1; else lab-hotplug add nic $1 --bare; fi ;;
	2 | 3) lab-hotplug link nic $1 $([ "$(cat /sys/class/net/${nic:-none}/carrier)" = 1 ] && echo down || echo up) ;;
	4) ip link set $nic down && ip link set $nic name $([ $nic = x$1 ] && echo nic$1 || echo x$1) && ip link set $nic up ;;
	5) ip link set $nic down ;;
	6) ip link set $nic up ;;
	7) ip addr del 10.9.$1.10/24 dev $nic ;;
	8 | 9) ip addr replace 10.9.$1.10/24 dev $nic ;;
	10) ip route del 10.9.$1.0/24 dev $nic ;;
	11) ip route replace 10.9.$1.0/24 dev $nic src 10.9.$1.10 ;;
	esac >/dev/null 2>&1
}

# whole NIC-NUMBER: brings it up, whatever became of it
whole() {
	local nic
	[ -n "$(lab_find_nic 0 $1)" ] || lab-hotplug add nic $1
	wait_for "lab_find_nic 0 $1 >/dev/null" 20
	udevadm settle
	nic=$(lab_find_nic 0 $1)
	lab-hotplug link nic $1 up
	[ "$nic" = nic$1 ] || { ip link set $nic down && ip link set $nic name nic$1; }
	ip link set nic$1 up && ip addr replace 10.9.$1.10/24 dev nic$1 && ip route replace 10.9.$1.0/24 dev nic$1 src 10.9.$1.10
}

# twins: sessions that are there twice
twins() {
	local s name portal
	for s in /sys/class/iscsi_session/session*; do
		{ read -r name <"$s/ifacename" && read -r portal </sys/class/iscsi_connection/connection"${s##*session}":0/persistent_address; } 2>/dev/null &&
			echo "$name $portal"
	done | sort | uniq -d
}

# picture FOLDER: iface files, records and all that the kernel says of the sessions
picture() {
	local s n
	mkdir -p $1
	cp -r /etc/iscsi/ifaces $1/ifaces
	$A -m node -o show -S | grep -v '^# BEGIN\|^# END' >$1/records
	for n in 0 1 2 3; do
		s=/sys/class/iscsi_session/session$(sid_at $n)
		grep -s '' $s/* /sys/class/iscsi_connection/connection${s##*session}:0/* | sed 's|.*/||' |
			grep -v '^\(uevent\|creator\|local_port\|exp_statsn\|target_id\|generation\):' | sed "s/^/$n /"
	done >$1/sessions
}

ok "a target on four segments" target_make $target 0 1 2 3
manage 'nic*'
# A port that flaps this much would be left alone for minutes.
echo 'iface.flap_hold = 1' >>/etc/iscsi/iscsid.conf
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "four sessions" wait_for 'sleep 0.2; all_at 0 1 2 3' 30
picture /tmp/begin
fio_start /dev/"$(disk_of "$(sid_at 0)")" 100000 --rate_iops=20
done=0 doubled=
while [ $done -lt "$events" ]; do
	random 3
	nic=$((r + 1))
	random 12
	event $nic $r || continue
	done=$((done + 1))
	doubled=$doubled$(twins)
	random 8
	sleep 0.$r
	[ $r != 0 ] || sleep 3
done
is "$doubled" "" "$events events, and never two sessions for one binding"
diag "$(grep -c 'its port is lost' /tmp/iscsid.log) sessions lost with their port, $(grep -c 'its port is back' /tmp/iscsid.log) returned"
ok "fio is still running" kill -0 $fio_pid
for nic in 1 2 3; do whole $nic; done
diag "all is up again after $(until_ms 'sleep 0.2; all_at 0 1 2 3' 90) ms"
ok "four sessions" all_at 0 1 2 3
diag "$(map)"
kill -INT $fio_pid
wait $fio_pid
ok "fio with verify saw no error" grep -q '"error" : 0,' /tmp/fio.json
diag "its longest I/O took $(fio_longest) ms"
picture /tmp/end
ok "all is as it was before" diff -r /tmp/begin /tmp/end

$A -m node --logout >/dev/null
daemon_stop
mv /etc/iscsi/iscsid.conf /etc/iscsi/initiatorname.iscsi /tmp/
rm -rf /etc/iscsi/* /run/iscsid /run/lock/iscsi/*
mv /tmp/iscsid.conf /tmp/initiatorname.iscsi /etc/iscsi/
daemon_start
ok "a fresh start: discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "a fresh start: four sessions" wait_for 'sleep 0.2; all_at 0 1 2 3' 30
picture /tmp/fresh
ok "all is as a fresh start makes it" diff -r /tmp/end /tmp/fresh
[ $tap_failed = 0 ] || cp /tmp/iscsid.log /out/
suite_done
