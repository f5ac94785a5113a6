// SPDX-License-Identifier: Apache-2.0
/*
 * Data aborts of a guest from stage 2: memory touched for the first time, an emulated device, or
 * nothing at all. Runs at EL2 for the loaded vCPU.
 *
 * Always: an access is checked whole before its first effect; a load changes registers only when all
 * of it succeeded. Of a pair each half is one access of the device: if the second is refused the first
 * has happened, as on a bus. Devices are little-endian and want aligned accesses (Device memory, Arm
 * ARM B2.7.2). ESR's ISS: D17.2.37; what it leaves out is read from the instruction (trap/decode.c).
 */
#include "trap/trap.h"

#include "abi/skerry.h"
#include "lib/string.h"
#include "trap/decode.h"
#include "vdev/vrtc.h"

static bool distributor(struct vcpu *vcpu, struct mmio *mmio)
{
	return vgic_distributor(&vcpu->vgic, mmio);
}

static bool redistributor(struct vcpu *vcpu, struct mmio *mmio)
{
	const struct guest *guest = vcpu->guest;

	return guest->gic_version == 3 && mmio->offset < guest->config.cpus * 128 * KIB &&
	       vgic_redistributor(&vcpu->vgic, mmio);
}

/* Reached only where the hardware's virtual interface is not mapped there: all of an emulated one,
 * GICC_DIR of a mapped one. */
static bool cpu_interface(struct vcpu *vcpu, struct mmio *mmio)
{
	return vcpu->guest->gic_version == 2 && vgic_cpu_interface(&vcpu->vgic, mmio);
}

static bool uart(struct vcpu *vcpu, struct mmio *mmio)
{
	return vpl011_access(&vcpu->guest->uart, mmio);
}

static bool rtc(struct vcpu *vcpu, struct mmio *mmio)
{
	vrtc_access(vtimer_count(&vcpu->vtimer), mmio);
	return true;
}

static bool watchdog(struct vcpu *vcpu, struct mmio *mmio)
{
	if (!vcpu->guest->config.watchdog)
		return false;
	vwatchdog_access(&vcpu->guest->watchdog, mmio);
	return true;
}

/* Behind the firmware's bytes the bank is empty; it is no CFI flash, so nothing is to be written. */
static bool rom(struct vcpu *vcpu, struct mmio *mmio)
{
	mmio->value = 0;
	return vcpu->guest->config.firmware.size;
}

static bool flash(struct vcpu *vcpu, struct mmio *mmio)
{
	if (!vcpu->guest->config.firmware.size)
		return false;
	guest_flash(vcpu->guest, mmio);
	return true;
}

static bool fwcfg(struct vcpu *vcpu, struct mmio *mmio)
{
	return guest_fwcfg(vcpu->guest, mmio);
}

static const struct window {
	u32 base, size;
	bool (*access)(struct vcpu *vcpu, struct mmio *mmio);
} windows[] = {
	/* all below WINDOWS_END */
	{SKERRY_GICD_BASE, 64 * KIB, distributor},
	{SKERRY_UART_BASE, 4 * KIB, uart},
	{SKERRY_GICR_BASE, SKERRY_VCPUS_MAX * 128 * KIB, redistributor},
	{SKERRY_GICC_BASE, 8 * KIB, cpu_interface},
	{SKERRY_RTC_BASE, 4 * KIB, rtc},
	{SKERRY_FWCFG_BASE, VFWCFG_SIZE, fwcfg},
	{SKERRY_WATCHDOG_BASE, VWATCHDOG_SIZE, watchdog},
	{SKERRY_FLASH_BASE, VFLASH_SIZE, flash},
	{SKERRY_ROM_BASE, SKERRY_ROM_MAX, rom},
};

#define WINDOWS_END 0x0a000000 /* nothing is looked for from here on */
_Static_assert(SKERRY_WATCHDOG_BASE + VWATCHDOG_SIZE <= WINDOWS_END &&
		       SKERRY_GICR_BASE + SKERRY_VCPUS_MAX * 128 * KIB <= WINDOWS_END &&
		       SKERRY_FLASH_BASE + VFLASH_SIZE <= WINDOWS_END,
	       "the window that lies highest");

