/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The image file: what an ISP4xxx keeps over a power cut. All of it is in memory; a write goes to the file by pwrite(2) before it is
 * taken, so a killed process loses nothing that was answered, and the event loop never waits for a disk. Whoever may write holds a
 * lock (flock), so a card that runs and a tool do not undo each other's work.
 *
 *	0000  head: magic, version, model, ports, size	1000  EEPROM
 *	2000  port 0: each segment of the table below in its slot	then port 1, if there is one
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/isp4xxx.h"
#include "transport/abi/isp4xxx.h"

#define IMAGE_VERSION 1
#define IMAGE_NVRAM 0x1000
#define IMAGE_PORTS 0x2000

static const char magic[8] = "ISP4xxx\n";

struct head {
	char magic[8];
	uint32_t version, model, ports, size; /* little-endian */
};

static const struct segment {
	uint32_t address, size, slot;
} segments[] = {
	{ISP4XXX_FLASH_SYSINFO, 0x1000, 0x1000},
	{ISP4XXX_FLASH_DRIVER, 0x1000, 0x1000},
	{ISP4XXX_FLASH_IFCB, 0x1000, 0x1000},
	{ISP4XXX_FLASH_DDB, ISP4XXX_DDB_FLASH_COUNT * ISP_DDB_SIZE, 0x8000},
	{ISP4XXX_FLASH_CHAP, ISP4XXX_CHAP_COUNT * ISP4XXX_CHAP_SIZE, 0xc000},
};
#define SEGMENTS (sizeof(segments) / sizeof(segments[0]))

struct isp4xxx_image {
	int fd; /* -1: in memory only */
	bool may_write;
	unsigned int model, ports;
	size_t size;
	uint8_t *bytes;
};

static size_t port_size(void)
{
	size_t size = 0;

	for (size_t i = 0; i < SEGMENTS; i++)
		size += segments[i].slot;
	return size;
}

static size_t size_of(unsigned int ports)
{
	return IMAGE_PORTS + ports * port_size();
}

static bool is_model(unsigned int model)
{
	return model == ISP_DEVICE_4010 || model == ISP_DEVICE_4022 || model == ISP_DEVICE_4032;
}

/* --- the gate -------------------------------------------------------------------------------------------------------------------- */

static int check(const uint8_t *bytes, size_t len)
{
	struct head head;

	if (len < IMAGE_PORTS)
		return -ENOMSG;
	memcpy(&head, bytes, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) != 0)
		return -ENOMSG;
	if (le32toh(head.version) != IMAGE_VERSION)
		return -EPROTONOSUPPORT;
	if (!is_model(le32toh(head.model)) || !le32toh(head.ports) || le32toh(head.ports) > ISP4XXX_PORTS_MAX)
		return -EINVAL;
	return le32toh(head.size) == len && size_of(le32toh(head.ports)) == len ? 0 : -EINVAL;
}

/* Takes bytes, which are freed on an error, too. */
static int take(uint8_t *bytes, size_t len, struct isp4xxx_image **ret_image)
{
	struct isp4xxx_image *image;
	struct head head;
	int r = check(bytes, len);

	image = r < 0 ? NULL : calloc(1, sizeof(*image));
	if (!image) {
		free(bytes);
		return r < 0 ? r : -ENOMEM;
	}
	memcpy(&head, bytes, sizeof(head));
	*image = (struct isp4xxx_image){
		.fd = -1,
		.model = le32toh(head.model),
		.ports = le32toh(head.ports),
		.size = len,
		.bytes = bytes,
	};
	*ret_image = image;
	return 0;
}

int isp4xxx_image_parse(const void *bytes, size_t len, struct isp4xxx_image **ret_image)
{
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, bytes, len);
	r = take(copy, len, ret_image);
	if (!r)
		(*ret_image)->may_write = true;
	return r;
}

static int read_whole(int fd, uint8_t *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, bytes + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EINVAL;
		done += (size_t)n;
	}
	return 0;
}

static int read_file(int fd, struct isp4xxx_image **ret_image)
{
	struct stat status;
	uint8_t *bytes;
	int r;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_size < IMAGE_PORTS)
		return -ENOMSG;
	if ((uint64_t)status.st_size > size_of(ISP4XXX_PORTS_MAX))
		return -ENOMSG;
	bytes = malloc((size_t)status.st_size);
	if (!bytes)
		return -ENOMEM;
	r = read_whole(fd, bytes, (size_t)status.st_size);
	if (r < 0) {
		free(bytes);
		return r;
	}
	return take(bytes, (size_t)status.st_size, ret_image);
}

