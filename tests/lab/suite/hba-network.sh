# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash disable=SC3043,SC2154,SC2016,SC2317
# hba-network.sh [PART...]: the network of an emulated HBA's port, as the stock driver and iscsiadm see it: addresses, MTU, ping, the link,
# VLANs, DHCP, neighbour discovery; sessions over IPv4 and IPv6 come back after each change by themselves.
. /lab/lib.sh

# san SCRIPT: run on the targets' side, whatever characters and lines it has
san() {
	lab-san "echo $(printf %s "$1" | base64 -w 0) | base64 -d | sh"
}

# attribute IFACE FILE: of the driver's iface ipv4-0, ipv6-0 or ipv6-1
attribute() {
	cat "/sys/class/iscsi_iface/${1%-*}-iface-$host-${1#*-}/$2"
}

sessions() {
	grep -l LOGGED_IN /sys/class/iscsi_session/*/state 2>/dev/null | wc -l
}

# recovers DESCRIPTION: both sessions are up again, and a disk of each can be read
recovers() {
	local disk
	ok "$1: both sessions are up" wait_for '[ "$(sessions)" = 2 ]' 60
	for disk in $disks; do
		ok "$1: $disk can be read" dd "if=/dev/$disk" of=/dev/null bs=64k count=10 iflag=direct
	done
}

# set_iface IFACE NAME=VALUE...: into its record, then to the card
set_iface() {
	local iface=$1 pair
	shift
	for pair; do
		iscsiadm -m iface -I "$iface" -o update -n "iface.${pair%%=*}" -v "${pair#*=}" || return 1
	done
	iscsiadm -m iface -I "$iface" -o apply
}

ping_from() {
	iscsiadm -m iface -I "$1" -C ping -a "$2" -c 1 ${3:+-b "$3"}
}

# heard PATTERN: how often the kernel has said so; the distribution's driver and this tree's have words of their own
heard() {
	dmesg | grep -ciE "$1"
}
resetting='starting firmware|recovering from'

part_flash() {
	is "$(attribute ipv4-0 ipaddress) $(attribute ipv4-0 subnet) $(attribute ipv4-0 gateway) $(attribute ipv4-0 ipaddress_state)" \
		'10.10.0.10 255.255.255.0 10.10.0.1 Valid' 'the IPv4 address is that of the flash'
	ok "the IPv6 addresses are valid" wait_for '[ "$(attribute ipv6-0 ipaddress_state) $(attribute ipv6-0 link_local_state)" = "Valid Valid" ]' 20
	is "$(attribute ipv6-0 ipaddress)" fd10:0000:0000:0000:0000:0000:0000:0010 'the IPv6 address is that of the flash'
	is "$(attribute ipv6-0 link_local_addr)" fe80:0000:0000:0000:02c0:ddff:fe10:0000 'the link-local address is made of the MAC address'
	is "$(attribute ipv6-1 ipaddress_state)" Unconfigured 'there is no second IPv6 address'
	recovers 'at start'
	is "$(cat /sys/class/iscsi_connection/*/address | sort | tr '\n' ' ')" '10.10.0.1 fd10:0000:0000:0000:0000:0000:0000:0001 ' \
		'one session is over IPv4, one over IPv6'
}

part_ping() {
	ok "a ping over IPv4 is answered" ping_from "$ipv4" 10.10.0.1
	ok "a ping over IPv6 is answered" ping_from "$ipv6" fd10:0::1
	is "$(ping_from "$ipv4" 10.10.0.77 2>&1)" 'Ping 1 failed: no ARP response' 'a ping of nobody says so'
	is "$(ping_from "$ipv4" 10.10.0.1 1473 2>&1)" 'Ping 1 failed: oversized packet' 'a ping that does not fit says so'
}

