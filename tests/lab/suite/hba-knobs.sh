# SPDX-License-Identifier: GPL-3.0-or-later
# hba-knobs.sh DELAY PART...: every knob of an emulated HBA (tests/hba/faults.def, control.c) is turned while both disks of a session are written
# and verified without a pause, by fio at several depths and by tests/hba/sequence.c, which sees a write that comes twice. Each row of the tables
# turns one and causes what it waits for; it has to strike and be used up, the firmware has to be started again as often as said and not once
# more, the session to be logged in, every thread to go on, and no write to be lost, repeated or torn. No I/O fails but where a row says so. At
# the end nothing is left in the kernel. DELAY is that of mailbox answers (10 is the card's own). Wants --hba-flash with t0, heartbeats every 6
# seconds, slub_nomerge.
#
#   KNOB | TRIGGER | BOOTS | ERRORS     TRIGGER: a function t_TRIGGER below. BOOTS: of the firmware; +: one or more. ERRORS: of fio and sequence
#
# Two knobs must fail I/O: a byte that makes a target's GOOD a RESERVATION CONFLICT, about which nobody but the application can decide, and a
# card that is gone. Even a host that is given up, as its firmware has not started three times, loses none if it is reset in time.
# shellcheck shell=dash disable=SC1091,SC2154,SC2317,SC2086,SC3043,SC2016
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
. /in/leaks.sh
delay=$1
shift

hba() { lab-hba "$@" >/tmp/told || { echo "$* -> $(cat /tmp/told)"; return 1; }; }
host_dir() { echo "/sys/class/scsi_host/host$(host_of 0)"; }

# --- I/O that never stops

# fio_runs: one fio after the other, each in bursts of another depth. Whoever fails is counted, and followed by the next.
fio_runs() {
	while [ ! -e /tmp/stop ]; do
		for depth in 1 16 4 32; do
			[ ! -e /tmp/stop ] || break
			pace="--thinktime=300000 --thinktime_blocks=$depth"
			verified 0 "$sid" 8 8 && continue
			echo "fio, depth $depth"
			grep -a error /tmp/fio.0 | head -3
			echo x >>/tmp/fio.failed
		done
	done >>/tmp/fio.log 2>&1
}
io_start() {
	rm -f /tmp/stop
	: >/tmp/fio.failed
	# shellcheck disable=SC2046
	/in/sequence /tmp/sequence.state 8 64 $(disks_of "$sid" | sed 's@^@/dev/@') >>/tmp/sequence.log &
	sequence=$!
	fio_runs &
	runs=$!
	wait_for '[ "$(io least)" -gt 2 ]' 30
}
# io_stop: 0 if all that was acknowledged is on the disks, once
io_stop() {
	touch /tmp/stop
	wait $runs
	kill -TERM $sequence
	wait $sequence
}
# io NAME: least, errors or wrong, so far
io() { tr ' ' '\n' </tmp/sequence.state | sed -n "s/^$1=//p"; }
io_errors() { echo $(($(io errors) + $(wc -l </tmp/fio.failed))); }
# goes_on: every thread does two rounds more
goes_on() {
	local from
	from=$(io least)
	wait_for "[ \"\$(io least)\" -ge $((from + 2)) ]" 100
}

# --- what causes that of which a knob is

