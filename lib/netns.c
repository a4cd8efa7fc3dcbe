/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network namespace of this process. iscsid tells its own in Info, iscsiadm compares: in another one a discovery is the
 * daemon's to do. Never enters a namespace.
 */
#include "lib/netns.h"

#include <stdio.h>
#include <sys/stat.h>

void netns_name(char text[NETNS_TEXT_MAX])
{
	struct stat info;

	text[0] = '\0';
	if (!stat("/proc/self/ns/net", &info))
		snprintf(text, NETNS_TEXT_MAX, "%llu:%llu", (unsigned long long)info.st_dev, (unsigned long long)info.st_ino);
}
