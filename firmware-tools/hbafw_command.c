/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of hbafw(8): commands and options are rows, from which --help comes, too. Decides what belongs together; opens
 * nothing.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-tools/hbafw.h"

enum option_bit {
	OPTION_HOST = 1,
	OPTION_IMAGE = 2,
	OPTION_PORT = 4,
	OPTION_SECRETS = 8,
	OPTION_ALL = 16,
	OPTION_JSON = 32,
	OPTION_OUTPUT = 64,
	OPTION_IDENTITY = 128,
	OPTION_SOURCE = OPTION_HOST | OPTION_IMAGE | OPTION_PORT,
};

static const struct option_row {
	const char *name;
	int has_value, letter;
	unsigned int bit; /* 0: always allowed */
	const char *value, *sentence;
} option_rows[] = {
	{"host", required_argument, 'H', OPTION_HOST, "N", "the card behind iSCSI host N"},
	{"image", required_argument, 'i', OPTION_IMAGE, "FILE", "an image file instead of a card"},
	{"port", required_argument, 'p', OPTION_PORT, "N", "port 0 (default) or 1 of an image"},
	{"secrets", no_argument, 's', OPTION_SECRETS, "", "show CHAP secrets"},
	{"all", no_argument, 'a', OPTION_ALL, "", "show fields that are zero and entries that are free, too"},
	{"json", no_argument, 'j', OPTION_JSON, "", "one JSON object per line"},
	{"output", required_argument, 'o', OPTION_OUTPUT, "FILE", "write bytes to a new file instead of a hexadecimal listing"},
	{"model", required_argument, 'M', OPTION_IDENTITY, "MODEL", "4010, 4022 or 4032 (default)"},
	{"ports", required_argument, 'P', OPTION_IDENTITY, "N", "1 (default) or 2"},
	{"serial", required_argument, 'S', OPTION_IDENTITY, "TEXT", "serial number"},
	{"mac", required_argument, 'm', OPTION_IDENTITY, "MAC", "MAC address of the first, then of the second port"},
	{"help", no_argument, 'h', 0, "", "show this text"},
	{"version", no_argument, 'V', 0, "", "show the version"},
};
#define OPTIONS (sizeof(option_rows) / sizeof(option_rows[0]))

static const struct command_row {
	const char *words[2];
	int (*run)(struct hbafw *hbafw);
	unsigned int options, min, max;
	const char *arguments, *sentence;
} command_rows[] = {
	{{"list", ""}, hbafw_list, OPTION_JSON, 0, 0, "", "HBAs in this machine"},
	{{"show", ""}, hbafw_show, OPTION_SOURCE | OPTION_SECRETS | OPTION_ALL | OPTION_JSON, 1, 2, "AREA [INDEX]", "fields of an area"},
	{{"dump", ""}, hbafw_dump, OPTION_SOURCE | OPTION_OUTPUT, 1, 3, "AREA [INDEX] | flash OFFSET LENGTH", "bytes of an area"},
	{{"verify", ""}, hbafw_verify, OPTION_SOURCE | OPTION_JSON, 0, 0, "", "what a driver would stumble over"},
	{{"image", "create"}, hbafw_image_create, OPTION_IDENTITY, 1, 1, "FILE", "a new image with factory contents"},
	{{"image", "show"}, hbafw_show, OPTION_PORT | OPTION_SECRETS | OPTION_ALL | OPTION_JSON, 2, 3, "FILE AREA [INDEX]", "as show"},
	{{"image", "verify"}, hbafw_verify, OPTION_PORT | OPTION_JSON, 1, 1, "FILE", "as verify"},
	{{"image", "set"}, hbafw_image_set, OPTION_PORT, 3, UINT16_MAX, "FILE AREA [INDEX] NAME=VALUE...", "change fields of an image"},
};
#define COMMANDS (sizeof(command_rows) / sizeof(command_rows[0]))

int hbafw_fail(const struct hbafw *hbafw, const char *format, ...)
{
	va_list args;

	fputs("hbafw: ", hbafw->err);
	va_start(args, format);
	vfprintf(hbafw->err, format, args);
	va_end(args);
	fputc('\n', hbafw->err);
	return HBAFW_FAILED;
}

static void print_help(FILE *out)
{
	char line[64];

	fputs("Usage: hbafw COMMAND [OPTION]...\n"
	      "Lists iSCSI HBAs and shows what they keep in flash and EEPROM; makes images of them.\n\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command_row *row = &command_rows[i];

		snprintf(line, sizeof(line), "%s%s%s %s", row->words[0], *row->words[1] ? " " : "", row->words[1], row->arguments);
		fprintf(out, "  %-44s  %s\n", line, row->sentence);
	}
	fputs("\nAREA is", out);
	for (size_t i = 0; i < HBAFW_AREAS; i++)
		fprintf(out, " %s,", hbafw_areas[i].name);
	fputs(" or flash for all but nvram. ddb and chap are tables.\n\n", out);
	for (size_t i = 0; i < OPTIONS; i++) {
		snprintf(line, sizeof(line), "--%s%s%s", option_rows[i].name, *option_rows[i].value ? "=" : "", option_rows[i].value);
		fprintf(out, "  %-44s  %s\n", line, option_rows[i].sentence);
	}
}

static bool take_number(const char *text, unsigned long max, unsigned long *ret_number)
{
	char *end;

	*ret_number = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *ret_number <= max;
}

