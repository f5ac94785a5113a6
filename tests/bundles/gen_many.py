#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a bundle of N small workers: gen_many.py N [GUEST [BYTES]], by default sum in 1 MiB."""
import sys

HEAD = """// SPDX-License-Identifier: Apache-2.0
/dts-v1/;

/ {
	compatible = "skerry,bundle-v1";

	chosen {
		shutdown-when-done;
	};

	guests {"""

GUEST = """\
		{name} {{
			compatible = "skerry,guest";
			memory-size = <{high:#x} {low:#x}>;
			kernel = /incbin/("guests/{guest}.bin");
		}};"""


def main():
    count = int(sys.argv[1])
    guest = sys.argv[2] if len(sys.argv) > 2 else "sum"
    size = int(sys.argv[3], 0) if len(sys.argv) > 3 else 0x100000
    print(HEAD)
    for n in range(count):
        print(GUEST.format(name=f"{guest}-{n}", guest=guest, high=size >> 32, low=size & 0xffffffff))
    print("\t};\n};")


if __name__ == "__main__":
    main()
