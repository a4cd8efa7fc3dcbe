# SPDX-License-Identifier: GPL-3.0-or-later
# Boots with an iBFT: what is printed, the NIC as the firmware had it, iscsistart from nothing, its session taken over by iscsid under
# I/O, records of the firmware; then iscsistart by options: CHAP, wrong secrets, a portal that is not there.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086,SC2016
. /lab/env
. /lab/lib.sh
. /in/lib.sh
plain=iqn.2026-11.org.openhba.lab:t0 chap=iqn.2026-11.org.openhba.lab:t1 me=iqn.2026-11.org.openhba.lab:host
lio_disk c0 16
lio_target $chap c0 10.9.0.1:3260
lio_chap $chap alice wonderland123 bob builderbuilder

# same COMMAND...: prints what the firmware says
same() {
	"$@" >/tmp/fw 2>&1
	cmp /tmp/fw /in/boot-fw.txt || { cat /tmp/fw; return 1; }
}
# As in the initial RAM disk: no configuration.
mv /etc/iscsi /etc/iscsi.away
modprobe -r iscsi_ibft 2>/dev/null
ok "there is no tree in sysfs" test ! -e /sys/firmware/ibft/target0
ok "iscsiadm reads the raw table" same $A -m fw
ok "iscsistart reads the raw table" same iscsistart -f
modprobe iscsi_ibft
ok "now there is a tree" test -e /sys/firmware/ibft/target0
ip addr flush dev nic0
ip link set nic0 down
ok "iscsiadm reads the tree" same $A -m fw
ok "iscsistart reads the tree" same iscsistart -f
is "$(ip -br link show nic0 | awk '{ print $2 }')" DOWN "printing left the NIC alone"
is "$($A -m fw --json | sed 's/.*"source":"\([a-z]*\)".*/\1/; 1q')" ibft "as JSON"

is "$(rc iscsistart -N)" 0 "iscsistart -N"
is "$(cat /tmp/out)" "Setting up software interface nic0" "names the NIC"
is "$(ip -4 -br addr show nic0 | awk '{ print $3 }')" 10.9.0.10/24 "address"
is "$(ip route show default | sed 's/ proto boot//; s/ *$//')" "default via 10.9.0.254 dev nic0" "default route"
is "$(rc iscsistart -N)" 0 "again changes nothing"
is "$(ip -4 -br addr show nic0 | awk '{ print $3 }')" 10.9.0.10/24 "still one address"


# the same, as if the firmware had a VLAN
mkdir -p /tmp/sys/firmware/ibft
for object in initiator ethernet0 target0; do
	mkdir /tmp/sys/firmware/ibft/$object
	for file in /sys/firmware/ibft/$object/*; do
		[ ! -f "$file" ] || cat "$file" >/tmp/sys/firmware/ibft/$object/${file##*/}
	done
done
echo 7 >/tmp/sys/firmware/ibft/ethernet0/vlan
mkdir -p /tmp/sys/firmware/ibft/ethernet0/device/net/nic0
export ISCSI_SYSFS=/tmp/sys
is "$(rc iscsistart -N) $(cat /tmp/out)" "0 Setting up software interface nic0.7" "iscsistart -N with a VLAN"
ok "it is one" sh -c "ip -d link show nic0.7 | grep -q 'vlan.* id 7 '"
is "$(ip -4 -br addr show nic0.7 | awk '{ print $3 }')" 10.9.0.10/24 "with the address"
is "$(rc iscsistart -N) $(cat /tmp/out)" "0 Setting up software interface nic0.7" "again it is found"
ip link del nic0.7
unset ISCSI_SYSFS

is "$(rc iscsistart -b)" 0 "iscsistart -b"
diag "$(cat /tmp/out /tmp/err)"
is "$(sessions)" 1 "one session"
ok "nothing runs any more" test -z "$(pidof iscsistart)"
sid=$(newest_sid)
is "$(cat /sys/class/iscsi_session/session$sid/initiatorname)" iqn.2026-11.org.openhba.lab:boot "with the firmware's initiator name"
is "$(cat /sys/class/iscsi_connection/connection$sid:0/recv_tmo)" 0 "without pings"
is "$(rc iscsistart -b)" 15 "a second time it is there already"
is "$(sessions)" 1 "and is left alone"

mv /etc/iscsi.away /etc/iscsi
disk=$(disk_of "$sid")
fio --name=v --filename=/dev/"$disk" --rw=randrw --bs=4k --size=16m --direct=1 --ioengine=libaio --iodepth=4 --verify=crc32c \
	--verify_backlog=64 --time_based --runtime=8 --output-format=json --output=/tmp/fio.json &
