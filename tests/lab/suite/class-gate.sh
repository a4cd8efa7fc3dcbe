# SPDX-License-Identifier: GPL-3.0-or-later
# class-gate.sh: what the transport class must refuse and answer (/in/gate), on the adapter without hardware; and that it all goes again.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
ok "the adapter without hardware" modprobe lab_card
/in/gate check
is $? 0 "the gate holds"
is "$(find /sys/class/iscsi_session/ /sys/class/iscsi_endpoint/ -name '[se]*[0-9]')" "" "no session, no endpoint is left"
ok "the adapter goes" rmmod lab_card
is "$(find /sys/bus/iscsi_flashnode/devices/ /sys/class/iscsi_iface/ -type l)" "" "and all it had"
ok "the class goes" rmmod scsi_transport_iscsi
done_testing
