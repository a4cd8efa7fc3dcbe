# SPDX-License-Identifier: GPL-3.0-or-later
# The init scripts for machines without systemd: the daemon starts once, stops, reloads; the boot login waits for nobody.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
S=/in/iscsid
mkdir -p /etc/iscsi
sh $S status; is $? 3 "not running is 3"
ok "start" sh $S start
ok "running" sh $S status
pid=$(cat /run/iscsid.pid)
ok "start again changes nothing" sh $S start
is "$(cat /run/iscsid.pid)" "$pid" "the same daemon"
ok "discovery" $A -m discovery -t st -p 127.0.0.1
ok "startup" $A -m node -o update -n node.startup -v automatic
ok "login in the background" sh /in/iscsi start
ok "sessions come" wait_for '[ "$(sessions)" -gt 0 ]' 20
ok "reload" sh $S reload
ok "restart" sh $S restart
is "$([ "$(cat /run/iscsid.pid)" != "$pid" ] && echo new)" new "another daemon"
pid=$(cat /run/iscsid.pid)
cp /usr/sbin/iscsid /usr/sbin/iscsid.new && mv /usr/sbin/iscsid.new /usr/sbin/iscsid
ok "a daemon whose file was replaced is still seen" sh $S status
ok "and restarted" sh $S restart
is "$([ "$(cat /run/iscsid.pid)" != "$pid" ] && echo new)" new "by the new file"
ok "sessions are shown" sh /in/iscsi status
ok "logout" sh /in/iscsi stop
is "$(sessions)" 0 "nothing left"
sh /in/iscsi status; is $? 3 "none is 3"
ok "stop" sh $S stop
kill -9 1234567 2>/dev/null; echo 99999 >/run/iscsid.pid
sh $S status; is $? 1 "a left-over pid file is 1"
ok "start over it" sh $S start
ok "stop" sh $S stop

# -u and -g: a daemon that is nobody answers, and the kernel takes no request of it
ok "start as nobody" iscsid -u 65534 -g 65534
is "$(sed -n 's/^[UG]id:[[:space:]]*//p' "/proc/$(cat /run/iscsid.pid)/status" | tr -s '\t ' ' ' | tr '\n' ' ')" \
	"65534 65534 65534 65534 65534 65534 65534 65534 " "it is"
$A -m session; is $? 21 "it tells that there is no session"
timeout 60 $A -m node --login; status=$?
ok "no login ($status)" test $status -ne 0 -a $status -ne 124
is "$(sessions)" 0 "nothing is left of it"
ok "it ends when it is asked to" $A -k 0
suite_done
