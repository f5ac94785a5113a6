// SPDX-License-Identifier: Apache-2.0
/*
 * Debug registers (op0 = 2), which all trap: breakpoints, watchpoints, MDSCR_EL1, the OS lock, claim
 * tags, the debug communication channel. Runs at EL2 for the loaded vCPU.
 *
 * Always: registers are what the guest's last write left of the bits that there are; the hardware
 * has them (debug_load) whenever they can have an effect. No debugger comes from outside, so the
 * communication channel is empty and takes nothing. Arm ARM D17.3; D2.9, D2.10, D2.12; OS lock: H6.
 */
#include "trap/sysreg.h"

#include "arch/debug.h"

#define ID_DFR0_CRM 5
#define BREAKPOINTS(dfr0) (FIELD(dfr0, 15, 12) + 1)
#define WATCHPOINTS(dfr0) (FIELD(dfr0, 23, 20) + 1)

/* Bits that are there. BAS of a breakpoint is RES1 where AArch32 is not offered. */
#define BCR_BITS 0xffe1e7u
#define BCR_BAS 0x1e0u
#define WCR_BITS 0x1f1fffffu
#define WVR_SIGN BIT(48) /* the bits above are copies of it */
#define MDSCR_BITS (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE)
/* ERR, HDE, TDA, INTdis, TXU, RXO, TXfull, RXfull: written only to restore them, under the OS lock. */
#define MDSCR_LOCKED_BITS 0x6ce04040u
#define MDCCINT_BITS 0x60000000u
#define PRCR_BITS 1u
#define CLAIM_TAGS 0xffu

/* OSLSR_EL1: OSLM = 0b10, there is a lock; OSLK */
#define OSLSR_THERE 0x8u
#define OSLSR_LOCKED 0x2u
/* DBGAUTHSTATUS_EL1: non-secure debug from outside is there and disabled */
#define AUTHSTATUS 0xau

#define REG(op1, crn, crm, op2) KEY(2, op1, crn, crm, op2)
#define OSDTRRX REG(0, 0, 0, 2)
#define MDCCINT REG(0, 0, 2, 0)
#define MDSCR REG(0, 0, 2, 2)
#define OSDTRTX REG(0, 0, 3, 2)
#define OSECCR REG(0, 0, 6, 2)
#define MDRAR REG(0, 1, 0, 0)
#define OSLAR REG(0, 1, 0, 4)
#define OSLSR REG(0, 1, 1, 4)
#define OSDLR REG(0, 1, 3, 4)
#define DBGPRCR REG(0, 1, 4, 4)
#define DBGCLAIMSET REG(0, 7, 8, 6)
#define DBGCLAIMCLR REG(0, 7, 9, 6)
#define DBGAUTHSTATUS REG(0, 7, 14, 6)
#define MDCCSR_EL0 REG(3, 0, 1, 0)
#define DBGDTR_EL0 REG(3, 0, 4, 0)
#define DBGDTRX_EL0 REG(3, 0, 5, 0) /* DBGDTRRX, DBGDTRTX */

/* DBGBVR, DBGBCR, DBGWVR, DBGWCR of slot CRm: op1 = 0, CRn = 0, op2 = 4..7 */
#define IS_SLOT(key) (((key)&KEY(3, 7, 15, 0, 4)) == REG(0, 0, 0, 4))
#define SLOT_BANK(key) ((key)&3)
#define SLOT_NUMBER(key) ((key) >> 3 & 15)
#define IS_CONTROL(key) ((key)&1)
#define OF_WATCHPOINT(key) ((key) >> 1 & 1)

static bool has_slot(const struct vcpu *vcpu, u32 key)
{
	u64 dfr0 = sysreg_id(vcpu->guest, ID_DFR0_CRM, 0);

	return SLOT_NUMBER(key) < (OF_WATCHPOINT(key) ? WATCHPOINTS(dfr0) : BREAKPOINTS(dfr0));
}

/* MDSCR_EL1.TDCC keeps the communication channel from EL0: EL1 gets the trap, before EL2 has a say. */
static bool el1_traps(const struct vcpu *vcpu, u32 key)
{
	return key >= MDCCSR_EL0 && PSTATE_MODE(vcpu->ctx.regs.pstate) == MODE_EL0 &&
	       vcpu->ctx.debug.mdscr & MDSCR_TDCC;
}

