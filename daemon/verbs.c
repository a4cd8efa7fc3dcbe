/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Turns IPC calls into operations and their ends into replies. Parameters are a client's word and
 * are checked here, once: a node that does not parse is refused by itself, the others of the call
 * go on. Never waits; a client that leaves does not stop what it has begun.
 */
#include "daemon/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/ask.h"
#include "daemon/daemon.h"
#include "daemon/discovery.h"
#include "daemon/drain.h"
#include "daemon/hotplug.h"
#include "daemon/in_use.h"
#include "daemon/logout.h"
#include "daemon/look.h"
#include "daemon/request.h"
#include "daemon/start.h"
#include "lib/ipc.h"
#include "lib/ipc_interface.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/name.h"
#include "lib/netns.h"
#include "transport/user/requests.h"

#define NODES_MAX 65536 /* of one call */

static bool refuse_while_stopping(const struct daemon *daemon, struct ipc_call *call)
{
	if (daemon->is_draining)
		ipc_error(call, ISCSI_ERR_ISCSID_NOTCONN, "iscsid is about to stop");
	return daemon->is_draining;
}

/* ---- Login ---- */

static int node_parse(struct json_object *settings, struct record *node, struct text *sentence)
{
	json_object_object_foreach(settings, name, value)
	{
		enum field field = field_find(RECORD_NODE, name);
		int r;

		/* A setting we do not know is of a newer client. */
		if (field == FIELD_NONE)
			continue;
		if (!json_object_is_type(value, json_type_string)) {
			text_addf(sentence, "%s: not a text", name);
			return -EINVAL;
		}
		r = record_set(node, field, json_object_get_string(value), ORIGIN_RECORD);
		if (r < 0) {
			record_explain(field, json_object_get_string(value), sentence);
			return r;
		}
	}
	return 0;
}

static enum iscsi_err node_check(const struct record *node, const char *initiator_name,
				 const char **ret_sentence)
{
	if (!name_is_storable(record_text(node, F_NODE_NAME)))
		*ret_sentence = "node.name is not a target name";
	else if (!*record_text(node, F_NODE_CONN_ADDRESS))
		*ret_sentence = "node.conn[0].address is missing";
	else if (!initiator_name)
		*ret_sentence = "there is no initiator name: set InitiatorName in " CONFDIR
				"/initiatorname.iscsi";
	else
		return ISCSI_ERR_SUCCESS;
	return ISCSI_ERR_INVAL;
}

/* Takes node. */
static void login_record(struct daemon *daemon, struct record *node, bool may_exist,
			 struct request_item *item)
{
	const char *own_name = record_text(node, F_IFACE_INITIATORNAME);
	const char *initiator_name = *own_name ? own_name : daemon->initiator.name;
	const char *sentence = "";
	enum iscsi_err err = node_check(node, initiator_name, &sentence);
	struct session *session;

	if (err) {
		record_done(node);
		request_answer(-1, err, sentence, item);
		return;
	}
	hotplug_release(daemon, node);
	session = session_new(daemon, node, initiator_name);
	if (!session) {
		request_answer(-1, ISCSI_ERR_NOMEM, "out of memory", item);
		return;
	}
	if (hotplug_join(session, !may_exist, request_answer, item)) {
		session_kill(session);
		return;
	}
	if (!may_exist && session_twin(session)) {
		session_kill(session);
		request_answer(-1, ISCSI_ERR_SESS_EXISTS,
			       "a session to this target, portal and iface exists", item);
		return;
	}
	session_choose_isid(session);
	start_login(session, request_answer, item);
}

static void login_node(struct daemon *daemon, struct json_object *object, bool may_exist,
		       struct request_item *item)
{
	struct json_object *settings;
	struct text sentence = {0};
	struct record node;
	int r;

	if (!json_object_is_type(object, json_type_object) ||
	    json_get_object(object, "settings", &settings) < 0) {
		request_answer(-1, ISCSI_ERR_INVAL, "a node without settings", item);
		return;
	}
	record_init(&node, RECORD_NODE);
	r = node_parse(settings, &node, &sentence);
	if (r < 0) {
		record_done(&node);
		request_answer(-1, r == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_INVAL,
			       sentence.data && !sentence.failed ? sentence.data
								 : "a setting is refused",
			       item);
	} else {
		login_record(daemon, &node, may_exist, item);
	}
	text_done(&sentence);
}

