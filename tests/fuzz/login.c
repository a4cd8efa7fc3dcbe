/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of a whole login as the target sees it: the first byte picks the kind of login, the rest is the byte stream of the
 * target, cut into PDUs by the reader. With bit 3 the header fields that must echo ours are put right, so that the text
 * behind them is reached. Whatever comes: the login ends or waits, within its bounds; without the secret no target passes
 * mutual CHAP.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/login.h"
#include "lib/portal.h"
#include "lib/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define MODE_AUTH	0x03 /* 0: none, 1: one way, 2: mutual, 3: AuthMethod=None */
#define MODE_DISCOVERY	0x04
#define MODE_PUT_RIGHT	0x08
#define MODE_SMALL_TEXT 0x10

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void fill_request(struct login_request *request, uint8_t mode, const struct secret *ours, const struct secret *theirs)
{
	unsigned int auth = mode & MODE_AUTH;

	login_request_init(request);
	request->initiator_name = "iqn.2024-01.example:initiator";
	request->target_name = mode & MODE_DISCOVERY ? NULL : "iqn.2024-01.example:disk";
	request->text_limit = mode & MODE_SMALL_TEXT ? 100 : 0;
	request->use_security_stage = auth == 3;
	if (auth == 1 || auth == 2) {
		request->auth.username = "joe";
		request->auth.password = ours;
		request->auth.algorithm_count = (unsigned int)chap_algorithms_parse("SHA3-256,SHA256,SHA1,MD5",
										     request->auth.algorithms);
	}
	if (auth == 2)
		request->auth.password_in = theirs;
}

static void put_right(struct pdu *pdu, const struct login_request *request, uint32_t statsn)
{
	struct iscsi_bhs_login_response *bhs = &pdu->login_response;

	bhs->opcode = ISCSI_PDU_LOGIN_RESPONSE;
	bhs->version_active = 0;
	bhs->itt = htonl(request->itt);
	bhs->statsn = htonl(statsn);
	memcpy(bhs->isid, request->isid, sizeof(bhs->isid));
	if (!bhs->tsih)
		bhs->tsih = htons(1);
}

static void check_end(struct login *login, enum login_result result, uint8_t mode)
{
	const struct login_outcome *outcome = login_outcome(login);
	struct portal portal;

	if (result == LOGIN_REDIRECT)
		require(portal_parse(outcome->redirect, ISCSI_PORT, &portal) == 0);
	if (result == LOGIN_FAILED)
		require(login_failure(login) != ISCSI_ERR_SUCCESS && *login_failure_text(login));
	if (result != LOGIN_DONE)
		return;
	require((mode & MODE_AUTH) != 2);
	require(outcome->is_authenticated == ((mode & MODE_AUTH) == 1));
	require(outcome->tsih != 0);
	require(outcome->negotiated.max_xmit_data_segment_length >= 512);
}

/* Feeds one PDU after the other; returns what the login came to. */
static enum login_result run(struct login *login, const struct login_request *request, uint8_t mode,
			     const uint8_t *bytes, size_t len)
{
	enum login_result result = LOGIN_SEND;
	struct pdu_reader reader;
	struct pdu out = {0};
	uint32_t statsn = 7;
	unsigned int requests = 0;
	size_t used;

	pdu_reader_init(&reader, 8192);
	while (result == LOGIN_SEND) {
		require(login_pdu(login, &out) == 0 && ++requests <= LOGIN_EXCHANGE_MAX);
		require(out.data_length <= ISCSI_LOGIN_DATA_MAX);
		if (pdu_reader_feed(&reader, bytes, len, &used) <= 0)
			break;
		bytes += used;
		len -= used;
		if (mode & MODE_PUT_RIGHT)
			put_right(&reader.pdu, request, statsn++);
		result = login_receive(login, &reader.pdu);
		pdu_reader_next(&reader);
	}
	pdu_reader_done(&reader);
	pdu_done(&out);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct secret *ours, *theirs;
	struct login_request request;
	struct login *login;

	if (!len)
		return 0;
	if (!ours) {
		ours = secret_new("initiatorsecret", 15);
		theirs = secret_new("targetsecret1", 13);
	}
	fill_request(&request, bytes[0], ours, theirs);
	login = login_new(&request);
	require(login != NULL);
	check_end(login, run(login, &request, bytes[0], bytes + 1, len - 1), bytes[0]);
	login_free(login);
	return 0;
}
