# SPDX-License-Identifier: GPL-3.0-or-later
# The commands whose answers by open-iscsi 2.1.8 are kept in tests/golden/stock, in the order and on the targets they were taken
# with. Judges nothing: that is for `run` beside this file.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/golden.sh

T0=iqn.2026-01.lab:t0 T1=iqn.2026-01.lab:t1 CHAP=iqn.2026-01.lab:chap

# content FILE: its first line in $text, with a process only where there is none
content() {
	IFS= read -r text <"$1" 2>/dev/null || text=$(cat "$1" 2>/dev/null) || text=unreadable
}

# attributes FOLDER: mode, name and content of its files
attributes() {
	stat -c '%F|%a %n' "$1"/* | grep '^regular' | while read -r line; do
		file=/${line#*/} mode=${line%% /*}
		case $file in */dh_state | */inquiry | */vpd_pg* | /sys/bus/*/uevent) continue ;; esac
		content "$file"
		echo "${mode##*|} ${file##*/}: $text"
	done
}

sysfs_classes() {
	for class in host session connection transport; do
		for dir in /sys/class/iscsi_$class/*; do
			echo "== $dir -> $(readlink -f "$dir")"
			attributes "$dir"
		done
	done
}

sysfs_scsi() {
	for dir in /sys/class/scsi_host/host* /sys/bus/scsi/devices/[0-9]*; do
		case $(readlink -f "$dir") in
		*/session* | */platform/host*) echo "== $dir" && attributes "$dir" ;;
		esac
	done
	for file in /sys/block/sda/queue/*; do
		[ -f "$file" ] && content "$file" && echo "$file: $text"
	done
	for file in /sys/module/iscsi_tcp/parameters/* /sys/module/libiscsi*/parameters/* /sys/module/scsi_transport_iscsi/parameters/*; do
		content "$file"
		echo "$file $(stat -c %a "$file") $text"
	done
}

# watched NAME COMMAND...: the events of the kernel and of udev while it runs
watched() {
	w_file=$OUT/uevents-$1.txt
	shift
	udevadm settle -t 60
	udevadm monitor --kernel --udev --property >"$w_file" &
	w_pid=$!
	wait_for 'grep -q "^KERNEL - " $w_file' 10
	"$@"
	sleep 2
	udevadm settle -t 60
	kill $w_pid
	wait $w_pid
}

# records FOLDER: /etc/iscsi, with the records as open-iscsi keeps them
records() {
	cp -a /etc/iscsi "$1"
	if [ "$LAB_TOOLS" = ours ]; then
		rm -rf /tmp/exported
		q $A -m store -o export --directory /tmp/exported
		cp -a /tmp/exported/* "$1"
	fi
}

arguments() {
	g bad-mode $A -m bogus
	g bad-op $A -m node -o bogus
	g bad-option $A -Z
	g bad-option-long $A --bogus
	g disc-noportal $A -m discovery -t st
	g iscsistart-version iscsistart -v
}

without_daemon() {
	q $A -k 0
	wait_for '! pidof iscsid >/dev/null' 10
	q $A -m node -T iqn.x:y -p 127.0.0.9:3260,1 -o new
	g nodaemon-login timeout 60 $A -m node -T iqn.x:y -p 127.0.0.9 -l
	g nodaemon-discovery timeout 60 $A -m discovery -t st -p 127.0.0.1
	g nodaemon-delete $A -m node -T iqn.x:y -o delete
}

nothing_stored() {
	g empty-discovery $A -m discovery
	g empty-discovery-P1 $A -m discovery -P 1
	g empty-discoverydb $A -m discoverydb
	g empty-session $A -m session
	g empty-session-P3 $A -m session -P 3
	g empty-host $A -m host
	g empty-host-P4 $A -m host -P 4
	g empty-iface $A -m iface
	g empty-flashnode $A -m flashnode
	g empty-loginall $A -m node --loginall=all
	g empty-logoutall $A -m node --logoutall=all
	g session-none-P3 $A -m session -P 3
	g session-none-rescan $A -m session --rescan
	g session-none-stats $A -m session -s
	g fw-login-none $A -m fw -l
	g disc-fw $A -m discovery -t fw
}

discoveries() {
	g disc-st $A -m discovery -t st -p 127.0.0.1
	g disc-st-v6 $A -m discovery -t st -p '[::1]:3260'
	g disc-st-P1 $A -m discovery -t st -p 127.0.0.1 -P 1
	g disc-st-I-default $A -m discovery -t st -p 127.0.0.1 -I default
	g disc-st-nonpersistent $A -m discovery -t st -p 127.0.0.1 -o nonpersistent
	g disc-refused $A -m discovery -t st -p 127.0.0.1:4000
	q $A -m discovery -t st -p no.such.host.invalid
	g disc-isns-refused $A -m discovery -t isns -p 127.0.0.1
	g disc-st-again $A -m discovery -t sendtargets -p 127.0.0.1:3260
	g discovery-P0 $A -m discovery -P 0
	g discovery-P1 $A -m discovery -P 1
	g discovery-P2 $A -m discovery -P 2
	g discoverydb $A -m discoverydb
	g discoverydb-P1 $A -m discoverydb -P 1
	set -- $A -m discoverydb -t st -p
	g discoverydb-show "$@" 127.0.0.1:3260 -o show
	g discoverydb-D "$@" 127.0.0.1:3260 -D
	records $OUT/db
	g discoverydb-new "$@" 127.0.0.1:3261 -o new
	q "$@" 127.0.0.1:3261 -o update -n discovery.sendtargets.auth.authmethod -v CHAP
	g discoverydb-show2 "$@" 127.0.0.1:3261 -o show
	g discoverydb-delete "$@" 127.0.0.1:3261 -o delete
	g node $A -m node
	g node-P0 $A -m node -P 0
	g node-P1 $A -m node -P 1
	g node-P2 $A -m node -P 2
	g node-show-all $A -m node -o show
	g node-T $A -m node -T $T0
	g node-p $A -m node -p 127.0.0.1:3261
}

new_nodes() {
	g node-new $A -m node -T iqn.x:manual -p 10.1.2.3:3260,1 -o new
	g node-new-again $A -m node -T iqn.x:manual -p 10.1.2.3:3260,1 -o new
	g node-new-notpgt $A -m node -T iqn.x:manual2 -p 10.1.2.3 -o new
	g node-new-v6 $A -m node -T iqn.x:v6 -p '[fe80::1]:3260' -o new
	g node-new-noportal $A -m node -T iqn.x:np -o new
	set -- $A -m node -T iqn.x:manual -o update
	g node-update "$@" -n node.startup -v automatic
	g node-update-multi "$@" -n node.session.queue_depth -v 64 -n node.session.cmds_max -v 256
	g node-show-manual $A -m node -T iqn.x:manual -o show
	g node-update-badname "$@" -n node.bogus -v 1
	g node-update-badval "$@" -n node.session.queue_depth -v zzz
	g node-update-noname "$@"
	g node-update-ro "$@" -n node.name -v foo
	g node-delete $A -m node -T iqn.x:manual2 -o delete
	g node-delete-v6 $A -m node -T iqn.x:v6 -o delete
	g node-none-delete $A -m node -T iqn.none -o delete
	g node-none-login $A -m node -T iqn.none -l
	g node-none-logout $A -m node -T iqn.none -u
}

logins() {
	watched login g login $A -m node -T $T0 -p 127.0.0.1:3260 --login
	g login-dup $A -m node -T $T0 -p 127.0.0.1:3260 --login
	q $A -m node -T $T0 -p 127.0.0.1:3261 -l
	g login-t1-W $A -m node -T $T1 -p 127.0.0.1:3260 -l -W
	wait_for 'state | grep -q ":t1 "' 20
	q $A -m node -T $T0 -p '[::1]:3260' -l
	q $A -m node -T $CHAP -p 127.0.0.1:3260 -l
	q $A -m node -T $CHAP -o update -n node.session.auth.authmethod -v CHAP -n node.session.auth.username -v user1 \
		-n node.session.auth.password -v wrongsecret12
	g login-chap-wrong $A -m node -T $CHAP -p 127.0.0.1:3260 -l
	q $A -m node -T $CHAP -o update -n node.session.auth.password -v secret123456
	g login-chap-ok $A -m node -T $CHAP -p 127.0.0.1:3260 -l
	g node-show-chap-S $A -m node -T $CHAP -o show -S
	for name in refused:127.0.0.1:4001,1 wrongname:127.0.0.1:3260,1; do
		q $A -m node -T "iqn.${name%%:*}" -p "${name#*:}" -o new
		q $A -m node -T "iqn.${name%%:*}" -o update -n node.session.initial_login_retry_max -v 1
		q $A -m node -T "iqn.${name%%:*}" -l
	done
	g loginall-onboot $A -m node -L onboot
	udevadm settle -t 60
	wait_for 'disks 8' 30
}

disks() {
	set -- "$1" /sys/block/sd*
	[ $(($# - 1)) = "$1" ]
}

sessions() {
	g session $A -m session
	for level in 0 1 2 3 4; do g session-P$level $A -m session -P $level; done
	g session-P3-S $A -m session -P 3 -S
	g session-r1 $A -m session -r 1
	g session-r1-show $A -m session -r 1 -o show
	g session-r1-stats $A -m session -r 1 --stats
	g session-r-sysfs $A -m session -r /sys/class/iscsi_session/session1 -P 1
	g session-r-bad $A -m session -r bogus
	g session-stats $A -m session -s
	g session-rescan $A -m session --rescan
	g node-rescan $A -m node -T $T1 -R
	for level in 0 1 2 3; do g host-P$level $A -m host -P $level; done
	g host-H0-stats $A -m host -H 0 -C stats
	g host-H0-flashnode $A -m host -H 0 -C flashnode
	g session-update $A -m session -r 1 -o update -n node.session.timeo.replacement_timeout -v 30
	g session-delete $A -m session -r 1 -o delete
	g session-new $A -m session -r 1 -o new
	udevadm settle -t 60
	wait_for 'disks 10' 30
	for name in sysfs-classes sysfs-scsi; do
		echo "= $name"
		state
	done >>$OUT/map
	sysfs_classes >$OUT/sysfs-classes.txt
	sysfs_scsi >$OUT/sysfs-scsi.txt
	g node-update-active $A -m node -T $T0 -p 127.0.0.1:3260 -o update -n node.session.timeo.replacement_timeout -v 60
	{ echo "total 0" && ls -l /dev/disk/by-path | grep iscsi; } >$OUT/by-path.txt
}

logouts() {
	watched logout g logout-r $A -m session -r 1 -u
	g logout-Tp $A -m node -T $T0 -p 127.0.0.1:3261 -u
	g logout-T $A -m node -T $T0 --logout
	for portal in '[::1]:3260' 127.0.0.1:3261 127.0.0.1:3260; do q $A -m node -T $T0 -p "$portal" -l; done
	g logoutall-manual $A -m node --logoutall=manual
	g logoutall $A -m node --logoutall=all
	set -- $A -m node -T $T0 -p 127.0.0.1:3260
	q "$@" -o update -n node.session.nr_sessions -v 2
	g node-nr2-login "$@" -l
	g node-nr2-P1 $A -m session -P 1
	q "$@" -u
	q "$@" -o update -n node.session.nr_sessions -v 1
	strace -f -q -xx -s 64 -e trace=sendto,sendmsg -e write=all -p "$(pidof iscsid | tr ' ' ,)" 2>$OUT/strace-iscsid-login.txt &
	tracer=$!
	sleep 1
	q $A -m node -T $T1 -l
	q $A -m node -T $T1 -u
	kill -INT $tracer
	wait $tracer
}

interfaces() {
	# A NIC from which the portal cannot be reached; its neighbours are given up soon
	ip link add v0 type veth peer name v1
	ip addr add 192.0.2.1/24 dev v0
	ip link set v0 up
	ip link set v1 up
	sysctl -q -w net.ipv4.neigh.v0.mcast_solicit=1 net.ipv4.neigh.v0.retrans_time_ms=200
	q $A -m node -T $T1 -l
	set -- $A -m iface -I
	g iface $A -m iface
	g iface-P0 $A -m iface -P 0
	g iface-P1 $A -m iface -P 1
	g iface-show-none "$@" nope -o show
	g iface-delete-none "$@" if0 -o delete
	g iface-new "$@" if0 -o new
	g iface-update "$@" if0 -o update -n iface.net_ifacename -v v0
	g iface-new-again "$@" if0 -o new
	q "$@" if0 -o update -n iface.net_ifacename -v v0
	g iface-update-hw "$@" if0 -o update -n iface.initiatorname -v iqn.2026-01.lab:ini2
	g iface-update-bad "$@" if0 -o update -n iface.bogus -v v0
	g iface-show "$@" if0 -o show
	g iface-P0-if0 $A -m iface
	g disc-I-if0 timeout 60 $A -m discovery -t st -p 127.0.0.1 -I if0
	g node-P1-if0 $A -m node -P 1
	g iface-apply "$@" if0 -o apply
	g iface-applyall $A -m iface -H 0 -o applyall
	g iface-ping "$@" default -C ping -a 127.0.0.1 -b 32 -c 2 -i 1
	g iface-delete "$@" if0 -o delete
	records /tmp/later
	(cd /tmp/later && find nodes | LC_ALL=C sort) >$OUT/db-nodes-list.txt
	q $A -m discoverydb -t st -p 127.0.0.1:3260 -o delete
	g discoverydb-delete-st $A -m discoverydb -t st -p 127.0.0.1:3260 -o delete
	q $A -m node -u
	g node-delete-all $A -m node -o delete
}

# Two NICs and two portals in one subnet, the target in a network namespace of its own
two_nics() {
	rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets /etc/iscsi/*.db /etc/iscsi/ifaces/if*
	for name in $T0 $T1 $CHAP; do lio_remove "$name"; done
	ip netns add target
	sysctl -q -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	in_target ip link set lo up
	in_target ip link add br0 type bridge
	for i in 0 1; do
		ip link add nic$i type veth peer name t$i netns target
		ip addr add 10.9.0.1$i/24 dev nic$i
		ip link set nic$i up
		in_target ip link set t$i master br0 up
		in_target ip addr add 10.9.0.$((i + 1))/24 dev br0
	done
	in_target ip link set br0 up
	lio_target $T0 d0 10.9.0.1:3260 10.9.0.2:3260
	initiator_start
	sleep 2
	for i in 0 1; do
		g mn-iface-new$i $A -m iface -I if$i -o new
		q $A -m iface -I if$i -o update -n iface.net_ifacename -v nic$i
	done
	g mn-iface $A -m iface
	g mn-iface-P1-before $A -m iface -P 1
	g mn-disc $A -m discovery -t st -p 10.9.0.1
	g mn-disc-P1 $A -m discovery -P 1
	# One by one, so that the numbers are the same
	for portal in 10.9.0.2 10.9.0.1; do
		for name in if0 if1; do q $A -m node -p $portal -I $name -l; done
	done
	udevadm settle -t 60
	wait_for 'disks 4' 30
	for level in 0 2 3; do g mn-session-P$level $A -m session -P $level; done
	for level in 1 3; do g mn-host-P$level $A -m host -P $level; done
	g mn-ping $A -m iface -I if0 -C ping -a 10.9.0.1 -c 1
	g mn-iface-update-inuse $A -m iface -I if0 -o update -n iface.mtu -v 1500
	g mn-iface-delete-inuse $A -m iface -I if0 -o delete
	g mn-logout-if1 $A -m node -I if1 -u
	g mn-session-after $A -m session
	g mn-logout $A -m node -u
	g mn-iface-delete0 $A -m iface -I if0 -o delete
	g mn-node-P1-after $A -m node -P 1
}

modprobe iscsi_tcp
lio_init && lio_disk d0 16 && lio_disk d1 16 && lio_disk d2 16 || exit 1
for disk in d0 d1 d2; do echo sn-$disk >$LIO/core/rd_mcp_0/$disk/wwn/vpd_unit_serial; done
lio_target $T0 d0,d1 127.0.0.1:3260 127.0.0.1:3261 '[::1]:3260' && lio_target $T1 d1 127.0.0.1:3260 &&
	lio_target $CHAP d2 127.0.0.1:3260 && lio_chap $CHAP user1 secret123456 || exit 1

echo "# arguments" && arguments
initiator_start || exit 1
for part in nothing_stored discoveries new_nodes logins sessions logouts interfaces without_daemon two_nics; do
	echo "# $part $(now_ns)"
	$part
done
echo "# end $(now_ns)"
