# SPDX-License-Identifier: GPL-3.0-or-later
# port-loss.sh: the port of a session goes and returns, in every way there is: its I/O fails now and not after the recovery timeout, the
# same session and disk are back the moment the port is, and the kernel's timeout is what it was. No multipath here.
# shellcheck shell=dash disable=SC1091,SC2034
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 portal=10.9.1.1:3260 LIMIT_MS=5000
ms() { echo $(($(now_ns) / 1000000)); }
log_has() { grep -q "$1" /tmp/iscsid.log; }

new_iface() { # NAME SETTING VALUE...
	$A -m iface -I "$1" -o new >/dev/null
	name=$1
	shift
	while [ $# -gt 1 ]; do
		$A -m iface -I "$name" -o update -n "$1" -v "$2" >/dev/null
		shift 2
	done
}
new_iface managed iface.hwaddress "$(cat /sys/class/net/nic1/address)" iface.bind reachable iface.fast_fail 0
new_iface byhand iface.net_ifacename nic0
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 10.9.1.1 -I managed -I byhand
$A -m node -T $target -o update -n node.conn[0].timeo.noop_out_interval -v 1
$A -m node -T $target -o update -n node.conn[0].timeo.noop_out_timeout -v 2
ok "login by the managed iface" $A -m node -T $target -p $portal -I managed --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
S=/sys/class/iscsi_session/session$sid
state() { cat "$S/state"; }
timeout_is() { [ "$(cat "$S/recovery_tmo")" = "$1" ]; }
in_file() { sed -n 's/^session.former_timeout = //p' "/run/iscsid/session-$sid"; }
running() { [ "$(state)" = LOGGED_IN ] && [ "$(cat "/sys/block/$disk/device/state")" = running ]; }

# Reads until one fails, and says when.
read_on() {
	while dd if="/dev/$disk" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null; do :; done
	ms >/tmp/failed
}

# lose WHAT COMMAND: the port goes under I/O.
lose() {
	rm -f /tmp/failed
	read_on &
	reader=$!
	sleep 0.3
	went=$(ms)
	$2 || diag "$2 failed"
	ok "$1: I/O has failed" wait_for '[ -s /tmp/failed ]' 20
	took=$(($(cat /tmp/failed) - went))
	ok "$1: $took ms after it" test $took -le "$LIMIT_MS"
	wait $reader
	timeout_is 0 || ok "$1: the kernel has been told" false
}

# regain WHAT COMMAND TIMEOUT: it returns, and the kernel's timeout with it.
regain() {
	sleep 2 # Time2Wait of this target
	came=$(ms)
	$2 || diag "$2 failed"
	ok "$1: the session and its disk are back" wait_for running 20
	took=$(($(ms) - came))
	ok "$1: $took ms after it" test $took -le "$LIMIT_MS"
	ok "$1: the timeout is $3 again" wait_for "timeout_is $3" 5
	ok "$1: nothing is left to remember" wait_for '[ -z "$(in_file)" ]' 5
	ok "$1: the same disk reads" dd if="/dev/$disk" of=/dev/null bs=4k count=1 iflag=direct
}

down() { ip link set nic1 down; }
up() {
	ip link set nic1 up
	ip addr add fd09:1::10/64 dev nic1 nodad 2>/dev/null || :
}
pull() { lab-hotplug link nic 1 down; }
push() { lab-hotplug link nic 1 up; }
unplug() { lab-hotplug del nic 1; }
plug() { lab-hotplug add nic 1; }
no_address() { ip addr del 10.9.1.10/24 dev nic1; }
address() { ip addr add 10.9.1.10/24 dev nic1; }
other_address() { ip addr add 10.9.1.11/24 dev nic1; }

ok "the timeout is the record's" timeout_is 120
lose "link set down" down
is "$(in_file)" 120 "a restarted daemon will know"
regain "link set up" up 120
lose "cable pulled" pull
regain "cable back" push 120

# Whoever writes the attribute, as multipathd does, makes the kernel deaf to what a login sets.
echo 77 >"$S/recovery_tmo"
lose "address removed" no_address
regain "another address" other_address 77
ip addr del 10.9.1.11/24 dev nic1
address
ok "it is back from that, too" wait_for running 20

lose "NIC unplugged" unplug
ok "nothing is tried meanwhile" sh -c 'before=$(wc -l </tmp/iscsid.log); sleep 4; [ "$(wc -l </tmp/iscsid.log)" = "$before" ]'
daemon_kill
daemon_start
ok "a restarted daemon takes it over" wait_for "log_has 'taken over without a connection'" 10
ok "and knows that its NIC is not there" wait_for "log_has 'not there: 1 session'" 10
is "$(in_file)" 77 "and what the timeout was"
# A NIC that returns may have another name; the iface goes by its address.
regain "NIC back" plug 77
down
ip link set nic1 name storage7
ip link set storage7 up
ok "renamed: the session is back" wait_for running 20
ok "on the NIC's new name" wait_for '[ "$(cat /sys/class/iscsi_host/host*/netdev | grep -c storage7)" = 1 ]' 5
is "$(newest_sid)" "$sid" "it is the same session all along"
ip link set storage7 down
ok "lost once more" wait_for '[ "$(state)" != LOGGED_IN ]' 5
went=$(ms)
ok "a logout does not wait for the port" $A -m session -r "$sid" --logout
took=$(($(ms) - went))
ok "it took $took ms" test $took -lt 3000

# An iface made by hand: the ping finds out, as ever; the return of the NIC is not slept over.
ok "login by the other iface" $A -m node -T $target -p 10.9.0.1:3260 -I byhand --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
S=/sys/class/iscsi_session/session$sid
ip link set nic0 down
sleep 1
is "$(state)" LOGGED_IN "made by hand: its I/O is not failed for it"
ok "the ping notices" wait_for '[ "$(state)" = FAILED ]' 20
is "$(cat "$S/recovery_tmo")" 120 "the timeout is not touched"
sleep 3
came=$(ms)
ip link set nic0 up
ip addr add fd09:0::10/64 dev nic0 nodad 2>/dev/null || :
ok "back" wait_for running 20
took=$(($(ms) - came))
ok "$took ms after its NIC" test $took -le "$LIMIT_MS"
ok "verify" verify_disk "$disk" 8
suite_done
