/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ in what the class and the data paths use. COMPAT_HAS_... come from Kbuild, which looks into the headers themselves:
 * version numbers say little about kernels to which distributions bring back what is newer.
 */
#ifndef OPENHBA_COMPAT_H
#define OPENHBA_COMPAT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/bsg-lib.h>
#include <net/sock.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_transport.h>

#ifdef COMPAT_HAS_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifdef COMPAT_HAS_LINUX_HEX
#include <linux/hex.h>
#endif

/* struct scsi_host_template, const where the mid layer never writes to it. */
#define compat_host_template	typeof(*((struct Scsi_Host *)NULL)->hostt)
/* What queuecommand and eh_timed_out return. */
#define compat_queue_result	typeof(((struct scsi_host_template *)NULL)->queuecommand(NULL, NULL))
#define compat_timeout_result	typeof(((struct scsi_host_template *)NULL)->eh_timed_out(NULL))

#ifdef COMPAT_HAS_TIMEOUT_ACTION
#define COMPAT_TIMEOUT_LATER	SCSI_EH_RESET_TIMER
#define COMPAT_TIMEOUT_RECOVER	SCSI_EH_NOT_HANDLED
#else
#define COMPAT_TIMEOUT_LATER	BLK_EH_RESET_TIMER
#define COMPAT_TIMEOUT_RECOVER	BLK_EH_DONE
#endif

/* The hook that sets a device's limits: with struct queue_limits, or (slave_configure) on the queue itself. */
#if defined(COMPAT_HAS_SDEV_CONFIGURE)
#define COMPAT_DEVICE_ALLOC	sdev_init
#else
#define COMPAT_DEVICE_ALLOC	slave_alloc
#endif
#if defined(COMPAT_HAS_SDEV_CONFIGURE)
#define COMPAT_CONFIGURE	sdev_configure
#define COMPAT_QUEUE_LIMITS
#elif defined(COMPAT_HAS_DEVICE_CONFIGURE)
#define COMPAT_CONFIGURE	device_configure
#define COMPAT_QUEUE_LIMITS
#else
#define COMPAT_CONFIGURE	slave_configure
#endif

/* Whether the page cache leaves pages alone while they are written to this device. */
static inline bool compat_has_stable_writes(struct scsi_device *sdev)
{
#ifdef blk_queue_stable_writes
	return blk_queue_stable_writes(sdev->request_queue);
#else
	return sdev->request_queue->limits.features & BLK_FEAT_STABLE_WRITES;
#endif
}

/* Whether the pages that headers are copied to may be those of the task; where nobody can say, GFP_ATOMIC says no. */
static inline void compat_task_frag(struct sock *sk, bool use)
{
#ifdef COMPAT_HAS_TASK_FRAG
	sk->sk_use_task_frag = use;
#endif
}

/* What a bus's match gets, and what a search among devices hands to its own match. */
#ifdef COMPAT_HAS_CONST_DRIVER
#define compat_driver		const struct device_driver
#else
#define compat_driver		struct device_driver
#endif
#ifdef COMPAT_HAS_DEVICE_MATCH
#define compat_match_data	const void
#else
#define compat_match_data	void
#endif

/* Closes the queues of the targets below dev, a child of shost. */
static inline void compat_block_targets(struct Scsi_Host *shost, struct device *dev)
{
#ifdef COMPAT_HAS_BLOCK_TARGETS
	scsi_block_targets(shost, dev);
#else
	scsi_target_block(dev);
#endif
}

/* After blk_freeze_queue_start(). */
static inline void compat_unfreeze_queue(struct request_queue *queue)
{
#ifdef COMPAT_HAS_UNFREEZE_NOMEMRESTORE
	blk_mq_unfreeze_queue_nomemrestore(queue);
#else
	blk_mq_unfreeze_queue(queue);
#endif
}

/* A queue for vendor's requests to a host, with the limits of its disks' queues. */
static inline struct request_queue *compat_bsg_queue(struct Scsi_Host *shost, const char *name, bsg_job_fn *run)
{
#ifdef COMPAT_HAS_SCSI_INIT_LIMITS
	struct queue_limits limits;

	scsi_init_limits(shost, &limits);
#ifdef COMPAT_HAS_BSG_REPLY_LEN
	return bsg_setup_queue(&shost->shost_gendev, name, &limits, run, NULL, 0, 0);
#else
	return bsg_setup_queue(&shost->shost_gendev, name, &limits, run, NULL, 0);
#endif
#else
	struct request_queue *queue = bsg_setup_queue(&shost->shost_gendev, name, run, NULL, 0);

	if (!IS_ERR(queue))
		__scsi_init_queue(shost, queue);
	return queue;
#endif
}

#endif
