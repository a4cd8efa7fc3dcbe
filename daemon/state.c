/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * State files. Written by temp file and rename after each login, removed after the logout, read
 * once when the daemon starts. The record's own settings keep their names; what is not a setting of
 * a record begins with "session.". A file that does not parse is as good as none: the session is
 * then taken for one of another program.
 */
#include "daemon/state.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/session.h"
#include "lib/loop.h"
#include "lib/portal.h"

#define STATE_PREFIX "session-"
#define STATE_BYTES_MAX (64 * 1024)

static void state_path(char *path, size_t size, const char *dir, int sid)
{
	snprintf(path, size, "%s/" STATE_PREFIX "%d", dir, sid);
}

/* ---- writing ---- */

static void add_number(struct text *text, const char *name, unsigned long number)
{
	char value[24];

	snprintf(value, sizeof(value), "%lu", number);
	text_add_setting(text, name, value);
}

static void add_signed(struct text *text, const char *name, int64_t number)
{
	char value[24];

	snprintf(value, sizeof(value), "%lld", (long long)number);
	text_add_setting(text, name, value);
}

/* Numeric address with scope, as portal_sockaddr() reads it. */
static void add_address(struct text *text, const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
	char number[INET6_ADDRSTRLEN + 16];
	bool is_six = address->ss_family == AF_INET6;

	if (!inet_ntop(address->ss_family,
		       is_six ? (const void *)&six->sin6_addr : (const void *)&four->sin_addr,
		       number, INET6_ADDRSTRLEN))
		return;
	if (is_six && six->sin6_scope_id)
		snprintf(number + strlen(number), 16, "%%%u", six->sin6_scope_id);
	text_add_setting(text, "session.address", number);
}

