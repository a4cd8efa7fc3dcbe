/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the transport class share. <scsi/scsi_transport_iscsi.h> is the contract with the drivers and is fixed to the
 * byte: a driver's view (struct iscsi_cls_session ...) lies at the END of the class's own struct, its dd_data directly behind it,
 * and everything the class adds stands in front of it, unseen.
 *
 *	struct class_session | struct iscsi_cls_session | dd_data of the driver
 *
 * Locks, in this order; none is ever taken against it:
 *
 *	transport->rwsem	(read: every request; write: unregistering)	the driver stays while a request runs
 *	host mutex		requests about a host: chap table, flashnodes, ifaces, ping, bsg
 *	session->mutex		requests about one session: two sessions never wait for each other
 *	conn->cls.ep_mutex	binding, starting, stopping of one connection (known to drivers)
 *	session->scan_mutex	looking for disks; session->gate: blocking and unblocking of the target's queues
 *	session->cls.lock, conn->cls.lock	states and flags, irq-safe, never held over a call to a driver
 *
 * Lookups go through xarrays under RCU or the xarray's lock and return a counted reference; they cost the same with one session as
 * with thousands.
 */
#ifndef OPENHBA_CLASS_H
#define OPENHBA_CLASS_H

#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/transport_class.h>
#include <linux/xarray.h>
#include <net/netlink.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_transport.h>
#include <scsi/scsi_transport_iscsi.h>
#include <trace/events/iscsi.h>

#define CLASS_VERSION "2.0-870"

struct class_request;	/* netlink.c */

/* --- transports: one per registered driver -------------------------------------------------------------------------------- */

struct class_transport {
	struct scsi_transport_template t;	/* what the driver gets back; first, as the mid layer hands it around */
	struct iscsi_transport *ops;
	struct device dev;			/* /sys/class/iscsi_transport/NAME; releases this struct */
	struct rw_semaphore rwsem;
	bool gone;				/* under rwsem: unregistered, requests find it no more */
	u32 id;					/* handle in sysfs and in messages: a number, not an address */
	struct mutex setup;			/* drivers with endpoints were written for a class that makes one of them at a time */
	struct rw_semaphore birth;		/* read: making a session, until its maker has read it; write: destroying one, briefly */
	struct transport_container conn_cont;
	struct transport_container session_cont;
	struct rcu_head rcu;
};

/* By handle. Taken for reading, with the driver's module held; NULL if there is none. Each get needs its put. */
struct class_transport *class_transport_get(u64 handle);
void class_transport_put(struct class_transport *transport);
int transport_init(void);
void transport_exit(void);
struct class_transport *class_transport_of(const struct iscsi_transport *ops);	/* no reference: valid while ops is registered */

/* --- hosts ----------------------------------------------------------------------------------------------------------------- */

/* By number, with a reference (scsi_host_put); only hosts of this driver, NULL otherwise. */
struct Scsi_Host *class_host_get(const struct iscsi_transport *ops, u32 host_no);
struct mutex *class_host_mutex(struct Scsi_Host *shost);	/* struct iscsi_cls_host's */
bool class_host_is_gone(const struct Scsi_Host *shost);		/* or going; stays what it is while its mutex is held */
int host_init(void);
void host_exit(void);

/* --- sessions -------------------------------------------------------------------------------------------------------------- */

/*
 * How it dies, in three steps:
 *	invisible	session_hide(): out of the table and of the identities; waits for the request that holds the mutex
 *	quiet		iscsi_remove_session(): `removing` set, so that drivers can queue nothing more; block_work, recovery_work,
 *			scan_work, unbind_work cancelled or finished; the target's queues opened with an error, the target removed,
 *			the devices deleted
 *	gone		session_release(), with the last reference
 * Who may hold a reference: the driver from iscsi_alloc_session() to iscsi_free_session(); each of its connections (as parent); a
 * request between class_session_get() and _put(); its SCSI target, if that is its child (until scsi_remove_target() and the last file
 * descriptor on a disk); a reader of one of its attributes; a user_scan on its way over the host's children.
 * It holds one on its Scsi_Host, and if user space has made it, one on the driver's module: a driver that makes sessions of its own removes
 * them before it is unloaded.
 */
