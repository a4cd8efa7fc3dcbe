# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel modules of this tree, built for the kernel that the lab boots, and which of them a mix takes.

The kernel's headers come from the cache; the modules are built below build/modules, one lab at a time. Chooses
nothing else of the guest: compose.py puts the files where modprobe finds them first.
"""

import contextlib
import fcntl
import glob
import os
import shutil
import subprocess

import packages

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAKE = ["make", "-s", "--no-print-directory", f"-j{os.cpu_count()}"]
OURS = {"class": ["scsi_transport_iscsi"], "tcp": ["iscsi_tcp"], "hba": ["qla4xxx"]}
# With the lab's own kernel a warning is an error: what is built has none, and tests/kernel-lint judges the very same objects.
STRICT = "W=1e"
MIXES = {"stock": [], "ours": [name for names in OURS.values() for name in names], **OURS}


def _words(kernel):
    """What make is called with to build for a kernel: the KSRC, and more words."""
    if kernel.suite:
        return kernel.suite.source, []
    if kernel.tree:
        return kernel.tree, kernel.words
    with packages.locked():
        return packages.headers(kernel.release), []


@contextlib.contextmanager
def _alone():
    """One make at a time."""
    os.makedirs(TREE + "/build/modules", exist_ok=True)
    with open(TREE + "/build/modules/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(kernel, *words):
    """At the top of the tree, by the kernel's own Debian if that is not the host's."""
    words = [*MAKE, *words]
    with _alone():
        if not kernel.suite:
            packages.call(*words, cwd=TREE)
            return
        status, text = kernel.suite.run(TREE, *words)
        if status:
            raise packages.SetupError(text.strip()[-800:])


def _built(folder):
    return {os.path.basename(path)[:-3]: path for path in glob.glob(folder + "/**/*.ko", recursive=True)}


def build(kernel):
    """Build this tree's modules for a kernel; returns {module name: file}."""
    source, words = _words(kernel)
    if not words and not kernel.suite:
        words = [STRICT]
    _make(kernel, "modules", "KSRC=" + source, *(word.replace("ARCH=", "KARCH=") for word in words))
    return _built(f"{TREE}/build/modules/{kernel.release}")


def judged():
    """Builds what is not built, for the lab's own kernel; returns status and text of the compiler's W=1 and of sparse, which reads all."""
    with packages.locked():
        source = packages.headers(packages.default_kernel())
    with _alone():
        done = subprocess.run([*MAKE, "-k", "KSRC=" + source, "modules", STRICT, "C=2"], cwd=TREE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def others(folder, kernel):
    """Build the modules of another folder, in a copy; returns {module name: file}."""
    source, words = _words(kernel)
    copy = f"build/modules/{os.path.basename(os.path.abspath(folder))}-{kernel.release}"
    shutil.copytree(folder, f"{TREE}/{copy}", dirs_exist_ok=True)
    _make(kernel, "-C", source, f"M={'/tree' if kernel.suite else TREE}/{copy}", *words)
    return _built(f"{TREE}/{copy}")


def chosen(mix, kernel):
    """The files of this tree's modules that --modules MIX stands for."""
    names = MIXES[mix]
    built = build(kernel) if names else {}
    if mix == "ours" and "ARCH=um" in kernel.words:   # User Mode Linux has no PCI
        names = [name for name in names if name not in OURS["hba"]]
    missing = [name for name in names if name not in built]
    if missing:
        raise packages.SetupError("not built: " + ", ".join(missing))
    return {name: built[name] for name in names}
