/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first start on a machine that ran open-iscsi: its tree of records becomes the store, and the log says so. Called by main()
 * before sessions are adopted, so that these find their records; never later, as it works on the disk.
 */
#include "daemon/first_start.h"

#include <limits.h>
#include <string.h>

#include "lib/log.h"
#include "lib/tree.h"

static void say(const char *path, unsigned int line, const char *sentence, void *data)
{
	if (line)
		log_warning("import: %s: line %u: %s", path, line, sentence);
	else
		log_warning("import: %s: %s", path, sentence);
}

void first_start(void)
{
	struct tree_count count;
	char from[PATH_MAX];
	int r = tree_first_import(CONFDIR, CONFDIR "/ifaces", say, NULL, &count, from);

	if (r < 0)
		log_warning("cannot import the records of open-iscsi: %s; \"iscsiadm -m store -o import\" does it later",
			    strerror(-r));
	else if (*from)
		log_info("imported %u node records, %u discovery records and %u ifaces of open-iscsi from %s", count.nodes,
			 count.discoveries, count.ifaces, from);
}
