# SPDX-License-Identifier: GPL-3.0-or-later
# class-sysfs.sh: our transport class shows in sysfs what the kernel's own does, file by file: name, mode, owner, text. One after the
# other they carry sessions of the kernel's iscsi_tcp, logged in and lost, and an adapter without hardware that has every attribute.
# shellcheck shell=dash disable=SC1091,SC2012
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0
modules=/lib/modules/$(uname -r)

# one FOLDER: its files, without what differs from session to session and boot to boot
one() {
	ls -ln "$1/" | awk -v folder="$1" '$1 ~ /^-/ { print folder "/" $NF, $1, $3, $4 }'
	grep -sH '' "$1"/* | sed -E 's#/(creator|exp_statsn|local_port|handle):-?[0-9]+$#/\1:N#'
}

show() {
	for folder in /sys/class/iscsi_*/* /sys/bus/iscsi_flashnode/devices/*; do
		[ -d "$folder" ] && one "$folder"
	done | sed -E 's/(host|iface-|flashnode_sess-|flashnode_conn-)[0-9]+/\1H/; s/(HOST|host)[0-9]+/hostH/g' | sort
}

# states: what a session is in, for all of them. settled: and they do not change any more, as each of them does by itself.
states() { grep -s '' /sys/class/iscsi_session/*/state /sys/class/iscsi_session/*/target_state /sys/class/iscsi_connection/*/state; }
settled() {
	states >/tmp/states
	sleep 1
	states | cmp -s - /tmp/states
}
mkfifo /tmp/card

# live CLASS: everything comes to life on that class and goes again; /tmp/CLASS.* is what sysfs said
live() {
	ok "$1: the class" insmod "$2"
	modprobe lab_card
	daemon_start
	$A -m discovery -t st -p 127.0.0.1 >/dev/null
	ok "$1: login" $A -m node -T $target -p 127.0.0.1 --login
	rm -f /tmp/gate.out
	/in/gate live </tmp/card >/tmp/gate.out &
	gate=$!
	# as long as this is open
	exec 9>/tmp/card
	wait_for '[ -s /tmp/gate.out ]'
	wait_for settled 20
	show >/tmp/"$1".alive
	exec 9>&-
	wait $gate
	is $? 0 "$1: sessions of the adapter"
	udevadm monitor --kernel --property >/tmp/"$1".uevents &
	monitor=$!
	wait_for "[ -s /tmp/$1.uevents ]"
	echo 0 >$LIO/iscsi/$target/tpgt_1/enable
	ok "$1: a connection is lost" wait_for 'grep -q FAILED /sys/class/iscsi_session/*/state' 30
	wait_for settled 20
	states >/tmp/"$1".lost
	echo 1 >$LIO/iscsi/$target/tpgt_1/enable
	ok "$1: and comes back" wait_for 'grep -q LOGGED_IN /sys/class/iscsi_session/*/state' 60
	wait_for settled 20
	[ "$1" = kernel ] || wait_for "grep -q '^ISCSI_STATE=LOGGED_IN' /tmp/$1.uevents"
	kill $monitor
	$A -m node --logout >/dev/null
	daemon_stop
	rmmod lab_card
	rmmod iscsi_tcp libiscsi_tcp libiscsi
	ok "$1: the class goes" rmmod scsi_transport_iscsi
}

modprobe scsi_mod
live kernel "$modules/kernel/drivers/scsi/scsi_transport_iscsi.ko"
live ours "$modules/updates/scsi_transport_iscsi.ko"
generations=$(grep -c '/generation:' /tmp/ours.alive)
sed -i '/\/generation[: ]/d' /tmp/ours.alive
ok "there is enough to compare" test "$(wc -l </tmp/kernel.alive)" -gt 600
is "$generations" 5 "ours counts the changes of states of sessions and connections"
diff /tmp/kernel.alive /tmp/ours.alive >/tmp/alive.diff
is "$(cat /tmp/alive.diff)" "" "the same files, modes, owners and texts"
is "$(cat /tmp/ours.lost)" "$(cat /tmp/kernel.lost)" "the same of a session that was lost"
is "$(grep -c '^ISCSI_STATE=' /tmp/kernel.uevents)" 0 "the kernel's own tells nobody of states"
is "$(grep '^ISCSI_STATE=' /tmp/ours.uevents | grep -v '=[a-z]' | tr '\n' ' ')" "ISCSI_STATE=FAILED ISCSI_STATE=LOGGED_IN " "ours tells of the session's"
ok "and of the connection's" grep -q '^ISCSI_STATE=failed' /tmp/ours.uevents
suite_done
