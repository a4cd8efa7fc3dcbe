/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * starve load FILE...			loads modules in this order, with the first, second, third... allocation of it refused, and unloads them
 * starve life TARGET ADDRESS PORT	the same for creating, handing over and removing a session
 *
 * Each round refuses one allocation that this thread makes in the kernel (/proc/thread-self/fail-nth; debugfs' failslab must not spare any),
 * until a round makes fewer than that. What a refusal does is not judged here but by the kernel, which must not complain, and by the round
 * after it, which begins anew. Prints how many rounds there were; exits 1 if something is left or the last round, which lacks nothing, fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/lab/raw.h"
#include "transport/user/requests.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define ROUNDS_MAX 5000

static int nth_fd = -1;

static bool refuse(unsigned int nth)
{
	char text[16];
	int bytes = snprintf(text, sizeof(text), "%u", nth);

	return pwrite(nth_fd, text, (size_t)bytes, 0) == bytes;
}

/* Ends the round's refusal; whether there was none. */
static bool spared(void)
{
	char text[16] = "";
	bool none = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && strtoul(text, NULL, 10) > 0;

	return refuse(0) && none;
}

static const char *module_name(const char *path)
{
	static char name[64];
	const char *slash = strrchr(path, '/');

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
	name[strcspn(name, ".")] = '\0';
	return name;
}

/* Loads the files, takes back what was loaded. 0 or the errno of the load that failed; -1 if one does not go away. */
static int load_round(char **files, int count, unsigned int nth, bool *is_last)
{
	int loaded, fd, error = 0;

	refuse(nth);
	for (loaded = 0; loaded < count && !error; loaded++) {
		fd = open(files[loaded], O_RDONLY | O_CLOEXEC);
		error = fd < 0 || syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
		if (fd >= 0)
			close(fd);
	}
	*is_last = spared();
	for (loaded -= error != 0; loaded-- > 0;)
		if (syscall(SYS_delete_module, module_name(files[loaded]), O_NONBLOCK))
			return -1;
	return error;
}

static int starve_load(char **files, int count)
{
	unsigned int nth;
	bool is_last = false;
	int error = 0;

	for (nth = 1; nth <= ROUNDS_MAX && !is_last && error >= 0; nth++)
		error = load_round(files, count, nth, &is_last);
	printf("# %u rounds of loading, the last one: %s\n", nth - 1, error < 0 ? "does not unload" : strerror(error));
	return !is_last || error;
}

static unsigned int left_over(void)
{
	uint32_t *sids;
	size_t count;

	if (sysfs_session_ids(SYSFS_ROOT, &sids, &count))
		return 0;
	free(sids);
	return (unsigned int)count;
}

static int life_round(struct raw_session *raw, unsigned int nth, bool *is_last)
{
	int error;

	if (!raw_login(raw, 0))
		return ECONNREFUSED;
	refuse(nth);
	error = request_create_session(raw->nl, raw->handle, 0, 128, 32, &raw->sid, &raw->host_no);
	if (!error)
		error = raw_hand_over(raw, true);
	if (!error)
		error = raw_remove(raw);
	*is_last = spared();
	if (raw->fd >= 0)
		close(raw->fd);
	raw->fd = -1;
	raw_remove_all(raw->nl, raw->handle);
	return error;
}

static void on_event(const struct netlink_event *event, void *data)
{
}

static void on_overflow(void *data)
{
}

static int starve_life(struct raw_session *raw)
{
	unsigned int nth, failed = 0;
	uint32_t caps;
	bool is_last = false;
	int error = 0;

	if (transport_load_class(SYSFS_ROOT) || transport_load(SYSFS_ROOT, "tcp") || transport_handle(SYSFS_ROOT, "tcp", &raw->handle, &caps))
		return 1;
	for (nth = 1; nth <= ROUNDS_MAX && !is_last; nth++) {
		/* a socket of its own for each: one that lost a message has no place for the next */
		if (netlink_open(on_event, on_overflow, NULL, &raw->nl))
			return 1;
		raw->isid++;
		error = life_round(raw, nth, &is_last);
		failed += error != 0;
		netlink_close(raw->nl);
	}
	printf("# %u rounds of a session's life, %u of them failed, the last one: %s\n", nth - 1, failed, strerror(abs(error)));
	printf("# %u sessions left\n", left_over());
	return !is_last || error || left_over();
}

int main(int argc, char **argv)
{
	struct raw_session raw = {.isid = 0x3e000000, .fd = -1};

	setvbuf(stdout, NULL, _IOLBF, 0);
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0) {
		perror("fail-nth");
		return 1;
	}
	if (argc > 2 && !strcmp(argv[1], "load"))
		return starve_load(argv + 2, argc - 2);
	if (argc != 5 || strcmp(argv[1], "life"))
		return 2;
	raw.target = argv[2];
	raw.address = argv[3];
	raw.port = atoi(argv[4]);
	return starve_life(&raw);
}
