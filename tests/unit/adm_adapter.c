/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What iscsiadm does with adapters, on a made-up card: host mode in text and JSON, the CHAP table, flashnodes, counters, pings,
 * settings of ifaces, and the logout of sessions that the card has made.
 */
#include "tests/unit/sysfs_tree.h"
#include "tests/unit/fake_card.h"
#include "tests/unit/fake_daemon.h"

#include <sys/sysmacros.h>

#include "adm/adm.h"
#include "adm/emit.h"
#include "adm/session.h"
#include "iface/iface.h"

#define MAC  "00:0e:1e:04:93:92"
#define IF4  "qla4xxx." MAC ".ipv4.0"
#define IF6  "qla4xxx." MAC ".ipv6.0"
#define NODE "bus/iscsi_flashnode/devices/flashnode_sess-2:1"
#define CONN "bus/iscsi_flashnode/devices/flashnode_conn-2:1:0"

static char confdir[64];

static void make_object(const char *class, const char *name, const char *place)
{
	char folder[200], target[250];

	snprintf(folder, sizeof(folder), "devices/%s", place);
	make_folder(folder);
	snprintf(folder, sizeof(folder), "class/%s", class);
	snprintf(target, sizeof(target), "../../devices/%s", place);
	make_link(folder, name, target);
}

static void make_host(const char *number, const char *driver, const char *mac, const char *address)
{
	char name[16], place[80], folder[120];

	snprintf(name, sizeof(name), "host%s", number);
	snprintf(place, sizeof(place), "pci/host%s/iscsi_host/host%s", number, number);
	make_object("iscsi_host", name, place);
	snprintf(folder, sizeof(folder), "devices/%s", place);
	make_file(folder, "hwaddress", mac);
	make_file(folder, "ipaddress", address);
	if (strcmp(driver, "iscsi_tcp\n")) {
		make_file(folder, "port_state", "Up\n");
		make_file(folder, "port_speed", "1 Gbps\n");
		make_file(folder, "initiatorname", "iqn.card\n");
	}
	snprintf(place, sizeof(place), "pci/host%s/scsi_host/host%s", number, number);
	make_object("scsi_host", name, place);
	snprintf(folder, sizeof(folder), "devices/%s", place);
	make_file(folder, "proc_name", driver);
	make_file(folder, "state", "running\n");
}

static void make_session(const char *sid, const char *host, const char *creator)
{
	char name[32], place[120], folder[160];

	snprintf(name, sizeof(name), "session%s", sid);
	snprintf(place, sizeof(place), "pci/host%s/session%s/iscsi_session/session%s", host, sid, sid);
	make_object("iscsi_session", name, place);
	snprintf(folder, sizeof(folder), "devices/%s", place);
	make_file(folder, "targetname", "iqn.x:flash\n");
	make_file(folder, "tpgt", "1\n");
	make_file(folder, "state", "LOGGED_IN\n");
	make_file(folder, "creator", creator);
	make_file(folder, "ifacename", IF4 "\n");
	make_folder("devices/dummy");
	make_link(folder, "device", "../..");
	snprintf(name, sizeof(name), "connection%s:0", sid);
	snprintf(place, sizeof(place), "pci/host%s/session%s/%s/iscsi_connection/%s", host, sid, name, name);
	make_object("iscsi_connection", name, place);
	snprintf(folder, sizeof(folder), "devices/%s", place);
	make_file(folder, "persistent_address", "10.0.0.9\n");
	make_file(folder, "persistent_port", "3260\n");
}

static void make_ifaces(void)
{
	make_file("class/iscsi_iface/ipv4-iface-2-0", "ipaddress", "10.0.0.7\n");
	make_file("class/iscsi_iface/ipv4-iface-2-0", "gateway", "10.0.0.1\n");
	make_file("class/iscsi_iface/ipv4-iface-2-0", "subnet", "255.255.255.0\n");
	make_file("class/iscsi_iface/ipv4-iface-2-0", "bootproto", "static\n");
	make_file("class/iscsi_iface/ipv4-iface-2-0", "port", "3260\n");
	make_file("class/iscsi_iface/ipv4-iface-2-0", "mtu", "1500\n");
	make_file("class/iscsi_iface/ipv4-iface-2-0", "vlan_id", "100\n");
	make_file("class/iscsi_iface/ipv4-iface-2-0", "vlan_priority", "3\n");
	make_file("class/iscsi_iface/ipv6-iface-2-0", "ipaddress", "fd00::7\n");
	make_file("class/iscsi_iface/ipv6-iface-2-0", "ipaddr_autocfg", "nd\n");
	make_file("class/iscsi_iface/ipv6-iface-2-0", "link_local_addr", "fe80::7\n");
	make_file("class/iscsi_iface/ipv6-iface-2-0", "link_local_autocfg", "auto\n");
	make_file("class/iscsi_iface/ipv6-iface-2-0", "router_addr", "fe80::1\n");
}

static void make_flashnode(void)
{
	make_file(NODE, "targetname", "iqn.x:flash\n");
	make_file(NODE, "tpgt", "1\n");
	make_file(NODE, "password", "shown in clear\n");
	make_file(CONN, "ipaddress", "10.0.0.9\n");
	make_file(CONN, "port", "3260\n");
	make_folder("bus/iscsi_flashnode/devices/flashnode_sess-2:3");
}

