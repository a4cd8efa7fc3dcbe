/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m iface`: the places sessions leave from. Records are files; the node records bound to an iface carry a copy of
 * its settings, so that update and delete change those too, in one transaction. Lists are in iface_list.c, what is sent to HBA
 * ports in iface_apply.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "adm/adapter.h"
#include "adm/iface.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "iface/hba.h"
#include "iface/policy.h"
#include "lib/conf.h"
#include "lib/name.h"
#include "transport/user/transport.h"

struct iface_work {
	struct adm *adm;
	const struct record *iface;
	bool in_use;
};

static enum iscsi_err tell(const char *operation, const char *name, enum iscsi_err err)
{
	const struct object_subject subject = { .kind = "iface", .iface = name };

	object_emit_outcome(operation, &subject, err, NULL);
	return err;
}

static enum iscsi_err could_not(const char *verb, const char *name, enum iscsi_err err)
{
	print_problem("Could not %s iface %s: %s", verb, name, iscsi_err_text(err));
	return err;
}

static bool is_same(const struct record *iface, enum field field, const struct record *other)
{
	return !strcmp(record_text(iface, field), record_text(other, field));
}

/* A software session is bound by the name of its NIC or by its address; going from one to the other by an update is a mistake. */
static enum iscsi_err check_binding(const struct record *before, const struct record *after)
{
	bool by_name = *record_text(after, F_IFACE_NET_IFACENAME), by_address = *record_text(after, F_IFACE_HWADDRESS);
	bool was_name = *record_text(before, F_IFACE_NET_IFACENAME), was_address = *record_text(before, F_IFACE_HWADDRESS);

	if (strcmp(record_text(after, F_IFACE_TRANSPORT_NAME), "tcp") || !by_name || !by_address ||
	    (is_same(before, F_IFACE_NET_IFACENAME, after) && is_same(before, F_IFACE_HWADDRESS, after)))
		return ISCSI_ERR_SUCCESS;
	if (was_name == was_address)
		print_problem("Can set either iface.net_ifacename or iface.hwaddress, not both");
	else
		print_problem("Can not update interface binding from %s. You must delete the interface and create a new one",
			      was_name ? "net_ifacename to hwaddress" : "hwaddress to net_ifacename");
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err check_transport(const struct record *iface)
{
	const char *name = record_text(iface, F_IFACE_TRANSPORT_NAME);

	if (transport_find(name))
		return ISCSI_ERR_SUCCESS;
	print_problem("'%s' is no transport", name);
	return ISCSI_ERR_INVAL;
}

static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* What only a login or an adapter would find out. Values that are there already stay: other tools write what they like. */
static enum iscsi_err check_values(const struct record *before, const struct record *after)
{
	static const struct {
		enum field field;
		bool (*fits)(const char *text);
		const char *what;
	} forms[] = {
		{ F_IFACE_HWADDRESS, name_is_mac, "MAC address" },
		{ F_IFACE_IPADDRESS, is_address, "IP address" },
		{ F_IFACE_INITIATORNAME, name_is_valid, "iSCSI name" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *value = record_text(after, forms[i].field);

		if (!*value || is_same(before, forms[i].field, after) || forms[i].fits(value))
			continue;
		print_problem("%s: \"%s\" is no %s", field_rows[forms[i].field].name, value, forms[i].what);
		return ISCSI_ERR_INVAL;
	}
	return ISCSI_ERR_SUCCESS;
}

static int is_bound_in_use(struct store *store, const struct node_key *key, void *data)
{
	struct iface_work *work = data;

	work->in_use |= adm_in_use(work->adm, key);
	return work->in_use;
}

static int update_bound(struct store *store, const struct node_key *key, void *data)
{
	struct iface_work *work = data;
	struct record node;
	int error = node_load(store, key, &node);

	if (error)
		return error;
	error = record_copy_iface(&node, work->iface);
	if (!error)
		error = node_save(store, &node);
	record_done(&node);
	return error;
}

/* The nodes first: their transaction can still fail; the file is replaced at once. */
static enum iscsi_err save_with_nodes(struct adm *adm, const struct record *iface)
{
	struct node_filter filter = { .iface = record_text(iface, F_IFACE_ISCSI_IFACENAME) };
	struct iface_work work = { .adm = adm, .iface = iface };
	struct store *store;
	enum iscsi_err err = adm_store_begin(adm, STORE_WRITE, &store);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	err = adm_store_error(node_each(store, &filter, update_bound, &work));
	if (err == ISCSI_ERR_SUCCESS) {
		error = iface_save(adm->iface_dir, iface);
		if (error)
			print_problem("Could not write iface %s: %s", filter.iface, strerror(-error));
		err = error ? ISCSI_ERR_IDBM : ISCSI_ERR_SUCCESS;
	}
	return adm_store_end(store, err);
}

static bool iface_in_use(struct adm *adm, const char *name)
{
	struct node_filter filter = { .iface = name };
	struct iface_work work = { .adm = adm };
	struct store *store;

	if (store_begin(adm->dir, STORE_READ, &store))
		return false;
	if (node_each(store, &filter, is_bound_in_use, &work) < 0)
		work.in_use = false;
	store_drop(store);
	return work.in_use;
}

static enum iscsi_err may_change(const char *name, const char *reason, const char *folder)
{
	if (!iface_is_builtin(name))
		return ISCSI_ERR_SUCCESS;
	print_problem("iface %s is a special interface and %s%s.", name, reason, folder);
	return ISCSI_ERR_INVAL;
}

/* A card that has one VLAN for all ifaces of a port: the others get what this one was given. */
struct vlan_sharing {
	struct adm *adm;
	const struct record *from;
	enum iscsi_err err;
};

static int share_vlan_with(const struct record *iface, void *data)
{
	static const enum field fields[] = { F_IFACE_VLAN_ID, F_IFACE_VLAN_PRIORITY, F_IFACE_VLAN_STATE };
	struct vlan_sharing *sharing = data;
	char buffer[FIELD_NUMBER_TEXT_MAX];
	struct record copy;
	int error = 0;

	if (is_same(iface, F_IFACE_ISCSI_IFACENAME, sharing->from) || !is_same(iface, F_IFACE_TRANSPORT_NAME, sharing->from) ||
	    strcasecmp(record_text(iface, F_IFACE_HWADDRESS), record_text(sharing->from, F_IFACE_HWADDRESS)))
		return 0;
	if (record_copy(&copy, iface))
		return -ENOMEM;
	for (size_t i = 0; !error && i < sizeof(fields) / sizeof(fields[0]); i++)
		error = record_set(&copy, fields[i], record_format_value(sharing->from, fields[i], buffer), ORIGIN_RECORD);
	sharing->err = error ? ISCSI_ERR_NOMEM : save_with_nodes(sharing->adm, &copy);
	record_done(&copy);
	return sharing->err != ISCSI_ERR_SUCCESS;
}

static enum iscsi_err share_vlan(struct adm *adm, const struct record *iface)
{
	const struct transport_row *row = transport_find(record_text(iface, F_IFACE_TRANSPORT_NAME));
	struct vlan_sharing sharing = { .adm = adm, .from = iface, .err = ISCSI_ERR_SUCCESS };
	int error;

	if (!row || !(row->flags & TRANSPORT_ONE_VLAN) || !*record_text(iface, F_IFACE_HWADDRESS))
		return ISCSI_ERR_SUCCESS;
	error = iface_each(adm->iface_dir, share_vlan_with, NULL, &sharing);
	return error < 0 ? iscsi_err_from_errno(error) : sharing.err;
}

static enum iscsi_err apply_update(struct adm *adm, const struct record *before)
{
	const char *name = record_text(before, F_IFACE_ISCSI_IFACENAME);
	struct record after;
	enum iscsi_err err;

	if (record_copy(&after, before))
		return ISCSI_ERR_NOMEM;
	err = adm_apply_pairs(adm->args, &after) ? ISCSI_ERR_NOMEM : check_binding(before, &after);
	if (err == ISCSI_ERR_SUCCESS)
		err = check_transport(&after);
	if (err == ISCSI_ERR_SUCCESS)
		err = check_values(before, &after);
	if (err == ISCSI_ERR_SUCCESS && iface_in_use(adm, name))
		print_problem("Updating iface while iscsi sessions are using it. You must logout the running sessions then log back "
			    "in for the new settings to take affect.");
	if (err == ISCSI_ERR_SUCCESS)
		err = save_with_nodes(adm, &after);
	if (err == ISCSI_ERR_SUCCESS)
		err = share_vlan(adm, &after);
	record_done(&after);
	return err;
}

static enum iscsi_err iface_update(struct adm *adm, const char *name)
{
	struct record before;
	enum iscsi_err err;

	if (!adm->args->pair_count) {
		print_problem("Update requires name, value, and iface.");
		return ISCSI_ERR_INVAL;
	}
	err = may_change(name, "cannot be modified", "");
	if (err != ISCSI_ERR_SUCCESS)
		return could_not("update", name, err);
	if (iface_load(adm->iface_dir, name, &before)) {
		print_problem("Could not read iface info for %s.", name);
		return ISCSI_ERR_INVAL;
	}
	err = adm_check_pairs(adm->args, RECORD_IFACE, true);
	if (err == ISCSI_ERR_SUCCESS)
		err = apply_update(adm, &before);
	record_done(&before);
	if (err != ISCSI_ERR_SUCCESS)
		return could_not("update", name, err);
	print_line("%s updated.", name);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err make(struct adm *adm, const char *name)
{
	struct record empty;
	enum iscsi_err err = adm_check_pairs(adm->args, RECORD_IFACE, true);

	if (!iface_name_is_storable(name)) {
		print_problem("'%s' is no name an iface can have", name);
		return ISCSI_ERR_INVAL;
	}
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	record_init(&empty, RECORD_IFACE);
	err = record_set(&empty, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_COMMAND) ? ISCSI_ERR_INVAL : apply_update(adm, &empty);
	record_done(&empty);
	return err;
}

static enum iscsi_err iface_new(struct adm *adm, const char *name)
{
	enum iscsi_err err = iface_in_use(adm, name) ? ISCSI_ERR_SESS_EXISTS : may_change(name, "is not stored in ", adm->iface_dir);

	if (err == ISCSI_ERR_SESS_EXISTS)
		print_problem("iface %s is being used by a session", name);
	if (err == ISCSI_ERR_SUCCESS)
		err = make(adm, name);
	if (err != ISCSI_ERR_SUCCESS) {
		print_problem("Could not create new interface %s.", name);
		return err;
	}
	print_line("%s updated.", name);
	print_line("New interface %s added", name);
	return ISCSI_ERR_SUCCESS;
}

static int refuse_in_use(struct store *store, const struct node_key *key, void *data)
{
	struct iface_work *work = data;

	if (!adm_in_use(work->adm, key))
		return 0;
	work->in_use = true;
	print_problem("This command will remove the record [iface: %s, target: %s, portal: %s,%d], but a session is using it. "
		    "Logout session then rerun command to remove record.", key->iface, key->target, key->portal.address,
		    key->portal.port);
	return 0;
}

static int remove_bound(struct store *store, const struct node_key *key, void *data)
{
	return node_remove(store, key);
}

/* All or nothing: a record in use keeps the iface and its other records. */
static enum iscsi_err delete_with_nodes(struct adm *adm, const char *name)
{
	struct node_filter filter = { .iface = name };
	struct iface_work work = { .adm = adm };
	struct store *store;
	enum iscsi_err err = adm_store_begin(adm, STORE_WRITE, &store);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = node_each(store, &filter, refuse_in_use, &work);
	if (!error && !work.in_use)
		error = node_each(store, &filter, remove_bound, &work);
	err = error ? adm_store_error(error) : work.in_use ? ISCSI_ERR_SESS_EXISTS : ISCSI_ERR_SUCCESS;
	if (err == ISCSI_ERR_SUCCESS && iface_delete(adm->iface_dir, name))
		err = ISCSI_ERR_IDBM;
	return adm_store_end(store, err);
}

/* What makes itself comes back. */
static void say_it_comes_back(const struct record *iface)
{
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME), *netdev = record_text(iface, F_IFACE_NET_IFACENAME);

	if (!iface_is_auto(iface))
		return;
	if (hba_is_transport(record_text(iface, F_IFACE_TRANSPORT_NAME)))
		print_line("%s is made again while its port is there, by iscsid or the next iscsiadm -m iface. Keep it, with iface.state = "
			   "disable, where the port is not to be used.", name);
	else
		print_line("%s is made again when its NIC appears anew or iscsid starts. To keep it away add !%s%s to iface.nics in "
			   "iscsid.conf, or keep the iface and set iface.bind to never.", name, *netdev ? "" : "mac:",
			   *netdev ? netdev : record_text(iface, F_IFACE_HWADDRESS));
}

static enum iscsi_err remove_loaded(struct adm *adm, const struct record *iface)
{
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME);
	enum iscsi_err err = delete_with_nodes(adm, name);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	print_line("%s unbound and deleted.", name);
	say_it_comes_back(iface);
	return err;
}

static enum iscsi_err iface_remove(struct adm *adm, const char *name)
{
	struct record iface;
	enum iscsi_err err = may_change(name, "cannot be deleted", "");

	if (err == ISCSI_ERR_SUCCESS && iface_load(adm->iface_dir, name, &iface)) {
		print_problem("Could not read iface info for %s.", name);
		err = ISCSI_ERR_INVAL;
	} else if (err == ISCSI_ERR_SUCCESS) {
		err = remove_loaded(adm, &iface);
		record_done(&iface);
	}
	return err == ISCSI_ERR_SUCCESS ? err : could_not("delete", name, err);
}

static enum iscsi_err no_such_iface(const char *name)
{
	print_problem("Could not read iface %s (%d).", name, ISCSI_ERR_IDBM);
	return ISCSI_ERR_IDBM;
}

static enum iscsi_err apply_named(struct adm *adm, const char *name)
{
	struct record iface;
	enum iscsi_err err;

	if (iface_load(adm->iface_dir, name, &iface))
		return no_such_iface(name);
	err = iface_apply(adm, &iface);
	record_done(&iface);
	return err;
}

static enum iscsi_err refuse(const char *sentence)
{
	print_problem("%s", sentence);
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err iface_ping(struct adm *adm)
{
	const struct args *args = adm->args;
	struct record iface;
	enum iscsi_err err;

	if (!args->iface_count)
		return refuse("Ping requires iface.");
	if (!args->text[OPTION_IP])
		return refuse("Ping requires destination ipaddress.");
	if (args->number[OPTION_PINGS] < 1) {
		print_problem("Invalid number of packets to transmit: %ld.", args->number[OPTION_PINGS]);
		return ISCSI_ERR_INVAL;
	}
	if (args->number[OPTION_PACKETSIZE] < 0 || args->number[OPTION_INTERVAL] < 0)
		return refuse("Ping requires a size and an interval that are not negative.");
	if (iface_load(adm->iface_dir, args->ifaces[0], &iface))
		return no_such_iface(args->ifaces[0]);
	err = iface_ping_run(adm, &iface);
	record_done(&iface);
	return err;
}

static enum iscsi_err iface_operation(struct adm *adm, const char *name)
{
	switch (adm->args->operations) {
	case OPERATION_NONE:
	case OPERATION_SHOW:
		return iface_show(adm, name);
	case OPERATION_NEW:
		return tell("new", name, iface_new(adm, name));
	case OPERATION_UPDATE:
		return tell("update", name, iface_update(adm, name));
	case OPERATION_DELETE:
		return tell("delete", name, iface_remove(adm, name));
	case OPERATION_APPLY:
		return apply_named(adm, name);
	case OPERATION_EXPLAIN:
		return iface_explain(adm, name);
	default:
		print_problem("operation is not supported.");
		return ISCSI_ERR_INVAL;
	}
}

/* What changes or explains a record asks first whether sessions use it. */
static enum iscsi_err iface_change(struct adm *adm, const char *name)
{
	enum iscsi_err err = adm_read_sessions(adm, adm->args->operations == OPERATION_EXPLAIN ? SYSFS_STATE : SYSFS_LINE);

	return err == ISCSI_ERR_SUCCESS ? iface_operation(adm, name) : err;
}

static enum iscsi_err no_iface(unsigned int operations)
{
	if (operations == OPERATION_DELETE)
		return refuse("Could not delete interface. No interface passed in.");
	if (operations == OPERATION_UPDATE)
		return refuse("Update requires name, value, and iface.");
	if (operations == OPERATION_APPLY)
		return refuse("Apply requires iface.");
	if (operations == OPERATION_EXPLAIN)
		return refuse("Explain requires iface.");
	if (operations != OPERATION_NEW)
		return refuse("this operation needs an iface (-I)");
	print_problem("Could not add interface. No interface passed in.");
	return ISCSI_ERR_SYSFS_LOOKUP;
}

/* By what iscsid.conf says of them; what is wrong in it is said by those who need it. */
static void make_ifaces(struct adm *adm)
{
	struct policy policy = { .nics = NULL };
	char path[PATH_MAX];
	struct conf *conf;

	snprintf(path, sizeof(path), "%s/iscsid.conf", adm->dir);
	if (!conf_load(path, NULL, NULL, &conf)) {
		(void)policy_read(conf, NULL, NULL, &policy);
		conf_free(conf);
	}
	hba_make_ifaces(adm->sysfs, adm->iface_dir, &policy, iface_complain_file, NULL);
	policy_done(&policy);
}

/* Ports of HBAs that have no iface yet get theirs, so that they can be listed and bound without a daemon. */
static void find_ports(struct adm *adm)
{
	if (!geteuid() && !strcmp(adm->sysfs, SYSFS_ROOT))
		hba_load_transports(adm->sysfs);
	make_ifaces(adm);
}

int iface_find(struct adm *adm, const char *name, struct record *ret_iface)
{
	int error = iface_load(adm->iface_dir, name, ret_iface);

	if (error != -ENOENT)
		return error;
	find_ports(adm);
	return iface_load(adm->iface_dir, name, ret_iface);
}

static enum iscsi_err monitor(struct adm *adm)
{
	if (adm->args->operations || adm->args->submode != SUBMODE_NONE || adm->args->number[OPTION_PRINT] >= 0)
		return refuse("--monitor goes with -I, -d and --json only");
	return iface_monitor(adm);
}

enum iscsi_err iface_mode(struct adm *adm)
{
	const struct args *args = adm->args;
	bool plain = args->operations == OPERATION_NONE || args->operations == OPERATION_SHOW;

	if (args->has[OPTION_MONITOR])
		return monitor(adm);
	find_ports(adm);
	if (args->submode == SUBMODE_PING)
		return iface_ping(adm);
	if (args->operations == OPERATION_APPLYALL)
		return iface_apply_all(adm, iface_complain_file);
	if (args->iface_count > 1)
		print_problem("Only one iface is taken here, using %s", args->ifaces[0]);
	if (plain && (!args->iface_count || args->number[OPTION_PRINT] > 0))
		return iface_list(adm);
	if (!args->iface_count)
		return no_iface(args->operations);
	return plain ? iface_operation(adm, args->ifaces[0]) : iface_change(adm, args->ifaces[0]);
}
