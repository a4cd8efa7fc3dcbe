// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace events' code. Nothing else.
 */
#define CREATE_TRACE_POINTS
#include "drivers/qla4xxx/trace.h"
