/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * misbehave: an iSCSI target that goes wrong on purpose. One port per row of rows.def, from the
 * first port on; every row is served at the same time, each connection by a thread of its own.
 *
 *	misbehave [-p FIRST-PORT] [-s SEED]	serve all rows; SEED is for those that go by chance
 *	misbehave [-p FIRST-PORT] --list
 *	misbehave --serve ROW MIB	serve one connection, the standard input, with a disk of its own
 *	misbehave --conf plain|chap|mutual|digest	lines of iscsid.conf an initiator needs
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/target/conn.h"

#define FIRST_PORT 3300
#define THREAD_BYTES (512 * 1024)

struct server {
	unsigned int first_port;
	uint64_t seed;
	struct home *homes; /* of the rows */
	struct pollfd *watches;
};

/* What a thread is started with. */
struct visit {
	const struct server *server;
	unsigned int row;
	int fd;
};

static void *visit_run(void *data)
{
	struct visit visit = *(struct visit *)data;

	free(data);
	conn_run(visit.fd, &rows[visit.row], &visit.server->homes[visit.row], visit.server->first_port);
	return NULL;
}

static void visit_start(const struct server *server, unsigned int row, int fd)
{
	struct visit *visit = malloc(sizeof(*visit));
	pthread_attr_t attributes;
	pthread_t thread;
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!visit || pthread_attr_init(&attributes))
		abort();
	*visit = (struct visit){server, row, fd};
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, THREAD_BYTES);
	if (pthread_create(&thread, &attributes, visit_run, visit)) {
		close(fd);
		free(visit);
	}
	pthread_attr_destroy(&attributes);
}

static int listen_at(unsigned int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 64)) {
		fprintf(stderr, "misbehave: port %u: %s\n", port, strerror(errno));
		exit(1);
	}
	return fd;
}

static void serve(struct server *server)
{
	size_t bytes = (size_t)DISK_BLOCKS * BLOCK_BYTES;
	unsigned char *disks =
		mmap(NULL, bytes * row_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	server->homes = calloc(row_count, sizeof(*server->homes));
	server->watches = calloc(row_count, sizeof(*server->watches));
	if (disks == MAP_FAILED || !server->homes || !server->watches)
		abort();
	for (unsigned int i = 0; i < row_count; i++) {
		server->homes[i].disk = disks + i * bytes;
		server->homes[i].blocks = DISK_BLOCKS;
		server->homes[i].seed = server->seed;
		server->watches[i] = (struct pollfd){listen_at(server->first_port + i), POLLIN, 0};
	}
	puts("ready");
	fflush(stdout);
	while (poll(server->watches, row_count, -1) >= 0 || errno == EINTR) {
		for (unsigned int i = 0; i < row_count; i++) {
			int fd = server->watches[i].revents ? accept4(server->watches[i].fd, NULL, NULL, SOCK_CLOEXEC) : -1;

			if (fd >= 0)
				visit_start(server, i, fd);
		}
	}
}

static int serve_input(const char *name, const char *mib)
{
	const struct row *row = row_find(name);
	struct home home = {.blocks = (uint32_t)atoi(mib) * (1024 * 1024 / BLOCK_BYTES), .seed = 1};
	size_t bytes = (size_t)home.blocks * BLOCK_BYTES;

	home.disk = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!row || home.disk == MAP_FAILED) {
		fprintf(stderr, "misbehave: there is no row %s, or no room for %s MiB\n", name, mib);
		return 2;
	}
	conn_run(STDIN_FILENO, row, &home, FIRST_PORT);
	return 0;
}

/* The same for node records and for discoveries. */
static void print_credentials(bool is_mutual)
{
	static const char *const prefixes[] = {"node.session", "discovery.sendtargets"};

	for (int i = 0; i < 2; i++) {
		printf("%s.auth.authmethod = CHAP\n%s.auth.username = alice\n%s.auth.password = " SECRET "\n", prefixes[i],
		       prefixes[i], prefixes[i]);
		if (is_mutual)
			printf("%s.auth.username_in = queen\n%s.auth.password_in = " SECRET_IN "\n", prefixes[i], prefixes[i]);
	}
}

static int print_conf(const char *settings)
{
	if (!strcmp(settings, "chap") || !strcmp(settings, "mutual"))
		print_credentials(!strcmp(settings, "mutual"));
	else if (!strcmp(settings, "digest"))
		puts("node.conn[0].iscsi.HeaderDigest = CRC32C\nnode.conn[0].iscsi.DataDigest = CRC32C");
	else
		return strcmp(settings, "plain") != 0;
	return 0;
}

int main(int argc, char **argv)
{
	struct server server = {.first_port = FIRST_PORT, .seed = 1};

	if (argc > 2 && !strcmp(argv[1], "-p")) {
		server.first_port = (unsigned int)atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc > 2 && !strcmp(argv[1], "-s")) {
		server.seed = strtoull(argv[2], NULL, 0);
		argv += 2;
		argc -= 2;
	}
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		rows_list(stdout, server.first_port);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "--conf"))
		return print_conf(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "--serve")) {
		signal(SIGPIPE, SIG_IGN);
		return serve_input(argv[2], argv[3]);
	}
	if (argc != 1 || server.first_port < 1 || server.first_port > 60000) {
		fprintf(stderr, "usage: misbehave [-p FIRST-PORT] [-s SEED] [--list | --conf plain|chap|mutual|digest | --serve ROW MIB]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	serve(&server);
	return 1;
}
