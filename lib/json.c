/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Typed getters over json-c. Decides what counts as absent (no member, or null) and as the wrong type; called wherever JSON comes
 * in. Never converts: "1" is not a number and 1 is not a text.
 */
#include "lib/json.h"

#include <errno.h>
#include <string.h>

static int get(struct json_object *object, const char *name, enum json_type type, struct json_object **ret_member)
{
	struct json_object *member;

	if (!object || !json_object_is_type(object, json_type_object))
		return -EINVAL;
	if (!json_object_object_get_ex(object, name, &member) || !member)
		return -ENOENT;
	if (!json_object_is_type(member, type))
		return -EINVAL;
	*ret_member = member;
	return 0;
}

/* A text with a NUL inside would be cut by whoever takes it as a C string. */
int json_get_text(struct json_object *object, const char *name, const char **ret_text)
{
	struct json_object *member;
	const char *text;
	int error = get(object, name, json_type_string, &member);

	if (error)
		return error;
	text = json_object_get_string(member);
	if (strlen(text) != (size_t)json_object_get_string_len(member))
		return -EINVAL;
	*ret_text = text;
	return 0;
}

/* json-c clamps what int64 cannot hold; numbers above INT64_MAX show themselves as uint64. */
int json_get_number(struct json_object *object, const char *name, int64_t min, int64_t max, int64_t *ret_number)
{
	struct json_object *member;
	int64_t number;
	int error = get(object, name, json_type_int, &member);

	if (error)
		return error;
	number = json_object_get_int64(member);
	if (json_object_get_uint64(member) > INT64_MAX || number < min || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

int json_get_bool(struct json_object *object, const char *name, bool *ret_bool)
{
	struct json_object *member;
	int error = get(object, name, json_type_boolean, &member);

	if (!error)
		*ret_bool = json_object_get_boolean(member);
	return error;
}

int json_get_array(struct json_object *object, const char *name, struct json_object **ret_array)
{
	return get(object, name, json_type_array, ret_array);
}

int json_get_object(struct json_object *object, const char *name, struct json_object **ret_object)
{
	return get(object, name, json_type_object, ret_object);
}
