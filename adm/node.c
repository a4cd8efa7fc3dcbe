/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m node`: records of targets. New, show, update, delete and list work on the store alone, each in one
 * transaction; what concerns sessions (login, logout, rescan, stats) is handed to login.c and session.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/adm.h"
#include "adm/emit.h"
#include "adm/iface.h"
#include "adm/login.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "adm/session.h"
#include "adm/tree.h"
#include "iface/binder.h"
#include "lib/found.h"
#include "lib/name.h"

struct node_work {
	struct adm *adm;
	size_t count;			/* records that matched */
	enum iscsi_err first;		/* first refusal; the other records are still done */
	struct node_key last;		/* portal printed before */
	const struct record *iface;	/* of -o new */
	struct login_list *logins;
	/* In the same transaction; may be NULL. */
	int (*after)(struct node_work *work, struct store *store, const struct node_filter *filter);
	struct ifaces ifaces;		/* of -o delete: who would make a record again */
	bool has_managed;
	struct node_key *removed;
	size_t removed_count, removed_size;
	struct node_done *done;		/* what is told once the transaction is there */
	size_t done_count, done_size;
};

/* A record that was written, removed or refused. */
struct node_done {
	struct node_key key;
	enum iscsi_err err;
};

static enum iscsi_err not_supported(void)
{
	print_problem("operation is not supported.");
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err no_records(void)
{
	print_problem("No records found");
	return ISCSI_ERR_NO_OBJS_FOUND;
}

/* Only whoever reads JSON hears of each record. */
static int note(struct node_work *work, const struct node_key *key, enum iscsi_err err)
{
	if (!emit_wanted())
		return 0;
	if (work->done_count == work->done_size) {
		size_t size = work->done_size ? 2 * work->done_size : 16;
		struct node_done *done = reallocarray(work->done, size, sizeof(*done));

		if (!done)
			return -ENOMEM;
		work->done = done;
		work->done_size = size;
	}
	work->done[work->done_count++] = (struct node_done){ .key = *key, .err = err };
	return 0;
}

/* err: how the transaction ended. Nothing was done to any record if it failed. */
static void tell(struct node_work *work, const char *operation, enum iscsi_err err)
{
	for (size_t i = 0; i < work->done_count; i++)
		object_emit_node_outcome(operation, &work->done[i].key, err != ISCSI_ERR_SUCCESS ? err : work->done[i].err, NULL);
	free(work->done);
	work->done = NULL;
	work->done_count = work->done_size = 0;
}

/* Walks the matching keys in one transaction, which is committed unless a database error came; 1 of fn ends the walk. */
static enum iscsi_err for_each_match(struct node_work *work, enum store_mode mode, node_each_fn *fn)
{
	struct node_filter filter;
	struct store *store;
	enum iscsi_err err = adm_filter(work->adm, &filter);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	err = adm_store_error(node_filter_resolve(&filter, work->adm->dir));
	if (err == ISCSI_ERR_SUCCESS)
		err = adm_store_begin(work->adm, mode, &store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	filter.exact_tag = mode == STORE_WRITE;
	error = node_each(store, &filter, fn, work);
	if (!error && work->after)
		error = work->after(work, store, &filter);
	return adm_store_end(store, adm_store_error(error < 0 ? error : 0));
}

static enum iscsi_err finish(struct node_work *work, enum iscsi_err err)
{
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (!work->count)
		return no_records();
	if (work->first != ISCSI_ERR_SUCCESS)
		print_problem("Could not execute operation on all records: %s", iscsi_err_text(work->first));
	return work->first;
}

static int list_one(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	char portal[PORTAL_TEXT_MAX];

	work->count++;
	if (emit_wanted()) {
		object_emit_node(work->adm, key, NULL);
		return 0;
	}
	print_line("%s %s", print_portal(key->portal.address, key->portal.port, key->portal.tpgt & 0xffff, portal), key->target);
	return 0;
}

static int list_tree(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;

	tree_node(work->count++ ? &work->last : NULL, key, true);
	work->last = *key;
	return 0;
}

static int show_one(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	struct record node;
	int error = node_load(store, key, &node);

	if (error)
		return error;
	work->count++;
	if (emit_wanted())
		object_emit_node(work->adm, key, &node);
	else
		adm_print_record(work->adm, &node);
	record_done(&node);
	return 0;
}

/* What a level shows in JSON: without one all there is. */
static node_each_fn *list_by(long level)
{
	if (emit_wanted())
		return level < 0 ? show_one : list_one;
	return level == 1 ? list_tree : list_one;
}

static enum iscsi_err node_list(struct adm *adm)
{
	struct node_work work = { .adm = adm };
	long level = adm->args->number[OPTION_PRINT];

	if (level > 1 || level < -1) {
		print_problem("Invalid info level %ld. Try 0 or 1.", level);
		return ISCSI_ERR_INVAL;
	}
	return finish(&work, for_each_match(&work, STORE_READ, list_by(level)));
}

/* Takes node. */
static int save_with_pairs(const struct adm *adm, struct store *store, struct record *node)
{
	int error = adm_apply_pairs(adm->args, node);

	if (!error)
		error = node_save(store, node);
	record_done(node);
	return error;
}

static bool changes_transport(const struct args *args)
{
	for (size_t i = 0; i < args->pair_count; i++)
		if (!strcmp(args->pairs[i].name, "iface.transport_name") || !strcmp(args->pairs[i].name, "node.transport_name"))
			return true;
	return false;
}

static int update_one(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	struct record node;
	int error;

	work->count++;
	if (changes_transport(work->adm->args) && adm_in_use(work->adm, key)) {
		print_problem("Cannot modify node/iface transport name while a session is using it. Log out the session then update "
			      "record.");
		adm_keep_first(&work->first, ISCSI_ERR_SESS_EXISTS);
		return note(work, key, ISCSI_ERR_SESS_EXISTS);
	}
	error = node_load(store, key, &node);
	if (!error)
		error = save_with_pairs(work->adm, store, &node);
	return error ? error : note(work, key, ISCSI_ERR_SUCCESS);
}

static int set_pairs(struct record *node, void *data)
{
	const struct node_work *work = data;

	return adm_apply_pairs(work->adm->args, node);
}

/* What a target is told to be like goes for its portals that no iface reaches yet, too; an iface's own records are its own. */
static int update_found(struct node_work *work, struct store *store, const struct node_filter *filter)
{
	if (filter->iface || !work->count)
		return 0;
	return found_change(store, filter, set_pairs, work);
}

/* Without a match it is "No records found" even when the pairs are bad, so they are judged at the first match. */
static int update_first(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;

	if (!work->count)
		work->first = adm_check_pairs(work->adm->args, RECORD_NODE, false);
	if (work->first != ISCSI_ERR_SUCCESS && work->first != ISCSI_ERR_SESS_EXISTS) {
		work->count++;
		return 1;
	}
	return update_one(store, key, data);
}

static enum iscsi_err node_update(struct adm *adm)
{
	struct node_work work = { .adm = adm, .after = update_found };
	enum iscsi_err err = adm_refuse_iface_pairs(adm->args);

	if (!adm->args->pair_count) {
		print_problem("update requires name and value");
		return ISCSI_ERR_INVAL;
	}
	if (err == ISCSI_ERR_SUCCESS && changes_transport(adm->args))
		err = adm_read_sessions(adm, SYSFS_LINE);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	err = for_each_match(&work, STORE_WRITE, update_first);
	tell(&work, "update", err);
	return finish(&work, err);
}

static bool is_managed(const char *iface, void *data)
{
	const struct node_work *work = data;
	const struct record *record = ifaces_find(&work->ifaces, iface);

	return record && policy_is_managed(record);
}

static int note_removed(struct node_work *work, const struct node_key *key)
{
	if (!work->adm->args->iface_count && !work->has_managed)
		return 0;
	if (work->removed_count == work->removed_size) {
		size_t size = work->removed_size ? 2 * work->removed_size : 16;
		struct node_key *removed = reallocarray(work->removed, size, sizeof(*removed));

		if (!removed)
			return -ENOMEM;
		work->removed = removed;
		work->removed_size = size;
	}
	work->removed[work->removed_count++] = *key;
	return 0;
}

/* What is removed by hand is not made again by the iface manager. */
static int forget_found(struct node_work *work, struct store *store, const struct node_filter *filter)
{
	return found_after_removal(store, filter, work->removed, work->removed_count, work->has_managed ? is_managed : NULL, work);
}

static int delete_one(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	int error;

	work->count++;
	if (!adm_in_use(work->adm, key)) {
		error = node_remove(store, key);
		if (!error)
			error = note_removed(work, key);
		return error ? error : note(work, key, ISCSI_ERR_SUCCESS);
	}
	print_problem("This command will remove the record [iface: %s, target: %s, portal: %s,%d], but a session is using it. "
		    "Logout session then rerun command to remove record.", key->iface, key->target, key->portal.address,
		    key->portal.port);
	adm_keep_first(&work->first, ISCSI_ERR_SESS_EXISTS);
	return note(work, key, ISCSI_ERR_SESS_EXISTS);
}

static void make_key(const struct record *iface, const struct portal *portal, const char *target, struct node_key *ret_key)
{
	*ret_key = (struct node_key){ .portal = *portal };
	snprintf(ret_key->target, sizeof(ret_key->target), "%s", target);
	snprintf(ret_key->iface, sizeof(ret_key->iface), "%s", record_text(iface, F_IFACE_ISCSI_IFACENAME));
}

static void say_added(const struct record *iface, const struct portal *portal, const char *target)
{
	print_line("New iSCSI node [%s:[hw=%s,ip=%s,net_if=%s,iscsi_if=%s] %s,%d,%d %s] added",
		   record_text(iface, F_IFACE_TRANSPORT_NAME), record_text(iface, F_IFACE_HWADDRESS),
		   record_text(iface, F_IFACE_IPADDRESS), record_text(iface, F_IFACE_NET_IFACENAME),
		   record_text(iface, F_IFACE_ISCSI_IFACENAME), portal->address, portal->port, portal->tpgt, target);
}

static int put_new(struct adm *adm, struct store *store, const struct record *iface, const struct portal *portal,
		   const char *target)
{
	struct record node;
	int error = adm_node_init(adm, &node, target, portal, iface);

	if (error)
		return error;
	return save_with_pairs(adm, store, &node);
}

/* Binds the iface to every portal that is known, once per portal. */
static int new_binding(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	struct node_key made;
	int error;

	if (work->count && !strcmp(work->last.target, key->target) && portal_equal(&work->last.portal, &key->portal))
		return 0;
	work->last = *key;
	work->count++;
	error = put_new(work->adm, store, work->iface, &key->portal, key->target);
	if (error)
		return error;
	say_added(work->iface, &key->portal, key->target);
	make_key(work->iface, &key->portal, key->target, &made);
	return note(work, &made, ISCSI_ERR_SUCCESS);
}

static enum iscsi_err new_bindings(struct adm *adm, const struct record *iface)
{
	struct node_work work = { .adm = adm, .iface = iface };
	struct adm known = *adm;
	struct args args = *adm->args;
	enum iscsi_err err;

	/* -I names the binding to be made, not the records to look at. */
	args.iface_count = 0;
	known.args = &args;
	adm_conf(adm);
	work.adm = &known;
	known.conf = adm->conf;
	err = for_each_match(&work, STORE_WRITE, new_binding);
	tell(&work, "new", err);
	return finish(&work, err);
}

static enum iscsi_err new_record(struct adm *adm, const struct record *iface)
{
	const char *target = adm->args->text[OPTION_TARGETNAME];
	struct portal portal;
	struct node_key key;
	struct store *store;
	enum iscsi_err err = adm_portal(adm->args, ISCSI_PORT, &portal);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (!name_is_storable(target)) {
		print_problem("'%s' is no name a record can have", target);
		return ISCSI_ERR_INVAL;
	}
	adm_conf(adm);
	err = adm_store_begin(adm, STORE_WRITE, &store);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	err = adm_store_end(store, adm_store_error(put_new(adm, store, iface, &portal, target)));
	if (err == ISCSI_ERR_SUCCESS)
		say_added(iface, &portal, target);
	make_key(iface, &portal, target, &key);
	object_emit_node_outcome("new", &key, err, NULL);
	return err;
}

static enum iscsi_err node_new(struct adm *adm)
{
	const char *name = adm->args->iface_count ? adm->args->ifaces[0] : IFACE_DEFAULT;
	struct record iface;
	enum iscsi_err err = adm_check_pairs(adm->args, RECORD_NODE, false);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (iface_find(adm, name, &iface)) {
		print_problem("Could not read iface info for %s.", name);
		return ISCSI_ERR_INVAL;
	}
	/* Without a target or a portal, the iface is bound to what is recorded and matches the other one. */
	err = adm->args->has[OPTION_PORTAL] && adm->args->has[OPTION_TARGETNAME] ? new_record(adm, &iface) : new_bindings(adm, &iface);
	record_done(&iface);
	return err;
}

static int collect_login(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	struct record node;
	int error = node_load(store, key, &node);

	if (error)
		return error;
	work->count++;
	return login_list_add(work->logins, &node);
}

static enum iscsi_err node_login(struct adm *adm)
{
	struct login_list logins = { 0 };
	struct node_work work = { .adm = adm, .logins = &logins };
	enum iscsi_err err = finish(&work, for_each_match(&work, STORE_READ, collect_login));

	if (err == ISCSI_ERR_SUCCESS)
		err = login_run(adm, &logins, LOGIN_TO_NR_SESSIONS);
	login_list_done(&logins);
	return err;
}

static bool starts_by(const struct record *node, const char *word)
{
	return !strcmp(word, "all") || record_is(node, F_NODE_STARTUP, word) || record_is(node, F_NODE_CONN_STARTUP, word);
}

static int collect_startup(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	struct record node;
	int error = node_load(store, key, &node);

	if (error)
		return error;
	if (!starts_by(&node, work->adm->args->text[OPTION_LOGINALL])) {
		record_done(&node);
		return 0;
	}
	work->count++;
	return login_list_add(work->logins, &node);
}

static bool is_startup(const char *word, bool onboot)
{
	return !strcmp(word, "all") || !strcmp(word, "manual") || !strcmp(word, "automatic") || (onboot && !strcmp(word, "onboot"));
}

static enum iscsi_err bad_startup(const char *option, const char *word)
{
	print_problem("Invalid %s option %s.", option, word);
	print_hint();
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err node_login_all(struct adm *adm)
{
	struct login_list logins = { 0 };
	struct node_work work = { .adm = adm, .logins = &logins };
	enum iscsi_err err;

	if (!is_startup(adm->args->text[OPTION_LOGINALL], true)) {
		return bad_startup("loginall", adm->args->text[OPTION_LOGINALL]);
	}
	err = finish(&work, for_each_match(&work, STORE_READ, collect_startup));
	if (err == ISCSI_ERR_SUCCESS)
		err = login_run(adm, &logins, LOGIN_TO_NR_SESSIONS | LOGIN_LEADING);
	login_list_done(&logins);
	return err;
}

/* A session that the boot firmware made, or made for it, carries the root disk: never logged out by its startup. */
static bool may_log_out(struct store *store, const struct node_key *key, const char *word)
{
	struct record node;
	bool may;

	if (node_load(store, key, &node))
		return false;
	may = !record_is(&node, F_NODE_STARTUP, "onboot") && !record_is(&node, F_NODE_DISCOVERY_TYPE, "fw") &&
	      (!strcmp(word, "all") || record_is(&node, F_NODE_STARTUP, word));
	record_done(&node);
	return may;
}

static int collect_logout(struct store *store, const struct node_key *key, void *data)
{
	struct node_work *work = data;
	struct adm *adm = work->adm;

	if (!adm_in_use(adm, key) || !may_log_out(store, key, adm->args->text[OPTION_LOGOUTALL]))
		return 0;
	for (size_t i = 0; i < adm->session_count; i++) {
		if (!adm_session_is(adm, &adm->sessions[i], key))
			continue;
		adm->session_marked[i] = true;
		work->count++;
	}
	return 0;
}

static enum iscsi_err node_logout_all(struct adm *adm)
{
	struct node_work work = { .adm = adm };
	enum iscsi_err err;

	if (!is_startup(adm->args->text[OPTION_LOGOUTALL], false)) {
		return bad_startup("logoutall", adm->args->text[OPTION_LOGOUTALL]);
	}
	err = adm_read_sessions(adm, SYSFS_LINE);
	if (err == ISCSI_ERR_SUCCESS)
		err = for_each_match(&work, STORE_READ, collect_logout);
	return err == ISCSI_ERR_SUCCESS ? session_logout_marked(adm) : err;
}

/* What concerns sessions that are running. */
static enum iscsi_err on_sessions(struct adm *adm, enum iscsi_err (*act)(struct adm *adm))
{
	struct node_filter filter;
	enum iscsi_err err = adm_filter(adm, &filter);

	if (err == ISCSI_ERR_SUCCESS)
		err = adm_store_error(node_filter_resolve(&filter, adm->dir));
	if (err == ISCSI_ERR_SUCCESS)
		err = session_mark(adm, &filter);
	return err == ISCSI_ERR_SUCCESS ? act(adm) : err;
}

static enum iscsi_err node_show(struct adm *adm)
{
	struct node_work work = { .adm = adm };

	return finish(&work, for_each_match(&work, STORE_READ, show_one));
}

/* Whether a record is in use must be known before anything is deleted. */
static enum iscsi_err node_delete(struct adm *adm)
{
	struct node_work work = { .adm = adm, .after = forget_found };
	enum iscsi_err err = adm_read_sessions(adm, SYSFS_LINE);

	if (err == ISCSI_ERR_SUCCESS)
		err = adm_store_error(ifaces_read(adm->iface_dir, NULL, NULL, &work.ifaces));
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	work.has_managed = ifaces_are_managed(&work.ifaces);
	err = for_each_match(&work, STORE_WRITE, delete_one);
	tell(&work, "delete", err);
	ifaces_done(&work.ifaces);
	free(work.removed);
	return finish(&work, err);
}

static bool is_filtered(const struct args *args)
{
	return args->has[OPTION_TARGETNAME] || args->has[OPTION_PORTAL] || args->iface_count;
}

enum iscsi_err node_operation(struct adm *adm)
{
	switch (adm->args->operations) {
	case OPERATION_NONE:
		return is_filtered(adm->args) ? node_show(adm) : node_list(adm);
	case OPERATION_SHOW:
		return node_show(adm);
	case OPERATION_UPDATE:
		return node_update(adm);
	case OPERATION_DELETE:
		return node_delete(adm);
	case OPERATION_NEW:
		return node_new(adm);
	default:
		return not_supported();
	}
}

enum iscsi_err node_mode(struct adm *adm)
{
	const struct args *args = adm->args;
	bool login = args->has[OPTION_LOGIN], logout = args->has[OPTION_LOGOUT];

	if (args->has[OPTION_LOGINALL])
		return node_login_all(adm);
	if (args->has[OPTION_LOGOUTALL])
		return node_logout_all(adm);
	if (args->operations & OPERATION_NEW)
		return node_operation(adm);
	if (args->has[OPTION_RESCAN])
		return on_sessions(adm, session_rescan_marked);
	if (args->has[OPTION_STATS])
		return on_sessions(adm, session_stats_marked);
	if (login && logout) {
		print_problem("Invalid parameters. Both login and logout passed in");
		return ISCSI_ERR_INVAL;
	}
	if ((login || logout) && args->operations) {
		print_problem("Invalid parameters. Login/logout and op passed in");
		return ISCSI_ERR_INVAL;
	}
	if (login)
		return node_login(adm);
	return logout ? on_sessions(adm, session_logout_marked) : node_operation(adm);
}
