// SPDX-License-Identifier: GPL-2.0-only
/*
 * The messages that libiscsi and its drivers hand to their trace events. They call here whether or not an event is enabled; the
 * class's own messages do not (session_dbg, conn_dbg).
 */
#include "transport/class/class.h"

void iscsi_dbg_trace(void (*trace)(struct device *dev, struct va_format *), struct device *dev, const char *fmt, ...)
{
	struct va_format message;
	va_list args;

	va_start(args, fmt);
	message.fmt = fmt;
	message.va = &args;
	trace(dev, &message);
	va_end(args);
}
