# SPDX-License-Identifier: GPL-3.0-or-later
# hba-ours.sh [PART...]: what an emulated HBA under this tree's driver has to stand that the distribution's does not: sessions of user space that
# end, ports that are unbound and cards that are pulled under I/O, or fall out, the driver unloaded again and again, answers that come at once
# or never, sleep, errors of the bus, the end of the machine (reboot, poweroff: the last part).
# shellcheck shell=dash disable=SC1091,SC2154,SC2317,SC2086,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# busy: every disk is read and written, whatever comes, until quiet
busy() {
	rm -f /tmp/stop
	for disk in $(disks_of "$(port_sids 0 "$plain")"); do
		while [ ! -e /tmp/stop ] && [ -e "/dev/$disk" ]; do
			fio --name=b --filename=/dev/"$disk" --allow_file_create=0 --direct=1 --ioengine=libaio --iodepth=16 --rw=randrw \
				--bs=16k --size=16m --time_based --runtime=5 >/dev/null 2>&1 || sleep 0.1
		done &
	done
	sleep 2
}
quiet() {
	touch /tmp/stop
	wait
}

# at_once SECONDS COMMAND...: which takes no longer
at_once() {
	local limit=$1 began
	shift
	began=$(date +%s)
	"$@" || return
	[ $(($(date +%s) - began)) -le "$limit" ]
}

part_logout() {
	daemon_start
	iface=$(iface_of 0)
	ok "a record" $A -m node -o new -T "$guarded" -p 10.10.0.1:3260,1 -I "$iface"
	setting "$guarded" node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123
	for round in 1 2 3; do
		ok "round $round: login" $A -m node -T "$guarded" -p 10.10.0.1 -I "$iface" --login
		ok "round $round: its disks" session_ready 0 "$guarded" 1
		ok "round $round: logout" at_once 20 $A -m node -T "$guarded" -p 10.10.0.1 -I "$iface" --logout
		is "$(port_sids 0 "$guarded")" "" "round $round: the session is gone"
	done
	ok "the session of the flash is still there" session_ready 0 "$plain" 1
	daemon_stop
}

part_unbind() {
	device=$(basename "$(readlink -f "/sys/class/scsi_host/host$(host_of 0)/device/..")")
	for round in 1 2; do
		busy
		ok "unbind under I/O, $round: it ends" at_once 60 sh -c "echo $device >/sys/bus/pci/drivers/qla4xxx/unbind"
		quiet
		is "$(hba_hosts 0 | wc -l)" $((LAB_HBA_PORTS - 1)) "unbind under I/O, $round: the host is gone"
		ok "unbind under I/O, $round: bound again" sh -c "echo $device >/sys/bus/pci/drivers/qla4xxx/bind"
		ok "unbind under I/O, $round: the session is back" all_ports_ready 1
	done
	ok "unbind: a disk is verified" verified 0 "$(port_sids 0 "$plain")" 4
}

# plugged WHAT: the card is there again, and all that it had
plugged() {
	ok "$1: plugged again" lab-hotplug add hba 0
	ok "$1: the hosts" wait_for '[ "$(hba_hosts | wc -l)" = $LAB_HBA_PORTS ]' 60
	ok "$1: the sessions are back" all_ports_ready 1
}

part_unplug() {
	for round in 1 2; do
		busy
		ok "unplug under I/O, $round: the card is gone" at_once 60 lab-hotplug del hba 0
		quiet
		ok "unplug under I/O, $round: so are its hosts" wait_for '[ -z "$(hba_hosts)" ]' 30
		plugged "unplug under I/O, $round"
	done
	ok "unplug: a disk is verified" verified 0 "$(port_sids 0 "$plain")" 4
}

# begin pull: every port out of its slot without a word, as a card that falls out: the driver sees ones wherever it looks. The bus notices it
# later, or at once.
begin() {
	for port in $(ports); do told "$port" "$1" >/dev/null; done
}
part_surprise() {
	for later in 3 0; do
		busy
		what="pull under I/O, noticed $later s later"
		begin pull
		sleep $later
		ok "$what: the card is gone" at_once 30 lab-hotplug del hba 0
		ok "$what: so are its hosts" wait_for '[ -z "$(hba_hosts)" ]' 30
		quiet
		is "$(sessions)" 0 "$what: and the sessions"
		plugged "$what"
	done
	ok "pull: a disk is verified" verified 0 "$(port_sids 0 "$plain")" 4
}

