# SPDX-License-Identifier: GPL-3.0-or-later
# drivers.sh: the kernel's own drivers of HBAs, and libiscsi, load on the transport class, register with it, and go again; the kernel's
# iscsi_tcp logs in on it.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/leaks.sh
transports() { for t in /sys/class/iscsi_transport/*; do [ ! -e "$t" ] || echo "${t##*/}"; done | tr '\n' ' '; }
ok "scsi_transport_iscsi" modprobe scsi_transport_iscsi
is "$(transports)" "" "no transport yet"
for pair in be2iscsi:be2iscsi bnx2i:bnx2i qedi:qedi cxgb3i:cxgb3i cxgb4i:cxgb4i ib_iser:iser qla4xxx:qla4xxx; do
	module=${pair%:*} name=${pair#*:}
	ok "$module loads" modprobe $module
	is "$(transports)" "$name " "$module is transport $name"
	ok "its capabilities are shown" grep -q . /sys/class/iscsi_transport/$name/caps
	ok "$module goes" modprobe -r $module
	is "$(transports)" "" "and its transport with it"
	modprobe scsi_transport_iscsi
done
for module in be2iscsi bnx2i qedi cxgb3i cxgb4i ib_iser qla4xxx iscsi_tcp; do modprobe $module; done
is "$(transports)" "be2iscsi bnx2i cxgb3i cxgb4i iser qedi qla4xxx tcp " "all of them at once"
handles=$(cat /sys/class/iscsi_transport/*/handle | sort -u | wc -l)
is "$handles" 8 "each has a number of its own"
is "$(dmesg | grep -c 'disagrees about version\|Unknown symbol')" 0 "no symbol disagrees"
ok "sessions of iscsi_tcp live beside them" /in/lives iqn.2026-11.org.openhba.lab:t0 127.0.0.1 3260 5
suite_done