enum verdict debug_read(struct vcpu *vcpu, u32 key, u64 *value)
{
	const struct debug_regs *debug = &vcpu->ctx.debug;

	*value = 0;
	if (IS_SLOT(key)) {
		if (!has_slot(vcpu, key))
			return VERDICT_UNDEF;
		*value = IS_CONTROL(key) ? debug->control[OF_WATCHPOINT(key)][SLOT_NUMBER(key)] :
					   debug->value[OF_WATCHPOINT(key)][SLOT_NUMBER(key)];
		return VERDICT_NEXT;
	}
	if (el1_traps(vcpu, key))
		return VERDICT_REFLECT;
	switch (key) {
	case MDSCR:
		*value = debug->mdscr;
		break;
	case MDCCINT:
		*value = debug->mdccint;
		break;
	case DBGPRCR:
		*value = debug->prcr;
		break;
	case OSLSR:
		*value = OSLSR_THERE | (debug->os_lock ? OSLSR_LOCKED : 0);
		break;
	case DBGCLAIMSET:
		*value = CLAIM_TAGS;
		break;
	case DBGCLAIMCLR:
		*value = debug->claim;
		break;
	case DBGAUTHSTATUS:
		*value = AUTHSTATUS;
		break;
	case OSDTRRX:
	case OSDTRTX:
	case OSECCR:
	case MDRAR:
	case OSDLR: /* there is no double lock */
	case MDCCSR_EL0:
	case DBGDTR_EL0:
	case DBGDTRX_EL0:
		break;
	default:
		return VERDICT_UNDEF;
	}
	return VERDICT_NEXT;
}

/* After a write: what can have an effect goes into the hardware, what no longer can leaves it. */
static void settle(struct debug_regs *debug)
{
	bool can = !debug->os_lock && debug->mdscr & (MDSCR_MDE | MDSCR_SS);

	if (can || debug->live)
		debug_load(debug);
}

static enum verdict write_slot(struct vcpu *vcpu, u32 key, u64 value)
{
	if (!has_slot(vcpu, key))
		return VERDICT_UNDEF;
	switch (SLOT_BANK(key)) {
	case DEBUG_BCR:
		value = (value & BCR_BITS) | BCR_BAS;
		break;
	case DEBUG_WVR:
		value = ((value & (2 * WVR_SIGN - 1)) ^ WVR_SIGN) - WVR_SIGN;
		value &= ~3ULL;
		break;
	case DEBUG_WCR:
		value &= WCR_BITS;
		break;
	default:
		break;
	}
	if (IS_CONTROL(key))
		vcpu->ctx.debug.control[OF_WATCHPOINT(key)][SLOT_NUMBER(key)] = (u32)value;
	else
		vcpu->ctx.debug.value[OF_WATCHPOINT(key)][SLOT_NUMBER(key)] = value;
	settle(&vcpu->ctx.debug);
	return VERDICT_NEXT;
}

static void write_mdscr(struct debug_regs *debug, u64 value)
{
	u32 bits = (u32)MDSCR_BITS | (debug->os_lock ? MDSCR_LOCKED_BITS : 0);

	debug->mdscr = (debug->mdscr & ~bits) | ((u32)value & bits);
	settle(debug);
}

enum verdict debug_write(struct vcpu *vcpu, u32 key, u64 value)
{
	struct debug_regs *debug = &vcpu->ctx.debug;

	if (IS_SLOT(key))
		return write_slot(vcpu, key, value);
	if (el1_traps(vcpu, key))
		return VERDICT_REFLECT;
	switch (key) {
	case MDSCR:
		write_mdscr(debug, value);
		break;
	case OSLAR:
		debug->os_lock = value & 1;
		settle(debug);
		break;
	case MDCCINT:
		debug->mdccint = (u32)value & MDCCINT_BITS;
		break;
	case DBGPRCR:
		debug->prcr = (u32)value & PRCR_BITS;
		break;
	case DBGCLAIMSET:
		debug->claim = (u8)(debug->claim | value);
		break;
	case DBGCLAIMCLR:
		debug->claim = (u8)(debug->claim & ~value);
		break;
	case OSDTRRX:
	case OSDTRTX:
	case OSECCR:
	case OSDLR:
	case DBGDTR_EL0:
	case DBGDTRX_EL0:
		break;
	default:
		return VERDICT_UNDEF;
	}
	return VERDICT_NEXT;
}
