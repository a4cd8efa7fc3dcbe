// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session of the software data path, which is a SCSI host of its own: made and removed for the class, with the limits a record asks for.
 * It never sends anything; connections do.
 */
#define pr_fmt(fmt) "iscsi_tcp: " fmt

#include "drivers/iscsi_tcp/ops.h"

#define CMDS_MAX_DEFAULT	128	/* cmds_max 0 */
#define CMDS_MAX_LEAST		16
#define CMDS_MAX_MOST		4096
#define CMDS_OWN		15	/* of cmds_max, as records count them */
#define QUEUE_DEPTH_DEFAULT	32
#define QUEUE_DEPTH_MOST	1024
#define SG_TABLE_ENTRIES	4096
#define MAX_SECTORS		0xffff
#define CDB_BYTES_MAX		260	/* behind byte 16 it travels in an AHS */

struct tcp_session *session_of(const struct iscsi_cls_session *cls)
{
	return *(struct tcp_session **)cls->dd_data;
}

static int can_queue(u16 cmds_max)
{
	u32 cmds = cmds_max ?: CMDS_MAX_DEFAULT;

	if (cmds < CMDS_MAX_LEAST) {
		pr_err("cmds_max %u: at least %u are needed\n", cmds, CMDS_MAX_LEAST);
		return -EINVAL;
	}
	cmds = min_t(u32, rounddown_pow_of_two(cmds), CMDS_MAX_MOST);
	return max_t(int, cmds - CMDS_OWN, 2);
}

static struct Scsi_Host *host_alloc(u16 cmds_max, u16 queue_depth)
{
	struct Scsi_Host *shost;
	int queue = can_queue(cmds_max);

	if (queue < 0)
		return NULL;
	shost = scsi_host_alloc((void *)&scsi_template, sizeof(struct tcp_session));
	if (!shost)
		return NULL;
	shost->can_queue = queue;
	shost->cmd_per_lun = queue_depth && queue_depth <= QUEUE_DEPTH_MOST ? queue_depth : QUEUE_DEPTH_DEFAULT;
	shost->cmd_per_lun = min_t(int, shost->cmd_per_lun, queue);
	shost->sg_tablesize = SG_TABLE_ENTRIES;
	shost->max_sectors = MAX_SECTORS;
	shost->max_lun = tcp_max_lun;
	shost->max_id = 1;
	shost->max_channel = 0;
	shost->max_cmd_len = CDB_BYTES_MAX;
	shost->transportt = tcp_transport_template;
	return shost;
}

static int session_init(struct tcp_session *session, struct Scsi_Host *shost, u32 initial_cmdsn)
{
	session->shost = shost;
	session->window.cmdsn = initial_cmdsn;
	session->window.exp_cmdsn = initial_cmdsn;
	session->window.max_cmdsn = initial_cmdsn;
	mutex_init(&session->eh_mutex);
	mutex_init(&session->names_mutex);
	init_waitqueue_head(&session->recovered);
	mgmt_init(session);
	param_defaults_session(session);
	session->workqueue = alloc_workqueue("iscsi_q_%d", WQ_SYSFS | WQ_MEM_RECLAIM | WQ_UNBOUND, 2, shost->host_no);
	return session->workqueue ? 0 : -ENOMEM;
}

static void session_free(struct tcp_session *session)
{
	u32 i;

	/* Sockets are put a grace period after their stop, by this workqueue. */
	wait_event(session->recovered, !atomic_read(&session->sockets));
	destroy_workqueue(session->workqueue);
	for (i = 0; i < ARRAY_SIZE(session->conns); i++)
		conn_free(session->conns[i]);
	param_free_session(session);
}

static struct iscsi_cls_session *cls_create(struct tcp_session *session)
{
	struct iscsi_cls_session *cls = iscsi_alloc_session(session->shost, &tcp_transport, sizeof(session));

	if (!cls)
		return NULL;
	*(struct tcp_session **)cls->dd_data = session;
	session->cls = cls;
	if (iscsi_add_session(cls, 0)) {
		iscsi_free_session(cls);
		return NULL;
	}
	return cls;
}

struct iscsi_cls_session *session_create(struct iscsi_endpoint *ep, u16 cmds_max, u16 queue_depth, u32 initial_cmdsn)
{
	struct tcp_session *session;
	struct Scsi_Host *shost;

	if (ep)
		return NULL;
	shost = host_alloc(cmds_max, queue_depth);
	if (!shost)
		return NULL;
	session = shost_priv(shost);
	if (session_init(session, shost, initial_cmdsn))
		goto put_host;
	if (scsi_add_host(shost, NULL))
		goto free_session;
	if (!cls_create(session))
		goto remove_host;
	return session->cls;

remove_host:
	scsi_remove_host(shost);
free_session:
	session_free(session);
put_host:
	scsi_host_put(shost);
	return NULL;
}

void session_destroy(struct iscsi_cls_session *cls)
{
	struct tcp_session *session = session_of(cls);
	struct Scsi_Host *shost = session->shost;

	WRITE_ONCE(session->terminating, true);
	wake_up_all(&session->recovered);
	iscsi_remove_session(cls);
	scsi_remove_host(shost);
	iscsi_free_session(cls);
	session_free(session);
	scsi_host_put(shost);
}

void session_recovery_timedout(struct iscsi_cls_session *cls)
{
	struct tcp_session *session = session_of(cls);

	WRITE_ONCE(session->recovery_failed, true);
	wake_up_all(&session->recovered);
}
