# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels that come with the tree that modules of our own are built against, in the cache: Debian's user-mode-linux, and debug kernels
compiled here once, one for each machine.

The sources are Debian's linux-source, by apt; debug/ has the debug kernels' configuration and patches. `python3 kernels.py
packaged|debug-uml|debug-qemu` makes one and prints its tree.
"""

import collections
import contextlib
import fcntl
import glob
import gzip
import hashlib
import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
import packages

DEBUG = os.path.dirname(os.path.abspath(__file__)) + "/debug"
SERIES = "6.1"
# What building modules needs of a kernel's source, besides its machine's part.
TREE = ("Makefile", "Kbuild", "Kconfig", "scripts", "include", "arch/x86", "tools/include", "tools/build", "tools/scripts")
# A kind of machine: make's ARCH, what of the source is made and booted, what modules need of the source besides TREE.
Machine = collections.namedtuple("Machine", "arch program tree")
MACHINES = {"uml": Machine("um", "linux", ("arch/um",)), "qemu": Machine("x86_64", "vmlinux", ("tools/objtool/objtool",))}

# What more_modules() builds: names of Kconfig.
MORE = ("NVME_CORE", "NVME_FABRICS", "NVME_TCP", "NVME_TARGET", "NVME_TARGET_TCP", "BLK_DEV_NULL_BLK")


def _content(path):
    with open(path, "rb") as file:
        return file.read()


@contextlib.contextmanager
def _alone(name):
    """Making a kernel takes long: it has a lock of its own, so that other labs go on."""
    os.makedirs(packages.CACHE, exist_ok=True)
    with open(f"{packages.CACHE}/{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _source(folder, version=""):
    """Unpack linux-source-6.1, a certain or the newest version; returns its top."""
    packages.download([f"linux-source-{SERIES}" + (version and "=" + version)], folder)
    package = glob.glob(folder + "/linux-source-*.deb")[0]
    packages.call("dpkg-deb", "--extract", package, folder + "/package")
    archive = glob.glob(f"{folder}/package/usr/src/linux-source-*.tar.xz")[0]
    packages.call("tar", "-x", "-f", archive, "-C", folder)
    shutil.rmtree(folder + "/package")
    os.unlink(package)
    return f"{folder}/linux-source-{SERIES}"


def _make(machine, top, *words, **environment):
    """The kernel's make. It is polite: others may use the machine, too. Names of ours keep ccache's hits."""
    environment = dict(os.environ, KBUILD_BUILD_TIMESTAMP="2026-01-01", KBUILD_BUILD_USER="lab", KBUILD_BUILD_HOST="lab", **environment)
    return packages.call("env", *(f"{name}={value}" for name, value in environment.items() if name.startswith(("KBUILD", "KCONFIG"))),
                         "nice", "-n", "15", "make", "-s", "-C", top, f"ARCH={MACHINES[machine].arch}", f"-j{os.cpu_count()}", *words)


def _release(top):
    with open(top + "/include/generated/utsrelease.h", encoding="ascii") as file:
        return re.search(r'UTS_RELEASE "(.*)"', file.read())[1]


def _keep_tree(machine, top, folder):
    """Of a kernel's source as it was built, only what modules need."""
    os.makedirs(folder)
    symbols = [name for name in (".config", "Module.symvers") if os.path.exists(f"{top}/{name}")]
    packages.call("cp", "-a", "--parents", "-t", folder, *TREE, *MACHINES[machine].tree, *symbols, cwd=top)
    for path, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".o", ".cmd", ".a")) and "/scripts" not in path:
                os.unlink(f"{path}/{name}")


def _recipe(machine):
    """The debug kernel's configuration, and its patches."""
    return [f"{DEBUG}/config", f"{DEBUG}/{machine}"], sorted(glob.glob(f"{DEBUG}/patches/{machine}-{SERIES}-*.patch"))


def _refused(top, wanted):
    """Lines of the configuration that the source's Kconfig did not take."""
    with open(top + "/.config", encoding="utf-8") as file:
        have = set(file.read().splitlines())
    return [line for line in wanted.splitlines() if line.startswith("CONFIG_")
            and (line[:-1] + "y" in have or line[:-1] + "m" in have if line.endswith("=n") else line not in have)]


def _configure(machine, top):
    """All that the debug kernel's files do not name is off."""
    configs, patches = _recipe(machine)
    for patch in patches:
        packages.call("patch", "-s", "-p1", "-d", top, "-i", patch)
    wanted = b"".join(_content(path) for path in configs).decode()
    with open(top + "/wanted.config", "w", encoding="utf-8") as file:
        file.write(wanted)
    _make(machine, top, "allnoconfig", KCONFIG_ALLCONFIG=file.name)
    refused = _refused(top, wanted)
    if refused:
        raise packages.SetupError(f"linux-source-{SERIES} refuses {' '.join(refused)}")


