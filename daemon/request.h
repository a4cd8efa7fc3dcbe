/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Login or Logout call of many items: each ends when it ends, the client hears of it (all of them
 * with `more`, else the one that matters most), and nothing is lost when the client leaves.
 */
#ifndef OPENHBA_DAEMON_REQUEST_H
#define OPENHBA_DAEMON_REQUEST_H

#include <stddef.h>

#include "lib/err.h"

struct ipc_call;
struct request;
struct request_item;

struct request *request_new(struct ipc_call *call,
			    size_t count); /* NULL: no memory. Frees itself after its last item */
struct request_item *request_item(struct request *request, size_t index);

/* A session_done_fn: data is the item. Once per item. */
void request_answer(int sid, enum iscsi_err err, const char *sentence, void *data);

/* Items that have not ended are answered with success now (sid -1); how they end is only logged. */
void request_answer_now(struct request *request);

/* All items are under way: from now on the request may free itself. */
void request_begun(struct request *request);

#endif
