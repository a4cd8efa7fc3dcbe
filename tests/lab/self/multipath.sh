# SPDX-License-Identifier: GPL-3.0-or-later
# Two paths to one disk over two NICs, joined by multipathd; I/O goes on when one NIC is pulled.
. /lab/env
. /lab/lib.sh

paths() {
	multipath -ll | grep -c "$1"
}

read_all() {
	dd if="/dev/mapper/$(dmsetup ls --target multipath | head -n 1 | cut -f 1)" of=/dev/null bs=1M count=8 iflag=direct
}

printf 'defaults {\n find_multipaths no\n polling_interval 1\n}\n' >/etc/multipath.conf
ok "dm-multipath" modprobe -a dm_multipath dm_service_time
ok "multipathd starts" multipathd
ok "iscsid starts" initiator_start
ok "discovery" iscsiadm -m discovery -t sendtargets -p 10.9.0.1
for portal in 10.9.0.1:3260 10.9.1.1:3260; do
	iscsiadm -m node -p $portal -o update -n node.conn\[0\].timeo.noop_out_interval -v 1
	iscsiadm -m node -p $portal -o update -n node.conn\[0\].timeo.noop_out_timeout -v 1
	iscsiadm -m node -p $portal -o update -n node.session.timeo.replacement_timeout -v 1
	ok "login at $portal" iscsiadm -m node -p $portal --login
done
ok "four paths are ready" wait_for '[ "$(paths "active ready")" = 4 ]' 30
multipath -ll | sed 's/^/# /'
ok "reading" read_all
ok "pull nic1" lab-hotplug del nic 1
ok "reading over one path" read_all
ok "two paths have failed" wait_for '[ "$(paths "failed")" -ge 2 ]' 30
done_testing
