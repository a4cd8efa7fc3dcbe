// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to commands that do not come back. The mid layer asks in this order, each step only if the one before failed:
 *
 *	timed out	more time while the session is being made anew, or the chip reset, which ends all that waits
 *	abort		ABORT_TASK, by handle
 *	LUN reset	LUN_RESET, and a marker behind which the firmware takes commands for it again
 *	target reset	TARGET_WARM_RESET, and its marker
 *	host reset	the chip's
 *
 * A step succeeds when the firmware has given the commands back: only then is their memory nobody's. Requests are rows. Waits look at the
 * table of commands, as nobody is told of single ones; each has an end, and ends at once when the card is gone.
 */
#include <linux/delay.h>

#include <scsi/scsi.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_eh.h>

#include "drivers/qla4xxx/commands.h"
#include "drivers/qla4xxx/session.h"

#define POLL_MS		20
#define RETURN_MS	30000	/* for commands to come back after the firmware said it will give them */
#define MARKER_MS	5000	/* for room in the ring */

struct eh_row {
	const char *name;
	enum isp_mailbox opcode;
	enum isp_marker_modifier marker;
};

enum eh_step { EH_LUN_RESET, EH_TARGET_RESET };

static const struct eh_row eh_rows[] = {
	[EH_LUN_RESET] = { "LUN reset", ISP_MBOX_LUN_RESET, ISP_MARKER_LUN_RESET },
	[EH_TARGET_RESET] = { "target reset", ISP_MBOX_TARGET_WARM_RESET, ISP_MARKER_TARGET_RESET },
};

static struct iscsi_cls_session *eh_session(const struct scsi_cmnd *cmd)
{
	return starget_to_session(scsi_target(cmd->device));
}

static bool by_ioctl(const struct scsi_cmnd *cmd)
{
	return cmd->submitter == SUBMITTED_BY_SCSI_RESET_IOCTL;
}

/* --- timed out --------------------------------------------------------------------------------------------------------------------- */

compat_timeout_result eh_timed_out(struct scsi_cmnd *cmd)
{
	struct qla_host *host = host_of(cmd->device->host);

	if (host_state(host) == HOST_RECOVERING || READ_ONCE(eh_session(cmd)->state) == ISCSI_SESSION_FAILED)
		return COMPAT_TIMEOUT_LATER;
	return COMPAT_TIMEOUT_RECOVER;
}

/* --- waiting ----------------------------------------------------------------------------------------------------------------------- */

/* Commands to wait for: the one of a handle, or all of a DDB, or of a device. */
struct waited {
	u32 handle;
	int ddb;
	const struct scsi_device *device;
};

static bool is_waited_for(const struct commands *commands, const struct waited *waited)
{
	if (waited->handle)
		return command_is_waited_for(commands, waited->handle);
	return commands_any(commands, waited->ddb, waited->device);
}

/* A card that is gone or given up gives nothing back, but a flush is on its way that does. */
static bool wait_for_return(struct qla_host *host, const struct waited *waited)
{
	unsigned long end = jiffies + msecs_to_jiffies(RETURN_MS);

	while (is_waited_for(host->commands, waited)) {
		if (time_after(jiffies, end))
			return false;
		msleep(POLL_MS);
	}
	return true;
}

/* --- abort ------------------------------------------------------------------------------------------------------------------------- */

static int ask_abort(struct qla_host *host, u16 ddb, u32 handle)
{
	u32 regs[ISP_MAILBOXES] = { 0, ddb, handle, 0, 0, 1 };

	return mailbox_ask(host, ISP_MBOX_ABORT_TASK, regs);
}

int eh_abort(struct scsi_cmnd *cmd)
{
	struct qla_host *host = host_of(cmd->device->host);
	u32 handle = command_handle(host->commands, cmd);
	struct waited waited = { .handle = handle };
	int err;

	if (!handle)
		return SUCCESS;
	err = ask_abort(host, host->commands->slots[handle % ISP_REQUESTS].ddb, handle);
	scmd_printk(KERN_INFO, cmd, "abort of command 0x%02x: %s %d\n", cmd->cmnd[0], err ? "error" : "taken,", err);
	/* A firmware that refuses does not know it, and gives nothing back. Any other error means a reset of the chip, which does. */
	if (err == -EIO && command_is_live(host->commands, handle))
		return FAILED;
	return wait_for_return(host, &waited) ? SUCCESS : FAILED;
}

/* --- resets ------------------------------------------------------------------------------------------------------------------------ */

