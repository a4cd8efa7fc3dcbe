/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the boot targets of iBFT and of adapters (/sys/firmware/ibft, /sys/firmware/iscsi_bootN).
 * Called by main() and for each new session; the files are the firmware's word, cut at their room.
 */
#include "daemon/boot.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "transport/user/sysfs.h"

#define BOOT_TARGETS_MAX 64

static bool boot_text(const struct daemon *daemon, const char *folder, const char *name, char *text,
		      size_t room)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return sysfs_read(daemon->sysfs, path, text, room) > 0;
}

static void boot_add(struct daemon *daemon, const char *root, const char *name)
{
	struct boot_target target = {.port = 0}, *list;
	char folder[96], text[32];

	snprintf(folder, sizeof(folder), "firmware/%s/%s", root, name);
	if (!boot_text(daemon, folder, "target-name", target.name, sizeof(target.name)))
		return;
	(void)boot_text(daemon, folder, "ip-addr", target.address, sizeof(target.address));
	if (boot_text(daemon, folder, "port", text, sizeof(text)))
		target.port = atoi(text);
	if (boot_text(daemon, folder, "nic-assoc", text, sizeof(text)))
		snprintf(target.nic, sizeof(target.nic), "ethernet%u",
			 (unsigned int)strtoul(text, NULL, 10) % 1000);
	snprintf(target.root, sizeof(target.root), "%s", root);
	snprintf(target.target, sizeof(target.target), "%s", name);
	list = reallocarray(daemon->boot_targets, daemon->boot_count + 1, sizeof(*list));
	if (!list)
		return;
	daemon->boot_targets = list;
	list[daemon->boot_count++] = target;
}

static void boot_folder(struct daemon *daemon, const char *path, const char *prefix,
			void (*fn)(struct daemon *daemon, const char *parent, const char *name),
			const char *parent)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) && daemon->boot_count < BOOT_TARGETS_MAX)
		if (!strncmp(entry->d_name, prefix, strlen(prefix)) && strlen(entry->d_name) < 16)
			fn(daemon, parent, entry->d_name);
	if (folder)
		closedir(folder);
}

static void boot_root(struct daemon *daemon, const char *parent, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/firmware/%s", daemon->sysfs, name);
	boot_folder(daemon, path, "target", boot_add, name);
}

void boot_load(struct daemon *daemon)
{
	char path[PATH_MAX];

	boot_root(daemon, "", "ibft");
	snprintf(path, sizeof(path), "%s/firmware", daemon->sysfs);
	boot_folder(daemon, path, "iscsi_boot", boot_root, "");
}

void boot_done(struct daemon *daemon)
{
	free(daemon->boot_targets);
	daemon->boot_targets = NULL;
	daemon->boot_count = 0;
}

const struct boot_target *boot_find(const struct daemon *daemon, const char *name,
				    const char *address, int port)
{
	const struct boot_target *found = NULL;

	for (size_t i = 0; i < daemon->boot_count; i++) {
		const struct boot_target *at = &daemon->boot_targets[i];

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
