# SPDX-License-Identifier: Apache-2.0
#
# Tests that run on this machine: each tests/host/test_NAME.c is a cmocka program. Built with gcc
# and with clang, under AddressSanitizer and UBSan; gcc's build also counts the lines that ran. Those
# with a line `// also: fast` are built once more, by gcc's optimiser without sanitizers, for long runs.
#
# A test is linked with what it uses of
#   - the units of el2/ that its line `// units: lib/ring.c vdev/*.c` names (without such a line:
#     all that compile on the host),
#   - the stand-ins for arch/ and board/: tests/host/standin/**/*.c, whose headers are found before
#     el2's,
#   - the other files of tests/host/, which help tests,
#   - libfdt, from the same sources as EL2's.
# Units are put into an archive, so a test that defines a function itself gets its own.
#
# The string functions of el2/lib/string.c bear the prefix el2_ here: EL2's memcpy must not take
# the place of the sanitizers' own.

# What compiles on the host and counts for the coverage: all that touches no hardware.
host_el2 := $(filter-out el2/arch/% el2/board/% el2/main.c,$(filter %.c,$(el2_src))) \
	    $(wildcard el2/board/*tree*.c) $(addprefix el2/board/,atags.c greet.c)
host_helpers := $(shell find tests/host -name '*.c' -not -name 'test_*.c' 2>/dev/null | sort)
host_tests   := $(sort $(wildcard tests/host/test_*.c))
fast_tests   := $(shell grep -l '^// also: fast' $(host_tests))

HOST_INC  = -Itests/host -Itests/host/standin -Iel2 -isystem $(LIBFDT)
# For each of the three: the compiler, what finds errors, and what counts lines of el2/. Not optimised
# where the sanitizers look: they see every access that is written down, and most tests take longer to
# compile than to run. Lines are counted without atomic instructions, which took most of the time: a test
# is one thread.
HOST_gcc   := gcc -O0
HOST_clang := clang -O0
HOST_fast  := gcc -O2
SANITIZE_gcc   := -fsanitize=address,undefined -fno-sanitize-recover=all
SANITIZE_clang := $(SANITIZE_gcc)
COUNT_gcc := --coverage
HOST      = -std=gnu11 -g -fno-omit-frame-pointer $(HOST_INC) $(DEPS)

libc_names := memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strchr strrchr strtoul
$(foreach cc,gcc clang fast,$(BUILD)/host/$(cc)/el2/lib/string.c.o): \
	private HOST += $(foreach name,$(libc_names),-D$(name)=el2_$(name)) -fno-builtin

# units_of TEST: the sources in el2/ that it is linked with; the stand-in of the serial line needs
# the screen and EL2's printf.
units_of = $(sort el2/lib/screen.c el2/lib/format.c el2/lib/finding.c \
	   $(or $(wildcard $(addprefix el2/,$(shell sed -n 's|^// units:||p' $(1)))),$(host_el2)))

# host_compiler CC: rules for the objects under $(BUILD)/host/CC.
define host_compiler
$(BUILD)/host/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$(HOST_$(1)) $(COUNT_$(1)) $(HOST) $(SANITIZE_$(1)) $(WARN)' | cmp -s - $$@ || \
		echo '$(HOST_$(1)) $(COUNT_$(1)) $(HOST) $(SANITIZE_$(1)) $(WARN)' >$$@

$(BUILD)/host/$(1)/el2/%.o: el2/% $(BUILD)/host/$(1)/flags
	$$(call at,HOSTCC)
	$$(Q)$(HOST_$(1)) $(COUNT_$(1)) $$(HOST) $(SANITIZE_$(1)) $(WARN) -c -o $$@ $$<

$(BUILD)/host/$(1)/tests/%.o: tests/% $(BUILD)/host/$(1)/flags
	$$(call at,HOSTCC)
	$$(Q)$(HOST_$(1)) $$(HOST) $(SANITIZE_$(1)) -Wall -Wextra -Werror -c -o $$@ $$<

$(BUILD)/host/$(1)/libfdt/%.o: $(LIBFDT)/% $(BUILD)/host/$(1)/flags
	$$(call at,HOSTCC)
	$$(Q)$(HOST_$(1)) $$(HOST) $(if $(SANITIZE_$(1)),-fsanitize=address) -w -c -o $$@ $$<

$(BUILD)/host/$(1)/helpers.a: $(host_helpers:%=$(BUILD)/host/$(1)/%.o) \
		$(fdt_src:%=$(BUILD)/host/$(1)/libfdt/%.o)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^

-include $(patsubst %,$(BUILD)/host/$(1)/%.d,$(host_el2) $(host_helpers) $(host_tests))
endef

# host_test CC TEST MORE: the rule for one test program, linked with the objects MORE.
define host_test
$(BUILD)/host/$(1)/$(notdir $(2:.c=)): $(BUILD)/host/$(1)/$(2).o \
		$(patsubst %,$(BUILD)/host/$(1)/%.o,$(call units_of,$(2))) $(BUILD)/host/$(1)/helpers.a $(3)
	$$(call at,HOSTLD)
	$$(Q)rm -f $$@.a && ar rcs $$@.a $$(filter $(BUILD)/host/$(1)/el2/%,$$^)
	$$(Q)$(HOST_$(1)) $(COUNT_$(1)) $(SANITIZE_$(1)) $(LINK_$(1)) -o $$@ $$< $(3) \
		-Wl,--start-group $$@.a $(BUILD)/host/$(1)/helpers.a -Wl,--end-group -lcmocka -lpthread
endef

$(foreach cc,gcc clang fast,$(eval $(call host_compiler,$(cc))) \
	$(foreach test,$(host_tests),$(eval $(call host_test,$(cc),$(test)))))

.PHONY: host-build host-test host-test-gcc host-test-clang host-test-fast coverage
## host-test  the tests on this machine, with gcc and clang, long ones, and their coverage
host-test: host-test-fast host-test-gcc host-test-clang coverage

host-build: $(fast_tests:tests/host/%.c=$(BUILD)/host/fast/%) \
	$(foreach cc,gcc clang,$(host_tests:tests/host/%.c=$(BUILD)/host/$(cc)/%) \
	$(host_el2:%=$(BUILD)/host/$(cc)/%.o))

# Counts of an earlier run would be added to this one's.
host-test-gcc host-test-clang: host-test-%: \
		$(foreach test,$(host_tests),$(BUILD)/host/%/$(basename $(notdir $(test))))
	$(Q)find $(BUILD)/host/$* -name '*.gcda' -delete
	$(Q)ci/host-tests $* $^

# How long the runs are that these tests make.
VGIC_OPS_FAST ?= 10000000
host-test-fast: export VGIC_OPS = $(VGIC_OPS_FAST)
host-test-fast: $(foreach test,$(fast_tests),$(BUILD)/host/fast/$(basename $(notdir $(test))))
	$(Q)ci/host-tests fast $^

# Every file that compiles on the host counts, also one that no test is linked with.
coverage: host-test-gcc $(host_el2:%=$(BUILD)/host/gcc/%.o)
	$(Q)$(PYTHON) -m gcovr --root . --object-directory $(BUILD)/host/gcc $(BUILD)/host/gcc/el2 \
		$(foreach file,$(host_el2),--filter '$(file)$$') --filter 'el2/[^.]*[.]h$$' \
		--txt $(BUILD)/coverage.txt --print-summary --fail-under-line $(COVERAGE_MIN) \
		>$(BUILD)/coverage.sum; code=$$?; \
	sed -n 's/^lines: /host tests cover /p' $(BUILD)/coverage.sum; \
	[ $$code -eq 0 ] || { cat $(BUILD)/coverage.txt; echo 'at least $(COVERAGE_MIN) % is asked for'; exit 1; }
