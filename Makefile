# SPDX-License-Identifier: Apache-2.0
#
# Skerry's build. `make help` lists what there is; `make run` takes a fresh Debian 12 to a running
# system. Everything that is built lies under $(BUILD), by the path of its source:
#
#   skerry.img, skerry.elf   the hypervisor: the Image that boots, and the same with symbols
#   skerry.img.gz            the Image for loaders that unpack it, as QEMU's does
#   guests/NAME.bin          a guest's Image, from guest-pv/NAME.c (or .S) or tests/guests/NAME.c
#   bundles/NAME.dtb         a bundle, from dts/NAME.dts or tests/bundles/NAME.dts
#   systems/                 systems that others wrote (ci/setup fetches them), for bundles to take in
#   host/                    the tests that run on this machine (ci/host.mk)
#   fuzz/, mutants/          what the fuzzers found (ci/fuzz.mk); copies of the tree (ci/mutants)
#   check/, results/         what `make check` and `make test` found

# --- What can be chosen ----------------------------------------------------------------------

CHECK    ?= 0# 1: a checked build, which recomputes what it believes and stops on a difference
BUILD    ?= build$(if $(filter 1,$(CHECK)),/checked)
COMPILER ?= gcc# gcc or clang
BUNDLE   ?= demo
BOARD    ?= virt-gicv3# virt-gicv2, virt-gicv3, raspi3b, raspi4b
CPU      ?= cortex-a57
CPUS     ?= 4
MEM      ?= 1G
V        ?= 0# 1: show each command

# Guests (not bundles) built in another way than most: compiled with FP/SIMD; linked also as a
# flat binary, NAME-flat.bin; linked also as an ELF for fixed addresses, NAME-fixed.elf.
# guest-pv/guests.mk sets them.
GUEST_FP    :=
GUEST_FLAT  :=
GUEST_FIXED :=
-include guest-pv/guests.mk

# The least share of lines, in per cent, that the host tests must run of what they can (ci/host.mk).
COVERAGE_MIN ?= 90

# --- Tools -----------------------------------------------------------------------------------

CROSS      ?= aarch64-linux-gnu-
CC_AARCH64 ?= $(CROSS)gcc
LD         := $(CROSS)ld
AR         := $(CROSS)ar
OBJCOPY    := $(CROSS)objcopy
PYTHON     ?= /usr/bin/python3

# What ci/setup fetches lies in the first of these places (see there); empty if it is missing.
CACHES := $(SKERRY_CACHE) /var/cache/skerry $(HOME)/.cache/skerry
cached  = $(patsubst %/.complete,%,$(firstword $(wildcard $(addsuffix /$(1)/.complete,$(CACHES)))))
LIBFDT := $(call cached,libfdt)
QEMU72 ?= qemu-system-aarch64
QEMU10 ?= $(addsuffix /qemu-system-aarch64,$(call cached,qemu10))
QEMU   ?= $(if $(filter raspi4b,$(BOARD)),$(QEMU10),$(QEMU72))
export BUILD BUNDLE BOARD CPU CPUS MEM QEMU QEMU72 QEMU10 PYTHON

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
Q  := $(if $(filter 1,$(V)),,@)
at  = $(Q)mkdir -p $(@D)$(if $(Q),; printf '  %-7s %s\n' $(1) $@)
need = command -v $(firstword $(1)) >/dev/null || { echo 'missing: $(firstword $(1)); run ci/setup' >&2; exit 1; }

# --- Flags -----------------------------------------------------------------------------------

