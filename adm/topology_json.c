/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The topology as JSON: an object of type port for each port, which holds its portals, these their sessions, these their disks.
 * docs/json.md lists the members. Called by topology.c.
 */
#include "adm/emit.h"
#include "adm/topology.h"

static const char *health_word(enum health health)
{
	static const char *const words[] = {
		[HEALTH_IDLE] = "idle", [HEALTH_GOOD] = "good", [HEALTH_WARNING] = "warning", [HEALTH_BAD] = "bad",
	};

	return words[health];
}

static struct json_object *disk_object(const struct topology_disk *disk)
{
	struct json_object *object = emit_part();

	emit_text(object, "name", disk->device.block);
	emit_number(object, "lun", (int64_t)disk->device.lun);
	emit_text(object, "state", disk->device.state);
	emit_text(object, "health", health_word(disk->health));
	if (disk->size_bytes)
		emit_number(object, "size", (int64_t)disk->size_bytes);
	else
		emit_null(object, "size");
	emit_text(object, "model", disk->model);
	emit_text(object, "holder", disk->holder);
	emit_bool(object, "multipath", disk->is_multipath);
	return object;
}

static struct json_object *session_object(const struct topology *topology, size_t index, size_t *disk)
{
	const struct topology_session *session = &topology->sessions[index];
	struct json_object *object = emit_part(), *disks = emit_list();

	emit_number(object, "sid", session->session->sid);
	emit_text(object, "target", session->session->target_name);
	emit_text(object, "iface", session->iface);
	emit_text(object, "state", session->session->state);
	emit_text(object, "daemon_state", session->daemon_state);
	if (session->since_sec >= 0)
		emit_number(object, "state_age", session->since_sec);
	else
		emit_null(object, "state_age");
	emit_text(object, "health", health_word(session->health));
	for (; *disk < topology->disk_count && topology->disks[*disk].session == index; (*disk)++)
		emit_append(disks, disk_object(&topology->disks[*disk]));
	emit_add(object, "disks", disks);
	return object;
}

static struct json_object *portal_object(const struct topology *topology, size_t index, size_t *session, size_t *disk)
{
	const struct topology_portal *portal = &topology->portals[index];
	struct json_object *object = emit_part(), *sessions = emit_list();

	emit_text(object, "address", portal->address);
	emit_number(object, "port", portal->number);
	emit_number(object, "tpgt", portal->tpgt);
	emit_text(object, "health", health_word(portal->health));
	for (; *session < topology->session_count && topology->sessions[*session].portal == index; (*session)++)
		emit_append(sessions, session_object(topology, *session, disk));
	emit_add(object, "sessions", sessions);
	return object;
}

static struct json_object *port_ifaces(const struct topology_port *port)
{
	struct json_object *list = emit_list();

	for (size_t i = 0; i < port->iface_count; i++)
		emit_append(list, json_object_new_string(port->ifaces[i]));
	return list;
}

void topology_json(const struct topology *topology)
{
	static const char *const kinds[] = { [TOPOLOGY_NIC] = "nic", [TOPOLOGY_ADAPTER] = "adapter", [TOPOLOGY_DEFAULT] = "default" };
	size_t portal = 0, session = 0, disk = 0;

	for (size_t i = 0; i < topology->port_count; i++) {
		const struct topology_port *port = &topology->ports[i];
		struct json_object *object = emit_new("port"), *portals = emit_list();

		emit_text(object, "name", port->name);
		emit_text(object, "kind", kinds[port->kind]);
		emit_text(object, "transport", port->transport);
		emit_text(object, "hardware_address", port->hwaddress);
		emit_text(object, "ip_address", port->address);
		emit_text(object, "state", port->state);
		emit_text(object, "speed", port->speed);
		emit_text(object, "health", health_word(port->health));
		emit_add(object, "ifaces", port_ifaces(port));
		for (; portal < topology->portal_count && topology->portals[portal].port == i; portal++)
			emit_append(portals, portal_object(topology, portal, &session, &disk));
		emit_add(object, "portals", portals);
		emit(object);
	}
}
