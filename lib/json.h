/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small typed getters over json-c objects, so that every JSON input is checked the same way. Nothing here allocates. */
#ifndef OPENHBA_LIB_JSON_H
#define OPENHBA_LIB_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* Each returns 0, -ENOENT (no such member), -EINVAL (other type), -ERANGE. Borrowed results live as long as object. */
int json_get_text(struct json_object *object, const char *name, const char **ret_text);
int json_get_number(struct json_object *object, const char *name, int64_t min, int64_t max, int64_t *ret_number);
int json_get_bool(struct json_object *object, const char *name, bool *ret_bool);
int json_get_array(struct json_object *object, const char *name, struct json_object **ret_array);
int json_get_object(struct json_object *object, const char *name, struct json_object **ret_object);

#endif