# Both compilers, the hypervisor and its guests. No C library, no FP registers (they are the
# guest's), no unaligned accesses (they fault while the MMU is off), position-independent. Frame
# pointers, for back-traces, except in leaf functions.
# CC_INC, the directory of the compiler's own headers, is asked for once, when first used.
ifeq ($(COMPILER),clang)
CC      := clang --target=aarch64-none-elf
CC_INC   = $(eval CC_INC := $(shell clang -print-resource-dir)/include)$(CC_INC)
CC_FLAG := -Wno-unused-command-line-argument
DENSE   := -falign-functions=4
NO_LOOP_CALLS := -fno-builtin
LINK_EL2 = $(LD) $(LINK)
else
CC      := $(CC_AARCH64)
CC_INC   = $(eval CC_INC := $(shell $(CC_AARCH64) -print-file-name=include))$(CC_INC)
CC_FLAG :=
DENSE   := -falign-functions=4 -falign-loops=1 -falign-jumps=1 -falign-labels=1 -fno-inline-functions
NO_LOOP_CALLS := -fno-tree-loop-distribute-patterns -fno-lto
# The hypervisor is optimised as one whole, as it is linked: small functions of one file vanish in
# others. The objects hold ordinary code too, for ci/layers and for the eye.
LTO      := -flto -ffat-lto-objects
LINK_EL2 = $(CC) $(filter-out $(DEPS),$(EL2)) -w -flto=auto -nostdlib -static-pie \
	   -Wl,--build-id=none $(LINK:%=-Xlinker %)
endif

WARN   := -Wall -Wextra -Wconversion -Wshadow -Werror
TARGET  = -std=gnu11 -O2 -g -ffreestanding -nostdinc -march=armv8-a -mstrict-align \
	  -mno-outline-atomics -fpie -fno-common -ffunction-sections -fdata-sections \
	  -fno-omit-frame-pointer -momit-leaf-frame-pointer -fno-asynchronous-unwind-tables \
	  -fno-stack-protector $(CC_FLAG)
NO_FP  := -mgeneral-regs-only
DEPS    = -MMD -MP

# EL2 is compiled for size, except what a guest waits for when it traps, gets an interrupt or is
# switched, and what most of the start is spent in: that for speed (files, or folders with a / at the
# end). Of two -O the last one counts. All of it without padding between functions and loops, and
# with addresses made by one instruction instead of two (-mcmodel=tiny: the image is below 1 MiB).
EL2_FAST := $(LIBFDT)/ $(addprefix el2/,arch/ board/gicv2.c board/gicv3.c \
	      board/pl011.c board/say.c guest/channel.c guest/switch.c lib/fdt.c lib/format.c lib/string.c mm/stage1.c sched/ \
	      trap/hypercall.c trap/mmio.c trap/psci.c trap/sysreg.c trap/trap.c \
	      vdev/vgic.c vdev/vgic_dist.c vdev/vgic_lr.c vdev/vpl011.c vdev/vtimer.c)
#
# A landing pad at each function that a pointer leads to: a NOP before FEAT_BTI (mm/stage1.c). Where it is
# not on the way of an exit, return addresses are signed (NOPs before FEAT_PAuth; arch/extension.h), and
# the stack protector is the strong one (lib/canary.c).
EL2_OPT   = -mcmodel=tiny $(DENSE) $(if $(filter $(EL2_FAST),$< $(dir $<)),\
	    -O2 -mbranch-protection=bti -fstack-protector,\
	    -Os -mbranch-protection=standard -fstack-protector-strong)

EL2_INC  = -include el2/lib/local.h -Iel2 -isystem el2/lib/libc -isystem $(LIBFDT) -isystem $(CC_INC)
EL2_DEF := $(if $(filter 1,$(CHECK)),-DSKERRY_CHECKED)
EL2      = $(TARGET) $(EL2_OPT) $(NO_FP) $(WARN) $(EL2_INC) $(EL2_DEF) $(DEPS)
GUEST    = $(TARGET) $(WARN) -Iel2/abi -Iguest-pv/rt -isystem $(CC_INC) $(DEPS)
LINK    := -pie --no-dynamic-linker -z text -z max-page-size=4096 --gc-sections

# --- Sources ---------------------------------------------------------------------------------

