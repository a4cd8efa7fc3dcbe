/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins that the target sends elsewhere (status class 1, RFC 7143 11.13.5). */
#ifndef OPENHBA_DAEMON_REDIRECT_H
#define OPENHBA_DAEMON_REDIRECT_H

struct login_outcome;
struct session;

/* A login ended in a redirect: notes where to and ends the attempt; a bad or one too many is a
 * failed login. */
void redirect_take(struct session *session, const struct login_outcome *outcome);

/* A login at the address a permanent redirect led to is through: it is the session's home from now
 * on, the addresses it had before stay behind it. */
void redirect_settle(struct session *session);

/* The attempt is gone: goes where redirect_take() noted, at once. */
void redirect_follow(struct session *session);

#endif
