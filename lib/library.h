/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Libraries that only some runs need (libcrypto for CHAP, libkmod for an absent driver) are opened when they are first needed:
 * loading and relocating them costs a command more than all its own work. The functions wanted are a table of names and places.
 */
#ifndef OPENHBA_LIB_LIBRARY_H
#define OPENHBA_LIB_LIBRARY_H

#include <stddef.h>

/* One function: its name, and where its address goes: the offset of a function pointer in the table given to library_open(). */
struct library_symbol {
	const char *name;
	size_t offset;
};

/*
 * Opens soname ("libcrypto.so.3") for the life of the process and fills table. -ELIBACC: no such library; -ELIBBAD: it lacks a
 * function. On failure table is all NULL. Opening twice is cheap.
 */
int library_open(const char *soname, const struct library_symbol *symbols, size_t count, void *table);

#endif
