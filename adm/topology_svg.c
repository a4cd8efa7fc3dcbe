/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The topology as an SVG picture: a column each for ports, portals, sessions, disks and what is made of several disks, with
 * lines between them, coloured by health. Needs nothing else to be looked at: no font, script or style of another file.
 * Called by topology.c; all text in it is escaped and made valid UTF-8 here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/topology.h"

/* Pixels. */
#define MARGIN 28
#define HEAD 132		/* above the first row */
#define PITCH 56		/* from row to row */
#define BOX 44			/* height of a box */
#define PORT_GAP 18		/* more between ports */
#define TITLE_CHAR 8		/* an average character, on the wide side */
#define DETAIL_CHAR 6
#define TEXT_INSET 20
#define LEGEND_STEP 92

enum column { COLUMN_PORT, COLUMN_PORTAL, COLUMN_SESSION, COLUMN_DISK, COLUMN_HOLDER, COLUMN_COUNT };

static const struct {
	int x, width;
	const char *heading;
} columns[COLUMN_COUNT] = {
	[COLUMN_PORT] = { MARGIN, 352, "Ports" },
	[COLUMN_PORTAL] = { 456, 232, "Portals" },
	[COLUMN_SESSION] = { 764, 372, "Sessions" },
	[COLUMN_DISK] = { 1212, 252, "Disks" },
	[COLUMN_HOLDER] = { 1540, 196, "Devices on top" },
};

static const char style[] =
	"svg{font-family:system-ui,'Segoe UI','Liberation Sans','DejaVu Sans',Helvetica,Arial,sans-serif}\n"
	".page{fill:#f6f8fa}.box{fill:#fff;stroke:#d0d7de}.box.warning{fill:#fffbef;stroke:#e3c46b}.box.bad{fill:#fff5f4;stroke:#f0a6a0}\n"
	".name{font-size:13px;font-weight:600;fill:#1f2328}.more{font-size:11px;fill:#59636e}\n"
	".head{font-size:20px;font-weight:600;fill:#1f2328}.column{font-size:12px;font-weight:600;fill:#59636e;letter-spacing:.6px}\n"
	".rule{stroke:#d0d7de}.mark.good{fill:#2da44e}.mark.warning{fill:#d29922}.mark.bad{fill:#cf222e}.mark.idle{fill:#8c959f}\n"
	".line{fill:none;stroke-width:1.8;stroke-opacity:.65}.line.good{stroke:#2da44e}.line.warning{stroke:#d29922}"
	".line.bad{stroke:#cf222e}.line.idle{stroke:#8c959f}\n"
	"@media (prefers-color-scheme:dark){.page{fill:#0d1117}.box{fill:#161b22;stroke:#30363d}.box.warning{fill:#272115;stroke:#6b5416}"
	".box.bad{fill:#2d1618;stroke:#7d2b2e}.name,.head{fill:#e6edf3}.more,.column{fill:#9198a1}.rule{stroke:#30363d}}\n";

static const char *const health_words[] = {
	[HEALTH_IDLE] = "idle", [HEALTH_GOOD] = "good", [HEALTH_WARNING] = "warning", [HEALTH_BAD] = "bad",
};

/* What several disks are part of. */
struct holder {
	const char *name;
	bool is_multipath;
	int y;			/* its middle; while disks are added: the sum of theirs */
	size_t disks;
	enum health health;
};

struct picture {
	const struct topology *topology;
	struct text *text;
	int *port_y, *portal_y, *session_y, *disk_y;	/* the middle of each box */
	struct holder *holders;
	size_t holder_count;
	size_t *disk_holder;				/* index; holder_count: none */
	int bottom;					/* where the next row begins */
};

