# SPDX-License-Identifier: GPL-3.0-or-later
# openhba: flat build. Each folder's files.mk only lists its files; everything that is a rule is here.
# Two variants of every object exist: build/ (what is installed) and build/san/ (ASAN+UBSAN, for tests and fuzzers).

VERSION := 0.1.0
# What the record text, `iscsiadm -V` and `-P 3` show: the open-iscsi level this tree answers to.
COMPAT_VERSION := 2.1.13

prefix     ?= /usr
sbindir    ?= $(prefix)/sbin
mandir     ?= $(prefix)/share/man
docdir     ?= $(prefix)/share/doc/openhba
sysconfdir ?= /etc
unitdir    ?= /lib/systemd/system
initdir    ?= $(sysconfdir)/init.d
bashcompdir ?= $(prefix)/share/bash-completion/completions
udevdir    ?= /lib/udev/rules.d
generatordir ?= /lib/systemd/system-generators
# Where iscsid.conf, initiatorname.iscsi, ifaces/ and the record database live.
confdir    ?= $(sysconfdir)/iscsi
rundir     ?= /run/iscsid

CC         ?= cc
PKG_CONFIG ?= pkg-config
O          := build
V          ?= 0
Q          := $(if $(filter 1,$(V)),,@)
say         = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	    -Wwrite-strings -Wundef -Wvla -Wswitch-enum -Wformat=2 -Wimplicit-fallthrough -Wno-unused-parameter
HARDEN   := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

PKGS     := libevent_core json-c libmnl libcrypto libudev libkmod
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
# libcrypto, libkmod and libudev are opened when they are needed (lib/library.h), so only their headers count here.
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(filter-out libcrypto libkmod libudev,$(PKGS)) 2>/dev/null) -lgdbm -lpthread -ldl

CPPFLAGS += -D_GNU_SOURCE -I. -I$(O)/gen -DOPENHBA_VERSION='"$(VERSION)"' -DCOMPAT_VERSION='"$(COMPAT_VERSION)"' \
	    -DCONFDIR='"$(confdir)"' -DRUNDIR='"$(rundir)"'
CFLAGS   ?= -O2 -g
STD      := -std=gnu11
NORMAL   := $(CFLAGS) $(HARDEN)
SAN      := -O1 -g $(SANITIZE)

FOLDERS := lib transport/user iface daemon adm firmware-tools tests tests/hba
ARCHIVES := adm daemon firmware-tools iface transport/user lib
archive   = $(1)/lib$(subst /,-,$(2)).a
normal-archives := $(foreach a,$(ARCHIVES),$(call archive,$(O),$(a)))
san-archives    := $(foreach a,$(ARCHIVES),$(call archive,$(O)/san,$(a)))
include $(addsuffix /files.mk,$(FOLDERS))
programs := $(addprefix $(O)/,iscsid iscsiadm iscsistart iscsi-iname hbafw)
scripts  := $(addprefix firmware-tools/,iscsi-gen-initiatorname iscsi_discovery iscsi_offload iscsi_fw_login)

