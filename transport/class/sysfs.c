// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of transports, endpoints, sessions, connections and hosts. Those of the last three are in class devices, whose parents
 * are the objects. Text is the driver's, or the class's for what it keeps itself; kernfs keeps an object while it is read, its removal
 * waits.
 */
#include <linux/capability.h>

#include "transport/class/sysfs.h"

ssize_t sysfs_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	const struct sysfs_row *row = sysfs_row_of(attribute);

	if (row->root_only && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	return row->read(dev, row, text);
}

ssize_t sysfs_store(struct device *dev, struct device_attribute *attribute, const char *text, size_t bytes)
{
	const struct sysfs_row *row = sysfs_row_of(attribute);

	return row->write ? row->write(dev, row, text, bytes) : -EPERM;
}

umode_t sysfs_visible(const struct iscsi_transport *ops, const struct attribute *attribute)
{
	const struct sysfs_row *row = container_of(attribute, struct sysfs_row, attribute.attr);

	if (row->own)
		return attribute->mode;
	return ops->attr_is_visible ? ops->attr_is_visible(row->param_type, row->param) : 0;
}

struct attribute **sysfs_list(struct attribute **files, struct sysfs_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (rows[i].attribute.attr.name)
			*files++ = &rows[i].attribute.attr;
	return files;
}

/* ---- transports and endpoints ---- */

enum own_transport { OWN_HANDLE, OWN_CAPS };

static ssize_t read_transport(struct device *dev, const struct sysfs_row *row, char *text)
{
	const struct class_transport *transport = container_of(dev, struct class_transport, dev);

	if (row->param == OWN_CAPS)
		return sysfs_emit(text, "0x%x\n", transport->ops->caps);
	return sysfs_emit(text, "%u\n", transport->id);
}

static struct sysfs_row transport_rows[] = {
	[OWN_HANDLE] = { SYSFS_FILE("handle", 0444), .read = read_transport, .param = OWN_HANDLE, .root_only = true },
	[OWN_CAPS] = { SYSFS_FILE("caps", 0444), .read = read_transport, .param = OWN_CAPS },
};

static struct attribute *transport_files[ARRAY_SIZE(transport_rows) + 1];

static const struct attribute_group transport_group = { .attrs = transport_files };
const struct attribute_group *sysfs_transport_groups[] = { &transport_group, NULL };

static ssize_t read_endpoint(struct device *dev, const struct sysfs_row *row, char *text)
{
	return sysfs_emit(text, "%d\n", container_of(dev, struct iscsi_endpoint, dev)->id);
}

static struct sysfs_row endpoint_rows[] = {
	{ SYSFS_FILE("handle", 0444), .read = read_endpoint },
};

static struct attribute *endpoint_files[ARRAY_SIZE(endpoint_rows) + 1];

static const struct attribute_group endpoint_group = { .attrs = endpoint_files };
const struct attribute_group *sysfs_endpoint_groups[] = { &endpoint_group, NULL };

/* ---- sessions ---- */

/* Kept by the class, numbered behind the parameters. */
enum own_param { OWN_STATE = ISCSI_PARAM_MAX, OWN_TARGET_STATE, OWN_TARGET_ID, OWN_CREATOR, OWN_GENERATION, OWN_END };

static ssize_t read_session(struct device *dev, const struct sysfs_row *row, char *text)
{
	struct iscsi_cls_session *session = transport_class_to_session(dev);

	return session->transport->get_session_param(session, row->param, text);
}

static ssize_t show_recovery_tmo(const struct iscsi_cls_session *session, char *text)
{
	if (session->recovery_tmo == -1)
		return sysfs_emit(text, "off\n");
	return sysfs_emit(text, "%d\n", session->recovery_tmo);
}

