/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Portals from text and to text. Strict, because the text comes from targets as well as from people: what is not exactly one
 * of the forms is refused, nothing is guessed. Host names are only checked for their form; who wants their addresses asks a
 * resolver, never this file.
 */
#include "lib/portal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SCOPE_MAX (IF_NAMESIZE - 1)
#define LABEL_MAX 63
#define TEXT_PORT_MAX 5

/* Part of a text, by borrowed pointer. */
struct span {
	const char *start;
	size_t len;
};

/* Only digits, and a number up to 65535; -1 otherwise. */
static int parse_u16(struct span span)
{
	int number = 0;

	if (!span.len || span.len > TEXT_PORT_MAX)
		return -1;
	for (size_t i = 0; i < span.len; i++) {
		if (span.start[i] < '0' || span.start[i] > '9')
			return -1;
		number = number * 10 + (span.start[i] - '0');
	}
	return number > 65535 ? -1 : number;
}

/* The literal v6 address of a text and its scope, "" if it has none. False: not one. */
static bool parse_ipv6(const char *address, struct in6_addr *ret_address, const char **ret_scope)
{
	char literal[INET6_ADDRSTRLEN];
	size_t len = strcspn(address, "%");
	const char *scope = address + len;

	if (len >= sizeof(literal))
		return false;
	memcpy(literal, address, len);
	literal[len] = '\0';
	if (inet_pton(AF_INET6, literal, ret_address) != 1)
		return false;
	if (*scope) {
		size_t scope_len = strlen(++scope);

		if (!scope_len || scope_len > SCOPE_MAX || strcspn(scope, "/%:,[] \t\r\n") != scope_len)
			return false;
	}
	*ret_scope = scope;
	return true;
}

static bool is_ipv4(const char *address)
{
	struct in_addr in;

	return inet_pton(AF_INET, address, &in) == 1;
}

bool portal_is_ipv6(const char *address)
{
	struct in6_addr in6;
	const char *scope;

	return parse_ipv6(address, &in6, &scope);
}

/* Labels of letters, digits, '-' and '_', apart by dots. The last one has a letter, or it would be a mistyped address. */
static bool is_host_name(const char *name)
{
	bool has_letter = false;
	size_t label = 0;

	for (const char *at = name; *at; at++) {
		char c = *at;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (c == '.') {
			if (!label || at[-1] == '-')
				return false;
			if (at[1])
				has_letter = false;
			label = 0;
			continue;
		}
		if (!letter && !(c >= '0' && c <= '9') && c != '_' && !(c == '-' && label))
			return false;
		if (++label > LABEL_MAX)
			return false;
		has_letter |= letter || c == '-' || c == '_';
	}
	return *name && has_letter && name[strlen(name) - 1] != '-';
}

static int take_address(struct span span, struct portal *portal)
{
	if (!span.len || span.len > PORTAL_ADDRESS_MAX)
		return -EINVAL;
	memcpy(portal->address, span.start, span.len);
	portal->address[span.len] = '\0';
	return 0;
}

/* "[address]" with what is behind it; a host name in brackets is what iscsiadm prints for one without a dot. */
static int parse_bracketed(struct span span, struct span *ret_rest, struct portal *portal)
{
	const char *end = memchr(span.start, ']', span.len);
	size_t len = end ? (size_t)(end - span.start) : 0;

	if (!end || take_address((struct span){ span.start + 1, len - 1 }, portal) < 0)
		return -EINVAL;
	if (!portal_is_ipv6(portal->address) && !is_host_name(portal->address))
		return -EINVAL;
	*ret_rest = (struct span){ end + 1, span.len - len - 1 };
	return 0;
}

