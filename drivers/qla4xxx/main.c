// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI driver: how a port comes (probe), goes (removal, of the driver or of the card), sleeps and wakes, and what it does when the bus
 * has errors; and the door to its state. What happens in between is the other files' business.
 *
 * Removal takes away in the order in which things hang on each other: nobody starts a recovery; sessions, with their disks; requests of
 * user space; what it sees; interrupts and work; the chip, which then writes to no memory; memory.
 */
#include <linux/module.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"
#include "drivers/qla4xxx/trace.h"

#define TICK_MS			1000
#define HEARTBEAT_SPARE_SECONDS	2	/* late is not lost */
#define RECOVERY_SECONDS	60	/* that sleep waits for one to end */
#define BUS_SECONDS		30	/* for a bus to come back from an error */
#define BAR			1

struct scsi_transport_template *qla_transport_template;

/* --- the state's door --- */

static const struct { const char *name; u8 next; } states[HOST_STATES] = {
	[HOST_STARTING] = { "starting", BIT(HOST_ONLINE) | BIT(HOST_REMOVING) },
	[HOST_ONLINE] = { "online", BIT(HOST_RECOVERING) | BIT(HOST_SUSPENDED) | BIT(HOST_REMOVING) },
	[HOST_RECOVERING] = { "recovering", BIT(HOST_ONLINE) | BIT(HOST_DEAD) | BIT(HOST_REMOVING) },
	[HOST_SUSPENDED] = { "suspended", BIT(HOST_RECOVERING) | BIT(HOST_REMOVING) },
	[HOST_DEAD] = { "dead", BIT(HOST_RECOVERING) | BIT(HOST_SUSPENDED) | BIT(HOST_REMOVING) },
	[HOST_REMOVING] = { "removing", 0 },
};

bool host_move(struct qla_host *host, enum host_state to)
{
	enum host_state from;

	do {
		from = host_state(host);
		if (!(states[from].next & BIT(to)))
			return false;
	} while (cmpxchg(&host->state, from, to) != from);
	trace_qla4xxx_state(host, states[from].name, states[to].name);
	wake_up_all(&host->state_changed);
	event_kick(host);
	/* What was asked for when it could not be done. */
	if (to == HOST_ONLINE && READ_ONCE(host->reasons))
		queue_work(host->workqueue, &host->recovery_work);
	return true;
}

static bool is_settled(const struct qla_host *host)
{
	enum host_state state = host_state(host);

	return state != HOST_STARTING && state != HOST_RECOVERING;
}

bool host_wait_online(struct qla_host *host, unsigned int seconds)
{
	wait_event_timeout(host->state_changed, is_settled(host) && !READ_ONCE(host->reasons), seconds * HZ);
	return host_state(host) == HOST_ONLINE;
}

/* --- every second --- */

/* Registers are out of reach for good: nobody expects them back. */
static void bus_lost(struct qla_host *host)
{
	clear_bit(HOST_GONE, &host->flags);
	host_gone(host);
}

static void online_tick(struct qla_host *host)
{
	unsigned int seconds = 0;

	/* An interrupt that got lost costs a second, a card that was pulled is found. */
	irq_look(host);
	passthrough_tick(host);
	ping_tick(host);
	event_tick(host);
	if (acb_get(host, ISP_ACB_ROW_HEARTBEAT))
		seconds = acb_get(host, ISP_ACB_ROW_HEARTBEAT_INTERVAL);
	if (seconds && time_after(jiffies, READ_ONCE(host->heartbeat) + (seconds + HEARTBEAT_SPARE_SECONDS) * HZ))
		recover(host, RECOVER_HEARTBEAT);
}

/* Older kernels tell nobody when they give the bus up, for a device behind it that cannot recover. */
static void bus_tick(struct qla_host *host)
{
	if (!test_bit(HOST_BUS_FAILED, &host->flags) || time_before(jiffies, READ_ONCE(host->bus_until)))
		return;
	/* Who takes the flag away decides: this, or qla_bus_resume(). */
	if (!test_and_clear_bit(HOST_BUS_FAILED, &host->flags))
		return;
	host_err(host, "the bus has not come back from an error for %u s\n", BUS_SECONDS);
	bus_lost(host);
}

