/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hands a socket in full feature phase to the kernel, in three steps that must not be merged (a
 * START in the same datagram as a failed BIND makes a session without a socket that looks healthy):
 *
 *	CREATE_SESSION (first login only) | CREATE_CONN + BIND_CONN + SET_PARAM... | START_CONN
 *
 * The kernel holds its own reference to the socket, ours is closed in every case. On failure what
 * was made is undone.
 *
 * A driver with endpoints carries the login, so its session is made and bound before it:
 *
 *	CREATE_BOUND_SESSION | CREATE_CONN + BIND_CONN + SET_PARAM... | login or the card's
 *START_CONN | SET_PARAM... | START_CONN
 *
 * STOP_CONN(RECOVER) makes the kernel disconnect the endpoint of a bound connection.
 */
#include "daemon/handover.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/attempt.h"
#include "daemon/background.h"
#include "daemon/daemon.h"
#include "daemon/orphan.h"
#include "daemon/params.h"
#include "daemon/recovery.h"
#include "daemon/redirect.h"
#include "daemon/start.h"
#include "daemon/transports.h"
#include "lib/channel_socket.h"
#include "transport/user/names.h"
#include "transport/user/adapter.h"
#include "transport/user/requests.h"

#define RESULTS_MAX 64

static int handover_refused(struct session *session, const char *what, int error)
{
	session_fail(session, ISCSI_ERR_INTERNAL, "the kernel refused %s: %s", what,
		     strerror(-error));
	return error;
}

/* The CmdSN of the kernel session and of the login just done are one number, or all I/O hangs. */
static int handover_create(struct session *session)
{
	uint32_t sid, host_no;
	uint16_t cmds_max = (uint16_t)record_number(&session->node, F_NODE_SESSION_CMDS_MAX);
	uint16_t depth = (uint16_t)record_number(&session->node, F_NODE_SESSION_QUEUE_DEPTH);
	int r = session_has_endpoint(session)
			? request_create_bound_session(
				  session->daemon->netlink, session->transport_handle,
				  attempt_endpoint(session->conn.attempt), session->conn.cmdsn,
				  cmds_max, depth, &sid, &host_no)
			: request_create_session(session->daemon->netlink,
						 session->transport_handle, session->conn.cmdsn,
						 cmds_max, depth, &sid, &host_no);

	if (r < 0) {
		if (background_was_killed())
			_exit(EXIT_FAILURE);
		transports_forget(session);
		/* The reply was lost, the session may have been made. */
		if (r == -ENOBUFS || r == -ETIMEDOUT)
			orphan_look(session->daemon, ORPHAN_ALL);
		return handover_refused(session, "CREATE_SESSION", r);
	}
	session->sid = (int)sid;
	session->host_no = (int)host_no;
	return 0;
}

static const char *result_name(const struct request_result *result)
{
	const struct param_row *row =
		result->request == ISCSI_UEVENT_SET_PARAM ? param_row(result->param) : NULL;

	return row ? row->id : request_name(result->request);
}

/* A parameter may be refused with -ENOSYS; of PING_TMO that says who pings. */
static void handover_note(struct session *session, const struct request_result *results,
			  unsigned int count)
{
	session->is_pinged_by_us = false;
	for (unsigned int i = 0; i < count && i < RESULTS_MAX; i++)
		if (results[i].request == ISCSI_UEVENT_SET_PARAM &&
		    results[i].param == ISCSI_PARAM_PING_TMO && results[i].error == -ENOSYS)
			session->is_pinged_by_us = true;
}

/* Sends the batch and frees it; results: RESULTS_MAX of them, *ret_count are filled. */
static int handover_send(struct session *session, struct request_batch *batch,
			 struct request_result *results, unsigned int *ret_count)
{
	unsigned int count = batch->count < RESULTS_MAX ? batch->count : RESULTS_MAX;
	int r = batch_send(session->daemon->netlink, batch, results, RESULTS_MAX);

	for (unsigned int i = 0; r < 0 && i < count; i++) {
		if (!results[i].error || results[i].tolerated)
			continue;
		handover_refused(session, result_name(&results[i]), r);
		break;
	}
	if (r < 0 && session->failure.err != ISCSI_ERR_INTERNAL)
		handover_refused(session, "BIND_CONN", r);
	*ret_count = count;
	batch_done(batch);
	return r;
}

