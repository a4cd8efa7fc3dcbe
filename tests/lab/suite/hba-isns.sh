# SPDX-License-Identifier: GPL-3.0-or-later
# hba-isns.sh: an emulated HBA whose flash names an iSNS server and no target: the firmware asks it, and the distribution's qla4xxx logs in to what
# it was told. Another port hears of a server that is not there, and comes up all the same.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# A server that answers whatever it is asked with the target t0 at 10.10.0.1 (RFC 4171: node, type, portal group).
cat >/out/isns.py <<END
import socket, struct
def item(tag, value):
    value += bytes(-len(value) % 4)
    return struct.pack('>II', tag, len(value)) + value
portal = bytes(10) + b'\xff\xff' + socket.inet_aton('10.10.0.1')
name = b'$plain\0'
answer = struct.pack('>I', 0) + item(32, name) + item(33, struct.pack('>I', 1)) + item(48, name) + item(49, portal) + \\
    item(50, struct.pack('>I', 3260)) + item(51, struct.pack('>I', 1))
listener = socket.create_server(('10.10.0.1', 3205))
while True:
    end, _ = listener.accept()
    while len(head := end.recv(12, socket.MSG_WAITALL)) == 12:
        _, function, length, _, xid, _ = struct.unpack('>HHHHHH', head)
        end.recv(length, socket.MSG_WAITALL)
        end.sendall(struct.pack('>HHHHHH', 1, function | 0x8000, len(answer), 0x4c00, xid, 0) + answer)
    end.close()
END
lab-san "echo $(base64 /out/isns.py | tr -d '\n') | base64 -d >isns.py; python3 isns.py >isns.log 2>&1 &"
ok "an iSNS server" wait_for 'lab-san "ss -ltn | grep -q 10.10.0.1:3205"' 20
ok "the driver loads" hba_start
ok "port 0: the server was asked" wait_for '[ "$(traced 0 "event 8021 ISNS_PDU 1=1")" = 1 ]' 60
ok "port 0: the driver logs in to what it named" session_ready 0 "$plain" 1 120
ok "port 0: can be read" dd "if=/dev/$(disks_of "$(port_sids 0)" | head -1)" of=/dev/null bs=4096 count=16 iflag=direct
ok "port 1: no server is told" wait_for '[ "$(traced 1 "event 8021 ISNS_PDU 1=2")" = 1 ]' 60
is "$(port_sids 1)" "" "port 1: and nothing else happens"
is "$(dmesg | grep -c 'qla4xxx.*timed out')" 0 "the driver is patient"
suite_done
