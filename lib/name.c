/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which iSCSI names are believed and which are stored. The first question is asked of everything that a target or firmware
 * reports; the second only of administrators, who may have reasons for odd names. Nothing is ever corrected.
 */
#include "lib/name.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define STORABLE_MAX 254
#define IFACE_NAME_MAX 64

/* RFC 3722 6.2: of ASCII only letters, digits, '-', '.' and ':' are left. */
static bool is_name_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= ':') || c == '-' ||
	       c == '.';
}

/*
 * The number of bytes of the UTF-8 character at text if a name may have it, else 0. RFC 3722 6.2 rules out controls (C.2.2)
 * and U+3002, which stringprep would turn into a dot; surrogates and overlong forms are no characters.
 */
static size_t utf8_char(const unsigned char *text)
{
	size_t len = text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;
	unsigned int code = text[0] & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < 0xa0 || (len == 3 && code < 0x800) || (len == 4 && (code < 0x10000 || code > 0x10ffff)) ||
	    (code >= 0xd800 && code <= 0xdfff) || code == 0x3002)
		return 0;
	return len;
}

static bool has_name_chars(const char *name)
{
	const unsigned char *at = (const unsigned char *)name;

	while (*at) {
		size_t len = is_name_char(*at) ? 1 : utf8_char(at);

		if (!len)
			return false;
		at += len;
	}
	return true;
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdefABCDEF") == len;
}

bool name_is_valid(const char *name)
{
	if (strlen(name) > ISCSI_NAME_MAX || !has_name_chars(name))
		return false;
	/* The date and owner that RFC 7143 4.2.7.4 wants behind iqn. are left out by too many targets in use. */
	if (!strncasecmp(name, "iqn.", 4))
		return name[4];
	if (!strncasecmp(name, "eui.", 4))
		return is_hex(name + 4, 16);
	if (!strncasecmp(name, "naa.", 4))
		return is_hex(name + 4, 16) || is_hex(name + 4, 32);
	return false;
}

/* Printable, without blanks and without the characters in refused. Bytes of UTF-8 count as printable. */
static bool is_plain(const char *name, size_t max, const char *refused)
{
	size_t len = strlen(name);

	if (!len || len > max || strcspn(name, refused) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return true;
}

bool name_is_storable(const char *name)
{
	return is_plain(name, STORABLE_MAX, "/,");
}

bool name_is_iface(const char *name)
{
	return is_plain(name, IFACE_NAME_MAX, "/") && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool name_is_mac(const char *text)
{
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return !text[17];
}
