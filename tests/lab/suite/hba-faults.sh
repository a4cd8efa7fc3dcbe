# SPDX-License-Identifier: GPL-3.0-or-later
# hba-faults.sh rings|commands|pdus|life|silence: what goes wrong on an emulated HBA (tests/hba/faults.def, control.c), one test per knob, each
# says what the distribution's qla4xxx makes of it; at its end the session is logged in and its disk is read. Wants --hba-flash with t0;
# silence wants heartbeats on, every 5 seconds, too. pdus is about what iscsid has the driver pass: the Text request of a discovery, a ping.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

hba() { lab-hba "$@" >/dev/null; }

generation() { cat /sys/class/iscsi_session/session"$sid"/generation 2>/dev/null; }
reads() { timeout "${1:-100}" dd if="/dev/$disk" of=/dev/null bs=64k count=8 iflag=direct 2>/tmp/dd; }
fw_state() { cat /sys/class/scsi_host/host"$host"/fw_state; }
session_is() { wait_for "[ \"\$(state_of $sid)\" = $1 ]" "${2:-60}"; }

# begin FAULT...: arms it (or does it), and remembers what has been so far
begin() {
	boots=$(counter boots) logins=$(traced 0 'command CONN_OPEN') began=$(now_ns)
	dmesg -c >/dev/null
	lab-hba "$@" >/tmp/told || diag "$* -> $(cat /tmp/told)"
}

# seconds since begin
passed() { echo $((($(now_ns) - began) / 1000000000)); }

# ends NAME RESETS LOGINS SENTENCE: so many more starts of the firmware, good or not, and logins since begin; then all is well
ends() {
	ok "$1: $4" session_is LOGGED_IN 120
	ok "$1: and the disk is read" reads
	logins=$(($(traced 0 'command CONN_OPEN') - logins))
	# Behind a reset the driver may try before the addresses are back, and again after that.
	[ "$2" = 0 ] || [ $logins -lt 1 ] || logins=1
	is "$(($(counter boots) - boots)) $logins" "$2 $3" "$1: $2 resets, $3 logins"
	hba clear
}

# untold COMPLETION: commands say that their session is no more, and no event does. The distribution's driver waits for one, this tree's asks in a
# second, and the class counts that the session came and went.
untold() {
	if [ "$LAB_MODULES" = ours ]; then
		ok "iocb-complete $1: the session is blocked until the driver has asked" wait_for '[ "$(generation)" = $((generation + 2)) ]' 30
		is "$(state_of "$sid")" LOGGED_IN "iocb-complete $1: what became of it"
	else
		ok "iocb-complete $1: the session is blocked" session_is FAILED 30
		sleep 2
		is "$(state_of "$sid")" FAILED "iocb-complete $1: until an event tells what became of it"
	fi
}

rings() {
	begin iocb-refuse 0x19
	ok "iocb-refuse: a command the firmware has no room for is sent again" reads
	ends iocb-refuse 0 0 "nothing else comes of it"

	begin iocb-refuse 0x19 6
	if [ "$LAB_MODULES" = ours ]; then
		ok "iocb-refuse, six times: until the firmware takes it" reads
	else
		reads
		is $? 1 "iocb-refuse, six times: five times, then it fails"
	fi
	ends "iocb-refuse, six times" 0 0 "nothing else comes of it"

	begin iocb-delay 0x03 2000
	ok "iocb-delay: the driver waits" reads
	is "$(($(passed) >= 2))" 1 "iocb-delay: two seconds"
	ends iocb-delay 0 0 "nothing else comes of it"

	begin iocb-complete 0x03 0x15
	ok "iocb-complete 15: an underrun that the target did not tell is repeated" reads
	ends iocb-complete 0 0 "nothing else comes of it"

	begin iocb-complete 0x03 0x04
	ok "iocb-complete 04: a command that a reset took is repeated" reads
	ends iocb-complete 0 0 "nothing else comes of it"

	for completion in 0x06 0x28 0x29; do
		begin iocb-complete 0x03 $completion
		generation=$(generation)
		reads 60 &
		reader=$!
		untold $completion
		hba drop 0
		ends "iocb-complete $completion" 0 1 "then it logs in again"
		wait $reader
		is $? 0 "iocb-complete $completion: and the command that met it is done"
	done

	begin iocb-double 0x03
	reads
	ok "iocb-double: a handle that is not known" wait_for 'dmesg | grep -q "invalid status entry\|answers nothing"' 10
	ok "iocb-double: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends iocb-double 1 1 "and comes back"

	begin iocb-corrupt 0x03 0x0540
	reads
	ok "iocb-corrupt, the handle: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends "iocb-corrupt, the handle" 1 1 "and comes back"

	begin iocb-corrupt 0x03 0x0040
	reads
	ok "iocb-corrupt, the type: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends "iocb-corrupt, the type" 1 1 "and comes back"

	# The last one: the driver waits for minutes for a command that no firmware gives back, and so does its disk.
	begin iocb-lose 0x03
	reads 300 &
	ok "iocb-lose: the command is aborted, but the firmware has none" wait_for '[ $(traced 0 "answer ABORT_TASK 4005") -gt 0 ]' 60
	ok "iocb-lose: the LUN is reset" wait_for '[ $(traced 0 "answer LUN_RESET 4000") -gt 0 ]' 30
	sleep 20
	is "$(traced 0 'command TARGET_WARM_RESET') $(($(counter boots) - boots))" "0 0" "iocb-lose: which does not bring it back, and is all for a while"
}

