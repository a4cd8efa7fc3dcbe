# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden files that are no answer of a command: sysfs, events, disk links, the records' tree, netlink messages. Each function
gives a text of lines that must be equal, without what another boot changes: numbers of processes, ports, devices, times, and the
order in which independent things happened."""

import collections
import re
import struct
import tarfile

# What ISCSI_UEVENT_* numbers of requests mean, <linux/scsi/iscsi_if.h>
MESSAGES = {11: 'create session', 12: 'destroy session', 13: 'create connection', 14: 'destroy connection', 15: 'bind connection',
            16: 'set parameter', 17: 'start connection', 18: 'stop connection', 19: 'send PDU', 20: 'get statistics',
            27: 'unbind session', 43: 'destroy session asynchronously'}
# Properties of an event that another boot changes
VARYING = ('SEQNUM', 'USEC_INITIALIZED', 'DISKSEQ', 'SYNTH_UUID', 'MINOR', 'DEVNAME')
# The parameter whose value the target chooses
EXP_STATSN = 14


def kernel_names(text, names):
    """Session and host numbers inside paths."""
    text = re.sub(r'\b(session|connection)(\d+)\b', names.session_word, text)
    text = re.sub(r'\b(host)(\d+)\b', names.host_word, text)
    return re.sub(r'(/)(\d+)(:\d+:\d+:\d+\b)', names.host, text)


def sysfs(text, names):
    blocks, block = [], []
    for line in text.splitlines():
        if line.startswith(('==', '/sys/')):
            block = []
            blocks.append(block)
        line = re.sub(r': cat: .*$', ': unreadable', line)
        line = re.sub(r'^(\d+ (?:creator|exp_statsn|local_port|handle|iodone_cnt|iorequest_cnt|ioerr_cnt|device_busy|host_busy)): \S+$',
                      r'\1: NUMBER', line)
        line = re.sub(r'^(\d+ iscsi_bus_flash.*|\d+ uevent): .*', r'\1', line)
        block.append(kernel_names(line.rstrip(), names))
    return ''.join(''.join(line + '\n' for line in block) for block in sorted(blocks))


def event(block):
    """One event of `udevadm monitor --property` as a line, without what the rules of multipath add in this lab."""
    lines = block.splitlines()
    head = re.sub(r'\[[\d.]+\]', '', lines[0])
    kept = []
    for line in lines[1:]:
        name, _, value = line.partition('=')
        if name not in VARYING and not name.startswith(('.', 'DM_MULTIPATH_', 'MPATH_')):
            kept.append(name + '=' + ' '.join(sorted(word for word in value.split() if '/by-diskseq/' not in word)))
    text = ' '.join([*head.split(), *sorted(kept)])
    return re.sub(r'\bsd[a-z]+\b', 'sdX', re.sub(r'/bdi/\d+:\d+', '/bdi/M:N', text))


def events(text, names):
    del names
    blocks = [block for block in text.split('\n\n') if re.match(r'(KERNEL|UDEV) *\[', block)]
    return ''.join(sorted(event(block) + '\n' for block in blocks))


def links(text, names):
    del names
    return ''.join(sorted(re.sub(r'/sd[a-z]+$', '/sdX', line[line.index('ip-'):]) + '\n'
                          for line in text.splitlines() if ' ip-' in line))


def messages(found):
    count = collections.Counter()
    for index, line in enumerate(found):
        count[line] += 1
        found[index] = f'{line} #{count[line]}\n'
    return ''.join(sorted(found))


def message(kind, word, length):
    """A request. What a parameter is set to differs with each login; which one and how long does not."""
    name = MESSAGES.get(kind, f'request {kind}')
    if kind == 16 and int(word) == EXP_STATSN:
        length = 'some'
    return f'{name} {word}, {length} bytes' if kind == 16 else name


def decoded_messages(text):
    """Out of strace's own decoding, which takes the payload for further headers."""
    found = []
    for line in text.splitlines():
        if 'sendmsg(' in line and 'AF_NETLINK' in line:
            kind = int(re.search(r'nlmsg_type=(0x[0-9a-f]+|\d+)', line)[1], 0)
            numbers = re.findall(r'nlmsg_seq=(-?\d+), nlmsg_pid=(-?\d+)', line)
            found.append(message(kind, numbers[2][0] if len(numbers) > 2 else '', numbers[2][1] if len(numbers) > 2 else ''))
    return messages(found)


