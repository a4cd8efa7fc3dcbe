/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port: one PCI function, one SCSI host. What its parts are, how far it has come (one door: host_move()), and what each part offers to
 * the others. Locks, outermost first: scsi_add_host's and the class's; gate; config_mutex; session mutexes; mailbox.mutex; irq_lock;
 * rings' own.
 *
 * Life: probe makes it (main.c), bring-up starts the firmware (bringup.c), recovery (reset.c) repeats that after a failure; removal, of
 * the driver or of the card, is the way back in reverse order. shost's reference keeps the memory; work that runs later holds none
 * because removal cancels it first, and who comes from user space passes the gate, which removal closes before it frees a part.
 */
#ifndef OPENHBA_QLA4XXX_HOST_H
#define OPENHBA_QLA4XXX_HOST_H

#include <linux/kfifo.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_transport_iscsi.h>

#include "drivers/qla4xxx/chip.h"
#include "drivers/qla4xxx/gate.h"
#include "drivers/qla4xxx/mailbox.h"
#include "drivers/qla4xxx/rings.h"

#define QLA_NAME	"qla4xxx"

enum host_state {
	HOST_STARTING,		/* probe: the firmware is brought up, nobody else knows the host */
	HOST_ONLINE,
	HOST_RECOVERING,	/* chip reset and bring-up; commands wait in the mid layer */
	HOST_SUSPENDED,
	HOST_DEAD,		/* given up, until somebody asks for a reset of the host */
	HOST_REMOVING,		/* no way back */
	HOST_STATES,
};

enum host_flag {
	HOST_LINK_UP,		/* the firmware said so last */
	HOST_GONE,		/* out of the bus: for ever, unless HOST_BUS_FAILED, too */
	HOST_BUS_FAILED,	/* from an error of the bus until it has recovered, or bus_until */
	HOST_LINK_LOOK,		/* event_work is to ask the firmware for the link */
	HOST_SILENT,		/* the firmware answers nothing until a bring-up has succeeded */
	HOST_LISTED,		/* sessions of the flash were made once */
};

struct host_event { u32 regs[ISP_MAILBOXES]; };			/* an AEN */
#define HOST_EVENTS	512

/* Lies in the SCSI host's own data. */
struct qla_host {
	struct Scsi_Host *shost;
	struct pci_dev *pdev;
	struct chip chip;
	struct mailbox mailbox;
	struct rings rings;

	spinlock_t irq_lock;		/* the mailbox's answer, events, interrupt causes. Hard interrupt context */
	bool irq_on;			/* irq_lock; the chip's interrupts are enabled: else mailbox commands poll */
	bool irq_requested;
	enum host_state state;		/* written by host_move() only */
	unsigned long flags;
	wait_queue_head_t state_changed;
	struct gate gate;		/* around all that user space asks for; open from host_init() until removal */

	struct workqueue_struct *workqueue;	/* ordered: events, recovery and relogin see each other's results */
	struct work_struct event_work;
	DECLARE_KFIFO(events, struct host_event, HOST_EVENTS);
	struct work_struct recovery_work;
	struct task_struct *resetter;	/* whose mailbox commands get through while RECOVERING */
	int recovered;			/* how the last recovery ended: 0 or -errno */
	unsigned long reasons;		/* why, enum recovery_reason */
	struct delayed_work heartbeat_work;
	unsigned long heartbeat;	/* jiffies of the last one */
	unsigned long bus_until;	/* jiffies; HOST_BUS_FAILED */
	unsigned int linkless_ticks;	/* of heartbeat_work, without a link */

	struct mutex config_mutex;	/* control block, flash, CHAP table, flash nodes */
	struct sessions *sessions;	/* session.h */
	struct config *config;		/* config.h */
	struct commands *commands;	/* commands.h */
	struct passthroughs *passthroughs;
	struct pings *pings;
};

static inline struct qla_host *host_of(struct Scsi_Host *shost)
{
	return shost_priv(shost);
}

