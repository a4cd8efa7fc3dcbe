/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions by way of the daemon: the gate for its answer to Attributes. Used only where our own /sys has no session. Prints
 * nothing.
 */
#include "adm/far.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/json.h"

static int keep_answer(struct json_object *parameters, bool continues, void *data)
{
	struct json_object **ret_sessions = data, *sessions;

	if (!*ret_sessions && !json_get_array(parameters, "sessions", &sessions))
		*ret_sessions = json_object_get(sessions);
	return 0;
}

/* An array; NULL: nobody tells. */
static struct json_object *ask(struct adm *adm, const char *method, struct json_object *parameters, int timeout_ms)
{
	struct json_object *sessions = NULL;
	enum iscsi_err err;

	if (adm_daemon(adm, false, true) != ISCSI_ERR_SUCCESS) {
		json_object_put(parameters);
		return NULL;
	}
	err = ipc_client_call(adm->daemon, method, parameters, false, timeout_ms, keep_answer, &sessions, NULL);
	if (err == ISCSI_ERR_REQ_TIMEDOUT || err == ISCSI_ERR_ISCSID_COMM) {
		/* A late answer must not be taken for that of another question. */
		ipc_client_free(adm->daemon);
		adm->daemon = NULL;
	}
	return sessions;
}

static int take_session(struct json_object *object, struct sysfs_session *session)
{
	struct json_object *attributes;
	int64_t sid, host;

	if (json_get_number(object, "sid", 0, UINT32_MAX, &sid) || json_get_number(object, "host", 0, UINT32_MAX, &host) ||
	    json_get_object(object, "attributes", &attributes))
		return -EINVAL;
	sysfs_session_blank(session);
	session->sid = (uint32_t)sid;
	session->host_no = (uint32_t)host;
	json_object_object_foreach(attributes, name, value)
		if (json_object_is_type(value, json_type_string))
			(void)sysfs_session_put(session, name, json_object_get_string(value));
	return *session->target_name ? 0 : -EINVAL;
}

static int by_sid(const void *a, const void *b)
{
	const struct sysfs_session *left = a, *right = b;

	return (left->sid > right->sid) - (left->sid < right->sid);
}

static bool has_session_file(const char *folder)
{
	DIR *stream = opendir(folder);
	const struct dirent *entry;
	bool found = false;

	while (stream && !found && (entry = readdir(stream)))
		found = !strncmp(entry->d_name, "session-", 8);
	if (stream)
		closedir(stream);
	return found;
}

/* The daemon keeps a file per session beside its socket; a socket that was mounted alone is on another device than its folder. */
static bool may_see_more(void)
{
	char path[PATH_MAX], *folder;
	struct stat socket, beside;

	if (getenv(IPC_SOCKET_ENV))
		return true;
	snprintf(path, sizeof(path), "%s", adm_socket_path());
	folder = dirname(path);
	if (!stat(adm_socket_path(), &socket) && !stat(folder, &beside) && socket.st_dev != beside.st_dev)
		return true;
	return has_session_file(folder);
}

int far_sessions(struct adm *adm, struct sysfs_session **ret_sessions, size_t *ret_count)
{
	size_t count;

	*ret_sessions = NULL;
	*ret_count = 0;
	if (!may_see_more())
		return 0;
	json_object_put(adm->far);
	adm->far = ask(adm, IPC_INTERFACE ".Attributes", NULL, DAEMON_QUERY_MS);
	count = adm->far ? json_object_array_length(adm->far) : 0;
	if (!count)
		return 0;
	*ret_sessions = calloc(count, sizeof(**ret_sessions));
	if (!*ret_sessions)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!take_session(json_object_array_get_idx(adm->far, i), &(*ret_sessions)[*ret_count]))
			++*ret_count;
	qsort(*ret_sessions, *ret_count, sizeof(**ret_sessions), by_sid);
	return 0;
}

static void take_device(struct json_object *object, struct sysfs_device *devices, size_t *count)
{
	struct sysfs_device *device = &devices[*count];
	const char *state = "", *block = "";
	int64_t host, channel, id, lun;

	if (json_get_number(object, "host", 0, UINT32_MAX, &host) || json_get_number(object, "channel", 0, UINT32_MAX, &channel) ||
	    json_get_number(object, "id", 0, UINT32_MAX, &id) || json_get_number(object, "lun", INT64_MIN, INT64_MAX, &lun))
		return;
	*device = (struct sysfs_device){ (uint32_t)host, (uint32_t)channel, (uint32_t)id, (uint64_t)lun, .type = SYSFS_NONE };
	json_get_number(object, "type", 0, INT32_MAX, &device->type);
	json_get_text(object, "state", &state);
	json_get_text(object, "block", &block);
	snprintf(device->state, sizeof(device->state), "%s", state);
	snprintf(device->block, sizeof(device->block), "%s", block);
	++*count;
}

static struct json_object *find(struct json_object *sessions, uint32_t sid)
{
	size_t count = sessions ? json_object_array_length(sessions) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *object = json_object_array_get_idx(sessions, i);
		int64_t number;

		if (!json_get_number(object, "sid", 0, UINT32_MAX, &number) && number == (int64_t)sid)
			return object;
	}
	return NULL;
}

int far_devices(struct adm *adm, uint32_t sid, struct sysfs_device **ret, size_t *ret_count)
{
	struct json_object *session = find(adm->far, sid), *devices;
	size_t count;

	if (!session)
		return sysfs_session_devices(adm->sysfs, sid, ret, ret_count);
	*ret = NULL;
	*ret_count = 0;
	count = json_get_array(session, "devices", &devices) ? 0 : json_object_array_length(devices);
	*ret = count ? calloc(count, sizeof(**ret)) : NULL;
	for (size_t i = 0; *ret && i < count; i++)
		take_device(json_object_array_get_idx(devices, i), *ret, ret_count);
	return count && !*ret ? -ENOMEM : 0;
}

void far_rescan(struct adm *adm, const uint32_t *sids, size_t count, int *ret_errors)
{
	struct json_object *parameters = json_object_new_object(), *list = json_object_new_array(), *answers;

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, json_object_new_int64(sids[i]));
	json_object_object_add(parameters, "sids", list);
	answers = ask(adm, IPC_INTERFACE ".Rescan", parameters, -1);
	for (size_t i = 0; i < count; i++) {
		struct json_object *answer = find(answers, sids[i]);
		int64_t error = ISCSI_ERR_ISCSID_COMM;

		if (answer)
			json_get_number(answer, "error", 0, ISCSI_ERR_COUNT - 1, &error);
		ret_errors[i] = !error ? 0 : error == ISCSI_ERR_SESS_NOT_FOUND ? -ENOENT : -EIO;
	}
	json_object_put(answers);
}