struct class_session {
	struct mutex mutex;		/* one request at a time: session_lock() */
	struct task_struct *locker;	/* who holds mutex: a driver may remove in a request what it made in it */
	struct xarray conns;		/* cid -> struct class_conn; its lock */
	bool visible;			/* under mutex: in the table of sessions */
	u32 generation;			/* counts changes of state, /sys/.../generation; written by session_state.c alone */
	struct mutex gate;		/* the target's queues: one opens or closes them at a time */
	bool may_block;			/* under cls.lock: no unblock since the last iscsi_block_session() */
	unsigned long recovery_at;	/* jiffies; under gate */
	bool sleeping;			/* under gate: the machine sleeps, or is about to; processes do not run */
	bool given_up_asleep;		/* written under gate: FREE for no other reason */
	bool removing;			/* under cls.lock: state stays FREE, nothing is queued any more */
	struct mutex scan_mutex;	/* one scan at a time, none while the target is being removed */
	struct work_struct state_work;	/* tells user space of the state */
	bool holds_owner;		/* the driver's module */
	bool told_later;		/* of its end: when the driver has let go of it, by who had it destroyed */
	u8 isid[6];			/* from the login PDU or ISCSI_PARAM_ISID; under mutex */
	bool isid_known;
	char *identity;			/* NULL: not in the table of identities. session_identity.c */
	struct hlist_node same_identity;
	struct iscsi_cls_session cls;	/* last: dd_data follows */
};

#define to_class_session(_cls) container_of(_cls, struct class_session, cls)

/* By number, with a reference on its device (class_session_put); NULL if it is gone or going. */
struct class_session *class_session_get(const struct iscsi_transport *ops, u32 sid);
void class_session_put(struct class_session *session);

/* For a request: after it, see whether the session is still visible. */
static inline void session_lock(struct class_session *session)
{
	mutex_lock(&session->mutex);
	WRITE_ONCE(session->locker, current);
}

static inline void session_unlock(struct class_session *session)
{
	WRITE_ONCE(session->locker, NULL);
	mutex_unlock(&session->mutex);
}

DEFINE_GUARD(class_session, struct class_session *, session_lock(_T), session_unlock(_T))

/* In a request that has made it, which holds the driver's module itself. */
void session_hold_owner(struct class_session *session);
/* Invisible for requests, once: false if another was first. Waits for the request under way, unless that is the caller's own. */
bool session_hide(struct class_session *session);
/* The one writer of cls.state: refuses what is no transition, counts, and tells user space by a uevent. Any context. */
int session_state_set(struct iscsi_cls_session *cls, int state);
const char *session_state_name(int state);		/* text in sysfs */
const char *session_target_state_name(int state);
/* recovery_tmo: seconds, negative for never; by_hand: written in sysfs, later values of netlink are ignored */
int session_recovery_tmo_set(struct iscsi_cls_session *cls, int seconds, bool by_hand);
/* Another session with the same initiator name, ISID, target name and portal group? -EEXIST. Called once those are known: at START. */
int session_identity_check(struct class_session *session);
void session_identity_forget(struct class_session *session);
/* Starts removing the target and its devices; KEVENT_UNBIND_SESSION follows. */
void session_unbind(struct iscsi_cls_session *cls);
/* DESTROY_SESSION: unreachable first, then gone. Takes session->mutex itself. -EBUSY with connections, -EINVAL if another is at it. */
int session_destroy(struct class_session *session);
/* Removes without waiting (DESTROY_SESSION_ASYNC); KEVENT_DESTROY_SESSION follows. Errors as above; takes session->mutex itself. */
int session_destroy_async(struct iscsi_cls_session *cls);
/* Looks for the target's disks if it is logged in; channel, id and lun as in the host's scan file. session_target.c */
int session_user_scan(struct Scsi_Host *shost, uint channel, uint id, u64 lun);
int session_target_id_take(struct iscsi_cls_session *cls, unsigned int target_id);
void session_target_init(struct iscsi_cls_session *cls);	/* the works of session_target.c */
void session_target_remove(struct iscsi_cls_session *cls);	/* waits for scans, then what session_unbind() does */
void session_state_init(struct iscsi_cls_session *cls);		/* the works of session_state.c */
void session_state_quit(struct iscsi_cls_session *cls);		/* nothing is queued from here on, the queues are open, state is FREE */
void session_recovery_give_up(struct iscsi_cls_session *cls);	/* no more waiting for a login, if session_power_goes_down() */
void session_recovery_sleep(struct iscsi_cls_session *cls);	/* a lost one is given up; no long waiting, until: */
void session_recovery_wake(struct iscsi_cls_session *cls);	/* what was given up meanwhile waits again. Before processes run */
bool session_power_goes_down(void);
extern const struct dev_pm_ops session_power_ops;
int session_power_init(void);
void session_power_exit(void);
extern struct workqueue_struct *session_removal_workq;
void sessions_for_each(void (*fn)(struct iscsi_cls_session *cls));	/* visible ones, each with a reference held */
bool sessions_all(bool (*is)(struct iscsi_cls_session *cls));	/* the same; stops at the first that is not */
bool session_is_dev(const struct device *dev);
int session_init(void);
void session_exit(void);

