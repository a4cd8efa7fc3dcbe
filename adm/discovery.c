/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m discovery` and `-m discoverydb`. The network part runs first, without any lock; what it found becomes records in one
 * transaction, together with the record of the discovery itself: a discovery that failed leaves nothing behind.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/adm.h"
#include "adm/discovery_list.h"
#include "adm/emit.h"
#include "adm/fw.h"
#include "adm/isns.h"
#include "adm/login.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/sendtargets.h"
#include "lib/found.h"

#define DEFAULT_OPERATIONS (OPERATION_NEW | OPERATION_UPDATE | OPERATION_DELETE)

/* One discovery, from its record to what is stored. */
struct work {
	struct adm *adm;
	const struct record *discovery;
	struct sendtargets_runs *runs;
	struct record defaults;		/* of new node records */
	unsigned int operations;
	struct portal portal;
	bool keeps_discovery;		/* its own record is stored, too */
	bool remembers;			/* what was reported, for ifaces that come later */
	struct node_key *dropped;	/* records that are gone, told when the transaction is there */
	size_t dropped_count;
};

/* Scripts know the sentence of either mode: discovery mode ends it with an exclamation mark. */
static enum iscsi_err not_found(const struct portal *portal, enum iscsi_err err)
{
	print_problem("Discovery record [%s,%d] not found%s", portal->address, portal->port, err == ISCSI_ERR_INVAL ? "!" : ".");
	return err;
}

/* The record of one answer; defaults already carry iscsid.conf, the source and the iface. */
static int make_node(const struct record *defaults, const struct sendtargets_entry *entry, struct record *ret_node)
{
	int error = record_copy(ret_node, defaults);

	if (error)
		return error;
	error = node_set_target(ret_node, entry->target_name, &entry->portal);
	if (error)
		record_done(ret_node);
	return error;
}

static bool is_stored(struct store *store, const struct record *node)
{
	struct node_key key;

	node_key_of(node, &key);
	return node_exists(store, &key);
}

static int save_entry(struct work *work, struct store *store, const struct sendtargets_entry *entry, unsigned char *ret_stored)
{
	struct record node;
	bool exists;
	int error = make_node(&work->defaults, entry, &node);

	if (error)
		return error;
	/* New makes what is missing and leaves alone what an administrator may have changed; update is about what is there. */
	exists = is_stored(store, &node);
	*ret_stored = STORED_KEPT;
	if (work->operations & (exists ? OPERATION_UPDATE : OPERATION_NEW)) {
		error = node_save(store, &node);
		*ret_stored = exists ? STORED_UPDATED : STORED_NEW;
	}
	record_done(&node);
	return error;
}

static int save_run(struct work *work, struct store *store, struct sendtargets_run *run)
{
	int error = record_copy_iface(&work->defaults, &run->iface);

	run->stored = calloc(run->list.count + 1, sizeof(*run->stored));
	if (!run->stored)
		return -ENOMEM;
	for (size_t i = 0; !error && i < run->list.count; i++)
		error = save_entry(work, store, &run->list.entries[i], &run->stored[i]);
	return error;
}

static int by_entry(const void *left, const void *right)
{
	return sendtargets_entry_compare(*(const struct sendtargets_entry *const *)left,
					 *(const struct sendtargets_entry *const *)right);
}

/* An iface of the manager is offered what was reported through any: that it cannot reach a portal now does not make it go away. */
static const struct sendtargets_list *offer_of(const struct sendtargets_runs *runs, const struct sendtargets_run *run)
{
	return run->is_managed && runs->bindings.binder ? &runs->reported : &run->list;
}

/* The answers in an order that can be searched: thousands of records are checked against thousands of answers. */
static int sort_answers(struct sendtargets_runs *runs)
{
	for (size_t r = 0; r < runs->count; r++) {
		struct sendtargets_run *run = &runs->runs[r];
		const struct sendtargets_list *offer = offer_of(runs, run);

		run->sorted = calloc(offer->count + 1, sizeof(*run->sorted));
		if (!run->sorted)
			return -ENOMEM;
		for (size_t i = 0; i < offer->count; i++)
			run->sorted[i] = &offer->entries[i];
		run->sorted_count = offer->count;
		qsort(run->sorted, run->sorted_count, sizeof(*run->sorted), by_entry);
	}
	return 0;
}

static bool is_offered(const struct sendtargets_run *run, const struct node_key *key)
{
	struct sendtargets_entry wanted = { .target_name = key->target, .portal = key->portal };
	const struct sendtargets_entry *at = &wanted;

	return bsearch(&at, run->sorted, run->sorted_count, sizeof(*run->sorted), by_entry);
}

/* Only ifaces that got an answer have a say about what is gone. */
static bool is_stale(const struct work *work, const struct node_key *key)
{
	for (size_t i = 0; i < work->runs->count; i++) {
		const struct sendtargets_run *run = &work->runs->runs[i];

		if (run->err == ISCSI_ERR_SUCCESS && run->sorted_count && record_is(&run->iface, F_IFACE_ISCSI_IFACENAME, key->iface))
			return !is_offered(run, key);
	}
	return false;
}

/* Only whoever reads JSON hears of what is gone. */
static int note_dropped(struct work *work, const struct node_key *key)
{
	struct node_key *dropped;

	if (!emit_wanted())
		return 0;
	dropped = reallocarray(work->dropped, work->dropped_count + 1, sizeof(*dropped));
	if (!dropped)
		return -ENOMEM;
	work->dropped = dropped;
	dropped[work->dropped_count++] = *key;
	return 0;
}

static int drop_stale(struct store *store, const struct node_key *key, void *data)
{
	struct work *work = data;
	struct record node;
	bool ours;
	int error;

	if (!is_stale(work, key))
		return 0;
	error = node_load(store, key, &node);
	if (error)
		return error;
	ours = node_is_from(&node, node_source_word(work->discovery->kind), &work->portal);
	record_done(&node);
	if (!ours)
		return 0;
	if (!adm_in_use(work->adm, key)) {
		error = node_remove(store, key);
		return error ? error : note_dropped(work, key);
	}
	object_emit_node_outcome("delete", key, ISCSI_ERR_SESS_EXISTS, NULL);
	print_problem("This command will remove the record [iface: %s, target: %s, portal: %s,%d], but a session is using it. "
		    "Logout session then rerun command to remove record.", key->iface, key->target, key->portal.address,
		    key->portal.port);
	return 0;
}

/* The operations mean the same for what is remembered. */
static int remember(struct work *work, struct store *store)
{
	unsigned int what = (work->operations & OPERATION_NEW ? FOUND_NEW : 0) | (work->operations & OPERATION_UPDATE ? FOUND_UPDATE : 0) |
			    (work->operations & OPERATION_DELETE ? FOUND_DROP : 0);

	return work->remembers ? found_renew(store, &work->defaults, &work->runs->reported, what) : 0;
}

static int save_found(struct work *work, struct store *store)
{
	static const struct node_filter everything;
	int error = work->keeps_discovery ? discovery_save(store, work->discovery) : 0;

	for (size_t i = 0; !error && i < work->runs->count; i++)
		error = save_run(work, store, &work->runs->runs[i]);
	if (!error && work->operations & OPERATION_DELETE)
		error = node_each(store, &everything, drop_stale, work);
	return error ? error : remember(work, store);
}

static enum iscsi_err save_all(struct work *work)
{
	struct store *store;
	enum iscsi_err err = adm_store_error(sort_answers(work->runs));

	if (err == ISCSI_ERR_SUCCESS)
		err = adm_read_sessions(work->adm, SYSFS_LINE);
	if (err == ISCSI_ERR_SUCCESS)
		err = adm_store_begin(work->adm, STORE_WRITE, &store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	return adm_store_end(store, adm_store_error(save_found(work, store)));
}

/* The stored record where there is one: an administrator may have changed it. */
static int add_login(struct work *work, struct store *store, const struct sendtargets_entry *entry, struct login_list *list)
{
	struct record made, stored;
	struct node_key key;
	int error = make_node(&work->defaults, entry, &made);

	if (error)
		return error;
	node_key_of(&made, &key);
	error = node_load(store, &key, &stored);
	if (!error) {
		record_done(&made);
		return login_list_add(list, &stored);
	}
	if (error == -ENOENT)
		return login_list_add(list, &made);
	record_done(&made);
	return error;
}

static enum iscsi_err login_found(struct work *work)
{
	struct login_list list = { 0 };
	struct store *store;
	enum iscsi_err err = adm_store_begin(work->adm, STORE_READ, &store);
	int error = 0;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	for (size_t r = 0; !error && r < work->runs->count; r++) {
		const struct sendtargets_run *run = &work->runs->runs[r];

		error = record_copy_iface(&work->defaults, &run->iface);
		for (size_t i = 0; !error && i < run->list.count; i++)
			error = add_login(work, store, &run->list.entries[i], &list);
	}
	store_drop(store);
	err = adm_store_error(error);
	if (err == ISCSI_ERR_SUCCESS)
		err = login_run(work->adm, &list, LOGIN_TO_NR_SESSIONS);
	login_list_done(&list);
	return err;
}

static size_t count_found(const struct sendtargets_runs *runs)
{
	size_t count = runs->unbound.count;

	for (size_t i = 0; i < runs->count; i++)
		count += runs->runs[i].list.count;
	return count;
}

static enum iscsi_err keep_and_show(struct work *work)
{
	const struct args *args = work->adm->args;
	bool login = args->has[OPTION_LOGIN];
	enum iscsi_err err = ISCSI_ERR_SUCCESS;

	if (!count_found(work->runs)) {
		print_problem("No portals found");
		return ISCSI_ERR_NO_OBJS_FOUND;
	}
	if (!(args->operations & OPERATION_NONPERSISTENT))
		err = save_all(work);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	for (size_t i = 0; i < work->dropped_count; i++)
		object_emit_node_outcome("delete", &work->dropped[i], ISCSI_ERR_SUCCESS, NULL);
	discovery_list_found(work->runs, args->number[OPTION_PRINT]);
	print_flush();
	return login ? login_found(work) : ISCSI_ERR_SUCCESS;
}

/* Without -I, where the manager has ifaces or may get some. What it may get is the daemon's to complain of. */
static int want_memory(struct work *work, const struct conf *conf)
{
	struct policy policy;
	int error;

	if (work->adm->args->iface_count)
		return 0;
	error = policy_read(conf, NULL, NULL, &policy);
	if (error)
		return error;
	work->remembers = !nics_is_none(policy.nics) || ifaces_are_managed(&work->runs->bindings.ifaces);
	policy_done(&policy);
	return work->remembers ? bindings_apply(work->runs) : 0;
}

static enum iscsi_err run(struct adm *adm, const struct record *discovery, const struct portal *portal, bool keeps_discovery)
{
	unsigned int operations = adm->args->operations & DEFAULT_OPERATIONS;
	struct sendtargets_runs runs = { 0 };
	struct work work = { .adm = adm, .discovery = discovery, .runs = &runs, .portal = *portal, .keeps_discovery = keeps_discovery,
			     .operations = operations ? operations : DEFAULT_OPERATIONS };
	const struct conf *conf = adm_conf(adm);
	bool isns = discovery->kind == RECORD_ISNS;
	enum iscsi_err err;

	record_init(&work.defaults, RECORD_NODE);
	if (!conf || conf_apply(conf, &work.defaults) || node_set_source(&work.defaults, discovery->kind, portal))
		err = ISCSI_ERR_NOMEM;
	else
		err = sendtargets_prepare(adm, &runs);
	if (err == ISCSI_ERR_SUCCESS) {
		err = isns ? isns_ask(adm, discovery, &runs) : sendtargets_ask(adm, discovery, &runs);
		if (err != ISCSI_ERR_SUCCESS)
			print_problem("Could not perform %s discovery: %s", isns ? "iSNS" : "SendTargets", iscsi_err_text(err));
	}
	if (err == ISCSI_ERR_SUCCESS)
		err = adm_store_error(want_memory(&work, conf));
	if (err == ISCSI_ERR_SUCCESS)
		err = keep_and_show(&work);
	sendtargets_runs_done(&runs);
	free(work.dropped);
	record_done(&work.defaults);
	return err;
}

static int init_record(struct adm *adm, enum record_kind kind, const struct portal *portal, struct record *ret_record)
{
	const struct conf *conf = adm_conf(adm);
	bool isns = kind == RECORD_ISNS;
	int error;

	if (!conf)
		return -ENOMEM;
	record_init(ret_record, kind);
	error = conf_apply(conf, ret_record);
	if (!error)
		error = record_set(ret_record, isns ? F_DISCOVERY_ISNS_ADDRESS : F_DISCOVERY_SENDTARGETS_ADDRESS, portal->address,
				   ORIGIN_RECORD);
	if (!error)
		error = record_set_number(ret_record, isns ? F_DISCOVERY_ISNS_PORT : F_DISCOVERY_SENDTARGETS_PORT, portal->port,
					  ORIGIN_RECORD);
	if (error)
		record_done(ret_record);
	return error;
}

static enum iscsi_err load_record(struct adm *adm, enum record_kind kind, const struct portal *portal, struct record *ret_record,
				  bool *ret_found)
{
	struct store *store;
	enum iscsi_err err = adm_store_begin(adm, STORE_READ, &store);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = discovery_load(store, kind, portal, ret_record);
	store_drop(store);
	*ret_found = !error;
	return error == -ENOENT ? ISCSI_ERR_SUCCESS : adm_store_error(error);
}

/* With the stored settings; with new ones where there is no record and create is set. missing is the result otherwise. */
static enum iscsi_err run_stored(struct adm *adm, enum record_kind kind, const struct portal *portal, bool create,
				 enum iscsi_err missing)
{
	struct record discovery;
	bool found = false;
	enum iscsi_err err = load_record(adm, kind, portal, &discovery, &found);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (!found && !create)
		return not_found(portal, missing);
	if (!found && init_record(adm, kind, portal, &discovery))
		return adm_store_error(-ENOMEM);
	err = run(adm, &discovery, portal, true);
	record_done(&discovery);
	return err;
}

/* `-m discovery -t` always starts from iscsid.conf. */
static enum iscsi_err run_new(struct adm *adm, enum record_kind kind, const struct portal *portal)
{
	struct record discovery;
	enum iscsi_err err;

	if (init_record(adm, kind, portal, &discovery))
		return adm_store_error(-ENOMEM);
	/* Scripts look for no record of iSNS here. */
	err = run(adm, &discovery, portal, kind != RECORD_ISNS);
	record_done(&discovery);
	return err;
}

static enum iscsi_err show_record(struct adm *adm, enum record_kind kind, const struct portal *portal, enum iscsi_err missing)
{
	struct record discovery;
	bool found = false;
	enum iscsi_err err = load_record(adm, kind, portal, &discovery, &found);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (!found)
		return not_found(portal, missing);
	if (emit_wanted())
		discovery_emit_record(adm, &discovery);
	else
		adm_print_record(adm, &discovery);
	record_done(&discovery);
	return ISCSI_ERR_SUCCESS;
}

static const char *kind_word(enum record_kind kind)
{
	return kind == RECORD_ISNS ? "isns" : "sendtargets";
}

static enum iscsi_err tell(const char *operation, enum record_kind kind, const struct portal *portal, enum iscsi_err err)
{
	const struct object_subject subject = { .kind = kind_word(kind), .portal = portal };

	object_emit_outcome(operation, &subject, err, NULL);
	return err;
}

struct removal {
	const struct portal *portal;
	const char *type;
	struct node_key *removed;	/* told when the transaction is there */
	size_t count;
};

static int note_removed(struct removal *removal, const struct node_key *key)
{
	struct node_key *removed;

	if (!emit_wanted())
		return 0;
	removed = reallocarray(removal->removed, removal->count + 1, sizeof(*removed));
	if (!removed)
		return -ENOMEM;
	removal->removed = removed;
	removed[removal->count++] = *key;
	return 0;
}

static int remove_linked(struct store *store, const struct node_key *key, void *data)
{
	struct removal *removal = data;
	struct record node;
	bool linked;
	int error = node_load(store, key, &node);

	if (error)
		return error;
	linked = node_is_from(&node, removal->type, removal->portal);
	record_done(&node);
	error = linked ? node_remove(store, key) : 0;
	return linked && !error ? note_removed(removal, key) : error;
}

/* The record, and every node record it made. Sessions of those stay. */
static enum iscsi_err delete_record(struct adm *adm, enum record_kind kind, const struct portal *portal, enum iscsi_err missing)
{
	static const struct node_filter everything;
	struct removal removal = { .portal = portal, .type = node_source_word(kind) };
	struct store *store;
	enum iscsi_err err = adm_store_begin(adm, STORE_WRITE, &store);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = discovery_remove(store, kind, portal);
	if (error == -ENOENT) {
		store_drop(store);
		return not_found(portal, missing);
	}
	if (!error)
		error = node_each(store, &everything, remove_linked, &removal);
	if (!error)
		error = found_forget_source(store, kind, portal);
	err = adm_store_end(store, adm_store_error(error));
	for (size_t i = 0; err == ISCSI_ERR_SUCCESS && i < removal.count; i++)
		object_emit_node_outcome("delete", &removal.removed[i], err, NULL);
	free(removal.removed);
	return tell("delete", kind, portal, err);
}

static enum iscsi_err save_record(struct adm *adm, struct record *record)
{
	struct store *store;
	enum iscsi_err err = adm_store_begin(adm, STORE_WRITE, &store);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	return adm_store_end(store, adm_store_error(discovery_save(store, record)));
}

static enum iscsi_err new_record(struct adm *adm, enum record_kind kind, const struct portal *portal)
{
	struct record discovery;
	enum iscsi_err err = adm_check_pairs(adm->args, kind, false);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (init_record(adm, kind, portal, &discovery))
		return adm_store_error(-ENOMEM);
	err = adm_store_error(adm_apply_pairs(adm->args, &discovery));
	if (err == ISCSI_ERR_SUCCESS)
		err = save_record(adm, &discovery);
	record_done(&discovery);
	if (err == ISCSI_ERR_SUCCESS)
		print_line("New discovery record for [%s,%d] added.", portal->address, portal->port);
	return tell("new", kind, portal, err);
}

/* Reading and writing are one transaction. */
static enum iscsi_err change(struct adm *adm, enum record_kind kind, const struct portal *portal)
{
	struct record discovery;
	struct store *store;
	enum iscsi_err err = adm_store_begin(adm, STORE_WRITE, &store);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = discovery_load(store, kind, portal, &discovery);
	if (error == -ENOENT) {
		store_drop(store);
		return not_found(portal, ISCSI_ERR_IDBM);
	}
	if (!error) {
		error = adm_apply_pairs(adm->args, &discovery);
		if (!error)
			error = discovery_save(store, &discovery);
		record_done(&discovery);
	}
	return tell("update", kind, portal, adm_store_end(store, adm_store_error(error)));
}

static enum iscsi_err update_record(struct adm *adm, enum record_kind kind, const struct portal *portal)
{
	enum iscsi_err err;

	if (!adm->args->pair_count) {
		print_problem("Update requires name and value.");
		return ISCSI_ERR_INVAL;
	}
	err = adm_check_pairs(adm->args, kind, false);
	return err == ISCSI_ERR_SUCCESS ? change(adm, kind, portal) : err;
}

/* Lists have no operation but show. */
static enum iscsi_err list_records(struct adm *adm)
{
	if (adm->args->operations & ~(unsigned int)OPERATION_SHOW) {
		print_problem("Invalid operation.");
		return ISCSI_ERR_INVAL;
	}
	return discovery_list_records(adm);
}

/* discovery mode with a portal and without a type: the stored SendTargets record. */
static enum iscsi_err on_stored(struct adm *adm)
{
	const struct args *args = adm->args;
	struct portal portal;
	enum iscsi_err err = adm_portal(args, ISCSI_PORT, &portal);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (args->has[OPTION_DISCOVER] || args->has[OPTION_LOGIN])
		return run_stored(adm, RECORD_SENDTARGETS, &portal, false, ISCSI_ERR_INVAL);
	if (!(args->operations & ~(unsigned int)OPERATION_SHOW))
		return show_record(adm, RECORD_SENDTARGETS, &portal, ISCSI_ERR_INVAL);
	if (args->operations == OPERATION_DELETE)
		return delete_record(adm, RECORD_SENDTARGETS, &portal, ISCSI_ERR_INVAL);
	print_problem("Operations new and update for discovery mode is not supported. Use discoverydb mode.");
	return ISCSI_ERR_INVAL;
}

enum iscsi_err discovery_mode(struct adm *adm)
{
	const struct args *args = adm->args;
	struct portal portal;
	enum iscsi_err err;

	if (args->type == TYPE_FW)
		return fw_discovery(adm);
	if (args->type == TYPE_NONE)
		return args->has[OPTION_PORTAL] ? on_stored(adm) : list_records(adm);
	err = adm_portal(args, args->type == TYPE_ISNS ? ISNS_PORT : ISCSI_PORT, &portal);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (args->pair_count) {
		print_problem("settings of a discovery are changed in discoverydb mode");
		return ISCSI_ERR_INVAL;
	}
	return run_new(adm, args->type == TYPE_ISNS ? RECORD_ISNS : RECORD_SENDTARGETS, &portal);
}

static enum iscsi_err on_record(struct adm *adm, enum record_kind kind, const struct portal *portal)
{
	switch (adm->args->operations) {
	case OPERATION_NONE:
	case OPERATION_SHOW:
		return show_record(adm, kind, portal, ISCSI_ERR_IDBM);
	case OPERATION_NEW:
		return new_record(adm, kind, portal);
	case OPERATION_UPDATE:
		return update_record(adm, kind, portal);
	case OPERATION_DELETE:
		return delete_record(adm, kind, portal, ISCSI_ERR_IDBM);
	default:
		print_problem("operation is not supported.");
		return ISCSI_ERR_INVAL;
	}
}

enum iscsi_err discoverydb_mode(struct adm *adm)
{
	const struct args *args = adm->args;
	enum record_kind kind = args->type == TYPE_ISNS ? RECORD_ISNS : RECORD_SENDTARGETS;
	struct portal portal;
	enum iscsi_err err;

	if (args->type == TYPE_NONE && !args->has[OPTION_PORTAL])
		return list_records(adm);
	if (args->type == TYPE_NONE || (args->type == TYPE_FW && !args->has[OPTION_DISCOVER])) {
		print_problem(args->type == TYPE_FW ? "Invalid command. Possibly missing --discover argument." :
						    "Invalid command. Portal not needed or Possibly missing discovery --type.");
		return ISCSI_ERR_INVAL;
	}
	if (args->type == TYPE_FW)
		return fw_discovery(adm);
	err = adm_portal(args, kind == RECORD_ISNS ? ISNS_PORT : ISCSI_PORT, &portal);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (!args->has[OPTION_DISCOVER])
		return on_record(adm, kind, &portal);
	return run_stored(adm, kind, &portal, true, ISCSI_ERR_IDBM);
}
