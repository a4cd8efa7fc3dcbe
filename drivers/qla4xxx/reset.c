// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery: from a chip that died, was reset by somebody, or left the bus, back to a host that is online, or to one that is dead and says
 * so. Anybody asks for it (recover()); recovery_work does it, one at a time and in turn with events. Commands wait in the mid layer
 * meanwhile, or were taken from the firmware and end with DID_RESET.
 */
#include <linux/slab.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"
#include "drivers/qla4xxx/trace.h"

#define IDLE_MS		5000	/* for commands to come back before a reset that has time */
#define WAIT_SECONDS	300	/* attempts of bring-up included */
/* What a restart has done for those who asked while it was under way. */
#define SERVED		(BIT(RECOVER_REQUEST) | BIT(RECOVER_MAILBOX) | BIT(RECOVER_HEARTBEAT) | BIT(RECOVER_LOST) | BIT(RECOVER_NETWORK))

static const char * const reason_texts[RECOVER_REASONS] = {
	[RECOVER_MAILBOX] = "no answer to a mailbox command",
	[RECOVER_FATAL] = "a fatal error",
	[RECOVER_SYSTEM_ERROR] = "an event of the firmware",
	[RECOVER_HEARTBEAT] = "no heartbeat",
	[RECOVER_RING] = "a response that makes no sense",
	[RECOVER_OTHER_FUNCTION] = "a reset by another function of the card",
	[RECOVER_REQUEST] = "a request",
	[RECOVER_GONE] = "a card that is gone",
	[RECOVER_BUS] = "a restart of the bus",
	[RECOVER_LOST] = "answers that do not come",
	[RECOVER_NETWORK] = "a network that is down and cannot be set",
};

void recover(struct qla_host *host, enum recovery_reason reason)
{
	set_bit(reason, &host->reasons);
	mailbox_cancel(host);
	wake_up_all(&host->state_changed);
	queue_work(host->workqueue, &host->recovery_work);
}

void host_gone(struct qla_host *host)
{
	if (test_and_set_bit(HOST_GONE, &host->flags))
		return;
	set_bit(HOST_SILENT, &host->flags);
	host_err(host, "the card does not answer on the bus any more\n");
	recover(host, RECOVER_GONE);
}

static bool recovery_ended(const struct qla_host *host)
{
	enum host_state state = host_state(host);

	if (state == HOST_REMOVING || state == HOST_SUSPENDED)
		return true;
	return !READ_ONCE(host->reasons) && state != HOST_RECOVERING;
}

int recover_and_wait(struct qla_host *host, enum recovery_reason reason)
{
	might_sleep();
	recover(host, reason);
	wait_event_timeout(host->state_changed, recovery_ended(host), WAIT_SECONDS * HZ);
	return host_state(host) == HOST_ONLINE && !READ_ONCE(host->reasons) ? 0 : -EIO;
}

/* A reset would take the firmware from under the card's other function, too: 1 and 3 are each other's. */
static bool other_is_driven(const struct pci_dev *pdev)
{
	struct pci_dev *other = pci_get_slot(pdev->bus, PCI_DEVFN(PCI_SLOT(pdev->devfn), PCI_FUNC(pdev->devfn) ^ 2));
	bool is_driven = other && other->driver == pdev->driver && pci_get_drvdata(other);

	pci_dev_put(other);
	return is_driven;
}

void host_stop(struct qla_host *host, u8 host_byte)
{
	set_bit(HOST_SILENT, &host->flags);
	clear_bit(HOST_LINK_UP, &host->flags);
	irq_disable(host);
	if (!test_bit(HOST_GONE, &host->flags) && !other_is_driven(host->pdev))
		chip_soft_reset_start(&host->chip);
	/* Whatever the chip does, it does not reach our memory. */
	pci_clear_master(host->pdev);
	mailbox_stopped(host);
	scsi_flush(host, -1, host_byte);
	passthrough_flush(host, -1);
	ping_flush(host);
}

static void give_up(struct qla_host *host)
{
	host_stop(host, DID_NO_CONNECT);
	WRITE_ONCE(host->reasons, 0);
	if (host_move(host, HOST_DEAD) && !test_bit(HOST_GONE, &host->flags))
		host_err(host, "given up; a reset of the host (echo adapter >/sys/class/scsi_host/host%u/host_reset) tries again\n",
			 host->shost->host_no);
}

static enum bringup_from where_from(unsigned long reasons)
{
	return reasons == BIT(RECOVER_OTHER_FUNCTION) ? BRINGUP_WAS_RESET : BRINGUP_RESET;
}

static int restart(struct qla_host *host, unsigned long reasons)
{
	int result;

	scsi_block_requests(host->shost);
	clear_bit(HOST_LINK_UP, &host->flags);
	sessions_stop(host);
	if (reasons == BIT(RECOVER_REQUEST))
		scsi_wait_idle(host, IDLE_MS);
	irq_disable(host);
	result = bringup(host, where_from(reasons));
	if (!result) {
		set_mask_bits(&host->reasons, SERVED, 0);
		irq_enable(host);
		if (host_move(host, HOST_ONLINE))
			sessions_restart(host);
	}
	return result;
}

void recovery_run(struct work_struct *work)
{
	struct qla_host *host = container_of(work, struct qla_host, recovery_work);
	unsigned long reasons = READ_ONCE(host->reasons);
	int result;

	if (!reasons)
		return;
	if (host_state(host) == HOST_SUSPENDED && !(reasons & (BIT(RECOVER_BUS) | BIT(RECOVER_GONE))))
		return;
	if (!host_move(host, HOST_RECOVERING)) {
		/* Nobody restarts it, but commands that removal waits for have to end. */
		if (host_state(host) == HOST_REMOVING)
			host_stop(host, DID_NO_CONNECT);
		return;
	}
	host_warn(host, "recovering from %s\n", reason_texts[__ffs(reasons)]);
	result = test_bit(HOST_GONE, &host->flags) ? -ENODEV : restart(host, reasons);
	if (result == -ENODEV)
		sessions_stop(host);
	if (result)
		give_up(host);
	else
		host_info(host, "online again\n");
	scsi_unblock_requests(host->shost);
	wake_up_all(&host->state_changed);
}

static int restart_network(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { [4] = ISP_ACB_SIZE };
	u8 *acb = kzalloc(ISP_ACB_SIZE, GFP_KERNEL);
	int result;

	if (!acb)
		return -ENOMEM;
	mutex_lock(&host->config_mutex);
	result = mailbox_transfer(host, ISP_MBOX_GET_ACB, regs, 2, acb, ISP_ACB_SIZE, DMA_FROM_DEVICE);
	if (!result)
		result = acb_restart(host, acb);
	mutex_unlock(&host->config_mutex);
	kfree(acb);
	return result;
}

int host_reset(struct Scsi_Host *shost, int what)
{
	struct qla_host *host = host_of(shost);

	return what == SCSI_FIRMWARE_RESET ? restart_network(host) : recover_and_wait(host, RECOVER_REQUEST);
}

void host_quiesce(struct qla_host *host)
{
	scsi_block_requests(host->shost);
	sessions_stop(host);
	if (!host_is_lost(host))
		scsi_wait_idle(host, IDLE_MS);
	flush_work(&host->event_work);
	host_stop(host, DID_RESET);
}
