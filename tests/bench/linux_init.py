# SPDX-License-Identifier: Apache-2.0
"""Linux from its first instruction to /init's: how many more instructions under Skerry than bare at EL1.

Debian's kernel, one CPU, 256 MiB, and on the bare board the same device tree as Skerry gives its guest
(but for the node about Skerry), so that Linux finds the same devices and does the same work. What the
CPU sleeps is not counted.
"""
import re
import stat
import subprocess
import tempfile
from pathlib import Path

import kvm
import skerry
from machine import BUILD, Invalid, executed, run

SIZE = 256 << 20
INIT = "7e570000"     # where tests/bench/linux-init.S is linked (Makefile)
KERNEL = "40000004"   # the Image's second instruction as a guest's; and QEMU's own stub's
COME = "Linux has come to /init"
BOOTARGS = {"linux_quiet": "console=ttyAMA0 nokaslr quiet loglevel=0", "linux_console": "console=ttyAMA0 nokaslr"}
LINUX = """\t\tlinux {{
\t\t\tcompatible = "skerry,guest";
\t\t\tmemory-size = <0x0 {size:#x}>;
\t\t\tkernel = /incbin/("{kernel}");
\t\t\tinitrd = /incbin/("{initrd}");
\t\t\tbootargs = "{args}";
\t\t}};
"""


def initramfs(folder):
    archive = kvm.make_initramfs.Archive()
    archive.folder("dev")
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add("init", stat.S_IFREG | 0o755, (BUILD / "bench/linux-init").read_bytes())
    archive.add("TRAILER!!!", 0)
    path = Path(folder, "linux.cpio")
    path.write_bytes(archive.bytes)
    return path


def guest_tree(folder, gic):
    """The tree that a guest of that size gets, as the measuring guest prints it."""
    source = skerry.HEAD + skerry.GUEST.format(name="bench", guest="bench", size=SIZE, args="run=tree", cpu=0,
                                               gic="") + "\t};\n};\n"
    text = skerry.boot(folder, source, r"\[bench\] done", gic=gic)
    tree = bytes.fromhex("".join(re.findall(r"\[bench\] tree ([0-9a-f]+)", text)))
    dts = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts"], input=tree, check=True,
                         capture_output=True).stdout.decode()
    path = Path(folder, "guest.dtb")
    dts, changed = re.subn(r'compatible = "skerry,hypervisor-v1";', 'compatible = "no-one";', dts)
    if changed != 1:
        raise Invalid(f"no hypervisor's node in the guest's tree:\n{dts}")
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(path)], input=dts.encode(), check=True)
    return path


def bare(folder, gic, args):
    return executed(folder, [INIT], lambda count: run(
        ["-kernel", kvm.kernel(), "-initrd", initramfs(folder), "-dtb", guest_tree(folder, gic), "-append",
         args], COME, gic=gic, memory="256M", el2=False, count=count))[INIT][0]


def under_skerry(folder, gic, args):
    source = skerry.HEAD + LINUX.format(size=SIZE, kernel=kvm.kernel(), initrd=initramfs(folder),
                                        args=args) + "\t};\n};\n"
    found = executed(folder, [INIT, KERNEL], lambda count: skerry.boot(folder, source, COME, gic=gic,
                                                                      count=count))
    return found[INIT][0] - found[KERNEL][-1]


def more(gic):
    """By row: per cent more than bare."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, args in BOOTARGS.items():
            floor = bare(folder, gic, args)
            found[name] = round(100 * (under_skerry(folder, gic, args) / floor - 1), 2)
    return found