/* --- connections ----------------------------------------------------------------------------------------------------------- */

/*
 * Dies like its session: out of session->conns (conn_destroy(), or iscsi_remove_conn() if the driver began), then quiet (`removing`:
 * conn_cleanup.c queues nothing more; cleanup_work cancelled; its endpoint let go; the devices deleted), then gone.
 * Who may hold a reference: the driver from iscsi_alloc_conn() to iscsi_put_conn(), and whatever it took by iscsi_get_conn(); an
 * endpoint_disconnect() that found it by its endpoint; a reader of one of its attributes. Requests need none: they hold session->mutex.
 */
struct class_conn {
	u32 generation;			/* counts changes of state */
	bool stopped;			/* under ep_mutex: stop_conn() was called and nothing bound since */
	bool removing;			/* under cls.lock */
	struct work_struct state_work;	/* tells user space of the state */
	struct iscsi_cls_conn cls;	/* last: dd_data follows */
};

#define to_class_conn(_cls) container_of(_cls, struct class_conn, cls)

/* Of a session whose mutex is held; no reference: the mutex keeps it. NULL if there is none. */
struct class_conn *class_conn_find(struct class_session *session, u32 cid);
const char *conn_state_name(int state);
/* The one writer of cls.state. */
void conn_state_set(struct iscsi_cls_conn *cls, enum iscsi_connection_state state);
/* BIND, START, STOP with everything around the driver's call (cleanup by the class itself, endpoint, ep_mutex); session->mutex is held.
 * They return what goes into r.retcode, and -errno (negative) through *fault for what the class itself refuses.
 */
int conn_bind(struct class_session *session, struct class_conn *conn, u64 transport_eph, bool leading, int *fault);
int conn_start(struct class_session *session, struct class_conn *conn);
void conn_stop(struct class_session *session, struct class_conn *conn, int flag);
int conn_send_pdu(struct class_session *session, struct class_conn *conn, void *header, void *data, u32 data_bytes);
/* Waits for the class's own cleanup, then has the driver remove it. session->mutex is held: cleanup_work never takes it. */
int conn_destroy(struct class_session *session, struct class_conn *conn);
bool conn_is_dev(const struct device *dev);
/* conn_cleanup.c: after an error that the driver reported. */
void conn_cleanup_init(struct class_conn *conn);
bool conn_cleanup_pending(struct class_conn *conn);
void conn_cleanup_wait(struct class_conn *conn);	/* never under ep_mutex */
void conn_cleanup_quit(struct class_conn *conn);	/* cancels it, for good */
void conn_stop_driver(struct class_conn *conn, int flag);	/* ep_mutex is held */
int conn_init(void);
void conn_exit(void);

/* --- endpoints, ifaces, flashnodes, bsg ------------------------------------------------------------------------------------- */

int endpoint_init(void);
void endpoint_exit(void);
/* EP_DISCONNECT: the way through the connection that owns the endpoint. ops' endpoints only. */
int endpoint_disconnect(struct iscsi_transport *ops, u64 handle);
/* An endpoint and the connection bound to it know each other; attaching replaces nothing. conn->cls.ep_mutex is held. */
void endpoint_attach(struct class_conn *conn, u64 handle);
/* Unbinds the connection and has the driver disconnect; for_boot: it will go on (iscsid was restarted), so its commands are kept. */
void endpoint_unbind(struct class_conn *conn, bool for_boot);
void endpoint_detach(struct class_conn *conn);		/* the connection goes; no call to the driver */
/* What ops->ep_connect() returned belongs to ops from now on: no other driver's request may name it. */
void endpoint_owned_by(struct iscsi_endpoint *ep, const struct iscsi_transport *ops);
/* By handle, with a reference (iscsi_put_endpoint); ops' endpoints only, NULL otherwise. */
struct iscsi_endpoint *endpoint_get(const struct iscsi_transport *ops, u64 handle);
/* EP_POLL: never beside a disconnect of the same endpoint. 1 connected, 0 not yet, or -errno. */
int endpoint_poll(struct iscsi_transport *ops, u64 handle, int timeout_ms);
int iface_init(void);
void iface_exit(void);
/* Of this host, with a reference on its device; NULL if there is none. */
struct iscsi_bus_flash_session *flashnode_get(struct Scsi_Host *shost, u32 index);
int flashnode_init(void);
void flashnode_exit(void);
int bsg_host_add(struct Scsi_Host *shost, struct iscsi_cls_host *ihost);	/* nothing to do without ops->bsg_request */
void bsg_host_remove(struct Scsi_Host *shost);

