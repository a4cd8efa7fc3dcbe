/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of device database entries: which command may do what in which state (all pairs), what the host is told, and what a login is
 * made of: names, credentials, lengths, and back. The initiator is a fake that ends as the test says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/isp4xxx.h"
#include "lib/loop.h"
#include "lib/portal.h"
#include "lib/secret.h"
#include "tests/hba/faults.h"
#include "tests/hba/initiator.h"
#include "tests/hba/sessions.h"

#define DDB 3

/* What the fake initiator was told, one at a time. */
struct initiator {
	struct initiator_settings settings;
	const struct initiator_events *events;
	void *data;
	struct login_outcome outcome;
	struct initiator_passthrough *request;
	bool is_logging_out;
};

struct world {
	struct sessions *sessions;
	struct faults *faults;
	struct initiator *initiator;
	int refusal;
	bool is_usable, has_local, has_peer;
	unsigned int told;
	uint32_t words[8];
	enum isp_address from;
	uint8_t flash[ISP_DDB_SIZE];
};

static struct world *the_world;

int initiator_new(struct loop *loop, const struct initiator_settings *settings, const struct initiator_events *events, void *data,
		  struct initiator **ret_initiator)
{
	struct initiator *initiator = calloc(1, sizeof(*initiator));

	assert_non_null(initiator);
	assert_null(the_world->initiator);
	if (the_world->refusal) {
		free(initiator);
		return the_world->refusal;
	}
	initiator->settings = *settings;
	initiator->events = events;
	initiator->data = data;
	*ret_initiator = the_world->initiator = initiator;
	return 0;
}

void initiator_free(struct initiator *initiator)
{
	struct initiator_passthrough *request;

	if (!initiator)
		return;
	request = initiator->request;
	initiator->request = NULL;
	if (request)
		request->done(request, -ENOTCONN, NULL, NULL, 0);
	the_world->initiator = NULL;
	free(initiator);
}

void initiator_logout(struct initiator *initiator)
{
	initiator->is_logging_out = true;
}

int initiator_passthrough(struct initiator *initiator, struct initiator_passthrough *passthrough)
{
	initiator->request = passthrough;
	return 0;
}

const struct login_outcome *initiator_login(const struct initiator *initiator)
{
	return &initiator->outcome;
}

int initiator_fd(const struct initiator *initiator)
{
	return -1;
}

static void on_event(void *data, const uint32_t words[8])
{
	struct world *world = data;

	world->told++;
	memcpy(world->words, words, sizeof(world->words));
}

static bool on_flash(void *data, unsigned int index, uint8_t ddb[ISP_DDB_SIZE])
{
	struct world *world = data;

	if (index != DDB || !isp4xxx_get(ISP4XXX_DDB_COOKIE, world->flash))
		return false;
	memcpy(ddb, world->flash, ISP_DDB_SIZE);
	return true;
}

static bool fill_chap(struct session_chap *chap, const char *name, const char *secret)
{
	memset(chap, 0, sizeof(*chap));
	snprintf(chap->name, sizeof(chap->name), "%s", name);
	chap->secret_length = strlen(secret);
	memcpy(chap->secret, secret, chap->secret_length);
	return true;
}

static bool on_local(void *data, unsigned int index, struct session_chap *ret_chap)
{
	return the_world->has_local && index == 7 && fill_chap(ret_chap, "alice", "wonderland123");
}

static bool on_peer(void *data, struct session_chap *ret_chap)
{
	return the_world->has_peer && fill_chap(ret_chap, "queen", "lookingglass9");
}

static const char *on_name(void *data)
{
	return "iqn.2026-11.org.openhba:card";
}

static const char *on_alias(void *data)
{
	return NULL;
}

static bool on_usable(void *data, int family)
{
	return the_world->is_usable;
}

static int on_connect(void *data, const struct sockaddr_storage *address, socklen_t length, enum isp_address from)
{
	the_world->from = from;
	return -ENETUNREACH;
}

static enum isp_address on_own(void *data, const uint8_t ipv6[16])
{
	struct in6_addr own;

	inet_pton(AF_INET6, "2001:db8::10", &own);
	return memcmp(ipv6, &own, sizeof(own)) == 0 ? ISP_ADDRESS_IPV6_1 : ISP_ADDRESSES;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct sessions_settings settings = {
		.faults = faults_new(), .data = world, .aen = on_event, .flash_ddb = on_flash, .local_chap = on_local, .peer_chap = on_peer,
		.initiator_name = on_name, .initiator_alias = on_alias, .is_usable = on_usable, .connect = on_connect,
		.own = on_own,
	};

