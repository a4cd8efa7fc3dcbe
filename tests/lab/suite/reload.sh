# SPDX-License-Identifier: GPL-3.0-or-later
# reload.sh COUNT: the modules are loaded and unloaded many times, with sessions coming and going meanwhile: unloading is refused while
# there is a session, works afterwards, and leaves nothing.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/leaks.sh
count=$1 target=iqn.2026-11.org.openhba.lab:t0

# round NUMBER: sessions live while modules are unloaded under them; then all modules go
round() {
	modprobe iscsi_tcp || return 1
	/in/lives $target 127.0.0.1 3260 2 >/tmp/lives.out 2>&1 &
	lives=$!
	while kill -0 $lives 2>/dev/null; do
		rmmod iscsi_tcp 2>/dev/null && early=$((early + 1))
	done
	wait $lives || failed_lives=$((failed_lives + 1))
	if [ $(($1 % 4)) = 3 ]; then
		# one whose process died: its session goes on, and keeps the modules
		/in/lives $target 127.0.0.1 3260 5 leave >/dev/null 2>&1
		[ "$(sessions)" = 0 ] || ! rmmod iscsi_tcp 2>/dev/null || taken=$((taken + 1))
		/in/lives reap >/dev/null
	fi
	[ "$(sessions)" = 0 ] && modprobe -r iscsi_tcp 2>/dev/null
	! grep -q '^iscsi_tcp\|^scsi_transport_iscsi' /proc/modules || { modprobe -r iscsi_tcp; rmmod scsi_transport_iscsi; } 2>/tmp/rmmod
	! grep -q '^iscsi_tcp\|^scsi_transport_iscsi' /proc/modules
}

early=0 failed_lives=0 taken=0 stuck=0 n=0
for n in 1 2 3 4; do round $n; done
/in/lives $target 127.0.0.1 3260 2 unload >/dev/null
early=0 failed_lives=0 taken=0
resources >/tmp/before
n=0
while [ $n -lt "$count" ]; do
	round $n || { stuck=$((stuck + 1)); diag "round $n: $(cat /tmp/rmmod /tmp/lives.out) $(grep iscsi /proc/modules | head -3)"; }
	n=$((n + 1))
	[ $stuck -lt 5 ] || break
done
diag "$early unloads succeeded while sessions came and went, $failed_lives of $n pairs of lives met that"
ok "$((count / 4)) times unloaded in the midst of a removal" /in/lives $target 127.0.0.1 3260 $((count / 4)) unload
is $stuck 0 "$count times loaded and unloaded"
is $taken 0 "never taken from a session"
no_leak /tmp/before "$count" "nothing is left"
modprobe iscsi_tcp
ok "a life goes on as before" /in/lives $target 127.0.0.1 3260 1
suite_done