static void verb_login(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct json_object *nodes;
	struct request *request;
	bool may_exist = false, waits = true;
	size_t count;

	if (refuse_while_stopping(data, call))
		return;
	(void)json_get_bool(parameters, "multiple", &may_exist);
	(void)json_get_bool(parameters, "wait", &waits);
	if (json_get_array(parameters, "nodes", &nodes) < 0 || !json_object_array_length(nodes) ||
	    json_object_array_length(nodes) > NODES_MAX) {
		ipc_error(call, ISCSI_ERR_INVAL, "nodes is missing, empty or too long");
		return;
	}
	count = json_object_array_length(nodes);
	request = request_new(call, count);
	if (!request) {
		ipc_error(call, ISCSI_ERR_NOMEM, NULL);
		return;
	}
	for (size_t i = 0; i < count; i++)
		login_node(data, json_object_array_get_idx(nodes, i), may_exist,
			   request_item(request, i));
	if (!waits)
		request_answer_now(request);
	request_begun(request);
}

/* ---- Logout ---- */

/* The session number a client says, -1 for what can be none. */
static int sid_of(struct json_object *number)
{
	int64_t sid =
		json_object_is_type(number, json_type_int) ? json_object_get_int64(number) : -1;

	return sid < 0 || sid > INT32_MAX ? -1 : (int)sid;
}

/* Somebody's logout: what it has led to is not logged in again by itself. */
struct logout_asked {
	struct session *session;
	struct request_item *item;
};

static void logout_ended(int sid, enum iscsi_err err, const char *sentence, void *data)
{
	struct logout_asked *asked = data;

	if (err == ISCSI_ERR_SUCCESS)
		hotplug_hold(asked->session->daemon, &asked->session->node);
	request_answer(sid, err, sentence, asked->item);
	session_unref(asked->session);
	free(asked);
}

static void logout_session(struct daemon *daemon, int sid, struct request_item *item)
{
	struct session *session = session_find(daemon, sid);
	struct logout_asked *asked = session ? malloc(sizeof(*asked)) : NULL;

	if (!asked) {
		request_answer(sid, session ? ISCSI_ERR_NOMEM : ISCSI_ERR_SESS_NOT_FOUND,
			       session ? "out of memory" : "no such session", item);
		return;
	}
	*asked = (struct logout_asked){session_ref(session), item};
	if (daemon->safe_logout)
		in_use_logout(session, logout_ended, asked);
	else
		logout_start(session, logout_ended, asked);
}

static void verb_logout(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct daemon *daemon = data;
	struct json_object *sids;
	struct request *request;
	size_t count;

	if (refuse_while_stopping(daemon, call))
		return;
	if (json_get_array(parameters, "sids", &sids) < 0 || !json_object_array_length(sids) ||
	    json_object_array_length(sids) > NODES_MAX) {
		ipc_error(call, ISCSI_ERR_INVAL, "sids is missing, empty or too long");
		return;
	}
	count = json_object_array_length(sids);
	request = request_new(call, count);
	if (!request) {
		ipc_error(call, ISCSI_ERR_NOMEM, NULL);
		return;
	}
	for (size_t i = 0; i < count; i++)
		logout_session(daemon, sid_of(json_object_array_get_idx(sids, i)),
			       request_item(request, i));
	request_begun(request);
}

/* ---- questions ---- */

static void add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text ? json_object_new_string(text) : NULL);
}

static void add_number(struct json_object *object, const char *name, int64_t number)
{
	json_object_object_add(object, name, json_object_new_int64(number));
}

static void verb_info(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct daemon *daemon = data;
	struct json_object *reply = json_object_new_object();
	char netns[NETNS_TEXT_MAX];

	netns_name(netns);
	add_text(reply, "version", OPENHBA_VERSION);
	add_number(reply, "interface_version", IPC_VERSION);
	add_number(reply, "pid", getpid());
	add_text(reply, "initiator_name", daemon->initiator.name);
	add_text(reply, "initiator_alias", daemon->initiator.alias ? daemon->initiator.alias : "");
	add_text(reply, "config_file", daemon->options.config_path);
	add_text(reply, "network_namespace", netns);
	ipc_reply(call, reply, false);
}

static struct json_object *session_describe(const struct session *session)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "sid", session->sid);
	add_number(object, "host", session->host_no);
	add_text(object, "target", session_target(session));
	add_text(object, "address", session_address(session));
	add_number(object, "port", session_port(session));
	add_number(object, "tpgt", record_number(&session->node, F_NODE_TPGT));
	add_text(object, "iface", session_iface(session));
	add_text(object, "connection_state", conn_state_name(session->conn.state));
	add_text(object, "session_state", session_stage_name(session->stage));
	add_number(object, "since", (int64_t)((loop_now_ms() - session->since_ms) / 1000));
	return object;
}

