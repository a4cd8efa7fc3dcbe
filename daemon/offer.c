/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a login offers: the record's settings, narrowed to what the driver and the card can do
 * (capabilities, transport/user/transports.def). Called by attempt.c; sends nothing.
 */
#include "daemon/offer.h"

#include "daemon/session.h"
#include "lib/negotiate.h"
#include "transport/user/transport.h"

static void offer_from_record(const struct record *node, struct login_offer *offer)
{
	(void)digest_offer_parse(record_text(node, F_NODE_CONN_ISCSI_HEADER_DIGEST),
				 &offer->header_digest);
	(void)digest_offer_parse(record_text(node, F_NODE_CONN_ISCSI_DATA_DIGEST),
				 &offer->data_digest);
	offer->initial_r2t = record_yes(node, F_NODE_SESSION_ISCSI_INITIAL_R2T);
	offer->immediate_data = record_yes(node, F_NODE_SESSION_ISCSI_IMMEDIATE_DATA);
	offer->max_recv_data_segment_length =
		(uint32_t)record_number(node, F_NODE_CONN_ISCSI_MAX_RECV_DATA_SEGMENT_LENGTH);
	offer->max_xmit_data_segment_length =
		(uint32_t)record_number(node, F_NODE_CONN_ISCSI_MAX_XMIT_DATA_SEGMENT_LENGTH);
	offer->max_burst_length =
		(uint32_t)record_number(node, F_NODE_SESSION_ISCSI_MAX_BURST_LENGTH);
	offer->first_burst_length =
		(uint32_t)record_number(node, F_NODE_SESSION_ISCSI_FIRST_BURST_LENGTH);
	offer->max_outstanding_r2t =
		(uint32_t)record_number(node, F_NODE_SESSION_ISCSI_MAX_OUTSTANDING_R2T);
	offer->default_time2wait =
		(uint32_t)record_number(node, F_NODE_SESSION_ISCSI_DEFAULT_TIME2WAIT);
	offer->default_time2retain =
		(uint32_t)record_number(node, F_NODE_SESSION_ISCSI_DEFAULT_TIME2RETAIN);
}

static void limit(uint32_t *value, uint32_t max)
{
	if (max && (!*value || *value > max))
		*value = max;
}

/* iSER: RFC 7145 6.2 forbids digests, 6.4 and 6.5 have lengths of their own. LIO agrees to any
 * TargetRecvDataSegmentLength and then has buffers of the default only: no more is offered unless
 * the administrator asks for it. */
static void offer_rdma(struct login_offer *offer)
{
	offer->rdma_extensions = true;
	offer->header_digest = offer->data_digest = DIGEST_OFFER_NONE;
	offer->initiator_recv_data_segment_length = offer->max_recv_data_segment_length;
	offer->target_recv_data_segment_length = offer->max_xmit_data_segment_length
							 ? offer->max_xmit_data_segment_length
							 : ISCSI_LOGIN_DATA_MAX;
}

static void offer_narrow(const struct transport_row *row, uint32_t caps, struct login_offer *offer)
{
	limit(&offer->max_recv_data_segment_length, row->recv_max);
	limit(&offer->max_xmit_data_segment_length, row->xmit_max);
	limit(&offer->first_burst_length, row->first_burst_max);
	limit(&offer->max_burst_length, row->max_burst_max);
	if (row->flags & TRANSPORT_FORCE_R2T)
		offer->initial_r2t = true;
	if (!(caps & ISCSI_CAP_HDRDGST))
		offer->header_digest = DIGEST_OFFER_NONE;
	if (!(caps & ISCSI_CAP_DATADGST))
		offer->data_digest = DIGEST_OFFER_NONE;
	if (row->flags & TRANSPORT_RDMA)
		offer_rdma(offer);
}

void offer_fill(const struct session *session, struct login_offer *offer)
{
	offer_from_record(&session->node, offer);
	if (session_has_endpoint(session))
		offer_narrow(session->transport, session->transport_caps, offer);
}

void offer_propose(const struct login_offer *offer, struct negotiated *ret_negotiated)
{
	struct login_offer clamped = *offer;

	login_offer_clamp(&clamped);
	*ret_negotiated = (struct negotiated){
		.header_digest = offer->header_digest != DIGEST_OFFER_NONE,
		.data_digest = offer->data_digest != DIGEST_OFFER_NONE,
		.initial_r2t = offer->initial_r2t,
		.immediate_data = offer->immediate_data,
		.data_pdu_in_order = offer->data_pdu_in_order,
		.data_sequence_in_order = offer->data_sequence_in_order,
		.max_connections = 1,
		.max_recv_data_segment_length = clamped.max_recv_data_segment_length,
		.max_xmit_data_segment_length = clamped.max_xmit_data_segment_length
							? clamped.max_xmit_data_segment_length
							: clamped.max_recv_data_segment_length,
		.max_burst_length = clamped.max_burst_length,
		.first_burst_length = clamped.first_burst_length,
		.max_outstanding_r2t = clamped.max_outstanding_r2t,
		.default_time2wait = clamped.default_time2wait,
		.default_time2retain = clamped.default_time2retain,
		.target_portal_group_tag = -1,
	};
}
