# SPDX-License-Identifier: GPL-3.0-or-later
# Memory that is mapped and written to while it goes to the disk, under a data digest: one that comes with a login of its own while the disk is
# in use, which knows nothing of stable pages, and one that was there when the disk was found. Not one digest may be wrong.
# shellcheck shell=dash disable=SC1091,SC2086,SC2154,SC2034
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0
session() { cat /sys/class/iscsi_session/session"$sid"/"$1"; }
digest() { cat /sys/class/iscsi_connection/connection"$sid":0/data_digest; }

# scribble WHAT: two writers to the same 4 MiB of the page cache, flushed all the time
scribble() {
	local generation syncs=0
	generation=$(session generation)
	fio --filename=/dev/"$disk" --rw=randwrite --bs=512 --size=4m --ioengine=mmap --time_based --runtime=8 --thread --norandommap \
		--name=a --name=b --output=/tmp/fio.out &
	fio_pid=$!
	while kill -0 $fio_pid 2>/dev/null; do
		sync /dev/"$disk"
		syncs=$((syncs + 1))
	done
	wait $fio_pid
	is $? 0 "$1: the writers saw no error" || diag "$(tail -20 /tmp/fio.out)"
	sync /dev/"$disk"
	diag "$syncs flushes"
	ok "$1: it was flushed while it changed" test $syncs -gt 5
	is "$(session generation)" "$generation" "$1: no connection was lost"
	is "$(dmesg | grep -c 'DataDigest.*does not match')" 0 "$1: no digest was wrong"
	is "$(dd if=/dev/"$disk" bs=1M count=4 iflag=direct 2>/dev/null | sha256sum)" "$(dd if=/dev/"$disk" bs=1M count=4 2>/dev/null | sha256sum)" \
		"$1: the disk has what the memory has"
}

lio_digest $target None None
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 127.0.0.1
ok "the record asks for a digest" setting $target 'node.conn[0].iscsi.DataDigest' CRC32C,None
ok "login" $A -m node -T $target -p 127.0.0.1 --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
is "$(digest) $(cat /sys/block/$disk/queue/stable_writes)" "0 0" "the target knows none, pages need not be stable"
exec 9</dev/"$disk"
lio_digest $target None CRC32C
before=$(session generation)
ok "the connection is cut" cut
ok "and made again" wait_for '[ "$(session generation)" -ge $((before + 2)) ] && [ "$(session state)" = LOGGED_IN ]' 30
is "$(digest) $(cat /sys/block/$disk/queue/stable_writes)" "1 0" "now there is a digest"
scribble "a late digest"
exec 9<&-
ok "logout" $A -m node -T $target -p 127.0.0.1 --logout
ok "login" $A -m node -T $target -p 127.0.0.1 --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
is "$(digest) $(cat /sys/block/$disk/queue/stable_writes)" "1 1" "with a digest from the beginning pages are stable"
scribble "an early digest"
ok "logout" $A -m node -T $target -p 127.0.0.1 --logout
suite_done
