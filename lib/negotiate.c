/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Turns what the initiator wants and what the target answers into the values both use. One loop
 * per question over the rows of keys.def; a row says its type, range and result function, so no
 * key is named here except where RFC 7143 ties two of them together. Called by lib/login.
 */
#include "lib/negotiate.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/text.h"

/* What has happened to a row so far. */
enum row_state {
	ROW_SILENT,   /* nobody spoke */
	ROW_OFFERED,  /* we did, and an answer is due */
	ROW_DECLARED, /* we did, no answer is due, the target may declare its own */
	ROW_SETTLED,
};

/* Where a row's value lives in the two structs. */
struct place {
	size_t in_offer, in_result;
};

#define NOWHERE SIZE_MAX
#define IN_RESULT(field) NOWHERE, offsetof(struct negotiated, field)
#define IN_BOTH(field) offsetof(struct login_offer, field), offsetof(struct negotiated, field)
#define IN_NONE NOWHERE, NOWHERE
static const struct place places[] = {
#define KEY(no, name, field, ...) {field},
#include "transport/abi/keys.def"
#undef KEY
};

_Static_assert(sizeof(enum digest_offer) == sizeof(uint32_t), "loaded as a number");
static const char *const digest_offers[] = {
	[DIGEST_OFFER_NONE] = "None",
	[DIGEST_OFFER_CRC32C] = "CRC32C",
	[DIGEST_OFFER_CRC32C_NONE] = "CRC32C,None",
	[DIGEST_OFFER_NONE_CRC32C] = "None,CRC32C",
};

int digest_offer_parse(const char *text, enum digest_offer *ret_offer)
{
	unsigned int i;

	for (i = 0; i < sizeof(digest_offers) / sizeof(digest_offers[0]); i++)
		if (strcmp(text, digest_offers[i]) == 0) {
			*ret_offer = (enum digest_offer)i;
			return 0;
		}
	return -EINVAL;
}

const char *digest_offer_text(enum digest_offer offer)
{
	return digest_offers[offer];
}

const char *negotiation_error_text(enum negotiation_error error)
{
	static const char *const sentences[] = {
		[NEGOTIATION_OK] = "the negotiation succeeded",
		[NEGOTIATION_VALUE] = "the target sent a value of the wrong type",
		[NEGOTIATION_RANGE] = "the target sent a number outside the key's range",
		[NEGOTIATION_NOT_OFFERED] = "the target picked a value that was not offered",
		[NEGOTIATION_CONTRADICTS] = "the target's answer contradicts the offer",
		[NEGOTIATION_REJECTED] = "the target rejected a value that is required",
		[NEGOTIATION_DUPLICATE] = "the target sent the same key twice",
		[NEGOTIATION_STAGE] = "the target sent a key of another stage",
		[NEGOTIATION_SENDER] = "the target sent a key that only initiators send",
		[NEGOTIATION_UNANSWERED] = "the target left an offer unanswered",
		[NEGOTIATION_BURSTS] = "FirstBurstLength is longer than MaxBurstLength",
		[NEGOTIATION_MEMORY] = "out of memory",
	};

	return sentences[error];
}

void login_offer_init(struct login_offer *offer)
{
	*offer = (struct login_offer){
		.immediate_data = true,
		.data_pdu_in_order = true,
		.data_sequence_in_order = true,
		.max_connections = 1,
		.max_recv_data_segment_length = 262144,
		.max_burst_length = 16776192,
		.first_burst_length = 262144,
		.max_outstanding_r2t = 1,
		.default_time2wait = 2,
		.target_recv_data_segment_length = 262144,
		.initiator_recv_data_segment_length = 262144,
	};
}

static uint32_t load_u32(const void *base, size_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)base + offset, sizeof(value));
	return value;
}

static void store_u32(void *base, size_t offset, uint32_t value)
{
	memcpy((char *)base + offset, &value, sizeof(value));
}

static bool load_bool(const void *base, size_t offset)
{
	return *((const bool *)base + offset);
}

static void store_bool(void *base, size_t offset, bool value)
{
	*((bool *)base + offset) = value;
}

static uint32_t into_range(const struct key *key, uint32_t value)
{
	if (key->min == 512)
		value &= ~3u; /* segment and burst lengths are used in words */
	if (value < key->min)
		return key->min;
	if (value > key->max)
		return key->min == 512 ? key->max & ~3u : key->max;
	return value;
}