def _build_debug(machine, folder):
    print(f"tests/lab: compiling the debug kernel for {machine}, once; some ten minutes of two idle cores", file=sys.stderr)
    program = MACHINES[machine].program
    with tempfile.TemporaryDirectory(dir=packages.CACHE, prefix=".build-") as work:
        top = _source(work)
        _configure(machine, top)
        _make(machine, top, program, "modules")
        _make(machine, top, "modules_install", f"INSTALL_MOD_PATH={folder}")
        shutil.copy(f"{top}/{program}", f"{folder}/{program}")
        _keep_tree(machine, top, folder + "/tree")
        for link in ("build", "source"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{folder}/lib/modules/{_release(top)}/{link}")


def _unpack_packaged(folder):
    packages.have_index()
    with tempfile.TemporaryDirectory(dir=packages.CACHE, prefix=".build-") as work:
        package = packages.download(["user-mode-linux"], work)[0]
        packages.call("dpkg-deb", "--extract", package, work + "/package")
        release = os.listdir(work + "/package/usr/lib/uml/modules")[0]
        os.makedirs(folder + "/lib/modules")
        shutil.move(f"{work}/package/usr/lib/uml/modules/{release}", f"{folder}/lib/modules/{release}")
        shutil.move(work + "/package/usr/bin/linux.uml", folder + "/linux")
        packages.call("depmod", "-b", folder, release)
        with gzip.open(work + "/package/usr/share/doc/user-mode-linux/config.gz") as file:
            config = file.read()
        top = _source(work, _source_version(release))
        with open(top + "/.config", "wb") as file:
            file.write(config)
        _make("uml", top, "olddefconfig")
        _make("uml", top, "modules_prepare")
        _keep_tree("uml", top, folder + "/tree")


def _source_version(release):
    """The version of linux-source that user-mode-linux was compiled from."""
    text = packages.call("apt-cache", "madison", f"linux-source-{SERIES}").decode()
    found = re.search(rf"\| *({re.escape(release)}-\S+) *\|", text)
    if not found:
        raise packages.SetupError(f"apt has no linux-source-{SERIES} {release}, of which user-mode-linux was made")
    return found[1]


def _words(machine, tree):
    """What modules are made with. Only code that asks for it is checked for bounds: modules of our own are, the kernel is not."""
    nameless = [] if os.path.exists(tree + "/Module.symvers") else ["KBUILD_MODPOST_WARN=1"]
    return [f"ARCH={MACHINES[machine].arch}", "UBSAN_SANITIZE=y", *nameless]


def _kernel(machine, name, fill):
    folder = f"{packages.CACHE}/{name}"
    if not os.path.isdir(folder):
        with _alone(name):
            packages.publish(folder, fill)
    return packages.Kernel(os.listdir(folder + "/lib/modules")[0], folder, f"{folder}/{MACHINES[machine].program}", folder + "/tree",
                           _words(machine, folder + "/tree"))


def packaged():
    """Debian's user-mode-linux."""
    return _kernel("uml", "uml-packaged", _unpack_packaged)


def more_modules():
    """A folder for --build: NVMe over TCP, both its ends, and the null block driver, which Debian's user-mode-linux leaves out."""
    def fill(folder):
        with tempfile.TemporaryDirectory(dir=packages.CACHE, prefix=".build-") as work:
            top = _source(work, _source_version(packaged().release))
            for part in ("nvme/host", "nvme/target", "block/null_blk"):
                shutil.copytree(f"{top}/drivers/{part}", f"{folder}/{os.path.basename(part)}")
        with open(folder + "/Kbuild", "w", encoding="ascii") as file:
            file.write("".join(f"export CONFIG_{name} := m\n" for name in MORE) + "obj-m += host/ target/ null_blk/\n")
    with _alone("uml-more"):
        return packages.publish(f"{packages.CACHE}/uml-more", fill)


def debug(machine):
    """The debug kernel of debug/ for a machine."""
    recipe = hashlib.sha256(b"".join(_content(path) for paths in _recipe(machine) for path in paths))
    return _kernel(machine, f"{machine}-debug-{recipe.hexdigest()[:12]}", lambda folder: _build_debug(machine, folder))


if __name__ == "__main__":
    try:
        kind, _, name = sys.argv[1].partition("-")
        print((debug(name) if kind == "debug" else packaged()).tree)
    except packages.SetupError as error:
        sys.exit(f"tests/lab/kernels.py: {error}")
