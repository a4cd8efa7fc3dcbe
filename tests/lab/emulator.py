# SPDX-License-Identifier: GPL-3.0-or-later
"""Which QEMU a machine is started with: the host's, or for emulated HBAs one that knows vfio-user-pci, of a later Debian in the cache.

The later one runs with its own loader and libraries out of its folder; the host's are not touched, nothing is mounted or entered. Knows
nothing of what the machine is made of.
"""

import re
import shutil
import subprocess

import packages
import suites

PROGRAM = "qemu-system-x86_64"
NEEDED = (10, 1)
# QEMU is taken from the second, what it needs from whichever of them has the newest.
LATER = ["trixie", "trixie-updates", "trixie-security", "trixie-backports"]
NEWEST = "trixie-backports"


def version(words):
    """(major, minor) of the QEMU that these words start, or (0, 0)."""
    try:
        done = subprocess.run([*words, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError:
        return 0, 0
    found = re.search(r"version (\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _fill(root):
    """Below root: apt, with fresh lists, and then QEMU with all it needs down to the C library."""
    apt = suites.apt_words(root + "/apt")
    suites.fetch_lists(root + "/apt", LATER)
    packages.make_top(root)
    text = packages.call("apt-get", "-q", *apt, "-t", NEWEST, "--no-install-recommends", "--simulate", "install", "qemu-system-x86").decode()
    found = re.findall(r"^Inst (\S+) \((\S+)", text, re.MULTILINE)
    folder = root + "/apt/cache/archives"
    for package in packages.download([f"{name}={release}" for name, release in found], folder, apt):
        packages.unpack(package, root)
    shutil.rmtree(root + "/apt")


def later():
    """The words that start the QEMU of the cache; fetched when it is first asked for (38 MB, 170 MB unpacked)."""
    with packages.locked("qemu.lock"):
        root = packages.publish(f"{packages.CACHE}/qemu-{NEWEST}", _fill)
    shared = [word for folder in ("share/qemu", "share/seabios", "lib/ipxe/qemu") for word in ("-L", f"{root}/usr/{folder}")]
    libraries = f"{root}/usr/lib/x86_64-linux-gnu"
    words = [f"{root}/usr/lib64/ld-linux-x86-64.so.2", "--library-path", libraries, f"{root}/usr/bin/{PROGRAM}"]
    if version(words) < NEEDED:
        raise packages.SetupError(f"{root} has no QEMU that works: remove that folder")
    return words + shared


def words(hbas):
    """The first words of QEMU's command line."""
    return [PROGRAM] if not hbas or version([PROGRAM]) >= NEEDED else later()
