# SPDX-License-Identifier: Apache-2.0
"""`dump`: a guest as a core file that gdb opens; and ci/dumps, which makes the file, held against what a
hostile guest could say."""
import base64
import os
import re
import subprocess
import zlib

import pexpect
import pytest

from conftest import BUILD, HANG_GUARD, ROOT

DUMPS = ROOT / "ci" / "dumps"
KEY = "0123456789abcdef"


def gdb(core, *commands):
    """What gdb-multiarch, which ci/setup installs, says with a guest's symbols about a core file."""
    command = ["gdb-multiarch", "-nx", "-q", "-batch", str(BUILD / "guests" / "deep.elf"), str(core)]
    for one in commands:
        command += ["-ex", one]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG_GUARD).stdout


def cores(said, into):
    """ci/dumps over what a machine said, as a stand-alone filter; what it left and its files."""
    done = subprocess.run([str(DUMPS), "--into", str(into)], input=said.encode(), capture_output=True,
                          timeout=HANG_GUARD)
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    return done.stdout.decode(), sorted(path.name for path in into.iterdir())


@pytest.mark.parametrize("where", [{"gic": 3, "cpus": 1}, {"board": "raspi3b"}], ids=["gicv3-1cpu", "raspi3b"])
def test_gdb_opens_a_dump(boot, tmp_path, where):
    machine = boot("dump", **where)
    machine.expect_each([r"\[ticker\] tick 2 ", "guest fallen: crashed on vCPU 0", r"\[deep\] deep: down\n"], 0)
    machine.send("dump fallen\r")
    machine.expect("dump of fallen: complete")
    ticks = len(machine.lines("ticker"))
    held = re.compile(r"deep +(\w+) .* (\d+) +\d+ +\d+ +0 +stop\r")
    machine.send("list\r")
    before = machine.expect(held).groups()
    machine.send("dump deep\r")
    machine.expect("dump of deep: complete")
    machine.expect(r"\[ticker\] tick")  # others went on, and so does this
    assert len(machine.lines("ticker")) > ticks
    machine.send("list\r")
    assert machine.expect(held).groups() == before  # running, and with no more memory than it touched
    machine.send("shutdown 0\r")
    machine.finish()
    rest, names = cores(machine.raw, tmp_path)
    assert names == ["deep-1.core", "fallen-1.core"]
    assert "machine stops, status 0" in rest and "AAAA" not in rest
    # the one that crashed: at its vector, nowhere; by whom it was called; what it wrote
    said = gdb(tmp_path / "fallen-1.core", "info registers pc", "bt", "x/2gx &deep_witness", "p $d8.f")
    assert re.search(r"pc +0x7f000200", said), said
    assert re.search(r"#1 .*deep_inner.*\n#2 .*deep_middle.*\n#3 .*deep_outer.*\n#4 .* main", said), said
    assert re.search(r"<deep_witness>:\s+0x536b657272792121\s+0x536b657272793315", said), said
    assert "= 3.14159265" in said, said
    # the one that ran: in the loop, or what it calls
    said = gdb(tmp_path / "deep-1.core", "bt", "p deep_count > 0", "info files")
    assert re.search(r"deep_inner.*\n#\d .*deep_middle.*\n#\d .*deep_outer.*\n#\d .* main", said), said
    assert "$1 = 1" in said, said
    assert re.search(r"0x0*40000000 - 0x0*40400000 is load1", said), said
    headers = subprocess.run(["readelf", "-hlnW", str(tmp_path / "deep-1.core")], capture_output=True,
                             text=True, check=True).stdout
    assert "CORE (Core file)" in headers and "NT_PRSTATUS" in headers and "NT_FPREGSET" in headers


def test_make_run_saves_a_dump(tmp_path):
    """By ci/run-qemu, as a person does: on a terminal, with the keyboard and the status as ever."""
    build = tmp_path / "build"
    build.mkdir()
    for name in ("skerry.img", "bundles", "guests"):
        (build / name).symlink_to(BUILD / name)
    child = pexpect.spawn(str(ROOT / "ci" / "run-qemu"), timeout=HANG_GUARD, encoding="utf-8",
                          env={**os.environ, "BUILD": str(build), "BUNDLE": "dump", "BOARD": "virt-gicv3"})
    try:
        child.expect("fallen.* crashed on vCPU 0")
        child.send("s")  # the beginning of a prompt, and of a dump's line: it must show all the same
        child.expect("skerry> .*s$")
        child.send("\bdump fallen\r")
        child.expect(r"dumps: (\S+) is written.*\s+gdb-multiarch (\S+) (\S+)\r")
        path = child.match.group(1)
        child.send("shutdown 9\r")
        child.expect("machine stops, status 9")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 9
    finally:
        child.close(force=True)
    assert path == str(build / "dumps" / "fallen-1.core")
    assert "deep_inner" in gdb(path, "bt")


