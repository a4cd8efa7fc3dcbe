/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What changed is not believed: a notice only says that it is time to ask again. So all that is read of it is whom it is for. Called by
 * the daemon's listener.
 */
#include "lib/isns_notice.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static int reply_to(const struct isns_message *notice, const struct isns_item *name, struct isns_bytes *reply)
{
	static const unsigned char success[4];
	struct isns_message message = {
		.function = ISNS_CHANGE_NOTICE | ISNS_RESPONSE,
		.flags = ISNS_FROM_CLIENT,
		.xid = notice->xid,
	};
	int error = isns_bytes_add(&message.payload, success, sizeof(success));

	if (!error)
		error = isns_codec_add(&message.payload, name);
	if (!error)
		error = isns_message_encode(&message, reply);
	isns_bytes_done(&message.payload);
	return error ? error : 1;
}

int isns_notice_read(const struct isns_message *message, const char *name, struct isns_bytes *reply)
{
	struct isns_item item, destination = {0};
	bool has_destination = false;
	size_t at = 0;
	int more;

	if (message->function != ISNS_CHANGE_NOTICE)
		return 0;
	while ((more = isns_codec_next(message->payload.data, message->payload.length, &at, &item)) > 0) {
		/* The first name is the one the notice is for. */
		if (item.tag != ISNS_ISCSI_NAME || has_destination)
			continue;
		destination = item;
		has_destination = true;
	}
	if (more < 0)
		return more;
	if (destination.kind != ISNS_KIND_TEXT || strcasecmp(destination.text, name))
		return 0;
	return reply_to(message, &destination, reply);
}
