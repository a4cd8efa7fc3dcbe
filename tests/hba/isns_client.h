/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The firmware as a client of an iSNS server: asks it once for the targets it may see, each of which becomes an entry of the device
 * database. The conversation is lib/isns_call's. Called by the commands about the control block; knows nothing of registers.
 */
#ifndef OPENHBA_TESTS_HBA_ISNS_CLIENT_H
#define OPENHBA_TESTS_HBA_ISNS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct isns_client;
struct loop;
struct portal;

#define ISNS_CLIENT_PORT 3205

struct isns_client_settings {
	struct loop *loop;
	void *data; /* of the calls below */

	/* Event 8021: register 1 is 1 when the server has answered, 2 when it has not. */
	void (*aen)(void *data, const uint32_t words[8]);

	/* Out of the control block; valid until the next call. */
	const char *(*initiator_name)(void *data);
	const char *(*initiator_alias)(void *data);

	/* Calls fn where the port's network is. -errno: it cannot, and fn was not called. */
	int (*inside)(void *data, void (*fn)(void *client), void *client);

	/* A target at a portal. */
	void (*found)(void *data, const char *name, const struct portal *portal);
};

struct isns_client *isns_client_new(const struct isns_client_settings *settings); /* copied; NULL: no memory */
void isns_client_free(struct isns_client *client);				 /* NULL is fine */

/* The service is on, and the server is asked; what was under way is forgotten. Its end is told by aen, also of a failure at once. */
void isns_client_begin(struct isns_client *client, const struct sockaddr_storage *server, socklen_t length);

/* Off, silently. */
void isns_client_end(struct isns_client *client);
bool isns_client_is_on(const struct isns_client *client);

#endif
