/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Name resolution for logins. getaddrinfo() blocks, so it runs as work of the loop; the job belongs
 * to the loop until its result is delivered, and a cancelled one is only told to keep quiet.
 * Recovery never calls this.
 */
#include "daemon/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/pool.h"

struct resolve {
	struct daemon *daemon;
	struct portal portal;
	struct addresses addresses;
	int gai_error;
	bool cancelled;
	resolve_fn *fn;
	void *data;
};

int addresses_from_literal(const struct portal *portal, struct addresses *ret_addresses)
{
	int r;

	memset(ret_addresses, 0, sizeof(*ret_addresses));
	r = portal_sockaddr(portal, &ret_addresses->list[0], &ret_addresses->len[0]);
	if (r < 0)
		return r;
	ret_addresses->count = 1;
	return 0;
}

static void resolve_run(void *data)
{
	struct resolve *resolve = data;
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char service[8];

	snprintf(service, sizeof(service), "%d", resolve->portal.port);
	resolve->gai_error = getaddrinfo(resolve->portal.address, service, &hints, &found);
	if (resolve->gai_error)
		return;
	for (struct addrinfo *at = found; at && resolve->addresses.count < ADDRESSES_MAX;
	     at = at->ai_next) {
		if (at->ai_family != AF_INET && at->ai_family != AF_INET6)
			continue;
		memcpy(&resolve->addresses.list[resolve->addresses.count], at->ai_addr,
		       at->ai_addrlen);
		resolve->addresses.len[resolve->addresses.count++] = at->ai_addrlen;
	}
	freeaddrinfo(found);
}

static int resolve_error(const struct resolve *resolve)
{
	switch (resolve->gai_error) {
	case 0:
		return resolve->addresses.count ? 0 : -ENOENT;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_MEMORY:
		return -ENOMEM;
	default:
		return -ENOENT;
	}
}

static void resolve_done(void *data, bool cancelled)
{
	struct resolve *resolve = data;
	int error = resolve_error(resolve);

	if (!resolve->cancelled && !cancelled)
		resolve->fn(&resolve->addresses, error,
			    resolve->gai_error ? gai_strerror(resolve->gai_error)
					       : "no usable address",
			    resolve->data);
	free(resolve);
}

int resolve_start(struct daemon *daemon, const struct portal *portal, resolve_fn *fn, void *data,
		  struct resolve **ret_resolve)
{
	struct resolve *resolve = calloc(1, sizeof(*resolve));
	int r;

	if (!resolve)
		return -ENOMEM;
	resolve->portal = *portal;
	resolve->fn = fn;
	resolve->data = data;
	resolve->daemon = daemon;
	r = pool_work(daemon->names, resolve_run, resolve_done, resolve);
	if (r < 0) {
		free(resolve);
		return r;
	}
	*ret_resolve = resolve;
	return 0;
}

void resolve_cancel(struct resolve *resolve)
{
	if (resolve)
		resolve->cancelled = true;
}
