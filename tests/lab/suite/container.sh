# SPDX-License-Identifier: GPL-3.0-or-later
# iscsiadm in another mount, network and process namespace, as in a CSI plugin's container: with nothing of the host but the socket's
# folder it discovers, keeps records of its own, logs in, lists, looks again and logs out; also where its /sys has no iSCSI objects.
# With the host's /etc/iscsi it shares the records, and changes of both sides are all there. Then clients and daemons of other versions.
# shellcheck shell=dash disable=SC1091,SC2154,SC2016
. /lab/env
. /lab/lib.sh
. /in/lib.sh
plain=${LAB_TARGETS%% *} portal=${LAB_PORTALS%% *}

# container ETC SYS COMMAND...: in new namespaces. ETC: own or shared; SYS: seen, or hidden (no iSCSI classes in it)
cat >/tmp/enter.sh <<'END'
etc=$1 sys=$2
shift 2
mount --make-rprivate /
mount -t proc proc /proc
mount -t sysfs sysfs /sys
[ "$sys" = seen ] || for class in iscsi_session iscsi_connection iscsi_host iscsi_transport scsi_host; do
	mount -t tmpfs hidden /sys/class/$class
done
[ "$sys" = seen ] || {
	# The socket alone, no file beside it
	mkdir -p /tmp/alone
	mount -t tmpfs empty /tmp/alone
	touch /tmp/alone/iscsid.sock
	mount --bind /run/iscsid/iscsid.sock /tmp/alone/iscsid.sock
	mount --move /tmp/alone /run/iscsid
}
[ "$etc" = shared ] || mount --bind /tmp/own /etc/iscsi
ip link set lo up
exec "$@"
END
container() {
	unshare --mount --net --pid --ipc --uts --fork dash /tmp/enter.sh "$@"
}
mkdir -p /tmp/own

daemon_start || exit 1
is "$(container own seen ip -br link | grep -vc '^lo')" 0 "the container has no network but its loopback"
is "$(container own seen dash -c 'ls /etc/iscsi | wc -l')" 0 "nothing is configured in it"

for sys in seen hidden; do
	is "$(rc container own $sys $A -m session)" 21 "no session, /sys $sys"
	is "$(rc container own $sys $A -m discovery -t sendtargets -p "$portal")" 0 "discovery by way of the daemon, /sys $sys"
	grep -q "$plain" /tmp/out || diag "$(cat /tmp/out /tmp/err)"
	is "$(grep -c "$plain" /tmp/out)" "$(echo "$LAB_PORTALS" | wc -w)" "every portal is told"
	is "$(container own $sys $A -m node | wc -l)" "$(echo "$LAB_PORTALS" | wc -w)" "the container has the records"
	is "$(rc $A -m node)" 21 "the host has none of them"
	is "$(rc container own $sys $A -m node -T "$plain" -p "$portal" -o update -n node.session.timeo.replacement_timeout -v 33)" 0 "update"
	is "$(rc container own $sys $A -m node -T "$plain" -p "$portal" --login)" 0 "login"
	ok "the setting of the container's record is the kernel's" grep -qx 33 /sys/class/iscsi_session/session"$(newest_sid)"/recovery_tmo
	is "$(rc container own $sys $A -m node -T "$plain" -p "$portal" --login)" 15 "a second login is told so"
	disk=$(disk_of "$(newest_sid)")
	container own $sys $A -m session >/tmp/inside
	$A -m session >/tmp/outside
	is "$(cat /tmp/inside)" "$(cat /tmp/outside)" "the same list inside and outside, /sys $sys"
	for level in 1 2 3; do
		container own $sys $A -m session -P $level | sed '/Statistics:/,$d' >/tmp/inside
		$A -m session -P $level | sed '/Statistics:/,$d' >/tmp/outside
		[ $sys = seen ] || sed -i '/^iSCSI Transport Class\|^version/d; s/State: Unavailable/State: running/' /tmp/inside /tmp/outside
		ok "the same at level $level" cmp /tmp/inside /tmp/outside || diag "$(diff /tmp/outside /tmp/inside)"
	done
	ok "its disk is told, too" grep -q "scsi disk $disk" /tmp/inside
	is "$(rc container own $sys $A -m session -s)" 0 "statistics"
	is "$(rc container own $sys $A -m session -r "$(newest_sid)" -o show)" 0 "the record of a session"
	is "$(rc container own $sys $A -m session -R)" 0 "rescan"
	is "$(rc container own $sys $A -m session --json)" 0 "as JSON"
	is "$(grep -c '"type":"session"' /tmp/out)" 1 "one object"
	is "$(rc container own $sys $A -m node -T "$plain" -p "$portal" -o delete)" 15 "the record of a running session is kept"
	is "$(rc container own $sys $A -m node -u)" 0 "logout"
	is "$(sessions)" 0 "no session is left"
	is "$(rc container own $sys $A -m node -o delete)" 0 "records deleted"
	is "$(rc container own $sys $A -m discovery -t sendtargets -p 203.0.113.9:3260 -I default -d 0)" 11 "no answer is told"
	sed -n 1p /tmp/err | sed 's/^/# /'
done

# The records of the host
is "$(rc container shared seen $A -m discovery -t sendtargets -p "$portal")" 0 "discovery into the host's records"
is "$($A -m node | wc -l)" "$(echo "$LAB_PORTALS" | wc -w)" "the host has them"
writers() {
	i=0
	while [ $i -lt 20 ]; do
		"$@" $A -m node -T iqn.2026-11.example:"$where-$i" -p 192.0.2.1:3260,1 -o new >/dev/null || echo "$where $i failed"
		i=$((i + 1))
	done
}
before=$($A -m node | wc -l)
(where=inside && writers container shared seen) >/tmp/inside 2>&1 &
inside=$!
(where=outside && writers env) >/tmp/outside 2>&1 &
wait $! $inside
is "$(cat /tmp/inside /tmp/outside)" "" "writers on both sides all succeed"
is "$($A -m node | wc -l)" $((before + 40)) "and every record is there"
is "$(rc $A -m store -o verify)" 0 "the database is whole"
is "$(rc container shared hidden $A -m node -T "$plain" -p "$portal" -l)" 0 "login with the host's record"
is "$(rc $A -m node -T "$plain" -p "$portal" -u)" 0 "logout by the host"

# Without even the socket
is "$(rc container shared seen env ISCSID_SOCKET=/nowhere $A -m node -T "$plain" -l)" 20 "no socket: status 20"
is "$(rc container shared seen env ISCSID_SOCKET=/nowhere $A -m node -T "$plain" -p "$portal" -o update -n node.startup -v manual)" 0 "but record work goes on"

# Other versions. A method the daemon does not know, and members nobody knows
call() {
	printf '%s\0' "$1" | /in/talk /run/iscsid/iscsid.sock | tr '\0' '\n'
}
is "$(call '{"method":"org.openhba.iscsid.Fly"}')" \
	'{"parameters":{"method":"org.openhba.iscsid.Fly"},"error":"org.varlink.service.MethodNotFound"}' "a newer client's method"
is "$(call '{"method":"org.openhba.other.Info"}')" \
	'{"parameters":{"interface":"org.openhba.other"},"error":"org.varlink.service.InterfaceNotFound"}' "another interface"
is "$(call '{"method":"org.openhba.iscsid.Sessions","parameters":{"colour":"red"},"urgent":true}')" '{"parameters":{"sessions":[]}}' \
	"members of a newer client are passed over"
is "$(call '{"method":"org.openhba.iscsid.Logout","parameters":{"sids":["one"]}}' | grep -c '"error":2')" 1 "a parameter of another type"
suite_done
