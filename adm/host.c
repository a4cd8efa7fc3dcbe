/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m host`: the SCSI hosts of iSCSI drivers with the network entities of HBA ports, from level 2 on with their sessions.
 * -H picks one. What an adapter's firmware holds is shown and changed by the sub-modes (chap.c, flashnode.c, host_stats.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adm/adapter.h"
#include "adm/emit.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/session_tree.h"
#include "transport/user/kernel_iface.h"

#define EMPTY	   "<empty>"
#define VALUE_BYTES 256

/* Where a line of a kernel iface's box comes from. */
enum source { KERNEL_NAME, PORT_STATE, PORT_SPEED, ATTRIBUTE };

/* The lines of the box in their order: label, name in JSON (NULL: it is the host's there), attribute, families that have it. */
static const struct iface_row {
	const char *label, *member, *attribute;
	enum source source;
	bool v4, v6;
	bool is_address;	/* in brackets if it is IPv6 */
	bool is_number;
} iface_rows[] = {
	{ "Kernel Name", "name", NULL, KERNEL_NAME, true, true, false, false },
	{ "IPaddress", "ip_address", "ipaddress", ATTRIBUTE, true, true, true, false },
	{ "Gateway", "gateway", "gateway", ATTRIBUTE, true, false, false, false },
	{ "Subnet", "subnet_mask", "subnet", ATTRIBUTE, true, false, false, false },
	{ "BootProto", "bootproto", "bootproto", ATTRIBUTE, true, false, false, false },
	{ "IPaddress Autocfg", "ip_autocfg", "ipaddr_autocfg", ATTRIBUTE, false, true, false, false },
	{ "Link Local Address", "link_local_address", "link_local_addr", ATTRIBUTE, false, true, true, false },
	{ "Link Local Autocfg", "link_local_autocfg", "link_local_autocfg", ATTRIBUTE, false, true, false, false },
	{ "Router Address", "router_address", "router_addr", ATTRIBUTE, false, true, true, false },
	{ "Port State", NULL, NULL, PORT_STATE, true, true, false, false },
	{ "Port Speed", NULL, NULL, PORT_SPEED, true, true, false, false },
	{ "Port", "port", "port", ATTRIBUTE, true, true, false, true },
	{ "MTU", "mtu", "mtu", ATTRIBUTE, true, true, false, true },
	{ "VLAN ID", "vlan_id", "vlan_id", ATTRIBUTE, true, true, false, true },
	{ "VLAN priority", "vlan_priority", "vlan_priority", ATTRIBUTE, true, true, false, true },
};

#define IFACE_ROWS (sizeof(iface_rows) / sizeof(iface_rows[0]))

/* What is shown: the hosts, how deep, and for whom. */
struct listing {
	struct adm *adm;
	long level;
};

static void read_row(const struct listing *listing, const struct sysfs_host *host, const struct kernel_iface *iface,
		     const struct iface_row *row, char value[VALUE_BYTES])
{
	const char *text = row->source == KERNEL_NAME ? iface->name : row->source == PORT_STATE ? host->port_state : host->port_speed;

	if (row->source == ATTRIBUTE)
		kernel_iface_read(listing->adm->sysfs, iface, row->attribute, value, VALUE_BYTES);
	else
		memccpy(value, text, '\0', VALUE_BYTES);
}

static void print_iface(const struct listing *listing, const struct sysfs_host *host, const struct kernel_iface *iface)
{
	char value[VALUE_BYTES];

	print_box(1, "Interface:", 10);
	for (size_t i = 0; i < IFACE_ROWS; i++) {
		const struct iface_row *row = &iface_rows[i];
		bool brackets;

		if (!(iface->is_v6 ? row->v6 : row->v4))
			continue;
		read_row(listing, host, iface, row, value);
		brackets = row->is_address && strchr(value, ':');
		print_at(1, "%s: %s%s%s", row->label, brackets ? "[" : "", print_or(value, EMPTY), brackets ? "]" : "");
	}
}

static struct json_object *iface_object(const struct listing *listing, const struct sysfs_host *host, const struct kernel_iface *iface)
{
	struct json_object *object = emit_part();
	char value[VALUE_BYTES], *end;

	emit_text(object, "family", iface->is_v6 ? "ipv6" : "ipv4");
	for (size_t i = 0; i < IFACE_ROWS; i++) {
		const struct iface_row *row = &iface_rows[i];
		long long number;

		if (!row->member)
			continue;
		value[0] = '\0';
		if (iface->is_v6 ? row->v6 : row->v4)
			read_row(listing, host, iface, row, value);
		number = strtoll(value, &end, 10);
		if (row->is_number && *value && !*end)
			emit_number(object, row->member, number);
		else
			emit_text(object, row->member, row->is_number ? NULL : value);
	}
	return object;
}

static void print_host_line(const struct sysfs_host *host)
{
	bool v6 = strchr(host->ipaddress, ':');

	print_line("%s: [%u] %s%s%s,[%s],%s %s", host->transport, host->host_no, v6 ? "[" : "", print_or(host->ipaddress, EMPTY),
		   v6 ? "]" : "", print_or(host->hwaddress, EMPTY), print_or(host->netdev, EMPTY),
		   print_or(host->initiator_name, EMPTY));
}

static void print_host_tree(const struct sysfs_host *host)
{
	bool v6 = strchr(host->ipaddress, ':');

	print_line("Host Number: %u", host->host_no);
	print_line("\tState: %s", print_or(host->state, "Unavailable"));
	print_line("\tTransport: %s", host->transport);
	print_line("\tInitiatorname: %s", print_or(host->initiator_name, EMPTY));
	print_line("\tIPaddress: %s%s%s", v6 ? "[" : "", print_or(host->ipaddress, EMPTY), v6 ? "]" : "");
	print_line("\tHWaddress: %s", print_or(host->hwaddress, EMPTY));
	print_line("\tNetdev: %s", print_or(host->netdev, EMPTY));
}

/* Marks the host's sessions: are there any? */
static bool mark_sessions(struct adm *adm, const struct sysfs_host *host)
{
	bool any = false;

	for (size_t i = 0; i < adm->session_count; i++) {
		adm->session_marked[i] = adm->sessions[i].host_no == host->host_no && *adm->sessions[i].target_name;
		any |= adm->session_marked[i];
	}
	return any;
}

static void print_host_sessions(const struct listing *listing, const struct sysfs_host *host)
{
	unsigned int parts = (listing->level >= 3 ? TREE_NEGOTIATED : 0) | (listing->level >= 4 ? TREE_DEVICES : 0);

	if (!mark_sessions(listing->adm, host))
		return;
	print_box(1, "Sessions:", 9);
	session_tree(listing->adm, parts, 1);
}

static void print_host(const struct listing *listing, const struct sysfs_host *host, const struct kernel_iface *ifaces, size_t count)
{
	if (listing->level < 1) {
		print_host_line(host);
		return;
	}
	print_host_tree(host);
	for (size_t i = 0; i < count; i++)
		print_iface(listing, host, &ifaces[i]);
	if (listing->level >= 2)
		print_host_sessions(listing, host);
}

static struct json_object *session_objects(const struct listing *listing, const struct sysfs_host *host)
{
	enum object_level level = listing->level == 2 ? OBJECT_STATE : listing->level == 3 ? OBJECT_FULL : OBJECT_ALL;
	struct json_object *list = emit_list();
	struct adm *adm = listing->adm;

	mark_sessions(adm, host);
	for (size_t i = 0; i < adm->session_count; i++)
		if (adm->session_marked[i])
			emit_append(list, object_session(adm, &adm->sessions[i], level, false));
	return list;
}

/* Without a level all is told. */
static void emit_host(const struct listing *listing, const struct sysfs_host *host, const struct kernel_iface *ifaces, size_t count)
{
	struct json_object *object = emit_new("host"), *list = NULL;
	bool all = listing->level < 0;

	if (all || listing->level >= 1)
		list = emit_list();
	for (size_t i = 0; list && i < count; i++)
		emit_append(list, iface_object(listing, host, &ifaces[i]));
	emit_number(object, "host", host->host_no);
	emit_text(object, "transport", host->transport);
	emit_text(object, "ip_address", host->ipaddress);
	emit_text(object, "hardware_address", host->hwaddress);
	emit_text(object, "netdev", host->netdev);
	emit_text(object, "initiator_name", host->initiator_name);
	emit_text(object, "state", host->state);
	emit_text(object, "port_state", host->port_state);
	emit_text(object, "port_speed", host->port_speed);
	emit_add(object, "ifaces", list);
	emit_add(object, "sessions", all || listing->level >= 2 ? session_objects(listing, host) : NULL);
	emit(object);
}

static enum iscsi_err show_host(const struct listing *listing, const struct sysfs_host *host)
{
	struct kernel_iface *ifaces;
	size_t count;
	int error = kernel_iface_list(listing->adm->sysfs, host->host_no, &ifaces, &count);

	if (error) {
		print_problem("ifaces of host %u cannot be read: %s", host->host_no, strerror(-error));
		return error == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_SYSFS_LOOKUP;
	}
	if (emit_wanted())
		emit_host(listing, host, ifaces, count);
	else
		print_host(listing, host, ifaces, count);
	free(ifaces);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err read_sessions(const struct listing *listing)
{
	long level = listing->level;

	if (level < 0 && emit_wanted())
		level = 4;
	return level >= 2 ? adm_read_sessions(listing->adm, level > 2 ? SYSFS_FULL : SYSFS_STATE) : ISCSI_ERR_SUCCESS;
}

static enum iscsi_err show_hosts(const struct listing *listing, const struct sysfs_host *hosts, size_t count)
{
	enum iscsi_err err = read_sessions(listing);

	for (size_t i = 0; err == ISCSI_ERR_SUCCESS && i < count; i++)
		err = show_host(listing, &hosts[i]);
	return err;
}

/* Keeps the host that -H names: moves it to the front and gives how many are left. */
static size_t pick(struct sysfs_host *hosts, size_t count, uint32_t host_no)
{
	for (size_t i = 0; i < count; i++) {
		if (hosts[i].host_no != host_no)
			continue;
		hosts[0] = hosts[i];
		return 1;
	}
	return 0;
}

static enum iscsi_err host_list(struct adm *adm, uint32_t host_no)
{
	struct listing listing = { .adm = adm, .level = adm->args->number[OPTION_PRINT] };
	bool one = adm->args->has[OPTION_HOST];
	struct sysfs_host *hosts = NULL;
	enum iscsi_err err = ISCSI_ERR_NO_OBJS_FOUND;
	size_t count = 0;

	if (sysfs_hosts(adm->sysfs, &hosts, &count)) {
		print_problem("hosts cannot be read from %s", adm->sysfs);
		return ISCSI_ERR_SYSFS_LOOKUP;
	}
	if (listing.level == 4)
		session_versions(adm);
	if (one)
		count = pick(hosts, count, host_no);
	if (!count && one) {
		print_problem("There is no iSCSI host %u.", host_no);
	} else if (!count) {
		print_problem("No iSCSI hosts.");
	} else if (listing.level > 4 || listing.level < -1) {
		print_problem("Invalid info level %ld. Try 0 - 4.", listing.level);
		err = ISCSI_ERR_INVAL;
	} else {
		err = show_hosts(&listing, hosts, count);
	}
	free(hosts);
	return err;
}

/* What needs more than the operation; true: refused. */
static bool is_incomplete(const struct args *args)
{
	const unsigned int by_index = OPERATION_DELETE | OPERATION_UPDATE | OPERATION_LOGIN | OPERATION_LOGOUT;
	bool flashnode = args->submode == SUBMODE_FLASHNODE;

	if (args->submode == SUBMODE_CHAP && !args->operations)
		print_problem("CHAP mode requires host no and valid operation");
	else if (flashnode && args->operations & by_index && !args->has[OPTION_INDEX])
		print_problem("Invalid flashnode index");
	else if (flashnode && args->operations & OPERATION_NEW && !args->has[OPTION_PORTAL_TYPE])
		print_problem("Invalid type. A new flashnode needs --portal_type ipv4 or ipv6");
	else
		return false;
	return true;
}

static enum iscsi_err host_submode(struct adm *adm, uint32_t host_no)
{
	struct sysfs_host host;
	enum iscsi_err err;

	if (is_incomplete(adm->args))
		return ISCSI_ERR_INVAL;
	err = adapter_find(adm, host_no, &host);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (adm->args->submode == SUBMODE_CHAP)
		return chap_submode(adm, &host);
	return adm->args->submode == SUBMODE_FLASHNODE ? flashnode_submode(adm, &host) : host_stats_submode(adm, &host);
}

/* An operation is one of a sub-mode; the list takes none. */
enum iscsi_err host_mode(struct adm *adm)
{
	uint32_t host_no;
	enum iscsi_err err = adm_host(adm, &host_no);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	return adm->args->submode == SUBMODE_NONE ? host_list(adm, host_no) : host_submode(adm, host_no);
}
