/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of the kernel ABI as tables, indexed by number. Read by whoever logs a message, decides whether a refused parameter
 * matters, or prints one. Never decides anything itself.
 */
#include "transport/user/names.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* What the words in params.def mean in this table. */
enum row_word {
	HIDDEN = PARAM_HIDDEN,
	SESSION = PARAM_SESSION,
	CONN = PARAM_CONN,
	NUM = PARAM_NUM,
	BOOL = PARAM_BOOL,
	TEXT = PARAM_TEXT,
	NEEDED = PARAM_NEEDED,
	ROOT = PARAM_ROOT,
	CLASS = PARAM_CLASS,
};

static const struct param_row params[] = {
#define PARAM(number, name, object_word, attribute_text, type_word, flag_words, text)                  \
	[number] = { .id = #name,                                                                      \
		     .attribute = attribute_text,                                                      \
		     .sentence = text,                                                                 \
		     .object = (enum param_object)object_word,                                         \
		     .type = (enum param_type)type_word,                                               \
		     .flags = flag_words },
#include "transport/abi/params.def"
#undef PARAM
};

static const struct request_row requests[] = {
#define REQUEST(number, name, answer_word, text) \
	[number] = { .id = #name, .sentence = text, .answer = ANSWER_##answer_word },
#include "transport/abi/events.def"
#undef REQUEST
};

#define EVENT_BASE 101
static const char *const events[] = {
#define EVENT(number, name, group, text) [(number) - EVENT_BASE] = #name,
#include "transport/abi/events.def"
#undef EVENT
};

#define CONN_ERROR_BASE 1001
static const struct {
	const char *id;
	const char *sentence;
} conn_errors[] = {
#define CONN_ERROR(number, name, text) [(number) - CONN_ERROR_BASE] = { #name, text },
#include "transport/abi/events.def"
#undef CONN_ERROR
};

const struct param_row *param_row(uint32_t param)
{
	return param < ROWS(params) ? &params[param] : NULL;
}

const struct request_row *request_row(uint32_t request)
{
	return request < ROWS(requests) && requests[request].id ? &requests[request] : NULL;
}

const char *request_name(uint32_t request)
{
	const struct request_row *row = request_row(request);

	return row ? row->id : "?";
}

const char *event_name(uint32_t event)
{
	return event - EVENT_BASE < ROWS(events) ? events[event - EVENT_BASE] : "?";
}

const char *conn_error_name(uint32_t error)
{
	return error - CONN_ERROR_BASE < ROWS(conn_errors) ? conn_errors[error - CONN_ERROR_BASE].id : "?";
}

const char *conn_error_text(uint32_t error)
{
	return error - CONN_ERROR_BASE < ROWS(conn_errors) ? conn_errors[error - CONN_ERROR_BASE].sentence :
							     "?";
}
