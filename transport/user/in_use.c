/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looks whether the disks of a session are mounted or swapped to. Collects the block devices that stand on a session from sysfs,
 * then compares their numbers with the mounts and swaps of /proc; file systems with numbers of their own (btrfs) are found by the
 * device they name. Called before a logout. Cannot see mounts of other mount namespaces.
 */
#include "transport/user/in_use.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/text.h"
#include "transport/user/sysfs.h"

#define BLOCKS_MAX 4096
#define BLOCK_NAME_MAX 64
#define PROC_BYTES_MAX (16 * 1024 * 1024)

struct block {
	char name[BLOCK_NAME_MAX];
	char number[24]; /* "8:16" */
};

struct blocks {
	const char *sysfs;
	struct block *list;
	size_t count;
	int error;
};

/* ---- what stands on the session ---- */

static bool blocks_have(const struct blocks *blocks, const char *name)
{
	for (size_t i = 0; i < blocks->count; i++)
		if (!strcmp(blocks->list[i].name, name))
			return true;
	return false;
}

static void blocks_add(struct blocks *blocks, const char *name)
{
	struct block *list, block = {.name = ""};
	char path[PATH_MAX];

	if (blocks->error || blocks_have(blocks, name) || strlen(name) >= sizeof(block.name))
		return;
	snprintf(block.name, sizeof(block.name), "%s", name);
	snprintf(path, sizeof(path), "class/block/%s/dev", name);
	if (sysfs_read(blocks->sysfs, path, block.number, sizeof(block.number)) < 0)
		return; /* it has just vanished */
	list = blocks->count < BLOCKS_MAX
		       ? reallocarray(blocks->list, blocks->count + 1, sizeof(*list))
		       : NULL;
	if (!list) {
		blocks->error = -ENOMEM;
		return;
	}
	blocks->list = list;
	blocks->list[blocks->count++] = block;
}

static bool is_partition(const struct blocks *blocks, const char *disk, const char *name)
{
	char path[PATH_MAX], text[16];

	snprintf(path, sizeof(path), "class/block/%s/%s/partition", disk, name);
	return sysfs_read(blocks->sysfs, path, text, sizeof(text)) >= 0;
}

/* The partitions of a disk, and the devices that hold a disk or partition. */
static void blocks_add_above(struct blocks *blocks, const char *name, bool holders)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/class/block/%s%s", blocks->sysfs, name,
		 holders ? "/holders" : "");
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' &&
		    (holders || is_partition(blocks, name, entry->d_name)))
			blocks_add(blocks, entry->d_name);
	if (folder)
		closedir(folder);
}

static int blocks_collect(struct blocks *blocks, uint32_t sid)
{
	struct sysfs_device *devices;
	size_t count;
	int r = sysfs_session_devices(blocks->sysfs, sid, &devices, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (devices[i].block[0])
			blocks_add(blocks, devices[i].block);
	free(devices);
	/* The list grows while it is walked. */
	for (size_t i = 0; i < blocks->count; i++) {
		char name[BLOCK_NAME_MAX];

		memcpy(name, blocks->list[i].name, sizeof(name));
		blocks_add_above(blocks, name, false);
		blocks_add_above(blocks, name, true);
	}
	return blocks->error;
}

/* ---- who uses it ---- */

static const struct block *block_of(const struct blocks *blocks, const char *number,
				    const char *source)
{
	char own[24] = "";
	struct stat status;

	if (source[0] == '/' && stat(source, &status) == 0 && S_ISBLK(status.st_mode))
		snprintf(own, sizeof(own), "%u:%u", major(status.st_rdev), minor(status.st_rdev));
	for (size_t i = 0; i < blocks->count; i++) {
		const struct block *block = &blocks->list[i];

		if (!strcmp(block->number, number) || !strcmp(block->number, own) ||
		    (!strncmp(source, "/dev/", 5) && !strcmp(source + 5, block->name)))
			return block;
	}
	return NULL;
}

/* "36 35 8:17 / /srv rw,noatime shared:1 - ext4 /dev/sdb1 rw", proc(5) */
static const struct block *mount_block(const struct blocks *blocks, const char *line, char *place,
				       size_t size)
{
	char number[24], source[PATH_MAX] = "", where[PATH_MAX];
	const char *rest = strstr(line, " - ");

	if (sscanf(line, "%*s %*s %23s %*s %4095s", number, where) != 2)
		return NULL;
	if (rest)
		(void)sscanf(rest, " - %*s %4095s", source);
	snprintf(place, size, "mounted on %s", where);
	return block_of(blocks, number, source);
}

/* "/dev/sdb2 partition 1048572 0 -2", below a headline */
static const struct block *swap_block(const struct blocks *blocks, const char *line, char *place,
				      size_t size)
{
	char source[PATH_MAX];

	if (sscanf(line, "%4095s", source) != 1)
		return NULL;
	snprintf(place, size, "used for swap");
	return block_of(blocks, "", source);
}

typedef const struct block *line_fn(const struct blocks *blocks, const char *line, char *place,
				    size_t size);

static int look_through(const struct blocks *blocks, const char *proc, const char *name,
			line_fn *look, char *sentence, size_t size)
{
	char path[PATH_MAX], place[128], *rest = NULL, *line;
	const struct block *block = NULL;
	struct text text = {0};
	int r;

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	r = text_read_file(path, PROC_BYTES_MAX, &text);
	line = r < 0 || !text.data ? NULL : strtok_r(text.data, "\n", &rest);
	for (; line && !block; line = strtok_r(NULL, "\n", &rest))
		block = look(blocks, line, place, sizeof(place));
	if (block)
		snprintf(sentence, size, "its disk %s is %s", block->name, place);
	text_done(&text);
	return block ? 1 : r < 0 ? r : 0;
}

int in_use_check(const char *sysfs, const char *proc, uint32_t sid, char *sentence, size_t size)
{
	struct blocks blocks = {.sysfs = sysfs};
	int r = blocks_collect(&blocks, sid);

	if (r == 0 && blocks.count)
		r = look_through(&blocks, proc, "self/mountinfo", mount_block, sentence, size);
	if (r == 0 && blocks.count)
		r = look_through(&blocks, proc, "swaps", swap_block, sentence, size);
	if (r ==
	    -ENOENT) /* a kernel without swap; or the session is gone, which logout_start() sees */
		r = 0;
	free(blocks.list);
	return r;
}
