/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's view of sessions over the IPC: their attributes and devices in sysfs, and new scans. For clients in containers and
 * other network namespaces, who have no such files. Called by verbs.c; a worker thread reads, the loop answers.
 */
#include "daemon/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "transport/user/scsi.h"
#include "transport/user/sysfs.h"

struct look {
	struct daemon *daemon;
	struct ipc_call *call; /* NULL: the client is gone */
	struct json_object *reply;
	uint32_t *sids; /* to scan */
	size_t count;
};

static void look_closed(void *data)
{
	struct look *look = data;

	look->call = NULL;
}

static void look_done(void *data, bool cancelled)
{
	struct look *look = data;

	look->daemon->works--;
	if (look->call) {
		ipc_call_on_close(look->call, NULL, NULL);
		ipc_reply(look->call, look->reply, false);
	} else {
		json_object_put(look->reply);
	}
	free(look->sids);
	free(look);
}

/* Takes sids. */
static void look_start(struct daemon *daemon, struct ipc_call *call, loop_work_fn *run, uint32_t *sids, size_t count)
{
	struct look *look = calloc(1, sizeof(*look));

	if (look)
		*look = (struct look){.daemon = daemon, .call = call, .sids = sids, .count = count};
	if (!look || loop_work(daemon->loop, run, look_done, look, NULL) < 0) {
		free(look);
		free(sids);
		ipc_error(call, ISCSI_ERR_NOMEM, NULL);
		return;
	}
	daemon->works++;
	ipc_call_on_close(call, look_closed, look);
}

/* ---- Attributes ---- */

static void add_attribute(const char *name, const char *text, void *data)
{
	json_object_object_add(data, name, json_object_new_string(text));
}

static struct json_object *device_describe(const struct sysfs_device *device)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "host", json_object_new_int64(device->host_no));
	json_object_object_add(object, "channel", json_object_new_int64(device->channel));
	json_object_object_add(object, "id", json_object_new_int64(device->target));
	json_object_object_add(object, "lun", json_object_new_int64((int64_t)device->lun));
	json_object_object_add(object, "type", json_object_new_int64(device->type));
	json_object_object_add(object, "state", json_object_new_string(device->state));
	json_object_object_add(object, "block", json_object_new_string(device->block));
	return object;
}

static struct json_object *devices_describe(uint32_t sid)
{
	struct json_object *list = json_object_new_array();
	struct sysfs_device *devices = NULL;
	size_t count = 0;

	if (sysfs_session_devices(SYSFS_ROOT, sid, &devices, &count))
		count = 0;
	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, device_describe(&devices[i]));
	free(devices);
	return list;
}

static struct json_object *session_describe(const struct sysfs_session *session)
{
	struct json_object *object = json_object_new_object(), *attributes = json_object_new_object();

	sysfs_session_each(session, add_attribute, attributes);
	json_object_object_add(object, "sid", json_object_new_int64(session->sid));
	json_object_object_add(object, "host", json_object_new_int64(session->host_no));
	json_object_object_add(object, "attributes", attributes);
	json_object_object_add(object, "devices", devices_describe(session->sid));
	return object;
}

static void look_run(void *data)
{
	struct json_object *list = json_object_new_array();
	struct sysfs_session *sessions = NULL;
	struct look *look = data;
	size_t count = 0;

	if (sysfs_sessions(SYSFS_ROOT, SYSFS_FULL, &sessions, &count))
		count = 0;
	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, session_describe(&sessions[i]));
	if (sessions)
		sysfs_session_wipe(sessions, count);
	free(sessions);
	look->reply = json_object_new_object();
	json_object_object_add(look->reply, "sessions", list);
}

void look_verb(struct ipc_call *call, struct json_object *parameters, void *data)
{
	look_start(data, call, look_run, NULL, 0);
}

/* ---- Rescan ---- */

static int rescan(uint32_t sid)
{
	struct sysfs_session session;
	int r = sysfs_session_read(SYSFS_ROOT, sid, SYSFS_LINE, &session);

	return r < 0 ? r : scsi_rescan_session(SYSFS_ROOT, sid, session.host_no);
}

static void rescan_run(void *data)
{
	struct json_object *list = json_object_new_array();
	struct look *look = data;

	for (size_t i = 0; i < look->count; i++) {
		struct json_object *object = json_object_new_object();
		int r = rescan(look->sids[i]);

		json_object_object_add(object, "sid", json_object_new_int64(look->sids[i]));
		json_object_object_add(object, "error", json_object_new_int((int)iscsi_err_from_errno(r)));
		json_object_object_add(object, "message", r < 0 ? json_object_new_string(strerror(-r)) : NULL);
		json_object_array_add(list, object);
	}
	look->reply = json_object_new_object();
	json_object_object_add(look->reply, "sessions", list);
}

void look_rescan_verb(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct json_object *list;
	size_t count = json_get_array(parameters, "sids", &list) < 0 ? 0 : json_object_array_length(list);
	uint32_t *sids = count ? calloc(count, sizeof(*sids)) : NULL;

	for (size_t i = 0; sids && i < count; i++) {
		struct json_object *number = json_object_array_get_idx(list, i);
		int64_t sid = json_object_is_type(number, json_type_int) ? json_object_get_int64(number) : -1;

		if (sid < 0 || sid > UINT32_MAX) {
			free(sids);
			sids = NULL;
		} else {
			sids[i] = (uint32_t)sid;
		}
	}
	if (sids)
		look_start(data, call, rescan_run, sids, count);
	else
		ipc_error(call, ISCSI_ERR_INVAL, "sids is missing or empty, or one of them is no session number");
}
