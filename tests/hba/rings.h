/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The request and response rings of one function, and the shadow registers: 64-byte entries that the guest's driver queues are taken,
 * checked and done; what becomes of them is written back in the order that the driver relies on (an entry's bytes 0-59, its last four
 * bytes, the shadow producer index, the completion interrupt). The chip calls it at the doorbell and at the consumer's write; the
 * commands go to the sessions' initiators. The guest is not trusted: every index, count, address and length has its gate here.
 *
 *	INIT_FW -> rings_start()	doorbell 38 -> rings_doorbell()		consumer 3C -> rings_consumed()
 *	soft reset -> rings_stop() BEFORE sessions_stop(): no byte is written to the guest after it
 */
#ifndef OPENHBA_TESTS_HBA_RINGS_H
#define OPENHBA_TESTS_HBA_RINGS_H

#include <stdbool.h>
#include <stdint.h>

struct faults;
struct guest;
struct loop;
struct rings;
struct sessions;
struct trace;

/* What INIT_FW says of the rings (control block 10..2F). Addresses are the guest's. */
struct rings_layout {
	uint64_t request, response, shadow;
	uint16_t request_length, response_length;   /* entries */
	uint16_t request_consumer, response_producer; /* to begin with */
};

/* What the rings stand on; all called on the loop. Borrowed until rings_free(). */
struct rings_settings {
	struct loop *loop;
	struct guest *guest;
	struct sessions *sessions;
	struct faults *faults; /* NULL: none */
	struct trace *trace;   /* NULL: none */
	void *data; /* of the calls below */

	/* Entries and shadow index are in memory: set the completion bit (28, bit 4). Often called with the bit set. */
	void (*completion)(void *data);

	/* An asynchronous event: 8003 (request ring unreadable) or 8004 (response ring unwritable). Then the rings stand until a reset. */
	void (*aen)(void *data, const uint32_t words[8]);

	/* A mailbox command in an entry (38), PING alone: rings_mailbox_status() with the same ticket is due once, now or later. */
	void (*mailbox)(void *data, uint32_t ticket, const uint32_t in[8]);
};

struct rings *rings_new(const struct rings_settings *settings); /* copied; NULL: no memory */
void rings_free(struct rings *rings); /* stops first; NULL is fine */

/* -EINVAL: a ring of fewer than 2 entries, an index beyond its ring, a ring or shadow registers that are not the guest's memory or
 * not aligned (entries by 64, shadow by 8). The shadow registers are written with the initial indexes. */
int rings_start(struct rings *rings, const struct rings_layout *layout);

/* At once: no DMA, no completion, no event any more; what was outstanding is forgotten (its tasks end unheard). */
void rings_stop(struct rings *rings);
bool rings_is_running(const struct rings *rings);

/* A write to 38: entries up to index (exclusive) are to be taken. An index beyond the ring is refused and counted. */
void rings_doorbell(struct rings *rings, uint32_t index);

/*
 * A write to 3C: the host has consumed the entries up to index. The caller clears the completion bit FIRST: entries that waited for
 * room, or that the host has not seen, set it again from within.
 */
void rings_consumed(struct rings *rings, uint32_t index);

/* The answer to settings.mailbox(). A ticket from before a reset is passed over. */
void rings_mailbox_status(struct rings *rings, uint32_t ticket, const uint32_t out[8]);

/* IOCBs that the host may have in flight (GET_FW_STATUS, MB2). */
unsigned int rings_iocbs(const struct rings *rings);

/*
 * Task management of mailbox commands. Each returns at once; the commands come back on the response ring when the target has answered
 * (completion 05 or 04). -ENOENT: no such command, the session is not up, or too many requests wait. When the target does not answer in
 * time, or refuses, while commands are out, the connection is given up as lost.
 */
int rings_abort(struct rings *rings, unsigned int ddb, uint32_t handle);
int rings_lun_reset(struct rings *rings, unsigned int ddb, const uint8_t lun[8]);
int rings_target_reset(struct rings *rings, unsigned int ddb);

/* For tests, the trace and the control socket. */
struct rings_counters {
	uint64_t commands, continuations, markers, passthroughs, mailboxes; /* taken */
	uint64_t statuses, status_continuations;			     /* written */
	uint64_t returned;	/* commands given back because the firmware is full */
	uint64_t refused;	/* entries given back with entry status bits */
	uint64_t bad_indexes;	/* doorbell and consumer values that were refused */
	uint64_t full;		/* times an entry waited for room in the response ring */
	uint64_t dma_errors;
	unsigned int outstanding; /* now */
};
const struct rings_counters *rings_counters(const struct rings *rings);
uint32_t rings_response_producer(const struct rings *rings);
uint32_t rings_request_consumer(const struct rings *rings);

#endif
