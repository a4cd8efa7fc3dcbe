/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the command line of iscsid(8) into a struct; main() is the caller. Option letters and names
 * are those of open-iscsi's iscsid, plus -s. Never opens files and never exits.
 */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ipc.h"

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'}, {"initiatorname", required_argument, NULL, 'i'},
	{"foreground", no_argument, NULL, 'f'},	  {"debug", required_argument, NULL, 'd'},
	{"no-pid-file", no_argument, NULL, 'n'},  {"uid", required_argument, NULL, 'u'},
	{"gid", required_argument, NULL, 'g'},	  {"pid", required_argument, NULL, 'p'},
	{"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'v'},	  {NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: iscsid [OPTION]\n"
	"\n"
	"Keeps iSCSI sessions: logs in, recovers lost connections, logs out.\n"
	"\n"
	"  -c, --config=PATH         configuration file (" CONFDIR "/iscsid.conf)\n"
	"  -i, --initiatorname=PATH  initiator name (" CONFDIR "/initiatorname.iscsi)\n"
	"  -f, --foreground          stay in the foreground, log to stderr\n"
	"  -d, --debug=LEVEL         say more, 0 to 8\n"
	"  -n, --no-pid-file         write no pid file\n"
	"  -u, --uid=UID             run as this user\n"
	"  -g, --gid=GID             run as this group\n"
	"  -p, --pid=PATH            pid file (" OPTIONS_PID_FILE_DEFAULT ")\n"
	"  -s, --socket=PATH         socket iscsiadm talks to (" IPC_SOCKET_DEFAULT ")\n"
	"  -h, --help                show this text\n"
	"  -v, --version             show the version\n";

static bool number_parse(const char *text, unsigned long max, unsigned long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoul(text, &end, 10);
	return !errno && text[0] >= '0' && text[0] <= '9' && !*end && *ret_number <= max;
}

static void options_init(struct options *options)
{
	const char *socket_path = getenv(IPC_SOCKET_ENV);

	*options = (struct options){
		.config_path = CONFDIR "/iscsid.conf",
		.initiator_path = CONFDIR "/initiatorname.iscsi",
		.pid_path = OPTIONS_PID_FILE_DEFAULT,
		.socket_path = socket_path && *socket_path ? socket_path : IPC_SOCKET_DEFAULT,
		.has_pid_file = true,
	};
}

/* The options that take a number. False: it is not one. */
static bool option_take_number(struct options *options, int letter, const char *text)
{
	unsigned long number;

	if (!number_parse(text, letter == 'd' ? 8 : 0xfffffffeul, &number))
		return false;
	if (letter == 'd')
		options->debug = (unsigned int)number;
	else if (letter == 'u')
		options->uid = (uid_t)number;
	else
		options->gid = (gid_t)number;
	return true;
}

static bool option_take_path(struct options *options, int letter, const char *path)
{
	const char **place = letter == 'c'   ? &options->config_path
			     : letter == 'i' ? &options->initiator_path
			     : letter == 'p' ? &options->pid_path
					     : &options->socket_path;

	*place = path;
	return *path != '\0';
}

static bool option_take(struct options *options, int letter, const char *argument)
{
	switch (letter) {
	case 'f':
		options->foreground = true;
		return true;
	case 'n':
		options->has_pid_file = false;
		return true;
	case 'd':
	case 'u':
	case 'g':
		return option_take_number(options, letter, argument);
	default:
		return option_take_path(options, letter, argument);
	}
}

enum options_result options_parse(int argc, char **argv, struct options *options, FILE *out,
				  FILE *err)
{
	int letter;

	options_init(options);
	optind = 0;
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":c:i:fd:nu:g:p:s:hv", long_options, NULL)) !=
	       -1) {
		if (letter == 'h') {
			fputs(usage, out);
			return OPTIONS_EXIT_OK;
		}
		if (letter == 'v') {
			fprintf(out, "iscsid version %s\n", COMPAT_VERSION);
			return OPTIONS_EXIT_OK;
		}
		if (letter == '?' || letter == ':') {
			fprintf(err, "iscsid: %s: %s. See iscsid --help.\n", argv[optind - 1],
				letter == ':' ? "a value is missing" : "unknown option");
			return OPTIONS_EXIT_FAILURE;
		}
		if (!option_take(options, letter, optarg)) {
			fprintf(err, "iscsid: -%c %s: not a possible value. See iscsid --help.\n",
				letter, optarg);
			return OPTIONS_EXIT_FAILURE;
		}
	}
	if (optind < argc) {
		fprintf(err, "iscsid: %s: no argument is expected here. See iscsid --help.\n",
			argv[optind]);
		return OPTIONS_EXIT_FAILURE;
	}
	return OPTIONS_RUN;
}

/* Where path leads from the folder the program was started in. Lives as long as the program. */
static int make_absolute(const char **path)
{
	char *folder, *whole;
	int n;

	if ((*path)[0] == '/')
		return 0;
	folder = getcwd(NULL, 0);
	if (!folder)
		return -errno;
	n = asprintf(&whole, "%s/%s", folder, *path);
	free(folder);
	if (n < 0)
		return -ENOMEM;
	*path = whole;
	return 0;
}

int options_make_absolute(struct options *options)
{
	int r = make_absolute(&options->config_path);

	if (r == 0)
		r = make_absolute(&options->initiator_path);
	if (r == 0)
		r = make_absolute(&options->pid_path);
	return r < 0 ? r : make_absolute(&options->socket_path);
}
