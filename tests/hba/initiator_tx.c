/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sending in full feature phase, one PDU after the other: first what has no place in the order of commands (pings, task management,
 * logout), then data that was asked for or may go unasked, then commands as far as the target's window reaches. A PDU that has begun is
 * sent to its end; data of a task comes out of its memory at the moment of the call.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crc32c.h"
#include "tests/hba/initiator_core.h"

#define PDUS_PER_TURN 64

struct initiator_out *initiator_out_new(size_t length)
{
	struct initiator_out *out = calloc(1, sizeof(*out) + length);

	if (!out)
		return NULL;
	out->itt = ISCSI_TAG_NONE;
	out->is_immediate = true;
	out->length = length;
	return out;
}

void initiator_out_add(struct initiator *initiator, struct initiator_out *out)
{
	if (out->is_immediate)
		TAILQ_INSERT_TAIL(&initiator->outs, out, entry);
	else
		TAILQ_INSERT_TAIL(&initiator->ordered, out, entry);
	initiator_kick(initiator);
}

static void drop(struct initiator_outs *outs, uint32_t itt)
{
	struct initiator_out *out, *next;

	for (out = TAILQ_FIRST(outs); out; out = next) {
		next = TAILQ_NEXT(out, entry);
		if (out->itt != itt)
			continue;
		TAILQ_REMOVE(outs, out, entry);
		free(out);
	}
}

void initiator_out_drop(struct initiator *initiator, uint32_t itt)
{
	drop(&initiator->outs, itt);
	drop(&initiator->ordered, itt);
}

static void put_crc(unsigned char *at, uint32_t crc)
{
	for (int i = 0; i < ISCSI_CRC32C_BYTES; i++)
		at[i] = (unsigned char)(crc >> 8 * i);
}

static void put_length(struct iscsi_bhs *bhs, size_t length)
{
	bhs->data_length[0] = (__u8)(length >> 16);
	bhs->data_length[1] = (__u8)(length >> 8);
	bhs->data_length[2] = (__u8)length;
}

/* --- the PDU at hand */

static size_t total(const struct initiator_tx *tx)
{
	return tx->header_length + tx->data_length + tx->trailer_length;
}

static size_t data_sent(const struct initiator_tx *tx)
{
	return tx->sent > tx->header_length ? tx->sent - tx->header_length : 0;
}

/* Copies data of a task from offset on into copy. */
static int gather(struct initiator_task *task, uint32_t offset, unsigned char *copy, size_t length)
{
	struct iovec vectors[INITIATOR_VECTORS_MAX];
	int count;

	while (length) {
		count = task->vector(task, offset, (uint32_t)length, vectors, INITIATOR_VECTORS_MAX);
		if (count <= 0)
			return count ? count : -EFAULT;
		for (int i = 0; i < count && length; i++) {
			size_t part = vectors[i].iov_len < length ? vectors[i].iov_len : length;

			memcpy(copy, vectors[i].iov_base, part);
			copy += part;
			offset += (uint32_t)part;
			length -= part;
		}
	}
	return 0;
}

/* From here on the data is ours: what was sent of it is left out, nobody looks at that again. */
static int copy_data(struct initiator_tx *tx)
{
	size_t sent = data_sent(tx) < tx->data_length ? data_sent(tx) : tx->data_length;
	int error;

	tx->copy = malloc(tx->data_length);
	if (!tx->copy)
		return -ENOMEM;
	error = gather(tx->task, tx->offset + (uint32_t)sent, tx->copy + sent, tx->data_length - sent);
	tx->task = NULL;
	return error;
}

int initiator_tx_let_go(struct initiator *initiator, const struct initiator_task *task)
{
	struct initiator_tx *tx = &initiator->tx;

	if (!tx->is_active || tx->task != task)
		return 0;
	return copy_data(tx);
}

static void tx_clear(struct initiator_tx *tx)
{
	free(tx->out);
	free(tx->copy);
	*tx = (struct initiator_tx){0};
}

/* Everything about the PDU but its header's fields is decided: numbers, lengths and digests are filled in. */
static int tx_seal(struct initiator *initiator)
{
	const struct negotiated *negotiated = &initiator->outcome.negotiated;
	struct initiator_tx *tx = &initiator->tx;
	size_t padding = pdu_padding(tx->data_length);
	int error = 0;

	put_length(&tx->header.bhs, tx->data_length);
	tx->header.text_request.exp_statsn = htonl(initiator->exp_statsn);
	tx->header_length = ISCSI_BHS_BYTES;
	tx->trailer_length = padding;
	if (negotiated->header_digest) {
		put_crc(tx->header_digest, crc32c(0, &tx->header, ISCSI_BHS_BYTES));
		tx->header_length += ISCSI_CRC32C_BYTES;
	}
	if (negotiated->data_digest && tx->data_length) {
		/* The memory is the guest's, who may write to it meanwhile: the digest is of the bytes that go. */
		error = tx->task ? copy_data(tx) : 0;
		if (!error) {
			const unsigned char *bytes = tx->copy ? tx->copy : tx->out->bytes;

			put_crc(tx->trailer + padding, crc32c(crc32c(0, bytes, tx->data_length), tx->trailer, padding));
			tx->trailer_length += ISCSI_CRC32C_BYTES;
		}
	}
	return error;
}