static void heartbeat_run(struct work_struct *work)
{
	struct qla_host *host = container_of(to_delayed_work(work), struct qla_host, heartbeat_work);

	if (host_state(host) == HOST_ONLINE)
		online_tick(host);
	else
		bus_tick(host);
	if (host_state(host) != HOST_REMOVING)
		schedule_delayed_work(&host->heartbeat_work, msecs_to_jiffies(TICK_MS));
}

/* --- probe --- */

static int pci_start(struct qla_host *host)
{
	struct pci_dev *pdev = host->pdev;
	int result = pci_enable_device(pdev);

	if (result)
		return result;
	if (!(pci_resource_flags(pdev, BAR) & IORESOURCE_MEM) || pci_resource_len(pdev, BAR) < ISP_REGISTERS_SIZE) {
		dev_err(&pdev->dev, "BAR %d is not the registers of an ISP4xxx\n", BAR);
		result = -ENODEV;
		goto disable;
	}
	result = pci_request_regions(pdev, QLA_NAME);
	if (result)
		goto disable;
	result = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (result)
		result = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (result)
		goto release;
	host->chip.regs = pci_iomap(pdev, BAR, ISP_REGISTERS_SIZE);
	if (host->chip.regs) {
		pci_set_master(pdev);
		/* Only a gain where there is one. */
		if (pci_try_set_mwi(pdev))
			dev_dbg(&pdev->dev, "no memory-write-invalidate\n");
		pci_intx(pdev, 1);
		/* What is restored when an error of the bus has reset it. */
		pci_save_state(pdev);
		return 0;
	}
	result = -ENOMEM;
release:
	pci_release_regions(pdev);
disable:
	pci_disable_device(pdev);
	return result;
}

static void pci_stop(struct qla_host *host)
{
	pci_clear_master(host->pdev);
	pci_iounmap(host->pdev, host->chip.regs);
	pci_release_regions(host->pdev);
	/* An error of the bus may have done so. */
	if (pci_is_enabled(host->pdev))
		pci_disable_device(host->pdev);
}

/* Members that need no memory of their own and cannot fail. */
static void host_init(struct qla_host *host, struct Scsi_Host *shost, struct pci_dev *pdev)
{
	host->shost = shost;
	host->pdev = pdev;
	host->chip.model = chip_model_find(pdev->device);
	host->state = HOST_STARTING;
	host->flags = BIT(HOST_SILENT);
	mailbox_init(&host->mailbox);
	gate_open(&host->gate);
	spin_lock_init(&host->irq_lock);
	init_waitqueue_head(&host->state_changed);
	INIT_WORK(&host->event_work, event_run);
	INIT_WORK(&host->recovery_work, recovery_run);
	INIT_DELAYED_WORK(&host->heartbeat_work, heartbeat_run);
	INIT_KFIFO(host->events);
	mutex_init(&host->config_mutex);
	shost->transportt = qla_transport_template;
}

static struct qla_host *host_new(struct pci_dev *pdev)
{
	struct Scsi_Host *shost = scsi_host_alloc(&qla_template, sizeof(struct qla_host));
	struct qla_host *host;

	if (!shost)
		return NULL;
	host = shost_priv(shost);
	host_init(host, shost, pdev);
	host->workqueue = alloc_ordered_workqueue("qla4xxx_%u", WQ_MEM_RECLAIM, shost->host_no);
	if (host->workqueue)
		return host;
	scsi_host_put(shost);
	return NULL;
}

static void host_free(struct qla_host *host)
{
	destroy_workqueue(host->workqueue);
	scsi_host_put(host->shost);
}

static const struct part {
	int (*init)(struct qla_host *host);
	void (*exit)(struct qla_host *host);	/* fine without init */
} parts[] = {
	{ config_init, config_free },
	{ sessions_init, sessions_free },
	{ rings_alloc, rings_free },
	{ scsi_prepare, scsi_unprepare },
	{ passthrough_init, passthrough_exit },
	{ ping_init, ping_exit },
};

static void parts_free(struct qla_host *host)
{
	unsigned int i = ARRAY_SIZE(parts);

	while (i--)
		parts[i].exit(host);
}

