/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The JSON objects that several modes of iscsiadm show, member by member as docs/json.md lists them: records, what an operation was
 * about, sessions. Builds and emits only; reads what it is given, and for sessions what belongs to them. See emit.h for the rules.
 */
#ifndef OPENHBA_ADM_OBJECTS_H
#define OPENHBA_ADM_OBJECTS_H

#include "adm/adm.h"
#include "adm/emit.h"

/* A negative tpgt is null. */
struct json_object *object_portal(const char *address, int64_t port, int64_t tpgt);

/* Adds "target", "portal" and "iface". */
void object_add_key(struct json_object *object, const struct node_key *key);
struct json_object *object_binding(const struct node_key *key);

/* "settings" and "origins" of a record, as the command line asks for them; NULL: was not read. */
void object_add_settings(struct adm *adm, struct json_object *object, struct record *record);

/* node NULL: the key is all that was read. */
void object_emit_node(struct adm *adm, const struct node_key *key, struct record *node);

/* What an operation was about. What does not apply is NULL or 0. */
struct object_subject {
	const char *kind;		/* "node", "session", "iface", "sendtargets", "isns", "chap_entry", "flashnode" */
	int64_t sid;
	const char *target, *iface;
	const struct portal *portal;
	bool has_index;			/* the last two kinds: an entry of an adapter's table */
	uint32_t host, index;
};

/* {"type":"outcome"}. Does nothing where text is wanted. message NULL: the sentence of the error. */
void object_emit_outcome(const char *operation, const struct object_subject *subject, enum iscsi_err err, const char *message);

/* The same for the record with this key, or for a session that runs. */
void object_emit_node_outcome(const char *operation, const struct node_key *key, enum iscsi_err err, const char *message);
void object_emit_session_outcome(struct adm *adm, const char *operation, struct sysfs_session *session, enum iscsi_err err,
				 const char *message);

/* Which members of a session are read: each level holds the former. The sessions must have been read as deep. */
enum object_level { OBJECT_LINE, OBJECT_STATE, OBJECT_FULL, OBJECT_ALL };

/* {"type":"session"} as an object, for whoever puts it into another or emits it. secrets: CHAP passwords as they are. */
struct json_object *object_session(struct adm *adm, struct sysfs_session *session, enum object_level level, bool secrets);

/* A SCSI device of a session; also part of it. */
struct json_object *object_device(struct adm *adm, uint32_t sid, const struct sysfs_device *device);

#endif
