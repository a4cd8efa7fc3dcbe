/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session's login offers to its target. */
#ifndef OPENHBA_DAEMON_OFFER_H
#define OPENHBA_DAEMON_OFFER_H

struct login_offer;
struct negotiated;
struct session;

/* Overwrites what the session's record and transport have a say in; offer is initialised. */
void offer_fill(const struct session *session, struct login_offer *offer);

/* For a card that negotiates by itself: the offer as if the target had agreed to all of it. */
void offer_propose(const struct login_offer *offer, struct negotiated *ret_negotiated);

#endif