t_io() { :; }
t_drop() { hba drop 0; }
t_reset() { echo adapter >"$(host_dir)/host_reset"; }
t_dead() {
	! t_reset || return 1
	sleep 1
	t_reset
}
t_network() { echo firmware >"$(host_dir)/host_reset"; true; }
t_state() { cat "$(host_dir)/fw_state"; true; }
t_states() { for _ in 1 2 3 4; do t_state; done; }
t_stats() { iscsiadm -m host -H "$(host_of 0)" -C stats; true; }
t_chap() {
	iscsiadm -m host -H "$(host_of 0)" -C chap -o new -x 10 -n host.auth.username -v carol -n host.auth.password -v carolssecret
	iscsiadm -m host -H "$(host_of 0)" -C chap -o delete -x 10
	true
}
t_node() {
	iscsiadm -m host -H "$(host_of 0)" -C flashnode -o new -A ipv4
	iscsiadm -m host -H "$(host_of 0)" -C flashnode -o delete -x 2
	true
}
t_discover() { timeout 100 iscsiadm -m discovery -t st -p 10.10.0.1 -I "$iface"; true; }
t_ping() { timeout 30 iscsiadm -m iface -I "$iface" -C ping -a 10.10.0.1 -c 1; true; }
t_lun() { sg_reset -N -d "/dev/$disk"; true; }
t_target() { sg_reset -N -t "/dev/$disk"; true; }
# The target says nothing until a command is aborted.
t_stall() {
	lab-san "kill -STOP $target_pid"
	wait_for 'dmesg | grep -q "abort of command"' 40
	lab-san "kill -CONT $target_pid"
}
# The EEPROM is read by a driver that finds its card: no I/O while there is none.
t_found() {
	io_stop || return
	echo "$device" >/sys/bus/pci/drivers/qla4xxx/unbind
	echo "$device" >/sys/bus/pci/drivers/qla4xxx/bind
	wait_for '[ -n "$(hba_hosts)" ]' 60 && session_known && io_start && wrong=0 errors=0
}
# A card that fell out: what is asked of its disks ends in errors, and a new one is plugged.
t_plugged() {
	local told
	lab-hotplug del hba 0 && wait_for '[ -z "$(hba_hosts)" ]' 60 && wait_for "[ \$(io_errors) -gt $errors ]" 60 || return
	told=$(($(io_errors) - errors))
	io_stop && lab-hotplug add hba 0 || return
	wait_for '[ -n "$(hba_hosts)" ]' 60 && session_known && io_start && hba delay $delay && wrong=0 errors=-$told boots=0
}
blocked() { wait_for '[ "$(state_of $sid)" = FAILED ]' 20; }
t_link_up() { blocked && sleep 2 && hba link up; }
t_link_flap() { hba link down && sleep 2 && hba link up; }
t_link_told() { blocked && hba event 0x8010; }
t_cable_in() { blocked && sleep 2 && hba cable in; }
# For a moment, right behind a heartbeat: the next one comes in time.
t_hang_on() {
	local beats
	beats=$(counter heartbeats)
	wait_for "[ \$(counter heartbeats) -gt $beats ]" 30 && hba hang on && sleep 2 && hba hang off
}
t_booted() { wait_for '[ "$(counter boots)" -gt $boots ]' 100 && hba heartbeat on; }
t_delay_back() { t_states && t_drop && blocked && session_back && hba delay $delay; }
t_die() { hba die; }
t_abort() { wait_for 'dmesg | grep -q "abort of command"' 40; }
# Those that end nothing: of all entries, of an index that is nobody's, in states that are none, of what is not known.
t_events() {
	for event in 0x8005 0x8006 0x8015 0x8016 0x8017 0x8018 0x801b 0x801f 0x8021 0x8022 0x8025 0x8026 0x8027 0x8028 0x802a 0x802b 0x802c \
		0x802d 0x802e 0x8031 0x8036 0x8fff "0x8014 0 0 0" "0x8014 1 9 4" "0x8014 1 700 1" "0x8014 1 0 99" "0x8014 1 0 4" \
		"0x8014 1 0 7" "0x8014 1 0 5" "0x8029 0 0 9 9 9" "0x8010"; do
		hba event $event || return
	done
}

# --- a row

session_known() {
	local name
	session_ready 0 "$plain" 1 90 || return
	sid=$(port_sids 0 "$plain")
	disk=$(disks_of "$sid" | head -1)
	for name in $(disks_of "$sid"); do echo "$timeout" >"/sys/block/$name/device/timeout"; done
}
session_back() { wait_for '[ "$(state_of $sid)" = LOGGED_IN ]' 100 && wait_for '! cat /sys/class/scsi_device/*/device/state | grep -qv running' 60; }

