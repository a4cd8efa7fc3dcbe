# SPDX-License-Identifier: GPL-3.0-or-later
# hba-logout.sh ROUNDS: sessions by our tools through an emulated HBA come and go under this tree's qla4xxx, beside one of the flash: each
# login gets the same place in the firmware's table again, discoveries leave nothing, and the session of the flash survives all of it and a
# lost link.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
rounds=$1

commands() { traced 0 "command $1 "; }

# target_id SID: of its SCSI target, which is its place in the firmware's table
target_id() { cat "/sys/class/iscsi_session/session$1/target_id"; }

# node VERB: of the target that is not in the flash
node() { $A -m node -T "$guarded" -p 10.10.0.1 -I "$iface" "--$1"; }

# gone: only the flash's session is there
gone() { [ "$(port_sids 0)" = "$flash_sid" ]; }

# round N: a login with I/O, and the logout
round() {
	local sid name
	node login >/tmp/login 2>&1 || { diag "round $1: $(cat /tmp/login)"; return 1; }
	wait_for "is_ready 0 $guarded 1" 30 || { diag "round $1: no disks"; return 1; }
	sid=$(port_sids 0 "$guarded")
	target_id "$sid" >>/tmp/ids
	name=$(disks_of "$sid" | head -1)
	dd if=/dev/zero of="/dev/$name" bs=64k count=4 oflag=direct 2>/dev/null || { diag "round $1: no I/O"; return 1; }
	node logout >/tmp/logout 2>&1 || { diag "round $1: $(cat /tmp/logout)"; return 1; }
	wait_for gone 10 || { diag "round $1: it stays"; return 1; }
}

ok "the driver loads" hba_start
ok "it is this tree's" grep -q '^qla4xxx .* [OE(]' /proc/modules
ok "the flash's session is there" session_ready 0 "$plain" 1
flash_sid=$(port_sids 0 "$plain")
daemon_start
iface=$(iface_of 0)
ok "a record" $A -m node -o new -T "$guarded" -p 10.10.0.1:3260,1 -I "$iface"
setting "$guarded" node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123

failed=0
: >/tmp/ids
before="$(commands LOGOUT) $(commands CONN_OPEN)"
for n in $(seq "$rounds"); do round "$n" || failed=$((failed + 1)); done
is $failed 0 "$rounds times in and out"
is "$(sort -u /tmp/ids | wc -l)" 1 "always at the same place of the firmware's table"
diag "LOGOUT, CONN_OPEN: $before before, $(commands LOGOUT) $(commands CONN_OPEN) after"
is "$(state_of "$flash_sid")" LOGGED_IN "the flash's session has not noticed"

for n in $(seq 5); do
	ok "discovery $n" sh -c "$A -m discovery -t st -p 10.10.0.1 -I $iface | grep -q $guarded"
	ok "discovery $n: nothing is left of it" wait_for gone 10
done

ok "the cable is pulled" told 0 cable out
ok "the port says so" wait_for '[ "$(host_value 0 port_state)" = "LINK DOWN" ]' 20
ok "the cable is in again" told 0 cable in
ok "the flash's session is back" wait_for '[ "$(state_of $flash_sid)" = LOGGED_IN ]' 60
suite_done
