# SPDX-License-Identifier: GPL-3.0-or-later
"""A cpio archive in the "newc" form the kernel unpacks as an initramfs.

The tree is usr-merged: a name below /bin, /sbin, /lib or /lib64 is filed below /usr. Archives can be
concatenated, so a layer that never changes is written once and reused. Knows nothing of packages.
"""

MERGED = ("bin", "sbin", "lib", "lib64")


def merged(path):
    """The name of a guest path inside the archive: no leading slash, below usr/ where Debian merges."""
    path = path.lstrip("/")
    return "usr/" + path if path.split("/", 1)[0] in MERGED else path


class Archive:
    """Entries in the order they were added. A name is filed once: the first one wins."""

    def __init__(self, known=()):
        self.names = set()
        self._known = set(known)
        self._chunks = []

    def __contains__(self, path):
        name = merged(path)
        return name in self.names or name in self._known

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        raw = name.encode() + b"\0"
        fields = (len(self.names) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % value for value in fields) + raw
        self._chunks += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def _add(self, path, mode, data=b"", device=(0, 0)):
        name = merged(path)
        if name in self:
            return
        parent = name.rpartition("/")[0]
        if parent:
            self.directory(parent)
        self.names.add(name)
        self._entry(name, mode, data, device)

    def directory(self, path, mode=0o755):
        self._add(path, 0o040000 | mode)

    def file(self, path, data, mode=0o755):
        self._add(path, 0o100000 | mode, data)

    def link(self, path, target):
        self._add(path, 0o120777, target.encode())

    def device(self, path, major, minor, mode=0o600):
        self._add(path, 0o020000 | mode, device=(major, minor))

    def merge_links(self):
        """The links that make the tree usr-merged; they must come before anything else."""
        for top in MERGED:
            self.directory("usr/" + top)
            self.names.add(top)
            self._entry(top, 0o120777, ("usr/" + top).encode())

    def close(self):
        """The whole archive as bytes, padded so that another one may follow."""
        self._entry("TRAILER!!!", 0)
        data = b"".join(self._chunks)
        return data + b"\0" * (-len(data) % 512)
