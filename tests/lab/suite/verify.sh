# SPDX-License-Identifier: GPL-3.0-or-later
# verify.sh lio|tgt|misbehave short|full: fio writes and reads 512 bytes to 4 MiB at random and verifies every byte, in one session after
# the other: digests, ImmediateData, InitialR2T, burst lengths and MaxOutstandingR2T in all combinations, or in a few that have every
# pair of values.
# shellcheck shell=dash disable=SC1091,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
kind=$1 target=iqn.2026-11.org.openhba.lab:t0 portal=127.0.0.1:3260 size=24m

# What the target offers leaves the choice to the initiator.
case $kind in
lio)
	lio_init && lio_disk v 32 && lio_target $target v $portal
	for pair in InitialR2T=No ImmediateData=Yes MaxOutstandingR2T=16 MaxBurstLength=16776192 FirstBurstLength=1048576; do
		ok "LIO: $pair" lio_param $target "${pair%=*}" "${pair#*=}"
	done
	;;
tgt)
	tgt_init && tgt_disk v 32 && tgt_target $target v
	for pair in InitialR2T=No ImmediateData=Yes MaxOutstandingR2T=16 MaxBurstLength=16776192 FirstBurstLength=1048576 \
		HeaderDigest=CRC32C,None DataDigest=CRC32C,None; do
		ok "tgt: $pair" tgt_param $target "${pair%=*}" "${pair#*=}"
	done
	;;
misbehave)
	target=iqn.2026-11.org.openhba.misbehave:good size=4m
	misbehave -p 3300 >/tmp/misbehave.log 2>&1 &
	wait_for 'grep -q ready /tmp/misbehave.log' 20
	portal=127.0.0.1:3300
	;;
esac
daemon_start
ok "discovery" $A -m discovery -t sendtargets -p $portal

# one DIGEST IMMEDIATE INITIAL_R2T FIRST MAX OUTSTANDING
one() {
	what="digest=$1 immediate=$2 initial_r2t=$3 bursts=$4/$5 r2ts=$6"
	setting $target node.conn[0].iscsi.HeaderDigest "$1" node.conn[0].iscsi.DataDigest "$1" node.session.iscsi.ImmediateData "$2" \
		node.session.iscsi.InitialR2T "$3" node.session.iscsi.FirstBurstLength "$4" node.session.iscsi.MaxBurstLength "$5" \
		node.session.iscsi.MaxOutstandingR2T "$6" node.conn[0].iscsi.MaxRecvDataSegmentLength "$7" || return 1
	ok "$what: login" $A -m node -T $target -p $portal --login || return 1
	sid=$(newest_sid)
	disk=$(disk_of "$sid") || { ok "$what: a disk appears" false; return 1; }
	is "$(agreed)" "$(wanted "$@")" "$what: agreed on"
	cat "/sys/block/$disk/queue/max_hw_sectors_kb" >"/sys/block/$disk/queue/max_sectors_kb"
	ok "$what: every byte is right" fio --name=v --filename="/dev/$disk" --rw=randrw --rwmixwrite=70 --size=$size --direct=1 --ioengine=libaio \
		--iodepth=16 --bssplit=512/20:1536/10:4k/25:20k/15:64k/10:256k/10:1m/5:4m/5 --verify=crc32c --verify_fatal=1 --randseed=$sid --verify_state_save=0
	ok "$what: and whole" verify_disk "$disk" 4
	ok "$what: logout" $A -m node -T $target -p $portal --logout
}
yes_no() { [ "$1" = Yes ] && echo 1 || echo 0; }
wanted() {
	digest=0
	[ "$1" = None ] || digest=1
	echo "$digest $digest $(yes_no "$2") $(yes_no "$3") $4 $5 $6"
}
agreed() {
	conn=/sys/class/iscsi_connection/connection$sid:0 session=/sys/class/iscsi_session/session$sid
	cat $conn/header_digest $conn/data_digest $session/immediate_data $session/initial_r2t $session/first_burst_len \
		$session/max_burst_len $session/max_outstanding_r2t | xargs
}

if [ "$2" = short ]; then
	one CRC32C Yes No 65536 262144 1 262144
	one None No Yes 4096 8192 8 8192
	one CRC32C No No 262144 1048576 8 1048576
	one None Yes Yes 512 512 1 512
	one None Yes No 1048576 16776192 16 65536
else
	for digest in None CRC32C; do
		for immediate in Yes No; do
			for initial_r2t in No Yes; do
				for bursts in '512 512' '4096 8192' '65536 262144' '262144 16776192'; do
					for outstanding in 1 2 16; do
						one $digest $immediate $initial_r2t $bursts $outstanding 65536
					done
				done
			done
		done
	done
fi
is "$(sessions)" 0 "no session is left"
[ "$kind" != misbehave ] || is "$(grep 'the initiator sent' /tmp/misbehave.log)" "" "the target has nothing to say against the initiator"
suite_done
