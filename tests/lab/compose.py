# SPDX-License-Identifier: GPL-3.0-or-later
"""The initramfs: cached layers of Debian's files and kernel modules, then a small part made for each run.

A layer is a cpio archive with the list of its names; a later layer leaves out what an earlier one has.
Layers are cached under a hash of everything that went into them. Starts no virtual machine.
"""

import glob
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile

import elf
import packages
from cpio import Archive
from packages import SetupError

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = HERE + "/files"
TREE = os.path.dirname(os.path.dirname(HERE))
LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib", "/usr/lib64", "/usr/local/lib")
HOST = ""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def sections():
    """guest.list as {section: [(package, [glob, ...]), ...]}."""
    found, name = {}, None
    for line in read(FILES + "/guest.list").decode().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("["):
            name = words[0].strip("[]")
            found[name] = []
        else:
            found[name].append((words[0], words[1:]))
    return found


class Filler:
    """Adds files of unpacked packages, or of the host, to an archive, with the libraries they need."""

    def __init__(self, archive, roots):
        self.archive = archive
        self.roots = roots

    def add(self, root, path):
        """One file below root by its guest path; a link brings what it points to."""
        path = os.path.normpath("/" + path)
        if path in self.archive:
            return
        source = root + path
        if os.path.islink(source):
            target = os.readlink(source)
            self.archive.link(path, target)
            self.add(root, os.path.join(os.path.dirname(path), target))
        elif os.path.isfile(source):
            self.add_data(path, read(source), os.stat(source).st_mode & 0o755 | 0o444)

    def add_data(self, path, data, mode=0o755):
        self.archive.file(path, data, mode)
        if not elf.is_elf(data):
            return
        names, run_paths = elf.needed(data)
        origin = os.path.dirname(path)
        folders = [part.replace("$ORIGIN", origin).replace("${ORIGIN}", origin) for part in run_paths]
        for name in names:
            self._add_library(name, folders + list(LIBRARIES), path)

    def _add_library(self, name, folders, wanted_by):
        candidates = [os.path.normpath(folder + "/" + name) for folder in folders]
        if any(path in self.archive for path in candidates):
            return
        for root in self.roots:
            for path in candidates:
                if os.path.exists(root + path) or os.path.islink(root + path):
                    self.add(root, path)
                    return
        raise SetupError(f"{wanted_by} needs {name}, which is not there")


class Layers:
    """The cached layers of one run, in order; called with the cache locked."""

    def __init__(self, kernel, more_modules=()):
        self.kernel = kernel
        listed = (line for line in read(FILES + "/modules.list").decode().splitlines() if not line.startswith("#"))
        self.wanted = [word for line in listed for word in line.split()] + list(more_modules)
        self.files = []
        self.names = set()
        self.roots = []
        self.root = {}
        code = b"".join(read(f"{HERE}/{name}.py") for name in ("compose", "cpio", "elf"))
        self._key = hashlib.sha256(code + kernel.folder.encode()).hexdigest()

    def _layer(self, name, recipe, fill):
        """Take a layer from the cache, or let fill(archive) make it."""
        self._key = hashlib.sha256((self._key + name + recipe).encode()).hexdigest()
        base = f"{packages.CACHE}/{packages.release()}/layers/{name}-{self._key[:16]}"
        if not os.path.exists(base + ".names"):
            archive = Archive(self.names)
            fill(archive)
            os.makedirs(os.path.dirname(base), exist_ok=True)
            packages.forget_old(os.path.dirname(base), name + "-")
            for suffix, data in ((".cpio", archive.close()), (".names", json.dumps(sorted(archive.names)).encode())):
                with open(base + suffix + ".new", "wb") as file:
                    file.write(data)
                os.rename(base + suffix + ".new", base + suffix)
        os.utime(base + ".cpio")
        os.utime(base + ".names")
        self.files.append(base + ".cpio")
        self.names |= set(json.loads(read(base + ".names")))

    def add_section(self, name):
        """A section of guest.list."""
        rows = sections()[name]
        recipe = json.dumps(rows)
        wanted = sorted({package for package, _ in rows})
        digest = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:12]
        root = packages.userland(f"{name}-{digest}", wanted)
        self.roots.append(root)
        self.root[name] = root

        def fill(archive):
            if name == "base":
                archive.merge_links()
            filler = Filler(archive, self.roots)
            for pattern in (pattern for _, patterns in rows for pattern in patterns):
                for path in sorted(glob.glob(f"{root}/{pattern}")):
                    filler.add(root, path[len(root):])
            if name == "base":
                _applets(archive, root)
            if name == "valgrind":
                _debug_files(archive, root, self.root["base"])
        self._layer(name, recipe, fill)

    def add_modules(self):
        """The wanted modules and their dependencies, with indexes of just this set."""
        self._layer("modules", " ".join(self.wanted), lambda archive: _modules(archive, self))