static int make_tree(void **state)
{
	snprintf(root, sizeof(root), "/tmp/adapter.XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(confdir, sizeof(confdir), "%s/conf", root);
	setenv("ISCSI_CONFDIR", confdir, 1);
	setenv("ISCSI_SYSFS", root, 1);
	setenv(IPC_SOCKET_ENV, "/nowhere/socket", 1);
	make_folder("conf");
	make_host("1", "iscsi_tcp\n", "02:00:00:00:00:01\n", "127.0.0.1\n");
	make_host("2", "qla4xxx\n", MAC "\n", "10.0.0.7\n");
	make_file("class/iscsi_transport/qla4xxx", "handle", "18446744072642109440\n");
	make_file("class/iscsi_transport/qla4xxx", "caps", "0x48b9\n");
	make_ifaces();
	make_flashnode();
	make_session("4", "2", "-1\n");
	return 0;
}

/* ---- running commands ---- */

struct command {
	const char *words[32];
};

static int run(void *data)
{
	struct command *command = data;
	char *words[40] = { (char *)"iscsiadm" };
	struct args args;
	struct adm adm;
	int count = 1;
	enum iscsi_err err;

	for (size_t i = 0; command->words[i]; i++)
		words[count++] = (char *)command->words[i];
	err = args_parse(count, words, &args);
	if (err == ISCSI_ERR_SUCCESS) {
		adm_init(&adm, &args);
		adm.open_netlink = fake_card_open;
		err = args.mode == MODE_HOST ? host_mode(&adm) : args.mode == MODE_IFACE ? iface_mode(&adm) : session_mode(&adm);
		adm_done(&adm);
	}
	if (emit_wanted())
		emit_flush();
	return err;
}

#define RUN(...) fake_capture(run, &(struct command){ { __VA_ARGS__, NULL } })
#define HOST(...) RUN("-m", "host", "-H", "2", __VA_ARGS__)
#define CHAP(...) HOST("-C", "chap", __VA_ARGS__)
#define FLASH(...) HOST("-C", "flashnode", __VA_ARGS__)
#define IFACE(...) RUN("-m", "iface", __VA_ARGS__)

static int reset(void **state)
{
	fake_card_reset();
	return 0;
}

/* ---- host mode ---- */

#define BOX "\t**********\n\tInterface:\n\t**********\n"
#define TREE2 \
	"Host Number: 2\n\tState: running\n\tTransport: qla4xxx\n\tInitiatorname: iqn.card\n\tIPaddress: 10.0.0.7\n" \
	"\tHWaddress: " MAC "\n\tNetdev: <empty>\n" \
	BOX "\tKernel Name: ipv4-iface-2-0\n\tIPaddress: 10.0.0.7\n\tGateway: 10.0.0.1\n\tSubnet: 255.255.255.0\n" \
	"\tBootProto: static\n\tPort State: Up\n\tPort Speed: 1 Gbps\n\tPort: 3260\n\tMTU: 1500\n\tVLAN ID: 100\n\tVLAN priority: 3\n" \
	BOX "\tKernel Name: ipv6-iface-2-0\n\tIPaddress: [fd00::7]\n\tIPaddress Autocfg: nd\n\tLink Local Address: [fe80::7]\n" \
	"\tLink Local Autocfg: auto\n\tRouter Address: [fe80::1]\n\tPort State: Up\n\tPort Speed: 1 Gbps\n\tPort: <empty>\n" \
	"\tMTU: <empty>\n\tVLAN ID: <empty>\n\tVLAN priority: <empty>\n"

static void hosts(void **state)
{
	assert_int_equal(RUN("-m", "host"), 0);
	assert_string_equal(fake_out, "tcp: [1] 127.0.0.1,[02:00:00:00:00:01],<empty> <empty>\n"
				      "qla4xxx: [2] 10.0.0.7,[" MAC "],<empty> iqn.card\n");
	assert_int_equal(HOST("-P", "1"), 0);
	assert_string_equal(fake_out, TREE2);
	assert_int_equal(RUN("-m", "host", "-H", "00:0E:1E:04:93:92"), 0);
	assert_string_equal(fake_out, "qla4xxx: [2] 10.0.0.7,[" MAC "],<empty> iqn.card\n");
	assert_int_equal(HOST("-P", "2"), 0);
	assert_non_null(strstr(fake_out, "\t*********\n\tSessions:\n\t*********\n\tTarget: iqn.x:flash (flash)\n"));
	assert_int_equal(RUN("-m", "host", "-H", "1", "-P", "2"), 0);
	assert_null(strstr(fake_out, "Sessions:"));
	assert_int_equal(RUN("-m", "host", "-H", "9"), ISCSI_ERR_NO_OBJS_FOUND);
	assert_string_equal(fake_err, "iscsiadm: There is no iSCSI host 9.\n");
	assert_int_equal(RUN("-m", "host", "-H", "zz"), ISCSI_ERR_INVAL);
	assert_int_equal(RUN("-m", "host", "-H", "aa:bb:cc:dd:ee:ff"), ISCSI_ERR_INVAL);
	assert_int_equal(HOST("-P", "5"), ISCSI_ERR_INVAL);
}

static void hosts_unfit(void **state)
{
	assert_int_equal(RUN("-m", "host", "-H", "9", "-C", "stats"), ISCSI_ERR_TRANS_NOT_FOUND);
	assert_int_equal(RUN("-m", "host", "-H", "1", "-C", "stats"), ISCSI_ERR_TRANS_NOT_FOUND); /* tcp is not registered */
	card.no_socket = true;
	assert_int_equal(HOST("-C", "stats"), ISCSI_ERR_INTERNAL);
	assert_non_null(strstr(fake_err, "the driver of host 2 (qla4xxx) cannot be talked to"));
}

/* ---- counters ---- */

static const char *const counter_names[] = {
	"mactx_frames", "mactx_bytes", "mactx_multicast_frames", "mactx_broadcast_frames", "mactx_pause_frames",
	"mactx_control_frames", "mactx_deferral", "mactx_excess_deferral", "mactx_late_collision", "mactx_abort",
	"mactx_single_collision", "mactx_multiple_collision", "mactx_collision", "mactx_frames_dropped", "mactx_jumbo_frames",
	"macrx_frames", "macrx_bytes", "macrx_unknown_control_frames", "macrx_pause_frames", "macrx_control_frames", "macrx_dribble",
	"macrx_frame_length_error", "macrx_jabber", "macrx_carrier_sense_error", "macrx_frame_discarded", "macrx_frames_dropped",
	"mac_crc_error", "mac_encoding_error", "macrx_length_error_large", "macrx_length_error_small", "macrx_multicast_frames",
	"macrx_broadcast_frames", "iptx_packets", "iptx_bytes", "iptx_fragments", "iprx_packets", "iprx_bytes", "iprx_fragments",
	"ip_datagram_reassembly", "ip_invalid_address_error", "ip_error_packets", "ip_fragrx_overlap", "ip_fragrx_outoforder",
	"ip_datagram_reassembly_timeout", "ipv6tx_packets", "ipv6tx_bytes", "ipv6tx_fragments", "ipv6rx_packets", "ipv6rx_bytes",
	"ipv6rx_fragments", "ipv6_datagram_reassembly", "ipv6_invalid_address_error", "ipv6_error_packets", "ipv6_fragrx_overlap",
	"ipv6_fragrx_outoforder", "ipv6_datagram_reassembly_timeout", "tcptx_segments", "tcptx_bytes", "tcprx_segments", "tcprx_byte",
	"tcp_duplicate_ack_retx", "tcp_retx_timer_expired", "tcprx_duplicate_ack", "tcprx_pure_ackr", "tcptx_delayed_ack",
	"tcptx_pure_ack", "tcprx_segment_error", "tcprx_segment_outoforder", "tcprx_window_probe", "tcprx_window_update",
	"tcptx_window_probe_persist", "ecc_error_correction", "iscsi_pdu_tx", "iscsi_data_bytes_tx", "iscsi_pdu_rx",
	"iscsi_data_bytes_rx", "iscsi_io_completed", "iscsi_unexpected_io_rx", "iscsi_format_error", "iscsi_hdr_digest_error",
	"iscsi_data_digest_error", "iscsi_sequence_error",
};

static void counters(void **state)
{
	char line[128];
	size_t at;

	card.counted = 1000;
	assert_int_equal(HOST("-C", "stats"), 0);
	at = strlen("Host Statistics:\n");
	assert_memory_equal(fake_out, "Host Statistics:\n", at);
	assert_int_equal(sizeof(counter_names) / sizeof(counter_names[0]), 82);
	for (size_t i = 0; i < 82; i++) {
		snprintf(line, sizeof(line), "\t%s: %zu\n", counter_names[i], 1000 + i);
		assert_memory_equal(fake_out + at, line, strlen(line));
		at += strlen(line);
	}
	assert_string_equal(fake_out + at, "\tof_this_card: 4711\n");
	card.error[ISCSI_UEVENT_GET_HOST_STATS] = -EINVAL;
	assert_int_equal(HOST("-C", "stats"), ISCSI_ERR_OP_NOT_SUPP);
	assert_string_equal(fake_err, "iscsiadm: Could not read the counters on host 2 (qla4xxx): its driver does not have this function\n");
}

/* ---- the CHAP table ---- */

static void put_chap(unsigned int index, uint32_t type, const char *name, const char *secret)
{
	struct iscsi_chap_entry *entry = &card.chap[index];

	*entry = (struct iscsi_chap_entry){ .index = (uint16_t)index, .type = type, .password_length = (uint8_t)strlen(secret) };
	snprintf(entry->username, sizeof(entry->username), "%s", name);
	snprintf(entry->password, sizeof(entry->password), "%s", secret);
	card.has_chap[index] = true;
}

#define RECORD(lines) "# BEGIN RECORD " COMPAT_VERSION "\n" lines "# END RECORD\n"
#define ENTRY0 RECORD("host.auth.tbl_idx = 0\nhost.auth.username = me\nhost.auth.password = secret of mine\n")
#define ENTRY3 RECORD("host.auth.tbl_idx = 3\nhost.auth.username_in = it\nhost.auth.password_in = other secret\n")

static void shows_chap(void **state)
{
	assert_int_equal(CHAP("-o", "show"), ISCSI_ERR_NO_OBJS_FOUND);
	put_chap(0, ISCSI_CHAP_OUT, "me", "secret of mine");
	put_chap(3, ISCSI_CHAP_IN, "it", "other secret");
	assert_int_equal(CHAP("-o", "show"), 0);
	assert_string_equal(fake_out, ENTRY0 ENTRY3);
	assert_int_equal(CHAP("-o", "show", "-x", "3"), 0);
	assert_string_equal(fake_out, ENTRY3);
	assert_int_equal(CHAP("-o", "show", "-x", "1"), ISCSI_ERR_NO_OBJS_FOUND);
	assert_int_equal(HOST("-C", "chap"), ISCSI_ERR_INVAL);
	card.error[ISCSI_UEVENT_GET_CHAP] = -EINVAL;
	assert_int_equal(CHAP("-o", "show"), ISCSI_ERR_OP_NOT_SUPP);
}

/* More than one answer holds. */
static void shows_a_full_table(void **state)
{
	char line[64];

	for (unsigned int i = 0; i < CARD_CHAP_MAX; i++)
		put_chap(i, ISCSI_CHAP_OUT, "u", "p");
	assert_int_equal(CHAP("-o", "show"), 0);
	for (unsigned int i = 0; i < CARD_CHAP_MAX; i++) {
		snprintf(line, sizeof(line), "host.auth.tbl_idx = %u\n", i);
		assert_non_null(strstr(fake_out, line));
	}
	assert_int_equal(card.count[ISCSI_UEVENT_GET_CHAP], 3);
}

#define OUT_PAIR "-n", "host.auth.username", "-v", "new me", "-n", "host.auth.password", "-v", "new secret!!"
#define IN_PAIR "-n", "host.auth.username_in", "-v", "new it", "-n", "host.auth.password_in", "-v", "its secret!!"

static void writes_chap(void **state)
{
	put_chap(0, ISCSI_CHAP_OUT, "me", "secret of mine");
	put_chap(2, ISCSI_CHAP_IN, "it", "other secret");
	assert_int_equal(CHAP("-o", "new", IN_PAIR), 0);
	assert_string_equal(fake_out, "New CHAP entry 1 added.\n");
	assert_true(card.has_chap[1] && card.chap[1].type == ISCSI_CHAP_IN && card.chap[1].password_length == 12);
	assert_string_equal(card.chap[1].username, "new it");
	assert_string_equal(card.chap[1].password, "its secret!!");
	assert_int_equal(CHAP("-o", "new", "-x", "9", OUT_PAIR), 0);
	assert_string_equal(fake_out, "");
	assert_string_equal(card.chap[9].username, "new me");
	assert_int_equal(card.chap[9].type, ISCSI_CHAP_OUT);
	assert_int_equal(CHAP("-o", "update", "-x", "0", OUT_PAIR), 0);
	assert_string_equal(card.chap[0].password, "new secret!!");
	assert_string_equal(fake_out, "");
	assert_int_equal(CHAP("-o", "delete", "-x", "2"), 0);
	assert_string_equal(fake_out, "Deleting CHAP index: 2\n");
	assert_false(card.has_chap[2]);
}

static void refuses_chap(void **state)
{
	char longest[300];

	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	put_chap(0, ISCSI_CHAP_OUT, "me", "secret of mine");
	assert_int_equal(CHAP("-o", "new"), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "new", "-n", "host.auth.username", "-v", "me"), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "new", "-n", "host.auth.username", "-v", "a", "-n", "host.auth.password_in", "-v", "b"), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "new", OUT_PAIR, IN_PAIR), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "new", "-n", "host.auth.tbl_idx", "-v", "1"), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "new", "-n", "host.auth.username", "-v", longest, "-n", "host.auth.password", "-v", "b"), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "new", "-x", "0", OUT_PAIR), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "new", "-x", "65536", OUT_PAIR), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "update", OUT_PAIR), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "update", "-x", "4", OUT_PAIR), ISCSI_ERR_NO_OBJS_FOUND);
	assert_int_equal(CHAP("-o", "update", "-x", "0", IN_PAIR), ISCSI_ERR_INVAL);
	assert_int_equal(CHAP("-o", "delete"), ISCSI_ERR_INVAL);
	assert_int_equal(card.count[ISCSI_UEVENT_SET_CHAP] + card.count[ISCSI_UEVENT_DELETE_CHAP], 0);
	card.error[ISCSI_UEVENT_DELETE_CHAP] = card.error[ISCSI_UEVENT_SET_CHAP] = -EBUSY;
	assert_int_equal(CHAP("-o", "delete", "-x", "0"), ISCSI_ERR_BUSY);
	assert_int_equal(CHAP("-o", "update", "-x", "0", OUT_PAIR), ISCSI_ERR_BUSY);
}