unsigned int login_offer_clamp(struct login_offer *offer)
{
	uint32_t value, good, *xmit = &offer->max_xmit_data_segment_length;
	unsigned int i, changed = 0;

	for (i = 0; i < keys_count; i++) {
		if (keys_table[i].type != KEY_TYPE_U32 || places[i].in_offer == NOWHERE)
			continue;
		value = load_u32(offer, places[i].in_offer);
		good = into_range(&keys_table[i], value);
		changed += value != good;
		store_u32(offer, places[i].in_offer, good);
	}
	if (offer->first_burst_length > offer->max_burst_length) {
		offer->first_burst_length = offer->max_burst_length;
		changed++;
	}
	if (*xmit && (*xmit < 512 || *xmit % 4)) {
		*xmit = *xmit < 512 ? 512 : *xmit & ~3u;
		changed++;
	}
	return changed;
}

/* The value of a row when nobody speaks, RFC 7143 13. */
static void store_fallback(struct negotiated *values, unsigned int row)
{
	size_t at = places[row].in_result;

	if (at == NOWHERE)
		return;
	switch (keys_table[row].type) {
	case KEY_TYPE_BOOL:
		store_bool(values, at, keys_table[row].fallback);
		break;
	case KEY_TYPE_U32:
		store_u32(values, at, keys_table[row].fallback);
		break;
	case KEY_TYPE_LIST:
		store_bool(values, at, false);
		break;
	case KEY_TYPE_TEXT:
		*((char *)values + at) = 0;
		break;
	}
}

void negotiation_init(struct negotiation *negotiation, const struct login_offer *offer,
		      bool is_discovery)
{
	unsigned int i;

	memset(negotiation, 0, sizeof(*negotiation));
	negotiation->offer = offer;
	negotiation->is_discovery = is_discovery;
	for (i = 0; i < keys_count; i++)
		store_fallback(&negotiation->values, i);
	negotiation->values.max_xmit_data_segment_length = ISCSI_LOGIN_DATA_MAX;
	negotiation->values.target_portal_group_tag = -1;
}

static bool row_is_irrelevant(const struct negotiation *negotiation, const struct key *key)
{
	switch (key->irrelevant) {
	case KEY_IRRELEVANT_DISCOVERY:
		return negotiation->is_discovery;
	case KEY_IRRELEVANT_RDMA:
		return negotiation->offer->rdma_extensions;
	case KEY_IRRELEVANT_NOT_RDMA:
		return !negotiation->offer->rdma_extensions;
	case KEY_IRRELEVANT_NEVER:
		break;
	}
	return false;
}

static void add_offer(const struct login_offer *offer, unsigned int row, struct text *out)
{
	const struct key *key = &keys_table[row];
	size_t at = places[row].in_offer;

	if (key->type == KEY_TYPE_BOOL)
		keys_add_bool(out, key->name, load_bool(offer, at));
	else if (key->type == KEY_TYPE_LIST)
		keys_add(out, key->name, digest_offers[load_u32(offer, at)]);
	else
		keys_add_u32(out, key->name, load_u32(offer, at));
}

void negotiation_offer(struct negotiation *negotiation, struct text *out)
{
	unsigned int i;

	for (i = 0; i < keys_count; i++) {
		const struct key *key = &keys_table[i];

		if (places[i].in_offer == NOWHERE || row_is_irrelevant(negotiation, key))
			continue;
		add_offer(negotiation->offer, i, out);
		negotiation->state[i] =
			key->result == KEY_RESULT_DECLARED ? ROW_DECLARED : ROW_OFFERED;
		if (key->result == KEY_RESULT_DECLARED)
			store_u32(&negotiation->values, places[i].in_result,
				  load_u32(negotiation->offer, places[i].in_offer));
	}
}

/* The result function of a row. Booleans are 0 and 1. */
static uint32_t combine(const struct key *key, uint32_t a, uint32_t b)
{
	switch (key->result) {
	case KEY_RESULT_AND:
	case KEY_RESULT_MIN:
		return a < b ? a : b;
	case KEY_RESULT_OR:
	case KEY_RESULT_MAX:
		return a > b ? a : b;
	case KEY_RESULT_LIST:
	case KEY_RESULT_DECLARED:
	case KEY_RESULT_REFUSED:
		break;
	}
	return b;
}

/* What we want for a row, also where we did not say it. */
static uint32_t wanted(const struct negotiation *negotiation, unsigned int row)
{
	size_t at = places[row].in_offer;

	if (at == NOWHERE)
		return keys_table[row].fallback;
	if (keys_table[row].type == KEY_TYPE_BOOL)
		return load_bool(negotiation->offer, at);
	return load_u32(negotiation->offer, at);
}

static void settle(struct negotiation *negotiation, unsigned int row, uint32_t value)
{
	size_t at = places[row].in_result;

	negotiation->state[row] = ROW_SETTLED;
	if (at == NOWHERE)
		return;
	if (keys_table[row].type == KEY_TYPE_U32)
		store_u32(&negotiation->values, at, value);
	else
		store_bool(&negotiation->values, at, value);
}

