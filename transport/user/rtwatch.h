/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * Notices of NETLINK_ROUTE: that links, addresses, routes or rules have changed. What has become of them is asked anew
 * (transport/user/rtnetlink.h), so of a notice only its type counts, and one that was lost is made up for.
 */
#ifndef OPENHBA_TRANSPORT_USER_RTWATCH_H
#define OPENHBA_TRANSPORT_USER_RTWATCH_H

struct rtwatch;

enum rtwatch_change {
	RTWATCH_LINKS = 1 << 0,
	RTWATCH_ADDRESSES = 1 << 1,
	RTWATCH_ROUTES = 1 << 2,	/* routes and rules */
	RTWATCH_LOST = 1 << 3,		/* ENOBUFS: anything may have changed */
};

/* A non-blocking socket. Negative errno. */
int rtwatch_open(struct rtwatch **ret_watch);

/* Over another socket of messages, for tests. Takes fd. -ENOMEM. */
int rtwatch_open_fd(int fd, struct rtwatch **ret_watch);
void rtwatch_close(struct rtwatch *watch);	/* NULL is fine */
int rtwatch_fd(const struct rtwatch *watch);

/*
 * Reads what there is, of a storm a part (the descriptor stays readable): bits of enum rtwatch_change, 0 for nothing of interest, or
 * a negative errno after which nothing comes any more.
 */
int rtwatch_read(struct rtwatch *watch);

#endif
