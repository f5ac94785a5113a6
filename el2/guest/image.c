// SPDX-License-Identifier: Apache-2.0
/*
 * Where a guest's kernel, device tree and initrd go in its memory. Runs at EL2, before the guest is
 * there: pure data in, pure data out. The kernel's bytes are untrusted; every sum of two of its
 * numbers is taken only after the first was held against the memory's size, so none wraps around.
 * Follows Linux's arm64 boot protocol (header of 64 bytes) and the ELF-64 object file format.
 */
#include "guest/image.h"
#include "lib/elf.h"
#include "lib/string.h"

#define TREE_ALIGN 8

/* The arm64 Image header, as far as it counts here; little-endian, like EL2. */
struct image_header {
	u32 code[2];
	u64 text_offset, image_size, flags;
	u64 reserved[3];
	u32 magic, pe_offset;
};

#define IMAGE_MAGIC 0x644d5241 /* "ARM\x64" */
#define IMAGE_BIG_ENDIAN BIT(0)

struct planner {
	struct image_plan *plan;
	const struct guest_config *config;
	struct fdt_error *err;
};

/* Every message is about one of the guest's properties. */
#define FAIL(p, property, ...) fdt_fail(NULL, -1, property, (p)->err, __VA_ARGS__)

static u64 memory_end(const struct planner *p)
{
	return SKERRY_RAM_BASE + p->config->memory_size;
}

/* Is [ipa, + size) in the guest's memory? */
static bool in_memory(const struct planner *p, u64 ipa, u64 size)
{
	return ipa >= SKERRY_RAM_BASE && ipa <= memory_end(p) && size <= memory_end(p) - ipa;
}

static bool add_segment(struct planner *p, u64 offset, u64 file_size, u64 ipa, u64 memory_size)
{
	struct image_plan *plan = p->plan;
	unsigned n = plan->segment_count;

	if (!in_memory(p, ipa, memory_size))
		return FAIL(p, "kernel", "0x%lx bytes at 0x%lx: the memory ends at 0x%lx",
			    memory_size, ipa, memory_end(p));
	for (unsigned i = 0; i < n; i++)
		if (ipa < plan->segments[i].ipa + plan->segments[i].memory_size &&
		    plan->segments[i].ipa < ipa + memory_size)
			return FAIL(p, "kernel", "two segments overlap at 0x%lx",
				    MAX(ipa, plan->segments[i].ipa));
	if (n == IMAGE_SEGMENTS_MAX)
		return FAIL(p, "kernel", "more than %d segments to load", IMAGE_SEGMENTS_MAX);
	plan->segments[n].offset = offset;
	plan->segments[n].file_size = file_size;
	plan->segments[n].ipa = ipa;
	plan->segments[n].memory_size = memory_size;
	plan->segment_count++;
	plan->end = MAX(plan->end, ipa + memory_size);
	return true;
}

static bool plan_arm64(struct planner *p)
{
	struct image_header header;
	u64 size = p->config->kernel.size;

	memcpy(&header, p->config->kernel.data, sizeof(header));
	p->plan->kind = IMAGE_ARM64;
	if (header.flags & IMAGE_BIG_ENDIAN)
		return FAIL(p, "kernel", "Image header: big-endian: expected little-endian");
	if (header.image_size < size)
		return FAIL(p, "kernel",
			    "Image header: image_size 0x%lx is less than the file's %s%lx",
			    header.image_size, "0x", size);
	if (header.text_offset % 4 || header.text_offset >= p->config->memory_size)
		return FAIL(p, "kernel", "Image header: text_offset 0x%lx: expected %s",
			    header.text_offset, "a multiple of 4 inside the memory");
	p->plan->entry = SKERRY_RAM_BASE + header.text_offset;
	return add_segment(p, 0, size, p->plan->entry, header.image_size);
}

/* The entry is a virtual address by the format, but often, with the MMU off, a physical one. */
static void note_entry(struct planner *p, const struct elf_segment *segment, u64 entry)
{
	if (entry - segment->vaddr < segment->memsz)
		p->plan->entry = segment->paddr + (entry - segment->vaddr);
	else if (!p->plan->entry && entry - segment->paddr < segment->memsz)
		p->plan->entry = entry;
}

static bool plan_elf_segment(struct planner *p, const struct elf_segment *segment, u64 entry)
{
	u64 size = p->config->kernel.size;

	if (segment->type != ELF_LOAD || segment->memsz == 0)
		return true;
	if (segment->filesz > segment->memsz)
		return FAIL(p, "kernel",
			    "ELF: a segment of 0x%lx bytes in the file, 0x%lx in memory",
			    segment->filesz, segment->memsz);
	if (segment->offset > size || segment->filesz > size - segment->offset)
		return FAIL(p, "kernel", "ELF: segment at 0x%lx of the file ends beyond its end",
			    segment->offset);
	if (!add_segment(p, segment->offset, segment->filesz, segment->paddr, segment->memsz))
		return false;
	note_entry(p, segment, entry);
	return true;
}

static bool check_elf_header(struct planner *p, const struct elf_header *header)
{
	u64 size = p->config->kernel.size;

	if (header->ident[4] != ELF_CLASS_64 || header->ident[5] != ELF_LITTLE_ENDIAN)
		return FAIL(p, "kernel", "ELF: expected 64 bits, little-endian");
	if (header->machine != ELF_AARCH64)
		return FAIL(p, "kernel", "ELF: machine %u: expected 183, AArch64", header->machine);
	if (header->type != ELF_EXECUTABLE)
		return FAIL(p, "kernel",
			    "ELF: type %u: expected 2, an executable at fixed addresses",
			    header->type);
	if (header->phentsize != sizeof(struct elf_segment))
		return FAIL(p, "kernel", "ELF: program headers of %u bytes: expected 56",
			    header->phentsize);
	if (header->phoff > size ||
	    (u64)header->phnum * sizeof(struct elf_segment) > size - header->phoff)
		return FAIL(p, "kernel", "ELF: program headers end beyond the file's end");
	return true;
}