def _applets(archive, root):
    """A link for every busybox applet that no real program provides, and for kmod's names."""
    for name in ("modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod"):
        archive.link("/usr/sbin/" + name, "../bin/kmod")
    archive.link("/usr/bin/sh", "dash")
    loader = [root + "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "--library-path",
              root + "/usr/lib/x86_64-linux-gnu", root + "/usr/bin/busybox", "--list"]
    present = {os.path.basename(name) for name in archive.names}
    for applet in packages.call(*loader).decode().split():
        if applet not in present:
            archive.link("/usr/bin/" + applet, "busybox")


def _debug_files(archive, root, base):
    """Debug symbols of the C library and its loader: valgrind does not start without them."""
    for name in ("libc.so.6", "ld-linux-x86-64.so.2"):
        build_id = elf.build_id(read(f"{base}/usr/lib/x86_64-linux-gnu/{name}"))
        path = f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
        archive.file(path, read(root + path), 0o644)


def _module_closure(folder, wanted):
    """{name: path below folder} of the wanted modules, their dependencies and soft dependencies."""
    depends, soft, closure = {}, {}, {}
    for line in read(folder + "/modules.dep").decode().splitlines():
        path, _, rest = line.partition(":")
        depends[_module_name(path)] = (path, rest.split())
    for line in read(folder + "/modules.softdep").decode().splitlines():
        words = line.split()
        if words and words[0] == "softdep":
            soft.setdefault(words[1].replace("-", "_"), []).extend(w for w in words[2:] if not w.endswith(":"))
    todo = [name.replace("-", "_") for name in wanted]
    while todo:
        name = todo.pop()
        if name in closure or name not in depends:
            continue
        closure[name] = depends[name][0]
        todo += [_module_name(path) for path in depends[name][1]]
        todo += [other.replace("-", "_") for other in soft.get(name, [])]
    return closure


def _module_name(path):
    return os.path.basename(path).split(".ko", 1)[0].replace("-", "_")


def _stage_modules(stage, layers, own):
    """The guest's module folder made below stage: modules.list's set, own modules in updates/, indexes of just these."""
    folder = f"{layers.kernel.folder}/lib/modules/{layers.kernel.release}"
    target = f"{stage}/lib/modules/{layers.kernel.release}"
    os.makedirs(target + "/updates")
    for path in _module_closure(folder, layers.wanted).values():
        plain = path.split(".ko", 1)[0] + ".ko"
        os.makedirs(os.path.dirname(f"{target}/{plain}"), exist_ok=True)
        with open(f"{target}/{plain}", "wb") as file:
            file.write(packages.module_bytes(f"{folder}/{path}"))
    for name, path in own.items():
        shutil.copyfile(path, f"{target}/updates/{name}.ko")
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copyfile(f"{folder}/{name}", f"{target}/{name}")
    packages.call("depmod", "-b", stage, layers.kernel.release)
    return target


def _modules(archive, layers):
    with tempfile.TemporaryDirectory() as stage:
        target = _stage_modules(stage, layers, {})
        for path in sorted(glob.glob(target + "/**/*.ko", recursive=True)) + sorted(glob.glob(target + "/modules.*")):
            archive.file(path[len(stage):], read(path), 0o644)


def _own_modules(archive, layers, own):
    """This tree's modules, and indexes over those of the layer by which modprobe finds ours before the distribution's."""
    with tempfile.TemporaryDirectory() as stage:
        target = _stage_modules(stage, layers, own)
        for path in sorted(glob.glob(target + "/updates/*.ko")) + sorted(glob.glob(target + "/modules.*")):
            archive.file(path[len(stage):], read(path), 0o644)