# --- ci/dumps ---------------------------------------------------------------------------------

def frame(text, key=KEY):
    return f"skerry: dump {key} {text} {zlib.crc32(text.encode()):08x}\r\n"


def dump(name="cms", size=512, data=b"x" * 256, key=KEY):
    return (frame(f"begin {name} {size}", key) +
            frame(f"at 100 {base64.b64encode(data).decode()}", key) + frame("end 3", key))


HELLO = f"skerry: dumps  marked {KEY}\r\n"


def filtered(tmp_path, text, *options, cuts=1):
    """ci/dumps over text that comes in `cuts` bytes at a time, with a rest between two of them that may be
    long on a busy machine: status, what it says, its files."""
    into = tmp_path / "into"
    child = subprocess.Popen([str(DUMPS), "--into", str(into), "--patience", "1000", *options], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    data = text.encode()
    for at in range(0, len(data), cuts):
        child.stdin.write(data[at:at + cuts])
        child.stdin.flush()
    said = child.communicate(timeout=HANG_GUARD)[0].decode()
    files = {path.name: path.read_bytes() for path in into.iterdir()} if into.exists() else {}
    assert sorted(tmp_path.iterdir()) == ([into] if files or into.exists() else [])
    return child.returncode, said, files


@pytest.mark.parametrize("cuts", [1, 7, 100000])
def test_filter_takes_dumps_out(tmp_path, cuts):
    text = (HELLO + "[cms] skerry: dump\r\n" + dump() + "skerry> \r\x1b[K" + dump(data=b"y" * 256) + "sker")
    status, said, files = filtered(tmp_path, text, cuts=cuts)
    assert status == 0
    assert files == {"cms-1.core": bytes(256) + b"x" * 256, "cms-2.core": bytes(256) + b"y" * 256}
    said = re.sub(r"\r\ndumps: .*\r\n.*\r\n", "", said)
    assert said == HELLO + "[cms] skerry: dump\r\nskerry> \r\x1b[Ksker"


@pytest.mark.parametrize("text", [
    dump(),  # before the hypervisor has said its key: whoever speaks, it is not known
    HELLO + dump(key="fedcba9876543210"),
    f"[cms] skerry: dumps  marked {KEY}\r\n" + dump(),  # a guest's line
    f"skerry: dumps  marked 1111111111111111\r\n{HELLO}" + dump(),  # the first one counts
], ids=["no-key", "another-key", "a-guests-key", "second-key"])
def test_filter_believes_no_guest(tmp_path, text):
    status, said, files = filtered(tmp_path, text)
    assert (status, said, files) == (0, text, {})


@pytest.mark.parametrize("text, why", [
    (dump(name="../../evil"), "no name"), (dump(name=".profile"), "no name"),
    (dump(name="a/b"), "no name"), (dump(size=(1 << 20) + 1), "--max allows"),
    (frame("begin cms 300") + frame("at 100 " + "eHh4" * 20), "beyond its end"),
    (dump().replace("eHh4", "eHh5", 1), "a spoilt line"),
    (frame("begin cms 512") + frame("end 3"), "1 lines were lost"),
    (frame("begin cms 512"), "the line ended"),
    (frame("begin cms"), "dumps: "), (frame("begin cms -1"), "dumps: "),
    (frame("at -100 eHh4"), ""), (frame("nonsense"), ""),
], ids=range(12))
def test_filter_bounds_what_it_writes(tmp_path, text, why):
    status, said, files = filtered(tmp_path, HELLO + text, "--max", "1")
    assert why in said
    assert status == (1 if why else 0)
    assert all(name == "cms-1.core" and len(data) <= 512 for name, data in files.items())


def test_filter_by_a_key_given(tmp_path):
    assert filtered(tmp_path, dump(), "--key", KEY)[2].keys() == {"cms-1.core"}


def test_filter_tells_how_gdb_opens_one_without_symbols(tmp_path):
    said = filtered(tmp_path, HELLO + dump(name="linux"))[1]
    assert f"gdb-multiarch -c {tmp_path}/into/linux-1.core" in said


def test_filter_gives_up_what_is_given_up(tmp_path):
    status, said, files = filtered(tmp_path, HELLO + frame("begin cms 512") + frame("given-up"))
    assert status == 0 and "was given up" in said and files == {}