discover() { timeout 120 "$A" -m discovery -t st -p 10.10.0.1 -I "$iface" >/tmp/found 2>&1; }
ping_target() { timeout 60 "$A" -m iface -I "$iface" -C ping -a 10.10.0.1 -c 1 >/tmp/ping 2>&1; }

# found NAME RESETS LOGINS SENTENCE: a discovery has found the targets in the end, so does the next
found() {
	ok "$1: $4" discover
	diag "$1: after $(passed) s: $(tail -1 /tmp/found)"
	hba clear
	ok "$1: and the next discovery" discover
	ends "$1" "$2" "$3" "the flash's session goes on"
}

# pinged NAME RESETS ANSWER: a ping is told so, the next one is answered
pinged() {
	ping_target
	is "$(tail -1 /tmp/ping)" "$3" "$1: what a ping says of it"
	diag "$1: after $(passed) s"
	[ "$2" = 0 ] || ok "$1: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 30
	ends "$1" "$2" "$2" "the flash's session goes on"
	ok "$1: the next ping is answered" ping_target
}

pdus() {
	daemon_start
	iface=qla4xxx.$(cat /sys/class/iscsi_host/host"$host"/hwaddress).ipv4.0
	ok "a discovery through the card" discover
	ok "a ping by the card" ping_target

	# Never another handle: the driver takes any for a request of its own, and the kernel warns of work that was never made.
	begin iocb-corrupt 0x3c 0x0040
	found "iocb-corrupt, the type" 1 1 "an entry that is none is a reset"

	begin iocb-refuse 0x3a
	found iocb-refuse 1 1 "a request given back is a reset"

	# The distribution's driver tells nobody of a ping whose end it does not see; this tree's tells that there was none.
	silent="Ping 1 failed: the adapter does not say how it ended" reset=$silent
	if modinfo -F filename qla4xxx | grep -q /updates/; then
		silent="Ping 1 failed: timed out" reset="Ping 1 failed: the firmware does not ping"
	fi
	begin iocb-lose 0x39
	pinged "iocb-lose of a ping" 0 "$silent"

	begin iocb-double 0x39
	pinged "iocb-double of a ping" 0 "Ping 1 completed"

	begin iocb-corrupt 0x39 0x0440
	pinged "iocb-corrupt of a ping, the handle" 0 "$silent"

	begin iocb-refuse 0x38
	pinged "iocb-refuse of a ping" 1 "$reset"

	begin iocb-delay 0x3c 3000
	found iocb-delay 0 2 "an answer that is late is waited for"

	begin iocb-lose 0x3c
	found iocb-lose 0 3 "an answer that is lost is asked for again, by another login"

	begin iocb-complete 0x3c 0x28
	found iocb-complete 0 3 "so is one that is none"

	begin iocb-double 0x3c
	found iocb-double 0 2 "an answer told twice is taken once"
}