/* --- what is next */

static void count_out(struct initiator *initiator, const struct initiator_tx *tx)
{
	struct initiator_counters *counters = initiator->counters;
	uint64_t *const kinds[] = {
		[ISCSI_PDU_NOP_OUT] = &counters->tx_nop_out,
		[ISCSI_PDU_SCSI_COMMAND] = &counters->tx_scsi_command,
		[ISCSI_PDU_TASK_REQUEST] = &counters->tx_task,
		[ISCSI_PDU_LOGIN_REQUEST] = &counters->tx_login,
		[ISCSI_PDU_TEXT_REQUEST] = &counters->tx_text,
		[ISCSI_PDU_DATA_OUT] = &counters->tx_data_out,
		[ISCSI_PDU_LOGOUT_REQUEST] = &counters->tx_logout,
	};

	counters->pdus_tx++;
	++*kinds[tx->header.bhs.opcode & ISCSI_PDU_OPCODE_BITS];
}

static void start(struct initiator *initiator)
{
	struct initiator_tx *tx = &initiator->tx;
	int error = tx_seal(initiator);

	tx->is_active = true;
	count_out(initiator, tx);
	if (error)
		initiator_fail(initiator, INITIATOR_END_MEMORY, error, "no memory to send from");
}

static void start_out(struct initiator *initiator, struct initiator_outs *outs)
{
	struct initiator_tx *tx = &initiator->tx;
	struct initiator_out *out = TAILQ_FIRST(outs);

	TAILQ_REMOVE(outs, out, entry);
	tx->out = out;
	tx->header = out->header;
	tx->data_length = out->length;
	if (out->itt == ISCSI_TAG_NONE)
		initiator->replies--;
	/* All of these have CmdSN at the same place (RFC 7143 11). */
	tx->header.text_request.cmdsn = htonl(initiator->cmdsn);
	if (!out->is_immediate)
		initiator->cmdsn++;
	if ((tx->header.bhs.opcode & ISCSI_PDU_OPCODE_BITS) == ISCSI_PDU_LOGOUT_REQUEST)
		initiator_logout_sent(initiator);
	start(initiator);
}

/* Memory of a write is looked up before its PDU begins: later there is no way back but the end of the connection. */
static int probe(struct initiator_task *task, uint32_t offset, uint32_t length)
{
	struct iovec vectors[INITIATOR_VECTORS_MAX];
	size_t found;
	int count;

	for (; length; offset += (uint32_t)found, length -= (uint32_t)found) {
		count = task->vector(task, offset, length, vectors, INITIATOR_VECTORS_MAX);
		if (count <= 0)
			return count ? count : -EFAULT;
		found = 0;
		for (int i = 0; i < count; i++)
			found += vectors[i].iov_len;
		found = found < length ? found : length;
	}
	return 0;
}

static void data_header(struct iscsi_bhs_data_out *bhs, const struct initiator_task *task, struct initiator_r2t *r2t, uint32_t part)
{
	bhs->opcode = ISCSI_PDU_DATA_OUT;
	bhs->flags = r2t->sent + part == r2t->length ? ISCSI_BIT_FINAL : 0;
	memcpy(bhs->lun, task->lun, sizeof(bhs->lun));
	bhs->itt = htonl(task->link.itt);
	bhs->ttt = htonl(r2t->ttt);
	bhs->datasn = htonl(r2t->datasn++);
	bhs->offset = htonl(r2t->offset + r2t->sent);
}

/* The next part of what the first task in line has to send. */
static void start_data(struct initiator *initiator)
{
	struct initiator_tx *tx = &initiator->tx;
	struct initiator_task *task = TAILQ_FIRST(&initiator->sending);
	struct initiator_r2t *r2t = &task->r2ts[0];
	uint32_t part = smaller(r2t->length - r2t->sent, initiator->outcome.negotiated.max_xmit_data_segment_length);

	task->error = probe(task, r2t->offset + r2t->sent, part);
	if (task->error) {
		initiator_task_give_up(initiator, task, INITIATOR_RESULT_FAULT);
		return;
	}
	data_header(&tx->header.data_out, task, r2t, part);
	tx->task = task;
	tx->offset = r2t->offset + r2t->sent;
	tx->data_length = part;
	task->transferred += part;
	initiator->counters->data_bytes_tx += part;
	r2t->sent += part;
	if (r2t->sent == r2t->length)
		initiator_task_burst_sent(initiator, task);
	start(initiator);
}

static void start_command(struct initiator *initiator)
{
	struct initiator_tx *tx = &initiator->tx;
	struct initiator_task *task = task_of(TAILQ_FIRST(&initiator->queued));
	uint32_t part = initiator_task_immediate(initiator, task);

	task->error = probe(task, 0, part);
	if (task->error) {
		initiator_task_end_later(initiator, task, INITIATOR_RESULT_FAULT);
		return;
	}
	initiator_task_command(initiator, task, &tx->header.scsi_command, part);
	tx->task = task;
	tx->data_length = part;
	task->transferred = part;
	initiator->counters->data_bytes_tx += part;
	start(initiator);
}

