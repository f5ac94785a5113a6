// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's interrupt controller: GICv2 (IHI 0048) or GICv3 (IHI 0069), as the guest programs it.
 *
 * One model for both: the state of each interrupt (enabled, pending latch, line level, active,
 * group, priority, configuration, target) as bitmaps and byte arrays, v2 and v3 registers being two
 * views of it. How a pending interrupt reaches the guest is the backend's: list registers where the
 * hardware has them for this version; else the CPU interface is emulated (GICC_* trapped,
 * HCR_EL2.VI says "IRQ pending").
 *
 * While a vCPU is on a pCPU its list registers are live in hardware and the model is stale where
 * they hold an interrupt; vgic_refresh folds them back. They are touched only when an interrupt comes,
 * when the guest reads or writes pending/active/enable state, at a maintenance interrupt, and at a
 * switch: an ordinary trap costs nothing here.
 *
 * No pointers in what would be saved (struct vgic_state …); everything of a guest is reachable from
 * struct vgic.
 */
#ifndef VDEV_VGIC_H
#define VDEV_VGIC_H

#include "abi/skerry.h"
#include "arch/lock.h"
#include "board/gic.h"
#include "lib/finding.h"
#include "lib/types.h"
#include "sched/sched.h"
#include "vdev/mmio.h"

#define VGIC_PRIVATE 32 /* SGIs and PPIs, banked per vCPU */
#define VGIC_LINES 128
#define VGIC_SPIS (VGIC_LINES - VGIC_PRIVATE)
#define VGIC_DEVICE SKERRY_INTID_DEVICE /* to the last: SPIs that stand for a physical one */
#define VGIC_DEVICES (VGIC_LINES - VGIC_DEVICE)

/*
 * State of 32 interrupts, one bit each. While an interrupt stands in a list register (`listed`), its
 * active state and its latch are there and not here: what comes meanwhile (a second edge, a write of
 * another vCPU) is noted here beside it, and both are merged when the list register is folded back.
 * So nothing is lost whatever the guest does in between.
 */
struct vgic_bank {
	/* latch: made pending by an edge or by ISPENDR; level: the wire, for level-sensitive ones.
	 * pending = latch | (level & ~edge) */
	u32 enabled, latch, level, active, group1, edge, listed;
};

struct vgic;

/* One vCPU's part. All of it is under vgic->lock; `loaded`, `pcpu`, `dirty` may be read without; by its own pCPU, or while
 * it stands still, also what says whether the timer's interrupt is about (hw_held, lr_timer and its list register)
 * or any (lr_used). */
struct vgic_cpu {
	struct vgic *vgic;
	struct sched_entity *entity; /* whom to wake */
	u8 index;		     /* vCPU number = affinity level 0 */
	bool loaded;		     /* list registers are live on pCPU `pcpu` */
	bool dirty; /* list registers are to be folded and filled before the guest goes on */
	u16 arrived; /* while loaded and dirty: only because this interrupt came (its INTID + 1, and the
		      * source of GICv2's SGIs from bit 8 on); 0: look at everything */
	bool asleep; /* GICR_WAKER.ProcessorSleep: shown, nothing else */
	bool waits;  /* its trap waits for another vCPU's fold; its own list registers are folded */
	bool hw_held; /* the physical PPI hw_pintid is held active for hw_intid */
	u8 moved;     /* mask of vCPUs that an SPI went to when a list register was folded */
	u16 hw_intid, hw_pintid;
	/* LRs that may be written again as they were to make their edge (SGIs: of source 0), or the timer's
	 * interrupt (LR number + 1; 0: none), pending anew: nothing that vgic_lr_quick looked at has changed
	 * since it filled them. Only while not dirty. */
	u16 lr_again;
	u8 lr_timer;
	u16 lr_latched; /* LRs whose pending state came from the latch, not from the line */
	u16 lr_unpend, lr_unact; /* LRs whose pending/active state the next fold is to drop */
	u32 pcpu;
	u32 folds;	       /* counts folds: how another pCPU knows that there was one */
	u32 lr_used;	       /* mask of LRs that list an interrupt (it may have ended since) */
	u32 lines;	       /* emulated interface: VI and VF, which HCR_EL2 has while loaded */
	struct vgic_bank bank; /* SGIs, PPIs */
	u32 priority[VGIC_PRIVATE / 4]; /* as GICD_IPRIORITYR */
	u32 spi_active[VGIC_SPIS / 32]; /* SPIs in spi[].active that this vCPU acknowledged */
	u8 sgi_sources[16];		/* GICv2: mask of vCPUs with a pending SGI n; latch: any */
	u8 sgi_active[16];		/* GICv2: the same for active */
	struct gic_virt virt;		/* of the LRs, while loaded: as last written */
	/* Those that waited when the LRs were last filled and did not hold all, by urgency: the next ones
	 * from queue_next to queue_end, unless they have been listed or are gone since. Nothing has come
	 * since. Not any two equal: all is to be looked at. */
	u8 queue[VGIC_LINES], queue_next, queue_end;
	u8 queue_groups; /* VMCR's VENG0 and VENG1 then */
};

