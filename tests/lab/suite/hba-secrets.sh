# SPDX-License-Identifier: GPL-3.0-or-later
# hba-secrets.sh: CHAP through an emulated HBA as our iscsid asks for it. The driver puts names and secrets into the card's flash, the firmware
# logs in with them: without any or with a wrong one there is no session, and neither with a wrong one of the target's own (port 1: a card
# knows one secret of a name). With the right ones there is, in both directions, and its disks work.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# in_flash LINE: of the CHAP table of port 0
in_flash() { iscsiadm -m host -H "$(host_of 0)" -C chap -o show | grep -qx "host.auth.$1"; }

# record PORT: options that name its record
record() { echo "-T $guarded -p 10.10.$1.1 -I $(iface_of "$1")"; }

# refused PORT WHAT: the card does not say why it is not logged in, so it is tried again as long as the record says; 8 or 11 by what the
# last attempt was doing then
refused() {
	is "$(rc iscsiadm -m node $(record "$1") --login | sed 's/^11$/8/')" 8 "$2: no login" || sed 's/^/# /' /tmp/err
	is "$(port_sids "$1" "$guarded" | while read -r sid; do disks_of "$sid"; done)" "" "$2: there is no disk"
}

ok "the driver loads" hba_start
for port in 0 1; do
	ok "port $port: link" wait_for "[ \"\$(host_value $port port_state)\" = 'LINK UP' ]" 30
done
patience 10 10 5 5 20 5
daemon_start
for port in 0 1; do
	ok "port $port: discovery" iscsiadm -m discovery -t sendtargets -p "10.10.$port.1" -I "$(iface_of $port)"
done
setting "$guarded" node.session.initial_login_retry_max 1
refused 0 "without credentials"
setting "$guarded" node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password looking4wonderland
refused 0 "with a wrong secret"
setting "$guarded" node.session.auth.password wonderland123 node.session.auth.username_in bob node.session.auth.password_in lookingglass99
ok "with CHAP both ways" iscsiadm -m node $(record 0) --login
ok "its disks" session_ready 0 "$guarded" 1
ok "I/O" verified 0 "$(port_sids 0 "$guarded" | tail -1)" 8
for line in "username = alice" "password = wonderland123" "username_in = bob" "password_in = lookingglass99"; do
	ok "the flash has it: ${line%% *}" in_flash "$line"
done
setting "$guarded" node.session.auth.password_in nolookingglass
refused 1 "with a wrong secret of the target"
suite_done