static unsigned long address_port(const struct sockaddr_storage *address)
{
	/* The port is at the same place in both families. */
	return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

/* A port counts for the addresses after it. */
static void add_addresses(struct text *text, const struct addresses *addresses)
{
	unsigned long port = 0;

	for (unsigned int i = 0; i < addresses->count; i++) {
		if (address_port(&addresses->list[i]) != port) {
			port = address_port(&addresses->list[i]);
			add_number(text, "session.port", port);
		}
		add_address(text, &addresses->list[i]);
	}
}

int state_file_fill(struct state_file *file, const struct session *session)
{
	char isid[ISID_TEXT_MAX];

	state_path(file->path, sizeof(file->path), session->daemon->state_dir, session->sid);
	memset(&file->text, 0, sizeof(file->text));
	record_format(&session->node, RECORD_STORED, &file->text);
	text_add_setting(&file->text, "session.isid", isid_format(session->isid, isid));
	text_add_setting(&file->text, "session.initiator_name", session->initiator_name);
	text_add_setting(&file->text, "session.netdev", session->netdev);
	add_number(&file->text, "session.initial_cmdsn", session->initial_cmdsn);
	add_number(&file->text, "session.time2wait", session->negotiated_time2wait_sec);
	add_number(&file->text, "session.ordinal", session->ordinal);
	add_number(&file->text, "session.polled", session->is_polled);
	if (session->has_former_timeout)
		add_signed(&file->text, "session.former_timeout", session->former_timeout_sec);
	add_addresses(&file->text, &session->home);
	return file->text.failed ? -ENOMEM : 0;
}

int state_file_write(const struct state_file *file)
{
	return text_write_file(file->path, file->text.data, file->text.len, 0600);
}

void state_file_done(struct state_file *file)
{
	text_done(&file->text);
}

/* ---- reading ---- */

struct state_reader {
	struct state *state;
	int port;
};

static bool take_number(const char *text, unsigned long max, unsigned long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoul(text, &end, 10);
	return !errno && *text >= '0' && *text <= '9' && !*end && *ret_number <= max;
}

static int copy_text(const char *value, char *place, size_t size)
{
	size_t len = strlen(value);

	if (len >= size)
		return -EINVAL;
	memcpy(place, value, len + 1);
	return 0;
}

static int take_isid(struct state_reader *reader, const char *value)
{
	reader->state->has_isid = isid_parse(value, reader->state->isid);
	return reader->state->has_isid ? 0 : -EINVAL;
}

static int take_initiator(struct state_reader *reader, const char *value)
{
	free(reader->state->initiator_name);
	reader->state->initiator_name = strdup(value);
	return reader->state->initiator_name ? 0 : -ENOMEM;
}

static int take_netdev(struct state_reader *reader, const char *value)
{
	return copy_text(value, reader->state->netdev, sizeof(reader->state->netdev));
}

static int take_cmdsn(struct state_reader *reader, const char *value)
{
	unsigned long number;

	reader->state->has_cmdsn = take_number(value, UINT32_MAX, &number);
	reader->state->initial_cmdsn = (uint32_t)number;
	return reader->state->has_cmdsn ? 0 : -EINVAL;
}

static int take_time2wait(struct state_reader *reader, const char *value)
{
	unsigned long number;
	bool is_good = take_number(value, 3600, &number);

	reader->state->time2wait_sec = (uint32_t)number;
	return is_good ? 0 : -EINVAL;
}

static int take_ordinal(struct state_reader *reader, const char *value)
{
	unsigned long number;
	bool is_good = take_number(value, UINT16_MAX, &number);

	reader->state->ordinal = (unsigned int)number;
	return is_good ? 0 : -EINVAL;
}

static int take_polled(struct state_reader *reader, const char *value)
{
	unsigned long number;
	bool is_good = take_number(value, 1, &number);

	reader->state->is_polled = number;
	return is_good ? 0 : -EINVAL;
}

static int take_former_timeout(struct state_reader *reader, const char *value)
{
	unsigned long number;
	bool is_never = !strcmp(value, "-1");

	if (!is_never && !take_number(value, INT32_MAX, &number))
		return -EINVAL;
	reader->state->has_former_timeout = true;
	reader->state->former_timeout_sec = is_never ? -1 : (int64_t)number;
	return 0;
}

static int take_port(struct state_reader *reader, const char *value)
{
	unsigned long number;
	bool is_good = take_number(value, UINT16_MAX, &number);

	reader->port = (int)number;
	return is_good ? 0 : -EINVAL;
}

static int take_address(struct state_reader *reader, const char *value)
{
	struct addresses *addresses = &reader->state->addresses;
	struct portal portal = {.port = reader->port, .tpgt = PORTAL_TPGT_NONE};
	int r;

	if (addresses->count == ADDRESSES_MAX ||
	    copy_text(value, portal.address, sizeof(portal.address)) < 0)
		return -EINVAL;
	r = portal_sockaddr(&portal, &addresses->list[addresses->count],
			    &addresses->len[addresses->count]);
	if (r == 0)
		addresses->count++;
	return r == 0 ? 0 : -EINVAL;
}

static const struct {
	const char *name;
	int (*take)(struct state_reader *reader, const char *value);
} state_lines[] = {
	{"session.isid", take_isid},	       {"session.initiator_name", take_initiator},
	{"session.netdev", take_netdev},       {"session.initial_cmdsn", take_cmdsn},
	{"session.time2wait", take_time2wait}, {"session.ordinal", take_ordinal},
	{"session.polled", take_polled},       {"session.port", take_port},
	{"session.address", take_address},     {"session.former_timeout", take_former_timeout},
};

/* Lines that are not settings of a record come here. Unknown ones are of another version and passed
 * over. */
static int state_line(const char *name, const char *value, unsigned int line, int error, void *data)
{
	for (size_t i = 0; i < sizeof(state_lines) / sizeof(state_lines[0]); i++)
		if (!strcmp(name, state_lines[i].name))
			return state_lines[i].take(data, value);
	return 0;
}

/* The record keeps all lines it does not know. Those that are ours would be written twice, and ours
 * of before would be believed. */
static void drop_own_lines(struct record *node)
{
	char *to = node->unknown, *line = node->unknown;

	while (line && *line) {
		char *end = strchr(line, '\n');
		size_t len = end ? (size_t)(end - line) + 1 : strlen(line);

		if (strncmp(line, "session.", strlen("session.")) != 0) {
			memmove(to, line, len);
			to += len;
		}
		line += len;
	}
	if (to)
		*to = '\0';
}

int state_parse(const char *data, size_t len, struct state *ret_state)
{
	struct state_reader reader = {.state = ret_state, .port = ISCSI_PORT};
	int r;

	memset(ret_state, 0, sizeof(*ret_state));
	record_init(&ret_state->node, RECORD_NODE);
	r = record_parse(&ret_state->node, data, len, ORIGIN_RECORD, state_line, &reader);
	if (r < 0)
		return r;
	drop_own_lines(&ret_state->node);
	if (!ret_state->has_isid || !ret_state->has_cmdsn || !ret_state->initiator_name ||
	    !ret_state->addresses.count || !*record_text(&ret_state->node, F_NODE_NAME))
		return -EINVAL;
	return 0;
}

void state_done(struct state *state)
{
	record_done(&state->node);
	free(state->initiator_name);
	state->initiator_name = NULL;
}

int state_load(const char *dir, int sid, struct state *ret_state)
{
	struct text text = {0};
	char path[288];
	int r;

	memset(ret_state, 0, sizeof(*ret_state));
	state_path(path, sizeof(path), dir, sid);
	r = text_read_file(path, STATE_BYTES_MAX, &text);
	if (r >= 0)
		r = state_parse(text.data ? text.data : "", text.len, ret_state);
	text_done(&text);
	return r;
}

/* ---- writing a session's anew ---- */

struct state_saving {
	struct session *session; /* a reference; not for the thread */
	struct state_file file;
	int error;
};

static void saving_run(void *data)
{
	struct state_saving *saving = data;

	saving->error = state_file_write(&saving->file);
}

static void saving_free(struct state_saving *saving)
{
	state_file_done(&saving->file);
	session_unref(saving->session);
	free(saving);
}

static void saving_done(void *data, bool cancelled)
{
	struct state_saving *saving = data;
	struct session *session = saving->session;

	session->daemon->works--;
	if (saving->error)
		session_log(session, LOG_LEVEL_WARNING,
			    "cannot write %s: %s; a restarted iscsid will know less",
			    saving->file.path, strerror(-saving->error));
	/* The logout may have removed the file before the thread wrote it. */
	if (session->is_killed && session->is_leaving)
		state_remove(session->daemon, session->sid);
	saving_free(saving);
}

void state_save(struct session *session)
{
	struct state_saving *saving = calloc(1, sizeof(*saving));

	if (!saving)
		return;
	saving->session = session_ref(session);
	if (state_file_fill(&saving->file, session) == 0 &&
	    loop_work(session->daemon->loop, saving_run, saving_done, saving, NULL) == 0)
		session->daemon->works++;
	else
		saving_free(saving);
}

/* ---- removing ---- */

static bool is_stale(const char *name, const uint32_t *sids, size_t count)
{
	unsigned long sid;

	if (strncmp(name, STATE_PREFIX, strlen(STATE_PREFIX)))
		return false;
	/* Anything else with our prefix is a temporary file of a daemon that was killed. */
	if (!take_number(name + strlen(STATE_PREFIX), INT32_MAX, &sid))
		return true;
	for (size_t i = 0; i < count; i++)
		if (sids[i] == sid)
			return false;
	return true;
}

int state_clean(const char *dir, const uint32_t *sids, size_t count)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;
	int removed = 0;

	if (!folder)
		return -errno;
	while ((entry = readdir(folder)))
		if (is_stale(entry->d_name, sids, count) &&
		    unlinkat(dirfd(folder), entry->d_name, 0) == 0)
			removed++;
	closedir(folder);
	return removed;
}

struct state_removal {
	struct daemon *daemon;
	char path[288];
};

static void removal_run(void *data)
{
	struct state_removal *removal = data;

	(void)unlink(removal->path);
}

static void removal_done(void *data, bool cancelled)
{
	struct state_removal *removal = data;

	removal->daemon->works--;
	free(removal);
}

void state_remove(struct daemon *daemon, int sid)
{
	struct state_removal *removal = calloc(1, sizeof(*removal));

	if (!removal)
		return;
	removal->daemon = daemon;
	state_path(removal->path, sizeof(removal->path), daemon->state_dir, sid);
	if (loop_work(daemon->loop, removal_run, removal_done, removal, NULL) < 0)
		free(removal);
	else
		daemon->works++;
}
