// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SCSI side: the host template, and a command on its way to the request ring. Each CPU has a submission queue of its own, and nothing
 * here locks: the tag names the command's slot, the ring's slots are claimed. What becomes of a command is status.c's and errors.c's.
 */
#include <linux/blk-mq.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_netlink.h>

#include "drivers/qla4xxx/commands.h"
#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"

#define SEGMENTS	128	/* of a command: 27 entries of the ring */
#define QUEUES		16	/* hardware queues, at most */
#define TARGETS		512
#define LUNS		0xfffe
#define CDB_BYTES	16

static unsigned int entries_for(unsigned int segments)
{
	return segments <= 1 ? 1 : 1 + DIV_ROUND_UP(segments - 1, ISP_CONTINUE_DSDS);
}

static void set_dsd(struct isp_dsd *dsd, struct scatterlist *sg)
{
	dma_addr_t address = sg_dma_address(sg);

	dsd->address_low = cpu_to_le32(lower_32_bits(address));
	dsd->address_high = cpu_to_le32(upper_32_bits(address));
	dsd->length = cpu_to_le32(sg_dma_len(sg));
}

static void set_lun(u8 bytes[8], u64 lun)
{
	if (likely(lun <= U8_MAX))
		put_unaligned_le64(lun << 8, bytes);
	else
		int_to_scsilun(lun, (struct scsi_lun *)bytes);
}

/* Slots hold what an earlier request left: what the firmware may look at is written. */
static void write_continuations(struct qla_host *host, struct ring_claim claim, struct scatterlist *sg, unsigned int segments)
{
	struct isp_continue *more;
	unsigned int number, i;

	for (number = 1; number < claim.count; number++) {
		more = &rings_entry(&host->rings, claim, number)->more;
		more->header = (struct isp_header){
			.type = ISP_IOCB_CONTINUE,
			.system = (u8)(claim.first + number + 1),	/* what real drivers write: the place behind this entry */
			.count = 1,
		};
		for (i = 0; i < ISP_CONTINUE_DSDS && segments; i++, segments--, sg = sg_next(sg))
			set_dsd(&more->dsd[i], sg);
	}
}

static u8 control_of(const struct scsi_cmnd *cmd, unsigned int segments)
{
	if (!segments)
		return ISP_COMMAND_SIMPLE;
	return ISP_COMMAND_SIMPLE | (cmd->sc_data_direction == DMA_TO_DEVICE ? ISP_COMMAND_WRITE : ISP_COMMAND_READ);
}

static void write_command(struct qla_host *host, struct ring_claim claim, struct scsi_cmnd *cmd, u32 handle, u16 ddb, int segments)
{
	struct isp_command *command = &rings_entry(&host->rings, claim, 0)->command;

	command->header = (struct isp_header){ .type = ISP_IOCB_COMMAND, .count = claim.count };
	command->handle = cpu_to_le32(handle);
	command->ddb = cpu_to_le16(ddb);
	command->connection = 0;
	command->control = control_of(cmd, segments);
	command->state = 0;
	command->reference = 0;
	command->reserved = 0;
	/* Behind a shorter one the mid layer has zeroes. */
	memcpy(command->cdb, cmd->cmnd, sizeof(command->cdb));
	set_lun(command->lun, cmd->device->lun);
	command->cmdsn = 0;
	command->timeout = 0;
	command->dsds = cpu_to_le16(segments);
	command->length = cpu_to_le32(scsi_bufflen(cmd));
	if (unlikely(!segments)) {
		command->dsd = (struct isp_dsd){ };
		return;
	}
	set_dsd(&command->dsd, scsi_sglist(cmd));
	if (unlikely(claim.count > 1))
		write_continuations(host, claim, sg_next(scsi_sglist(cmd)), segments - 1);
}

/* While the host is removed, disks still write back what is in their caches. */
static bool takes_commands(const struct qla_host *host)
{
	enum host_state state = host_state(host);

	return (state == HOST_ONLINE || state == HOST_REMOVING) && test_bit(HOST_LINK_UP, &host->flags);
}

/* False: no room. */
static bool give(struct qla_host *host, struct scsi_cmnd *cmd, u16 ddb, int segments)
{
	unsigned int entries = entries_for(segments);
	struct ring_claim claim;
	u32 handle;

	handle = command_begin(host->commands, cmd, ddb, entries);
	if (unlikely(!handle))
		return false;
	claim = rings_claim(host, entries);
	if (unlikely(!claim.count)) {
		command_end(&host->commands->slots[handle % ISP_REQUESTS]);
		return false;
	}
	write_command(host, claim, cmd, handle, ddb, segments);
	/* Not all kernels say that a command of the error handler is the last. */
	rings_publish(host, claim, cmd->flags & SCMD_LAST || cmd->submitter != SUBMITTED_BY_BLOCK_LAYER);
	return true;
}

