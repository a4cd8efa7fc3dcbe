/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes all records as the tree of files that open-iscsi reads. It grows in a folder of its own inside the destination, is
 * synced, and then moved into place, so that a half-written tree is never found under a name that counts. Called by iscsiadm.
 */
#include "lib/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/name.h"
#include "lib/tree_path.h"

#define TREE_FILE_MAX (256 * 1024)

static const char *const folders[] = { "nodes", "send_targets", "isns", "static", "fw", "ifaces" };
#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))

struct export {
	const char *dir;		/* absolute: links name it */
	char stage[PATH_MAX];
	int error;
	tree_say_fn *say;
	void *data;
	struct tree_count count;
};

static int make_folder(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

/* The folders on the way to the last name of stage/relative. */
static int make_way(const char *path, size_t base_len)
{
	char part[PATH_MAX];
	int error = 0;

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + base_len + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		error = make_folder(part);
		*slash = '/';
	}
	return error;
}

static int join(const struct export *export, const char *relative, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", export->stage, relative) >= PATH_MAX)
		return -ENAMETOOLONG;
	return make_way(path, strlen(export->stage));
}

/* No sync for each: all of it is synced once, before it gets its names. */
static int write_new(const struct export *export, const char *relative, const struct text *text)
{
	char path[PATH_MAX];
	int fd, error = join(export, relative, path);
	size_t done = 0;
	ssize_t n = 0;

	if (error)
		return error;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (done < text->len && (n = write(fd, text->data + done, text->len - done)) > 0)
		done += (size_t)n;
	error = done < text->len ? n < 0 ? -errno : -EIO : 0;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

/* Settings that came after 2.1.8. Its library refuses a whole list for one name it does not know, so they are left out unless used. */
static const enum field recent[] = {
	F_NODE_SESSION_LOGIN_REDIRECT_MAX,
	F_NODE_SESSION_SESS_REOPEN_LOG_FREQ,
	F_NODE_SESSION_CONN_REOPEN_LOG_FREQ,
	F_NODE_CONN_TCP_CONGESTION_CONTROL,
	F_DISCOVERY_SENDTARGETS_LOGIN_REDIRECT_MAX,
};

/*
 * Settings of the iface manager, which no open-iscsi has. They are never exported, for the same reason; what there is to a port
 * the manager finds out again.
 */
static bool is_own(const char *line, size_t len)
{
	char name[TEXT_NAME_MAX + 1];
	size_t name_len = 0;
	enum field field;

	while (name_len < len && name_len < TEXT_NAME_MAX && !strchr(" \t=\n", line[name_len]))
		name_len++;
	memcpy(name, line, name_len);
	name[name_len] = '\0';
	field = field_find(RECORD_IFACE, name);
	return field != FIELD_NONE && field_rows[field].flags & FIELD_QUIET;
}

static bool is_left_out(const struct record *record, const char *line, size_t len)
{
	char value[FIELD_NUMBER_TEXT_MAX];

	if (is_own(line, len))
		return true;
	for (size_t i = 0; i < sizeof(recent) / sizeof(recent[0]); i++) {
		const struct field_row *row = &field_rows[recent[i]];

		if (len > row->name_len && !memcmp(line, row->name, row->name_len) && line[row->name_len] == ' ')
			return !strcmp(record_format_value(record, recent[i], value), field_rows[row->of].default_text);
	}
	return false;
}

static int leave_out(struct export *export, const char *path, const char *sentence)
{
	export->count.problems++;
	export->count.lost++;
	export->say(path, 0, sentence, export->data);
	return 0;
}

static int write_record(struct export *export, const char *relative, const struct record *record)
{
	struct text all = { 0 }, text = { 0 };
	const char *line, *end;
	int error;

	record_format(record, RECORD_FILE, &all);
	for (line = all.data; !all.failed && (end = strchr(line, '\n')); line = end + 1)
		if (!is_left_out(record, line, (size_t)(end - line)))
			text_add_bytes(&text, line, (size_t)(end - line) + 1);
	error = all.failed || text.failed ? -ENOMEM : write_new(export, relative, &text);
	text_done(&text);
	text_done(&all);
	return error;
}

/* The folder with the link to a record, by who found it; "" for none. */
static void link_folder(const struct record *node, char *buffer, size_t size)
{
	const char *type = record_text(node, F_NODE_DISCOVERY_TYPE), *address = record_text(node, F_NODE_DISCOVERY_ADDRESS);
	int port = (int)record_number(node, F_NODE_DISCOVERY_PORT);

	*buffer = '\0';
	if (!strcmp(type, "static") || !strcmp(type, "fw"))
		snprintf(buffer, size, "%s", type);
	else if (*address && port && !strchr(address, '/'))
		snprintf(buffer, size, "%s/%s,%d", strcmp(type, "isns") ? "send_targets" : "isns", address, port);
}

static int add_link(struct export *export, const struct record *node, const struct node_key *key, const char *portal)
{
	char folder[PORTAL_TEXT_MAX + 32], name[TREE_LINK_MAX], relative[sizeof(folder) + sizeof(name)], path[PATH_MAX], to[PATH_MAX];
	int error;

	link_folder(node, folder, sizeof(folder));
	/* The flat form has no links. */
	if (!*folder || key->portal.tpgt == PORTAL_TPGT_NONE)
		return 0;
	snprintf(relative, sizeof(relative), "%s/%s", folder, tree_link_format(key, name));
	error = join(export, relative, path);
	if (error)
		return error;
	if (snprintf(to, sizeof(to), "%s/nodes/%s/%s", export->dir, key->target, portal) >= (int)sizeof(to))
		return -ENAMETOOLONG;
	return symlink(to, path) && errno != EEXIST ? -errno : 0;
}

static int export_node(struct store *store, const struct node_key *key, void *data)
{
	char portal[PORTAL_TEXT_MAX], relative[NODE_KEY_TEXT_MAX + 16];
	struct export *export = data;
	struct record node;
	int error = node_load(store, key, &node);

	if (error)
		return error;
	tree_portal_format(&key->portal, portal);
	if (key->portal.tpgt == PORTAL_TPGT_NONE)
		snprintf(relative, sizeof(relative), "nodes/%s/%s", key->target, portal);
	else
		snprintf(relative, sizeof(relative), "nodes/%s/%s/%s", key->target, portal, key->iface);
	error = write_record(export, relative, &node);
	if (error == -EEXIST) {
		/* Without a tpgt the old form has room for one iface only. */
		error = leave_out(export, relative, "the old form holds one iface for a portal without tpgt; this one is left out");
	} else if (!error) {
		error = add_link(export, &node, key, portal);
		export->count.nodes++;
	}
	record_done(&node);
	return error;
}

static int export_discovery(struct store *store, struct export *export, enum record_kind kind, const struct portal *portal)
{
	char relative[PORTAL_TEXT_MAX + 64];
	struct record record;
	int error = discovery_load(store, kind, portal, &record);

	if (error)
		return error;
	snprintf(relative, sizeof(relative), kind == RECORD_ISNS ? "isns/%s,%d/isns_config" : "send_targets/%s,%d/st_config",
		 portal->address, portal->port);
	error = write_record(export, relative, &record);
	export->count.discoveries += !error;
	record_done(&record);
	return error;
}

static int export_sendtargets(struct store *store, const struct portal *portal, void *data)
{
	return export_discovery(store, data, RECORD_SENDTARGETS, portal);
}

static int export_isns(struct store *store, const struct portal *portal, void *data)
{
	return export_discovery(store, data, RECORD_ISNS, portal);
}

static void copy_known_lines(const struct text *from, struct text *to)
{
	for (size_t at = 0, len; at < from->len; at += len) {
		const char *line = from->data + at, *end = memchr(line, '\n', from->len - at);
		size_t blanks = 0;

		len = end ? (size_t)(end - line) + 1 : from->len - at;
		while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
			blanks++;
		if (!is_own(line + blanks, len - blanks))
			text_add_bytes(to, line, len);
	}
}

/* Iface files have the same form in both: their lines are copied as they are. What cannot be read, such as a folder, is none. */
static int export_iface(struct export *export, const char *iface_dir, const char *name)
{
	char path[PATH_MAX], relative[NAME_MAX + 16];
	struct text all = { 0 }, text = { 0 };
	int error;

	if (snprintf(path, sizeof(path), "%s/%s", iface_dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	error = text_read_file(path, TREE_FILE_MAX, &all);
	if (error)
		return error == -ENOMEM ? error : leave_out(export, path, strerror(-error));
	copy_known_lines(&all, &text);
	snprintf(relative, sizeof(relative), "ifaces/%s", name);
	error = text.failed ? -ENOMEM : write_new(export, relative, &text);
	export->count.ifaces += !error;
	text_done(&text);
	text_done(&all);
	return error;
}

static int export_ifaces(struct export *export, const char *iface_dir)
{
	DIR *dir = opendir(iface_dir);
	struct dirent *entry;
	int error = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!error && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && name_is_iface(entry->d_name))
			error = export_iface(export, iface_dir, entry->d_name);
	closedir(dir);
	return error;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	return remove(path);
}

static int sync_stage(const struct export *export)
{
	int fd = open(export->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = syncfs(fd) ? -errno : 0;
	close(fd);
	return error;
}

/* The nodes come last: a tree without them is no tree that tree_import() or open-iscsi would take for whole. */
static int publish(const struct export *export)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (size_t i = FOLDER_COUNT; i-- > 0;) {
		if (snprintf(from, sizeof(from), "%s/%s", export->stage, folders[i]) >= (int)sizeof(from) ||
		    snprintf(to, sizeof(to), "%s/%s", export->dir, folders[i]) >= (int)sizeof(to))
			return -ENAMETOOLONG;
		if (rename(from, to) && errno != ENOENT)
			return -errno;
	}
	return sync_stage(export);
}

/* An empty folder may be in the way; one with something in it may not. */
static int check_destination(const char *dir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, folders[i]) >= (int)sizeof(path))
			return -ENAMETOOLONG;
		if (rmdir(path) && errno != ENOENT)
			return errno == ENOTEMPTY ? -EEXIST : -errno;
	}
	return 0;
}

