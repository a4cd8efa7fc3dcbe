# SPDX-License-Identifier: GPL-3.0-or-later
# tcp-hostile.sh: the kernel's data path against a target that answers commands it should not, not at all, too early, too late, twice, in the
# wrong direction or under tags nobody gave away (rows trap-* of tests/target/rows.def). Each row has a session of its own; one read or write
# springs the trap. Whatever comes, the data is right in the end, the session lives, and the kernel does not complain. At last two
# sessions are taken away while the error handler waits for their target.
# shellcheck shell=dash disable=SC1091,SC3043
. /lab/env
. /lab/lib.sh
. /in/lib.sh
prefix=iqn.2026-11.org.openhba.misbehave: port=3300 run=/tmp/run trap_byte=2097152
mkdir -p $run

patience 15 15 2 4 60 2
echo 'node.startup = manual' >>/etc/iscsi/iscsid.conf
misbehave -p $port >/tmp/misbehave.log 2>&1 &
target_pid=$!
ok "the target serves" wait_for 'grep -q ready /tmp/misbehave.log' 20
misbehave -p $port --list | awk -F'\t' -v only="${1:-trap-}" 'index($1, only) == 1 { print $1, $2, $8 }' >/tmp/rows
daemon_start

while read -r name row_port _; do
	$A -m node -o new -T $prefix"$name" -p 127.0.0.1:"$row_port" >/dev/null || diag "no record of $name"
done </tmp/rows
is "$(rc $A -m node --login)" 0 "all rows are logged in to"
is "$(sessions)" "$(wc -l </tmp/rows)" "each has a session"

# told NAME WORDS: is there a trace of what the target did?
told() {
	local sid host disk
	sid=$(sid_of $prefix"$1")
	host=$(echo /sys/class/iscsi_session/session"$sid"/device/target*) host=${host##*/target}
	disk=$(disk_of "$sid")
	[ "$2" != "a timeout" ] || { [ "$(cat /sys/block/"$disk"/device/iotmo_cnt)" != 0x0 ]; return; }
	grep -F "$prefix$1 " /tmp/iscsid.log | grep -qF "$2" || dmesg | grep -F "sd ${host%%:*}:" | grep -qF "$2"
}

# spring NAME: what the I/O came to, as a word; and what a second look says.
dd if=/dev/urandom of=/tmp/small bs=8192 count=1 2>/dev/null
tail -c +513 /tmp/small | head -c 4096 >/tmp/small.trap
dd if=/dev/urandom of=/tmp/large bs=262144 count=1 2>/dev/null
direct_read() { dd if="/dev/$1" of="$2" iflag=direct,skip_bytes skip=$trap_byte bs="$3" count=1 2>/dev/null; }
direct_write() { dd if="$2" of="/dev/$1" oflag=direct,seek_bytes seek="$4" bs="$3" count=1 conv=notrunc 2>/dev/null; }
read_trap() {
	# from the block before, so that the trap is not sprung yet
	direct_write "$2" /tmp/small 8192 $((trap_byte - 512)) || { echo "no first write"; return; }
	direct_read "$2" $run/"$1".got 4096 || { echo "read failed"; return; }
	cmp -s $run/"$1".got /tmp/small.trap && echo right || echo "WRONG DATA"
}
# two at once, of which the second is answered while the first is aborted
read_two() {
	direct_write "$2" /tmp/small 8192 $((trap_byte - 512)) || { echo "no first write"; return; }
	direct_read "$2" $run/"$1".other 4096 &
	direct_read "$2" $run/"$1".got 4096 || { echo "read failed"; return; }
	wait $! || { echo "the other read failed"; return; }
	cmp -s $run/"$1".got /tmp/small.trap && cmp -s $run/"$1".other /tmp/small.trap && echo right || echo "WRONG DATA"
}
write_trap() {
	direct_write "$2" /tmp/large 262144 $trap_byte || { echo "write failed"; return; }
	direct_read "$2" $run/"$1".got 262144 || { echo "read failed"; return; }
	cmp -s $run/"$1".got /tmp/large && echo right || echo "WRONG DATA"
}
spring() {
	local disk
	disk=$(disk_of "$(sid_of $prefix"$1")") || { echo "no disk"; return; }
	echo 2 >/sys/block/"$disk"/device/timeout
	echo 2 >/sys/block/"$disk"/device/eh_timeout
	case $1 in
	trap-hold-other) read_two "$1" "$disk" ;;
	trap-write-*) write_trap "$1" "$disk" ;;
	*) read_trap "$1" "$disk" ;;
	esac
}
pids=
while read -r name _; do
	spring "$name" >$run/"$name".first &
	pids="$pids $!"
done </tmp/rows
# shellcheck disable=SC2086
wait $pids
while read -r name _; do
	is "$(cat $run/"$name".first)" right "$name: the data is right"
done </tmp/rows
wait_for '[ "$(healthy)" = "$(sessions)" ]' 60
is "$(healthy)" "$(wc -l </tmp/rows)" "every session is healthy in the end"
while read -r name _ words; do
	ok "$name: told by \"$words\"" told "$name" "$words"
done </tmp/rows
while read -r name _; do
	is "$(spring "$name")" right "$name: once more"
done </tmp/rows
is "$(rc $A -m node --logoutall=all)" 0 "all are logged out of"
is "$(sessions)" 0 "no session is left"

# gone NAME TASK-REQUESTS: a read that is not answered, up to so many requests of the error handler
gone() {
	local sid disk
	sid=$(sid_of $prefix"$1") && disk=$(disk_of "$sid") || return 1
	echo 2 >/sys/block/"$disk"/device/timeout
	(
		direct_read "$disk" $run/"$1".got 4096
		echo $? >$run/"$1".end
	) &
	wait_for "[ \"\$($A -m session -r $sid -s | sed -n 's/.*tmfcmd_pdus: //p')\" = $2 ]" 30
}
if [ $# = 0 ]; then
	for name in gone-abort gone-reset; do
		$A -m node -o new -T $prefix$name -p 127.0.0.1:"$(misbehave -p $port --list | awk -F'\t' -v name=$name '$1 == name { print $2 }')" >/dev/null
		setting $prefix$name 'node.session.err_timeo.abort_timeout' 60 'node.session.err_timeo.lu_reset_timeout' 60
		is "$(rc $A -m node -T $prefix$name --login)" 0 "$name: login"
	done
	ok "gone-abort: the abort waits" gone gone-abort 1
	ok "gone-reset: the reset waits" gone gone-reset 2
	daemon_stop
	began=$(now_ns)
	ok "their sessions are taken away" /in/lives reap
	ok "the reads end" wait_for '[ -s $run/gone-abort.end ] && [ -s $run/gone-reset.end ]' 30
	took=$((($(now_ns) - began) / 1000000))
	ok "soon ($took ms)" test $took -lt 10000
	is "$(cat $run/gone-abort.end $run/gone-reset.end | tr '\n' ' ')" "1 1 " "with an error"
	is "$(sessions)" 0 "no session is left"
fi
ok "the target is well" kill -0 $target_pid
dmesg | grep -F 'of command' | sed 's/.*\] //' | sort | uniq -c | while read -r line; do diag "$line"; done
[ ! -d /out ] || { cp /tmp/iscsid.log $run/*.first /out; dmesg >/out/dmesg; }
suite_done
