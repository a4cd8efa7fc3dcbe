# SPDX-License-Identifier: GPL-3.0-or-later
# cuts.sh SECONDS: the target resets the connection every second while fio writes at random, reads back and verifies: no write is
# lost, none fails. A login under way is cut every other second only: where one takes a second, none would ever come to its end.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
seconds=$1 target=iqn.2026-11.org.openhba.lab:t0 portal=127.0.0.1:3260
sed -i '/DefaultTime2Wait/d' /etc/iscsi/iscsid.conf
echo 'node.session.iscsi.DefaultTime2Wait = 0' >>/etc/iscsi/iscsid.conf
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p $portal
ok "login" $A -m node -T $target -p $portal --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
state=/sys/class/iscsi_session/session$sid/state
fio --name=v --filename=/dev/"$disk" --rw=randwrite --bssplit=512/20:4k/40:64k/30:512k/10 --size=24m --direct=1 --ioengine=libaio \
	--iodepth=8 --verify=crc32c --verify_backlog=32 --verify_fatal=1 --time_based --runtime="$seconds" --verify_state_save=0 --output=/tmp/fio.out &
fio_pid=$!
cuts=0 repairs=0 spared=0 end=$(($(now_ns) / 1000000000 + seconds))
while [ $(($(now_ns) / 1000000000)) -lt $end ]; do
	sleep 1
	if grep -q LOGGED_IN "$state"; then
		repairs=$((repairs + 1))
	elif [ $spared = 0 ]; then
		spared=1
		continue
	fi
	spared=0
	ss -K state established '( sport = :3260 )' >/dev/null
	cuts=$((cuts + 1))
done
diag "$cuts cuts, logged in at $repairs of them"
ok "at a third of them at least it was logged in again" test $((repairs * 3)) -ge $cuts -a $cuts -ge 2
wait $fio_pid
is $? 0 "no write is lost, none fails" || diag "$(tail -40 /tmp/fio.out)"
ok "logged in again after the last" wait_for 'grep -q LOGGED_IN $state' 60
is "$(newest_sid)" "$sid" "it is the same session"
ok "the disk verifies" verify_disk "$disk" 16
ok "logout" $A -m node -T $target -p $portal --logout
is "$(sessions)" 0 "no session is left"
suite_done