# all_ports_ready COUNT: sessions of the flash on each port
all_ports_ready() {
	for port in $(ports); do
		session_ready "$port" "$plain" "$1" 90 || return
	done
}

# unloads: udev's rules still open the disks of a session that has just come
unloads() {
	udevadm settle
	driver_goes
}

part_reload() {
	for round in 1 2 3 4 5; do
		ok "reload $round: the driver goes" unloads
		ok "reload $round: and comes" hba_start
	done
	ok "reload: the sessions are back" all_ports_ready 1
	ok "reload, entries not shown: the driver goes" unloads
	hba mailbox-fail 0x64 0x4005 3
	ok "reload, entries not shown: and comes" hba_start
	ok "reload, entries not shown: they are asked for until they are" all_ports_ready 1
	is "$(counter mailbox-fail)" 3 "reload, entries not shown: how often they were not"
}

part_delay() {
	hba delay 0
	busy
	ok "answers at once: adapter reset under I/O" sh -c "echo adapter >/sys/class/scsi_host/host$(host_of 0)/host_reset"
	quiet
	ok "answers at once: the sessions are back" all_ports_ready 1
	ok "answers at once: a disk is verified" verified 0 "$(port_sids 0 "$plain")" 4
	slowest=0
	for i in $(seq 50); do
		began=$(now_ns)
		cat "/sys/class/scsi_host/host$(host_of 0)/fw_state" >/dev/null || break
		took=$((($(now_ns) - began) / 1000000))
		[ $took -le $slowest ] || slowest=$took
	done
	is "$i $((slowest / 10000))" "50 0" "answers at once: none of fifty commands takes ten seconds"
	diag "the slowest took $slowest ms"
	ok "answers at once: the driver goes" unloads
	ok "answers at once: and comes" hba_start
	ok "answers at once: the sessions are back" all_ports_ready 1
	hba delay 10
}

# ping_ends SENTENCE: what a ping says, in less time than user space would wait for it
ping_ends() {
	at_once 14 sh -c "iscsiadm -m iface -I $iface -C ping -a 10.10.0.1 -c 1 >/tmp/ping 2>&1; true"
	[ "$(tail -1 /tmp/ping)" = "$1" ] || { diag "a ping: $(tail -1 /tmp/ping)"; return 1; }
}

# discoveries: of four at a time, until /tmp/stop
discoveries() {
	rm -f /tmp/stop
	jobs=
	for i in 1 2 3 4; do
		while [ ! -e /tmp/stop ]; do timeout 60 iscsiadm -m discovery -t st -p 10.10.0.1 -I "$iface" >/dev/null 2>&1; done &
		jobs="$jobs $!"
	done
}
recovered() { wait_for 'dmesg | grep -q "recovering from answers that do not come"' "$1" && wait_for 'dmesg | grep -q "online again"' 60; }

# Answers that the firmware never gives: who asked is told so, and before all places are taken the chip is reset.
part_pings() {
	daemon_start
	iface=$(iface_of 0)
	hba iocb-lose 0x39 always
	dmesg -c >/dev/null
	for ping in 1 2 3 4 5 6 7; do
		ok "lost pings: $ping is told that nothing came" ping_ends "Ping 1 failed: timed out"
	done
	is "$(dmesg | grep -c recovering)" 0 "lost pings: the chip is left alone"
	hba clear
	hba iocb-delay 0x39 12000
	ok "lost pings: one that is only late is told so, too" ping_ends "Ping 1 failed: timed out"
	ok "lost pings: which makes eight, and the chip is reset" recovered 30
	hba clear
	ok "lost pings: the session is back" all_ports_ready 1
	ok "lost pings: a ping is answered" ping_ends "Ping 1 completed"
	dmesg -c >/dev/null
	for round in 1 2 3 4 5 6 7 8; do
		hba iocb-delay 0x39 12000
		ok "late pings: $round is told that nothing came" ping_ends "Ping 1 failed: timed out"
		sleep 3
	done
	is "$(dmesg | grep -c recovering)" 0 "late pings: the chip is left alone, as its answers came"
	hba clear
	ok "late pings: a ping is answered" ping_ends "Ping 1 completed"
	daemon_stop
}
part_pdus() {
	daemon_start
	iface=$(iface_of 0)
	dmesg -c >/dev/null
	hba iocb-lose 0x3c always
	discoveries
	ok "lost PDUs: the chip is reset" recovered 240
	hba clear
	touch /tmp/stop
	wait $jobs
	ok "lost PDUs: after some were given up" sh -c 'dmesg | grep -q "has not answered"'
	ok "lost PDUs: the session is back" all_ports_ready 1
	ok "lost PDUs: a discovery is answered" timeout 60 iscsiadm -m discovery -t st -p 10.10.0.1 -I "$iface"
	daemon_stop
}

