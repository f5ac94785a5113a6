#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What Linux costs as a guest: instructions from its first one through a shell's first command to the
power-off, bare at EL1 and as Skerry's guest, and what the guest left its way for.

    linux.py [--update]     a table; --update writes docs/linux-figures.json and the table into docs/linux.md

The same kernel, initramfs, arguments and devices (QEMU's tree less what Skerry has not) on one CPU, with
QEMU's -icount: counted, so the same on any host. shift=0 gives 1000 million instructions a second, a
processor's pace; shift=4 gives 62, where sixteen times as many timer interrupts fall on the same work.
KASLR is off, so that both run the same addresses. The start of Skerry itself, which loads the kernel, is
a figure of its own.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from machine import BUILD, HANG_GUARD, QEMU, ROOT, Invalid, cached, run

JSON = ROOT / "docs/linux-figures.json"
PAGE = ROOT / "docs/linux.md"
KERNELS = ["linux-6.1", "linux-6.12"]
MEMORY = 256 << 20
SHELL = "rdinit=/bin/sh -- -c \"echo shell; exec /bin/busybox poweroff -f\""
CONSOLES = {"quiet": "console=ttyAMA0 nokaslr quiet ", "on the PL011": "console=ttyAMA0 nokaslr "}
# What QEMU's tree has and Skerry's guest does not.
NO = re.compile(r"^(pcie|virtio_mmio|flash|fw-cfg|gpio|platform-bus|pl061|pmu|intc/its|intc/v2m)")

# Exits, by the function of EL2 that each begins with.
EXITS = {
    "first touches of memory": ["guest_touch"],
    "other data aborts: devices": ["mmio_handle"],
    "fetch aborts": ["fault_fetch"],
    "system registers": ["sysreg_handle"],
    "HVC, SMC": ["hypercall_handle", "handle_smc"],
    "WFI": ["handle_wait"],
    "FP after a switch": ["fp_load"],
    "undefined": ["fault_undefined"],
    "interrupts: virtual timer and others": ["trap_irq_quick"],
    "interrupts: others": ["trap_irq"],
}
BUNDLE = """/dts-v1/;
/ {{
	compatible = "skerry,bundle-v1";
	chosen {{ shutdown-when-done; }};
	guests {{ linux {{
		compatible = "skerry,guest";
		memory-size = <0 {memory:#x}>;
		kernel = /incbin/("systems/{kernel}/Image");
		initrd = /incbin/("systems/busybox.cpio");
		bootargs = "{bootargs}";
	}}; }};
}};
"""


def counted(folder, options, shift, places=()):
    """Runs a machine to its end; (instructions, those before places[0], [passes of each place], text)."""
    out = Path(folder, "passes")
    plugin = f"{BUILD / 'bench/passes.so'},out={out}" + "".join(f",at={place:x}" for place in places)
    command = [QEMU, "-cpu", "cortex-a57", "-smp", "1", "-display", "none", "-monitor", "none", "-serial",
               "stdio", "-nic", "none", "-no-reboot", "-seed", "1", "-icount", f"shift={shift},sleep=off",
               "-plugin", plugin, *map(str, options)]
    text = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=True,
                          timeout=4 * HANG_GUARD).stdout.decode("utf-8", "replace").replace("\r", "")
    if not re.search(r"^(\[linux\] )?shell$", text, re.MULTILINE):
        raise Invalid(f"no shell\n{' '.join(command)}\n{text[-3000:]}")
    count, first, *passes = map(int, out.read_text().split())
    return count, first, passes, text


def bare_tree(folder):
    """QEMU's tree, less what Skerry's guest does not have."""
    path = Path(folder, "bare.dtb")
    subprocess.run([QEMU, "-M", f"virt,gic-version=3,dumpdtb={path}", "-cpu", "cortex-a57", "-smp", "1", "-m",
                    str(MEMORY >> 20), "-nic", "none", "-display", "none"], check=True, capture_output=True)
    nodes = subprocess.run(["fdtget", "-l", path, "/"], check=True, capture_output=True, text=True).stdout
    gic = next(node for node in nodes.split() if node.startswith("intc"))
    inner = subprocess.run(["fdtget", "-l", path, f"/{gic}"], check=True, capture_output=True, text=True).stdout
    doomed = [f"/{node}" for node in nodes.split() if NO.match(node)] + [f"/{gic}/{n}" for n in inner.split()]
    for node in doomed:
        subprocess.run(["fdtput", "-r", path, node], check=True)
    return path


def bare(folder, kernel, console, shift):
    system = BUILD / "systems" / kernel
    count, _, _, _ = counted(folder, [
        "-M", "virt,gic-version=3", "-m", f"{MEMORY >> 20}M", "-dtb", bare_tree(folder), "-kernel",
        system / "Image", "-initrd", BUILD / "systems/busybox.cpio", "-append", CONSOLES[console] + SHELL],
        shift)
    return count


def symbols():
    """{function of EL2: its address in the machine}, by the image's own word where it lies."""
    table = subprocess.run(["aarch64-linux-gnu-nm", BUILD / "skerry.elf"], check=True, capture_output=True,
                           text=True).stdout
    fields = [line.split() for line in table.splitlines()]
    return {line[2]: 0x40200000 + int(line[0], 16) for line in fields if len(line) == 3}