	the_world = world;
	world->faults = settings.faults;
	world->is_usable = world->has_local = world->has_peer = true;
	world->sessions = sessions_new(&settings);
	assert_non_null(world->sessions);
	sessions_start(world->sessions);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	sessions_free(world->sessions);
	assert_null(world->initiator);
	faults_free(world->faults);
	free(world);
	return 0;
}

/* An entry as a driver makes it. */
static void fill(uint8_t *ddb, const char *name)
{
	sessions_defaults(false, ddb);
	memcpy(isp4xxx_at(ISP4XXX_DDB_NAME, ddb), name, strlen(name));
	inet_pton(AF_INET, "192.0.2.7", isp4xxx_at(ISP4XXX_DDB_ADDRESS, ddb));
	isp4xxx_set(ISP4XXX_DDB_PORT, ddb, 3260);
	isp4xxx_set(ISP4XXX_DDB_TIME2WAIT, ddb, 2);
	memcpy(isp4xxx_at(ISP4XXX_DDB_ISID, ddb), "\x06\x05\x04\x03\x02\x01", 6);
}

static enum isp_ddb_state state_of(struct world *world)
{
	struct session_view view;

	assert_int_equal(sessions_get(world->sessions, DDB, &view), 0);
	return view.state;
}

static void open_entry(struct world *world, const uint8_t *ddb)
{
	assert_int_equal(sessions_set(world->sessions, DDB, ddb), 0);
	world->told = 0;
	assert_int_equal(sessions_open(world->sessions, DDB), 0);
}

static void open_target(struct world *world)
{
	uint8_t ddb[ISP_DDB_SIZE];

	fill(ddb, "iqn.2026-11.org.openhba:t0");
	open_entry(world, ddb);
	assert_int_equal(state_of(world), ISP_DDB_LOGIN);
	assert_int_equal(world->told, 0);
}

static void ready(struct world *world)
{
	world->initiator->events->ready(world->initiator->data);
}

static void closed(struct world *world, enum initiator_end end, enum iscsi_err error)
{
	const struct initiator_closed why = {.end = end, .error_code = error, .time2wait = 2};

	world->initiator->events->closed(world->initiator->data, &why);
}

static void assert_told(struct world *world, enum isp_ddb_state state, enum session_error error)
{
	const uint32_t words[] = {ISP_AEN_DDB_CHANGED, 1, DDB, state, error, 1, 0, 0};

	assert_int_equal(world->told, 1);
	assert_memory_equal(world->words, words, sizeof(words));
	assert_int_equal(state_of(world), state);
	world->told = 0;
}

static void bring_to(struct world *world, enum isp_ddb_state state)
{
	uint8_t ddb[ISP_DDB_SIZE];

	sessions_start(world->sessions);
	if (state == ISP_DDB_UNASSIGNED)
		return;
	fill(ddb, state == ISP_DDB_DISCOVERY ? "" : "iqn.2026-11.org.openhba:t0");
	isp4xxx_set(ISP4XXX_DDB_NO_SENDTARGETS, ddb, 1);
	assert_int_equal(sessions_set(world->sessions, DDB, ddb), 0);
	if (state == ISP_DDB_NO_CONNECTION)
		return;
	assert_int_equal(sessions_open(world->sessions, DDB), 0);
	if (state == ISP_DDB_FAILED)
		closed(world, INITIATOR_END_CONNECT, 0);
	if (state == ISP_DDB_ACTIVE || state == ISP_DDB_DISCOVERY || state == ISP_DDB_LOGGING_OUT)
		ready(world);
	if (state == ISP_DDB_LOGGING_OUT)
		assert_int_equal(sessions_logout(world->sessions, DDB, ISP_LOGOUT_CLOSE), 0);
	assert_int_equal(state_of(world), state);
}

