# SPDX-License-Identifier: GPL-3.0-or-later
# What fails must fail with the documented exit status and one clear sentence, and must leave nothing half-stored.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0

is "$(rc $A -m discovery -t sendtargets -p 127.0.0.1)" 20 "discovery without a daemon"
is "$(rc $A -m session)" 21 "no session, no daemon"
daemon_start
is "$(rc $A -m node)" 21 "no record"
ok "no record: said so" grep -q 'No records found' /tmp/err
is "$(rc $A -m session)" 21 "no session"
ok "no session: said so" grep -q 'No active sessions' /tmp/err
is "$(rc $A -m node -T iqn.none:x --login)" 21 "login without a record"

is "$(rc $A -m discovery -t sendtargets -p 127.0.0.1:4000)" 11 "discovery where nothing listens"
is "$(grep -c 'cannot make connection to 127.0.0.1: Connection refused' /tmp/err)" 6 "it tried six times"
is "$(rc $A -m discovery -t sendtargets -p no.such.host.invalid)" 4 "discovery of a name that does not resolve"
ok "the name is said" grep -q 'no.such.host.invalid' /tmp/err
is "$(rc $A -m node)" 21 "nothing was stored"
is "$(rc $A -m discovery)" 21 "no discovery record was stored"

ok "discovery" $A -m discovery -t sendtargets -p 127.0.0.1
ok "login" $A -m node -T $target -p 127.0.0.1:3260 --login
is "$(rc $A -m node -T $target -p 127.0.0.1:3260 --login)" 15 "login twice"
ok "login twice: said so" grep -q '1 session requested, but 1 already present' /tmp/err
is "$(rc $A -m node -T $target -p 127.0.0.1:3260 -o delete)" 15 "a record in use is not deleted"
# What software hosts do not have, asked of the real kernel
host=$($A -m host | sed 's/.*\[\([0-9]*\)\] .*/\1/;q')
is "$(rc $A -m host -H "$host" -C stats)" 27 "counters of a host that has none"
ok "counters: said so" grep -q "host $host (tcp): its driver does not have this function" /tmp/err
is "$(rc $A -m host -H "$host" -C chap -o show)" 27 "a CHAP table that is not there"
is "$(rc $A -m host -H "$host" -C chap -o delete -x 1)" 27 "an entry of it"
is "$(rc $A -m host -H "$host" -C flashnode -o new -A ipv4)" 27 "a new flashnode where there is no flash"
is "$(rc $A -m host -H "$host" -C flashnode)" 21 "no flashnodes"
is "$(rc $A -m host -H 999 -C stats)" 12 "a host that is not there"
is "$(rc $A -m host -H 999)" 21 "the list without it"
is "$(rc $A -m iface -I default -C ping -a 127.0.0.1)" 27 "a ping through software"
ok "record still there" $A -m node -T $target -p 127.0.0.1:3260 -o show
ok "logout" $A -m node -T $target -p 127.0.0.1:3260 --logout

lio_chap $target alice wonderland123
setting $target node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wrongsecret12
is "$(rc $A -m node -T $target -p 127.0.0.1:3260 --login)" 24 "wrong secret"
ok "wrong secret: said so" grep -q 'initiator reported error (24 - iSCSI login failed due to authorization failure)' /tmp/err
is "$(sessions)" 0 "wrong secret: nothing left in the kernel"
setting $target node.session.auth.password wonderland123 node.session.auth.username_in bob node.session.auth.password_in lookingglass99
lio_chap $target alice wonderland123 bob otherotherother
is "$(rc $A -m node -T $target -p 127.0.0.1:3260 --login)" 24 "target proves the wrong secret"
is "$(sessions)" 0 "mutual: nothing left in the kernel"

# short patience, so that retries end soon
ok "new record" $A -m node -T iqn.2026-11.org.openhba.lab:nowhere -p 127.0.0.1:3260,1 -o new
setting iqn.2026-11.org.openhba.lab:nowhere node.session.initial_login_retry_max 1 'node.conn[0].timeo.login_timeout' 3
status=$(rc $A -m node -T iqn.2026-11.org.openhba.lab:nowhere -p 127.0.0.1:3260 --login)
# LIO answers 0301 (service unavailable), which is worth a retry until the patience of the record ends
ok "unknown target: status $status" test "$status" = 8
ok "unknown target: one sentence" grep -q 'Could not login to' /tmp/err
ok "new record" $A -m node -T iqn.2026-11.org.openhba.lab:refused -p 127.0.0.1:4001,1 -o new
setting iqn.2026-11.org.openhba.lab:refused node.session.initial_login_retry_max 1 'node.conn[0].timeo.login_timeout' 3
is "$(rc $A -m node -T iqn.2026-11.org.openhba.lab:refused -p 127.0.0.1:4001 --login)" 8 "login where nothing listens"
ok "new record" $A -m node -T iqn.2026-11.org.openhba.lab:name -p no.such.host.invalid:3260,1 -o new
setting iqn.2026-11.org.openhba.lab:name node.session.initial_login_retry_max 1 'node.conn[0].timeo.login_timeout' 3
is "$(rc $A -m node -T iqn.2026-11.org.openhba.lab:name --login)" 23 "login to a name that does not resolve"
is "$(sessions)" 0 "nothing left in the kernel"
is "$(rc $A -m session -r 99 --logout)" 22 "logout of a session that is not there"

is "$(rc $A -m node -T $target -o update -n node.session.queue_depth -v zzz)" 7 "a value that is no number"
is "$(rc $A -m node -T $target -o update -n node.bogus -v 1)" 7 "a setting that does not exist"
is "$(rc $A -m bogus)" 7 "a mode that does not exist"
is "$(rc $A -m node -o bogus)" 7 "an operation that does not exist"
suite_done
