# SPDX-License-Identifier: GPL-3.0-or-later
# What an administrator is told of ifaces that make themselves: -o explain for each reason there is, as text and JSON, with and without
# the daemon and as an ordinary user; --monitor while a NIC loses its cable, is pulled and comes back; -m topology.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/ports.sh
target=iqn.2026-11.org.openhba.lab:explain
if0=tcp.52:54:09:00:00:00 if1=tcp.52:54:09:00:00:01

explain() { $A -m iface -o explain -I "$@"; }
# says "LINE" ARGUMENT...: a line of the explanation
says() {
	local line=$1
	shift
	explain "$@" >/tmp/explained 2>&1 && grep -Fqx -- "$line" /tmp/explained || { sed 's/^/# /' /tmp/explained && false; }
}
# reason WORD ARGUMENT...: the reason in JSON; what was said is kept for the schema
told=
reason() {
	local word=$1 n
	shift
	n=/tmp/json.$(echo "$told" | wc -w)
	explain "$@" --json >$n
	told="$told $? $n"
	grep -Fq "\"reason\":\"$word\"" $n || { sed 's/^/# /' $n && false; }
}
event() { wait_for "grep -q '^[0-9:.]* $1: $2' /tmp/monitor"; }

ok "a target on two segments" target_make $target 0 1
manage 'nic*, !nic7'
daemon_start
$A -m iface --monitor >/tmp/monitor 2>&1 &
monitor=$!
$A -m iface --monitor -I $if1 --json >/tmp/monitor.json 2>&1 &
monitor_json=$!
ok "two ifaces make themselves" wait_for "[ -e /etc/iscsi/ifaces/$if0 ] && [ -e /etc/iscsi/ifaces/$if1 ]"
$A -m discovery -t sendtargets -p 10.9.0.1 >/tmp/discovery
ok "discovery binds each portal to the NIC that reaches it" wait_for 'sleep 0.2; all_at 0 1' 20

ok "bound: the route says so" says 'Bound: yes, route 10.9.0.0/24 on nic0 from 10.9.0.10' $if0 -p 10.9.0.1
diag "$(cat /tmp/explained)"
ok "and by which pattern it was selected" says 'Selected by iface.nics: yes, by nic*' $if0 -p 10.9.0.1
ok "the record" says 'Record: yes, startup automatic' $if0 -p 10.9.0.1
ok "the session" says "Session: $(sid_at 0), LOGGED_IN" $if0 -p 10.9.0.1
ok "not held back" says 'Held back: no' $if0
ok "not bound: no route" says 'Bound: no, no route to 10.9.1.1 on nic0' $if0 -p 10.9.1.1
ok "and no record" says 'Record: no' $if0 -p 10.9.1.1
ok "a portal nobody knows" says 'Record: no, and no discovery has reported this portal' $if0 -p 10.9.0.77
ok "all portals, a line each" says \
	"Portal: 10.9.1.1:3260,1 $target: no, no route to 10.9.1.1 on nic0; no record; no session" $if0
ok "the other one" says \
	"Portal: 10.9.0.1:3260,1 $target: yes, route 10.9.0.0/24 on nic0 from 10.9.0.10; record automatic; session $(sid_at 0) LOGGED_IN" $if0
ok "JSON: route" reason route $if0 -p 10.9.0.1
ok "JSON: no-route" reason no-route $if0 -p 10.9.1.1
ok "JSON: host-name" reason host-name $if0 -p target.example
ok "JSON: unmanaged" reason unmanaged default
ip route add prohibit 10.9.0.77/32
ok "a route that says no" reason no-route $if0 -p 10.9.0.77
ip route del prohibit 10.9.0.77/32

# Each reason not to be bound.
$A -m iface -I $if1 -o update -n iface.bind -v never >/dev/null 2>&1
ok "JSON: never" reason never $if1 -p 10.9.1.1
$A -m iface -I $if1 -o update -n iface.bind -v always >/dev/null 2>&1
ok "JSON: always" reason always $if1 -p 10.9.0.1
ok "always, although there is no way" says 'Way: none, No route to host' $if1 -p 10.9.0.1
$A -m iface -I $if1 -o update -n iface.bind -v reachable -n iface.state -v disable >/dev/null 2>&1
# What that has made.
wait_for "$A -m node -p 10.9.0.1 -I $if1 -o show" 10 >/dev/null
$A -m node -p 10.9.0.1 -I $if1 -u >/dev/null 2>&1
$A -m node -p 10.9.0.1 -I $if1 -o delete
ok "what was removed by hand" says 'Record: no, removed by hand' $if1 -p 10.9.0.1
ok "JSON: disabled" reason disabled $if1 -p 10.9.1.1
$A -m iface -I $if1 -o update -n iface.state -v '<empty>' >/dev/null 2>&1
$A -m iface -I mine -o new -n iface.net_ifacename -v nic1 >/dev/null
ok "overruled by an iface made by hand, which is named" says "Bound: no, mine stands for nic1 as well, and was made by hand" $if1 -p 10.9.1.1
ok "JSON: overruled" reason overruled $if1
$A -m iface -I mine -o delete >/dev/null
ip addr del 10.9.1.10/24 dev nic1
ok "JSON: no-address" reason no-address $if1 -p 10.9.1.1
ip addr add 10.9.1.10/24 dev nic1
ok "the session is back" wait_for 'sleep 0.2; all_at 0 1' 20