/* false: there is nothing that may be sent now. */
static bool start_next(struct initiator *initiator)
{
	bool is_open = !sn_before(initiator->max_cmdsn, initiator->cmdsn);

	if (initiator->is_logout_sent)
		return false;
	if (!TAILQ_EMPTY(&initiator->outs))
		start_out(initiator, &initiator->outs);
	else if (initiator->state != INITIATOR_STATE_FULL_FEATURE)
		return false;
	else if (!TAILQ_EMPTY(&initiator->sending))
		start_data(initiator);
	else if (is_open && !TAILQ_EMPTY(&initiator->ordered))
		start_out(initiator, &initiator->ordered);
	else if (is_open && !TAILQ_EMPTY(&initiator->queued))
		start_command(initiator);
	else
		return false;
	return true;
}

/* --- bytes */

/* What is left of length bytes, skip of which are sent. */
static int add_rest(struct iovec *vectors, int count, void *bytes, size_t length, size_t *skip)
{
	if (*skip >= length) {
		*skip -= length;
		return count;
	}
	vectors[count] = (struct iovec){(char *)bytes + *skip, length - *skip};
	*skip = 0;
	return count + 1;
}

/* The data of a PDU that is not sent yet; whole: all of it was found. */
static int data_vectors(struct initiator_tx *tx, struct iovec *vectors, size_t *skip, bool *ret_whole)
{
	uint32_t left = (uint32_t)(tx->data_length - *skip);
	size_t found = 0;
	int count;

	if (!tx->task)
		return add_rest(vectors, 0, tx->copy ? tx->copy : tx->out->bytes, tx->data_length, skip);
	count = tx->task->vector(tx->task, tx->offset + (uint32_t)*skip, left, vectors, INITIATOR_VECTORS_MAX);
	if (count <= 0)
		return count ? count : -EFAULT;
	for (int i = 0; i < count; i++)
		found += vectors[i].iov_len;
	*ret_whole = found >= left;
	*skip = 0;
	return count;
}

/* The rest of the PDU, or a beginning of that. Its number of vectors or negative errno. */
static int tx_vectors(struct initiator_tx *tx, struct iovec *vectors)
{
	size_t skip = tx->sent;
	int count = add_rest(vectors, 0, &tx->header, ISCSI_BHS_BYTES, &skip), found;
	bool is_whole = true;

	count = add_rest(vectors, count, tx->header_digest, tx->header_length - ISCSI_BHS_BYTES, &skip);
	if (skip >= tx->data_length) {
		skip -= tx->data_length;
	} else {
		found = data_vectors(tx, vectors + count, &skip, &is_whole);
		if (found < 0)
			return found;
		count += found;
	}
	return is_whole ? add_rest(vectors, count, tx->trailer, tx->trailer_length, &skip) : count;
}

/* What the target has of the PDU cannot be taken back, and what is missing of it is not there. */
static void memory_gone(struct initiator *initiator, int error)
{
	initiator_fail(initiator, INITIATOR_END_MEMORY, error, "the memory of a command went away while its data was sent");
}

/* false: the socket takes no more now, or the connection is lost. */
static bool tx_write(struct initiator *initiator)
{
	struct iovec vectors[INITIATOR_VECTORS_MAX + 4];
	struct msghdr message = {.msg_iov = vectors};
	struct initiator_tx *tx = &initiator->tx;
	int count = tx_vectors(tx, vectors);
	ssize_t n;

	if (count < 0) {
		memory_gone(initiator, count);
		return false;
	}
	message.msg_iovlen = (size_t)count;
	do
		n = sendmsg(initiator->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		if (errno == EFAULT)
			memory_gone(initiator, -errno);
		else if (errno != EAGAIN)
			initiator_fail(initiator, INITIATOR_END_LOST, -errno, "the connection was lost: %s", strerror(errno));
		return false;
	}
	initiator->counters->octets_tx += (uint64_t)n;
	tx->sent += (size_t)n;
	if (tx->sent == total(tx))
		tx_clear(tx);
	return true;
}

void initiator_send(struct initiator *initiator)
{
	int left = PDUS_PER_TURN;

	for (; left && !is_over(initiator); left--) {
		if (!initiator->tx.is_active && !start_next(initiator))
			break;
		if (initiator->tx.is_active && !is_over(initiator) && !tx_write(initiator))
			break;
	}
	if (is_over(initiator))
		return;
	if (!left)
		initiator_kick(initiator);
	(void)loop_fd_want(initiator->watch, initiator->tx.is_active ? POLLIN | POLLOUT : POLLIN);
}

void initiator_tx_done(struct initiator *initiator)
{
	struct initiator_outs *const lists[] = {&initiator->outs, &initiator->ordered};
	struct initiator_out *out;

	for (int i = 0; i < 2; i++) {
		while ((out = TAILQ_FIRST(lists[i]))) {
			TAILQ_REMOVE(lists[i], out, entry);
			free(out);
		}
	}
	tx_clear(&initiator->tx);
}
