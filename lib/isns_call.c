/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Talks to an iSNS server: a chain of requests, each with its answer, over one TCP connection. The next request is chosen when an
 * answer is there, by the row of the request. Servers that cannot put all targets into one answer (open-isns has 8 KiB for it) are
 * asked target by target. Never resolves a name, never waits.
 */
#include "lib/isns_call.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/isns_answer.h"
#include "lib/isns_message.h"

#define READ_BYTES 16384
#define CALL_MS 120000 /* of all requests together */
#define TARGET 1u      /* RFC 4171 6.4.2: bits of a node type */
#define INITIATOR 2u
#define PROTOCOL_ISCSI 2u /* RFC 4171 6.2.2 */
/* RFC 4171 6.4.4: of targets we may use: updated, added, removed. */
#define NOTICES (1u << 2 | 1u << 3 | 1u << 4 | 1u << 6)

/* RFC 4171 5.4, those that lead somewhere else than to an error. */
enum status {
	STATUS_SUCCESS = 0,
	STATUS_SOURCE_UNKNOWN = 6,
	STATUS_SOURCE_ABSENT = 7,
	STATUS_NO_SUCH_ENTRY = 9,
	STATUS_INTERNAL = 11
};

enum step { STEP_ALL, STEP_NEXT, STEP_PORTALS, STEP_INTRODUCE, STEP_REGISTER, STEP_REFRESH, STEP_NOTICES, STEP_DEREGISTER };

struct isns_call {
	struct isns_call_settings settings;
	enum isns_call_state state;
	enum iscsi_err err;
	char text[256];
	int fd;
	bool is_connected;
	bool is_introduced; /* the server knows us only for this query */
	enum step step;
	uint64_t deadline_ms, end_ms;
	uint16_t xid;
	struct isns_bytes out;
	size_t sent;
	struct isns_reader reader;
	struct isns_answer answer;
	struct sendtargets_list list;
	char at[ISNS_TEXT_MAX]; /* the target a walk has come to; "": none yet */
	unsigned int period_sec;
};

struct step_row {
	uint16_t function, flags;
	int (*fill)(struct isns_call *call, struct isns_bytes *payload);
	void (*answered)(struct isns_call *call, uint32_t status, const unsigned char *attributes, size_t length);
	enum iscsi_err err; /* what a refusal is */
};

static const struct step_row steps[];

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void end(struct isns_call *call, enum isns_call_state state)
{
	call->state = state;
}

__attribute__((format(printf, 3, 4))) static void fail(struct isns_call *call, enum iscsi_err err, const char *format, ...)
{
	va_list arguments;

	if (call->state != ISNS_CALL_RUNNING)
		return;
	va_start(arguments, format);
	vsnprintf(call->text, sizeof(call->text), format, arguments);
	va_end(arguments);
	call->err = err;
	end(call, ISNS_CALL_FAILED);
}

static void fail_errno(struct isns_call *call, const char *what, int error)
{
	enum iscsi_err err = steps[call->step].err;

	if (error == -ENOMEM)
		err = ISCSI_ERR_NOMEM;
	else if (error == -ELIBACC || error == -ELIBBAD)
		err = ISCSI_ERR_ISNS_UNAVAILABLE;
	else if (error == -ETIMEDOUT)
		err = ISCSI_ERR_TRANS_TIMEOUT;
	fail(call, err, "%s: %s", what, error == -EPROTO ? "the server does not speak iSNS as RFC 4171 has it" : strerror(-error));
}

/* ---- requests ---- */

static int add_text(struct isns_bytes *payload, enum isns_attribute tag, const char *text)
{
	struct isns_item item = {.tag = tag, .kind = ISNS_KIND_TEXT};

	snprintf(item.text, sizeof(item.text), "%s", text);
	return isns_codec_add(payload, &item);
}

static int add_number(struct isns_bytes *payload, enum isns_attribute tag, uint32_t number)
{
	return isns_codec_add(payload, &(struct isns_item){.tag = tag, .kind = ISNS_KIND_NUMBER, .number = number});
}

/* Asked for; or the delimiter. */
static int add_nothing(struct isns_bytes *payload, enum isns_attribute tag)
{
	return isns_codec_add(payload, &(struct isns_item){.tag = tag, .kind = ISNS_KIND_NOTHING});
}

