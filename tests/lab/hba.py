# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated iSCSI HBAs of a machine, and the storage network that their ports are on: namespaces, a target, one process per card.

All of it lives in network, mount, process and IPC namespaces of its own and ends with the first process of those, which ends with the
lab however that ends: two labs never meet and none leaves anything. Knows QEMU by the words for a function and by QMP.
"""

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time

import packages
import qemu

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = TREE + "/build/hbafw"
MODELS = ("4010", "4022", "4032")
FUNCTIONS = (1, 3)          # what a port is on the bus; function 0 is a bystander
ANSWER_MS = 60000           # what QEMU waits for an answer of the card's process; then the card is gone for good, and a busy host is slow
IQN = "iqn.2026-11.org.openhba.san:"
CHAP = ("alice", "wonderland123", "bob", "lookingglass99")
# Targets of the storage network: name, MiB of each of its two disks (LUN 1 and 2; None: --san-disk), whether it wants CHAP.
TARGETS = (("t0", None, False), ("chap", 32, True))
ACB = ["ipv4_enable=on", "dhcp=off", "ipv4_mask=255.255.255.0"]
ACB6 = ["ipv6_enable=on", "ipv6_autoconfig=off", "link_local_autoconfig=on"]
DDB = ["is_target=on", "port=3260", "execution_throttle=8", "immediate_data=on", "data_sequence_in_order=on", "data_pdu_in_order=on",
       "timer_scale=3", "max_recv_segment=128", "max_send_segment=128", "first_burst=128", "max_burst=512", "time2wait=2", "time2retain=20",
       "max_r2t=1", "keep_alive=14", "default_timeout=30", "isid=000e1e000000", "portal_group=1", "link=0xffff", "cookie=0x9034", "length=512"]
# unshare kills its child with itself, that is the first process of the namespace, and the kernel all others with that one.
APART = ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc", "sh", "-ec",
         "mount -t tmpfs run /run; mkdir /run/netns /run/tgtd; echo ready; exec sleep infinity"]


def program(options):
    """What emulates a card."""
    return f"{TREE}/build/{'san/' if options.san else ''}tests/hba/hba"


def check(options):
    """Refuse what cannot work: programs that are not built, words that nobody knows."""
    missing = [os.path.relpath(path, TREE) for path in (program(options), TOOL) if not os.path.exists(path)]
    if missing:
        raise packages.SetupError(f"--hba: {' '.join(missing)} not built: run `make {' '.join(missing)}`")
    Flash(options.hba_flash)


def ports(options):
    """[(card, port of it)] of all ports, in the order of their segments."""
    return [(card, port) for card in range(options.hba) for port in range(options.hba_ports)]


def variables(options):
    """What /lab/env says of HBAs."""
    numbers = range(len(ports(options)))
    return {
        "LAB_HBAS": " ".join(f"hba{card}" for card in range(options.hba)),
        "LAB_HBA_MODEL": options.hba_model if options.hba else "",
        "LAB_HBA_PORTS": options.hba_ports if options.hba else 0,
        "LAB_SAN_TARGETS": " ".join(IQN + name for name, _, _ in TARGETS) if options.hba else "",
        "LAB_SAN_PORTALS": " ".join(f"10.10.{n}.1:3260 [fd10:{n:x}::1]:3260" for n in numbers),
    }


def child(process):
    """The number of what unshare or nsenter started."""
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


class Flash:
    """What --hba-flash WORDS puts into the flash of every port N, beside its addresses 10.10.N.10 and fd10:N::10:

    t0, chap            a target that the port logs in to by itself, at 10.10.N.1; t0/6 at fd10:N::1; chap/mutual: it has to show credentials, too
    AREA.FIELD=VALUE    fields as hbafw(8) knows them, as acb.mtu=1400 or ddb0.header_digest=on; portP.AREA.FIELD=VALUE only of port P
    """

    def __init__(self, words):
        self.targets, self.fields = [], []
        for word in words:
            found = re.fullmatch(r"(?:port(\d+)\.)?([a-z]+)(\d*)\.(\w+=.*)", word)
            name, _, how = word.partition("/")
            if found:
                self.fields.append((found[1], found[2], found[3], found[4]))
            elif name in (target for target, _, _ in TARGETS) and how in ("", "6", "mutual"):
                self.targets.append((name, how))
            else:
                raise packages.SetupError(f"--hba-flash: {word}: neither a target ({', '.join(target for target, _, _ in TARGETS)}) nor a field")

    def rows(self, number, has_ipv6):
        """(area, index, fields) of port NUMBER of the lab, in the order in which they are set."""
        yield "acb", "", [*ACB, f"ipv4_address=10.10.{number}.10", f"ipv4_gateway=10.10.{number}.1"]
        if has_ipv6:
            yield "acb", "", [*ACB6, f"ipv6_address0=fd10:{number:x}::10"]
        if any(name == "chap" for name, _ in self.targets):
            for index, (user, secret, flags) in enumerate(((CHAP[0], CHAP[1], 0x80), (CHAP[2], CHAP[3], 0x40))):
                yield "chap", index, [f"flags={flags:#x}", f"name={user}", f"secret={secret}", f"secret_length={len(secret)}", "cookie=0x4092"]
        for index, (name, how) in enumerate(self.targets):
            fields = [*DDB, f"name={IQN}{name}"]
            fields += ["is_ipv6=on", f"address=fd10:{number:x}::1"] if how == "6" else [f"address=10.10.{number}.1"]
            fields += ["chap=on", "chap_index=0"] if name == "chap" else ["chap_index=0xffff"]
            fields += ["bidi_chap=on"] if how == "mutual" else []
            yield "ddb", index, fields
        for port, area, index, field in self.fields:
            if port in (None, str(number)):
                yield area, index, [field]


class San:
    """The namespaces, with a segment per port: 10.10.N.1/24 and fd10:N::1/64 here, a bare NIC eth0 in the namespace portN.

    Owned by Hbas; close() ends every process in it.
    """

    def __init__(self, count, folder, root):
        self.folder = folder
        self.process = subprocess.Popen(APART, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        preexec_fn=qemu.die_with_parent, env=dict(os.environ, PATH=f"{folder}/bin:/usr/sbin:/sbin:" + os.environ["PATH"]))
        if self.process.stdout.readline() != b"ready\n":
            raise packages.SetupError("no namespaces for the HBAs: " + self.process.stderr.read().decode(errors="replace").strip())
        self._inside = ["nsenter", f"--target={child(self.process)}", "--net", "--mount", "--pid", "--ipc", f"--wd={folder}", "--"]
        self._programs(root)
        self.call("ip -batch -", "link set lo up\n" + "".join(self._segment(number) for number in range(count)))
        for number in range(count):
            self.call(f"ip -n port{number} link set lo up")

    def _segment(self, n):
        return (f"netns add port{n}\nlink add san{n} type veth peer name eth0 netns port{n}\naddr add 10.10.{n}.1/24 dev san{n}\n"
                f"addr add fd10:{n:x}::1/64 dev san{n} nodad\nlink set san{n} up\n")

    def _programs(self, root):
        """bin/ of the folder: Debian's tgt and busybox out of the cache, run by the loader and the libraries they came with."""
        os.mkdir(self.folder + "/bin")
        for name, folder in (("tgtd", "storage"), ("tgtadm", "storage"), ("busybox", "base")):
            top = root[folder] + "/usr"
            path = next(p for p in (f"{top}/sbin/{name}", f"{top}/bin/{name}") if os.path.exists(p))
            with open(f"{self.folder}/bin/{name}", "w", encoding="ascii") as file:
                file.write(f'#!/bin/sh\nexec {top}/lib64/ld-linux-x86-64.so.2 --library-path {top}/lib/x86_64-linux-gnu {path} "$@"\n')
            os.chmod(f"{self.folder}/bin/{name}", 0o755)

    def start(self, words, log):
        """A process of the namespaces that goes on; log is a path."""
        with open(log, "ab") as file:
            return subprocess.Popen([*self._inside, *words], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                    preexec_fn=qemu.die_with_parent, env=self._environment())

    def ask(self, line, given="", seconds=60):
        """Run a line of shell in the storage network; returns (status, what it said)."""
        try:
            done = subprocess.run([*self._inside, "sh", "-c", line], input=given.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=seconds, check=False, env=self._environment())
        except subprocess.TimeoutExpired as error:
            return 124, (error.stdout or b"").decode(errors="replace")
        return done.returncode, done.stdout.decode(errors="replace")

    def call(self, line, given=""):
        """The same, where failing is no answer."""
        status, text = self.ask(line, given)
        if status:
            raise packages.SetupError(f"{line}: {text.strip() or status}")
        return text

    def _environment(self):
        return dict(os.environ, PATH=f"{self.folder}/bin:/usr/sbin:/sbin:" + os.environ["PATH"], LC_ALL="C")

    def serve(self, disk_mb):
        """tgt with TARGETS, listening on every segment."""
        self.start(["tgtd", "-f"], self.folder + "/tgtd.log")
        admin = "tgtadm --lld iscsi --mode"
        self.call(f"for n in $(seq 100); do {admin} sys --op show >/dev/null 2>&1 && exit 0; sleep 0.05; done; cat tgtd.log; exit 1")
        user, secret, peer, peer_secret = CHAP
        lines = [f"{admin} account --op new --user {user} --password {secret}", f"{admin} account --op new --user {peer} --password {peer_secret}"]
        for tid, (name, size, has_chap) in enumerate(TARGETS, 1):
            lines.append(f"{admin} target --op new --tid {tid} --targetname {IQN}{name}")
            for lun in (1, 2):
                lines.append(f"truncate -s {size or disk_mb}M {name}-{lun}.disk")
                lines.append(f"{admin} logicalunit --op new --tid {tid} --lun {lun} --backing-store {self.folder}/{name}-{lun}.disk")
            if has_chap:
                lines.append(f"{admin} account --op bind --tid {tid} --user {user}")
                lines.append(f"{admin} account --op bind --tid {tid} --user {peer} --outgoing")
            lines.append(f"{admin} target --op bind --tid {tid} --initiator-address ALL")
        self.call("set -e\n" + "\n".join(lines))

    def close(self):
        self.process.kill()
        self.process.communicate()


