# SPDX-License-Identifier: GPL-3.0-or-later
# kill-logins.sh [ROUNDS]: SIGKILL of the daemon at a different moment of 20 logins each time. No record is lost, a new daemon
# cleans up what was half-made, and the next login brings all 20.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
rounds=${1:-20} n=20
lio_init
lio_disk d0 8
i=0
while [ $i -lt $n ]; do
	lio_target iqn.2026-11.org.openhba.lab:k$i d0 127.0.0.1:3260
	i=$((i + 1))
done
daemon_start
ok "discovery of $n targets" $A -m discovery -t sendtargets -p 127.0.0.1
$A -m node -o show >/tmp/records
round=0
while [ $round -lt "$rounds" ]; do
	$A -m node --login >/tmp/login.out 2>&1 &
	login=$!
	# a moment between at once and after the last login
	sleep "$(awk -v r=$round -v n="$rounds" 'BEGIN { printf "%.3f", r * 0.6 / n }')"
	kill -9 "$daemon_pid" # of daemon_start
	wait $login
	had=$(sessions)
	daemon_start
	$A -m node -o show >/tmp/records.now
	ok "round $round ($had sessions at the kill): no record lost" cmp -s /tmp/records /tmp/records.now
	$A -m node --login >/tmp/login.out 2>&1
	ok "round $round: all logged in" wait_for "[ \"\$($A -m session | wc -l)\" = $n ]" 30
	is "$(grep -h . /sys/class/iscsi_session/session*/targetname | sort -u | wc -l)" $n "round $round: each target once"
	is "$(grep -l LOGGED_IN /sys/class/iscsi_session/session*/state | wc -l)" $n "round $round: all healthy"
	ok "round $round: logout" $A -m node --logoutall=all
	is "$(sessions)" 0 "round $round: nothing left"
	round=$((round + 1))
done
suite_done
