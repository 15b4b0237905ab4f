# SPDX-License-Identifier: GPL-2.0
# wgctl: every entry point. `make help` lists them.

ifeq ($(origin CC),default)
CC := gcc
endif
O ?= build
V ?= 0
PREFIX ?= /usr/local
DESTDIR ?=

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

.DELETE_ON_ERROR:
.PHONY: all
all: $(O)/wgctl ## build wgctl

# Lowest layer first. A folder may use its own headers and those of lower
# layers; tests/lint/layers holds the matrix. A folder without sources is not
# there yet.
FOLDERS := base model config netlink routes ns containers dns plan cli
FOLDERS := $(foreach f,$(FOLDERS),$(if $(wildcard wgctl/$(f)/*.c),$(f)))
PKGS := libmnl libnl-3.0 libnl-route-3.0 libnl-genl-3.0 inih jansson libnftables libsodium
OPTIONAL_PKGS := libsystemd libqrencode

# These set the machine up themselves and build in a make of their own, so they
# must run where the libraries are not installed yet.
SELF_MADE := deps demo check help clean kmod kmod-all kmod-lint kmod-dkms check-kmod check-debug bench-module
ifneq ($(filter-out $(SELF_MADE),$(or $(MAKECMDGOALS),all)),)
-include $(O)/deps.mk
endif
$(O)/deps.mk: Makefile tests/deps
	@mkdir -p $(O)
	@tests/deps --flags '$(PKGS)' '$(OPTIONAL_PKGS)' >$@.tmp && mv $@.tmp $@

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wno-unused-parameter -Werror
OPT ?= -O2 -g
HARDEN ?= -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE
SANITIZE ?=
# -iquote, not -I: <netlink/netlink.h> is libnl's, "netlink/netlink.h" is ours.
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(OPT) $(HARDEN) $(WARN) $(SANITIZE) -iquote wgctl -iquote $(O)/gen $(DEPS_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SANITIZE),,-pie) -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZE) $(LDFLAGS)

# ---- wgctl -------------------------------------------------------------------

archive = $(O)/$(1).a
ARCHIVES := $(foreach f,$(FOLDERS),$(call archive,$(f)))
# The linker wants the highest layer first.
rev = $(if $(1),$(call rev,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
LINK_ARCHIVES := $(call rev,$(ARCHIVES))

define folder_rules
$(1)_SRC := $$(filter-out wgctl/cli/main.c,$$(wildcard wgctl/$(1)/*.c wgctl/$(1)/*/*.c))
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

# They are part of the program.
$(O)/obj/cli/completion.o: $(wildcard completions/*)

$(O)/wgctl: $(O)/obj/cli/main.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(O)/obj/cli/main.o $(LINK_ARCHIVES) $(DEPS_LIBS) -o $@

# ---- what the tests are made of ----------------------------------------------

# Unit tests: tests/unit/<folder>/<name>.c becomes build/unit/<folder>/<name>,
# linked with that folder and the layers below it only.
upto = $(if $(2),$(if $(filter $(1),$(firstword $(2))),$(firstword $(2)),$(firstword $(2)) $(call upto,$(1),$(wordlist 2,$(words $(2)),$(2)))))
# A variable of its own: make puts the stem in place of a % in the rule itself.
unit_archives = $(foreach f,$(call upto,$(firstword $(subst /, ,$(1))),$(FOLDERS)),$(O)/$(f).a)
UNIT_SRC := $(wildcard tests/unit/*/*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT_SRC))
.PHONY: unit-build
unit-build: $(UNIT_BIN)
.SECONDEXPANSION:
$(O)/unit/%: tests/unit/%.c tests/unit/tap.h $$(call unit_archives,$$*)
	@mkdir -p $(@D)
	$(call say,UNIT,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -iquote tests -MMD -MP -MT $@ -MF $@.d $(filter %.c,$<) $(ALL_LDFLAGS) $(call rev,$(filter %.a,$^)) $(DEPS_LIBS) -o $@

# Fuzz harnesses: tests/fuzz/<name>.c becomes <O>/fuzz/<name>, linked with every
# folder but cli. tests/fuzz-run makes this in an output folder of its own with
# clang and the sanitizers.
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/*.c))
.PHONY: fuzz-build
fuzz-build: $(FUZZ_BIN)
$(O)/fuzz/%: tests/fuzz/%.c $(filter-out $(O)/cli.a,$(ARCHIVES))
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -iquote tests -fsanitize=fuzzer -MMD -MP -MT $@ -MF $@.d $< $(ALL_LDFLAGS) $(call rev,$(filter %.a,$^)) $(DEPS_LIBS) -o $@

# The module's parts that need no kernel, the same way.
include tests/kmod/userspace.mk

-include $(shell find $(O)/obj $(O)/unit $(O)/fuzz -name '*.d' -type f 2>/dev/null)

# What a test script needs to compile something as the tree is compiled.
.PHONY: print-cflags
print-cflags: $(O)/deps.mk
	@printf '%s\n' '$(ALL_CFLAGS)'

# ---- the kernel module --------------------------------------------------------

# KVER: 6.1, 6.12, with -cloud, a full release, or all. See kmod/README.md for
# FLAVOUR, KDIR, W and C.
KVER ?= 6.1 6.12
FLAVOUR ?= wireguard
.PHONY: kmod kmod-all kmod-lint kmod-dkms check-kmod
kmod: ## the kernel module, for KVER='6.1 6.12'; fetches the headers
	@O='$(O)' FLAVOUR='$(FLAVOUR)' KDIR='$(KDIR)' W='$(W)' C='$(C)' kmod/build $(KVER)
kmod-all: ## the same for every kernel that it is made for
	@O='$(O)' FLAVOUR='$(FLAVOUR)' W='$(W)' C='$(C)' kmod/build all
kmod-dkms: ## the sources where dkms looks for them (root): DESTDIR/usr/src
	@packaging/dkms '$(DESTDIR)/usr/src'
kmod-lint: ## style and size
	@O='$(O)' tests/kmod/lint
check-kmod: ## the module: style, warnings, dkms, unit tests; its suites on both kernels
	@O='$(O)' CC='$(CC)' tests/check kmod kmod-unit kmod-6.1 kmod-6.12

# ---- the two commands, and their parts ---------------------------------------

.PHONY: deps demo check check-unit check-cli check-netns check-vm check-debug lint fuzz bench bench-module
demo: ## install what is missing, build, show a tunnel carrying traffic
	@tests/deps --ensure demo
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@O='$(O)' tests/demo

check: ## install what is missing, run everything a change must pass
	@tests/deps --ensure check
	@O='$(O)' CC='$(CC)' tests/check

deps: ## install all packages that building and testing need (root)
	@tests/deps --ensure all

check-unit: ## unit tests, plain and under the sanitizers
	@O='$(O)' CC='$(CC)' tests/check unit unit-san
check-cli: ## command line tests
	@O='$(O)' CC='$(CC)' tests/check build cli
check-netns: ## real tunnels between network namespaces (root)
	@O='$(O)' CC='$(CC)' tests/check build netns
check-vm: ## the same on Debian's 6.1 and 6.12 kernels in QEMU, and a booted system
	@O='$(O)' CC='$(CC)' tests/check build vm-6.1 vm-6.12 vm-systemd
check-debug: ## the module in a kernel that finds mistakes: KASAN, lockdep, kmemleak, UBSAN
	@tests/deps --ensure debug
	@O='$(O)' CC='$(CC)' tests/check kmod-debug
lint: all ## layers, banned calls, headers, scripts, man pages
	@O='$(O)' CC='$(CC)' tests/check lint
fuzz: ## every parser and the module's protocol against random input, FUZZ_SECONDS=60 each
	@O='$(O)' tests/check fuzz
bench: all bench-module ## the table against wg-quick, wg and ip; and that of the module
	@O='$(O)' tests/bench/run
bench-module: ## the module against the kernel's own, in a guest; KVER=6.12
	@O='$(O)' CC='$(CC)' tests/bench/module $(lastword $(KVER))

# ---- installation ------------------------------------------------------------

# Where the system looks for units, CNI plugins, examples and zsh's completions.
UNITDIR ?= $(PREFIX)/lib/systemd/system
CNIDIR ?= $(PREFIX)/lib/cni
EXAMPLESDIR ?= $(PREFIX)/share/doc/wgctl/examples
# Debian's zsh looks for what packages have in vendor-completions.
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions

# From file to place: one list for what is put there and for what is taken away. Units
# and the hook name the program, so that name becomes the right one.
INSTALLED = $(O)/wgctl:755:$(PREFIX)/bin/wgctl \
	$(foreach m,$(wildcard man/*.[1-8]),$(m):644:$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
	completions/wgctl.bash:644:$(PREFIX)/share/bash-completion/completions/wgctl \
	completions/_wgctl:644:$(ZSHDIR)/_wgctl \
	completions/wgctl.fish:644:$(PREFIX)/share/fish/vendor_completions.d/wgctl.fish \
	wgctl/config/profile.schema.json:644:$(PREFIX)/share/wgctl/profile.schema.json \
	$(foreach u,$(wildcard packaging/systemd/wgctl*),$(u):644:$(UNITDIR)/$(notdir $(u))) \
	$(foreach e,$(wildcard packaging/cni/* packaging/oci/*),$(e):644:$(EXAMPLESDIR)/$(patsubst packaging/%,%,$(e))) \
	$(foreach e,$(wildcard packaging/examples/*),$(e):644:$(EXAMPLESDIR)/$(notdir $(e)))
# Other names, each with what it stands for: that of CNI's plugin here, those of
# WireGuard's own tools below, for they may belong to somebody else.
LINKS = $(CNIDIR)/wgctl-cni:$(PREFIX)/bin/wgctl
COMPAT_INSTALLED = completions/_wg:644:$(ZSHDIR)/_wg \
	$(foreach u,$(wildcard packaging/systemd/wg-quick*),$(u):644:$(UNITDIR)/$(notdir $(u)))
COMPAT_LINKS = $(foreach n,wg wg-quick,$(PREFIX)/bin/$(n):$(PREFIX)/bin/wgctl \
	$(PREFIX)/share/bash-completion/completions/$(n):$(PREFIX)/share/bash-completion/completions/wgctl \
	$(PREFIX)/share/fish/vendor_completions.d/$(n).fish:$(PREFIX)/share/fish/vendor_completions.d/wgctl.fish)

words_of = $(subst :, ,$(1))
place_of = '$(DESTDIR)$(word 3,$(call words_of,$(1)))'
put = install -D -m $(word 2,$(call words_of,$(1))) $(word 1,$(call words_of,$(1))) $(call place_of,$(1))$(newline)
name_it = $(foreach i,$(1),$(if $(filter packaging/%,$(i)),sed -i 's#/usr/local/bin/#$(PREFIX)/bin/#g' $(call place_of,$(i))$(newline)))
link_it = $(foreach l,$(1),install -d '$(DESTDIR)$(dir $(firstword $(call words_of,$(l))))' && \
	ln -sfr '$(DESTDIR)$(lastword $(call words_of,$(l)))' '$(DESTDIR)$(firstword $(call words_of,$(l)))'$(newline))
take_away = rm -f $(foreach i,$(1),$(call place_of,$(i))) $(foreach l,$(2),'$(DESTDIR)$(firstword $(call words_of,$(l)))')

.PHONY: install uninstall install-compat uninstall-compat
install: all ## install program, man pages, completions, units and examples below PREFIX
	$(foreach i,$(INSTALLED),$(call put,$(i)))
	$(call name_it,$(INSTALLED))
	$(call link_it,$(LINKS))
install-compat: ## the names wg and wg-quick, and wg-quick's units
	$(foreach i,$(COMPAT_INSTALLED),$(call put,$(i)))
	$(call name_it,$(COMPAT_INSTALLED))
	$(call link_it,$(COMPAT_LINKS))

# Directories that are ours alone go, too.
uninstall: ## remove what install put there
	$(call take_away,$(INSTALLED),$(LINKS))
	rmdir '$(DESTDIR)$(PREFIX)/share/wgctl' '$(DESTDIR)$(EXAMPLESDIR)'/* '$(DESTDIR)$(EXAMPLESDIR)' '$(DESTDIR)$(dir $(EXAMPLESDIR))' 2>/dev/null || true
uninstall-compat: ## remove what install-compat put there
	$(call take_away,$(COMPAT_INSTALLED),$(COMPAT_LINKS))

.PHONY: clean help
clean: ## remove build outputs (unpacked packages stay)
	@if [ -d '$(O)' ]; then find '$(O)' -mindepth 1 -maxdepth 1 ! -name vm ! -name headers ! -name openresolv ! -name unpacked -exec rm -rf {} +; fi

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## *(.*)/\1\t\2/p' Makefile | expand -t 14

define newline


endef
