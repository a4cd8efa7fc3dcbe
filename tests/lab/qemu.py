# SPDX-License-Identifier: GPL-3.0-or-later
"""One virtual machine: its command line, its life, and what it has to say.

The guest speaks over two virtio-serial ports: "out" is the script's output, ended by a marker with its status;
"control" carries the questions of lab-hotplug, answered over QMP, and of lab-hba and lab-san, passed on. Knows nothing of packages or of what the guest runs.
"""

import ctypes
import json
import mmap
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time

# Taking sessions down makes the stock 6.1 modules warn, rarely and once a boot, of a flush between work queues; with open-iscsi, too.
KNOWN_OF_STOCK = re.compile(rb"WARNING: .* check_flush_dependency")
SPLAT = re.compile(
    rb"Kernel panic|Oops[: ]|\bBUG: |\bWARNING: |kernel BUG at|general protection fault|blocked for more than"
    rb"|possible (recursive|circular) locking|suspicious RCU usage|self-detected stall|refcount_t: "
    rb"|list_(add|del) corruption|unregister_netdevice: waiting for|Call Trace:|UBSAN: |ODEBUG: |new suspected memory leaks")

# The debug kernel is slow: unpacking the initramfs alone takes longer than a task may hang, unless it does so itself.
DEBUG_WORDS = "kasan_multi_shot initramfs_async=0 sysctl.kernel.hung_task_timeout_secs=300 "


class Died(Exception):
    """QEMU ended or fell silent before the script did."""


class TimedOut(Exception):
    """The time allowed is over."""


def boot_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def remembered(folder, name, measure):
    """A fact about this machine since it booted, measured once."""
    path = f"{folder}/{name}-{boot_id()}"
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        value = str(measure())
    with open(path, "w", encoding="ascii") as file:
        file.write(value)
    return value


def tsc_khz():
    """The rate of the host's time stamp counter, which is the guest's under TCG.

    Left to itself a guest on a busy host measures it wrong, by a factor of seven in one run.
    """
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("0f3148c1e2204809d0c3"))   # rdtsc; shl $32,%rdx; or %rdx,%rax; ret
    tsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    clock = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    ns, ticks = clock(), tsc()
    time.sleep(0.2)
    ns, ticks = clock() - ns, tsc() - ticks
    return round(ticks * 1e6 / ns)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def kvm_works(vmlinux, initrd, seconds=6):
    """Whether this very kernel reaches its init under KVM within seconds."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "no"
    words = ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "max", "-machine", "q35", "-m", "1024", "-nodefaults",
             "-no-user-config", "-display", "none", "-no-reboot", "-kernel", vmlinux, "-initrd", initrd,
             "-append", "panic=-1 quiet lab_probe=1", "-device", "isa-debug-exit,iobase=0x501,iosize=1"]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False,
                              preexec_fn=die_with_parent)
    except subprocess.TimeoutExpired:
        return "no"
    return "yes" if done.returncode == 1 else "no"


def _nic_words(nics, peers):
    """Each NIC is a hub with two ends: the initiator's on a root port, to be plugged and pulled, and the target's."""
    words = []
    for i in range(peers):
        words += ["-device", f"pcie-root-port,id=slot{i},chassis={i + 1},slot={i + 1},"
                             f"multifunction=on,addr={16 + i // 8:#x}.{i % 8:#x}",
                  "-netdev", f"hubport,id=i{i},hubid={i}", "-netdev", f"hubport,id=t{i},hubid={i}",
                  "-device", f"virtio-net-pci,netdev=t{i},mac=52:54:09:01:00:{i:02x},romfile="]
        if i < nics:
            words += ["-device", f"virtio-net-pci,id=nic{i},netdev=i{i},bus=slot{i},mac=52:54:09:00:00:{i:02x},romfile="]
    return words


def _memory(options):
    """The guest's memory; what emulates an HBA maps it, so it has to be a file then."""
    size = f"{options.memory}M"
    return ["-m", size] + (["-object", f"memory-backend-memfd,id=ram,size={size},share=on", "-machine", "memory-backend=ram"] if options.hba else [])


