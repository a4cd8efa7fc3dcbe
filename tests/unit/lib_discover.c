/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole discoveries over loopback TCP against a target that follows a script, one act a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/discover.h"
#include "tests/target/responder.h"

enum act {
	ACT_END,
	ACT_LIST,	  /* logs in, gives the list */
	ACT_LIST_SLOWLY,  /* byte by byte on the wire */
	ACT_MOVED,	  /* redirects to itself for now */
	ACT_MOVED_FOREVER,
	ACT_MOVED_NAME,	  /* to "localhost" */
	ACT_MOVED_NOWHERE,
	ACT_NOT_FOUND,
	ACT_BUSY,
	ACT_CLOSE,	   /* at the login request */
	ACT_CLOSE_IN_TEXT,
	ACT_SILENT,	   /* takes the login request and says nothing */
	ACT_SILENT_IN_TEXT,
	ACT_ENDLESS_TEXT,  /* some more of the list, each in time */
	ACT_GARBAGE,
};

/* The target's thread owns everything in here until it is joined. */
struct target {
	pthread_t thread;
	int listener;
	uint16_t port;
	const enum act *acts;
	int fd;
	struct responder responder;
	struct pdu out;
};

static const char list_text[] = "TargetName=iqn.2024-01.example:a TargetAddress=192.0.2.1:3260,1 "
				"TargetName=iqn.2024-01.example:b ";

static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n\r\n";

static int read_pdu(int fd, struct pdu_reader *reader)
{
	size_t want;
	void *place;
	ssize_t n;
	int result = 0;

	while (!result) {
		want = pdu_reader_want(reader, &place);
		n = read(fd, place, want);
		if (n <= 0)
			return -1;
		result = pdu_reader_took(reader, (size_t)n);
	}
	return result;
}

static void write_pdu(struct target *target, bool is_slow)
{
	unsigned char wire[1024];
	size_t length = pdu_wire_length(&target->out), i, part = is_slow ? 1 : length;

	pdu_encode(&target->out, wire);
	for (i = 0; i < length; i += part)
		if (send(target->fd, wire + i, part, MSG_NOSIGNAL) < 0)
			return;
}

static void answer_login(struct target *target, unsigned int status, const char *text, bool is_slow)
{
	responder_login(&target->responder, &target->out, TO_FULL_FEATURE, status, text,
			strlen(text));
	write_pdu(target, is_slow);
}

/* A redirect to this very target, by number or by name. */
static void answer_moved(struct target *target, unsigned int status, const char *host)
{
	char text[64];

	snprintf(text, sizeof(text), "TargetAddress=%s:%u,1 ", host, target->port);
	answer_login(target, status, text, false);
}

/* What is said to a login request; true: a text request is to follow. */
static bool act_on_login(struct target *target, enum act act)
{
	switch (act) {
	case ACT_LIST:
	case ACT_LIST_SLOWLY:
	case ACT_CLOSE_IN_TEXT:
	case ACT_SILENT_IN_TEXT:
	case ACT_ENDLESS_TEXT:
		answer_login(target, 0, "", act == ACT_LIST_SLOWLY);
		return true;
	case ACT_MOVED:
		answer_moved(target, 0x0101, "127.0.0.1");
		break;
	case ACT_MOVED_FOREVER:
		answer_moved(target, 0x0102, "127.0.0.1");
		break;
	case ACT_MOVED_NAME:
		answer_moved(target, 0x0101, "localhost");
		break;
	case ACT_MOVED_NOWHERE:
		answer_login(target, 0x0101, "", false);
		break;
	case ACT_NOT_FOUND:
		answer_login(target, 0x0203, "", false);
		break;
	case ACT_BUSY:
		answer_login(target, 0x0301, "", false);
		break;
	case ACT_GARBAGE:
		(void)!write(target->fd, http, sizeof(http) - 1);
		break;
	case ACT_SILENT:
	case ACT_CLOSE:
	case ACT_END:
		break;
	}
	return false;
}

static void answer_without_end(struct target *target, struct pdu_reader *reader)
{
	do {
		usleep(20000);
		responder_text(&target->responder, &target->out, 0, ntohl(reader->pdu.bhs.itt), 1,
			       "X-more=1 ", 9);
		write_pdu(target, false);
		pdu_reader_next(reader);
	} while (read_pdu(target->fd, reader) > 0);
}

