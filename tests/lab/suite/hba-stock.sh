# SPDX-License-Identifier: GPL-3.0-or-later
# hba-stock.sh [boot | flash]: Debian's open-iscsi, then our /in/iscsid and /in/iscsiadm, on one emulated HBA with two ports. Its flash names a target
# that each port logs in to. open-iscsi discovers, logs in with CHAP both ways and writes through port 0, and is asked all there is to ask; ours
# takes over, and has to give the same answers. Then ours does through port 1 what open-iscsi did through port 0, with the same outcome.
# boot: the flash names a target to boot from, too; both have to show it, and ours logs in to it.
# flash: the card's flash written and used, by open-iscsi through port 0, by ours through port 1.
# The functions from `versions` to `ports_alike` are the differences that are allowed, each with its reason.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086,SC2046
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
said=/tmp/said
mkdir -p $said/stock $said/ours

# ---- what may differ

# Each says which version it is; what later versions than Debian's added is shown by ours.
versions() {
	sed -E 's/^(# BEGIN RECORD|version) 2\.1\.[0-9]+$/\1/
		/^node\.session\.(login_redirect_max|sess_reopen_log_freq) = |^node\.(session|conn\[0\])\.(conn_reopen_log_freq|tcp\.congestion_control) = /d'
}

# Counters go on while they are read.
counters() { sed -E 's/^(\t[a-z0-9_]+: )[0-9]+$/\1N/; s/^(\t[A-Za-z ]+: )[0-9]+$/\1N/'; }

# Discovery sessions, which this driver cannot end: open-iscsi lists them without a target and an address. Sessions by IPv6: it calls their
# iface after the port's IPv4.
sessions_of_stock() {
	awk '/^\t?Target:  \(/ { left = 1 } /^\t?Target: [^ ]|^Host Number|^status/ { left = 0 }
		/Current Portal: / { v6 = /\[/ } v6 && /Iface Name: / { sub(/ipv4\.0$/, "ipv6.0") }
		!left && !/^qla4xxx: \[[0-9]+\] \[\]:0,/'
}

# The box that only ours has, behind all others.
sessions_of_ours() { awk '/^\t+\*+$/ { held = $0; next } held != "" && /^\t+Statistics:$/ { skip = 8; held = ""; getline; next }
		skip-- > 0 { held = ""; if (skip >= 1) next } held != "" { print held; held = "" } { print }'; }

# Of the card's settings open-iscsi forgets one, and takes the state of the router for one. Who made a file is said by ours alone.
settings() { sed -E '/^iface\.(dhcp_alt_client_id_state|router_autocfg|origin) = /d'; }

# Of what an adapter was asked, open-iscsi's status is the length of the answer, of which a status has eight bits.
status_of_adapter() { sed -E 's/^status [1-9][0-9]+$/status 0/'; }

# Its status of a deleted entry is the length of the answer, that of an empty table -EINVAL; ours has 0, and "no objects found".
no_entries() { sed -E 's/^status ([0-9]+)$/status N/'; }

# The card does not say how its port gets its address. open-iscsi takes the records as folders come, and two of each for a discovery.
boot_targets() {
	sed -E '/^iface\.(bootproto = STATIC|prefix_len = -1)$/d' |
		awk '/^# BEGIN/, /^# END/ { printf "%s%s", $0, /^# END/ ? "\n" : "\t"; next } { print }' | sort -u | tr '\t' '\n'
}

# What was done through port 1 is held against what was done through port 0.
ports_alike() {
	sed -E 's/fd10:(1:)?:1/SAN6/g; s/fd10:000[01]:/fd10:PORT:/g; s/10\.10\.[01]\./10.10.PORT./g; s/(c0:dd:10:00:0|lab0000\.|c0:ddff:fe10:000)[01]/\1PORT/g
		s/^(qla4xxx: )\[[0-9]+\]/\1[SID]/; s/(sid: |SID: )[0-9]+/\1SID/; s/([Hh]ost( Number:)?) [0-9]+/\1 N/
		s/scsi[0-9]+ Channel 00 Id [0-9]+/scsiN Channel 00 Id N/; s/(Attached scsi disk )sd[a-z]+/\1sdX/'
}

alike() { # alike WHO NAME: what the tool said, without what may differ
	case $2 in
	*session* | host* | sid-tree*) sessions_of_"$1" ;;
	*chap-delete*) no_entries ;;
	*chap*) status_of_adapter ;;
	*stats*) counters | status_of_adapter ;;
	fw*) boot_targets ;;
	*) settings ;;
	esac <"$said/$1/$2" | versions
}