static int handover_bind(struct session *session, int fd, bool is_first)
{
	const struct attempt *attempt = session->conn.attempt;
	struct request_result results[RESULTS_MAX];
	struct request_batch batch;
	unsigned int count;
	int r;

	batch_init(&batch, session->transport_handle);
	if (is_first)
		batch_create_conn(&batch, (uint32_t)session->sid, 0);
	batch_bind_conn(&batch, (uint32_t)session->sid, 0, (uint64_t)fd, true);
	params_add(&batch, session, attempt_outcome(attempt), attempt_exp_statsn(attempt));
	r = handover_send(session, &batch, results, &count);
	if (r == 0)
		handover_note(session, results, count);
	return r;
}

/* What `iscsiadm -m host` shows of a software host: the NIC it is bound to. A refusal costs only
 * that. */
static void handover_describe_host(struct session *session)
{
	struct netlink *netlink = session->daemon->netlink;
	uint32_t host_no = (uint32_t)session->host_no;

	if (session->netdev[0])
		(void)request_set_host_param(netlink, session->transport_handle, host_no,
					     ISCSI_HOST_PARAM_NETDEV_NAME, session->netdev);
	if (*record_text(&session->node, F_IFACE_HWADDRESS))
		(void)request_set_host_param(netlink, session->transport_handle, host_no,
					     ISCSI_HOST_PARAM_HWADDRESS,
					     record_text(&session->node, F_IFACE_HWADDRESS));
	if (*record_text(&session->node, F_IFACE_INITIATORNAME))
		(void)request_set_host_param(netlink, session->transport_handle, host_no,
					     ISCSI_HOST_PARAM_INITIATOR_NAME,
					     session->initiator_name);
}

static bool socket_is_open(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
	       info.tcpi_state == TCP_ESTABLISHED;
}

static int handover_start(struct session *session)
{
	int r = request_start_conn(session->daemon->netlink, session->transport_handle,
				   (uint32_t)session->sid, 0);

	if (r == -EEXIST) {
		session_fail(session, ISCSI_ERR_SESS_EXISTS, "%s",
			     "the firmware of the adapter, or another program, has such a session");
		return r;
	}
	return r < 0 ? handover_refused(session, "START_CONN", r) : 0;
}

static int handover_steps(struct session *session, int fd, bool is_first)
{
	int r = handover_bind(session, fd, is_first);

	if (r < 0)
		return r;
	if (is_first || session->has_moved)
		handover_describe_host(session);
	return handover_start(session);
}

/* A close by the target before BIND has set the kernel's callbacks is seen by nobody, and what the
 * kernel refuses after one is not its fault: look once more. */
static int handover_run(struct session *session, int fd, bool is_first)
{
	int r;

	session_fail(session, ISCSI_ERR_SUCCESS, "%s", "");
	if (is_first) {
		r = handover_create(session);
		if (r < 0)
			return r;
	}
	r = handover_steps(session, fd, is_first);
	if (socket_is_open(fd))
		return r;
	session_fail(session, ISCSI_ERR_TRANS, "connection lost during the login: %s",
		     channel_socket_error_text(-ECONNRESET));
	return -ECONNRESET;
}

static void handover_undo(struct session *session, bool is_first)
{
	struct netlink *netlink = session->daemon->netlink;
	uint32_t sid = (uint32_t)session->sid;

	if (session->sid < 0)
		return;
	if (!is_first || session_has_endpoint(session))
		(void)request_stop_conn(netlink, session->transport_handle, sid, 0,
					ISCSI_STOP_RECOVER);
	if (!is_first)
		return;
	(void)request_stop_conn(netlink, session->transport_handle, sid, 0, ISCSI_STOP_TERM);
	(void)request_destroy_conn(netlink, session->transport_handle, sid, 0);
	(void)request_destroy_session(netlink, session->transport_handle, sid);
	session->sid = session->host_no = -1;
}

