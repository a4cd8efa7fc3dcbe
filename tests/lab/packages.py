# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache outside of the tree: Debian's packages unpacked, kernels, and the vmlinux inside a vmlinuz.

apt resolves and downloads, tar unpacks; nothing is installed on the host. Everything is done once and
published by rename, under one lock, so that two labs may start on a fresh machine at the same time.
"""

import collections
import contextlib
import fcntl
import glob
import gzip
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

CACHE = os.environ.get("OPENHBA_LAB_CACHE", "/var/cache/openhba-lab")
LIBRARY = re.compile(r"(lib|zlib)(?!perl|python)")
SKIPPED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/lib/debug/.dwz")


# A kernel to boot: folder has lib/modules/RELEASE; program is the file to start; tree is what modules are built against, with
# words for make, if it is no package's headers (kernels.py); suite (suites.py) has the compiler and headers if those are not the host's own Debian's.
Kernel = collections.namedtuple("Kernel", "release folder program tree words suite", defaults=[None, (), None])


class SetupError(Exception):
    """The lab cannot be set up: the message says what is missing."""


@contextlib.contextmanager
def locked(name="lock"):
    """The cache folder, made if needed, held by this process alone; or only what another NAME stands for."""
    try:
        os.makedirs(CACHE, exist_ok=True)
        lock = open(f"{CACHE}/{name}", "w")
    except OSError as error:
        raise SetupError(f"cannot use the cache {CACHE} ({error.strerror}); set OPENHBA_LAB_CACHE") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def call(*words, **more):
    """Run a host program, return its output; a failure is a SetupError with the program's last words."""
    environment = dict(os.environ, LC_ALL="C", PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    try:
        done = subprocess.run(words, capture_output=True, env=environment, check=False, **more)
    except FileNotFoundError as error:
        raise SetupError(f"{words[0]} is not installed (see tests/lab/host-packages.txt)") from error
    if done.returncode:
        raise SetupError(f"{' '.join(words[:6])}: {done.stderr.decode(errors='replace').strip()[-800:]}")
    return done.stdout


def publish(folder, fill):
    """Make folder once: fill(temporary folder), then rename."""
    if os.path.isdir(folder):
        return folder
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    temporary = tempfile.mkdtemp(prefix=".new-", dir=os.path.dirname(folder))
    try:
        os.chmod(temporary, 0o755)
        fill(temporary)
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def make_top(root):
    """The links from /bin, /sbin, /lib, /lib64 to /usr, which all that is unpacked below root goes through."""
    for top in ("bin", "sbin", "lib", "lib64"):
        os.makedirs(f"{root}/usr/{top}", exist_ok=True)
        os.symlink("usr/" + top, f"{root}/{top}")


def download(names, folder, apt=()):
    """Fetch packages by name into folder; returns the files. Checked against the archive's signatures by apt; APT is more options for it."""
    call("apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", *apt, "download", *names, cwd=folder)
    return sorted(glob.glob(folder + "/*.deb"))


def unpack(package, root):
    """Unpack one package below root, keeping root's links from /bin, /sbin, /lib to /usr."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as reader:
        call("tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root,
             *(f"--exclude=./{path}" for path in SKIPPED), stdin=reader.stdout)
    if reader.returncode:
        raise SetupError(f"cannot unpack {os.path.basename(package)}")


def resolve(names):
    """The packages plus every library package they depend on, as if nothing were installed."""
    with tempfile.NamedTemporaryFile() as empty:
        text = call("apt-get", "-q", "-o", f"Dir::State::status={empty.name}", "-o", "Debug::NoLocking=1",
                    "--no-install-recommends", "--simulate", "install", *names).decode()
    found = re.findall(r"^Inst (\S+)", text, re.MULTILINE)
    return [name for name in found if name in names or LIBRARY.match(name)]


def have_index():
    """apt knows packages at all; a fresh image may come without its lists."""
    try:
        call("apt-cache", "show", "--no-all-versions", "linux-image-amd64")
    except SetupError:
        call("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "update")


def release():
    """A short name of the host's Debian and its C library, part of every cached name.

    Programs built on the host run in the guest, so the guest's C library must not be the older one.
    """
    with open("/etc/os-release", encoding="utf-8") as file:
        words = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    libc = os.stat("/lib/x86_64-linux-gnu/libc.so.6").st_mtime
    return f"{words['ID']}{words.get('VERSION_ID', '')}-{int(libc):x}".replace('"', "")


def forget_old(folder, prefix, days=2):
    """Remove files of folder whose names begin with prefix and which nobody used for days."""
    for path in glob.glob(f"{folder}/{prefix}*"):
        if os.stat(path).st_mtime < time.time() - days * 86400:
            os.unlink(path)


def _fill_root(names):
    def fill(root):
        have_index()
        make_top(root)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            for package in download(resolve(names), folder):
                unpack(package, root)
    return fill


def userland(name, names):
    """The folder where these packages, and the libraries they need, are unpacked."""
    return publish(f"{CACHE}/{release()}/{name}", _fill_root(names))


def default_kernel():
    """The version that Debian's linux-image-amd64 stands for, remembered once asked."""
    memo = f"{CACHE}/{release()}/default-kernel"
    if not os.path.exists(memo):
        have_index()
        text = call("apt-cache", "depends", "linux-image-amd64").decode()
        found = re.search(r"Depends: linux-image-(\S+)", text)
        if not found:
            raise SetupError("apt knows no linux-image-amd64")
        os.makedirs(os.path.dirname(memo), exist_ok=True)
        with open(memo, "w", encoding="ascii") as file:
            file.write(found[1])
    with open(memo, encoding="ascii") as file:
        return file.read()


def kernel(version, apt=()):
    """Debian's linux-image-VERSION: boot/vmlinuz-VERSION, lib/modules/VERSION with modules.dep, and vmlinux. APT is more options for apt."""
    def fill(root):
        have_index()
        text = call("apt-cache", *apt, "depends", "linux-image-" + version).decode()
        names = re.findall(rf"Depends: (linux-\w+-{re.escape(version)})", text)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            for package in download(["linux-image-" + version, *names], folder, apt):
                unpack(package, root)
        if not os.path.isdir(root + "/lib/modules") and os.path.isdir(root + "/usr/lib/modules"):
            os.symlink("usr/lib", root + "/lib")
        call("depmod", "-b", root, version)
        place = f"{root}/boot/vmlinuz-{version}"
        with open(place if os.path.exists(place) else f"{root}/usr/lib/modules/{version}/vmlinuz", "rb") as file:
            image = extract_vmlinux(file.read())
        with open(root + "/vmlinux", "wb") as file:
            file.write(image)
    folder = publish(f"{CACHE}/kernel-{version}", fill)
    return Kernel(version, folder, folder + "/vmlinux")


def headers(version):
    """The build folder of the kernel VERSION's headers: what KSRC is to `make modules`.

    Debian's Makefile in there includes the common headers by their place on an installed system: it is led into the cache.
    """
    folder = f"{CACHE}/headers-{version}"
    source = f"{folder}/usr/src/linux-headers-{version}"

    def fill(root):
        have_index()
        text = call("apt-cache", "depends", "linux-headers-" + version).decode()
        names = re.findall(r"Depends: (linux-(?:headers|kbuild)-\S+)", text)
        with tempfile.TemporaryDirectory(dir=CACHE) as downloads:
            for package in download(["linux-headers-" + version, *names], downloads):
                unpack(package, root)
        makefile = f"{root}/usr/src/linux-headers-{version}/Makefile"
        with open(makefile, encoding="utf-8") as file:
            text = file.read()
        with open(makefile, "w", encoding="utf-8") as file:
            file.write(text.replace("/usr/src/", folder + "/usr/src/"))
    publish(folder, fill)
    return source


def extract_vmlinux(image):
    """The ELF kernel inside a bzImage: booting it directly saves the guest the decompression."""
    setup_sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = image[start:start + length]
    if payload.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(payload)
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        # The four bytes after the frame are the size of what it unpacks to.
        return call("zstd", "-dcq", input=payload[:-4])
    raise SetupError("unknown compression of the kernel image")


def module_bytes(path):
    """A module's file, unpacked where Debian ships it compressed."""
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return call("zstd", "-dcq", input=data)
    return gzip.decompress(data) if path.endswith(".gz") else data
