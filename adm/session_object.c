/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session as a JSON object: what sysfs has read of it, what the daemon says, its disks. What was not read or is not known is
 * null. Never fails for want of a daemon.
 */
#include <stdlib.h>

#include "adm/far.h"
#include "adm/disk.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/session_tree.h"
#include "lib/json.h"

static void add_number(struct json_object *object, const char *name, int64_t value)
{
	if (value == SYSFS_NONE)
		emit_null(object, name);
	else
		emit_number(object, name, value);
}

static void add_switch(struct json_object *object, const char *name, int64_t value)
{
	if (value == SYSFS_NONE)
		emit_null(object, name);
	else
		emit_bool(object, name, value > 0);
}

static struct json_object *interface_of(struct adm *adm, struct sysfs_session *session)
{
	struct json_object *object = emit_part();

	emit_text(object, "name", adm_session_iface(adm, session));
	emit_text(object, "initiator_name", session->initiator_name);
	emit_text(object, "ip_address", session->ipaddress);
	emit_text(object, "hardware_address", session->hwaddress);
	emit_text(object, "netdev", session->netdev);
	return object;
}

static struct json_object *timeouts_of(const struct sysfs_session *session)
{
	struct json_object *object = emit_part();

	add_number(object, "recovery", session->recovery_tmo);
	add_number(object, "target_reset", session->tgt_reset_tmo);
	add_number(object, "lun_reset", session->lu_reset_tmo);
	add_number(object, "abort", session->abort_tmo);
	return object;
}

static struct json_object *chap_of(const struct sysfs_session *session, bool secrets)
{
	struct json_object *object = emit_part();

	emit_text(object, "username", session->username);
	emit_text(object, "password", secrets ? session->password : NULL);
	emit_text(object, "username_in", session->username_in);
	emit_text(object, "password_in", secrets ? session->password_in : NULL);
	return object;
}

static struct json_object *negotiated_of(const struct sysfs_session *session)
{
	struct json_object *object = emit_part();

	add_switch(object, "header_digest", session->header_digest);
	add_switch(object, "data_digest", session->data_digest);
	add_number(object, "max_recv_data_segment_length", session->max_recv_dlength);
	add_number(object, "max_xmit_data_segment_length", session->max_xmit_dlength);
	add_number(object, "first_burst_length", session->first_burst_len);
	add_number(object, "max_burst_length", session->max_burst_len);
	add_switch(object, "immediate_data", session->immediate_data);
	add_switch(object, "initial_r2t", session->initial_r2t);
	add_number(object, "max_outstanding_r2t", session->max_outstanding_r2t);
	return object;
}

struct json_object *object_device(struct adm *adm, uint32_t sid, const struct sysfs_device *device)
{
	struct json_object *object = emit_part();
	char wwid[DISK_WWID_MAX];

	if (!adm->disk_paths)
		adm->disk_paths = disk_paths_new();
	disk_wwid(adm->sysfs, sid, device, wwid);
	emit_number(object, "host", device->host_no);
	emit_number(object, "channel", device->channel);
	emit_number(object, "id", device->target);
	emit_number(object, "lun", (int64_t)device->lun);
	emit_text(object, "name", device->block);
	emit_text(object, "state", device->state);
	emit_text(object, "wwid", wwid);
	emit_text(object, "by_path", adm->disk_paths && *device->block ? disk_path(adm->disk_paths, device->block) : NULL);
	return object;
}

static struct json_object *devices_of(struct adm *adm, const struct sysfs_session *session)
{
	struct json_object *list = emit_list();
	struct sysfs_device *devices = NULL;
	size_t count = 0;

	if (far_devices(adm, session->sid, &devices, &count))
		count = 0;
	for (size_t i = 0; i < count; i++)
		emit_append(list, object_device(adm, session->sid, &devices[i]));
	free(devices);
	return list;
}

static void add_daemon(struct adm *adm, struct json_object *object, uint32_t sid)
{
	struct json_object *state = session_daemon_state(adm, sid);
	const char *connection = NULL, *session = NULL;
	int64_t since = SYSFS_NONE;

	if (state) {
		json_get_text(state, "connection_state", &connection);
		json_get_text(state, "session_state", &session);
		json_get_number(state, "since", 0, INT64_MAX, &since);
	}
	emit_text(object, "connection_state", connection);
	emit_text(object, "daemon_state", session);
	add_number(object, "state_age", since);
}

static void add_state(struct adm *adm, struct json_object *object, struct sysfs_session *session, bool read)
{
	bool connected = read && *session->address && session->port != SYSFS_NONE;

	emit_add(object, "current_portal", connected ? object_portal(session->address, session->port, session->tpgt) : NULL);
	emit_text(object, "state", read ? session->state : NULL);
	if (read) {
		add_daemon(adm, object, session->sid);
	} else {
		emit_null(object, "connection_state");
		emit_null(object, "daemon_state");
		emit_null(object, "state_age");
	}
	emit_add(object, "iface", read ? interface_of(adm, session) : NULL);
}

static void add_full(struct json_object *object, const struct sysfs_session *session, bool read, bool secrets)
{
	emit_text(object, "isid", read ? session->isid : NULL);
	emit_text(object, "target_alias", read ? session->target_alias : NULL);
	emit_add(object, "timeouts", read ? timeouts_of(session) : NULL);
	emit_add(object, "chap", read ? chap_of(session, secrets) : NULL);
	emit_add(object, "negotiated", read ? negotiated_of(session) : NULL);
}

/* Borrowed from the daemon's answer; what is no map of numbers is not known. */
static void add_counters(struct json_object *object, struct json_object *statistics, const char *name, const char *member)
{
	struct json_object *from, *counters = NULL;

	if (statistics && !json_get_object(statistics, name, &from)) {
		counters = emit_part();
		json_object_object_foreach(from, counter, value)
			emit_number(counters, counter, json_object_get_int64(value));
	}
	emit_add(object, member, counters);
}

static void add_all(struct adm *adm, struct json_object *object, const struct sysfs_session *session, bool read)
{
	struct json_object *statistics = read ? session_counters(adm, session->sid) : NULL;
	struct sysfs_host host = { 0 };

	if (read)
		sysfs_host_read(adm->sysfs, session->host_no, &host);
	emit_text(object, "host_state", host.state);
	emit_add(object, "devices", read ? devices_of(adm, session) : NULL);
	add_counters(object, statistics, "counters", "counters");
	add_counters(object, statistics, "extended", "extended");
	json_object_put(statistics);
}

struct json_object *object_session(struct adm *adm, struct sysfs_session *session, enum object_level level, bool secrets)
{
	struct json_object *object = emit_new("session");

	emit_number(object, "sid", session->sid);
	emit_number(object, "host", session->host_no);
	emit_text(object, "transport", session->transport);
	emit_text(object, "target", session->target_name);
	emit_bool(object, "flash", session->creator == -1);
	emit_add(object, "portal", object_portal(session->persistent_address, session->persistent_port, session->tpgt));
	add_state(adm, object, session, level >= OBJECT_STATE);
	add_full(object, session, level >= OBJECT_FULL, secrets);
	add_all(adm, object, session, level >= OBJECT_ALL);
	return object;
}