static inline const struct window *window_at(u64 ipa)
{
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++)
		if (ipa - windows[i].base < windows[i].size)
			return &windows[i];
	return NULL;
}

static inline u64 truncate(u64 value, unsigned bytes)
{
	return bytes < 8 ? value & (BIT(8 * bytes) - 1) : value;
}

/* What a load leaves in the register: extended by sign or zero to 64 or 32 bits. */
static u64 extend(u64 value, unsigned bytes, bool sign, bool wide)
{
	if (sign && bytes < 8 && value >> (8 * bytes - 1))
		value |= ~0ULL << (8 * bytes);
	return wide ? value : (u32)value;
}

/*
 * The instruction at the guest's PC. False: it can't be fetched any more, since another of the guest's
 * vCPUs changed the map; running it again gives the guest the fault that is its own.
 */
static bool fetch(struct vcpu *vcpu, u32 *instruction)
{
	ipa_t ipa;

	return context_translate(&vcpu->ctx, vcpu->ctx.regs.pc, &ipa) &&
	       guest_read(vcpu->guest, instruction, ipa, sizeof(*instruction));
}

/*
 * Does the load sign-extend? Some machines (QEMU) leave SSE clear for LDRSB and its like, so where it
 * makes a difference the instruction decides.
 */
static bool extends_sign(struct vcpu *vcpu, u64 esr, u64 value, unsigned bytes)
{
	u32 instruction;

	if (esr & ISS_SSE)
		return true;
	if (LIKELY(!(value >> (8 * bytes - 1))) || bytes == 8 || (bytes == 4 && !(esr & ISS_SF)))
		return false;
	return fetch(vcpu, &instruction) && decode_load_store(instruction).sign;
}

/* A device that has more to do wants the access again; between two, interrupts are taken. */
static enum verdict refused(const struct mmio *mmio)
{
	return mmio->size ? VERDICT_ABORT : VERDICT_RESUME;
}

/* A store of what the serial line has no room for sleeps, and is made again. */
static inline bool may_not_print(struct vcpu *vcpu, u64 ipa)
{
	return ipa - SKERRY_UART_BASE < 4 && UNLIKELY(!guest_may_print(vcpu));
}

/* One register, no write-back: all is in the syndrome. */
static enum verdict by_syndrome(struct vcpu *vcpu, u64 esr, u64 ipa)
{
	struct regs *regs = &vcpu->ctx.regs;
	unsigned bytes = 1u << ISS_SAS(esr), rt = ISS_SRT(esr);
	struct mmio mmio = {.ipa = ipa, .size = (u8)bytes, .write = esr & ESR_WNR};
	const struct window *window = window_at(ipa);

	if (!window)
		return VERDICT_ABORT;
	if (UNLIKELY(ipa & (bytes - 1)))
		return VERDICT_ALIGNMENT;
	mmio.offset = ipa - window->base;
	if (mmio.write) {
		if (may_not_print(vcpu, ipa))
			return VERDICT_WAIT;
		mmio.value = truncate(regs_get(regs, rt), bytes);
		return window->access(vcpu, &mmio) ? trap_next_woke() : refused(&mmio);
	}
	if (!window->access(vcpu, &mmio))
		return VERDICT_ABORT;
	regs_set(regs, rt,
		 extend(mmio.value, bytes, extends_sign(vcpu, esr, mmio.value, bytes),
			esr & ISS_SF));
	return trap_next_woke();
}

/* ISS of a load or store of one word (no sign, 32-bit register, no walk) that met no translation. */
#define ISS_OF_WORD (ISS_ISV | BITS(23, 22) | ISS_SSE | ISS_SF | ESR_S1PTW | BITS(5, 2))
#define ISS_WORD (ISS_ISV | 2ULL << 22 | 0x04)

/*
 * The accesses that guests do most: aligned words of the distributor, of which loads here only where no
 * lock and no look at list registers is needed, and the UART's flags. WHOLE: it is none of them, nothing
 * was done, and its window answers.
 */