# An administrator's logout.
$A -m node -p 10.9.1.1 -u >/dev/null 2>&1
ok "logged out by hand" says 'Record: yes, startup automatic, logged out by hand' $if1 -p 10.9.1.1
$A -m node -p 10.9.1.1 -l >/dev/null 2>&1
ok "logged in by hand again" says 'Record: yes, startup automatic' $if1 -p 10.9.1.1

# A portal whose last record was removed is forgotten, until it is discovered.
$A -m node -p 10.9.1.1 -u >/dev/null 2>&1
$A -m node -p 10.9.1.1 -o delete
ok "forgotten" says 'Record: no, and no discovery has reported this portal' $if1 -p 10.9.1.1
$A -m discovery -t sendtargets -p 10.9.0.1 >/dev/null
ok "and back by a discovery" wait_for 'sleep 0.2; all_at 0 1' 20

# A cable, and a NIC.
lab-hotplug link nic 1 down
ok "JSON: down" wait_for "sleep 0.2; reason down $if1 -p 10.9.1.1" 10
ok "monitor: port-lost" event port-lost
lab-hotplug link nic 1 up
ok "monitor: port-returned" event port-returned
ok "the session is back with the cable" wait_for 'sleep 0.2; all_at 0 1' 20
lab-hotplug del nic 1
ok "absent" wait_for "sleep 0.2; says 'Port: absent' $if1" 10
ok "JSON: absent" reason absent $if1 -p 10.9.1.1
ok "-o show says so" sh -c "$A -m iface -I $if1 | grep -qx 'iface.state = absent'"
$A -m iface --json >/tmp/json.list
told="$told $? /tmp/json.list"
ok "and the list as JSON" sh -c "grep '\"$if1\"' /tmp/json.list | grep -q '\"presence\":\"absent\"'"
$A -m topology >/tmp/topology
ok "the topology marks it" grep -q "absent.*$if1" /tmp/topology
diag "$(cat /tmp/topology)"
ok "monitor: port-removed" event port-removed
lab-hotplug add nic 1
ok "monitor: port-added" event port-added
ok "it is back: two sessions" wait_for 'sleep 0.2; all_at 0 1' 20

# Without root, and without the daemon.
chmod 755 /etc/iscsi /etc/iscsi/ifaces && chmod 644 /etc/iscsi/ifaces/* /etc/iscsi/iscsid.conf && chmod 600 /etc/iscsi/openhba.db
unshare --setuid 65534 --setgid 65534 $A -m iface -o explain -I $if0 -p 10.9.0.1 >/tmp/explained.user
is $? 0 "an ordinary user is told what the files tell"
ok "the verdict" grep -q '^Bound: yes, route' /tmp/explained.user
ok "and what could not be read" grep -q '^Not readable: records of targets: Permission denied' /tmp/explained.user
kill -TERM $monitor
wait $monitor
is $? 0 "a monitor that is told to end has done its work"
kill -INT $monitor_json
wait $monitor_json
told="$told $? /tmp/monitor.json"
diag "$(cat /tmp/monitor)"
ok "with -I it hears of one iface" sh -c "! grep -q '$if0' /tmp/monitor.json && grep -q '$if1' /tmp/monitor.json"
daemon_stop
ok "without iscsid: the same verdict" says 'Bound: yes, route 10.9.0.0/24 on nic0 from 10.9.0.10' $if0 -p 10.9.0.1
ok "but nothing of what only it knows" sh -c "! grep -q '^Held back\|^Last event' /tmp/explained"
$A -m iface --monitor >/tmp/out 2>&1
is $? 20 "nobody to watch"
/in/json-schema /in/json.md $told >/tmp/schema
is $? 0 "JSON is as docs/json.md says: $(tail -n 1 /tmp/schema)"
sed -n 's/^/# /p' /tmp/schema | head -n 20
suite_done
