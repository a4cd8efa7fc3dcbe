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
resources >/tmp/before
ok "$died lives that end at each of their steps" /in/lives $target 127.0.0.1 3260 $died leave
diag "$(sessions) sessions were left: $(cat /sys/class/iscsi_session/session*/state 2>/dev/null | sort | uniq -c | tr '\n' ' ')"
ok "they are removed" /in/lives reap
is "$(sessions)" 0 "none is left then"
no_leak /tmp/before $died "nothing else is left either"
ok "a life goes on as before" /in/lives $target 127.0.0.1 3260 1
last=$(dmesg | sed -n 's/.*scsi host\([0-9]*\): .*/\1/p' | tail -1)
ok "in a host whose number was used before ($last)" test "${last:-99}" -lt 4
suite_done
