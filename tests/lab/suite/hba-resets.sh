# SPDX-License-Identifier: GPL-3.0-or-later
# hba-resets.sh short|full: under I/O through an emulated HBA, commands are aborted, LUN, target and adapter are reset, the connection, the
# link and the firmware are lost. Every time the distribution's driver comes back by itself, and not one byte that was written is lost.
# shellcheck shell=dash disable=SC1091,SC2154,SC2015
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
rounds=1
[ "$1" = short ] || rounds=5

# writing: fio writes and verifies on both disks until written() waits for it
writing() {
	rm -f /tmp/stop
	while [ ! -e /tmp/stop ]; do
		verified 0 "$sid" 4 || exit
	done &
	fio_pid=$!
	sleep 1
}
written() {
	touch /tmp/stop
	wait "$fio_pid"
	is $? 0 "$1: every write was there" || tail -5 /tmp/fio.0 | sed 's/^/# /'
}

# back WHAT [SECONDS]: the same session is logged in with its disks running
back() {
	ok "$1: the session is there" wait_for "[ \"\$(state_of $sid)\" = LOGGED_IN ]" "${2:-60}"
	ok "$1: its disks run" wait_for '! cat /sys/class/scsi_device/*/device/state | grep -qv running' 30
}
commands() { traced 0 "command $1 "; }
boots() { told 0 state | sed 's/.* boots=\([0-9]*\) .*/\1/'; }

ok "the driver loads" hba_start
ok "the port logs in by itself" session_ready 0 "$plain" 1
sid=$(port_sids 0 "$plain")
disk=$(disks_of "$sid" | head -1)
for name in $(disks_of "$sid"); do echo 5 >"/sys/block/$name/device/timeout"; done
target_pid=$(lab-san "ss -Htlnp 'sport = :3260'" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -1)
ok "a first time" verified 0 "$sid" 4

for round in $(seq $rounds); do
	writing
	for what in "d LUN_RESET" "t TARGET_WARM_RESET"; do
		before=$(commands "${what#* }")
		ok "round $round: sg_reset -${what% *}" sg_reset -N -"${what% *}" "/dev/$disk"
		is "$(commands "${what#* }")" $((before + 1)) "round $round: the driver asked for ${what#* }"
	done
	written "round $round: resets"
	back "round $round: resets"

	writing
	before=$(commands ABORT_TASK)
	# fio may be about to open a disk: the test for that has half a minute, more than the card's patience with the target. This read has less.
	exec 3<"/dev/$disk"
	ok "round $round: the target stops to answer" lab-san "kill -STOP $target_pid"
	dd of=/dev/null bs=4k count=1 iflag=direct <&3 2>/dev/null &
	reader=$!
	exec 3<&-
	ok "round $round: the driver aborts commands" wait_for "[ \$(commands ABORT_TASK) -gt $before ]" 40
	ok "round $round: the target answers again" lab-san "kill -CONT $target_pid"
	wait $reader
	is $? 0 "round $round: abort: a read that met it is done"
	written "round $round: abort"
	back "round $round: abort"

	writing
	before=$(boots)
	ok "round $round: sg_reset -H" sg_reset -N -H "/dev/$disk"
	ok "round $round: the firmware was started again" test "$(boots)" -gt "$before"
	back "round $round: adapter reset" 120
	written "round $round: adapter reset"

	writing
	ok "round $round: the connection is cut" told 0 drop all
	back "round $round: cut" 120
	written "round $round: cut"

	writing
	ok "round $round: the cable is pulled" told 0 cable out
	ok "round $round: the port says so" wait_for '[ "$(host_value 0 port_state)" = "LINK DOWN" ]' 20
	ok "round $round: the cable is in again" told 0 cable in
	ok "round $round: the port says so" wait_for '[ "$(host_value 0 port_state)" = "LINK UP" ]' 20
	back "round $round: cable" 120
	written "round $round: cable"

	for fault in die fatal "hang on"; do
		writing
		before=$(boots)
		ok "round $round: firmware: $fault" told 0 "$fault"
		ok "round $round: $fault: the driver starts it again" wait_for "[ \$(boots) -gt $before ]" 120
		back "round $round: $fault" 120
		written "round $round: $fault"
	done
done
is "$(port_sids 0 | wc -l)" 1 "still one session"
suite_done