static bool try_marker(struct qla_host *host, const struct eh_row *row, u16 ddb, const struct scsi_lun *lun)
{
	struct isp_marker *marker;
	struct ring_claim claim;

	rcu_read_lock();
	claim = rings_claim(host, 1);
	if (!claim.count) {
		rcu_read_unlock();
		return false;
	}
	marker = &rings_entry(&host->rings, claim, 0)->marker;
	memset(marker, 0, sizeof(*marker));
	marker->header.type = ISP_IOCB_MARKER;
	marker->header.count = 1;
	marker->ddb = cpu_to_le16(ddb);
	marker->modifier = cpu_to_le16(row->marker);
	memcpy(marker->lun, lun, sizeof(marker->lun));
	rings_publish(host, claim, true);
	rcu_read_unlock();
	/* It is never answered. */
	rings_finished(&host->rings, 1);
	return true;
}

static bool send_marker(struct qla_host *host, const struct eh_row *row, u16 ddb, const struct scsi_lun *lun)
{
	unsigned long end = jiffies + msecs_to_jiffies(MARKER_MS);

	while (!try_marker(host, row, ddb, lun)) {
		if (time_after(jiffies, end) || host_is_lost(host))
			return false;
		msleep(POLL_MS);
	}
	return true;
}

/* The firmware may say "command error" to a reset that it does. */
static int ask_reset(struct qla_host *host, const struct eh_row *row, u16 ddb, const struct scsi_lun *lun)
{
	const __le32 *words = (const __le32 *)lun;
	u32 regs[ISP_MAILBOXES] = { 0, ddb };
	int err;

	regs[5] = 1;
	if (row->opcode == ISP_MBOX_LUN_RESET) {
		regs[2] = le32_to_cpu(words[0]);
		regs[3] = le32_to_cpu(words[1]);
	}
	err = mailbox_ask(host, row->opcode, regs);
	return err == -EIO && regs[0] == ISP_STATUS_COMMAND_ERROR ? 0 : err;
}

static int run_reset(struct qla_host *host, struct scsi_cmnd *cmd, const struct eh_row *row, u16 ddb)
{
	struct waited waited = { .ddb = ddb, .device = row->opcode == ISP_MBOX_LUN_RESET ? cmd->device : NULL };
	struct scsi_lun lun = { };
	int err;

	if (waited.device)
		int_to_scsilun(cmd->device->lun, &lun);
	err = ask_reset(host, row, ddb, &lun);
	sdev_printk(KERN_INFO, cmd->device, "%s: %s %d\n", row->name, err ? "error" : "taken,", err);
	if (err == -EIO || !wait_for_return(host, &waited))
		return FAILED;
	/* It is the chip that was reset: the mid layer is not to ask the device, whose session does not exist yet. */
	if (err)
		return by_ioctl(cmd) ? FAILED : FAST_IO_FAIL;
	return send_marker(host, row, ddb, &lun) ? SUCCESS : FAILED;
}

/*
 * The mid layer's commands keep the host together until they are back; an ioctl on a disk that is open still comes when it likes, and
 * passes the gate.
 */
static int enter(struct qla_host *host, const struct scsi_cmnd *cmd)
{
	return by_ioctl(cmd) ? gate_enter(&host->gate) : 0;
}

static void leave(struct qla_host *host, const struct scsi_cmnd *cmd)
{
	if (by_ioctl(cmd))
		gate_leave(&host->gate);
}

/*
 * Who lost his session waits for it: its commands are back, and a test of the device would fail. When it is given up the mid layer is not
 * to take the device offline for good.
 */
static int eh_reset(struct scsi_cmnd *cmd, enum eh_step step)
{
	struct qla_host *host = host_of(cmd->device->host);
	int result;
	u16 ddb;

	result = iscsi_block_scsi_eh(cmd);
	if (result)
		return result;
	ddb = READ_ONCE(session_of(eh_session(cmd))->ddb);
	if (ddb >= ISP_DDBS || enter(host, cmd))
		return FAILED;
	result = run_reset(host, cmd, &eh_rows[step], ddb);
	leave(host, cmd);
	return result;
}

int eh_device_reset(struct scsi_cmnd *cmd)
{
	return eh_reset(cmd, EH_LUN_RESET);
}

int eh_target_reset(struct scsi_cmnd *cmd)
{
	return eh_reset(cmd, EH_TARGET_RESET);
}

/*
 * After it the firmware has nothing any more, whether the chip came back or not. The sessions do not exist yet, so that the mid layer's
 * test of the devices would fail and take them offline: it is told that the commands are over, and sends them again when it can.
 */
int eh_host_reset(struct scsi_cmnd *cmd)
{
	struct qla_host *host = host_of(cmd->device->host);
	bool came_back;

	if (enter(host, cmd))
		return FAILED;
	came_back = !recover_and_wait(host, RECOVER_REQUEST);
	leave(host, cmd);
	if (by_ioctl(cmd))
		return came_back ? SUCCESS : FAILED;
	return commands_any(host->commands, -1, NULL) ? FAILED : FAST_IO_FAIL;
}
