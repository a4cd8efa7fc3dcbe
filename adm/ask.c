/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Discover, from the client's side: what is sent, and the gate for what comes back. Used where the daemon sees another network
 * than iscsiadm. Prints nothing and tries nothing twice.
 */
#include "adm/ask.h"

#include <stdlib.h>
#include <string.h>

#include "adm/progress.h"
#include "lib/json.h"
#include "lib/name.h"
#include "lib/text.h"

struct json_object *ask_settings(const struct record *record)
{
	struct json_object *settings = json_object_new_object();
	struct text_reader reader;
	struct text_line line;
	struct text text = { 0 };

	record_format(record, RECORD_STORED, &text);
	text_reader_init(&reader, text.data ? text.data : "", text.failed ? 0 : text.len);
	while (text_next(&reader, &line) > 0)
		if (field_find(record->kind, line.name) != FIELD_NONE)
			json_object_object_add(settings, line.name, json_object_new_string(line.value));
	explicit_bzero(&reader, sizeof(reader));
	text_done(&text);
	return settings;
}

struct answers {
	size_t count;
	ask_fn *fn;
	void *data;
	bool *answered;
};

/* A portal that makes no sense counts as refused, like one of the target's own making. */
static void take_portal(struct json_object *object, struct sendtargets_list *list)
{
	struct portal portal = { .tpgt = PORTAL_TPGT_NONE };
	const char *target, *address;
	int64_t port, tpgt;

	if (json_get_text(object, "target", &target) || json_get_text(object, "address", &address) ||
	    json_get_number(object, "port", 1, UINT16_MAX, &port) || json_get_number(object, "tpgt", -1, UINT16_MAX, &tpgt) ||
	    !name_is_valid(target) || !*address || strlen(address) >= sizeof(portal.address)) {
		list->refused++;
		return;
	}
	memcpy(portal.address, address, strlen(address) + 1);
	portal.port = (int)port;
	portal.tpgt = (int)tpgt;
	if (sendtargets_list_add(list, target, &portal))
		list->refused++;
}

static int take_answer(struct json_object *parameters, bool continues, void *data)
{
	struct answers *answers = data;
	struct sendtargets_list list = { 0 };
	const char *address = "", *message = "";
	struct json_object *targets;
	int64_t index, error, refused = 0;

	if (json_get_number(parameters, "index", 0, (int64_t)answers->count - 1, &index) ||
	    json_get_number(parameters, "error", 0, ISCSI_ERR_COUNT - 1, &error) || answers->answered[index])
		return 0;
	json_get_text(parameters, "address", &address);
	json_get_text(parameters, "message", &message);
	json_get_number(parameters, "refused", 0, INT32_MAX, &refused);
	list.refused = (size_t)refused;
	if (!json_get_array(parameters, "targets", &targets))
		for (size_t i = 0; i < json_object_array_length(targets); i++)
			take_portal(json_object_array_get_idx(targets, i), &list);
	answers->answered[index] = true;
	answers->fn((size_t)index, (enum iscsi_err)error, address, message, &list, answers->data);
	sendtargets_list_done(&list);
	return 0;
}

enum iscsi_err ask_daemon(struct adm *adm, const struct record *discovery, const struct record *const *ifaces, size_t count,
			  unsigned int attempt, ask_fn *fn, void *data, char **ret_message)
{
	struct answers answers = { count, fn, data, calloc(count, sizeof(bool)) };
	struct json_object *parameters, *list;
	enum iscsi_err err;

	if (!answers.answered)
		return ISCSI_ERR_NOMEM;
	parameters = json_object_new_object();
	list = json_object_new_array();
	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, ask_settings(ifaces[i]));
	json_object_object_add(parameters, "type", json_object_new_string(discovery->kind == RECORD_ISNS ? "isns" : "sendtargets"));
	json_object_object_add(parameters, "settings", ask_settings(discovery));
	json_object_object_add(parameters, "ifaces", list);
	json_object_object_add(parameters, "attempt", json_object_new_int((int)attempt));
	adm_daemon_ticks(adm);
	err = ipc_client_call(adm->daemon, IPC_INTERFACE ".Discover", parameters, true, -1, take_answer, &answers, ret_message);
	free(answers.answered);
	return err;
}
