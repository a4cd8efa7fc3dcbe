/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Receiving in full feature phase: which piece of a PDU we are in (header with additional segments and digest, data, trailer of padding
 * and digest), cut anywhere. Every PDU of the target passes one gate, a row per opcode, before anybody looks at it: its header before
 * its data is read, and again as a whole. Data-In goes to the task's memory, all other data to a buffer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crc32c.h"
#include "tests/hba/initiator_core.h"

#define PDUS_PER_TURN 64 /* then others get the loop */

/* Whether the PDU's StatSN is a number that it takes. */
enum statsn { STATSN_NEVER, STATSN_ALWAYS, STATSN_WITH_STATUS, STATSN_WITH_TAG };

#define IN_FULL	  (1 << INITIATOR_STATE_FULL_FEATURE)
#define IN_LOGOUT (1 << INITIATOR_STATE_LOGOUT)
#define COUNTED(member) offsetof(struct initiator_counters, member)

struct initiator_row {
	const char *name;
	unsigned char states;
	enum statsn statsn;
	uint32_t data_min, data_max; /* bytes of data; never more than we declared */
	size_t counter;
	initiator_prepare_fn *prepare; /* NULL: data goes to the buffer */
	initiator_handle_fn *handle;
};

#define ROW(opcode, name, states, statsn, min, max, counter, prepare, handle) \
	[opcode] = {name, states, statsn, min, max, COUNTED(counter), prepare, handle}
#define ANY (IN_FULL | IN_LOGOUT)
#define ALL ISCSI_DATA_SEGMENT_MAX

static const struct initiator_row rows[ISCSI_PDU_OPCODE_BITS + 1] = {
	ROW(ISCSI_PDU_NOP_IN, "NOP-In", ANY, STATSN_WITH_TAG, 0, ALL, rx_nop_in, NULL, initiator_nop_in),
	ROW(ISCSI_PDU_SCSI_RESPONSE, "SCSI Response", ANY, STATSN_ALWAYS, 0, ALL, rx_scsi_response, NULL, initiator_scsi_response),
	ROW(ISCSI_PDU_TASK_RESPONSE, "Task Management Response", ANY, STATSN_ALWAYS, 0, 0, rx_task, NULL, initiator_task_response),
	ROW(ISCSI_PDU_TEXT_RESPONSE, "Text Response", ANY, STATSN_ALWAYS, 0, ALL, rx_text, NULL, initiator_text_response),
	ROW(ISCSI_PDU_DATA_IN, "Data-In", ANY, STATSN_WITH_STATUS, 0, ALL, rx_data_in, initiator_data_in_header, initiator_data_in),
	ROW(ISCSI_PDU_LOGOUT_RESPONSE, "Logout Response", ANY, STATSN_ALWAYS, 0, 0, rx_logout, NULL, initiator_logout_response),
	ROW(ISCSI_PDU_R2T, "R2T", ANY, STATSN_NEVER, 0, 0, rx_r2t, NULL, initiator_r2t),
	ROW(ISCSI_PDU_ASYNC_MESSAGE, "Asynchronous Message", ANY, STATSN_ALWAYS, 0, ALL, rx_async, NULL, initiator_async),
	ROW(ISCSI_PDU_REJECT, "Reject", ANY, STATSN_ALWAYS, 0, ALL, rx_reject, NULL, initiator_rejected),
};

static size_t digest_bytes(bool has_digest)
{
	return has_digest ? ISCSI_CRC32C_BYTES : 0;
}

static bool digest_is(const unsigned char *at, uint32_t crc)
{
	return at[0] == (crc & 0xff) && at[1] == (crc >> 8 & 0xff) && at[2] == (crc >> 16 & 0xff) && at[3] == crc >> 24;
}

static void break_off(struct initiator *initiator, const char *name, const char *what)
{
	initiator->counters->format_errors++;
	initiator_fail(initiator, INITIATOR_END_PROTOCOL, -EPROTO, "the target sent a %s %s", name, what);
}

/* --- the gate */