fio_pid=$!
sleep 1
clients >/tmp/before
daemon_start
ok "iscsid knows the session" wait_for "$A -m session -P 1 | grep -q 'Internal iscsid Session State: NO CHANGE'" 20
is "$(grep -c 'taken over as it is' /tmp/iscsid.log)" 1 "took it over as it is"
clients >/tmp/after
ok "on the same connection" cmp /tmp/before /tmp/after
wait $fio_pid
is $? 0 "fio with verify saw no error"
is "$(rc $A -m fw -l)" 15 "fw -l says that it is there"
ok "logout" $A -m session -r "$sid" --logout

is "$(rc $A -m fw -l -n iface.hwaddress -v 00:11:22:33:44:55)" 7 "the firmware's NIC cannot be changed"
ok "fw -l" $A -m fw -l -n node.session.timeo.replacement_timeout -v 77
sid=$(newest_sid)
is "$(cat /sys/class/iscsi_session/session$sid/recovery_tmo)" 77 "with a setting of the command line"
is "$(cat /sys/class/iscsi_host/host*/netdev)" nic0 "through the firmware's NIC"
ok "logout" $A -m session --logout
ok "fw -l -W" $A -m fw -l -W
ok "and in the end" wait_for '[ "$(healthy)" = 1 ]' 20
ok "logout" $A -m session --logout
is "$($A -m node)" "" "none of it made a record"
is "$($A -m discovery -t fw)" "10.9.0.1:3260,1 $plain" "discovery -t fw"
is "$($A -m node -o show | grep -c 'startup = onboot')" 2 "records are for onboot"
is "$($A -m discoverydb -t fw -D)" "10.9.0.1:3260,1 $plain" "discoverydb -t fw -D"
is "$($A -m node)" "10.9.0.1:3260,1 $plain" "one record"
ok "loginall=onboot" $A -m node --loginall=onboot
ok "logout" $A -m session --logout
in_target ip link set t0 down
is "$(rc $A -m fw -l -n 'node.conn[0].timeo.login_timeout' -v 2 -n node.session.initial_login_retry_max -v 1)" 8 "fw -l tells of a failure"
in_target ip link set t0 up
in_target ip addr add fd09::1/64 dev t0 nodad
ok "the target is back" wait_for 'ping -c 1 -W 1 10.9.0.1' 20
$A -m node -o delete
ip addr add fd09::10/64 dev nic0 nodad
is "$(rc /in/firmware-tools/iscsi_discovery 10.9.0.1)" 24 "iscsi_discovery: the target with CHAP refuses"
ok "the other one does not" grep -q "^$plain at 10.9.0.1:3260: login by tcp works; startup is automatic" /tmp/out
is "$($A -m node -T $plain -p 10.9.0.1:3260 -o show | grep -c 'startup = automatic')" 2 "its record logs in at boot"
ok "nor by IPv6" grep -q "^$plain at .fd09::1.:3260: login by tcp works" /tmp/out
is "$(sessions)" 0 "and it is logged out"
is "$(rc /in/firmware-tools/iscsi-gen-initiatorname -f)" 0 "iscsi-gen-initiatorname"
is "$(grep ^Init /etc/iscsi/initiatorname.iscsi)" InitiatorName=iqn.2026-11.org.openhba.lab:boot "takes the firmware's name"
daemon_stop

start() { rc iscsistart -i $me -g 1 -p 3260 "$@"; }
is "$(start -t $chap -a 10.9.0.1 -u alice -w wrongwrong12)" 24 "a wrong secret"
is "$(start -t $chap -a 10.9.0.1 -u alice -w wonderland123 -U bob -W otherotherother)" 24 "a target with a wrong secret"
is "$(sessions)" 0 "no session came of it"
is "$(start -t $chap -a 10.9.0.1 -u alice -w wonderland123 -U bob -W builderbuilder)" 0 "mutual CHAP"
is "$(start -t $plain -a 10.9.0.1 -P node.session.timeo.replacement_timeout=33)" 0 "without, and with a setting"
is "$(cat /sys/class/iscsi_session/session"$(newest_sid)"/recovery_tmo)" 33 "which is used"
began=$(now_ns)
is "$(start -t $plain -a 10.9.0.99 -P 'node.conn[0].timeo.login_timeout=2' -P node.session.initial_login_retry_max=1)" 8 "a portal that is not there"
took=$((($(now_ns) - began) / 1000000000))
ok "ends in time ($took s)" test $took -lt 20
is "$(start -t $plain -a 10.9.0.1)" 15 "a session that is there"
is "$(rc iscsistart -t $plain -g 1 -a 10.9.0.1)" 7 "an option is missing"
daemon_start
is "$(grep -c 'taken over as it is' /tmp/iscsid.log)" 3 "iscsid took over both"
ok "logout" $A -m session --logout
suite_done