/* The two words a digest key knows; anything else is false. */
static bool digest_from_value(const struct key_pair *pair, uint32_t *ret_value)
{
	*ret_value = key_value_is(pair, "CRC32C");
	return *ret_value || key_value_is(pair, "None");
}

static bool may_be_digest(uint32_t offer, uint32_t value)
{
	const char *list = digest_offers[offer];

	return key_list_has(list, strlen(list), value ? "CRC32C" : "None");
}

/* The offer came to nothing (Reject, NotUnderstood, no answer). The target goes by the RFC's
 * default then, and we by what is safe with it; only a digest we insist on cannot be had so. */
static enum negotiation_error settle_fallback(struct negotiation *negotiation, unsigned int row,
					      enum negotiation_error error)
{
	const struct key *key = &keys_table[row];
	uint32_t offer = wanted(negotiation, row);

	if (key->type == KEY_TYPE_LIST && !may_be_digest(offer, 0))
		return error;
	settle(negotiation, row,
	       key->type == KEY_TYPE_LIST ? 0 : combine(key, offer, key->fallback));
	return NEGOTIATION_OK;
}

static enum negotiation_error read_number(const struct key *key, const struct key_pair *pair,
					  uint32_t *ret_value)
{
	bool yes;
	int error;

	if (key->type == KEY_TYPE_BOOL) {
		error = key_value_bool(pair, &yes);
		*ret_value = yes;
	} else {
		error = key_value_u32(pair, ret_value);
	}
	if (error == -ERANGE)
		return NEGOTIATION_RANGE;
	if (error)
		return NEGOTIATION_VALUE;
	if (*ret_value < key->min || *ret_value > key->max)
		return NEGOTIATION_RANGE;
	return NEGOTIATION_OK;
}

/* The target answers our offer: RFC 7143 6.2.1 and 6.2.2 say what it may answer. */
static enum negotiation_error take_answer(struct negotiation *negotiation, unsigned int row,
					  const struct key_pair *pair)
{
	const struct key *key = &keys_table[row];
	uint32_t offer = wanted(negotiation, row), value;
	enum negotiation_error error;

	if (key_value_is(pair, "Reject") || key_value_is(pair, "NotUnderstood") ||
	    key_value_is(pair, "Irrelevant"))
		return settle_fallback(negotiation, row, NEGOTIATION_REJECTED);
	if (key->type == KEY_TYPE_LIST) {
		if (!digest_from_value(pair, &value) || !may_be_digest(offer, value))
			return NEGOTIATION_NOT_OFFERED;
	} else {
		error = read_number(key, pair, &value);
		if (error)
			return error;
		if (combine(key, offer, value) != value)
			return NEGOTIATION_CONTRADICTS;
	}
	settle(negotiation, row, value);
	return NEGOTIATION_OK;
}

/* Picks the first word of the target's list that we can do. */
static void answer_list(struct negotiation *negotiation, unsigned int row,
			const struct key_pair *pair, struct text *out)
{
	const struct key *key = &keys_table[row];
	const char *word = "Reject";

	if (places[row].in_offer == NOWHERE) { /* TaskReporting: the level of RFC 7143 alone */
		if (key_list_has(pair->value, pair->value_length, "RFC3720"))
			word = "RFC3720";
	} else if (key_list_has(pair->value, pair->value_length, "None") &&
		   may_be_digest(wanted(negotiation, row), 0)) {
		word = "None";
	}
	settle(negotiation, row, 0);
	keys_add(out, key->name, word);
}

/* The target makes an offer of its own; ours is the answer. */
static void answer_offer(struct negotiation *negotiation, unsigned int row,
			 const struct key_pair *pair, struct text *out)
{
	const struct key *key = &keys_table[row];
	uint32_t value;

	negotiation->state[row] = ROW_SETTLED;
	if (key->result == KEY_RESULT_REFUSED) {
		keys_add(out, key->name, "Reject");
	} else if (row_is_irrelevant(negotiation, key)) {
		keys_add(out, key->name, "Irrelevant");
	} else if (key->type == KEY_TYPE_LIST) {
		answer_list(negotiation, row, pair, out);
	} else if (read_number(key, pair, &value)) {
		keys_add(out, key->name, "Reject");
	} else {
		value = combine(key, wanted(negotiation, row), value);
		settle(negotiation, row, value);
		if (key->type == KEY_TYPE_BOOL)
			keys_add_bool(out, key->name, value);
		else
			keys_add_u32(out, key->name, value);
	}
}

