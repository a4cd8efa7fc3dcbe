# SPDX-License-Identifier: GPL-3.0-or-later
# recovery.sh [CUTS]: a connection is lost under I/O: the session blocks, logs in again by itself, and not one byte is wrong. A
# session in recovery can be logged out at once.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 portal=10.9.0.1:3260 cuts=${1:-5}
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "login" $A -m node -T $target -p $portal --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
state() { cat /sys/class/iscsi_session/session"$sid"/state; }

fio --name=v --filename=/dev/"$disk" --rw=randwrite --bs=4k --size=32m --direct=1 --ioengine=libaio --iodepth=8 --verify=crc32c \
	--verify_backlog=64 --time_based --runtime=$((cuts * 6)) --rate=2m --output=/tmp/fio.out &
fio_pid=$!
for round in $(seq "$cuts"); do
	sleep 2
	ok "round $round: cut" cut
	ok "round $round: logged in again" repaired 20
done
wait $fio_pid
is $? 0 "fio with verify saw no error"
ok "64 MiB verify after it all" verify_disk "$disk" 64
is "$(newest_sid)" "$sid" "it is the same session"

# the portal is unreachable for a while
ip link set nic0 down
ok "loss is noticed by the ping" wait_for '[ "$(state)" = FAILED ]' 40
ip link set nic0 up
ip addr add 10.9.0.10/24 dev nic0 2>/dev/null || :
ok "logged in again when the link is back" wait_for '[ "$(state)" = LOGGED_IN ]' 60
ok "verify" verify_disk "$disk" 8

ip link set nic0 down
ok "loss is noticed" wait_for '[ "$(state)" = FAILED ]' 40
before=$(now_ns)
ok "a session in recovery is logged out" $A -m session -r "$sid" --logout
took=$((($(now_ns) - before) / 1000000))
ok "at once ($took ms)" test $took -lt 3000
is "$(sessions)" 0 "nothing left"
suite_done