part_address() {
	local began
	began=$(now_ns)
	ok "address and MTU are applied" set_iface "$ipv4" ipaddress=10.10.0.20 mtu=1400
	diag "this took $((($(now_ns) - began) / 1000000)) ms"
	is "$(attribute ipv4-0 ipaddress) $(attribute ipv4-0 mtu)" '10.10.0.20 1400' 'the driver shows them'
	ok "the port has the address" wait_for 'san "ip -n port0 -4 addr show dev eth0" | grep -q "inet 10.10.0.20/24 "' 10
	ok "the port has the MTU" sh -c 'lab-san ip -n port0 link show eth0 | grep -q "mtu 1400 "'
	recovers 'after another address'
}

part_link() {
	ok "the NIC loses its carrier" lab-san ip link set san0 down
	ok "the driver hears of it" wait_for '[ "$(heard "link down")" = 1 ]' 10
	ok "no session is up" wait_for '[ "$(sessions)" = 0 ]' 20
	ok "the carrier returns" lab-san ip link set san0 up
	ok "the target's side has its IPv6 address again" lab-san ip addr replace fd10:0::1/64 dev san0 nodad
	recovers 'after a carrier lost'
	ok "the cable is pulled" lab-hba cable out
	ok "the driver hears of it" wait_for '[ "$(heard "link down")" = 2 ]' 10
	ok "no session is up" wait_for '[ "$(sessions)" = 0 ]' 20
	ok "the cable is plugged in" lab-hba cable in
	recovers 'after a cable pulled'
}

# The target's side is tagged by the port's own code, on its NIC: a kernel without VLANs will do.
part_vlan() {
	ok "IPv4 goes into VLAN 100" set_iface "$ipv4" vlan_id=100 vlan_priority=5 vlan_state=enable
	ok "IPv6 goes into VLAN 100" set_iface "$ipv6" vlan_id=100 vlan_priority=5 vlan_state=enable
	is "$(attribute ipv4-0 vlan_enabled) $(attribute ipv4-0 vlan_id) $(attribute ipv4-0 vlan_priority)" 'enable 100 5' 'the driver shows it'
	is "$(ping_from "$ipv4" 10.10.0.1 2>&1)" 'Ping 1 failed: no ARP response' 'who is not in the VLAN does not answer'
	ok "build/tests/hba/network_try is built" san 'readlink /proc/[0-9]*/exe | sed -n "s,/hba$,/network_try,p" | head -1 >try; test -x $(cat try)'
	san 'try=$(cat try); mkfifo words; $try /proc/self/ns/net san0 <words >vlan.log 2>&1 & exec 3>words
	for word in is_enabled has_vlan has_auto_link_local; do echo set ipv4.$word 1; echo set ipv6.$word 1; done >&3
	for word in ipv4.vlan_tag=0xa064 ipv6.vlan_tag=0xa064 ipv4.mask=255.255.255.0 ipv4.address=10.10.0.1 "ipv6.address[0]=fd10::1"; do
		echo "set ${word%%=*} ${word#*=}"; done >&3
	echo configure >&3; sleep 1000 3>&3 >/dev/null 2>&1 & echo $! >vlan.pid'
	ok "a ping within the VLAN is answered" ping_from "$ipv4" 10.10.0.1
	recovers 'in a VLAN'
	ok "the target's side leaves the VLAN" san 'kill $(cat vlan.pid); sleep 2; cd /proc/sys/net/ipv6/conf/san0 && echo 0 >addr_gen_mode &&
		echo 0 >disable_ipv6 && ip addr replace 10.10.0.1/24 dev san0 && ip addr replace fd10::1/64 dev san0 nodad'
	ok "IPv4 leaves the VLAN" set_iface "$ipv4" vlan_state=disable
	ok "IPv6 leaves the VLAN" set_iface "$ipv6" vlan_state=disable
	recovers 'in no VLAN'
}

