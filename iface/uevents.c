/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listens to the kernel's uevents and to udevd's. Decides when udevd can be listened to: libudev's monitor is deaf for ever where it
 * was opened before udevd ran, so it is opened when udevd's control socket is there, which each uevent of the kernel has looked for;
 * udevd starts with a trigger of all devices. libudev is opened late: programs that watch nothing do without it.
 */
#include "iface/uevents.h"

#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/library.h"
#include "lib/loop.h"
#include "transport/user/uevent.h"

#define UDEV_CONTROL "/run/udev/control"
#define BUFFER_BYTES (8 * 1024 * 1024)
#define AT_ONCE 1024

static const char *const subsystems[] = {"iscsi_host", "iscsi_iface", "net", "pci", NULL};

static struct libudev {
	struct udev *(*new)(void);
	struct udev *(*unref)(struct udev *udev);
	struct udev_monitor *(*monitor_new)(struct udev *udev, const char *name);
	struct udev_monitor *(*monitor_unref)(struct udev_monitor *monitor);
	int (*monitor_enable)(struct udev_monitor *monitor);
	int (*monitor_set_buffer)(struct udev_monitor *monitor, int bytes);
	int (*monitor_get_fd)(struct udev_monitor *monitor);
	int (*monitor_match)(struct udev_monitor *monitor, const char *subsystem, const char *devtype);
	struct udev_device *(*monitor_receive)(struct udev_monitor *monitor);
	struct udev_device *(*device_unref)(struct udev_device *device);
} libudev;

static const struct library_symbol symbols[] = {
	{"udev_new", offsetof(struct libudev, new)},
	{"udev_unref", offsetof(struct libudev, unref)},
	{"udev_monitor_new_from_netlink", offsetof(struct libudev, monitor_new)},
	{"udev_monitor_unref", offsetof(struct libudev, monitor_unref)},
	{"udev_monitor_enable_receiving", offsetof(struct libudev, monitor_enable)},
	{"udev_monitor_set_receive_buffer_size", offsetof(struct libudev, monitor_set_buffer)},
	{"udev_monitor_get_fd", offsetof(struct libudev, monitor_get_fd)},
	{"udev_monitor_filter_add_match_subsystem_devtype", offsetof(struct libudev, monitor_match)},
	{"udev_monitor_receive_device", offsetof(struct libudev, monitor_receive)},
	{"udev_device_unref", offsetof(struct libudev, device_unref)},
};

/* Owned by its watch. */
struct uevents {
	struct loop *loop;
	uevents_fn *fn;
	void *data;
	int kernel;			/* -1: not to be had */
	struct loop_fd *kernel_watch;
	struct udev *udev;		/* NULL until udevd runs */
	struct udev_monitor *monitor;
	struct loop_fd *monitor_watch;
};

/* ---- udevd ---- */

static void close_udev(struct uevents *uevents)
{
	loop_fd_free(uevents->monitor_watch);
	if (uevents->monitor)
		libudev.monitor_unref(uevents->monitor);
	if (uevents->udev)
		libudev.unref(uevents->udev);
	uevents->monitor_watch = NULL;
	uevents->monitor = NULL;
	uevents->udev = NULL;
}

/* What a device is called does not matter: the filter let it through. */
static void on_udev(int fd, short revents, void *data)
{
	struct uevents *uevents = data;
	bool was_seen = false, was_lost = false;

	for (int i = 0; i < AT_ONCE; i++) {
		struct udev_device *device = libudev.monitor_receive(uevents->monitor);

		if (device) {
			was_seen = true;
			libudev.device_unref(device);
			continue;
		}
		if (errno != ENOBUFS)
			break;
		was_lost = true;
	}
	if (was_seen || was_lost)
		uevents->fn(was_lost, uevents->data);
}

static int start_monitor(struct uevents *uevents)
{
	uevents->udev = libudev.new();
	uevents->monitor = uevents->udev ? libudev.monitor_new(uevents->udev, "udev") : NULL;
	if (!uevents->monitor)
		return -ENOMEM;
	for (size_t i = 0; subsystems[i]; i++)
		if (libudev.monitor_match(uevents->monitor, subsystems[i], NULL) < 0)
			return -ENOMEM;
	(void)libudev.monitor_set_buffer(uevents->monitor, BUFFER_BYTES); /* a privilege */
	if (libudev.monitor_enable(uevents->monitor) < 0)
		return -EPROTONOSUPPORT;
	return loop_fd_new(uevents->loop, libudev.monitor_get_fd(uevents->monitor), POLLIN, on_udev, uevents, &uevents->monitor_watch);
}

static int open_udev(struct uevents *uevents)
{
	int error;

	if (access(UDEV_CONTROL, F_OK) < 0)
		return -errno;
	error = library_open("libudev.so.1", symbols, sizeof(symbols) / sizeof(symbols[0]), &libudev);
	if (!error)
		error = start_monitor(uevents);
	if (error)
		close_udev(uevents);
	return error;
}

/* ---- the kernel ---- */

static void close_kernel(struct uevents *uevents)
{
	loop_fd_free(uevents->kernel_watch);
	if (uevents->kernel >= 0)
		close(uevents->kernel);
	uevents->kernel_watch = NULL;
	uevents->kernel = -1;
}

static void on_kernel(int fd, short revents, void *data)
{
	struct uevents *uevents = data;
	int result = uevent_read(fd, subsystems);

	if (result < 0)
		close_kernel(uevents);
	if (!uevents->monitor && open_udev(uevents) == 0 && result >= 0)
		result |= UEVENT_SEEN; /* udevd may have been heard by nobody before */
	if (result)
		uevents->fn(result < 0 || result & UEVENT_LOST, uevents->data);
}

static int open_kernel(struct uevents *uevents)
{
	int error;

	uevents->kernel = uevent_open();
	if (uevents->kernel < 0)
		return uevents->kernel;
	error = loop_fd_new(uevents->loop, uevents->kernel, POLLIN, on_kernel, uevents, &uevents->kernel_watch);
	if (error)
		close_kernel(uevents);
	return error;
}

int uevents_open(struct loop *loop, uevents_fn *fn, void *data, struct uevents **ret_uevents)
{
	struct uevents *uevents = calloc(1, sizeof(*uevents));
	int error;

	if (!uevents)
		return -ENOMEM;
	uevents->loop = loop;
	uevents->fn = fn;
	uevents->data = data;
	uevents->kernel = -1;
	error = open_kernel(uevents);
	if (open_udev(uevents) < 0 && error < 0) {
		uevents_close(uevents);
		return error;
	}
	*ret_uevents = uevents;
	return 0;
}

void uevents_close(struct uevents *uevents)
{
	if (!uevents)
		return;
	close_udev(uevents);
	close_kernel(uevents);
	free(uevents);
}

bool uevents_has_kernel(const struct uevents *uevents)
{
	return uevents->kernel_watch;
}

bool uevents_has_udev(const struct uevents *uevents)
{
	return uevents->monitor_watch;
}
