// SPDX-License-Identifier: GPL-2.0-only
/*
 * PDUs that user space sends on a session of the firmware: Text (SendTargets), NOP-Out and Logout, in entries of the request ring with a
 * buffer for the answer. The firmware puts its own tag and sequence numbers into them; user space gets its own tag back.
 *
 * Life of a request: waiting from before the firmware has it until it answers, which it may do after the connection is gone, as it writes
 * to the request's memory until then; answered until the worker has handed it up and freed it. It holds the connection's object. One that
 * is not answered when the firmware's own time has long been over is lost: it takes nobody's place, but its memory stays as it is until the
 * firmware answers all the same or is reset, which too many of them ask for.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <scsi/iscsi_proto.h>

#include "drivers/qla4xxx/field.h"
#include "drivers/qla4xxx/session.h"

#define REQUESTS_MAX	64		/* of a host */
#define TIMEOUT_SECONDS	30		/* the firmware's, for the answer */
#define LOST_SECONDS	45		/* it has lost that */
#define LOST_MAX	8		/* of a host, until the chip is reset */
#define OUT_MAX		65536		/* data of a request */
#define IN_MIN		8192		/* data of an answer that there is room for */
#define IN_MAX		262144
#define IN_ALIGN	64
#define SEGMENT_UNIT	512

struct passthrough {
	struct list_head link;
	unsigned long until;		/* jiffies; then it is lost */
	u32 handle;
	u16 ddb;
	u8 opcode;
	u8 completion;
	bool is_quiet;			/* no answer is to come, or nobody is there to get it */
	itt_t itt;			/* user space's */
	struct iscsi_cls_conn *cls;
	void *memory;			/* the request, then the answer */
	dma_addr_t dma;
	u32 out_bytes, in_at, in_bytes;
};

/* Of a host. lock: all of it, and where a request is. Hard interrupt context. */
struct passthroughs {
	spinlock_t lock;		/* all of it */
	struct list_head waiting, answered, lost;
	unsigned int count, lost_count;	/* waiting or answered; lost */
	u32 handle;			/* the last one */
	struct qla_host *host;
	struct work_struct work;
};

static void passthrough_work(struct work_struct *work);

int passthrough_init(struct qla_host *host)
{
	struct passthroughs *all = kzalloc(sizeof(*all), GFP_KERNEL);

	if (!all)
		return -ENOMEM;
	spin_lock_init(&all->lock);
	INIT_LIST_HEAD(&all->waiting);
	INIT_LIST_HEAD(&all->answered);
	INIT_LIST_HEAD(&all->lost);
	INIT_WORK(&all->work, passthrough_work);
	all->host = host;
	host->passthroughs = all;
	return 0;
}

void passthrough_exit(struct qla_host *host)
{
	if (!host->passthroughs)
		return;
	passthrough_flush(host, -1);
	flush_work(&host->passthroughs->work);
	kfree(host->passthroughs);
	host->passthroughs = NULL;
}

/* --- a request --------------------------------------------------------------------------------------------------------------------- */

static u32 memory_bytes(const struct passthrough *request)
{
	return request->in_at + request->in_bytes;
}

static void request_free(struct qla_host *host, struct passthrough *request)
{
	dma_free_coherent(&host->pdev->dev, memory_bytes(request), request->memory, request->dma);
	put_device(&request->cls->dev);
	kfree(request);
}

static u32 answer_bytes(const struct qla_session *session)
{
	u32 segment = SEGMENT_UNIT * field_get(ISP_DDB_ROW_MAX_RECV_SEGMENT, session->entry);

	return sizeof(struct iscsi_hdr) + clamp_t(u32, segment, IN_MIN, IN_MAX);
}