/* Every command in every state, against what section 10 of the reference allows. */
static void test_matrix(void **state)
{
	static const struct {
		enum isp_ddb_state state;
		int request, set, open, logout, clear;
	} rows[] = {
		{ISP_DDB_UNASSIGNED, 0, 0, -ENOENT, -ENOTCONN, 0},
		{ISP_DDB_NO_CONNECTION, -EBUSY, 0, 0, -ENOTCONN, 0},
		{ISP_DDB_DISCOVERY, -EBUSY, -EISCONN, -EISCONN, 0, -EBUSY},
		{ISP_DDB_ACTIVE, -EBUSY, -EISCONN, -EISCONN, 0, -EBUSY},
		{ISP_DDB_LOGGING_OUT, -EBUSY, -EISCONN, -EISCONN, -ENOTCONN, -EBUSY},
		{ISP_DDB_FAILED, -EBUSY, 0, 0, -ENOTCONN, 0},
		{ISP_DDB_LOGIN, -EBUSY, -EISCONN, -EISCONN, 0, -EBUSY},
	};
	struct world *world = *state;
	uint8_t ddb[ISP_DDB_SIZE];

	fill(ddb, "iqn.2026-11.org.openhba:t1");
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bring_to(world, rows[i].state);
		assert_int_equal(sessions_request(world->sessions, DDB), rows[i].request);
		bring_to(world, rows[i].state);
		assert_int_equal(sessions_set(world->sessions, DDB, ddb), rows[i].set);
		bring_to(world, rows[i].state);
		assert_int_equal(sessions_open(world->sessions, DDB), rows[i].open);
		bring_to(world, rows[i].state);
		assert_int_equal(sessions_logout(world->sessions, DDB, ISP_LOGOUT_CLOSE), rows[i].logout);
		bring_to(world, rows[i].state);
		assert_int_equal(sessions_clear(world->sessions, DDB), rows[i].clear);
		bring_to(world, rows[i].state);
		assert_int_equal(!sessions_initiator(world->sessions, DDB),
				 rows[i].state != ISP_DDB_ACTIVE && rows[i].state != ISP_DDB_DISCOVERY);
	}
}

static void test_indexes(void **state)
{
	static const uint32_t wrong[] = {ISP_DDBS, 0xffff, 0xffffffff};
	struct world *world = *state;
	struct session_view view;
	uint8_t data[ISP_STATS_SIZE] = {0};

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(sessions_request(world->sessions, wrong[i]), -EINVAL);
		assert_int_equal(sessions_set(world->sessions, wrong[i], data), -EINVAL);
		assert_int_equal(sessions_open(world->sessions, wrong[i]), -EINVAL);
		assert_int_equal(sessions_logout(world->sessions, wrong[i], ISP_LOGOUT_CLOSE), -EINVAL);
		assert_int_equal(sessions_clear(world->sessions, wrong[i]), -EINVAL);
		assert_int_equal(sessions_get(world->sessions, wrong[i], &view), -EINVAL);
		assert_null(sessions_initiator(world->sessions, wrong[i]));
		sessions_statistics(world->sessions, wrong[i], data, sizeof(data));
		sessions_statistics_clear(world->sessions, wrong[i]);
		sessions_drop(world->sessions, wrong[i]);
	}
}

/* The scan of a driver: unassigned indexes are answered, the next one in use is named, 0 ends it. */
static void test_scan(void **state)
{
	struct world *world = *state;
	struct session_view view;

	assert_int_equal(sessions_get(world->sessions, 0, &view), 0);
	assert_int_equal(view.count + view.next + view.state, 0);
	fill(world->flash, "iqn.2026-11.org.openhba:flash");
	isp4xxx_set(ISP4XXX_DDB_COOKIE, world->flash, ISP_DDB_COOKIE);
	sessions_start(world->sessions);
	assert_int_equal(sessions_request(world->sessions, 200), 0);
	assert_int_equal(sessions_get(world->sessions, 0, &view), 0);
	assert_int_equal(view.count, 2);
	assert_int_equal(view.next, DDB);
	assert_int_equal(view.state, ISP_DDB_UNASSIGNED);
	assert_int_equal(sessions_get(world->sessions, DDB, &view), 0);
	assert_int_equal(view.next, 200);
	assert_int_equal(view.state, ISP_DDB_NO_CONNECTION);
	assert_memory_equal(view.ddb, world->flash, ISP_DDB_SIZE);
	assert_int_equal(sessions_get(world->sessions, 200, &view), 0);
	assert_int_equal(view.next, 0);
	assert_int_equal(sessions_clear(world->sessions, DDB), 0);
	assert_int_equal(sessions_get(world->sessions, DDB, &view), 0);
	assert_int_equal(view.ddb[0], 0);
}