static const char *refusal(const struct initiator *initiator, const struct initiator_row *row, size_t length)
{
	if (!(row->states & 1 << initiator->state))
		return "out of place";
	if (length > initiator->outcome.negotiated.max_recv_data_segment_length || length > row->data_max)
		return "with a data segment that is too long";
	if (length < row->data_min)
		return "with a data segment that is too short";
	return NULL;
}

/* RFC 7143 3.2.2.1: a MaxCmdSN below ExpCmdSN - 1 is no window, and numbers never go back. */
static void take_window(struct initiator *initiator, const union initiator_bhs *bhs)
{
	uint32_t exp = ntohl(bhs->text_response.exp_cmdsn), max = ntohl(bhs->text_response.max_cmdsn);

	if (sn_before(max, exp - 1))
		return;
	if (sn_before(initiator->exp_cmdsn, exp) && !sn_before(initiator->cmdsn, exp))
		initiator->exp_cmdsn = exp;
	if (sn_before(initiator->max_cmdsn, max))
		initiator->max_cmdsn = max;
}

static bool takes_statsn(enum statsn statsn, const union initiator_bhs *bhs)
{
	switch (statsn) {
	case STATSN_ALWAYS:
		return true;
	case STATSN_WITH_STATUS:
		return bhs->bhs.flags & ISCSI_BIT_DATA_IN_STATUS;
	case STATSN_WITH_TAG:
		return ntohl(bhs->bhs.itt) != ISCSI_TAG_NONE;
	case STATSN_NEVER:
		break;
	}
	return false;
}

/* A hole is counted and passed over: nothing is kept that could be asked for again at ErrorRecoveryLevel 0. */
static void take_counters(struct initiator *initiator, const struct initiator_row *row, const union initiator_bhs *bhs)
{
	uint32_t statsn = ntohl(bhs->text_response.statsn);

	take_window(initiator, bhs);
	if (!takes_statsn(row->statsn, bhs))
		return;
	if (statsn != initiator->exp_statsn)
		initiator->counters->sequence_errors++;
	if (!sn_before(statsn, initiator->exp_statsn))
		initiator->exp_statsn = statsn + 1;
}

static void next_pdu(struct initiator_rx *rx)
{
	rx->piece = INITIATOR_PIECE_HEADER;
	memcpy(rx->header.bytes, rx->ahead, rx->ahead_length);
	rx->have = rx->ahead_length;
	rx->ahead_length = 0;
	rx->want = ISCSI_BHS_BYTES;
	rx->task = NULL;
	rx->row = NULL;
}

static void handle(struct initiator *initiator)
{
	struct initiator_rx *rx = &initiator->rx;
	size_t length = pdu_data_length(&rx->header.bhs.bhs);
	uint64_t *counter = (uint64_t *)(void *)((char *)initiator->counters + rx->row->counter);

	initiator->counters->pdus_rx++;
	++*counter;
	take_counters(initiator, rx->row, &rx->header.bhs);
	rx->row->handle(initiator, &rx->header.bhs, rx->buffer ? rx->buffer : (const unsigned char *)"", length);
	if (!is_over(initiator))
		next_pdu(rx);
}

static int make_room(struct initiator_rx *rx, size_t length)
{
	unsigned char *buffer;

	if (rx->buffer_size >= length)
		return 0;
	buffer = realloc(rx->buffer, length);
	if (!buffer)
		return -ENOMEM;
	rx->buffer = buffer;
	rx->buffer_size = length;
	return 0;
}

static void begin_data(struct initiator *initiator, size_t length)
{
	struct initiator_rx *rx = &initiator->rx;

	rx->piece = INITIATOR_PIECE_DATA;
	rx->have = 0;
	rx->want = length;
	rx->crc = 0;
	if (rx->row->prepare)
		rx->row->prepare(initiator, &rx->header.bhs, length);
	if (!is_over(initiator) && !rx->task && make_room(rx, length))
		initiator_fail(initiator, INITIATOR_END_MEMORY, -ENOMEM, "no memory for what the target sent");
}

