# SPDX-License-Identifier: GPL-3.0-or-later
# The lab's side of emulated HBAs: their ports are on the bus, their control sockets and their storage network can be reached.
. /lab/env
. /lab/lib.sh
cards=0
for hba in $LAB_HBAS; do
	is "$(hba_functions "${hba#hba}")" "$LAB_HBA_PORTS" "$hba: each port is a function on the bus"
	for function in /sys/bus/pci/devices/0000:00:0$((8 + cards)).0/*:00.[13]; do
		is "$(cat "$function/vendor" "$function/device" | tr '\n' ' ')" "0x1077 0x$LAB_HBA_MODEL " "$hba: ${function##*/} is of the model that was asked for"
	done
	ok "$hba: its control socket answers" lab-hba -c $cards help
	ok "$hba: and says what it does not know" test "$(lab-hba -c $cards no-such-command; echo $?)" != 0
	cards=$((cards + 1))
done
ok "there is no further card" test "$(lab-hba -c $cards help >/dev/null 2>&1; echo $?)" = 1
is "$(lab-san 'echo one two; echo three; exit 7'; echo $?)" "one two
three
7" "lab-san: what a command says, and its status"
is "$(lab-san true; echo $?)" 0 "lab-san: nothing said"
n=0
for portal in $LAB_SAN_PORTALS; do
	case $portal in
	\[*) is "$(lab-san "ip -br addr show dev san$n to fd10:$n::1" | wc -l)" 1 "the segment of port $n has $portal" && n=$((n + 1)) ;;
	*) ok "the segment of port $n has $portal" lab-san "ip -br addr show dev san$n | grep -q '${portal%:*}/24'" ;;
	esac
done
is $n $((cards * LAB_HBA_PORTS)) "a segment for each port"
is "$(lab-san 'tgtadm --lld iscsi --mode target --op show' | sed -n 's/^Target [0-9]*: //p' | tr '\n' ' ')" "$LAB_SAN_TARGETS " "the targets are those of LAB_SAN_TARGETS"
is "$(lab-san 'ls /run/netns' | wc -l)" $n "a namespace for each port, and none of another lab"
done_testing
