/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the command line of iscsistart(8) into a struct; letters and names are those of open-iscsi's iscsistart. The options that are
 * settings of a node record are rows, so that they are checked like -P pairs. Opens nothing.
 */
#include "firmware-tools/start_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/portal.h"

static const struct option long_options[] = {
	{"initiatorname", required_argument, NULL, 'i'},
	{"targetname", required_argument, NULL, 't'},
	{"tgpt", required_argument, NULL, 'g'},
	{"tpgt", required_argument, NULL, 'g'},
	{"address", required_argument, NULL, 'a'},
	{"port", required_argument, NULL, 'p'},
	{"username", required_argument, NULL, 'u'},
	{"password", required_argument, NULL, 'w'},
	{"username_in", required_argument, NULL, 'U'},
	{"password_in", required_argument, NULL, 'W'},
	{"config", required_argument, NULL, 'c'},
	{"param", required_argument, NULL, 'P'},
	{"debug", required_argument, NULL, 'd'},
	{"fwparam_connect", no_argument, NULL, 'b'},
	{"fwparam_network", no_argument, NULL, 'N'},
	{"fwparam_print", no_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: iscsistart -i NAME -t NAME -g TAG -a ADDRESS [OPTION]...\n"
	"       iscsistart -b | -N | -f\n"
	"\n"
	"Logs in to iSCSI targets before there is a daemon; the sessions stay and iscsid takes them over.\n"
	"\n"
	"  -i, --initiatorname=NAME  who logs in\n"
	"  -t, --targetname=NAME     the target\n"
	"  -g, --tgpt=TAG            portal group tag of the portal\n"
	"  -a, --address=ADDRESS     address of the portal\n"
	"  -p, --port=PORT           its port (3260)\n"
	"  -u, --username=NAME       CHAP name of the initiator\n"
	"  -w, --password=SECRET     and its secret\n"
	"  -U, --username_in=NAME    CHAP name of the target\n"
	"  -W, --password_in=SECRET  and its secret\n"
	"  -c, --config=PATH         take settings from this iscsid.conf\n"
	"  -P, --param=NAME=VALUE    any setting of a node record, such as node.session.timeo.replacement_timeout=60\n"
	"  -b, --fwparam_connect     log in to all targets of the boot firmware\n"
	"  -N, --fwparam_network     set up the network as the boot firmware had it\n"
	"  -f, --fwparam_print       print what the boot firmware says\n"
	"  -d, --debug=LEVEL         say more, 0 to 8\n"
	"  -h, --help                show this text\n"
	"  -v, --version             show the version\n";

static const struct {
	char letter;
	enum field field;
} settings[] = {
	{'t', F_NODE_NAME},
	{'g', F_NODE_TPGT},
	{'p', F_NODE_CONN_PORT},
	{'u', F_NODE_SESSION_AUTH_USERNAME},
	{'w', F_NODE_SESSION_AUTH_PASSWORD},
	{'U', F_NODE_SESSION_AUTH_USERNAME_IN},
	{'W', F_NODE_SESSION_AUTH_PASSWORD_IN},
};

struct parser {
	struct start_options *options;
	FILE *err;
};

static enum iscsi_err refuse(const struct parser *parser, const char *what, const char *why)
{
	fprintf(parser->err, "iscsistart: %s: %s. See iscsistart --help.\n", what, why);
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err take_setting(const struct parser *parser, enum field field, const char *value)
{
	struct text sentence = {0};
	int r = record_set(&parser->options->given, field, value, ORIGIN_COMMAND);

	if (r == -ENOMEM)
		return ISCSI_ERR_NOMEM;
	if (r < 0) {
		record_explain(field, value, &sentence);
		fprintf(parser->err, "iscsistart: %s\n", sentence.data && !sentence.failed ? sentence.data : "a value is refused");
		text_done(&sentence);
		return ISCSI_ERR_INVAL;
	}
	return ISCSI_ERR_SUCCESS;
}

/* NAME=VALUE */
static enum iscsi_err take_pair(const struct parser *parser, const char *pair)
{
	const char *equals = strchr(pair, '=');
	char name[TEXT_NAME_MAX + 1];
	enum field field;

	if (!equals || equals == pair || (size_t)(equals - pair) > TEXT_NAME_MAX)
		return refuse(parser, "--param", "NAME=VALUE is expected");
	memcpy(name, pair, (size_t)(equals - pair));
	name[equals - pair] = '\0';
	field = field_find(RECORD_NODE, name);
	return field == FIELD_NONE ? refuse(parser, name, "no setting of a node record") : take_setting(parser, field, equals + 1);
}

/* With or without brackets around an IPv6 address. */
static enum iscsi_err take_address(const struct parser *parser, const char *text)
{
	struct portal portal;

	if (portal_parse(text, ISCSI_PORT, &portal) < 0)
		return refuse(parser, text, "not an address");
	return take_setting(parser, F_NODE_CONN_ADDRESS, portal.address);
}

static enum iscsi_err take_debug(const struct parser *parser, const char *text)
{
	char *end;
	unsigned long level = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || level > 8)
		return refuse(parser, "--debug", "0 to 8 is expected");
	parser->options->debug = (unsigned int)level;
	return ISCSI_ERR_SUCCESS;
}

/* Of several actions the last one counts. */
static enum iscsi_err take(const struct parser *parser, int letter, const char *value)
{
	switch (letter) {
	case 'i':
		parser->options->initiator_name = value;
		return ISCSI_ERR_SUCCESS;
	case 'c':
		parser->options->config_path = value;
		return ISCSI_ERR_SUCCESS;
	case 'a':
		return take_address(parser, value);
	case 'P':
		return take_pair(parser, value);
	case 'd':
		return take_debug(parser, value);
	case 'b':
		parser->options->action = START_BOOT;
		return ISCSI_ERR_SUCCESS;
	case 'N':
		parser->options->action = START_NETWORK;
		return ISCSI_ERR_SUCCESS;
	case 'f':
		parser->options->action = START_PRINT;
		return ISCSI_ERR_SUCCESS;
	default:
		for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
			if (settings[i].letter == letter)
				return take_setting(parser, settings[i].field, value);
		return ISCSI_ERR_INVAL;
	}
}

static void wipe_secret(int letter, char *value)
{
	if (letter == 'w' || letter == 'W' || (letter == 'P' && strstr(value, "password")))
		explicit_bzero(value, strlen(value));
}

static enum iscsi_err check_complete(const struct parser *parser)
{
	const struct start_options *options = parser->options;
	const struct record *given = &options->given;

	if (options->action != START_LOGIN)
		return ISCSI_ERR_SUCCESS;
	if (!options->initiator_name || !*options->initiator_name)
		return refuse(parser, "--initiatorname", "missing");
	if (!*record_text(given, F_NODE_NAME))
		return refuse(parser, "--targetname", "missing");
	if (!given->values[F_NODE_TPGT].given)
		return refuse(parser, "--tgpt", "missing");
	if (!*record_text(given, F_NODE_CONN_ADDRESS))
		return refuse(parser, "--address", "missing");
	return ISCSI_ERR_SUCCESS;
}

enum iscsi_err start_options_parse(int argc, char **argv, struct start_options *options, FILE *out, FILE *err)
{
	struct parser parser = {options, err};
	enum iscsi_err error = ISCSI_ERR_SUCCESS;
	int letter;

	*options = (struct start_options){.action = START_LOGIN};
	record_init(&options->given, RECORD_NODE);
	optind = 0;
	opterr = 0;
	while (!error && (letter = getopt_long(argc, argv, ":i:t:g:a:p:u:w:U:W:c:P:d:bNfhv", long_options, NULL)) != -1) {
		if (letter == 'h' || letter == 'v') {
			fputs(letter == 'h' ? usage : "iscsistart version " COMPAT_VERSION "\n", out);
			options->action = START_NOTHING;
			return ISCSI_ERR_SUCCESS;
		}
		if (letter == '?' || letter == ':')
			return refuse(&parser, argv[optind - 1], letter == ':' ? "a value is missing" : "unknown option");
		error = take(&parser, letter, optarg);
		if (optarg)
			wipe_secret(letter, optarg);
	}
	if (!error && optind < argc)
		return refuse(&parser, argv[optind], "no argument is expected here");
	return error ? error : check_complete(&parser);
}

void start_options_done(struct start_options *options)
{
	record_done(&options->given);
}

int start_options_apply(const struct start_options *options, struct record *node)
{
	char number[FIELD_NUMBER_TEXT_MAX];
	int r = 0;

	for (enum field field = 0; r == 0 && field < FIELD_COUNT; field++) {
		const struct field_row *row = &field_rows[field];

		if (row->flags & FIELD_ALIAS || !(row->kinds & 1u << RECORD_NODE) || !options->given.values[field].given)
			continue;
		r = record_set(node, field, record_format_value(&options->given, field, number), ORIGIN_COMMAND);
	}
	return r;
}
