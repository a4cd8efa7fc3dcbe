/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Collects the ends of a call's items into replies. Called by verbs.c; knows the IPC, but no
 * session. */
#include "daemon/request.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipc.h"

struct request_item {
	struct request *request;
	size_t index;
	bool is_answered, is_ended;
};

struct request {
	struct ipc_call *call;	     /* NULL: answered, or the client is gone */
	size_t unanswered, unended;  /* items */
	bool is_begun;		     /* before that nobody may free it */
	struct json_object *verdict; /* without `more`: the first failure, else the last success */
	bool has_failure;
	size_t count;
	struct request_item items[];
};

static void request_closed(void *data)
{
	struct request *request = data;

	request->call = NULL;
}

struct request *request_new(struct ipc_call *call, size_t count)
{
	struct request *request = calloc(1, sizeof(*request) + count * sizeof(request->items[0]));

	if (!request)
		return NULL;
	request->call = call;
	request->count = request->unanswered = request->unended = count;
	for (size_t i = 0; i < count; i++)
		request->items[i] = (struct request_item){.request = request, .index = i};
	ipc_call_on_close(call, request_closed, request);
	return request;
}

struct request_item *request_item(struct request *request, size_t index)
{
	return &request->items[index];
}

static void request_free_if_done(struct request *request)
{
	if (!request->is_begun || request->unended)
		return;
	if (request->call)
		ipc_call_on_close(request->call, NULL, NULL);
	json_object_put(request->verdict);
	free(request);
}

static struct json_object *item_describe(const struct request_item *item, int sid,
					 enum iscsi_err err, const char *sentence)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "index", json_object_new_int64((int64_t)item->index));
	json_object_object_add(reply, "sid", json_object_new_int(sid));
	json_object_object_add(reply, "error", json_object_new_int((int)err));
	json_object_object_add(reply, "message",
			       *sentence ? json_object_new_string(sentence) : NULL);
	return reply;
}

static void request_keep_verdict(struct request *request, struct json_object *reply,
				 enum iscsi_err err)
{
	if (request->has_failure) {
		json_object_put(reply);
		return;
	}
	json_object_put(request->verdict);
	request->verdict = reply;
	request->has_failure = err != ISCSI_ERR_SUCCESS;
}

static void item_answer(struct request_item *item, int sid, enum iscsi_err err,
			const char *sentence)
{
	struct request *request = item->request;
	struct json_object *reply;

	item->is_answered = true;
	request->unanswered--;
	if (!request->call)
		return;
	reply = item_describe(item, sid, err, sentence);
	if (!ipc_call_wants_more(request->call)) {
		request_keep_verdict(request, reply, err);
		if (request->unanswered)
			return;
		reply = request->verdict;
		request->verdict = NULL;
	}
	if (request->unanswered) {
		ipc_reply(request->call, reply, true);
		return;
	}
	ipc_call_on_close(request->call, NULL, NULL);
	ipc_reply(request->call, reply, false);
	request->call = NULL;
}

void request_answer(int sid, enum iscsi_err err, const char *sentence, void *data)
{
	struct request_item *item = data;
	struct request *request = item->request;

	if (!item->is_answered)
		item_answer(item, sid, err, sentence);
	item->is_ended = true;
	request->unended--;
	request_free_if_done(request);
}

void request_answer_now(struct request *request)
{
	for (size_t i = 0; i < request->count; i++)
		if (!request->items[i].is_answered)
			item_answer(&request->items[i], -1, ISCSI_ERR_SUCCESS, "");
}

void request_begun(struct request *request)
{
	request->is_begun = true;
	request_free_if_done(request);
}