def command(options, folder, vmlinux, accel, khz, hbas=None):
    """The words that start QEMU; folder holds the initrd, the console's log and the sockets. hbas: as of hba.py, or None."""
    append = ("console=ttyS0 panic=-1 loglevel=5 mitigations=off nokaslr tsc=reliable no_timer_check random.trust_cpu=on net.ifnames=0 "
              f"nosoftlockup rcupdate.rcu_cpu_stall_suppress=1 {DEBUG_WORDS if options.debug_kernel else ''}{options.append}")
    words = [*options.emulator, "-machine", "q35,hpet=off", *_memory(options), *(hbas.words() if hbas else []),
             "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-kernel", vmlinux,
             "-initrd", folder + "/initrd", "-serial", f"file:{folder}/console",
             "-device", "isa-debug-exit,iobase=0x501,iosize=1", "-device", "virtio-serial-pci",
             "-fsdev", f"local,id=out,path={options.out},security_model=none",
             "-device", "virtio-9p-pci,fsdev=out,mount_tag=out", "-qmp", f"unix:{folder}/qmp"]
    for name in ("out", "control"):
        words += ["-chardev", f"socket,id={name},path={folder}/{name}",
                  "-device", f"virtserialport,chardev={name},name={name}"]
    if options.icount:
        words += ["-accel", "tcg", "-cpu", "max,-erms,-fsrm", "-smp", "1", "-icount", "shift=0,sleep=off",
                  "-seed", "1", "-rtc", "base=2026-01-01,clock=vm"]
        append += " tsc_early_khz=1000000"
    elif accel == "kvm":
        words += ["-accel", "kvm", "-cpu", "max", "-smp", str(options.cpus)]
    else:
        words += ["-accel", "tcg", "-cpu", "max,-erms,-fsrm", "-smp", str(options.cpus)]
        append += f" tsc_early_khz={khz}"
    return words + _nic_words(options.nics, options.peers) + ["-append", append] + options.qemu


def await_end(process, seconds):
    """The guest ends the machine by itself; how long that takes is told."""
    started = time.monotonic()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise TimedOut(f"the machine did not end in {seconds} s") from None
    print(f"# the machine ended after {time.monotonic() - started:.1f} s", flush=True)


class Output:
    """Passes on what a script says, up to the marker that ends it."""

    def __init__(self, nonce):
        self._marker = b"\0lab " + nonce.encode() + b" "
        self._tail = b""

    def take(self, data, show):
        """Show what cannot be the beginning of the marker; a complete marker gives the status."""
        data = self._tail + data
        at = data.find(b"\0lab ")
        if at >= 0 and data.startswith(self._marker[:len(data) - at], at):
            show(data[:at])
            self._tail = data[at:]
            end = self._tail.find(b"\n")
            return None if end < 0 else int(self._tail[len(self._marker):end])
        keep = next((n for n in (4, 3, 2, 1) if data.endswith(self._marker[:n])), 0)
        self._tail = data[len(data) - keep:]
        show(data[:len(data) - keep])
        return None


