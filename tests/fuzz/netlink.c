/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what the kernel sends. The input is a row of datagrams, each with its length in two bytes before it. They are decoded
 * one by one at the gate, then queued on a socketpair: one call looks for its replies among them, and the rest is dispatched.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/abi/iscsi_numbers.h"
#include "transport/user/adapter.h"
#include "transport/user/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static volatile uint8_t sum;

/* Reads all an event points to, so that the sanitizers see a pointer or length that is wrong. */
static void on_event(const struct netlink_event *event, void *data)
{
	size_t i;

	if (event->bhs)
		for (i = 0; i < ISCSI_BHS_BYTES; i++)
			sum += ((const uint8_t *)event->bhs)[i];
	for (i = 0; i < event->data_bytes; i++)
		sum += ((const uint8_t *)event->data)[i];
}

static void on_overflow(void *data)
{
}

static void decode(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct netlink_event event;

	if (!exact)
		abort();
	memcpy(exact, bytes, len);
	if (!netlink_decode(exact, len, &event))
		on_event(&event, NULL);
	free(exact);
}

static void queue(int fd, const uint8_t *bytes, size_t len)
{
	while (len >= 2) {
		size_t part = (size_t)bytes[0] | (size_t)bytes[1] << 8;

		bytes += 2;
		len -= 2;
		part = part < len ? part : len;
		decode(bytes, part);
		if (part && send(fd, bytes, part, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		bytes += part;
		len -= part;
	}
}

/* The tables of a card: what comes out must end where it says. */
static void call_adapter(struct netlink *nl)
{
	struct iscsi_chap_entry entries[4];
	struct iscsi_host_stats stats;
	struct iscsi_stats_custom custom[4];
	unsigned int count, i;
	uint32_t index;

	if (request_get_chap(nl, 1, 1, 0, entries, 4, &count) == 0)
		for (i = 0; i < count; i++)
			sum += (uint8_t)(strlen(entries[i].username) + strlen(entries[i].password));
	if (request_get_host_stats(nl, 1, 1, &stats, custom, 4, &count) == 0)
		for (i = 0; i < count; i++)
			sum += (uint8_t)strlen(custom[i].name);
	request_new_flashnode(nl, 1, 1, "ipv4", &index);
}

/* The requests the corpus has replies to. */
static void call(struct netlink *nl)
{
	struct request_batch batch;
	struct request_result results[4];
	struct iscsi_stats stats;
	struct iscsi_stats_custom custom[ISCSI_STATS_CUSTOM_MAX];
	unsigned int count;

	batch_init(&batch, 1);
	batch_bind_conn(&batch, 1, 0, 5, true);
	batch_set_number(&batch, 1, 0, ISCSI_PARAM_PING_TMO, 5);
	batch_stop_conn(&batch, 1, 0, ISCSI_STOP_TERM);
	batch_send(nl, &batch, results, 4);
	batch_done(&batch);
	if (request_get_stats(nl, 1, 1, 0, &stats, custom, ISCSI_STATS_CUSTOM_MAX, &count) == 0 && count > ISCSI_STATS_CUSTOM_MAX)
		abort();
	call_adapter(nl);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct netlink *nl;
	int pair[2], turns = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    netlink_open_fd(pair[0], on_event, on_overflow, NULL, &nl) < 0)
		abort();
	queue(pair[1], bytes, len);
	shutdown(pair[1], SHUT_WR); /* so that a call without a reply ends at once */
	call(nl);
	while (netlink_dispatch(nl) == 0 && turns++ < 10000)
		;
	netlink_close(nl);
	close(pair[1]);
	return 0;
}
