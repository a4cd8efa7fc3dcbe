# SPDX-License-Identifier: GPL-3.0-or-later
# The library's LIO functions: two targets, CHAP on the target and in an ACL, discovery CHAP, digests, removal.
. /lab/env
. /lab/lib.sh
A=iqn.2026-11.org.openhba.lab:a
B=iqn.2026-11.org.openhba.lab:b
ME=iqn.2016-04.com.openhba:lab

# set_node IQN NAME VALUE...: settings of a node record
set_node() {
	node=$1
	shift
	while [ $# != 0 ]; do
		iscsiadm -m node -T "$node" -o update -n "$1" -v "$2" || return 1
		shift 2
	done
}

login() {
	iscsiadm -m node -T "$1" -p 127.0.0.1:3260 --login
}

logout() {
	iscsiadm -m node -T "$1" -p 127.0.0.1:3260 --logout
}

refused() {
	"$@" && return 1
	[ $? = 24 ]
}

negotiated() {
	iscsiadm -m session -P 2 | sed -n "s/.*$1: //p"
}

ok "LIO" lio_init
ok "a disk" lio_disk d0 16
ok "target a" lio_target $A d0 127.0.0.1:3260
ok "target b" lio_target $B d0 127.0.0.1:3260
ok "iscsid starts" initiator_start
ok "discovery" iscsiadm -m discovery -t sendtargets -p 127.0.0.1
is "$(iscsiadm -m node | wc -l)" 2 "two records"
ok "login to a" login $A
ok "logout from a" logout $A

ok "CHAP on a" lio_chap $A user secretsecret mutual mutualsecret
ok "login without a secret is refused" refused login $A
set_node $A node.session.auth.authmethod CHAP node.session.auth.username user node.session.auth.password secretsecret \
	node.session.auth.username_in mutual node.session.auth.password_in mutualsecret
ok "login with mutual CHAP" login $A
ok "logout" logout $A
set_node $A node.session.auth.password wrongwrongwrong
ok "a wrong secret is refused" refused login $A

ok "ACL with CHAP on b" lio_acl $B $ME me mysecretsecret
set_node $B node.session.auth.authmethod CHAP node.session.auth.username me node.session.auth.password mysecretsecret
ok "login by ACL" login $B
ok "logout" logout $B

ok "digests of b" lio_digest $B CRC32C CRC32C
set_node $B node.conn\[0\].iscsi.HeaderDigest CRC32C node.conn\[0\].iscsi.DataDigest CRC32C
ok "login with digests" login $B
is "$(negotiated HeaderDigest) $(negotiated DataDigest)" "CRC32C CRC32C" "digests are on"
ok "logout" logout $B

ok "discovery CHAP" lio_discovery_chap finder findersecret
ok "discovery without a secret is refused" refused iscsiadm -m discovery -t sendtargets -p 127.0.0.1
ok "target b can be removed" lio_remove $B
is "$(ls -d $LIO/iscsi/iqn* | wc -l)" 1 "target b is gone"
done_testing
