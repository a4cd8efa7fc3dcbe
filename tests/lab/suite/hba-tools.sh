# SPDX-License-Identifier: GPL-3.0-or-later
# hba-tools.sh: hbafw(8) on cards in the machine, through the distribution's driver: what it lists, and that every area of a card is shown
# as the image shows it that the card runs on.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh

# same AREA HOST PORT: card and image say the same of it
same() {
	hbafw show --host "$2" "$1" --all >/tmp/card 2>&1
	hbafw show --image /out/hba0.image --port "$3" "$1" --all >/tmp/image
	[ -s /tmp/card ] && diff /tmp/card /tmp/image | head -20
	cmp -s /tmp/card /tmp/image
}

is "$(hbafw list | wc -l)" $((LAB_HBA_PORTS + 1)) "without a driver: a line for each port"
is "$(hbafw list --json | grep -c "\"host\":null,\"model\":\"ISP$LAB_HBA_MODEL\",.*\"driver\":null")" "$LAB_HBA_PORTS" "which have no host"
ok "the driver loads" hba_start
port=0
for host in $(hba_hosts); do
	ok "port $port: link" wait_for "grep -q UP /sys/class/iscsi_host/host$host/port_state" 30
	line=$(hbafw list | grep "^host$host ")
	for value in "$(cat "/sys/class/scsi_host/host$host/hba_model")" qla4xxx "$(cat "/sys/class/scsi_host/host$host/fw_version")" \
		"$(cat "/sys/class/scsi_host/host$host/serial_num")" "$(cat "/sys/class/iscsi_host/host$host/hwaddress")" "LINK UP" "1 Gbps"; do
		case $line in
		*" $value"*) ok "port $port: list shows $value" true ;;
		*) ok "port $port: list shows $value, not: $line" false ;;
		esac
	done
	for area in nvram sysinfo acb ddb chap; do
		ok "port $port: $area of the card as of the image" same $area "$host" $port
	done
	ok "port $port: nothing is wrong with it" hbafw verify --host "$host"
	is "$(hbafw show --host "$host" ddb 0 | sed -n 's/^name = //p')" "${LAB_SAN_TARGETS%% *}" "port $port: the target in its flash"
	is "$(hbafw dump --host "$host" flash 0x050001fc 2)" "050001fc: 34 90" "port $port: bytes"
	port=$((port + 1))
done
is "$(hbafw show --host 99 acb >/tmp/out 2>&1; echo $?)" 1 "a host that is not there is an error"
suite_done
