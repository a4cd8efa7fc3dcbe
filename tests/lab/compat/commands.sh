# SPDX-License-Identifier: GPL-3.0-or-later
# What is asked of both tools, in this order, on the same targets: the run of the guest. `t NAME COMMAND...` leaves NAME.out,
# NAME.err and NAME.rc in /out/answers.tar, and in its file map which sessions, hosts and disks there were before, so that
# numbers the kernel gives can be told apart from what the tools decide. Compares nothing: that is for `run` beside this file.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh

A=iscsiadm
T0=iqn.2026-01.lab:t0 T1=iqn.2026-01.lab:t1 CHAP=iqn.2026-01.lab:chap NICS=iqn.2026-01.lab:nics
OUT=/tmp/compat
mkdir -p $OUT
# One file: hundreds of small ones would take half a minute.
trap 'tar -C $OUT -cf /out/answers.tar .' EXIT

# What the kernel has, by shell builtins alone: s SID HOST TARGET ADDRESS PORT IFACE, and d DISK HOST:CHANNEL:ID:LUN.
state() {
	for dir in /sys/class/iscsi_session/session*; do
		[ -d "$dir" ] || continue
		sid=${dir##*session}
		cd -P "$dir/device" 2>/dev/null || continue
		host=${PWD%/session*} host=${host##*/host}
		read -r target <"$dir/targetname"
		read -r iface <"$dir/ifacename"
		read -r address <"/sys/class/iscsi_connection/connection$sid:0/persistent_address"
		read -r port <"/sys/class/iscsi_connection/connection$sid:0/persistent_port"
		echo "s $sid $host $target $address $port $iface"
	done 2>/dev/null
	for dir in /sys/block/sd*; do
		cd -P "$dir/device" 2>/dev/null && echo "d ${dir##*/} ${PWD##*/}"
	done
	cd /root || exit 1
}

t() {
	t_name=$1
	shift
	{
		echo "= $t_name $*"
		state
	} >>$OUT/map
	"$@" >$OUT/"$t_name".out 2>$OUT/"$t_name".err </dev/null
	echo $? >$OUT/"$t_name".rc
}

# sid TARGET ADDRESS PORT: the lowest number of such a session; 99 if there is none
sid() {
	state | sort -k2n | sed -n "s/^s \([0-9]*\) [0-9]* $1 $2 $3 .*/\1/p;\$s/.*/99/p" | head -1
}

has_disks() {
	[ "$(state | grep -c '^d')" = "$1" ]
}

arguments() {
	t bad-mode $A -m bogus
	t bad-op $A -m node -o bogus
	t bad-op-later $A -m node -o show -o bogus
	t bad-op-pair $A -m node -o new -o delete
	t bad-option $A -Z
	t bad-option-long $A --bogus
	t bad-option-missing $A -m node -T
	t bad-print-word $A -m node -P one
	t bad-type $A -m discovery -t bogus
	t bad-word $A -m node bogus
	t bad-loginall $A -m node -L bogus
	t bad-logoutall $A -m node -U bogus
	t bad-logoutall-onboot $A -m node -U onboot
	t bad-login-logout $A -m node -l -u
	t bad-login-op $A -m node -l -o show
	t bad-kill $A -k 1
	t bad-kill-negative $A -k -1
	t no-mode $A
	t version $A -V
	t version-first $A -V -m node
	t version-late $A -m node -V
	t help $A -h
	t disc-noportal $A -m discovery -t st
	t empty-flashnode $A -m flashnode
}

without_daemon() {
	t nodaemon-new $A -m node -T iqn.x:y -p 127.0.0.9:3260,1 -o new
	t nodaemon-node $A -m node
	t nodaemon-session $A -m session
	t nodaemon-iface $A -m iface
	t nodaemon-update $A -m node -T iqn.x:y -o update -n node.startup -v automatic
	t nodaemon-login $A -m node -T iqn.x:y -p 127.0.0.9 -l
	t nodaemon-loginall $A -m node -L automatic
	t nodaemon-logout $A -m node -T iqn.x:y -u
	t nodaemon-discovery $A -m discovery -t st -p 127.0.0.1
	t nodaemon-discoverydb-new $A -m discoverydb -t st -p 127.0.0.7 -o new
	t nodaemon-discoverydb-delete $A -m discoverydb -t st -p 127.0.0.7 -o delete
	t nodaemon-delete $A -m node -T iqn.x:y -o delete
	t nodaemon-kill $A -k 0
	$A -m discoverydb -t st -p 127.0.0.1 -o delete
}

nothing_stored() {
	t empty-discovery $A -m discovery
	t empty-discovery-P1 $A -m discovery -P 1
	t empty-discovery-p $A -m discovery -p 127.0.0.1
	t empty-discoverydb $A -m discoverydb
	t empty-discoverydb-show $A -m discoverydb -t st -p 127.0.0.1 -o show
	t empty-discoverydb-update $A -m discoverydb -t st -p 127.0.0.1 -o update -n discovery.sendtargets.reopen_max -v 2
	t empty-node $A -m node
	t empty-node-P1 $A -m node -P 1
	t empty-node-show $A -m node -o show
	t empty-node-delete $A -m node -o delete
	t empty-session $A -m session
	t empty-session-P3 $A -m session -P 3
	t empty-session-P4 $A -m session -P 4
	t session-none-rescan $A -m session --rescan
	t session-none-stats $A -m session -s
	t session-none-logout $A -m session -u
	t empty-host $A -m host
	t empty-host-P1 $A -m host -P 1
	t empty-host-P4 $A -m host -P 4
	t disc-fw $A -m discovery -t fw
	t fw-login-none $A -m fw -l
	t host-submode $A -m host -C bogus
	t host-op $A -m host -o new
	t empty-iface $A -m iface
	t empty-iface-P1 $A -m iface -P 1
	t empty-loginall $A -m node --loginall=all
	t empty-logoutall $A -m node --logoutall=all
}

new_nodes() {
	t node-new $A -m node -T iqn.x:manual -p 10.1.2.3:3260,1 -o new
	t node-new-again $A -m node -T iqn.x:manual -p 10.1.2.3:3260,1 -o new
	t node-new-notpgt $A -m node -T iqn.x:manual2 -p 10.1.2.3 -o new
	t node-new-v6 $A -m node -T iqn.x:v6 -p '[fe80::1]:3260' -o new
	t node-new-host $A -m node -T iqn.x:host -p storage.example.org,2 -o new
	t node-new-noportal $A -m node -T iqn.x:np -o new
	t node-new-notarget-none $A -m node -p 10.9.9.9 -o new
	t node-new-notarget $A -m node -p 10.1.2.3 -o new
	t node-new-noiface $A -m node -T iqn.x:manual -p 10.1.2.3:3260,1 -I nope -o new
	t node-new-pairs $A -m node -T iqn.x:pairs -p 10.1.2.4:3260,1 -o new -n node.startup -v automatic
	t node-pairs-show $A -m node -T iqn.x:pairs
	t node-manual $A -m node
	t node-manual-P1 $A -m node -P 1
	t node-P2 $A -m node -P 2
	t node-p-port $A -m node -p 10.1.2.3:3261
	t node-p-tpgt $A -m node -p 10.1.2.3:3260,7
	t node-p-v6-long $A -m node -p '[fe80:0:0::1]:3260'
	t node-show-manual $A -m node -T iqn.x:manual -o show
	t node-show-manual2 $A -m node -T iqn.x:manual2 -o show
}

update_nodes() {
	set -- $A -m node -T iqn.x:manual -o update
	t node-update "$@" -n node.startup -v automatic
	t node-update-multi "$@" -n node.session.queue_depth -v 64 -n node.session.cmds_max -v 256
	t node-update-noname "$@"
	t node-update-half "$@" -n node.startup
	t node-update-badname "$@" -n node.bogus -v 1
	t node-update-badval "$@" -n node.session.queue_depth -v zzz
	t node-update-hex "$@" -n node.session.cmds_max -v 0x40
	"$@" -n node.session.queue_depth -v 64 -n node.session.cmds_max -v 256
	t node-update-badword "$@" -n node.startup -v sometimes
	t node-update-chapalgs-bad "$@" -n node.session.auth.chap_algs -v SHA256,ROT13
	t node-update-chapalgs "$@" -n node.session.auth.chap_algs -v SHA256,MD5
	t node-update-ro "$@" -n node.name -v foo
	t node-update-iface "$@" -n iface.mtu -v 9000
	t node-update-iface-none $A -m node -T iqn.none -o update -n iface.mtu -v 9000
	t node-update-initiatorname "$@" -n iface.initiatorname -v iqn.2026-01.lab:other
	t node-update-transport "$@" -n iface.transport_name -v tcp
	t node-update-secret "$@" -n node.session.auth.password -v topsecret
	t node-update-none $A -m node -T iqn.none -o update -n node.startup -v automatic
	t node-update-all $A -m node -o update -n node.session.scan -v manual
	t node-show-updated $A -m node -T iqn.x:manual -o show
	t node-show-secret $A -m node -T iqn.x:manual -o show -S
	t node-update-unset "$@" -n node.session.auth.password -v ''
	t node-show-unset $A -m node -T iqn.x:manual -o show -S
	t node-delete $A -m node -T iqn.x:manual2 -o delete
	t node-delete-v6 $A -m node -T iqn.x:v6 -o delete
	t node-none-delete $A -m node -T iqn.none -o delete
	t node-none-login $A -m node -T iqn.none -l
	t node-none-logout $A -m node -T iqn.none -u
	t node-none-rescan $A -m node -T iqn.none -R
	t node-none-stats $A -m node -T iqn.none -s
	t node-delete-all $A -m node -o delete
}

discoveries() {
	t disc-st $A -m discovery -t st -p 127.0.0.1
	t disc-st-again $A -m discovery -t sendtargets -p 127.0.0.1:3260
	t disc-st-P1 $A -m discovery -t st -p 127.0.0.1 -P 1
	t disc-st-I-default $A -m discovery -t st -p 127.0.0.1 -I default
	t disc-st-I-none $A -m discovery -t st -p 127.0.0.1 -I nope
	t disc-st-nonpersistent $A -m discovery -t st -p 127.0.0.1 -o nonpersistent
	t disc-st-v6 $A -m discovery -t st -p '[::1]:3260'
	t disc-refused $A -m discovery -t st -p 127.0.0.1:4000
	t disc-unresolvable $A -m discovery -t st -p no.such.host.invalid
	t discovery-failed $A -m discovery
	for address in 127.0.0.1:4000 no.such.host.invalid; do $A -m discoverydb -t st -p $address -o delete; done
	t node $A -m node
	t node-P0 $A -m node -P 0
	t node-P1 $A -m node -P 1
	t node-T $A -m node -T $T0
	t node-p $A -m node -p 127.0.0.1:3261
	t node-p-v6 $A -m node -p '[::1]'
	t node-I $A -m node -T $T1 -I default
	t node-I-none $A -m node -I nope
	t node-show-all $A -m node -o show
	t discovery-P0 $A -m discovery -P 0
	t discovery-P1 $A -m discovery -P 1
	t discovery-P2 $A -m discovery -P 2
	t discovery-show $A -m discovery -o show
	t discovery-p $A -m discovery -p 127.0.0.1
	t discovery-p-show $A -m discovery -p 127.0.0.1 -o show
	t discovery-p-new $A -m discovery -p 127.0.0.1 -o new
	t discovery-p-update $A -m discovery -p 127.0.0.1 -o update -n discovery.sendtargets.reopen_max -v 2
	t discovery-p-none $A -m discovery -p 127.0.0.8
	t discovery-p-D $A -m discovery -p 127.0.0.1 -D
	t discovery-new $A -m discovery -o new
	t discoverydb $A -m discoverydb
	t discoverydb-P1 $A -m discoverydb -P 1
	set -- $A -m discoverydb -t st -p
	t discoverydb-show "$@" 127.0.0.1:3260 -o show
	t discoverydb-D "$@" 127.0.0.1:3260 -D
	t discoverydb-new "$@" 127.0.0.1:3261 -o new
	t discoverydb-update "$@" 127.0.0.1:3261 -o update -n discovery.sendtargets.auth.authmethod -v CHAP
	t discoverydb-update-noname "$@" 127.0.0.1:3261 -o update
	t discoverydb-update-bad "$@" 127.0.0.1:3261 -o update -n discovery.sendtargets.bogus -v 1
	t discoverydb-show2 "$@" 127.0.0.1:3261 -o show
	t discoverydb-noop "$@" 127.0.0.1:3261
	t discoverydb-delete "$@" 127.0.0.1:3261 -o delete
	t discoverydb-delete-st "$@" 127.0.0.1:3261 -o delete
	t discoverydb-D-none "$@" 127.0.0.1:3261 -D
	t discoverydb-D-nonpersistent "$@" 127.0.0.1:3262 -D -o nonpersistent
	t discoverydb-p $A -m discoverydb -p 127.0.0.1
	t discoverydb-fw $A -m discoverydb -t fw
	t discoverydb-I-none "$@" 127.0.0.1:3260 -D -I nope
	t discoverydb-after $A -m discoverydb
	$A -m node -T $T1 -o update -n node.startup -v automatic
	t disc-other-source $A -m discovery -t st -p '[::1]'
	t node-other-source $A -m node -T $T1
	t disc-same-source $A -m discovery -t st -p 127.0.0.1
	t node-same-source $A -m node -T $T1
	$A -m node -T $T1 -o update -n node.startup -v automatic
	t disc-op-new $A -m discovery -t st -p 127.0.0.1 -o new
	t node-op-new $A -m node -T $T1
	$A -m node -T $T1 -o update -n node.startup -v automatic
	t disc-op-update $A -m discovery -t st -p 127.0.0.1 -o update
	t node-op-update $A -m node -T $T1
	$A -m node -T $T1 -o delete
	t disc-op-update-gone $A -m discovery -t st -p 127.0.0.1 -o update
	t node-op-update-gone $A -m node -T $T1
	$A -m discovery -t st -p 127.0.0.1
	t disc-op-delete $A -m discovery -t st -p 127.0.0.1 -o delete
	t node-op-delete $A -m node
	t disc-op-new-gone $A -m discovery -t st -p 127.0.0.1 -o new
	$A -m node -T iqn.gone -p 127.0.0.1:3260,1 -o new
	t disc-static $A -m discovery -t st -p 127.0.0.1
	t node-static $A -m node
	$A -m node -T iqn.gone -o delete
	$A -m discoverydb -t st -p 127.0.0.1:3261 -o delete
	$A -m discovery -t st -p 127.0.0.1
}

logins() {
	t login $A -m node -T $T0 -p 127.0.0.1:3260 --login
	t login-dup $A -m node -T $T0 -p 127.0.0.1:3260 --login
	t login-other-portal $A -m node -T $T0 -p 127.0.0.1:3261 -l
	t login-t1-W $A -m node -T $T1 -p 127.0.0.1:3260 -l -W
	wait_for 'state | grep -q ":t1 "' 20
	t login-v6 $A -m node -T $T0 -p '[::1]:3260' -l
	t login-chap-none $A -m node -T $CHAP -p 127.0.0.1:3260 -l
	$A -m node -T $CHAP -o update -n node.session.auth.authmethod -v CHAP -n node.session.auth.username -v alice \
		-n node.session.auth.password -v wrongsecret12
	t login-chap-wrong $A -m node -T $CHAP -p 127.0.0.1:3260 -l
	$A -m node -T $CHAP -o update -n node.session.auth.password -v wonderland123
	t login-chap-ok $A -m node -T $CHAP -p 127.0.0.1:3260 -l
	t node-show-chap $A -m node -T $CHAP -o show
	t node-show-chap-S $A -m node -T $CHAP -o show -S
	for name in refused:127.0.0.1:4001,1 wrongname:127.0.0.1:3260,1 unresolvable:no.such.host.invalid:3260,1; do
		$A -m node -T "iqn.${name%%:*}" -p "${name#*:}" -o new
		$A -m node -T "iqn.${name%%:*}" -o update -n node.session.initial_login_retry_max -v 1 \
			-n 'node.conn[0].timeo.login_timeout' -v 3
		t login-"${name%%:*}" $A -m node -T "iqn.${name%%:*}" -l
		$A -m node -T "iqn.${name%%:*}" -o delete
	done
	t login-some $A -m node -T $T0 -l
	t loginall-onboot $A -m node -L onboot
	t loginall-automatic $A -m node -L automatic
	t loginall-present $A -m node -L all
	udevadm settle -t 60
	wait_for 'has_disks 8' 30
}

sessions() {
	one=$(sid $T0 127.0.0.1 3260)
	t session $A -m session
	t session-show $A -m session -o show
	for level in 0 1 2 3 4; do t session-P$level $A -m session -P $level; done
	t session-P2-S $A -m session -P 2 -S
	t session-P3-S $A -m session -P 3 -S
	t session-r1 $A -m session -r "$one"
	t session-r1-show $A -m session -r "$one" -o show
	t session-r1-P1 $A -m session -r "$one" -P 1
	t session-r1-P3 $A -m session -r "$one" -P 3
	t session-r1-stats $A -m session -r "$one" --stats
	t session-r1-rescan $A -m session -r "$one" -R
	t session-r-sysfs $A -m session -r "/sys/class/iscsi_session/session$one" -P 1
	t session-r-bad $A -m session -r bogus
	t session-r-none $A -m session -r 99
	t session-r-none-P1 $A -m session -r 99 -P 1
	t session-r-none-logout $A -m session -r 99 -u
	t session-op-new $A -m session -o new
	t session-op-delete $A -m session -o delete
	t session-stats $A -m session -s
	t session-rescan $A -m session --rescan
	t node-rescan $A -m node -T $T1 -R
	t node-stats $A -m node -T $T1 -s
	t session-update $A -m session -r "$one" -o update -n node.session.timeo.replacement_timeout -v 30
	t node-update-active $A -m node -T $T0 -p 127.0.0.1:3260 -o update -n node.session.timeo.replacement_timeout -v 60
	t node-update-transport-active $A -m node -T $T0 -p 127.0.0.1:3260 -o update -n iface.transport_name -v iser
	t session-delete $A -m session -r "$one" -o delete
	t node-delete-active $A -m node -T $T0 -o delete
	t node-active $A -m node
	t host $A -m host
	t host-P0 $A -m host -P 0
	for level in 1 2 3 4; do t host-P$level $A -m host -P $level; done
	t host-P5 $A -m host -P 5
	t iface-new-default $A -m iface -I default -o new
	t session-new $A -m session -r "$one" -o new
	t session-more $A -m session
	$A -m discovery -t st -p 127.0.0.1
	t discovery-active $A -m node
}

logouts() {
	one=$(sid $T0 127.0.0.1 3260)
	t logout-r $A -m session -r "$one" -u
	t logout-r-again $A -m session -r "$one" -u
	t logout-Tp $A -m node -T $T0 -p 127.0.0.1:3261 -u
	t logout-T $A -m node -T $T0 --logout
	t logout-none $A -m node -T $T0 --logout
	t logoutall-automatic $A -m node -U automatic
	$A -m node -T $T1 -o update -n node.startup -v onboot
	t loginall-manual $A -m node -L manual
	t logoutall-manual $A -m node --logoutall=manual
	t session-onboot $A -m session
	t logoutall-onboot-record $A -m node -U all
	t logout-session $A -m session -u
	t logoutall $A -m node --logoutall=all
	$A -m node -o delete
	$A -m discovery -t st -p 127.0.0.1
	set -- $A -m node -T $T0 -p 127.0.0.1:3260
	"$@" -o update -n node.session.nr_sessions -v 2
	t node-nr2-login "$@" -l
	t node-nr2-again "$@" -l
	t node-nr2-P1 $A -m session -P 1
	t node-nr2-logout "$@" -u
	"$@" -o update -n node.session.nr_sessions -v 1
	t disc-login $A -m discoverydb -t st -p 127.0.0.1 -D -l -I default
	t disc-login-sessions $A -m session
	t discoverydb-delete-active $A -m discoverydb -t st -p 127.0.0.1 -o delete
	t node-after-discoverydb-delete $A -m node
	t session-r1-norecord $A -m session -r "$(sid $T0 127.0.0.1 3260)"
	t logout-norecord $A -m session -u
	$A -m node -o delete
	$A -m discoverydb -t st -p '[::1]' -o delete
}

interfaces() {
	set -- $A -m iface -I
	t iface $A -m iface
	t iface-P0 $A -m iface -P 0
	t iface-P2 $A -m iface -P 2
	t iface-default "$@" default
	t iface-show-none "$@" nope -o show
	t iface-delete-none "$@" if0 -o delete
	t iface-update-none "$@" nope -o update -n iface.mtu -v 1500
	t iface-new "$@" if0 -o new
	t iface-new-again "$@" if0 -o new
	t iface-new-noname $A -m iface -o new
	t iface-new-builtin "$@" iser -o new
	t iface-new-pairs "$@" if9 -o new -n iface.net_ifacename -v v9 -n iface.mtu -v 1400
	t iface-show-pairs "$@" if9
	t iface-update "$@" if0 -o update -n iface.net_ifacename -v v0
	t iface-update-hw "$@" if0 -o update -n iface.initiatorname -v iqn.2026-01.lab:ini2
	t iface-update-both "$@" if0 -o update -n iface.hwaddress -v 52:54:00:00:00:09
	t iface-update-bad "$@" if0 -o update -n iface.bogus -v v0
	t iface-update-name "$@" if0 -o update -n iface.iscsi_ifacename -v if7
	t iface-update-noname "$@" if0 -o update
	t iface-update-default "$@" default -o update -n iface.mtu -v 1500
	t iface-update-transport "$@" if9 -o update -n iface.transport_name -v bogus
	t iface-delete9 "$@" if9 -o delete
	t iface-show "$@" if0 -o show
	t iface-if0 "$@" if0
	t iface-P0-if0 $A -m iface
	t iface-apply "$@" if0 -o apply
	t iface-apply-none "$@" nope -o apply
	t iface-apply-noname $A -m iface -o apply
	t iface-op-pair "$@" if0 -o new -o delete
	t iface-applyall $A -m iface -H 0 -o applyall
	t iface-delete-default "$@" default -o delete
	t iface-delete-noname $A -m iface -o delete
	t iface-ping "$@" default -C ping -a 127.0.0.1 -b 32 -c 2 -i 1
	t iface-ping-noaddress "$@" default -C ping
	t iface-ping-none "$@" default -C ping -a 127.0.0.1 -c 0
	t iface-ping-noiface "$@" nope -C ping -a 127.0.0.1
	t disc-I-if0 $A -m discovery -t st -p 127.0.0.1 -I if0
	t node-new-I $A -m node -T iqn.x:manual -p 10.1.2.3:3260,1 -I if0 -o new
	t node-new-I-bind $A -m node -T iqn.x:manual -I default -o new
	t node-P1-if0 $A -m node -P 1
	t iface-P1 $A -m iface -P 1
	t iface-delete "$@" if0 -o delete
	t node-P1-noif0 $A -m node -P 1
	$A -m node -o delete
	$A -m discoverydb -t st -p 127.0.0.1 -o delete
}

# Logs in to the record of the command given, until its session is on host 0. Logouts end before the kernel has let go of
# their hosts: with numbers still taken, the session would be on a higher one, and stock would answer for it differently.
first_on_host0() {
	for try in 1 2 3 4 5 6 7 8 9 10; do
		"$@" -l
		[ ! -e /sys/class/iscsi_host/host0 ] || return 0
		"$@" -u
		sleep 1
	done
	echo "no session on host 0 after $try logins" >&2
	return 1
}

# Each portal can be reached through either NIC: the far segment by way of the target's own address in the near one.
two_nics() {
	for name in $T0 $T1 $CHAP; do lio_remove "$name"; done
	lio_target $NICS d0 10.9.0.1:3260 10.9.1.1:3260
	ip route add 10.9.1.0/24 via 10.9.0.1 dev nic0 metric 500
	ip route add 10.9.0.0/24 via 10.9.1.1 dev nic1 metric 500
	sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.nic0.rp_filter=0 net.ipv4.conf.nic1.rp_filter=0
	for i in 0 1; do
		t mn-iface-new$i $A -m iface -I if$i -o new
		t mn-iface-update$i $A -m iface -I if$i -o update -n iface.net_ifacename -v nic$i
	done
	t mn-iface $A -m iface
	t mn-iface-P1-before $A -m iface -P 1
	t mn-disc $A -m discovery -t st -p 10.9.0.1
	t mn-node $A -m node
	t mn-node-P1 $A -m node -P 1
	t mn-node-I $A -m node -I if1
	t mn-iface-P1 $A -m iface -P 1
	t mn-disc-P1 $A -m discovery -P 1
	t mn-login $A -m node -l
	t mn-logout-all $A -m node -u
	# One by one: which session has which number must not depend on how many logins run side by side.
	first_on_host0 $A -m node -p 10.9.1.1 -I if0
	for i in 1 0; do
		for name in if0 if1; do
			[ $i$name = 1if0 ] || $A -m node -p 10.9.$i.1 -I $name -l
		done
	done
	udevadm settle -t 60
	wait_for 'has_disks 4' 30
	for level in 0 1 2 3; do t mn-session-P$level $A -m session -P $level; done
	t mn-host-P0 $A -m host -P 0
	t mn-host-P1 $A -m host -P 1
	t mn-host-P3 $A -m host -P 3
	t mn-rescan $A -m node -I if0 -R
	t mn-ping $A -m iface -I if0 -C ping -a 10.9.0.1 -c 1
	t mn-iface-update-inuse $A -m iface -I if0 -o update -n iface.mtu -v 1500
	t mn-node-mtu $A -m node -I if0 -p 10.9.0.1
	t mn-iface-new-inuse $A -m iface -I if0 -o new
	t mn-iface-delete-inuse $A -m iface -I if0 -o delete
	t mn-logout-if1 $A -m node -I if1 -u
	t mn-session-after $A -m session
	t mn-login-some $A -m node -l
	t mn-logout $A -m node -u
	t mn-iface-delete0 $A -m iface -I if0 -o delete
	t mn-node-P1-after $A -m node -P 1
	t mn-disc-I2 $A -m discovery -t st -p 10.9.1.1 -I if1 -I default
	t mn-node-P1-I2 $A -m node -P 1
	t mn-iface-delete1 $A -m iface -I if1 -o delete
	$A -m node -o delete
	for address in 10.9.0.1 10.9.1.1; do $A -m discoverydb -t st -p $address -o delete; done
}

# Every option in every mode, with nothing stored and no session: is it accepted there?
options() {
	for mode in discovery discoverydb node session host iface fw; do
		for option in '-d 0' '-n node.startup -v manual' '-o show' '-P 0' '-p 127.0.0.1' '-I default' -l -S '-t st' -D \
			'-T iqn.none' '-L all' '-U all' -u -R -s '-r 99' -W '-H 0' '-C ping' '-a 127.0.0.1' '-b 32' '-c 1' '-i 1' \
			'-x 0' '-A ipv4' -V -h; do
			letter=${option#-}
			# shellcheck disable=SC2086  # an option and its argument
			t "option-$mode-${letter%% *}" $A -m $mode $option
		done
	done
}

# Nobody starts the daemon by itself
sed -i '/^iscsid.startup/d' /etc/iscsi/iscsid.conf
echo InitiatorName=iqn.1993-08.org.debian:01:lab >/etc/iscsi/initiatorname.iscsi
modprobe iscsi_tcp
lio_init && lio_disk d0 16 && lio_disk d1 16 || exit 1
lio_target $T0 d0,d1 127.0.0.1:3260 127.0.0.1:3261 '[::1]:3260' && lio_target $T1 d0 127.0.0.1:3260 &&
	lio_target $CHAP d0 127.0.0.1:3260 && lio_chap $CHAP alice wonderland123 || exit 1

for part in arguments without_daemon; do echo "# $part $(now_ns)" && $part >/dev/null 2>&1; done
initiator_start || exit 1
for part in nothing_stored new_nodes update_nodes discoveries logins sessions logouts interfaces two_nics options; do
	echo "# $part $(now_ns)"
	$part >/dev/null 2>&1
done
t kill $A -k 0
wait_for '! pidof iscsid >/dev/null' 10 || :
t kill-gone $A -m node -T iqn.none -l
echo "# end $(now_ns)"
