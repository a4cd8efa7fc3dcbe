# SPDX-License-Identifier: GPL-3.0-or-later
# Discovery through a real iSNS server, and discovery by the daemon: what appears is logged in to, what goes is logged out of, and a
# server that is dead delays nobody.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0
second=iqn.2026-11.org.openhba.lab:t1

mkdir -p /tmp/isns /run
cat >/tmp/isns/isnsd.conf <<-END
	Database = /tmp/isns/db
	DefaultDiscoveryDomain = 1
	ControlSocket = /tmp/isns/control
	PIDFile = /tmp/isns/pid
	RegistrationPeriod = 10m
	SLPRegister = 0
END
printf 'ServerAddress = 127.0.0.1\nSourceName = iqn.2026-11.org.openhba.lab:control\nSecurity = 0\n' >/tmp/isns/isnsadm.conf
isns_start() {
	isnsd -f -c /tmp/isns/isnsd.conf >>/tmp/isns/log 2>&1 &
	isnsd_pid=$!
	wait_for 'ss -Hltn "sport = :3205" | grep -q .' 20
}
isns_stop() {
	kill "$isnsd_pid"
	wait "$isnsd_pid"
}
isns() { isnsadm -c /tmp/isns/isnsadm.conf "$@" 2>/tmp/isns/err || { cat /tmp/isns/err; false; }; }
isns_add() { isns --register entity="$1" target="$1" portal="$2"; }
# has TARGET [COUNT]: so many sessions to it
has() { [ "$($A -m session 2>/dev/null | grep -c " $1 ")" = "${2:-1}" ]; }
said() { grep -c "$1" /tmp/iscsid.log; }

daemon_start
is "$(rc $A -m discovery -t isns -p 127.0.0.1)" 25 "iSNS discovery where nothing listens"
ok "and says so" grep -q 'Could not perform iSNS discovery: iSNS query failed' /tmp/err
is "$(rc $A -m discovery -t isns -p no.such.host.invalid)" 4 "iSNS discovery at a name that does not resolve"
library=$(find /usr/lib/ -name 'libisns.so.0' | head -n 1)
mv "$library" /tmp/isns/
is "$(rc $A -m discovery -t isns -p 127.0.0.1)" 17 "iSNS discovery without its library"
mv /tmp/isns/libisns.so.0 "$library"
ok "isnsd starts" isns_start
is "$(rc $A -m discovery -t isns -p 127.0.0.1)" 21 "iSNS discovery without targets"
ok "and says so" grep -q 'No portals found' /tmp/err
ok "a target registers" isns_add $target 127.0.0.1:3260
is "$($A -m discovery -t isns -p 127.0.0.1)" "127.0.0.1:3260,1 $target" "iSNS discovery finds it"
is "$($A -m node)" "127.0.0.1:3260,1 $target" "it has a record"
ok "as JSON, too" eval "$A -m discovery -t isns -p 127.0.0.1 --json | grep '\"target\":\"$target\"' | grep -q '\"port\":3260'"
ok "the record knows where it is from" eval "$A -m node -T $target | grep -qx 'node.discovery_type = isns'"
is "$(rc $A -m discovery)" 21 "the discovery itself left no record"
ok "discoverydb makes one" $A -m discoverydb -t isns -p 127.0.0.1 -o new
is "$($A -m discovery)" "127.0.0.1:3205 via isns" "it is listed"
ok "discovery by the record" $A -m discoverydb -t isns -p 127.0.0.1 -D
is "$(isns --list nodes | grep -c Initiator)" 0 "the server does not know us"

# A poller: registers, and logs in to what the server has.
ok "use_discoveryd" $A -m discoverydb -t isns -p 127.0.0.1 -o update -n discovery.isns.use_discoveryd -v Yes
ok "the daemon notices and logs in" wait_for "has $target" 20
ok "the server knows us" wait_for "isns --list nodes | grep -q Initiator" 20
ok "a second target is made" lio_disk d8 16
# A portal is of one entity only.
ok "and another" lio_target $second d8 127.0.0.2:3260
before=$(now_ns)
ok "it registers" isns_add $second 127.0.0.2:3260
ok "the daemon logs in by notice" wait_for "has $second" 20
diag "$((($(now_ns) - before) / 1000000)) ms from registration to session"
ok "it registers off" isns --deregister eid=$second
ok "the daemon logs out by notice" wait_for "has $second 0" 20
ok "the other session stays" has $target