# ---- asking

# ask NAME COMMAND...: what is said on stdout, and the status; messages are for people
ask() {
	name=$1
	shift
	timeout 100 "$@" >"$said/$who/$name" 2>"$said/$who/$name.err"
	echo "status $?" >>"$said/$who/$name"
}

# all_asked: every list and every object of the card
all_asked() {
	ask ifaces $A -m iface
	ask ifaces-bound $A -m iface -P 1
	ask nodes $A -m node
	ask nodes-tree $A -m node -P 1
	ask session-none $A -m session -r 99
	for level in 0 1 2 3 4; do ask host-$level $A -m host -P $level; done
	for level in 0 1 2 3; do ask session-$level $A -m session -P $level; done
	for sid in $(port_sids 0 "$plain") $(port_sids 0 "$guarded") $(port_sids 1 "$plain"); do
		ask sid-tree-"$sid" $A -m session -r "$sid" -P 3
		ask sid-stats-"$sid" $A -m session -r "$sid" -s
		ask sid-record-"$sid" $A -m session -r "$sid"
	done
	for port in $(ports); do
		host=$(host_of "$port")
		for entity in ipv4.0 ipv6.0 ipv6.1; do
			ask iface-"$port"-$entity $A -m iface -I "$(iface_of "$port" | sed "s/ipv4.0/$entity/")"
		done
		ask chap-"$port"-bare $A -m host -H "$host" -C chap
		ask flash-"$port" $A -m host -H "$host" -C flashnode
		for node in 0 1 77; do ask flash-"$port"-$node $A -m host -H "$host" -C flashnode -o show -x $node; done
		ask stats-"$port" $A -m host -H "$host" -C stats
	done
	ask ping $A -m iface -I "$(iface_of 1)" -C ping -a 10.10.1.1 -c 2
	ask chap $A -m host -H "$(host_of 0)" -C chap -o show
	ask flash-none $A -m host -H 9 -C flashnode
}

# ready PORT TARGET FAMILY: sets $sid to the session by that family, once it has its disks
ready() {
	for sid in $(port_sids "$1" "$2"); do
		case $3$(cat "/sys/class/iscsi_connection/connection$sid:0/address") in 4*:*) ;; 4* | 6*:*) break ;; esac
	done
	wait_for '[ "$(state_of $sid)" = LOGGED_IN ] && [ "$(disks_of $sid | wc -l)" = 2 ]' 60
}

# by_hand PORT: discovery, records, logins, I/O as an administrator does them
by_hand() {
	portal6=$(echo "fd10:$1::1" | sed 's/:0::/::/')
	guarded_at="-T $guarded -p 10.10.$1.1 -I $(iface_of "$1")" plain_at="-T $plain -p $portal6 -I $(iface_of "$1" 6)"
	ask hand-discovery $A -m discovery -t sendtargets -p "10.10.$1.1" -I "$(iface_of "$1")"
	ask hand-discovery6 $A -m discovery -t sendtargets -p "$portal6" -I "$(iface_of "$1" 6)"
	setting "$guarded" node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123 \
		node.session.auth.username_in bob node.session.auth.password_in lookingglass99
	# shellcheck disable=SC2086  # words
	{
		ask hand-record $A -m node $guarded_at -o show
		ask hand-record6 $A -m node $plain_at -o show
		ask hand-login $A -m node $guarded_at --login
		ok "$who: with CHAP both ways a session and its disks" ready "$1" "$guarded" 4
		guarded_sid=$sid
		ask hand-login6 $A -m node $plain_at --login
		ok "$who: one by IPv6" ready "$1" "$plain" 6
		plain_sid=$sid
		ask hand-again $A -m node $guarded_at --login
		ask hand-again6 $A -m node $plain_at --login
	}
	ask hand-session $A -m session -r "$guarded_sid" -P 3
	ask hand-session6 $A -m session -r "$plain_sid" -P 3
	ask hand-chap $A -m host -H "$(host_of "$1")" -C chap -o show
	ok "$who: I/O of the one with CHAP" verified "$1" "$guarded_sid" 8
	ok "$who: I/O of the one by IPv6" verified "$1" "$plain_sid" 8
}