/* False: no room or memory. rcu_read_lock() held; a flush waits for us, so that it does not find the command before the firmware has it. */
static bool submit(struct qla_host *host, struct scsi_cmnd *cmd, u16 ddb)
{
	int segments = scsi_dma_map(cmd);

	if (unlikely(segments < 0))
		return false;
	if (likely(give(host, cmd, ddb, segments)))
		return true;
	scsi_dma_unmap(cmd);
	return false;
}

/* For ever, or for now? */
static compat_queue_result not_taken(struct qla_host *host, struct scsi_cmnd *cmd, bool is_suspect)
{
	enum host_state state = host_state(host);

	if (state != HOST_DEAD && state != HOST_REMOVING && !test_bit(HOST_GONE, &host->flags))
		return is_suspect ? SCSI_MLQUEUE_TARGET_BUSY : SCSI_MLQUEUE_HOST_BUSY;
	cmd->result = DID_NO_CONNECT << 16;
	scsi_done(cmd);
	return 0;
}

static compat_queue_result refuse(struct scsi_cmnd *cmd, int result)
{
	cmd->result = result;
	scsi_done(cmd);
	return 0;
}

/* A session that is lost while its host goes does not come back: the caches of disks that are being removed are not waited for. */
static int not_ready(struct qla_host *host, struct iscsi_cls_session *cls)
{
	int refused = iscsi_session_chkready(cls);

	return refused && host_state(host) == HOST_REMOVING ? DID_NO_CONNECT << 16 : refused;
}

static compat_queue_result scsi_queue(struct Scsi_Host *shost, struct scsi_cmnd *cmd)
{
	struct iscsi_cls_session *cls = starget_to_session(scsi_target(cmd->device));
	/* Until the class has closed the queues commands would be sent, and come back, as often as they may. */
	bool is_suspect = READ_ONCE(session_of(cls)->is_suspect), taken;
	u16 ddb = READ_ONCE(session_of(cls)->ddb);
	struct qla_host *host = host_of(shost);
	int refused = 0;

	rcu_read_lock();
	if (unlikely(READ_ONCE(cls->state) != ISCSI_SESSION_LOGGED_IN))
		refused = not_ready(host, cls);
	taken = !refused && !is_suspect && ddb < ISP_DDBS && takes_commands(host) && submit(host, cmd, ddb);
	rcu_read_unlock();
	if (likely(taken))
		return 0;
	return refused ? refuse(cmd, refused) : not_taken(host, cmd, is_suspect);
}

/* The last of a dispatch was refused, so that no command rang the doorbell. */
static void scsi_commit(struct Scsi_Host *shost, u16 hardware_queue)
{
	struct qla_host *host = host_of(shost);

	rcu_read_lock();
	if (READ_ONCE(host->rings.is_open))
		rings_kick(host);
	rcu_read_unlock();
}

/* --- the host ---------------------------------------------------------------------------------------------------------------------- */

int scsi_prepare(struct qla_host *host)
{
	struct Scsi_Host *shost = host->shost;

	host->commands = kvzalloc(sizeof(*host->commands), GFP_KERNEL);
	if (!host->commands)
		return -ENOMEM;
	commands_init(host->commands);
	shost->nr_hw_queues = min_t(unsigned int, num_possible_cpus(), QUEUES);
	shost->max_id = TARGETS;
	shost->max_lun = LUNS;
	shost->max_channel = 0;
	shost->max_cmd_len = CDB_BYTES;
	qla_template.track_queue_depth = !!ql4xqfulltracking;
	return 0;
}

void scsi_unprepare(struct qla_host *host)
{
	kvfree(host->commands);
	host->commands = NULL;
}

static int scsi_slave_alloc(struct scsi_device *sdev)
{
	scsi_change_queue_depth(sdev, clamp(ql4xmaxqdepth, 1, ISP_REQUESTS));
	return 0;
}

struct scsi_host_template qla_template = {
	.module = THIS_MODULE,
	.name = QLA_NAME,
	.proc_name = QLA_NAME,
	.queuecommand = scsi_queue,
	.commit_rqs = scsi_commit,
	.COMPAT_DEVICE_ALLOC = scsi_slave_alloc,
	.change_queue_depth = scsi_change_queue_depth,
	.eh_timed_out = eh_timed_out,
	.eh_abort_handler = eh_abort,
	.eh_device_reset_handler = eh_device_reset,
	.eh_target_reset_handler = eh_target_reset,
	.eh_host_reset_handler = eh_host_reset,
	.host_reset = host_reset,
	.shost_groups = qla_host_groups,
	.host_tagset = 1,
	.this_id = -1,
	.can_queue = ISP_REQUESTS,
	.sg_tablesize = SEGMENTS,
	.max_sectors = 0xffff,
	.cmd_per_lun = 3,
	.vendor_id = SCSI_NL_VID_TYPE_PCI | ISP_VENDOR,
};
