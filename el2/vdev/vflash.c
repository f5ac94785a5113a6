// SPDX-License-Identifier: Apache-2.0
/*
 * The flash's commands. Runs at EL2 for the vCPU that trapped, lock guest held. Follows the Common Flash
 * Interface (JESD68.01) and Intel's StrataFlash (P30) data sheet; where a guest could see a difference,
 * QEMU's cfi-flash.
 *
 * Always: a program only clears bits, an erase only sets them. Every operation is done when its last write
 * has been, so that the status register always says "ready".
 */
#include "vdev/vflash.h"

#include "arch/mmu.h"
#include "lib/string.h"

enum { SHOWS_BYTES, SHOWS_STATUS, SHOWS_ID, SHOWS_QUERY };
enum { COMMAND, PROGRAM, ERASE, LOCK, BUFFER_COUNT, BUFFER_DATA, BUFFER_CONFIRM };

#define CMD_PROGRAM_OLD 0x10
#define CMD_ERASE 0x20
#define CMD_PROGRAM 0x40
#define CMD_CLEAR_STATUS 0x50
#define CMD_LOCK 0x60
#define CMD_STATUS 0x70
#define CMD_ID 0x90
#define CMD_QUERY 0x98
#define CMD_CONFIRM 0xd0
#define CMD_BUFFER 0xe8
#define CMD_READ 0xff

#define STATUS_READY 0x80
#define STATUS_SEQUENCE 0x30 /* erase and program failed: it was no such command */

/* Instead of the buffer's address. */
#define BASE_UNKNOWN UINT32_MAX
#define BASE_NONE (UINT32_MAX - 1) /* the buffer is spoilt */

#define CHIPS 2
#define CHIP_BITS 16

#define LOG2_SIZE 20  /* of a chip: VFLASH_SIZE / CHIPS */
#define LOG2_BUFFER 6 /* VFLASH_BUFFER / CHIPS */
#define QUERY_BASE 0x10

_Static_assert(VFLASH_SIZE == CHIPS << LOG2_SIZE, "device size");
_Static_assert(VFLASH_BUFFER == CHIPS << LOG2_BUFFER, "buffer size");

/* From query address 0x10, one byte an address of a chip. */
static const u8 query[] = {
	'Q',
	'R',
	'Y',
	0x01,
	0x00,
	0x31,
	0x00, /* Intel's command set, its table at 0x31 */
	0x00,
	0x00,
	0x00,
	0x00, /* no other */
	0x45,
	0x55,
	0x00,
	0x00, /* 4.5 V to 5.5 V, no programming voltage */
	0x07,
	0x07,
	0x0a,
	0x00, /* typical times as powers of 2: us, us, ms */
	0x04,
	0x04,
	0x04,
	0x00, /* the longest, times that */
	LOG2_SIZE,
	0x02,
	0x00,
	LOG2_BUFFER,
	0x00,
	0x01,
	VFLASH_SIZE / VFLASH_BLOCK - 1,
	0x00, /* one region of blocks alike */
	VFLASH_BLOCK / CHIPS / 256 & 0xff,
	VFLASH_BLOCK / CHIPS / 256 >> 8,
	'P',
	'R',
	'I',
	'1',
	'0', /* 0x31: and nothing beyond what all have */
};

void vflash_reset(struct vflash *flash)
{
	*flash = (struct vflash){.memory = flash->memory};
}

/* Both chips at once: each hears the same and does the same. */
static u64 both(u64 value)
{
	return value | value << CHIP_BITS;
}

static u64 read_word(const struct vflash *flash, const u8 *bytes, u64 offset, unsigned size)
{
	u64 index = offset / 4, value = 0;

	switch (flash->shows) {
	case SHOWS_BYTES:
		memcpy(&value, bytes + offset, size);
		return value;
	case SHOWS_STATUS:
		return both(STATUS_READY | flash->errors);
	case SHOWS_ID: /* Intel, 128 Mbit; and no block is ever locked */
		return both(index == 0 ? 0x89 : index == 1 ? 0x18 : 0);
	default:
		index -= QUERY_BASE;
		return both(index < sizeof(query) ? query[index] : 0);
	}
}

static void expect(struct vflash *flash, u8 what)
{
	flash->expects = what;
	flash->shows = SHOWS_STATUS;
}

