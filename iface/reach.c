/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reachability of portals from NICs, with what the kernel said remembered: N targets behind the same few portal addresses cost as many
 * questions as there are addresses and NICs. Called by verdict.c. What changes at any moment (a NIC's state and addresses) is looked at
 * in the picture of the ports each time; only answers about routes are kept. Never changes the network, never looks up a name.
 */
#include "iface/reach.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

/* What was asked: a destination, bound to a NIC. */
struct question {
	unsigned int ifindex;
	sa_family_t family;
	uint8_t bytes[16];
};

struct answer {
	struct answer *next;
	struct question question;
	int error;
	struct rtway way;
};

struct reach {
	struct rtnetlink *route;	/* NULL: somebody else is asked */
	reach_way_fn *ask;
	void *data;
	size_t questions;
	struct answer *buckets[BUCKETS];
};

static int ask_kernel(void *data, unsigned int ifindex, int family, const void *destination, struct rtway *ret_way)
{
	return rtnetlink_way(data, ifindex, family, destination, ret_way);
}

int reach_new_asking(reach_way_fn *fn, void *data, struct reach **ret_reach)
{
	struct reach *reach = calloc(1, sizeof(*reach));

	if (!reach)
		return -ENOMEM;
	reach->ask = fn;
	reach->data = data;
	*ret_reach = reach;
	return 0;
}

int reach_new(struct reach **ret_reach)
{
	struct rtnetlink *route;
	int error = rtnetlink_open(&route);

	if (error)
		return error;
	error = reach_new_asking(ask_kernel, route, ret_reach);
	if (error)
		rtnetlink_close(route);
	else
		(*ret_reach)->route = route;
	return error;
}

void reach_forget(struct reach *reach)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct answer *answer;

		while ((answer = reach->buckets[i])) {
			reach->buckets[i] = answer->next;
			free(answer);
		}
	}
}

void reach_free(struct reach *reach)
{
	if (!reach)
		return;
	reach_forget(reach);
	rtnetlink_close(reach->route);
	free(reach);
}

size_t reach_questions(const struct reach *reach)
{
	return reach->questions;
}

/* ---- addresses ---- */

int reach_literal(const struct portal *portal, sa_family_t *ret_family, uint8_t ret_bytes[16], const char **ret_scope)
{
	size_t len = strcspn(portal->address, "%");
	struct portal bare = { .port = portal->port };
	struct sockaddr_storage address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
	socklen_t address_len;

	memcpy(bare.address, portal->address, len);
	if (portal_sockaddr(&bare, &address, &address_len))
		return -EDESTADDRREQ;
	*ret_scope = portal->address + len + (portal->address[len] == '%');
	*ret_family = address.ss_family;
	memset(ret_bytes, 0, 16);
	if (address.ss_family == AF_INET) {
		memcpy(ret_bytes, &((const struct sockaddr_in *)&address)->sin_addr, 4);
	} else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		*ret_family = AF_INET;
		memcpy(ret_bytes, in6->sin6_addr.s6_addr + 12, 4);
	} else {
		memcpy(ret_bytes, &in6->sin6_addr, 16);
	}
	return 0;
}

static bool is_link_local(const struct question *question)
{
	return question->family == AF_INET6 && question->bytes[0] == 0xfe && (question->bytes[1] & 0xc0) == 0x80;
}

static bool is_scope_of(const char *scope, const struct port *port)
{
	char *end;
	unsigned long number = strtoul(scope, &end, 10);

	return !strcmp(scope, port->netdev) || (!*end && number == port->ifindex);
}

/* A packet to a link-local address leaves from one; anything else must not, or no answer comes back through a router. */
static const struct port_address *find_source(const struct port *port, const struct question *question)
{
	bool local = is_link_local(question);

	for (size_t i = 0; i < port->address_count; i++) {
		const struct port_address *address = &port->addresses[i];

		if (address->is_usable && address->family == question->family &&
		    (address->family == AF_INET || address->is_link_local == local))
			return address;
	}
	return NULL;
}

static bool is_loopback(const struct question *question)
{
	static const uint8_t v6[16] = { [15] = 1 };

	return question->family == AF_INET ? question->bytes[0] == 127 : !memcmp(question->bytes, v6, sizeof(v6));
}

/* The kernel hands what goes to an own address to itself, and never to a socket that is bound to the NIC. */
static bool is_own(const struct port *port, const struct question *question)
{
	if (port->is_loopback || is_loopback(question))
		return false;
	for (size_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].family == question->family &&
		    !memcmp(port->addresses[i].bytes, question->bytes, question->family == AF_INET ? 4 : 16))
			return true;
	return false;
}

/* ---- routes ---- */

static size_t bucket_of(const struct question *question)
{
	size_t hash = question->ifindex * 2654435761u + question->family;

	for (size_t i = 0; i < sizeof(question->bytes); i++)
		hash = hash * 31 + question->bytes[i];
	return hash % BUCKETS;
}

static bool is_same(const struct question *a, const struct question *b)
{
	return a->ifindex == b->ifindex && a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Trouble in asking says nothing of the routes. */
static bool is_answer(int error)
{
	return error != -ENOMEM && error != -ENOBUFS && error != -EAGAIN && error != -EINTR && error != -ENODEV;
}

static void ask(struct reach *reach, const struct question *question, struct answer *ret_answer)
{
	*ret_answer = (struct answer){ .question = *question };
	reach->questions++;
	ret_answer->error = reach->ask(reach->data, question->ifindex, question->family, question->bytes, &ret_answer->way);
}

static void find_or_ask(struct reach *reach, const struct question *question, struct answer *ret_answer)
{
	struct answer **bucket = &reach->buckets[bucket_of(question)], *kept;

	for (kept = *bucket; kept; kept = kept->next) {
		if (!is_same(&kept->question, question))
			continue;
		*ret_answer = *kept;
		return;
	}
	ask(reach, question, ret_answer);
	kept = is_answer(ret_answer->error) ? malloc(sizeof(*kept)) : NULL;
	if (!kept)
		return;
	*kept = *ret_answer;
	kept->next = *bucket;
	*bucket = kept;
}

int reach_ask(struct reach *reach, const struct port *port, const struct portal *portal, struct rtway *ret_way)
{
	struct question question = { .ifindex = port->ifindex };
	const struct port_address *source;
	const char *scope;
	struct answer answer;

	if (port->kind != PORT_NIC)
		return -EINVAL;
	if (reach_literal(portal, &question.family, question.bytes, &scope))
		return -EDESTADDRREQ;
	if (!port->is_up || !port->has_carrier)
		return -ENETDOWN;
	if (is_link_local(&question) && *scope && !is_scope_of(scope, port))
		return -EXDEV;
	if (is_own(port, &question))
		return -ELOOP;
	source = find_source(port, &question);
	if (!source)
		return -EADDRNOTAVAIL;
	if (is_link_local(&question)) {
		answer = (struct answer){ .way.prefix_len = 64 };
		memcpy(answer.way.source, source->bytes, sizeof(answer.way.source));
	} else {
		find_or_ask(reach, &question, &answer);
	}
	if (ret_way)
		*ret_way = answer.way;
	return answer.error;
}