/* Without brackets: a whole v6 address, or up to the colon before a port. */
static int parse_bare(struct span span, struct span *ret_rest, struct portal *portal)
{
	const char *colon = memchr(span.start, ':', span.len);
	size_t len = colon ? (size_t)(colon - span.start) : span.len;

	*ret_rest = (struct span){ span.start + span.len, 0 };
	if (!take_address(span, portal) && portal_is_ipv6(portal->address))
		return 0;
	*ret_rest = (struct span){ span.start + len, span.len - len };
	if (take_address((struct span){ span.start, len }, portal) < 0)
		return -EINVAL;
	return is_ipv4(portal->address) || is_host_name(portal->address) ? 0 : -EINVAL;
}

static int parse_tpgt(const char *text)
{
	if (!strcmp(text, "-1"))
		return PORTAL_TPGT_NONE;
	return parse_u16((struct span){ text, strlen(text) });
}

int portal_parse(const char *text, int default_port, struct portal *ret_portal)
{
	struct portal portal = { .port = default_port, .tpgt = PORTAL_TPGT_NONE };
	struct span span = { text, strcspn(text, ",") };
	struct span rest = { 0 };
	int error;

	if (text[span.len] == ',') {
		const char *tag = text + span.len + 1;

		portal.tpgt = parse_tpgt(tag);
		if (portal.tpgt < 0 && strcmp(tag, "-1") != 0)
			return -EINVAL;
	}
	error = *text == '[' ? parse_bracketed(span, &rest, &portal) : parse_bare(span, &rest, &portal);
	if (error)
		return error;
	if (rest.len) {
		if (*rest.start != ':')
			return -EINVAL;
		portal.port = parse_u16((struct span){ rest.start + 1, rest.len - 1 });
	}
	if (portal.port < 1 || portal.port > 65535)
		return -EINVAL;
	*ret_portal = portal;
	return 0;
}

const char *portal_format(const struct portal *portal, bool with_tpgt, char buffer[PORTAL_TEXT_MAX])
{
	bool brackets = strchr(portal->address, ':');
	int len = snprintf(buffer, PORTAL_TEXT_MAX, "%s%s%s:%d", brackets ? "[" : "", portal->address,
			   brackets ? "]" : "", portal->port);

	if (with_tpgt && len > 0 && len < PORTAL_TEXT_MAX)
		snprintf(buffer + len, (size_t)(PORTAL_TEXT_MAX - len), ",%d", portal->tpgt);
	return buffer;
}

static int scope_id(const char *scope, uint32_t *ret_id)
{
	unsigned long number;
	char *end;

	*ret_id = 0;
	if (!*scope)
		return 0;
	*ret_id = if_nametoindex(scope);
	if (*ret_id)
		return 0;
	number = strtoul(scope, &end, 10);
	if (*end || *scope < '0' || *scope > '9' || !number || number > UINT32_MAX)
		return -ENODEV;
	*ret_id = (uint32_t)number;
	return 0;
}

int portal_sockaddr(const struct portal *portal, struct sockaddr_storage *ret_address, socklen_t *ret_len)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)portal->port) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)portal->port) };
	const char *scope;
	int error;

	memset(ret_address, 0, sizeof(*ret_address));
	if (inet_pton(AF_INET, portal->address, &in.sin_addr) == 1) {
		memcpy(ret_address, &in, sizeof(in));
		*ret_len = sizeof(in);
		return 0;
	}
	if (!parse_ipv6(portal->address, &in6.sin6_addr, &scope))
		return -ENOENT;
	error = scope_id(scope, &in6.sin6_scope_id);
	if (error)
		return error;
	memcpy(ret_address, &in6, sizeof(in6));
	*ret_len = sizeof(in6);
	return 0;
}

bool portal_equal(const struct portal *a, const struct portal *b)
{
	struct in6_addr in6_a, in6_b;
	const char *scope_a, *scope_b;

	if (a->port != b->port)
		return false;
	if (!strcasecmp(a->address, b->address))
		return true;
	return parse_ipv6(a->address, &in6_a, &scope_a) && parse_ipv6(b->address, &in6_b, &scope_b) &&
	       !memcmp(&in6_a, &in6_b, sizeof(in6_a)) && !strcmp(scope_a, scope_b);
}