static bool plan_elf(struct planner *p)
{
	struct elf_header header;
	struct elf_segment segment;

	p->plan->kind = IMAGE_ELF;
	if (p->config->kernel.size < sizeof(header))
		return FAIL(p, "kernel", "ELF: cut short inside its header");
	memcpy(&header, p->config->kernel.data, sizeof(header));
	if (!check_elf_header(p, &header))
		return false;
	for (unsigned i = 0; i < header.phnum; i++) {
		memcpy(&segment, p->config->kernel.data + header.phoff + i * sizeof(segment),
		       sizeof(segment));
		if (!plan_elf_segment(p, &segment, header.entry))
			return false;
	}
	if (!p->plan->segment_count)
		return FAIL(p, "kernel", "ELF: no segment to load");
	if (!p->plan->entry || p->plan->entry % 4)
		return FAIL(p, "kernel", "ELF: entry 0x%lx: expected an instruction in a segment",
			    header.entry);
	return true;
}

static bool plan_flat(struct planner *p)
{
	p->plan->kind = IMAGE_FLAT;
	p->plan->entry = SKERRY_RAM_BASE + SKERRY_FLAT_OFFSET;
	return add_segment(p, 0, p->config->kernel.size, p->plan->entry, p->config->kernel.size);
}

/* A file's word at `offset`; 0 beyond its end. */
static u32 word_at(const struct bundle_bytes *file, u64 offset)
{
	u32 word = 0;

	if (file->size >= offset + sizeof(word))
		memcpy(&word, file->data + offset, sizeof(word));
	return word;
}

static bool plan_kernel(struct planner *p)
{
	const struct bundle_bytes *kernel = &p->config->kernel;

	if (kernel->size >= sizeof(struct image_header) && word_at(kernel, 56) == IMAGE_MAGIC)
		return plan_arm64(p);
	if (word_at(kernel, 0) == ELF_MAGIC)
		return plan_elf(p);
	if ((word_at(kernel, 0) & 0xffff) == 0x8b1f || word_at(kernel, 4) == 0x676d697a)
		return FAIL(p, "kernel", "compressed (gzip, or zimg): expected it unpacked");
	return plan_flat(p);
}

/*
 * Where the tree is out of the kernel's way. A flat binary doesn't say how far its bss and stack
 * reach: the tree stands in the middle of a small memory, 128 MiB up in a large one.
 */
static u64 clear_of(const struct planner *p)
{
	u64 half = SKERRY_RAM_BASE + MIN(p->config->memory_size / 2, 128 * MIB);

	return p->plan->kind == IMAGE_FLAT ? MAX(p->plan->end, half) : p->plan->end;
}

/*
 * How the tree is best aligned. Linux before 4.2 wants the whole of it within 2 MiB. An Image says
 * how far it reaches, so the tree may lie right behind it: one block less to be given and zeroed
 * before the guest runs. Others may use what follows them without a word, so it keeps its distance.
 */
static u64 tree_align(const struct planner *p, u64 from, u64 tree_room)
{
	bool crosses = ALIGN_UP(from, TREE_ALIGN) % CHUNK_SIZE + tree_room > CHUNK_SIZE;

	return p->plan->kind == IMAGE_ARM64 && !crosses ? TREE_ALIGN : CHUNK_SIZE;
}

/*
 * Puts the tree at the first multiple of `align` at or above `from`, the initrd above the tree.
 */
static bool place(struct planner *p, u64 from, u64 tree_room, u64 align)
{
	struct image_plan *plan = p->plan;
	u64 initrd_size = p->config->initrd.size;

	plan->tree = ALIGN_UP(from, align);
	plan->initrd = 0;
	if (!in_memory(p, plan->tree, tree_room))
		return false;
	if (!initrd_size)
		return true;
	plan->initrd = ALIGN_UP(plan->tree + tree_room, PAGE_SIZE);
	return in_memory(p, plan->initrd, initrd_size);
}

bool image_plan(struct image_plan *plan, const struct guest_config *config, u64 tree_room,
		struct fdt_error *err)
{
	struct planner p = {plan, config, err};

	*plan = (struct image_plan){0};
	if (config->firmware.size) {
		plan->kind = IMAGE_FIRMWARE;
		plan->entry = SKERRY_ROM_BASE;
		plan->tree = plan->end = SKERRY_RAM_BASE;
		return true;
	}
	if (!plan_kernel(&p))
		return false;
	/* A small guest has no room for the best place. */
	if (place(&p, clear_of(&p), tree_room, tree_align(&p, clear_of(&p), tree_room)) ||
	    place(&p, clear_of(&p), tree_room, TREE_ALIGN) ||
	    place(&p, plan->end, tree_room, TREE_ALIGN))
		return true;
	if (!in_memory(&p, plan->tree, tree_room))
		return FAIL(&p, "kernel",
			    "ends at 0x%lx: no room above it for a device tree of 0x%lx", plan->end,
			    tree_room);
	return FAIL(&p, "initrd", "0x%lx bytes at 0x%lx: the memory ends at 0x%lx",
		    config->initrd.size, plan->initrd, memory_end(&p));
}