# used_up KNOB: it struck, and is not armed any more. Commands of the control socket, which are no faults, strike at once.
used_up() {
	lab-hba state | tr ' ' '\n' >/tmp/card
	! grep -q "^$1:" /tmp/card && { [ "$(sed -n "s/^$1=//p" /tmp/card)" != "$struck" ] || [ -z "$is_fault" ]; }
}
fits() { if [ "$2" = + ]; then [ "$1" -gt 0 ]; else [ "$1" = "$2" ]; fi; }

# turned KNOB TRIGGER BOOTS ERRORS
turned() {
	local name=${1%% *} wrong errors
	boots=$(counter boots) wrong=$(io wrong) errors=$(io_errors)
	lab-hba state | tr ' ' '\n' >/tmp/card
	struck=$(sed -n "s/^$name=//p" /tmp/card)
	case " $faults " in *" $name "*) is_fault=1 ;; *) is_fault= ;; esac
	dmesg -c >/dev/null
	hba $1 || return
	"t_$2" || { echo "trigger $2 returned $?"; return 1; }
	wait_for "used_up $name" 60 || { echo "it has not struck: $(tr '\n' ' ' </tmp/card)"; return 1; }
	[ "$3" = 0 ] || wait_for "fits \$((\$(counter boots) - $boots)) $3" 100 || { echo "the firmware was not started"; return 1; }
	session_back || { echo "the session is $(state_of $sid)"; return 1; }
	goes_on || { echo "I/O does not go on: $(cat /tmp/sequence.state)"; return 1; }
	session_back || { echo "the session went again"; return 1; }
	fits $(($(counter boots) - boots)) "$3" || { echo "starts of the firmware: $(($(counter boots) - boots))"; return 1; }
	fits $(($(io_errors) - errors)) "$4" || { echo "I/O errors: $(($(io_errors) - errors))"; return 1; }
	[ "$(io wrong)" = "$wrong" ] || { echo "blocks are wrong"; return 1; }
}

# rows: a table on stdin
rows() {
	local knob trigger boots_wanted errors_wanted began
	while IFS='|' read -r knob trigger boots_wanted errors_wanted; do
		[ -n "$knob" ] || continue
		knob=$(echo $knob | sed "s/DRIVER/$s_driver/; s/NVRAM/$s_nvram/; s/FLASH/$s_flash/") trigger=$(echo $trigger)
		began=$(now_ns)
		ok "$knob, $trigger" turned "$knob" "$trigger" $boots_wanted $errors_wanted || trouble
		rows_done=$((rows_done + 1))
		spent=$((($(now_ns) - began) / 100000000))
		[ $spent -lt 150 ] || diag "$((spent / 10)) s"
	done
}
# trouble: what there is to see, and all well again for the next row
trouble() {
	{ tail -5 /tmp/sequence.log; tail -5 /tmp/fio.log; dmesg | tail -30; } | sed 's/^/# /'
	hba clear
	hba link up
	hba cable in
	hba hang off
	hba heartbeat on
	hba delay $delay
	lab-san "kill -CONT $target_pid" >/dev/null
	session_back || t_reset
	session_back
	goes_on
}

part_mailboxes() {
	rows <<'END'
mailbox-fail 0x63 0x4005 | drop | 0 | 0
mailbox-fail 0x63 0x4001 3 | drop | 0 | 0
mailbox-fail 0x74 0x4005 | drop | 0 | 0
mailbox-fail 0x74 0x4006 3 | drop | 0 | 0
mailbox-fail 0x64 0x4005 | drop | 0 | 0
mailbox-fail 0x69 0x4001 | state | 0 | 0
mailbox-fail 0x69 0x40ff | state | 0 | 0
mailbox-fail 0x15 0x4005 | stall | 0 | 0
mailbox-fail 0x16 0x4001 | lun | 0 | 0
mailbox-fail 0x16 0x4005 | lun | 0 | 0
mailbox-fail 0x17 0x4001 | target | 0 | 0
mailbox-fail 0x1e 0x4005 | stats | 0 | 0
mailbox-fail 0x25 0x4005 | chap | 0 | 0
mailbox-fail 0x26 0x4005 | node | 0 | 0
mailbox-fail 0x6b 0x4005 | node | 0 | 0
mailbox-fail 0x62 0x4005 | discover | 0 | 0
mailbox-fail 0x56 0x4005 | discover | 0 | 0
mailbox-fail 0x31 0x4005 | discover | 0 | 0
mailbox-fail 0x89 0x4005 | network | 0 | 0
mailbox-fail 0x8a 0x4005 | network | 0 | 0
mailbox-fail 0x88 0x4005 | network | 1 | 0
mailbox-fail 0x09 0x4005 | reset | 2 | 0
mailbox-fail 0x26 0x4005 | reset | 2 | 0
mailbox-fail 0x61 0x4005 | reset | 2 | 0
mailbox-fail 0x60 0x4005 2 | reset | 3 | 0
mailbox-fail 0x69 0x4005 | reset | 2 | 0
mailbox-fail 0x1f 0x4005 | reset | 2 | 0
mailbox-fail 0x62 0x4005 | reset | 1 | 0
mailbox-double 0x69 3 | states | 0 | 0
mailbox-double any 3 | drop | 0 | 0
mailbox-double any 8 | reset | 1 | 0
mailbox-double 0x16 | lun | 0 | 0
mailbox-delay 0x69 2000 | state | 0 | 0
mailbox-delay any 700 3 | drop | 0 | 0
mailbox-delay any 300 8 | reset | 1 | 0
mailbox-delay 0x16 3000 | lun | 0 | 0
mailbox-delay any 500 6 | discover | 0 | 0
END
}

