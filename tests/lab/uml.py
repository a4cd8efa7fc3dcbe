# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine of User Mode Linux: its command line and its life. It is a process of the host with disks and networks of its own.

The script's output comes over the terminal tty1, which is our end of a socket pair; /out is the host's folder. The
cables of the NICs are in the guest (files/lib.sh), so nothing is asked of the host. Knows nothing of packages.
"""

import os
import selectors
import socket
import subprocess
import tempfile
import time

import qemu

# In a process namespace of its own, with a shell as its first process, all that User Mode Linux starts ends with it.
APART = ["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", '"$@"; exit $?', "sh"]


def command(options, folder, program, output):
    """The words that start the kernel; output is the number of tty1's file descriptor."""
    words = ["con=null", "con0=null,fd:1", f"con1=null,fd:{output}", "panic=-1", "loglevel=5", "random.trust_cpu=on", "kasan_multi_shot",
             "net.ifnames=0", "rcupdate.rcu_cpu_stall_suppress=1", f"lab_out={options.out}"]
    return [*APART, program, f"mem={options.memory}M", f"initrd={folder}/initrd", f"uml_dir={folder}/uml", *words, *options.append.split()]


class Machine:
    """A running kernel. Owned by run; close() leaves nothing behind."""

    def __init__(self, program, folder, options, nonce):
        self.deadline = time.monotonic() + options.timeout
        self._output = qemu.Output(nonce)
        self._socket, theirs = socket.socketpair()
        self._memory = tempfile.TemporaryDirectory(prefix="openhba-lab-", dir="/dev/shm")
        words = command(options, folder, program, theirs.fileno())
        with theirs, open(folder + "/console", "wb") as console:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                            preexec_fn=qemu.die_with_parent, pass_fds=[theirs.fileno()],
                                            env=dict(os.environ, TMPDIR=self._memory.name))

    def run(self, show):
        """Pass the script's output to show(bytes) until it ends; returns its status."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            while True:
                left = self.deadline - time.monotonic()
                if left <= 0:
                    raise qemu.TimedOut
                if not selector.select(left):
                    continue
                data = self._socket.recv(65536)
                if not data:
                    raise qemu.Died("the machine ended before the script")
                status = self._output.take(data, show)
                if status is not None:
                    return status

    def close(self):
        """End it, by force if it must be."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._socket.close()
        self._memory.cleanup()
