// SPDX-License-Identifier: Apache-2.0
/* The flat format's numbers (Devicetree Specification 0.4, 5.2 and 5.4), for lib/fdt*.c alone. */
#ifndef LIB_FDT_TOKENS_H
#define LIB_FDT_TOKENS_H

#include "lib/types.h"

#define FDT_MAGIC 0xd00dfeed
#define FDT_VERSION 17
#define FDT_COMPATIBLE 16 /* the oldest version that reads what is written by this one */

enum {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE,
	FDT_PROP,
	FDT_NOP,
	FDT_END = 9,
};

/* Each word is big-endian. */
struct fdt_header {
	u32 magic, totalsize;
	u32 off_dt_struct, off_dt_strings, off_mem_rsvmap;
	u32 version, last_comp_version;
	u32 boot_cpuid_phys;
	u32 size_dt_strings, size_dt_struct;
};

#define FDT_TOKEN 4 /* bytes; every token begins at a multiple of it */

#endif
