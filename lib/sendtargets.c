/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks a target for its targets and reads the answer, RFC 7143 appendix C. The text may come in
 * any number of responses; it is collected up to a bound and parsed once, at the end. Called by
 * lib/discover and by whoever runs a discovery over another channel. Believes no name and no
 * address that lib/name and lib/portal do not accept; does no I/O.
 */
#include "lib/sendtargets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/name.h"
#include "lib/text.h"

struct sendtargets_name {
	struct sendtargets_name *next;
	char text[];
};

struct sendtargets {
	struct portal portal;
	uint32_t cmdsn, exp_statsn, itt;
	struct pdu due; /* what sendtargets_pdu() gives next */
	bool is_due;
	unsigned int empty; /* responses in a row without data */
	unsigned int responses;
	struct text received;
	enum sendtargets_result result;
	const char *failure;
	struct sendtargets_list list;
};

/* What the parser knows while it goes through the pairs. */
struct target_reader {
	struct sendtargets_list *list;
	const struct portal *portal;
	const char *name; /* of the target the next addresses belong to; NULL: it was refused */
	bool has_name;	  /* any name yet */
	bool has_address;
};

int sendtargets_entry_compare(const struct sendtargets_entry *a, const struct sendtargets_entry *b)
{
	int order = strcmp(a->target_name, b->target_name);

	if (!order)
		order = strcmp(a->portal.address, b->portal.address);
	if (!order)
		order = a->portal.port - b->portal.port;
	return order ? order : a->portal.tpgt - b->portal.tpgt;
}

void sendtargets_list_done(struct sendtargets_list *list)
{
	struct sendtargets_name *name;

	while ((name = list->names)) {
		list->names = name->next;
		free(name);
	}
	free(list->entries);
	memset(list, 0, sizeof(*list));
}

/* entry->target_name is in the list's memory. */
static int list_append(struct sendtargets_list *list, const struct sendtargets_entry *entry)
{
	struct sendtargets_entry *entries;
	size_t size;

	if (list->count == SENDTARGETS_ENTRIES_MAX)
		return -E2BIG;
	if (list->count == list->size) {
		size = list->size ? 2 * list->size : 16;
		entries = reallocarray(list->entries, size, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		list->entries = entries;
		list->size = size;
	}
	list->entries[list->count++] = *entry;
	return 0;
}

static const char *list_keep_name(struct sendtargets_list *list, const char *text)
{
	size_t length = strlen(text);
	struct sendtargets_name *name;

	if (list->count && !strcmp(list->entries[list->count - 1].target_name, text))
		return list->entries[list->count - 1].target_name;
	name = malloc(sizeof(*name) + length + 1);
	if (!name)
		return NULL;
	memcpy(name->text, text, length + 1);
	name->next = list->names;
	list->names = name;
	return name->text;
}

int sendtargets_list_add(struct sendtargets_list *list, const char *name, const struct portal *portal)
{
	struct sendtargets_entry entry = {list_keep_name(list, name), *portal};

	return entry.target_name ? list_append(list, &entry) : -ENOMEM;
}

static int by_entry_and_place(const void *left, const void *right)
{
	const struct sendtargets_entry *a = *(const struct sendtargets_entry *const *)left;
	const struct sendtargets_entry *b = *(const struct sendtargets_entry *const *)right;
	int order = sendtargets_entry_compare(a, b);

	return order ? order : (a > b) - (a < b);
}

int sendtargets_list_distinct(struct sendtargets_list *list)
{
	struct sendtargets_entry **order = calloc(list->count + 1, sizeof(*order));
	size_t kept = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		order[i] = &list->entries[i];
	qsort(order, list->count, sizeof(*order), by_entry_and_place);
	for (size_t i = list->count; i-- > 1;)
		if (sendtargets_entry_compare(order[i], order[i - 1]) == 0)
			order[i]->target_name = NULL;
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].target_name)
			list->entries[kept++] = list->entries[i];
	list->count = kept;
	free(order);
	return 0;
}

int sendtargets_list_copy(const struct sendtargets_list *from, struct sendtargets_list *ret_list)
{
	int error = 0;

	*ret_list = (struct sendtargets_list){.refused = from->refused};
	for (size_t i = 0; !error && i < from->count; i++)
		error = sendtargets_list_add(ret_list, from->entries[i].target_name, &from->entries[i].portal);
	if (error)
		sendtargets_list_done(ret_list);
	return error;
}

static int add_entry(struct target_reader *reader, const struct portal *portal)
{
	struct sendtargets_entry entry = {reader->name, *portal};

	reader->has_address = true;
	return list_append(reader->list, &entry);
}