static void verb_sessions(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct daemon *daemon = data;
	struct json_object *reply, *list;
	struct session *session;
	int64_t sid = -1;

	if (json_get_number(parameters, "sid", 0, INT32_MAX, &sid) == 0 &&
	    !session_find(daemon, (int)sid)) {
		ipc_error(call, ISCSI_ERR_SESS_NOT_FOUND, NULL);
		return;
	}
	list = json_object_new_array();
	TAILQ_FOREACH(session, &daemon->sessions, entry)
	if (session->sid >= 0 && (sid < 0 || session->sid == sid))
		json_object_array_add(list, session_describe(session));
	reply = json_object_new_object();
	json_object_object_add(reply, "sessions", list);
	ipc_reply(call, reply, false);
}

#define STAT(member)                                                                               \
	{                                                                                          \
#member, offsetof(struct iscsi_stats, member),                                     \
			sizeof(((struct iscsi_stats *)0)->member)                                  \
	}

static const struct {
	const char *name;
	size_t offset, size;
} stat_rows[] = {
	STAT(txdata_octets), STAT(rxdata_octets), STAT(noptx_pdus),  STAT(scsicmd_pdus),
	STAT(tmfcmd_pdus),   STAT(login_pdus),	  STAT(text_pdus),   STAT(dataout_pdus),
	STAT(logout_pdus),   STAT(snack_pdus),	  STAT(noprx_pdus),  STAT(scsirsp_pdus),
	STAT(tmfrsp_pdus),   STAT(textrsp_pdus),  STAT(datain_pdus), STAT(logoutrsp_pdus),
	STAT(r2t_pdus),	     STAT(async_pdus),	  STAT(rjt_pdus),    STAT(digest_err),
	STAT(timeout_err),
};

static struct json_object *counters_describe(const struct iscsi_stats *stats)
{
	struct json_object *counters = json_object_new_object();

	for (size_t i = 0; i < sizeof(stat_rows) / sizeof(stat_rows[0]); i++) {
		const char *place = (const char *)stats + stat_rows[i].offset;
		uint64_t value = 0;

		if (stat_rows[i].size == sizeof(value))
			memcpy(&value, place, sizeof(value));
		else
			value = *(const uint32_t *)(const void *)place;
		add_number(counters, stat_rows[i].name, (int64_t)value);
	}
	return counters;
}

static void verb_statistics(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct daemon *daemon = data;
	struct iscsi_stats_custom custom[ISCSI_STATS_CUSTOM_MAX];
	struct json_object *reply, *extended;
	struct iscsi_stats stats;
	struct session *session;
	unsigned int count = 0;
	int64_t sid;
	int r;

	if (json_get_number(parameters, "sid", 0, INT32_MAX, &sid) < 0 ||
	    !(session = session_find(daemon, (int)sid))) {
		ipc_error(call, ISCSI_ERR_SESS_NOT_FOUND, NULL);
		return;
	}
	r = request_get_stats(daemon->netlink, session->transport_handle, (uint32_t)sid, 0, &stats,
			      custom, ISCSI_STATS_CUSTOM_MAX, &count);
	if (r < 0) {
		ipc_error(call, iscsi_err_from_errno(r), strerror(-r));
		return;
	}
	extended = json_object_new_object();
	for (unsigned int i = 0; i < count; i++) {
		char name[ISCSI_STATS_CUSTOM_NAME_BYTES + 1] = "";

		memcpy(name, custom[i].name, ISCSI_STATS_CUSTOM_NAME_BYTES);
		add_number(extended, name, (int64_t)custom[i].value);
	}
	reply = json_object_new_object();
	json_object_object_add(reply, "counters", counters_describe(&stats));
	json_object_object_add(reply, "extended", extended);
	ipc_reply(call, reply, false);
}

static void verb_stop(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct daemon *daemon = data;

	log_info("stopped by a client; sessions stay");
	ipc_reply(call, NULL, false);
	hotplug_stop(daemon);
	discovery_stop(daemon, drain_start);
}

static const struct ipc_method methods[] = {
	{IPC_INTERFACE ".Attributes", true, look_verb},
	{IPC_INTERFACE ".Discover", true, ask_verb},
	{IPC_INTERFACE ".Info", false, verb_info},
	{IPC_INTERFACE ".Login", true, verb_login},
	{IPC_INTERFACE ".Logout", true, verb_logout},
	{IPC_INTERFACE ".Monitor", true, hotplug_verb_monitor},
	{IPC_INTERFACE ".Ports", false, hotplug_verb_ports},
	{IPC_INTERFACE ".Rescan", true, look_rescan_verb},
	{IPC_INTERFACE ".Sessions", false, verb_sessions},
	{IPC_INTERFACE ".Statistics", true, verb_statistics},
	{IPC_INTERFACE ".Stop", true, verb_stop},
};

int verbs_open(struct daemon *daemon, int listen_fd)
{
	return ipc_server_new(daemon->loop, daemon->options.socket_path, listen_fd, methods,
			      sizeof(methods) / sizeof(methods[0]), ipc_interface_description,
			      daemon, &daemon->ipc);
}