static int add_source(struct isns_call *call, struct isns_bytes *payload)
{
	return add_text(payload, ISNS_ISCSI_NAME, call->settings.initiator_name);
}

static int add_group(struct isns_bytes *payload)
{
	static const enum isns_attribute wanted[] = {ISNS_PG_ISCSI_NAME, ISNS_PG_PORTAL_ADDRESS, ISNS_PG_PORTAL_PORT, ISNS_PG_TAG};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		error = add_nothing(payload, wanted[i]);
	return error;
}

static int fill_all(struct isns_call *call, struct isns_bytes *payload)
{
	int error = add_source(call, payload);

	if (!error)
		error = add_number(payload, ISNS_ISCSI_NODE_TYPE, TARGET);
	if (!error)
		error = add_nothing(payload, ISNS_DELIMITER);
	if (!error)
		error = add_nothing(payload, ISNS_ISCSI_NAME);
	if (!error)
		error = add_nothing(payload, ISNS_ISCSI_NODE_TYPE);
	return error ? error : add_group(payload);
}

static int fill_next(struct isns_call *call, struct isns_bytes *payload)
{
	int error = add_source(call, payload);

	if (!error)
		error = *call->at ? add_text(payload, ISNS_ISCSI_NAME, call->at) : add_nothing(payload, ISNS_ISCSI_NAME);
	if (!error)
		error = add_nothing(payload, ISNS_DELIMITER);
	/* RFC 4171 5.6.5.3: only among targets, with their type in the answer. */
	return error ? error : add_number(payload, ISNS_ISCSI_NODE_TYPE, TARGET);
}

static int fill_portals(struct isns_call *call, struct isns_bytes *payload)
{
	int error = add_source(call, payload);

	if (!error)
		error = add_text(payload, ISNS_ISCSI_NAME, call->at);
	if (!error)
		error = add_nothing(payload, ISNS_DELIMITER);
	return error ? error : add_group(payload);
}

static int add_entity(struct isns_call *call, struct isns_bytes *payload)
{
	int error = add_text(payload, ISNS_ENTITY_IDENTIFIER, call->settings.initiator_name);

	if (!error)
		error = add_nothing(payload, ISNS_DELIMITER);
	if (!error)
		error = add_text(payload, ISNS_ENTITY_IDENTIFIER, call->settings.initiator_name);
	if (!error)
		error = add_number(payload, ISNS_ENTITY_PROTOCOL, PROTOCOL_ISCSI);
	return error ? error : add_number(payload, ISNS_REGISTRATION_PERIOD, ISNS_PERIOD_SEC);
}

/* The portal is where this conversation leaves from: the server can reach us there. */
static int add_portal(struct isns_call *call, struct isns_bytes *payload)
{
	struct sockaddr_storage here = {0};
	socklen_t length = sizeof(here);
	struct isns_item item = {.tag = ISNS_PORTAL_ADDRESS, .kind = ISNS_KIND_ADDRESS};
	int error;

	if (getsockname(call->fd, (struct sockaddr *)&here, &length) < 0)
		return -errno;
	if (here.ss_family == AF_INET) {
		item.address.s6_addr[10] = item.address.s6_addr[11] = 0xff;
		memcpy(&item.address.s6_addr[12], &((struct sockaddr_in *)(void *)&here)->sin_addr, 4);
	} else {
		item.address = ((struct sockaddr_in6 *)(void *)&here)->sin6_addr;
	}
	error = isns_codec_add(payload, &item);
	if (!error)
		error = add_number(payload, ISNS_PORTAL_PORT, call->settings.scn_port);
	return error ? error : add_number(payload, ISNS_SCN_PORT, call->settings.scn_port);
}

static int add_initiator(struct isns_call *call, struct isns_bytes *payload)
{
	const char *alias = call->settings.initiator_alias;
	int error = add_text(payload, ISNS_ISCSI_NAME, call->settings.initiator_name);

	if (!error)
		error = add_number(payload, ISNS_ISCSI_NODE_TYPE, INITIATOR);
	if (!error && alias && *alias)
		error = add_text(payload, ISNS_ISCSI_ALIAS, alias);
	return error;
}

