/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A card and the kernel before it, for tests of iscsiadm: a thread at the other end of the netlink socket keeps a CHAP table, makes
 * flashnodes, pings and counts, and remembers what it was asked. fake_card_open() goes into struct adm.
 */
#ifndef OPENHBA_TESTS_UNIT_FAKE_CARD_H
#define OPENHBA_TESTS_UNIT_FAKE_CARD_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/user/netlink.h"

#define CARD_HANDLE   0xffffffffc0a52000ull
#define CARD_HEAD     16
#define CARD_TRAILER  72
#define CARD_CHAP_MAX 128

static struct {
	struct iscsi_chap_entry chap[CARD_CHAP_MAX];
	bool has_chap[CARD_CHAP_MAX];
	int error[64];			/* answer of a request number: negative errno */
	int ping_status[8];		/* of pings 1, 2, ...; -1: says nothing */
	unsigned int pings;
	uint64_t counted;		/* first counter; the others follow by 1 */
	bool no_socket;
	/* what came last of each request number */
	struct iscsi_uevent asked[64];
	uint8_t trailer[64][8192];
	size_t trailer_bytes[64];
	unsigned int count[64];
	pthread_t thread;
	int fd;
} card;

static void card_send(const struct iscsi_uevent *uevent, uint16_t type, const void *data, size_t bytes)
{
	static _Alignas(8) uint8_t buffer[131072];
	uint32_t length = (uint32_t)(CARD_TRAILER + bytes);

	memset(buffer, 0, CARD_HEAD);
	memcpy(buffer, &length, sizeof(length));
	memcpy(buffer + 4, &type, sizeof(type));
	memcpy(buffer + CARD_HEAD, uevent, sizeof(*uevent));
	if (bytes)
		memcpy(buffer + CARD_TRAILER, data, bytes);
	(void)!send(card.fd, buffer, length, MSG_NOSIGNAL);
}

static void card_send_chap(struct iscsi_uevent uevent)
{
	static struct iscsi_chap_entry found[CARD_CHAP_MAX];
	uint32_t count = 0;

	for (uint32_t i = uevent.u.get_chap.chap_tbl_idx; i < CARD_CHAP_MAX && count < uevent.u.get_chap.num_entries; i++)
		if (card.has_chap[i])
			found[count++] = card.chap[i];
	uevent.u.get_chap.num_entries = count;
	card_send(&uevent, 0, found, count * sizeof(found[0]));
}

/* The value of a parameter in the trailer of SET_CHAP. */
static const uint8_t *card_value(uint32_t number, uint16_t wanted)
{
	const uint8_t *at = card.trailer[number];

	while (at < card.trailer[number] + card.trailer_bytes[number]) {
		uint16_t length, param;

		memcpy(&length, at, sizeof(length));
		memcpy(&param, at + 2, sizeof(param));
		if (param == wanted)
			return at + 10;
		at += (length + 3) & ~3;
	}
	return NULL;
}

static void card_set_chap(void)
{
	struct iscsi_chap_entry entry = { 0 };

	memcpy(&entry.index, card_value(41, 0), sizeof(entry.index));
	entry.type = *card_value(41, 1);
	strncpy(entry.username, (const char *)card_value(41, 2), sizeof(entry.username) - 1);
	strncpy(entry.password, (const char *)card_value(41, 3), sizeof(entry.password) - 1);
	entry.password_length = *card_value(41, 4);
	card.chap[entry.index] = entry;
	card.has_chap[entry.index] = true;
}

static void card_send_stats(const struct iscsi_uevent *uevent)
{
	struct {
		uint64_t counter[82];
		uint32_t custom_length, pad;
		struct iscsi_stats_custom custom;
	} stats = { .custom_length = 1, .custom = { "of_this_card", 4711 } };

	for (unsigned int i = 0; i < 82; i++)
		stats.counter[i] = card.counted + i;
	card_send(uevent, 0, &stats, sizeof(stats));
}

static void card_ping(const struct iscsi_uevent *uevent)
{
	struct iscsi_uevent event = { .type = ISCSI_KEVENT_PING_COMP, .transport_handle = CARD_HANDLE };
	int status = card.ping_status[card.pings++];

	if (status < 0)
		return;
	event.r.ping_comp.host_no = uevent->u.ping.host_no;
	event.r.ping_comp.status = (uint32_t)status;
	event.r.ping_comp.pid = uevent->u.ping.pid + 1; /* somebody else's */
	card_send(&event, 0, NULL, 0);
	event.r.ping_comp.pid = uevent->u.ping.pid;
	card_send(&event, 0, NULL, 0);
}

static void card_answer(struct iscsi_uevent uevent)
{
	uint32_t number = uevent.type;

	if (card.error[number]) {
		uevent.iferror = card.error[number];
		uevent.type = ISCSI_KEVENT_IF_ERROR;
		card_send(&uevent, (uint16_t)number, NULL, 0);
		return;
	}
	if (number == ISCSI_UEVENT_GET_CHAP) {
		card_send_chap(uevent);
		return;
	}
	if (number == ISCSI_UEVENT_GET_HOST_STATS) {
		card_send_stats(&uevent);
		return;
	}
	if (number == ISCSI_UEVENT_SET_CHAP)
		card_set_chap();
	if (number == ISCSI_UEVENT_DELETE_CHAP)
		card.has_chap[uevent.u.delete_chap.chap_tbl_idx] = false;
	if (number == ISCSI_UEVENT_NEW_FLASHNODE)
		uevent.r.new_flashnode.flashnode_idx = 5;
	card_send(&uevent, (uint16_t)number, NULL, 0);
	if (number == ISCSI_UEVENT_PING)
		card_ping(&uevent);
}

static void *card_run(void *data)
{
	static _Alignas(8) uint8_t buffer[65536];
	struct iscsi_uevent uevent;
	ssize_t bytes;

	while ((bytes = recv(card.fd, buffer, sizeof(buffer), 0)) >= CARD_TRAILER) {
		memcpy(&uevent, buffer + CARD_HEAD, sizeof(uevent));
		card.asked[uevent.type] = uevent;
		card.trailer_bytes[uevent.type] = (size_t)bytes - CARD_TRAILER;
		memcpy(card.trailer[uevent.type], buffer + CARD_TRAILER, card.trailer_bytes[uevent.type]);
		card.count[uevent.type]++;
		card_answer(uevent);
	}
	close(card.fd);
	return NULL;
}

static int fake_card_open(netlink_event_fn *event, netlink_overflow_fn *overflow, void *data, struct netlink **ret)
{
	int pair[2];

	if (card.no_socket)
		return -EPROTONOSUPPORT;
	if (card.thread)
		pthread_join(card.thread, NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	card.fd = pair[1];
	if (pthread_create(&card.thread, NULL, card_run, NULL))
		return -ENOMEM;
	return netlink_open_fd(pair[0], event, overflow, data, ret);
}

/* Forgets all; the socket must be closed. */
static void fake_card_reset(void)
{
	if (card.thread)
		pthread_join(card.thread, NULL);
	memset(&card, 0, sizeof(card));
}

#endif
