// SPDX-License-Identifier: Apache-2.0
/*
 * `dump`: a guest at rest as an ELF core file (ELF64, ELF_CORE), sent over the serial line. Runs at EL2 on
 * the boot CPU with the guests held, a piece at a time from a timer, so that others keep their time: the
 * pauses are three times as long as the pieces. The file's layout:
 *
 *	0       ELF header; program headers: notes, the guest's virtual addresses, its physical ones
 *	0x6000  notes: NT_PRSTATUS and NT_FPREGSET for each vCPU, as arm64 Linux lays them out
 *	0x8000  memory, one region after the other
 *
 * On the line it is sparse: what is zero is left out. Each line bears a key that is drawn at each start
 * and never shown to a guest, so that no guest's output can be taken for a dump, in whatever form it
 * comes out; then what it says, then the CRC-32 (that of zlib) of this. ci/dumps makes the file of it:
 *
 *	skerry: dump KEY begin NAME SIZE CRC
 *	skerry: dump KEY at OFFSET BASE64 CRC
 *	skerry: dump KEY end LINES CRC, or given-up CRC
 *
 * Always: of a guest that moves (an order, its own timer) meanwhile nothing more is sent. What was never
 * touched stays so.
 */
#include "cp/dump.h"

#include "arch/mmu.h"
#include "board/random.h"
#include "board/say.h"
#include "cp/command.h"
#include "cp/out.h"
#include "guest/channel.h"
#include "guest/walk.h"
#include "lib/elf.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames.h"

#define NOTES_AT 0x6000
#define MEMORY_AT 0x8000
#define HEAD_ORDER 3 /* MEMORY_AT as a power of two of frames */
#define REGIONS_MAX (SKERRY_CHANNELS_MAX + 3)
#define RUNS_MAX 400 /* of virtual addresses: headers, with regions and notes, end below NOTES_AT */
#define STEPS_MAX 0x40000 /* spans of its tables looked at: 1 GiB in pages of 4 KiB */

#define CHUNK 256	       /* bytes a line; divides a page */
#define PIECE_STEPS 64	       /* in one go: spans … */
#define PIECE_LINES 32	       /* … or lines, … */
#define PIECES_A_SECOND 500    /* … or that part of a second */
#define PAUSES_A_SECOND 100000 /* the least pause, … */
#define LINES_A_SECOND 200     /* … or, while the serial line does not keep up, this one */
#define POLL_MS 1	       /* while its vCPUs come off */

/* Notes: the numbers are those of Linux' <elf.h>. */
struct note {
	u32 name_size, size, type;
	char name[8];
};

struct prstatus {
	struct note note;
	u32 signal_info[3], signal, pad[4], pid, parents[3];
	u64 times[8], regs[34];
	u32 fp_valid, end;
} __attribute__((packed));

struct fpregset {
	struct note note;
	u64 v[32][2];
	u32 fpsr, fpcr, end[2];
} __attribute__((packed));

_Static_assert(sizeof(struct prstatus) == 20 + 392 && sizeof(struct fpregset) == 20 + 528, "Linux");
_Static_assert(64 + 56 * (1 + REGIONS_MAX + RUNS_MAX) <= NOTES_AT, "headers");
_Static_assert(NOTES_AT + SKERRY_VCPUS_MAX * (412 + 548) <= MEMORY_AT, "notes");

#define RWX 7
#define NT_PRSTATUS 1
#define NT_FPREGSET 2

static struct {
	enum { IDLE, STOPPING, WALKING, SENDING } phase;
	bool ready, begin_after;
	struct timer timer;
	u64 key;
	unsigned id;	   /* whose: it may be gone, and its id another's */
	u32 serial, moves; /* moves: when it was found at rest */
	char name[GUEST_NAME_MAX + 1];
	pa_t head; /* all up to MEMORY_AT */
	unsigned region_count, run_count, notes_size;
	struct elf_segment regions[REGIONS_MAX];
	u64 va;	   /* WALKING: looked at up to here */
	u32 steps; /* and how often */
	u64 at;	   /* SENDING: up to here */
	u64 size;  /* of the file */
	u32 lines;
	u64 until; /* say_position() behind the last one */
} dump;		   /* guests held */

/* --- Lines ------------------------------------------------------------------------------------ */

