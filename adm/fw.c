/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m fw` and `-m discovery -t fw`: shows the boot targets of the firmware, logs in to them, or makes records of them. Only a
 * login touches the network; its exit status is that of the logins.
 */
#include "adm/fw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adm/discovery_list.h"
#include "adm/emit.h"
#include "adm/login.h"
#include "adm/print.h"
#include "iface/boot.h"
#include "iface/iface.h"
#include "iface/nic.h"

#define ALL_OPERATIONS (OPERATION_NEW | OPERATION_UPDATE | OPERATION_DELETE)

static enum iscsi_err read_targets(struct adm *adm, struct boot_list *ret_list)
{
	int error = boot_read(adm->sysfs, ret_list);
	enum iscsi_err err = ISCSI_ERR_NO_OBJS_FOUND;

	if (!error && ret_list->count)
		return ISCSI_ERR_SUCCESS;
	if (error) {
		print_problem(error == -EINVAL ? "The boot table of the firmware is damaged and was not used." : "%s", strerror(-error));
		err = error == -ENOMEM ? ISCSI_ERR_NOMEM : error == -EACCES ? ISCSI_ERR_ACCESS : ISCSI_ERR_SYSFS_LOOKUP;
	}
	print_problem("Could not get list of targets from firmware. (err %d)", err);
	return err;
}

/* ---- show ---- */

static void emit_target(const struct boot_target *target)
{
	struct json_object *object = emit_new("boot_target"), *settings = emit_part();

	emit_text(object, "source", target->root);
	emit_text(object, "target", target->target);
	emit_text(object, "nic", target->nic);
	emit_bool(object, "selected", target->flags & BOOT_FLAG_SELECTED);
	for (size_t i = 0; i < BOOT_COUNT; i++) {
		const struct boot_row *row = &boot_rows[i];

		if (!*row->name || !*target->values[i] || row->flags & BOOT_IS_SECRET)
			continue;
		if (row->kind == BOOT_IS_NUMBER)
			emit_number(settings, row->name, atoi(target->values[i]));
		else
			emit_text(settings, row->name, target->values[i]);
	}
	emit_add(object, "settings", settings);
	emit(object);
}

static enum iscsi_err show(const struct boot_list *list)
{
	struct text text = { 0 };
	bool failed;

	for (size_t i = 0; i < list->count; i++) {
		if (emit_wanted())
			emit_target(&list->targets[i]);
		else
			boot_format(&list->targets[i], &text);
	}
	failed = text.failed;
	if (failed)
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
	else if (text.data)
		print_text(text.data);
	text_done(&text);
	return failed ? ISCSI_ERR_NOMEM : ISCSI_ERR_SUCCESS;
}

/* ---- records ---- */

/* What the firmware said about the NIC is its own business. */
static enum iscsi_err check_pairs(const struct args *args)
{
	static const char *const refused[] = { "iface.net_ifacename", "iface.hwaddress", "iface.transport_name" };

	for (size_t i = 0; i < args->pair_count; i++)
		for (size_t j = 0; j < sizeof(refused) / sizeof(refused[0]); j++)
			if (!strcmp(args->pairs[i].name, refused[j])) {
				print_problem("Cannot modify %s. It is set by the firmware.", refused[j]);
				return ISCSI_ERR_INVAL;
			}
	return adm_check_pairs(args, RECORD_NODE, true);
}

static int fill_node(struct adm *adm, const struct boot_target *target, struct record *node)
{
	const struct conf *conf = adm_conf(adm);
	int error = conf ? conf_apply(conf, node) : -ENOMEM;

	if (!error)
		error = boot_to_node(target, node);
	if (!error)
		error = boot_login_defaults(node);
	return error ? error : adm_apply_pairs(adm->args, node);
}

/* The record of a target, and the list it goes to. iface NULL: the firmware's own. */
static int add_node(struct adm *adm, const struct boot_target *target, const struct record *iface, struct login_list *list)
{
	struct record node;
	int error;

	record_init(&node, RECORD_NODE);
	error = fill_node(adm, target, &node);
	if (!error && iface)
		error = record_copy_iface(&node, iface);
	if (!error && iface && !*record_text(&node, F_IFACE_INITIATORNAME) && *target->values[BOOT_INITIATOR_NAME])
		error = record_set(&node, F_IFACE_INITIATORNAME, target->values[BOOT_INITIATOR_NAME], ORIGIN_RECORD);
	if (!error)
		return login_list_add(list, &node);
	record_done(&node);
	return error;
}

static int add_through(struct adm *adm, const struct boot_target *target, const char *name, struct login_list *list)
{
	struct record iface;
	int error = iface_load(adm->iface_dir, name, &iface);

	if (error) {
		print_problem("Could not read iface info for %s.", name);
		return error == -ENOMEM ? error : 0;
	}
	error = add_node(adm, target, &iface, list);
	record_done(&iface);
	return error;
}

static enum iscsi_err make_nodes(struct adm *adm, const struct boot_list *targets, struct login_list *list)
{
	const struct args *args = adm->args;
	int error = 0;

	for (size_t i = 0; !error && i < targets->count; i++) {
		if (!args->iface_count)
			error = add_node(adm, &targets->targets[i], NULL, list);
		for (size_t j = 0; !error && j < args->iface_count; j++)
			error = add_through(adm, &targets->targets[i], args->ifaces[j], list);
	}
	if (error == -EINVAL) {
		print_problem("The firmware's values make no record.");
		return ISCSI_ERR_INVAL;
	}
	if (error)
		return adm_store_error(error);
	return list->count ? ISCSI_ERR_SUCCESS : ISCSI_ERR_NO_OBJS_FOUND;
}

/* ---- login ---- */

/* A NIC that cannot be set up is told of, and the login tried all the same: there may be another way. */
static void set_up_nics(struct boot_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct boot_target *target = &list->targets[i];
		char netdev[IFNAMSIZ];
		int error;

		if (!*target->values[BOOT_NETDEV] || !nic_is_software(target))
			continue;
		error = nic_set_up(target, netdev);
		if (error)
			print_problem("The network interface %s cannot be set up as the firmware had it: %s", target->values[BOOT_NETDEV],
				      strerror(-error));
		else
			(void)boot_set(target, BOOT_NETDEV, netdev);
	}
}

/* Records of targets behind a VLAN name its interface. */
static void name_nics(struct boot_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		char netdev[IFNAMSIZ];

		nic_name(&list->targets[i], netdev);
		(void)boot_set(&list->targets[i], BOOT_NETDEV, netdev);
	}
}

static enum iscsi_err log_in(struct adm *adm, struct boot_list *targets)
{
	struct login_list list = { 0 };
	enum iscsi_err err = make_nodes(adm, targets, &list);

	if (err == ISCSI_ERR_SUCCESS)
		err = login_run(adm, &list, LOGIN_TO_NR_SESSIONS);
	login_list_done(&list);
	return err;
}

enum iscsi_err fw_mode(struct adm *adm)
{
	bool login = adm->args->has[OPTION_LOGIN];
	struct boot_list list = { 0 };
	enum iscsi_err err = login ? check_pairs(adm->args) : ISCSI_ERR_SUCCESS;

	if (err == ISCSI_ERR_SUCCESS)
		err = read_targets(adm, &list);
	if (err == ISCSI_ERR_SUCCESS && login) {
		set_up_nics(&list);
		err = log_in(adm, &list);
	} else if (err == ISCSI_ERR_SUCCESS) {
		err = show(&list);
	}
	boot_list_done(&list);
	return err;
}

/* ---- discovery ---- */

struct work {
	struct adm *adm;
	const struct login_list *found;
	unsigned int operations;
};

static bool is_found(const struct login_list *list, const struct node_key *key)
{
	struct node_key other;

	for (size_t i = 0; i < list->count; i++) {
		node_key_of(&list->nodes[i], &other);
		if (!strcmp(other.target, key->target) && !strcmp(other.iface, key->iface) && portal_equal(&other.portal, &key->portal))
			return true;
	}
	return false;
}

static int drop_stale(struct store *store, const struct node_key *key, void *data)
{
	struct work *work = data;
	struct record node;
	bool ours;
	int error;

	if (is_found(work->found, key))
		return 0;
	error = node_load(store, key, &node);
	if (error)
		return error;
	ours = record_is(&node, F_NODE_DISCOVERY_TYPE, "fw");
	record_done(&node);
	return ours && !adm_in_use(work->adm, key) ? node_remove(store, key) : 0;
}

static int save_found(struct work *work, struct store *store)
{
	static const struct node_filter everything;
	int error = 0;

	for (size_t i = 0; !error && i < work->found->count; i++) {
		const struct record *node = &work->found->nodes[i];
		struct node_key key;

		node_key_of(node, &key);
		if (work->operations & (node_exists(store, &key) ? OPERATION_UPDATE : OPERATION_NEW))
			error = node_save(store, node);
	}
	if (!error && work->operations & OPERATION_DELETE)
		error = node_each(store, &everything, drop_stale, work);
	return error;
}

static enum iscsi_err save_all(struct adm *adm, const struct login_list *found)
{
	unsigned int operations = adm->args->operations & ALL_OPERATIONS;
	struct work work = { .adm = adm, .found = found, .operations = operations ? operations : ALL_OPERATIONS };
	struct store *store;
	enum iscsi_err err = adm_read_sessions(adm, SYSFS_LINE);

	if (err == ISCSI_ERR_SUCCESS)
		err = adm_store_begin(adm, STORE_WRITE, &store);
	return err == ISCSI_ERR_SUCCESS ? adm_store_end(store, adm_store_error(save_found(&work, store))) : err;
}

/* The listing of a discovery: each record is an answer through its own iface. */
static void list_found(const struct login_list *found, long level)
{
	struct sendtargets_runs runs = { .runs = calloc(found->count, sizeof(*runs.runs)), .count = found->count };
	struct sendtargets_entry *entries = calloc(found->count, sizeof(*entries));

	for (size_t i = 0; runs.runs && entries && i < found->count; i++) {
		const struct record *node = &found->nodes[i];
		struct node_key key;

		node_key_of(node, &key);
		entries[i] = (struct sendtargets_entry){ .target_name = record_text(node, F_NODE_NAME), .portal = key.portal };
		runs.runs[i] = (struct sendtargets_run){ .iface = *node, .list = { .entries = &entries[i], .count = 1 } };
	}
	if (runs.runs && entries)
		discovery_list_found(&runs, level);
	else
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
	if (runs.runs)
		explicit_bzero(runs.runs, runs.count * sizeof(*runs.runs));
	free(runs.runs);
	free(entries);
}

static enum iscsi_err keep_and_show(struct adm *adm, const struct login_list *found)
{
	const struct args *args = adm->args;
	enum iscsi_err err = args->operations & OPERATION_NONPERSISTENT ? ISCSI_ERR_SUCCESS : save_all(adm, found);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	list_found(found, args->number[OPTION_PRINT]);
	print_flush();
	return args->has[OPTION_LOGIN] ? login_run(adm, found, LOGIN_TO_NR_SESSIONS) : ISCSI_ERR_SUCCESS;
}

enum iscsi_err fw_discovery(struct adm *adm)
{
	struct login_list found = { 0 };
	struct boot_list targets = { 0 };
	enum iscsi_err err = check_pairs(adm->args);

	if (err == ISCSI_ERR_SUCCESS)
		err = read_targets(adm, &targets);
	if (err == ISCSI_ERR_SUCCESS && adm->args->has[OPTION_LOGIN])
		set_up_nics(&targets);
	else if (err == ISCSI_ERR_SUCCESS)
		name_nics(&targets);
	if (err == ISCSI_ERR_SUCCESS)
		err = make_nodes(adm, &targets, &found);
	if (err == ISCSI_ERR_SUCCESS)
		err = keep_and_show(adm, &found);
	login_list_done(&found);
	boot_list_done(&targets);
	return err;
}