class Card:
    """One emulated HBA: its process with a socket per port, its image, its control socket."""

    def __init__(self, san, number, options, folder):
        self.san, self.number, self.options = san, number, options
        self.base = f"{folder}/hba{number}"
        self.image = f"{options.out}/hba{number}.image"
        self.process = None
        if not os.path.exists(self.image):
            self._make_image()

    def _ports(self):
        """Their numbers in the lab."""
        return range(self.number * self.options.hba_ports, (self.number + 1) * self.options.hba_ports)

    def _make_image(self):
        """Factory contents, then what the lab and --hba-flash say."""
        new = self.image + ".new"
        macs = [f"--mac=00:c0:dd:10:00:{number:02x}" for number in self._ports()]
        packages.call(TOOL, "image", "create", new, f"--model={self.options.hba_model}", f"--ports={self.options.hba_ports}",
                      f"--serial=LAB{self.number:04d}", *macs)
        for port, number in enumerate(self._ports()):
            for area, index, fields in Flash(self.options.hba_flash).rows(number, self.options.hba_model != "4010"):
                packages.call(TOOL, "image", "set", new, area, *([str(index)] if index != "" else []), *fields, f"--port={port}")
        os.rename(new, self.image)

    def _socket(self, port):
        return f"{self.base}.port{port}"

    def start(self):
        """Start the process, if it does not run; returns when every port listens."""
        if self.process and self.process.poll() is None:
            return
        count = range(self.options.hba_ports)
        words = [program(self.options), "--image", self.image, "--control", self.base + ".control", "--trace", f"{self.options.out}/hba{self.number}.trace"]
        for port, number in enumerate(self._ports()):
            words += ["--socket", self._socket(port), "--netns", f"port{number}"]
        for path in [self._socket(port) for port in count] + [self.base + ".control"]:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self.process = self.san.start(words + self.options.hba_words, self.base + ".log")
        end = time.monotonic() + 20
        while not all(os.path.exists(self._socket(port)) for port in count):
            if self.process.poll() is not None or time.monotonic() > end:
                raise packages.SetupError(f"hba{self.number}: {self.said() or 'it does not listen'}")
            time.sleep(0.02)

    def stop(self):
        """End the process as it wants to be ended: flash and trace are complete then. Returns what there is to complain about, or None."""
        if not self.process:
            return None
        ended = self.process.poll() is not None
        with contextlib.suppress(OSError, IndexError, subprocess.TimeoutExpired):
            os.kill(child(self.process), signal.SIGTERM)
            self.process.wait(20)
        if not ended and self.process.poll() == 0:
            return None
        how = "ended by itself" if ended else "does not end" if self.process.poll() is None else "ended badly"
        return f"hba{self.number}: its process {how} ({self.process.poll()}): {self.said()}"

    def said(self):
        """The end of the process's log."""
        with open(self.base + ".log", encoding="utf-8", errors="replace") as file:
            return file.read()[-800:].strip()

    def functions(self):
        """What device_add takes for each function, function 0 last: with it the slot is looked at."""
        bus = f"hbaslot{self.number}"
        found = [{"driver": "vfio-user-pci", "id": f"hba{self.number}.{FUNCTIONS[port]}", "bus": bus, "addr": f"0.{FUNCTIONS[port]}", "rombar": 0,
                  "x-msg-timeout": ANSWER_MS, "socket": {"type": "unix", "path": self._socket(port)}} for port in range(self.options.hba_ports)]
        return found + [{"driver": "pci-testdev", "id": f"hba{self.number}.0", "bus": bus, "addr": "0.0", "multifunction": True}]

    def words(self):
        """The card's root port and, if it is plugged from the start, the card."""
        words = ["-device", f"pcie-root-port,id=hbaslot{self.number},chassis={100 + self.number},slot={100 + self.number},addr={8 + self.number:#x}"]
        for function in self.functions():
            words += ["-device", json.dumps(function)]
        return words

    def control(self, line):
        """One command to the card's control socket; its answer."""
        with socket.socket(socket.AF_UNIX) as end:
            end.settimeout(30)
            end.connect(self.base + ".control")
            end.sendall(line.encode() + b"\n")
            with end.makefile("r", encoding="utf-8", errors="replace") as reader:
                return reader.readline().rstrip("\n")