struct vgic {
	struct lock lock; /* protects all below and every vgic_cpu of this guest */
	u8 version;	  /* 2 or 3 */
	bool links;	  /* HW = 1 does what it should: gic->virt_links() */
	bool emulated;	  /* CPU interface by HCR_EL2.VI instead of list registers */
	u8 cpus;
	u8 lrs;	  /* list registers of this machine; 0 if emulated */
	u32 ctlr; /* GICD_CTLR: enable bits */
	struct vgic_bank spi[VGIC_SPIS / 32];
	u32 spi_priority[VGIC_SPIS / 4]; /* as GICD_IPRIORITYR */
	u32 spi_route[VGIC_SPIS];	 /* v2: GICD_ITARGETSR mask; v3: Aff3.Aff2.Aff1.Aff0 */
	/* Of granted devices, bit n for VGIC_DEVICE + n. open: the physical one may come; held: it is
	 * active, this one is latched, and what the guest ends or clears lets the physical one go, which
	 * comes again if its line is high; again: it came once more, and is held once the list register
	 * of another pCPU that it ended in is folded. */
	u16 device_open, device_held, device_again;
	u16 device_pintid[VGIC_DEVICES]; /* the physical interrupts */
	struct vgic_cpu *cpu[SKERRY_VCPUS_MAX];
	/* The wire of the timers' PPIs right now, asked where the model may be stale (a guest can turn
	 * its timer off without a trap). Runs with the lock held; NULL: none. */
	bool (*line_now)(struct vgic_cpu *cpu, u32 intid, bool *level);
};

/* version is 2 or 3; emulated: see above (only with version 2). State as after reset. */
void vgic_init(struct vgic *vgic, unsigned version, bool emulated, unsigned cpus);
void vgic_init_cpu(struct vgic *vgic, struct vgic_cpu *cpu, unsigned index,
		   struct sched_entity *entity);
/* Everything as after a reset of the guest (no vCPU may be loaded) / one vCPU at CPU_ON. */
void vgic_reset(struct vgic *vgic);
void vgic_reset_cpu(struct vgic_cpu *cpu);

/*
 * A device's wire changes: level-sensitive interrupts follow `level`, edge-triggered ones are
 * latched at its rising. intid 16..31 belongs to vCPU `cpu`; for an SPI `cpu` is ignored. Any pCPU;
 * takes the lock; wakes or kicks the vCPU that is to take it.
 */
void vgic_set_line(struct vgic *vgic, unsigned cpu, u32 intid, bool level);

/* The wire of an SPI up and down again: a rising edge; what is level-sensitive sees nothing of it. */
void vgic_pulse(struct vgic *vgic, u32 intid);

/* The same as vgic_inject_timer, for the vCPU that is loaded here. */
void vgic_timer_interrupt(struct vgic_cpu *cpu, u32 intid, u32 pintid);

/* The virtual timer's interrupt of the vCPU that is loaded here, from the physical PPI `pintid`
 * (already active on the pCPU): becomes pending with its deactivation linked to the physical one
 * (HW = 1). The fast path of every guest. Also for a vCPU that is not loaded (a soft timer stands in
 * for the comparator): then it is woken, and vgic_load makes the physical PPI active. One intid a vCPU. */
void vgic_inject_timer(struct vgic_cpu *cpu, u32 intid, u32 pintid);

