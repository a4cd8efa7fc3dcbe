/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the rows of a discovery record to the settings of lib/discover. Decides nothing about retries; asks nobody. */
#include "lib/discover_record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/chap.h"
#include "lib/secret.h"

static int take_secret(const struct record *record, enum field field, struct secret **ret_secret)
{
	const char *text = record_text(record, field);

	*ret_secret = *text ? secret_new(text, strlen(text)) : NULL;
	return *text && !*ret_secret ? -ENOMEM : 0;
}

int discovery_secrets_take(struct discovery_secrets *secrets, const struct record *discovery)
{
	int error = take_secret(discovery, F_DISCOVERY_SENDTARGETS_AUTH_PASSWORD, &secrets->password);

	return error ? error : take_secret(discovery, F_DISCOVERY_SENDTARGETS_AUTH_PASSWORD_IN, &secrets->password_in);
}

void discovery_secrets_done(struct discovery_secrets *secrets)
{
	secret_free(secrets->password);
	secret_free(secrets->password_in);
	*secrets = (struct discovery_secrets){0};
}

/* Credentials alone turn CHAP on, as for sessions. */
static void set_authentication(struct login_auth *auth, const struct record *record, const struct discovery_secrets *secrets)
{
	int count;

	if (!secrets->password)
		return;
	auth->username = record_text(record, F_DISCOVERY_SENDTARGETS_AUTH_USERNAME);
	auth->password = secrets->password;
	auth->username_in = record_text(record, F_DISCOVERY_SENDTARGETS_AUTH_USERNAME_IN);
	auth->password_in = secrets->password_in;
	count = chap_algorithms_parse(record_text(record, F_DISCOVERY_SENDTARGETS_AUTH_CHAP_ALGS), auth->algorithms);
	auth->algorithm_count = count > 0 ? (unsigned int)count : 0;
}

static unsigned int milliseconds(const struct record *record, enum field field)
{
	int64_t seconds = record_number(record, field);

	return seconds > 0 && seconds < 1000000 ? (unsigned int)seconds * 1000 : 1000000000;
}

void discovery_settings_from_record(struct discovery_settings *settings, const struct record *discovery,
				    const struct discovery_secrets *secrets)
{
	discovery_settings_init(settings);
	snprintf(settings->portal.address, sizeof(settings->portal.address), "%s",
		 record_text(discovery, F_DISCOVERY_SENDTARGETS_ADDRESS));
	settings->portal.port = (int)record_number(discovery, F_DISCOVERY_SENDTARGETS_PORT);
	settings->portal.tpgt = PORTAL_TPGT_NONE;
	settings->login_timeout_ms = milliseconds(discovery, F_DISCOVERY_SENDTARGETS_TIMEO_LOGIN_TIMEOUT);
	settings->text_timeout_ms = milliseconds(discovery, F_DISCOVERY_SENDTARGETS_TIMEO_ACTIVE_TIMEOUT);
	settings->redirect_max = (unsigned int)record_number(discovery, F_DISCOVERY_SENDTARGETS_LOGIN_REDIRECT_MAX);
	settings->login.offer.max_recv_data_segment_length =
		(uint32_t)record_number(discovery, F_DISCOVERY_SENDTARGETS_ISCSI_MAX_RECV_DATA_SEGMENT_LENGTH);
	set_authentication(&settings->login.auth, discovery, secrets);
	/* RFC 7143 11.12.5: a random ISID, so that two discoveries at a time do not end each other's session. */
	if (getrandom(settings->login.isid, sizeof(settings->login.isid), 0) < 0)
		memset(settings->login.isid, 0, sizeof(settings->login.isid));
	settings->login.isid[0] = 0x80;
}