static int fill_registration(struct isns_call *call, struct isns_bytes *payload)
{
	int error = add_source(call, payload);

	if (!error)
		error = add_entity(call, payload);
	if (!error && call->settings.scn_port)
		error = add_portal(call, payload);
	return error ? error : add_initiator(call, payload);
}

static int fill_notices(struct isns_call *call, struct isns_bytes *payload)
{
	int error = add_source(call, payload);

	if (!error)
		error = add_source(call, payload);
	if (!error)
		error = add_nothing(payload, ISNS_DELIMITER);
	return error ? error : add_number(payload, ISNS_ISCSI_SCN_BITMAP, NOTICES);
}

static int fill_deregistration(struct isns_call *call, struct isns_bytes *payload)
{
	int error = add_source(call, payload);

	if (!error)
		error = add_nothing(payload, ISNS_DELIMITER);
	return error ? error : add_text(payload, ISNS_ENTITY_IDENTIFIER, call->settings.initiator_name);
}

static void ask(struct isns_call *call, enum step step)
{
	struct isns_message message = {
		.function = steps[step].function, .flags = ISNS_FROM_CLIENT | steps[step].flags, .xid = ++call->xid};
	int error = steps[step].fill(call, &message.payload);

	call->step = step;
	call->sent = call->out.length = 0;
	if (!error)
		error = isns_message_encode(&message, &call->out);
	isns_bytes_done(&message.payload);
	if (error)
		fail_errno(call, "cannot ask the iSNS server", error);
	call->deadline_ms = now_ms() + call->settings.timeout_ms;
	if (call->deadline_ms > call->end_ms)
		call->deadline_ms = call->end_ms;
}

/* ---- answers ---- */

static void refused(struct isns_call *call, uint32_t status)
{
	fail(call, steps[call->step].err, "the iSNS server answers %u: %s", status, isns_codec_status_text(status));
}

/* What was found is found, whether or not the server forgets us. */
static void query_over(struct isns_call *call)
{
	int error = isns_answer_list(&call->answer, &call->list);

	if (error)
		fail_errno(call, "cannot use the answer of the iSNS server", error);
	else if (call->is_introduced)
		ask(call, STEP_DEREGISTER);
	else
		end(call, ISNS_CALL_DONE);
}

static bool take(struct isns_call *call, const unsigned char *attributes, size_t length)
{
	int error = isns_answer_take(&call->answer, attributes, length);

	if (error == -E2BIG)
		fail(call, ISCSI_ERR_ISNS_QUERY, "the iSNS server offers more than %d targets or %d portals", ISNS_TARGETS_MAX,
		     ISNS_PORTALS_MAX);
	else if (error)
		fail_errno(call, "cannot use the answer of the iSNS server", error);
	return !error;
}

static void answered_all(struct isns_call *call, uint32_t status, const unsigned char *attributes, size_t length)
{
	bool is_stranger = status == STATUS_SOURCE_UNKNOWN || status == STATUS_SOURCE_ABSENT;

	if (is_stranger && !call->is_introduced)
		ask(call, STEP_INTRODUCE);
	else if (status == STATUS_INTERNAL)
		ask(call, STEP_NEXT);
	else if (status == STATUS_NO_SUCH_ENTRY)
		query_over(call);
	else if (status)
		refused(call, status);
	else if (take(call, attributes, length))
		query_over(call);
}

static void answered_next(struct isns_call *call, uint32_t status, const unsigned char *attributes, size_t length)
{
	size_t before = call->answer.target_count;

	if (status == STATUS_NO_SUCH_ENTRY) {
		query_over(call);
	} else if (status) {
		refused(call, status);
	} else if (take(call, attributes, length)) {
		/* Names rise, or the walk would not end. */
		if (call->answer.reading.kind != ISNS_KIND_TEXT || strcmp(call->answer.reading.text, call->at) <= 0) {
			fail_errno(call, "cannot use the answer of the iSNS server", -EPROTO);
			return;
		}
		memcpy(call->at, call->answer.reading.text, sizeof(call->at));
		ask(call, call->answer.target_count > before ? STEP_PORTALS : STEP_NEXT);
	}
}

static void answered_portals(struct isns_call *call, uint32_t status, const unsigned char *attributes, size_t length)
{
	/* The target may be gone since it was named. */
	if (status && status != STATUS_NO_SUCH_ENTRY)
		refused(call, status);
	else if (status || take(call, attributes, length))
		ask(call, STEP_NEXT);
}