bool vgic_holds_timer(struct vgic_cpu *cpu) MUST_CHECK; /* vgic_timer_busy's */

/* Is the interrupt last given to vgic_inject_timer still pending or active in this vCPU, so that the
 * physical PPI must be active while the vCPU is on a pCPU? vgic_load makes it so; while loaded, vgic deactivates
 * the PPI when the guest ends the interrupt in a way that hardware doesn't see. */
static inline bool vgic_timer_busy(struct vgic_cpu *cpu)
{
	/* What another pCPU's soft timer may be injecting just now is late for our caller with the lock too. */
	return READ_ONCE(cpu->hw_held) && vgic_holds_timer(cpu);
}

/*
 * SPI `intid` (VGIC_DEVICE ...) stands for the physical SPI `pintid` of a device that the guest has:
 * from open to close the physical one, when it came and is active, is given to vgic_inject_device,
 * and stays active until the guest ends it: by hardware (HW = 1) where that works. False: not open,
 * the interrupt is the caller's to end. After close nothing of it is pending, and the physical one
 * is not active; no vCPU may be loaded then, and the physical one must be off. Take the lock.
 */
void vgic_open_device(struct vgic *vgic, u32 intid, u32 pintid);
void vgic_close_device(struct vgic *vgic, u32 intid);
bool vgic_inject_device(struct vgic *vgic, u32 intid) MUST_CHECK;

/* The vCPU gets onto this pCPU (list registers are loaded) / off it (they are saved; of what has ended there an
 * edge's and the timer's stay, to be made pending anew by one word). */
void vgic_load(struct vgic_cpu *cpu);
void vgic_save(struct vgic_cpu *cpu);

/* Something may have changed for the vCPU loaded here (kick, maintenance interrupt): fold list
 * registers back and fill them anew. For the emulated interface: recompute the IRQ line. */
void vgic_refresh(struct vgic_cpu *cpu);
void vgic_maintenance(struct vgic_cpu *cpu);

/* Would a WFI of this vCPU end at once: is an interrupt pending that its interface would signal?
 * (enabled, group enabled, priority below mask; PSTATE.I does not matter). */
bool vgic_wakes(struct vgic_cpu *cpu);

/* Guest accesses. False: no such register there or a width it does not allow: external abort (or,
 * for what IHI 0048/0069 call RAZ/WI or unpredictable, handled as RAZ/WI and true). `cpu` is the
 * vCPU that accesses. Offsets: from GICD_BASE; from the GICR_BASE of all vCPUs; from GICC_BASE. */
/* The word at `offset`, a multiple of 4, from GICD_BASE, as vgic_distributor accesses it too: read, below
 * VGIC_PLAIN (no lock); written, below VGIC_WORDS. */
#define VGIC_PLAIN 0x200
#define VGIC_WORDS 0x1000
u32 vgic_read_plain(struct vgic_cpu *cpu, u32 offset);
void vgic_write_word(struct vgic_cpu *cpu, u32 offset, u32 value);

bool vgic_distributor(struct vgic_cpu *cpu, struct mmio *mmio) MUST_CHECK;
bool vgic_redistributor(struct vgic_cpu *cpu, struct mmio *mmio) MUST_CHECK;
bool vgic_cpu_interface(struct vgic_cpu *cpu, struct mmio *mmio) MUST_CHECK;

/* v3 guests: a write to ICC_SGI1R_EL1 (group1: SGIs of either group, IHI 0069 8.1.10 with DS = 1), to
 * ICC_SGI0R_EL1 or ICC_ASGI1R_EL1 (only SGIs of group 0); and, when GIC_HCR_TDIR made it trap,
 * ICC_DIR_EL1. v2 guests: vgic_cpu_interface with GICC_DIR (0x1000), whose page must not be mapped. */
void vgic_send_sgi(struct vgic_cpu *cpu, u64 value, bool group1);
void vgic_dir(struct vgic_cpu *cpu, u32 intid);

/*
 * For checked builds and tests: whether what always holds does (vgic_check.c): each interrupt stands in one
 * place, the list registers of the vCPU loaded here are what the hardware has or can have come to, and
 * nothing that a vCPU could take is left out. Takes the lock. False: the finding says what, where.
 */
bool vgic_check(struct vgic *vgic, struct finding *finding) MUST_CHECK;

#endif