/* A value the target states without asking. */
static enum negotiation_error take_declaration(struct negotiation *negotiation, unsigned int row,
					       const struct key_pair *pair)
{
	const struct key *key = &keys_table[row];
	size_t at = places[row].in_result;
	enum negotiation_error error;
	uint32_t value;

	negotiation->state[row] = ROW_SETTLED;
	if (key->type == KEY_TYPE_TEXT) {
		if (pair->value_length < key->min || pair->value_length > key->max)
			return NEGOTIATION_RANGE;
		if (at != NOWHERE &&
		    key_value_text(pair, (char *)&negotiation->values + at, key->max + 1))
			return NEGOTIATION_VALUE;
		return NEGOTIATION_OK;
	}
	error = read_number(key, pair, &value);
	if (error)
		return error;
	/* Each side declares its own receive limit: theirs is what we may send. */
	if (places[row].in_offer != NOWHERE)
		negotiation->values.max_xmit_data_segment_length = value;
	else if (at != NOWHERE)
		store_u32(&negotiation->values, at, value);
	return NEGOTIATION_OK;
}

/* A key that only we send comes back: fine where it is an "I do not know that" to an alias. */
static enum negotiation_error take_own_key(const struct key *key, const struct key_pair *pair)
{
	if (!key_value_is(pair, "NotUnderstood") && !key_value_is(pair, "Reject") &&
	    !key_value_is(pair, "Irrelevant"))
		return NEGOTIATION_SENDER;
	return key->use == KEY_USE_ALL ? NEGOTIATION_OK : NEGOTIATION_REJECTED;
}

static enum negotiation_error take_row(struct negotiation *negotiation, unsigned int row,
				       const struct key_pair *pair, struct text *out)
{
	const struct key *key = &keys_table[row];

	if (!(key->sender & KEY_SENDER_T))
		return take_own_key(key, pair);
	switch ((enum row_state)negotiation->state[row]) {
	case ROW_OFFERED:
		return take_answer(negotiation, row, pair);
	case ROW_DECLARED:
		return take_declaration(negotiation, row, pair);
	case ROW_SETTLED:
		/* RFC 7143 6.2 lets TargetAddress be declared again; the other keys that only a
		 * target sends are information, and harmless twice. */
		if (key->sender != KEY_SENDER_T)
			return NEGOTIATION_DUPLICATE;
		return take_declaration(negotiation, row, pair);
	case ROW_SILENT:
		break;
	}
	if (key->result == KEY_RESULT_DECLARED && !row_is_irrelevant(negotiation, key))
		return take_declaration(negotiation, row, pair);
	answer_offer(negotiation, row, pair, out);
	return NEGOTIATION_OK;
}

static void answer_unknown(const struct key_pair *pair, struct text *out)
{
	/* An answer of this kind to something we never said must not be answered in turn. */
	if (key_value_is(pair, "NotUnderstood"))
		return;
	text_add_bytes(out, pair->name, pair->name_length);
	text_add(out, "=NotUnderstood");
	text_add_bytes(out, "", 1);
}

enum negotiation_error negotiation_take(struct negotiation *negotiation,
					const struct key_pair *pair, enum iscsi_stage stage,
					struct text *out)
{
	const struct key *key = keys_find(pair->name, pair->name_length);
	enum negotiation_error error;

	if (!key) {
		answer_unknown(pair, out);
		return out->failed ? NEGOTIATION_MEMORY : NEGOTIATION_OK;
	}
	if (key->stage == KEY_STAGE_SECURITY || key->stage == KEY_STAGE_NEVER)
		return NEGOTIATION_STAGE;
	if (key->stage == KEY_STAGE_OPERATIONAL && stage != ISCSI_STAGE_OPERATIONAL)
		return NEGOTIATION_STAGE;
	error = take_row(negotiation, (unsigned int)(key - keys_table), pair, out);
	if (!error && out->failed)
		return NEGOTIATION_MEMORY;
	return error;
}

enum negotiation_error negotiation_finish(struct negotiation *negotiation)
{
	struct negotiated *values = &negotiation->values;
	uint32_t limit = negotiation->offer->max_xmit_data_segment_length;
	enum negotiation_error error;
	unsigned int i;

	for (i = 0; i < keys_count; i++) {
		if (negotiation->state[i] != ROW_OFFERED)
			continue;
		error = settle_fallback(negotiation, i, NEGOTIATION_UNANSWERED);
		if (error)
			return error;
	}
	if (values->rdma_extensions) {
		values->max_recv_data_segment_length = values->initiator_recv_data_segment_length;
		values->max_xmit_data_segment_length = values->target_recv_data_segment_length;
	}
	if (limit && limit < values->max_xmit_data_segment_length)
		values->max_xmit_data_segment_length = limit;
	/* RFC 7143 13.14: irrelevant where no unsolicited data is possible. */
	if (!negotiation->is_discovery && (!values->initial_r2t || values->immediate_data) &&
	    values->first_burst_length > values->max_burst_length)
		return NEGOTIATION_BURSTS;
	return NEGOTIATION_OK;
}