/* The whole header is there. */
static void header_complete(struct initiator *initiator)
{
	struct initiator_rx *rx = &initiator->rx;
	const struct iscsi_bhs *bhs = &rx->header.bhs.bhs;
	size_t length = pdu_data_length(bhs), bytes = ISCSI_BHS_BYTES + 4u * bhs->ahs_words;
	const struct initiator_row *row = &rows[bhs->opcode & ISCSI_PDU_OPCODE_BITS];
	const char *refused;

	if (initiator->outcome.negotiated.header_digest && !digest_is(rx->header.bytes + bytes, crc32c(0, rx->header.bytes, bytes))) {
		initiator->counters->header_digest_errors++;
		initiator_fail(initiator, INITIATOR_END_DIGEST, -EBADMSG, "the header digest of a PDU is wrong");
		return;
	}
	if (!row->handle) {
		initiator->counters->format_errors++;
		initiator_fail(initiator, INITIATOR_END_PROTOCOL, -EPROTO, "the target sent a PDU of opcode 0x%02x", bhs->opcode);
		return;
	}
	refused = refusal(initiator, row, length);
	if (refused) {
		break_off(initiator, row->name, refused);
		return;
	}
	rx->row = row;
	begin_data(initiator, length);
	if (!length && !is_over(initiator))
		handle(initiator);
}

/* --- bytes */

/* 48 bytes tell how long the header is. */
static void header_bytes(struct initiator *initiator)
{
	struct initiator_rx *rx = &initiator->rx;

	rx->want = ISCSI_BHS_BYTES + 4u * rx->header.bhs.bhs.ahs_words +
		   digest_bytes(initiator->outcome.negotiated.header_digest);
	if (rx->have == rx->want)
		header_complete(initiator);
}

static size_t trailer_bytes(const struct initiator *initiator)
{
	size_t length = pdu_data_length(&initiator->rx.header.bhs.bhs);

	return length ? pdu_padding(length) + digest_bytes(initiator->outcome.negotiated.data_digest) : 0;
}

static void trailer_complete(struct initiator *initiator)
{
	struct initiator_rx *rx = &initiator->rx;
	size_t padding = pdu_padding(pdu_data_length(&rx->header.bhs.bhs));

	if (initiator->outcome.negotiated.data_digest && !digest_is(rx->trailer + padding, crc32c(rx->crc, rx->trailer, padding))) {
		initiator->counters->data_digest_errors++;
		initiator_fail(initiator, INITIATOR_END_DIGEST, -EBADMSG, "the data digest of a %s is wrong", rx->row->name);
		return;
	}
	handle(initiator);
}

/* Where the rest of the data goes; a task's memory that is not there (any more) is replaced by the buffer, which nobody reads. */
static int data_vectors(struct initiator *initiator, struct iovec *vectors, int max)
{
	struct initiator_rx *rx = &initiator->rx;
	size_t left = rx->want - rx->have;
	int count;

	if (rx->task && !rx->task->error) {
		count = rx->task->vector(rx->task, rx->offset + (uint32_t)rx->have, (uint32_t)left, vectors, max);
		if (count > 0)
			return count;
		rx->task->error = count ? count : -EFAULT;
	}
	if (rx->task && make_room(rx, rx->want))
		return -ENOMEM;
	vectors[0] = (struct iovec){rx->buffer + rx->have, left};
	return 1;
}

static size_t vectors_length(const struct iovec *vectors, int count)
{
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += vectors[i].iov_len;
	return length;
}

/* Data came into the first n bytes of vectors. */
static void digest_data(struct initiator_rx *rx, const struct iovec *vectors, size_t n)
{
	for (; n; vectors++) {
		size_t part = vectors->iov_len < n ? vectors->iov_len : n;

		rx->crc = crc32c(rx->crc, vectors->iov_base, part);
		n -= part;
	}
}

