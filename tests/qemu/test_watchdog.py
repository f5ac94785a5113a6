# SPDX-License-Identifier: Apache-2.0
"""A guest that hangs is started again by its watchdog; one that is busy is left in peace.

Time is counted in instructions, so that no other program of the host's can make a guest late.
"""
import re

import pytest

from linux import Shell, bundle, guest

COUNTED = ("-icount", "shift=4,sleep=off")

HANGS = """/dts-v1/;
/ {
	compatible = "skerry,bundle-v1";
	chosen { shutdown-when-done; };
	guests {
		call { compatible = "skerry,guest"; memory-size = <0x0 0x100000>; watchdog;
			kernel = /incbin/("guests/hang.bin"); bootargs = "how=call";
			on-crash = "restart"; restart-limit = <1 600>; GIC };
		device { compatible = "skerry,guest"; memory-size = <0x0 0x100000>; watchdog;
			kernel = /incbin/("guests/hang.bin");
			on-crash = "restart"; restart-limit = <1 600>; GIC };
	};
};
"""


@pytest.mark.parametrize("gic, emulated", [(3, False), (2, False), (3, True)])
def test_hung(boot, dtb, gic, emulated):
    source = HANGS.replace("GIC", "gic-version = <2>;" if emulated else "")
    machine = boot(dtb(source), gic=gic, cpus=1, options=COUNTED)
    assert machine.finish() == 0
    for name in "call", "device":
        lines = machine.lines(name)
        assert lines[-1] == "PASS started again by the watchdog", lines
        assert not [line for line in lines if "FAIL" in line], lines
        said = re.findall(rf"^skerry: guest {name}.*", machine.text, re.MULTILINE)
        assert f"skerry: guest {name} is hung: its watchdog was not fed in time" in said, said
    assert "warned, WCS 3" in machine.lines("device")


def test_linux(boot, dtb):
    """Debian's driver and busybox' daemon as they are. Killed, it feeds no more: Linux comes again, and
    its driver knows why."""
    linux = guest(cpus=1, more='\n\t\t\tfocus; watchdog;\n\t\t\ton-crash = "restart";')
    machine = boot(dtb(bundle(linux)), cpus=1, options=COUNTED)
    shell = Shell(machine).wait()
    load = "insmod /lib/modules/$(uname -r)/sbsa_gwdt.ko"
    bootstatus = "cat /sys/class/watchdog/watchdog0/bootstatus"
    shell(load)
    assert shell(bootstatus) == ["0"]
    shell("watchdog -T 4 -t 1 /dev/watchdog")
    shell("sleep 9")
    shell("killall -9 watchdog")
    machine.expect("guest linux is hung: its watchdog was not fed in time")
    again = Shell(machine).wait()
    again(load)
    assert again(bootstatus) == ["32"]  # WDIOF_CARDRESET
    again.end("poweroff")
    assert machine.finish() == 0
