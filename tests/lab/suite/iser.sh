# SPDX-License-Identifier: GPL-3.0-or-later
# iSER over soft RoCE: a driver that carries the login itself. Discovery, login, verified I/O, what the session shows, a connection
# that breaks, a daemon that is killed under I/O, wrong secrets, portals where nobody is, logout.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:r0
portal=10.9.0.10:3260
LIO=/sys/kernel/config/target

# The RDMA drivers of both ends live in the first network namespace, so that is where the portal is: both on one NIC.
modprobe -a rdma_rxe ib_isert
ok "a RoCE port on nic0" rdma link add rxe0 type rxe netdev nic0
lio_init
lio_disk r0 64
lio_target $target r0
mkdir $LIO/iscsi/$target/tpgt_1/np/$portal
ok "an iSER portal" sh -c "echo 1 >$LIO/iscsi/$target/tpgt_1/np/$portal/iser"
daemon_start

endpoints() { find /sys/class/iscsi_endpoint -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
attribute() { cat /sys/class/iscsi_session/session"$sid"/"$1"; }

ok "discovery" $A -m discovery -t sendtargets -p $portal -I iser
is "$($A -m node)" "$portal,1 $target" "has found the target"
ok "login" $A -m node -T $target -p $portal -I iser --login
sid=$(newest_sid)
ok "a disk" disk_of "$sid"
disk=$(disk_of "$sid")
is "$(cat /sys/class/iscsi_connection/connection"$sid":0/header_digest)" 0 "no header digest"
is "$(attribute ifacename)" iser "the kernel knows the iface"
is "$(attribute targetname)" $target "and the target"
$A -m session -P 3 >/tmp/p3
ok "session -P 3 says iser" grep -q "Iface Transport: iser" /tmp/p3
ok "and shows the disk" grep -q "Attached scsi disk $disk" /tmp/p3
ok "and the iface" grep -q "Iface Name: iser" /tmp/p3
ok "verify" verify_disk "$disk" 4

io() {
	fio --name=v --filename=/dev/"$disk" --rw=randrw --bs=4k --size=16m --direct=1 --ioengine=libaio --iodepth=4 --verify=crc32c \
		--verify_backlog=64 --time_based --runtime="$1" --output=/tmp/fio.out &
	fio_pid=$!
}

# the daemon is killed and started again under I/O
io 8
sleep 1
daemon_kill
sleep 1
daemon_start
ok "a new daemon knows the session" wait_for "$A -m session -P 1 | grep -q 'Internal iscsid Session State: NO CHANGE'" 20
wait $fio_pid
is $? 0 "fio with verify saw no error"
is "$(grep -c 'logging in again' /tmp/iscsid.log)" 0 "nothing was logged in again"

# the connection breaks under I/O
connection_is() { [ "$(cat /sys/class/iscsi_connection/connection"$sid":0/state)" = "$1" ]; }
io 15
sleep 2
ok "the port goes" rdma link delete rxe0
ok "the daemon sees it" wait_for "grep -q 'logging in again' /tmp/iscsid.log" 60
sleep 1
rdma link add rxe0 type rxe netdev nic0
echo 0 >$LIO/iscsi/$target/tpgt_1/np/$portal/iser
echo 1 >$LIO/iscsi/$target/tpgt_1/np/$portal/iser
ok "logged in again" wait_for "grep -q 'operational after recovery' /tmp/iscsid.log" 60
wait $fio_pid
is $? 0 "fio with verify saw no error over it"
is "$(newest_sid)" "$sid" "it is the same session"
ok "verify" verify_disk "$disk" 4
is "$(endpoints)" 1 "one endpoint"
ok "logout" $A -m node -T $target --logout
is "$(sessions)" 0 "nothing left"
is "$(endpoints)" 0 "no endpoint left"

# broken while nobody looks
ok "login" $A -m node -T $target -p $portal -I iser --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
daemon_kill
rdma link delete rxe0
ok "the kernel sees it" wait_for '[ "$(healthy)" = 0 ]' 60
rdma link add rxe0 type rxe netdev nic0
echo 0 >$LIO/iscsi/$target/tpgt_1/np/$portal/iser
echo 1 >$LIO/iscsi/$target/tpgt_1/np/$portal/iser
daemon_start
ok "a session that broke meanwhile is repaired" wait_for '[ "$(healthy)" = 1 ]' 60
ok "verify" verify_disk "$disk" 4
ok "logout" $A -m node -T $target --logout

# the daemon is killed somewhere in a login: the next one keeps a session that is whole, and takes down one that is not
for moment in 0.3 0.6 0.9 1.2; do
	$A -m node -T $target -p $portal -I iser --login >/dev/null 2>&1 &
	sleep $moment
	daemon_kill
	wait $!
	daemon_start
	ok "killed $moment s into a login: nothing half made is left" wait_for '[ "$(healthy)" = "$(sessions)" ]' 30
	[ "$(sessions)" = 0 ] || ok "what is there can be logged out" $A -m node -T $target --logout
	is "$(sessions)" 0 "nothing left"
done

diag "$(grep -c "half made" /tmp/iscsid.log) half made sessions were found"
# One that was connecting in that moment is nobody's: it stays until the driver goes.
left=$(endpoints)

# what fails
lio_chap $target alice wonderland123
ok "a wrong secret" setting $target node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password nonsense12345
is "$(rc $A -m node -T $target -p $portal -I iser --login)" 24 "is 24"
ok "the right one" setting $target node.session.auth.password wonderland123
ok "logs in" $A -m node -T $target -p $portal -I iser --login
ok "logout" $A -m node -T $target --logout
$A -m node -T $target -p 10.9.0.10:3299 -I iser -o new >/dev/null
ok "no long wait" setting $target node.session.initial_login_retry_max 1 'node.conn[0].timeo.login_timeout' 5
began=$(now_ns)
is "$(rc $A -m node -T $target -p 10.9.0.10:3299 -I iser --login)" 8 "a portal where nobody is ends in 8"
took=$((($(now_ns) - began) / 1000000))
ok "within its time ($took ms)" test $took -lt 15000
is "$(sessions)" 0 "no session left"
is "$(endpoints)" "$left" "no endpoint left"
suite_done
