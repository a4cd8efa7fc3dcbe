# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shared libraries an ELF file asks for: the DT_NEEDED and DT_RUNPATH of x86-64 files.

Read from the file itself, so that programs of another release than the host's need not be run.
"""

import struct

PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
NT_GNU_BUILD_ID = 3
DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 1, 5, 15, 29


def is_elf(data):
    return data[:5] == b"\x7fELF\x02"


def _segments(data):
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for i in range(count):
        kind, _, file_offset, address, _, file_size = struct.unpack_from("<IIQQQQ", data, offset + i * size)
        yield kind, file_offset, address, file_size


def _string(data, offset):
    return data[offset:data.index(b"\0", offset)].decode()


def needed(data):
    """(library names, run paths) of an ELF file; both empty for a static one."""
    loads, dynamic = [], []
    for kind, offset, address, size in _segments(data):
        if kind == PT_LOAD:
            loads.append((address, offset, size))
        elif kind == PT_DYNAMIC:
            dynamic = list(struct.iter_unpack("<qQ", data[offset:offset + size // 16 * 16]))
    table = next((value for tag, value in dynamic if tag == DT_STRTAB), None)
    if table is None:
        return [], []
    base = next(table - address + offset for address, offset, size in loads if address <= table < address + size)
    names = [_string(data, base + value) for tag, value in dynamic if tag == DT_NEEDED]
    paths = [_string(data, base + value) for tag, value in dynamic if tag in (DT_RPATH, DT_RUNPATH)]
    return names, [part for path in paths for part in path.split(":") if part]


def build_id(data):
    """The build id in hex, which names the file with the debug symbols."""
    for kind, offset, _, size in _segments(data):
        end = offset + size
        while kind == PT_NOTE and offset < end:
            name_size, text_size, note = struct.unpack_from("<III", data, offset)
            text = offset + 12 + (name_size + 3) // 4 * 4
            if note == NT_GNU_BUILD_ID and data[offset + 12:offset + 16] == b"GNU\0":
                return data[text:text + text_size].hex()
            offset = text + (text_size + 3) // 4 * 4
    raise ValueError("no build id")
