# SPDX-License-Identifier: GPL-3.0-or-later

# The texts that list the rows of the tables.
row-texts := etc/iscsid.conf docs/man/iscsid.conf.5 docs/man/iscsi-iface.5
$(O)/rows: $(O)/docs/rows.o $(O)/docs/blocks.o $(O)/lib/record_rows.o $(O)/lib/text.o
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $^

# The same for the command line of iscsiadm.
mode-texts := docs/man/iscsiadm.8 etc/completion/iscsiadm
$(O)/modes: $(O)/docs/modes.o $(O)/docs/blocks.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(O)/docs/blocks.o $(normal-archives))

rows: $(O)/rows $(O)/modes ## write the rows into iscsid.conf, the man pages, the completion and docs/coverage.md
	$(Q)for text in $(row-texts); do $(O)/rows $$text >$(O)/rows.text && cat $(O)/rows.text >$$text || exit 1; done
	$(Q)for text in $(mode-texts); do $(O)/modes $$text >$(O)/rows.text && cat $(O)/rows.text >$$text || exit 1; done
	$(Q)docs/json-page >$(O)/rows.text && cat $(O)/rows.text >docs/man/iscsiadm-json.5
	$(Q)tests/coverage --write

.PHONY: rows

# The lab's programs that meet a real kernel without the daemon.
kernel-programs := $(addprefix $(O)/tests/lab/,handover kernel lives scale netlink-fuzz starve)
$(kernel-programs): $(O)/tests/lab/%: $(O)/tests/lab/%.o $(O)/tests/lab/raw.o $(O)/tests/lab/tap.o $(O)/libtransport-user.a $(O)/liblib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $^
check-build: $(kernel-programs)

# The lab's program that shows ports, their changes and ways (suite/port-kinds.sh).
$(O)/tests/lab/ports: $(O)/tests/lab/ports.o $(normal-archives)
	$(call say,LD,$@)
	$(Q)$(call link,$(NORMAL) -pie,$(normal-archives))
check-build: $(O)/tests/lab/ports

# What the suite's scripts cannot do by shell: calls of any kind to the daemon's socket and the kernel's, and hundreds of commands at once.
$(O)/tests/lab/talk $(O)/tests/lab/crowd $(O)/tests/lab/gate: %: %.o
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $^
$(O)/tests/lab/gate: $(O)/tests/lab/tap.o
check-build: $(O)/tests/lab/talk $(O)/tests/lab/crowd $(O)/tests/lab/gate

# Holds what `iscsiadm --json` says against docs/json.md (adm-records, suite/json.sh).
$(O)/tests/json-schema: $(O)/tests/json-schema.o
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $< $(PKG_LIBS)
check-build: $(O)/tests/json-schema

# The target that misbehaves (tests/target/README.md).
target-src := $(addprefix tests/target/,main.c conn.c login.c sendtargets.c scsi.c write.c acts.c acts_text.c acts_scsi.c acts_task.c fuzz.c rows.c)
$(O)/tests/target/misbehave: $(target-src:%.c=$(O)/%.o) $(O)/liblib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(NORMAL) -pie -o $@ $^ -ldl -lpthread
check-build: $(O)/tests/target/misbehave

# The kernel modules' pure files are tested in user space: each header of the kernel that they name is tests/unit/kernel.h.
kernel-headers := $(addprefix $(O)/kernel/,linux/atomic.h linux/bits.h linux/blk-mq.h linux/bvec.h linux/completion.h linux/crc32.h linux/delay.h linux/dma-direction.h linux/dma-mapping.h linux/highmem.h linux/interrupt.h linux/kernel.h \
	linux/io.h linux/jiffies.h linux/list.h linux/llist.h linux/lockdep.h linux/mm.h linux/module.h linux/mutex.h linux/net.h linux/nospec.h linux/pci.h linux/preempt.h linux/random.h linux/rcupdate.h linux/refcount.h linux/scatterlist.h linux/sched/mm.h linux/skbuff.h linux/slab.h linux/spinlock.h linux/string.h linux/sysfs.h linux/timer.h linux/uio.h linux/workqueue.h \
	net/sock.h net/tcp.h scsi/iscsi_if.h scsi/iscsi_proto.h scsi/scsi.h scsi/scsi_cmnd.h scsi/scsi_device.h scsi/scsi_eh.h scsi/scsi_host.h scsi/scsi_netlink.h scsi/scsi_transport_iscsi.h trace/define_trace.h)
$(kernel-headers):
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && echo '#include "tests/unit/kernel.h"' >$@
kernel-tests := $(patsubst %.c,%.o,$(shell grep -slE 'iscsi_tcp_world.h|qla4xxx_world.h|qla4xxx_registers.h|qla4xxx_asked.h|qla4xxx_class.h|unit/kernel.h|iscsi_tcp_send.c' tests/unit/*.c tests/fuzz/*.c))
$(addprefix $(O)/san/,$(kernel-tests)) $(addprefix $(O)/fuzz/,$(kernel-tests)): CPPFLAGS += -I$(O)/kernel
$(addprefix $(O)/san/,$(kernel-tests)) $(addprefix $(O)/fuzz/,$(kernel-tests)): | $(kernel-headers)
