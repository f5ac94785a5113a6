# SPDX-License-Identifier: Apache-2.0
"""What one guest does over and over, or leaves in a register, is nothing to the others."""
import pytest

from conftest import everywhere

GUEST = """
		{name} {{
			compatible = "skerry,guest";
			memory-size = <0x0 {size}>;
			kernel = /incbin/("guests/{image}.bin");
			cpus = <{cpus}>;
			bootargs = "{arguments}";
			{more}
		}};
"""


def guest(name, image, arguments="", cpus=1, size=0x100000, more=""):
    return GUEST.format(name=name, image=image, arguments=arguments, cpus=cpus, size=hex(size),
                        more=more)


def bundle(first, second):
    """Two guests, whose names are the first words of each, with a channel between them."""
    names = [text.split()[0] for text in (first, second)]
    return f"""/dts-v1/;
/ {{
	compatible = "skerry,bundle-v1";
	chosen {{ shutdown-when-done; }};
	guests {{ {first} {second} }};
	channels {{
		link {{
			compatible = "skerry,channel";
			ends = "{names[0]}", "{names[1]}";
			size = <0x1000>;
		}};
	}};
}};
"""


@everywhere
@pytest.mark.parametrize("arguments", ["how=yield rounds=3000", "how=onoff rounds=200",
                                       "how=reset rounds=40"])
def test_storm(boot, dtb, where, arguments):
    source = bundle(guest("storm", "storm", arguments, cpus=8), guest("honest", "honest", "rounds=50"))
    machine = boot(str(dtb(source)), **where)
    assert machine.finish() == 0
    assert machine.lines("storm")[-1] == "storm: over"
    assert machine.lines("honest") == ["honest: all sums right"]


# Time is counted in instructions, so the limits are the same on every machine: of 16 ns each.
@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("arguments", ["how=flood rounds=20", "how=reset rounds=400"])
def test_storm_costs_others_nothing(boot, dtb, gic, arguments):
    source = bundle(guest("storm", "storm", arguments),
                    guest("watch", "storm", "how=watch rounds=100 gap=5000 share=45"))
    machine = boot(str(dtb(source)), gic=gic, cpus=1, options=("-icount", "shift=4,sleep=off"))
    assert machine.finish() == 0, machine.lines("watch")
    assert machine.lines("watch")[-1] == "storm: over"


# A large image as well: what its start takes is the guest's own time, in pieces.
@pytest.mark.parametrize("gic", [2, 3])
def test_large_image_costs_others_nothing(boot, dtb, tmp_path, gic):
    (tmp_path / "large").write_bytes(b"large!\n\0" * (12 << 17))
    more = f'initrd = /incbin/("{tmp_path}/large");'
    source = bundle(guest("storm", "storm", "how=reset rounds=60", size=0x1000000, more=more),
                    guest("watch", "storm", "how=watch rounds=100 gap=12000 share=45"))
    machine = boot(str(dtb(source)), gic=gic, cpus=1, options=("-icount", "shift=4,sleep=off"))
    assert machine.finish() == 0, machine.lines("watch")
    assert machine.lines("watch")[-1] == "storm: over"


def leak_source(more=""):
    return bundle(guest("reader", "leak", size=0x400000, more=more),
                  guest("writer", "leak", "writer=1", size=0x400000, more=more))


def check_leaks(machine):
    status = machine.finish()
    lines = machine.lines("reader")
    assert not [line for line in lines if line.startswith("FAIL")], lines
    assert lines[-1].endswith("registers, 0 leak") and status == 0
    assert int(machine.lines("writer")[-1].split()[2]) > 30  # the writer did write


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_registers_do_not_leak(boot, dtb, gic, cpu):
    check_leaks(boot(str(dtb(leak_source())), gic=gic, cpus=1, cpu=cpu))


def test_registers_of_gicv3_are_hidden_from_gicv2(boot, dtb):
    check_leaks(boot(str(dtb(leak_source("gic-version = <2>;"))), gic=3, cpus=1, cpu="max"))


def test_registers_do_not_leak_on_newer_qemu(boot, dtb, qemu10):
    check_leaks(boot(str(dtb(leak_source())), cpus=1, cpu="max", qemu=qemu10))
