# SPDX-License-Identifier: GPL-3.0-or-later

# The texts that list the rows of the tables.
row-texts := etc/iscsid.conf docs/man/iscsid.conf.5 docs/man/iscsi-iface.5
$(O)/rows: $(O)/docs/rows.o $(O)/lib/record_rows.o $(O)/lib/text.o
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $^

rows: $(O)/rows ## write the settings into iscsid.conf and the man pages
	$(Q)for text in $(row-texts); do $(O)/rows $$text >$(O)/rows.text && cat $(O)/rows.text >$$text || exit 1; done

.PHONY: rows

# The lab's program that meets a real kernel without the daemon (suite/kernel.sh).
$(O)/tests/lab/kernel: $(O)/tests/lab/kernel.o $(O)/libtransport-user.a $(O)/liblib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $^
check-build: $(O)/tests/lab/kernel
