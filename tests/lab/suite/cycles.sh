# SPDX-License-Identifier: GPL-3.0-or-later
# cycles.sh [ROUNDS]: discovery, login to 8 targets, logout, many times over: the daemon neither grows nor keeps files open, and the
# kernel keeps no session. The first tenth of the rounds fills the caches; what counts is the growth after it.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
rounds=${1:-50} n=8
lio_init
lio_disk d0 8
for i in $(seq $n); do lio_target iqn.2026-11.org.openhba.lab:c"$i" d0 127.0.0.1:3260; done
daemon_start
rss() { awk '/^VmRSS/ { print $2 }' /proc/"$daemon_pid"/status; }
# The heap alone: a slow machine makes the daemon start a worker more, and its stack is data, too.
heap() { awk '/ \[heap\]$/ { found = 1 } found && /^Rss/ { print $2; exit }' /proc/"$daemon_pid"/smaps; }
threads() { awk '/^Threads/ { print $2 }' /proc/"$daemon_pid"/status; }
fds() { find /proc/"$daemon_pid"/fd -type l | wc -l; }

# cycle: everything once; what it says is shown if it fails
cycle() {
	$A -m discovery -t sendtargets -p 127.0.0.1 && $A -m node --login && [ "$(sessions)" = $n ] && $A -m node --logoutall=all &&
		[ "$(sessions)" = 0 ]
}

bad=0 round=0 warm=$((rounds / 10 + 5))
while [ $round -lt $((warm + rounds)) ]; do
	[ $round != $warm ] || rss_before=$(rss) heap_before=$(heap) fds_before=$(fds)
	[ $((round % 10)) != 0 ] || diag "round $round: $(rss) kB resident, $(heap) kB of heap, $(fds) files, $(threads) threads"
	cycle >/tmp/cycle.out 2>&1 || { bad=$((bad + 1)); diag "round $round: $(cat /tmp/cycle.out)"; }
	round=$((round + 1))
done
is $bad 0 "$rounds cycles of $n logins and logouts"
diag "$(rss) kB resident ($rss_before before), $(heap) kB of heap ($heap_before before), $(fds) files ($fds_before before)"
ok "the daemon did not grow" test $(($(rss) - rss_before)) -lt 256
ok "its heap did not grow" test $(($(heap) - heap_before)) -lt 256
is "$(fds)" "$fds_before" "it has as many files open as before"
is "$(find /run/iscsid -name 'session-*' | wc -l)" 0 "no state file left"
suite_done
