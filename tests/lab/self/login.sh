# SPDX-License-Identifier: GPL-3.0-or-later
# Discovery, login, 64 MiB written and read back, logout, over every portal of the ready target, with open-iscsi.
. /lab/env
. /lab/lib.sh
set -- $LAB_PORTALS

sum() {
	sha256sum | cut -d ' ' -f 1
}

same_data() {
	disk=$(readlink -f /dev/disk/by-path/*-iscsi-*-lun-"$1")
	dd if=/dev/urandom of=/tmp/data bs=1M count=64 2>/dev/null &&
		dd if=/tmp/data of="$disk" bs=1M oflag=direct && dd if="$disk" of=/tmp/back bs=1M count=64 iflag=direct &&
		cmp /tmp/data /tmp/back
}

lun=0
[ "$LAB_TARGET_KIND" = lio ] || lun=1
ok "iscsid starts" initiator_start
for portal; do
	ok "discovery at $portal" iscsiadm -m discovery -t sendtargets -p "$portal"
	ok "login" iscsiadm -m node -T "$LAB_TARGETS" -p "$portal" --login
	udevadm settle
	is "$(ls /sys/class/iscsi_session | wc -l)" 1 "one session"
	ok "64 MiB there and back on $portal" same_data $lun
	ok "logout" iscsiadm -m node -T "$LAB_TARGETS" -p "$portal" --logout
	cat /proc/uptime
done
iscsiadm -m node
done_testing
