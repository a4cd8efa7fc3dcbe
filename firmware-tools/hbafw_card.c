/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a card through its driver: vendor commands of the bsg device /dev/bsg/iscsi_hostN, which QLogic's driver answers by READ_FLASH
 * and GET_NVRAM. What is read becomes an image in memory of one port. Never writes to a card.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bsg.h>
#include <scsi/sg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firmware-tools/hbafw.h"
#include "transport/abi/isp4xxx.h"
#include "transport/user/sysfs.h"

#define PIECE 0x4000		/* bytes that tools move at a time */
#define TIMEOUT_MS 70000	/* longer than a mailbox command may take */
#define HOST_VENDOR 0x800000ffu /* <scsi/scsi_bsg_iscsi.h> is not among the installed headers */
#define VENDOR_ID ((uint64_t)1 << 56 | ISP_VENDOR)

enum vendor_command { VENDOR_READ_FLASH = 1, VENDOR_READ_NVRAM = 4 };

/* As the kernel reads it: 4 + 8 bytes, then the vendor's words. */
struct request {
	uint32_t code;
	uint64_t vendor;
	uint32_t words[2];
} __attribute__((packed));

struct reply {
	uint32_t result, received, words[8];
};

static int transfer(int fd, enum vendor_command command, uint32_t offset, void *bytes, size_t len)
{
	struct request request = {HOST_VENDOR, VENDOR_ID, {command, offset}};
	struct reply reply = {0};
	uint8_t nothing[16] = {0};
	struct sg_io_v4 io = {
		.guard = 'Q',
		.protocol = BSG_PROTOCOL_SCSI,
		.subprotocol = BSG_SUB_PROTOCOL_SCSI_TRANSPORT,
		.request_len = sizeof(request),
		.request = (uintptr_t)&request,
		.max_response_len = sizeof(reply),
		.response = (uintptr_t)&reply,
		/* The kernel gives what comes back a place of its own only where something goes out, too. */
		.dout_xfer_len = sizeof(nothing),
		.dout_xferp = (uintptr_t)nothing,
		.din_xfer_len = (uint32_t)len,
		.din_xferp = (uintptr_t)bytes,
		.timeout = TIMEOUT_MS,
	};

	if (ioctl(fd, SG_IO, &io) < 0)
		return -errno;
	if ((int32_t)reply.result < 0)
		return (int32_t)reply.result;
	return reply.result || reply.received != len ? -EIO : 0;
}

int hbafw_card_read(const struct hbafw *hbafw, bool is_nvram, uint32_t offset, void *bytes, size_t len)
{
	char path[256];
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s/iscsi_host%u", hbafw->bsg, hbafw->host_no);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t done = 0; !r && done < len;) {
		size_t piece = len - done < PIECE ? len - done : PIECE;

		r = transfer(fd, is_nvram ? VENDOR_READ_NVRAM : VENDOR_READ_FLASH, offset + (uint32_t)done, (uint8_t *)bytes + done, piece);
		done += piece;
	}
	close(fd);
	return r;
}

unsigned int hbafw_card_model(const struct hbafw *hbafw)
{
	char path[128], vendor[16], device[16];
	unsigned int model;

	snprintf(path, sizeof(path), "class/iscsi_host/host%u/device/../vendor", hbafw->host_no);
	if (sysfs_read(hbafw->sysfs, path, vendor, sizeof(vendor)) < 0 || strtoul(vendor, NULL, 16) != ISP_VENDOR)
		return 0;
	snprintf(path, sizeof(path), "class/iscsi_host/host%u/device/../device", hbafw->host_no);
	if (sysfs_read(hbafw->sysfs, path, device, sizeof(device)) < 0)
		return 0;
	model = (unsigned int)strtoul(device, NULL, 16);
	return model == ISP_DEVICE_4010 || model == ISP_DEVICE_4022 || model == ISP_DEVICE_4032 ? model : 0;
}

static int fill(const struct hbafw *hbafw, const struct hbafw_area *area, struct isp4xxx_image *image)
{
	size_t len = area->count * hbafw_area_size(area, isp4xxx_image_model(image));
	uint8_t *bytes = malloc(len);
	int r;

	if (!bytes)
		return -ENOMEM;
	r = hbafw_card_read(hbafw, !area->offset, area->offset, bytes, len);
	if (!r)
		r = area->offset ? isp4xxx_image_write(image, 0, area->offset, bytes, len) :
				 isp4xxx_image_write_nvram(image, 0, bytes, len);
	explicit_bzero(bytes, len);
	free(bytes);
	return r;
}

static int open_card(struct hbafw *hbafw, const struct hbafw_area *area, struct isp4xxx_image **ret_image)
{
	struct isp4xxx_identity identity = {.model = hbafw_card_model(hbafw), .ports = 1, .serial = "card"};
	int r;

	if (!identity.model)
		return hbafw_fail(hbafw, "host%u is not there, or its card is no ISP4xxx. See hbafw list", hbafw->host_no);
	r = isp4xxx_image_new(&identity, ret_image);
	for (size_t i = 0; !r && i < HBAFW_AREAS; i++) {
		if (area && area != &hbafw_areas[i])
			continue;
		r = fill(hbafw, &hbafw_areas[i], *ret_image);
		if (r < 0) {
			isp4xxx_image_free(*ret_image);
			return hbafw_fail(hbafw, "host%u: the driver does not read %s: %s", hbafw->host_no, hbafw_areas[i].name,
					  strerror(-r));
		}
	}
	return r < 0 ? hbafw_fail(hbafw, "%s", strerror(-r)) : HBAFW_OK;
}

static const char *why(int error)
{
	switch (error) {
	case -ENOMSG:
		return "not an image of an ISP4xxx";
	case -EPROTONOSUPPORT:
		return "an image of another version of hbafw";
	case -EINVAL:
		return "the image contradicts itself: it is damaged";
	case -EBUSY:
		return "a card runs on it: stop it first";
	default:
		return strerror(-error);
	}
}

static int open_file(struct hbafw *hbafw, bool may_write, struct isp4xxx_image **ret_image)
{
	int r = isp4xxx_image_open(hbafw->image, may_write, ret_image);

	if (r < 0)
		return hbafw_fail(hbafw, "%s: %s", hbafw->image, why(r));
	if (hbafw->port < isp4xxx_image_ports(*ret_image))
		return HBAFW_OK;
	isp4xxx_image_free(*ret_image);
	return hbafw_fail(hbafw, "%s: the card has no port %u", hbafw->image, hbafw->port);
}

int hbafw_open(struct hbafw *hbafw, const struct hbafw_area *area, struct isp4xxx_image **ret_image)
{
	if (hbafw->has_host)
		return open_card(hbafw, area, ret_image);
	if (!hbafw->image)
		return hbafw_fail(hbafw, "--host or --image is missing. See hbafw list");
	return open_file(hbafw, false, ret_image);
}

int hbafw_open_to_write(struct hbafw *hbafw, struct isp4xxx_image **ret_image)
{
	return open_file(hbafw, true, ret_image);
}
