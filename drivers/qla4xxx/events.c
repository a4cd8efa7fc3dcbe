// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of the firmware: one row each says what becomes of it. Those that end the firmware's life are acted upon at once; the others are
 * handled in their order by event_work, while the host is online.
 */
#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"
#include "drivers/qla4xxx/trace.h"

#define LINK_TICKS	4	/* from one look for a link to the next, while there is none */

static void link_changed(struct qla_host *host, const struct host_event *event, bool up)
{
	host_info(host, "link %s\n", up ? "up" : "down");
	iscsi_post_host_event(host->shost->host_no, &qla_transport, up ? ISCSI_EVENT_LINKUP : ISCSI_EVENT_LINKDOWN, sizeof(event->regs),
			      (u8 *)event->regs);
	sessions_link(host, up);
}

static void link_up(struct qla_host *host, const struct host_event *event)
{
	link_changed(host, event, true);
}

static void link_down(struct qla_host *host, const struct host_event *event)
{
	link_changed(host, event, false);
}

static void ddb(struct qla_host *host, const struct host_event *event)
{
	ddb_changed(host, event->regs);
}

static void address_acquired(struct qla_host *host, const struct host_event *event)
{
	acb_read(host);
}

/* A lease that is acquired anew may be of another address, under connections that have the old one. */
static void address_state(struct qla_host *host, const struct host_event *event)
{
	acb_ip_state_changed(host, event->regs);
	if (event->regs[2] == ISP_IP_PREFERRED && event->regs[3] == ISP_IP_ACQUIRING)
		recover(host, RECOVER_SYSTEM_ERROR);
}

static void router(struct qla_host *host, const struct host_event *event)
{
	acb_router_changed(host, event->regs);
}

static void say(struct qla_host *host, const struct host_event *event)
{
	const u32 *regs = event->regs;

	dev_warn_ratelimited(&host->pdev->dev, "host%u: event %04x of the firmware: %x %x %x %x %x\n", host->shost->host_no, regs[0],
			     regs[1], regs[2], regs[3], regs[4], regs[5]);
}

static void nothing(struct qla_host *host, const struct host_event *event)
{
}

static const struct event_row {
	u16 code;
	bool is_end;		/* the firmware has to be started anew */
	void (*run)(struct qla_host *host, const struct host_event *event);
} rows[] = {
	{ ISP_AEN_SYSTEM_ERROR, true, say },
	{ ISP_AEN_REQUEST_TRANSFER_ERROR, true, say },
	{ ISP_AEN_RESPONSE_TRANSFER_ERROR, true, say },
	{ ISP_AEN_NVRAM_INVALID, true, say },
	{ ISP_AEN_IP_CHANGED, true, say },
	{ ISP_AEN_DHCP_EXPIRED, true, say },
	{ ISP_AEN_LINK_UP, false, link_up },
	{ ISP_AEN_LINK_DOWN, false, link_down },
	{ ISP_AEN_DDB_CHANGED, false, ddb },
	{ ISP_AEN_DHCP_ACQUIRED, false, address_acquired },
	{ ISP_AEN_IP_STATE_CHANGED, false, address_state },
	{ ISP_AEN_ROUTER_CHANGED, false, router },
	{ ISP_AEN_STATISTIC_ALARM, false, nothing },
	{ ISP_AEN_COMMAND_REJECTED, false, nothing },
	{ ISP_AEN_UNSOLICITED_PDU, false, nothing },
	{ ISP_AEN_DNS, false, nothing },
	{ ISP_AEN_MAC_CHANGED, false, nothing },
	{ ISP_AEN_ISNS_PDU, false, nothing },
	{ ISP_AEN_ARP_COMPLETE, false, nothing },
	{ ISP_AEN_SUBNET_CHANGED, false, nothing },
	/* The firmware keeps what does not fit, and goes on when the ring has room. */
	{ ISP_AEN_RESPONSE_QUEUE_FULL, false, nothing },
	{ ISP_AEN_LINK_MTU_CHANGED, false, nothing },
	{ ISP_AEN_AUTO_PREFIX_IGNORED, false, nothing },
	{ ISP_AEN_ND_PREFIX_IGNORED, false, nothing },
};

/* Not listed: said, and otherwise ignored. */
static const struct event_row unknown = { .run = say };

static const struct event_row *row_of(u16 code)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code)
			return &rows[i];
	return &unknown;
}

void event_post(struct qla_host *host, const u32 regs[ISP_MAILBOXES])
{
	struct host_event event;

	lockdep_assert_held(&host->irq_lock);
	trace_qla4xxx_event(host, regs);
	if (regs[0] == ISP_AEN_HEARTBEAT) {
		host->heartbeat = jiffies;
		return;
	}
	if (regs[0] == ISP_AEN_LINK_UP)
		set_bit(HOST_LINK_UP, &host->flags);
	if (regs[0] == ISP_AEN_LINK_DOWN)
		clear_bit(HOST_LINK_UP, &host->flags);
	memcpy(event.regs, regs, sizeof(event.regs));
	if (row_of(regs[0])->is_end) {
		say(host, &event);
		recover(host, RECOVER_SYSTEM_ERROR);
	} else if (!kfifo_put(&host->events, event)) {
		/* What sessions are in is not known any more. */
		host_err(host, "the firmware tells more events than can be kept\n");
		recover(host, RECOVER_SYSTEM_ERROR);
	} else {
		event_kick(host);
	}
}

void event_kick(struct qla_host *host)
{
	if (host_state(host) == HOST_ONLINE || host_state(host) == HOST_REMOVING)
		queue_work(host->workqueue, &host->event_work);
}

void event_forget(struct qla_host *host)
{
	spin_lock_irq(&host->irq_lock);
	kfifo_reset(&host->events);
	spin_unlock_irq(&host->irq_lock);
}

static bool event_take(struct qla_host *host, struct host_event *event)
{
	bool taken;

	spin_lock_irq(&host->irq_lock);
	taken = kfifo_get(&host->events, event);
	spin_unlock_irq(&host->irq_lock);
	return taken;
}

/* The event of a link that came was lost, if the firmware has one: it is told as if it came now. */
static void link_look(struct qla_host *host)
{
	const u32 came[ISP_MAILBOXES] = { ISP_AEN_LINK_UP };
	u32 regs[ISP_MAILBOXES] = { };

	if (mailbox_ask(host, ISP_MBOX_GET_FW_STATE, regs) || !(regs[3] & ISP_FW_LINK_UP))
		return;
	spin_lock_irq(&host->irq_lock);
	if (!test_bit(HOST_LINK_UP, &host->flags))
		event_post(host, came);
	spin_unlock_irq(&host->irq_lock);
}

void event_tick(struct qla_host *host)
{
	if (test_bit(HOST_LINK_UP, &host->flags)) {
		host->linkless_ticks = 0;
		return;
	}
	if (++host->linkless_ticks % LINK_TICKS)
		return;
	set_bit(HOST_LINK_LOOK, &host->flags);
	event_kick(host);
}

/* Ends early when a recovery waits behind it: that forgets what is left. */
void event_run(struct work_struct *work)
{
	struct qla_host *host = container_of(work, struct qla_host, event_work);
	struct host_event event;

	while (!host_is_lost(host) && event_take(host, &event))
		row_of(event.regs[0])->run(host, &event);
	if (test_and_clear_bit(HOST_LINK_LOOK, &host->flags) && host_state(host) == HOST_ONLINE && !test_bit(HOST_LINK_UP, &host->flags))
		link_look(host);
}