static ssize_t read_own_session(struct device *dev, const struct sysfs_row *row, char *text)
{
	struct iscsi_cls_session *session = transport_class_to_session(dev);

	switch (row->param) {
	case OWN_STATE:
		return sysfs_emit(text, "%s\n", session_state_name(READ_ONCE(session->state)));
	case OWN_TARGET_STATE:
		return sysfs_emit(text, "%s\n", session_target_state_name(READ_ONCE(session->target_state)));
	case OWN_TARGET_ID:
		return sysfs_emit(text, "%d\n", READ_ONCE(session->target_id));
	case OWN_CREATOR:
		return sysfs_emit(text, "%d\n", session->creator);
	case OWN_GENERATION:
		return sysfs_emit(text, "%u\n", READ_ONCE(to_class_session(session)->generation));
	case ISCSI_PARAM_SESS_RECOVERY_TMO:
		return show_recovery_tmo(session, text);
	default:
		return -EIO;
	}
}

/* Seconds, or "off". Nothing is changed while the timer may be running. */
static ssize_t write_recovery_tmo(struct device *dev, const struct sysfs_row *row, const char *text, size_t bytes)
{
	struct iscsi_cls_session *session = transport_class_to_session(dev);
	int state = READ_ONCE(session->state);
	int seconds, error;

	if (state == ISCSI_SESSION_FREE || state == ISCSI_SESSION_FAILED)
		return -EBUSY;
	if (sysfs_streq(text, "off"))
		seconds = -1;
	else if (kstrtoint(text, 0, &seconds) || seconds < 0)
		return -EINVAL;
	error = session_recovery_tmo_set(session, seconds, true);
	return error ? error : bytes;
}

/* The words of params.def: the flags, and the class of an object as the macro that keeps its rows and drops the others. */
enum param_flags { NEEDED = 1, ROOT = 2, CLASS = 4 };

#define HIDDEN(...)

#define OWN_ROW(_param, _name, _read) [_param] = { SYSFS_FILE(_name, 0444), .read = _read, .param = _param, .own = true },
#define PARAM_ROW(_param, _name, _flags, _read, _read_own, _write_own) \
	[_param] = { SYSFS_FILE(_name, (_flags) & CLASS ? 0644 : 0444), .read = (_flags) & CLASS ? _read_own : _read, \
		     .write = (_flags) & CLASS ? _write_own : NULL, .param = _param, .param_type = ISCSI_PARAM, \
		     .root_only = (_flags) & ROOT, .own = (_flags) & CLASS },

#define SESSION(...)	__VA_ARGS__
#define CONN(...)

static struct sysfs_row session_rows[OWN_END] = {
#define PARAM(number, id, object, name, type, flags, sentence) \
	object(PARAM_ROW(number, name, flags, read_session, read_own_session, write_recovery_tmo))
#include "transport/abi/params.def"
#undef PARAM
	OWN_ROW(OWN_STATE, "state", read_own_session)
	OWN_ROW(OWN_TARGET_STATE, "target_state", read_own_session)
	OWN_ROW(OWN_TARGET_ID, "target_id", read_own_session)
	OWN_ROW(OWN_CREATOR, "creator", read_own_session)
	OWN_ROW(OWN_GENERATION, "generation", read_own_session)
};

static struct attribute *session_files[ARRAY_SIZE(session_rows) + 1];

static umode_t session_visible(struct kobject *kobj, struct attribute *attribute, int index)
{
	struct device *dev = kobj_to_dev(kobj);

	return sysfs_visible(transport_class_to_session(dev)->transport, attribute);
}

static const struct attribute_group session_group = { .attrs = session_files, .is_visible = session_visible };
const struct attribute_group *sysfs_session_groups[] = { &session_group, NULL };

#undef SESSION
#undef CONN

/* ---- connections ---- */

