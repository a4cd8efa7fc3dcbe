# SPDX-License-Identifier: GPL-3.0-or-later
# What every script can count on: its arguments, files given and taken, /lab/env, the programs, the clock.
# Called with the arguments: one "two words" "it's" ''
. /lab/env
. /lab/lib.sh

have() {
	for name; do
		command -v "$name" >/dev/null || { echo "no $name"; return 1; }
	done
}

ticks() {
	before=$(now_ns)
	sleep 0.2
	after=$(now_ns)
	echo "slept $((after - before)) ns"
	[ $((after - before)) -ge 200000000 ] && [ $((after - before)) -lt 5000000000 ]
}

is "$#:$1:$2:$3:$4" "4:one:two words:it's:" "arguments arrive as they were"
is "$(id -u)" 0 "root"
is "$(cat /in/given)" "given to the guest" "--in"
is "$(cat /in/folder/inner)" "inner" "--in with a folder"
is "$(cat /root/placed)" "given to the guest" "--in FILE:GUEST-PATH"
ok "/out takes files" sh -c 'echo taken >/out/taken && mkdir /out/sub && echo deep >/out/sub/deep'
is "$LAB_TARGETS $LAB_PORTALS" "iqn.2026-11.org.openhba.lab:t0 127.0.0.1:3260 [::1]:3260" "/lab/env"
ok "POSIX tools" have sh awk sed grep find tar dd cmp sha256sum timeout mktemp od xargs ps pidof
ok "iproute2 and util-linux" have ip ss tc flock setsid nsenter unshare lsblk findmnt losetup mount
ok "storage tools" have fio sg_inq sg_luns multipath multipathd dmsetup kpartx mkfs.ext4 tgtd tgtadm strace
ok "udev" have udevadm modprobe
ok "the programs run" sh -c 'fio --version && sg_inq --version && multipath -h >/dev/null; dmsetup version && tgtadm --version && strace -V'
ok "mkfs and mount" sh -c 'truncate -s 32M /tmp/i && mkfs.ext4 -q /tmp/i && mount -o loop /tmp/i /mnt && umount /mnt'
ok "the clock goes" ticks
ok "/dev/stdout and /dev/stderr can be opened" sh -c 'echo x >/dev/stdout && echo x >/dev/stderr'
uptime=$(cut -d ' ' -f 1 /proc/uptime)
diag "the script was started ${uptime%.*} s after the kernel, or less"
seq 200000 | sed 's/^/# /' >/tmp/many
sha256sum </tmp/many >/out/many.sum
cat /tmp/many
done_testing
