/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sessions present, as the daemon knows them: one question instead of a handful of files per session. For commands that turn
 * to the daemon anyway (login, logout). sysfs says which sessions there are, and speaks for those the daemon does not keep.
 */
#include "adm/known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iface/hba.h"
#include "lib/json.h"

/* What is filled while the answer is read: one slot per session of sysfs, by sid. */
struct known {
	struct sysfs_session *sessions;
	size_t count;
	bool is_told;	/* the daemon has answered */
};

static int by_sid(const void *a, const void *b)
{
	const struct sysfs_session *left = a, *right = b;

	return (left->sid > right->sid) - (left->sid < right->sid);
}

/* A session without a usable name, portal or iface is left to sysfs: the target's name says that a slot is filled. */
static void take_session(struct known *known, struct json_object *object)
{
	struct sysfs_session wanted = { 0 }, *session;
	const char *target, *address, *iface;
	int64_t sid, port, tpgt;

	if (json_get_number(object, "sid", 0, UINT32_MAX, &sid) || json_get_text(object, "target", &target) ||
	    json_get_text(object, "address", &address) || json_get_text(object, "iface", &iface) ||
	    json_get_number(object, "port", 1, UINT16_MAX, &port) || json_get_number(object, "tpgt", -1, UINT16_MAX, &tpgt))
		return;
	wanted.sid = (uint32_t)sid;
	session = bsearch(&wanted, known->sessions, known->count, sizeof(wanted), by_sid);
	if (!session)
		return;
	session->persistent_port = port;
	session->tpgt = tpgt;
	snprintf(session->target_name, sizeof(session->target_name), "%s", target);
	snprintf(session->persistent_address, sizeof(session->persistent_address), "%s", address);
	snprintf(session->iface_name, sizeof(session->iface_name), "%s", iface);
}

static void take_sessions(struct known *known, struct json_object *sessions)
{
	size_t count = sessions ? json_object_array_length(sessions) : 0;

	known->is_told = sessions;
	for (size_t i = 0; i < count; i++)
		take_session(known, json_object_array_get_idx(sessions, i));
	json_object_put(sessions);
}

/*
 * An adapter's session that a program has made, that is not logged in, and that the daemon knows nothing of is what is left of a login
 * that failed: drivers may refuse to end it. It is nobody's and counts for nothing.
 */
static bool is_left_over(const char *root, const struct known *known, const struct sysfs_session *session)
{
	char state[32];

	return known->is_told && session->creator != -1 && hba_is_transport(session->transport) &&
	       !sysfs_session_state(root, session->sid, state, sizeof(state)) && strcmp(state, "LOGGED_IN");
}

/* Those the daemon did not tell, from sysfs; those that are gone by now are left out, and what is left of others. */
static int fill_rest(const char *root, struct known *known)
{
	size_t kept = 0;

	for (size_t i = 0; i < known->count; i++) {
		struct sysfs_session *session = &known->sessions[i];
		bool is_new = !*session->target_name;
		int error = is_new ? sysfs_session_read(root, session->sid, SYSFS_LINE, session) : 0;

		if (error && error != -ENOENT)
			return error;
		if (error || (is_new && is_left_over(root, known, session)))
			continue;
		if (kept++ != i)
			known->sessions[kept - 1] = *session;
	}
	known->count = kept;
	return 0;
}

int known_sessions(struct adm *adm, struct sysfs_session **ret_sessions, size_t *ret_count)
{
	struct known known = { 0 };
	uint32_t *sids;
	int error = sysfs_session_ids(adm->sysfs, &sids, &known.count);

	if (error)
		return error;
	known.sessions = calloc(known.count ? known.count : 1, sizeof(*known.sessions));
	for (size_t i = 0; known.sessions && i < known.count; i++)
		known.sessions[i].sid = sids[i];
	free(sids);
	if (!known.sessions)
		return -ENOMEM;
	qsort(known.sessions, known.count, sizeof(*known.sessions), by_sid);
	if (known.count)
		take_sessions(&known, daemon_sessions(adm));
	error = fill_rest(adm->sysfs, &known);
	if (error) {
		free(known.sessions);
		return error;
	}
	*ret_sessions = known.sessions;
	*ret_count = known.count;
	return 0;
}
