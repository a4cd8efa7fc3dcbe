/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SendTargets by the firmware itself: an entry without a name, opened, asks its address for targets; each answer becomes an entry of the
 * upper part of the table, then the session logs out. The text exchange is lib/sendtargets', the PDUs go as the initiator's passthrough.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sendtargets.h"
#include "tests/hba/session.h"

#define TEXT_TIMEOUT_MS 15000

struct discovery {
	struct initiator_passthrough request; /* first: done() finds the rest by it */
	struct session *session; /* NULL: the entry is gone, the request still ends */
	struct sendtargets *sendtargets;
	struct pdu out;
	bool is_sent; /* the request is the initiator's until done() */
};

static void discovery_release(struct discovery *discovery)
{
	sendtargets_free(discovery->sendtargets);
	pdu_done(&discovery->out);
	free(discovery);
}

void session_discovery_free(struct discovery *discovery)
{
	if (!discovery)
		return;
	discovery->session = NULL;
	if (!discovery->is_sent)
		discovery_release(discovery);
}

static int ask(struct discovery *discovery)
{
	int error = sendtargets_pdu(discovery->sendtargets, &discovery->out);

	if (error < 0)
		return error;
	discovery->request.request = discovery->out.bhs;
	discovery->request.bytes = discovery->out.data;
	discovery->request.length = discovery->out.data_length;
	error = initiator_passthrough(discovery->session->initiator, &discovery->request);
	discovery->is_sent = !error;
	return error;
}

static void add_all(struct discovery *discovery)
{
	struct session *session = discovery->session;
	struct sendtargets_list list;
	size_t i;

	sendtargets_take(discovery->sendtargets, &list);
	for (i = 0; i < list.count; i++)
		if (sessions_add_found(session->sessions, session, list.entries[i].target_name, &list.entries[i].portal) == -ENOSPC)
			break;
	sendtargets_list_done(&list);
}

static void go_on(struct discovery *discovery, const struct pdu *in)
{
	switch (sendtargets_receive(discovery->sendtargets, in)) {
	case SENDTARGETS_SEND:
		if (ask(discovery) == 0)
			return;
		break;
	case SENDTARGETS_DONE:
		add_all(discovery);
		initiator_logout(discovery->session->initiator);
		return;
	case SENDTARGETS_WAIT:
	case SENDTARGETS_FAILED:
		break;
	}
	session_fail(discovery->session, SESSION_ERROR_DISCOVERY);
}

static void on_answer(struct initiator_passthrough *request, int error, const struct iscsi_bhs *response, const void *bytes, size_t length)
{
	struct discovery *discovery = (struct discovery *)request;
	struct pdu in = {0};

	discovery->is_sent = false;
	if (!discovery->session) {
		discovery_release(discovery);
		return;
	}
	if (!response || pdu_set_data(&in, bytes, length) < 0) {
		session_fail(discovery->session, SESSION_ERROR_DISCOVERY);
		return;
	}
	in.bhs = *response;
	in.bhs.itt = discovery->out.bhs.itt; /* on the wire it had the initiator's */
	go_on(discovery, &in);
	pdu_done(&in);
}

int session_discovery_start(struct session *session, struct discovery **ret_discovery)
{
	struct sendtargets_settings settings = {.itt = 1};
	struct discovery *discovery = calloc(1, sizeof(*discovery));
	int error;

	if (!discovery)
		return -ENOMEM;
	discovery->session = session;
	discovery->request.done = on_answer;
	discovery->request.timeout_ms = TEXT_TIMEOUT_MS;
	(void)ddb_portal(session->ddb, &settings.portal);
	discovery->sendtargets = sendtargets_new(&settings);
	error = discovery->sendtargets ? ask(discovery) : -ENOMEM;
	if (error < 0)
		session_discovery_free(discovery);
	else
		*ret_discovery = discovery;
	return error;
}
