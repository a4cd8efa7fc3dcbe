# SPDX-License-Identifier: GPL-3.0-or-later
# The emulated HBA (tests/hba/README.md). One file a line; main.c is not among them: tests and fuzzers link the rest.
hba-src := tests/hba/faults.c tests/hba/trace.c tests/hba/control.c tests/hba/control_socket.c
hba-src += tests/hba/options.c
hba-src += tests/hba/guest.c
hba-src += tests/hba/pci.c
hba-src += tests/hba/intx.c
hba-src += tests/hba/vfio_wire.c
hba-src += tests/hba/vfio_user.c
hba-src += tests/hba/network.c
hba-src += tests/hba/network_address.c
hba-src += tests/hba/network_arp.c
hba-src += tests/hba/network_dhcp.c
hba-src += tests/hba/network_link.c
hba-src += tests/hba/network_ping.c
hba-src += tests/hba/network_route.c
hba-src += tests/hba/network_socket.c
hba-src += tests/hba/network_statistics.c
hba-src += tests/hba/network_vlan.c
hba-src += tests/hba/isns_client.c
hba-src += tests/hba/initiator.c
hba-src += tests/hba/initiator_login.c
hba-src += tests/hba/initiator_tags.c
hba-src += tests/hba/initiator_rx.c
hba-src += tests/hba/initiator_tx.c
hba-src += tests/hba/initiator_task.c
hba-src += tests/hba/initiator_tmf.c
hba-src += tests/hba/initiator_host.c
hba-src += tests/hba/initiator_notice.c
hba-src += tests/hba/card.c
hba-src += tests/hba/port.c
hba-src += tests/hba/eeprom.c
hba-src += tests/hba/registers.c
hba-src += tests/hba/reset.c
hba-src += tests/hba/chip.c
hba-src += tests/hba/aen.c
hba-src += tests/hba/mailbox.c
hba-src += tests/hba/ddb.c
hba-src += tests/hba/acb.c
hba-src += tests/hba/chap.c
hba-src += tests/hba/flash.c
hba-src += tests/hba/firmware.c
hba-src += tests/hba/ring.c
hba-src += tests/hba/rings.c
hba-src += tests/hba/answer.c
hba-src += tests/hba/command.c
hba-src += tests/hba/management.c
hba-src += tests/hba/passthrough.c
hba-src += tests/hba/mailbox_entry.c
hba-src += tests/hba/ddb_login.c
hba-src += tests/hba/sessions.c
hba-src += tests/hba/session_login.c
hba-src += tests/hba/session_discovery.c
hba-src += tests/hba/session_statistics.c

hba-archive := $(O)/libhba.a
hba-san-archive := $(O)/san/libhba.a
$(hba-archive): $(hba-src:%.c=$(O)/%.o) tests/hba/files.mk
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)
$(hba-san-archive): $(hba-src:%.c=$(O)/san/%.o) tests/hba/files.mk
	$(call say,AR san,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)
hba-fuzz-archive := $(O)/fuzz/libhba.a
$(hba-fuzz-archive): $(hba-src:%.c=$(O)/fuzz/%.o) tests/hba/files.mk
	$(call say,AR fuzz,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)

$(O)/tests/hba/hba: $(O)/tests/hba/main.o $(hba-archive) $(O)/libtransport-user.a $(O)/liblib.a
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(hba-archive) $(O)/libtransport-user.a $(O)/liblib.a)
$(O)/san/tests/hba/hba: $(O)/san/tests/hba/main.o $(hba-san-archive) $(O)/san/libtransport-user.a $(O)/san/liblib.a
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(hba-san-archive) $(O)/san/libtransport-user.a $(O)/san/liblib.a)
# Run in the guest: what a register access costs; resets by ioctl; numbered writes.
$(O)/tests/hba/mmio $(O)/tests/hba/disk-reset $(O)/tests/hba/sequence: %: %.o
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $<
check-build: $(O)/tests/hba/hba $(O)/san/tests/hba/hba $(O)/tests/hba/mmio $(O)/tests/hba/disk-reset $(O)/tests/hba/sequence

# tests/unit/hba_*.c and tests/fuzz/hba_*.c
$(O)/san/tests/unit/hba_%: $(O)/san/tests/unit/hba_%.o $(hba-san-archive) $(san-archives)
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(hba-san-archive) $(san-archives),-lcmocka)
$(O)/san/tests/fuzz/hba_%: $(O)/san/tests/fuzz/hba_%.o $(O)/san/tests/fuzz/driver.o $(hba-san-archive) $(san-archives)
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(O)/san/tests/fuzz/driver.o $(hba-san-archive) $(san-archives))
$(O)/fuzz/bin/hba_%: $(O)/fuzz/tests/fuzz/hba_%.o $(hba-fuzz-archive) $(patsubst %.c,$(O)/fuzz/%.o,$(lib-src) $(transport-user-src))
	$(call say,LD fuzz,$@)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ) -fsanitize=fuzzer -o $@ $< $(hba-fuzz-archive) $(filter-out $<,$(filter %.o,$^)) $(PKG_LIBS)

# The network of a port by hand (tests/hba/check-network).
network-objects := $(patsubst %.c,$(O)/san/%.o,tests/hba/network_try.c $(filter tests/hba/network%,$(hba-src)))
$(O)/san/tests/hba/network_try: $(network-objects) $(O)/san/libtransport-user.a $(O)/san/liblib.a
	$(call say,LD san,$@)
	$(Q)$(CC) $(SAN) -o $@ $^ $(PKG_LIBS)
$(O)/tests/hba/network_try: $(network-objects:$(O)/san/%=$(O)/%) $(O)/libtransport-user.a $(O)/liblib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $^ $(PKG_LIBS)
check-build: $(O)/san/tests/hba/network_try $(O)/tests/hba/network_try

# The initiator by itself, against real targets (tests/hba/check-initiator).
initiator-src := $(filter tests/hba/initiator%,$(hba-src)) tests/hba/initiator_try.c
$(O)/san/tests/hba/initiator_try: $(O)/san/tests/hba/initiator_try.o $(initiator-src:%.c=$(O)/san/%.o) $(O)/san/liblib.a
	$(call say,LD san,$@)
	$(Q)$(call link,$(SAN),$(filter-out $<,$(filter %.o %.a,$^)))
check-build: $(O)/san/tests/hba/initiator_try
