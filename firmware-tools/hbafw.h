/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of hbafw(8). A card is read into an image in memory first (hbafw_card.c), an image file is one already, so everything that
 * shows, dumps and verifies knows images only (hbafw_area.c). Nothing here writes to a card.
 */
#ifndef OPENHBA_FIRMWARE_TOOLS_HBAFW_H
#define OPENHBA_FIRMWARE_TOOLS_HBAFW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/isp4xxx.h"

/* Exit statuses. */
enum hbafw_status { HBAFW_OK = 0, HBAFW_FAILED = 1, HBAFW_FINDINGS = 2 };

/* The command line, and where the machine is looked at. */
struct hbafw {
	const char *sysfs, *bsg; /* "/sys", "/dev/bsg" */
	FILE *out, *err;
	const char *image, *output;
	bool has_host, has_port, secrets, all, json;
	uint32_t host_no;
	unsigned int port;
	struct isp4xxx_identity identity; /* of image create */
	unsigned int macs;		  /* that were given of it */
	char **words;			  /* what stands behind the command */
	unsigned int count;
};

/* The program: words[0] is its name. Returns its exit status. hbafw is filled with the places and streams, the rest zero. */
int hbafw_run(struct hbafw *hbafw, int argc, char **argv);

/* Says "hbafw: ..." on err; returns HBAFW_FAILED. */
int hbafw_fail(const struct hbafw *hbafw, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The commands: hbafw->words are their arguments. */
int hbafw_list(struct hbafw *hbafw);
int hbafw_show(struct hbafw *hbafw);
int hbafw_dump(struct hbafw *hbafw);
int hbafw_verify(struct hbafw *hbafw);
int hbafw_image_create(struct hbafw *hbafw);
int hbafw_image_set(struct hbafw *hbafw);

/* A part of what a card keeps. */
struct hbafw_area {
	const char *name;
	enum isp4xxx_structure structure;
	uint32_t offset;      /* in flash; 0: the EEPROM */
	unsigned int count;   /* entries of a table, else 1 */
	enum isp4xxx_row row; /* its cookie, if there are many */
	uint64_t cookie;
};

#define HBAFW_AREAS 5
extern const struct hbafw_area hbafw_areas[HBAFW_AREAS];

/* NULL: no such area. */
const struct hbafw_area *hbafw_area_find(const char *name);
enum isp4xxx_structure hbafw_area_structure(const struct hbafw_area *area, unsigned int model);
size_t hbafw_area_size(const struct hbafw_area *area, unsigned int model); /* of one entry */

/* One entry of the image's port into 2048 bytes. Never fails: areas are within the image. */
void hbafw_area_read(const struct hbafw_area *area, const struct isp4xxx_image *image, unsigned int port, unsigned int index,
		     uint8_t *bytes);

/* The image the options name, or one that is filled from the card: of areas, or of one alone. HBAFW_FAILED after a sentence. */
int hbafw_open(struct hbafw *hbafw, const struct hbafw_area *area, struct isp4xxx_image **ret_image);

/* The image file the options name, to change it. */
int hbafw_open_to_write(struct hbafw *hbafw, struct isp4xxx_image **ret_image);

/* len bytes from the card's flash or EEPROM by its driver. 0 or -errno. */
int hbafw_card_read(const struct hbafw *hbafw, bool is_nvram, uint32_t offset, void *bytes, size_t len);

/* The model of the card behind host_no, such as 0x4032; 0: it is no ISP4xxx, or not there. */
unsigned int hbafw_card_model(const struct hbafw *hbafw);

#endif
