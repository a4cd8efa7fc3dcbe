/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which port an iface record stands for, and records for the ports that have none. Called by iscsid after each look at the ports, by
 * iscsiadm to say what is there. Writes new files only; what an administrator or an earlier run wrote is never touched.
 */
#include "iface/auto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "iface/candidate.h"
#include "iface/hba.h"
#include "transport/user/transport.h"

#define ORIGIN_AUTO_WORD "auto"

/* ---- all ifaces of a folder ---- */

/* Takes *iface. It stays sorted by name. */
static int insert(struct ifaces *ifaces, struct record *iface)
{
	struct record *grown = realloc(ifaces->list, (ifaces->count + 1) * sizeof(*grown));
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME);
	size_t at = ifaces->count;

	if (!grown) {
		record_done(iface);
		return -ENOMEM;
	}
	ifaces->list = grown;
	while (at && strcmp(record_text(&grown[at - 1], F_IFACE_ISCSI_IFACENAME), name) > 0)
		at--;
	memmove(&grown[at + 1], &grown[at], (ifaces->count - at) * sizeof(*grown));
	grown[at] = *iface;
	ifaces->count++;
	return 0;
}

struct complaining {
	struct ifaces *ifaces;
	iface_complaint_fn *fn;
	void *data;
};

static int read_into(const struct record *iface, void *data)
{
	const struct complaining *complaining = data;
	struct record copy;

	if (iface_is_builtin(record_text(iface, F_IFACE_ISCSI_IFACENAME)))
		return 0;
	return record_copy(&copy, iface) ? -ENOMEM : insert(complaining->ifaces, &copy);
}

static void pass_on(const char *path, int error, void *data)
{
	const struct complaining *complaining = data;

	if (complaining->fn)
		complaining->fn(path, error, complaining->data);
}

int ifaces_read(const char *dir, iface_complaint_fn *complain, void *data, struct ifaces *ret_ifaces)
{
	struct complaining complaining = { .ifaces = ret_ifaces, .fn = complain, .data = data };
	int error;

	*ret_ifaces = (struct ifaces){ .count = 0 };
	error = iface_each(dir, read_into, pass_on, &complaining);
	if (error)
		ifaces_done(ret_ifaces);
	return error;
}

void ifaces_done(struct ifaces *ifaces)
{
	for (size_t i = 0; i < ifaces->count; i++)
		record_done(&ifaces->list[i]);
	free(ifaces->list);
	*ifaces = (struct ifaces){ .count = 0 };
}

static int compare_name(const void *name, const void *iface)
{
	return strcmp(name, record_text(iface, F_IFACE_ISCSI_IFACENAME));
}

const struct record *ifaces_find(const struct ifaces *ifaces, const char *name)
{
	return ifaces->count ? bsearch(name, ifaces->list, ifaces->count, sizeof(*ifaces->list), compare_name) : NULL;
}

/* ---- the port of a record ---- */

static struct candidate candidate_of(const struct port *port)
{
	return (struct candidate){ .ifindex = port->ifindex, .hwaddress = port->hwaddress, .permanent = port->permanent,
				   .path = port->path, .has_master = *port->master };
}

static const struct port *find_nic(const struct record *iface, const struct ports *ports)
{
	const struct port *best = NULL;
	struct candidate chosen, other;
	struct wish wish;

	wish_of(iface, &wish);
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];

		other = candidate_of(port);
		if (port->kind != PORT_NIC || !candidate_fits(&other, &wish) ||
		    (best && !candidate_is_better(&other, &chosen, &wish)))
			continue;
		best = port;
		chosen = other;
	}
	return best;
}

/* A port whose entities are off, or not there yet: they come up to minutes later than the host, after its logins for booting. */
static bool is_without_entities(const struct port *port)
{
	const struct transport_row *row = transport_find(port->transport);

	return !port->has_entity && row && row->flags & TRANSPORT_ENTITIES;
}

static bool is_hba_of(const struct port *port, const struct record *iface)
{
	bool is_v6 = hba_family(iface) == ISCSI_IFACE_TYPE_IPV6;

	if (port->kind != PORT_HBA || !record_is(iface, F_IFACE_TRANSPORT_NAME, port->transport) || !*port->hwaddress ||
	    strcasecmp(record_text(iface, F_IFACE_HWADDRESS), port->hwaddress) != 0 || is_without_entities(port))
		return false;
	return !port->has_entity || (port->is_v6 == is_v6 && port->entity == (uint32_t)record_number(iface, F_IFACE_NUM));
}

static const struct port *find_hba(const struct record *iface, const struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		if (is_hba_of(&ports->list[i], iface))
			return &ports->list[i];
	return NULL;
}

const struct port *iface_port(const struct record *iface, const struct ports *ports)
{
	const char *netdev = record_text(iface, F_IFACE_NET_IFACENAME);

	if (hba_is_transport(record_text(iface, F_IFACE_TRANSPORT_NAME)))
		return find_hba(iface, ports);
	if (candidate_is_none(netdev))
		return find_nic(iface, ports);
	return ports_find_netdev(ports, netdev);
}