static void answered_introduce(struct isns_call *call, uint32_t status, const unsigned char *attributes, size_t length)
{
	if (status) {
		refused(call, status);
		return;
	}
	call->is_introduced = true;
	ask(call, STEP_ALL);
}

static void take_period(struct isns_call *call, const unsigned char *attributes, size_t length)
{
	struct isns_item item;
	size_t at = 0;

	call->period_sec = ISNS_PERIOD_SEC;
	while (isns_codec_next(attributes, length, &at, &item) > 0)
		if (item.tag == ISNS_REGISTRATION_PERIOD && item.kind == ISNS_KIND_NUMBER && item.number)
			call->period_sec = item.number;
}

static void answered_registration(struct isns_call *call, uint32_t status, const unsigned char *attributes, size_t length)
{
	if (status) {
		refused(call, status);
		return;
	}
	take_period(call, attributes, length);
	if (call->step == STEP_REGISTER && call->settings.scn_port)
		ask(call, STEP_NOTICES);
	else
		end(call, ISNS_CALL_DONE);
}

static void answered_last(struct isns_call *call, uint32_t status, const unsigned char *attributes, size_t length)
{
	if (status && !call->is_introduced)
		refused(call, status);
	else
		end(call, ISNS_CALL_DONE);
}

static const struct step_row steps[] = {
	[STEP_ALL] = {ISNS_QUERY, 0, fill_all, answered_all, ISCSI_ERR_ISNS_QUERY},
	[STEP_NEXT] = {ISNS_GET_NEXT, 0, fill_next, answered_next, ISCSI_ERR_ISNS_QUERY},
	[STEP_PORTALS] = {ISNS_QUERY, 0, fill_portals, answered_portals, ISCSI_ERR_ISNS_QUERY},
	[STEP_INTRODUCE] = {ISNS_REGISTER, ISNS_REPLACE, fill_registration, answered_introduce, ISCSI_ERR_ISNS_REG_FAILED},
	[STEP_REGISTER] = {ISNS_REGISTER, ISNS_REPLACE, fill_registration, answered_registration, ISCSI_ERR_ISNS_REG_FAILED},
	[STEP_REFRESH] = {ISNS_REGISTER, 0, fill_registration, answered_registration, ISCSI_ERR_ISNS_REG_FAILED},
	[STEP_NOTICES] = {ISNS_REGISTER_SCN, 0, fill_notices, answered_last, ISCSI_ERR_ISNS_REG_FAILED},
	[STEP_DEREGISTER] = {ISNS_DEREGISTER, 0, fill_deregistration, answered_last, ISCSI_ERR_ISNS_REG_FAILED},
};

/* Answers to something else (RFC 4171 5.1.5: the transaction id) are passed over. */
static void on_message(struct isns_call *call)
{
	const struct isns_message *message = &call->reader.message;
	const struct step_row *row = &steps[call->step];
	uint32_t status;

	if (message->xid != call->xid || message->function != (row->function | ISNS_RESPONSE) || call->sent < call->out.length)
		return;
	if (message->payload.length < sizeof(status)) {
		fail_errno(call, "cannot use the answer of the iSNS server", -EPROTO);
		return;
	}
	memcpy(&status, message->payload.data, sizeof(status));
	row->answered(call, ntohl(status), message->payload.data + sizeof(status), message->payload.length - sizeof(status));
}

/* ---- the socket ---- */

static void on_bytes(struct isns_call *call, const unsigned char *bytes, size_t length)
{
	size_t used;
	int result;

	while (length && call->state == ISNS_CALL_RUNNING) {
		result = isns_reader_feed(&call->reader, bytes, length, &used);
		if (result < 0) {
			fail_errno(call, "cannot read the answer of the iSNS server", result);
			return;
		}
		bytes += used;
		length -= used;
		if (result) {
			on_message(call);
			isns_reader_next(&call->reader);
		}
	}
}