static struct passthrough *request_new(const struct qla_session *session, struct iscsi_cls_conn *cls, const struct iscsi_hdr *header,
				       const void *data, u32 bytes)
{
	struct passthrough *request = kzalloc(sizeof(*request), GFP_KERNEL);

	if (!request)
		return NULL;
	request->ddb = READ_ONCE(session->ddb);
	request->opcode = header->opcode & ISCSI_OPCODE_MASK;
	request->itt = header->itt;
	request->is_quiet = request->opcode == ISCSI_OP_NOOP_OUT && header->itt == RESERVED_ITT;
	request->out_bytes = sizeof(*header) + bytes;
	request->in_at = ALIGN(request->out_bytes, IN_ALIGN);
	request->in_bytes = answer_bytes(session);
	/* Zeroed: what the firmware does not write is not somebody else's. */
	request->memory = dma_alloc_coherent(&session->host->pdev->dev, memory_bytes(request), &request->dma, GFP_KERNEL);
	if (!request->memory) {
		kfree(request);
		return NULL;
	}
	memcpy(request->memory, header, sizeof(*header));
	memcpy(request->memory + sizeof(*header), data, bytes);
	get_device(&cls->dev);
	request->cls = cls;
	return request;
}

/* One of those that are waiting, or lost. */
static struct passthrough *find(struct passthroughs *all, const struct list_head *list, u32 handle)
{
	struct passthrough *request;

	lockdep_assert_held(&all->lock);
	list_for_each_entry(request, list, link)
		if (request->handle == handle)
			return request;
	return NULL;
}

/* --- to the firmware --------------------------------------------------------------------------------------------------------------- */

/* The header counts what is meant, and padding may come with it. */
static int check(const struct qla_session *session, const struct iscsi_hdr *header, u32 bytes)
{
	enum isp_ddb_state state = READ_ONCE(session->state);
	u8 opcode = header->opcode & ISCSI_OPCODE_MASK;

	if (opcode != ISCSI_OP_TEXT && opcode != ISCSI_OP_NOOP_OUT && opcode != ISCSI_OP_LOGOUT)
		return -EINVAL;
	if (header->hlength || bytes > OUT_MAX || bytes < ntoh24(header->dlength) || bytes - ntoh24(header->dlength) > 3)
		return -EINVAL;
	if (READ_ONCE(session->ddb) >= ISP_DDBS || (state != ISP_DDB_ACTIVE && state != ISP_DDB_DISCOVERY))
		return -ENOTCONN;
	return host_ready(session->host) ? 0 : -ENOTCONN;
}

static int request_add(struct passthroughs *all, struct passthrough *request)
{
	unsigned long flags;
	int err = -EBUSY;

	spin_lock_irqsave(&all->lock, flags);
	if (all->count < REQUESTS_MAX) {
		all->count++;
		request->handle = ++all->handle;
		request->until = jiffies + LOST_SECONDS * HZ;
		list_add_tail(&request->link, &all->waiting);
		err = 0;
	}
	spin_unlock_irqrestore(&all->lock, flags);
	return err;
}

/* The firmware did not get it. Unless a flush has it, it goes. */
static void request_remove(struct passthroughs *all, u32 handle)
{
	struct passthrough *request;
	unsigned long flags;

	spin_lock_irqsave(&all->lock, flags);
	request = find(all, &all->waiting, handle);
	if (request) {
		list_del(&request->link);
		all->count--;
	}
	spin_unlock_irqrestore(&all->lock, flags);
	if (request)
		request_free(all->host, request);
}

static void set_dsd(struct isp_dsd *dsd, dma_addr_t address, u32 length)
{
	dsd->address_low = cpu_to_le32(lower_32_bits(address));
	dsd->address_high = cpu_to_le32(upper_32_bits(address));
	dsd->length = cpu_to_le32(length);
}

