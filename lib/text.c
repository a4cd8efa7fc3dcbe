/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The codec of `name = value` lines, the buffer texts are built in, and whole files read and replaced. It decides what a
 * line is, and nothing about what a name or a value means: that is lib/record's and lib/conf's. Buffers may hold secrets,
 * so memory is zeroed before it goes back to the heap.
 */
#include "lib/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_FIRST_SIZE 256

/* Room for len more bytes and the NUL. realloc() could leave a copy of a secret behind, hence by hand. */
static bool text_reserve(struct text *text, size_t len)
{
	size_t size = text->size ? text->size : TEXT_FIRST_SIZE;
	char *data;

	if (text->failed)
		return false;
	if (len < text->size - text->len)
		return true;
	if (len > SIZE_MAX / 4 - text->len) {
		text->failed = true;
		return false;
	}
	while (size - text->len <= len)
		size *= 2;
	data = malloc(size);
	if (!data) {
		text->failed = true;
		return false;
	}
	if (text->data) {
		memcpy(data, text->data, text->len + 1);
		explicit_bzero(text->data, text->size);
		free(text->data);
	}
	text->data = data;
	text->size = size;
	return true;
}

void text_done(struct text *text)
{
	if (text->data) {
		explicit_bzero(text->data, text->size);
		free(text->data);
	}
	*text = (struct text){ 0 };
}

void text_add_bytes(struct text *text, const void *bytes, size_t len)
{
	if (!text_reserve(text, len))
		return;
	if (len)
		memcpy(text->data + text->len, bytes, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		text->failed = true;
	if (len < 0 || !text_reserve(text, (size_t)len))
		return;
	va_start(args, format);
	vsnprintf(text->data + text->len, (size_t)len + 1, format, args);
	va_end(args);
	text->len += (size_t)len;
}

void text_add_setting(struct text *text, const char *name, const char *value)
{
	text_add(text, name);
	text_add_bytes(text, " = ", 3);
	text_add(text, value);
	text_add_bytes(text, "\n", 1);
}

void text_reader_init(struct text_reader *reader, const char *data, size_t len)
{
	reader->data = data;
	reader->len = len;
	reader->pos = 0;
	reader->number = 0;
}

/* Part of the data, by borrowed pointer. */
struct span {
	const char *start;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct span trim(struct span span)
{
	while (span.len && is_blank(span.start[0])) {
		span.start++;
		span.len--;
	}
	while (span.len && is_blank(span.start[span.len - 1]))
		span.len--;
	return span;
}

static struct span take_line(struct text_reader *reader)
{
	const char *start = reader->data + reader->pos;
	size_t left = reader->len - reader->pos;
	const char *end = memchr(start, '\n', left);
	size_t len = end ? (size_t)(end - start) : left;

	reader->pos += end ? len + 1 : len;
	reader->number++;
	return (struct span){ start, len };
}

static int split_line(struct text_reader *reader, struct span line, struct text_line *ret_line)
{
	const char *equals = memchr(line.start, '=', line.len);
	struct span name, value;

	if (!equals)
		return -EINVAL;
	name = trim((struct span){ line.start, (size_t)(equals - line.start) });
	value = trim((struct span){ equals + 1, line.len - (size_t)(equals - line.start) - 1 });
	if (!name.len)
		return -EINVAL;
	if (name.len > TEXT_NAME_MAX || value.len > TEXT_VALUE_MAX)
		return -E2BIG;
	memcpy(reader->name, name.start, name.len);
	reader->name[name.len] = '\0';
	memcpy(reader->value, value.start, value.len);
	reader->value[value.len] = '\0';
	ret_line->name = reader->name;
	ret_line->value = reader->value;
	return 1;
}

int text_next(struct text_reader *reader, struct text_line *ret_line)
{
	while (reader->pos < reader->len) {
		struct span line = take_line(reader);

		ret_line->name = ret_line->value = "";
		ret_line->number = reader->number;
		if (memchr(line.start, '\0', line.len))
			return -EINVAL;
		line = trim(line);
		if (line.len && line.start[0] != '#')
			return split_line(reader, line, ret_line);
	}
	return 0;
}

/* Appends up to the end of the file. */
static int read_all(int fd, size_t max_bytes, struct text *text)
{
	for (;;) {
		ssize_t count;

		if (!text_reserve(text, 4096))
			return -ENOMEM;
		count = read(fd, text->data + text->len, text->size - text->len - 1);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		text->len += (size_t)count;
		text->data[text->len] = '\0';
		if (text->len > max_bytes)
			return -EFBIG;
		if (!count)
			return 0;
	}
}

/* Nobody may make us wait with a pipe that stands where a file should. A device is read as far as it has something at once. */
static int check_kind(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? -EINVAL : 0;
}

int text_read_file(const char *path, size_t max_bytes, struct text *text)
{
	struct text found = { 0 };
	int fd, error;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	error = check_kind(fd);
	if (!error)
		error = read_all(fd, max_bytes, &found);
	close(fd);
	if (!error)
		text_add_bytes(text, found.data, found.len);
	if (!error && text->failed)
		error = -ENOMEM;
	text_done(&found);
	return error;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t count = write(fd, data, len);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		data += count;
		len -= (size_t)count;
	}
	return 0;
}

/* The folder of path, opened, for the fsync that makes a rename last. */
static int open_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd;

	if (!slash)
		folder = strdup(".");
	else
		folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	free(folder);
	return fd;
}

/* A hidden name beside path, so that nobody who lists the folder takes the unfinished file for a finished one. */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) + 1 : 0;
	char *name;

	if (asprintf(&name, "%.*s.%s.XXXXXX", folder, path, path + folder) < 0)
		return NULL;
	return name;
}

static int write_temporary(char *name, const char *data, size_t len, unsigned int mode)
{
	int fd, error;

	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = write_all(fd, data, len);
	if (!error && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		error = -errno;
	if (close(fd) < 0 && !error)
		error = -errno;
	if (error)
		unlink(name);
	return error;
}

/* Gives the finished file its name. link() never replaces one. */
static int publish(const char *name, const char *path, bool is_new)
{
	int error = (is_new ? link(name, path) : rename(name, path)) < 0 ? -errno : 0;

	if (is_new || error)
		unlink(name);
	return error;
}

static int write_file(const char *path, const char *data, size_t len, unsigned int mode, bool is_new)
{
	char *name;
	int folder, error;

	folder = open_folder(path);
	if (folder < 0)
		return folder;
	name = temporary_name(path);
	error = name ? write_temporary(name, data, len, mode) : -ENOMEM;
	if (!error)
		error = publish(name, path, is_new);
	if (!error && fsync(folder) < 0)
		error = -errno;
	free(name);
	close(folder);
	return error;
}

int text_write_file(const char *path, const char *data, size_t len, unsigned int mode)
{
	return write_file(path, data, len, mode, false);
}

int text_write_new_file(const char *path, const char *data, size_t len, unsigned int mode)
{
	return write_file(path, data, len, mode, true);
}
