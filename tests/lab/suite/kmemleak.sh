# SPDX-License-Identifier: GPL-3.0-or-later
# kmemleak.sh COUNT: on the debug kernel with kmemleak=on: whole lives of sessions, lives whose process dies at each step, I/O by the daemon,
# and the modules unloaded: no memory is left that nothing points to.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/leaks.sh
count=$1 target=iqn.2026-11.org.openhba.lab:t0

reachable_from_now
ok "$count lives" /in/lives $target 127.0.0.1 3260 "$count"
ok "$count lives that end at each of their steps" /in/lives $target 127.0.0.1 3260 "$count" leave
/in/lives reap
daemon_start
$A -m discovery -t sendtargets -p 127.0.0.1 >/dev/null
ok "login by the daemon" $A -m node --loginall=all
ok "8 MiB verified" verify_disk "$(disk_of "$(newest_sid)")" 8
ok "logout" $A -m node --logoutall=all
daemon_kill
ok "the modules are unloaded" modprobe -r iscsi_tcp
reachable "no memory that nothing points to"
done_testing