part_events() {
	rows <<'END'
aen-lose 0x8014 | drop | 0 | 0
aen-lose 0x8014 2 | drop | 0 | 0
aen-lose 0x8011 | link_flap | 0 | 0
aen-lose 0x8010 | link_flap | 0 | 0
aen-lose 0x8019 2 | booted | + | 0
aen-double 0x8014 2 | drop | 0 | 0
aen-double any 2 | link_flap | 0 | 0
aen-double 0x8002 | die | 1 | 0
aen-delay 0x8014 3000 | drop | 0 | 0
aen-delay 0x8014 2000 2 | drop | 0 | 0
aen-delay 0x8002 2000 | die | 1 | 0
event 0x8002 | io | 1 | 0
event 0x8003 | io | 1 | 0
event 0x8004 | io | 1 | 0
event 0x801a | io | 1 | 0
event 0x801c | io | 1 | 0
event 0x801d | io | 1 | 0
event 0x8029 0 5 2 0 0 | io | 1 | 0
event 0x8005 | events | 0 | 0
event 0x8014 1 0 6 | io | 0 | 0
event 0x8014 1 0 1 | io | 0 | 0
event 0x8011 | link_told | 0 | 0
link down | link_up | 0 | 0
cable out | cable_in | 0 | 0
drop 0 | io | 0 | 0
drop all | io | 0 | 0
END
}

part_rings() {
	rows <<'END'
iocb-refuse 0x19 20 | io | 0 | 0
iocb-refuse 0x3a | discover | 1 | 0
iocb-refuse 0x38 | ping | 1 | 0
iocb-delay 0x03 3000 8 | io | 0 | 0
iocb-delay 0x03 12000 | abort | 0 | 0
iocb-delay 0x39 2000 | ping | 0 | 0
iocb-delay 0x3c 2000 | discover | 0 | 0
iocb-double 0x03 | io | 1 | 0
iocb-double 0x39 | ping | 0 | 0
iocb-double 0x3c | discover | 0 | 0
iocb-complete 0x03 0x01 4 | io | 0 | 0
iocb-complete 0x03 0x02 4 | io | 0 | 0
iocb-complete 0x03 0x03 4 | io | 0 | 0
iocb-complete 0x03 0x04 4 | io | 0 | 0
iocb-complete 0x03 0x05 4 | io | 0 | 0
iocb-complete 0x03 0x07 4 | io | 0 | 0
iocb-complete 0x03 0x08 4 | io | 0 | 0
iocb-complete 0x03 0x15 4 | io | 0 | 0
iocb-complete 0x03 0x1c 4 | io | 0 | 0
iocb-complete 0x03 0xff 4 | io | 0 | 0
iocb-complete 0x03 0x06 2 | io | 0 | 0
iocb-complete 0x03 0x28 2 | io | 0 | 0
iocb-complete 0x03 0x29 2 | io | 0 | 0
iocb-complete 0x3c 0x28 | discover | 0 | 0
iocb-corrupt 0x03 0x0040 | io | 1 | 0
iocb-corrupt 0x03 0x001a | io | 0 | 0
iocb-corrupt 0x03 0x01ff 4 | io | 0 | 0
iocb-corrupt 0x03 0x02ff 4 | io | 0 | 0
iocb-corrupt 0x03 0x03ff 4 | io | 0 | 0
iocb-corrupt 0x03 0x0401 | io | 1 | 0
iocb-corrupt 0x03 0x0540 | io | 1 | 0
iocb-corrupt 0x03 0x0601 | io | 1 | 0
iocb-corrupt 0x03 0x0780 | io | 1 | 0
iocb-corrupt 0x03 0x0802 | io | 0 | 0
iocb-corrupt 0x03 0x0808 2 | io | 0 | 0
iocb-corrupt 0x03 0x0828 2 | io | 0 | 0
iocb-corrupt 0x03 0x0840 2 | io | 0 | 0
iocb-corrupt 0x03 0x0818 | io | 0 | 1
iocb-corrupt 0x03 0x0902 4 | io | 0 | 0
iocb-corrupt 0x03 0x0904 4 | io | 0 | 0
iocb-corrupt 0x03 0x0a01 4 | io | 0 | 0
iocb-corrupt 0x03 0x0dff 4 | io | 0 | 0
iocb-corrupt 0x03 0x0eff 4 | io | 0 | 0
iocb-corrupt 0x03 0x10ff 4 | io | 0 | 0
iocb-corrupt 0x39 0x0040 | ping | 1 | 0
iocb-corrupt 0x39 0x0440 | ping | 0 | 0
iocb-corrupt 0x3c 0x0040 | discover | 1 | 0
END
}

