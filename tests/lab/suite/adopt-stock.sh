# SPDX-License-Identifier: GPL-3.0-or-later
# Sessions change hands under I/O, with /in/iscsid and /in/iscsiadm beside Debian's open-iscsi: open-iscsi logs in and its daemon dies,
# ours takes over, repairs cut connections and logs out; then ours logs in, and open-iscsi takes over.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
plain=iqn.2026-11.org.openhba.lab:t0 chap=iqn.2026-11.org.openhba.lab:t1
lio_target $chap d1 10.9.0.1:3260
lio_chap $chap alice wonderland123

# ours_start, stock_kill: the daemons by name
ours_start() {
	/in/iscsid -f -d 2 >>/tmp/iscsid.log 2>&1 &
	daemon_pid=$!
	wait_for '[ -S /run/iscsid/iscsid.sock ]' 30
}
stock_kill() {
	kill -9 $(pidof iscsid)
	wait_for '! pidof iscsid >/dev/null' 10
}
sids() { for s in /sys/class/iscsi_session/session*; do echo "${s##*session}"; done | sort -n | xargs; }

# fio_start SECONDS: verified writing to the disk of the session without CHAP
fio_start() {
	sid=$(grep -l "^$plain$" /sys/class/iscsi_session/session*/targetname)
	sid=${sid%/*}
	sid=${sid##*session}
	fio --name=v --filename=/dev/"$(disk_of "$sid")" --rw=randrw --bs=4k --size=32m --direct=1 --ioengine=libaio --iodepth=4 \
		--verify=crc32c --verify_backlog=64 --time_based --runtime="$1" --output-format=json --output=/tmp/fio.json &
	fio_pid=$!
	sleep 2
}
longest() { sed -n 's/.*"max" : \([0-9]*\).*/\1/p' /tmp/fio.json | sort -n | tail -1; }

# handed_over WHAT MS: fio, which ran across the hand-over, saw neither an error nor a pause of so many ms
handed_over() {
	wait $fio_pid
	is $? 0 "$1: fio with verify saw no error"
	ok "$1: longest I/O took $(($(longest) / 1000000)) ms" test $(($(longest) / 1000000)) -lt "$2"
}

# repairs WHAT: both connections are cut under I/O
repairs() {
	fio_start 15
	ok "$1: cut" cut
	ok "$1: both are logged in again" repaired
	wait $fio_pid
	is $? 0 "$1: fio with verify saw no error"
	is "$(sids)" "$before" "$1: they are the same sessions"
	ok "$1: verify" verify_disk "$(disk_of "$sid")" 8
}

# theirs, then ours
daemon_start
ok "open-iscsi discovers" iscsiadm -m discovery -t sendtargets -p 10.9.0.1
iscsiadm -m node | grep -v '^10\.' | while read -r portal name; do iscsiadm -m node -T "$name" -p "${portal%,*}" -o delete; done
setting $plain 'node.conn[0].iscsi.HeaderDigest' CRC32C 'node.conn[0].iscsi.DataDigest' CRC32C
setting $chap node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123
ok "open-iscsi logs in" iscsiadm -m node --login
is "$(healthy)" 2 "two sessions"
before=$(sids)
fio_start 12
stock_kill
sleep 1
ours_start
is "$(/in/iscsiadm -m session | sort)" "$(iscsiadm -m session 2>/dev/null | sort)" "ours shows them as theirs does"
is "$(/in/iscsiadm -m session -P 1 | grep -c 'Internal iscsid Session State: NO CHANGE')" 2 "ours knows both"
handed_over "theirs, then ours" 2000
is "$(grep -c 'logging in again' /tmp/iscsid.log)" 0 "nothing was logged in again"
repairs "theirs, then ours"
is "$(cat /sys/class/iscsi_connection/connection"$sid":0/header_digest)" 1 "digests as they were"
ok "ours logs one out" /in/iscsiadm -m session -r "$sid" --logout
ok "ours logs all out" /in/iscsiadm -m session --logout
is "$(sessions)" 0 "nothing left"

# ours, then theirs
ok "ours discovers" /in/iscsiadm -m discovery -t sendtargets -p 10.9.0.1
A=/in/iscsiadm
$A -m node | grep -v '^10\.' | while read -r portal name; do $A -m node -T "$name" -p "${portal%,*}" -o delete; done
setting $chap node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123
ok "ours logs in" $A -m node --login
is "$(healthy)" 2 "two sessions"
before=$(sids)
fio_start 12
daemon_stop
A=iscsiadm
iscsid
ok "open-iscsi knows both" wait_for "[ \"\$(iscsiadm -m session -P 1 | grep -c 'Internal iscsid Session State: NO CHANGE')\" = 2 ]" 30
# open-iscsi logs in again what it takes over
handed_over "ours, then theirs" 5000
repairs "ours, then theirs"
ok "open-iscsi logs out" iscsiadm -m session --logout
is "$(sessions)" 0 "nothing left"
suite_done