static void serve(struct target *target, enum act act)
{
	struct pdu_reader reader;
	char byte;

	pdu_reader_init(&reader, 65536);
	if (read_pdu(target->fd, &reader) > 0) {
		memcpy(target->responder.isid, reader.pdu.login_request.isid, 6);
		target->responder.itt = ntohl(reader.pdu.bhs.itt);
		pdu_reader_next(&reader);
		if (!act_on_login(target, act) || read_pdu(target->fd, &reader) <= 0) {
			; /* no list is asked for */
		} else if (act == ACT_ENDLESS_TEXT) {
			answer_without_end(target, &reader);
		} else if (act == ACT_LIST || act == ACT_LIST_SLOWLY) {
			responder_text(&target->responder, &target->out, 0x80,
				       ntohl(reader.pdu.bhs.itt), ISCSI_TAG_NONE, list_text,
				       strlen(list_text));
			write_pdu(target, act == ACT_LIST_SLOWLY);
		}
		if (act != ACT_CLOSE && act != ACT_CLOSE_IN_TEXT)
			(void)!read(target->fd, &byte, 1); /* until the initiator has gone */
	}
	pdu_reader_done(&reader);
}

static void *run(void *data)
{
	struct target *target = data;
	const enum act *act;

	for (act = target->acts; *act != ACT_END; act++) {
		target->fd = accept(target->listener, NULL, NULL);
		if (target->fd < 0)
			break;
		serve(target, *act);
		close(target->fd);
	}
	pdu_done(&target->out);
	return NULL;
}

static void target_start(struct target *target, const enum act *acts)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	memset(target, 0, sizeof(*target));
	target->acts = acts;
	target->responder.tsih = 1;
	target->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(target->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(target->listener, 4), 0);
	assert_int_equal(getsockname(target->listener, (struct sockaddr *)&address, &length), 0);
	target->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&target->thread, NULL, run, target), 0);
}

static void target_end(struct target *target)
{
	shutdown(target->listener, SHUT_RDWR);
	pthread_join(target->thread, NULL);
	close(target->listener);
}

/* Short where it is to run out; an endless text ends after ten of them, none of which may. */
static unsigned int text_timeout_ms(enum act act)
{
	return act == ACT_SILENT_IN_TEXT ? 500 : act == ACT_ENDLESS_TEXT ? 1000 : 10000;
}

static struct discovery *discover(struct target *target, unsigned int redirect_max)
{
	bool is_silent = *target->acts == ACT_SILENT || *target->acts == ACT_SILENT_IN_TEXT ||
			 *target->acts == ACT_ENDLESS_TEXT;
	struct discovery_settings settings;
	struct discovery *discovery;

	discovery_settings_init(&settings);
	settings.login.initiator_name = "iqn.2024-01.example:initiator";
	if (is_silent) {
		settings.login_timeout_ms = *target->acts == ACT_SILENT ? 100 : 10000;
		settings.text_timeout_ms = text_timeout_ms(*target->acts);
	}
	settings.redirect_max = redirect_max;
	snprintf(settings.portal.address, sizeof(settings.portal.address), "127.0.0.1");
	settings.portal.port = target->port;
	settings.portal.tpgt = PORTAL_TPGT_NONE;
	assert_int_equal(portal_sockaddr(&settings.portal, &settings.channel.peer,
					 &settings.channel.peer_length), 0);
	discovery = discovery_new(&settings);
	assert_non_null(discovery);
	discovery_run(discovery);
	return discovery;
}

static void check_list(struct discovery *discovery)
{
	struct sendtargets_list list;

	assert_string_equal(discovery_error_text(discovery), "");
	assert_int_equal(discovery_state(discovery), DISCOVERY_DONE);
	assert_int_equal(discovery_fd(discovery), -1);
	discovery_take(discovery, &list);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.entries[0].target_name, "iqn.2024-01.example:a");
	assert_string_equal(list.entries[0].portal.address, "192.0.2.1");
	assert_string_equal(list.entries[1].portal.address, "127.0.0.1");
	sendtargets_list_done(&list);
	discovery_take(discovery, &list);
	assert_int_equal(list.count, 0);
}

static void test_good(void **state)
{
	static const enum act scripts[][4] = {
		{ACT_LIST, ACT_END},
		{ACT_LIST_SLOWLY, ACT_END},
		{ACT_MOVED, ACT_LIST, ACT_END},
		{ACT_MOVED, ACT_MOVED_FOREVER, ACT_LIST, ACT_END},
	};
	struct discovery *discovery;
	struct target target;
	size_t i;

	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		target_start(&target, scripts[i]);
		discovery = discover(&target, 8);
		check_list(discovery);
		if (i == 3)
			assert_int_equal(discovery_moved(discovery)->port, target.port);
		else
			assert_null(discovery_moved(discovery));
		discovery_free(discovery);
		target_end(&target);
	}
	discovery_free(NULL);
}

