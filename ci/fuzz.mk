# SPDX-License-Identifier: Apache-2.0
#
# Fuzzers: each tests/fuzz/fuzz_NAME.c is a program that tries inputs for ever, guided by which code they
# reach. Built as the host tests are (ci/host.mk), with the same stand-ins, by clang's libFuzzer, by
# AFL++, or (for counting lines) without an engine by gcc. ci/fuzz runs them.
#
#   build/fuzz/seeds/NAME     inputs to begin with, made from what is in the repository
#   build/fuzz/corpus/NAME    what the runs on this machine have found worth keeping
#   build/fuzz/findings       inputs that made one fail
#   tests/fuzz/corpus/NAME    the repository's corpus, an input a line in hex

fuzz_src  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
fuzz_name := $(fuzz_src:tests/fuzz/fuzz_%.c=%)

HOST_fuzz     := clang -O1
SANITIZE_fuzz := -fsanitize=address,undefined -fno-sanitize-recover=all
COUNT_fuzz    := -fsanitize=fuzzer-no-link
LINK_fuzz     := -fsanitize=fuzzer
HOST_afl      := env AFL_QUIET=1 afl-clang-fast -O1
SANITIZE_afl  := $(SANITIZE_fuzz)
LINK_afl      := -fsanitize=fuzzer

$(foreach cc,fuzz afl,$(BUILD)/host/$(cc)/el2/lib/string.c.o): \
	private HOST += $(foreach name,$(libc_names),-D$(name)=el2_$(name)) -fno-builtin

$(foreach cc,fuzz afl,$(eval $(call host_compiler,$(cc))) \
	$(foreach src,$(fuzz_src),$(eval $(call host_test,$(cc),$(src)))))
$(foreach src,$(fuzz_src),$(eval $(call host_test,gcc,$(src),$(BUILD)/host/gcc/tests/fuzz/replay.c.o)))
-include $(foreach cc,fuzz afl gcc,$(fuzz_src:%=$(BUILD)/host/$(cc)/%.d))

fuzz_programs = $(fuzz_name:%=$(BUILD)/host/$(1)/fuzz_%)

# Which (all), with what, how long each.
FUZZ   ?= $(fuzz_name)
ENGINE ?= libfuzzer# or afl
TIME   ?= 60s
fuzz_engine := $(if $(filter afl,$(ENGINE)),afl,fuzz)

.PHONY: fuzz fuzz-build fuzz-quick fuzz-keep fuzz-coverage
## fuzz       fuzzers, TIME=60s each (10m, 2h), as many at once as CPUs; FUZZ=trap some; ENGINE=afl
fuzz:
	@ci/setup $(if $(filter afl,$(ENGINE)),fuzz,test)
	@$(MAKE) --no-print-directory $(FUZZ:%=$(BUILD)/host/$(fuzz_engine)/fuzz_%)
	@$(PYTHON) ci/fuzz $(if $(filter afl,$(ENGINE)),afl,long) $(TIME) $(FUZZ)

fuzz-build: $(call fuzz_programs,fuzz)

# As many inputs as each says of itself: for `make check`.
fuzz-quick: $(FUZZ:%=$(BUILD)/host/fuzz/fuzz_%)
	@$(PYTHON) ci/fuzz quick $(FUZZ)

## fuzz-keep  put what the fuzzers found into tests/fuzz/corpus, as little of it as reaches the same code
fuzz-keep: $(FUZZ:%=$(BUILD)/host/fuzz/fuzz_%)
	@$(PYTHON) ci/fuzz keep $(FUZZ)

## fuzz-coverage  which lines of el2/ each corpus runs
fuzz-coverage: $(FUZZ:%=$(BUILD)/host/gcc/fuzz_%)
	@$(PYTHON) ci/fuzz coverage $(FUZZ)

.PHONY: mutants
## mutants    break the code on purpose, one way at a time, and see what notices; MUTANTS="tlb-page ..." some
MUTANTS ?=
mutants:
	@ci/setup test
	@$(MAKE) --no-print-directory all host-build fuzz-build
	@+MAKE='$(MAKE)' $(PYTHON) ci/mutants $(MUTANTS)