# changed PORT: the card's flash, written and used
changed() {
	adapter=$(host_of "$1")
	on_flash="-m host -H $adapter -C flashnode -x" on_chap="-m host -H $adapter -C chap -x 7"
	ask hand-flash-logout $A $on_flash 0 -o logout
	ok "$who: the firmware's session is gone" wait_for "[ -z \"\$(port_sids $1 $plain)\" ]" 30
	ask hand-flash-login $A $on_flash 0 -o login
	ok "$who: and is there again" session_ready "$1" "$plain" 1
	ask hand-flash-again $A $on_flash 0 -o login
	ask hand-flash-new $A -m host -H "$adapter" -C flashnode -o new -A ipv4
	node=$(ls -d /sys/bus/iscsi_flashnode/devices/flashnode_sess-"$adapter":* | sed 's/.*[:-]//' | sort -n | tail -1)
	ask hand-flash-update $A $on_flash "$node" -o update -n flashnode.session.targetname -v iqn.2026-11.org.openhba:later \
		-n 'flashnode.conn[0].ipaddress' -v 10.10.9.9 -n 'flashnode.conn[0].port' -v 860 -n flashnode.session.first_burst_len -v 32768
	ask hand-flash-show $A $on_flash "$node" -o show
	ask hand-flash-list $A -m host -H "$adapter" -C flashnode
	ask hand-flash-delete $A $on_flash "$node" -o delete
	ask hand-flash-gone $A $on_flash "$node" -o show
	ask hand-chap-new $A $on_chap -o new -n host.auth.username -v carol -n host.auth.password -v tweedletweedle
	ask hand-chap-shown $A -m host -H "$adapter" -C chap -o show
	ask hand-chap-update $A $on_chap -o update -n host.auth.username -v carol -n host.auth.password -v dumdumdumdum
	ask hand-chap-updated $A -m host -H "$adapter" -C chap -o show
	ask hand-chap-delete $A $on_chap -o delete
	ask hand-chap-deleted $A -m host -H "$adapter" -C chap -o show
}

# ours_from_here: open-iscsi is gone, ours makes its own files of the card's ports
ours_from_here() {
	daemon_kill
	rm -rf /etc/iscsi/ifaces
	who=ours A=/in/iscsiadm D=/in/iscsid LAB_TOOLS=ours
	daemon_start
}

# compared PATTERN [FILTER]: what both have said
compared() {
	for name in $(cd $said/stock && ls | grep "$1" | grep -v '\.err$'); do
		alike stock "$name" | ${2:-cat} >/tmp/want
		alike ours "$name" | ${2:-cat} >/tmp/got
		is "$(diff /tmp/want /tmp/got)" "" "$name: as open-iscsi says it"
	done
}

fw_asked() {
	ask fw $A -m fw
	ask fw-discovery $A -m discovery -t fw
}

who=stock
ok "the driver loads" hba_start ql4xdisablesysfsboot=0
for port in $(ports); do
	ok "port $port: logs in by itself" session_ready "$port" "$plain" 1
	is "$(port_sids "$port" "$guarded")" "" "port $port: and to nothing else"
done
daemon_start
if [ "${1:-}" = flash ]; then
	changed 0
	ours_from_here
	changed 1
	compared '^hand' ports_alike
	is "$(tail -qn 1 $said/ours/hand-chap-delete $said/ours/hand-chap-deleted | tr '\n' ' ')" "status 0 status 21 " "ours says that no entry is left"
elif [ "${1:-}" = boot ]; then
	$A -m discovery -t sendtargets -p 10.10.0.1 -I "$(iface_of 0)" >/dev/null # open-iscsi fails where it has no folder of records yet
	fw_asked
	is "$(grep -c wonderland123 $said/stock/fw)" 2 "open-iscsi shows both boot targets with their secrets"
	ours_from_here
	fw_asked
	compared '^fw'
	ok "ours logs in to the boot targets" $A -m fw -l
	for port in $(ports); do
		ok "port $port: a session and its disks" ready "$port" "$guarded" 4
		ok "port $port: I/O" verified "$port" "$sid" 8
	done
else
	$A -m iface >/dev/null # makes the files of the ports; a discovery makes others, which say nothing of a NIC
	by_hand 0
	all_asked
	ours_from_here
	ok "ours takes both sessions over" wait_for '[ "$($A -m session -P 1 | grep -c "Session State: NO CHANGE")" = 2 ]' 30
	is "$(healthy)" 4 "and leaves all as they are"
	all_asked
	compared '^[^h]\|^host'
	by_hand 1
	compared '^hand' ports_alike
fi
is "$(dmesg | grep -c 'qla4xxx.*\(timed out\|Adapter Reset\)')" 0 "the driver missed nothing"
[ "$tap_failed" = 0 ] || cp -a $said /out/
suite_done
