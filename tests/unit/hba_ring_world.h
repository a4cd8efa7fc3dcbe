/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The world of the rings for their tests and their fuzzer: real guest memory of one mapping, and sessions and an initiator of one DDB that
 * keep what they are given until the test ends it. Included once per program: it defines what the archive would.
 */
#ifndef OPENHBA_TESTS_UNIT_HBA_RING_WORLD_H
#define OPENHBA_TESTS_UNIT_HBA_RING_WORLD_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/loop.h"
#include "tests/hba/guest.h"
#include "tests/hba/initiator.h"
#include "tests/hba/ring.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"

#define MEMORY_AT    0x100000000ull /* guest address of the mapping: above 4 GiB, so that both halves matter */
#define MEMORY_SIZE  0x80000
#define RESPONSE_AT  0x10000
#define SHADOW_AT    0x11000
#define BUFFERS_AT   0x20000
#define LIVE_DDB     5
#define KEPT_MAX     2048

struct world {
	struct loop *loop;
	struct guest *guest;
	struct rings *rings;
	uint8_t *memory;
	struct faults *faults;
	unsigned int completions, events, drops;
	uint32_t event, ticket;
	bool is_up;		/* the session of LIVE_DDB */
	int refusal;		/* of the initiator's calls */
	uint32_t producer, consumer, length;
	struct initiator_task *tasks[KEPT_MAX];
	unsigned int task_count;
	struct initiator_tmf *tmfs[KEPT_MAX];
	unsigned int tmf_count;
	struct initiator_passthrough *passthroughs[KEPT_MAX];
	unsigned int passthrough_count;
};

static struct world *the_world;

struct initiator *sessions_initiator(const struct sessions *sessions, uint32_t index)
{
	return the_world->is_up && index == LIVE_DDB ? (struct initiator *)the_world : NULL;
}

int sessions_get(const struct sessions *sessions, uint32_t index, struct session_view *ret_view)
{
	static const uint8_t nothing[ISP_DDB_SIZE];

	*ret_view = (struct session_view){.ddb = nothing};
	return index < ISP_DDBS ? 0 : -EINVAL;
}

void sessions_drop(struct sessions *sessions, uint32_t index)
{
	the_world->drops++;
}

int initiator_task(struct initiator *initiator, struct initiator_task *task)
{
	if (the_world->refusal || the_world->task_count == KEPT_MAX)
		return the_world->refusal ? the_world->refusal : -ENOTCONN;
	the_world->tasks[the_world->task_count++] = task;
	return 0;
}

int initiator_tmf(struct initiator *initiator, struct initiator_tmf *tmf)
{
	if (the_world->refusal || the_world->tmf_count == KEPT_MAX)
		return the_world->refusal ? the_world->refusal : -ENOTCONN;
	the_world->tmfs[the_world->tmf_count++] = tmf;
	return 0;
}

int initiator_passthrough(struct initiator *initiator, struct initiator_passthrough *passthrough)
{
	if (the_world->refusal || the_world->passthrough_count == KEPT_MAX)
		return the_world->refusal ? the_world->refusal : -ENOTCONN;
	the_world->passthroughs[the_world->passthrough_count++] = passthrough;
	return 0;
}

static void on_completion(void *data)
{
	the_world->completions++;
}

static void on_event(void *data, const uint32_t words[8])
{
	the_world->events++;
	the_world->event = words[0];
}

static void on_mailbox(void *data, uint32_t ticket, const uint32_t in[8])
{
	the_world->ticket = ticket;
}

/* The oldest task that is not done, as the initiator would end it. */
static inline void end_task(enum initiator_result result)
{
	struct initiator_task *task = the_world->tasks[0];

	memmove(the_world->tasks, the_world->tasks + 1, --the_world->task_count * sizeof(the_world->tasks[0]));
	task->result = result;
	task->done(task);
}

static inline void end_tmf(int error, uint8_t response)
{
	struct initiator_tmf *tmf = the_world->tmfs[--the_world->tmf_count];

	tmf->error = error;
	tmf->response = response;
	tmf->done(tmf);
}

static inline void end_passthrough(int error, const struct iscsi_bhs *response, const void *bytes, size_t length)
{
	struct initiator_passthrough *passthrough = the_world->passthroughs[--the_world->passthrough_count];

	passthrough->done(passthrough, error, response, bytes, length);
}

/* As the initiator does when it is closed. */
static inline void end_all(void)
{
	while (the_world->tmf_count)
		end_tmf(-ENOTCONN, 0);
	while (the_world->passthrough_count)
		end_passthrough(-ENOTCONN, NULL, NULL, 0);
	while (the_world->task_count)
		end_task(INITIATOR_RESULT_LOGGED_OUT);
}

static inline bool world_start(struct world *world)
{
	const struct rings_settings settings = {
		.loop = world->loop, .guest = world->guest, .faults = world->faults, .data = world,
		.completion = on_completion, .aen = on_event, .mailbox = on_mailbox,
	};

	the_world = world;
	world->is_up = true;
	world->rings = rings_new(&settings);
	return world->rings;
}

/* The guest's memory comes of a memfd, as QEMU's does. */
static inline bool world_map(struct world *world)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	bool is_mapped = fd >= 0 && ftruncate(fd, MEMORY_SIZE) == 0 && guest_new(&world->guest) == 0 &&
			 guest_map(world->guest, MEMORY_AT, MEMORY_SIZE, fd, 0, true) == 0;

	world->memory = is_mapped ? mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	close(fd);
	return world->memory != MAP_FAILED;
}

static inline void world_end(struct world *world)
{
	rings_stop(world->rings);
	end_all();
	rings_free(world->rings);
	guest_free(world->guest);
	munmap(world->memory, MEMORY_SIZE);
}

static inline struct rings_layout world_layout(unsigned int requests, unsigned int responses)
{
	return (struct rings_layout){
		.request = MEMORY_AT, .response = MEMORY_AT + RESPONSE_AT, .shadow = MEMORY_AT + SHADOW_AT,
		.request_length = requests, .response_length = responses,
	};
}

#endif