def dumped_messages(text):
    """Out of `strace -e write=all`: netlink messages in hexadecimal, any number of them per system call."""
    calls, netlink = [], False
    for line in text.splitlines():
        if re.search(r'\bsend(msg|to)\(', line):
            netlink = 'AF_NETLINK' in line or 'nlmsg_len' in line
            if netlink:
                calls.append(bytearray())
        elif netlink and re.match(r' \| [0-9a-f]{5,}  ', line):
            calls[-1] += bytes.fromhex(line[10:58].replace(' ', ''))
    found = []
    for call in calls:
        while len(call) >= 16:
            length = struct.unpack_from('<I', call)[0]
            if length < 16:
                break
            kind = struct.unpack_from('<I', call, 16)[0] if length >= 72 else 0
            # type, iferror, transport handle, then sid, cid, parameter, length
            word, size = struct.unpack_from('<II', call, 16 + 16 + 8) if kind == 16 else ('', '')
            if kind:
                found.append(message(kind, word, size))
            del call[:(length + 3) & ~3]
    return messages(found)


def netlink(text, names):
    del names
    return dumped_messages(text) if re.search(r'^ \| 0', text, re.M) else decoded_messages(text)


class Tree:
    """/etc/iscsi: {path: (kind, mode, content or where a link points)}."""

    def __init__(self):
        self.entries = {}

    @classmethod
    def of_archive(cls, path, below):
        tree = cls()
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.removeprefix('./')
                if name != below and not name.startswith(below + '/'):
                    continue
                link = re.sub('^/tmp/exported/', '/etc/iscsi/', member.linkname)  # where ours went
                kind = 'link' if member.issym() else 'folder' if member.isdir() else 'file'
                body = link if member.issym() else archive.extractfile(member).read().decode(errors='replace') if member.isfile() else ''
                tree.entries[name[len(below) + 1:]] = (kind, member.mode & 0o777 if kind != 'link' else 0, body)
        return tree

    def listing(self):
        """As db-after-discovery.txt has it: names, then the discovery records."""
        names = ''.join(sorted(('./' + name if name else '.') + '\n' for name in self.entries))
        return names + ''.join(f'== {name}\n{body}' for name, (_, _, body) in sorted(self.entries.items()) if name.endswith('/st_config'))

    @staticmethod
    def located(listing):
        """The listing with each line of a file behind its name."""
        lines, name = [], ''
        for line in listing.splitlines():
            name = line[3:] + ': ' if line.startswith('== ') else name
            lines.append(line if line.startswith('== ') else name + line)
        return ''.join(line + '\n' for line in lines)

    def text(self):
        """Everything; the configuration is the distribution's own, so that of it only the name counts."""
        lines = []
        for name, (kind, mode, body) in sorted(self.entries.items()):
            lines.append(f'{kind} {mode:03o} {name}' + (f' -> {body}' if kind == 'link' else ''))
            if kind == 'file' and not name.endswith(('.conf', '.iscsi', '.db')):
                lines += [f'{name}: {line}' for line in body.splitlines()]
        return ''.join(line + '\n' for line in lines)


FACTS = {'sysfs-classes.txt': sysfs, 'sysfs-scsi.txt': sysfs, 'uevents-login.txt': events, 'uevents-logout.txt': events,
         'by-path.txt': links, 'strace-iscsid-login.txt': netlink}
