# SPDX-License-Identifier: GPL-3.0-or-later
# hba-cycles.sh load|plug COUNT: our qla4xxx on an emulated HBA with the target t0 in its flash comes and goes under I/O: its module is loaded
# and unloaded, or the card is pulled and plugged, many times. Each time the session comes by itself and its disk is read; I/O that is under way
# when the card goes ends at once with an error, never with a hang; at the end nothing is left of it all, and (kmemleak=on) no memory either
# that nothing points to.
# shellcheck shell=dash disable=SC1091,SC2154,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
. /in/leaks.sh
how=$1 count=$2
grep -q kmemleak=on /proc/cmdline && scanned=yes || scanned=

# come: the card and its driver; returns when both disks of the session are there
come() {
	case $how in
	load) modprobe qla4xxx ;;
	plug) lab-hotplug add hba 0 ;;
	esac && wait_for '[ "$(hba_hosts | wc -l)" = "$LAB_HBA_PORTS" ]' 60 && session_ready 0 "$plain" 1 60
}

# leave: the card, by turns: it is asked for from outside, falls out, or its slot is switched off
leave() {
	case $((n % 3)) in
	0) lab-hotplug del hba 0 ;;
	1)
		lab-hba pull >/dev/null
		lab-hotplug del hba 0
		;;
	2) echo 0 >"$(grep -l "${card%.*}" /sys/bus/pci/slots/*/address | sed 's/address$/power/')" ;;
	esac
}

# go READER: what was there goes; returns when it has. An open disk holds the module: it goes as soon as nobody has one, so the reader is ended
# in the middle of its reading, and a scan goes on, which holds nothing.
go() {
	case $how in
	load)
		! modprobe -r qla4xxx 2>/dev/null || { diag "it goes in spite of an open disk"; return 1; }
		for host in $(hba_hosts); do echo "- - -" >/sys/class/scsi_host/host"$host"/scan & done
		kill "$1" 2>/dev/null
		driver_goes
		;;
	plug) leave ;;
	esac && wait_for '[ "$(hba_hosts | wc -l)" = 0 ]' 60
}

# round: I/O runs while it goes. A reader that hangs is not over seconds later.
round() {
	local disk reader begun
	come || { diag "it does not come"; return 1; }
	disk=$(disks_of "$(port_sids 0)" | head -1)
	dd if=/dev/"$disk" of=/dev/null bs=64k count=8 iflag=direct 2>/tmp/dd || { diag "its disk is not read: $(tail -1 /tmp/dd)"; return 1; }
	dd if=/dev/"$disk" of=/dev/null bs=64k iflag=direct 2>/dev/null &
	reader=$!
	sleep 0.1
	begun=$(now_ns)
	go $reader || { diag "it does not go"; return 1; }
	wait_for "! kill -0 $reader 2>/dev/null" 20 || { diag "a reader hangs"; return 1; }
	wait
	took=$((($(now_ns) - begun) / 1000000))
	[ $took -le "$longest" ] || longest=$took
}

[ "$how" = load ] || ok "the driver loads" hba_start
card=$(function_of 0)
longest=0 n=0
[ "$how" = load ] || ok "the card is pulled once" go
while [ $n -lt 3 ]; do round || break; n=$((n + 1)); done
is $n 3 "three rounds to warm up"
[ -z "$scanned" ] || reachable_from_now
resources >/tmp/before
longest=0 n=0
while [ $n -lt "$count" ]; do
	round || break
	n=$((n + 1))
done
is $n "$count" "$count times it came and went under I/O"
diag "the longest way out took $longest ms"
no_leak /tmp/before "$count" "nothing is left"
is "$(sessions)" 0 "no session is left"
ok "it comes once more" come
ok "and its disks are written and verified" verified 0 "$(port_sids 0)" 8
[ -z "$scanned" ] || {
	ok "the driver goes" driver_goes
	reachable "no memory that nothing points to"
}
suite_done