class Machine:
    """A running QEMU and the three sockets it connects to. Owned by run; close() leaves nothing behind."""

    def __init__(self, words, folder, options, nonce, hbas=None):
        self.options = options
        self.hbas = hbas
        self.deadline = time.monotonic() + options.timeout
        self._output = Output(nonce)
        self._question = b""
        self._reader = None
        listeners = {}
        for name in ("out", "control", "qmp"):
            listeners[name] = socket.socket(socket.AF_UNIX)
            listeners[name].bind(f"{folder}/{name}")
            listeners[name].listen(1)
        self.log = open(folder + "/qemu.log", "wb+")
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        preexec_fn=die_with_parent)
        try:
            self.sockets = {name: self._accept(listener) for name, listener in listeners.items()}
        except BaseException:
            self.close()
            raise
        finally:
            for listener in listeners.values():
                listener.close()
        self._reader = self.sockets["qmp"].makefile("rb")
        self._reader.readline()
        self.qmp("qmp_capabilities")

    def _accept(self, listener):
        listener.settimeout(0.2)
        while True:
            try:
                return listener.accept()[0]
            except socket.timeout:
                if self.process.poll() is not None:
                    self.log.seek(0)
                    raise Died("QEMU: " + self.log.read().decode(errors="replace").strip()) from None
                if time.monotonic() > self.deadline:
                    raise TimedOut from None

    def qmp(self, command, /, awaited=None, **arguments):
        """One QMP command; None or the error's text. With awaited, also waits for that device's DEVICE_DELETED."""
        self.sockets["qmp"].settimeout(120 if awaited else 20)
        self.sockets["qmp"].sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        answered = False
        while True:
            try:
                line = self._reader.readline()
            except socket.timeout:
                self._reader = self.sockets["qmp"].makefile("rb")
                return f"no answer to {command}"
            if not line:
                raise Died("QEMU closed its monitor")
            message = json.loads(line)
            if "error" in message:
                return message["error"]["desc"]
            answered = answered or "return" in message
            gone = message.get("event") == "DEVICE_DELETED" and message["data"].get("device")
            if answered and awaited in (None, gone):
                return None

    def run(self, show):
        """Pass the script's output to show(bytes) until it ends; returns its status."""
        with selectors.DefaultSelector() as selector:
            for name in ("out", "control"):
                selector.register(self.sockets[name], selectors.EVENT_READ, name)
            while True:
                left = self.deadline - time.monotonic()
                if left <= 0:
                    raise TimedOut
                for key, _ in selector.select(left):
                    data = key.fileobj.recv(65536)
                    if not data:
                        raise Died("the machine ended before the script")
                    status = self._output.take(data, show) if key.data == "out" else self._control(data)
                    if status is not None:
                        return status

    def _control(self, data):
        """Answer complete lines: "add nic 2", "link nic 2 down", "add hba 0" of lab-hotplug, "hba 0 help" of lab-hba, "san ..." of lab-san."""
        self._question += data
        while b"\n" in self._question:
            line, _, self._question = self._question.partition(b"\n")
            line = line.decode(errors="replace")
            kind, _, rest = line.partition(" ")
            answer = self.hbas.answer(kind, rest) if self.hbas and kind in ("hba", "san") else self._hotplug(line.split())
            self.sockets["control"].sendall((answer or "ok").encode() + b"\n")

    def _hotplug(self, words):
        """add nic N, del nic N, link nic N up|down, add hba N, del hba N, error hba N NAME; None or the error's text."""
        if self.hbas and len(words) == 3 and words[0] in ("add", "del") and words[1] == "hba" and words[2].isdigit():
            return self.hbas.hotplug(self.qmp, words[0], int(words[2]))
        if self.hbas and len(words) == 4 and words[:2] == ["error", "hba"] and words[2].isdigit():
            return self.hbas.error(self.qmp, int(words[2]), words[3])
        if len(words) < 3 or words[1] != "nic" or not words[2].isdigit() or len(words) != (4 if words[0] == "link" else 3):
            return "not available: " + " ".join(words)
        verb, number = words[0], int(words[2])
        if number >= self.options.peers:
            return f"nic {number}: this machine has slots for 0 to {self.options.peers - 1}"
        if verb == "add":
            return self.qmp("device_add", driver="virtio-net-pci", id=f"nic{number}", netdev=f"i{number}",
                            bus=f"slot{number}", mac=f"52:54:09:00:00:{number:02x}", romfile="")
        if verb == "del":
            return self.qmp("device_del", awaited=f"nic{number}", id=f"nic{number}")
        if verb == "link" and words[3] in ("up", "down"):
            return self.qmp("set_link", name=f"nic{number}", up=words[3] == "up")
        return f"cannot {verb}"

    def close(self):
        """End QEMU, by force if it must be; returns its exit status."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        return self.process.returncode


def _without_known(lines):
    """Blanks out warnings that the distribution's own modules are known for, from their first line to the end of their trace."""
    inside = False
    for number, line in enumerate(lines):
        inside = inside or bool(KNOWN_OF_STOCK.search(line))
        if inside:
            lines[number] = b""
            inside = b"end trace" not in line
    return lines


def splats(console, modules):
    """What a healthy kernel does not print in a console log: each such line, and what follows the first, which says why."""
    lines = console.splitlines()
    if modules == "stock":
        lines = _without_known(lines)
    bad = [number for number, line in enumerate(lines) if SPLAT.search(line)]
    shown = sorted({*bad, *range(bad[0], min(bad[0] + 30, len(lines)))}) if bad else []
    return [lines[number].decode(errors="replace").strip() for number in shown]


def write_out(data):
    """The script's output, at once."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
