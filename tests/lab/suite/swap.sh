# SPDX-License-Identifier: GPL-3.0-or-later
# swap.sh: pages out to an iSCSI disk, and in again, half again as much data as there is memory: the data path must not need memory to
# give memory free. The target is a process of the host, behind QEMU's user network, so that it is not short of memory with us.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.misbehave:good portal=10.0.2.100:3260 piece_mb=8
for nic in /sys/class/net/*; do [ "${nic##*/}" = lo ] || break; done
nic=${nic##*/}
ip addr add 10.0.2.15/24 dev "$nic" && ip link set "$nic" up
daemon_start
ok "a record" $A -m node -o new -T $target -p $portal
ok "login" $A -m node -T $target -p $portal --login
disk=$(disk_of "$(newest_sid)")
ok "swap on it" sh -c "mkswap /dev/$disk && swapon /dev/$disk"

kb() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }
pieces=$(($(kb MemAvailable) * 3 / 2 / 1024 / piece_mb))
mkdir -p /tmp/full
mount -t tmpfs -o size=$(((pieces + 1) * piece_mb))m full /tmp/full
diag "$pieces pieces of $piece_mb MiB into $(kb MemAvailable) kB"
i=0
while [ $i -lt $pieces ]; do
	dd if=/dev/urandom of=/tmp/full/$i bs=1M count=$piece_mb 2>/dev/null || break
	sha256sum </tmp/full/$i >/tmp/sum.$i
	i=$((i + 1))
done
is $i $pieces "all pieces are written"
swapped=$(($(kb SwapTotal) - $(kb SwapFree)))
ok "a part of them is on the disk ($swapped kB)" test $swapped -gt $((pieces * piece_mb * 1024 / 5))
wrong=0
while [ $i -gt 0 ]; do
	i=$((i - 1))
	[ "$(sha256sum </tmp/full/$i)" = "$(cat /tmp/sum.$i)" ] || wrong=$((wrong + 1))
done
is $wrong 0 "no piece has changed"
is "$(healthy)" 1 "the session is healthy"
is "$(dmesg | grep -ciE 'out of memory|page allocation failure|connection[0-9:]*: detected')" 0 "nobody was out of memory, no connection lost"
umount /tmp/full
ok "swap off" swapoff "/dev/$disk"
ok "logout" $A -m node --logoutall=all
suite_done
