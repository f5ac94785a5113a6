# SPDX-License-Identifier: Apache-2.0
"""The README's worked example, as written there: its files, its command, its output."""
import os
import re
import shutil
import subprocess

from conftest import BUILD, HANG_GUARD, ROOT

README = (ROOT / "README.md").read_text()


def block(marker):
    """The block that follows <!-- marker -->: fenced, or indented by four."""
    after = README.split(f"<!-- {marker} -->\n", 1)[1]
    fenced = re.match(r"```\w*\n(.*?)```", after, re.DOTALL)
    return fenced.group(1) if fenced else re.match(r"((?:    .*\n)+)", after).group(1)


def test_worked_example(tmp_path):
    """In a copy of the tree, which then builds what is new and runs the README's command."""
    tree = tmp_path / "skerry"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "build", "__pycache__"))
    shutil.copytree(BUILD, tree / "build", ignore=shutil.ignore_patterns("host", "check", "results"))
    for name in re.findall(r"<!-- file: (\S+) -->", README):
        (tree / name).write_text(block(f"file: {name}"))
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("BUILD", "BUNDLE", "BOARD", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(block("run").split(), cwd=tree, env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=HANG_GUARD, check=False)
    output = done.stdout.replace("\r", "")
    assert done.returncode == 0, output[-4000:]
    for line in block("output").splitlines():
        assert any(seen.startswith(line) for seen in output.splitlines()), (line, output[-4000:])


def test_the_line_by_hand_is_what_tests_use():
    """The contract's command line stands in the README, word for word but for the bundle."""
    assert ("qemu-system-aarch64 -M virt,virtualization=on,gic-version=3 -cpu cortex-a57 -smp 4 "
            "-m 1G -nographic -nic none -kernel build/skerry.img -initrd build/bundles/") in README