static void write_request(struct isp_passthrough *entry, const struct passthrough *request)
{
	u16 flags = ISP_PASSTHROUGH_ISCSI | ISP_PASSTHROUGH_SEND;

	memset(entry, 0, sizeof(*entry));
	entry->header.type = ISP_IOCB_PASSTHROUGH;
	entry->header.system = ISP_PASSTHROUGH_PDU;
	entry->header.count = 1;
	entry->handle = cpu_to_le32(request->handle);
	entry->ddb = cpu_to_le16(request->ddb);
	entry->flags = cpu_to_le16(request->is_quiet ? flags : flags | ISP_PASSTHROUGH_WAIT);
	entry->timeout = cpu_to_le16(TIMEOUT_SECONDS);
	set_dsd(&entry->out, request->dma, request->out_bytes);
	set_dsd(&entry->in, request->dma + request->in_at, request->in_bytes);
}

static int submit(struct qla_host *host, const struct passthrough *request)
{
	struct ring_claim claim;
	int err = -EBUSY;

	rcu_read_lock();
	claim = rings_claim(host, 1);
	if (claim.count) {
		write_request(&rings_entry(&host->rings, claim, 0)->passthrough, request);
		rings_publish(host, claim, true);
		err = 0;
	}
	rcu_read_unlock();
	return err;
}

int passthrough_send(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 bytes)
{
	struct qla_session *session = session_of(iscsi_conn_to_session(cls));
	struct qla_host *host = session->host;
	struct passthrough *request;
	u32 handle;
	int err;

	err = check(session, header, bytes);
	if (err)
		return err;
	request = request_new(session, cls, header, data, bytes);
	if (!request)
		return -ENOMEM;
	err = request_add(host->passthroughs, request);
	if (err) {
		request_free(host, request);
		return err;
	}
	handle = request->handle;
	/* The end of the connection that follows is no loss; the event may come before the answer. */
	WRITE_ONCE(session->logs_out, request->opcode == ISCSI_OP_LOGOUT);
	err = submit(host, request);
	if (err)
		request_remove(host->passthroughs, handle);
	return err;
}

/* --- and back ---------------------------------------------------------------------------------------------------------------------- */

static void request_answered(struct passthroughs *all, struct passthrough *request, u8 completion)
{
	lockdep_assert_held(&all->lock);
	request->completion = completion;
	list_move_tail(&request->link, &all->answered);
	queue_work(all->host->workqueue, &all->work);
}

/* Lost, and found: the firmware does not write to it any more, so that it can be freed. User space has given it up. */
static void request_found(struct passthroughs *all, struct passthrough *request, u8 completion)
{
	lockdep_assert_held(&all->lock);
	request->is_quiet = true;
	all->lost_count--;
	all->count++;
	request_answered(all, request, completion);
}

static bool take_answer(struct passthroughs *all, u32 handle, u8 completion)
{
	struct passthrough *request = find(all, &all->waiting, handle);

	lockdep_assert_held(&all->lock);
	if (request) {
		request_answered(all, request, completion);
		rings_finished(&all->host->rings, 1);
		return true;
	}
	request = find(all, &all->lost, handle);
	if (request)
		request_found(all, request, completion);
	return request;
}

void passthrough_done(struct qla_host *host, const struct isp_passthrough_status *status)
{
	struct passthroughs *all = host->passthroughs;
	unsigned long flags;
	bool asked;

	spin_lock_irqsave(&all->lock, flags);
	asked = take_answer(all, le32_to_cpu(READ_ONCE(status->handle)), READ_ONCE(status->completion));
	spin_unlock_irqrestore(&all->lock, flags);
	/* No disk is in danger: unlike a command's, an answer that nobody waits for is no reason for a reset. */
	if (!asked)
		host_warn(host, "an answer to a PDU of user space that nobody has sent\n");
}

/* Those that are lost from now on. */
static unsigned int lose(struct passthroughs *all)
{
	struct passthrough *request, *next;
	unsigned int count = 0;

	lockdep_assert_held(&all->lock);
	list_for_each_entry_safe(request, next, &all->waiting, link) {
		if (!time_after(jiffies, request->until))
			continue;
		list_move_tail(&request->link, &all->lost);
		rings_finished(&all->host->rings, 1);
		count++;
	}
	all->count -= count;
	all->lost_count += count;
	return count;
}

