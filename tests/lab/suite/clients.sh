# SPDX-License-Identifier: GPL-3.0-or-later
# clients.sh [CALLS]: 500 calls of iscsiadm at once, a mix of everything: none fails, none waits far longer than the others, every
# record and session is as it should be. Then 20 discoveries that hang, and as many that hang inside the daemon: other calls take no
# longer. Run with --icount: time is instructions and waiting, so that the bounds below mean the same on every machine.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
calls=${1:-500}
ours=iqn.2026-11.org.openhba.crowd
# The slowest of all that start in the same instant, against the median
SPREAD=3

rmmod sd_mod 2>/dev/null
lio_init
lio_disk d0 1
each=$((calls / 10))
i=0
while [ $i -lt $((2 * each)) ]; do
	lio_target $ours:t$i d0 127.0.0.1:3260
	i=$((i + 1))
done
daemon_start || exit 1
$A -m discovery -t sendtargets -p 127.0.0.1 >/dev/null || exit 1
i=0
while [ $i -lt $each ]; do
	echo "$A -m node -T $ours:update$i -p 192.0.2.1:3260,1 -o new"
	echo "$A -m node -T $ours:t$((each + i)) -p 127.0.0.1:3260 --login"
	i=$((i + 1))
done >/tmp/before
is "$(/in/crowd </tmp/before | tail -1 | sed 's/.*, //')" "0 failed" "$each records made and $each logins, each by a call of its own"
is "$(sessions)" $each "sessions"

i=0
while [ $i -lt $each ]; do
	cat <<-END
		$A -m node
		$A -m session
		$A -m node -T $ours:t$i
		$A -m node -T $ours:update$i -o update -n node.session.queue_depth -v $((i + 1))
		$A -m node -T $ours:new$i -p 192.0.2.2:3260,1 -o new
		$A -m discoverydb
		$A -m session -P 1
		$A -m iface
		$A -m node -T $ours:t$i -p 127.0.0.1:3260 --login
		$A -m node -T $ours:t$((each + i)) -p 127.0.0.1:3260 --logout
	END
	i=$((i + 1))
done >/tmp/mix
/in/crowd </tmp/mix >/tmp/crowd
tail -1 /tmp/crowd | sed 's/^/# /'
is "$(wc -l </tmp/mix)" "$calls" "calls at once"
is "$(grep -v '^0 ' /tmp/crowd | head -5 | grep -v '^median')" "" "none failed" || sort /root/crowd.out | uniq -c | sort -rn | sed -n '1,10s/^/# /p'
for what in '-m node$' '-m session$' '-o update' '-o new' '-P 1$' '--login' '--logout'; do
	grep -e "$what" /tmp/crowd | awk -v what="$what" '{ t[NR] = $2 } END { n = asort_(t, NR); printf "# %-14s median %d us, max %d us\n", what, t[int((n + 1) / 2)], t[n] }
		function asort_(a, n, i, j, x) { for (i = 2; i <= n; i++) { x = a[i]; for (j = i - 1; j > 0 && a[j] > x; j--) a[j + 1] = a[j]; a[j + 1] = x } return n }'
done
set -- $(tail -1 /tmp/crowd)
ok "the slowest took at most $SPREAD times the median: $4 us against $2 us" test "$4" -le $((SPREAD * $2))
is "$(sessions)" $each "as many sessions as before"
is "$($A -m session | grep -c ":t[0-9]* ")" $each "all told"
is "$($A -m node | wc -l)" $((4 * each)) "records"
i=0 wrong=0
$A -m node -o show >/tmp/records
while [ $i -lt $each ]; do
	sed -n "/^node.name = $ours:update$i\$/,/END RECORD/p" /tmp/records | grep -qx "node.session.queue_depth = $((i + 1))" || wrong=$((wrong + 1))
	i=$((i + 1))
done
is $wrong 0 "every update is there"
is "$(rc $A -m store -o verify)" 0 "the database is whole"

# Portals that swallow all that is sent to them
ip link add hole type dummy
ip addr add 203.0.113.254/24 dev hole
ip link set hole up
i=0
while [ $i -lt 10 ]; do
	cat <<-END
		$A -m node
		$A -m session
		$A -m node -T $ours:t1 -o show
		$A -m node -T $ours:update1 -o update -n node.session.queue_depth -v $((i + 1))
		$A -m discovery -t sendtargets -p 127.0.0.1:3260
		$A -m node -T $ours:t$((each + 1)) -p 127.0.0.1:3260 --login
		$A -m node -T $ours:t$((each + 1)) -p 127.0.0.1:3260 --logout
	END
	i=$((i + 1))
done >/tmp/others
/in/crowd -1 </tmp/others >/tmp/alone
i=1 hanging=
while [ $i -le 20 ]; do
	$A -m discovery -t sendtargets -p 203.0.113.$i >/dev/null 2>&1 &
	hanging="$hanging $!"
	unshare --net $A -m discovery -t sendtargets -p 203.0.113.$((100 + i)) >/dev/null 2>&1 &
	hanging="$hanging $!"
	i=$((i + 1))
done
wait_for '[ "$(ss -Htn state syn-sent | wc -l)" -eq 40 ]' 20
is "$(ss -Htnp state syn-sent | grep -c '"iscsid"')" 20 "20 discoveries hang in the daemon"
is "$(ss -Htnp state syn-sent | grep -c '"iscsiadm"')" 20 "and 20 in iscsiadm"
/in/crowd -1 </tmp/others >/tmp/beside
is "$(ss -Htn state syn-sent | wc -l)" 40 "all hang still"
set -- $(tail -1 /tmp/alone) $(tail -1 /tmp/beside)
diag "alone: median $2 us, max $4 us; beside 40 hanging discoveries: median ${10} us, max ${12} us"
is "$7 ${15}" "0 0" "no other call failed"
ok "the median is at most a tenth longer" test "${10}" -le $(($2 * 11 / 10))
ok "nor is the slowest, but for 2 ms" test "${12}" -le $(($4 * 11 / 10 + 2000))
# shellcheck disable=SC2086
kill $hanging
wait_for '[ "$(ss -Htn state syn-sent | wc -l)" -eq 0 ]' 20
is "$(ss -Htn state syn-sent | wc -l)" 0 "a client that is killed takes its discovery with it"
is "$(rc $A -m discovery)" 0 "discovery records"
is "$(wc -l </tmp/out)" 1 "nothing is stored of those that hung"
$A -m node --logoutall=all >/dev/null
suite_done
