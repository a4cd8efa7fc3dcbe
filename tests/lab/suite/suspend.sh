# SPDX-License-Identifier: GPL-3.0-or-later
# The machine sleeps and wakes under I/O: that takes a bounded time, and the I/O goes on afterwards as if nothing had been. While a session is
# lost it sleeps if nobody waits for the disk, and stays awake, at once and with a word, if somebody does: no write is lost either way.
# shellcheck shell=dash disable=SC1091,SC2086,SC2154,SC2034
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 portal=10.9.0.1:3260
echo 'node.session.timeo.replacement_timeout = 86400' >>/etc/iscsi/iscsid.conf
state() { cat /sys/class/iscsi_session/session"$sid"/state; }

# asleep STATE TEST SECONDS WHAT: goes as far as TEST says (devices are stopped; core: processors, too), waits five seconds, and comes back
asleep() {
	local began took
	echo "$2" >/sys/power/pm_test
	began=$(date +%s%N)
	dmesg -C
	ok "$4: falls asleep and wakes" sh -c "echo $1 >/sys/power/state" || diag "$(dmesg | tail -30)"
	took=$((($(date +%s%N) - began) / 1000000))
	ok "$4: in time ($took ms)" test $took -lt $(($3 * 1000))
}

# writes N: a program that writes and reads back for N seconds, through the sleep
writes() {
	fio --name=v --filename=/dev/"$disk" --rw=randwrite --bs=16k --size=16m --direct=1 --ioengine=libaio --iodepth=4 --verify=crc32c \
		--verify_backlog=32 --verify_fatal=1 --time_based --runtime="$1" --verify_state_save=0 --output=/tmp/fio.out &
	fio_pid=$!
	sleep 1
}
wrote() {
	wait $fio_pid
	is $? 0 "$1: no write is lost, none fails" || diag "$(tail -30 /tmp/fio.out)"
	ok "$1: logged in" wait_for '[ "$(state)" = LOGGED_IN ]' 60
	is "$(newest_sid) $(cat /sys/block/$disk/device/state)" "$sid running" "$1: the same session, its disk runs"
}

daemon_start
ok "discovery" $A -m discovery -t sendtargets -p 10.9.0.1
ok "login" $A -m node -T $target -p $portal --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
for type in /sys/block/"$disk"/device/scsi_disk/*/cache_type; do
	ok "the disk has a cache to flush" sh -c "echo 'temporary write back' >$type"
done

writes 12
asleep freeze devices 20 "under I/O"
wrote "under I/O"
writes 12
asleep mem core 30 "deeper"
wrote "deeper"

silent() { in_target tc qdisc "$1" dev t0 root netem loss 100%; }

# lose WHAT: the target falls silent and the session is given up on; back WHAT: it speaks again
lose() {
	ok "$1: the target falls silent" silent add
	ok "$1: the session is lost" wait_for '[ "$(state)" = FAILED ]' 40
}
back() {
	ok "$1: the target is back" silent del
	ok "$1: logged in" wait_for '[ "$(state)" = LOGGED_IN ]' 60
	is "$(newest_sid) $(cat /sys/block/$disk/device/state)" "$sid running" "$1: the same session, its disk runs"
}

# awake WHAT: it does not go to sleep, and says why
awake() {
	local began took
	dmesg -C
	echo devices >/sys/power/pm_test
	began=$(date +%s%N)
	is "$(rc sh -c 'echo freeze >/sys/power/state')" 1 "$1: stays awake"
	took=$((($(date +%s%N) - began) / 1000000))
	ok "$1: at once ($took ms)" test $took -lt 5000
	is "$(dmesg | grep -c "session$sid: .* not go to sleep")" 1 "$1: says why" || diag "$(dmesg | tail -20)"
}

# udev looks at a disk that was written to
udevadm settle
lose "idle"
asleep freeze devices 25 "idle"
back "idle"
ok "idle: the disk verifies" verify_disk "$disk" 16

writes 20
lose "writing"
awake "writing"
back "writing"
wrote "writing"

writes 20
lose "nobody logs in"
daemon_kill
awake "nobody logs in"
silent del
daemon_start
wrote "nobody logs in"

ok "the disk verifies" verify_disk "$disk" 16
ok "logout" $A -m node -T $target -p $portal --logout
is "$(sessions)" 0 "no session is left"
suite_done