def programs(san):
    """The programs of this tree that were built: every ELF file right below build/."""
    folder = TREE + ("/build/san" if san else "/build")
    found = []
    for path in sorted(glob.glob(folder + "/*")):
        if os.path.isfile(path) and os.access(path, os.X_OK) and elf.is_elf(read(path)):
            found.append(path)
    names = {os.path.basename(path) for path in found}
    missing = {"iscsid", "iscsiadm"} - names
    if missing:
        what = " ".join(f"{os.path.relpath(folder, TREE)}/{name}" for name in sorted(missing))
        raise SetupError(f"{what} not built: run `make {what}`, or use --tools open-iscsi")
    return found


def _tools(archive, filler, layers, options):
    name = b"InitiatorName=iqn.2016-04.com.openhba:lab\n"
    archive.directory("/etc/iscsi")
    archive.file("/etc/iscsi/initiatorname.iscsi", name, 0o600)
    if options.tools == "ours":
        for path in programs(options.san):
            filler.add_data("/usr/sbin/" + os.path.basename(path), read(path))
        sample = TREE + "/etc/iscsid.conf"
        if os.path.exists(sample):
            archive.file("/etc/iscsi/iscsid.conf", read(sample), 0o600)
    else:
        text = read(layers.root["open-iscsi"] + "/etc/iscsi/iscsid.conf")
        # Asked to start a daemon that is not there, iscsiadm waits a second for each command.
        text = re.sub(rb"(?m)^iscsid.startup *=.*", b"iscsid.startup = /bin/false", text)
        archive.file("/etc/iscsi/iscsid.conf", text, 0o600)


def _given(archive, filler, guest, source):
    """A file or folder of the host at a guest path; the libraries of programs come along."""
    status = os.stat(source)
    if stat.S_ISDIR(status.st_mode):
        archive.directory(guest, status.st_mode & 0o777)
        for name in sorted(os.listdir(source)):
            _given(archive, filler, f"{guest}/{name}", f"{source}/{name}")
    else:
        filler.add_data(guest, read(source), status.st_mode & 0o777)


def run_part(layers, options, variables, own):
    """The archive made for this run: skeleton, /lab, the tools and own modules under test, the script and its inputs."""
    archive = Archive()
    filler = Filler(archive, layers.roots + [HOST])
    for name in ("proc", "sys", "dev", "run", "tmp", "out", "mnt", "root", "in", "var/lib", "var/log", "var/tmp", "etc/target"):
        archive.directory(name)
    for path, target in (("/var/run", "/run"), ("/var/lock", "/run/lock"), ("/etc/mtab", "/proc/mounts")):
        archive.link(path, target)
    archive.device("/dev/console", 5, 1)
    archive.device("/dev/null", 1, 3, 0o666)
    for path in sorted(glob.glob(FILES + "/etc/*")):
        _given(archive, filler, "/etc/" + os.path.basename(path), path)
    for name, guest in (("init", "/init"), ("lib.sh", "/lab/lib.sh"), ("lab-hotplug", "/usr/sbin/lab-hotplug"),
                        ("lab-hba", "/usr/sbin/lab-hba"), ("lab-san", "/usr/sbin/lab-san")):
        archive.file(guest, read(f"{FILES}/{name}"), 0o755)
    lines = "".join(f"{name}='{value}'\n" for name, value in variables.items())
    archive.file("/lab/env", lines.encode(), 0o644)
    for rule, text in udev_rules():
        archive.file("/usr/lib/udev/rules.d/" + rule, text.encode(), 0o644)
    _tools(archive, filler, layers, options)
    if own:
        _own_modules(archive, layers, own)
    for word in options.input:
        source, _, guest = word.partition(":")
        _given(archive, filler, guest or "/in/" + os.path.basename(source.rstrip("/")), source)
    archive.file("/lab/script/" + os.path.basename(options.script), read(options.script), 0o755)
    return archive.close()


def udev_rules():
    """Names of the lab's NICs, from their addresses (qemu.py gives NIC i the address 52:54:09:00:00:i)."""
    text = "".join(f'SUBSYSTEM=="net", ACTION=="add", ATTR{{address}}=="52:54:09:00:00:{i:02x}", NAME="nic{i}"\n'
                   for i in range(32))
    return [("70-lab-nics.rules", text)]


def initramfs(path, layers, last):
    """Write the layers' files and the run's own part, one after the other; returns the size."""
    with open(path, "wb") as file:
        for name in layers:
            with open(name, "rb") as layer:
                while os.sendfile(file.fileno(), layer.fileno(), None, 1 << 30):
                    pass
        file.seek(0, os.SEEK_END)
        file.write(last)
    return os.path.getsize(path)
