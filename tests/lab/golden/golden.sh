# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts of this folder share. `g NAME COMMAND...` leaves NAME.txt in /out/answers.tar: the command, stdout, stderr and
# the exit status. Its file `map` tells which session and host numbers meant what.
# shellcheck shell=dash disable=SC2034

A=iscsiadm
OUT=/tmp/golden
mkdir -p $OUT
trap 'tar -C $OUT -cf /out/answers.tar .' EXIT

# quoted WORD...: a blank and the word, in quotes if the shell needs them
quoted() {
	for word; do
		case $word in
		*[!a-zA-Z0-9_./:=,@%+-]* | '') printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
}

g() {
	g_name=$1 g_file=$OUT/$1.txt
	shift
	{
		echo "= $g_name"
		state
	} >>$OUT/map
	"$@" >/tmp/g.out 2>/tmp/g.err </dev/null
	g_status=$?
	{
		echo "\$$(quoted "$@")"
		echo "--- stdout"
		cat /tmp/g.out
		echo "--- stderr"
		cat /tmp/g.err
		echo "--- exit $g_status"
	} >"$g_file"
}

# q COMMAND...: one that is needed on the way
q() {
	"$@" >/tmp/q.out 2>&1 </dev/null
}

# What the kernel has: s SID HOST TARGET ADDRESS PORT IFACE
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
	cd /root || exit 1
}

sed -i 's:^iscsid.startup = .*:iscsid.startup = /bin/false:' /etc/iscsi/iscsid.conf
echo InitiatorName=iqn.1993-08.org.debian:01:lab >/etc/iscsi/initiatorname.iscsi
chmod 644 /etc/iscsi/*.*
mkdir -p -m 700 /etc/iscsi/ifaces