commands() {
	begin link down
	ok "link: the driver says so" wait_for 'grep -q DOWN /sys/class/iscsi_host/host$host/port_state' 10
	ok "link: its sessions are blocked" session_is FAILED 10
	hba link up
	ends link 0 0 "it comes back, and they go on without a login"

	begin cable out
	reads 60 &
	reader=$!
	ok "cable: the driver sees the link go" wait_for 'grep -q DOWN /sys/class/iscsi_host/host$host/port_state' 10
	sleep 4
	hba cable in
	ends cable 0 0 "it is plugged in again, and the session goes on"
	wait $reader
	is $? 0 "cable: what was asked meanwhile is answered"

	begin hang on
	reads 60 &
	reader=$!
	sleep 3
	hba hang off
	ends "hang, for a moment" 0 0 "what waited is done"
	wait $reader
	is $? 0 "hang, for a moment: and answered"

	begin drop 0
	ok "drop: the session is blocked" session_is FAILED 10
	ends drop 0 1 "it is logged in again"
	diag "drop: after $(passed) s"

	begin aen-double 0x8014 2
	hba drop 0
	ok "aen-double: the session is blocked" session_is FAILED 10
	ends aen-double 0 1 "it is logged in again, once"

	begin aen-delay 0x8014 3000
	hba drop 0
	sleep 1
	is "$(state_of "$sid")" LOGGED_IN "aen-delay: nothing is known for a while"
	ok "aen-delay: then it is" session_is FAILED 10
	ends aen-delay 0 1 "it is logged in again"

	begin aen-lose 0x8014
	hba drop 0
	sleep 3
	is "$(state_of "$sid")" LOGGED_IN "aen-lose: a lost session looks well"
	reads 30 &
	reader=$!
	ok "aen-lose: until a command meets it" session_is FAILED 10
	ends aen-lose 0 1 "then it is logged in again"
	wait $reader

	begin mailbox-fail 0x63 0x4005
	hba drop 0
	session_is FAILED 10
	ends "mailbox-fail SET_DDB" 0 1 "the login is tried again"
	diag "mailbox-fail SET_DDB: after $(passed) s"

	begin mailbox-fail 0x74 0x4005
	hba drop 0
	session_is FAILED 10
	ends "mailbox-fail CONN_OPEN" 0 2 "the login is tried again"
	diag "mailbox-fail CONN_OPEN: after $(passed) s"

	begin login-fail any 3
	hba drop 0
	session_is FAILED 10
	ends login-fail 0 2 "a failed login is tried again"
	diag "login-fail: after $(passed) s"

	begin mailbox-fail 0x69 0x4001
	fw_state >/dev/null
	# This tree's gives whoever asked an error, and no more.
	[ "$LAB_MODULES" != stock ] ||
		ok "mailbox-fail GET_FW_STATE: the driver logs it" sh -c 'dmesg | grep -q "FAILED, MBOX CMD = 00000069"'
	ends "mailbox-fail GET_FW_STATE" 0 0 "nothing else comes of it"

	begin mailbox-delay 0x69 2000
	fw_state >/dev/null
	is "$(($(passed) >= 2))" 1 "mailbox-delay: the driver waits"
	ends mailbox-delay 0 0 "nothing else comes of it"

	begin delay 200
	fw_state >/dev/null
	ends delay 0 0 "a slow firmware is waited for"
	hba delay 10

	blocks=$(traced 0 'command GET_IFCB')
	begin event 0x801f
	ok "event 801F: the address is read anew" wait_for '[ "$(traced 0 "command GET_IFCB")" -gt $blocks ]' 10
	ends "event DHCP_ACQUIRED" 0 0 "nothing else comes of it"

	begin event 0x801a
	ok "event 801A: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends "event NVRAM_INVALID" 1 1 "and comes back"

	begin mailbox-double 0x69
	fw_state >/dev/null
	fw_state >/dev/null
	sleep 3
	diag "mailbox-double: $(dmesg | grep -c 'timed out, Scheduling Adapter Reset') times the next command counts as timed out"
	session_is LOGGED_IN 60
	ok "mailbox-double: the disk is read" reads
	hba clear
}

# comes_back NAME RESETS SENTENCE: a chip that dies with a fault armed comes back all the same
comes_back() {
	hba die
	ok "$1: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 120
	ends "$1" "$2" 1 "$3"
	diag "$1: after $(passed) s"
}

life() {
	begin die
	ok "die: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends die 1 1 "a system error is a reset"

	begin fatal
	ok "fatal: the chip is reset" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends fatal 1 1 "and comes back"

	begin eeprom-sum
	comes_back eeprom-sum 1 "a damaged EEPROM is no obstacle"

	begin semaphore-held any 2
	comes_back semaphore-held 1 "a semaphore that another function holds is waited for"

	begin boot-fail 0x4003
	comes_back boot-fail 2 "a firmware that does not start is started again"

	begin state-claim 0x8 3
	comes_back state-claim 1 "a firmware that says it waits for an address is waited for"

	begin reset-stuck
	comes_back reset-stuck 1 "a reset that does not end is forced"

	begin reset-raised
	reads 60
	ok "reset-raised: the driver starts the firmware again" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends reset-raised 1 1 "a reset by another function is lived with"
}

silence() {
	resets=$(counter resets)
	begin heartbeat off
	ok "heartbeat: without it the chip is reset" wait_for '[ $(counter resets) -gt $resets ]' 30
	hba heartbeat on
	ends heartbeat 1 1 "and comes back"

	begin mailbox-lose 0x69
	fw_state >/dev/null
	is "$(($(passed) >= 60))" 1 "mailbox-lose: the driver waits a minute"
	ok "mailbox-lose: then it resets the chip" wait_for '[ $(counter boots) -gt $boots ]' 60
	ends mailbox-lose 1 1 "and it comes back"

	begin reset
	ok "reset of the bus: silence, too" wait_for '[ $(counter boots) -gt $boots ]' 100
	ends reset 1 1 "what the bus took is set up again"

	begin hang on
	ok "hang: silence is found out by the missing heartbeat" wait_for '[ $(counter boots) -gt $boots ]' 100
	ends hang 1 1 "and ends with a reset"
}

ok "the driver loads" hba_start
host=$(hba_hosts)
ok "the session of the flash" wait_for '[ "$(cat /sys/class/iscsi_session/session*/state)" = LOGGED_IN ]' 60
sid=$(sid_of "${LAB_SAN_TARGETS%% *}")
disk=$(disk_of "$sid")
for timeout in /sys/block/sd*/device/timeout; do
	echo 6 >"$timeout"
done
"$1"
suite_done
