/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Raw PDUs of the request ring (passthrough 0): the host's header and data go to the session's initiator, what the target answers goes
 * to the host's buffer, header first, and a passthrough status says so. Text, NOP-Out and Logout by user space come this way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/faults.h"
#include "tests/hba/guest.h"
#include "tests/hba/initiator.h"
#include "tests/hba/iocb.h"
#include "tests/hba/sessions.h"

#define DATA_MAX	65536 /* of a request */
#define OUTSTANDING_MAX 256

/* passthrough_status.residual_flags */
enum { IN_OVERRUN = 0x04, IN_UNDERRUN = 0x08 };
enum { COMPLETION_PCI_ERROR = 0x10 };

struct passthrough {
	struct initiator_passthrough request; /* first: done() finds the rest by it */
	LIST_ENTRY(passthrough) link;
	struct rings *rings; /* NULL: forgotten by a reset, or nobody waits */
	struct isp_passthrough entry;
};

/* What the host is told; in_length is what the target's answer has. */
static void answer(struct rings *rings, const struct isp_passthrough *entry, uint8_t completion, size_t in_length)
{
	struct ring_entry out = {.passthrough_status = {.header = {.type = ISP_IOCB_PASSTHROUGH_STATUS, .count = 1}}};
	size_t room = le32toh(entry->in.length);

	out.header.system = ISP_PASSTHROUGH_PDU;
	out.passthrough_status.handle = entry->handle;
	out.passthrough_status.ddb = entry->ddb;
	out.passthrough_status.connection = entry->connection;
	out.passthrough_status.timeout = entry->timeout;
	out.passthrough_status.completion = completion;
	if (in_length > room)
		out.passthrough_status.residual_flags = IN_OVERRUN;
	else if (in_length < room)
		out.passthrough_status.residual_flags = IN_UNDERRUN;
	out.passthrough_status.in_residual = htole32(in_length > room ? in_length - room : room - in_length);
	rings_answer(rings, &out, 1);
}

/* As much of the answer as there is room for. */
static int deliver(struct rings *rings, const struct isp_dsd *in, const struct iscsi_bhs *response, const void *bytes, size_t length)
{
	size_t room = le32toh(in->length), header = room < sizeof(*response) ? room : sizeof(*response);

	room -= header;
	if (length > room)
		length = room;
	if (header && guest_write(rings->settings.guest, dsd_address(in), response, header) < 0)
		return -EFAULT;
	return length ? guest_write(rings->settings.guest, dsd_address(in) + header, bytes, length) : 0;
}

static uint8_t completion_of(int error)
{
	switch (error) {
	case -ETIMEDOUT:
		return ISP_PASSTHROUGH_TIMEOUT;
	case -ENOTCONN:
		return ISP_PASSTHROUGH_NO_CONNECTION;
	case -EOPNOTSUPP:
	case -EMSGSIZE:
		return ISP_PASSTHROUGH_INVALID;
	default:
		return ISP_PASSTHROUGH_ERROR;
	}
}

static void passthrough_done(struct initiator_passthrough *request, int error, const struct iscsi_bhs *response, const void *bytes,
			     size_t length)
{
	struct passthrough *passthrough = (struct passthrough *)request;
	struct rings *rings = passthrough->rings;

	if (rings) {
		LIST_REMOVE(passthrough, link);
		rings->passthrough_count--;
		if (!response)
			answer(rings, &passthrough->entry, completion_of(error), 0);
		else if (deliver(rings, &passthrough->entry.in, response, bytes, length) < 0)
			answer(rings, &passthrough->entry, COMPLETION_PCI_ERROR, 0);
		else
			answer(rings, &passthrough->entry, ISP_PASSTHROUGH_OK, sizeof(*response) + length);
	}
	free(passthrough);
}

void passthroughs_forget(struct rings *rings)
{
	struct passthrough *passthrough;

	while ((passthrough = LIST_FIRST(&rings->passthroughs))) {
		LIST_REMOVE(passthrough, link);
		passthrough->rings = NULL;
	}
	rings->passthrough_count = 0;
}

/* Reads the PDU and hands it over. 0, or what the host is told. */
static uint8_t send_pdu(struct rings *rings, const struct isp_passthrough *entry, struct initiator *initiator)
{
	static uint8_t bytes[sizeof(struct iscsi_bhs) + DATA_MAX];
	bool has_listener = le16toh(entry->flags) & ISP_PASSTHROUGH_WAIT;
	struct passthrough *passthrough = calloc(1, sizeof(*passthrough));
	size_t length = le32toh(entry->out.length);
	int error;

	if (!passthrough)
		return ISP_PASSTHROUGH_ERROR;
	if (guest_read(rings->settings.guest, dsd_address(&entry->out), bytes, length) < 0) {
		free(passthrough);
		return COMPLETION_PCI_ERROR;
	}
	memcpy(&passthrough->request.request, bytes, sizeof(struct iscsi_bhs));
	passthrough->request.bytes = bytes + sizeof(struct iscsi_bhs);
	passthrough->request.length = length - sizeof(struct iscsi_bhs);
	passthrough->request.timeout_ms = 1000u * le16toh(entry->timeout);
	passthrough->request.done = passthrough_done;
	passthrough->entry = *entry;
	error = initiator_passthrough(initiator, &passthrough->request);
	if (error < 0) {
		free(passthrough);
		return completion_of(error);
	}
	if (!has_listener)
		return ISP_PASSTHROUGH_OK;
	passthrough->rings = rings;
	rings->passthrough_count++;
	LIST_INSERT_HEAD(&rings->passthroughs, passthrough, link);
	return 0;
}

static bool is_wrong(const struct isp_passthrough *entry)
{
	uint16_t flags = le16toh(entry->flags);
	size_t length = le32toh(entry->out.length);

	if (entry->header.system != ISP_PASSTHROUGH_PDU || !(flags & ISP_PASSTHROUGH_ISCSI) || !(flags & ISP_PASSTHROUGH_SEND))
		return true;
	return length < sizeof(struct iscsi_bhs) || length > sizeof(struct iscsi_bhs) + DATA_MAX;
}

int passthrough_take(struct rings *rings, const struct ring_entry *entry, unsigned int available)
{
	struct initiator *initiator = sessions_initiator(rings->settings.sessions, le16toh(entry->passthrough.ddb));
	uint8_t completion;

	rings->counters.passthroughs++;
	if (entry->header.count != 1) {
		rings_refuse(rings, entry, ISP_ENTRY_INVALID_COUNT);
		return 1;
	}
	if (rings->passthrough_count >= OUTSTANDING_MAX || fault_hit(rings->settings.faults, FAULT_IOCB_REFUSE, ISP_IOCB_PASSTHROUGH, NULL)) {
		rings->counters.returned++;
		rings_give_back(rings, entry, ISP_ENTRY_BUSY);
		return 1;
	}
	if (is_wrong(&entry->passthrough))
		completion = ISP_PASSTHROUGH_INVALID;
	else
		completion = initiator ? send_pdu(rings, &entry->passthrough, initiator) : ISP_PASSTHROUGH_NO_CONNECTION;
	if (completion)
		answer(rings, &entry->passthrough, completion, 0);
	return 1;
}