static inline enum verdict quick_word(struct vcpu *vcpu, u64 esr, u64 ipa)
{
	struct regs *regs = &vcpu->ctx.regs;
	u64 offset = ipa - SKERRY_GICD_BASE;
	u32 value;

	if (esr & ESR_WNR) {
		if (offset >= VGIC_WORDS || (offset & 3))
			return VERDICT_WHOLE;
		vcpu_exit(vcpu, EXIT_MMIO);
		vgic_write_word(&vcpu->vgic, (u32)offset, (u32)regs_get(regs, ISS_SRT(esr)));
		return trap_next_woke();
	}
	if (offset < VGIC_PLAIN && !(offset & 3))
		value = vgic_read_plain(&vcpu->vgic, (u32)offset);
	else if (ipa == SKERRY_UART_BASE + VPL011_FLAGS)
		value = vpl011_flags(&vcpu->guest->uart);
	else
		return VERDICT_WHOLE;
	vcpu_exit(vcpu, EXIT_MMIO);
	regs_set(regs, ISS_SRT(esr), value);
	return VERDICT_NEXT;
}

/* Register 31 as a base is the stack pointer that PSTATE selects. */
static enum el1_reg stack_pointer(const struct vcpu *vcpu)
{
	return PSTATE_MODE(vcpu->ctx.regs.pstate) == MODE_EL1H ? EL1_sp_el1 : EL1_sp_el0;
}

static u64 read_base(const struct vcpu *vcpu, unsigned base)
{
	if (base == DECODE_PC)
		return vcpu->ctx.regs.pc;
	if (base == 31)
		return context_read(&vcpu->ctx, stack_pointer(vcpu), true);
	return regs_get(&vcpu->ctx.regs, base);
}

static void write_base(struct vcpu *vcpu, unsigned base, u64 value)
{
	if (base == 31)
		context_write(&vcpu->ctx, stack_pointer(vcpu), value, true);
	else
		regs_set(&vcpu->ctx.regs, base, value);
}

/* One load or store taken apart: where it goes, and its registers' bytes on their way. */
struct access {
	struct decode d;
	u64 ipa;	/* of the first register's bytes */
	u64 base;	/* after write-back */
	u64 data[4][2]; /* register, lower and upper half; of a structure: as it lies in memory */
};

static u64 bytes_of(const struct decode *d)
{
	return (u64)d->size * d->count * (d->kind == DECODE_STRUCTURE ? d->lanes : 1u);
}

/*
 * Where the access goes, as the guest's address and, by the fault's page, as IPA. RESUME (that is, run
 * it again): the word fetched is not what faulted, the guest rewrote it meanwhile. ALIGNMENT: not
 * aligned, or reaching out of the page that faulted, whose stage-1 rights nobody checked.
 */
static enum verdict locate(struct vcpu *vcpu, u64 esr, u64 ipa, struct access *access)
{
	const struct decode *d = &access->d;
	u64 offset = decode_offset(d, regs_get(&vcpu->ctx.regs, d->index));
	u64 base = read_base(vcpu, d->base), va = d->post ? base : base + offset;
	u64 last;

	if (UNLIKELY(d->signed_base)) {
		va = syndrome_far();
		base = va - offset;
	}
	last = va + bytes_of(d) - 1;

	if (d->write != !!(esr & ESR_WNR))
		return fault_again(vcpu);
	if (va & (d->size - 1u))
		return VERDICT_ALIGNMENT;
	if (((va ^ syndrome_far()) & BITS(47, 12)) != 0)
		return (last ^ syndrome_far()) & BITS(47, 12) ? fault_again(vcpu) :
								VERDICT_ALIGNMENT;
	if ((va ^ last) & BITS(47, 12))
		return VERDICT_ALIGNMENT;
	access->base = base + offset;
	access->ipa = ALIGN_DOWN(ipa, PAGE_SIZE) | (va & (PAGE_SIZE - 1));
	return VERDICT_NEXT;
}

/* Where element n of a structure, in memory's order, is in the V registers. */
static u8 *element(struct vcpu *vcpu, const struct decode *d, unsigned n)
{
	unsigned block = n / (d->lanes * d->group), in_block = n % (d->lanes * d->group);
	unsigned reg = d->rt[0] + block + in_block % d->group;
	unsigned lane = d->lanes == 1 ? d->lane : in_block / d->group;

	if (d->lane == DECODE_ALL_LANES)
		lane = 0;
	return (u8 *)vcpu->ctx.fp.v[reg % 32] + lane * d->size;
}

