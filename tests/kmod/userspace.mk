# SPDX-License-Identifier: GPL-2.0
# The parts of kmod that need no kernel, in userspace: tests/kmod/unit/<name>.c and
# tests/kmod/fuzz/<name>.c become <O>/kmod-user/{unit,fuzz}/<name>. The top Makefile
# includes this; `make -f tests/kmod/userspace.mk kmod-unit-build` works too.
#
# Each is linked with kmod/<name>.c, or with what KMOD_OF_<name> lists, if that is
# set; empty: with nothing, for a test that includes the file it is about.

O ?= build
KMOD_CC ?= $(CC)
OPT ?= -O2 -g
WARN ?= -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wno-unused-parameter -Werror

KMOD_LIBS ?= -Wl,--as-needed -lsodium
KMOD_OF_tables :=
kmod_noise := kmod/noise.c kmod/cookie.c kmod/replay.c
KMOD_OF_noise := $(kmod_noise)
KMOD_OF_cookie := $(kmod_noise)
KMOD_OF_vectors := $(kmod_noise)
KMOD_OF_handshake := $(kmod_noise)
kmod_of = $(if $(filter undefined,$(origin KMOD_OF_$(1))),kmod/$(1).c,$(KMOD_OF_$(1)))

# The shim's headers come before the system's of the same name. -Wshadow and the
# kernel's macros do not go together; the kernel does not have it either.
KMOD_USER_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(OPT) $(HARDEN) $(WARN) -Wno-shadow -Wno-sign-compare $(SANITIZE) \
	-I tests/kmod/shim -include linux/compiler_types.h -iquote kmod -iquote tests -pthread
KMOD_SHIM := $(wildcard tests/kmod/shim/*.c tests/kmod/shim/crypto/*.c)

KMOD_UNIT_BIN := $(patsubst tests/kmod/unit/%.c,$(O)/kmod-user/unit/%,$(wildcard tests/kmod/unit/*.c))
KMOD_FUZZ_BIN := $(patsubst tests/kmod/fuzz/%.c,$(O)/kmod-user/fuzz/%,$(wildcard tests/kmod/fuzz/*.c))
.PHONY: kmod-unit-build kmod-fuzz-build
kmod-unit-build: $(KMOD_UNIT_BIN)
kmod-fuzz-build: $(KMOD_FUZZ_BIN)

.SECONDEXPANSION:
$(O)/kmod-user/unit/%: tests/kmod/unit/%.c tests/unit/tap.h $$(call kmod_of,$$*) $(KMOD_SHIM)
	@mkdir -p $(@D)
	@printf '  %-7s %s\n' KUNIT $@
	$(Q)$(KMOD_CC) $(KMOD_USER_CFLAGS) -MMD -MP -MT $@ -MF $@.d $(filter %.c,$^) $(LDFLAGS) $(KMOD_LIBS) -o $@

$(O)/kmod-user/fuzz/%: tests/kmod/fuzz/%.c $$(call kmod_of,$$*) $(KMOD_SHIM)
	@mkdir -p $(@D)
	@printf '  %-7s %s\n' KFUZZ $@
	$(Q)$(KMOD_CC) $(KMOD_USER_CFLAGS) -fsanitize=fuzzer -MMD -MP -MT $@ -MF $@.d $(filter %.c,$^) $(LDFLAGS) \
		$(KMOD_LIBS) -o $@

# A peer of the module's that is not in a kernel.
$(O)/kmod-tools/hostile: tests/kmod/hostile.c
# Many of them.
$(O)/kmod-tools/handshakes: tests/bench/handshakes.c
$(O)/kmod-tools/hostile $(O)/kmod-tools/handshakes: $(kmod_noise) $(KMOD_SHIM)
	@mkdir -p $(@D)
	@printf '  %-7s %s\n' KTOOL $@
	$(Q)$(KMOD_CC) $(KMOD_USER_CFLAGS) -MMD -MP -MT $@ -MF $@.d $(filter %.c,$^) $(LDFLAGS) $(KMOD_LIBS) -o $@

-include $(wildcard $(O)/kmod-user/*/*.d $(O)/kmod-tools/*.d)
