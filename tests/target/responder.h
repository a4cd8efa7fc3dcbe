/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The target's half of a login, for tests: makes the responses a test asks for, right in all that
 * the test does not want wrong. Text is written with ' ' for NUL, as "A=1 B=2 ". Included by unit
 * tests only; decides nothing by itself.
 */
#ifndef OPENHBA_TESTS_TARGET_RESPONDER_H
#define OPENHBA_TESTS_TARGET_RESPONDER_H

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pdu.h"

/* Flags of responses: the stage, and T with the next one. */
#define STAY_SECURITY	 0x00
#define TO_OPERATIONAL	 0x81
#define STAY_OPERATIONAL 0x04
#define TO_FULL_FEATURE	 0x87
#define CONTINUE	 0x40

struct responder {
	uint32_t statsn; /* of the next response */
	uint16_t tsih;
	uint8_t isid[6];
	uint32_t itt;
};

static inline void responder_data(struct pdu *pdu, const char *text, size_t length)
{
	char *copy = malloc(length + 1);
	size_t i;

	for (i = 0; i < length; i++)
		copy[i] = text[i] == ' ' ? 0 : text[i];
	if (pdu_set_data(pdu, copy, length))
		abort();
	free(copy);
}

static inline void responder_login(struct responder *responder, struct pdu *pdu, unsigned int flags,
				   unsigned int status, const char *text, size_t length)
{
	struct iscsi_bhs_login_response *bhs = &pdu->login_response;

	pdu_clear(pdu);
	responder_data(pdu, text, length);
	bhs->opcode = ISCSI_PDU_LOGIN_RESPONSE;
	bhs->flags = (__u8)flags;
	memcpy(bhs->isid, responder->isid, sizeof(bhs->isid));
	bhs->tsih = htons((flags & 0x83) == 0x83 ? responder->tsih : 0);
	bhs->itt = htonl(responder->itt);
	bhs->statsn = htonl(responder->statsn++);
	bhs->exp_cmdsn = htonl(1);
	bhs->max_cmdsn = htonl(64);
	bhs->status_class = (__u8)(status >> 8);
	bhs->status_detail = (__u8)status;
}

static inline void responder_text(struct responder *responder, struct pdu *pdu, unsigned int flags,
				  uint32_t itt, uint32_t ttt, const char *text, size_t length)
{
	struct iscsi_bhs_text_response *bhs = &pdu->text_response;

	pdu_clear(pdu);
	responder_data(pdu, text, length);
	bhs->opcode = ISCSI_PDU_TEXT_RESPONSE;
	bhs->flags = (__u8)flags;
	bhs->lun[1] = 5;
	bhs->itt = htonl(itt);
	bhs->ttt = htonl(ttt);
	bhs->statsn = htonl(responder->statsn++);
	bhs->exp_cmdsn = htonl(2);
	bhs->max_cmdsn = htonl(64);
}

#endif