/* RFC 7143 appendix C: a target without an address is at the portal that was asked. */
static int end_target(struct target_reader *reader)
{
	struct portal portal = *reader->portal;

	if (!reader->name || reader->has_address)
		return 0;
	portal.tpgt = PORTAL_TPGT_NONE;
	return add_entry(reader, &portal);
}

static int begin_target(struct target_reader *reader, const struct key_pair *pair)
{
	struct sendtargets_name *name;
	int error = end_target(reader);

	if (error)
		return error;
	reader->has_name = true;
	reader->has_address = false;
	reader->name = NULL;
	name = malloc(sizeof(*name) + pair->value_length + 1);
	if (!name)
		return -ENOMEM;
	if (key_value_text(pair, name->text, pair->value_length + 1) ||
	    !name_is_valid(name->text)) {
		free(name);
		reader->list->refused++;
		return 0;
	}
	name->next = reader->list->names;
	reader->list->names = name;
	reader->name = name->text;
	return 0;
}

static int add_address(struct target_reader *reader, const struct key_pair *pair)
{
	char text[PORTAL_TEXT_MAX];
	struct portal portal;

	if (!reader->has_name)
		return -EPROTO;
	if (!reader->name)
		return 0;
	if (key_value_text(pair, text, sizeof(text)) || portal_parse(text, ISCSI_PORT, &portal)) {
		/* It had an address, only none we can use: not one at the portal asked. */
		reader->has_address = true;
		reader->list->refused++;
		return 0;
	}
	return add_entry(reader, &portal);
}

int sendtargets_parse(const void *text, size_t length, const struct portal *portal,
		      struct sendtargets_list *ret_list)
{
	struct target_reader reader = {.list = ret_list, .portal = portal};
	struct keys_reader keys;
	struct key_pair pair;
	int error = 0, more = 0;

	memset(ret_list, 0, sizeof(*ret_list));
	keys_reader_init(&keys, text, length);
	while (!error && (more = keys_next(&keys, &pair)) > 0) {
		if (key_pair_is(&pair, "TargetName"))
			error = begin_target(&reader, &pair);
		else if (key_pair_is(&pair, "TargetAddress"))
			error = add_address(&reader, &pair);
	}
	if (!error)
		error = more ? more : end_target(&reader);
	return error;
}

/* A text request: the first one carries the question, the others only say "go on". */
static void fill_request(struct sendtargets *sendtargets, uint32_t ttt, const __u8 lun[8])
{
	struct iscsi_bhs_text_request *bhs = &sendtargets->due.text_request;

	bhs->opcode = ISCSI_PDU_TEXT_REQUEST;
	bhs->flags = ISCSI_BIT_FINAL;
	if (lun)
		memcpy(bhs->lun, lun, sizeof(bhs->lun));
	bhs->itt = htonl(sendtargets->itt);
	bhs->ttt = htonl(ttt);
	bhs->cmdsn = htonl(sendtargets->cmdsn++);
	bhs->exp_statsn = htonl(sendtargets->exp_statsn);
	sendtargets->is_due = true;
}

struct sendtargets *sendtargets_new(const struct sendtargets_settings *settings)
{
	struct sendtargets *sendtargets = calloc(1, sizeof(*sendtargets));
	struct text question = {0};

	if (!sendtargets)
		return NULL;
	sendtargets->portal = settings->portal;
	sendtargets->cmdsn = settings->cmdsn;
	sendtargets->exp_statsn = settings->exp_statsn;
	sendtargets->itt = settings->itt;
	keys_add(&question, "SendTargets", settings->what ? settings->what : "All");
	if (question.failed || pdu_set_data(&sendtargets->due, question.data, question.len)) {
		sendtargets_free(sendtargets);
		sendtargets = NULL;
	} else {
		fill_request(sendtargets, ISCSI_TAG_NONE, NULL);
	}
	text_done(&question);
	return sendtargets;
}

void sendtargets_free(struct sendtargets *sendtargets)
{
	if (!sendtargets)
		return;
	pdu_done(&sendtargets->due);
	text_done(&sendtargets->received);
	sendtargets_list_done(&sendtargets->list);
	free(sendtargets);
}

int sendtargets_pdu(struct sendtargets *sendtargets, struct pdu *out)
{
	int error;

	if (!sendtargets->is_due)
		return -EINVAL;
	error = pdu_set_data(out, sendtargets->due.data, sendtargets->due.data_length);
	if (error)
		return error;
	out->bhs = sendtargets->due.bhs;
	sendtargets->is_due = false;
	return 0;
}

static enum sendtargets_result fail(struct sendtargets *sendtargets, const char *failure)
{
	sendtargets->failure = failure;
	sendtargets->result = SENDTARGETS_FAILED;
	return SENDTARGETS_FAILED;
}

