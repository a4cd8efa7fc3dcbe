# SPDX-License-Identifier: GPL-3.0-or-later
# What hangs delays nobody: 120 logins to portals that swallow every packet do not slow down a login or a recovery beside them, and
# with the file system frozen that holds the daemon's program, log, settings and state a lost connection is repaired all the same.
# Then: queue depth, worker priority, and how much memory a session takes.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 portal=10.9.0.1:3260 dead=120

# everything of the daemon is on a file system that can be frozen
truncate -s 64M /root/image
mkfs.ext4 -q /root/image && mkdir -p /disk /run/iscsid && mount -o loop /root/image /disk
mkdir /disk/etc /disk/run
cp -a /etc/iscsi/. /disk/etc
mount --bind /disk/etc /etc/iscsi
mount --bind /disk/run /run/iscsid
cp "$(command -v $D)" /disk/iscsid
/disk/iscsid -f -d 8 >>/disk/iscsid.log 2>&1 &
daemon_pid=$!
ok "the daemon runs from the disk" wait_for '[ -S /run/iscsid/iscsid.sock ]' 30
rss() { awk '/^VmRSS/ { print $2 }' /proc/"$daemon_pid"/status; }
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "quick pings" setting $target 'node.conn[0].timeo.noop_out_interval' 1 'node.conn[0].timeo.noop_out_timeout' 2 \
	node.session.cmds_max 256 node.session.queue_depth 200 node.session.xmit_thread_priority -7

# login_ms ROUNDS: the longest of so many logins. Behind one that hangs a login would take 8 s more.
login_ms() {
	local n=0 began took longest=0
	while [ $n -lt "$1" ]; do
		began=$(now_ns)
		$A -m node -T $target -p $portal --login >/tmp/login.out 2>&1 || { echo 99999; return; }
		took=$((($(now_ns) - began) / 1000000))
		[ $took -le $longest ] || longest=$took
		$A -m node -T $target -p $portal --logout >/tmp/login.out 2>&1 || { echo 99998; return; }
		n=$((n + 1))
	done
	echo $longest
}

# portals that are there for ARP and for nobody else
for i in 0 1 2 3; do ip neigh replace 10.9.0.$((66 + i)) lladdr 02:00:00:00:00:66 dev nic0 nud permanent; done
i=0
while [ $i -lt $dead ]; do
	$A -m node -T iqn.2026-11.org.openhba.lab:dead$i -p 10.9.0.$((66 + i % 4)):3260,1 -o new >/dev/null || break
	i=$((i + 1))
done
is $i $dead "$dead records of targets behind four dead portals"
for i in 0 1 2 3; do
	$A -m node -p 10.9.0.$((66 + i)):3260 -o update -n 'node.conn[0].timeo.login_timeout' -v 8
	$A -m node -p 10.9.0.$((66 + i)):3260 -o update -n node.session.initial_login_retry_max -v 4
done
alone=$(login_ms 3)
hanging() { ss -Htn state syn-sent '( dport = :3260 )' | wc -l; }
for i in 0 1 2 3; do $A -m node -p 10.9.0.$((66 + i)):3260 --login >/tmp/dead.$i 2>&1 & done
ok "they hang" wait_for '[ "$(hanging)" -ge 16 ]' 20
beside=$(login_ms 3)
ok "a login beside them took $beside ms, alone $alone ms" test "$beside" -lt $((alone + 5000))
now=$(hanging)
ok "at most 16 of a portal hang at first ($now)" test "$now" -le 64
sleep 9
now=$(hanging)
ok "then at most 4 ($now)" test "$now" -le 16
again=$(login_ms 3)
ok "and still $again ms" test "$again" -lt $((alone + 5000))

ok "login" $A -m node -T $target -p $portal --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
host=$(readlink -f /sys/class/iscsi_session/session"$sid" | sed 's/.*\/host\([0-9]*\)\/.*/\1/')
is "$(cat /sys/block/"$disk"/device/queue_depth)" 200 "the queue depth is the record's"
nice=/sys/devices/virtual/workqueue/iscsi_q_$host/nice
[ ! -e "$nice" ] || is "$(cat "$nice")" -7 "the priority of the worker is the record's"
ok "cut" cut
began=$(now_ns)
ok "repaired beside logins that hang" repaired 15
diag "in $((($(now_ns) - began) / 1000000)) ms"

# the disk of the daemon stops taking writes, then the cable is pulled
state() { cat /sys/class/iscsi_session/session"$sid"/state; }
logged() { grep -c 'operational after recovery' /disk/iscsid.log; }
before=$(logged)
ok "freeze" fsfreeze -f /disk
ip link set nic0 down
ok "frozen: loss is noticed by the ping" wait_for '[ "$(state)" = FAILED ]' 40
sleep 4
ip link set nic0 up
ip addr add 10.9.0.10/24 dev nic0 2>/dev/null || :
ok "frozen: logged in again" wait_for '[ "$(state)" = LOGGED_IN ]' 60
ok "frozen: verify" verify_disk "$disk" 4
is "$(logged)" "$before" "frozen: nothing was written meanwhile"
ok "thaw" fsfreeze -u /disk
ok "the log has it afterwards" wait_for '[ "$(logged)" -gt "$before" ]' 20
ok "the daemon answers" $A -m session
ok "logout" $A -m node -T $target -p $portal --logout
ok "the logins that hang end" wait_for '[ "$(hanging)" = 0 ]' 90

# memory: the daemon has done all kinds of work before, and threads without work have ended
sleep 11
rss_before=$(rss)
n=64
lio_disk m0 8
for i in $(seq $n); do lio_target iqn.2026-11.org.openhba.lab:m"$i" m0 10.9.0.1:3270 || break; done
ok "discovery of $n more" $A -m discovery -t sendtargets -p 10.9.0.1:3270
ok "login to $n" $A -m node -p 10.9.0.1:3270 --login
is "$(healthy)" $n "all are there"
sleep 12 # threads without work end
each=$((($(rss) - rss_before) / n))
ok "$(rss) kB resident, $rss_before before the first session: $each kB per session" test $each -le 32
ok "logout of all" $A -m node -p 10.9.0.1:3270 --logout
is "$(sessions)" 0 "nothing left"
suite_done