/* What a connection with an endpoint is connected to is known by the endpoint, which comes and goes under ep_mutex. */
static ssize_t read_peer(struct iscsi_cls_conn *conn, u16 param, char *text)
{
	struct iscsi_transport *ops = conn->transport;

	guard(mutex)(&conn->ep_mutex);
	if (conn->ep)
		return ops->get_ep_param(conn->ep, param, text);
	if (ops->ep_connect)
		return -ENOTCONN;
	return ops->get_conn_param(conn, param, text);
}

static ssize_t read_conn(struct device *dev, const struct sysfs_row *row, char *text)
{
	struct iscsi_cls_conn *conn = transport_class_to_conn(dev);

	if (row->param == ISCSI_PARAM_CONN_ADDRESS || row->param == ISCSI_PARAM_CONN_PORT)
		return read_peer(conn, row->param, text);
	return conn->transport->get_conn_param(conn, row->param, text);
}

static ssize_t read_own_conn(struct device *dev, const struct sysfs_row *row, char *text)
{
	struct iscsi_cls_conn *conn = transport_class_to_conn(dev);

	if (row->param == OWN_GENERATION)
		return sysfs_emit(text, "%u\n", READ_ONCE(to_class_conn(conn)->generation));
	return sysfs_emit(text, "%s\n", conn_state_name(READ_ONCE(conn->state)));
}

#define SESSION(...)
#define CONN(...)	__VA_ARGS__

static struct sysfs_row conn_rows[OWN_END] = {
#define PARAM(number, id, object, name, type, flags, sentence) object(PARAM_ROW(number, name, flags, read_conn, read_own_conn, NULL))
#include "transport/abi/params.def"
#undef PARAM
	OWN_ROW(OWN_STATE, "state", read_own_conn)
	OWN_ROW(OWN_GENERATION, "generation", read_own_conn)
};

static struct attribute *conn_files[ARRAY_SIZE(conn_rows) + 1];

static umode_t conn_visible(struct kobject *kobj, struct attribute *attribute, int index)
{
	struct device *dev = kobj_to_dev(kobj);

	return sysfs_visible(transport_class_to_conn(dev)->transport, attribute);
}

static const struct attribute_group conn_group = { .attrs = conn_files, .is_visible = conn_visible };
const struct attribute_group *sysfs_conn_groups[] = { &conn_group, NULL };

/* ---- hosts ---- */

static struct iscsi_transport *host_ops(const struct Scsi_Host *shost)
{
	return container_of(shost->transportt, struct class_transport, t)->ops;
}

static ssize_t read_host(struct device *dev, const struct sysfs_row *row, char *text)
{
	struct Scsi_Host *shost = transport_class_to_shost(dev);

	return host_ops(shost)->get_host_param(shost, row->param, text);
}

static struct sysfs_row host_rows[] = {
#define HOST_PARAM(number, id, name, type, sentence) \
	[number] = { SYSFS_FILE(name, 0444), .read = read_host, .param = number, .param_type = ISCSI_HOST_PARAM },
#include "transport/abi/host_params.def"
#undef HOST_PARAM
};

static struct attribute *host_files[ARRAY_SIZE(host_rows) + 1];

static umode_t host_visible(struct kobject *kobj, struct attribute *attribute, int index)
{
	struct device *dev = kobj_to_dev(kobj);

	return sysfs_visible(host_ops(transport_class_to_shost(dev)), attribute);
}

static const struct attribute_group host_group = { .attrs = host_files, .is_visible = host_visible };
const struct attribute_group *sysfs_host_groups[] = { &host_group, NULL };

void sysfs_files_init(void)
{
	sysfs_list(transport_files, transport_rows, ARRAY_SIZE(transport_rows));
	sysfs_list(endpoint_files, endpoint_rows, ARRAY_SIZE(endpoint_rows));
	sysfs_list(session_files, session_rows, ARRAY_SIZE(session_rows));
	sysfs_list(conn_files, conn_rows, ARRAY_SIZE(conn_rows));
	sysfs_list(host_files, host_rows, ARRAY_SIZE(host_rows));
	sysfs_adapter_files_init();
}