# A dead server: polled every second, said once, and nobody else is delayed.
ok "poll every second" $A -m discoverydb -t isns -p 127.0.0.1 -o update -n discovery.isns.discoveryd_poll_inval -v 1
sleep 2
isns_stop
ok "the log says that it failed" wait_for "[ \$(said 'iSNS discovery at 127.0.0.1:3205: failed') = 1 ]" 20
before=$(now_ns)
ok "another discovery" $A -m discovery -t st -p 127.0.0.1
ok "is as fast as ever" test $((($(now_ns) - before) / 1000000)) -lt 5000
sleep 3
is "$(said 'iSNS discovery at 127.0.0.1:3205: failed')" 1 "the log says it once"
ok "sessions stay" has $target
ok "the server comes back" isns_start
ok "and the log says so" wait_for "[ \$(said 'iSNS discovery at 127.0.0.1:3205: answers again') = 1 ]" 70
ok "it registers" isns_add $second 127.0.0.2:3260
ok "discovery goes on" wait_for "has $second" 20

# A restart: the session is still the poller's.
daemon_stop
is "$(isns --list nodes | grep -c Initiator)" 0 "the registration was taken back at the end"
is "$(sessions)" 2 "sessions stay"
daemon_start
ok "registered again" wait_for "isns --list nodes | grep -q Initiator" 20
ok "the second target registers off" isns --deregister eid=$second
ok "and its session goes, although an earlier daemon made it" wait_for "has $second 0" 20
ok "not polled any more" $A -m discoverydb -t isns -p 127.0.0.1 -o update -n discovery.isns.use_discoveryd -v No
ok "the server is told" wait_for '! isns --list nodes | grep -q Initiator' 20
ok "the session stays" has $target
isns_stop

# SendTargets, next to a portal where nothing listens.
for portal in 127.0.0.1:4000 127.0.0.1:3260; do
	ok "record of $portal" $A -m discoverydb -t st -p $portal -o new -n discovery.sendtargets.use_discoveryd -v Yes \
		-n discovery.sendtargets.discoveryd_poll_inval -v 1
done
ok "the daemon logs in" wait_for "has $second" 20
ok "once to each portal" wait_for "has $target 2" 20
is "$(said 'SendTargets discovery at 127.0.0.1:4000: failed')" 1 "the dead portal is said once"
lio_remove $second
ok "a target that is gone is logged out of" wait_for "has $second 0" 30
ok "the sessions of the other target stay" has $target 2
ok "it comes back" lio_target $second d8 127.0.0.2:3260
ok "and is logged in to" wait_for "has $second" 30
disk=$(disk_of "$(newest_sid)")
mkfs.ext4 -q "/dev/$disk" && mkdir -p /mnt && mount "/dev/$disk" /mnt
ok "a mounted disk" grep -q "/dev/$disk /mnt" /proc/mounts
# The portal goes, its connections stay.
rmdir "$LIO/iscsi/$second/tpgt_1/np/127.0.0.2:3260"
ok "is not taken away" wait_for "[ \$(said 'is not logged out although its portal is gone') = 1 ]" 30
ok "its session stays" has $second
umount /mnt
ok "until it is not used any more" wait_for "has $second 0" 30
$A -m discoverydb -t st -p 127.0.0.1 -o update -n discovery.sendtargets.use_discoveryd -v No
$A -m discoverydb -t st -p 127.0.0.1:4000 -o delete
ok "not polled any more" wait_for "[ \$(said 'not polled any more') = 3 ]" 20
ok "logout" $A -m node --logout
grep -v "^#" /tmp/iscsid.log | tail -n 60 | sed 's/^/# /'
suite_done
