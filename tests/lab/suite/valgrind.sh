# SPDX-License-Identifier: GPL-3.0-or-later
# One life of a session with iscsid and iscsiadm under valgrind: no invalid access, no use of what was not written, no lost block
# of memory. What valgrind finds is a file in $FINDINGS, so it counts whoever ran the program; time limits are a slow machine's.
# shellcheck shell=dash disable=SC1091,SC2034,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
set -- $LAB_PORTALS
portal=$1
lio_target iqn.2026-11.org.openhba.lab:t1 d1 "$portal"
valgrind="valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=20 --log-file=$FINDINGS/valgrind.%p"
A="$valgrind iscsiadm" D="$valgrind iscsid" DAEMON_START_SEC=120
cat >>/etc/iscsi/iscsid.conf <<END
node.conn[0].timeo.login_timeout = 120
node.conn[0].timeo.logout_timeout = 120
node.session.timeo.replacement_timeout = 300
discovery.sendtargets.timeo.login_timeout = 120
END
known() { $A -m session -P 1 | grep -c 'Internal iscsid Session State: NO CHANGE'; }

daemon_start
ok "discovery" $A -m discovery -t sendtargets -p "${portal%:*}"
ok "login to two targets" $A -m node -p "$portal" --login
is "$(sessions)" 2 "two sessions"
ok "all there is to say about them" $A -m session -P 3
ok "update" $A -m node -o update -n node.session.queue_depth -v 16
ok "records" $A -m node -o show
is "$(rc $A -m node -T iqn.none:x --login)" 21 "login without a record"
daemon_stop
daemon_start
is "$(known)" 2 "a new daemon takes over both sessions"
daemon_kill
ok "cut" cut
daemon_start
ok "another one repairs both" repaired 120
ok "cut again" cut
ok "repaired again" repaired 120
ok "verify" verify_disk "$(disk_of "$(newest_sid)")" 1
ok "logout" $A -m node --logoutall=all
is "$(sessions)" 0 "nothing left"
ok "records deleted" $A -m node -o delete
suite_done