el2_src    := $(shell find el2 -name '*.c' -o -name '*.S' | sort)
el2_obj    := $(el2_src:%=$(BUILD)/%.o)
fdt_src    := $(notdir $(wildcard $(LIBFDT)/*.c))
fdt_obj    := $(fdt_src:%=$(BUILD)/libfdt/%.o)
rt_obj     := $(patsubst %,$(BUILD)/%.o,$(sort $(wildcard guest-pv/rt/*.c guest-pv/rt/*.S)))
guest_src  := $(sort $(wildcard guest-pv/*.c guest-pv/*.S tests/guests/*.c tests/guests/*.S))
guest_name := $(basename $(notdir $(guest_src)))
guests     := $(guest_name:%=$(BUILD)/guests/%.bin) $(GUEST_FLAT:%=$(BUILD)/guests/%-flat.bin) \
	      $(GUEST_FIXED:%=$(BUILD)/guests/%-fixed.elf)
bundle_src := $(sort $(wildcard dts/*.dts tests/bundles/*.dts))
bundle_dtb  = $(patsubst %.dts,$(BUILD)/bundles/%.dtb,$(notdir $(1)))
bundles    := $(call bundle_dtb,$(filter-out $(shell grep -l '"systems/' $(bundle_src)),$(bundle_src)))

.PHONY: all image guests bundles systems run sdcard test test-all check gdb lines bench bench-quick bench-grows bench-blast bench-where bench-linux figures format \
	clean help FORCE

## all        the image, the guests and the bundles (default)
all: image guests bundles
image: $(BUILD)/skerry.img $(BUILD)/skerry.img.gz
guests: $(guests)
bundles: $(bundles)

# --- The hypervisor --------------------------------------------------------------------------

# Holds the flags of the last build, so that what they made is built anew when they change.
$(BUILD)/flags: FORCE
	@$(call need,$(CC))
	@$(if $(LIBFDT),,echo 'missing: the sources of libfdt; run ci/setup' >&2; exit 1)
	@mkdir -p $(@D)
	@echo '$(CC) $(LTO) $(EL2) $(EL2_FAST) $(GUEST) $(LINK)' | cmp -s - $@ || \
		echo '$(CC) $(LTO) $(EL2) $(EL2_FAST) $(GUEST) $(LINK)' >$@

# GCC and Clang turn a loop that copies bytes into a call of memcpy: not in memcpy itself.
$(BUILD)/el2/lib/string.c.o: private EL2 += $(NO_LOOP_CALLS)

# The optimiser of the whole does not see the calls that the stack protector adds at its end.
$(BUILD)/el2/lib/canary.c.o: private LTO :=

$(BUILD)/el2/%.c.o: el2/%.c $(BUILD)/flags
	$(call at,CC)
	$(Q)$(CC) $(LTO) $(EL2) -c -o $@ $<

$(BUILD)/el2/%.S.o: el2/%.S $(BUILD)/flags
	$(call at,AS)
	$(Q)$(CC) $(EL2) -Wa,-I$(BUILD)/trees -c -o $@ $<

# Trees of boards that may be started without one. Warnings are about what EL2 does not read.
$(BUILD)/el2/arch/trees.S.o: $(patsubst el2/board/%.dts,$(BUILD)/trees/%.dtb,$(wildcard el2/board/*.dts))
$(BUILD)/trees/%.dtb: el2/board/%.dts $(wildcard el2/board/*.dtsi)
	$(call at,DTC)
	$(Q)dtc -q -I dts -O dtb -i el2/board -o $@ $<

# libfdt is as its authors wrote it: its warnings are theirs.
$(BUILD)/libfdt/%.c.o: $(LIBFDT)/%.c $(BUILD)/flags
	$(call at,CC)
	$(Q)$(CC) $(LTO) $(EL2) -w -c -o $@ $<

$(BUILD)/libfdt.a: $(fdt_obj)
	$(call at,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/skerry.elf: linker/skerry.ld $(el2_obj) $(BUILD)/libfdt.a
	$(call at,LD)
	$(Q)$(LINK_EL2) -T $< -o $@ $(el2_obj) $(BUILD)/libfdt.a

$(BUILD)/skerry.img: $(BUILD)/skerry.elf ci/make-image
	$(call at,IMAGE)
	$(Q)ci/make-image $(OBJCOPY) $< $@

$(BUILD)/skerry.img.gz: $(BUILD)/skerry.img
	$(Q)gzip -9nc $< >$@

# --- Guests ----------------------------------------------------------------------------------

guest_fp = $(if $(filter $(basename $(notdir $<)),$(GUEST_FP)),,$(NO_FP))

$(BUILD)/guest-pv/rt/string.c.o: private GUEST += $(NO_LOOP_CALLS)

$(BUILD)/guest-pv/%.o: guest-pv/% $(BUILD)/flags
	$(call at,CC)
	$(Q)$(CC) $(GUEST) $(guest_fp) -c -o $@ $<

$(BUILD)/tests/guests/%.o: tests/guests/% $(BUILD)/flags
	$(call at,CC)
	$(Q)$(CC) $(GUEST) $(guest_fp) -c -o $@ $<

$(BUILD)/guests/rt.a: $(rt_obj)
	$(call at,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# link_guest PATTERN FLAGS: how guests/PATTERN.elf is made. A guest is one segment that it may
# write and execute, until it chooses otherwise: its business, not the linker's.
define link_guest
	$$(call at,LD)
	$$(Q)$(LD) $(2) --no-warn-rwx-segments -z text -z max-page-size=4096 --gc-sections \
		-T linker/guest.ld -o $$@ $$(filter %.o,$$^) $(BUILD)/guests/rt.a
endef
define guest_rules
$(BUILD)/guests/%.elf: $(BUILD)/$(1).o $(BUILD)/guests/rt.a linker/guest.ld
$(call link_guest,,-pie --no-dynamic-linker)
$(BUILD)/guests/%-flat.elf: $(BUILD)/$(1).o $(BUILD)/guests/rt.a linker/guest.ld
$(call link_guest,,-pie --no-dynamic-linker --defsym=FLAT=1)
$(BUILD)/guests/%-fixed.elf: $(BUILD)/$(1).o $(BUILD)/guests/rt.a linker/guest.ld
$(call link_guest,,-no-pie)
endef
$(foreach path,guest-pv/%.c guest-pv/%.S tests/guests/%.c tests/guests/%.S,\
	$(eval $(call guest_rules,$(path))))

# The measuring guest's exact loops are assembly.
$(BUILD)/guests/bench.elf: $(BUILD)/tests/guests/bench/loops.S.o

$(BUILD)/guests/%.bin: $(BUILD)/guests/%.elf
	$(call at,GUEST)
	$(Q)$(OBJCOPY) -O binary $< $@

# --- Bundles ---------------------------------------------------------------------------------

# /incbin/("guests/NAME.bin") is looked for under $(BUILD). All guests are built first; which of
# them a bundle holds, dtc tells for the next time.
vpath %.dts dts tests/bundles
$(BUILD)/bundles/%.dtb: %.dts | $(guests)
	$(call at,DTC)
	$(Q)dtc -I dts -O dtb -i $(BUILD) -i dts -d $@.d -o $@ $<
	$(Q)sed -i 's|^[^:]*:|$@:|; p; s|^[^:]*: *||; s| |:\n|g; s|$$|:|' $@.d

# --- Systems of others -------------------------------------------------------------------------

# Those that ci/setup has fetched, each a folder that bundles name by /incbin/("systems/NAME/FILE").
# Bundles that hold one are large, and not everybody's: not among those of `make`.
systems      := $(foreach name,linux-6.1 linux-6.12 busybox pi-trees u-boot efi xen,\
		$(if $(call cached,$(name)),$(name)))
system_links := $(systems:%=$(BUILD)/systems/%/.complete)
# What system a bundle takes in, by its text.
systems_in    = $(sort $(patsubst %.cpio,%,$(shell sed -n 's|.*"systems/\([^/"]*\).*|\1|p' $(1))))
system_src   := $(foreach file,$(filter-out $(bundles),$(call bundle_dtb,$(bundle_src))),\
		$(filter %/$(basename $(notdir $(file))).dts,$(bundle_src)))
system_dtb   := $(call bundle_dtb,$(foreach file,$(system_src),\
		$(if $(filter-out $(systems),$(call systems_in,$(file))),,$(file))))

## systems    bundles with systems that others wrote, as far as they were fetched
systems: $(system_links) $(if $(filter busybox,$(systems)),$(BUILD)/systems/busybox.cpio) $(system_dtb)

$(system_links): $(BUILD)/systems/%/.complete:
	$(Q)mkdir -p $(BUILD)/systems && ln -sfn $(call cached,$*) $(BUILD)/systems/$*

# An initramfs for Linux: busybox, and the modules of each kernel that is here.
$(BUILD)/systems/busybox.cpio: ci/make-initramfs $(wildcard ci/initramfs/*) $(system_links)
	$(call at,CPIO)
	$(Q)ci/make-initramfs $@ $(BUILD)/systems/busybox $(patsubst %,$(BUILD)/systems/%,$(filter linux-%,$(systems)))

$(system_dtb): | $(system_links) $(if $(filter busybox,$(systems)),$(BUILD)/systems/busybox.cpio)

# --- Running it ------------------------------------------------------------------------------

# Installing comes first and is looked at again by a new make, which finds what was installed.
## run        build, and boot BUNDLE on BOARD in QEMU; installs what is missing
run:
	@ci/setup build $(call systems_in,$(filter %/$(BUNDLE).dts,$(bundle_src)))
	@$(MAKE) --no-print-directory all $(filter %/$(BUNDLE).dtb,$(call bundle_dtb,$(bundle_src)))
	@exec ci/run-qemu

## gdb        the same, stopped before the first instruction, with gdb at EL2's symbols
gdb:
	@ci/setup debug $(call systems_in,$(filter %/$(BUNDLE).dts,$(bundle_src)))
	@$(MAKE) --no-print-directory all $(filter %/$(BUNDLE).dtb,$(call bundle_dtb,$(bundle_src)))
	@exec ci/run-qemu gdb

## sdcard     BUNDLE for a Raspberry Pi's card, BOARD=rpi3 or rpi4: docs/raspberry-pi.md
sdcard:
	@ci/setup card $(call systems_in,$(filter %/$(BUNDLE).dts,$(bundle_src)))
	@$(MAKE) --no-print-directory all $(filter %/$(BUNDLE).dtb,$(call bundle_dtb,$(bundle_src)))
	@ci/make-sdcard $(BOARD) $(BUILD)/skerry.img $(BUILD)/bundles/$(BUNDLE).dtb \
		$(BUILD)/sdcard/$(BOARD) $(BUILD)/sdcard/$(BOARD).img
	@echo 'made $(BUILD)/sdcard/$(BOARD) and $(BUILD)/sdcard/$(BOARD).img; add the firmware: FIRMWARE.txt'

# --- Checking it -----------------------------------------------------------------------------

include ci/host.mk
include ci/fuzz.mk
include ci/check.mk

## check      all that needs no QEMU: layout, layers, analysis, bindings, host tests
check:
	@ci/setup test
	@+MAKE='$(MAKE)' ci/check

## test       check, and the tests in QEMU
test:
	@ci/setup test
	@+MAKE='$(MAKE)' ci/check qemu

## test-all   that, and the tests in QEMU that take long; says how long each took
test-all:
	@ci/setup test
	@+MAKE='$(MAKE)' ci/check qemu all

## lines      count the lines of code by folder
lines:
	@ci/setup debug
	@ci/lines

## bench      Skerry and its peers side by side (6 minutes); ONLY=Skerry,Xen some; UPDATE=1 into docs/
bench: $(BUILD)/bench/kvm-launcher $(BUILD)/bench/linux-init
	@ci/setup test
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/bench/bench.py full $(if $(filter 1,$(UPDATE)),--update) $(if $(ONLY),--only '$(ONLY)')

# What starts the measuring guest under KVM: a program for arm64 Linux, without a C library.
$(BUILD)/bench/kvm-launcher: tests/bench/kvm-launcher.c
	$(call at,CC)
	$(Q)$(CC_AARCH64) -std=gnu11 -O2 -g $(WARN) -ffreestanding -nostdlib -static -fno-stack-protector \
		$(NO_FP) $(NO_LOOP_CALLS) -o $@ $<

# What Linux starts first, where it is measured: linked where no kernel has code.
$(BUILD)/bench/linux-init: tests/bench/linux-init.S
	$(call at,AS)
	$(Q)$(CC_AARCH64) -nostdlib -static -Wl,-Ttext=0x7e570000 -Wl,--build-id=none -o $@ $<

## bench-quick  Skerry's counted figures, held against docs/bench-quick.json; UPDATE=1 writes it anew
bench-quick:
	@ci/setup test
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/bench/bench.py quick $(if $(filter 1,$(UPDATE)),--update)

## bench-grows  how Skerry's costs grow with guests, vCPUs, memory (2 minutes); ONLY=boot some; UPDATE=1
bench-grows:
	@ci/setup test
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/bench/bench.py grows $(if $(filter 1,$(UPDATE)),--update) $(if $(ONLY),--only '$(ONLY)')

## bench-blast  what one guest's crash does to another, and what a new life costs; UPDATE=1
bench-blast:
	@ci/setup test
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/bench/blast.py $(if $(filter 1,$(UPDATE)),--update)

## bench-where  where the instructions of EVENT (a row's short name) go, by function; GIC=GICv2 on one
EVENT ?= hypercall
GIC   ?= GICv3
bench-where: $(BUILD)/bench/where.so
	@ci/setup test
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/bench/where.py $(EVENT) '$(GIC)'

## bench-linux  what Linux costs as a guest, beside the bare machine; UPDATE=1 writes it into docs/linux.md
bench-linux: $(BUILD)/bench/passes.so
	@ci/setup test
	@$(MAKE) --no-print-directory all systems
	@$(PYTHON) tests/bench/linux.py $(if $(filter 1,$(UPDATE)),--update)

# Plugins for the QEMU of this machine.
$(BUILD)/bench/%.so: tests/bench/%.c tests/bench/plugin.h
	$(call at,HOSTCC)
	$(Q)gcc -std=gnu11 -O2 -g $(WARN) -shared -fPIC -fvisibility=hidden -o $@ $<

## figures    measure size, memory and start, and write docs/figures.md
figures:
	@ci/setup test
	@ci/setup debug
	@$(MAKE) --no-print-directory all
	@ci/figures

## format     lay out every C file as .clang-format says
format:
	@$(if $(c_files),clang-format -i $(c_files))

## clean      remove $(BUILD)
clean:
	rm -rf $(BUILD)

## help       this list
help:
	@sed -n 's/^## /  make /p' Makefile ci/*.mk
	@echo
	@echo 'Variables (their values now):'
	@echo '  BUNDLE=$(BUNDLE)  a file of dts/ or tests/bundles/, without .dts'
	@echo '  BOARD=$(BOARD)  or virt-gicv2, raspi3b, raspi4b'
	@echo '  CPU=$(CPU) CPUS=$(CPUS) MEM=$(MEM)  of the virt boards'
	@echo '  COMPILER=$(COMPILER)  or clang     CHECK=$(CHECK)  1: a checked build'
	@echo '  BUILD=$(BUILD)  V=$(V)  1: show each command'

-include $(el2_obj:.o=.d) $(fdt_obj:.o=.d) $(rt_obj:.o=.d) $(guest_src:%=$(BUILD)/%.d)
-include $(addsuffix .d,$(bundles) $(system_dtb) $(BUILD)/tests/guests/bench/loops.S)
