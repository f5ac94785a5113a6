# SPDX-License-Identifier: Apache-2.0
"""From power-on to the prompt, on every kind of `virt` that the issue names."""
import re
import subprocess

import pytest

from conftest import BUILD


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cpus", [1, 2, 8])
@pytest.mark.parametrize("cpu", ["cortex-a53", "cortex-a57", "cortex-a72", "max"])
def test_every_cpu_and_controller(boot, gic, cpus, cpu):
    machine = boot("hello", gic=gic, cpus=cpus, cpu=cpu, memory="256M")
    assert machine.finish() == 0
    assert "skerry: entered at EL2" in machine.text
    assert f"skerry: CPUs   {cpus} of {cpus}" in machine.text
    assert f"skerry: GIC    GICv{gic}," in machine.text
    assert machine.lines("hello")


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_newer_qemu(boot, qemu10, gic, cpu):
    machine = boot("hello", gic=gic, cpu=cpu, qemu=qemu10)
    assert machine.finish() == 0
    assert machine.lines("hello")


@pytest.mark.parametrize("board", ["virt", "raspi3b"])
def test_packed_image(boot, board):
    """QEMU unpacks what gzip has packed."""
    machine = boot("hello", board=board, image=BUILD / "skerry.img.gz")
    assert machine.finish() == 0
    assert machine.lines("hello")


@pytest.mark.parametrize("memory", ["128M", "3G"])
def test_memory_sizes(boot, memory):
    assert boot("hello", memory=memory).finish() == 0


def test_without_bundle_there_is_a_prompt(boot):
    machine = boot(None)
    machine.expect("no bundle")
    machine.expect("skerry> ")
    machine.send("quit\r")
    assert machine.finish() == 0


def test_el1_is_told_so(boot):
    machine = boot(None, machine="virtualization=off")
    assert machine.finish() == 1
    assert "entered at EL1, but a hypervisor needs EL2" in machine.text
    assert "virtualization=on" in machine.text


def by_hand(boot, tmp_path, address, **kwargs):
    """The Image as raw bytes, entered by a few instructions; QEMU's tree is at RAM's start then."""
    # movz x0, #0x4000, lsl #16; movz x1, #high, lsl #16; br x1
    words = [0xD2A00000 | 0x4000 << 5, 0xD2A00001 | (address >> 16) << 5, 0xD61F0020]
    start = tmp_path / "start.bin"
    start.write_bytes(b"".join(word.to_bytes(4, "little") for word in words))
    return boot(None, cpus=1, kernel=False, options=[
        "-device", f"loader,file={BUILD}/skerry.img,addr={address:#x},force-raw=on",
        "-device", f"loader,file={start},addr=0x51000000,force-raw=on",
        "-device", "loader,addr=0x51000000,cpu-num=0"], **kwargs)


@pytest.mark.parametrize("address", [0x40400000, 0x7fe00000])
def test_any_aligned_load_address(boot, tmp_path, address):
    machine = by_hand(boot, tmp_path, address)
    machine.expect(rf"image  at {address:#x}\s+skerry: tree   at 0x40000000\s")
    machine.expect("skerry> ")
    machine.send("quit\r")
    assert machine.finish() == 0


@pytest.mark.parametrize("gic", [2, 3])
def test_el3_without_firmware_is_told_so(boot, tmp_path, gic):
    """It drops to EL2, where this machine's GIC gives it nothing: that is said, not found out."""
    machine = by_hand(boot, tmp_path, 0x40400000, gic=gic, machine="virtualization=on,secure=on")
    machine.expect("entered at EL3, ")
    machine.expect("keeps its interrupts for the secure world")
    machine.expect("machine stops, status 1")


def test_stack_protector_has_a_random_word(boot):
    """Another at each start, and not the one that the image holds."""
    names = subprocess.run(["nm", BUILD / "skerry.elf"], capture_output=True, text=True, check=True).stdout
    offset = int(re.search(r"^(\w+) . __stack_chk_guard$", names, re.M).group(1), 16)
    words = []
    for _ in range(2):
        machine = boot(None, cpus=1, monitor=True)
        image = int(machine.expect(r"image  at 0x([0-9a-f]+)\r").group(1), 16)
        machine.expect("skerry> ")
        low, high = machine.words(image + offset, 2)
        words.append(high << 32 | low)
        machine.send("quit\r")
        assert machine.finish() == 0
    assert len({*words, 0x00736b6572727900}) == 3
    assert all(word & 0xff == 0 for word in words)