/* ---- flashnodes ---- */

static void shows_flashnodes(void **state)
{
	assert_int_equal(HOST("-C", "flashnode"), 0);
	assert_string_equal(fake_out, "qla4xxx: [1] 10.0.0.9:3260,1 iqn.x:flash\nqla4xxx: [3] <empty>:65535,65535 <empty>\n");
	assert_int_equal(FLASH("-o", "show", "-x", "1"), 0);
	assert_non_null(strstr(fake_out, "# BEGIN RECORD " COMPAT_VERSION "\nflashnode.session.auto_snd_tgt_disable = 255\n"));
	assert_non_null(strstr(fake_out, "\nflashnode.session.targetname = iqn.x:flash\n"));
	assert_non_null(strstr(fake_out, "\nflashnode.session.password = shown in clear\n"));
	assert_non_null(strstr(fake_out, "\nflashnode.conn[0].port = 3260\n"));
	assert_non_null(strstr(fake_out, "\nflashnode.conn[0].exp_statsn = 4294967295\n# END RECORD\n"));
	assert_int_equal(FLASH("-x", "2"), ISCSI_ERR_SESS_NOT_FOUND);
	assert_int_equal(RUN("-m", "host", "-H", "1", "-C", "flashnode"), ISCSI_ERR_NO_OBJS_FOUND);
	assert_string_equal(fake_err, "iscsiadm: No flashnodes attached to host 1.\n");
}