/* The name may resolve to ::1 first, where nothing listens: a refusal is right then. */
static void test_redirect_to_a_name(void **state)
{
	static const enum act script[] = {ACT_MOVED_NAME, ACT_LIST, ACT_END};
	struct discovery *discovery;
	struct target target;

	target_start(&target, script);
	discovery = discover(&target, 8);
	assert_string_equal(discovery_portal(discovery)->address, "localhost");
	if (discovery_state(discovery) == DISCOVERY_FAILED)
		assert_true(discovery_error(discovery) == ISCSI_ERR_TRANS ||
			    discovery_error(discovery) == ISCSI_ERR_HOST_NOT_FOUND);
	discovery_free(discovery);
	target_end(&target);
}

static void test_bad(void **state)
{
	static const struct {
		enum act script[4];
		enum iscsi_err error;
		const char *words;
	} rows[] = {
		{{ACT_NOT_FOUND, ACT_END}, ISCSI_ERR_FATAL_LOGIN, "no such target"},
		{{ACT_BUSY, ACT_END}, ISCSI_ERR_LOGIN, "not available"},
		{{ACT_MOVED_NOWHERE, ACT_END}, ISCSI_ERR_FATAL_LOGIN, "usable address"},
		{{ACT_MOVED, ACT_MOVED, ACT_MOVED, ACT_END}, ISCSI_ERR_LOGIN, "redirects"},
		{{ACT_CLOSE, ACT_END}, ISCSI_ERR_TRANS, "lost during login"},
		{{ACT_CLOSE_IN_TEXT, ACT_END}, ISCSI_ERR_TRANS, "lost during SendTargets"},
		{{ACT_SILENT, ACT_END}, ISCSI_ERR_PDU_TIMEOUT, "login timed out"},
		{{ACT_SILENT_IN_TEXT, ACT_END}, ISCSI_ERR_PDU_TIMEOUT, "SendTargets timed out"},
		{{ACT_ENDLESS_TEXT, ACT_END}, ISCSI_ERR_PDU_TIMEOUT, "does not come to an end"},
		{{ACT_GARBAGE, ACT_END}, ISCSI_ERR_TRANS, "lost during login"},
	};
	struct discovery *discovery;
	struct target target;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		target_start(&target, rows[i].script);
		discovery = discover(&target, 2);
		assert_int_equal(discovery_state(discovery), DISCOVERY_FAILED);
		assert_int_equal(discovery_error(discovery), rows[i].error);
		if (!strstr(discovery_error_text(discovery), rows[i].words))
			fail_msg("\"%s\" where \"%s\" is expected", discovery_error_text(discovery), rows[i].words);
		assert_non_null(strstr(discovery_error_text(discovery), "127.0.0.1:"));
		assert_int_equal(discovery_fd(discovery), -1);
		discovery_free(discovery);
		target_end(&target);
	}
}

static void test_nobody_listens(void **state)
{
	static const enum act script[] = {ACT_END};
	struct discovery *discovery;
	struct target target;

	target_start(&target, script);
	target_end(&target);
	discovery = discover(&target, 8);
	assert_int_equal(discovery_state(discovery), DISCOVERY_FAILED);
	assert_int_equal(discovery_error(discovery), ISCSI_ERR_TRANS);
	assert_non_null(strstr(discovery_error_text(discovery), "cannot connect"));
	discovery_free(discovery);
}

/* Dropped in the middle, as at the end of a program. */
static void test_freed_early(void **state)
{
	static const enum act script[] = {ACT_SILENT, ACT_END};
	struct discovery_settings settings;
	struct discovery *discovery;
	struct target target;
	struct pollfd watch;

	target_start(&target, script);
	discovery_settings_init(&settings);
	settings.login.initiator_name = "iqn.2024-01.example:initiator";
	snprintf(settings.portal.address, sizeof(settings.portal.address), "127.0.0.1");
	settings.portal.port = target.port;
	assert_int_equal(portal_sockaddr(&settings.portal, &settings.channel.peer,
					 &settings.channel.peer_length), 0);
	discovery = discovery_new(&settings);
	assert_null(discovery_login(discovery));
	watch = (struct pollfd){discovery_fd(discovery), discovery_want(discovery), 0};
	assert_int_equal(poll(&watch, 1, 1000), 1);
	discovery_ready(discovery, watch.revents);
	assert_int_equal(discovery_state(discovery), DISCOVERY_RUNNING);
	assert_non_null(discovery_login(discovery));
	discovery_free(discovery);
	target_end(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_redirect_to_a_name),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_freed_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
