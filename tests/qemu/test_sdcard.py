# SPDX-License-Identifier: Apache-2.0
"""`make sdcard`: what is in the card's image is what was asked for, and a Pi in QEMU boots from it."""
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT

BOARDS = {"rpi3": ("raspi3b", "start.elf"), "rpi4": ("raspi4b", "start4.elf")}


def mtool(tool, card, *arguments):
    return subprocess.run([tool, "-i", f"{card}@@1M", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=BOARDS)
def card(request, tmp_path):
    """A card for one board, made as `make sdcard` makes it: board's short name, its folder, its image."""
    if not shutil.which("mcopy"):
        pytest.skip("no mtools")
    folder, image = tmp_path / request.param, tmp_path / f"{request.param}.img"
    subprocess.run([ROOT / "ci/make-sdcard", request.param, BUILD / "skerry.img", BUILD / "bundles/hello.dtb",
                    folder, image], check=True)
    return request.param, folder, image


def settings(text):
    """config.txt's lines that mean something; each has a comment right above it."""
    lines = text.splitlines()
    found = {}
    for above, line in zip([""] + lines, lines):
        if not line or line.startswith("#"):
            continue
        assert above.startswith("# "), f"unexplained: {line}"
        name, _, value = line.replace(" ", "=", 1).partition("=") if " " in line else line.partition("=")
        found[name] = value
    return found


def test_card(card, boot, tmp_path):
    board, folder, image = card
    machine, firmware = BOARDS[board]

    table = image.read_bytes()[:512]
    assert table[510:] == b"\x55\xaa"
    assert table[446 + 4] == 0x0c, "one FAT32 partition"
    assert int.from_bytes(table[446 + 8:446 + 12], "little") == 2048

    names = mtool("mdir", image, "-b", "::").split()
    assert sorted(names) == sorted(f"::/{path.name}" for path in folder.iterdir())
    assert "disk type=\"FAT32   \"" in mtool("minfo", image, "::")
    assert firmware in mtool("mtype", image, "::FIRMWARE.txt")
    # There is room for what is listed there: a few MiB.
    (tmp_path / "large").write_bytes(bytes(16 << 20))
    mtool("mcopy", image, str(tmp_path / "large"), f"::{firmware}")

    config = settings(mtool("mtype", image, "::config.txt"))
    assert config == {"arm_64bit": "1", "kernel": "skerry.img", "kernel_address": "0x200000",
                      "initramfs": "hello.dtb 0x08000000", "enable_uart": "1"}
    assert mtool("mtype", image, "::cmdline.txt") == "console=serial0,115200\n"

    out = tmp_path / "out"
    out.mkdir()
    bundle = config["initramfs"].split()[0]
    mtool("mcopy", image, f"::{config['kernel']}", f"::{bundle}", str(out))
    started = boot(str(out / bundle), board=machine, kernel=False, options=("-kernel", str(out / config["kernel"])))
    assert started.finish() == 0
    assert started.lines("hello")


def test_what_it_refuses(tmp_path):
    script, image = ROOT / "ci/make-sdcard", BUILD / "skerry.img"
    no_board = subprocess.run([script, "rpi5", image, image, tmp_path / "a", tmp_path / "b"], capture_output=True,
                              text=True, check=False)
    assert no_board.returncode == 1 and "rpi3 or rpi4" in no_board.stderr
    large = tmp_path / "large.dtb"
    with open(large, "wb") as file:
        file.truncate(60 << 20)
    too_large = subprocess.run([script, "rpi4", image, large, tmp_path / "a", tmp_path / "b"], capture_output=True,
                               text=True, check=False)
    assert too_large.returncode == 1 and "no room for the firmware" in too_large.stderr
