# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts of the suite share. Sourced after /lab/lib.sh.
# shellcheck shell=dash disable=SC3043,SC2034

A=iscsiadm D=iscsid

# What sanitizers have to say goes to a file per process, whoever has taken its stderr.
FINDINGS=/tmp/findings
mkdir -p $FINDINGS
export ASAN_OPTIONS="log_path=$FINDINGS/asan:exitcode=99:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
export UBSAN_OPTIONS="log_path=$FINDINGS/ubsan:exitcode=99:print_stacktrace=1"

# daemon_start: the daemon of the tools under test, ready for calls.
daemon_start() {
	if [ "$LAB_TOOLS" = ours ]; then
		$D -f -d "${ISCSID_DEBUG:-2}" >>/tmp/iscsid.log 2>&1 &
		daemon_pid=$!
		wait_for '[ -S /run/iscsid/iscsid.sock ]' "${DAEMON_START_SEC:-30}"
	else
		modprobe iscsi_tcp
		iscsid
		wait_for 'iscsiadm -m node -T iqn.none:x -l >/dev/null 2>&1; [ $? -eq 21 ]' 30
		daemon_pid=$(cat /run/iscsid.pid)
	fi
}

# daemon_kill: SIGKILL, and wait until it is gone.
daemon_kill() {
	# shellcheck disable=SC2154  # set by daemon_start
	kill -9 "$daemon_pid"
	wait_for '! kill -0 $daemon_pid 2>/dev/null' 10
}

# daemon_stop: as its service manager stops it, so that it frees all it has and a sanitizer can tell what it did not.
daemon_stop() {
	kill -TERM "$daemon_pid"
	ok "the daemon stops when it is told to" wait_for '! kill -0 $daemon_pid 2>/dev/null' 60 || return 1
	wait "$daemon_pid"
	is $? 0 "and has nothing to complain about"
}

# suite_done: stops the daemon and ends the script; a finding of a sanitizer or of valgrind is a failure.
suite_done() {
	if [ "$LAB_TOOLS" = ours ] && [ -n "${daemon_pid:-}" ] && kill -0 "$daemon_pid" 2>/dev/null; then
		daemon_stop
	fi
	is "$(find $FINDINGS -type f -size +0 -exec head -n 60 {} + | head -n 300)" "" "no memory error, leak or undefined behaviour"
	done_testing
}

# disk_of SID: the first block device of a session, once udev and the SCSI probe are done with it.
disk_of() {
	local n=0 found=
	while [ -z "$found" ] && [ $n -lt 200 ]; do
		for found in /sys/class/iscsi_session/session"$1"/device/target*/*/block/*; do
			[ -e "$found" ] && [ -b "/dev/${found##*/}" ] && { echo "${found##*/}"; return 0; }
		done
		found=
		n=$((n + 1))
		sleep 0.05
	done
	return 1
}

# clients: the initiator's end of each connection, as the target sees it.
clients() { at_portal "${LAB_PORTALS%% *}" ss -Htn state established "( sport = :3260 )" | awk '{ print $4 }' | sort; }

# cut: the target's side resets every connection; fails if there was none or one is left.
cut() {
	clients >/tmp/clients
	at_portal "${LAB_PORTALS%% *}" ss -K state established "( sport = :3260 )" >/dev/null
	[ -s /tmp/clients ] && ! clients | grep -qxFf /tmp/clients
}

# repaired [SECONDS]: there are as many connections as before the cut, each of them new, and every session is healthy.
repaired() { wait_for is_repaired "${1:-30}"; }
is_repaired() {
	clients >/tmp/clients.now
	[ "$(wc -l </tmp/clients.now)" = "$(wc -l </tmp/clients)" ] && ! grep -qxFf /tmp/clients /tmp/clients.now && [ "$(healthy)" = "$(sessions)" ]
}

# healthy: how many sessions are logged in.
healthy() { grep -l LOGGED_IN /sys/class/iscsi_session/session*/state 2>/dev/null | wc -l; }

# newest_sid: the number of the youngest session.
newest_sid() { for s in /sys/class/iscsi_session/session*; do echo "${s##*session}"; done | sort -n | tail -1; }

# sid_of TARGET: the number of the first session with it.
sid_of() {
	local link name
	for link in /sys/class/iscsi_session/session*; do
		read -r name <"$link/targetname" 2>/dev/null || continue
		[ "$name" != "$1" ] || { echo "${link##*session}"; return 0; }
	done
	return 1
}

# sessions: how many there are.
sessions() { find /sys/class/iscsi_session -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }

# verify_disk DISK MB: writes a pattern and reads it back past the cache; equal checksums or failure.
verify_disk() {
	local disk="/dev/$1" mb=$2 want got
	[ -e /tmp/pattern.$mb ] || dd if=/dev/urandom of=/tmp/pattern.$mb bs=1M count="$mb" 2>/dev/null
	want=$(sha256sum </tmp/pattern.$mb)
	dd if=/tmp/pattern.$mb of="$disk" bs=1M oflag=direct conv=fsync 2>/dev/null || return 1
	echo 3 >/proc/sys/vm/drop_caches
	got=$(dd if="$disk" bs=1M count="$mb" iflag=direct 2>/dev/null | sha256sum)
	[ "$want" = "$got" ]
}

# rc COMMAND...: runs it, output to /tmp/out and /tmp/err, prints the exit status.
rc() {
	"$@" >/tmp/out 2>/tmp/err </dev/null
	echo $?
}

# patience LOGIN LOGOUT PING_EVERY PING_FOR REPLACEMENT TASK: in iscsid.conf, seconds; what hangs ends as soon as they say.
patience() {
	sed -i -E '/^node\.(conn\[0\]\.timeo\.|session\.timeo\.|session\.err_timeo\.|session\.iscsi\.DefaultTime2Wait)/d' /etc/iscsi/iscsid.conf
	cat >>/etc/iscsi/iscsid.conf <<-END
		node.conn[0].timeo.login_timeout = $1
		node.conn[0].timeo.logout_timeout = $2
		node.conn[0].timeo.noop_out_interval = $3
		node.conn[0].timeo.noop_out_timeout = $4
		node.session.timeo.replacement_timeout = $5
		node.session.err_timeo.abort_timeout = $6
		node.session.err_timeo.lu_reset_timeout = $6
		node.session.err_timeo.tgt_reset_timeout = $6
		node.session.err_timeo.host_reset_timeout = $(($6 * 2))
		node.session.iscsi.DefaultTime2Wait = 0
	END
}

# setting TARGET NAME VALUE...: updates records of a target.
setting() {
	local target=$1
	shift
	while [ $# -gt 1 ]; do
		$A -m node -T "$target" -o update -n "$1" -v "$2" || return 1
		shift 2
	done
}
