// SPDX-License-Identifier: GPL-2.0-only
/*
 * Echo requests that the firmware sends for user space (iscsiadm -m host -C ping): a mailbox command in an entry of the request ring. Each
 * that was taken is answered to user space once, by the firmware's code; when the chip is reset, as by a firmware that is disabled; when
 * nothing comes, as one that timed out. The firmware may answer that one all the same, so its handle is nobody else's until it does or is
 * reset, which too many of them ask for.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "drivers/qla4xxx/host.h"

#define PINGS		127	/* handles 1 to 127 */
#define PAYLOAD_MAX	65507
#define ANSWER_SECONDS	10	/* the firmware's own limit is shorter, who asked waits longer */
#define LOST_MAX	8	/* of a host, until the chip is reset */

/*
 * Until an event. One that comes before the reply to its request is as good as none: open-iscsi's tool takes it while it still waits for
 * the reply, waits for another, and reports a time-out.
 */
#define EVENT_MS	10

/* PING_LATE: user space is to be told that nothing came; PING_LOST: it has been. */
enum ping_state { PING_FREE, PING_WAITING, PING_ANSWERED, PING_LATE, PING_LOST };

struct ping {
	enum ping_state state;
	unsigned long until;	/* jiffies; then it is late */
	u32 pid;		/* who asked */
	u32 status;		/* enum isp_ping_status */
	__le32 words[ISP_MAILBOXES];
};

/* Of a host. lock: all of it. Hard interrupt context. */
struct pings {
	spinlock_t lock;		/* all of it */
	struct ping pings[PINGS];
	struct qla_host *host;
	struct delayed_work work;
};

static void ping_work(struct work_struct *work);

int ping_init(struct qla_host *host)
{
	struct pings *all = kzalloc(sizeof(*all), GFP_KERNEL);

	if (!all)
		return -ENOMEM;
	spin_lock_init(&all->lock);
	INIT_DELAYED_WORK(&all->work, ping_work);
	all->host = host;
	host->pings = all;
	return 0;
}

void ping_exit(struct qla_host *host)
{
	if (!host->pings)
		return;
	ping_flush(host);
	flush_delayed_work(&host->pings->work);
	kfree(host->pings);
	host->pings = NULL;
}

/* --- to the firmware --------------------------------------------------------------------------------------------------------------- */

static bool is_link_local(const struct in6_addr *address)
{
	return address->s6_addr[0] == 0xfe && (address->s6_addr[1] & 0xc0) == 0x80;
}

/* The port's address that it comes from: the even iface has the first of the two global ones. */
static u32 ping_options(const struct sockaddr *to, u32 iface_num)
{
	const struct sockaddr_in6 *to6 = (const struct sockaddr_in6 *)to;

	if (to->sa_family == AF_INET)
		return 0;
	if (is_link_local(&to6->sin6_addr))
		return ISP_PING_IPV6 | ISP_PING_FROM_LINK_LOCAL;
	return ISP_PING_IPV6 | (iface_num & 1 ? ISP_PING_FROM_ADDRESS1 : ISP_PING_FROM_ADDRESS0);
}

static void write_ping(struct isp_mailbox_iocb *entry, u32 handle, const struct sockaddr *to, u32 iface_num, u32 payload)
{
	memset(entry, 0, sizeof(*entry));
	entry->header.type = ISP_IOCB_MAILBOX;
	entry->header.count = 1;
	entry->handle = cpu_to_le32(handle);
	entry->mailbox[0] = cpu_to_le32(ISP_MBOX_PING);
	entry->mailbox[1] = cpu_to_le32(ping_options(to, iface_num));
	/* The address's bytes in their order. */
	if (to->sa_family == AF_INET)
		memcpy(&entry->mailbox[2], &((const struct sockaddr_in *)to)->sin_addr, sizeof(struct in_addr));
	else
		memcpy(&entry->mailbox[2], &((const struct sockaddr_in6 *)to)->sin6_addr, sizeof(struct in6_addr));
	entry->mailbox[6] = cpu_to_le32(payload);
}

/* A handle, 0: all are in use. */
static u32 ping_take(struct pings *all, u32 pid)
{
	unsigned long flags;
	u32 handle = 0, i;

	spin_lock_irqsave(&all->lock, flags);
	for (i = 0; i < PINGS && !handle; i++) {
		if (all->pings[i].state != PING_FREE)
			continue;
		all->pings[i] = (struct ping){ .state = PING_WAITING, .until = jiffies + ANSWER_SECONDS * HZ, .pid = pid };
		handle = i + 1;
	}
	spin_unlock_irqrestore(&all->lock, flags);
	return handle;
}

static bool submit(struct qla_host *host, u32 handle, const struct sockaddr *to, u32 iface_num, u32 payload)
{
	struct ring_claim claim;

	rcu_read_lock();
	claim = rings_claim(host, 1);
	if (claim.count) {
		write_ping(&rings_entry(&host->rings, claim, 0)->mailbox, handle, to, iface_num, payload);
		rings_publish(host, claim, true);
	}
	rcu_read_unlock();
	return claim.count;
}

/* The firmware did not get it: nobody is told, except by our error. Unless a flush has told already. */
static int ping_refused(struct pings *all, u32 handle)
{
	struct ping *ping = &all->pings[handle - 1];
	unsigned long flags;
	bool refused;

	spin_lock_irqsave(&all->lock, flags);
	refused = ping->state == PING_WAITING;
	if (refused)
		ping->state = PING_FREE;
	spin_unlock_irqrestore(&all->lock, flags);
	return refused ? -EBUSY : 0;
}