static bool take_model(struct hbafw *hbafw, const char *value)
{
	char *end;

	hbafw->identity.model = (unsigned int)strtoul(value, &end, 16);
	return strlen(value) == 4 && !*end;
}

static bool take_mac(struct hbafw *hbafw, const char *value)
{
	uint8_t sysinfo[512];

	if (hbafw->macs == ISP4XXX_PORTS_MAX || isp4xxx_field_parse(&isp4xxx_rows[ISP4XXX_SYSINFO_MAC0], sysinfo, value) < 0)
		return false;
	memcpy(hbafw->identity.mac[hbafw->macs++], sysinfo + isp4xxx_rows[ISP4XXX_SYSINFO_MAC0].offset, 6);
	return true;
}

static bool take_serial(struct hbafw *hbafw, const char *value)
{
	return snprintf(hbafw->identity.serial, sizeof(hbafw->identity.serial), "%s", value) <= ISP4XXX_SERIAL_MAX;
}

/* Values of numbers, and flags. */
static bool take_plain(struct hbafw *hbafw, int letter, const char *value)
{
	unsigned long number = 0;

	if (strchr("HpP", letter) && !take_number(value, letter == 'H' ? UINT32_MAX : letter == 'p' ? 1 : 2, &number))
		return false;
	hbafw->has_host |= letter == 'H';
	hbafw->has_port |= letter == 'p';
	hbafw->secrets |= letter == 's';
	hbafw->all |= letter == 'a';
	hbafw->json |= letter == 'j';
	if (letter == 'H')
		hbafw->host_no = (uint32_t)number;
	else if (letter == 'p')
		hbafw->port = (unsigned int)number;
	else if (letter == 'P')
		hbafw->identity.ports = (unsigned int)number;
	return true;
}

static bool take(struct hbafw *hbafw, int letter, char *value)
{
	switch (letter) {
	case 'i':
		hbafw->image = value;
		return true;
	case 'o':
		hbafw->output = value;
		return true;
	case 'M':
		return take_model(hbafw, value);
	case 'S':
		return take_serial(hbafw, value);
	case 'm':
		return take_mac(hbafw, value);
	default:
		return take_plain(hbafw, letter, value);
	}
}

/* Options of a command that were given become bits; -1: told on err, -2: --help or --version was answered. */
static int read_options(struct hbafw *hbafw, int argc, char **argv)
{
	struct option options[OPTIONS + 1] = {0};
	int index, letter, given = 0;

	for (size_t i = 0; i < OPTIONS; i++)
		options[i] = (struct option){option_rows[i].name, option_rows[i].has_value, NULL, option_rows[i].letter};
	optind = 0;
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":hV", options, &index)) != -1) {
		if (letter == 'h' || letter == 'V') {
			if (letter == 'h')
				print_help(hbafw->out);
			else
				fputs("hbafw " OPENHBA_VERSION "\n", hbafw->out);
			return -2;
		}
		if (letter == '?' || letter == ':') {
			hbafw_fail(hbafw, "%s: %s. See hbafw --help", argv[optind - 1],
				   letter == ':' ? "a value is missing" : "unknown option");
			return -1;
		}
		if (!take(hbafw, letter, optarg)) {
			hbafw_fail(hbafw, "--%s: '%s' is not one. See hbafw --help", option_rows[index].name, optarg);
			return -1;
		}
		given |= (int)option_rows[index].bit;
	}
	return given;
}

static const struct command_row *find_command(struct hbafw *hbafw)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command_row *row = &command_rows[i];
		unsigned int words = *row->words[1] ? 2 : 1;

		if (hbafw->count < words || strcmp(row->words[0], hbafw->words[0]) != 0 ||
		    (words == 2 && strcmp(row->words[1], hbafw->words[1]) != 0))
			continue;
		hbafw->words += words;
		hbafw->count -= words;
		return row;
	}
	return NULL;
}

static int check(struct hbafw *hbafw, const struct command_row *row, unsigned int given)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (given & option_rows[i].bit & ~row->options)
			return hbafw_fail(hbafw, "--%s does not go with %s %s", option_rows[i].name, row->words[0], row->words[1]);
	if (hbafw->count < row->min || hbafw->count > row->max)
		return hbafw_fail(hbafw, "usage: hbafw %s%s%s %s", row->words[0], *row->words[1] ? " " : "", row->words[1], row->arguments);
	if (hbafw->has_host && hbafw->image)
		return hbafw_fail(hbafw, "either --host or --image");
	if (hbafw->has_host && hbafw->has_port)
		return hbafw_fail(hbafw, "--port is of an image: a host is one port");
	return HBAFW_OK;
}

int hbafw_run(struct hbafw *hbafw, int argc, char **argv)
{
	const struct command_row *row;
	int given = read_options(hbafw, argc, argv);

	if (given < 0)
		return given == -2 ? HBAFW_OK : HBAFW_FAILED;
	hbafw->words = argv + optind;
	hbafw->count = (unsigned int)(argc - optind);
	row = find_command(hbafw);
	if (!row)
		return hbafw_fail(hbafw, "no such command: %s. See hbafw --help", hbafw->count ? hbafw->words[0] : "none");
	if (check(hbafw, row, (unsigned int)given) != HBAFW_OK)
		return HBAFW_FAILED;
	if (!strcmp(row->words[0], "image") && row->run != hbafw_image_create) {
		hbafw->image = hbafw->words[0];
		hbafw->words++;
		hbafw->count--;
	}
	return row->run(hbafw);
}
