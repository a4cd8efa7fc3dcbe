/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The topology as a tree of text, with line-drawing characters where the terminal has them, and the words that the other
 * drawings share. Called by topology.c; reads nothing but what was gathered.
 */
#include <stdio.h>
#include <string.h>

#include "adm/print.h"
#include "adm/topology.h"

/* What stands before a line: under a parent that has more children or not, and at the child itself. */
static const struct tree_style {
	const char *child, *last, *more, *none;
} styles[] = {
	{ "|- ", "`- ", "|  ", "   " },
	{ "\u251c\u2500 ", "\u2514\u2500 ", "\u2502  ", "   " },
};

static void add_word(const char **separator, const char *next, struct text *text, const char *word)
{
	if (!*word)
		return;
	text_addf(text, "%s%s", *separator, word);
	*separator = next;
}

void topology_port_words(const struct topology_port *port, const char *separator, struct text *text)
{
	static const char *const kinds[] = { [TOPOLOGY_NIC] = "NIC", [TOPOLOGY_ADAPTER] = "adapter", [TOPOLOGY_DEFAULT] = "any NIC" };
	const char *next = "";

	add_word(&next, separator, text, port->kind == TOPOLOGY_ADAPTER && *port->transport ? port->transport : kinds[port->kind]);
	add_word(&next, separator, text, port->address);
	add_word(&next, separator, text, port->hwaddress);
	add_word(&next, separator, text, port->state);
	add_word(&next, separator, text, port->speed);
}

void topology_portal_words(const struct topology_portal *portal, struct text *text)
{
	char buffer[PORTAL_TEXT_MAX];

	text_add(text, print_portal(portal->address, (int)portal->number, (int)portal->tpgt, buffer));
}

/* LOGGED_IN is "logged in". */
static void add_lower(const char *word, struct text *text)
{
	for (; *word; word++) {
		char letter = (char)(*word == '_' ? ' ' : *word >= 'A' && *word <= 'Z' ? *word + 'a' - 'A' : *word);

		text_add_bytes(text, &letter, 1);
	}
}

void topology_session_words(const struct topology_session *session, struct text *text)
{
	const struct sysfs_session *kernel = session->session;

	add_lower(*kernel->state ? kernel->state : "state not known", text);
	if (*kernel->conn_state && strcmp(kernel->conn_state, "up") != 0)
		text_addf(text, ", connection %s", kernel->conn_state);
	if (!*session->daemon_state)
		return;
	text_add(text, ", iscsid: ");
	add_lower(session->daemon_state, text);
	if (session->since_sec >= 0)
		text_addf(text, " for %lld s", (long long)session->since_sec);
}

/* 20 GiB, 1.5 TiB, 64 MiB; a whole number where the tenth is none. */
void topology_disk_size(const struct topology_disk *disk, struct text *text)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int tenth = 0, unit = 0;
	uint64_t bytes = disk->size_bytes;

	for (; bytes >= 1024; unit++) {
		tenth = (unsigned int)(bytes % 1024 * 10 / 1024);
		bytes /= 1024;
	}
	if (tenth)
		text_addf(text, "%u.%u %s", (unsigned int)bytes, tenth, units[unit]);
	else if (bytes)
		text_addf(text, "%u %s", (unsigned int)bytes, units[unit]);
}

void topology_disk_words(const struct topology_disk *disk, const char *separator, struct text *text)
{
	char lun[32];
	const char *next = "";

	snprintf(lun, sizeof(lun), "LUN %llu", (unsigned long long)disk->device.lun);
	add_word(&next, separator, text, lun);
	add_word(&next, separator, text, disk->model);
	add_word(&next, separator, text, disk->device.state);
}

/* Where the tree stands: which of the levels above have more to come. */
struct trunk {
	const struct topology *topology;
	const struct tree_style *style;
	struct text *text;
	bool more[2];		/* of the portal's and the session's level */
};

static void add_trunk(const struct trunk *trunk, unsigned int depth, bool is_last)
{
	for (unsigned int i = 0; i < depth; i++)
		text_add(trunk->text, trunk->more[i] ? trunk->style->more : trunk->style->none);
	text_add(trunk->text, is_last ? trunk->style->last : trunk->style->child);
}

static void add_disks(const struct trunk *trunk, size_t session, size_t *next)
{
	const struct topology *topology = trunk->topology;

	for (; *next < topology->disk_count && topology->disks[*next].session == session; (*next)++) {
		const struct topology_disk *disk = &topology->disks[*next];

		add_trunk(trunk, 2, *next + 1 == topology->disk_count || disk[1].session != session);
		text_addf(trunk->text, "%s: ", disk->device.block);
		topology_disk_size(disk, trunk->text);
		if (disk->size_bytes)
			text_add(trunk->text, ", ");
		topology_disk_words(disk, ", ", trunk->text);
		if (*disk->holder)
			text_addf(trunk->text, ", %s %s", disk->is_multipath ? "multipath" : "part of", disk->holder);
		text_add(trunk->text, "\n");
	}
}

static void add_sessions(struct trunk *trunk, size_t portal, size_t *next, size_t *next_disk)
{
	const struct topology *topology = trunk->topology;

	for (; *next < topology->session_count && topology->sessions[*next].portal == portal; (*next)++) {
		const struct topology_session *session = &topology->sessions[*next];
		bool is_last = *next + 1 == topology->session_count || session[1].portal != portal;

		add_trunk(trunk, 1, is_last);
		trunk->more[1] = !is_last;
		text_addf(trunk->text, "session %u: %s [%s], ", session->session->sid, session->session->target_name, session->iface);
		topology_session_words(session, trunk->text);
		text_add(trunk->text, "\n");
		add_disks(trunk, *next, next_disk);
	}
}

void topology_text(const struct topology *topology, bool utf8, struct text *text)
{
	struct trunk trunk = { .topology = topology, .style = &styles[utf8], .text = text };
	size_t portal = 0, session = 0, disk = 0;

	for (size_t i = 0; i < topology->port_count; i++) {
		const struct topology_port *port = &topology->ports[i];

		text_addf(text, "%s: ", port->name);
		topology_port_words(port, ", ", text);
		for (size_t iface = 0; iface < port->iface_count; iface++)
			text_addf(text, "%s%s", iface ? ", " : ", ifaces ", port->ifaces[iface]);
		text_add(text, "\n");
		for (; portal < topology->portal_count && topology->portals[portal].port == i; portal++) {
			bool is_last = portal + 1 == topology->portal_count || topology->portals[portal + 1].port != i;

			add_trunk(&trunk, 0, is_last);
			trunk.more[0] = !is_last;
			topology_portal_words(&topology->portals[portal], text);
			text_add(text, "\n");
			add_sessions(&trunk, portal, &session, &disk);
		}
	}
}