/* CRC-32 of IEEE 802.3, bit by bit from the low end. */
static u32 crc32(const char *text, size_t n)
{
	u32 crc = ~0u;

	while (n--) {
		crc ^= (u8)*text++;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* RFC 4648, section 4. `to` has room for 4 characters for each 3 bytes begun, and a NUL. */
static void base64(const u8 *from, size_t n, char *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (; n; n -= MIN(n, 3u), from += 3) {
		u32 three = (u32)from[0] << 16 | (n > 1 ? (u32)from[1] << 8 : 0) |
			    (n > 2 ? from[2] : 0);

		for (unsigned i = 0; i < 4; i++)
			*to++ = i <= n ? digits[three >> (18 - 6 * i) & 63] : '=';
	}
	*to = '\0';
}

static PRINTF_LIKE(1, 2) void send(const char *fmt, ...)
{
	char line[CHUNK * 4 / 3 + 80];
	size_t start, n;
	va_list args;

	start = format(line, sizeof(line), "skerry: dump %016lx ", dump.key);
	va_start(args, fmt);
	n = start + vformat(line + start, sizeof(line) - start, fmt, args);
	va_end(args);
	n += format(line + n, sizeof(line) - n, " %08x\r\n", crc32(line + start, n - start));
	say_line(&dump, line, n);
	dump.until = say_position();
	dump.lines++;
}

void dump_init(void)
{
	if (!random_word(&dump.key)) /* better than nothing: docs/security.md */
		dump.key = timer_now() * 0x9e3779b97f4a7c15;
	say("skerry: dumps  marked %016lx\n", dump.key);
}

/* --- The file --------------------------------------------------------------------------------- */

static u8 *head_at(size_t offset)
{
	return (u8 *)mmu_pointer(dump.head) + offset;
}

static struct elf_segment *segment_at(unsigned n)
{
	return (struct elf_segment *)head_at(sizeof(struct elf_header)) + n;
}

static void add_region(u64 ipa, u64 size)
{
	if (!size)
		return;
	dump.regions[dump.region_count++] = (struct elf_segment){
		.type = ELF_LOAD,
		.flags = RWX,
		.offset = dump.size,
		.vaddr = ipa,
		.paddr = ipa,
		.filesz = size,
		.memsz = size,
		.align = PAGE_SIZE,
	};
	dump.size += size;
}

static void find_regions(struct guest *guest)
{
	dump.region_count = 0;
	dump.size = MEMORY_AT;
	add_region(SKERRY_RAM_BASE, guest->config.memory_size);
	add_region(0, guest_rom_size(guest));
	add_region(SKERRY_FLASH_BASE, guest->config.firmware.size ? VFLASH_SIZE : 0);
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		const struct channel *channel = channel_of(guest, i, &end);

		add_region(channel->ends[end].ipa, channel->size);
	}
}

static const struct elf_segment *region_of(u64 ipa)
{
	for (unsigned i = 0; i < dump.region_count; i++)
		if (ipa - dump.regions[i].paddr < dump.regions[i].filesz)
			return &dump.regions[i];
	return NULL;
}

/* `va` leads to `ipa` for as long as `bytes`. Where both are the same, the region itself will do. */
static void add_run(u64 va, u64 ipa, u64 bytes)
{
	const struct elf_segment *region = region_of(ipa);
	struct elf_segment *last =
		segment_at(dump.run_count); /* the notes' stands before the first */
	u64 offset;

	if (!region || va == ipa)
		return;
	bytes = MIN(bytes, region->paddr + region->filesz - ipa);
	offset = region->offset + (ipa - region->paddr);
	if (!dump.run_count || last->vaddr + last->filesz != va ||
	    last->offset + last->filesz != offset) {
		if (dump.run_count == RUNS_MAX)
			return;
		dump.run_count++;
		*++last = *region;
		last->vaddr = va;
		last->paddr = ipa;
		last->offset = offset;
		last->filesz = 0;
	}
	last->filesz += bytes;
	last->memsz = last->filesz;
}

/* The next spans of vCPU 0's virtual addresses, the lower half first. True: that was all. */
static bool walk(struct vcpu *vcpu)
{
	for (unsigned i = 0; i < PIECE_STEPS; i++) {
		u64 span, offset, va = dump.va;
		ipa_t ipa;

		if (walk_span(vcpu, va, &ipa, &span))
			add_run(va, ipa.v, span - (va & (span - 1)));
		offset = va & (span - 1);
		dump.va += span - offset;
		if (dump.va >= BIT(48) && dump.va < -BIT(48))
			dump.va = -BIT(48);
		if (!dump.va || ++dump.steps == STEPS_MAX)
			return true;
	}
	return false;
}

static struct note note(u32 type, size_t all)
{
	return (struct note){5, (u32)(all - sizeof(struct note)), type, "CORE"};
}

static void add_notes(const struct vcpu *vcpu)
{
	const struct regs *regs = &vcpu->ctx.regs;
	const u64 *el1 = vcpu->ctx.el1;
	struct prstatus *status = (struct prstatus *)head_at(NOTES_AT + dump.notes_size);
	struct fpregset *fp = (struct fpregset *)(status + 1);

	status->note = note(NT_PRSTATUS, sizeof(*status));
	status->pid = vcpu->index + 1u;
	memcpy(status->regs, regs->x, sizeof(regs->x));
	status->regs[31] = el1[(regs->pstate & 0xf) == 5 ? EL1_sp_el1 : EL1_sp_el0];
	status->regs[32] = regs->pc;
	status->regs[33] = regs->pstate;
	status->fp_valid = 1;
	fp->note = note(NT_FPREGSET, sizeof(*fp));
	memcpy(fp->v, vcpu->ctx.fp.v, sizeof(fp->v));
	fp->fpsr = (u32)vcpu->ctx.fp.fpsr;
	fp->fpcr = (u32)vcpu->ctx.fp.fpcr;
	dump.notes_size += sizeof(*status) + sizeof(*fp);
}

static void finish_head(const struct guest *guest)
{
	struct elf_header *elf = (struct elf_header *)head_at(0);

	for (unsigned i = 0; i < guest->config.cpus; i++)
		if (!i || guest->vcpus[i]->power != VCPU_OFF)
			add_notes(guest->vcpus[i]);
	memcpy(segment_at(1 + dump.run_count), dump.regions,
	       dump.region_count * sizeof(struct elf_segment));
	*segment_at(0) = (struct elf_segment){.type = ELF_NOTE,
					      .offset = NOTES_AT,
					      .filesz = dump.notes_size,
					      .align = 4};
	*elf = (struct elf_header){
		.ident = {0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_LITTLE_ENDIAN, ELF_VERSION},
		.type = ELF_CORE,
		.machine = ELF_AARCH64,
		.version = 1,
		.phoff = sizeof(struct elf_header),
		.ehsize = sizeof(struct elf_header),
		.phentsize = sizeof(struct elf_segment),
		.phnum = (u16)(1 + dump.run_count + dump.region_count),
	};
}

/* --- Piece by piece --------------------------------------------------------------------------- */

static bool all_zero(const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* The file's bytes from dump.at on, CHUNK of them; how far the next ones are. */
static u64 read_chunk(struct guest *guest, u8 *bytes, bool *some)
{
	const struct elf_segment *region = dump.regions;
	u64 ipa;

	if (dump.at < MEMORY_AT) {
		memcpy(bytes, head_at(dump.at), CHUNK);
		*some = !all_zero(bytes, CHUNK);
		return CHUNK;
	}
	while (dump.at - region->offset >= region->filesz)
		region++;
	ipa = region->paddr + (dump.at - region->offset);
	*some = guest_peek(guest, bytes, IPA(ipa), CHUNK);
	if (!*some)
		return PAGE_SIZE - ipa % PAGE_SIZE; /* not mapped */
	*some = !all_zero(bytes, CHUNK);
	return CHUNK;
}

/* True: all is sent. */
static bool send_some(struct guest *guest, u64 begin)
{
	char text[CHUNK * 4 / 3 + 4];
	u8 bytes[CHUNK];
	u32 lines = dump.lines;

	while (dump.at < dump.size && say_keeps_up(dump.until)) {
		bool some;
		u64 step = read_chunk(guest, bytes, &some);

		if (some) {
			base64(bytes, CHUNK, text);
			send("at %lx %s", dump.at, text);
		}
		dump.at += step;
		if (dump.lines - lines == PIECE_LINES ||
		    timer_now() - begin > timer_frequency() / PIECES_A_SECOND)
			break;
	}
	return dump.at >= dump.size;
}

static void end(const char *how)
{
	if (dump.phase == SENDING && dump.at < dump.size)
		send("given-up");
	if (dump.phase != STOPPING)
		frames_give_pages(OWNER_EL2, dump.head, HEAD_ORDER);
	dump.phase = IDLE;
	say("skerry: dump of %s: %s\n", dump.name, how);
}

/* It is at rest: what all of the rest goes by is noted. False: no memory. */
static bool begin(struct guest *guest)
{
	dump.head = frames_take_pages(OWNER_EL2, FRAME_EL2, HEAD_ORDER);
	if (!dump.head.v)
		return false;
	memset(mmu_pointer(dump.head), 0, MEMORY_AT);
	dump.moves = guest->moves;
	dump.run_count = dump.notes_size = dump.steps = dump.lines = 0;
	dump.va = dump.at = 0;
	find_regions(guest);
	dump.phase = WALKING;
	return true;
}

static void piece(struct guest *guest, u64 now)
{
	switch (dump.phase) {
	case STOPPING:
		if (guest->state == GUEST_STOPPING)
			break;
		if (command_at_rest(guest))
			end("it ended meanwhile");
		else if (!begin(guest))
			end("no memory left for it");
		break;
	case WALKING:
		if (!walk(guest->vcpus[0]))
			break;
		finish_head(guest);
		dump.phase = SENDING;
		send("begin %s %lu", dump.name, dump.size);
		break;
	case SENDING:
		if (!send_some(guest, now))
			break;
		send("end %u", dump.lines + 1);
		end(dump.begin_after && life_order(guest, LIFE_BEGIN) ?
			    "complete; it stays stopped" :
			    "complete");
		break;
	case IDLE:
		break;
	}
}

static void fire(struct timer *timer)
{
	u64 now = timer_now();
	struct guest *guest;

	guests_hold();
	guest = dump.id < guest_count() ? guest_by_id(dump.id) : NULL;
	if (dump.phase == IDLE)
		; /* the operator has just ended it */
	else if (!guest || guest->serial != dump.serial ||
		 (dump.phase != STOPPING && guest->moves != dump.moves))
		end("given up, since it has moved");
	else
		piece(guest, now);
	if (dump.phase == STOPPING)
		timer_arm(timer, now + POLL_MS * (timer_frequency() / 1000));
	else if (dump.phase != IDLE)
		timer_arm(timer,
			  now + 4 * (timer_now() - now) +
				  timer_frequency() / (say_keeps_up(dump.until) ? PAUSES_A_SECOND :
										  LINES_A_SECOND));
	guests_let_go();
}

const char *dump_run(const struct words *words)
{
	struct guest *guest = command_guest(words->word[0]);
	const char *busy;

	if (!guest)
		return NULL;
	if (words->count > 1) {
		if (strcmp(words->word[1], "off"))
			return "dump needs: GUEST [off]";
		if (dump.phase != IDLE)
			end("given up");
		return NULL;
	}
	if (dump.phase != IDLE)
		return command_fail("%s is being dumped: `dump %s off` ends that", dump.name,
				    dump.name);
	if (!guest->map.root.v)
		return command_fail("%s has no memory now", guest->config.name);
	dump.begin_after = guest->state == GUEST_RUNNING;
	busy = dump.begin_after ? life_order(guest, LIFE_STOP) : NULL;
	if (!busy && guest->state != GUEST_STOPPING)
		busy = command_at_rest(guest);
	if (busy)
		return busy;
	if (!dump.ready)
		timer_init(&dump.timer, fire);
	dump.ready = true;
	dump.id = guest->id;
	dump.serial = guest->serial;
	format(dump.name, sizeof(dump.name), "%s", guest->config.name);
	dump.phase = STOPPING;
	timer_arm(&dump.timer, timer_now());
	out_table(words->json);
	out_text("guest", dump.name, 16);
	out_number("memory-KiB", guest->config.memory_size / KIB, 0);
	out_flag("goes-on", dump.begin_after);
	out_row();
	return NULL;
}