static void read_some(struct isns_call *call)
{
	unsigned char buffer[READ_BYTES];
	ssize_t got = recv(call->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (got > 0)
		on_bytes(call, buffer, (size_t)got);
	else if (!got)
		fail(call, steps[call->step].err, "the iSNS server closed the connection");
	else if (errno != EAGAIN && errno != EINTR)
		fail_errno(call, "the connection to the iSNS server is lost", -errno);
}

static void write_some(struct isns_call *call)
{
	ssize_t sent;

	if (call->sent == call->out.length)
		return;
	sent = send(call->fd, call->out.data + call->sent, call->out.length - call->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent >= 0)
		call->sent += (size_t)sent;
	else if (errno != EAGAIN && errno != EINTR)
		fail_errno(call, "the connection to the iSNS server is lost", -errno);
}

static enum step first_step(enum isns_call_kind kind)
{
	switch (kind) {
	case ISNS_CALL_QUERY:
		return STEP_ALL;
	case ISNS_CALL_REGISTER:
		return STEP_REGISTER;
	case ISNS_CALL_REFRESH:
		return STEP_REFRESH;
	case ISNS_CALL_DEREGISTER:
		return STEP_DEREGISTER;
	}
	return STEP_ALL;
}

static void on_connected(struct isns_call *call)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error) {
		fail_errno(call, "cannot connect to the iSNS server", -error);
		return;
	}
	call->is_connected = true;
	ask(call, call->step);
}

static void start(struct isns_call *call)
{
	const struct sockaddr *peer = (const struct sockaddr *)&call->settings.peer;
	int error = isns_codec_open();

	if (error) {
		fail(call, ISCSI_ERR_ISNS_UNAVAILABLE, "libisns.so.0 cannot be used, is its package installed?");
		return;
	}
	call->fd = socket(peer->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (call->fd < 0 || (connect(call->fd, peer, call->settings.peer_length) < 0 && errno != EINPROGRESS))
		fail_errno(call, "cannot connect to the iSNS server", -errno);
}

struct isns_call *isns_call_new(const struct isns_call_settings *settings)
{
	struct isns_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->settings = *settings;
	call->fd = -1;
	call->step = first_step(settings->kind);
	call->deadline_ms = now_ms() + settings->timeout_ms;
	call->end_ms = now_ms() + CALL_MS;
	isns_reader_init(&call->reader, ISNS_ANSWER_MAX);
	start(call);
	return call;
}

void isns_call_free(struct isns_call *call)
{
	if (!call)
		return;
	if (call->fd >= 0)
		close(call->fd);
	isns_reader_done(&call->reader);
	isns_answer_done(&call->answer);
	sendtargets_list_done(&call->list);
	isns_bytes_done(&call->out);
	free(call);
}

enum isns_call_state isns_call_state(const struct isns_call *call)
{
	return call->state;
}

int isns_call_fd(const struct isns_call *call)
{
	return call->fd;
}

short isns_call_want(const struct isns_call *call)
{
	if (!call->is_connected)
		return POLLOUT;
	return (short)(POLLIN | (call->sent < call->out.length ? POLLOUT : 0));
}

uint64_t isns_call_deadline_ms(const struct isns_call *call)
{
	return call->deadline_ms;
}

void isns_call_ready(struct isns_call *call, short revents)
{
	if (call->state != ISNS_CALL_RUNNING)
		return;
	if (!call->is_connected && revents & (POLLOUT | POLLERR | POLLHUP))
		on_connected(call);
	if (call->state == ISNS_CALL_RUNNING && call->is_connected && revents & (POLLIN | POLLERR | POLLHUP))
		read_some(call);
	if (call->state == ISNS_CALL_RUNNING && call->is_connected)
		write_some(call);
}

void isns_call_expired(struct isns_call *call)
{
	if (!call->is_connected)
		fail_errno(call, "cannot connect to the iSNS server", -ETIMEDOUT);
	else
		fail(call, ISCSI_ERR_TRANS_TIMEOUT, "the iSNS server does not answer");
}

enum iscsi_err isns_call_error(const struct isns_call *call)
{
	return call->err;
}

const char *isns_call_error_text(const struct isns_call *call)
{
	return call->text;
}

void isns_call_take(struct isns_call *call, struct sendtargets_list *ret_list)
{
	*ret_list = call->list;
	call->list = (struct sendtargets_list){0};
}

unsigned int isns_call_period_sec(const struct isns_call *call)
{
	return call->period_sec;
}
