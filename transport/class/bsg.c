// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/bsg/iscsi_hostN of drivers with requests of their vendor (firmware, NVRAM). The block layer calls bsg_dispatch(); what is not a
 * vendor's request is answered here.
 */
#include <linux/bsg-lib.h>
#include <scsi/scsi_bsg_iscsi.h>

#include "transport/class/compat.h"
#include "transport/class/class.h"

static int bsg_vendor(struct Scsi_Host *shost, struct bsg_job *job)
{
	const struct class_transport *transport = container_of(shost->transportt, struct class_transport, t);
	const struct iscsi_bsg_request *request = job->request;

	if (job->request_len < offsetofend(struct iscsi_bsg_request, msgcode))
		return -ENOMSG;
	if (request->msgcode != ISCSI_BSG_HST_VENDOR)
		return -EBADR;
	if (job->request_len < offsetof(struct iscsi_bsg_request, rqst_data.h_vendor.vendor_cmd))
		return -EINVAL;
	return transport->ops->bsg_request(job);
}

/* <scsi/scsi_bsg_iscsi.h> has a refusal as an errno in the result, and nothing behind it. */
static void bsg_refuse(struct bsg_job *job, int error)
{
	struct iscsi_bsg_reply *reply = job->reply;

	reply->reply_payload_rcv_len = 0;
	reply->result = error;
	job->reply_len = sizeof(reply->result);
	bsg_job_done(job, error, 0);
}

static int bsg_dispatch(struct bsg_job *job)
{
	struct Scsi_Host *shost = iscsi_job_to_shost(job);
	int error;

	/*
	 * qla4xxx completes a request that its firmware refuses, and returns an error besides. While the job is held its request stays
	 * "completed"; without, it would be gone by now, or another's. The job came with the only reference there is, so getting one works.
	 */
	if (WARN_ON_ONCE(!bsg_job_get(job)))
		return -EINVAL;
	error = bsg_vendor(shost, job);
	if (error && !blk_mq_request_completed(blk_mq_rq_from_pdu(job)))
		bsg_refuse(job, error);
	bsg_job_put(job);
	return 0;
}

int bsg_host_add(struct Scsi_Host *shost, struct iscsi_cls_host *ihost)
{
	const struct class_transport *transport = container_of(shost->transportt, struct class_transport, t);
	struct request_queue *queue;
	char name[32];

	if (!transport->ops->bsg_request)
		return 0;
	snprintf(name, sizeof(name), "iscsi_host%d", shost->host_no);
	queue = compat_bsg_queue(shost, name, bsg_dispatch);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ihost->bsg_q = queue;
	return 0;
}

void bsg_host_remove(struct Scsi_Host *shost)
{
	struct iscsi_cls_host *ihost = shost->shost_data;

	bsg_remove_queue(ihost->bsg_q);
	ihost->bsg_q = NULL;
}
