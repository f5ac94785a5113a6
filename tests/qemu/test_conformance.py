# SPDX-License-Identifier: Apache-2.0
"""Guests whose expectations are the specifications' words, run bare on QEMU's virt at EL1, where they
must hold too (but for what a guest notes as QEMU's own error), and under Skerry."""
import re

import pytest

from conftest import BUILD, QEMU72

BUNDLE = """/dts-v1/;
/ {{
	compatible = "skerry,bundle-v1";
	chosen {{ shutdown-when-done; }};
	guests {{ {guests} }};
}};
"""

GUEST = """
		{name} {{
			compatible = "skerry,guest";
			memory-size = <0x0 0x8000000>;
			kernel = /incbin/("guests/{image}.bin");
			cpus = <{cpus}>;
			bootargs = "{arguments}";
			{more}
		}};
"""

TOPICS = ["debug", "idregs", "access", "psci", "timers", "gic"]

# QEMU's major version and the CPU it plays; gic and cpus.
MODELS = [(7, "cortex-a57"), (10, "max")]
MORE_MODELS = [(7, "max"), (10, "cortex-a57"), (10, "cortex-a53"), (10, "cortex-a72"), (10, "cortex-a76"),
               (10, "neoverse-n1")]
SHAPES = [(3, 1), (2, 4)]
MORE_SHAPES = [(3, 4), (2, 1)]


def cases():
    for shape in SHAPES + MORE_SHAPES:
        for model in MODELS + MORE_MODELS:
            long = shape in MORE_SHAPES or model in MORE_MODELS
            yield pytest.param(*shape, *model, id="gicv{}-{}cpu-qemu{}-{}".format(*shape, *model),
                               marks=[pytest.mark.long] if long else [])


matrix = pytest.mark.parametrize(("gic", "cpus", "version", "cpu"), list(cases()))
topics = pytest.mark.parametrize("topic", TOPICS)


@pytest.fixture
def qemu(request):
    """qemu(7) or qemu(10): the program."""
    return lambda version: QEMU72 if version == 7 else request.getfixturevalue("qemu10")


def guest(name, image, cpus=1, arguments="", more=""):
    return GUEST.format(name=name, image=image, cpus=cpus, arguments=arguments, more=more)


def printable(text):
    """Lines without what was written to the UART only to see whether it arrives."""
    return re.sub("[^\n -~]", "", text).split("\n")


def check(lines, topic):
    """The guest's last line says that it got to its end, and all was right."""
    wrong = [line for line in lines if line.startswith(("FAIL", "unexpected"))]
    assert not wrong, wrong
    assert lines and re.fullmatch(rf"{topic}: [1-9]\d* right, 0 wrong, \d+ known", lines[-1]), lines


@matrix
@topics
def test_bare(boot, qemu, topic, gic, cpus, version, cpu):
    machine = boot(None, gic=gic, cpus=cpus, cpu=cpu, qemu=qemu(version), machine="virtualization=off",
                   memory="512M", kernel=False, options=("-kernel", str(BUILD / f"guests/{topic}.bin"), "-append",
                                          f"qemu={version}"))
    machine.end()
    check([line for line in printable(machine.text) if line], topic)


@matrix
@topics
def test_under_skerry(boot, dtb, qemu, topic, gic, cpus, version, cpu):
    source = BUNDLE.format(guests=guest("it", topic, cpus, f"qemu={version}"))
    machine = boot(str(dtb(source)), gic=gic, cpus=cpus, cpu=cpu, qemu=qemu(version))
    assert machine.finish() == 0, machine.text[-6000:]
    check(machine.lines("it"), topic)


@topics
def test_under_skerry_without_list_registers(boot, dtb, topic):
    source = BUNDLE.format(guests=guest("it", topic, 4, "qemu=7 emulated=1", "gic-version = <2>;"))
    machine = boot(str(dtb(source)), gic=3, cpus=2)
    assert machine.finish() == 0, machine.text[-6000:]
    check(machine.lines("it"), topic)


@pytest.mark.parametrize("cpus", [1, 4])
def test_interrupts_of_four_vcpus(boot, dtb, cpus):
    machine = boot(str(dtb(BUNDLE.format(guests=guest("it", "gic", 4, "qemu=7")))), cpus=cpus)
    assert machine.finish() == 0, machine.text[-6000:]
    check(machine.lines("it"), "gic")


def test_interrupts_where_there_is_no_gic(boot, dtb):
    machine = boot(str(dtb(BUNDLE.format(guests=guest("it", "gic", 4, "qemu=7 emulated=1")))),
                   board="raspi3b")
    assert machine.finish() == 0, machine.text[-6000:]
    check(machine.lines("it"), "gic")


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize(("version", "cpu"), MODELS)
def test_breakpoints_of_others_never_hit(boot, dtb, qemu, version, cpu, cpus):
    """Four guests on fewer CPUs: each vCPU meets all CPUs, each CPU all guests' breakpoints."""
    guests = "".join(guest(f"g{n}", "debug", 1, "rounds=60" + (" quiet=1" if n == 3 else ""))
                     for n in range(4))
    machine = boot(str(dtb(BUNDLE.format(guests=guests))), cpus=cpus, cpu=cpu, qemu=qemu(version))
    assert machine.finish() == 0, machine.text[-6000:]
    for n in range(4):
        check(machine.lines(f"g{n}"), "debug")


@pytest.mark.parametrize(("version", "cpu"), [(10, "max"), (7, "max")])
def test_extensions_of_others_stay_theirs(boot, dtb, qemu, version, cpu):
    """Pointer authentication's keys and DISR_EL1 of three guests on two CPUs."""
    guests = "".join(guest(f"g{n}", "idregs", 1, f"rounds=40 seed={n + 1}") for n in range(3))
    machine = boot(str(dtb(BUNDLE.format(guests=guests))), cpus=2, cpu=cpu, qemu=qemu(version))
    assert machine.finish() == 0, machine.text[-6000:]
    for n in range(3):
        check(machine.lines(f"g{n}"), "idregs")


@pytest.mark.parametrize("where", [{"gic": 3}, {"gic": 2}], ids=["gicv3", "gicv2"])
def test_time_beside_another(boot, dtb, where):
    """Two guests that both want the one CPU: time is whole, and what the other had is stolen time. Time is
    counted in instructions: who has it is EL2's choice only."""
    guests = "".join(guest(name, "timers", 1, "beside=1") for name in ("a", "b"))
    machine = boot(str(dtb(BUNDLE.format(guests=guests))), cpus=1, options=("-icount", "shift=4,sleep=off"), **where)
    assert machine.finish() == 0, machine.text[-6000:]
    for name in ("a", "b"):
        check(machine.lines(name), "timers")
