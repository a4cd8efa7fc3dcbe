/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Acts on the text of logins and of SendTargets: keys changed, left out, doubled; statuses and
 * redirects; lists of targets of every kind.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/keys.h"
#include "lib/text.h"
#include "tests/target/acts.h"
#include "tests/target/conn.h"

/* The text becomes the PDU's data, and is freed. */
static void set_text(struct pdu *pdu, struct text *text)
{
	if (text->failed || pdu_set_data(pdu, text->data, text->len))
		abort();
	text_done(text);
}

enum act act_text(struct conn *conn, struct pdu *pdu)
{
	size_t length;
	char *text = conn_text(conn, conn->row->text, &length);

	if (pdu_set_data(pdu, text, length))
		abort();
	free(text);
	return ACT_SEND;
}

enum act act_add(struct conn *conn, struct pdu *pdu)
{
	struct text all = {0};
	size_t length;
	char *text = conn_text(conn, conn->row->text, &length);

	text_add_bytes(&all, (const char *)pdu->data, pdu->data_length);
	text_add_bytes(&all, text, length);
	set_text(pdu, &all);
	free(text);
	return ACT_SEND;
}

enum act act_cut_text(struct conn *conn, struct pdu *pdu)
{
	size_t length;
	unsigned char *wire;

	act_text(conn, pdu);
	wire = conn_encode(conn, pdu, &length);
	(void)conn_write(conn, wire, length - conn->row->number);
	free(wire);
	return ACT_CLOSE;
}

static bool has_key(const char *text, size_t length, const struct key_pair *wanted)
{
	struct keys_reader reader;
	struct key_pair pair;

	keys_reader_init(&reader, text, length);
	while (keys_next(&reader, &pair) > 0)
		if (pair.name_length == wanted->name_length && !memcmp(pair.name, wanted->name, pair.name_length))
			return true;
	return false;
}

/* The answer's keys but those in text, then text, if it is to be added. */
static enum act replace(struct conn *conn, struct pdu *pdu, bool is_added)
{
	size_t length;
	char *text = conn_text(conn, conn->row->text, &length);
	struct keys_reader reader;
	struct key_pair pair;
	struct text all = {0};

	keys_reader_init(&reader, pdu->data, pdu->data_length);
	while (keys_next(&reader, &pair) > 0)
		if (!has_key(text, length, &pair))
			text_add_bytes(&all, pair.name, pair.name_length + 1 + pair.value_length + 1);
	if (is_added)
		text_add_bytes(&all, text, length);
	set_text(pdu, &all);
	free(text);
	return ACT_SEND;
}

enum act act_key(struct conn *conn, struct pdu *pdu)
{
	return replace(conn, pdu, true);
}

enum act act_drop_key(struct conn *conn, struct pdu *pdu)
{
	return replace(conn, pdu, false);
}

static void add_pad(struct text *text, const char *start, uint64_t count)
{
	text_add(text, start);
	while (count--)
		text_add_bytes(text, "x", 1);
	text_add_bytes(text, "", 1);
}

enum act act_pad(struct conn *conn, struct pdu *pdu)
{
	struct text all = {0};

	text_add_bytes(&all, (const char *)pdu->data, pdu->data_length);
	add_pad(&all, conn->row->text ? conn->row->text : "X-pad=", conn->row->number);
	set_text(pdu, &all);
	return ACT_SEND;
}

enum act act_continue(struct conn *conn, struct pdu *pdu)
{
	struct text text = {0};

	if (conn->row->number)
		add_pad(&text, "X-pad=", conn->row->number);
	set_text(pdu, &text);
	pdu->login_response.flags = (__u8)((pdu->login_response.flags & 0x0c) | ISCSI_BIT_LOGIN_CONTINUE);
	return ACT_SEND;
}

enum act act_stay(struct conn *conn, struct pdu *pdu)
{
	pdu->login_response.flags &= 0x0c;
	pdu->login_response.tsih = 0;
	if (conn->counts[AT_LOGIN] > 1)
		pdu_set_data(pdu, NULL, 0);
	return ACT_SEND;
}

enum act act_status(struct conn *conn, struct pdu *pdu)
{
	size_t length;
	char *text = conn_text(conn, conn->row->text ? conn->row->text : "", &length);

	pdu->login_response.flags = 0;
	pdu->login_response.status_class = (__u8)(conn->row->number >> 8);
	pdu->login_response.status_detail = (__u8)conn->row->number;
	if (pdu_set_data(pdu, text, length))
		abort();
	free(text);
	return ACT_SEND;
}

/* Every second login is refused: the one that follows a refusal works. */
enum act act_status_once(struct conn *conn, struct pdu *pdu)
{
	static unsigned int logins;

	if (conn->is_discovery || __atomic_fetch_add(&logins, 1, __ATOMIC_RELAXED) % 2 == 0)
		return act_status(conn, pdu);
	return ACT_SEND;
}

