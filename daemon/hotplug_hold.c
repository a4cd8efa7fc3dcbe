/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records an administrator logged out of: not logged in to by themselves until somebody logs in to
 * them by hand, or they are removed. They are kept in RUNDIR/holds, a line each, so that they
 * outlive the daemon but not the machine. Called by the IPC's verbs and by logins; worker threads
 * read and write the file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/hotplug.h"
#include "daemon/hotplug_set.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/text.h"

#define HOLD_BYTES_MAX (64u << 20)

struct hold_writing {
	struct hotplug *set;
	char path[288];
	struct text text;
	int error;
};

/* ---- the list ---- */

/* Where it is, or belongs. */
static size_t hold_place(const struct hotplug *set, const char *name, bool *ret_is_there)
{
	size_t low = 0, high = set->hold_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(set->holds[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_is_there = low < set->hold_count && !strcmp(set->holds[low], name);
	return low;
}

bool hotplug_is_held(const struct hotplug *set, const char *name)
{
	bool is_there;

	hold_place(set, name, &is_there);
	return is_there;
}

/* False: it is there already, or there is no room. */
static bool hold_add(struct hotplug *set, const char *name)
{
	bool is_there;
	size_t at = hold_place(set, name, &is_there);
	char **grown, *copy;

	if (is_there || set->hold_count == HOTPLUG_HOLDS_MAX)
		return false;
	grown = reallocarray(set->holds, set->hold_count + 1, sizeof(*grown));
	if (!grown)
		return false;
	set->holds = grown;
	copy = strdup(name);
	if (!copy)
		return false;
	memmove(&grown[at + 1], &grown[at], (set->hold_count++ - at) * sizeof(*grown));
	grown[at] = copy;
	return true;
}

static bool hold_remove(struct hotplug *set, const char *name)
{
	bool is_there;
	size_t at = hold_place(set, name, &is_there);

	if (!is_there)
		return false;
	free(set->holds[at]);
	memmove(&set->holds[at], &set->holds[at + 1],
		(--set->hold_count - at) * sizeof(*set->holds));
	return true;
}

/* ---- the file ---- */

static void holds_write(void *data)
{
	struct hold_writing *writing = data;

	if (writing->text.failed)
		writing->error = -ENOMEM;
	else
		writing->error =
			text_write_file(writing->path, writing->text.data ? writing->text.data : "",
					writing->text.len, 0600);
}

static void holds_save(struct hotplug *set);

static void holds_written(void *data, bool cancelled)
{
	struct hold_writing *writing = data;
	struct hotplug *set = writing->set;

	set->daemon->works--;
	set->is_writing_holds = false;
	if (writing->error)
		log_warning("cannot write %s, so that the next iscsid logs in again to what an "
			    "administrator logged out of: %s",
			    writing->path, strerror(-writing->error));
	text_done(&writing->text);
	free(writing);
	if (set->wants_holds && !cancelled)
		holds_save(set);
}

/* Not before the file was read: it would be forgotten. */
static void holds_save(struct hotplug *set)
{
	struct hold_writing *writing;

	set->wants_holds = set->is_writing_holds || !set->has_holds;
	if (set->wants_holds)
		return;
	writing = calloc(1, sizeof(*writing));
	if (!writing)
		return;
	writing->set = set;
	memcpy(writing->path, set->hold_path, sizeof(writing->path));
	for (size_t i = 0; i < set->hold_count; i++)
		text_addf(&writing->text, "%s\n", set->holds[i]);
	if (loop_work(set->daemon->loop, holds_write, holds_written, writing, NULL) < 0) {
		text_done(&writing->text);
		free(writing);
		return;
	}
	set->is_writing_holds = true;
	set->daemon->works++;
}

/* A line that is no key is left out: the file may be somebody's else. */
static char *hold_parse(const char *line)
{
	char name[NODE_KEY_TEXT_MAX];
	struct node_key key;

	if (strlen(line) >= NODE_KEY_TEXT_MAX || node_key_parse(line, &key) < 0)
		return NULL;
	hotplug_name(&key, name);
	return strdup(name);
}

void hotplug_hold_read(const char *path, char ***ret_names, size_t *ret_count)
{
	struct text text = {0};
	char *rest = NULL, *line = NULL, **grown;

	*ret_names = NULL;
	*ret_count = 0;
	if (text_read_file(path, HOLD_BYTES_MAX, &text) == 0 && text.data && !text.failed)
		line = strtok_r(text.data, "\n", &rest);
	for (; line && *ret_count < HOTPLUG_HOLDS_MAX; line = strtok_r(NULL, "\n", &rest)) {
		char *name = hold_parse(line);

		grown = name ? reallocarray(*ret_names, *ret_count + 1, sizeof(*grown)) : NULL;
		if (!grown) {
			free(name);
			continue;
		}
		*ret_names = grown;
		grown[(*ret_count)++] = name;
	}
	text_done(&text);
}

/* Those the pass looked for and did not find are of records that were removed. */
void hotplug_hold_take(struct hotplug *set, const struct hotplug_pass *pass)
{
	bool has_changed = false;

	for (size_t i = 0; pass->reads_holds && i < pass->hold_count; i++)
		(void)hold_add(set, pass->holds[i]);
	for (size_t i = 0; pass->holds_seen && i < pass->hold_count; i++)
		if (!pass->holds_seen[i] && hold_remove(set, pass->holds[i]))
			has_changed = true;
	set->has_holds |= pass->reads_holds;
	if (has_changed || (set->wants_holds && set->has_holds))
		holds_save(set);
}

void hotplug_hold_done(struct hotplug *set)
{
	for (size_t i = 0; i < set->hold_count; i++)
		free(set->holds[i]);
	free(set->holds);
	set->holds = NULL;
	set->hold_count = 0;
}

/* ---- verbs ---- */

/* Only what is logged in to by itself can be held back from it. */
static bool is_managed(const struct hotplug *set, const struct record *node, const char *iface)
{
	for (size_t i = 0; i < set->iface_count; i++)
		if (!strcmp(set->ifaces[i].name, iface))
			return set->ifaces[i].is_managed;
	return policy_is_managed(node);
}

static void tell(struct hotplug *set, const char *event, const struct node_key *key,
		 const char *cause, const char *what)
{
	char portal[PORTAL_TEXT_MAX];
	struct hotplug_event told = {
		.event = event, .level = LOG_LEVEL_INFO, .cause = cause, .key = key};

	hotplug_tell(set, &told, "record %s %s [%s]: %s (%s)", key->target,
		     portal_format(&key->portal, key->portal.tpgt >= 0, portal), key->iface, what,
		     cause);
}

void hotplug_hold(struct daemon *daemon, const struct record *node)
{
	struct hotplug *set = daemon->hotplug;
	char name[NODE_KEY_TEXT_MAX];
	struct node_key key;

	if (!set)
		return;
	node_key_of(node, &key);
	hotplug_name(&key, name);
	if (!is_managed(set, node, key.iface) || !hold_add(set, name))
		return;
	tell(set, "record-held", &key, "logged out by a client",
	     "not logged in to by itself until it is logged in to by hand");
	holds_save(set);
}

void hotplug_release(struct daemon *daemon, const struct record *node)
{
	struct hotplug *set = daemon->hotplug;
	char name[NODE_KEY_TEXT_MAX];
	struct node_key key;

	if (!set || !set->hold_count)
		return;
	node_key_of(node, &key);
	hotplug_name(&key, name);
	if (!hold_remove(set, name))
		return;
	tell(set, "record-released", &key, "logged in to by a client",
	     "logged in to by itself from now on");
	holds_save(set);
}
