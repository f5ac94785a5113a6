# SPDX-License-Identifier: Apache-2.0
"""A machine in QEMU for each test: booted afresh, bounded, and gone afterwards.

HANG_GUARD is no part of any verdict: it only ends a run that would never end.
"""
import os
import re
import socket
import subprocess
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
QEMU72 = os.environ.get("QEMU72") or "qemu-system-aarch64"
QEMU10 = os.environ.get("QEMU10") or ""
HANG_GUARD = int(os.environ.get("HANG_GUARD") or 240)  # seconds

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
STATUS = re.compile(r"^skerry: machine stops, status (\d+)$", re.MULTILINE)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes long under emulation; `make test-all` runs it")


class Machine:
    """One QEMU: what it printed so far is `text`, without carriage returns and colours."""

    def __init__(self, arguments, monitor):
        self.command = arguments
        self.socket = monitor
        self.raw = ""
        self.child = pexpect.spawn(arguments[0], arguments[1:], timeout=HANG_GUARD,
                                   encoding="utf-8", codec_errors="replace", cwd=ROOT)
        self.child.setecho(False)
        self.child.delaybeforesend = None
        self.child.logfile_read = self

    def write(self, text):
        self.raw += text

    def flush(self):
        pass

    @staticmethod
    def clean(text):
        return ESCAPES.sub("", text).replace("\r", "")

    @property
    def text(self):
        return self.clean(self.raw)

    def expect(self, pattern):
        """Waits for a regular expression; returns the match."""
        try:
            self.child.expect(pattern)
        except (pexpect.EOF, pexpect.TIMEOUT) as error:
            raise AssertionError(
                f"never came: {pattern!r}\n{' '.join(self.command)}\n{self.text[-6000:]}"
            ) from error
        return self.child.match

    def expect_each(self, patterns, since):
        """Waits until each of `patterns` stands in a line of `text` from character `since` on, in any order:
        what a guest prints and what is told about it take different ways to the line."""
        while not all(re.search(pattern, self.text[since:]) for pattern in patterns):
            self.expect("\n")

    def send(self, text):
        self.child.send(text)

    def monitor(self, command):
        """What QEMU's monitor answers. It is asked beside the line: on it, its words would stand in the middle
        of what the machine prints. Only of a machine that was booted with monitor=True."""
        prompt, said = b"(qemu) ", b""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(HANG_GUARD)
            line.connect(str(self.socket))
            for wanted in (1, 2):
                while said.count(prompt) < wanted:
                    piece = line.recv(4096)
                    assert piece, f"{command}: the monitor has gone: {said}"
                    said += piece
                if wanted == 1:
                    line.sendall(f"{command}\n".encode())
        return said.decode().split("(qemu) ")[1]

    def words(self, address, count=1):
        """So many words of 32 bits of physical memory, by the monitor."""
        found = re.findall(r": ((?:0x[0-9a-f]{8} ?)+)", self.monitor(f"xp /{count}wx {address:#x}"))
        numbers = [int(word, 16) for line in found for word in line.split()]
        assert len(numbers) == count, found
        return numbers

    def finish(self):
        """Waits for the end; returns the status that the hypervisor gave in its last line."""
        self.expect(pexpect.EOF)
        found = STATUS.findall(self.text)
        assert found, f"no status line\n{' '.join(self.command)}\n{self.text[-6000:]}"
        return int(found[-1])

    def end(self):
        """Waits for the end of a machine without the hypervisor; its status, 0 for a power-off."""
        self.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0, f"{' '.join(self.command)}\n{self.text[-6000:]}"

    def lines(self, guest):
        """What `guest` printed, line by line. For one that had the keyboard, see shown_lines."""
        prefix = f"[{guest}] "
        return [line[len(prefix):] for line in self.text.split("\n") if line.startswith(prefix)]

    def close(self):
        self.child.close(force=True)