void passthrough_tick(struct qla_host *host)
{
	struct passthroughs *all = host->passthroughs;
	unsigned int lost, lost_count;
	unsigned long flags;

	spin_lock_irqsave(&all->lock, flags);
	lost = lose(all);
	lost_count = all->lost_count;
	spin_unlock_irqrestore(&all->lock, flags);
	if (lost)
		host_warn(host, "the firmware has not answered %u PDUs of user space for %u s\n", lost, LOST_SECONDS);
	if (lost_count >= LOST_MAX)
		recover(host, RECOVER_LOST);
}

void passthrough_flush(struct qla_host *host, int ddb)
{
	struct passthroughs *all = host->passthroughs;
	struct passthrough *request, *next;
	unsigned long flags;

	if (!all)
		return;
	spin_lock_irqsave(&all->lock, flags);
	list_for_each_entry(request, &all->answered, link)
		if (ddb < 0 || request->ddb == ddb)
			request->is_quiet = true;
	list_for_each_entry_safe(request, next, &all->waiting, link) {
		if (ddb >= 0 && request->ddb != ddb)
			continue;
		request->is_quiet = true;
		if (ddb >= 0)
			continue;
		request_answered(all, request, ISP_PASSTHROUGH_NO_CONNECTION);
		rings_finished(&host->rings, 1);
	}
	list_for_each_entry_safe(request, next, &all->lost, link)
		if (ddb < 0)
			request_found(all, request, ISP_PASSTHROUGH_NO_CONNECTION);
	spin_unlock_irqrestore(&all->lock, flags);
}

/* RFC 7143 11.2.1.2: the opcode of a response is that of its request with bit 5 set. Lengths are the target's, or the firmware's. */
static bool is_answer(const struct passthrough *request, const struct iscsi_hdr *header)
{
	u8 opcode = header->opcode & ISCSI_OPCODE_MASK;

	if (opcode != (request->opcode | ISCSI_OP_NOOP_IN) && opcode != ISCSI_OP_REJECT)
		return false;
	return !header->hlength && ntoh24(header->dlength) <= request->in_bytes - sizeof(*header);
}

static void hand_up(struct qla_host *host, struct passthrough *request)
{
	void *in = request->memory + request->in_at;
	struct iscsi_hdr header;

	if (request->completion != ISP_PASSTHROUGH_OK) {
		host_warn(host, "no answer to a PDU of user space (opcode 0x%02x) on the session with index %u: completion 0x%02x\n",
			  request->opcode, request->ddb, request->completion);
		return;
	}
	/* The firmware may write again: what was checked is what is used. */
	memcpy(&header, in, sizeof(header));
	if (!is_answer(request, &header)) {
		host_warn(host, "the answer to a PDU of user space (opcode 0x%02x) makes no sense: opcode 0x%02x, %u bytes\n",
			  request->opcode, header.opcode, ntoh24(header.dlength));
		return;
	}
	header.itt = request->itt;
	iscsi_recv_pdu(request->cls, &header, in + sizeof(header), ntoh24(header.dlength));
}

static struct passthrough *next_answered(struct passthroughs *all, bool *ret_is_quiet)
{
	struct passthrough *request;
	unsigned long flags;

	spin_lock_irqsave(&all->lock, flags);
	request = list_first_entry_or_null(&all->answered, struct passthrough, link);
	if (request) {
		list_del(&request->link);
		all->count--;
		*ret_is_quiet = request->is_quiet;
	}
	spin_unlock_irqrestore(&all->lock, flags);
	return request;
}

static void passthrough_work(struct work_struct *work)
{
	struct passthroughs *all = container_of(work, struct passthroughs, work);
	struct passthrough *request;
	bool is_quiet;

	while ((request = next_answered(all, &is_quiet))) {
		if (!is_quiet)
			hand_up(all->host, request);
		request_free(all->host, request);
	}
}