static int parts_new(struct qla_host *host)
{
	unsigned int i;
	int result = 0;

	for (i = 0; i < ARRAY_SIZE(parts) && !result; i++)
		result = parts[i].init(host);
	if (result)
		parts_free(host);
	return result;
}

/* No interrupt, event or recovery any more; then the chip is stopped, whatever it does. */
static void machine_stop(struct qla_host *host)
{
	cancel_delayed_work_sync(&host->heartbeat_work);
	irq_stop(host);
	cancel_work_sync(&host->recovery_work);
	cancel_work_sync(&host->event_work);
	host_stop(host, DID_NO_CONNECT);
}

/* Firmware runs; what user space sees comes now. Events wait until the host is online. */
static int host_publish(struct qla_host *host)
{
	int result = scsi_add_host(host->shost, &host->pdev->dev);

	if (result)
		return result;
	/* Without them the host is less, not useless; each says so itself. */
	mutex_lock(&host->config_mutex);
	chap_load(host);
	mutex_unlock(&host->config_mutex);
	boot_create(host);
	ifaces_create(host);
	irq_enable(host);
	host_move(host, HOST_ONLINE);
	schedule_delayed_work(&host->heartbeat_work, msecs_to_jiffies(TICK_MS));
	flashnodes_export(host);
	host_info(host, "%s (ISP%04x), firmware %u.%02u.%02u.%02u\n", host->config->model, host->pdev->device,
		  (u32)field_get(ISP_ABOUT_ROW_FIRMWARE_MAJOR, host->config->about),
		  (u32)field_get(ISP_ABOUT_ROW_FIRMWARE_MINOR, host->config->about),
		  (u32)field_get(ISP_ABOUT_ROW_FIRMWARE_PATCH, host->config->about),
		  (u32)field_get(ISP_ABOUT_ROW_FIRMWARE_BUILD, host->config->about));
	return 0;
}

static int host_start(struct qla_host *host)
{
	int result = bringup(host, BRINGUP_LOOK);

	if (!result)
		result = irq_start(host);
	if (!result)
		result = host_publish(host);
	if (!result)
		return 0;
	host_move(host, HOST_REMOVING);
	gate_close(&host->gate);
	machine_stop(host);
	return result;
}

static int qla_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct qla_host *host = host_new(pdev);
	int result;

	if (!host)
		return -ENOMEM;
	result = pci_start(host);
	if (result)
		goto free;
	result = parts_new(host);
	if (result)
		goto stop;
	pci_set_drvdata(pdev, host);
	result = host_start(host);
	if (!result)
		return 0;
	dev_err(&pdev->dev, "cannot start the adapter: error %d\n", result);
	parts_free(host);
stop:
	pci_stop(host);
free:
	host_free(host);
	return result;
}

/* --- removal --- */

/* A recovery that runs ends early, another does not begin. Afterwards the firmware answers, or HOST_SILENT says it does not. */
static void recovery_end(struct qla_host *host)
{
	host_move(host, HOST_REMOVING);
	flush_work(&host->recovery_work);
	scsi_unblock_requests(host->shost);
}

static void qla_remove(struct pci_dev *pdev)
{
	struct qla_host *host = pci_get_drvdata(pdev);

	if (!pci_device_is_present(pdev))
		host_gone(host);
	recovery_end(host);
	sessions_remove(host, test_bit(HOST_SILENT, &host->flags));
	/* Until here user space may take its sessions away itself. */
	gate_close(&host->gate);
	boot_destroy(host);
	ifaces_destroy(host);
	flashnodes_destroy(host);
	scsi_remove_host(host->shost);
	machine_stop(host);
	parts_free(host);
	pci_stop(host);
	host_free(host);
}

/* --- sleep --- */

static void host_sleep(struct qla_host *host)
{
	host_wait_online(host, RECOVERY_SECONDS);
	if (!host_move(host, HOST_SUSPENDED))
		return;
	flush_work(&host->recovery_work);
	host_quiesce(host);
}

/* Nobody comes back from it, and nobody waits: what it does with the chip, the next kernel may find. */
static void qla_shutdown(struct pci_dev *pdev)
{
	struct qla_host *host = pci_get_drvdata(pdev);

	recovery_end(host);
	host_quiesce(host);
}

static int __maybe_unused qla_suspend(struct device *dev)
{
	host_sleep(dev_get_drvdata(dev));
	return 0;
}

