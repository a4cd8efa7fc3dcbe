/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder that stands for /sys: attributes are files, devices are folders, links are links. */
#ifndef OPENHBA_TESTS_UNIT_SYSFS_TREE_H
#define OPENHBA_TESTS_UNIT_SYSFS_TREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[32];

static void make_folder(const char *folder)
{
	char path[300];
	size_t i;

	snprintf(path, sizeof(path), "%s/%s/", root, folder);
	for (i = strlen(root) + 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		mkdir(path, 0755);
		path[i] = '/';
	}
}

static __attribute__((unused)) void make_file(const char *folder, const char *name, const char *text)
{
	char path[400];
	FILE *file;

	make_folder(folder);
	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static __attribute__((unused)) void make_link(const char *folder, const char *name, const char *target)
{
	char path[400];

	make_folder(folder);
	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	assert_int_equal(symlink(target, path), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	return remove(path);
}

static __attribute__((unused)) int remove_tree(void **state)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