def entry(kernel):
    """Where in an Image its second instruction, a jump, leads to (the first one is no more than a magic)."""
    jump = int.from_bytes((BUILD / "systems" / kernel / "Image").read_bytes()[4:8], "little")
    if jump >> 26 != 0b000101:
        raise Invalid(f"{kernel}: no B but {jump:#x}")
    return 4 + 4 * (jump & 0x3ffffff)


def guest(folder, kernel, console, shift):
    """(instructions of Skerry's start, those from the guest's first one on, {exit: how often})"""
    source, bundle = Path(folder, "bundle.dts"), Path(folder, "bundle.dtb")
    bootargs = (CONSOLES[console] + SHELL).replace('"', '\\"')
    source.write_text(BUNDLE.format(memory=MEMORY, kernel=kernel, bootargs=bootargs))
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", str(BUILD), "-o", bundle, source], check=True,
                   cwd=ROOT)
    known = symbols()
    names = [(kind, name) for kind, functions in EXITS.items() for name in functions if name in known]
    # Nobody else has code there: QEMU's own first instructions are at the start of memory.
    count, first, passes, text = counted(folder, [
        "-M", "virt,virtualization=on,gic-version=3", "-m", "1G", "-kernel", BUILD / "skerry.img", "-initrd",
        bundle], shift, [0x40000000 + entry(kernel)] + [known[name] for _, name in names])
    if not first or "image  at 0x40200000" not in text:
        raise Invalid(f"the guest's first instruction is not known\n{text[-2000:]}")
    exits = dict.fromkeys(EXITS, 0)
    for (kind, _), n in zip(names, passes[1:]):
        exits[kind] += n
    exits["other data aborts: devices"] -= exits["first touches of memory"] - exits["fetch aborts"]
    exits["interrupts: virtual timer and others"] -= exits["interrupts: others"]
    exits["interrupts: virtual timer"] = exits.pop("interrupts: virtual timer and others")
    return first, count - first, exits


def memory(folder, kernel, vcpus):
    """KiB that Skerry holds for a Linux guest at its shell, beside the guest's own memory, by use."""
    source, bundle = Path(folder, "bundle.dts"), Path(folder, "bundle.dtb")
    source.write_text(BUNDLE.format(memory=MEMORY, kernel=kernel, bootargs=CONSOLES["quiet"]).replace(
        "kernel =", f"cpus = <{vcpus}>; kernel ="))
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", str(BUILD), "-o", bundle, source], check=True,
                   cwd=ROOT)
    text = run(["-kernel", BUILD / "skerry.img", "-initrd", bundle], r"guests' memory.*\n", cpus=vcpus,
               keys=[(r"\[linux\] Linux .* up ", b"\x1dp"), (r"skerry> ", b"memory\r")])
    return {use: int(re.search(rf" {use} +(\d+)\s", text)[1])
            for use in ("hypervisor", "guests' tables", "guests' state", "guests' memory")}


def measure():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kernel in KERNELS:
            if not cached(kernel) or not cached("busybox"):
                continue
            for console in CONSOLES:
                for shift in (0, 4):
                    alone = bare(folder, kernel, console, shift)
                    start, here, exits = guest(folder, kernel, console, shift)
                    rows.append({"kernel": kernel, "console": console, "shift": shift, "bare": alone,
                                 "guest": here, "ratio": round(here / alone, 4), "start": start,
                                 "exits": exits})
                    print(json.dumps(rows[-1]), file=sys.stderr)
    return rows


def table(rows):
    yield "| kernel | console | instructions a second | bare | as a guest | ratio | Skerry's own start |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        yield (f"| {row['kernel'].removeprefix('linux-')} | {row['console']} | {1000 >> row['shift']} million | "
               f"{row['bare']:,} | {row['guest']:,} | {row['ratio']:.4f} | {row['start']:,} |")
    yield ""
    kinds = list(rows[0]["exits"])
    yield "| exits | " + " | ".join(
        f"{row['kernel'].removeprefix('linux-')} {row['console']}, {1000 >> row['shift']}" for row in rows) + " |"
    yield "|---|" + "---|" * len(rows)
    for kind in kinds:
        yield f"| {kind} | " + " | ".join(f"{row['exits'][kind]:,}" for row in rows) + " |"


def room_table(room):
    yield "| KiB at the shell | " + " | ".join(f"{vcpus} vCPU{'s' * (vcpus > 1)}" for vcpus in room) + " |"
    yield "|---|" + "---|" * len(room)
    for use in next(iter(room.values())):
        yield f"| {use} | " + " | ".join(f"{kib[use]:,}" for kib in room.values()) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    rows = measure()
    if not rows:
        sys.exit("linux.py: no kernel: ci/setup could not fetch it")
    with tempfile.TemporaryDirectory() as folder:
        room = {vcpus: memory(folder, rows[0]["kernel"], vcpus) for vcpus in (1, 4)}
    lines = "\n".join([*table(rows), "", *room_table(room)])
    print(lines)
    if arguments.update:
        JSON.write_text(json.dumps({"date": datetime.now(timezone.utc).strftime("%F"), "rows": rows,
                                    "memory": room},
                                   indent=1) + "\n")
        page = PAGE.read_text()
        begin, end = "<!-- make bench-linux -->\n", "<!-- end -->"
        head, rest = page.split(begin)
        PAGE.write_text(head + begin + lines + "\n" + end + rest.split(end)[1])


if __name__ == "__main__":
    main()