#define host_info(host, fmt, ...)	dev_info(&(host)->pdev->dev, "host%u: " fmt, (host)->shost->host_no, ##__VA_ARGS__)
#define host_warn(host, fmt, ...)	dev_warn(&(host)->pdev->dev, "host%u: " fmt, (host)->shost->host_no, ##__VA_ARGS__)
#define host_err(host, fmt, ...)	dev_err(&(host)->pdev->dev, "host%u: " fmt, (host)->shost->host_no, ##__VA_ARGS__)

/* --- main.c: the state's door, and the driver ------------------------------------------------------------------------------------- */

extern struct iscsi_transport qla_transport;			/* transport.c */
extern struct scsi_transport_template *qla_transport_template;

/* Module parameters. */
extern int ql4xdisablesysfsboot, ql4xmaxqdepth, ql4xqfulltracking, ql4xsess_recovery_tmo;

static inline enum host_state host_state(const struct qla_host *host)
{
	return READ_ONCE(host->state);
}

/* True if it went there; illegal moves are refused (a host being removed stays so). Any context. */
bool host_move(struct qla_host *host, enum host_state to);
/* True when commands may be given to the firmware: online and linked. */
static inline bool host_ready(const struct qla_host *host)
{
	return host_state(host) == HOST_ONLINE && test_bit(HOST_LINK_UP, &host->flags);
}

/* Waits until it is ONLINE (true), or for good not so or for seconds (false). */
bool host_wait_online(struct qla_host *host, unsigned int seconds);

/* --- irq.c --------------------------------------------------------------------------------------------------------------------------- */

int irq_start(struct qla_host *host);		/* requests the line; the chip's interrupts stay disabled */
void irq_enable(struct qla_host *host);		/* the chip's interrupts; what came before is looked at */
void irq_disable(struct qla_host *host);	/* no cause is taken from the chip any more, except by irq_look() */
void irq_stop(struct qla_host *host);		/* disables and gives the line back: no handler runs any more */
void irq_look(struct qla_host *host);		/* what the handler does, for those who poll. Any context without irq_lock */

/* --- bringup.c ----------------------------------------------------------------------------------------------------------------------- */

enum bringup_from {
	BRINGUP_LOOK,		/* a reset if the chip's state asks for one */
	BRINGUP_RESET,
	BRINGUP_WAS_RESET,	/* another function did it */
};

/*
 * From whatever state the chip is in to a firmware that is ready: reset, boot, control block, rings. What was outstanding is completed on
 * the way, as soon as the chip has stopped. May take minutes; ends early (-ECANCELED, -ENODEV) when the host is removed or gone.
 */
int bringup(struct qla_host *host, enum bringup_from from);

/* --- reset.c ------------------------------------------------------------------------------------------------------------------------- */

enum recovery_reason {
	RECOVER_MAILBOX,	/* no answer */
	RECOVER_FATAL,		/* fatal error interrupt */
	RECOVER_SYSTEM_ERROR,	/* AENs: it died, lost its rings, its NVRAM, its address */
	RECOVER_HEARTBEAT,
	RECOVER_RING,		/* a response that nobody can have asked for */
	RECOVER_OTHER_FUNCTION,	/* another function reset the chip: bring up, do not reset again */
	RECOVER_REQUEST,	/* the SCSI layer or the administrator */
	RECOVER_GONE,		/* the card is out of the bus: all that waits ends, and the host is dead; host_gone() */
	RECOVER_BUS,		/* the bus has recovered from an error */
	RECOVER_LOST,		/* pings or PDUs of user space that are never answered */
	RECOVER_NETWORK,	/* taken down, and the firmware refuses to set it up */
	RECOVER_REASONS,
};

