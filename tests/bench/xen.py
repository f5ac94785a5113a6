# SPDX-License-Identifier: Apache-2.0
"""The measuring guest under Xen: Debian's hypervisor in QEMU, "dom0less", so that it starts the guests
itself, as /chosen of the board's tree says (Xen, docs/misc/arm/device-tree/booting.txt)."""
import gzip
import re
import subprocess
import tempfile
from pathlib import Path

from machine import BUILD, GUEST_BEGINS, QEMU, Invalid, cached, executed, run

# Debian's Xen has these schedulers; vwfi=native: a guest's WFI stops the CPU, which is for where nobody
# shares it.
VARIANTS = {"Xen": "sched=credit2", "Xen credit": "sched=credit", "Xen vwfi": "sched=credit2 vwfi=native"}
OPTIONS = VARIANTS["Xen"]
SCHEDULERS = {"sched=credit2": "SMP Credit Scheduler rev2", "sched=credit": "SMP Credit Scheduler (credit)"}
# What makes up a part: bootargs of the guest, and of a second one. Not measured: an FP instruction does
# not trap after a switch; with two CPUs Xen 4.17 does not come through its start under -icount.
PARTS = {"one": ("run=one",), "timer": ("run=timer", "peer=spin"), "yield": ("run=yield", "peer=yield"),
         "bell": ("run=bell", "peer=bell")}
GUEST_AT = 0x50000000
KIB = 16 << 10

CHOSEN = """/ {{
	chosen {{
		#address-cells = <2>;
		#size-cells = <2>;
		xen,xen-bootargs = "console=dtuart dtuart=/pl011@9000000 bootscrub=0 {options}";
{domains}	}};
}};
"""
DOMAIN = """		domU{number} {{
			compatible = "xen,domain";
			#address-cells = <2>;
			#size-cells = <2>;
			memory = <0 {kib:#x}>;
			cpus = <1>;
			vpl011;
			xen,enhanced = "no-xenstore";
			module@{at:x} {{
				compatible = "multiboot,kernel", "multiboot,module";
				reg = <0 {at:#x} 0 {size:#x}>;
				bootargs = "{args}";
			}};
		}};
"""


def image():
    """Debian's file; None where ci/setup could not fetch it."""
    folder = cached("xen")
    return folder and folder / "xen"


def version():
    return re.search(r"=(\S+)", (cached("xen") / "package.txt").read_text())[1]


def tree(folder, gic, options, args, memory):
    """The board's own tree, from QEMU, and in it what Xen is to start."""
    board, dts, dtb = (Path(folder, name) for name in ("board.dtb", "xen.dts", "xen.dtb"))
    subprocess.run([QEMU, "-M", f"virt,virtualization=on,gic-version={gic},dumpdtb={board}", "-cpu",
                    "cortex-a57", "-m", memory, "-display", "none", "-nic", "none"], check=True,
                   capture_output=True)
    own = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(board)], check=True,
                         capture_output=True, text=True).stdout
    size = (BUILD / "guests/bench.bin").stat().st_size
    domains = "".join(DOMAIN.format(number=i + 1, kib=KIB, at=GUEST_AT + (i << 20), size=size, args=words)
                      for i, words in enumerate(args))
    dts.write_text(own + CHOSEN.format(options=options, domains=domains))
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(dtb), str(dts)], check=True)
    return dtb


def boot(folder, gic, options, args, until, memory="1G", **more):
    loads = [word for i in range(len(args)) for word in
             ("-device", f"loader,file={BUILD / 'guests/bench.bin'},addr={GUEST_AT + (i << 20):#x},"
                         "force-raw=on")]
    text = run(["-kernel", image(), "-dtb", tree(folder, gic, options, args, memory), *loads],
               until + r"|Panic on CPU|DOM\d: unexpected", gic=gic, memory=memory, **more)
    if not re.search(until, text) or "Using scheduler: " + SCHEDULERS[options.split()[0]] not in text:
        raise Invalid(f"Xen on GICv{gic}, {options}: {text[-2000:]}")
    return text


def measured(folder, gic, options, part):
    """What the measuring guest says, of one part; None: not measured here."""
    args = PARTS.get(part)
    if not args or (len(args) > 1 and "vwfi" in options):
        return None
    if part == "bell":
        options += " xsm=dummy"  # or Debian's Xen denies guests an event channel between them
    return boot(folder, gic, options, args, "DOM1: done")


def start(gic):
    """The rows about the start and about room: as skerry.start."""
    def until_guest(guests, memory):
        return executed(folder, [GUEST_BEGINS], lambda count: boot(
            folder, gic, OPTIONS, ["run=one"] * guests, "DOM1: row empty", memory, count=count))[GUEST_BEGINS][0]

    def kib(guests):
        # Three times Ctrl-a give the keyboard to the next guest, and behind the last to Xen, whose key
        # "m" says how much is free.
        text = boot(folder, gic, OPTIONS, ["run=one"] * guests, r"Dom heap: \d+kB free",
                    keys=[(rf"DOM{guests}: done", b"\x01\x01\x01" * (guests + 1) + b"m")])
        return (1 << 20) - guests * KIB - int(re.search(r"Dom heap: (\d+)kB free", text)[1])

    with tempfile.TemporaryDirectory() as folder:
        found = {f"boot_{memory.lower()}": until_guest(1, memory) for memory in ("1G", "2G", "4G")}
        found["start_more"] = round((until_guest(9, "1G") - found["boot_1g"]) / 8)
        found["image"] = image().stat().st_size
        found["image_packed"] = len(gzip.compress(image().read_bytes(), 9))
        found["memory_first"] = kib(1)
        found["memory_more"] = (kib(9) - kib(1)) / 8
    return found