static enum sendtargets_result finish(struct sendtargets *sendtargets)
{
	int error = sendtargets_parse(sendtargets->received.data, sendtargets->received.len,
				      &sendtargets->portal, &sendtargets->list);

	text_done(&sendtargets->received);
	if (error == -ENOMEM)
		return fail(sendtargets, "out of memory");
	if (error == -E2BIG)
		return fail(sendtargets, "the target reports too many targets");
	if (error)
		return fail(sendtargets, "the target's list of targets is not readable");
	sendtargets->result = SENDTARGETS_DONE;
	return SENDTARGETS_DONE;
}

static enum sendtargets_result take_text(struct sendtargets *sendtargets, const struct pdu *in)
{
	const struct iscsi_bhs_text_response *bhs = &in->text_response;
	bool is_final = bhs->flags & ISCSI_BIT_FINAL;
	bool is_continued = bhs->flags & ISCSI_BIT_TEXT_CONTINUE;

	if (ntohl(bhs->itt) != sendtargets->itt)
		return fail(sendtargets, "the target answered with another task tag");
	if (is_final && is_continued)
		return fail(sendtargets, "the target misused the C bit");
	if (!is_final && ntohl(bhs->ttt) == ISCSI_TAG_NONE)
		return fail(sendtargets, "the target has more to say but gave no tag to ask with");
	sendtargets->exp_statsn = ntohl(bhs->statsn) + 1;
	sendtargets->empty = in->data_length ? 0 : sendtargets->empty + 1;
	if (sendtargets->empty > SENDTARGETS_EMPTY_MAX)
		return fail(sendtargets, "the target sends empty answers");
	if (++sendtargets->responses > SENDTARGETS_RESPONSES_MAX ||
	    sendtargets->received.len + in->data_length > SENDTARGETS_BYTES_MAX)
		return fail(sendtargets, "the target's list of targets is too long");
	if (in->data_length)
		text_add_bytes(&sendtargets->received, in->data, in->data_length);
	if (sendtargets->received.failed)
		return fail(sendtargets, "out of memory");
	if (is_final)
		return finish(sendtargets);
	pdu_clear(&sendtargets->due);
	fill_request(sendtargets, ntohl(bhs->ttt), bhs->lun);
	return SENDTARGETS_SEND;
}

/* RFC 7143 11.19: a ping with a tag is to be answered with the same tag and LUN. */
static enum sendtargets_result take_ping(struct sendtargets *sendtargets, const struct pdu *in)
{
	struct iscsi_bhs_nop_out *bhs = &sendtargets->due.nop_out;

	if (ntohl(in->nop_in.ttt) == ISCSI_TAG_NONE)
		return SENDTARGETS_WAIT;
	pdu_clear(&sendtargets->due);
	bhs->opcode = ISCSI_PDU_NOP_OUT | ISCSI_PDU_IMMEDIATE;
	bhs->flags = ISCSI_BIT_FINAL;
	memcpy(bhs->lun, in->nop_in.lun, sizeof(bhs->lun));
	bhs->itt = htonl(ISCSI_TAG_NONE);
	bhs->ttt = in->nop_in.ttt;
	bhs->cmdsn = htonl(sendtargets->cmdsn);
	bhs->exp_statsn = htonl(sendtargets->exp_statsn);
	sendtargets->is_due = true;
	return SENDTARGETS_SEND;
}

enum sendtargets_result sendtargets_receive(struct sendtargets *sendtargets, const struct pdu *in)
{
	if (sendtargets->result == SENDTARGETS_DONE || sendtargets->result == SENDTARGETS_FAILED)
		return sendtargets->result;
	if (sendtargets->is_due)
		return fail(sendtargets, "the target answered before it was asked");
	switch (pdu_opcode(in)) {
	case ISCSI_PDU_TEXT_RESPONSE:
		return take_text(sendtargets, in);
	case ISCSI_PDU_NOP_IN:
		return take_ping(sendtargets, in);
	case ISCSI_PDU_REJECT:
		return fail(sendtargets, "the target rejected the question for its targets");
	case ISCSI_PDU_ASYNC_MESSAGE:
		return fail(sendtargets, "the target ended the discovery session");
	default:
		return fail(sendtargets, "the target sent something else than a text response");
	}
}

const char *sendtargets_failure_text(const struct sendtargets *sendtargets)
{
	return sendtargets->failure ? sendtargets->failure : "no failure";
}

void sendtargets_take(struct sendtargets *sendtargets, struct sendtargets_list *ret_list)
{
	*ret_list = sendtargets->list;
	memset(&sendtargets->list, 0, sizeof(sendtargets->list));
}