# over WHAT COMMAND...: that happens while a disk is written and verified, of which nothing fails
over() {
	local what=$1 job
	shift
	dmesg -c >/dev/null
	verified 0 "$(port_sids 0 "$plain")" 8 20 &
	job=$!
	sleep 4
	ok "$what" "$@"
	wait $job
	is $? 0 "$what: no I/O fails or is lost" || sed 's/^/# /' /tmp/fio.0
	ok "$what: the sessions are back" all_ports_ready 1
}

part_sleep() {
	for test in devices platform; do
		for state in freeze mem; do
			grep -qw $state /sys/power/state && echo $test >/sys/power/pm_test || continue
			over "sleep $state, as far as $test" at_once 60 sh -c "echo $state >/sys/power/state"
			is "$(dmesg | grep -c 'recovering from a restart of the bus')" "$LAB_HBA_PORTS" "sleep $state, as far as $test: every port slept"
		done
	done
	echo none >/sys/power/pm_test
}

# bus_error NAME: the port above the card reports it, and the card comes back
bus_error() {
	lab-hotplug error hba 0 "$1" && wait_for 'dmesg | grep -q "recovering from a restart of the bus"' 20 && wait_for 'dmesg | grep -q "online again"' 60
}

# Errors of the bus: the kernel resets it if they are fatal, and gives it up for a card of which one function cannot recover, as the lab's
# function 0, which is why that goes.
part_bus() {
	busy
	dmesg -c >/dev/null
	ok "a bus that is given up: the error" lab-hotplug error hba 0 DLP
	ok "a bus that is given up: so is the card" wait_for 'dmesg | grep -q "does not answer on the bus any more"' 60
	ok "a bus that is given up: the card goes" lab-hotplug del hba 0
	quiet
	plugged "a bus that is given up"
	device=$(basename "$(readlink -f "/sys/class/scsi_host/host$(host_of 0)/device/..")")
	echo 1 >"/sys/bus/pci/devices/${device%.*}.0/remove"
	over "an error of the bus that is not fatal" bus_error COMP_TIME
	for round in 1 2; do
		over "a fatal error of the bus, $round" bus_error DLP
	done
	ok "the driver goes" unloads
	ok "and comes" hba_start
	ok "the sessions are back" all_ports_ready 1
}

# The machine ends under I/O: the rest is the host's to see.
part_reboot() { ends reboot; }
part_poweroff() {
	echo adapter >"/sys/class/scsi_host/host$(host_of 0)/host_reset" &
	sleep 0.5
	ends poweroff
}
ends() {
	busy
	echo "1..$((tap_passed + tap_failed))"
	echo "hba-ours: $tap_passed passed, $tap_failed failed"
	[ $tap_failed = 0 ] || exit 1
	ends_in 20
	sleep 1
	exec busybox "$1" -f -n
}
hba() { lab-hba "$@" >/dev/null; }

ok "the driver loads" hba_start
is "$(modinfo -F filename qla4xxx | grep -c /updates/)" 1 "this tree's"
is "$(modinfo -F alias qla4xxx | grep -c 'd00008')" 0 "which claims no chip of the 8000s"
ok "the ports log in by themselves" all_ports_ready 1
for part in ${*:-logout unbind reload delay sleep unplug}; do
	part_$part
done
suite_done
