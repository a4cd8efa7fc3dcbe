/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Patterns of iface.nics: what an administrator wrote is checked here, once, and matched against ports. Called by iface/policy.c when a
 * program reads iscsid.conf, and by what makes ifaces. Knows nothing of records.
 */
#include "iface/nics.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ", \t"

enum pattern_kind { PATTERN_NAME, PATTERN_DRIVER, PATTERN_MAC, PATTERN_PATH };

struct pattern {
	char *text;		/* as written */
	const char *glob;	/* in it, behind "!" and "driver:" */
	enum pattern_kind kind;
	bool is_not, has_wildcard;
};

struct nics {
	struct pattern *patterns;
	size_t count;
};

static const struct {
	const char *prefix;
	enum pattern_kind kind;
} prefixes[] = {
	{ "driver:", PATTERN_DRIVER },
	{ "mac:", PATTERN_MAC },
	{ "path:", PATTERN_PATH },
};

void nics_free(struct nics *nics)
{
	if (!nics)
		return;
	for (size_t i = 0; i < nics->count; i++)
		free(nics->patterns[i].text);
	free(nics->patterns);
	free(nics);
}

static void complain(struct text *problem, const struct pattern *pattern, const char *why)
{
	if (problem)
		text_addf(problem, "\"%s\" %s", pattern->text, why);
}

static bool is_mac_pattern(const char *glob)
{
	for (; *glob; glob++)
		if (!isxdigit((unsigned char)*glob) && !strchr(":*?[]-!^", *glob))
			return false;
	return true;
}

/* Why no NIC could ever match; NULL: one could. */
static const char *fault_of(const struct pattern *pattern)
{
	if (!*pattern->glob)
		return "has nothing to match";
	if (pattern->kind == PATTERN_MAC && !is_mac_pattern(pattern->glob))
		return "is no MAC address with wildcards, like mac:00:0e:1e:*";
	if (pattern->kind != PATTERN_NAME)
		return NULL;
	if (!strcmp(pattern->glob, "none"))
		return "stands alone: with other patterns it says nothing";
	if (strchr(pattern->glob, ':'))
		return "begins with none of driver:, mac: and path:, and no name of a NIC has a colon";
	if (strchr(pattern->glob, '/'))
		return "is no name of a NIC: it has a slash";
	if (!pattern->has_wildcard && strlen(pattern->glob) >= IFNAMSIZ)
		return "is longer than the name of any NIC (15 bytes)";
	return NULL;
}

/* Takes the words of the pattern apart. */
static void read_pattern(struct pattern *pattern)
{
	pattern->is_not = *pattern->text == '!';
	pattern->glob = pattern->text + pattern->is_not;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (strncmp(pattern->glob, prefixes[i].prefix, len) != 0)
			continue;
		pattern->glob += len;
		pattern->kind = prefixes[i].kind;
		break;
	}
	pattern->has_wildcard = strpbrk(pattern->glob, "*?[");
}

static int add_pattern(struct nics *nics, const char *text, size_t len, struct text *problem)
{
	struct pattern *grown = realloc(nics->patterns, (nics->count + 1) * sizeof(*grown)), *pattern;
	const char *fault;

	if (!grown)
		return -ENOMEM;
	nics->patterns = grown;
	pattern = &grown[nics->count];
	*pattern = (struct pattern){ .text = strndup(text, len), .kind = PATTERN_NAME };
	if (!pattern->text)
		return -ENOMEM;
	nics->count++;
	read_pattern(pattern);
	fault = fault_of(pattern);
	if (fault)
		complain(problem, pattern, fault);
	return fault ? -EINVAL : 0;
}

int nics_parse(const char *text, struct nics **ret_nics, struct text *problem)
{
	struct nics *nics = calloc(1, sizeof(*nics));
	const char *at = text ? text : "";
	int error = 0;

	if (!nics)
		return -ENOMEM;
	at += strspn(at, SEPARATORS);
	if (!strncmp(at, "none", 4) && !at[4 + strspn(at + 4, SEPARATORS)])
		at += strlen(at);
	for (size_t len; !error && *at; at += len, at += strspn(at, SEPARATORS)) {
		len = strcspn(at, SEPARATORS);
		error = add_pattern(nics, at, len, problem);
	}
	if (error) {
		nics_free(nics);
		return error;
	}
	*ret_nics = nics;
	return 0;
}

bool nics_is_none(const struct nics *nics)
{
	return !nics || !nics->count;
}

static bool matches_mac(const struct pattern *pattern, const char *mac)
{
	return *mac && !fnmatch(pattern->glob, mac, FNM_CASEFOLD | FNM_NOESCAPE);
}

static bool matches(const struct pattern *pattern, const struct port *port)
{
	switch (pattern->kind) {
	case PATTERN_NAME:
		return !fnmatch(pattern->glob, port->netdev, FNM_NOESCAPE);
	case PATTERN_DRIVER:
		return *port->driver && !fnmatch(pattern->glob, port->driver, FNM_NOESCAPE);
	case PATTERN_MAC:
		return matches_mac(pattern, port->hwaddress) || matches_mac(pattern, port->permanent);
	case PATTERN_PATH:
		return *port->path && !fnmatch(pattern->glob, port->path, FNM_NOESCAPE);
	}
	return false;
}

/* Only a NIC whose own the link is may be meant by a pattern that many match. */
static bool is_named_only(const struct port *port)
{
	return !*port->path || *port->nic_kind || *port->master;
}

static bool is_full_name(const struct pattern *pattern)
{
	return pattern->kind == PATTERN_NAME && !pattern->has_wildcard;
}

bool nics_select(const struct nics *nics, const struct port *port, const char **ret_pattern)
{
	const struct pattern *last = NULL;

	if (ret_pattern)
		*ret_pattern = NULL;
	if (!nics || port->kind != PORT_NIC || port->is_loopback)
		return false;
	for (size_t i = nics->count; !last && i-- > 0;) {
		const struct pattern *pattern = &nics->patterns[i];

		if (matches(pattern, port) && (pattern->is_not || is_full_name(pattern) || !is_named_only(port)))
			last = pattern;
	}
	if (last && ret_pattern)
		*ret_pattern = last->text;
	return last && !last->is_not;
}