# A completion that times out is one that the kernel takes for not fatal; a data link protocol error means a reset of the bus.
BUS_ERRORS = ("COMP_TIME", "DLP")


class Hbas:
    """All HBAs of a machine. Owned by run; close() leaves nothing behind."""

    def __init__(self, options, folder, root):
        self.cards = []
        self.san = San(len(ports(options)), folder, root)
        try:
            self.san.serve(options.san_disk)
            self.cards = [Card(self.san, number, options, folder) for number in range(options.hba)]
            for card in self.cards:
                card.start()
        except BaseException:
            self.close()
            raise

    def words(self):
        return [word for card in self.cards for word in card.words()]

    def hotplug(self, qmp, verb, number):
        """add or del of card NUMBER by QMP; None or the error's text."""
        if number >= len(self.cards):
            return f"hba {number}: this machine has {len(self.cards)}"
        card = self.cards[number]
        if verb == "del":
            return qmp("device_del", awaited=f"hba{number}.0", id=f"hba{number}.0")
        try:
            card.start()
        except packages.SetupError as error:
            return str(error)
        return next(filter(None, (qmp("device_add", **function) for function in card.functions())), None)

    def error(self, qmp, number, name):
        """An error of the bus at the root port of card NUMBER, by QEMU's name for it; None or the error's text."""
        if number >= len(self.cards) or name not in BUS_ERRORS:
            return f"error hba {number} {name}: this machine has {len(self.cards)}, and errors are " + ", ".join(BUS_ERRORS)
        return qmp("human-monitor-command", **{"command-line": f"pcie_aer_inject_error hbaslot{number} {name}"})

    def answer(self, kind, line):
        """What lab-san LINE and lab-hba N LINE get: "ok STATUS BASE64", or the error's text."""
        if kind == "san":
            status, text = self.san.ask(line)
        else:
            number, _, command = line.partition(" ")
            if not number.isdigit() or int(number) >= len(self.cards):
                return f"hba {number}: this machine has {len(self.cards)}"
            try:
                status, text = 0, self.cards[int(number)].control(command) + "\n"
            except OSError as error:
                status, text = 1, f"hba {number}: {error.strerror or error}\n"
        return f"ok {status} {base64.b64encode(text.encode()).decode()}"

    def close(self):
        """Returns what there is to complain about."""
        found = [card.stop() for card in self.cards]
        self.san.close()
        return [text for text in found if text]