static int export_all(struct store *store, struct export *export, const char *iface_dir)
{
	struct node_filter all = { 0 };
	int error = node_each(store, &all, export_node, export);

	if (!error)
		error = discovery_each(store, RECORD_SENDTARGETS, export_sendtargets, export);
	if (!error)
		error = discovery_each(store, RECORD_ISNS, export_isns, export);
	if (!error)
		error = export_ifaces(export, iface_dir);
	if (!error)
		error = sync_stage(export);
	return error ? error : publish(export);
}

int tree_export(struct store *store, const char *iface_dir, const char *dir, tree_say_fn *say, void *data,
		struct tree_count *ret_count)
{
	struct export export = { .say = say, .data = data };
	char absolute[PATH_MAX];
	int error = make_folder(dir);

	*ret_count = export.count;
	if (error)
		return error;
	if (!realpath(dir, absolute))
		return -errno;
	export.dir = absolute;
	error = check_destination(absolute);
	if (error)
		return error;
	if (snprintf(export.stage, sizeof(export.stage), "%s/.export-XXXXXX", absolute) >= (int)sizeof(export.stage))
		return -ENAMETOOLONG;
	if (!mkdtemp(export.stage))
		return -errno;
	error = export_all(store, &export, iface_dir);
	nftw(export.stage, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*ret_count = export.count;
	return error;
}
