/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Iface records as `iscsiadm -m iface` shows them: the list, the tree of -P 1, one record, and all of these as JSON. Which port
 * stands behind a record is looked up only where it is told. Changes nothing.
 */
#include <errno.h>
#include <string.h>

#include "adm/emit.h"
#include "adm/iface.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/tree.h"
#include "iface/candidate.h"
#include "transport/user/rtnetlink.h"

struct listing {
	struct adm *adm;
	struct machine machine;
	struct store *store;		/* of the tree; NULL: records are not told */
	struct json_object *nodes;	/* of the object being made */
	struct node_key last;
	bool printed;
};

void iface_complain_file(const char *path, int error, void *data)
{
	struct text why = { 0 };

	iface_explain_complaint(path, error, &why);
	print_problem("%s is not usable and is passed over: %s", path, why.data && !why.failed ? why.data : strerror(-error));
	text_done(&why);
}

void machine_read(struct adm *adm, struct machine *ret_machine)
{
	*ret_machine = (struct machine){ 0 };
	/* A made-up /sys is not of this machine. */
	if (!strcmp(adm->sysfs, SYSFS_ROOT))
		ret_machine->error = rtnetlink_open(&ret_machine->route);
	if (!ret_machine->error)
		ret_machine->error = ports_read(adm->sysfs, ret_machine->route, &ret_machine->ports);
	ret_machine->ifaces_error = ifaces_read(adm->iface_dir, NULL, NULL, &ret_machine->ifaces);
}

void machine_done(struct machine *machine)
{
	ports_done(&machine->ports);
	ifaces_done(&machine->ifaces);
	rtnetlink_close(machine->route);
	*machine = (struct machine){ 0 };
}

bool iface_names_port(const struct record *iface)
{
	return !candidate_is_none(record_text(iface, F_IFACE_NET_IFACENAME)) || !candidate_is_none(record_text(iface, F_IFACE_HWADDRESS));
}

void iface_emit_port(struct json_object *object, const struct record *iface, const struct port *port, bool ports_were_read)
{
	int fast_fail = policy_fast_fail_of(iface);
	char text[160];

	emit_text(object, "origin", record_text(iface, F_IFACE_ORIGIN));
	emit_text(object, "bind", record_text(iface, F_IFACE_BIND));
	if (fast_fail == FAST_FAIL_OFF)
		emit_null(object, "fast_fail");
	else
		emit_number(object, "fast_fail", fast_fail);
	if (!ports_were_read || !iface_names_port(iface))
		emit_null(object, "presence");
	else
		emit_text(object, "presence", port ? "present" : "absent");
	if (port)
		port_describe(port, text, sizeof(text));
	emit_text(object, "port", port ? text : NULL);
}

static void emit_iface(const struct record *iface, const struct machine *machine, bool settings, struct json_object *nodes)
{
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME), *netdev = record_text(iface, F_IFACE_NET_IFACENAME);
	struct json_object *object = emit_new("iface");

	emit_text(object, "name", name);
	emit_bool(object, "builtin", iface_is_builtin(name));
	emit_text(object, "transport", record_text(iface, F_IFACE_TRANSPORT_NAME));
	emit_text(object, "hardware_address", record_text(iface, F_IFACE_HWADDRESS));
	emit_text(object, "ip_address", record_text(iface, F_IFACE_IPADDRESS));
	emit_text(object, "netdev", candidate_is_none(netdev) ? NULL : netdev);
	emit_text(object, "initiator_name", record_text(iface, F_IFACE_INITIATORNAME));
	iface_emit_port(object, iface, iface_port(iface, &machine->ports), !machine->error);
	emit_add(object, "settings", settings ? emit_settings(iface, false) : NULL);
	emit_add(object, "nodes", nodes);
	emit(object);
}

static int add_binding(struct store *store, const struct node_key *key, void *data)
{
	struct listing *listing = data;

	emit_append(listing->nodes, object_binding(key));
	return 0;
}

static int emit_one(const struct record *iface, void *data)
{
	struct listing *listing = data;
	struct node_filter filter = { .iface = record_text(iface, F_IFACE_ISCSI_IFACENAME) };
	int error = 0;

	listing->nodes = listing->store ? emit_list() : NULL;
	if (listing->store)
		error = node_each(listing->store, &filter, add_binding, listing);
	emit_iface(iface, &listing->machine, listing->adm->args->number[OPTION_PRINT] < 0, listing->nodes);
	return error;
}