/* One register gets the same element in all its lanes. */
static void replicate(u8 *at, const struct decode *d)
{
	for (unsigned n = d->size; n < 16; n++)
		at[n] = at[n - d->size];
}

static void move_structure(struct vcpu *vcpu, struct access *access)
{
	const struct decode *d = &access->d;
	u8 *bytes = (u8 *)access->data;

	for (unsigned n = 0; n < d->lanes * (unsigned)d->count; n++, bytes += d->size) {
		u8 *at = element(vcpu, d, n);

		if (d->write) {
			memcpy(bytes, at, d->size);
			continue;
		}
		memcpy(at, bytes, d->size);
		if (d->lane == DECODE_ALL_LANES)
			replicate(at, d);
	}
	for (unsigned n = 0; n < d->count && !d->write; n++)
		if (!d->quad)
			vcpu->ctx.fp.v[(d->rt[0] + n) % 32][1] = 0;
}

static void take_registers(struct vcpu *vcpu, struct access *access)
{
	const struct decode *d = &access->d;

	if (d->kind == DECODE_STRUCTURE) {
		move_structure(vcpu, access);
		return;
	}

	for (unsigned n = 0; n < d->count; n++)
		if (d->vector)
			memcpy(access->data[n], vcpu->ctx.fp.v[d->rt[n]], 16);
		else
			access->data[n][0] = regs_get(&vcpu->ctx.regs, d->rt[n]);
}

static void give_registers(struct vcpu *vcpu, struct access *access)
{
	const struct decode *d = &access->d;

	if (d->kind == DECODE_STRUCTURE) {
		move_structure(vcpu, access);
		return;
	}

	for (unsigned n = 0; n < d->count; n++)
		if (d->vector)
			memcpy(vcpu->ctx.fp.v[d->rt[n]], access->data[n], 16);
		else
			regs_set(&vcpu->ctx.regs, d->rt[n],
				 extend(access->data[n][0], d->size, d->sign, d->wide));
}

/* A 16-byte register is two accesses of the device; a structure is one for each element. */
static enum verdict perform(struct vcpu *vcpu, struct access *access)
{
	const struct decode *d = &access->d;
	const struct window *window = window_at(access->ipa);
	unsigned part = MIN(d->size, 8u), parts = (unsigned)bytes_of(d) / part;
	unsigned stride = d->kind == DECODE_STRUCTURE || d->size == 16 ? part : 16;
	u8 *data = (u8 *)access->data;

	if (!window)
		return VERDICT_ABORT;
	if (d->write && may_not_print(vcpu, access->ipa))
		return VERDICT_WAIT;
	for (unsigned n = 0; n < parts; n++, data += stride) {
		struct mmio mmio = {
			.ipa = access->ipa + n * part,
			.offset = access->ipa + n * part - window->base,
			.size = (u8)part,
			.write = d->write,
		};

		if (mmio.offset + part > window->size)
			return VERDICT_ABORT;
		memcpy(&mmio.value, data, part);
		if (!window->access(vcpu, &mmio))
			return refused(&mmio);
		memcpy(data, &mmio.value, part);
	}
	return VERDICT_NEXT;
}

static enum verdict carry_out(struct vcpu *vcpu, u64 esr, u64 ipa, const struct decode *d)
{
	struct access access = {.d = *d};
	enum verdict verdict = locate(vcpu, esr, ipa, &access);

	if (verdict != VERDICT_NEXT)
		return verdict;
	if (d->vector)
		context_fp_save(&vcpu->ctx); /* used again, it traps and is loaded anew */
	if (d->write)
		take_registers(vcpu, &access);
	verdict = perform(vcpu, &access);
	if (verdict != VERDICT_NEXT)
		return verdict;
	if (!d->write)
		give_registers(vcpu, &access);
	if (d->writeback)
		write_base(vcpu, d->base, access.base);
	return trap_next_woke();
}