static void handover_remember(struct session *session, const struct login_outcome *outcome)
{
	const struct negotiated *agreed = &outcome->negotiated;

	session->negotiated_time2wait_sec = session->time2wait_sec = agreed->default_time2wait;
	session->has_header_digest = agreed->header_digest;
	session->has_data_digest = agreed->data_digest;
	if (agreed->target_portal_group_tag >= 0)
		(void)record_set_number(&session->node, F_NODE_TPGT,
					agreed->target_portal_group_tag, ORIGIN_COMMAND);
	if (session->is_away && session->away_is_permanent)
		redirect_settle(session);
}

/* ---- endpoints ---- */

static int handover_bind_endpoint(struct session *session, bool is_new)
{
	struct attempt *attempt = session->conn.attempt;
	struct request_result results[RESULTS_MAX];
	struct request_batch batch;
	unsigned int count;
	int r;

	batch_init(&batch, session->transport_handle);
	if (is_new)
		batch_create_conn(&batch, (uint32_t)session->sid, 0);
	batch_bind_conn(&batch, (uint32_t)session->sid, 0, attempt_endpoint(attempt), true);
	params_add_known(&batch, session);
	if (session_is_firmware(session))
		params_add_agreed(&batch, session, attempt_outcome(attempt), 0);
	r = handover_send(session, &batch, results, &count);
	for (unsigned int i = 0; i < count; i++)
		if (results[i].request == ISCSI_UEVENT_BIND_CONN && !results[i].error)
			attempt_bound(attempt);
	if (r == 0)
		handover_note(session, results, count);
	return r;
}

int handover_begin(struct conn *conn)
{
	struct session *session = conn->session;
	bool is_new = session->sid < 0;
	int r = 0;

	session_fail(session, ISCSI_ERR_SUCCESS, "%s", "");
	if (is_new)
		r = handover_create(session);
	if (r == 0)
		r = handover_bind_endpoint(session, is_new);
	if (r == 0 && session_is_firmware(session))
		r = handover_start(session);
	return r;
}

void handover_abandon(struct session *session)
{
	if (session_has_endpoint(session))
		handover_undo(session, session->state == SESSION_FREE);
}

/* A card that has logged in by itself was told all and started before. */
static int handover_finish_endpoint(struct session *session)
{
	const struct attempt *attempt = session->conn.attempt;
	struct request_result results[RESULTS_MAX];
	struct request_batch batch;
	unsigned int count;
	int r;

	session_fail(session, ISCSI_ERR_SUCCESS, "%s", "");
	if (session_is_firmware(session))
		return 0;
	batch_init(&batch, session->transport_handle);
	params_add_agreed(&batch, session, attempt_outcome(attempt), attempt_exp_statsn(attempt));
	r = handover_send(session, &batch, results, &count);
	return r < 0 ? r : handover_start(session);
}

/* ---- T5 ---- */

static int handover_socket(struct session *session, bool is_first)
{
	int fd = attempt_take_fd(session->conn.attempt);
	int r = handover_run(session, fd, is_first);

	close(fd);
	return r;
}

void handover_take(struct conn *conn)
{
	struct session *session = conn->session;
	bool is_first = session->state == SESSION_FREE;
	int r = session_has_endpoint(session) ? handover_finish_endpoint(session)
					      : handover_socket(session, is_first);

	if (r == 0)
		handover_remember(session, attempt_outcome(conn->attempt));
	else
		handover_undo(session, is_first);
	attempt_drop(conn);
	if (r < 0) {
		conn_event(conn, CONN_EVENT_CLOSED);
		if (is_first)
			start_failed(session);
		else
			recovery_failed(session);
	} else if (is_first) {
		start_done(session);
	} else {
		recovery_done(session);
	}
}

int handover_cmdsn(struct session *session)
{
	struct iscsi_stats stats;
	int r;

	if (session_has_endpoint(session))
		return 0;
	r = request_get_stats(session->daemon->netlink, session->transport_handle,
			      (uint32_t)session->sid, 0, &stats, NULL, 0, NULL);
	if (r == 0)
		session->conn.cmdsn = session->initial_cmdsn + stats.scsicmd_pdus;
	return r;
}
