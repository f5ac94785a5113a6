# SPDX-License-Identifier: Apache-2.0
"""Linux as a guest, for tests: bundles that hold it, and its shell."""
import re

import pytest

from conftest import BUILD, shown_lines

GUEST = """\t\t{name} {{
\t\t\tcompatible = "skerry,guest";
\t\t\tmemory-size = <{high:#x} {low:#x}>;
\t\t\tcpus = <{cpus}>;
\t\t\tkernel = /incbin/("systems/{kernel}/Image");
\t\t\tinitrd = /incbin/("{initrd}");
\t\t\tbootargs = "{bootargs}";{more}
\t\t}};
"""

BANNER = r"\[({name})\] Linux [\d.]+\S*, \d+ CPUs, up [\d.]+ s"  # of ci/initramfs/rc

# Levels 0 to 4 are errors and warnings. What may come:
COMPLAINT = re.compile(r"^<[0-4]>.*")
# said on QEMU's own `virt` as well, whose tree tells no caches either;
AS_ON_VIRT = re.compile(r"cacheinfo: Unable to detect cache hierarchy for CPU 0$")
# how long the machine, which is a program among others here, let an interrupt wait: not where its time
# is counted in instructions.
BUSY_HOST = re.compile(r"hrtimer: interrupt took \d+ ns$")


def there(system):
    """Could ci/setup fetch this one?"""
    return (BUILD / "systems" / system / ".complete").exists()


def need(*systems):
    """Skips the test unless ci/setup could fetch these."""
    for system in systems:
        if not there(system):
            pytest.skip(f"no {system}: ci/setup could not fetch it, or `make systems` was not run")


def guest(name="linux", kernel="linux-6.1", cpus=4, memory=256 << 20, initrd="systems/busybox.cpio",
          bootargs="console=ttyAMA0", more=""):
    """A guest's node. `more`: properties beside the usual ones."""
    need(kernel, "busybox")
    return GUEST.format(name=name, kernel=kernel, cpus=cpus, high=memory >> 32,
                        low=memory & 0xffffffff, initrd=initrd, bootargs=bootargs, more=more)


def bundle(*guests, chosen="shutdown-when-done;"):
    return ('/dts-v1/;\n/ {\n\tcompatible = "skerry,bundle-v1";\n\tchosen {\n\t\t' + chosen +
            "\n\t};\n\tguests {\n" + "".join(guests) + "\t};\n};\n")


def cpio(name, data):
    """An archive of one file, as cpio(5) has it ("New ASCII Format"): the kernel takes several in a row."""
    def entry(path, mode, size):
        head = b"070701" + b"".join(b"%08X" % n for n in (0, mode, 0, 0, 1, 0, size, 0, 0, 0, 0,
                                                          len(path) + 1, 0)) + path.encode() + b"\0"
        return head + bytes(-len(head) % 4)
    return (entry(name, 0o100644, len(data)) + data + bytes(-len(data) % 4) + entry("TRAILER!!!", 0, 0))


def u_boot(machine, name):
    """From U-Boot's first word to its prompt. The key that keeps it there waits for it: of the 2 s in which one
    can be pressed nothing may be left when a busy machine comes to press it."""
    machine.expect(rf"\[{name}\] U-Boot 20")
    machine.send(" ")
    machine.expect("Hit any key")
    machine.expect(rf"\[{name}\] => ")


class Shell:
    """busybox's shell in a guest that has the keyboard. Commands are short: the line must not wrap."""

    def __init__(self, machine, name="linux"):
        self.machine = machine
        self.name = name

    def wait(self):
        """Until it is there, whoever else speaks; then the kernel's words go to its log only."""
        self.machine.expect(BANNER.format(name=self.name))
        self.prompt()
        self("dmesg -n 1")
        return self

    def prompt(self):
        """It has the keyboard, and asks for a command."""
        self.machine.expect(rf"\[{self.name}\] [^\r\n]*/ # ")

    def __call__(self, command, status=0):
        """Runs a command; what it printed, line by line."""
        assert len(command) < 60, "would wrap"
        self.machine.send(command + '; echo "<$?>"\r')
        found = self.machine.expect(rf"\[{self.name}\] ([^\r\n]*)<(\d+)>\r")
        text = self.machine.clean(self.machine.child.before + self.machine.child.after)
        lines = shown_lines(text, self.name)[:-1]  # without the one of the status
        typed = [n for n, line in enumerate(lines) if 'echo "<$?>"' in line]
        lines = lines[typed[-1] + 1:] if typed else lines
        assert int(found[2]) == status, f"{command}: status {found[2]}\n{self.machine.text[-3000:]}"
        return lines + [found[1]] if found[1] else lines

    def end(self, command):
        """Types the last command of all: poweroff, reboot."""
        self.machine.send(command + "\r")

    def complaints(self, counted=False):
        """The kernel's errors and warnings that have no excuse."""
        lines = [line for line in self("dmesg -r") if COMPLAINT.match(line)]
        return [line for line in lines if not AS_ON_VIRT.search(line) and
                (counted or not BUSY_HOST.search(line))]

    def interrupts(self):
        """{what: [count on each CPU]}, by the word at the end of the line."""
        table = {}
        for line in self("cat /proc/interrupts"):
            found = re.match(r"\s*\w+:((?:\s+\d+)+)\s+(.*)$", line)
            if found:
                table[found[2]] = [int(count) for count in found[1].split()]
        return table

    def lasts(self, command):
        """Runs a command; for how many nanoseconds of the clock that never jumps."""
        said = self(f"t() {{ grep now /proc/timer_list; }}; t; {command}; t")
        start, end = re.findall(r"now at (\d+)", "\n".join(said))
        return int(end) - int(start)

    def cpu_time(self):
        """The columns of /proc/stat's first line: user, nice, system, idle, …, [7] stolen."""
        return [int(n) for n in self("head -n 1 /proc/stat")[0].split()[1:]]