def shown_lines(text, guest):
    """What a guest that has the keyboard printed of `text`, line by line. Its line is shown before it is whole;
    if somebody else's comes between, it is ended there and shown again from its start: it counts once."""
    prefix, lines, cut = f"[{guest}] ", [], False
    for line in text.split("\n"):
        if not line.startswith(prefix):
            cut = bool(lines and lines[-1])
            continue
        line = line[len(prefix):]
        if cut and line.startswith(lines[-1]):
            lines.pop()
        lines.append(line)
        cut = False
    return lines


@pytest.fixture(scope="session")
def checked():
    """The image of the checked build, which looks at itself after each trap and panics on a difference."""
    build = BUILD / "checked"
    subprocess.run(["make", "--no-print-directory", "CHECK=1", f"BUILD={build}", "image"], cwd=ROOT,
                   check=True, stdout=subprocess.DEVNULL)
    return build / "skerry.img"


def qemu_version(qemu):
    out = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(n) for n in re.search(r"version (\d+)\.(\d+)", out).groups())


def bundle_path(name):
    path = Path(name)
    return path if path.is_absolute() else BUILD / "bundles" / f"{name}.dtb"


@pytest.fixture
def boot(request, tmp_path):
    """boot(bundle, gic=…, cpus=…, …) starts a machine, boot(bundle, board="raspi3b") one whose CPUs
    and memory are what they are; all are stopped when the test ends. monitor: Machine.monitor is there."""
    machines = []

    def start(bundle, gic=3, cpus=4, memory="1G", cpu="cortex-a57", qemu=None, options=(),
              machine="virtualization=on", kernel=True, board="virt", image=BUILD / "skerry.img",
              monitor=False):
        assert not machines or not machines[-1].child.isalive(), "one machine at a time"
        if board == "raspi4b":
            qemu = request.getfixturevalue("qemu10")
        arguments = [qemu or QEMU72]
        if board == "virt":
            arguments += ["-M", f"virt,{machine},gic-version={gic}", "-cpu", cpu,
                          "-smp", str(cpus), "-m", memory]
        else:
            arguments += ["-M", board]
        arguments += ["-nographic", "-nic", "none", "-no-reboot", *options]
        if kernel:
            arguments += ["-kernel", str(image)]
        if bundle:
            path = bundle_path(bundle)
            assert path.exists(), f"{path} was not built"
            arguments += ["-initrd", str(path)]
        path = tmp_path / f"monitor-{len(machines)}"
        if monitor:
            arguments += ["-monitor", f"unix:{path},server=on,wait=off"]
        machines.append(Machine(arguments, path))
        return machines[-1]

    yield start
    for machine in machines:
        machine.close()


@pytest.fixture
def qemu10():
    if not QEMU10:
        pytest.skip("no QEMU 10: ci/setup could not get it from backports")
    return QEMU10


@pytest.fixture
def dtb(tmp_path):
    """dtb(source) compiles a bundle given as text; /incbin/ looks under the build directory."""
    def compile_source(source, name="bundle"):
        dts = tmp_path / f"{name}.dts"
        out = tmp_path / f"{name}.dtb"
        dts.write_text(source)
        subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-i", str(BUILD), "-o", str(out),
                        str(dts)], check=True)
        return out
    return compile_source


# Every guest and feature is tried on each of these: boot(bundle, **where).
BOARDS = ["raspi3b", "raspi4b"]
WHERE = ([pytest.param({"gic": gic, "cpus": cpus}, id=f"gicv{gic}-{cpus}cpu")
          for gic in (2, 3) for cpus in (1, 4)] +
         [pytest.param({"board": board}, id=board) for board in BOARDS])
everywhere = pytest.mark.parametrize("where", WHERE)

# What needs no board but `virt`.
MATRIX = [pytest.param(gic, cpus, id=f"gicv{gic}-{cpus}cpu") for gic in (2, 3) for cpus in (1, 4)]
