/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening a library late. Called by the one file that is the home of that library's header; never closes what it opened, because
 * addresses were handed out.
 */
#include "lib/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

static int take_symbols(void *handle, const struct library_symbol *symbols, size_t count, void *table)
{
	size_t i;

	for (i = 0; i < count; i++) {
		void *address = dlsym(handle, symbols[i].name);

		if (!address)
			return -ELIBBAD;
		memcpy((char *)table + symbols[i].offset, &address, sizeof(address));
	}
	return 0;
}

static void clear_symbols(const struct library_symbol *symbols, size_t count, void *table)
{
	size_t i;

	for (i = 0; i < count; i++)
		memset((char *)table + symbols[i].offset, 0, sizeof(void *));
}

int library_open(const char *soname, const struct library_symbol *symbols, size_t count, void *table)
{
	void *handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
	int error;

	clear_symbols(symbols, count, table);
	if (!handle)
		return -ELIBACC;
	error = take_symbols(handle, symbols, count, table);
	if (error)
		clear_symbols(symbols, count, table);
	return error;
}
