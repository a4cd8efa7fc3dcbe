/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's objects read from sysfs: which attribute goes into which field of struct sysfs_session and struct sysfs_host is a row
 * of a table, with the level from which on it is read. Called by iscsiadm for its prints and by the daemon when it adopts sessions.
 * A missing attribute is never an error, a missing object is. Never writes, except sysfs_write() for those who ask.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define SESSION_CLASS "class/iscsi_session"
#define HOST_CLASS    "class/iscsi_host"
#define TEXT_BYTES    4097 /* an attribute is at most a page */

/* ---- text ---- */

/* Cuts what a driver wrote to printable text without trailing white space, "(null)" to nothing. */
static size_t clean(char *text, size_t bytes)
{
	size_t i, kept = 0;

	for (i = 0; i < bytes && text[i] != '\0' && text[i] != '\n'; i++)
		if ((unsigned char)text[i] >= ' ' && text[i] != 0x7f)
			text[kept++] = text[i];
	while (kept && text[kept - 1] == ' ')
		kept--;
	text[kept] = '\0';
	if (!strcmp(text, "(null)") || !strcmp(text, "<NULL>"))
		text[kept = 0] = '\0';
	return kept;
}

/* Reads a file below dir into text: bytes, or a negative errno with text "". */
static int read_at(int dir, const char *path, char *text, size_t room)
{
	char buffer[TEXT_BYTES];
	ssize_t bytes;
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	bytes = read(fd, buffer, sizeof(buffer) - 1);
	if (bytes < 0)
		bytes = -errno;
	close(fd);
	if (bytes < 0)
		return (int)bytes;
	bytes = (ssize_t)clean(buffer, (size_t)bytes);
	snprintf(text, room, "%s", buffer);
	explicit_bzero(buffer, (size_t)bytes);
	return (size_t)bytes < room ? (int)bytes : (int)room - 1;
}

/* Decimal with sign or hexadecimal with 0x, the whole text; "off" is -1, as recovery_tmo has it. */
static int64_t number_of(const char *text)
{
	char *end;
	long long value;

	if (!strcmp(text, "off"))
		return -1;
	errno = 0;
	value = strtoll(text, &end, 0);
	return end == text || *end || errno ? SYSFS_NONE : value;
}

