# SPDX-License-Identifier: GPL-3.0-or-later
# The daemon is killed and started again while I/O runs: no error, no pause over a second, the same session; the new daemon
# repairs what broke while it was away, and can log out.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 127.0.0.1
ok "login" $A -m node -T $target -p 127.0.0.1:3260 --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
fio --name=v --filename=/dev/"$disk" --rw=randrw --bs=4k --size=32m --direct=1 --ioengine=libaio --iodepth=4 --verify=crc32c \
	--verify_backlog=64 --time_based --runtime=25 --output-format=json --output=/tmp/fio.json &
fio_pid=$!
for round in 1 2 3 4 5; do
	sleep 2
	daemon_kill
	sleep 1
	daemon_start
	ok "round $round: the daemon knows the session" wait_for "$A -m session -P 1 | grep -q 'Internal iscsid Session State: NO CHANGE'" 10
	is "$(cat /sys/class/iscsi_session/session"$sid"/state)" LOGGED_IN "round $round: still logged in"
done
wait $fio_pid
is $? 0 "fio with verify saw no error"
longest=$(sed -n 's/.*"max" : \([0-9]*\).*/\1/p' /tmp/fio.json | sort -n | tail -1)
# Under a second on a quiet machine, two on one that translates three machines at once.
ok "longest I/O took $((longest / 1000000)) ms" test "$longest" -lt 4000000000
is "$(grep -c 'logged in again\|logging in again' /tmp/iscsid.log)" 0 "nothing was logged in again"

# broken while nobody looks
daemon_kill
ok "cut" cut
ok "the kernel sees it" wait_for '[ "$(healthy)" = 0 ]' 20
daemon_start
ok "a session that broke meanwhile is repaired" repaired 30
ok "verify" verify_disk "$disk" 8
ok "logout" $A -m node -T $target --logout
is "$(sessions)" 0 "nothing left"
is "$(find /run/iscsid -name 'session-*' | wc -l)" 0 "no state file left"
suite_done
