/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an ISP4xxx iSCSI adapter keeps: the fields of its structures (address control block, DDB, CHAP entry, EEPROM, ...), one row of
 * transport/abi/isp4xxx_fields.def each, as numbers and as text; and the image file that stands for the flash and EEPROM of a card.
 * The emulated card runs on such a file, hbafw(8) makes, shows and changes it. Nothing here talks to a card.
 */
#ifndef OPENHBA_LIB_ISP4XXX_H
#define OPENHBA_LIB_ISP4XXX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"

/* --- fields ------------------------------------------------------------------------------------------------------------------ */

enum isp4xxx_structure {
	ISP4XXX_ACB,		/* address control block, 768 bytes (also the IFCB) */
	ISP4XXX_DDB,		/* device database entry, 512 bytes */
	ISP4XXX_CHAP,		/* CHAP table entry, 364 bytes */
	ISP4XXX_SYSINFO,	/* system information, 512 bytes */
	ISP4XXX_ABOUT,		/* what ABOUT_FW tells, 256 bytes */
	ISP4XXX_CRASH,		/* crash record without its stack dump, 640 bytes */
	ISP4XXX_STATISTICS,	/* management data, 1040 bytes */
	ISP4XXX_NVRAM_4010,	/* EEPROM of the 4010, 512 bytes */
	ISP4XXX_NVRAM_4022,	/* EEPROM of the 4022 and 4032, 2048 bytes */
	ISP4XXX_STRUCTURES,
};

enum isp4xxx_kind {
	ISP4XXX_NUMBER,		/* little-endian; shown in decimal */
	ISP4XXX_HEX,		/* the same, shown in hexadecimal */
	ISP4XXX_BIG,		/* a big-endian number */
	ISP4XXX_FLAG,		/* one bit: on or off */
	ISP4XXX_TEXT,		/* ASCII, ended by NUL or the field's end */
	ISP4XXX_SECRET,		/* the same, shown as stars unless asked */
	ISP4XXX_IPV4,		/* four bytes as on the wire */
	ISP4XXX_IPV6,		/* sixteen */
	ISP4XXX_MAC,		/* six */
	ISP4XXX_BYTES,		/* others: pairs of hexadecimal digits */
	ISP4XXX_ISID,		/* six bytes, last one first; shown as on the wire */
	ISP4XXX_ADDRESS,	/* sixteen bytes of a DDB: IPv6 where its options say so, else IPv4 in the first four */
};

/* The rows by name: ISP4XXX_ACB_MTU, ISP4XXX_DDB_NAME, ... */
enum isp4xxx_row {
#define ISP_FIELD(structure, id, offset, width, bit, bits, kind, name, sentence) ISP4XXX_##structure##_##id,
#include "transport/abi/isp4xxx_fields.def"
#undef ISP_FIELD
	ISP4XXX_ROWS,
};

/* A row. Number kinds are the bits [shift, shift + bits) of the width bytes at offset. */
struct isp4xxx_field {
	enum isp4xxx_structure structure;
	enum isp4xxx_kind kind;
	uint16_t offset, width;
	uint8_t shift, bits;
	const char *name, *sentence;
};

extern const struct isp4xxx_field isp4xxx_rows[ISP4XXX_ROWS];

/* The short form for code that knows its row: a number out of and into a whole structure. */
uint64_t isp4xxx_get(enum isp4xxx_row row, const void *bytes);
void isp4xxx_set(enum isp4xxx_row row, void *bytes, uint64_t number); /* bits beyond the field's are dropped */

/* Where a field that is no number begins; isp4xxx_rows[row].width bytes. */
static inline void *isp4xxx_at(enum isp4xxx_row row, void *bytes)
{
	return (uint8_t *)bytes + isp4xxx_rows[row].offset;
}

/* What a structure is called ("acb", "ddb", "chap", "sysinfo", "about", "crash", "statistics", "nvram") and its size in bytes. */
const char *isp4xxx_structure_name(enum isp4xxx_structure structure);
size_t isp4xxx_structure_size(enum isp4xxx_structure structure);

/* The rows of one structure, as they stand in the .def. Static storage. */
const struct isp4xxx_field *isp4xxx_fields(enum isp4xxx_structure structure, size_t *ret_count);

/* NULL: no such row. */
const struct isp4xxx_field *isp4xxx_field_find(enum isp4xxx_structure structure, const char *name);

/* bytes is the whole structure in memory or flash form. A field that is no number is 0; set: -EINVAL for it, -ERANGE if too large. */
uint64_t isp4xxx_field_number(const struct isp4xxx_field *field, const void *bytes);
int isp4xxx_field_set_number(const struct isp4xxx_field *field, void *bytes, uint64_t number);

/* Appends the value as text; bytes of a text that are not printable become '?'. secrets: show them. */
void isp4xxx_field_format(const struct isp4xxx_field *field, const void *bytes, bool secrets, struct text *text);

/*
 * The way back; an ADDRESS sets the option that tells its family, too. -EINVAL: not of the row's kind; -ERANGE: too large or too long.
 * bytes are unchanged on an error.
 */
int isp4xxx_field_parse(const struct isp4xxx_field *field, void *bytes, const char *value);

/* True if all bytes of the field are zero (or off). */
bool isp4xxx_field_is_zero(const struct isp4xxx_field *field, const void *bytes);