/* Those that mean, while the firmware is being started, that it has to be started once more. */
#define RECOVER_AGAIN	(BIT(RECOVER_FATAL) | BIT(RECOVER_SYSTEM_ERROR) | BIT(RECOVER_RING) | BIT(RECOVER_OTHER_FUNCTION))
/* Any context; the work is done in recovery_work. What was asked for before it runs is one recovery. */
void recover(struct qla_host *host, enum recovery_reason reason);
/* Waits for the end of it: 0 when online again, -EIO when given up. Not from the host's own workqueue. */
int recover_and_wait(struct qla_host *host, enum recovery_reason reason);
void recovery_run(struct work_struct *work);
/* scsi_host_template.host_reset: the chip, or (SCSI_FIRMWARE_RESET) only the port's network. */
int host_reset(struct Scsi_Host *shost, int what);
/* The card does not answer on the bus any more. Any context. */
void host_gone(struct qla_host *host);

static inline bool host_owns_reset(const struct qla_host *host)
{
	return READ_ONCE(host->resetter) == current;
}

/* A recovery has been asked for or runs, or nobody is there: whoever waits for the firmware and is not the resetter gives up. */
static inline bool host_is_lost(const struct qla_host *host)
{
	return test_bit(HOST_GONE, &host->flags) || test_bit(HOST_SILENT, &host->flags) || READ_ONCE(host->reasons);
}

/* Before sleep, and when the bus has failed: nothing runs, nothing is outstanding afterwards. recover(RECOVER_BUS) is the way back. */
void host_quiesce(struct qla_host *host);
/* The chip does nothing to us any more, whether it is there or not, and whatever it had is answered with host_byte. Sleeps. */
void host_stop(struct qla_host *host, u8 host_byte);

/* --- events.c: AENs, in their order, in event_work ---------------------------------------------------------------------------------- */

void event_post(struct qla_host *host, const u32 regs[ISP_MAILBOXES]);	/* irq_lock held */
void event_kick(struct qla_host *host);		/* event_work runs if there may be events it is time for. Any context */
void event_forget(struct qla_host *host);	/* those of a firmware that has been reset */
void event_run(struct work_struct *work);
void event_tick(struct qla_host *host);		/* every second, of a host that is online: looks for a link whose event was lost */

/* --- scsi.c, commands.c, errors.c ---------------------------------------------------------------------------------------------------- */

extern struct scsi_host_template qla_template;		/* its attributes: attributes.c */
/* Before scsi_add_host(): what commands need, and the numbers of the SCSI host (hardware queues, ids, LUNs). -ENOMEM */
int scsi_prepare(struct qla_host *host);
void scsi_unprepare(struct qla_host *host);		/* no command, no interrupt any more; fine without scsi_prepare() */
/*
 * Completes all that the firmware will not: everything of one DDB, or (ddb < 0) of all, with DID_RESET or the like; of all, when the
 * chip is stopped: the rings are closed, and what it had answered is taken first. Sleeps.
 */
void scsi_flush(struct qla_host *host, int ddb, u8 host_byte);
bool scsi_wait_idle(struct qla_host *host, unsigned int ms);	/* nothing outstanding */

/* --- passthrough.c, ping.c: made with the host, work runs in host->workqueue ---------------------------------------------------------- */

int passthrough_init(struct qla_host *host);		/* -ENOMEM */
void passthrough_exit(struct qla_host *host);		/* no interrupt any more, the chip is stopped; fine without passthrough_init() */
int passthrough_send(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 bytes);	/* transport.send_pdu */
void passthrough_done(struct qla_host *host, const struct isp_passthrough_status *status);	/* interrupt; warns if nobody asked */
/* No answer is given to user space any more: of a DDB, whose connection ends, or (ddb < 0) of all, and then the chip is stopped. */
void passthrough_flush(struct qla_host *host, int ddb);

int ping_init(struct qla_host *host);
void ping_exit(struct qla_host *host);
int ping_send(struct Scsi_Host *shost, u32 iface_num, u32 iface_type, u32 payload, u32 pid, struct sockaddr *to);
void ping_done(struct qla_host *host, const struct isp_mailbox_iocb *iocb);			/* interrupt; warns if nobody asked */
void ping_flush(struct qla_host *host);			/* the chip is stopped: who waits is told so */

/* Every second while the host is online: what is not answered in its time comes to an end, and too much of it to a reset. */
void passthrough_tick(struct qla_host *host);
void ping_tick(struct qla_host *host);

#endif