/* In the background: disks wait for their sessions, not the machine. */
static int __maybe_unused qla_resume(struct device *dev)
{
	struct qla_host *host = dev_get_drvdata(dev);

	recover(host, RECOVER_BUS);
	return 0;
}

static SIMPLE_DEV_PM_OPS(qla_pm_ops, qla_suspend, qla_resume);

/* --- errors of the bus --- */

/*
 * The bus is frozen: registers cannot be reached, and who tries takes the card for gone. Who waits for the firmware is told so, a recovery
 * that runs ends; commands wait in the mid layer until the bus is back, or given up.
 */
static void bus_failed(struct qla_host *host)
{
	WRITE_ONCE(host->bus_until, jiffies + BUS_SECONDS * HZ);
	set_bit(HOST_BUS_FAILED, &host->flags);
	set_bit(HOST_GONE, &host->flags);
	mailbox_cancel(host);
	wake_up_all(&host->state_changed);
	flush_work(&host->recovery_work);
	if (host_move(host, HOST_SUSPENDED))
		host_quiesce(host);
}

static pci_ers_result_t qla_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct qla_host *host = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	if (state == pci_channel_io_perm_failure) {
		clear_bit(HOST_BUS_FAILED, &host->flags);
		bus_lost(host);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	bus_failed(host);
	if (pci_is_enabled(pdev))
		pci_disable_device(pdev);
	return PCI_ERS_RESULT_NEED_RESET;
}

static bool card_is_back(struct qla_host *host)
{
	int result = pci_enable_device(host->pdev);

	if (result) {
		host_err(host, "cannot enable the card after an error of the bus: error %d\n", result);
		return false;
	}
	pci_restore_state(host->pdev);
	pci_save_state(host->pdev);
	return !chip_gone(&host->chip);
}

static pci_ers_result_t qla_slot_reset(struct pci_dev *pdev)
{
	struct qla_host *host = pci_get_drvdata(pdev);

	if (card_is_back(host))
		return PCI_ERS_RESULT_RECOVERED;
	clear_bit(HOST_BUS_FAILED, &host->flags);
	bus_lost(host);
	return PCI_ERS_RESULT_DISCONNECT;
}

static void qla_bus_resume(struct pci_dev *pdev)
{
	struct qla_host *host = pci_get_drvdata(pdev);

	if (test_and_clear_bit(HOST_BUS_FAILED, &host->flags))
		clear_bit(HOST_GONE, &host->flags);
	recover(host, RECOVER_BUS);
}

static const struct pci_error_handlers qla_error_handlers = {
	.error_detected = qla_error_detected,
	.slot_reset = qla_slot_reset,
	.resume = qla_bus_resume,
};

/* --- the module --- */

/* 8022, 8324 and 8042 are the in-tree driver's: their registers and their start are another chip's. */
static const struct pci_device_id qla_ids[] = {
	{ PCI_DEVICE(ISP_VENDOR, ISP_DEVICE_4010) },
	{ PCI_DEVICE(ISP_VENDOR, ISP_DEVICE_4022) },
	{ PCI_DEVICE(ISP_VENDOR, ISP_DEVICE_4032) },
	{ }
};
MODULE_DEVICE_TABLE(pci, qla_ids);

static struct pci_driver qla_driver = {
	.name = QLA_NAME,
	.id_table = qla_ids,
	.probe = qla_probe,
	.remove = qla_remove,
	.shutdown = qla_shutdown,
	.driver.pm = &qla_pm_ops,
	.err_handler = &qla_error_handlers,
};

static int __init qla_init(void)
{
	int result;

	qla_transport_template = iscsi_register_transport(&qla_transport);
	if (!qla_transport_template)
		return -ENODEV;
	result = pci_register_driver(&qla_driver);
	if (result)
		iscsi_unregister_transport(&qla_transport);
	return result;
}
module_init(qla_init);

static void __exit qla_exit(void)
{
	pci_unregister_driver(&qla_driver);
	iscsi_unregister_transport(&qla_transport);
}
module_exit(qla_exit);

MODULE_DESCRIPTION("iSCSI host bus adapters ISP4010, ISP4022 and ISP4032");
MODULE_LICENSE("GPL v2");
