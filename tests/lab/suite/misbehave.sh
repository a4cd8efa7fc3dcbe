# SPDX-License-Identifier: GPL-3.0-or-later
# misbehave.sh: logs in to every row of the misbehaving target (tests/target/README.md), all at once: status and log line of each as its
# row says, nothing left behind, nobody delayed by others, and a daemon that is as large and as well as before.
# shellcheck shell=dash disable=SC1091,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
prefix=iqn.2026-11.org.openhba.misbehave: port=3300 conf=/etc/iscsi/iscsid.conf run=/tmp/run rss_max_kb=8192 good_max_ms=30000
tab=$(printf '\t')
# freed memory goes back, so that growth is growth
export ASAN_OPTIONS="$ASAN_OPTIONS:quarantine_size_mb=2"
mkdir -p $run
say() { diag "$1, at $(($(now_ns) / 1000000)) ms"; }

# Short patience, so that what hangs ends soon, but enough for a machine that is busy.
patience 12 5 3 10 5 2
echo 'node.session.initial_login_retry_max = 1' >>$conf
cp $conf /tmp/conf
echo 2 >/sys/module/scsi_mod/parameters/inq_timeout

misbehave -p $port >/tmp/misbehave.log 2>&1 &
target_pid=$!
ok "the target serves" wait_for 'grep -q ready /tmp/misbehave.log' 20
misbehave -p $port --list >/tmp/list
awk -F'\t' '$7 != "-" && $1 != "good"' /tmp/list >/tmp/rows
port_of() { awk -F'\t' -v name="$1" '$1 == name { print $2 }' /tmp/list; }
daemon_start

# --- one discovery for each kind of settings makes all records with them; the lister itself asks for no secrets
# startup WORD: conf with it; --loginall looks at both settings
startup() {
	printf 'node.startup = %s\nnode.conn[0].startup = %s\n' "$1" "$1" | cat /tmp/conf -
	# what does not hang in its login may take its time on a busy machine
	[ "$1" = automatic ] || echo 'node.conn[0].timeo.login_timeout = 60'
}
make_records() { # SETTINGS LIST STARTUP
	{
		startup "$3"
		misbehave --conf "$1" | grep -v '^discovery.sendtargets.auth'
	} >$conf
	$A -m discovery -t sendtargets -p "127.0.0.1:$(port_of "$2-$1")" >>/tmp/found || diag "no records of $2 rows with $1"
}
for settings in plain chap mutual digest; do
	make_records $settings refused automatic
	make_records $settings accepted manual
done
is "$(wc -l </tmp/found)" "$(wc -l </tmp/rows)" "every row has a record"
startup onboot >$conf
ok "the good one, too" $A -m discovery -t sendtargets -p 127.0.0.1:$port

rss() { awk '/^VmRSS/ { print $2 }' "/proc/$daemon_pid/status"; }
ms_since() { echo $((($(now_ns) - $1) / 1000000)); }

# good_login WHEN: the good row, whatever else goes on; its disk keeps what is written to it.
good_login() {
	local began took
	began=$(now_ns)
	is "$(rc $A -m node -T ${prefix}good --login)" 0 "$1: the good target is logged in to"
	took=$(ms_since "$began")
	ok "$1: without delay ($took ms)" test "$took" -lt $good_max_ms
	ok "$1: its disk verifies" good_disk
	began=$(now_ns)
	is "$(rc $A -m node -T ${prefix}good --logout)" 0 "$1: and logged out of"
	took=$(ms_since "$began")
	ok "$1: without delay ($took ms)" test "$took" -lt $good_max_ms
}
good_disk() {
	local disk
	disk=$(disk_of "$(sid_of ${prefix}good)") && verify_disk "$disk" 2
}

started=$(now_ns)
good_login "at first"

# --- a command of its own for one row of each status; those that hang go on while the good one comes and goes
own() { # NAME STATUS
	is "$($A -m node -T "$prefix$1" --login >/tmp/own.$1 2>&1; echo $?)" "$2" "$1 alone: exit status"
}
for name in accept-quiet accept-deaf login-quiet login-drip chap-quiet operational-quiet cut-data-quiet; do
	(
		$A -m node -T "$prefix$name" --login >/dev/null 2>&1 </dev/null
		echo $? >$run/$name
	) &
done
sleep 1
good_login "beside hanging logins"
own version 19
own chap-hex 24
own status-0302 8
own login-close 4
wait_for '[ $(ls $run | wc -l) = 7 ]' 30
is "$(cat $run/*| sort -u)" 11 "what hangs ends with status 11"