static int list_one(const struct record *iface, void *data)
{
	print_line("%s %s,%s,%s,%s,%s", record_text(iface, F_IFACE_ISCSI_IFACENAME), record_text(iface, F_IFACE_TRANSPORT_NAME),
		   print_or(record_text(iface, F_IFACE_HWADDRESS), "<empty>"), print_or(record_text(iface, F_IFACE_IPADDRESS), "<empty>"),
		   print_or(record_text(iface, F_IFACE_NET_IFACENAME), "<empty>"),
		   print_or(record_text(iface, F_IFACE_INITIATORNAME), "<empty>"));
	return 0;
}

static int tree_key(struct store *store, const struct node_key *key, void *data)
{
	struct listing *listing = data;

	tree_binding(listing->printed ? &listing->last : NULL, key);
	listing->last = *key;
	listing->printed = true;
	return 0;
}

static int tree_one(const struct record *iface, void *data)
{
	struct listing *listing = data;
	struct node_filter filter = { .iface = record_text(iface, F_IFACE_ISCSI_IFACENAME) };

	listing->printed = false;
	print_line("Iface: %s", filter.iface);
	return node_each(listing->store, &filter, tree_key, listing);
}

static int any_node(struct store *store, const struct node_key *key, void *data)
{
	return 1;
}

/* Prints nothing at all where there is no node record. */
static enum iscsi_err list_tree(struct adm *adm)
{
	static const struct node_filter everything;
	struct listing listing = { .adm = adm };
	enum iscsi_err err = adm_store_begin(adm, STORE_READ, &listing.store);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = node_each(listing.store, &everything, any_node, NULL);
	if (error > 0)
		error = iface_each(adm->iface_dir, tree_one, iface_complain_file, &listing);
	return adm_store_end(listing.store, adm_store_error(error));
}

/* -P 0 without the records bound to them, no level with their settings too. */
static enum iscsi_err list_objects(struct adm *adm)
{
	struct listing listing = { .adm = adm };
	enum iscsi_err err = ISCSI_ERR_SUCCESS;
	int error;

	if (adm->args->number[OPTION_PRINT])
		err = adm_store_begin(adm, STORE_READ, &listing.store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	machine_read(adm, &listing.machine);
	error = iface_each(adm->iface_dir, emit_one, iface_complain_file, &listing);
	machine_done(&listing.machine);
	if (listing.store)
		store_drop(listing.store);
	return error ? iscsi_err_from_errno(error) : ISCSI_ERR_SUCCESS;
}

enum iscsi_err iface_list(struct adm *adm)
{
	long level = adm->args->number[OPTION_PRINT];
	int error;

	if (level > 1 || level < -1) {
		print_problem("Invalid info level %ld. Try 0 - 1.", level);
		return ISCSI_ERR_INVAL;
	}
	if (emit_wanted())
		return list_objects(adm);
	if (level == 1)
		return list_tree(adm);
	error = iface_each(adm->iface_dir, list_one, iface_complain_file, NULL);
	return error ? iscsi_err_from_errno(error) : ISCSI_ERR_SUCCESS;
}

/* Whether its port is there is not stored: a record of the manager shows it in the place of its state. */
static enum iscsi_err print_auto(const struct record *iface, const struct machine *machine)
{
	const char *state = iface_shown_state(iface, iface_port(iface, &machine->ports));
	struct record copy;

	if (record_copy(&copy, iface) || record_set(&copy, F_IFACE_STATE, state, ORIGIN_RECORD))
		return ISCSI_ERR_NOMEM;
	print_record(&copy, false);
	record_done(&copy);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err show(struct adm *adm, const struct record *iface)
{
	enum iscsi_err err = ISCSI_ERR_SUCCESS;
	struct machine machine;

	if (!emit_wanted() && !iface_is_auto(iface)) {
		print_record(iface, false);
		return err;
	}
	machine_read(adm, &machine);
	if (emit_wanted())
		emit_iface(iface, &machine, true, NULL);
	else if (machine.error)
		print_record(iface, false);
	else
		err = print_auto(iface, &machine);
	machine_done(&machine);
	return err;
}

enum iscsi_err iface_show(struct adm *adm, const char *name)
{
	struct record iface;
	enum iscsi_err err;
	int error = iface_load(adm->iface_dir, name, &iface);

	if (error) {
		print_problem("Could not read iface info for %s: %s", name, error == -ENOENT ? "there is no such iface" : strerror(-error));
		return ISCSI_ERR_IDBM;
	}
	err = show(adm, &iface);
	record_done(&iface);
	return err;
}
