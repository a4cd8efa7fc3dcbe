# SPDX-License-Identifier: GPL-3.0-or-later
# hba.sh short|full: the distribution's qla4xxx on emulated HBAs whose flash names the target t0: each port comes up, shows what its
# flash says, logs in by itself; then sessions by our tools through its ifaces: discovery, CHAP, I/O through every port.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
mb=24
[ "$1" = short ] || mb=1024

# entity_is PORT FAMILY: the lines are sysfs attribute, field of the flash, and how one becomes the other. What the driver calls disabled it shows
# the wrong way round.
entity_is() {
	while read -r attribute field how; do
		want=$(flash "$1" acb "$field")
		case $how in
		512) want=$((want * 512)) ;;
		flag) [ "$want" = on ] && want=enable || want=disable ;;
		not) [ "$want" = on ] && want=disable || want=enable ;;
		dhcp) [ "$want" = on ] && want=dhcp || want=static ;;
		esac
		is "$(entity_value "$1" "$2" "$attribute")" "$want" "port $1: IPv$2 $attribute as in the flash ($want)"
	done
}
common='enabled ipv@_enable flag
ipaddress_state - valid
tcp_nagle_disable ipv@_no_nagle not
tcp_wsf_disable ipv@_no_window_scale not
tcp_wsf ipv@_window_scale
tcp_timer_scale ipv@_timer_scale
tcp_timestamp_en ipv@_timestamps flag
delayed_ack_en ipv@_no_delayed_ack not'
wide='mtu mtu
header_digest header_digest flag
data_digest data_digest flag
immediate_data immediate_data flag
initial_r2t initial_r2t flag
data_seq_in_order data_sequence_in_order flag
data_pdu_in_order data_pdu_in_order flag
erl erl
chap_auth chap flag
bidi_chap bidi_chap flag
discovery_logout discovery_logout flag
first_burst_len first_burst 512
max_burst_len max_burst 512
max_recv_dlength max_segment 512
max_outstanding_r2t max_r2t
def_taskmgmt_tmo default_timeout
initiator_name name'
ipv4='ipaddress ipv4_address
subnet ipv4_mask
gateway ipv4_gateway
bootproto dhcp dhcp
grat_arp_en gratuitous_arp flag
fragment_disable ipv4_no_fragments not'

ok "the driver loads" hba_start
is "$(hba_hosts | wc -l)" $(($(echo "$LAB_HBAS" | wc -w) * LAB_HBA_PORTS)) "a host for each port"
for port in $(ports); do
	ok "port $port: link" wait_for "[ \"\$(host_value $port port_state)\" = 'LINK UP' ]" 30
	is "$(host_value "$port" port_speed)" "1 Gbps" "port $port: speed"
	is "$(host_value "$port" hwaddress)" "$(flash "$port" sysinfo mac0)" "port $port: MAC address"
	is "$(host_value "$port" initiatorname)" "$(flash "$port" acb name)" "port $port: initiator name"
	is "$(host_value "$port" ipaddress)" "10.10.$port.10" "port $port: address"
	entity_is "$port" 4 <<-END
		$(echo "$common" | sed 's/@/4/; /^ipaddress_state/d')
		$wide
		$ipv4
	END
	ok "port $port: its IPv4 address is valid" wait_for "[ \"\$(entity_value $port 4 ipaddress_state)\" = Valid ]" 30
	[ "$LAB_HBA_MODEL" = 4010 ] || {
		is "$(entity_value "$port" 6 ipaddress)" "$(printf "fd10:%04x:0000:0000:0000:0000:0000:0010" "$port")" "port $port: IPv6 address"
		ok "port $port: which is valid" wait_for "[ \"\$(entity_value $port 6 ipaddress_state)\" = Valid ]" 30
		is "$(entity_value "$port" 6 mtu)" "$(flash "$port" acb mtu)" "port $port: IPv6 MTU"
	}
	ok "port $port: logs in by itself" session_ready "$port" "$plain" 1
done
for port in $(ports); do
	node=$(echo /sys/bus/iscsi_flashnode/devices/flashnode_sess-"$(host_of "$port")":0)
	ok "port $port: a flash node" wait_for "[ -e $node/targetname ]" 30
	is "$(cat "$node"/targetname "$node"/flashnode_conn*/ipaddress "$node"/flashnode_conn*/port | tr '\n' ' ')" \
		"$plain 10.10.$port.1 3260 " "port $port: of the target in its flash"
	is "$(sed 's/,.*//' "/sys/class/iscsi_connection/connection$(port_sids "$port"):0/persistent_address")" "10.10.$port.1" "port $port: portal"
done

# our tools on it
daemon_start
for port in $(ports); do
	iface=$(iface_of "$port")
	ok "port $port: $iface is an iface" sh -c "$A -m iface | grep -q '^$iface '"
	ok "port $port: discovery" $A -m discovery -t sendtargets -p "10.10.$port.1" -I "$iface"
	is "$($A -m node | grep -c "^10.10.$port.1:3260,1 iqn.2026-11.org.openhba.san:")" 2 "port $port: found both targets"
	setting "$guarded" node.session.auth.authmethod CHAP node.session.auth.username alice node.session.auth.password wonderland123
	[ "$port" = 0 ] || setting "$guarded" node.session.auth.username_in bob node.session.auth.password_in lookingglass99
	ok "port $port: login with CHAP" $A -m node -T "$guarded" -p "10.10.$port.1" -I "$iface" --login
	ok "port $port: its disks" session_ready "$port" "$guarded" 1
done
is "$($A -m session | grep -c '^qla4xxx: .*iqn.2026-11.org.openhba.san:')" $((2 * $(ports | wc -l))) "all sessions are shown as the HBA's"

# I/O through every port at once
for port in $(ports); do
	verified "$port" "$(port_sids "$port" "$plain")" $mb &
	eval "job$port=\$!"
done
for port in $(ports); do
	eval "wait \$job$port"
	is $? 0 "port $port: $mb MiB written to each of two LUNs and verified" || tail -5 "/tmp/fio.$port" | sed 's/^/# /'
done
for port in $(ports); do
	ok "port $port: I/O of the session with CHAP" verified "$port" "$(port_sids "$port" "$guarded")" 8
done
is "$(dmesg | grep -c 'qla4xxx.*\(timed out\|Adapter Reset\)')" 0 "the driver missed nothing"
suite_done