static int open_dir_at(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_root(const char *root)
{
	return open_dir_at(AT_FDCWD, root);
}

int sysfs_read(const char *root, const char *path, char *text, size_t room)
{
	int dir = open_root(root);
	int bytes;

	text[0] = '\0';
	if (dir < 0)
		return dir;
	bytes = read_at(dir, path, text, room);
	close(dir);
	return bytes;
}

int sysfs_write(const char *root, const char *path, const char *text)
{
	int dir = open_root(root);
	size_t bytes = strlen(text);
	int error = 0, fd;
	ssize_t written;

	if (dir < 0)
		return dir;
	fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		error = -errno;
	close(dir);
	if (error)
		return error;
	do {
		written = write(fd, text, bytes);
	} while (written < 0 && errno == EINTR);
	if (written < 0)
		error = -errno;
	else if ((size_t)written != bytes)
		error = -EIO;
	close(fd);
	return error;
}

/* ---- attributes as rows ---- */

/* Where a file is found; an index into the directories a reader has open. */
enum place {
	IN_SESSION,
	IN_CONN,
	IN_HOST,
	IN_SCSI_HOST,
	PLACES,
};

struct attribute {
	enum sysfs_level level;
	enum place place;
	const char *file;
	size_t offset;
	size_t room; /* of text; 0: the field is an int64_t */
};

#define TEXT_ROW(type, level, place, file, field) \
	{ level, place, file, offsetof(struct type, field), sizeof(((struct type *)0)->field) }
#define NUMBER_ROW(level, place, file, field) { level, place, file, offsetof(struct sysfs_session, field), 0 }
#define TEXT(level, place, file, field)	      TEXT_ROW(sysfs_session, level, place, file, field)
#define NUMBER(level, place, field)	      NUMBER_ROW(level, place, #field, field)

static const struct attribute session_attributes[] = {
	TEXT(SYSFS_LINE, IN_SESSION, "targetname", target_name),
	NUMBER(SYSFS_LINE, IN_SESSION, tpgt),
	NUMBER(SYSFS_LINE, IN_SESSION, creator),
	TEXT(SYSFS_LINE, IN_CONN, "persistent_address", persistent_address),
	NUMBER(SYSFS_LINE, IN_CONN, persistent_port),

	TEXT(SYSFS_STATE, IN_SESSION, "state", state),
	TEXT(SYSFS_STATE, IN_SESSION, "target_state", target_state),
	NUMBER(SYSFS_STATE, IN_SESSION, target_id),
	TEXT(SYSFS_STATE, IN_SESSION, "initiatorname", initiator_name),
	TEXT(SYSFS_STATE, IN_SESSION, "ifacename", iface_name),
	NUMBER(SYSFS_STATE, IN_SESSION, recovery_tmo),
	TEXT(SYSFS_STATE, IN_CONN, "state", conn_state),
	TEXT(SYSFS_STATE, IN_CONN, "address", address),
	NUMBER(SYSFS_STATE, IN_CONN, port),
	TEXT(SYSFS_STATE, IN_CONN, "local_ipaddr", local_address),
	NUMBER(SYSFS_STATE, IN_CONN, local_port),
	TEXT(SYSFS_STATE, IN_HOST, "netdev", netdev),
	TEXT(SYSFS_STATE, IN_HOST, "hwaddress", hwaddress),
	TEXT(SYSFS_STATE, IN_HOST, "ipaddress", ipaddress),

	NUMBER(SYSFS_FULL, IN_SESSION, abort_tmo),
	NUMBER(SYSFS_FULL, IN_SESSION, lu_reset_tmo),
	NUMBER(SYSFS_FULL, IN_SESSION, tgt_reset_tmo),
	NUMBER(SYSFS_FULL, IN_CONN, ping_tmo),
	NUMBER(SYSFS_FULL, IN_CONN, recv_tmo),
	NUMBER(SYSFS_FULL, IN_CONN, header_digest),
	NUMBER(SYSFS_FULL, IN_CONN, data_digest),
	NUMBER(SYSFS_FULL, IN_CONN, max_recv_dlength),
	NUMBER(SYSFS_FULL, IN_CONN, max_xmit_dlength),
	NUMBER(SYSFS_FULL, IN_SESSION, first_burst_len),
	NUMBER(SYSFS_FULL, IN_SESSION, max_burst_len),
	NUMBER(SYSFS_FULL, IN_SESSION, immediate_data),
	NUMBER(SYSFS_FULL, IN_SESSION, initial_r2t),
	NUMBER(SYSFS_FULL, IN_SESSION, max_outstanding_r2t),
	NUMBER(SYSFS_FULL, IN_SESSION, erl),
	NUMBER(SYSFS_FULL, IN_SESSION, fast_abort),
	NUMBER(SYSFS_FULL, IN_SESSION, data_pdu_in_order),
	NUMBER(SYSFS_FULL, IN_SESSION, data_seq_in_order),
	NUMBER(SYSFS_FULL, IN_CONN, exp_statsn),
	TEXT(SYSFS_FULL, IN_SESSION, "targetalias", target_alias),
	TEXT(SYSFS_FULL, IN_SESSION, "isid", isid),
	TEXT(SYSFS_FULL, IN_SESSION, "username", username),
	TEXT(SYSFS_FULL, IN_SESSION, "password", password),
	TEXT(SYSFS_FULL, IN_SESSION, "username_in", username_in),
	TEXT(SYSFS_FULL, IN_SESSION, "password_in", password_in),
};

#undef TEXT
#define TEXT(place, file, field) TEXT_ROW(sysfs_host, SYSFS_LINE, place, file, field)

static const struct attribute host_attributes[] = {
	TEXT(IN_SCSI_HOST, "state", state),	TEXT(IN_HOST, "initiatorname", initiator_name),
	TEXT(IN_HOST, "ipaddress", ipaddress),	TEXT(IN_HOST, "hwaddress", hwaddress),
	TEXT(IN_HOST, "netdev", netdev),
};

/* What a driver asks its card for each time. */
static const struct attribute port_attributes[] = {
	TEXT(IN_HOST, "port_state", port_state),
	TEXT(IN_HOST, "port_speed", port_speed),
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void read_attribute(const struct attribute *row, const int dirs[PLACES], enum sysfs_level level, void *object)
{
	bool wanted = row->level <= level && dirs[row->place] >= 0;
	char text[64];

	if (row->room) {
		if (wanted)
			read_at(dirs[row->place], row->file, (char *)object + row->offset, row->room);
		return;
	}
	*(int64_t *)(void *)((char *)object + row->offset) =
		wanted && read_at(dirs[row->place], row->file, text, sizeof(text)) > 0 ? number_of(text) : SYSFS_NONE;
}

static void close_places(const int dirs[PLACES])
{
	int place;

	for (place = 0; place < PLACES; place++)
		if (dirs[place] >= 0)
			close(dirs[place]);
}

/* ---- names with numbers ---- */

/* "session12" with the prefix "session" is 12; 0 or -EINVAL. Only plain decimal as the kernel writes it, all of it. */
static int number_after(const char *name, const char *prefix, uint32_t *ret)
{
	size_t bytes = strlen(prefix);
	unsigned long value;
	char *end;

	if (strncmp(name, prefix, bytes) != 0 || !isdigit((unsigned char)name[bytes]) ||
	    (name[bytes] == '0' && name[bytes + 1]))
		return -EINVAL;
	errno = 0;
	value = strtoul(name + bytes, &end, 10);
	if (*end || errno || value > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* One more item in an array that doubles from 4 items on; NULL without memory. */
static void *add_item(void **items, size_t *count, size_t item_bytes)
{
	if (*count == 0 || (*count >= 4 && (*count & (*count - 1)) == 0)) {
		void *grown = reallocarray(*items, *count ? *count * 2 : 4, item_bytes);

		if (!grown)
			return NULL;
		*items = grown;
	}
	return (char *)*items + (*count)++ * item_bytes;
}

/* The numbers of the entries of a directory that are called prefixN, rising. */
static int list_numbers(int dir, const char *path, const char *prefix, uint32_t **ret, size_t *ret_count)
{
	int fd = open_dir_at(dir, path);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	void *numbers = NULL;
	int error = 0;

	*ret = NULL;
	*ret_count = 0;
	if (!stream) {
		if (fd >= 0)
			close(fd);
		return fd == -ENOENT ? 0 : fd < 0 ? fd : -ENOMEM;
	}
	while (!error && (entry = readdir(stream))) {
		uint32_t number, *item;

		if (number_after(entry->d_name, prefix, &number) < 0)
			continue;
		item = add_item(&numbers, ret_count, sizeof(number));
		if (item)
			*item = number;
		else
			error = -ENOMEM;
	}
	closedir(stream);
	if (error) {
		free(numbers);
		*ret_count = 0;
		return error;
	}
	*ret = numbers;
	if (*ret)
		qsort(*ret, *ret_count, sizeof(**ret), compare_numbers);
	return 0;
}

static int list_class(const char *root, const char *path, const char *prefix, uint32_t **ret, size_t *ret_count)
{
	int dir = open_root(root);
	int error;

	*ret = NULL;
	*ret_count = 0;
	if (dir < 0)
		return dir;
	error = list_numbers(dir, path, prefix, ret, ret_count);
	close(dir);
	return error;
}

/* ---- hosts ---- */

/* The transport of a host: its driver's proc_name, translated where we know it. */
static void read_transport(int scsi_host_dir, char *transport, size_t room)
{
	const struct transport_row *row;
	char proc_name[64] = "";

	if (scsi_host_dir >= 0)
		read_at(scsi_host_dir, "proc_name", proc_name, sizeof(proc_name));
	row = transport_find_proc(proc_name);
	snprintf(transport, room, "%.*s", (int)room - 1, row ? row->name : proc_name);
}

static int open_scsi_host(int root_dir, uint32_t host_no)
{
	char path[64];

	snprintf(path, sizeof(path), "class/scsi_host/host%" PRIu32, host_no);
	return open_dir_at(root_dir, path);
}

static int open_iscsi_host(int root_dir, uint32_t host_no)
{
	char path[64];

	snprintf(path, sizeof(path), HOST_CLASS "/host%" PRIu32, host_no);
	return open_dir_at(root_dir, path);
}

/*
 * qla4xxx shows its host before it starts the card's firmware. A question to the card that comes in between is lost: its asker
 * waits 60 s, and the adapter is reset for it; that the firmware runs is seen by its MAC address.
 */
static bool is_card_starting(const struct sysfs_host *host)
{
	return !strcmp(host->hwaddress, "00:00:00:00:00:00");
}

static int read_host_at(int root_dir, uint32_t host_no, struct sysfs_host *ret)
{
	int dirs[PLACES] = { -1, -1, open_iscsi_host(root_dir, host_no), open_scsi_host(root_dir, host_no) };
	size_t i;

	*ret = (struct sysfs_host){ .host_no = host_no };
	if (dirs[IN_HOST] >= 0) {
		read_transport(dirs[IN_SCSI_HOST], ret->transport, sizeof(ret->transport));
		for (i = 0; i < ROWS(host_attributes); i++)
			read_attribute(&host_attributes[i], dirs, SYSFS_LINE, ret);
		for (i = 0; !is_card_starting(ret) && i < ROWS(port_attributes); i++)
			read_attribute(&port_attributes[i], dirs, SYSFS_LINE, ret);
	}
	close_places(dirs);
	return dirs[IN_HOST] < 0 ? dirs[IN_HOST] : 0;
}

int sysfs_host_read(const char *root, uint32_t host_no, struct sysfs_host *ret)
{
	int dir = open_root(root);
	int error;

	if (dir < 0)
		return dir;
	error = read_host_at(dir, host_no, ret);
	close(dir);
	return error;
}

int sysfs_hosts(const char *root, struct sysfs_host **ret, size_t *ret_count)
{
	uint32_t *numbers;
	size_t count, i;
	int error = list_class(root, HOST_CLASS, "host", &numbers, &count);

	*ret = NULL;
	*ret_count = 0;
	if (error || !count)
		return error;
	*ret = calloc(count, sizeof(**ret));
	if (!*ret)
		error = -ENOMEM;
	for (i = 0; !error && i < count; i++)
		if (!sysfs_host_read(root, numbers[i], &(*ret)[*ret_count]))
			++*ret_count;
	free(numbers);
	return error;
}

/* ---- sessions ---- */

int sysfs_session_ids(const char *root, uint32_t **ret, size_t *ret_count)
{
	return list_class(root, SESSION_CLASS, "session", ret, ret_count);
}

int sysfs_session_parse(const char *text, uint32_t *ret_sid)
{
	char name[64];
	size_t bytes = strlen(text), start;

	while (bytes && text[bytes - 1] == '/')
		bytes--;
	for (start = bytes; start && text[start - 1] != '/';)
		start--;
	if (bytes - start >= sizeof(name))
		return -EINVAL;
	snprintf(name, sizeof(name), "%.*s", (int)(bytes - start), text + start);
	if (!start && !number_after(name, "", ret_sid))
		return 0;
	return number_after(name, "session", ret_sid);
}

/* The host's number from where the session's directory leads: .../hostH/sessionS/iscsi_session/sessionS */
static int session_host(int root_dir, const char *path, uint32_t sid, uint32_t *ret_host_no)
{
	char target[PATH_MAX], wanted[32], *at, *slash;
	ssize_t bytes = readlinkat(root_dir, path, target, sizeof(target) - 1);

	if (bytes < 0)
		return errno == EINVAL ? -ENOENT : -errno; /* a class entry is a link */
	target[bytes] = '\0';
	snprintf(wanted, sizeof(wanted), "/session%" PRIu32 "/", sid);
	at = strstr(target, wanted);
	if (!at)
		return -ENOENT;
	*at = '\0';
	slash = strrchr(target, '/');
	return number_after(slash ? slash + 1 : target, "host", ret_host_no) ? -ENOENT : 0;
}

static int list_conns(int session_dir, uint32_t sid, uint32_t **ret, size_t *ret_count)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "connection%" PRIu32 ":", sid);
	return list_numbers(session_dir, "device", prefix, ret, ret_count);
}

static int open_conn(int root_dir, uint32_t sid, uint32_t cid)
{
	char path[80];

	snprintf(path, sizeof(path), "class/iscsi_connection/connection%" PRIu32 ":%" PRIu32, sid, cid);
	return open_dir_at(root_dir, path);
}

/* The leading connection's directory: connection 0, as every driver has it, else the lowest there is. */
static int open_first_conn(int root_dir, int session_dir, uint32_t sid, uint32_t *ret_cid)
{
	int fd = open_conn(root_dir, sid, 0);
	uint32_t *cids;
	size_t count;

	*ret_cid = 0;
	if (fd >= 0 || list_conns(session_dir, sid, &cids, &count) < 0 || !count)
		return fd;
	*ret_cid = cids[0];
	free(cids);
	return open_conn(root_dir, sid, *ret_cid);
}

/* Cards and lost connections show one portal of two: the one that is there stands for both. */
static void complete_portals(int conn_dir, enum sysfs_level level, struct sysfs_session *session)
{
	char text[64];

	if (!session->persistent_address[0]) {
		read_at(conn_dir, "address", session->persistent_address, sizeof(session->persistent_address));
		session->persistent_port = read_at(conn_dir, "port", text, sizeof(text)) > 0 ? number_of(text) :
											       SYSFS_NONE;
	}
	if (level >= SYSFS_STATE && !session->address[0]) {
		snprintf(session->address, sizeof(session->address), "%.*s", (int)sizeof(session->address) - 1,
			 session->persistent_address);
		session->port = session->persistent_port;
	}
}

/* A card does not say under whose name a session is: it is the port's. */
static void complete_name(int host_dir, enum sysfs_level level, struct sysfs_session *session)
{
	if (level >= SYSFS_STATE && host_dir >= 0 && !session->initiator_name[0])
		read_at(host_dir, "initiatorname", session->initiator_name, sizeof(session->initiator_name));
}

static void read_session_attributes(const int dirs[PLACES], enum sysfs_level level, struct sysfs_session *ret)
{
	size_t i;

	ret->has_conn = dirs[IN_CONN] >= 0;
	read_transport(dirs[IN_SCSI_HOST], ret->transport, sizeof(ret->transport));
	for (i = 0; i < ROWS(session_attributes); i++)
		read_attribute(&session_attributes[i], dirs, level, ret);
	if (ret->has_conn)
		complete_portals(dirs[IN_CONN], level, ret);
	complete_name(dirs[IN_HOST], level, ret);
}

static int read_session_at(int root_dir, uint32_t sid, enum sysfs_level level, struct sysfs_session *ret)
{
	int dirs[PLACES] = { -1, -1, -1, -1 };
	char path[64];
	int error;

	*ret = (struct sysfs_session){ .sid = sid };
	snprintf(path, sizeof(path), SESSION_CLASS "/session%" PRIu32, sid);
	error = session_host(root_dir, path, sid, &ret->host_no);
	if (error)
		return error;
	dirs[IN_SESSION] = open_dir_at(root_dir, path);
	if (dirs[IN_SESSION] < 0)
		return dirs[IN_SESSION];
	dirs[IN_CONN] = open_first_conn(root_dir, dirs[IN_SESSION], sid, &ret->cid);
	dirs[IN_SCSI_HOST] = open_scsi_host(root_dir, ret->host_no);
	if (level >= SYSFS_STATE)
		dirs[IN_HOST] = open_iscsi_host(root_dir, ret->host_no);
	read_session_attributes(dirs, level, ret);
	if (faccessat(dirs[IN_SESSION], "device", F_OK, 0) < 0)
		error = -ENOENT; /* it vanished while it was read */
	close_places(dirs);
	return error;
}

int sysfs_session_read(const char *root, uint32_t sid, enum sysfs_level level, struct sysfs_session *ret)
{
	int dir = open_root(root);
	int error;

	if (dir < 0)
		return dir;
	error = read_session_at(dir, sid, level, ret);
	close(dir);
	return error;
}

int sysfs_sessions(const char *root, enum sysfs_level level, struct sysfs_session **ret, size_t *ret_count)
{
	int dir = open_root(root);
	uint32_t *sids = NULL;
	size_t count = 0, i;
	int error;

	*ret = NULL;
	*ret_count = 0;
	if (dir < 0)
		return dir;
	error = list_numbers(dir, SESSION_CLASS, "session", &sids, &count);
	if (!error && count)
		*ret = calloc(count, sizeof(**ret));
	if (!error && count && !*ret)
		error = -ENOMEM;
	for (i = 0; !error && i < count; i++)
		if (!read_session_at(dir, sids[i], level, &(*ret)[*ret_count]))
			++*ret_count;
	free(sids);
	close(dir);
	return error;
}

/* ---- attributes as text ---- */

#define NAME_BYTES 64

static const char *name_of(const struct attribute *row, char name[NAME_BYTES])
{
	static const char *const places[PLACES] = {
		[IN_SESSION] = "session", [IN_CONN] = "connection", [IN_HOST] = "host", [IN_SCSI_HOST] = "scsi_host"
	};

	snprintf(name, NAME_BYTES, "%s.%s", places[row->place], row->file);
	return name;
}

void sysfs_session_each(const struct sysfs_session *session, sysfs_attribute_fn *fn, void *data)
{
	size_t i;

	fn("transport", session->transport, data);
	for (i = 0; i < ROWS(session_attributes); i++) {
		const struct attribute *row = &session_attributes[i];
		const char *place = (const char *)session + row->offset;
		int64_t number = row->room ? SYSFS_NONE : *(const int64_t *)(const void *)place;
		char name[NAME_BYTES], text[24];

		snprintf(text, sizeof(text), "%" PRId64, number);
		if (row->room ? *place : number != SYSFS_NONE)
			fn(name_of(row, name), row->room ? place : text, data);
	}
}

void sysfs_session_blank(struct sysfs_session *ret)
{
	size_t i;

	*ret = (struct sysfs_session){ .has_conn = true };
	for (i = 0; i < ROWS(session_attributes); i++)
		if (!session_attributes[i].room)
			*(int64_t *)(void *)((char *)ret + session_attributes[i].offset) = SYSFS_NONE;
}

static int put_attribute(struct sysfs_session *session, const struct attribute *row, const char *text)
{
	char *place = (char *)session + row->offset;
	int64_t number = row->room ? 0 : number_of(text);

	if (row->room) {
		snprintf(place, row->room, "%s", text);
		clean(place, strlen(place));
		return 0;
	}
	if (number == SYSFS_NONE)
		return -EINVAL;
	*(int64_t *)(void *)place = number;
	return 0;
}

int sysfs_session_put(struct sysfs_session *session, const char *name, const char *text)
{
	char own[NAME_BYTES];
	size_t i;

	if (!strcmp(name, "transport")) {
		snprintf(session->transport, sizeof(session->transport), "%s", text);
		clean(session->transport, strlen(session->transport));
		return 0;
	}
	for (i = 0; i < ROWS(session_attributes); i++)
		if (!strcmp(name_of(&session_attributes[i], own), name))
			return put_attribute(session, &session_attributes[i], text);
	return -EINVAL;
}

void sysfs_session_wipe(struct sysfs_session *sessions, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		explicit_bzero(sessions[i].password, sizeof(sessions[i].password));
		explicit_bzero(sessions[i].password_in, sizeof(sessions[i].password_in));
	}
}

int sysfs_session_state(const char *root, uint32_t sid, char *state, size_t room)
{
	char path[80];
	int bytes;

	snprintf(path, sizeof(path), SESSION_CLASS "/session%" PRIu32 "/state", sid);
	bytes = sysfs_read(root, path, state, room);
	return bytes < 0 ? bytes : 0;
}

/* A directory of the session's class entry, opened from the root. */
static int open_session(const char *root, uint32_t sid)
{
	int root_dir = open_root(root);
	char path[64];
	int fd;

	if (root_dir < 0)
		return root_dir;
	snprintf(path, sizeof(path), SESSION_CLASS "/session%" PRIu32, sid);
	fd = open_dir_at(root_dir, path);
	close(root_dir);
	return fd;
}

int sysfs_session_conns(const char *root, uint32_t sid, uint32_t *cids, size_t max)
{
	int dir = open_session(root, sid);
	uint32_t *found;
	size_t count;
	int error;

	if (dir < 0)
		return dir;
	error = list_conns(dir, sid, &found, &count);
	close(dir);
	if (error)
		return error;
	if (found)
		memcpy(cids, found, (count < max ? count : max) * sizeof(*cids));
	free(found);
	return (int)count;
}

/* ---- SCSI devices ---- */

/* The first entry of a directory with this prefix, "" without one. */
static void first_entry(int dir, const char *path, const char *prefix, char *name, size_t room)
{
	int fd = open_dir_at(dir, path);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	name[0] = '\0';
	if (!stream) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (!name[0] && (entry = readdir(stream)))
		if (entry->d_name[0] != '.' && !strncmp(entry->d_name, prefix, strlen(prefix)))
			snprintf(name, room, "%.*s", (int)room - 1, entry->d_name);
	closedir(stream);
}

/* "H:C:T:L", and nothing else */
static bool parse_device(const char *name, struct sysfs_device *device)
{
	char again[64];

	if (sscanf(name, "%" SCNu32 ":%" SCNu32 ":%" SCNu32 ":%" SCNu64, &device->host_no, &device->channel,
		   &device->target, &device->lun) != 4)
		return false;
	snprintf(again, sizeof(again), "%" PRIu32 ":%" PRIu32 ":%" PRIu32 ":%" PRIu64, device->host_no,
		 device->channel, device->target, device->lun);
	return !strcmp(name, again);
}

static void read_device(int dir, struct sysfs_device *device)
{
	char text[64];

	device->type = read_at(dir, "type", text, sizeof(text)) > 0 ? number_of(text) : SYSFS_NONE;
	read_at(dir, "state", device->state, sizeof(device->state));
	first_entry(dir, "block", "", device->block, sizeof(device->block));
	if (!device->block[0])
		first_entry(dir, "scsi_tape", "st", device->block, sizeof(device->block));
}

/* Adds the devices of one targetH:C:T directory. */
static int add_devices(int target_dir, void **devices, size_t *count)
{
	DIR *stream = fdopendir(target_dir);
	const struct dirent *entry;
	int error = 0;

	if (!stream) {
		close(target_dir);
		return -ENOMEM;
	}
	while (!error && (entry = readdir(stream))) {
		struct sysfs_device device = { 0 }, *item;
		int dir;

		if (!parse_device(entry->d_name, &device))
			continue;
		dir = open_dir_at(dirfd(stream), entry->d_name);
		if (dir < 0)
			continue;
		read_device(dir, &device);
		close(dir);
		item = add_item(devices, count, sizeof(device));
		if (item)
			*item = device;
		else
			error = -ENOMEM;
	}
	closedir(stream);
	return error;
}

static int compare_devices(const void *a, const void *b)
{
	const struct sysfs_device *left = a, *right = b;

	if (left->channel != right->channel)
		return left->channel < right->channel ? -1 : 1;
	if (left->target != right->target)
		return left->target < right->target ? -1 : 1;
	return left->lun < right->lun ? -1 : left->lun > right->lun;
}

static int walk_targets(DIR *stream, void **devices, size_t *count)
{
	const struct dirent *entry;
	int error = 0;

	while (!error && (entry = readdir(stream))) {
		int dir;

		if (strncmp(entry->d_name, "target", 6) != 0)
			continue;
		dir = open_dir_at(dirfd(stream), entry->d_name);
		if (dir >= 0)
			error = add_devices(dir, devices, count);
	}
	return error;
}

int sysfs_session_devices(const char *root, uint32_t sid, struct sysfs_device **ret, size_t *ret_count)
{
	int session_dir = open_session(root, sid);
	void *devices = NULL;
	DIR *stream;
	int dir, error;

	*ret = NULL;
	*ret_count = 0;
	if (session_dir < 0)
		return session_dir;
	dir = open_dir_at(session_dir, "device");
	close(session_dir);
	if (dir < 0)
		return dir;
	stream = fdopendir(dir);
	if (!stream) {
		close(dir);
		return -ENOMEM;
	}
	error = walk_targets(stream, &devices, ret_count);
	closedir(stream);
	if (error) {
		free(devices);
		*ret_count = 0;
		return error;
	}
	*ret = devices;
	if (devices)
		qsort(devices, *ret_count, sizeof(**ret), compare_devices);
	return 0;
}