int ping_send(struct Scsi_Host *shost, u32 iface_num, u32 iface_type, u32 payload, u32 pid, struct sockaddr *to)
{
	struct qla_host *host = host_of(shost);
	u32 handle;

	if (to->sa_family != (iface_type == ISCSI_IFACE_TYPE_IPV4 ? AF_INET : AF_INET6) || payload > PAYLOAD_MAX)
		return -EINVAL;
	if (!host_ready(host))
		return -ENETDOWN;
	handle = ping_take(host->pings, pid);
	if (!handle)
		return -EBUSY;
	return submit(host, handle, to, iface_num, payload) ? 0 : ping_refused(host->pings, handle);
}

/* --- and back ---------------------------------------------------------------------------------------------------------------------- */

static u32 status_of(const struct isp_mailbox_iocb *iocb)
{
	return le32_to_cpu(iocb->mailbox[0]) == ISP_STATUS_COMPLETE ? ISP_PING_OK : le32_to_cpu(iocb->mailbox[6]);
}

/* The only way out of PING_WAITING once the firmware has it. */
static void ping_over(struct pings *all, struct ping *ping, enum ping_state state, u32 status)
{
	lockdep_assert_held(&all->lock);
	ping->status = status;
	ping->state = state;
	rings_finished(&all->host->rings, 1);
	queue_delayed_work(all->host->workqueue, &all->work, msecs_to_jiffies(EVENT_MS));
}

/* False: nobody has asked for it. */
static bool take_answer(struct pings *all, struct ping *ping, const struct isp_mailbox_iocb *iocb)
{
	lockdep_assert_held(&all->lock);
	switch (ping->state) {
	case PING_WAITING:
		memcpy(ping->words, iocb->mailbox, sizeof(ping->words));
		ping_over(all, ping, PING_ANSWERED, status_of(iocb));
		return true;
	case PING_LATE:
		ping->state = PING_ANSWERED;
		return true;
	case PING_LOST:
		ping->state = PING_FREE;
		return true;
	case PING_FREE:
	case PING_ANSWERED:
		break;
	}
	return false;
}

void ping_done(struct qla_host *host, const struct isp_mailbox_iocb *iocb)
{
	struct pings *all = host->pings;
	u32 handle = le32_to_cpu(READ_ONCE(iocb->handle));
	unsigned long flags;
	bool asked;

	spin_lock_irqsave(&all->lock, flags);
	asked = handle && handle <= PINGS && take_answer(all, &all->pings[handle - 1], iocb);
	spin_unlock_irqrestore(&all->lock, flags);
	if (!asked)
		host_warn(host, "an answer to a ping that nobody has sent\n");
}

void ping_flush(struct qla_host *host)
{
	struct pings *all = host->pings;
	unsigned long flags;
	unsigned int i;

	if (!all)
		return;
	spin_lock_irqsave(&all->lock, flags);
	for (i = 0; i < PINGS; i++) {
		struct ping *ping = &all->pings[i];

		if (ping->state == PING_WAITING)
			ping_over(all, ping, PING_ANSWERED, ISP_PING_FW_DISABLED);
		else if (ping->state == PING_LATE)
			ping->state = PING_ANSWERED;
		else if (ping->state == PING_LOST)
			ping->state = PING_FREE;
	}
	spin_unlock_irqrestore(&all->lock, flags);
}

/* Those that are late or lost now. */
static unsigned int count_late(struct pings *all)
{
	unsigned int count = 0, i;

	lockdep_assert_held(&all->lock);
	for (i = 0; i < PINGS; i++) {
		struct ping *ping = &all->pings[i];

		if (ping->state == PING_WAITING && time_after(jiffies, ping->until))
			ping_over(all, ping, PING_LATE, ISP_PING_TIMEOUT);
		count += ping->state == PING_LATE || ping->state == PING_LOST;
	}
	return count;
}

void ping_tick(struct qla_host *host)
{
	unsigned int late;
	unsigned long flags;

	spin_lock_irqsave(&host->pings->lock, flags);
	late = count_late(host->pings);
	spin_unlock_irqrestore(&host->pings->lock, flags);
	if (late >= LOST_MAX)
		recover(host, RECOVER_LOST);
}

/* A copy of one that user space is to be told of; it is free then, or lost. */
static bool next_answered(struct pings *all, struct ping *ret_ping)
{
	unsigned long flags;
	bool found = false;
	unsigned int i;

	spin_lock_irqsave(&all->lock, flags);
	for (i = 0; i < PINGS && !found; i++) {
		struct ping *ping = &all->pings[i];

		found = ping->state == PING_ANSWERED || ping->state == PING_LATE;
		if (!found)
			continue;
		*ret_ping = *ping;
		ping->state = ping->state == PING_LATE ? PING_LOST : PING_FREE;
	}
	spin_unlock_irqrestore(&all->lock, flags);
	return found;
}

static void ping_work(struct work_struct *work)
{
	struct pings *all = container_of(to_delayed_work(work), struct pings, work);
	struct ping ping;

	while (next_answered(all, &ping))
		iscsi_ping_comp_event(all->host->shost->host_no, &qla_transport, ping.status, ping.pid, sizeof(ping.words),
				      (u8 *)ping.words);
}