part_life() {
	rows <<'END'
login-fail 0 3 | drop | 0 | 0
login-fail any 2 2 | drop | 0 | 0
login-fail any 1 | reset | 1 | 0
boot-fail 0x4003 | reset | 2 | 0
boot-fail 0x4005 2 | reset | 3 | 0
boot-fail 0x4003 3 | dead | 4 | 0
reset-stuck | reset | 1 | 0
reset-raised | io | 1 | 0
semaphore-held DRIVER 2 | reset | 1 | 0
semaphore-held NVRAM 2 | reset | 1 | 0
semaphore-held FLASH 2 | reset | 1 | 0
state-claim 0x8 3 | reset | 1 | 0
state-claim 0x2 2 | reset | 1 | 0
state-claim 0x1 | reset | 1 | 0
state-claim 0x4 | reset | 2 | 0
state-claim 0xffffffff | reset | 2 | 0
die | io | 1 | 0
fatal | io | 1 | 0
hang off | hang_on | 0 | 0
hang on | booted | 1 | 0
heartbeat off | booted | 1 | 0
reset | booted | 1 | 0
delay 200 | delay_back | 0 | 0
eeprom-sum | found | 1 | 0
pull | plugged | + | +
END
}

# A minute each, and more.
part_silence() {
	rows <<'END'
mailbox-lose 0x69 | state | 1 | 0
mailbox-lose 0x74 | drop | 1 | 0
mailbox-lose 0x16 | lun | 1 | 0
mailbox-lose 0x60 | reset | 2 | 0
iocb-lose 0x39 | ping | 0 | 0
iocb-lose 0x3c | discover | 0 | 0
iocb-lose 0x03 | io | 1 | 0
END
}

# --- all of it

# The mid layer gives a command six times its timeout, repetitions and the waiting for a session included.
timeout=8
case " $* " in *" silence "*) timeout=25 ;; esac
s_driver=1 s_nvram=10 s_flash=13
[ "$LAB_HBA_MODEL" != 4010 ] || s_driver=4 s_nvram=12 s_flash=14
faults=$(lab-hba help | tr ';' '\n' | sed -n 's/^ *\([a-z-]*\) .*\[count\]$/\1/p' | tr '\n' ' ')
rows_done=0
hba trace off
hba delay "$delay"
ok "the driver loads" hba_start
ok "the port logs in by itself" session_known
target_pid=$(lab-san "ss -Htlnp 'sport = :3260'" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -1)
device=$(function_of 0)
daemon_start
iface=$(iface_of 0)
ok "I/O on both disks" io_start
for warm in drop reset discover chap node ping; do ok "once without a knob: $warm" "t_$warm"; done
ok "and the session is there" session_back
ok "what was written is there" io_stop
resources >/tmp/before
ok "I/O on both disks" io_start
for part in ${*:-mailboxes events rings life}; do part_$part; done
ok "every write that was acknowledged is there, and no other" io_stop || cat /tmp/sequence.log
diag "$(tail -1 /tmp/sequence.log)"
for name in $(disks_of "$sid"); do ok "$name is read" dd if=/dev/$name of=/dev/null bs=1M count=16 iflag=direct; done
is "$(lab-hba state | tr ' ' '\n' | grep -c '^[a-z-]*:')" 0 "no knob is left turned"
no_leak /tmp/before $rows_done "nothing is left in the kernel"
daemon_stop
ok "the driver goes" driver_goes
suite_done