# dhcp_server SECONDS: how long a lease is
dhcp_server() {
	san 'printf "start 10.10.0.50\nend 10.10.0.50\ninterface san0\nlease_file leases\npidfile udhcpd.pid\n" >udhcpd.conf
	printf "option subnet 255.255.255.0\nmin_lease '"$1"'\noption lease '"$1"'\n" >>udhcpd.conf; : >leases
	busybox udhcpd -f udhcpd.conf >udhcpd.log 2>&1 & echo $! >dhcp.pid'
}

part_dhcp() {
	dhcp_server 20
	ok "the address comes by DHCP" set_iface "$ipv4" bootproto=dhcp
	ok "the driver shows the lease" wait_for '[ "$(attribute ipv4-0 ipaddress) $(attribute ipv4-0 ipaddress_state)" = "10.10.0.50 Valid" ]' 30 ||
		diag "$(attribute ipv4-0 ipaddress) $(attribute ipv4-0 ipaddress_state) $(lab-san cat udhcpd.log)"
	ok "a ping from there is answered" ping_from "$ipv4" 10.10.0.1
	recovers 'by DHCP'
}

# A lease that is lost makes the driver reset the adapter, which then asks for one again.
part_lease() {
	local resets
	resets=$(heard "$resetting")
	ok "the server goes" san 'kill $(cat dhcp.pid)'
	ok "the driver resets the adapter" wait_for '[ "$(heard "$resetting")" -gt '"$resets"' ]' 90
	dhcp_server 3600
	ok "there is a lease again" wait_for '[ "$(attribute ipv4-0 ipaddress) $(attribute ipv4-0 ipaddress_state)" = "10.10.0.50 Valid" ]' 60 ||
		diag "$(attribute ipv4-0 ipaddress) $(attribute ipv4-0 ipaddress_state) $(lab-san cat udhcpd.log)"
	recovers 'after the lease was lost'
}

# A router that advertises fd10:5::/64 for some seconds.
part_discovery() {
	san 'cat >router.py <<END
import socket, struct, time
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 3600, 1800, 0) + socket.inet_pton(socket.AF_INET6, "fd10:5::")
for second in range(30):
    s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ("ff02::1", 0, 0, socket.if_nametoindex("san0")))
    time.sleep(1)
END
	python3 router.py >router.log 2>&1 &'
	ok "IPv6 addresses come by neighbour discovery" set_iface "$ipv6" ipv6_autocfg=nd
	ok "the driver shows one" wait_for '[ "$(attribute ipv6-0 ipaddress | cut -c1-19) $(attribute ipv6-0 ipaddress_state)" = "fd10:0005:0000:0000 Valid" ]' 30 ||
		diag "$(attribute ipv6-0 ipaddress) $(attribute ipv6-0 ipaddress_state) $(lab-san cat router.log)"
	ok "the driver shows the router" wait_for '[ "$(attribute ipv6-0 router_addr | cut -c1-4)" = fe80 ]' 10
	diag "router: $(attribute ipv6-0 router_addr) $(attribute ipv6-0 router_state)"
}

# The daemon is there first: what it reads of a card that still starts must not disturb it.
initiator_start
modprobe qla4xxx
ok "both families have their ifaces" wait_for '[ -e /sys/class/iscsi_iface/ipv6-iface-*-1 ]' 90
host=$(basename /sys/class/iscsi_host/host*)
host=${host#host}
ok "the manager has an iface of each" wait_for '[ "$(iscsiadm -m iface | grep -c ^qla4xxx)" = 3 ]' 30
ipv4=$(iscsiadm -m iface | sed -n 's/ .*//; /^qla4xxx.*ipv4\.0$/p')
ipv6=$(iscsiadm -m iface | sed -n 's/ .*//; /^qla4xxx.*ipv6\.0$/p')
ok "the targets' disks are there" wait_for '[ "$(grep -c "sd[a-z]$" /proc/partitions)" = 4 ]' 60
disks='sda sdd'
for part in ${*:-flash ping address link vlan dhcp lease discovery}; do
	"part_$part"
done
is "$(heard 'Scheduling Adapter Reset|the chip needs a reset')" 0 'the driver has never lost its patience'
done_testing
