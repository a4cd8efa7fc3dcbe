/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Options as rows: what an option takes, where it goes, what --help says of it. Those of ports may be given once for each port,
 * in their order.
 */
#include "tests/hba/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/trace.h"

#define SERIAL_DEFAULT "EMU0000000001"

/* What is being read. next counts the ports that an option was given for already. */
struct parse {
	struct options *options;
	unsigned int next[16]; /* by row */
	char *error;
	size_t size;
};

typedef int take_fn(struct parse *parse, unsigned int port, const char *value);

static int take_model(struct parse *parse, unsigned int port, const char *value)
{
	static const char *const models[] = {"4010", "4022", "4032"};

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(value, models[i]) == 0) {
			parse->options->card.identity.model = (unsigned int)strtoul(value, NULL, 16);
			parse->options->has_model = true;
			return 0;
		}
	return -EINVAL;
}

static int take_ports(struct parse *parse, unsigned int port, const char *value)
{
	if ((value[0] != '1' && value[0] != '2') || value[1])
		return -EINVAL;
	parse->options->card.identity.ports = (unsigned int)(value[0] - '0');
	parse->options->has_ports = true;
	return 0;
}

static int take_serial(struct parse *parse, unsigned int port, const char *value)
{
	size_t length = strlen(value);

	if (!length || length > ISP4XXX_SERIAL_MAX)
		return -EINVAL;
	memcpy(parse->options->card.identity.serial, value, length + 1);
	return 0;
}

static int take_mac(struct parse *parse, unsigned int port, const char *value)
{
	unsigned int byte[6];
	char rest;

	if (sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4], &byte[5], &rest) != 6 || (byte[0] & 1))
		return -EINVAL;
	for (unsigned int i = 0; i < 6; i++)
		parse->options->card.identity.mac[port][i] = (uint8_t)byte[i];
	return 0;
}

static int take_image(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->card.image = value;
	return 0;
}

static int take_socket(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->card.port[port].socket = value;
	return 0;
}

static int take_netns(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->card.port[port].netns = value;
	return 0;
}

static int take_nic(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->card.port[port].nic = value;
	return 0;
}

static int take_control(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->control_path = value;
	return 0;
}

static int take_trace(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->trace_path = value;
	return 0;
}

static int take_raw_trace(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->trace_path = value;
	parse->options->trace_parts |= TRACE_RAW;
	return 0;
}

static int take_debug(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->is_debug = true;
	return 0;
}

static int take_help(struct parse *parse, unsigned int port, const char *value)
{
	parse->options->wants_help = true;
	return 0;
}

static const struct option_row {
	const char *name, *value;
	bool is_of_port;
	take_fn *take;
	const char *sentence;
} rows[] = {
	{"model", "MODEL", false, take_model, "4010, 4022 or 4032; 4032 by default"},
	{"ports", "COUNT", false, take_ports, "PCI functions with a port: 1 or 2; 1 by default"},
	{"serial", "TEXT", false, take_serial, "serial number; " SERIAL_DEFAULT " by default"},
	{"image", "FILE", false, take_image, "flash and NVRAM, made if it does not exist; in memory by default"},
	{"socket", "PATH", true, take_socket, "where QEMU finds the port (vfio-user)"},
	{"mac", "ADDRESS", true, take_mac, "MAC address; made of the serial number by default"},
	{"netns", "NAME", true, take_netns, "network namespace, by name or path; the host's network by default"},
	{"nic", "NAME", true, take_nic, "NIC of the port in its namespace; the only one by default"},
	{"control", "PATH", false, take_control, "socket for tests: see tests/hba/README.md"},
	{"trace", "FILE", false, take_trace, "what passes between driver and card, fit for diff(1); - is standard output"},
	{"raw-trace", "FILE", false, take_raw_trace, "the same with every value and time"},
	{"debug", NULL, false, take_debug, "log more"},
	{"help", NULL, false, take_help, "show this text"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= 16, "struct parse counts this many");

void options_help(FILE *out)
{
	fputs("Usage: hba [OPTION]...\n\nAn iSCSI HBA made of software, for QEMU's vfio-user-pci device. "
	      "Options of a port, marked *, are given once for each.\n\n",
	      out);
	for (size_t i = 0; i < ROWS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "--%s%s%s", rows[i].name, rows[i].value ? " " : "", rows[i].value ? rows[i].value : "");
		fprintf(out, "  %c %-20s %s\n", rows[i].is_of_port ? '*' : ' ', name, rows[i].sentence);
	}
}

static int take(struct parse *parse, size_t row, const char *value)
{
	unsigned int port = rows[row].is_of_port ? parse->next[row]++ : 0;

	if (port >= ISP4XXX_PORTS_MAX) {
		snprintf(parse->error, parse->size, "--%s: a card has at most %d ports", rows[row].name, ISP4XXX_PORTS_MAX);
		return -EINVAL;
	}
	if (rows[row].take(parse, port, value) == 0)
		return 0;
	snprintf(parse->error, parse->size, "--%s: '%s' cannot be used here: %s", rows[row].name, value, rows[row].sentence);
	return -EINVAL;
}

/* Cards of different serial numbers have different addresses; the first three bytes are the maker's of these cards. */
static void invent_macs(struct isp4xxx_identity *identity)
{
	uint32_t hash = 2166136261u;

	for (const char *at = identity->serial; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	for (unsigned int port = 0; port < ISP4XXX_PORTS_MAX; port++) {
		const uint8_t mac[6] = {0x00, 0xc0, 0xdd, (uint8_t)(hash >> 16), (uint8_t)(hash >> 8), (uint8_t)((hash & 0xfe) + port)};

		if (memcmp(identity->mac[port], (const uint8_t[6]){0}, 6) == 0)
			memcpy(identity->mac[port], mac, 6);
	}
}

static int check_ports(struct parse *parse)
{
	const struct card_settings *card = &parse->options->card;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].is_of_port && parse->options->has_ports && parse->next[i] > card->identity.ports) {
			snprintf(parse->error, parse->size, "--%s is given for %u ports, the card has %u", rows[i].name, parse->next[i],
				 card->identity.ports);
			return -EINVAL;
		}
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options, char *ret_error, size_t size)
{
	struct parse parse = {.options = ret_options, .error = ret_error, .size = size};
	struct option known[ROWS + 1] = {0};
	int found, index = 0;

	*ret_options = (struct options){.card.identity = {.model = 0x4032, .ports = 1, .serial = SERIAL_DEFAULT}, .trace_parts = TRACE_ALL};
	for (size_t i = 0; i < ROWS; i++)
		known[i] = (struct option){.name = rows[i].name, .has_arg = rows[i].value ? required_argument : no_argument};
	optind = 0;
	opterr = 0;
	while ((found = getopt_long(argc, argv, "", known, &index)) != -1) {
		if (found == '?') {
			snprintf(ret_error, size, "'%s' is no option, or its value is missing: see --help", argv[optind - 1]);
			return -EINVAL;
		}
		if (take(&parse, (size_t)index, optarg) < 0)
			return -EINVAL;
	}
	if (optind < argc) {
		snprintf(ret_error, size, "'%s' is no option: see --help", argv[optind]);
		return -EINVAL;
	}
	invent_macs(&ret_options->card.identity);
	return check_ports(&parse);
}
