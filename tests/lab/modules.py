# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel modules of this tree, built for the kernel that the lab boots, and which of them a mix takes.

The kernel's headers come from the cache; the modules are built below build/modules, one lab at a time. Chooses
nothing else of the guest: compose.py puts the files where modprobe finds them first.
"""

import fcntl
import glob
import os

import packages

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = {"class": ["scsi_transport_iscsi"], "tcp": ["iscsi_tcp"]}
MIXES = {"stock": [], "ours": [name for names in OURS.values() for name in names], **OURS}


def build(version):
    """Build for the kernel VERSION; returns {module name: file}."""
    with packages.locked():
        source = packages.headers(version)
    os.makedirs(TREE + "/build/modules", exist_ok=True)
    with open(TREE + "/build/modules/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packages.call("make", "-s", "--no-print-directory", f"-j{os.cpu_count()}", "modules", "KSRC=" + source, cwd=TREE)
    files = glob.glob(f"{TREE}/build/modules/{version}/**/*.ko", recursive=True)
    return {os.path.basename(path)[:-3]: path for path in files}


def chosen(mix, version):
    """The files of this tree's modules that --modules MIX stands for."""
    names = MIXES[mix]
    built = build(version) if names else {}
    missing = [name for name in names if name not in built]
    if missing:
        raise packages.SetupError("not built: " + ", ".join(missing))
    return {name: built[name] for name in names}
