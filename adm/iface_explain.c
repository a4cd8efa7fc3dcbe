/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m iface -o explain`: gathers what decides whether an iface is bound to a portal (the machine's ports, policy, routes,
 * records, sessions, what iscsid holds back) and has it told by iface_explanation.c. The decision itself is that of iface/verdict.h. Writes
 * nothing, and tells what this user could not read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/emit.h"
#include "adm/iface.h"
#include "adm/print.h"
#include "lib/json.h"
#include "transport/user/rtnetlink.h"

struct gathering {
	struct adm *adm;
	struct record iface;
	struct machine machine;
	struct policy policy;
	struct reach *reach;		/* NULL: cannot be asked */
	struct verdict_port verdict;	/* of the iface, whatever the portal */
	struct json_object *told;	/* iscsid's answer to Ports; NULL: none */
	const struct portal *wanted;	/* of -p; NULL: all */
	struct explanation explanation;
};

static void unreadable(struct explanation *explanation, const char *what, int error)
{
	if (explanation->unreadable_count == EXPLANATION_UNREADABLE_MAX)
		return;
	snprintf(explanation->unreadable[explanation->unreadable_count], sizeof(explanation->unreadable[0]), "%s: %s", what,
		 strerror(-error));
	explanation->unreadable_count++;
}

static bool is_same_portal(const struct node_key *key, const struct portal *portal)
{
	return portal_equal(&key->portal, portal) &&
	       (portal->tpgt == PORTAL_TPGT_NONE || key->portal.tpgt == PORTAL_TPGT_NONE || key->portal.tpgt == portal->tpgt);
}

static int add_portal(struct explanation *explanation, const struct node_key *key, struct explained_portal **ret_portal)
{
	struct explained_portal *portals = explanation->portals;
	size_t count = explanation->portal_count;

	/* A full list has 0 or 2^n elements. */
	if (!(count & (count - 1)))
		portals = reallocarray(portals, count ? 2 * count : 1, sizeof(*portals));
	if (!portals)
		return -ENOMEM;
	explanation->portals = portals;
	*ret_portal = &portals[explanation->portal_count++];
	**ret_portal = (struct explained_portal){ .key = *key };
	snprintf((*ret_portal)->key.iface, sizeof((*ret_portal)->key.iface), "%s",
		 record_text(explanation->iface, F_IFACE_ISCSI_IFACENAME));
	return 0;
}

static int compare_keys(const struct node_key *left, const struct node_key *right)
{
	int by_target = strcmp(left->target, right->target), by_address = strverscmp(left->portal.address, right->portal.address);

	if (by_target || by_address)
		return by_target ? by_target : by_address;
	if (left->portal.port != right->portal.port)
		return left->portal.port < right->portal.port ? -1 : 1;
	return left->portal.tpgt < right->portal.tpgt ? -1 : left->portal.tpgt > right->portal.tpgt;
}

/* Of one portal the record of the iface itself comes first. */
static int compare_portals(const void *a, const void *b)
{
	const struct explained_portal *left = a, *right = b;
	int by_key = compare_keys(&left->key, &right->key);

	return by_key ? by_key : right->has_record - left->has_record;
}

/* Each portal once, whichever ifaces have a record of it. */
static void sort_portals(struct explanation *explanation)
{
	struct explained_portal *portals = explanation->portals;
	size_t kept = 0;

	if (explanation->portal_count)
		qsort(portals, explanation->portal_count, sizeof(*portals), compare_portals);
	for (size_t i = 0; i < explanation->portal_count; i++) {
		if (!kept || compare_keys(&portals[kept - 1].key, &portals[i].key))
			portals[kept++] = portals[i];
		portals[kept - 1].is_discovered |= portals[i].is_discovered;
	}
	explanation->portal_count = kept;
}

static int take_found(struct store *store, const struct node_key *key, void *data)
{
	struct gathering *gathering = data;
	struct explained_portal *portal;
	int error;

	if (gathering->wanted && !is_same_portal(key, gathering->wanted))
		return 0;
	error = add_portal(&gathering->explanation, key, &portal);
	if (!error)
		portal->is_discovered = true;
	return error;
}

static bool is_discovered(const struct record *node)
{
	return record_is(node, F_NODE_DISCOVERY_TYPE, "send_targets") || record_is(node, F_NODE_DISCOVERY_TYPE, "isns");
}

static int keep_node(struct gathering *gathering, const struct node_key *key, bool is_own, const struct record *node)
{
	struct explained_portal *portal;
	int error = 0;

	/* What was made by hand for another iface says nothing about this one, unless it is asked for. */
	if (!is_own && !gathering->wanted && !is_discovered(node))
		return 0;
	error = add_portal(&gathering->explanation, key, &portal);
	if (error)
		return error;
	portal->is_discovered = is_discovered(node);
	portal->has_record = is_own;
	if (is_own)
		snprintf(portal->startup, sizeof(portal->startup), "%s", record_text(node, F_NODE_STARTUP));
	return 0;
}

/* Records of other ifaces say that the portal is there: an iface that binds itself may be bound to it, too. */
static int take_node(struct store *store, const struct node_key *key, void *data)
{
	struct gathering *gathering = data;
	bool is_own = !strcmp(key->iface, record_text(&gathering->iface, F_IFACE_ISCSI_IFACENAME));
	struct record node;
	int error;

	if (gathering->wanted ? !is_same_portal(key, gathering->wanted) : !is_own && !policy_is_managed(&gathering->iface))
		return 0;
	error = node_load(store, key, &node);
	if (error)
		return error;
	error = keep_node(gathering, key, is_own, &node);
	record_done(&node);
	return error;
}

static int read_store(struct gathering *gathering)
{
	static const struct node_filter everything;
	struct explanation *explanation = &gathering->explanation;
	struct store *store;
	int error = store_begin(gathering->adm->dir, STORE_READ, &store);

	if (error == -ENOMEM)
		return error;
	if (error) {
		unreadable(explanation, "records of targets", error);
		return 0;
	}
	error = node_each(store, &everything, take_node, gathering);
	if (!error)
		error = found_each(store, &everything, take_found, gathering);
	for (size_t i = 0; !error && i < explanation->portal_count; i++)
		explanation->portals[i].is_declined = declined_exists(store, &explanation->portals[i].key);
	store_drop(store);
	if (error == -ENOMEM)
		return error;
	if (error)
		unreadable(explanation, "records of targets", error);
	explanation->store_was_read = !error;
	return 0;
}

static void find_session(struct gathering *gathering, struct explained_portal *portal)
{
	struct adm *adm = gathering->adm;

	for (size_t i = 0; i < adm->session_count; i++) {
		if (!adm_session_is(adm, &adm->sessions[i], &portal->key))
			continue;
		portal->sid = adm->sessions[i].sid;
		snprintf(portal->session_state, sizeof(portal->session_state), "%s", adm->sessions[i].state);
		return;
	}
}

/* The verdicts on what binds itself name the way; of all others the kernel is asked. */
static void judge(struct gathering *gathering, struct explained_portal *portal)
{
	const struct port *port = gathering->explanation.port;

	verdict_of_portal(&gathering->verdict, gathering->reach, &portal->key.portal, &portal->verdict);
	if (!gathering->reach || !port || port->kind != PORT_NIC ||
	    (portal->verdict.reason != VERDICT_UNMANAGED && portal->verdict.reason != VERDICT_ALWAYS))
		return;
	portal->has_way = true;
	portal->way_error = reach_ask(gathering->reach, port, &portal->key.portal, &portal->way);
}

static int read_portals(struct gathering *gathering)
{
	struct explanation *explanation = &gathering->explanation;
	struct node_key bare = { .portal = { .tpgt = PORTAL_TPGT_NONE } };
	struct explained_portal *ignored;
	int error = read_store(gathering);

	if (!error && gathering->wanted && !explanation->portal_count) {
		bare.portal = *gathering->wanted;
		error = add_portal(explanation, &bare, &ignored);
	}
	sort_portals(explanation);
	for (size_t i = 0; !error && i < explanation->portal_count; i++) {
		judge(gathering, &explanation->portals[i]);
		find_session(gathering, &explanation->portals[i]);
	}
	return error;
}

static int keep_answer(struct json_object *parameters, bool continues, void *data)
{
	struct json_object **ret_answer = data;

	if (!*ret_answer)
		*ret_answer = json_object_get(parameters);
	return 0;
}

static void take_port(struct explanation *explanation, struct json_object *port)
{
	explanation->is_flapping = json_get_number(port, "held_back", 0, INT32_MAX, &explanation->hold_sec) ? ANSWER_NO : ANSWER_YES;
	if (json_get_text(port, "change", &explanation->last_event))
		return;
	if (json_get_text(port, "cause", &explanation->last_cause))
		explanation->last_cause = "";
	if (json_get_number(port, "since", 0, INT64_MAX, &explanation->last_sec))
		explanation->last_sec = 0;
}

static bool is_about(struct json_object *object, const struct explained_portal *portal)
{
	const char *target, *address;
	int64_t port;

	return !json_get_text(object, "target", &target) && !json_get_text(object, "address", &address) &&
	       !json_get_number(object, "port", 1, UINT16_MAX, &port) && !strcmp(target, portal->key.target) &&
	       !strcmp(address, portal->key.portal.address) && port == portal->key.portal.port;
}

static void take_held(struct explanation *explanation, struct json_object *record)
{
	for (size_t i = 0; i < explanation->portal_count; i++)
		explanation->portals[i].is_held |= is_about(record, &explanation->portals[i]);
}

/* Calls take for each element of a list that is about the iface. */
static void each_of_iface(struct gathering *gathering, const char *list_name,
			  void (*take)(struct explanation *explanation, struct json_object *element))
{
	const char *name = record_text(&gathering->iface, F_IFACE_ISCSI_IFACENAME), *iface;
	struct json_object *list;
	size_t count = gathering->told && !json_get_array(gathering->told, list_name, &list) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *element = json_object_array_get_idx(list, i);

		if (!json_get_text(element, "iface", &iface) && !strcmp(iface, name))
			take(&gathering->explanation, element);
	}
}

/* What only iscsid knows: what is held back, and what happened last. Without one, or with an older one, nothing is said. */
static void ask_daemon(struct gathering *gathering)
{
	if (adm_daemon(gathering->adm, false, true) == ISCSI_ERR_SUCCESS)
		ipc_client_call(gathering->adm->daemon, IPC_INTERFACE ".Ports", NULL, false, DAEMON_CONF_MS, keep_answer,
				&gathering->told, NULL);
	each_of_iface(gathering, "ports", take_port);
	each_of_iface(gathering, "held", take_held);
}

static int take_refused(const char *name, const char *value, unsigned int line, int error, void *data)
{
	print_problem("iscsid.conf: %s = %s is not usable, the built-in value is taken", name, value);
	return 0;
}

static void read_policy(struct gathering *gathering)
{
	struct explanation *explanation = &gathering->explanation;

	if (policy_read(adm_conf(gathering->adm), take_refused, NULL, &gathering->policy))
		return;
	explanation->policy = &gathering->policy;
	if (explanation->port && explanation->port->kind == PORT_NIC)
		explanation->is_selected = nics_select(gathering->policy.nics, explanation->port, &explanation->pattern);
}

static void read_machine(struct gathering *gathering)
{
	struct explanation *explanation = &gathering->explanation;

	machine_read(gathering->adm, &gathering->machine);
	if (gathering->machine.error)
		unreadable(explanation, "ports of this machine", gathering->machine.error);
	if (gathering->machine.ifaces_error)
		unreadable(explanation, "other ifaces", gathering->machine.ifaces_error);
	if (!gathering->machine.route || reach_new(&gathering->reach))
		gathering->reach = NULL;
	explanation->iface = &gathering->iface;
	explanation->ports_were_read = !gathering->machine.error;
	explanation->port = iface_port(&gathering->iface, &gathering->machine.ports);
}

static void gathering_done(struct gathering *gathering)
{
	if (gathering->told)
		json_object_put(gathering->told);
	free(gathering->explanation.portals);
	policy_done(&gathering->policy);
	reach_free(gathering->reach);
	machine_done(&gathering->machine);
	record_done(&gathering->iface);
}

static enum iscsi_err explain(struct gathering *gathering)
{
	struct explanation *explanation = &gathering->explanation;

	read_machine(gathering);
	read_policy(gathering);
	verdict_of_port(&gathering->iface, &gathering->machine.ifaces, &gathering->machine.ports, &gathering->verdict);
	explanation->verdict = gathering->verdict.verdict;
	explanation->has_portal = gathering->wanted;
	if (read_portals(gathering))
		return ISCSI_ERR_NOMEM;
	ask_daemon(gathering);
	if (emit_wanted())
		explanation_json(explanation);
	else
		explanation_text(explanation);
	return ISCSI_ERR_SUCCESS;
}

enum iscsi_err iface_explain(struct adm *adm, const char *name)
{
	struct gathering gathering = { .adm = adm };
	struct portal portal;
	enum iscsi_err err;
	int error;

	if (adm->args->has[OPTION_PORTAL]) {
		err = adm_portal(adm->args, ISCSI_PORT, &portal);
		if (err != ISCSI_ERR_SUCCESS)
			return err;
		gathering.wanted = &portal;
	}
	error = iface_load(adm->iface_dir, name, &gathering.iface);
	if (error) {
		print_problem("Could not read iface info for %s: %s", name, error == -ENOENT ? "there is no such iface" : strerror(-error));
		return ISCSI_ERR_IDBM;
	}
	err = explain(&gathering);
	if (err != ISCSI_ERR_SUCCESS)
		print_problem("%s", iscsi_err_text(err));
	gathering_done(&gathering);
	return err;
}
