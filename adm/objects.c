/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON objects of records and of what was done to them. Their members are those of docs/json.md, in that order. Called by the
 * modes where emit_wanted(); sessions are in session_object.c.
 */
#include "adm/objects.h"

#include <string.h>

#include "adm/print.h"

struct json_object *object_portal(const char *address, int64_t port, int64_t tpgt)
{
	struct json_object *portal = emit_part();

	emit_text(portal, "address", address);
	if (port >= 0)
		emit_number(portal, "port", port);
	else
		emit_null(portal, "port");
	if (tpgt >= 0)
		emit_number(portal, "tpgt", tpgt);
	else
		emit_null(portal, "tpgt");
	return portal;
}

void object_add_key(struct json_object *object, const struct node_key *key)
{
	emit_text(object, "target", key->target);
	emit_add(object, "portal", object_portal(key->portal.address, key->portal.port, key->portal.tpgt));
	emit_text(object, "iface", key->iface);
}

struct json_object *object_binding(const struct node_key *key)
{
	struct json_object *binding = emit_part();

	object_add_key(binding, key);
	return binding;
}

void object_add_settings(struct adm *adm, struct json_object *object, struct record *record)
{
	bool secrets = adm->args->has[OPTION_SHOW], origins = record && adm->args->has[OPTION_ORIGINS];

	if (origins)
		adm_find_origins(adm, record);
	emit_add(object, "settings", record ? emit_settings(record, secrets) : NULL);
	emit_add(object, "origins", origins ? emit_origins(record, secrets) : NULL);
}

void object_emit_node(struct adm *adm, const struct node_key *key, struct record *node)
{
	struct json_object *object = emit_new("node");

	object_add_key(object, key);
	object_add_settings(adm, object, node);
	emit(object);
}

void object_emit_outcome(const char *operation, const struct object_subject *subject, enum iscsi_err err, const char *message)
{
	const struct portal *portal = subject->portal;
	struct json_object *object;

	if (!emit_wanted())
		return;
	object = emit_new("outcome");
	emit_text(object, "operation", operation);
	emit_text(object, "kind", subject->kind);
	if (subject->sid)
		emit_number(object, "sid", subject->sid);
	else
		emit_null(object, "sid");
	emit_text(object, "target", subject->target);
	emit_add(object, "portal", portal ? object_portal(portal->address, portal->port, portal->tpgt) : NULL);
	emit_text(object, "iface", subject->iface);
	if (subject->has_index) {
		emit_number(object, "host", subject->host);
		emit_number(object, "index", subject->index);
	} else {
		emit_null(object, "host");
		emit_null(object, "index");
	}
	emit_error(object, err, message);
	emit(object);
}

void object_emit_node_outcome(const char *operation, const struct node_key *key, enum iscsi_err err, const char *message)
{
	const struct object_subject subject = { .kind = "node", .target = key->target, .portal = &key->portal, .iface = key->iface };

	object_emit_outcome(operation, &subject, err, message);
}

void object_emit_session_outcome(struct adm *adm, const char *operation, struct sysfs_session *session, enum iscsi_err err,
				 const char *message)
{
	struct node_key key;
	struct object_subject subject = { .kind = "session", .sid = session->sid, .target = key.target, .portal = &key.portal,
					  .iface = key.iface };

	if (!emit_wanted())
		return;
	adm_session_key(adm, session, &key);
	object_emit_outcome(operation, &subject, err, message);
}
