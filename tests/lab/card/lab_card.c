// SPDX-License-Identifier: GPL-2.0-only
/*
 * An adapter without hardware, for the transport class's own tests: it has every operation a driver can have, two ifaces and a flashnode,
 * and answers each question about a parameter with its number. It is as careless as drivers were: it hands out counters without a bound,
 * and reads what it is given as if it had been checked, so that the debug kernel tells if it had not. Stopping a connection to suspend it
 * takes STOP_MS, and so does disconnecting an endpoint that was asked for as non-blocking. A PDU that is sent to it comes back. It has a second host while its module's parameter says so: reading it tells the number;
 * a ping of that one takes STOP_MS, too, and fails if the host was taken apart meanwhile.
 * A request of its vendor says what becomes of it: BSG_DONE, BSG_REFUSED, or both, as qla4xxx has it.
 */
#include <linux/bsg-lib.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/netlink.h>
#include <scsi/scsi_bsg_iscsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_transport_iscsi.h>

#define STOP_MS		2000
#define CHAP_ENTRIES	5
#define COUNTERS	1000	/* what it says it has, more than there can be */
#define BSG_DONE	1
#define BSG_REFUSED	2

static struct Scsi_Host *card, *second;
static bool second_is_gone;
static struct scsi_host_template host_template;
static struct scsi_transport_template *template;
static struct iscsi_iface *ifaces[2];
static int flashnodes;
static struct iscsi_transport card_transport;

struct card_conn {
	char *target_name;
};

static umode_t card_attr_is_visible(int param_type, int param)
{
	return 0444;
}

/* ---- sessions and connections ---- */

static struct iscsi_cls_session *card_create_session(struct iscsi_endpoint *ep, uint16_t cmds_max, uint16_t qdepth, uint32_t sn)
{
	struct iscsi_cls_session *session = iscsi_alloc_session(card, &card_transport, 0);

	if (!session)
		return NULL;
	if (iscsi_add_session(session, ISCSI_MAX_TARGET)) {
		iscsi_free_session(session);
		return NULL;
	}
	return session;
}

static void card_destroy_session(struct iscsi_cls_session *session)
{
	iscsi_remove_session(session);
	iscsi_free_session(session);
}

static struct iscsi_cls_conn *card_create_conn(struct iscsi_cls_session *session, uint32_t cid)
{
	struct iscsi_cls_conn *conn = iscsi_alloc_conn(session, sizeof(struct card_conn), cid);

	if (!conn)
		return NULL;
	if (iscsi_add_conn(conn)) {
		iscsi_put_conn(conn);
		return NULL;
	}
	return conn;
}

static void card_destroy_conn(struct iscsi_cls_conn *conn)
{
	struct card_conn *own = conn->dd_data;

	iscsi_remove_conn(conn);
	kfree(own->target_name);
	iscsi_put_conn(conn);
}

static void card_unbind_conn(struct iscsi_cls_conn *conn, bool is_active)
{
}

static int card_bind_conn(struct iscsi_cls_session *session, struct iscsi_cls_conn *conn, uint64_t transport_eph, int is_leading)
{
	struct iscsi_endpoint *ep = iscsi_lookup_endpoint(transport_eph);

	if (!ep)
		return -EINVAL;
	iscsi_put_endpoint(ep);
	return 0;
}

static int card_start_conn(struct iscsi_cls_conn *conn)
{
	return 0;
}

static void card_stop_conn(struct iscsi_cls_conn *conn, int flag)
{
	if (flag == STOP_CONN_SUSPEND)
		msleep(STOP_MS);
}

