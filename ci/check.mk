# SPDX-License-Identifier: Apache-2.0
#
# The parts of `make check` that look at files: done again only for a file that changed.
# ci/check runs these and the rest.

c_files := $(shell find el2 guest-pv tests -name '*.[ch]' 2>/dev/null | sort)
headers := $(shell find el2 guest-pv/rt tests/host -name '*.h' 2>/dev/null | sort | xargs -r grep -l '^\#ifndef')

.PHONY: check-format check-headers check-tidy
check-format: $(BUILD)/check/format.ok
$(BUILD)/check/format.ok: .clang-format $(c_files)
	$(Q)mkdir -p $(@D)
	$(Q)clang-format --dry-run -Werror --ferror-limit=1 $(if $(filter $<,$?),$(c_files),$?) && touch $@

# Each header compiles alone: it includes what it uses. One without a guard against being included
# twice is a table, made for its includer.
header_flags = $(if $(filter guest-pv/%,$<),$(GUEST),$(if $(filter tests/%,$<),$(HOST),$(EL2)))
header_cc    = $(if $(filter tests/%,$<),gcc,$(CC))
check-headers: $(headers:%=$(BUILD)/check/headers/%.ok)
$(BUILD)/check/headers/%.ok: % $(BUILD)/flags
	$(Q)mkdir -p $(@D)
	$(Q)echo '#include "$(abspath $<)"' | $(header_cc) $(filter-out $(DEPS),$(header_flags)) \
		-MD -MP -MT $@ -MF $@.d -fsyntax-only -x c - && touch $@
$(BUILD)/check/headers/el2/abi/%.ok: el2/abi/% $(BUILD)/flags
	$(Q)mkdir -p $(@D)
	$(Q)echo '#include "$(abspath $<)"' | $(CC) $(filter-out $(DEPS),$(GUEST)) -fsyntax-only -x c -
	$(Q)echo '#include "$(abspath $<)"' | $(CC) -c -o $@ -x assembler-with-cpp -

# EL2, analysed as the target's code: a guest may do what it likes, and some do. Depends on the object,
# which depends on all that it includes. TIDY_NODES: how many states of a function it looks at before it
# gives the function up; the number is clang's own.
TIDY_NODES ?= 225000
tidy_src := $(filter %.c,$(el2_src))
tidy_inc := -Iel2 -isystem el2/lib/libc -isystem $(LIBFDT)
check-tidy: $(tidy_src:%=$(BUILD)/check/tidy/$(TIDY_NODES)/%.ok)
$(BUILD)/check/tidy/$(TIDY_NODES)/%.ok: % $(BUILD)/%.o .clang-tidy
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- --target=aarch64-none-elf -std=gnu11 -ffreestanding -nostdinc \
		-Wno-everything $(tidy_inc) -isystem $(shell clang -print-resource-dir)/include \
		-Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES) \
		2>/dev/null && touch $@

-include $(headers:%=$(BUILD)/check/headers/%.ok.d)
