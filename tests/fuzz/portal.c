/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what targets report as text: the input is taken as a portal and as a name. A portal that was taken must print
 * to a text that is taken again and is equal; a name that is valid must be storable.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "lib/portal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_portal(const char *text)
{
	char first[PORTAL_TEXT_MAX], second[PORTAL_TEXT_MAX];
	struct sockaddr_storage address;
	struct portal portal, again;
	socklen_t address_len;

	if (portal_parse(text, ISCSI_PORT, &portal))
		return;
	if (portal.port < 1 || portal.port > 65535 || portal.tpgt < -1 || portal.tpgt > 65535)
		abort();
	portal_format(&portal, true, first);
	if (portal_parse(first, 1, &again) || !portal_equal(&portal, &again))
		abort();
	if (strcmp(first, portal_format(&again, true, second)) != 0)
		abort();
	portal_sockaddr(&portal, &address, &address_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1);

	if (!text)
		abort();
	memcpy(text, bytes, len);
	text[len] = '\0';
	check_portal(text);
	if (name_is_valid(text) && !name_is_storable(text))
		abort();
	name_is_iface(text);
	free(text);
	return 0;
}
