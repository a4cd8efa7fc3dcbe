# SPDX-License-Identifier: GPL-3.0-or-later
"""What two programs answered to the same commands: making equal what cannot be equal, and judging what differs by rows of a file.
Used by compat/run (both tools live) and golden/run (what open-iscsi answered once, kept in tests/golden/stock)."""

import collections
import difflib
import fnmatch
import re

# Settings that records of open-iscsi 2.1.8 do not have, and later ones do.
NEWER = (r'node\.session\.login_redirect_max|node\.session\.(?:sess|conn)_reopen_log_freq|node\.conn\[0\]\.tcp\.congestion_control|'
         r'discovery\.sendtargets\.login_redirect_max')


class Row:
    """NAME | PART | REASON. NAME is a pattern of commands. PART is "stdout", "stderr", "stderr more" (ours has all of theirs, and
    more lines), "order" (of lines; they may be in order by chance), "status THEIRS OURS", or "line THEIRS => OURS", a line of
    their stdout that is another one in ours, "text THEIRS => OURS", the same anywhere, "more PATTERN" or "less PATTERN", lines that only our stdout has, or only theirs, or
    "box HEADING", lines under a heading between stars that only ours has."""

    def __init__(self, line):
        self.name, self.part, self.reason = (word.strip() for word in line.split(' | ', 2))
        self.used = self.part == 'order'

    def fits(self, name, part):
        return self.part == part and fnmatch.fnmatchcase(name, self.name)

    def change(self, name, text):
        word, _, lines = self.part.partition(' ')
        theirs, _, ours = lines.partition(' => ')
        if word not in ('line', 'text') or not fnmatch.fnmatchcase(name, self.name):
            return text
        pattern = f'^{re.escape(theirs)}$' if word == 'line' else re.escape(theirs)
        changed = re.sub(pattern, ours.replace('\\', r'\\'), text, flags=re.M)
        self.used = self.used or changed != text
        return changed

    def unbox(self, name, text):
        word, _, heading = self.part.partition(' ')
        if word != 'box' or not fnmatch.fnmatchcase(name, self.name):
            return text
        left = re.sub(rf'^(\t*)\*+\n\1{re.escape(heading)}\n\1\*+\n(?:\1[^\t*\n].*\n)*', '', text, flags=re.M)
        self.used = self.used or left != text
        return left

    def drop(self, name, word, text, other):
        """The text without the lines that the other has not and this row allows."""
        allowed, _, pattern = self.part.partition(' ')
        if word != allowed or not fnmatch.fnmatchcase(name, self.name):
            return text
        known = set(other.splitlines())
        kept = ''.join(line for line in text.splitlines(True) if line.rstrip('\n') in known or not re.fullmatch(pattern, line.rstrip('\n')))
        self.used = self.used or kept != text
        return kept


def read_rows(path):
    with open(path, encoding='utf-8') as rows:
        return [Row(line) for line in rows if line.strip() and not line.startswith('#')]


class Names:
    """What the kernel's numbers stand for: a session by target, portal and iface, and how many of those were there before it."""

    def __init__(self):
        self.sids, self.hosts, self.disks = {}, {}, {}
        self.count = collections.Counter()

    def learn(self, words):
        if words[0] == 's' and len(words) == 7:
            if words[1] not in self.sids:
                key = '-'.join(words[3:])
                self.count[key] += 1
                self.sids[words[1]] = f'{key}-{self.count[key]}'
            self.hosts[words[2]] = self.sids[words[1]]
        elif words[0] == 'd' and len(words) == 3:
            self.disks[words[1]] = words[2]

    def session(self, match):
        return match[1] + self.sids.get(match[2], match[2]) + match[3]

    def host(self, match):
        return match[1] + self.hosts.get(match[2], match[2]) + match[3]

    def disk(self, match):
        host, _, rest = self.disks.get(match[2], '').partition(':')
        return match[1] + self.hosts.get(host, match[2]) + ':' + rest


def without_newer(text):
    return re.sub(rf'^(?:{NEWER}) = .*\n', '', text, flags=re.M)


def plain(text, names):
    """The text without what cannot be equal."""
    text = re.sub(r'^((?:.*: )?# BEGIN RECORD|(?:iscsi\w+ )?version) \d+\.\d+\.\d+$', r'\1 VERSION', text, flags=re.M)
    text = re.sub(r'(:\d+,)4294967295 ', r'\g<1>65535 ', text)  # a portal without tag, in 2.1.13's form
    text = re.sub(r'^(\s+\w+(?:_octets|_pdus|_hdr|_failures|_cnt|_err): )\d+$', r'\1COUNT', text, flags=re.M)
    text = re.sub(r'^(tcp: \[)(\d+)(\] \S+,\d+ )', names.session, text, flags=re.M)
    text = re.sub(r'(\[sid: |\tSID: |sid )(\d+)(\b)', names.session, text)
    text = re.sub(r'^(tcp: \[)(\d+)(\] \S+,\[)', names.host, text, flags=re.M)
    text = re.sub(r'(Host Number: |\tscsi)(\d+)(\b)', names.host, text)
    return re.sub(r'(Attached scsi disk )(\w+)', names.disk, text)


def rows_of(text):
    """The lines, each behind those it is indented below: what belongs together stays so whatever the order."""
    above = []
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip('\t'))
        above = above[:depth] + [line.strip('\t')]
        yield '\t'.join(above)


def unequal(theirs, ours):
    """(part, text that shows it) for each part that differs."""
    if theirs[1] != ours[1]:
        yield f'status {theirs[1]} {ours[1]}', f'exit status {theirs[1]}, ours {ours[1]}\n'
    for part, index in (('stdout', 2), ('stderr', 3)):
        a, b = (answer[index].splitlines(keepends=True) for answer in (theirs, ours))
        if a != b:
            lines = iter(b)
            if sorted(rows_of(theirs[index])) == sorted(rows_of(ours[index])):
                part = 'order'
            elif part == 'stderr' and all(line in lines for line in a):
                part = 'stderr more'
            yield part, ''.join(difflib.unified_diff(a, b, 'open-iscsi ' + part, 'ours', n=1))


def judge(name, theirs, ours, rows):
    """What differs and has no row."""
    left = ''
    for row in rows:
        theirs = (*theirs[:2], row.change(name, theirs[2]), theirs[3])
        ours = (*ours[:2], row.unbox(name, ours[2]), ours[3])
        theirs = (*theirs[:2], row.drop(name, 'less', theirs[2], ours[2]), theirs[3])
        ours = (*ours[:2], row.drop(name, 'more', ours[2], theirs[2]), ours[3])
    for part, shown in unequal(theirs, ours):
        allowed = [row for row in rows if row.fits(name, part)]
        for row in allowed:
            row.used = True
        if not allowed:
            left += shown if shown.endswith('\n') else shown + '\n'
    return left


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def result(self, bad, text, shown=''):
        self.failed, self.passed = self.failed + bool(bad), self.passed + (not bad)
        print(f'{"not ok" if bad else "ok"} {self.passed + self.failed} - {text}')
        print(''.join('# ' + line + '\n' for line in shown.splitlines()), end='')