bool iface_is_auto(const struct record *iface)
{
	return record_is(iface, F_IFACE_ORIGIN, ORIGIN_AUTO_WORD);
}

const char *iface_shown_state(const struct record *iface, const struct port *port)
{
	const char *state = record_text(iface, F_IFACE_STATE);

	if (!iface_is_auto(iface))
		return state;
	if (!port)
		return "absent";
	return *state ? state : "present";
}

/* Is the record a tcp one that stands for the NIC? Whose name and address are others is not worth a look at all ports. */
static bool stands_for(const struct record *iface, const struct port *port, const struct ports *ports)
{
	const char *netdev = record_text(iface, F_IFACE_NET_IFACENAME), *mac = record_text(iface, F_IFACE_HWADDRESS);

	if (!record_is(iface, F_IFACE_TRANSPORT_NAME, "tcp"))
		return false;
	if (!candidate_is_none(netdev))
		return !strcmp(netdev, port->netdev);
	return (!strcasecmp(mac, port->hwaddress) || !strcasecmp(mac, port->permanent)) && iface_port(iface, ports) == port;
}

static bool is_at_its_place(const struct record *iface, const struct port *port)
{
	return *port->path && record_is(iface, F_IFACE_PATH, port->path);
}

const struct record *iface_overruled_by(const struct record *iface, const struct port *port, const struct ifaces *all,
					const struct ports *ports)
{
	if (!all || !port || port->kind != PORT_NIC || !iface_is_auto(iface))
		return NULL;
	for (size_t i = 0; i < all->count; i++) {
		const struct record *other = &all->list[i];

		if (!stands_for(other, port, ports))
			continue;
		if (!iface_is_auto(other) || (is_at_its_place(other, port) && !is_at_its_place(iface, port)))
			return other;
	}
	return NULL;
}

/* ---- new records ---- */

struct making {
	const char *dir;
	struct ifaces *ifaces;
	const struct ports *ports;
	const struct policy *policy;
	auto_made_fn *fn;
	void *data;
};

static void tell(const struct making *making, const struct record *iface, const struct port *port, const char *cause, int error)
{
	if (making->fn)
		making->fn(iface, port, cause, error, making->data);
}

/*
 * A NIC whose record goes by its MAC address. One that nobody gave a permanent address (virtual functions, small boards) has another
 * one after each boot, and would leave a record behind each time; its name is what udev makes last.
 */
static bool has_own_address(const struct port *port)
{
	return *port->path && !*port->nic_kind && *port->permanent;
}

/* Does a tcp iface stand for the NIC, whoever made it? */
static bool has_iface(const struct making *making, const struct port *port)
{
	for (size_t i = 0; i < making->ifaces->count; i++)
		if (stands_for(&making->ifaces->list[i], port, making->ports))
			return true;
	return false;
}

/* Has another NIC the address, so that it alone names none of them? */
static bool is_shared(const struct making *making, const struct port *port)
{
	for (size_t i = 0; i < making->ports->count; i++) {
		const struct port *other = &making->ports->list[i];

		if (other != port && other->kind == PORT_NIC && has_own_address(other) &&
		    !strcasecmp(other->permanent, port->permanent))
			return true;
	}
	return false;
}

static void name_nic(const struct making *making, const struct port *port, char name[IFACE_NAME_ROOM])
{
	if (!has_own_address(port)) {
		snprintf(name, IFACE_NAME_ROOM, "tcp.%s", port->netdev);
		return;
	}
	candidate_name(port->permanent, name);
	if (is_shared(making, port) || ifaces_find(making->ifaces, name))
		candidate_name_with_path(port->permanent, port->path, name);
}

static int set_texts(struct record *iface, const struct port *port, const char *name, enum bind_policy bind)
{
	bool by_address = has_own_address(port);
	const struct {
		enum field field;
		const char *text;
	} texts[] = {
		{ F_IFACE_ISCSI_IFACENAME, name },
		{ by_address ? F_IFACE_HWADDRESS : F_IFACE_NET_IFACENAME, by_address ? port->permanent : port->netdev },
		{ F_IFACE_TRANSPORT_NAME, "tcp" },
		{ F_IFACE_ORIGIN, ORIGIN_AUTO_WORD },
		{ F_IFACE_BIND, policy_bind_word(bind) },
		{ F_IFACE_PATH, by_address ? port->path : "" },
	};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(texts) / sizeof(texts[0]); i++)
		error = record_set(iface, texts[i].field, texts[i].text, ORIGIN_RECORD);
	return error;
}

/* Takes *iface, which a file was made of or could not be. */
static int finish(struct making *making, struct record *iface, const struct port *port, const char *cause, int error)
{
	if (error) {
		tell(making, iface, port, cause, error);
		record_done(iface);
		return error == -ENOMEM ? error : 0;
	}
	tell(making, iface, port, cause, 0);
	return insert(making->ifaces, iface);
}

