/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level in, edges out. Never waits: what a client hands over as eventfd is looked at before it is written to.
 */
#include "tests/hba/intx.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writing to a pipe or file of the client's could hold us up or end us. */
static bool is_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[32], link[sizeof(name)];
	int flags = fcntl(fd, F_GETFL);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link)) != sizeof(name) - 1 || memcmp(link, name, sizeof(name) - 1) != 0)
		return false;
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void intx_init(struct intx *line, struct loop *loop)
{
	*line = (struct intx){.loop = loop, .trigger = -1, .resample = -1};
}

static void close_event(int *event)
{
	if (*event >= 0)
		close(*event);
	*event = -1;
}

static void drop_resample(struct intx *line)
{
	loop_fd_free(line->resample_watch);
	line->resample_watch = NULL;
	close_event(&line->resample);
}

void intx_disconnect(struct intx *line)
{
	drop_resample(line);
	close_event(&line->trigger);
	line->is_masked = false;
}

void intx_tell(struct intx *line)
{
	static const uint64_t one = 1;

	if (line->trigger < 0)
		return;
	/* A full counter is an edge that nobody has seen yet. */
	if (write(line->trigger, &one, sizeof(one)) < 0)
		return;
	line->told++;
}

static void tell_level(struct intx *line)
{
	if (!line->is_high || line->is_masked || line->trigger < 0)
		return;
	line->is_masked = true;
	intx_tell(line);
}

void intx_set(struct intx *line, bool is_high)
{
	line->is_high = is_high;
	tell_level(line);
}

void intx_mask(struct intx *line)
{
	line->is_masked = true;
}

void intx_unmask(struct intx *line)
{
	line->is_masked = false;
	tell_level(line);
}

int intx_set_trigger(struct intx *line, int event)
{
	close_event(&line->trigger);
	if (event >= 0 && !is_eventfd(event)) {
		close(event);
		return -EINVAL;
	}
	line->trigger = event;
	line->is_masked = false;
	tell_level(line);
	return 0;
}

static void resampled(int fd, short revents, void *data)
{
	struct intx *line = data;
	uint64_t count;

	if (read(fd, &count, sizeof(count)) == sizeof(count))
		intx_unmask(line);
}

int intx_set_resample(struct intx *line, int event)
{
	int error;

	drop_resample(line);
	if (event < 0)
		return 0;
	line->resample = event;
	error = is_eventfd(event) ? loop_fd_new(line->loop, event, POLLIN, resampled, line, &line->resample_watch) : -EINVAL;
	if (error)
		drop_resample(line);
	return error;
}
