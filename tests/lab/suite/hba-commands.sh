# SPDX-License-Identifier: GPL-3.0-or-later
# hba-commands.sh COUNT [busy]: COUNT mailbox commands of the distribution's qla4xxx on a card of two ports, both at once, among events, SCSI
# commands and a reset of the card; busy: with two processes on the host that compute. None may take five seconds, and the
# driver may not lose patience with any. A boot of both ports takes 178 commands: 36000 are 200 boots' worth. At last, answers without delay:
# then the driver loses most of them by a race of its own and sleeps its 60 seconds, but it does go on.
# shellcheck shell=dash disable=SC1091,SC2154,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
commands=$1 load=$2

# impatience: how often the driver lost it
impatience() { dmesg | grep -c 'qla4xxx.*timed out'; }

# done_by PORT: commands that its firmware has answered, and repeated_by PORT: answers that it has said again
done_by() { told "$1" state | sed 's/.* commands=\([0-9]*\) .*/\1/'; }
repeated_by() { told "$1" state | sed 's/.* repeated=\([0-9]*\) .*/\1/'; }

# hundredths: of seconds since the start, in $now
hundredths() {
	read -r now _ </proc/uptime
	now=${now%.*}${now#*.}
}

# asked PORT ATTRIBUTE: a command to the firmware, its value in $value, the hundredths that it took in $took
asked() {
	local before
	hundredths
	before=$now
	read -r value <"/sys/class/scsi_host/host$1/$2" || return 1
	hundredths
	took=$((now - before))
}

# hammer PORT COUNT: that many commands, one after the other; "COUNT SLOWEST" in /tmp/hammer.PORT
hammer() {
	local host n=0 slowest=0
	host=$(host_of "$1")
	while [ $n -lt "$2" ]; do
		for name in fw_state fw_uptime; do
			asked "$host" $name && [ -n "$value" ] || return 1
			[ $took -le $slowest ] || slowest=$took
			n=$((n + 1))
		done
	done
	echo "$n $slowest" >"/tmp/hammer.$1"
}

# both COUNT WHAT: on both ports at once, while events come, too
both() {
	local port slowest
	while :; do
		told 0 event 0x8018 >/dev/null
		told 1 event 0x8018 >/dev/null
		sleep 0.3
	done &
	events=$!
	for port in 0 1; do
		hammer $port "$1" &
		eval "job$port=\$!"
	done
	for port in 0 1; do
		eval "wait \$job$port"
		is $? 0 "$2: port $port: every command has an answer"
		read -r _ slowest <"/tmp/hammer.$port"
		ok "$2: port $port: none takes long ($slowest hundredths of a second)" test "$slowest" -lt 500
	done
	kill $events
	wait $events 2>/dev/null
	is "$(impatience)" 0 "$2: the driver is patient"
}

ok "the driver loads" hba_start
for port in 0 1; do
	ok "port $port: logs in by itself" session_ready $port "$plain" 1
done
[ -z "$load" ] || lab-san 'for i in 1 2; do nice sh -c "while :; do :; done" >/dev/null 2>&1 & done'

for port in 0 1; do
	verified $port "$(port_sids $port)" 8 40 &
	eval "io$port=\$!"
done
both $((commands / 6)) "with I/O"
for port in 0 1; do
	eval "wait \$io$port"
	is $? 0 "with I/O: port $port: nothing is lost"
done

# The card is reset while no command is under way: what is, the other port's driver waits for in vain.
echo adapter >"/sys/class/scsi_host/host$(host_of 0)/host_reset"
ok "after a reset of the card: both ports log in again" all_ready 120
both $((commands / 6)) "after a reset"
both $((commands / 6)) "alone"

sum=0 repeated=0
for port in 0 1; do
	sum=$((sum + $(done_by $port)))
	repeated=$((repeated + $(repeated_by $port)))
done
ok "the firmware has answered $sum commands ($repeated answers were said again)" test $sum -ge "$commands"

told 0 delay 0
for turn in 1 2; do
	ok "without delay: a command is answered" asked "$(host_of 0)" fw_state
	echo "# turn $turn: after $took hundredths of a second: $value"
	ok "without delay: when the driver looks" test $took -lt 7000
done
told 0 delay 10
all_ready 200
ok "with delay again: the next has its answer" asked "$(host_of 0)" fw_state
ok "with delay again: at once" test $took -lt 200
for port in 0 1; do
	ok "port $port: can be read" dd "if=/dev/$(disks_of "$(port_sids $port)" | head -1)" of=/dev/null bs=4096 count=64 iflag=direct
done
suite_done
