/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What iscsid.conf and iface records say to the iface manager, as values. The settings are rows of transport/abi/settings.def and were
 * checked when the conf was read; only the patterns of iface.nics are checked here. Called by iscsid and iscsiadm when they start.
 */
#include "iface/policy.h"

#include <errno.h>
#include <string.h>

const char *policy_bind_word(enum bind_policy bind)
{
	static const char *const words[] = {
		[BIND_UNSET] = "", [BIND_NEVER] = "never", [BIND_REACHABLE] = "reachable", [BIND_ALWAYS] = "always",
	};

	return words[bind];
}

static enum bind_policy bind_of(const char *word)
{
	enum bind_policy policy = BIND_ALWAYS;

	while (policy > BIND_UNSET && strcmp(policy_bind_word(policy), word) != 0)
		policy--;
	return policy;
}

/* A list with one bad pattern is none at all: what it would select is not what was meant. */
static int read_nics(const char *value, record_complaint_fn *complain, void *data, struct nics **ret_nics)
{
	int error = nics_parse(value, ret_nics, NULL);

	if (error == -EINVAL) {
		if (complain)
			complain(field_rows[F_POLICY_NICS].name, value, 0, error, data);
		error = nics_parse(NULL, ret_nics, NULL);
	}
	return error;
}

void policy_explain(const char *value, struct text *ret_sentence)
{
	struct nics *nics = NULL;

	text_add(ret_sentence, "iface.nics: ");
	nics_parse(value, &nics, ret_sentence);
	nics_free(nics);
}

static unsigned int number_of(const struct record *record, enum field field)
{
	return (unsigned int)record_number(record, field);
}

/* Does the file, be it the built-in value? */
static bool says(const struct record *record, enum field field)
{
	return !strcmp(record_origin_text(record, field), "iscsid.conf");
}

int policy_read(const struct conf *conf, record_complaint_fn *complain, void *data, struct policy *ret_policy)
{
	struct record record;
	int error;

	*ret_policy = (struct policy){ .nics = NULL };
	record_init(&record, RECORD_POLICY);
	error = conf_apply(conf, &record);
	if (!error)
		error = read_nics(record_text(&record, F_POLICY_NICS), complain, data, &ret_policy->nics);
	if (!error) {
		ret_policy->bind = bind_of(record_text(&record, F_POLICY_BIND));
		if (ret_policy->bind == BIND_UNSET)
			ret_policy->bind = BIND_REACHABLE;
		ret_policy->fast_fail = (int)record_number(&record, F_POLICY_FAST_FAIL);
		ret_policy->says_bind = says(&record, F_POLICY_BIND);
		ret_policy->says_fast_fail = says(&record, F_POLICY_FAST_FAIL);
		ret_policy->flap_max = number_of(&record, F_POLICY_FLAP_MAX);
		ret_policy->flap_window_sec = number_of(&record, F_POLICY_FLAP_WINDOW);
		ret_policy->flap_hold_sec = number_of(&record, F_POLICY_FLAP_HOLD);
	}
	record_done(&record);
	return error;
}

void policy_done(struct policy *policy)
{
	nics_free(policy->nics);
	*policy = (struct policy){ .nics = NULL };
}

enum bind_policy policy_bind_of(const struct record *iface)
{
	return bind_of(record_text(iface, F_IFACE_BIND));
}

int policy_fast_fail_of(const struct record *iface)
{
	return (int)record_number(iface, F_IFACE_FAST_FAIL);
}

bool policy_is_managed(const struct record *iface)
{
	return policy_bind_of(iface) != BIND_UNSET;
}
