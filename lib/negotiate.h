/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operational negotiation of a login (RFC 7143 6.2, 13): what we offer, what the target answers or
 * offers by itself, what comes out. Loops over the rows of transport/abi/keys.def; holds no PDUs.
 */
#ifndef OPENHBA_LIB_NEGOTIATE_H
#define OPENHBA_LIB_NEGOTIATE_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/abi/iscsi_numbers.h"
#include "lib/keys.h"

struct text;

/* What is offered for a digest, first word preferred. */
enum digest_offer {
	DIGEST_OFFER_NONE,	  /* "None" */
	DIGEST_OFFER_CRC32C,	  /* "CRC32C" */
	DIGEST_OFFER_CRC32C_NONE, /* "CRC32C,None" */
	DIGEST_OFFER_NONE_CRC32C, /* "None,CRC32C" */
};

/* "None", "CRC32C", "CRC32C,None", "None,CRC32C" <-> enum. -EINVAL for other text. */
int digest_offer_parse(const char *text, enum digest_offer *ret_offer);
const char *digest_offer_text(enum digest_offer offer);

/* What the initiator wants. Lengths in bytes, times in seconds; ranges as in keys.def. */
struct login_offer {
	enum digest_offer header_digest, data_digest;
	bool initial_r2t, immediate_data;
	bool data_pdu_in_order, data_sequence_in_order;
	uint32_t max_connections;
	uint32_t max_recv_data_segment_length; /* ours, declared */
	uint32_t max_xmit_data_segment_length; /* 0: as the target declares; else the smaller wins */
	uint32_t max_burst_length, first_burst_length;
	uint32_t max_outstanding_r2t;
	uint32_t default_time2wait, default_time2retain;
	uint32_t error_recovery_level;
	bool rdma_extensions; /* iSER: offers the segment lengths of RFC 7145 instead */
	uint32_t target_recv_data_segment_length, initiator_recv_data_segment_length;
};

/* What both sides will use. What was not negotiated has the RFC's default. */
struct negotiated {
	bool header_digest, data_digest; /* CRC32C */
	bool initial_r2t, immediate_data;
	bool data_pdu_in_order, data_sequence_in_order;
	bool ifmarker, ofmarker; /* always false */
	bool rdma_extensions;
	uint32_t max_connections;
	uint32_t max_recv_data_segment_length; /* what we may be sent */
	uint32_t max_xmit_data_segment_length; /* what we may send */
	uint32_t max_burst_length, first_burst_length;
	uint32_t max_outstanding_r2t;
	uint32_t default_time2wait, default_time2retain;
	uint32_t error_recovery_level;
	uint32_t target_recv_data_segment_length, initiator_recv_data_segment_length;
	int target_portal_group_tag; /* 0..65535, -1: the target did not say */
	char target_alias[256];	     /* "" : none */
	char target_address[512];    /* of a redirect; "": none */
};

/* The offers of the built-in record defaults (what stock open-iscsi offers). */
void login_offer_init(struct login_offer *offer);

/* Brings every value into the RFC's range, rounds lengths down to a multiple of 4 and
 * first_burst_length down to max_burst_length. Returns how many values had to change. */
unsigned int login_offer_clamp(struct login_offer *offer);

/* Why a negotiation failed. */
enum negotiation_error {
	NEGOTIATION_OK,
	NEGOTIATION_VALUE,	/* a value is not of the key's type */
	NEGOTIATION_RANGE,	/* a number is outside the key's range */
	NEGOTIATION_NOT_OFFERED, /* an answer picks what was not in the offer */
	NEGOTIATION_CONTRADICTS, /* an answer is not the result of the key's function */
	NEGOTIATION_REJECTED,	/* the target rejects a key we cannot do without */
	NEGOTIATION_DUPLICATE,	/* the same key twice */
	NEGOTIATION_STAGE,	/* a key of another stage or phase */
	NEGOTIATION_SENDER,	/* a key only the initiator may send */
	NEGOTIATION_UNANSWERED, /* the target left the stage without answering */
	NEGOTIATION_BURSTS,	/* FirstBurstLength ends above MaxBurstLength */
	NEGOTIATION_MEMORY,
};

const char *negotiation_error_text(enum negotiation_error error); /* one sentence, static */

struct negotiation {
	const struct login_offer *offer; /* borrowed for the negotiation's life */
	bool is_discovery;
	unsigned char state[KEYS_COUNT_MAX]; /* per row, enum row_state of negotiate.c */
	struct negotiated values;
};

void negotiation_init(struct negotiation *negotiation, const struct login_offer *offer,
		      bool is_discovery);

/* Adds all operational offers to out. */
void negotiation_offer(struct negotiation *negotiation, struct text *out);

/* Takes one pair the target sent in a stage: an answer to our offer, a declaration, or an offer of
 * its own, whose answer is added to out. Unknown keys are answered NotUnderstood. Security keys
 * (AuthMethod, CHAP_*) are not for here: NEGOTIATION_STAGE. */
enum negotiation_error negotiation_take(struct negotiation *negotiation,
					const struct key_pair *pair, enum iscsi_stage stage,
					struct text *out);

/* All offers answered, values in agreement? Called once the target agrees to full feature phase.
 * Fills in what depends on several keys. */
enum negotiation_error negotiation_finish(struct negotiation *negotiation);

#endif
