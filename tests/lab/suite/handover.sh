# SPDX-License-Identifier: GPL-3.0-or-later
# Sockets handed to the kernel by a program, and refused by it; our iscsi_tcp only, as the kernel's takes what it should not. Then what a
# session does when it ends under I/O: logged out, or given up by the recovery timeout.
# shellcheck shell=dash disable=SC1091,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 address=10.9.0.1 portal=10.9.0.1:3260
node=$LIO/iscsi/$target/tpgt_1/acls/iqn.2026-11.org.openhba.lab:kernel

lio_acl $target iqn.2026-11.org.openhba.lab:kernel
echo 3 >"$node/attrib/nopin_timeout"
echo 3 >"$node/attrib/nopin_response_timeout"
ok "sockets handed over and refused" /in/handover $target $address 3260
lio_attr $target generate_node_acls 1

daemon_start
ok "discovery" $A -m discovery -t sendtargets -p $address
ok "recovery gives up after 4 seconds" setting $target node.session.timeo.replacement_timeout 4 'node.conn[0].timeo.noop_out_interval' 1 'node.conn[0].timeo.noop_out_timeout' 2
ok "login" $A -m node -T $target -p $portal --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
state() { cat /sys/class/iscsi_session/session"$sid"/state; }
ok "verify" verify_disk "$disk" 8

dd if=/dev/zero of=/dev/"$disk" bs=64k oflag=direct 2>/tmp/dd.err &
dd_pid=$!
ip link set nic0 down
ok "given up" wait_for '[ "$(state)" = FREE ]' 60
ok "I/O ends" wait_for '! kill -0 $dd_pid 2>/dev/null' 30
wait $dd_pid
is $? 1 "with an error"
ip link set nic0 up
ip addr add 10.9.0.10/24 dev nic0 2>/dev/null || :
ok "logged in again" wait_for '[ "$(state)" = LOGGED_IN ]' 60
ok "verify again" verify_disk "$disk" 8

# A link-local address says on which link. The portal is told no target, as its address has a scope of ours only.
lio_portal $target '[::]:3261'
local_portal=$(in_target ip -6 -o addr show dev t0 scope link | sed 's/.*inet6 \(fe80[^/]*\).*/\1/')
ok "a link-local portal ($local_portal)" $A -m node -T $target -p "[$local_portal%nic0]:3261" -o new
ok "login there" $A -m node -T $target -p "[$local_portal%nic0]:3261" --login
local_sid=$(newest_sid)
ok "its address has the link" grep -qix 'fe80:.*%nic0' /sys/class/iscsi_connection/connection"$local_sid":0/address
ok "logout" $A -m session -r "$local_sid" --logout

for round in 1 2 3; do
	dd if=/dev/zero of=/dev/"$disk" bs=256k oflag=direct 2>/dev/null &
	dd if=/dev/"$disk" of=/dev/null bs=64k iflag=direct 2>/dev/null &
	sleep 0.7
	before=$(now_ns)
	ok "round $round: logged out under I/O" timeout 60 $A -m session -r "$sid" --logout
	took=$((($(now_ns) - before) / 1000000))
	ok "round $round: soon ($took ms)" test $took -lt 15000
	ok "round $round: I/O ends" wait_for '! pgrep -x dd >/dev/null' 30
	is "$(sessions)" 0 "round $round: nothing left"
	ok "round $round: login" $A -m node -T $target -p $portal --login
	sid=$(newest_sid)
	disk=$(disk_of "$sid")
done
ok "verify at last" verify_disk "$disk" 8
ok "logout" $A -m session -r "$sid" --logout
suite_done
