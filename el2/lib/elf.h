// SPDX-License-Identifier: Apache-2.0
/*
 * ELF64 as its generic ABI lays it out (System V gABI, chapters 4 and 5): what a guest's image may be, and
 * what a dump of a guest is.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_segment) == 56, "gABI");

#define ELF_MAGIC 0x464c457f /* "\x7fELF" */
#define ELF_CLASS_64 2	     /* ident[4], and [5], [6] */
#define ELF_LITTLE_ENDIAN 1
#define ELF_VERSION 1
#define ELF_EXECUTABLE 2 /* type */
#define ELF_CORE 4
#define ELF_AARCH64 183
#define ELF_LOAD 1 /* a segment's type */
#define ELF_NOTE 4

#endif