static void start(struct vflash *flash, u8 command)
{
	switch (command) {
	case CMD_PROGRAM:
	case CMD_PROGRAM_OLD:
		expect(flash, PROGRAM);
		break;
	case CMD_ERASE:
		expect(flash, ERASE);
		break;
	case CMD_LOCK:
		expect(flash, LOCK);
		break;
	case CMD_BUFFER:
		expect(flash, BUFFER_COUNT);
		break;
	case CMD_STATUS:
		flash->shows = SHOWS_STATUS;
		break;
	case CMD_ID:
		flash->shows = SHOWS_ID;
		break;
	case CMD_QUERY:
		flash->shows = SHOWS_QUERY;
		break;
	case CMD_CLEAR_STATUS:
		flash->errors = 0;
		flash->shows = SHOWS_BYTES;
		break;
	default: /* READ, and what is none */
		flash->shows = SHOWS_BYTES;
		break;
	}
}

static void clear_bits(u8 *to, const u8 *mask, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] &= mask[i];
	cache_clean(to, size);
}

/* The second write of a command of two. READ in its place takes the first one back. */
static bool confirmed(struct vflash *flash, u8 command)
{
	flash->expects = COMMAND;
	if (command == CMD_CONFIRM)
		return true;
	if (command == CMD_READ)
		flash->shows = SHOWS_BYTES;
	else
		flash->errors |= STATUS_SEQUENCE;
	return false;
}

static void take_count(struct vflash *flash, u64 value)
{
	u64 count = (value & BITS(CHIP_BITS - 1, 0)) + 1; /* writes of 32 bits */

	if (count > VFLASH_BUFFER / 4) {
		flash->errors |= STATUS_SEQUENCE;
		flash->expects = COMMAND;
		return;
	}
	flash->left = (u8)count;
	flash->base = BASE_UNKNOWN;
	memset(flash->buffer, 0xff, sizeof(flash->buffer));
	flash->expects = BUFFER_DATA;
}

/* The first of them says where the buffer's bytes belong. */
static void take_data(struct vflash *flash, u64 offset, const void *value, unsigned size)
{
	u32 base = (u32)ALIGN_DOWN(offset, VFLASH_BUFFER);

	if (flash->base == BASE_UNKNOWN)
		flash->base = base;
	if (flash->base == base)
		memcpy(flash->buffer + (offset - base), value, size);
	else
		flash->base = BASE_NONE;
	if (!--flash->left)
		flash->expects = BUFFER_CONFIRM;
}

static void write_word(struct vflash *flash, u8 *bytes, u64 offset, u64 value, unsigned size)
{
	switch (flash->expects) {
	case PROGRAM:
		clear_bits(bytes + offset, (const u8 *)&value, size);
		flash->expects = COMMAND;
		break;
	case ERASE:
		if (!confirmed(flash, (u8)value))
			break;
		bytes += ALIGN_DOWN(offset, VFLASH_BLOCK);
		memset(bytes, 0xff, VFLASH_BLOCK);
		cache_clean(bytes, VFLASH_BLOCK);
		break;
	case LOCK: /* whatever it is, nothing is ever locked */
		flash->expects = COMMAND;
		if ((u8)value == CMD_READ)
			flash->shows = SHOWS_BYTES;
		break;
	case BUFFER_COUNT:
		take_count(flash, value);
		break;
	case BUFFER_DATA:
		take_data(flash, offset, &value, size);
		break;
	case BUFFER_CONFIRM:
		if (confirmed(flash, (u8)value) && flash->base != BASE_NONE)
			clear_bits(bytes + flash->base, flash->buffer, VFLASH_BUFFER);
		if (flash->base == BASE_NONE)
			flash->errors |= STATUS_SEQUENCE;
		break;
	default:
		start(flash, (u8)value);
		break;
	}
}

/* The bus has 32 bits. */
void vflash_access(struct vflash *flash, u8 *bytes, struct mmio *mmio)
{
	unsigned size = MIN(mmio->size, 4u);

	if (mmio->write) {
		write_word(flash, bytes, mmio->offset, mmio->value, size);
		if (mmio->size == 8)
			write_word(flash, bytes, mmio->offset + 4, mmio->value >> 32, 4);
		return;
	}
	mmio->value = read_word(flash, bytes, mmio->offset, size);
	if (mmio->size == 8)
		mmio->value = (u32)mmio->value | read_word(flash, bytes, mmio->offset + 4, 4) << 32;
	else
		mmio->value &= BIT(8 * size) - 1;
}
