# SPDX-License-Identifier: GPL-3.0-or-later
# The library's tgt functions: two targets, mutual CHAP, a parameter.
. /lab/env
. /lab/lib.sh
A=iqn.2026-11.org.openhba.lab:a
B=iqn.2026-11.org.openhba.lab:b

refused() {
	iscsiadm -m node -T $A --login && return 1
	[ $? = 24 ]
}

set_a() {
	iscsiadm -m node -T $A -o update -n "node.session.auth.$1" -v "$2"
}

ok "tgtd" tgt_init
ok "a disk" tgt_disk d0 16
ok "another" tgt_disk d1 16
ok "target a" tgt_target $A d0
ok "target b" tgt_target $B d1
ok "CHAP on a" tgt_chap $A user secretsecret mutual mutualsecret
ok "a parameter of b" tgt_param $B MaxBurstLength 65536
ok "iscsid starts" initiator_start
ok "discovery" iscsiadm -m discovery -t sendtargets -p 127.0.0.1
is "$(iscsiadm -m node | wc -l)" 2 "two records"
ok "login without a secret is refused" refused
set_a authmethod CHAP
set_a username user
set_a password secretsecret
set_a username_in mutual
set_a password_in mutualsecret
ok "login with mutual CHAP" iscsiadm -m node -T $A --login
ok "login to b" iscsiadm -m node -T $B --login
is "$(iscsiadm -m session -P 2 | grep -c 'MaxBurstLength: 65536')" 1 "b's parameter was negotiated"
ok "logout" iscsiadm -m node --logout
done_testing
