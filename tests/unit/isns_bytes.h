/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes what an iSNS server sends, for tests: attributes by hand, so that they may be wrong. */
#ifndef OPENHBA_TESTS_UNIT_ISNS_BYTES_H
#define OPENHBA_TESTS_UNIT_ISNS_BYTES_H

#include <arpa/inet.h>
#include <string.h>

#include "lib/isns_message.h"

__attribute__((unused)) static void put_word(struct isns_bytes *bytes, uint32_t word)
{
	word = htonl(word);
	assert_int_equal(isns_bytes_add(bytes, &word, sizeof(word)), 0);
}

__attribute__((unused)) static void put_nothing(struct isns_bytes *bytes, uint32_t tag)
{
	put_word(bytes, tag);
	put_word(bytes, 0);
}

__attribute__((unused)) static void put_number(struct isns_bytes *bytes, uint32_t tag, uint32_t number)
{
	put_word(bytes, tag);
	put_word(bytes, sizeof(number));
	put_word(bytes, number);
}

__attribute__((unused)) static void put_text(struct isns_bytes *bytes, uint32_t tag, const char *text)
{
	char padded[512] = "";
	size_t length = (strlen(text) + 4) & ~(size_t)3;

	memcpy(padded, text, strlen(text));
	put_word(bytes, tag);
	put_word(bytes, (uint32_t)length);
	assert_int_equal(isns_bytes_add(bytes, padded, length), 0);
}

__attribute__((unused)) static void put_address(struct isns_bytes *bytes, uint32_t tag, const char *text)
{
	struct in6_addr address;

	assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
	put_word(bytes, tag);
	put_word(bytes, sizeof(address));
	assert_int_equal(isns_bytes_add(bytes, &address, sizeof(address)), 0);
}

__attribute__((unused)) static void put_node(struct isns_bytes *bytes, const char *name, uint32_t type)
{
	put_text(bytes, ISNS_ISCSI_NAME, name);
	put_number(bytes, ISNS_ISCSI_NODE_TYPE, type);
}

__attribute__((unused)) static void put_group(struct isns_bytes *bytes, const char *name, const char *address, uint32_t port, uint32_t tag)
{
	put_text(bytes, ISNS_PG_ISCSI_NAME, name);
	put_address(bytes, ISNS_PG_PORTAL_ADDRESS, address);
	put_number(bytes, ISNS_PG_PORTAL_PORT, port);
	put_number(bytes, ISNS_PG_TAG, tag);
}

#endif
