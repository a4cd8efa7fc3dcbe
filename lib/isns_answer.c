/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the objects of an answer in the order they stand: a node's name and type; a portal group's name, address, port and tag. Only
 * portal groups of nodes that are targets count, in whatever order the server sent the two. Names and addresses are believed after
 * name_is_valid() and a look at what kind of address it is.
 */
#include "lib/isns_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isns_call.h"
#include "lib/name.h"

#define NODE_IS_TARGET (1u << 0) /* RFC 4171 6.4.2 */
#define PORT_IS_UDP (1u << 16)	 /* RFC 4171 6.3.2 */
#define PORT_MASK 0xffffu

enum { HAVE_NAME = 1, HAVE_ADDRESS = 2, HAVE_PORT = 4, HAVE_ALL = 7 };

void isns_answer_done(struct isns_answer *answer)
{
	for (size_t i = 0; i < answer->target_count; i++)
		free(answer->targets[i]);
	for (size_t i = 0; i < answer->place_count; i++)
		free(answer->places[i].target);
	free(answer->targets);
	free(answer->places);
	*answer = (struct isns_answer){0};
}

/* The array with room for one more of width bytes, doubling; NULL: no memory, and it is as it was. */
static void *grow(void *array, size_t count, size_t *size, size_t width)
{
	size_t wanted = *size ? 2 * *size : 16;
	void *grown;

	if (count < *size)
		return array;
	grown = reallocarray(array, wanted, width);
	if (grown)
		*size = wanted;
	return grown;
}

static int add_target(struct isns_answer *answer, const char *name)
{
	char **targets;

	if (!name_is_valid(name)) {
		answer->refused++;
		return 0;
	}
	if (answer->target_count == ISNS_TARGETS_MAX)
		return -E2BIG;
	targets = grow(answer->targets, answer->target_count, &answer->target_size, sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	answer->targets = targets;
	answer->targets[answer->target_count] = strdup(name);
	return answer->targets[answer->target_count] ? (answer->target_count++, 0) : -ENOMEM;
}

static bool address_is_usable(const struct in6_addr *address)
{
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !IN6_IS_ADDR_MULTICAST(address) && !IN6_IS_ADDR_LINKLOCAL(address);
}

/* RFC 4171 6.3.1 wants IPv4 mapped; old servers send it compatible. */
static void map_address(struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4COMPAT(address) && !IN6_IS_ADDR_LOOPBACK(address))
		address->s6_addr[10] = address->s6_addr[11] = 0xff;
}

static int add_place(struct isns_answer *answer)
{
	struct isns_place place = answer->portal, *places;

	/* A name that is no target's is left out when the two are joined; a bad one was counted as a node. */
	if (!name_is_valid(answer->group_name))
		return 0;
	map_address(&place.address);
	if (!place.port || !address_is_usable(&place.address)) {
		answer->refused++;
		return 0;
	}
	if (answer->place_count == ISNS_PORTALS_MAX)
		return -E2BIG;
	places = grow(answer->places, answer->place_count, &answer->place_size, sizeof(*places));
	if (!places)
		return -ENOMEM;
	answer->places = places;
	place.target = strdup(answer->group_name);
	if (!place.target)
		return -ENOMEM;
	answer->places[answer->place_count++] = place;
	return 0;
}

static void begin_group(struct isns_answer *answer, const struct isns_item *item)
{
	memcpy(answer->group_name, item->text, sizeof(answer->group_name));
	answer->have = item->kind == ISNS_KIND_TEXT ? HAVE_NAME : 0;
	answer->portal = (struct isns_place){0};
}

/* RFC 4171 6.5.4: without a tag the portal gives no access to the node. */
static int end_group(struct isns_answer *answer, const struct isns_item *item)
{
	bool is_whole = answer->have == HAVE_ALL && item->kind == ISNS_KIND_NUMBER && item->number <= UINT16_MAX;

	answer->have = 0;
	answer->portal.tag = (uint16_t)item->number;
	return is_whole ? add_place(answer) : 0;
}

static int take_item(struct isns_answer *answer, const struct isns_item *item)
{
	switch (item->tag) {
	case ISNS_ISCSI_NAME:
		answer->reading = *item;
		return 0;
	case ISNS_ISCSI_NODE_TYPE:
		if (answer->reading.kind == ISNS_KIND_TEXT && item->number & NODE_IS_TARGET)
			return add_target(answer, answer->reading.text);
		return 0;
	case ISNS_PG_ISCSI_NAME:
		begin_group(answer, item);
		return 0;
	case ISNS_PG_PORTAL_ADDRESS:
		answer->portal.address = item->address;
		answer->have |= item->kind == ISNS_KIND_ADDRESS ? HAVE_ADDRESS : 0;
		return 0;
	case ISNS_PG_PORTAL_PORT:
		answer->portal.port = (uint16_t)(item->number & PORT_MASK);
		answer->have |= item->kind == ISNS_KIND_NUMBER && !(item->number & PORT_IS_UDP) ? HAVE_PORT : 0;
		return 0;
	case ISNS_PG_TAG:
		return end_group(answer, item);
	default:
		return 0;
	}
}

int isns_answer_take(struct isns_answer *answer, const unsigned char *attributes, size_t length)
{
	struct isns_item item;
	size_t at = 0;
	int more;

	answer->reading = (struct isns_item){0};
	answer->have = 0;
	while ((more = isns_codec_next(attributes, length, &at, &item)) > 0) {
		int error = take_item(answer, &item);

		if (error)
			return error;
	}
	return more;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static int by_place(const void *left, const void *right)
{
	const struct isns_place *a = left, *b = right;
	int order = strcmp(a->target, b->target);

	if (!order)
		order = memcmp(&a->address, &b->address, sizeof(a->address));
	return order ? order : a->port - b->port;
}

static void format_address(const struct in6_addr *address, char *buffer, size_t size)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		inet_ntop(AF_INET, &address->s6_addr[12], buffer, (socklen_t)size);
	else
		inet_ntop(AF_INET6, address, buffer, (socklen_t)size);
}

static int list_place(const struct isns_place *place, struct sendtargets_list *list)
{
	struct portal portal = {.port = place->port, .tpgt = place->tag};

	format_address(&place->address, portal.address, sizeof(portal.address));
	return sendtargets_list_add(list, place->target, &portal);
}

int isns_answer_list(struct isns_answer *answer, struct sendtargets_list *ret_list)
{
	const struct isns_place *places = answer->places;
	int error = 0;

	*ret_list = (struct sendtargets_list){.refused = answer->refused};
	if (!answer->place_count || !answer->target_count)
		return 0;
	qsort(answer->targets, answer->target_count, sizeof(*answer->targets), by_text);
	qsort(answer->places, answer->place_count, sizeof(*answer->places), by_place);
	for (size_t i = 0; !error && i < answer->place_count; i++) {
		if (i && !by_place(&places[i - 1], &places[i]))
			continue;
		if (bsearch(&places[i].target, answer->targets, answer->target_count, sizeof(*answer->targets), by_text))
			error = list_place(&places[i], ret_list);
	}
	if (error)
		sendtargets_list_done(ret_list);
	return error;
}
