# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's suites whose kernels are of interest beside the host's own: their kernels, headers and compilers, all in the cache.

Each suite has package lists of its own and a root folder in which its compiler runs by chroot in a private mount
namespace. Nothing of the host's apt, libraries or mounts is changed. Neither boots anything nor knows what is built.
"""

import glob
import hashlib
import os
import re
import subprocess
import tempfile

import packages

SUITES = ("bookworm", "trixie", "sid")
COMPILER = ["linux-headers-amd64", "gcc", "make", "dash", "bash", "coreutils", "sed", "grep", "mawk", "findutils", "diffutils",
            "perl-base", "kmod", "sparse", "dwarves", "bsdextrautils", "dkms", "patch"]
STANZA = "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
ENTER = """root=$1 tree=$2; shift 2
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$tree" "$root/tree"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C "$@"
"""


def mirror():
    """Where the host gets Debian from."""
    text = packages.call("apt-get", "indextargets", "--format", "$(SITE) $(REPO_URI)").decode()
    places = re.findall(r"^\S+ (\S+/debian)/?$", text, re.MULTILINE)
    if not places:
        raise packages.SetupError("apt gets nothing from a mirror of Debian (.../debian): no other release can be fetched")
    return places[0]


def host():
    """The name of the host's own suite."""
    with open("/etc/os-release", encoding="utf-8") as file:
        return re.search(r'^VERSION_CODENAME="?(\w+)', file.read(), re.MULTILINE)[1]


def kernel(word):
    """The kernel that --kernel WORD means: a suite's, or a version the host's apt knows, or (None) the host's default."""
    if word in SUITES and word != host():
        with packages.locked("suites.lock"):
            suite = Suite(word)
            suite.root()
        with packages.locked():
            return packages.kernel(suite.kernel, suite.apt)._replace(suite=suite)
    with packages.locked():
        return packages.kernel(word if word and word != host() else packages.default_kernel())


def apt_words(folder):
    """The options by which apt knows only what is in FOLDER: its lists, sources and an empty list of installed packages."""
    places = {"Dir::State::lists": "lists", "Dir::State::status": "status", "Dir::Cache": "cache",
              "Dir::Etc::sourcelist": "debian.sources"}
    return [word for key, place in places.items() for word in ("-o", f"{key}={folder}/{place}")] + [
        "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "Dir::Etc::preferences=/dev/null",
        "-o", "Dir::Etc::preferencesparts=/dev/null", "-o", "Acquire::Languages=none",
        "-o", "APT::Update::Post-Invoke-Success=", "-o", "APT::Sandbox::User=root"]


def fetch_lists(folder, suites):
    """Fill FOLDER for apt_words(): the package lists of these suites, from the host's mirror."""
    os.makedirs(folder + "/lists/partial")
    os.makedirs(folder + "/cache/archives/partial")
    with open(folder + "/status", "w", encoding="ascii"):
        pass
    with open(folder + "/debian.sources", "w", encoding="ascii") as file:
        for suite in suites:
            file.write(STANZA.format(mirror() + ("-security" if suite.endswith("-security") else ""), suite))
    packages.call("apt-get", "-q", *apt_words(folder), "update")


class Suite:
    """One suite; made with packages.locked("suites.lock") held."""

    def __init__(self, name):
        self.name = name
        self.folder = f"{packages.CACHE}/suites/{name}"
        self.apt = apt_words(self.folder + "/apt")
        packages.publish(self.folder + "/apt", self._lists)
        text = packages.call("apt-cache", *self.apt, "depends", "linux-image-amd64").decode()
        self.kernel = re.search(r"Depends: linux-image-(\d\S+)", text)[1]
        self.source = "/usr/src/linux-headers-" + self.kernel

    def _lists(self, folder):
        """The package lists, fetched once; apt is told their final place, so they are made under it."""
        fetch_lists(folder, [self.name] if self.name == "sid" else [self.name, self.name + "-updates", self.name + "-security"])

    def root(self):
        """The folder with the suite's compiler and kernel headers."""
        def fill(root):
            packages.make_top(root)
            for top in ("dev", "proc", "tmp", "tree"):
                os.makedirs(f"{root}/{top}")
            text = packages.call("apt-get", "-q", *self.apt, "--no-install-recommends", "--simulate", "install", *COMPILER).decode()
            names = re.findall(r"^Inst (\S+)", text, re.MULTILINE)
            with tempfile.TemporaryDirectory(dir=packages.CACHE) as folder:
                for package in packages.download(names, folder, self.apt):
                    packages.unpack(package, root)
            for path, target in (("sh", "dash"), ("awk", "mawk")):
                if not os.path.lexists(f"{root}/usr/bin/{path}"):
                    os.symlink(target, f"{root}/usr/bin/{path}")
            # Newer kernels ask this script whether sparse is any good, and Debian's headers come without it.
            for folder in glob.glob(root + "/usr/lib/linux-kbuild-*/scripts"):
                if not os.path.exists(folder + "/checker-valid.sh"):
                    with open(folder + "/checker-valid.sh", "w", encoding="ascii") as file:
                        file.write("#!/bin/sh\necho 1\n")
                    os.chmod(folder + "/checker-valid.sh", 0o755)
        digest = hashlib.sha256(repr((COMPILER, self.kernel)).encode()).hexdigest()[:12]
        return packages.publish(f"{self.folder}/root-{digest}", fill)

    def run(self, tree, *words):
        """Run a command in the root, in /tree, which is the folder TREE of the host; returns its status and all it said."""
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", ENTER, "enter", self.root(), tree,
                               "env", "-C", "/tree", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