/* What a login is given, and what it leaves in the entry. */
static void test_login(void **state)
{
	static const uint8_t isid[] = {1, 2, 3, 4, 5, 6};
	struct world *world = *state;
	const struct initiator_settings *settings;
	const struct sockaddr_in *peer;
	struct login_outcome *outcome;
	struct session_view view;

	open_target(world);
	settings = &world->initiator->settings;
	peer = (const struct sockaddr_in *)&settings->peer;
	assert_int_equal(peer->sin_family, AF_INET);
	assert_int_equal(ntohs(peer->sin_port), 3260);
	assert_int_equal(ntohl(peer->sin_addr.s_addr), 0xc0000207);
	assert_string_equal(settings->login.target_name, "iqn.2026-11.org.openhba:t0");
	assert_string_equal(settings->login.initiator_name, "iqn.2026-11.org.openhba:card");
	assert_memory_equal(settings->login.isid, isid, 6);
	assert_null(settings->login.auth.username);
	assert_int_equal(settings->login.offer.max_burst_length, 512 * 512);
	assert_null(sessions_initiator(world->sessions, DDB));
	outcome = &world->initiator->outcome;
	outcome->tsih = 77;
	outcome->negotiated = (struct negotiated){
		.initial_r2t = true, .max_burst_length = 65536, .first_burst_length = 4096, .max_xmit_data_segment_length = 8192,
		.max_outstanding_r2t = 4, .default_time2wait = 3, .target_portal_group_tag = 9, .header_digest = true,
	};
	ready(world);
	assert_told(world, ISP_DDB_ACTIVE, SESSION_ERROR_NONE);
	assert_ptr_equal(sessions_initiator(world->sessions, DDB), world->initiator);
	assert_int_equal(sessions_get(world->sessions, DDB, &view), 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_TSIH, view.ddb), 77);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_MAX_BURST, view.ddb), 128);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_FIRST_BURST, view.ddb), 8);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_MAX_SEND_SEGMENT, view.ddb), 16);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_MAX_R2T, view.ddb), 4);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_TIME2WAIT, view.ddb), 3);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_PORTAL_GROUP, view.ddb), 9);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_INITIAL_R2T, view.ddb), 1);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_HEADER_DIGEST, view.ddb), 1);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_IMMEDIATE_DATA, view.ddb), 0);
}

static void test_chap(void **state)
{
	struct world *world = *state;
	const struct login_auth *auth;
	uint8_t ddb[ISP_DDB_SIZE];

	fill(ddb, "iqn.2026-11.org.openhba:chap");
	isp4xxx_set(ISP4XXX_DDB_CHAP, ddb, 1);
	isp4xxx_set(ISP4XXX_DDB_CHAP_INDEX, ddb, 7);
	open_entry(world, ddb);
	auth = &world->initiator->settings.login.auth;
	assert_string_equal(auth->username, "alice");
	assert_memory_equal(secret_bytes(auth->password), "wonderland123", 13);
	assert_null(auth->password_in);
	closed(world, INITIATOR_END_LOGIN, ISCSI_ERR_LOGIN_AUTH_FAILED);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_AUTHENTICATION);
	isp4xxx_set(ISP4XXX_DDB_BIDI_CHAP, ddb, 1);
	open_entry(world, ddb);
	auth = &world->initiator->settings.login.auth;
	assert_string_equal(auth->username_in, "queen");
	assert_memory_equal(secret_bytes(auth->password_in), "lookingglass9", 13);
	closed(world, INITIATOR_END_LOGIN, ISCSI_ERR_LOGIN);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_LOGIN);
	world->has_peer = false;
	open_entry(world, ddb);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_AUTHENTICATION);
	world->has_local = false;
	open_entry(world, ddb);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_AUTHENTICATION);
	assert_null(world->initiator);
}

/* The end of a connection in each state, and that SET_DDB has to wait after a loss, not after a login that failed. */
static void test_ends(void **state)
{
	struct world *world = *state;
	uint8_t ddb[ISP_DDB_SIZE];

	fill(ddb, "iqn.2026-11.org.openhba:t0");
	open_target(world);
	closed(world, INITIATOR_END_LOGIN_TIMEOUT, 0);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_TIMEOUT);
	open_target(world);
	assert_int_equal(sessions_logout(world->sessions, DDB, ISP_LOGOUT_CLOSE), 0);
	closed(world, INITIATOR_END_LOGOUT, 0);
	assert_told(world, ISP_DDB_NO_CONNECTION, SESSION_ERROR_NONE);
	open_target(world);
	ready(world);
	world->told = 0;
	closed(world, INITIATOR_END_TARGET, 0);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_CONNECTION);
	assert_int_equal(sessions_set(world->sessions, DDB, ddb), -EAGAIN);
	assert_int_equal(sessions_clear(world->sessions, DDB), 0);
	assert_int_equal(sessions_set(world->sessions, DDB, ddb), 0);
	open_target(world);
	ready(world);
	world->told = 0;
	sessions_drop(world->sessions, DDB);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_CONNECTION);
	assert_null(world->initiator);
	sessions_drop(world->sessions, DDB);
	assert_int_equal(world->told, 0);
}