static void changes_flashnodes(void **state)
{
	assert_int_equal(FLASH("-o", "new", "-A", "ipv6"), 0);
	assert_string_equal(fake_out, "Create new flashnode for host 2.\nNew flashnode for host 2 added at index 5.\n");
	assert_string_equal((char *)card.trailer[ISCSI_UEVENT_NEW_FLASHNODE], "ipv6");
	assert_int_equal(FLASH("-x", "1", "-o", "update", "-n", "flashnode.conn[0].port", "-v", "3261", "-n", "flashnode.session.targetname",
			       "-v", "iqn.x:new"), 0);
	assert_int_equal(card.asked[ISCSI_UEVENT_SET_FLASHNODE_PARAMS].u.set_flashnode.count, 2);
	assert_int_equal(card.asked[ISCSI_UEVENT_SET_FLASHNODE_PARAMS].u.set_flashnode.flashnode_idx, 1);
	assert_memory_equal(card_value(ISCSI_UEVENT_SET_FLASHNODE_PARAMS, 32), "\xbd\x0c", 2);
	assert_string_equal((const char *)card_value(ISCSI_UEVENT_SET_FLASHNODE_PARAMS, 43), "iqn.x:new");
	assert_string_equal(fake_out, "Update flashnode 1.\nUpdate for flashnode 1 of host 2 successful.\n");
	assert_int_equal(FLASH("-x", "1", "-o", "login"), 0);
	assert_string_equal(fake_out, "Login to flashnode 1.\nLogin to flashnode 1 of host 2 successful.\n");
	assert_int_equal(FLASH("-x", "1", "-o", "logout"), 0);
	assert_string_equal(fake_out, "Logout flashnode 1.\nLogout of flashnode 1 of host 2 successful.\n");
	assert_int_equal(FLASH("-x", "3", "-o", "delete"), 0);
	assert_int_equal(card.asked[ISCSI_UEVENT_DEL_FLASHNODE].u.flashnode.flashnode_idx, 3);
	assert_string_equal(fake_out, "Delete flashnode 3.\nFlashnode 3 of host 2 deleted.\n");
}

