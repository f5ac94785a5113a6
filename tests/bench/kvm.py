# SPDX-License-Identifier: Apache-2.0
"""The measuring guest under Linux's KVM: Debian's kernel in QEMU, and a launcher of ours as its init.

On cortex-a57 KVM runs nVHE, with the host at EL1; on -cpu max VHE, with the host at EL2.
"""
import re
import stat
import subprocess
from importlib.machinery import SourceFileLoader
from pathlib import Path

from machine import BUILD, ROOT, Invalid, cached, run

make_initramfs = SourceFileLoader("make_initramfs", str(ROOT / "ci/make-initramfs")).load_module()

CPUS = {"nVHE": "cortex-a57", "VHE": "max"}
ARGS = {"one": ("run=one",), "timer": ("run=timer", "peer=spin")}
BEGUN = {"nVHE": "Hyp mode initialized successfully", "VHE": "VHE mode initialized successfully"}

# What the launcher puts where (kvm-launcher.c).
TREE = """/dts-v1/;
/ {{
	compatible = "linux,dummy-virt";
	#address-cells = <2>;
	#size-cells = <2>;
	interrupt-parent = <1>;
	chosen {{ bootargs = "{args}"; }};
	cpus {{
		#address-cells = <1>;
		#size-cells = <0>;
		cpu@0 {{ device_type = "cpu"; compatible = "arm,armv8"; reg = <0>; }};
	}};
	memory@40000000 {{ device_type = "memory"; reg = <0 0x40000000 0 0x1000000>; }};
	interrupt-controller@8000000 {{
		phandle = <1>;
		compatible = "{gic}";
		interrupt-controller;
		#interrupt-cells = <3>;
		reg = <0 0x8000000 0 0x10000>, <0 {second} 0 0x20000>;
	}};
	pl011@9000000 {{ compatible = "arm,pl011"; reg = <0 0x9000000 0 0x1000>; }};
	psci {{ compatible = "arm,psci-1.0"; method = "hvc"; }};
}};
"""


def kernel():
    """Debian's Image; None where ci/setup could not fetch it."""
    folder = cached("linux-6.1")
    return folder and folder / "Image"


def version():
    package = (cached("linux-6.1") / "package.txt").read_text()
    return re.search(r"=(\d+\.\d+\.\d+\S*)", package)[1]


def tree(folder, gic, args):
    source = TREE.format(args=args, gic="arm,gic-v3" if gic == 3 else "arm,cortex-a15-gic",
                         second="0x80a0000" if gic == 3 else "0x8010000")
    return subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source.encode(), check=True,
                          capture_output=True, cwd=folder).stdout


def initramfs(folder, gic, args):
    archive = make_initramfs.Archive()
    archive.folder("dev")
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add("dev/kvm", stat.S_IFCHR | 0o600, device=(10, 232))
    archive.add("init", stat.S_IFREG | 0o755, (BUILD / "bench/kvm-launcher").read_bytes())
    archive.add("guest", stat.S_IFREG | 0o644, (BUILD / "guests/bench.bin").read_bytes())
    for i, words in enumerate(args):
        archive.add(f"tree-{i + 1}", stat.S_IFREG | 0o644, tree(folder, gic, words))
    archive.add("TRAILER!!!", 0)
    path = Path(folder, "kvm.cpio")
    path.write_bytes(archive.bytes)
    return path


def measured(folder, gic, mode, part):
    """What the measuring guest says, of one part; None: KVM has nothing of that kind."""
    if part not in ARGS:
        return None
    text = run(["-kernel", kernel(), "-initrd", initramfs(folder, gic, ARGS[part]), "-append",
                f"console=ttyAMA0 panic=-1 -- {gic} {len(ARGS[part])}"],
               r"\ndone\n|launcher: .*\n", gic=gic, cpu=CPUS[mode])
    if BEGUN[mode] not in text or "\ndone\n" not in text:
        raise Invalid(f"KVM {mode} on GICv{gic}: {text[-2000:]}")
    return text
