# SPDX-License-Identifier: GPL-3.0-or-later
# io.sh lio|tgt [quick]: discovery, login, 64 MiB written and read back, logout: over IPv4 and IPv6, digests off and on,
# CHAP none, one-way and mutual.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
kind=$1 mb=64 target=iqn.2026-11.org.openhba.lab:t0
[ "${2:-}" = quick ] && mb=4
daemon_start

# one PORTAL DIGEST CHAP: a whole round trip
one() {
	what="$kind $1 digest=$2 chap=$3"
	setting $target node.conn[0].iscsi.HeaderDigest "$2" node.conn[0].iscsi.DataDigest "$2" || return 1
	ok "$what: login" $A -m node -T $target -p "$1" --login
	sid=$(newest_sid)
	disk=$(disk_of "$sid") || { ok "$what: a disk appears" false; return 1; }
	want=0
	[ "$2" = None ] || want=1
	is "$(cat /sys/class/iscsi_connection/connection"$sid":0/header_digest /sys/class/iscsi_connection/connection"$sid":0/data_digest | tr '\n' ' ')" "$want $want " "$what: digests as asked"
	ok "$what: $mb MiB written and read back" verify_disk "$disk" $mb
	ok "$what: logout" $A -m node -T $target -p "$1" --logout
	is "$(sessions)" 0 "$what: nothing left"
}

chap_none() { setting $target node.session.auth.authmethod None; }
chap_one_way() {
	${kind}_chap $target alice wonderland123
	setting $target node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123
}
chap_mutual() {
	case $kind in
	lio) lio_chap $target alice wonderland123 bob lookingglass99 ;;
	tgt)
		tgt_do account new --user bob --password lookingglass99
		tgt_do account bind --tid "$(tgt_id $target)" --user bob --outgoing
		;;
	esac
	setting $target node.session.auth.username_in bob node.session.auth.password_in lookingglass99
}
if [ "$kind" = tgt ]; then
	for key in HeaderDigest DataDigest; do
		ok "tgt takes $key either way" tgt_param $target $key CRC32C,None
	done
fi

ok "$kind: discovery over IPv4" $A -m discovery -t sendtargets -p 127.0.0.1
ok "$kind: discovery over IPv6" $A -m discovery -t sendtargets -p '[::1]'
for chap in none one_way mutual; do
	chap_$chap
	for portal in 127.0.0.1:3260 '[::1]:3260'; do
		for digest in None CRC32C; do
			one "$portal" "$digest" $chap
		done
	done
done
is "$($A -m node | wc -l)" 2 "$kind: both portals are still recorded"
suite_done
