# SPDX-License-Identifier: GPL-3.0-or-later
"""What profile.c counted, by function and module: one boot of the lab is a Boot, of several the smallest of each job counts."""
import argparse
import bisect
import collections
import os
import re
import subprocess
import sys
import tempfile

import page

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


def symbols(path):
    """Sorted addresses, and (function, module) of each."""
    found = []
    for line in open(path, encoding='ascii', errors='replace'):
        words = line.split()
        if words[1] in 'tTwW':
            found.append((int(words[0], 16), words[2], words[3][1:-1] if len(words) > 3 else 'kernel'))
    found.sort()
    return [row[0] for row in found], [row[1:] for row in found]


def snapshots(path):
    """{mark: {address or 'user': count}}"""
    found, current = {}, None
    for line in open(path, encoding='ascii'):
        if line.startswith('=='):
            current = found.setdefault(int(line.split()[1]), {})
        else:
            address, count = line.split()
            current[address] = int(count)
    return found


class Job:
    """A fixed amount of I/O. All figures are of one I/O: instructions of the machine and by (function, module), and RESULT lines but count."""

    def __init__(self, results, before, after, addresses, names):
        ios = results.pop('count')
        self.results = {name: value / ios for name, value in results.items()}
        self.where = collections.Counter()
        for address, number in after.items():
            number -= before.get(address, 0)
            place = ('programs', 'user')
            if address != 'user':
                place = names[max(0, bisect.bisect_right(addresses, int(address, 16)) - 1)]
            self.where[place] += number / ios
        self.total = sum(self.where.values())

    def of_modules(self, modules):
        return sum(number for (_, module), number in self.where.items() if module in modules)

    def print_functions(self, modules, count):
        """The modules that take the most, the functions that do, and all functions of the modules named."""
        names = {module for _, module in self.where}
        for module, number in collections.Counter({module: self.of_modules((module,)) for module in names}).most_common(10):
            print(f'  {number:10,.0f} {module}')
        for (function, module), number in self.where.most_common(count):
            print(f'      {number:10,.1f} {function} [{module}]')
        for (function, module), number in self.where.most_common():
            if module in modules and number >= 1:
                print(f'          {number:10,.1f} {function} [{module}]')


class Boot:
    """One run of a script that says "JOB NAME MARK" and "RESULT NAME NUMBER"s, and leaves kallsyms in /out."""

    def __init__(self, options, script):
        with tempfile.TemporaryDirectory(prefix='openhba-bench-') as folder:
            counts = folder + '/counts'
            command = [os.path.join(TOP, 'tests/lab/run'), '--target', 'none', '--timeout', '1500', '--out', folder,
                       f'--qemu=-plugin {TOP}/build/tests/bench/profile.so,out={counts}',
                       '--in', os.path.join(TOP, 'build/tests/bench/io_load'), '--in', os.path.join(TOP, 'tests/lab/suite/lib.sh'),
                       '--in', os.path.join(HERE, 'disks.sh'), *options, *script]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, cwd=TOP, check=False)
            if done.returncode:
                sys.exit(f'{" ".join(command)}: status {done.returncode}\n{done.stdout}')
            self.jobs = self._read(done.stdout, snapshots(counts), *symbols(folder + '/kallsyms'))

    @staticmethod
    def _read(said, marks, addresses, names):
        jobs = {}
        for name, mark, lines in re.findall(r'^JOB (\S+) (\d+)\n((?:RESULT .*\n)+)', said, re.M):
            results = {name: int(value) for name, value in re.findall(r'^RESULT (\S+) (\d+)$', lines, re.M)}
            jobs[name] = Job(results, marks[int(mark)], marks[int(mark) + 1], addresses, names)
        if not jobs:
            sys.exit(f'nothing was measured:\n{said}')
        return jobs


def measure(kinds, boots, start):
    """{(kind, job): [a Job of each boot]}, of that many boots of each kind, which take turns; start(kind) makes a Boot."""
    found = collections.defaultdict(list)
    for number in range(boots):
        for kind in kinds:
            jobs = start(kind).jobs
            for name, job in jobs.items():
                found[kind, name].append(job)
            print(f'boot {number + 1} of {boots}, {kind}: ' + ', '.join(f'{name} {job.total:,.0f}' for name, job in jobs.items()),
                  file=sys.stderr, flush=True)
    return found


def least(measured, figure):
    """{(kind, job): the Job of which figure(job) is smallest}"""
    return {key: min(jobs, key=figure) for key, jobs in measured.items()}


def arguments(about):
    """A parser with the options that every profile has."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument('--boots', type=int, default=5)
    parser.add_argument('--small', type=int, default=1000, help='I/Os of 4 KiB per job')
    parser.add_argument('--functions', type=int, default=0, metavar='N')
    parser.add_argument('--write', metavar='FILE')
    return parser


def finish(text, missed, name, path):
    """Prints the table, puts it into the page at path if there is one, and ends the program: badly if something was missed."""
    print(text)
    if path:
        page.write(path, name, text)
    for line in missed:
        print('missed: ' + line)
    sys.exit(1 if missed else 0)