static void test_logout_options(void **state)
{
	static const uint32_t closing[] = {0, ISP_LOGOUT_CLOSE_OLD, ISP_LOGOUT_CLOSE};
	struct world *world = *state;

	for (unsigned int i = 0; i < 3; i++) {
		bring_to(world, ISP_DDB_ACTIVE);
		world->told = 0;
		assert_int_equal(sessions_logout(world->sessions, DDB, closing[i]), 0);
		closed(world, INITIATOR_END_LOGOUT, 0);
		assert_told(world, ISP_DDB_NO_CONNECTION, SESSION_ERROR_NONE);
	}
	bring_to(world, ISP_DDB_ACTIVE);
	world->told = 0;
	assert_int_equal(sessions_logout(world->sessions, DDB, ISP_LOGOUT_CLOSE | ISP_LOGOUT_RELOGIN), 0);
	closed(world, INITIATOR_END_LOGOUT, 0);
	assert_int_equal(world->told, 1);
	assert_int_equal(world->words[3], ISP_DDB_NO_CONNECTION);
	assert_int_equal(state_of(world), ISP_DDB_LOGIN);
	ready(world);
	assert_int_equal(world->words[3], ISP_DDB_ACTIVE);
	world->told = 0;
	assert_int_equal(sessions_logout(world->sessions, DDB, ISP_LOGOUT_CLOSE | ISP_LOGOUT_RELOGIN | ISP_LOGOUT_FREE_DDB), 0);
	closed(world, INITIATOR_END_LOGOUT, 0);
	assert_int_equal(world->told, 1);
	assert_int_equal(world->words[3], ISP_DDB_NO_CONNECTION);
	assert_int_equal(state_of(world), ISP_DDB_UNASSIGNED);
	assert_null(world->initiator);
}

static void open_ipv6(struct world *world, const char *local, bool is_link_local)
{
	struct sockaddr_storage peer = {.ss_family = AF_INET6};
	uint8_t ddb[ISP_DDB_SIZE];

	sessions_start(world->sessions);
	fill(ddb, "iqn.2026-11.org.openhba:t0");
	isp4xxx_set(ISP4XXX_DDB_IS_IPV6, ddb, 1);
	isp4xxx_set(ISP4XXX_DDB_LINK_LOCAL, ddb, is_link_local);
	inet_pton(AF_INET6, "2001:db8::1", isp4xxx_at(ISP4XXX_DDB_ADDRESS, ddb));
	inet_pton(AF_INET6, local, isp4xxx_at(ISP4XXX_DDB_LOCAL_ADDRESS, ddb));
	open_entry(world, ddb);
	world->initiator->settings.connect(world->initiator->data, &peer, sizeof(peer));
}

/* Where a session comes from, and what the host is told of it. */
static void test_source(void **state)
{
	struct sockaddr_storage ipv4 = {.ss_family = AF_INET};
	struct world *world = *state;

	open_ipv6(world, "::", true);
	assert_int_equal(world->from, ISP_ADDRESS_LINK_LOCAL);
	world->initiator->settings.connect(world->initiator->data, &ipv4, sizeof(ipv4)); /* redirected */
	assert_int_equal(world->from, ISP_ADDRESSES);
	open_ipv6(world, "2001:db8::99", false);
	assert_int_equal(world->from, ISP_ADDRESSES);
	ready(world);
	assert_int_equal(world->words[5], 0x10);
	open_ipv6(world, "2001:db8::10", false);
	assert_int_equal(world->from, ISP_ADDRESS_IPV6_1);
	ready(world);
	assert_int_equal(world->words[5], 0x18);
}

