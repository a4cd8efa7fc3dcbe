# SPDX-License-Identifier: GPL-3.0-or-later
# fuzz-netlink.sh SECONDS [SEED]: requests that are typed or random from root and, side by side, from an ordinary user, while a session
# of somebody else's does I/O: no splat, no hang, nothing an ordinary user gets done, nothing left.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/leaks.sh
seconds=$1 seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
modprobe iscsi_tcp
/in/lives iqn.2026-11.org.openhba.lab:t0 127.0.0.1 3260 3
/in/netlink-fuzz 2 1 >/dev/null
resources >/tmp/before
diag "seed $seed"

/in/netlink-fuzz "$seconds" "$seed" >/tmp/root1 2>&1 &
first=$!
/in/netlink-fuzz "$seconds" $((seed + 1)) >/tmp/root2 2>&1 &
second=$!
ok "an ordinary user gets nothing done" /in/netlink-fuzz "$seconds" $((seed + 2)) 65534
diag "ordinary user: $(cat /tmp/.tap)"
# what removes all sessions at the end may wait for what the other still does
ok "the first of root ends" wait_for '! kill -0 $first 2>/dev/null' 120
ok "the second, too" wait_for '! kill -0 $second 2>/dev/null' 120
wait $first
is $? 0 "well"
wait $second
is $? 0 "both"
diag "$(cat /tmp/root1 /tmp/root2)"
ok "they got something done" grep -q 'requests accepted' /tmp/root1
ok "what is left is removed" /in/lives reap
is "$(sessions)" 0 "no session is left"
no_leak /tmp/before $((seconds * 20)) "nothing else is left either"
ok "a session lives as before" /in/lives iqn.2026-11.org.openhba.lab:t0 127.0.0.1 3260 2
ok "the modules can be unloaded" modprobe -r iscsi_tcp
suite_done
