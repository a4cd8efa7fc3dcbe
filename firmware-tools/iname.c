/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsi-iname: prints a new initiator name, a prefix and 12 hex digits (48 random bits), for initiatorname.iscsi. Called by
 * people, package scripts and dracut. Writes no file.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define INAME_PREFIX "iqn.2016-04.com.openhba"
#define INAME_PREFIX_MAX 210	/* with colon and digits the name stays within the 223 bytes of RFC 7143 4.2.7.1 */

static const struct option options[] = {
	{ "prefix", required_argument, NULL, 'p' },
	{ "generate-iname-prefix", no_argument, NULL, 'g' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void print_usage(FILE *stream)
{
	fputs("Usage: iscsi-iname [OPTION]...\n"
	      "Prints a new iSCSI initiator name.\n\n"
	      "  -p, --prefix PREFIX           what stands before the colon (default " INAME_PREFIX ")\n"
	      "  -g, --generate-iname-prefix   print InitiatorName= before it, as in initiatorname.iscsi\n"
	      "  -h, --help                    print this text\n", stream);
}

/* What a name of RFC 3722 6.2 may hold and no program has to quote. */
static bool is_prefix(const char *prefix)
{
	size_t len = strlen(prefix);

	return len && len <= INAME_PREFIX_MAX &&
	       strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-") == len;
}

static int print_name(const char *prefix, bool with_key)
{
	uint8_t bytes[6];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		perror("iscsi-iname: no random numbers");
		return 1;
	}
	printf("%s%s:", with_key ? "InitiatorName=" : "", prefix);
	for (size_t i = 0; i < sizeof(bytes); i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *prefix = INAME_PREFIX;
	bool with_key = false;
	int letter;

	while ((letter = getopt_long(argc, argv, "p:gh", options, NULL)) != -1) {
		switch (letter) {
		case 'p':
			prefix = optarg;
			break;
		case 'g':
			with_key = true;
			break;
		case 'h':
			print_usage(stdout);
			return 0;
		default:
			print_usage(stderr);
			return 1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "iscsi-iname: unexpected argument '%s'\n", argv[optind]);
		return 1;
	}
	if (!is_prefix(prefix)) {
		fprintf(stderr, "iscsi-iname: a prefix has 1 to %d letters, digits, dots, colons and dashes\n", INAME_PREFIX_MAX);
		return 1;
	}
	return print_name(prefix, with_key);
}
