/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iface records as files of a folder, and the two that are built in. Decides which file names are ifaces. Called by iscsiadm (its
 * iface mode, -I) and iscsid. Never keeps anything in memory between calls and never trusts a file's content to name it.
 */
#include "iface/iface.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/name.h"
#include "lib/text.h"

#define FILE_MAX_BYTES (64u << 10)
#define EXAMPLE_NAME "iface.example"	/* shipped in the folder, all comments */

static const struct {
	const char *name, *transport;
} builtins[] = {
	{ IFACE_DEFAULT, "tcp" },
	{ IFACE_ISER, "iser" },
};

#define BUILTIN_COUNT (sizeof(builtins) / sizeof(builtins[0]))

bool iface_is_builtin(const char *name)
{
	for (size_t i = 0; i < BUILTIN_COUNT; i++)
		if (strcmp(builtins[i].name, name) == 0)
			return true;
	return false;
}

/* Hidden files are unfinished ones. */
bool iface_address_is_none(const char *text)
{
	static const uint8_t zeros[16];
	uint8_t address[16] = { 0 };

	if (!*text || !strcmp(text, "default"))
		return true;
	return (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1) &&
	       !memcmp(address, zeros, sizeof(address));
}

bool iface_name_is_storable(const char *name)
{
	return name_is_iface(name) && name[0] != '.' && !iface_is_builtin(name) && strcmp(name, EXAMPLE_NAME) != 0;
}

static int set_name(struct record *record, const char *name)
{
	return record_set(record, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD);
}

static int load_builtin(size_t which, struct record *ret_iface)
{
	int error;

	record_init(ret_iface, RECORD_IFACE);
	error = set_name(ret_iface, builtins[which].name);
	if (!error)
		error = record_set(ret_iface, F_IFACE_TRANSPORT_NAME, builtins[which].transport, ORIGIN_DEFAULT);
	if (error)
		record_done(ret_iface);
	return error;
}

/* Settings of a newer version are passed over, a bad value is not. */
static int refuse_bad_value(const char *name, const char *value, unsigned int line, int error, void *data)
{
	return error == -ENOENT ? 0 : -EINVAL;
}

static int path_of(const char *dir, const char *name, char **ret_path)
{
	return asprintf(ret_path, "%s/%s", dir, name) < 0 ? -ENOMEM : 0;
}

/* The file's name is the iface's name, whatever stands inside. */
static int load_path(const char *path, const char *name, struct record *ret_iface)
{
	struct text text = {.data = NULL};
	int error = text_read_file(path, FILE_MAX_BYTES, &text);

	if (!error) {
		record_init(ret_iface, RECORD_IFACE);
		error = record_parse(ret_iface, text.data ? text.data : "", text.len, ORIGIN_RECORD, refuse_bad_value, NULL);
		if (!error)
			error = set_name(ret_iface, name);
		if (error)
			record_done(ret_iface);
	}
	text_done(&text);
	return error;
}

int iface_load(const char *dir, const char *name, struct record *ret_iface)
{
	char *path;
	int error;

	for (size_t i = 0; i < BUILTIN_COUNT; i++)
		if (strcmp(builtins[i].name, name) == 0)
			return load_builtin(i, ret_iface);
	if (!iface_name_is_storable(name))
		return -EINVAL;
	error = path_of(dir, name, &path);
	if (error)
		return error;
	error = load_path(path, name, ret_iface);
	free(path);
	return error;
}

typedef int write_fn(const char *path, const char *data, size_t len, unsigned int mode);

static int save(const char *dir, const struct record *iface, write_fn *write_file)
{
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME);
	struct text text = {.data = NULL};
	char *path;
	int error;

	if (!iface_name_is_storable(name))
		return -EINVAL;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	error = path_of(dir, name, &path);
	if (error)
		return error;
	record_format(iface, RECORD_FILE, &text);
	error = text.failed ? -ENOMEM : write_file(path, text.data, text.len, 0600);
	text_done(&text);
	free(path);
	return error;
}

int iface_save(const char *dir, const struct record *iface)
{
	return save(dir, iface, text_write_file);
}

int iface_save_new(const char *dir, const struct record *iface)
{
	return save(dir, iface, text_write_new_file);
}

/* Opens the folder first: a removal that cannot be made to last is not begun. */
int iface_delete(const char *dir, const char *name)
{
	int folder, error = 0;

	if (!iface_name_is_storable(name))
		return -EINVAL;
	folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	if (unlinkat(folder, name, 0) < 0 || fsync(folder) < 0)
		error = -errno;
	close(folder);
	return error;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, EXAMPLE_NAME) != 0;
}

/* strcmp order, whatever the locale. */
static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What fn returned, or -ENOMEM. A bad file is complained about and is no result. */
static int visit_file(const char *dir, const char *name, iface_each_fn *fn, iface_complaint_fn *complain, void *data)
{
	struct record iface;
	char *path;
	int result = path_of(dir, name, &path);

	if (result)
		return result;
	result = iface_name_is_storable(name) ? load_path(path, name, &iface) : -EINVAL;
	if (!result) {
		result = fn(&iface, data);
		record_done(&iface);
	} else if (result != -ENOMEM) {
		/* One that was deleted since the folder was read is not there. */
		if (complain && result != -ENOENT)
			complain(path, result, data);
		result = 0;
	}
	free(path);
	return result;
}

static int visit_builtin(size_t which, iface_each_fn *fn, void *data)
{
	struct record iface;
	int result = load_builtin(which, &iface);

	if (result)
		return result;
	result = fn(&iface, data);
	record_done(&iface);
	return result;
}

/* Only the first line counts: it made the file unusable. */
static int explain_line(const char *name, const char *value, unsigned int line, int error, void *data)
{
	struct text *sentence = data;

	if (error == -ENOENT)
		return 0;
	text_addf(sentence, "line %u: ", line);
	if (*name)
		record_explain(field_find(RECORD_IFACE, name), value, sentence);
	else
		text_add(sentence, "it is neither a comment nor a setting (name = value)");
	return error;
}

void iface_explain_complaint(const char *path, int error, struct text *ret_sentence)
{
	const char *name = strrchr(path, '/');
	struct text text = {.data = NULL};
	size_t before = ret_sentence->len;
	struct record iface;

	record_init(&iface, RECORD_IFACE);
	if (error == -EINVAL && !iface_name_is_storable(name ? name + 1 : path))
		text_add(ret_sentence, "no iface can have that name");
	else if (error == -EINVAL && !text_read_file(path, FILE_MAX_BYTES, &text))
		record_parse(&iface, text.data ? text.data : "", text.len, ORIGIN_RECORD, explain_line, ret_sentence);
	if (ret_sentence->len == before)
		text_add(ret_sentence, strerror(-error));
	record_done(&iface);
	text_done(&text);
}

int iface_each(const char *dir, iface_each_fn *fn, iface_complaint_fn *complain, void *data)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_visible, compare), result = 0;

	if (count < 0 && errno == ENOMEM)
		return -ENOMEM;
	if (count < 0 && errno != ENOENT && complain)
		complain(dir, -errno, data);
	for (int i = 0; i < count; i++) {
		if (!result)
			result = visit_file(dir, entries[i]->d_name, fn, complain, data);
		free(entries[i]);
	}
	free(entries);
	for (size_t i = 0; !result && i < BUILTIN_COUNT; i++)
		result = visit_builtin(i, fn, data);
	return result;
}