int isp4xxx_image_open(const char *path, bool may_write, struct isp4xxx_image **ret_image)
{
	int fd = open(path, (may_write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK), r;

	if (fd < 0)
		return -errno;
	r = may_write && flock(fd, LOCK_EX | LOCK_NB) < 0 ? (errno == EWOULDBLOCK ? -EBUSY : -errno) : read_file(fd, ret_image);
	if (r < 0) {
		close(fd);
		return r;
	}
	(*ret_image)->fd = fd;
	(*ret_image)->may_write = may_write;
	return 0;
}

void isp4xxx_image_free(struct isp4xxx_image *image)
{
	if (!image)
		return;
	if (image->fd >= 0)
		close(image->fd);
	explicit_bzero(image->bytes, image->size);
	free(image->bytes);
	free(image);
}

/* --- a new one --------------------------------------------------------------------------------------------------------------------- */

static uint8_t *segment_at(const struct isp4xxx_image *image, unsigned int port, uint32_t offset, size_t *ret_size)
{
	size_t at = IMAGE_PORTS + port * port_size();

	if (port >= image->ports)
		return NULL;
	for (size_t i = 0; i < SEGMENTS; at += segments[i++].slot) {
		if (segments[i].address != ISP_FLASH_SEGMENT(offset))
			continue;
		*ret_size = segments[i].size;
		return image->bytes + at;
	}
	return NULL;
}

static bool is_serial(const char *serial)
{
	size_t len = strnlen(serial, ISP4XXX_SERIAL_MAX + 1);

	return len && len <= ISP4XXX_SERIAL_MAX &&
	       strspn(serial, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* Erased flash is all ones. */
static void fill_port(struct isp4xxx_image *image, const struct isp4xxx_identity *identity, unsigned int port)
{
	size_t size;

	for (size_t i = 0; i < SEGMENTS; i++)
		memset(segment_at(image, port, segments[i].address, &size), 0xff, segments[i].size);
	isp4xxx_default_sysinfo(identity, port, segment_at(image, port, ISP4XXX_FLASH_SYSINFO, &size));
	isp4xxx_default_acb(identity, port, segment_at(image, port, ISP4XXX_FLASH_IFCB, &size));
}

int isp4xxx_image_new(const struct isp4xxx_identity *identity, struct isp4xxx_image **ret_image)
{
	struct head head = {.version = htole32(IMAGE_VERSION)};
	uint8_t *bytes;
	int r;

	if (!is_model(identity->model) || !identity->ports || identity->ports > ISP4XXX_PORTS_MAX || !is_serial(identity->serial))
		return -EINVAL;
	bytes = calloc(1, size_of(identity->ports));
	if (!bytes)
		return -ENOMEM;
	memcpy(head.magic, magic, sizeof(magic));
	head.model = htole32(identity->model);
	head.ports = htole32(identity->ports);
	head.size = htole32((uint32_t)size_of(identity->ports));
	memcpy(bytes, &head, sizeof(head));
	r = take(bytes, size_of(identity->ports), ret_image);
	if (r < 0)
		return r;
	(*ret_image)->may_write = true;
	isp4xxx_default_nvram(identity, (*ret_image)->bytes + IMAGE_NVRAM);
	for (unsigned int port = 0; port < identity->ports; port++)
		fill_port(*ret_image, identity, port);
	return 0;
}

int isp4xxx_image_create(const char *path, const struct isp4xxx_identity *identity)
{
	struct isp4xxx_image *image;
	int r = isp4xxx_image_new(identity, &image);

	if (r < 0)
		return r;
	r = text_write_new_file(path, (const char *)image->bytes, image->size, 0600);
	isp4xxx_image_free(image);
	return r;
}

/* --- access ------------------------------------------------------------------------------------------------------------------------ */

unsigned int isp4xxx_image_model(const struct isp4xxx_image *image)
{
	return image->model;
}

unsigned int isp4xxx_image_ports(const struct isp4xxx_image *image)
{
	return image->ports;
}

size_t isp4xxx_image_segment_size(const struct isp4xxx_image *image, uint32_t offset)
{
	size_t size;

	return segment_at(image, 0, offset, &size) ? size : 0;
}

static int write_bytes(struct isp4xxx_image *image, uint8_t *at, const void *bytes, size_t len)
{
	size_t place = (size_t)(at - image->bytes), done = 0;

	if (!image->may_write)
		return -EROFS;
	while (image->fd >= 0 && done < len) {
		ssize_t n = pwrite(image->fd, (const uint8_t *)bytes + done, len - done, (off_t)(place + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		done += (size_t)n;
	}
	memcpy(at, bytes, len);
	return 0;
}

int isp4xxx_image_read(const struct isp4xxx_image *image, unsigned int port, uint32_t offset, void *bytes, size_t len)
{
	size_t size;
	const uint8_t *at = segment_at(image, port, offset, &size);

	if (!at)
		return -ENXIO;
	if (ISP_FLASH_OFFSET(offset) > size || len > size - ISP_FLASH_OFFSET(offset))
		return -ERANGE;
	memcpy(bytes, at + ISP_FLASH_OFFSET(offset), len);
	return 0;
}

int isp4xxx_image_write(struct isp4xxx_image *image, unsigned int port, uint32_t offset, const void *bytes, size_t len)
{
	size_t size;
	uint8_t *at = segment_at(image, port, offset, &size);

	if (!at)
		return -ENXIO;
	if (ISP_FLASH_OFFSET(offset) > size || len > size - ISP_FLASH_OFFSET(offset))
		return -ERANGE;
	return write_bytes(image, at + ISP_FLASH_OFFSET(offset), bytes, len);
}

static bool is_in_nvram(const struct isp4xxx_image *image, size_t offset, size_t len)
{
	size_t size = isp4xxx_nvram_size(image->model);

	return offset <= size && len <= size - offset;
}

int isp4xxx_image_read_nvram(const struct isp4xxx_image *image, size_t offset, void *bytes, size_t len)
{
	if (!is_in_nvram(image, offset, len))
		return -ERANGE;
	memcpy(bytes, image->bytes + IMAGE_NVRAM + offset, len);
	return 0;
}

int isp4xxx_image_write_nvram(struct isp4xxx_image *image, size_t offset, const void *bytes, size_t len)
{
	if (!is_in_nvram(image, offset, len))
		return -ERANGE;
	return write_bytes(image, image->bytes + IMAGE_NVRAM + offset, bytes, len);
}

int isp4xxx_image_sync(struct isp4xxx_image *image)
{
	return image->fd >= 0 && fsync(image->fd) < 0 ? -errno : 0;
}

/* --- what a card would stumble over -------------------------------------------------------------------------------------------------- */

struct findings {
	struct text *text;
	unsigned int count;
};

/* index: -1 for what there is only one of. */
static void find(struct findings *findings, unsigned int port, const char *what, int index, const char *sentence)
{
	findings->count++;
	text_addf(findings->text, "port %u: %s", port, what);
	if (index >= 0)
		text_addf(findings->text, " %d", index);
	text_addf(findings->text, ": %s\n", sentence);
}

static bool is_ended(enum isp4xxx_row row, const uint8_t *bytes)
{
	return memchr(bytes + isp4xxx_rows[row].offset, 0, isp4xxx_rows[row].width);
}

static bool is_empty(enum isp4xxx_row row, const uint8_t *bytes)
{
	return isp4xxx_field_is_zero(&isp4xxx_rows[row], bytes);
}

static void verify_sysinfo(const uint8_t *sysinfo, unsigned int port, struct findings *findings)
{
	const uint8_t *mac = sysinfo + isp4xxx_rows[ISP4XXX_SYSINFO_MAC0].offset;

	if (is_empty(ISP4XXX_SYSINFO_MAC0, sysinfo) || mac[0] & 1)
		find(findings, port, "sysinfo", -1, "mac0 is no station's address");
	if (!is_ended(ISP4XXX_SYSINFO_SERIAL, sysinfo))
		find(findings, port, "sysinfo", -1, "the serial number has no end");
}

static void verify_acb(const uint8_t *acb, unsigned int port, struct findings *findings)
{
	if (isp4xxx_get(ISP4XXX_ACB_COOKIE, acb) != ISP_ACB_COOKIE)
		find(findings, port, "acb", -1, "the cookie is wrong: the block is not valid");
	if (!is_ended(ISP4XXX_ACB_NAME, acb) || is_empty(ISP4XXX_ACB_NAME, acb))
		find(findings, port, "acb", -1, "the initiator name is empty or has no end");
	if (!is_ended(ISP4XXX_ACB_ALIAS, acb))
		find(findings, port, "acb", -1, "the alias has no end");
}

static bool is_chap_valid(const uint8_t *chaps, unsigned int index)
{
	return index < ISP4XXX_CHAP_COUNT && isp4xxx_get(ISP4XXX_CHAP_COOKIE, chaps + index * ISP4XXX_CHAP_SIZE) == ISP_CHAP_COOKIE;
}

static void verify_ddb(const uint8_t *ddb, const uint8_t *chaps, unsigned int port, unsigned int index, struct findings *findings)
{
	uint64_t chap = isp4xxx_get(ISP4XXX_DDB_CHAP_INDEX, ddb);

	if (isp4xxx_get(ISP4XXX_DDB_COOKIE, ddb) != ISP_DDB_COOKIE)
		return;
	if (!is_ended(ISP4XXX_DDB_NAME, ddb))
		find(findings, port, "ddb", (int)index, "the target name has no end");
	if (is_empty(ISP4XXX_DDB_ADDRESS, ddb) || is_empty(ISP4XXX_DDB_PORT, ddb))
		find(findings, port, "ddb", (int)index, "there is no address or no port");
	if (isp4xxx_get(ISP4XXX_DDB_CHAP, ddb) && !is_chap_valid(chaps, (unsigned int)chap))
		find(findings, port, "ddb", (int)index, "CHAP is on, and chap_index names no valid entry");
}

static void verify_chap(const uint8_t *chap, unsigned int port, unsigned int index, struct findings *findings)
{
	uint64_t length = isp4xxx_get(ISP4XXX_CHAP_SECRET_LENGTH, chap), flags = isp4xxx_get(ISP4XXX_CHAP_FLAGS, chap);

	if (isp4xxx_get(ISP4XXX_CHAP_COOKIE, chap) != ISP_CHAP_COOKIE)
		return;
	if (!length || length > isp4xxx_rows[ISP4XXX_CHAP_SECRET].width)
		find(findings, port, "chap", (int)index, "the length of the secret is not 1 to 100");
	if (!is_ended(ISP4XXX_CHAP_NAME, chap) || is_empty(ISP4XXX_CHAP_NAME, chap))
		find(findings, port, "chap", (int)index, "the name is empty or has no end");
	if (!(flags & (ISP_CHAP_LOCAL | ISP_CHAP_PEER)))
		find(findings, port, "chap", (int)index, "the entry is neither local nor of the peer");
}

static void verify_port(const struct isp4xxx_image *image, unsigned int port, struct findings *findings)
{
	size_t size;
	const uint8_t *ddbs = segment_at(image, port, ISP4XXX_FLASH_DDB, &size);
	const uint8_t *chaps = segment_at(image, port, ISP4XXX_FLASH_CHAP, &size);

	verify_sysinfo(segment_at(image, port, ISP4XXX_FLASH_SYSINFO, &size), port, findings);
	verify_acb(segment_at(image, port, ISP4XXX_FLASH_IFCB, &size), port, findings);
	for (unsigned int i = 0; i < ISP4XXX_DDB_FLASH_COUNT; i++)
		verify_ddb(ddbs + i * ISP_DDB_SIZE, chaps, port, i, findings);
	for (unsigned int i = 0; i < ISP4XXX_CHAP_COUNT; i++)
		verify_chap(chaps + i * ISP4XXX_CHAP_SIZE, port, i, findings);
}

unsigned int isp4xxx_image_verify(const struct isp4xxx_image *image, struct text *text)
{
	struct findings findings = {text, 0};
	uint16_t sum = isp4xxx_nvram_sum(image->bytes + IMAGE_NVRAM, isp4xxx_nvram_size(image->model));

	if (sum) {
		findings.count++;
		text_addf(text, "nvram: the sum of all words is %#06x, not 0: drivers fall back to defaults\n", sum);
	}
	for (unsigned int port = 0; port < image->ports; port++)
		verify_port(image, port, &findings);
	return findings.count;
}
