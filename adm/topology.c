/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m topology`: gathers ports, portals, sessions and disks, judges how well each is, and has them drawn. Called by
 * main; the ports come from topology_port.c. Asks the daemon only what it thinks of lost sessions, and does without.
 */
#include "adm/topology.h"

#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/emit.h"
#include "adm/print.h"
#include "lib/json.h"

/* A session on its way to its place in the order. */
struct place {
	struct sysfs_session *session;
	size_t port;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	const struct sysfs_session *one = left->session, *other = right->session;
	int by_address = strverscmp(one->persistent_address, other->persistent_address);

	if (left->port != right->port)
		return left->port < right->port ? -1 : 1;
	if (by_address)
		return by_address;
	if (one->persistent_port != other->persistent_port)
		return one->persistent_port < other->persistent_port ? -1 : 1;
	if (one->tpgt != other->tpgt)
		return one->tpgt < other->tpgt ? -1 : 1;
	return one->sid < other->sid ? -1 : one->sid > other->sid;
}

/* Every session has its port before the ports are put in order. */
static int place_sessions(struct adm *adm, struct topology *topology, struct place *places, size_t *ret_count)
{
	size_t ignored;
	int error = 0;

	for (size_t i = 0; !error && i < adm->session_count; i++)
		if (*adm->sessions[i].target_name) {
			adm_session_iface(adm, &adm->sessions[i]);
			error = topology_port_of(adm, topology, &adm->sessions[i], &ignored);
		}
	topology_sort_ports(topology);
	*ret_count = 0;
	for (size_t i = 0; !error && i < adm->session_count; i++) {
		struct place *place = &places[*ret_count];

		if (!*adm->sessions[i].target_name)
			continue;
		place->session = &adm->sessions[i];
		error = topology_port_of(adm, topology, place->session, &place->port);
		(*ret_count)++;
	}
	if (!error && *ret_count)
		qsort(places, *ret_count, sizeof(*places), compare_places);
	return error;
}

static bool is_in_portal(const struct topology_portal *portal, const struct place *place)
{
	return portal->port == place->port && portal->number == place->session->persistent_port &&
	       portal->tpgt == place->session->tpgt && !strcmp(portal->address, place->session->persistent_address);
}

static int add_portal(struct topology *topology, const struct place *place)
{
	struct topology_portal *portals = topology->portals;
	size_t count = topology->portal_count;

	if (count && is_in_portal(&portals[count - 1], place))
		return 0;
	portals = topology_grow(portals, count, sizeof(*portals));
	if (!portals)
		return -ENOMEM;
	topology->portals = portals;
	portals[count] = (struct topology_portal){ .port = place->port, .number = place->session->persistent_port,
						   .tpgt = place->session->tpgt };
	snprintf(portals[count].address, sizeof(portals[count].address), "%s", place->session->persistent_address);
	topology->portal_count++;
	return 0;
}

static void ask_daemon(struct adm *adm, struct topology_session *session)
{
	size_t count = adm->states ? json_object_array_length(adm->states) : 0;
	int64_t sid;

	session->since_sec = -1;
	for (size_t i = 0; i < count; i++) {
		struct json_object *state = json_object_array_get_idx(adm->states, i);
		const char *word;

		if (json_get_number(state, "sid", 0, UINT32_MAX, &sid) || sid != (int64_t)session->session->sid)
			continue;
		if (!json_get_text(state, "session_state", &word) && strcmp(word, "NO_CHANGE") != 0)
			snprintf(session->daemon_state, sizeof(session->daemon_state), "%s", word);
		if (json_get_number(state, "since", 0, INT64_MAX, &session->since_sec))
			session->since_sec = -1;
	}
}

static enum health session_health(const struct topology_session *session)
{
	const char *conn = session->session->conn_state;

	if (*session->daemon_state)
		return HEALTH_WARNING;
	return !strcmp(session->session->state, "LOGGED_IN") && (!*conn || !strcmp(conn, "up")) ? HEALTH_GOOD : HEALTH_BAD;
}

static int add_session(struct adm *adm, struct topology *topology, const struct place *place)
{
	struct topology_session *sessions, *session;
	int error = add_portal(topology, place);

	if (error)
		return error;
	sessions = topology_grow(topology->sessions, topology->session_count, sizeof(*sessions));
	if (!sessions)
		return -ENOMEM;
	topology->sessions = sessions;
	session = &sessions[topology->session_count++];
	*session = (struct topology_session){ .portal = topology->portal_count - 1, .session = place->session };
	session->iface = adm_session_iface(adm, place->session);
	ask_daemon(adm, session);
	session->health = session_health(session);
	return 0;
}

static int add_sessions(struct adm *adm, struct topology *topology)
{
	struct place *places = calloc(adm->session_count + 1, sizeof(*places));
	size_t count;
	int error = places ? place_sessions(adm, topology, places, &count) : -ENOMEM;

	if (!adm->states_asked)
		adm->states = daemon_sessions(adm);
	adm->states_asked = true;
	for (size_t i = 0; !error && i < count; i++)
		error = add_session(adm, topology, &places[i]);
	free(places);
	return error;
}

static int read_block(struct adm *adm, const char *block, const char *attribute, char *text, size_t room)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "class/block/%s/%s", block, attribute);
	return sysfs_read(adm->sysfs, path, text, room);
}

/* What is made of the disk: the multipath device, else the first by name; the mapper's name for it where there is one. */
static void take_holder(struct adm *adm, struct topology_disk *disk, const char *block, char first[64])
{
	char uuid[160], name[64];
	bool is_multipath = read_block(adm, block, "dm/uuid", uuid, sizeof(uuid)) > 0 && !strncmp(uuid, "mpath-", 6);

	if (disk->is_multipath || (!is_multipath && *first && strverscmp(block, first) > 0))
		return;
	snprintf(first, 64, "%.63s", block);
	if (read_block(adm, block, "dm/name", name, sizeof(name)) <= 0)
		snprintf(name, sizeof(name), "%s", first);
	snprintf(disk->holder, sizeof(disk->holder), "%s", name);
	disk->is_multipath = is_multipath;
}

static void read_holders(struct adm *adm, struct topology_disk *disk)
{
	char path[PATH_MAX], first[64] = "";
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/class/block/%s/holders", adm->sysfs, disk->device.block);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			take_holder(adm, disk, entry->d_name, first);
	if (folder)
		closedir(folder);
}

static void read_disk(struct adm *adm, struct topology_disk *disk)
{
	const char *block = disk->device.block, *state = disk->device.state;
	char sectors[32], vendor[24], model[32];

	if (read_block(adm, block, "size", sectors, sizeof(sectors)) > 0)
		disk->size_bytes = strtoull(sectors, NULL, 10) * 512;
	read_block(adm, block, "device/vendor", vendor, sizeof(vendor));
	read_block(adm, block, "device/model", model, sizeof(model));
	snprintf(disk->model, sizeof(disk->model), "%s%s%s", vendor, *vendor && *model ? " " : "", model);
	read_holders(adm, disk);
	disk->health = !strcmp(state, "running") ? HEALTH_GOOD : !*state ? HEALTH_IDLE :
		       strstr(state, "offline") || !strcmp(state, "deleted") || !strcmp(state, "cancel") ? HEALTH_BAD : HEALTH_WARNING;
}

static int add_disks_of(struct adm *adm, struct topology *topology, size_t session)
{
	struct sysfs_device *devices = NULL;
	struct topology_disk *disks;
	size_t count = 0;
	int error = 0;

	/* A session that went away meanwhile has none. */
	if (sysfs_session_devices(adm->sysfs, topology->sessions[session].session->sid, &devices, &count))
		return 0;
	for (size_t i = 0; !error && i < count; i++) {
		if (!*devices[i].block)
			continue;
		disks = topology_grow(topology->disks, topology->disk_count, sizeof(*disks));
		if (!disks) {
			error = -ENOMEM;
			continue;
		}
		topology->disks = disks;
		disks[topology->disk_count] = (struct topology_disk){ .session = session, .device = devices[i] };
		read_disk(adm, &disks[topology->disk_count++]);
		topology->sessions[session].disks++;
	}
	free(devices);
	return error;
}

/* A whole is as well as its parts: good or bad if all are. */
static void add_health(enum health *whole, size_t parts_before, enum health part)
{
	if (!parts_before)
		*whole = part;
	else if (*whole != part)
		*whole = HEALTH_WARNING;
}

static bool has_good_session(const struct topology *topology, const struct topology_port *port)
{
	for (size_t i = 0; i < topology->session_count; i++)
		if (&topology->ports[topology->portals[topology->sessions[i].portal].port] == port &&
		    topology->sessions[i].health == HEALTH_GOOD)
			return true;
	return false;
}

/* A NIC that carries a healthy session is there, if in another network namespace than ours. */
static void judge_port(const struct topology *topology, struct topology_port *port)
{
	bool absent = !strcmp(port->state, "absent");

	if (absent && has_good_session(topology, port))
		port->state[0] = '\0';
	else if (absent || !strcmp(port->state, "down"))
		port->health = HEALTH_BAD;
}

static void judge(struct topology *topology)
{
	for (size_t i = 0; i < topology->session_count; i++) {
		struct topology_portal *portal = &topology->portals[topology->sessions[i].portal];
		struct topology_port *port = &topology->ports[portal->port];

		add_health(&portal->health, portal->sessions++, topology->sessions[i].health);
		add_health(&port->health, port->sessions++, topology->sessions[i].health);
	}
	for (size_t i = 0; i < topology->port_count; i++)
		judge_port(topology, &topology->ports[i]);
}

enum iscsi_err topology_gather(struct adm *adm, struct topology *ret_topology)
{
	enum iscsi_err err = adm_read_sessions(adm, SYSFS_STATE);
	int error;

	*ret_topology = (struct topology){ 0 };
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = topology_add_ports(adm, ret_topology);
	if (!error)
		error = add_sessions(adm, ret_topology);
	for (size_t i = 0; !error && i < ret_topology->session_count; i++)
		error = add_disks_of(adm, ret_topology, i);
	judge(ret_topology);
	if (!error)
		return ISCSI_ERR_SUCCESS;
	print_problem("the topology cannot be read: %s", strerror(-error));
	return iscsi_err_from_errno(error);
}

static void free_names(struct topology_port *port)
{
	for (size_t i = 0; i < port->iface_count; i++)
		free(port->ifaces[i]);
	free(port->ifaces);
}

void topology_done(struct topology *topology)
{
	for (size_t i = 0; i < topology->port_count; i++)
		free_names(&topology->ports[i]);
	free(topology->ports);
	free(topology->portals);
	free(topology->sessions);
	free(topology->disks);
	machine_done(&topology->machine);
	if (topology->addresses)
		freeifaddrs(topology->addresses);
	*topology = (struct topology){ 0 };
}

/* May the tree have line-drawing characters? The program as a whole stays in the C locale. */
static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = locale && !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");

	if (locale)
		freelocale(locale);
	return utf8;
}

static enum iscsi_err draw(const struct topology *topology, bool svg)
{
	struct text text = { 0 };
	enum iscsi_err err = ISCSI_ERR_SUCCESS;

	if (emit_wanted()) {
		topology_json(topology);
		return err;
	}
	if (svg)
		topology_svg(topology, &text);
	else
		topology_text(topology, locale_is_utf8(), &text);
	if (text.failed) {
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
		err = ISCSI_ERR_NOMEM;
	} else {
		print_text(text.data);
	}
	text_done(&text);
	return err;
}

enum iscsi_err topology_mode(struct adm *adm)
{
	bool svg = adm->args->has[OPTION_SVG];
	struct topology topology;
	enum iscsi_err err;

	if (svg && emit_wanted()) {
		print_problem("--svg and --json exclude each other");
		return ISCSI_ERR_INVAL;
	}
	err = topology_gather(adm, &topology);
	if (err == ISCSI_ERR_SUCCESS && !topology.port_count) {
		print_problem("No iSCSI ports and no active sessions.");
		err = ISCSI_ERR_NO_OBJS_FOUND;
	}
	if (err == ISCSI_ERR_SUCCESS)
		err = draw(&topology, svg);
	topology_done(&topology);
	return err;
}
