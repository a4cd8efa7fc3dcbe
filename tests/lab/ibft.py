# SPDX-License-Identifier: GPL-3.0-or-later
"""An iSCSI Boot Firmware Table for the lab's NICs and target, as QEMU's -acpitable takes it.

NIC i is 10.9.i.10/24 as in the lab, behind it the lab's target at 10.9.i.1:3260; firmware knows at most two. Run as a program it
writes a whole table, with its ACPI header, to a file: seeds for the fuzzer and data of unit tests.
"""

import ipaddress
import struct
import sys

HEADER = 36
WORDS = "sig=iBFT,rev=1,oem_id=LABLAB,oem_table_id=LABIBFT0,data="
DEFAULTS = {"initiator": "iqn.2026-11.org.openhba.lab:boot", "target": "iqn.2026-11.org.openhba.lab:t0", "nics": "1", "vlan": "0",
            "origin": "1", "gateway": "", "mac": "", "user": "", "secret": "", "user_in": "", "secret_in": ""}


def settings(text):
    """"nics=2,user=alice" over the defaults."""
    known = dict(DEFAULTS)
    for word in filter(None, text.split(",")):
        name, _, value = word.partition("=")
        if name not in known:
            raise ValueError(f"{name}: not one of {' '.join(known)}")
        known[name] = value
    return known


def _address(text):
    return ipaddress.ip_address("::ffff:" + text).packed if text else bytes(16)


class _Heap:
    """Strings behind the structures; gives length and offset of each."""

    def __init__(self, start):
        self.start, self.bytes = start, b""

    def add(self, text):
        if not text:
            return bytes(4)
        where = struct.pack("<HH", len(text), self.start + len(self.bytes))
        self.bytes += text.encode() + b"\0"
        return where


def body(known):
    """The table behind its ACPI header."""
    count = int(known["nics"])
    if not 1 <= count <= 2:
        raise ValueError("nics: 1 or 2")
    initiator_at = 72
    nic_at = [initiator_at + 80 + i * 160 for i in range(count)]
    target_at = [at + 104 for at in nic_at]
    heap = _Heap(target_at[-1] + 56)
    parts = {48: struct.pack("<BBHBBHHHHHH", 1, 1, 18, 0, 0, 0, initiator_at, nic_at[0], target_at[0],
                             nic_at[1] if count > 1 else 0, target_at[1] if count > 1 else 0),
             initiator_at: struct.pack("<BBHBB", 2, 1, 74, 0, 3) + bytes(64) + heap.add(known["initiator"])}
    for i in range(count):
        parts[nic_at[i]] = (struct.pack("<BBHBB", 3, 1, 102, i, 3) + _address(f"10.9.{i}.10") + bytes([24, int(known["origin"])]) +
                            _address(known["gateway"]) + bytes(48) + struct.pack("<H", int(known["vlan"])) +
                            bytes.fromhex(known["mac"].replace(":", "") or f"5254090000{i:02x}") + bytes(2) + heap.add(""))
        parts[target_at[i]] = (struct.pack("<BBHBB", 4, 1, 54, i, 3) + _address(f"10.9.{i}.1") + struct.pack("<H", 3260) + bytes(8) +
                               bytes([(1 if known["user"] else 0) + (1 if known["user_in"] else 0), i]) + heap.add(known["target"]) +
                               b"".join(heap.add(known[name]) for name in ("user", "secret", "user_in", "secret_in")))
    table = bytearray(heap.start - HEADER)
    for at, data in parts.items():
        table[at - HEADER:at - HEADER + len(data)] = data
    return bytes(table) + heap.bytes


def table(known):
    """The whole table, checksum included."""
    data = body(known)
    header = b"iBFT" + struct.pack("<IBB", HEADER + len(data), 1, 0) + b"LABLAB" + b"LABIBFT0" + bytes(12)
    whole = bytearray(header + data)
    whole[9] = -sum(whole) & 255
    return bytes(whole)


if __name__ == "__main__":
    with open(sys.argv[1], "wb") as file:
        file.write(table(settings(sys.argv[2] if len(sys.argv) > 2 else "")))