/* What an iSNS server names stands in the upper part of the table, with a link that says so, and can be logged in to. */
static void test_named(void **state)
{
	const struct portal portal = {.address = "192.0.2.7", .port = 3261, .tpgt = 2};
	struct world *world = *state;
	struct session_view view;

	assert_int_equal(sessions_add_named(world->sessions, "iqn.2026-11.org.openhba:t9", &portal), 0);
	assert_int_equal(sessions_add_named(world->sessions, "iqn.2026-11.org.openhba:t9", &portal), -EEXIST);
	assert_int_equal(sessions_add_named(world->sessions, "", &portal), -EINVAL);
	assert_int_equal(sessions_get(world->sessions, ISP_FLASH_DDBS, &view), 0);
	assert_int_equal(view.state, ISP_DDB_NO_CONNECTION);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_LINK, view.ddb), ISP_DDB_LINK_ISNS);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_PORT, view.ddb), 3261);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_PORTAL_GROUP, view.ddb), 2);
	assert_string_equal(isp4xxx_at(ISP4XXX_DDB_NAME, (uint8_t *)view.ddb), "iqn.2026-11.org.openhba:t9");
	assert_int_equal(world->told, 0);
	assert_int_equal(sessions_open(world->sessions, ISP_FLASH_DDBS), 0);
	assert_string_equal(world->initiator->settings.login.target_name, "iqn.2026-11.org.openhba:t9");
}

static void test_refused_opens(void **state)
{
	struct world *world = *state;
	uint8_t ddb[ISP_DDB_SIZE];

	fill(ddb, "iqn.2026-11.org.openhba:t0");
	assert_int_equal(sessions_set(world->sessions, DDB, ddb), 0);
	world->is_usable = false;
	assert_int_equal(sessions_open(world->sessions, DDB), -EADDRNOTAVAIL);
	world->is_usable = true;
	isp4xxx_set(ISP4XXX_DDB_PORT, ddb, 0);
	assert_int_equal(sessions_set(world->sessions, DDB, ddb), 0);
	assert_int_equal(sessions_open(world->sessions, DDB), -EINVAL);
	assert_int_equal(state_of(world), ISP_DDB_NO_CONNECTION);
	assert_int_equal(world->told, 0);
	isp4xxx_set(ISP4XXX_DDB_PORT, ddb, 3260);
	world->refusal = -EINVAL;
	open_entry(world, ddb);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_LOGIN);
	world->refusal = 0;
	assert_int_equal(faults_arm(world->faults, FAULT_LOGIN_FAIL, DDB, 1, 99), 0);
	open_entry(world, ddb);
	assert_told(world, ISP_DDB_FAILED, 99);
	assert_null(world->initiator);
}

/* After a reset: no connection, nothing told, the table as in flash. */
static void test_reset(void **state)
{
	struct world *world = *state;

	open_target(world);
	ready(world);
	world->told = 0;
	sessions_stop(world->sessions);
	assert_null(world->initiator);
	assert_int_equal(world->told, 0);
	assert_int_equal(state_of(world), ISP_DDB_UNASSIGNED);
}

/* --- discovery ------------------------------------------------------------------ */

static void answer_text(struct world *world, const char *text, size_t length, uint8_t flags)
{
	struct iscsi_bhs response = {.opcode = ISCSI_PDU_TEXT_RESPONSE, .flags = flags, .itt = 0x1234};
	struct initiator_passthrough *request = world->initiator->request;

	memset(response.specific2, 0xff, 4); /* target transfer tag */
	world->initiator->request = NULL;
	request->done(request, 0, &response, text, length);
}

static void open_discovery(struct world *world, bool is_hosts)
{
	uint8_t ddb[ISP_DDB_SIZE];

	fill(ddb, "");
	isp4xxx_set(ISP4XXX_DDB_NO_SENDTARGETS, ddb, is_hosts);
	isp4xxx_set(ISP4XXX_DDB_CHAP_INDEX, ddb, 42);
	open_entry(world, ddb);
	assert_null(world->initiator->settings.login.target_name);
	ready(world);
	assert_told(world, ISP_DDB_DISCOVERY, SESSION_ERROR_NONE);
}

/* The host's own: it stays, and sends what it likes. */
static void test_host_discovery(void **state)
{
	struct world *world = *state;

	open_discovery(world, true);
	assert_null(world->initiator->request);
	assert_non_null(sessions_initiator(world->sessions, DDB));
	assert_int_equal(sessions_logout(world->sessions, DDB, ISP_LOGOUT_CLOSE), 0);
	closed(world, INITIATOR_END_LOGOUT, 0);
	assert_told(world, ISP_DDB_NO_CONNECTION, SESSION_ERROR_NONE);
}

