# SPDX-License-Identifier: GPL-3.0-or-later
# Logins and logouts the way programs of others make them, each in its own order of commands and with its own way to read the answers:
# os-brick (OpenStack), csi-lib-iscsi (Kubernetes), libvirt, dracut, Debian's scripts. tests/outside is what needs no target.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086,SC2046
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 portal=127.0.0.1:3260
daemon_start

# os-brick: discovers by the iface, makes the record only if it is not there, wants scans by hand, scans one LUN itself.
node="$A -m node -T $target -p $portal"
found=$($A -m discovery -t sendtargets -I default -p $portal | awk 'NF == 2 && $2 ~ /^iqn\./ { print $1, $2; exit }')
ok "os-brick: discovery" test "$found" = "$portal,1 $target"
$A -m node -o delete
is "$(rc $node)" 21 "os-brick: no record"
is "$(rc $node --interface default --op new)" 0 "os-brick: a record"
is "$(rc $node --op update -n node.session.scan -v manual)$(cat /tmp/err)" 0 "os-brick: manual scans"
is "$(rc $node --login)" 0 "os-brick: login"
is "$(cat /tmp/err)" "" "os-brick: which says nothing on stderr"
is "$($A -m session | awk '$1 == "tcp:" { split($3, p, ","); print p[1], p[2], $4 }')" "$portal 1 $target" "os-brick: the session"
is "$(find /sys/class/scsi_disk -mindepth 1 2>/dev/null | wc -l)" 0 "os-brick: nothing was scanned"
sid=$(newest_sid)
host=$(echo /sys/class/iscsi_host/host*/device/session$sid)
ok "os-brick: the session is found below its host" test -d "$host"
host=${host#/sys/class/iscsi_host/} host=${host%%/*}
echo "0 0 0" >/sys/class/scsi_host/$host/scan
ok "os-brick: one LUN" wait_for '[ $(ls /sys/class/scsi_disk | wc -l) = 1 ]' 10
is "$(rc $node --login)" 15 "os-brick: a second login"
is "$(rc $node --op update -n node.startup -v automatic)" 0 "os-brick: startup"
is "$(rc $A -m node -T $target -p $portal --rescan)" 0 "os-brick: rescan"
is "$(rc $node --op update -n node.startup -v manual)$(rc $node --logout)$(rc $node --op delete)" 000 "os-brick: takes it away"
is "$(rc $node --logout)" 21 "os-brick: twice"

# csi-lib-iscsi: a discovery record first, an iface per volume, an exit status but no text; iscsiadm may take 3 s.
is "$(rc $A -m iface -I $portal:pvc-1 -o new)" 0 "csi: an iface"
db="$A -m discoverydb -t sendtargets -p $portal -I $portal:pvc-1"
is "$(rc $db -o new)$(rc $db --discover)" 00 "csi: discovery by its own record"
is "$(rc $node -I $portal:pvc-1 -o new)$(rc $node -l)" 00 "csi: login"
is "$($A -m session | grep -c "$portal,1 $target")" 1 "csi: the session"
is "$(rc timeout 3 $node -u)$(rc $A -m node -T $target -o delete)$(rc $db -o delete)$(rc $A -m iface -I $portal:pvc-1 -o delete)" 0000 \
	"csi: takes all away"
is "$(rc timeout 3 $A -m discoverydb -t sendtargets -p 127.0.0.1:9 -I default -o new)" 0 "csi: a portal that is not there"
is "$(rc $A -m discoverydb -t sendtargets -p 127.0.0.1:9 -I default -o delete)" 0 "csi: its record goes"

# libvirt: a discovery that keeps nothing, then one that does; an initiator name of its own.
$A --mode iface --interface libvirt-iface-1 --op new >/dev/null
$A --mode iface --interface libvirt-iface-1 --op update --name iface.initiatorname --value iqn.2026-11.org.openhba.lab:guest >/dev/null
is "$($A --mode discovery --type sendtargets --portal $portal --op nonpersistent | awk '{ print $2 }' | sort -u)" $target "libvirt: targets"
is "$(rc $A -m node)" 21 "libvirt: nothing was kept"
is "$(rc $A --mode discovery --type sendtargets --portal $portal)" 0 "libvirt: kept this time"
is "$(rc $A --mode node --portal $portal --targetname $target --interface libvirt-iface-1 --login)" 0 "libvirt: login"
sid=$($A --mode session | sed -n "s/^tcp: \[\([0-9]*\)\] [^ ]* $target .*/\1/p")
is "$(cat /sys/class/iscsi_session/session"$sid"/initiatorname)" iqn.2026-11.org.openhba.lab:guest "libvirt: by its name"
is "$(rc $A --mode session -r "$sid" -R)" 0 "libvirt: rescan"
is "$(rc $A --mode node --portal $portal --target $target --op update --name node.startup --value manual)" 0 "libvirt: startup"
is "$(rc $A --mode node --portal $portal --targetname $target --interface libvirt-iface-1 --logout)" 0 "libvirt: logout"
$A -m node -o delete
$A -m iface -I libvirt-iface-1 -o delete >/dev/null

# dracut: the target's name cut out of the discovery, many settings in one update, a secret without authmethod, login to all of onboot.
lio_chap $target me secret123456
is "$($A -m discovery -t st -p $portal | sed 's/^.*iqn/iqn/' | sort -u)" $target "dracut: the target"
is "$(rc $node --op=update --name=node.startup --value=onboot --name=node.session.auth.username --value=me \
	--name=node.session.auth.password --value=secret123456 --name=node.session.initial_login_retry_max --value=3)" 0 "dracut: settings"
is "$(rc $A -m node -L onboot)" 0 "dracut: login"
is "$(rc $A -m node -L onboot)" 15 "dracut: and again"

# Debian's and finalrd's scripts at shutdown: states counted in the tree, sessions taken out by their folder.
is "$($A -m session -P 1 | grep -c 'iSCSI Connection State: LOGGED IN')" 1 "finalrd: counts sessions"
is "$(rc $A -m node --logoutall=all)" 21 "Debian: a session of the boot stays"
is "$(sessions)" 1 "Debian: it does"
is "$(rc $A -m session -r "$(readlink -f /sys/class/iscsi_session/session*/device)" --logout)" 0 "Debian: logout by the folder in /sys"
is "$(sessions)" 0 "Debian: nothing left"
is "$(rc $A -m node -u)" 21 "finalrd: nothing to do"

# A command in iscsid.startup that does not end: here it is the daemon itself.
daemon_stop
cp /etc/iscsi/iscsid.conf /tmp/iscsid.conf
sed -i '/^iscsid.startup/d' /etc/iscsi/iscsid.conf
echo 'iscsid.startup = exec iscsid -f >>/tmp/iscsid.log 2>&1' >>/etc/iscsi/iscsid.conf
is "$(rc timeout 20 $A -m node -T $target -p $portal --login)" 0 "a daemon in the foreground as iscsid.startup"
is "$(rc $A -m node -u)" 0 "logout"
daemon_pid=$(cat /run/iscsid.pid)
is "$(rc $A -k 0)" 0 "and its end"
ok "which comes" wait_for '! kill -0 $daemon_pid 2>/dev/null' 30
suite_done