static int card_set_param(struct iscsi_cls_conn *conn, enum iscsi_param param, char *buf, int buflen)
{
	struct card_conn *own = conn->dd_data;
	char *name;

	if (param != ISCSI_PARAM_TARGET_NAME)
		return 0;
	name = kstrdup(buf, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	kfree(own->target_name);
	own->target_name = name;
	return 0;
}

static int card_get_conn_param(struct iscsi_cls_conn *conn, enum iscsi_param param, char *buf)
{
	struct card_conn *own = conn->dd_data;

	if (param == ISCSI_PARAM_PERSISTENT_ADDRESS)
		return sysfs_emit(buf, "%s\n", own->target_name);
	return sysfs_emit(buf, "conn %d\n", param);
}

static int card_get_session_param(struct iscsi_cls_session *session, enum iscsi_param param, char *buf)
{
	return sysfs_emit(buf, "session %d\n", param);
}

static int card_get_host_param(struct Scsi_Host *shost, enum iscsi_host_param param, char *buf)
{
	return sysfs_emit(buf, "host %d\n", param);
}

static int card_set_host_param(struct Scsi_Host *shost, enum iscsi_host_param param, char *buf, int buflen)
{
	return 0;
}

static int card_send_pdu(struct iscsi_cls_conn *conn, struct iscsi_hdr *hdr, char *data, uint32_t data_size)
{
	return iscsi_recv_pdu(conn, hdr, data, data_size);
}

static void card_get_stats(struct iscsi_cls_conn *conn, struct iscsi_stats *stats)
{
	stats->scsicmd_pdus = 7;
	stats->custom_length = COUNTERS;
}

/* ---- endpoints ---- */

static struct iscsi_endpoint *card_ep_connect(struct Scsi_Host *shost, struct sockaddr *dst_addr, int non_blocking)
{
	struct iscsi_endpoint *ep = iscsi_create_endpoint(sizeof(bool));

	if (!ep)
		return ERR_PTR(-ENOMEM);
	*(bool *)ep->dd_data = non_blocking;
	return ep;
}

static int card_ep_poll(struct iscsi_endpoint *ep, int timeout_ms)
{
	return 1;
}

static void card_ep_disconnect(struct iscsi_endpoint *ep)
{
	if (*(bool *)ep->dd_data)
		msleep(STOP_MS);
	iscsi_destroy_endpoint(ep);
}

static int card_get_ep_param(struct iscsi_endpoint *ep, enum iscsi_param param, char *buf)
{
	return sysfs_emit(buf, "endpoint %d\n", param);
}

/* ---- the host ---- */

static int card_set_path(struct Scsi_Host *shost, struct iscsi_path *params)
{
	return params->ip_addr_len == 4 || params->ip_addr_len == 16 ? 0 : -EINVAL;
}

static int card_tgt_dscvr(struct Scsi_Host *shost, enum iscsi_tgt_dscvr type, uint32_t enable, struct sockaddr *dst_addr)
{
	return 0;
}

/* Reads all of an address or a name, as long as the row of its parameter says. */
static int card_set_iface_param(struct Scsi_Host *shost, void *data, uint32_t len)
{
	const struct nlattr *attribute;
	int left, bytes = 0;

	nla_for_each_attr(attribute, data, len, left) {
		const struct iscsi_iface_param_info *info = nla_data(attribute);
		char value[16];

		memcpy(value, info->value, info->param == ISCSI_NET_PARAM_IPV6_ADDR ? 16 : 1);
		bytes += value[0];
	}
	return bytes < 0 ? -ERANGE : 0;
}

static int card_get_iface_param(struct iscsi_iface *iface, enum iscsi_param_type param_type, int param, char *buf)
{
	return sysfs_emit(buf, "iface %d %d %d\n", iface->iface_num, param_type, param);
}

static int card_send_ping(struct Scsi_Host *shost, uint32_t iface_num, uint32_t iface_type, uint32_t payload_size, uint32_t pid,
			  struct sockaddr *dst_addr)
{
	if (shost != card) {
		msleep(STOP_MS);
		return READ_ONCE(second_is_gone) ? -EIO : 0;
	}
	iscsi_ping_comp_event(shost->host_no, &card_transport, ISCSI_PING_SUCCESS, pid, 0, NULL);
	iscsi_post_host_event(shost->host_no, &card_transport, ISCSI_EVENT_LINKUP, 0, NULL);
	return 0;
}

static int card_get_chap(struct Scsi_Host *shost, uint16_t chap_tbl_idx, uint32_t *num_entries, char *buf)
{
	struct iscsi_chap_rec *table = (struct iscsi_chap_rec *)buf;
	u32 i;

	for (i = 0; i < *num_entries && i < CHAP_ENTRIES; i++)
		table[i].chap_tbl_idx = chap_tbl_idx + i;
	*num_entries = COUNTERS;
	return 0;
}

static int card_delete_chap(struct Scsi_Host *shost, uint16_t chap_tbl_idx)
{
	return chap_tbl_idx < CHAP_ENTRIES ? 0 : -EINVAL;
}

static int card_set_chap(struct Scsi_Host *shost, void *data, int len)
{
	struct iscsi_chap_rec entry = { };
	const struct nlattr *attribute;
	int left;

	nla_for_each_attr(attribute, data, len, left) {
		const struct iscsi_param_info *info = nla_data(attribute);

		if (info->param == ISCSI_CHAP_PARAM_USERNAME)
			memcpy(entry.username, info->value, info->len);
		else if (info->param == ISCSI_CHAP_PARAM_PASSWORD)
			memcpy(entry.password, info->value, info->len);
	}
	return entry.username[0] ? 0 : -EINVAL;
}

static int card_get_host_stats(struct Scsi_Host *shost, char *buf, int len)
{
	struct iscsi_offload_host_stats *stats = (struct iscsi_offload_host_stats *)buf;

	stats->mactx_frames = 11;
	stats->custom_length = COUNTERS;
	return 0;
}

static int card_bsg_request(struct bsg_job *job)
{
	const struct iscsi_bsg_request *request = job->request;
	struct iscsi_bsg_reply *reply = job->reply;
	u32 what = request->rqst_data.h_vendor.vendor_cmd[0];

	if (what & BSG_DONE) {
		reply->result = DID_ERROR << 16;
		reply->reply_payload_rcv_len = 0;
		job->reply_len = sizeof(*reply);
		bsg_job_done(job, reply->result, 0);
	}
	if (what & BSG_REFUSED)
		return -EIO;
	return what & BSG_DONE ? 0 : -ENOSYS;
}

/* ---- flashnodes ---- */

static int card_add_flashnode(void)
{
	struct iscsi_bus_flash_session *session = iscsi_create_flashnode_sess(card, flashnodes, &card_transport, 0);

	if (!session)
		return -ENOMEM;
	if (!iscsi_create_flashnode_conn(card, session, &card_transport, 0)) {
		iscsi_destroy_flashnode_sess(session);
		return -ENOMEM;
	}
	session->targetname = kstrdup("flash", GFP_KERNEL);
	return flashnodes++;
}

static int card_new_flashnode(struct Scsi_Host *shost, const char *buf, int len)
{
	if (strncasecmp(buf, PORTAL_TYPE_IPV4, 4) && strncasecmp(buf, PORTAL_TYPE_IPV6, 4))
		return -EINVAL;
	return card_add_flashnode();
}

static int card_del_flashnode(struct iscsi_bus_flash_session *session)
{
	iscsi_destroy_flashnode_sess(session);
	return 0;
}

static int card_get_flashnode_param(struct iscsi_bus_flash_session *session, int param, char *buf)
{
	return sysfs_emit(buf, "flash %d %d\n", session->target_id, param);
}

static int card_set_flashnode_param(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn, void *data, int len)
{
	return 0;
}

static int card_login_flashnode(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn)
{
	return 0;
}

static int card_take_away(struct device *dev, void *data)
{
	if (strstarts(dev_name(dev), "connection"))
		card_destroy_conn(iscsi_dev_to_conn(dev));
	return 0;
}

/* As qla4xxx does when a target was logged out of by its firmware: the driver ends what the class had made. */
static int card_logout_flashnode_sid(struct iscsi_cls_session *session)
{
	device_for_each_child(&session->dev, NULL, card_take_away);
	card_destroy_session(session);
	return 0;
}

static struct iscsi_transport card_transport = {
	.owner = THIS_MODULE,
	.name = "card",
	.caps = CAP_DATA_PATH_OFFLOAD | CAP_LOGIN_OFFLOAD,
	.create_session = card_create_session,
	.destroy_session = card_destroy_session,
	.create_conn = card_create_conn,
	.unbind_conn = card_unbind_conn,
	.bind_conn = card_bind_conn,
	.start_conn = card_start_conn,
	.stop_conn = card_stop_conn,
	.destroy_conn = card_destroy_conn,
	.set_param = card_set_param,
	.get_ep_param = card_get_ep_param,
	.get_conn_param = card_get_conn_param,
	.get_session_param = card_get_session_param,
	.get_host_param = card_get_host_param,
	.set_host_param = card_set_host_param,
	.send_pdu = card_send_pdu,
	.get_stats = card_get_stats,
	.ep_connect = card_ep_connect,
	.ep_poll = card_ep_poll,
	.ep_disconnect = card_ep_disconnect,
	.tgt_dscvr = card_tgt_dscvr,
	.set_path = card_set_path,
	.set_iface_param = card_set_iface_param,
	.get_iface_param = card_get_iface_param,
	.attr_is_visible = card_attr_is_visible,
	.send_ping = card_send_ping,
	.get_chap = card_get_chap,
	.delete_chap = card_delete_chap,
	.set_chap = card_set_chap,
	.get_flashnode_param = card_get_flashnode_param,
	.set_flashnode_param = card_set_flashnode_param,
	.new_flashnode = card_new_flashnode,
	.del_flashnode = card_del_flashnode,
	.login_flashnode = card_login_flashnode,
	.logout_flashnode = card_login_flashnode,
	.logout_flashnode_sid = card_logout_flashnode_sid,
	.get_host_stats = card_get_host_stats,
	.bsg_request = card_bsg_request,
};

static typeof(((struct scsi_host_template *)NULL)->queuecommand(NULL, NULL)) card_queuecommand(struct Scsi_Host *shost,
											    struct scsi_cmnd *cmd)
{
	cmd->result = DID_NO_CONNECT << 16;
	scsi_done(cmd);
	return 0;
}

static struct scsi_host_template host_template = {
	.module = THIS_MODULE,
	.name = "lab card",
	.proc_name = "lab_card",
	.queuecommand = card_queuecommand,
	.can_queue = 16,
	.cmd_per_lun = 16,
	.this_id = -1,
	.max_sectors = 128,
	.sg_tablesize = 16,
};

/* ---- the second host ---- */

static int second_come(void)
{
	struct Scsi_Host *shost = scsi_host_alloc(&host_template, 0);
	int error;

	if (!shost)
		return -ENOMEM;
	shost->transportt = template;
	error = scsi_add_host(shost, NULL);
	if (error) {
		scsi_host_put(shost);
		return error;
	}
	WRITE_ONCE(second_is_gone, false);
	second = shost;
	return 0;
}

static void second_go(void)
{
	struct Scsi_Host *shost = second;

	second = NULL;
	if (!shost)
		return;
	scsi_remove_host(shost);
	WRITE_ONCE(second_is_gone, true);
	scsi_host_put(shost);
}

static int second_set(const char *text, const struct kernel_param *param)
{
	bool wanted;
	int error = kstrtobool(text, &wanted);

	if (error)
		return error;
	if (wanted)
		return second ? -EEXIST : second_come();
	second_go();
	return 0;
}

static int second_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", second ? (int)second->host_no : -1);
}