static int make_nic(struct making *making, const struct port *port, const char *pattern)
{
	char name[IFACE_NAME_ROOM], cause[128];
	struct record iface;
	int error;

	if (has_iface(making, port))
		return 0;
	name_nic(making, port, name);
	record_init(&iface, RECORD_IFACE);
	error = set_texts(&iface, port, name, making->policy->bind);
	if (!error)
		error = record_set_number(&iface, F_IFACE_FAST_FAIL, making->policy->fast_fail, ORIGIN_RECORD);
	if (!error)
		error = iface_save_new(making->dir, &iface);
	snprintf(cause, sizeof(cause), "it matches %.100s", pattern);
	return finish(making, &iface, port, cause, error);
}

/* ---- of HBAs ---- */

static const struct sysfs_host *find_host(const struct sysfs_host *hosts, size_t count, uint32_t host_no)
{
	for (size_t i = 0; i < count; i++)
		if (hosts[i].host_no == host_no)
			return &hosts[i];
	return NULL;
}

static bool is_entity_of(const struct kernel_iface *entity, const struct port *port)
{
	return entity->is_v6 == port->is_v6 && entity->number == port->entity;
}

/* The entity may have gone since the picture was taken. */
static int make_entity(struct making *making, const struct sysfs_host *host, const struct port *port)
{
	const char *root = making->ports->root ? making->ports->root : SYSFS_ROOT;
	struct kernel_iface *entities = NULL, *entity = NULL;
	struct record iface;
	size_t count = 0;
	int error = 0;

	if (port->has_entity)
		error = kernel_iface_list(root, port->host_no, &entities, &count);
	for (size_t i = 0; i < count; i++)
		if (is_entity_of(&entities[i], port))
			entity = &entities[i];
	if (!error && port->has_entity == !!entity)
		error = hba_make(root, making->dir, host, entity, making->policy, &iface);
	else if (!error)
		error = -EEXIST;
	free(entities);
	if (!error)
		return finish(making, &iface, port, "the port of an HBA", 0);
	if (error == -EEXIST || error == -ENOMEM)
		return error == -ENOMEM ? error : 0;
	record_init(&iface, RECORD_IFACE);
	return finish(making, &iface, port, "the port of an HBA", error);
}

static int make_hbas(struct making *making, const struct port *const *ports, size_t count)
{
	const char *root = making->ports->root ? making->ports->root : SYSFS_ROOT;
	struct sysfs_host *hosts = NULL;
	size_t host_count = 0;
	int error;

	if (!count)
		return 0;
	error = sysfs_hosts(root, &hosts, &host_count);
	for (size_t i = 0; !error && i < count; i++) {
		const struct sysfs_host *host = find_host(hosts, host_count, ports[i]->host_no);

		if (host && hba_is_transport(host->transport) && *host->hwaddress && !is_without_entities(ports[i]))
			error = make_entity(making, host, ports[i]);
	}
	free(hosts);
	return error == -ENOMEM ? error : 0;
}

/* ---- all of them ---- */

/* By place, so that names do not depend on who was found first. */
static int compare_places(const void *left, const void *right)
{
	const struct port *a = *(const struct port *const *)left, *b = *(const struct port *const *)right;
	int order = strcmp(a->path, b->path);

	return order ? order : strcmp(a->netdev, b->netdev);
}

static int make_nics(struct making *making, const struct port **ports, size_t count)
{
	int error = 0;

	qsort(ports, count, sizeof(*ports), compare_places);
	for (size_t i = 0; !error && i < count; i++) {
		const char *pattern;

		if (nics_select(making->policy->nics, ports[i], &pattern))
			error = make_nic(making, ports[i], pattern);
	}
	return error;
}

/* Appends the new ones of a kind; how many. */
static size_t pick(const struct making *making, enum port_kind kind, auto_is_new_fn *is_new, const struct port **ports)
{
	size_t count = 0;

	for (size_t i = 0; i < making->ports->count; i++) {
		const struct port *port = &making->ports->list[i];

		if (port->kind == kind && (!is_new || is_new(port, making->data)))
			ports[count++] = port;
	}
	return count;
}

int auto_make(const char *dir, struct ifaces *ifaces, const struct ports *ports, const struct policy *policy, auto_is_new_fn *is_new,
	      auto_made_fn *fn, void *data)
{
	struct making making = { .dir = dir, .ifaces = ifaces, .ports = ports, .policy = policy, .fn = fn, .data = data };
	const struct port **wanted = calloc(ports->count + 1, sizeof(*wanted));
	int error;

	if (!wanted)
		return -ENOMEM;
	error = make_nics(&making, wanted, pick(&making, PORT_NIC, is_new, wanted));
	if (!error)
		error = make_hbas(&making, wanted, pick(&making, PORT_HBA, is_new, wanted));
	free(wanted);
	return error;
}