/* --- sysfs: attribute groups made from the rows of transport/abi --------------------------------------------------------------- */

/* Each defined with its objects (transport.c, endpoint.c, iface.c, host.c, session.c, conn.c). */
extern struct class iscsi_transport_class;	/* sysfs of transports: handle, caps */
extern struct class iscsi_endpoint_class;
extern struct class iscsi_iface_class;
extern struct transport_class iscsi_host_class;
extern struct transport_class iscsi_session_class;
extern struct transport_class iscsi_connection_class;
extern const struct attribute_group *sysfs_transport_groups[], *sysfs_endpoint_groups[];	/* of the device in the class */
/*
 * One group each, owned by sysfs.c; which attributes a driver shows is asked through its attr_is_visible. They are the classes' own: where
 * one of a container's (ac.grp) cannot be made, the driver core forgets a device that is registered.
 */
extern const struct attribute_group *sysfs_session_groups[], *sysfs_conn_groups[], *sysfs_host_groups[];
extern const struct attribute_group sysfs_iface_group;
extern const struct attribute_group *sysfs_flash_session_groups[], *sysfs_flash_conn_groups[];
void sysfs_files_init(void);	/* lists the files of the groups, before anybody registers them */

/* --- messages ---------------------------------------------------------------------------------------------------------------- */

int netlink_init(void);
void netlink_exit(void);
/* Multicast to ISCSI_NL_GRP_ISCSID or ISCSI_NL_GRP_UIP: the message, then data behind it. 0, or -errno if it could not be queued.
 * Any context with gfp.
 */
int event_send(struct iscsi_uevent *event, u32 group, const void *data, u32 data_bytes, gfp_t gfp);
/* KEVENT_CREATE_SESSION, _DESTROY_SESSION, _UNBIND_SESSION. */
int event_session(struct iscsi_cls_session *cls, enum iscsi_uevent_e event);
/* The same, for event_send() when the session is no more; type 0 if it is no event of a session. */
struct iscsi_uevent event_of_session(struct iscsi_cls_session *cls, enum iscsi_uevent_e type);
/* KEVENT_CONN_ERROR. -errno if nobody can have got it. Any context. */
int event_conn_error(struct iscsi_cls_conn *cls, enum iscsi_err error);
/* KOBJ_CHANGE with ISCSI_STATE=..., for udev and a daemon that lost messages. Sleeps. */
void event_state_changed(struct device *dev, const char *state);

/* Off unless somebody sets the module parameter or the trace event; no call is made then. */
extern int class_debug_session, class_debug_conn;
#define session_dbg(_cls, fmt, ...) do { \
	if (unlikely(READ_ONCE(class_debug_session))) \
		dev_info(&(_cls)->dev, "%s: " fmt "\n", __func__, ##__VA_ARGS__); \
	if (trace_iscsi_dbg_trans_session_enabled()) \
		iscsi_dbg_trace(trace_iscsi_dbg_trans_session, &(_cls)->dev, fmt, ##__VA_ARGS__); \
} while (0)
#define conn_dbg(_cls, fmt, ...) do { \
	if (unlikely(READ_ONCE(class_debug_conn))) \
		dev_info(&(_cls)->dev, "%s: " fmt "\n", __func__, ##__VA_ARGS__); \
	if (trace_iscsi_dbg_trans_conn_enabled()) \
		iscsi_dbg_trace(trace_iscsi_dbg_trans_conn, &(_cls)->dev, fmt, ##__VA_ARGS__); \
} while (0)

#endif