/* Bytes of the UTF-8 character at text, or 0 if it is none that XML may hold. */
static size_t character_length(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t len = byte[0] < 0x80 ? 1 : byte[0] >= 0xc2 && byte[0] < 0xe0 ? 2 : (byte[0] & 0xf0) == 0xe0 ? 3 :
		     byte[0] >= 0xf0 && byte[0] < 0xf5 ? 4 : 0;

	if (len == 1)
		return byte[0] >= ' ' && byte[0] != 0x7f;
	for (size_t i = 1; i < len; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what Unicode or XML does not have. */
	if ((byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xed && byte[1] > 0x9f) || (byte[0] == 0xf0 && byte[1] < 0x90) ||
	    (byte[0] == 0xf4 && byte[1] > 0x8f) || (byte[0] == 0xef && byte[1] == 0xbf && byte[2] > 0xbd))
		return 0;
	return len;
}

static size_t count_characters(const char *text)
{
	size_t count = 0, len;

	for (; *text; count++) {
		len = character_length(text);
		text += len ? len : 1;
	}
	return count;
}

static void add_character(const char *at, size_t len, struct text *text)
{
	static const struct {
		char character;
		const char *escape;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		if (*at == escapes[i].character) {
			text_add(text, escapes[i].escape);
			return;
		}
	}
	if (len)
		text_add_bytes(text, at, len);
	else
		text_add(text, "\ufffd");
}

/* The text, escaped; where it is longer than room characters its middle gives way, for both ends of a name say more. */
static void add_text(const char *at, size_t room, struct text *text)
{
	size_t count = count_characters(at), head = room / 3, skip_from = count, skip_to = count;

	if (count > room) {
		skip_from = head;
		skip_to = count - (room - head - 1);
	}
	for (size_t i = 0; *at; i++) {
		size_t len = character_length(at);

		if (i == skip_from)
			text_add(text, "\u2026");
		if (i < skip_from || i >= skip_to)
			add_character(at, len, text);
		at += len ? len : 1;
	}
}

/* A box with two lines of text; whoever points at it sees all of them. */
static void add_box(struct picture *picture, enum column column, int y, enum health health, const char *name, const char *more)
{
	const char *word = health_words[health];
	int x = columns[column].x, top = y - BOX / 2, width = columns[column].width;
	size_t room = (size_t)(width - TEXT_INSET - 8);
	struct text *text = picture->text;

	text_add(text, "<g><title>");
	add_text(name, SIZE_MAX, text);
	text_add(text, "\n");
	add_text(more, SIZE_MAX, text);
	text_addf(text, "</title><rect class=\"box %s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>", word, x, top, width, BOX);
	text_addf(text, "<rect class=\"mark %s\" x=\"%d\" y=\"%d\" width=\"4\" height=\"%d\" rx=\"2\"/>", word, x + 8, top + 8, BOX - 16);
	text_addf(text, "<text class=\"name\" x=\"%d\" y=\"%d\">", x + TEXT_INSET, top + 19);
	add_text(name, room / TITLE_CHAR, text);
	text_addf(text, "</text><text class=\"more\" x=\"%d\" y=\"%d\">", x + TEXT_INSET, top + 35);
	add_text(more, room / DETAIL_CHAR, text);
	text_add(text, "</text></g>\n");
}

/* From the right side of a box to the left side of one in the next column. */
static void add_line(struct picture *picture, enum column from, int from_y, int to_y, enum health health)
{
	int x1 = columns[from].x + columns[from].width, x2 = columns[from + 1].x, middle = (x1 + x2) / 2;

	text_addf(picture->text, "<path class=\"line %s\" d=\"M%d %dC%d %d %d %d %d %d\"/>\n", health_words[health], x1, from_y, middle,
		  from_y, middle, to_y, x2, to_y);
}

/* ---- places ---- */

static int next_row(struct picture *picture)
{
	int y = picture->bottom + BOX / 2;

	picture->bottom += PITCH;
	return y;
}

/* A parent stands in the middle of its children; without any it has a row of its own. */
static int middle_of(struct picture *picture, const int *y, size_t first, size_t end)
{
	return first == end ? next_row(picture) : (y[first] + y[end - 1]) / 2;
}

static void place_all(struct picture *picture)
{
	const struct topology *topology = picture->topology;
	size_t portal = 0, session = 0, disk = 0;

	for (size_t i = 0; i < topology->port_count; i++) {
		size_t first_portal = portal;

		for (; portal < topology->portal_count && topology->portals[portal].port == i; portal++) {
			size_t first_session = session;

			for (; session < topology->session_count && topology->sessions[session].portal == portal; session++) {
				size_t first_disk = disk;

				for (; disk < topology->disk_count && topology->disks[disk].session == session; disk++)
					picture->disk_y[disk] = next_row(picture);
				picture->session_y[session] = middle_of(picture, picture->disk_y, first_disk, disk);
			}
			picture->portal_y[portal] = middle_of(picture, picture->session_y, first_session, session);
		}
		picture->port_y[i] = middle_of(picture, picture->portal_y, first_portal, portal);
		picture->bottom += PORT_GAP;
	}
}

static void join_holder(struct picture *picture, size_t disk)
{
	const struct topology_disk *part = &picture->topology->disks[disk];
	struct holder *holder;
	size_t i = 0;

	while (i < picture->holder_count && strcmp(picture->holders[i].name, part->holder) != 0)
		i++;
	holder = &picture->holders[i];
	if (i == picture->holder_count) {
		*holder = (struct holder){ .name = part->holder, .is_multipath = part->is_multipath, .health = part->health };
		picture->holder_count++;
	} else if (holder->health != part->health) {
		holder->health = HEALTH_WARNING;
	}
	holder->y += picture->disk_y[disk];
	holder->disks++;
	picture->disk_holder[disk] = i;
}

static int by_height(const void *a, const void *b, void *data)
{
	const struct holder *holders = data;
	int left = holders[*(const size_t *)a].y, right = holders[*(const size_t *)b].y;

	return left < right ? -1 : left > right;
}

/* Each stands beside the middle of its disks, or as near as the one above lets it. */
static int place_holders(struct picture *picture)
{
	size_t *order = calloc(picture->topology->disk_count + 1, sizeof(*order));
	int above = HEAD + BOX / 2 - PITCH;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < picture->topology->disk_count; i++) {
		picture->disk_holder[i] = SIZE_MAX;
		if (*picture->topology->disks[i].holder)
			join_holder(picture, i);
	}
	for (size_t i = 0; i < picture->holder_count; i++) {
		picture->holders[i].y /= (int)picture->holders[i].disks;
		order[i] = i;
	}
	qsort_r(order, picture->holder_count, sizeof(*order), by_height, picture->holders);
	for (size_t i = 0; i < picture->holder_count; i++) {
		struct holder *holder = &picture->holders[order[i]];

		if (holder->y < above + PITCH)
			holder->y = above + PITCH;
		above = holder->y;
	}
	if (picture->bottom < above + BOX)
		picture->bottom = above + BOX;
	free(order);
	return 0;
}