static enum act redirect_to(struct conn *conn, struct pdu *pdu, unsigned int row, unsigned int detail)
{
	struct text text = {0};

	text_addf(&text, "TargetAddress=127.0.0.1:%u", conn->first_port + row);
	text_add_bytes(&text, "", 1);
	set_text(pdu, &text);
	pdu->login_response.flags = 0;
	pdu->login_response.status_class = ISCSI_LOGIN_CLASS_REDIRECT;
	pdu->login_response.status_detail = (__u8)detail;
	return ACT_SEND;
}

enum act act_redirect(struct conn *conn, struct pdu *pdu)
{
	uint64_t number = conn->row->number;

	return redirect_to(conn, pdu, (unsigned int)(conn->row - rows) + (unsigned int)(number >> 16), (unsigned int)number & 0xff);
}

enum act act_redirect_back(struct conn *conn, struct pdu *pdu)
{
	return redirect_to(conn, pdu, (unsigned int)(conn->row - rows) - (unsigned int)conn->row->number, 2);
}

enum act act_redirect_good(struct conn *conn, struct pdu *pdu)
{
	return redirect_to(conn, pdu, (unsigned int)(row_find("good") - rows), (unsigned int)conn->row->number);
}

enum act act_challenge(struct conn *conn, struct pdu *pdu)
{
	unsigned char *bytes = calloc(1, conn->row->number);
	struct text text = {0};

	if (!bytes)
		abort();
	keys_add(&text, "CHAP_A", "5");
	keys_add(&text, "CHAP_I", "1");
	keys_add_binary(&text, "CHAP_C", bytes, conn->row->number);
	free(bytes);
	set_text(pdu, &text);
	return ACT_SEND;
}

enum act act_reflect(struct conn *conn, struct pdu *pdu)
{
	struct keys_reader reader;
	struct key_pair pair;
	struct text text = {0};

	keys_add(&text, "CHAP_N", "queen");
	keys_reader_init(&reader, conn->request.data, conn->request.data_length);
	while (keys_next(&reader, &pair) > 0)
		if (key_pair_is(&pair, "CHAP_R"))
			text_add_bytes(&text, pair.name, pair.name_length + 1 + pair.value_length + 1);
	set_text(pdu, &text);
	return ACT_SEND;
}

/* --- lists of targets */

static void add_target(struct text *text, const char *name, unsigned int port)
{
	text_addf(text, "TargetName=" TARGET_PREFIX "%s", name);
	text_add_bytes(text, "", 1);
	text_addf(text, "TargetAddress=127.0.0.1:%u,1", port);
	text_add_bytes(text, "", 1);
}

static enum act list(struct conn *conn, struct pdu *pdu, bool is_refused)
{
	struct text text = {0};

	for (unsigned int i = 1; i < row_count; i++)
		if (rows[i].settings == (enum settings)conn->row->number && rows[i].login.status != NOT_RUN &&
		    is_refused == (rows[i].login.status != 0))
			add_target(&text, rows[i].name, conn->first_port + i);
	set_text(pdu, &text);
	return ACT_SEND;
}

enum act act_list_refused(struct conn *conn, struct pdu *pdu)
{
	return list(conn, pdu, true);
}

enum act act_list_accepted(struct conn *conn, struct pdu *pdu)
{
	return list(conn, pdu, false);
}

enum act act_many(struct conn *conn, struct pdu *pdu)
{
	struct text text = {0};
	char name[32];

	for (uint64_t i = 0; i < conn->row->number; i++) {
		snprintf(name, sizeof(name), "many-%05u", (unsigned int)i);
		add_target(&text, name, conn_port(conn));
	}
	set_text(pdu, &text);
	return ACT_SEND;
}

enum act act_endless(struct conn *conn, struct pdu *pdu)
{
	struct text text = {0};
	char name[32];

	for (unsigned int i = 0; text.len < conn->row->number; i++) {
		snprintf(name, sizeof(name), "endless-%u-%u", conn->counts[AT_TEXT], i);
		add_target(&text, name, conn_port(conn));
	}
	set_text(pdu, &text);
	pdu->text_response.flags = 0;
	pdu->text_response.ttt = htonl(0x1234);
	return ACT_SEND;
}

enum act act_text_more(struct conn *conn, struct pdu *pdu)
{
	struct timespec pause = {(time_t)(conn->row->number / 1000), (long)(conn->row->number % 1000) * 1000000};

	nanosleep(&pause, NULL);
	pdu->text_response.flags = 0;
	pdu->text_response.ttt = htonl(0x1234);
	return act_text(conn, pdu);
}

enum act act_name(struct conn *conn, struct pdu *pdu)
{
	struct text text = {0};

	add_pad(&text, "TargetName=" TARGET_PREFIX, conn->row->number - strlen(TARGET_PREFIX));
	text_addf(&text, "TargetAddress=127.0.0.1:%u,1", conn_port(conn));
	text_add_bytes(&text, "", 1);
	set_text(pdu, &text);
	return ACT_SEND;
}
