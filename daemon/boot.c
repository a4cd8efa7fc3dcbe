/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps of the boot targets that iface/boot.h finds what a session needs; their secrets are not
 * kept. Called by main() at start, and for each new session.
 */
#include "daemon/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "iface/boot.h"

void boot_load(struct daemon *daemon)
{
	struct boot_list list = {.count = 0};

	if (boot_read(daemon->sysfs, &list) < 0)
		return;
	daemon->boot_places = calloc(list.count + 1, sizeof(*daemon->boot_places));
	for (size_t i = 0; daemon->boot_places && i < list.count; i++) {
		const struct boot_target *target = &list.targets[i];
		struct boot_place *place = &daemon->boot_places[daemon->boot_count++];

		snprintf(place->name, sizeof(place->name), "%s", target->values[BOOT_TARGET_NAME]);
		snprintf(place->address, sizeof(place->address), "%.63s",
			 target->values[BOOT_TARGET_ADDRESS]);
		place->port = atoi(target->values[BOOT_TARGET_PORT]);
		memcpy(place->root, target->root, sizeof(place->root));
		memcpy(place->nic, target->nic, sizeof(place->nic));
		memcpy(place->target, target->target, sizeof(place->target));
	}
	boot_list_done(&list);
}

void boot_done(struct daemon *daemon)
{
	free(daemon->boot_places);
	daemon->boot_places = NULL;
	daemon->boot_count = 0;
}

const struct boot_place *boot_find(const struct daemon *daemon, const char *name,
				   const char *address, int port)
{
	const struct boot_place *found = NULL;

	for (size_t i = 0; i < daemon->boot_count; i++) {
		const struct boot_place *at = &daemon->boot_places[i];

		if (strcmp(at->name, name))
			continue;
		if (!strcmp(at->address, address) && (!at->port || at->port == port))
			return at;
		if (!found)
			found = at;
	}
	return found;
}

void boot_note(struct session *session)
{
	session->boot = boot_find(session->daemon, session_target(session),
				  session_address(session), session_port(session));
}