/* ---- drawing ---- */

static void add_lines(struct picture *picture)
{
	const struct topology *topology = picture->topology;

	for (size_t i = 0; i < topology->portal_count; i++)
		add_line(picture, COLUMN_PORT, picture->port_y[topology->portals[i].port], picture->portal_y[i],
			 topology->portals[i].health);
	for (size_t i = 0; i < topology->session_count; i++)
		add_line(picture, COLUMN_PORTAL, picture->portal_y[topology->sessions[i].portal], picture->session_y[i],
			 topology->sessions[i].health);
	for (size_t i = 0; i < topology->disk_count; i++) {
		const struct topology_disk *disk = &topology->disks[i];

		add_line(picture, COLUMN_SESSION, picture->session_y[disk->session], picture->disk_y[i], disk->health);
		if (picture->disk_holder[i] != SIZE_MAX)
			add_line(picture, COLUMN_DISK, picture->disk_y[i], picture->holders[picture->disk_holder[i]].y, disk->health);
	}
}

/* What a box says in its two lines; freed by add_words(). */
struct words {
	struct text name, more;
};

static void add_words(struct picture *picture, enum column column, int y, enum health health, struct words *words)
{
	picture->text->failed |= words->name.failed || words->more.failed;
	add_box(picture, column, y, health, words->name.data ? words->name.data : "", words->more.data ? words->more.data : "");
	text_done(&words->name);
	text_done(&words->more);
}

#define DOT " \u00b7 "

static void add_port(struct picture *picture, size_t i)
{
	const struct topology_port *port = &picture->topology->ports[i];
	struct words words = { 0 };

	text_add(&words.name, port->name);
	for (size_t iface = 0; iface < port->iface_count; iface++)
		text_addf(&words.name, "%s%s", iface ? ", " : DOT, port->ifaces[iface]);
	topology_port_words(port, DOT, &words.more);
	add_words(picture, COLUMN_PORT, picture->port_y[i], port->health, &words);
}

static void add_portal(struct picture *picture, size_t i)
{
	const struct topology_portal *portal = &picture->topology->portals[i];
	struct words words = { 0 };

	topology_portal_words(portal, &words.name);
	text_addf(&words.more, "%zu session%s", portal->sessions, portal->sessions == 1 ? "" : "s");
	add_words(picture, COLUMN_PORTAL, picture->portal_y[i], portal->health, &words);
}

static void add_session(struct picture *picture, size_t i)
{
	const struct topology_session *session = &picture->topology->sessions[i];
	struct words words = { 0 };

	text_add(&words.name, session->session->target_name);
	text_addf(&words.more, "session %u" DOT "%s" DOT, session->session->sid, session->iface);
	topology_session_words(session, &words.more);
	add_words(picture, COLUMN_SESSION, picture->session_y[i], session->health, &words);
}

static void add_disk(struct picture *picture, size_t i)
{
	const struct topology_disk *disk = &picture->topology->disks[i];
	struct words words = { 0 };

	text_add(&words.name, disk->device.block);
	if (disk->size_bytes)
		text_add(&words.name, DOT);
	topology_disk_size(disk, &words.name);
	topology_disk_words(disk, DOT, &words.more);
	add_words(picture, COLUMN_DISK, picture->disk_y[i], disk->health, &words);
}

