# SPDX-License-Identifier: GPL-2.0
# wgctl: every entry point. `make help` lists them.

CC ?= gcc
O ?= build
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

.PHONY: all help
all: $(O)/wgctl ## build wgctl

# Lowest layer first. A folder may use its own headers and those of lower
# layers; tests/lint/layers holds the matrix.
FOLDERS := base model config netlink routes dns plan cli
PKGS := libmnl libnl-3.0 libnl-route-3.0 libnl-genl-3.0 inih jansson libnftables libsodium

-include $(O)/deps.mk
$(O)/deps.mk: Makefile tests/deps
	@mkdir -p $(O)
	@tests/deps --flags '$(PKGS)' >$@.tmp && mv $@.tmp $@

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wno-unused-parameter -Werror
OPT ?= -O2 -g
HARDEN ?= -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE
SANITIZE ?=
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(OPT) $(HARDEN) $(WARN) $(SANITIZE) -Iwgctl -I$(O)/gen $(DEPS_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SANITIZE),,-pie) -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZE) $(LDFLAGS)

archive = $(O)/$(1).a
ARCHIVES := $(foreach f,$(FOLDERS),$(call archive,$(f)))
# The linker wants the highest layer first.
rev = $(if $(1),$(call rev,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
LINK_ARCHIVES := $(call rev,$(ARCHIVES))

define folder_rules
$(1)_SRC := $$(filter-out wgctl/cli/main.c,$$(wildcard wgctl/$(1)/*.c))
$(1)_OBJ := $$(patsubst wgctl/%.c,$$(O)/obj/%.o,$$($(1)_SRC))
$$(O)/$(1).a: $$($(1)_OBJ)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

$(O)/obj/%.o: wgctl/%.c $(O)/deps.mk
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(O)/wgctl: $(O)/obj/cli/main.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(O)/obj/cli/main.o $(LINK_ARCHIVES) $(DEPS_LIBS) -o $@

# Unit tests: tests/unit/<folder>/<name>.c becomes build/unit/<folder>/<name>,
# linked with that folder and the layers below it only.
upto = $(if $(filter $(1),$(firstword $(2))),$(firstword $(2)),$(firstword $(2)) $(call upto,$(1),$(wordlist 2,$(words $(2)),$(2))))
UNIT_SRC := $(wildcard tests/unit/*/*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT_SRC))
.PHONY: unit-build
unit-build: $(UNIT_BIN)
.SECONDEXPANSION:
$(O)/unit/%: tests/unit/%.c tests/unit/tap.h $$(foreach f,$$(call upto,$$(patsubst %/,%,$$(dir $$*)),$(FOLDERS)),$(O)/$$(f).a)
	@mkdir -p $(@D)
	$(call say,UNIT,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP $(filter %.c,$<) $(ALL_LDFLAGS) $(call rev,$(filter %.a,$^)) $(DEPS_LIBS) -o $@

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: clean
clean: ## remove build outputs
	rm -rf $(O)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16
