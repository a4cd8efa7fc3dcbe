/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel takes a recovery timeout in two ways. SET_PARAM, as at each login; but once somebody (multipathd) has written the
 * session's attribute in sysfs, the kernel ignores SET_PARAM for that session for ever, without an error. The attribute, but not
 * while the session is FAILED or FREE (EBUSY). So SET_PARAM first, which leaves the session as open to others as it was, and what
 * sysfs shows then tells whether the attribute has to be written. Called by port_loss.c, recovery.c and adopt.c.
 */
#include "daemon/fast_fail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/state.h"
#include "iface/policy.h"
#include "transport/user/requests.h"
#include "transport/user/sysfs.h"

static void attribute_path(const struct session *session, char *path, size_t size)
{
	snprintf(path, size, "class/iscsi_session/session%d/recovery_tmo", session->sid);
}

/* Seconds, -1 for never. */
static int timeout_read(const struct session *session, int64_t *ret_sec)
{
	char path[64], text[32], *end;
	int bytes;

	attribute_path(session, path, sizeof(path));
	bytes = sysfs_read(session->daemon->sysfs, path, text, sizeof(text));
	if (bytes < 0)
		return bytes;
	*ret_sec = !strcmp(text, "off") ? -1 : strtoll(text, &end, 10);
	return *ret_sec >= -1 && *ret_sec <= INT32_MAX && (*ret_sec < 0 || (*text && !*end)) ? 0 : -EINVAL;
}

static bool timeout_is(const struct session *session, int64_t sec)
{
	int64_t now_sec;

	return timeout_read(session, &now_sec) == 0 && now_sec == sec;
}

static int timeout_write(const struct session *session, int64_t sec)
{
	char path[64], text[32];

	snprintf(text, sizeof(text), "%lld", (long long)sec);
	(void)request_set_param(session->daemon->netlink, session->transport_handle, (uint32_t)session->sid, 0,
				ISCSI_PARAM_SESS_RECOVERY_TMO, text);
	if (timeout_is(session, sec))
		return 0;
	attribute_path(session, path, sizeof(path));
	return sysfs_write(session->daemon->sysfs, path, sec < 0 ? "off" : text);
}

/* The root disk is better waited for. */
static bool is_of_boot(const struct session *session)
{
	return session->boot || record_is(&session->node, F_NODE_STARTUP, "onboot") ||
	       record_is(&session->node, F_NODE_CONN_STARTUP, "onboot");
}

bool fast_fail_wanted(const struct session *session)
{
	bool is_asked_for = policy_is_managed(&session->node) ||
			    policy_fast_fail_of(&session->node) != FAST_FAIL_OFF;

	return is_asked_for && !is_of_boot(session);
}

void fast_fail_begin(struct session *session)
{
	int64_t wanted_sec = policy_fast_fail_of(&session->node), former_sec;
	int r = timeout_read(session, &former_sec);

	if (wanted_sec == FAST_FAIL_OFF || (r == 0 && former_sec >= 0 && former_sec <= wanted_sec))
		return;
	if (r == 0)
		r = timeout_write(session, wanted_sec);
	if (r < 0) {
		session_log(session, LOG_LEVEL_WARNING, "its recovery timeout cannot be shortened, I/O is held as long as that: %s",
			    strerror(-r));
		return;
	}
	session->has_former_timeout = true;
	session->former_timeout_sec = former_sec;
	state_save(session);
}

void fast_fail_end(struct session *session)
{
	int64_t shortened_sec = policy_fast_fail_of(&session->node);
	int64_t login_sec = record_number(&session->node, F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT);
	int64_t now_sec;

	if (!session->has_former_timeout || session->state != SESSION_LOGGED_IN || timeout_read(session, &now_sec) < 0)
		return;
	/* The login has set the record's, if the kernel let it; anything else is somebody's wish. */
	if (now_sec != session->former_timeout_sec && (now_sec == shortened_sec || now_sec == login_sec)) {
		int r = timeout_write(session, session->former_timeout_sec);

		if (r < 0) {
			session_log(session, LOG_LEVEL_WARNING, "its recovery timeout stays at %lld s: %s", (long long)now_sec,
				    strerror(-r));
			return;
		}
	}
	session->has_former_timeout = false;
	state_save(session);
}