static void add_holder(struct picture *picture, const struct holder *holder)
{
	struct words words = { 0 };

	text_add(&words.name, holder->name);
	text_addf(&words.more, holder->is_multipath ? "multipath" DOT "%zu path%s" : "%zu disk%s", holder->disks,
		  holder->disks == 1 ? "" : "s");
	add_words(picture, COLUMN_HOLDER, holder->y, holder->health, &words);
}

static void add_boxes(struct picture *picture)
{
	for (size_t i = 0; i < picture->topology->port_count; i++)
		add_port(picture, i);
	for (size_t i = 0; i < picture->topology->portal_count; i++)
		add_portal(picture, i);
	for (size_t i = 0; i < picture->topology->session_count; i++)
		add_session(picture, i);
	for (size_t i = 0; i < picture->topology->disk_count; i++)
		add_disk(picture, i);
	for (size_t i = 0; i < picture->holder_count; i++)
		add_holder(picture, &picture->holders[i]);
}

static size_t column_end(const struct picture *picture)
{
	return picture->holder_count ? COLUMN_COUNT : COLUMN_HOLDER;
}

static void add_legend(struct picture *picture, int width)
{
	static const enum health order[] = { HEALTH_GOOD, HEALTH_WARNING, HEALTH_BAD, HEALTH_IDLE };
	static const char *const meanings[] = {
		[HEALTH_GOOD] = "works", [HEALTH_WARNING] = "degraded", [HEALTH_BAD] = "failed", [HEALTH_IDLE] = "not used",
	};
	int x = width - MARGIN - 4 * LEGEND_STEP;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++, x += LEGEND_STEP)
		text_addf(picture->text,
			  "<circle class=\"mark %s\" cx=\"%d\" cy=\"42\" r=\"5\"/><text class=\"more\" x=\"%d\" y=\"46\">%s</text>\n",
			  health_words[order[i]], x + 8, x + 20, meanings[order[i]]);
}

static void add_head(struct picture *picture, int width)
{
	const struct topology *topology = picture->topology;
	const size_t counts[COLUMN_COUNT] = { topology->port_count, topology->portal_count, topology->session_count,
					      topology->disk_count, picture->holder_count };
	struct text *text = picture->text;

	text_addf(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n", width,
		  picture->bottom + MARGIN - PORT_GAP, width, picture->bottom + MARGIN - PORT_GAP);
	text_addf(text, "<title>iSCSI topology: %zu ports, %zu sessions, %zu disks</title>\n<style>\n%s</style>\n", topology->port_count,
		  topology->session_count, topology->disk_count, style);
	text_add(text, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
	text_addf(text, "<text class=\"head\" x=\"%d\" y=\"48\">iSCSI topology</text>\n", MARGIN);
	add_legend(picture, width);
	text_addf(text, "<path class=\"rule\" d=\"M%d 72H%d\"/>\n", MARGIN, width - MARGIN);
	for (size_t i = 0; i < column_end(picture); i++)
		text_addf(text, "<text class=\"column\" x=\"%d\" y=\"106\">%s (%zu)</text>\n", columns[i].x, columns[i].heading, counts[i]);
}

static void draw(struct picture *picture)
{
	size_t last = column_end(picture) - 1;

	add_head(picture, columns[last].x + columns[last].width + MARGIN);
	add_lines(picture);
	add_boxes(picture);
	text_add(picture->text, "</svg>\n");
}

void topology_svg(const struct topology *topology, struct text *text)
{
	struct picture picture = { .topology = topology, .text = text, .bottom = HEAD };

	picture.port_y = calloc(topology->port_count + 1, sizeof(int));
	picture.portal_y = calloc(topology->portal_count + 1, sizeof(int));
	picture.session_y = calloc(topology->session_count + 1, sizeof(int));
	picture.disk_y = calloc(topology->disk_count + 1, sizeof(int));
	picture.holders = calloc(topology->disk_count + 1, sizeof(*picture.holders));
	picture.disk_holder = calloc(topology->disk_count + 1, sizeof(*picture.disk_holder));
	text->failed |= !picture.port_y || !picture.portal_y || !picture.session_y || !picture.disk_y || !picture.holders ||
			!picture.disk_holder;
	if (!text->failed) {
		place_all(&picture);
		text->failed |= place_holders(&picture) != 0;
	}
	if (!text->failed)
		draw(&picture);
	free(picture.port_y);
	free(picture.portal_y);
	free(picture.session_y);
	free(picture.disk_y);
	free(picture.holders);
	free(picture.disk_holder);
}
