# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels of --machine uml, in the cache: Debian's user-mode-linux, and a debug kernel compiled here once.

Both come with the tree that modules of our own are built against. The sources are Debian's linux-source, by apt; debug/
has the debug kernel's configuration and patches. `python3 umlkernel.py packaged|debug` makes one and prints its tree.
"""

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
# What building modules needs of a kernel's source.
TREE = ("Makefile", "Kbuild", "Kconfig", "scripts", "include", "arch/um", "arch/x86", "tools/include", "tools/build", "tools/scripts")

# What more_modules() builds: names of Kconfig.
MORE = ("NVME_CORE", "NVME_FABRICS", "NVME_TCP", "NVME_TARGET", "NVME_TARGET_TCP", "BLK_DEV_NULL_BLK")


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


def _make(top, *words, **environment):
    """The kernel's make. It is polite: others may use the machine, too. Names of ours keep ccache's hits."""
    environment = dict(os.environ, KBUILD_BUILD_TIMESTAMP="2026-01-01", KBUILD_BUILD_USER="lab", KBUILD_BUILD_HOST="lab", **environment)
    return packages.call("env", *(f"{name}={value}" for name, value in environment.items() if name.startswith(("KBUILD", "KCONFIG"))),
                         "nice", "-n", "15", "make", "-s", "-C", top, "ARCH=um", f"-j{os.cpu_count()}", *words)


def _release(top):
    with open(top + "/include/generated/utsrelease.h", encoding="ascii") as file:
        return re.search(r'UTS_RELEASE "(.*)"', file.read())[1]


def _keep_tree(top, folder):
    """Of a kernel's source as it was built, only what modules need."""
    os.makedirs(folder)
    symbols = [name for name in (".config", "Module.symvers") if os.path.exists(f"{top}/{name}")]
    packages.call("cp", "-a", "--parents", "-t", folder, *TREE, *symbols, cwd=top)
    for path, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".o", ".cmd", ".a")) and "/scripts" not in path:
                os.unlink(f"{path}/{name}")


def _refused(top):
    """Lines of debug/config that the source's Kconfig did not take."""
    with open(top + "/.config", encoding="utf-8") as file:
        have = set(file.read().splitlines())
    with open(DEBUG + "/config", encoding="utf-8") as file:
        wanted = [line for line in file.read().splitlines() if line.startswith("CONFIG_")]
    return [line for line in wanted
            if (line[:-1] + "y" in have or line[:-1] + "m" in have if line.endswith("=n") else line not in have)]


def _build_debug(folder):
    print("tests/lab: compiling the debug kernel, once; some ten minutes of two idle cores", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=packages.CACHE, prefix=".build-") as work:
        top = _source(work)
        for patch in sorted(glob.glob(f"{DEBUG}/patches/{SERIES}-*.patch")):
            packages.call("patch", "-s", "-p1", "-d", top, "-i", patch)
        _make(top, "allnoconfig", KCONFIG_ALLCONFIG=DEBUG + "/config")
        refused = _refused(top)
        if refused:
            raise packages.SetupError(f"linux-source-{SERIES} refuses {' '.join(refused)}")
        _make(top, "linux", "modules")
        _make(top, "modules_install", f"INSTALL_MOD_PATH={folder}")
        shutil.copy(top + "/linux", folder + "/linux")
        _keep_tree(top, folder + "/tree")
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
        _make(top, "olddefconfig")
        _make(top, "modules_prepare")
        _keep_tree(top, folder + "/tree")


def _source_version(release):
    """The version of linux-source that user-mode-linux was compiled from."""
    text = packages.call("apt-cache", "madison", f"linux-source-{SERIES}").decode()
    found = re.search(rf"\| *({re.escape(release)}-\S+) *\|", text)
    if not found:
        raise packages.SetupError(f"apt has no linux-source-{SERIES} {release}, of which user-mode-linux was made")
    return found[1]


def _kernel(name, fill):
    folder = f"{packages.CACHE}/{name}"
    if not os.path.isdir(folder):
        with _alone(name):
            packages.publish(folder, fill)
    return packages.Kernel(os.listdir(folder + "/lib/modules")[0], folder, folder + "/linux", folder + "/tree")


def packaged():
    """Debian's user-mode-linux."""
    return _kernel("uml-packaged", _unpack_packaged)


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


def debug():
    """The debug kernel of debug/."""
    recipe = hashlib.sha256()
    for path in [DEBUG + "/config"] + sorted(glob.glob(f"{DEBUG}/patches/{SERIES}-*.patch")):
        with open(path, "rb") as file:
            recipe.update(file.read())
    return _kernel(f"uml-debug-{recipe.hexdigest()[:12]}", _build_debug)


def words(tree):
    """What modules are made with. Only code that asks for it is checked for bounds: modules of our own are, the kernel is not."""
    nameless = [] if os.path.exists(tree + "/Module.symvers") else ["KBUILD_MODPOST_WARN=1"]
    return ["ARCH=um", "UBSAN_SANITIZE=y", *nameless]


if __name__ == "__main__":
    try:
        print({"packaged": packaged, "debug": debug}[sys.argv[1]]().tree)
    except packages.SetupError as error:
        sys.exit(f"tests/lab/umlkernel.py: {error}")
