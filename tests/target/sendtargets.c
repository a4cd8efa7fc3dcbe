/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers SendTargets: its own target at its own port, in as many parts as the initiator's receive
 * limit asks for. In a normal session any text is answered with none.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "tests/target/conn.h"

#define TAG 0x1234

static int make_list(struct conn *conn)
{
	struct text text = {0};
	int r = 0;

	if (conn->is_discovery) {
		text_addf(&text, "TargetName=" TARGET_PREFIX "%s", conn->row->name);
		text_add_bytes(&text, "", 1);
		text_addf(&text, "TargetAddress=127.0.0.1:%u,1", conn_port(conn));
		text_add_bytes(&text, "", 1);
	}
	if (text.failed || pdu_set_data(&conn->list, text.data, text.len))
		abort();
	text_done(&text);
	conn->listed = 0;
	if (conn_ask(conn, AT_LIST, &conn->list) == ACT_CLOSE)
		r = -1;
	return r;
}

int sendtargets_answer(struct conn *conn)
{
	struct pdu pdu = {0};
	size_t part;
	int r = 0;

	if (ntohl(conn->request.text_request.ttt) == ISCSI_TAG_NONE)
		r = make_list(conn);
	if (r)
		return r;
	part = conn->list.data_length - conn->listed;
	if (part > conn->initiator_segment)
		part = conn->initiator_segment;
	conn_response(conn, &pdu, ISCSI_PDU_TEXT_RESPONSE, ntohl(conn->request.bhs.itt));
	if (pdu_set_data(&pdu, part ? conn->list.data + conn->listed : NULL, part))
		abort();
	conn->listed += part;
	if (conn->listed < conn->list.data_length)
		pdu.text_response.flags = 0;
	pdu.text_response.ttt = htonl(conn->listed < conn->list.data_length ? TAG : ISCSI_TAG_NONE);
	r = conn_answer(conn, AT_TEXT, &pdu);
	pdu_done(&pdu);
	return r;
}
