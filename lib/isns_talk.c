/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watches the descriptor and the deadline of an isns_call. Called by the iSNS pollers and the emulated HBA. Decides
 * nothing. */
#include "lib/isns_talk.h"

#include <poll.h>
#include <stdlib.h>

#include "lib/loop.h"

struct isns_talk {
	struct loop *loop;
	struct isns_call *call;
	struct loop_fd *watch;
	struct loop_timer *timer;
	isns_talk_fn *fn;
	void *data;
};

static void talk_free(struct isns_talk *talk)
{
	loop_fd_free(talk->watch);
	loop_timer_free(talk->timer);
	isns_call_free(talk->call);
	free(talk);
}

/* After every step: waits for the next one, or ends. */
static void talk_go_on(struct isns_talk *talk)
{
	uint64_t now = loop_now_ms(), deadline = isns_call_deadline_ms(talk->call);

	if (isns_call_state(talk->call) == ISNS_CALL_RUNNING) {
		if (loop_fd_want(talk->watch, isns_call_want(talk->call)) == 0) {
			loop_timer_set(talk->timer, deadline > now ? deadline - now : 0);
			return;
		}
		isns_call_expired(talk->call);
	}
	talk->fn(talk->call, talk->data);
	talk_free(talk);
}

static void talk_ready(int fd, short revents, void *data)
{
	struct isns_talk *talk = data;

	isns_call_ready(talk->call, revents);
	talk_go_on(talk);
}

static void talk_timer(void *data)
{
	struct isns_talk *talk = data;

	if (isns_call_state(talk->call) == ISNS_CALL_RUNNING &&
	    loop_now_ms() >= isns_call_deadline_ms(talk->call))
		isns_call_expired(talk->call);
	talk_go_on(talk);
}

struct isns_talk *isns_talk_start(struct loop *loop, const struct isns_call_settings *settings,
				  isns_talk_fn *fn, void *data)
{
	struct isns_talk *talk = calloc(1, sizeof(*talk));
	int fd;

	if (!talk)
		return NULL;
	*talk = (struct isns_talk){.loop = loop, .fn = fn, .data = data};
	talk->call = isns_call_new(settings);
	if (!talk->call || loop_timer_new(loop, talk_timer, talk, &talk->timer) < 0) {
		talk_free(talk);
		return NULL;
	}
	fd = isns_call_fd(talk->call);
	if (fd >= 0 &&
	    loop_fd_new(loop, fd, isns_call_want(talk->call), talk_ready, talk, &talk->watch) < 0) {
		talk_free(talk);
		return NULL;
	}
	loop_timer_set(talk->timer, fd < 0 ? 0 : settings->timeout_ms);
	return talk;
}

void isns_talk_cancel(struct isns_talk *talk)
{
	if (talk)
		talk_free(talk);
}
