# SPDX-License-Identifier: GPL-3.0-or-later
# lives.sh COUNT: whole lives of sessions without a daemon, then as many whose process dies at each step of one: the kernel keeps
# nothing of them. The first of them fill its caches.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/leaks.sh
count=$1 target=iqn.2026-11.org.openhba.lab:t0
died=$((count / 2))
/in/lives $target 127.0.0.1 3260 12 >/tmp/warm 2>&1
/in/lives $target 127.0.0.1 3260 12 leave >>/tmp/warm 2>&1
/in/lives reap >>/tmp/warm
resources >/tmp/before
ok "$count lives" /in/lives $target 127.0.0.1 3260 "$count"
is "$(sessions)" 0 "no session is left"
no_leak /tmp/before "$count" "nothing else is left either"

# Somebody who reads all attributes there are, hosts first, through all of it, and somebody who does nothing but read the hosts' addresses:
# CVE-2023-2162. Few lives with the latter, who leaves nobody much of a CPU.
look() {
	while [ ! -e /tmp/looked.enough ]; do
		grep -sh . /sys/class/iscsi_host/host*/* /sys/class/iscsi_connection/connection*/* /sys/class/iscsi_session/session*/* >/tmp/looked
		sort -u /tmp/looked /tmp/looked.all >/tmp/looked.new
		mv /tmp/looked.new /tmp/looked.all
	done
}
resources >/tmp/before
: >/tmp/looked.all
look &
ok "$died lives that end at each of their steps" /in/lives $target 127.0.0.1 3260 $died leave
diag "$(sessions) sessions were left: $(cat /sys/class/iscsi_session/session*/state 2>/dev/null | sort | uniq -c | tr '\n' ' ')"
ok "they are removed" /in/lives reap
is "$(sessions)" 0 "none is left then"
ok "lives under the eyes of a reader" /in/lives $target 127.0.0.1 3260 $((died / 3))
: >/tmp/looked.enough
wait $!
ok "who saw addresses of hosts" grep -qx 127.0.0.1 /tmp/looked.all
rm /tmp/looked.enough
/in/lives watch /tmp/looked.enough >/tmp/watched &
ok "lives under the eyes of one who looks at nothing else" /in/lives $target 127.0.0.1 3260 6
: >/tmp/looked.enough
wait $!
is $? 0 "who saw addresses too"
diag "$(cat /tmp/watched)"
no_leak /tmp/before $died "nothing else is left either"
ok "a life goes on as before" /in/lives $target 127.0.0.1 3260 1
last=$(dmesg | sed -n 's/.*scsi host\([0-9]*\): .*/\1/p' | tail -1)
ok "in a host whose number was used before ($last)" test "${last:-99}" -lt 4
suite_done
