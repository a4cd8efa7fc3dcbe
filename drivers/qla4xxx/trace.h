/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of the driver: what was asked of the firmware and what it answered, what it told, how recoveries went. Seen under
 * /sys/kernel/tracing/events/qla4xxx.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM qla4xxx

#if !defined(OPENHBA_QLA4XXX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define OPENHBA_QLA4XXX_TRACE_H

#include <linux/tracepoint.h>

#include "drivers/qla4xxx/host.h"

TRACE_EVENT(qla4xxx_mailbox_ask,
	TP_PROTO(const struct qla_host *host, u16 opcode, const u32 *regs, unsigned int count),
	TP_ARGS(host, opcode, regs, count),
	TP_STRUCT__entry(
		__field(unsigned int, host)
		__field(u16, opcode)
		__field(unsigned int, count)
		__array(u32, regs, ISP_MAILBOXES)
	),
	TP_fast_assign(
		__entry->host = host->shost->host_no;
		__entry->opcode = opcode;
		__entry->count = count;
		memcpy(__entry->regs, regs, sizeof(__entry->regs));
	),
	TP_printk("host%u command %04x %s", __entry->host, __entry->opcode,
		  __print_array(__entry->regs + 1, __entry->count - 1, sizeof(u32)))
);

TRACE_EVENT(qla4xxx_mailbox_answer,
	TP_PROTO(const struct qla_host *host, u16 opcode, int result, const u32 *regs, unsigned int count),
	TP_ARGS(host, opcode, result, regs, count),
	TP_STRUCT__entry(
		__field(unsigned int, host)
		__field(u16, opcode)
		__field(int, result)
		__field(unsigned int, count)
		__array(u32, regs, ISP_MAILBOXES)
	),
	TP_fast_assign(
		__entry->host = host->shost->host_no;
		__entry->opcode = opcode;
		__entry->result = result;
		__entry->count = result ? 0 : count;
		memcpy(__entry->regs, regs, sizeof(__entry->regs));
	),
	TP_printk("host%u answer of %04x result %d %s", __entry->host, __entry->opcode, __entry->result,
		  __print_array(__entry->regs, __entry->count, sizeof(u32)))
);

TRACE_EVENT(qla4xxx_event,
	TP_PROTO(const struct qla_host *host, const u32 *regs),
	TP_ARGS(host, regs),
	TP_STRUCT__entry(
		__field(unsigned int, host)
		__array(u32, regs, ISP_MAILBOXES)
	),
	TP_fast_assign(
		__entry->host = host->shost->host_no;
		memcpy(__entry->regs, regs, sizeof(__entry->regs));
	),
	TP_printk("host%u %s", __entry->host, __print_array(__entry->regs, ISP_MAILBOXES, sizeof(u32)))
);

TRACE_EVENT(qla4xxx_state,
	TP_PROTO(const struct qla_host *host, const char *from, const char *to),
	TP_ARGS(host, from, to),
	TP_STRUCT__entry(
		__field(unsigned int, host)
		__field(const char *, from)
		__field(const char *, to)
	),
	TP_fast_assign(
		__entry->host = host->shost->host_no;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("host%u %s to %s", __entry->host, __entry->from, __entry->to)
);

TRACE_EVENT(qla4xxx_bringup,
	TP_PROTO(const struct qla_host *host, const char *step, int result),
	TP_ARGS(host, step, result),
	TP_STRUCT__entry(
		__field(unsigned int, host)
		__field(const char *, step)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->host = host->shost->host_no;
		__entry->step = step;
		__entry->result = result;
	),
	TP_printk("host%u %s result %d", __entry->host, __entry->step, __entry->result)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH drivers/qla4xxx
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
