/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What answers of an iSNS server say: the gate between a server and the list of targets. Collects nodes and portal groups from any
 * number of answers, then joins them. Pure; called by lib/isns_call.
 */
#ifndef OPENHBA_LIB_ISNS_ANSWER_H
#define OPENHBA_LIB_ISNS_ANSWER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/isns_codec.h"
#include "lib/sendtargets.h"

/* A portal of a target, as a portal group object says it. */
struct isns_place {
	char *target;
	struct in6_addr address;
	uint16_t port, tag;
};

/* All zero is empty. */
struct isns_answer {
	char **targets; /* names of nodes that are targets */
	size_t target_count, target_size;
	struct isns_place *places;
	size_t place_count, place_size;
	size_t refused; /* names and addresses that are not acceptable, left out */
	struct isns_item reading;  /* the last node name */
	struct isns_place portal;  /* of the portal group being read; target is not set */
	char group_name[ISNS_TEXT_MAX];
	unsigned int have; /* of the portal group: which of name, address, port */
};

void isns_answer_done(struct isns_answer *answer);

/*
 * Takes the attributes of one answer, all that is behind the status. -EPROTO: not attributes; -E2BIG: too many targets or
 * portals; -ENOMEM; or as isns_codec_open().
 */
int isns_answer_take(struct isns_answer *answer, const unsigned char *attributes, size_t length);

/* Targets with their portals, by name, address and port, each once. -ENOMEM, -E2BIG. */
int isns_answer_list(struct isns_answer *answer, struct sendtargets_list *ret_list);

#endif