static const struct kernel_param_ops second_ops = { .set = second_set, .get = second_get };
module_param_cb(second, &second_ops, NULL, 0644);

static int __init card_init(void)
{
	int error = -ENOMEM;

	template = iscsi_register_transport(&card_transport);
	if (!template)
		return -ENODEV;
	card = scsi_host_alloc(&host_template, 0);
	if (!card)
		goto unregister;
	card->transportt = template;
	error = scsi_add_host(card, NULL);
	if (error)
		goto put;
	ifaces[0] = iscsi_create_iface(card, &card_transport, ISCSI_IFACE_TYPE_IPV4, 0, 0);
	ifaces[1] = iscsi_create_iface(card, &card_transport, ISCSI_IFACE_TYPE_IPV6, 0, 0);
	card_add_flashnode();
	return 0;
put:
	scsi_host_put(card);
unregister:
	iscsi_unregister_transport(&card_transport);
	return error;
}
module_init(card_init);

static void __exit card_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ifaces); i++)
		if (ifaces[i])
			iscsi_destroy_iface(ifaces[i]);
	iscsi_destroy_all_flashnode(card);
	second_go();
	scsi_remove_host(card);
	scsi_host_put(card);
	iscsi_unregister_transport(&card_transport);
}
module_exit(card_exit);

MODULE_DESCRIPTION("Adapter without hardware");
MODULE_LICENSE("GPL v2");