unit-src   := $(wildcard tests/unit/*.c)
unit-tests := $(unit-src:%.c=$(O)/san/%)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(programs) ## build the programs

# What an object was built with: a change (prefix, sysconfdir, CFLAGS) builds it anew. Read here, without what one target has for itself:
# its prerequisites inherit that, and every object has this one.
flags-text := $(CC) $(CPPFLAGS) $(NORMAL)
$(O)/flags: export FLAGS_TEXT = $(flags-text)
$(O)/flags: FORCE
	$(Q)mkdir -p $(@D) && printf '%s\n' "$$FLAGS_TEXT" >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

$(O)/san/%.o: %.c Makefile $(O)/flags
	$(call say,CC san,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CPPFLAGS) $(PKG_CFLAGS) $(WARNINGS) $(SAN) -MMD -MP -c -o $@ $<

$(O)/%.o: %.c Makefile $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CPPFLAGS) $(PKG_CFLAGS) $(WARNINGS) $(NORMAL) -MMD -MP -c -o $@ $<

# The interface file as a C string: iscsid answers GetInterfaceDescription with it.
$(O)/gen/ipc_interface.inc: docs/org.openhba.iscsid.varlink Makefile
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@
$(addsuffix /lib/ipc_interface.o,$(O) $(O)/san $(O)/fuzz): $(O)/gen/ipc_interface.inc

define archive-rules
$(call archive,$(O),$(1)): $(patsubst %.c,$(O)/%.o,$($(2)-src)) $(1)/files.mk
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcsD $$@ $$(filter %.o,$$^)
$(call archive,$(O)/san,$(1)): $(patsubst %.c,$(O)/san/%.o,$($(2)-src)) $(1)/files.mk
	$$(call say,AR san,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcsD $$@ $$(filter %.o,$$^)
endef
$(foreach a,$(ARCHIVES),$(eval $(call archive-rules,$(a),$(subst /,-,$(a)))))

link = $(CC) $(1) -o $@ $< -Wl,--start-group $(2) -Wl,--end-group $(3) $(PKG_LIBS)

$(O)/iscsid: $(O)/daemon/main.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(normal-archives))
$(O)/iscsiadm: $(O)/adm/main.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(normal-archives))
# In the initial RAM disk there is what ldd finds: libcrypto, opened late like elsewhere, has to be named.
late-crypto := -Wl,--no-as-needed -lcrypto -Wl,--as-needed
$(O)/iscsistart: $(O)/firmware-tools/start.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(normal-archives),$(late-crypto))
$(O)/san/iscsistart: $(O)/san/firmware-tools/start.o $(san-archives)
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(san-archives),$(late-crypto))
$(O)/iscsi-iname: $(O)/firmware-tools/iname.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(normal-archives))
$(O)/hbafw: $(O)/firmware-tools/hbafw.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(normal-archives))
$(O)/san/iscsid: $(O)/san/daemon/main.o $(san-archives)
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(san-archives))
$(O)/san/iscsiadm: $(O)/san/adm/main.o $(san-archives)
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(san-archives))

$(O)/san/tests/unit/%: $(O)/san/tests/unit/%.o $(san-archives)
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(san-archives),-lcmocka)

# Tests with devices that are not there: what reads /sys and listens for uevents is led to umockdev's. Its library is linked, not preloaded:
# so it stands behind the sanitizers' and before libc by itself, and the program runs like every other.
umockdev := $(shell $(PKG_CONFIG) --cflags umockdev-1.0 2>/dev/null)
umockdev-tests := $(patsubst %.c,$(O)/san/%,$(shell grep -sl card_trees.h tests/unit/*.c))
$(umockdev-tests:%=%.o): PKG_CFLAGS += $(umockdev)
$(umockdev-tests): PKG_LIBS += $(shell $(PKG_CONFIG) --libs umockdev-1.0 2>/dev/null) -Wl,--push-state,--no-as-needed -lumockdev-preload -Wl,--pop-state

# Tests whose seconds are shorter ones.
quick-tests := $(patsubst %.c,$(O)/san/%,$(shell grep -sl quick_time.h tests/unit/*.c))
$(quick-tests): PKG_LIBS += -Wl,--wrap=loop_now_ms,--wrap=loop_timer_set,--wrap=poll,--wrap=usleep

check-unit: $(unit-tests) ## run the unit tests (ASAN+UBSAN)
	$(Q)tests/unit/run $(unit-tests)

# tests/fuzz/NAME.c is an entry for libFuzzer (clang). With tests/fuzz/driver.c instead of libFuzzer it replays its corpus (gcc).
fuzz-names := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/driver.c,$(wildcard tests/fuzz/*.c)))
fuzz-src := $(sort $(filter-out %/main.c,$(lib-src) $(transport-user-src) $(iface-src)))
FUZZ := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_SECONDS ?= 300

$(O)/san/tests/fuzz/%: $(O)/san/tests/fuzz/%.o $(O)/san/tests/fuzz/driver.o $(san-archives)
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(O)/san/tests/fuzz/driver.o $(san-archives))
$(O)/fuzz/%.o: %.c Makefile
	$(call say,CC fuzz,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(STD) $(CPPFLAGS) $(PKG_CFLAGS) $(FUZZ) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
$(O)/fuzz/bin/%: $(O)/fuzz/tests/fuzz/%.o $(fuzz-src:%.c=$(O)/fuzz/%.o)
	$(call say,LD fuzz,$@)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(PKG_LIBS)

fuzz: $(fuzz-names:%=$(O)/fuzz/bin/%) ## run each fuzzer for FUZZ_SECONDS (300) with clang's libFuzzer
	$(Q)failed=; for name in $(fuzz-names); do mkdir -p $(O)/fuzz/found/$$name; $(O)/fuzz/bin/$$name -max_total_time=$(FUZZ_SECONDS) \
		-timeout=10 -max_len=300000 -artifact_prefix=$(O)/fuzz/found/$$name- $(O)/fuzz/found/$$name tests/fuzz/corpus/$$name || \
		failed="$$failed $$name"; done; test -z "$$failed" || { echo "fuzz: found something with$$failed"; exit 1; }

$(O)/tests/store-kill: $(O)/tests/store-kill.o $(call archive,$(O),lib)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(call archive,$(O),lib))

$(O)/tests/bench/%: $(O)/tests/bench/%.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(normal-archives))

bench: ## side by side with Debian's open-iscsi, as ratios (long; root on Debian)
	$(Q)tests/need build lab
	$(Q)$(MAKE) --no-print-directory all $(O)/tests/bench/fill
	$(Q)tests/bench/run --write docs/performance.md

# A plugin for QEMU, not a program.
$(O)/tests/bench/profile.so: tests/bench/profile.c Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(STD) -D_GNU_SOURCE $(WARNINGS) -O2 -g -shared -fPIC -fvisibility=hidden -o $@ $<

bench-io: ## instructions and processor time per I/O: stock modules, ours, NVMe over TCP (long; root on Debian)
	$(Q)tests/need build lab debug-kernel
	$(Q)$(MAKE) --no-print-directory all $(O)/tests/bench/profile.so $(O)/tests/bench/io_load
	$(Q)tests/bench/io --write docs/performance.md; status=$$?; tests/bench/cpu --write docs/performance.md && exit $$status

bench-hba: ## instructions per I/O of an emulated HBA: the in-tree driver, ours (long; root on Debian)
	$(Q)tests/need build lab
	$(Q)$(MAKE) --no-print-directory all $(O)/tests/bench/profile.so $(O)/tests/bench/io_load $(O)/tests/hba/hba
	$(Q)tests/bench/hba --write docs/performance.md

lint: all ## layers, lengths, licences, spelling, checkpatch, cppcheck, clang-tidy, scan-build
	$(Q)tests/check-host --lint

demo: ## build, boot the lab, show everything end to end; HBA=1: an emulated HBA with two ports alone (root on Debian)
	$(Q)tests/need build lab
	$(Q)$(MAKE) --no-print-directory all $(O)/tests/hba/hba
	$(Q)tests/lab/demo $(if $(HBA),hba)

check: ## all tests: unit, fuzz corpora, store, lint, then the lab suite (root on Debian)
	$(Q)tests/need build check lab
	$(Q)tests/check

soak: ## the lab suite's long runs: kills, cut connections, logins by the hundred (hours; root on Debian)
	$(Q)tests/need build check lab debug-kernel
	$(Q)$(MAKE) --no-print-directory all check-build
	$(Q)tests/lab/suite/run --plan soak

check-modules: ## the rest of what the kernel modules of this tree have to stand in the lab (ten minutes; root on Debian)
	$(Q)tests/need build check lab
	$(Q)$(MAKE) --no-print-directory all check-build
	$(Q)tests/lab/suite/run --plan modules

check-hba: ## the distribution's driver on emulated HBAs, at length; MODULES=ours: this tree's; KERNEL=trixie: on Debian 13's (hours; root on Debian)
	$(Q)tests/need build check lab
	$(Q)$(MAKE) --no-print-directory all check-build
	$(Q)tests/lab/suite/run --plan hba $(if $(MODULES),--modules $(MODULES)) $(if $(KERNEL),--kernel $(KERNEL))

check-crossings: ## both tools on both kernels' sides, the distribution's modules and ours: all suites (hours; root on Debian)
	$(Q)tests/need build check lab
	$(Q)tests/crossings

fuzz-kernel: KERNEL_FUZZ_SECONDS ?= 600
fuzz-kernel: ## netlink and PDU fuzzers against the kernel modules, KERNEL_FUZZ_SECONDS (600) each, also on the debug kernel (root on Debian)
	$(Q)tests/need build check lab debug-kernel
	$(Q)$(MAKE) --no-print-directory all check-build
	$(Q)tests/lab/suite/run --plan fuzz --seconds $(KERNEL_FUZZ_SECONDS)

check-debug-kernel: ## the kernel modules on kernels that look for mistakes, compiled once (two hours; root on Debian)
	$(Q)tests/need build check lab debug-kernel
	$(Q)$(MAKE) --no-print-directory all check-build
	$(Q)tests/lab/selftest debug
	$(Q)tests/lab/suite/run --plan debug --modules ours

# The tests that need no VM, as one pass of make so that both cores build.
check-host: all check-build
	$(Q)tests/check-host $(unit-tests)
check-build: $(unit-tests) $(O)/san/iscsid $(O)/san/iscsiadm $(O)/san/iscsistart $(fuzz-names:%=$(O)/san/tests/fuzz/%) $(O)/tests/store-kill

# The kernel modules, built by the kernel's own make in a copy of their sources. KSRC is the kernel's build folder, KBUILD_OUTPUT where
# it was built if elsewhere, KARCH another architecture; what the kernel's make knows (W=1, C=1, CROSS_COMPILE=, LLVM=1) goes on to it.
KSRC     ?= /lib/modules/$(shell uname -r)/build
# What Debian calls its kernels is not what `make kernelrelease` says there: modprobe looks for the name in the headers.
kernel    = $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(or $(KBUILD_OUTPUT),$(KSRC))/include/generated/utsrelease.h),$(error no prepared kernel in $(or $(KBUILD_OUTPUT),$(KSRC))))
module-dirs := transport/abi transport/class drivers
modules-out = $(O)/modules/$(kernel)
# O is our folder, and would be the kernel's.
kbuild    = MAKEFLAGS='$(filter-out O=%,$(MAKEFLAGS))' $(MAKE) -C $(KSRC) M=$(abspath $(modules-out)) $(if $(KARCH),ARCH=$(KARCH))

modules: ## build the kernel modules for KSRC (the running kernel's headers)
	$(Q)mkdir -p $(modules-out) && cp -ru --parents Kbuild $(module-dirs) $(modules-out)
	$(Q)for file in $$(cd $(modules-out) && find $(module-dirs) -name '*.[ch]' ! -name '*.mod.c'); do test -e $$file || rm $(modules-out)/$$file; done
	+$(Q)$(kbuild) modules
	$(Q)transport/class/same-symbols $(modules-out)/Module.symvers $(or $(KBUILD_OUTPUT),$(KSRC))/Module.symvers $(if $(findstring s,$(firstword -$(MAKEFLAGS))),>/dev/null)

modules_install: modules ## install the kernel modules into updates/ of DESTDIR's kernel, beside the distribution's
	+$(Q)$(kbuild) modules_install INSTALL_MOD_DIR=updates INSTALL_MOD_PATH=$(DESTDIR)
	$(if $(DESTDIR),,$(Q)drivers/qla4xxx/keep-in-tree /lib/modules/$(kernel)/updates/drivers/qla4xxx)
	$(Q)depmod $(if $(DESTDIR),-b $(DESTDIR)) $(kernel)

dkms-dir = $(DESTDIR)/usr/src/openhba-$(VERSION)
install-dkms: ## install the kernel modules' sources for DKMS (dkms add openhba/VERSION, dkms install openhba/VERSION)
	install -d $(dkms-dir)
	cp -r --parents Kbuild $(module-dirs) LICENSES/GPL-2.0-only* $(dkms-dir)
	sed 's/@version@/$(VERSION)/' dkms.conf >$(dkms-dir)/dkms.conf

check-kernels: ## the kernel modules with the headers and compilers of Debian 12, 13 and sid, booted on the first two and more (root on Debian)
	$(Q)tests/need build check lab
	$(Q)$(MAKE) --no-print-directory all $(kernel-programs) $(O)/tests/hba/hba
	$(Q)tests/check-kernels

# What a text that is installed says of places, made true for where it is installed. The programs know theirs from CPPFLAGS.
placed := sed 's|/usr/sbin|@sbin@|g; s|/run/iscsid/|@run@/|g; s|/etc/iscsi|@conf@|g; s|PATH=$$PATH:@sbin@|PATH=@sbin@:$$PATH|; \
	s|@sbin@|$(sbindir)|g; s|@run@|$(rundir)|g; s|@conf@|$(confdir)|g'
# install-text MODE FILES FOLDER
install-text = for file in $(2); do $(placed) "$$file" >"$(DESTDIR)$(3)/$${file\#\#*/}" && chmod $(1) "$(DESTDIR)$(3)/$${file\#\#*/}" || exit 1; done

install: all install-texts ## install into DESTDIR (configuration that exists is kept)
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(confdir)/ifaces
	install -m 0755 $(programs) $(DESTDIR)$(sbindir)
	test -e $(DESTDIR)$(confdir)/iscsid.conf || install -m 0600 etc/iscsid.conf $(DESTDIR)$(confdir)/iscsid.conf

# All that is not built: scripts, units, rules, documentation.
install-texts:
	install -d $(addprefix $(DESTDIR),$(sbindir) $(mandir)/man8 $(mandir)/man5 $(docdir) $(unitdir) $(udevdir) $(generatordir) $(bashcompdir) $(initdir))
	$(call install-text,0755,$(scripts),$(sbindir))
	$(call install-text,0755,firmware-tools/ibft-rule-generator,$(generatordir))
	$(call install-text,0644,$(wildcard etc/udev/*.rules),$(udevdir))
	$(call install-text,0644,$(wildcard etc/systemd/*),$(unitdir))
	$(call install-text,0755,$(wildcard etc/sysv/*),$(initdir))
	$(call install-text,0644,$(wildcard docs/man/*.8),$(mandir)/man8)
	$(call install-text,0644,$(wildcard docs/man/*.5),$(mandir)/man5)
	install -m 0644 README.md docs/*.md docs/*.svg docs/*.varlink $(DESTDIR)$(docdir)
	install -m 0644 etc/completion/iscsiadm etc/completion/hbafw $(DESTDIR)$(bashcompdir)

clean: ## remove what was built
	$(Q)rm -rf $(O)

help: ## list the targets
	$(Q)grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

.PHONY: FORCE all clean help modules_install install-dkms check-kernels check-unit check check-modules check-hba check-crossings check-debug-kernel check-host check-build demo lint install install-texts bench bench-io bench-hba fuzz fuzz-kernel modules soak

-include $(shell find $(O) -name '*.d' 2>/dev/null)