# --- all of them
say "$(wc -l </tmp/rows) logins"
began=$(now_ns)
$A -m node --loginall=automatic >/tmp/login.out 2>&1 </dev/null
refused_ms=$(ms_since "$began")
say "refused, $(sessions) sessions"
began=$(now_ns)
$A -m node --loginall=manual >>/tmp/login.out 2>&1 </dev/null
accepted_ms=$(ms_since "$began")
say "accepted, $(sessions) sessions"

# A write through the rows that go wrong in one; it may fail, but must end.
write_to() {
	local disk
	disk=$(disk_of "$(sid_of $prefix"$1")") && dd if=/dev/zero of="/dev/$disk" bs=256k count=2 oflag=direct 2>/dev/null
}
for name in $(awk -F'\t' '$4 == "r2t" || $4 == "write" { print $1 }' /tmp/rows); do write_to "$name" & done
said() { grep -F "$prefix$1 " /tmp/iscsid.log | grep -qF "$2"; }
wait_for 'said nop-quiet "connection lost" && said nop-itt "connection lost"' 40
good_login "beside $(sessions) sessions that misbehave"
say "logout"
began=$(now_ns)
rc $A -m node --logoutall=manual >/tmp/logout.rc 2>&1
cat /tmp/out /tmp/err >/tmp/logout.out
logout_ms=$(ms_since "$began")
say "logged out"
is "$(sessions)" 0 "no session is left"
is "$($A -m session 2>&1)" "iscsiadm: No active sessions." "the daemon knows of none either"
ok "the logins that fail ended in time ($refused_ms ms)" test $refused_ms -lt 60000
ok "the others, too ($accepted_ms ms)" test $accepted_ms -lt 90000
ok "the logouts ended in time ($logout_ms ms)" test $logout_ms -lt 30000

# --- the verdicts: what iscsiadm said of each row, what the log says beside its name
cat >/tmp/judge <<'AWK'
function name_in(line,  at) {
	at = index(line, prefix)
	if (!at) return ""
	line = substr(line, at + length(prefix))
	match(line, /^[a-z0-9-]+/)
	return substr(line, 1, RLENGTH)
}
FILENAME == "/tmp/rows" {
	order[++count] = $1; want[$1] = $7; words[$1] = $8
	survives[$1] = sub(/^stock: /, "", words[$1]) && (modules == "ours" || modules == "tcp")
	next
}
FILENAME == "/tmp/login.out" && /successful/ { status[name_in($0)] = 0 }
FILENAME == "/tmp/login.out" && /Could not login/ { failing = name_in($0) }
FILENAME == "/tmp/login.out" && /reported error/ { match($0, /\([0-9]+/); status[failing] = substr($0, RSTART + 1, RLENGTH - 1) }
FILENAME == "/tmp/logout.out" && /Logout of .* successful/ { out[name_in($0)] = 1 }
FILENAME == "/tmp/iscsid.log" {
	name = name_in($0)
	if (name == "") next
	if (index($0, words[name])) said[name] = 1
	if (index($0, "connection lost")) lost[name] = 1
	if (lines[name]++ < 6) sample[name] = sample[name] " / " $0
}
END {
	for (i = 1; i <= count; i++) {
		name = order[i]; problem = ""
		if (status[name] != want[name]) problem = "status " status[name] ", not " want[name] "; "
		if (survives[name] && lost[name]) problem = problem "the connection was lost" sample[name] "; "
		if (words[name] != "-" && !survives[name] && !said[name]) problem = problem "no line says \"" words[name] "\"" sample[name] "; "
		if (want[name] == 0 && !out[name]) problem = problem "was not logged out; "
		if (lines[name] > 100 + 6 * seconds) problem = problem lines[name] " lines in the log; "
		print name "\t" problem
	}
}
AWK
awk -F'\t' -v prefix=$prefix -v modules="$LAB_MODULES" -v seconds=$((($(now_ns) - started) / 1000000000)) -f /tmp/judge /tmp/rows /tmp/login.out /tmp/logout.out /tmp/iscsid.log >/tmp/verdicts
while IFS=$tab read -r name problem; do is "$problem" "" "$name"; done </tmp/verdicts
is "$(wc -l </tmp/verdicts)" "$(wc -l </tmp/rows)" "every row was judged"

# --- once more: what the first time has left in the heap is used again
rss_before=$(rss)
$A -m node --loginall=automatic >/dev/null 2>&1 </dev/null
$A -m node --loginall=manual >/dev/null 2>&1 </dev/null
$A -m node --logoutall=manual >/dev/null 2>&1
say "once more"
is "$(sessions)" 0 "no session is left the second time"
good_login "at last"
rss_after=$(rss)
ok "the daemon has not grown ($rss_before kB, then $rss_after kB)" test $((rss_after - rss_before)) -lt $rss_max_kb
ok "the target is well" kill -0 $target_pid
[ ! -d /out ] || cp /tmp/iscsid.log /tmp/log*.out /tmp/verdicts /out
suite_done
