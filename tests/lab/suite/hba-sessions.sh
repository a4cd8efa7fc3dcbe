# SPDX-License-Identifier: GPL-3.0-or-later
# What the firmware of an emulated HBA does with targets under the distribution's driver: its own SendTargets (an entry of the flash without a
# name) makes sessions, also by IPv6; CHAP both ways with credentials out of the flash, and none without; a target that is silent while
# the driver aborts commands; connections that are cut. Verified writes go on, and none is lost.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# seen TEXT: how many lines of the card's trace have it
seen() { grep -c "$1" /out/hba0.trace; }

# both_ready: all that can log in
both_ready() { session_ready 0 "$plain" 2 && session_ready 0 "$guarded" 1; }

# writing SECONDS: verified writes on both disks of a session, in the background
writing() {
	verified 0 "$sid" 16 "$1" &
	job=$!
	sleep 3
}

# survived WHAT
survived() {
	wait $job
	is $? 0 "$1: no write is lost and none failed" || tail -5 /tmp/fio.0 | sed 's/^/# /'
	ok "$1: every session is there" both_ready
}

ok "the driver loads" hba_start
ok "t0 by IPv6 out of the flash, and by IPv4 as the firmware has found it" session_ready 0 "$plain" 2
ok "mutual CHAP with credentials out of the flash" session_ready 0 "$guarded" 1
is "$(port_sids 0 "$guarded" | wc -l)" 2 "the target that wants CHAP was found, too"
is "$(for s in $(port_sids 0 "$guarded"); do state_of "$s"; done | sort | tr '\n' ' ')" "FAILED LOGGED_IN " "and refuses who has no credentials"
sid=$(port_sids 0 "$plain" | head -1)

tgtd=$(lab-san "ps ax | awk '/sbin[/]tgtd/ { print \$1 }' | head -1")
for name in $(disks_of "$sid"); do echo 4 >"/sys/block/$name/device/timeout"; done
writing 25
ok "the target stands still" lab-san "kill -STOP $tgtd"
sleep 8
ok "and goes on" lab-san "kill -CONT $tgtd"
survived "a target silent for 8 s"
ok "the driver has aborted commands" test "$(seen 'command ABORT_TASK')" -gt 0
for name in $(disks_of "$sid"); do echo 30 >"/sys/block/$name/device/timeout"; done

writing 30
ok "all connections are cut" lab-hba drop all
survived "lost connections"
is "$(lab-hba state | tr ' ' '\n' | sed -n 's/^dma-errors=//p')" 0 "no access to memory that is not the guest's"
suite_done