/* The firmware's: two targets, one of them at an IPv6 portal, one name twice, one that is none; then it logs out. */
static void test_discovery(void **state)
{
	static const char text[] = "TargetName=iqn.2026-11.org.openhba:a\0TargetAddress=192.0.2.8:3261,5\0TargetAddress=192.0.2.8:3261,5\0"
				   "TargetName=iqn.2026-11.org.openhba:b\0TargetAddress=[2001:db8::1]:3260,1";
	struct world *world = *state;
	struct session_view view;

	open_discovery(world, false);
	assert_non_null(world->initiator->request);
	assert_memory_equal(world->initiator->request->bytes, "SendTargets=All", 16);
	answer_text(world, text, sizeof(text), 0x80);
	assert_true(world->initiator->is_logging_out);
	assert_int_equal(sessions_get(world->sessions, 64, &view), 0);
	assert_int_equal(view.state, ISP_DDB_NO_CONNECTION);
	assert_int_equal(view.count, 3);
	assert_int_equal(view.next, 65);
	assert_string_equal((const char *)view.ddb + 0xc0, "iqn.2026-11.org.openhba:a");
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_PORT, view.ddb), 3261);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_PORTAL_GROUP, view.ddb), 5);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_LINK, view.ddb), DDB);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_CHAP_INDEX, view.ddb), 42);
	assert_int_equal(view.ddb[0x30], 192);
	assert_int_equal(sessions_get(world->sessions, 65, &view), 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_DDB_IS_IPV6, view.ddb), 1);
	assert_int_equal(view.ddb[0x30], 0x20);
	assert_int_equal(view.next, 0);
	closed(world, INITIATOR_END_LOGOUT, 0);
	assert_told(world, ISP_DDB_NO_CONNECTION, SESSION_ERROR_NONE);
	/* Again: nothing new. */
	assert_int_equal(sessions_open(world->sessions, DDB), 0);
	ready(world);
	answer_text(world, text, sizeof(text), 0x80);
	assert_int_equal(sessions_get(world->sessions, 0, &view), 0);
	assert_int_equal(view.count, 3);
}

/* It breaks down: by the target's words, by silence, by the end of the connection. */
static void test_discovery_failures(void **state)
{
	struct world *world = *state;
	struct initiator_passthrough *request;

	open_discovery(world, false);
	answer_text(world, "TargetAddress=192.0.2.8", 24, 0x80);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_DISCOVERY);
	assert_int_equal(sessions_clear(world->sessions, DDB), 0);
	open_discovery(world, false);
	request = world->initiator->request;
	world->initiator->request = NULL;
	request->done(request, -ETIMEDOUT, NULL, NULL, 0);
	assert_told(world, ISP_DDB_FAILED, SESSION_ERROR_DISCOVERY);
	assert_int_equal(sessions_clear(world->sessions, DDB), 0);
	open_discovery(world, false);
	sessions_stop(world->sessions);
	assert_int_equal(world->told, 0);
}

static void test_statistics(void **state)
{
	struct world *world = *state;
	uint8_t data[ISP_STATS_SIZE] = {0};
	struct initiator_counters *counters;

	open_target(world);
	counters = world->initiator->settings.counters;
	counters->data_bytes_rx = 0x123456789a;
	counters->tx_scsi_command = 17;
	counters->pdus_tx = 30;
	sessions_statistics(world->sessions, DDB, data, sizeof(data));
	assert_int_equal(isp4xxx_get(ISP4XXX_STATISTICS_RX_OCTETS, data), 0x123456789a);
	assert_int_equal(isp4xxx_get(ISP4XXX_STATISTICS_TX_SCSI_COMMAND, data), 17);
	assert_int_equal(isp4xxx_get(ISP4XXX_STATISTICS_ISCSI_TX_PDUS, data), 30);
	sessions_statistics_clear(world->sessions, DDB);
	sessions_statistics(world->sessions, DDB, data, sizeof(data));
	assert_int_equal(isp4xxx_get(ISP4XXX_STATISTICS_TX_SCSI_COMMAND, data), 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_STATISTICS_ISCSI_TX_PDUS, data), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_matrix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indexes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scan, setup, teardown),
		cmocka_unit_test_setup_teardown(test_login, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logout_options, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_discovery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discovery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discovery_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_statistics, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