static __attribute__((noinline)) enum verdict by_instruction(struct vcpu *vcpu, u64 esr, u64 ipa)
{
	struct decode d;
	u32 instruction;

	if (esr & ISS_CM) /* cache maintenance by address: what is not there has no lines */
		return VERDICT_NEXT;
	if (!window_at(ipa))
		return VERDICT_ABORT;
	if (!fetch(vcpu, &instruction))
		return fault_again(vcpu);
	d = decode_load_store(instruction);
	switch (d.kind) {
	case DECODE_ACCESS:
	case DECODE_STRUCTURE:
		return carry_out(vcpu, esr, ipa, &d);
	case DECODE_HINT:
		return VERDICT_NEXT;
	case DECODE_EXCLUSIVE:
		return VERDICT_EXCLUSIVE;
	case DECODE_ZERO: /* to Device memory always a fault, B2.7.2 */
		return VERDICT_ALIGNMENT;
	default:
		return VERDICT_ABORT;
	}
}

static enum verdict device(struct vcpu *vcpu, u64 esr, u64 ipa)
{
	vcpu_exit(vcpu, EXIT_MMIO);
	if (ipa >= WINDOWS_END)
		return VERDICT_ABORT;
	if (UNLIKELY(vcpu->ctx.regs.pstate & PSTATE_AARCH32)) /* not offered at EL0 either */
		return VERDICT_ABORT;
	if (LIKELY(esr & ISS_ISV))
		return by_syndrome(vcpu, esr, ipa);
	return by_instruction(vcpu, esr, ipa);
}

static bool touch(struct vcpu *vcpu, u64 ipa)
{
	if (!guest_touch(vcpu->guest, IPA(ipa)))
		return false;
	vcpu_exit(vcpu, EXIT_TOUCH);
	return true;
}

/* Memory, or below the devices the flash: that is memory to be read while it shows its bytes. */
static __attribute__((noinline)) enum verdict memory(struct vcpu *vcpu, u64 esr, u64 ipa)
{
	bool low = ipa < SKERRY_RAM_BASE;

	if (!low && esr & ISS_CM)
		return VERDICT_NEXT;
	if (!(low && esr & ESR_WNR) && touch(vcpu, ipa))
		return fault_again(vcpu);
	return low ? device(vcpu, esr, ipa) : VERDICT_ABORT;
}

/*
 * A write to what is mapped to be read only, ROM or flash. HPFAR_EL2 says nothing then (Arm ARM
 * D17.2.60), so the address is translated once more; another of the guest's vCPUs may have changed the
 * map meanwhile, and then the access is run again. The rest is a bus that doesn't answer.
 */
static __attribute__((noinline)) enum verdict denied(struct vcpu *vcpu, u64 esr)
{
	ipa_t ipa;

	if (esr & ESR_S1PTW)
		return VERDICT_ABORT_WALK;
	if (!FSC_IS_PERMISSION(ESR_FSC(esr)) || !(esr & ESR_WNR))
		return VERDICT_ABORT;
	if (!context_translate(&vcpu->ctx, syndrome_far(), &ipa) || ipa.v >= SKERRY_RAM_BASE)
		return fault_again(vcpu);
	return device(vcpu, esr, ipa.v);
}

enum verdict mmio_handle(struct vcpu *vcpu, u64 esr)
{
	u64 page = trap_fault_page(), ipa = page | (syndrome_far() & 0xfff);

	if ((esr & ISS_OF_WORD) == ISS_WORD && !(vcpu->ctx.regs.pstate & PSTATE_AARCH32)) {
		enum verdict verdict = quick_word(vcpu, esr, ipa);

		if (LIKELY(verdict != VERDICT_WHOLE))
			return verdict;
	}
	if (UNLIKELY(!FSC_IS_TRANSLATION(ESR_FSC(esr))))
		return denied(vcpu, esr);
	if (UNLIKELY(esr & ESR_S1PTW))
		return touch(vcpu, page) ? fault_again(vcpu) : VERDICT_ABORT_WALK;
	if (ipa - SKERRY_GICD_BASE >= SKERRY_RAM_BASE - SKERRY_GICD_BASE)
		return memory(vcpu, esr, ipa);
	return device(vcpu, esr, ipa);
}