/* With the rest of the data come its trailer and the next header, if they are there already. */
static void data_bytes(struct initiator *initiator, const struct iovec *vectors, size_t data, size_t n)
{
	struct initiator_rx *rx = &initiator->rx;
	size_t mine = n < data ? n : data, trailer = trailer_bytes(initiator);

	if (initiator->outcome.negotiated.data_digest)
		digest_data(rx, vectors, mine);
	rx->have += mine;
	n -= mine;
	if (rx->have < rx->want)
		return;
	rx->ahead_length = n > trailer ? n - trailer : 0;
	rx->piece = INITIATOR_PIECE_TRAILER;
	rx->have = n < trailer ? n : trailer;
	rx->want = trailer;
	if (rx->have == rx->want)
		trailer_complete(initiator);
}

static int add_tail(struct initiator *initiator, struct iovec *vectors, int count)
{
	struct initiator_rx *rx = &initiator->rx;
	size_t trailer = trailer_bytes(initiator);

	if (trailer)
		vectors[count++] = (struct iovec){rx->trailer, trailer};
	vectors[count++] = (struct iovec){rx->ahead, ISCSI_BHS_BYTES};
	return count;
}

/* n > 0: bytes came; 0: the end; negative: -EAGAIN or why the connection is lost. */
static ssize_t read_vectors(struct initiator *initiator, struct iovec *vectors, int count)
{
	struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)count};
	ssize_t n;

	do
		n = recvmsg(initiator->fd, &message, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		initiator->counters->octets_rx += (uint64_t)n;
	return n < 0 ? -errno : n;
}

static ssize_t read_data(struct initiator *initiator)
{
	struct iovec vectors[INITIATOR_VECTORS_MAX + 2];
	struct initiator_rx *rx = &initiator->rx;
	int count = data_vectors(initiator, vectors, INITIATOR_VECTORS_MAX);
	size_t data;
	ssize_t n;

	if (count < 0)
		return count;
	data = vectors_length(vectors, count);
	if (data >= rx->want - rx->have)
		count = add_tail(initiator, vectors, count);
	n = read_vectors(initiator, vectors, count);
	if (n > 0)
		data_bytes(initiator, vectors, data, (size_t)n);
	/* Mapped, but nothing is behind it: from here on its data is read and dropped. */
	if (n == -EFAULT && rx->task && !rx->task->error)
		n = -(rx->task->error = -EFAULT);
	return n;
}

static ssize_t read_piece(struct initiator *initiator)
{
	struct initiator_rx *rx = &initiator->rx;
	bool is_header = rx->piece == INITIATOR_PIECE_HEADER;
	struct iovec vector;
	ssize_t n;

	if (rx->piece == INITIATOR_PIECE_DATA)
		return read_data(initiator);
	vector = (struct iovec){(is_header ? rx->header.bytes : rx->trailer) + rx->have, rx->want - rx->have};
	n = read_vectors(initiator, &vector, 1);
	if (n <= 0)
		return n;
	rx->have += (size_t)n;
	if (!is_header && rx->have == rx->want)
		trailer_complete(initiator);
	return n;
}

void initiator_receive(struct initiator *initiator)
{
	struct initiator_rx *rx = &initiator->rx;
	ssize_t n = 1;

	if (!rx->want)
		next_pdu(rx);
	for (int i = 0; i < PDUS_PER_TURN && n > 0 && !is_over(initiator); i++) {
		n = read_piece(initiator);
		/* Twice, where the header read along with the data before is a whole PDU. */
		while (!is_over(initiator) && rx->piece == INITIATOR_PIECE_HEADER && rx->have == rx->want)
			header_bytes(initiator);
		if (n > 0)
			initiator->last_rx_ms = loop_now_ms();
	}
	if (n == 0)
		initiator_fail(initiator, INITIATOR_END_LOST, -ECONNRESET, "the target closed the connection");
	else if (n < 0 && n != -EAGAIN)
		initiator_fail(initiator, INITIATOR_END_LOST, (int)n, "the connection was lost: %s", strerror((int)-n));
}

void initiator_rx_done(struct initiator *initiator)
{
	free(initiator->rx.buffer);
}