static void refuses_flashnodes(void **state)
{
	assert_int_equal(FLASH("-x", "1", "-o", "update"), ISCSI_ERR_INVAL);
	assert_int_equal(FLASH("-x", "1", "-o", "update", "-n", "flashnode.session.is_boot_target", "-v", "1"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(fake_err, "the adapter sets it by itself"));
	assert_int_equal(FLASH("-x", "1", "-o", "update", "-n", "flashnode.session.tpgt", "-v", "1", "-n", "flashnode.nothing", "-v", "1"),
			 ISCSI_ERR_INVAL);
	assert_int_equal(FLASH("-x", "1", "-o", "update", "-n", "flashnode.session.tpgt", "-v", "65536"), ISCSI_ERR_INVAL);
	assert_int_equal(FLASH("-o", "update", "-n", "flashnode.session.tpgt", "-v", "1"), ISCSI_ERR_INVAL);
	assert_int_equal(FLASH("-x", "2", "-o", "delete"), ISCSI_ERR_SESS_NOT_FOUND);
	assert_int_equal(FLASH("-o", "new"), ISCSI_ERR_INVAL);
	assert_int_equal(FLASH("-o", "new", "-A", "ipv5"), ISCSI_ERR_INVAL);
	assert_int_equal(card.count[ISCSI_UEVENT_SET_FLASHNODE_PARAMS] + card.count[ISCSI_UEVENT_DEL_FLASHNODE], 0);
	for (int number = ISCSI_UEVENT_DEL_FLASHNODE; number <= ISCSI_UEVENT_LOGOUT_FLASHNODE; number++)
		card.error[number] = -EPERM;
	assert_int_equal(FLASH("-x", "1", "-o", "login"), ISCSI_ERR_SESS_EXISTS);
	assert_string_equal(fake_out, "Login to flashnode 1.\nFlashnode 1 of host 2 already logged in.\n");
	assert_int_equal(FLASH("-x", "1", "-o", "logout"), ISCSI_ERR_LOGOUT);
	assert_int_equal(FLASH("-x", "1", "-o", "delete"), ISCSI_ERR_BUSY);
	card.error[ISCSI_UEVENT_LOGOUT_FLASHNODE] = -ESRCH;
	assert_int_equal(FLASH("-x", "1", "-o", "logout"), ISCSI_ERR_SESS_NOT_FOUND);
	card.error[ISCSI_UEVENT_NEW_FLASHNODE] = -EPERM;
	assert_int_equal(FLASH("-o", "new", "-A", "ipv4"), ISCSI_ERR_INTERNAL);
	assert_non_null(strstr(fake_err, "another new one has not been written yet"));
	card.error[ISCSI_UEVENT_NEW_FLASHNODE] = -ENOSYS;
	assert_int_equal(FLASH("-o", "new", "-A", "ipv4"), ISCSI_ERR_OP_NOT_SUPP);
}

/* ---- ifaces ---- */

static void makes_ifaces(void **state)
{
	assert_int_equal(IFACE("-P", "0"), 0);
	assert_string_equal(fake_out, IF4 " qla4xxx," MAC ",10.0.0.7,default,iqn.card\n"
				      IF6 " qla4xxx," MAC ",fd00::7,default,iqn.card\n"
				      "default tcp,<empty>,<empty>,<empty>,<empty>\niser iser,<empty>,<empty>,<empty>,<empty>\n");
	assert_int_equal(IFACE("-I", IF4, "-o", "update", "-n", "iface.mtu", "-v", "9000"), 0);
	assert_int_equal(IFACE("-I", IF4), 0); /* what the administrator wrote stays */
	assert_non_null(strstr(fake_out, "\niface.mtu = 9000\n"));
}

static void applies(void **state)
{
	assert_int_equal(IFACE("-I", IF4, "-o", "apply"), 0);
	assert_string_equal(fake_out, IF4 " applied.\n");
	assert_int_equal(card.asked[ISCSI_UEVENT_SET_IFACE_PARAMS].u.set_iface_params.host_no, 2);
	assert_int_equal(card.asked[ISCSI_UEVENT_SET_IFACE_PARAMS].u.set_iface_params.count, 7);
	assert_int_equal(IFACE("-H", "2", "-o", "applyall"), 0);
	assert_string_equal(fake_out, "Applied settings to ifaces attached to host2.\n");
	assert_int_equal(card.asked[ISCSI_UEVENT_SET_IFACE_PARAMS].u.set_iface_params.count, 7 + 5);
	assert_int_equal(IFACE("-H", "1", "-o", "applyall"), 0);
	assert_string_equal(fake_err, "iscsiadm: Nothing to configure.\n");
	assert_int_equal(IFACE("-I", "default", "-o", "apply"), 0);
	assert_string_equal(fake_err, "iscsiadm: Nothing to configure.\n");
	assert_int_equal(card.count[ISCSI_UEVENT_SET_IFACE_PARAMS], 2);
	card.error[ISCSI_UEVENT_SET_IFACE_PARAMS] = -EINVAL;
	assert_int_equal(IFACE("-I", IF4, "-o", "apply"), ISCSI_ERR_INVAL);
	assert_int_equal(IFACE("-H", "2", "-o", "applyall"), ISCSI_ERR_INVAL);
}

static void refuses_to_apply(void **state)
{
	struct record iface;
	char dir[80];

	assert_int_equal(IFACE("-I", "hand", "-o", "new", "-n", "iface.transport_name", "-v", "qla4xxx", "-n", "iface.bootproto", "-v", "dhcp"),
			 0);
	assert_int_equal(IFACE("-I", "hand", "-o", "apply"), ISCSI_ERR_INVAL);
	assert_int_equal(IFACE("-I", "hand", "-o", "update", "-n", "iface.hwaddress", "-v", "00:00:00:00:00:99"), 0);
	assert_int_equal(IFACE("-I", "hand", "-o", "apply"), ISCSI_ERR_TRANS_NOT_FOUND);
	/* No command lets such an address in, but files are edited by hand. */
	assert_int_equal(IFACE("-I", "hand", "-o", "update", "-n", "iface.ipaddress", "-v", "1.2.3"), ISCSI_ERR_INVAL);
	snprintf(dir, sizeof(dir), "%s/ifaces", confdir);
	assert_int_equal(iface_load(dir, "hand", &iface), 0);
	assert_int_equal(record_set(&iface, F_IFACE_BOOTPROTO, "static", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&iface, F_IFACE_IPADDRESS, "1.2.3", ORIGIN_RECORD), 0);
	assert_int_equal(iface_save(dir, &iface), 0);
	record_done(&iface);
	assert_int_equal(IFACE("-I", "hand", "-o", "apply"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(fake_err, "iface.ipaddress = 1.2.3 is not an address"));
	assert_int_equal(card.count[ISCSI_UEVENT_SET_IFACE_PARAMS], 0);
	assert_int_equal(IFACE("-I", "hand", "-o", "delete"), 0);
}

/* One VLAN for the port: the other iface of the port gets it, that of another port does not. */
static void shares_vlans(void **state)
{
	static const char *const names[] = { "be0", "be1", "be2" };
	char mac[20];

	for (int i = 0; i < 3; i++) {
		snprintf(mac, sizeof(mac), "00:90:fa:00:00:0%d", i == 2);
		assert_int_equal(IFACE("-I", names[i], "-o", "new", "-n", "iface.transport_name", "-v", "be2iscsi", "-n", "iface.hwaddress",
				       "-v", mac), 0);
	}
	assert_int_equal(IFACE("-I", "be0", "-o", "update", "-n", "iface.vlan_id", "-v", "77", "-n", "iface.vlan_state", "-v", "enable"), 0);
	assert_int_equal(IFACE("-I", "be1"), 0);
	assert_non_null(strstr(fake_out, "\niface.vlan_id = 77\niface.vlan_priority = 0\niface.vlan_state = enable\n"));
	assert_int_equal(IFACE("-I", "be2"), 0);
	assert_non_null(strstr(fake_out, "\niface.vlan_id = 0\n"));
	for (int i = 0; i < 3; i++)
		assert_int_equal(IFACE("-I", names[i], "-o", "delete"), 0);
}

#define PING(...) IFACE("-I", IF4, "-C", "ping", "-a", "10.0.0.9", __VA_ARGS__)

static void pings(void **state)
{
	assert_int_equal(PING("-c", "2", "-b", "100"), 0);
	assert_string_equal(fake_out, "Ping 1 completed\nPing 2 completed\n");
	assert_int_equal(card.asked[ISCSI_UEVENT_PING].u.ping.payload_size, 100);
	assert_int_equal(card.asked[ISCSI_UEVENT_PING].u.ping.iface_type, 1);
	assert_memory_equal(card.trailer[ISCSI_UEVENT_PING] + 4, "\x0a\0\0\x09", 4);
	card.pings = 0;
	card.ping_status[1] = ISCSI_PING_TIMEOUT;
	assert_int_equal(PING("-c", "3"), ISCSI_ERR_TRANS_TIMEOUT);
	assert_string_equal(fake_out, "Ping 1 completed\nPing 2 failed: timed out\nPing 3 completed\n");
	card.pings = 0;
	card.ping_status[0] = 77;
	assert_int_equal(PING("-c", "1"), ISCSI_ERR_TRANS);
	card.error[ISCSI_UEVENT_PING] = -ENOSYS;
	assert_int_equal(PING("-c", "1"), ISCSI_ERR_OP_NOT_SUPP);
	assert_string_equal(fake_out, "Ping 1 failed: operation not supported\n");
}

static void every_end_of_a_ping(void **state)
{
	static const enum iscsi_err ends[] = {
		ISCSI_ERR_SUCCESS, ISCSI_ERR_OP_NOT_SUPP, ISCSI_ERR_INVAL, ISCSI_ERR_INVAL, ISCSI_ERR_TRANS_TIMEOUT,
		ISCSI_ERR_TRANS,   ISCSI_ERR_INVAL,	  ISCSI_ERR_TRANS, ISCSI_ERR_AGAIN, ISCSI_ERR_TRANS,
	};

	for (int i = 0; i < 10; i++) {
		card.pings = 0;
		card.ping_status[0] = i;
		assert_int_equal(PING("-c", "1"), ends[i]);
		assert_true(!strncmp(fake_out, i ? "Ping 1 failed: " : "Ping 1 completed\n", i ? 15 : 17));
	}
}

static void refuses_to_ping(void **state)
{
	assert_int_equal(IFACE("-I", IF4, "-C", "ping", "-a", "fe80::1"), ISCSI_ERR_INVAL);
	assert_int_equal(IFACE("-I", IF4, "-C", "ping"), ISCSI_ERR_INVAL);
	assert_int_equal(IFACE("-I", "default", "-C", "ping", "-a", "10.0.0.9"), ISCSI_ERR_OP_NOT_SUPP);
	assert_int_equal(IFACE("-I", "bnx", "-o", "new", "-n", "iface.transport_name", "-v", "bnx2i"), 0);
	assert_int_equal(IFACE("-I", "bnx", "-C", "ping", "-a", "10.0.0.9"), ISCSI_ERR_OP_NOT_SUPP);
	assert_non_null(strstr(fake_err, "iscsiuio"));
	assert_int_equal(IFACE("-I", "bnx", "-o", "delete"), 0);
	assert_int_equal(card.count[ISCSI_UEVENT_PING], 0);
}

/* ---- sessions of the firmware ---- */

#define SESSION "[sid: 4, target: iqn.x:flash, portal: 10.0.0.9,3260]"

static void logs_out(void **state)
{
	assert_int_equal(RUN("-m", "session"), 0);
	assert_string_equal(fake_out, "qla4xxx: [4] 10.0.0.9:3260,1 iqn.x:flash (flash)\n");
	assert_int_equal(RUN("-m", "session", "-r", "4", "-u"), 0);
	assert_string_equal(fake_out, "Logging out of session " SESSION "\nLogout of " SESSION " successful.\n");
	assert_int_equal(card.asked[ISCSI_UEVENT_LOGOUT_FLASHNODE_SID].u.logout_flashnode_sid.sid, 4);
	assert_int_equal(card.asked[ISCSI_UEVENT_LOGOUT_FLASHNODE_SID].u.logout_flashnode_sid.host_no, 2);
	card.error[ISCSI_UEVENT_LOGOUT_FLASHNODE_SID] = -EPERM;
	assert_int_equal(RUN("-m", "session", "-r", "4", "-u"), ISCSI_ERR_LOGOUT);
	assert_non_null(strstr(fake_err, "does not let go of what it boots from"));
}

static void logs_out_safely(void **state)
{
	char path[120], number[32];
	struct stat mounted;

	make_file("conf", "iscsid.conf", "iscsid.safe_logout = Yes\n");
	assert_int_equal(RUN("-m", "session", "-r", "4", "-u"), 0);
	assert_int_equal(stat("/", &mounted), 0);
	snprintf(number, sizeof(number), "%u:%u\n", major(mounted.st_dev), minor(mounted.st_dev));
	make_folder("devices/pci/host2/session4/target2:0:0/2:0:0:0/block/sdx");
	make_file("class/block/sdx", "dev", number); /* the root file system is on it */
	assert_int_equal(RUN("-m", "session", "-r", "4", "-u"), ISCSI_ERR_BUSY);
	assert_non_null(strstr(fake_err, "its disk sdx is mounted"));
	assert_int_equal(card.count[ISCSI_UEVENT_LOGOUT_FLASHNODE_SID], 1);
	snprintf(path, sizeof(path), "%s/conf/iscsid.conf", root);
	unlink(path);
}

/* ---- JSON: from the first of these on everything is told in it ---- */

#define OUTCOME(operation, kind, index, code, name, message)                                                                       \
	"{\"type\":\"outcome\",\"operation\":\"" operation "\",\"kind\":\"" kind "\",\"sid\":null,\"target\":null,\"portal\":null," \
	"\"iface\":null,\"host\":2,\"index\":" index ",\"code\":" code ",\"name\":\"" name "\",\"message\":\"" message "\"}\n"

static void json_tables(void **state)
{
	emit_start();
	put_chap(0, ISCSI_CHAP_OUT, "me", "secret of mine");
	put_chap(3, ISCSI_CHAP_IN, "it", "other secret");
	assert_int_equal(CHAP("-o", "show"), 0);
	assert_string_equal(fake_out, "{\"type\":\"chap_entry\",\"host\":2,\"index\":0,\"direction\":\"out\",\"username\":\"me\","
				      "\"password\":\"secret of mine\"}\n"
				      "{\"type\":\"chap_entry\",\"host\":2,\"index\":3,\"direction\":\"in\",\"username\":\"it\","
				      "\"password\":\"other secret\"}\n");
	assert_int_equal(CHAP("-o", "new", OUT_PAIR), 0);
	assert_string_equal(fake_out, OUTCOME("new", "chap_entry", "1", "0", "SUCCESS", "success"));
	card.error[ISCSI_UEVENT_DELETE_CHAP] = -EBUSY;
	assert_int_equal(CHAP("-o", "delete", "-x", "3"), ISCSI_ERR_BUSY);
	assert_non_null(strstr(fake_out, OUTCOME("delete", "chap_entry", "3", "28", "BUSY", "device or resource in use")));
	assert_int_equal(FLASH("-o", "new", "-A", "ipv4"), 0);
	assert_string_equal(fake_out, OUTCOME("new", "flashnode", "5", "0", "SUCCESS", "success"));
	assert_int_equal(FLASH("-x", "1", "-o", "login"), 0);
	assert_string_equal(fake_out, OUTCOME("login", "flashnode", "1", "0", "SUCCESS", "success"));
	assert_string_equal(fake_err, "");
}

static void json_counters(void **state)
{
	char pair[96];

	card.counted = 5000000000ull;
	assert_int_equal(HOST("-C", "stats"), 0);
	assert_ptr_equal(strstr(fake_out, "{\"type\":\"host_statistics\",\"host\":2,\"transport\":\"qla4xxx\",\"counters\":{"), fake_out);
	for (size_t i = 0; i < 82; i++) {
		snprintf(pair, sizeof(pair), "\"%s\":%llu", counter_names[i], 5000000000ull + i);
		assert_non_null(strstr(fake_out, pair));
	}
	assert_non_null(strstr(fake_out, "},\"extended\":{\"of_this_card\":4711}}\n"));
}

#define PINGED(number, code, name, message)                                                                            \
	"{\"type\":\"ping\",\"number\":" number ",\"iface\":\"" IF4 "\",\"address\":\"10.0.0.9\",\"code\":" code ",\"name\":\"" name \
	"\",\"message\":\"" message "\"}\n"

static void json_pings(void **state)
{
	card.ping_status[1] = ISCSI_PING_NO_ARP;
	assert_int_equal(PING("-c", "2"), ISCSI_ERR_TRANS);
	assert_string_equal(fake_out, PINGED("1", "0", "SUCCESS", "success") PINGED("2", "4", "TRANS", "no ARP response"));
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hosts),		TEST(hosts_unfit),	TEST(counters),		  TEST(shows_chap),
		TEST(shows_a_full_table), TEST(writes_chap),	TEST(refuses_chap),	  TEST(shows_flashnodes),
		TEST(changes_flashnodes), TEST(refuses_flashnodes), TEST(makes_ifaces),	  TEST(applies),
		TEST(refuses_to_apply), TEST(shares_vlans),	TEST(pings),		  TEST(every_end_of_a_ping),
		TEST(refuses_to_ping),	TEST(logs_out),		TEST(logs_out_safely),	TEST(json_tables),
		TEST(json_counters),	TEST(json_pings),
	};
	int failed = cmocka_run_group_tests(tests, make_tree, remove_tree);

	fake_card_reset();
	return failed;
}