/* --- what a new card holds ---------------------------------------------------------------------------------------------------- */

#define ISP4XXX_PORTS_MAX 2
#define ISP4XXX_SERIAL_MAX 15	   /* bytes */
#define ISP4XXX_DDB_FLASH_COUNT 64 /* entries of the DDB table in flash */
#define ISP4XXX_CHAP_COUNT 128	   /* entries of the CHAP table */
#define ISP4XXX_CHAP_SIZE 364
#define ISP4XXX_FLASH_SYSINFO 0x02000000u /* offsets of READ_FLASH and WRITE_FLASH: bits 31:24 select what follows */
#define ISP4XXX_FLASH_DRIVER 0x03000000u
#define ISP4XXX_FLASH_IFCB 0x04000000u
#define ISP4XXX_FLASH_DDB 0x05000000u
#define ISP4XXX_FLASH_CHAP 0x06000000u

struct isp4xxx_identity {
	unsigned int model; /* 0x4010, 0x4022, 0x4032: the PCI device number */
	unsigned int ports; /* 1 or 2 */
	char serial[ISP4XXX_SERIAL_MAX + 1];
	uint8_t mac[ISP4XXX_PORTS_MAX][6];
};

/* 512 for the 4010, else 2048. */
size_t isp4xxx_nvram_size(unsigned int model);

/* The 16-bit sum of all words: 0 if the EEPROM is sound. seal makes it so by its last word. len is even. */
uint16_t isp4xxx_nvram_sum(const void *bytes, size_t len);
void isp4xxx_nvram_seal(void *bytes, size_t len);

/* Factory contents. acb: 768 bytes; ddb: 512; port from 0. */
void isp4xxx_default_acb(const struct isp4xxx_identity *identity, unsigned int port, void *acb);
void isp4xxx_default_ddb(bool is_ipv6, void *ddb);
void isp4xxx_default_sysinfo(const struct isp4xxx_identity *identity, unsigned int port, void *sysinfo);
void isp4xxx_default_nvram(const struct isp4xxx_identity *identity, void *nvram);

/* --- the image file ----------------------------------------------------------------------------------------------------------- */

/*
 * One card: an EEPROM, and for each port the flash segments 02 (system information), 03 (driver block), 04 (IFCB), 05 (DDB table) and
 * 06 (CHAP table). Every port has its own: which parts real two-port boards share is not known. lib/isp4xxx_image.c draws the file.
 */
struct isp4xxx_image;

/*
 * Makes a file with factory contents (temp file, fsync, link: all or nothing). -EEXIST: there is one; -EINVAL: no such model, number of
 * ports or serial; or the errno of writing. Mode 0600: it will hold secrets.
 */
int isp4xxx_image_create(const char *path, const struct isp4xxx_identity *identity);

/*
 * Opens and checks: the one gate. -ENOMSG: not such a file; -EPROTONOSUPPORT: of another version; -EINVAL: its head contradicts itself or
 * its size. -EBUSY: to be written, and somebody else (a running card) has it open for that. Contents of flash are the card's business
 * and not checked here: see isp4xxx_image_verify(). The caller owns *ret_image.
 */
int isp4xxx_image_open(const char *path, bool may_write, struct isp4xxx_image **ret_image);
void isp4xxx_image_free(struct isp4xxx_image *image); /* NULL is fine; zeroes, it holds secrets */

/* The same gate for len bytes in memory, which are copied. The image has no file. For the fuzzer, and for a card without one. */
int isp4xxx_image_parse(const void *bytes, size_t len, struct isp4xxx_image **ret_image);

/* Factory contents in memory only. -EINVAL, -ENOMEM. */
int isp4xxx_image_new(const struct isp4xxx_identity *identity, struct isp4xxx_image **ret_image);

unsigned int isp4xxx_image_model(const struct isp4xxx_image *image);
unsigned int isp4xxx_image_ports(const struct isp4xxx_image *image);

/*
 * offset as in READ_FLASH. -ENXIO: no such segment (or port); -ERANGE: beyond its end. A write changes file and memory before it returns,
 * without waiting for the disk; -EROFS: opened for reading; or the errno of the write (memory is then unchanged).
 */
int isp4xxx_image_read(const struct isp4xxx_image *image, unsigned int port, uint32_t offset, void *bytes, size_t len);
int isp4xxx_image_write(struct isp4xxx_image *image, unsigned int port, uint32_t offset, const void *bytes, size_t len);

/* Bytes in a segment (offset & 0xff000000); 0: no such segment. */
size_t isp4xxx_image_segment_size(const struct isp4xxx_image *image, uint32_t offset);

/* The same for the EEPROM, in bytes from its start. The sum is the writer's business (isp4xxx_nvram_seal()). */
int isp4xxx_image_read_nvram(const struct isp4xxx_image *image, size_t offset, void *bytes, size_t len);
int isp4xxx_image_write_nvram(struct isp4xxx_image *image, size_t offset, const void *bytes, size_t len);

/* Waits until all is on the disk. 0 for an image without a file. */
int isp4xxx_image_sync(struct isp4xxx_image *image);

/* Appends one line for each thing a card would stumble over (sum, cookies, names without end). Returns how many. */
unsigned int isp4xxx_image_verify(const struct isp4xxx_image *image, struct text *findings);

#endif
