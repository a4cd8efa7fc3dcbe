/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The IPv4 address by DHCP: busybox's client, run in the port's namespace, does the protocol; a script of ours writes what it was told
 * into a pipe. Nothing the client says changes the kernel: network_address.c does that, as with an address that is given.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/hba/network_parts.h"

#define AGAIN_MS 2000
/* The client has numbers of its own for some of the lowest. */
#define REPORT_FD 8
#define SCRIPT_FD 9
#define ARGUMENTS_MAX 24

static const char script[] = "#!/bin/sh\n"
			     "printf '%s|%s|%s|%s\\n' \"$1\" \"${ip:-}\" \"${subnet:-}\" \"${router%% *}\" >&8\n";

/* ---- reports ---- */

static const char *take_field(const char *line, char *field, size_t room)
{
	size_t length = strcspn(line, "|");

	if (length >= room)
		return NULL;
	memcpy(field, line, length);
	field[length] = '\0';
	return line[length] ? line + length + 1 : line + length;
}

static bool is_host_address(const uint8_t bytes[4])
{
	return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224;
}

int network_dhcp_parse(const char *line, struct network_lease *ret_lease)
{
	char event[16], ip[16], mask[16], router[16];
	struct network_lease lease = {.is_held = true};

	if (!(line = take_field(line, event, sizeof(event))))
		return -EPROTO;
	if (!strcmp(event, "deconfig"))
		return 0;
	if (strcmp(event, "bound") != 0 && strcmp(event, "renew") != 0)
		return -ENOMSG;
	if (!(line = take_field(line, ip, sizeof(ip))) || !(line = take_field(line, mask, sizeof(mask))) ||
	    !take_field(line, router, sizeof(router)))
		return -EPROTO;
	if (inet_pton(AF_INET, ip, lease.address) != 1 || !is_host_address(lease.address))
		return -EPROTO;
	if (inet_pton(AF_INET, mask[0] ? mask : "255.255.255.0", lease.mask) != 1 || network_prefix_of(lease.mask) <= 0)
		return -EPROTO;
	if (router[0] && (inet_pton(AF_INET, router, lease.gateway) != 1 || !is_host_address(lease.gateway)))
		return -EPROTO;
	*ret_lease = lease;
	return 1;
}

static void lease_gained(struct network *network, const struct network_lease *lease)
{
	bool is_news = memcmp(&network->dhcp.lease, lease, sizeof(*lease)) != 0;

	network->dhcp.lease = *lease;
	if (!is_news)
		return;
	network_apply(network);
	network_refresh(network);
	network_tell(network, (struct network_event){.kind = NETWORK_EVENT_LEASE, .flag = true});
}

static void lease_lost(struct network *network)
{
	if (!network->dhcp.lease.is_held)
		return;
	memset(&network->dhcp.lease, 0, sizeof(network->dhcp.lease));
	network_apply(network);
	network_refresh(network);
	network_tell(network, (struct network_event){.kind = NETWORK_EVENT_LEASE, .flag = false});
}

static void take_line(struct network *network, const char *line)
{
	struct network_lease lease;
	int r = network_dhcp_parse(line, &lease);

	log_debug("network: the DHCP client says: %s", line);
	if (r > 0)
		lease_gained(network, &lease);
	else if (r == 0)
		lease_lost(network);
	else if (r == -EPROTO)
		log_warning("network: a DHCP lease that makes no sense is left out: %s", line);
}

/* A line that is longer than any report can be is cut into pieces, which are no reports. */
static void take_bytes(struct network *network, const char *bytes, size_t length)
{
	struct network_dhcp *dhcp = &network->dhcp;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\n' && dhcp->line_bytes < sizeof(dhcp->line) - 1) {
			dhcp->line[dhcp->line_bytes++] = bytes[i];
			continue;
		}
		dhcp->line[dhcp->line_bytes] = '\0';
		dhcp->line_bytes = 0;
		take_line(network, dhcp->line);
	}
}

/* ---- the client ---- */

static void end_client(struct network_dhcp *dhcp)
{
	loop_fd_free(dhcp->watch);
	dhcp->watch = NULL;
	if (dhcp->pipe >= 0)
		close(dhcp->pipe);
	dhcp->pipe = -1;
	dhcp->line_bytes = 0;
	if (!dhcp->pid)
		return;
	kill(dhcp->pid, SIGKILL);
	while (waitpid(dhcp->pid, NULL, 0) < 0 && errno == EINTR)
		;
	dhcp->pid = 0;
}

static void client_ended(struct network *network)
{
	struct network_dhcp *dhcp = &network->dhcp;

	end_client(dhcp);
	if (!dhcp->was_warned)
		log_error("network: the DHCP client (udhcpc of busybox) has ended by itself; it is started again every %d s", AGAIN_MS / 1000);
	dhcp->was_warned = true;
	loop_timer_set(dhcp->again, AGAIN_MS);
}

static void reports_ready(int fd, short revents, void *data)
{
	struct network *network = data;
	char bytes[512];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n > 0)
		take_bytes(network, bytes, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		client_ended(network);
}

static void start_again(void *data)
{
	network_dhcp_apply(data);
}

/* A file that somebody may still write to is not run. */
static int script_open(void)
{
	int fd = memfd_create("dhcp", MFD_CLOEXEC), script_fd = -1;
	char path[32];

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, script, sizeof(script) - 1) == (ssize_t)sizeof(script) - 1)
		script_fd = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return script_fd;
}

/* Option 61: a type of 0 says that a text follows. */
static void client_id(const char *text, char *option, size_t room)
{
	size_t used = (size_t)snprintf(option, room, "0x3d:00");

	for (; *text && used + 3 <= room; text++, used += 2)
		snprintf(option + used, room - used, "%02x", (unsigned char)*text);
}

/* The two that the script and we need get numbers of their own; all others are close-on-exec. */
static void place_descriptors(int pipe, int script_fd)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high_pipe = fcntl(pipe, F_DUPFD_CLOEXEC, SCRIPT_FD + 1), high_script = fcntl(script_fd, F_DUPFD_CLOEXEC, SCRIPT_FD + 1);

	for (int fd = 0; fd <= 2; fd++)
		dup2(nothing, fd);
	dup2(high_pipe, REPORT_FD);
	dup2(high_script, SCRIPT_FD);
}

/* In the child, already inside of the namespace. */
static void run_client(const struct network *network, int pipe, int script_fd)
{
	const struct network_settings *settings = &network->settings;
	const char *arguments[ARGUMENTS_MAX] = {
		"busybox", "udhcpc", "-f", "-t", "4", "-T", "2", "-A", "2", "-s", "/proc/self/fd/9", "-i", network->nic.name,
	};
	size_t count = 13;
	char option[64];
	sigset_t none;

	if (settings->ipv4.vendor_id[0]) {
		arguments[count++] = "-V";
		arguments[count++] = settings->ipv4.vendor_id;
	}
	if (settings->ipv4.client_id[0]) {
		client_id(settings->ipv4.client_id, option, sizeof(option));
		arguments[count++] = "-x";
		arguments[count++] = option;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	place_descriptors(pipe, script_fd);
	execvp("udhcpc", (char *const *)arguments + 1);
	execvp("busybox", (char *const *)arguments);
	_exit(127);
}

static int start_client(struct network *network)
{
	struct network_dhcp *dhcp = &network->dhcp;
	int ends[2] = {-1, -1}, script_fd = script_open(), error = 0;

	if (script_fd < 0 || pipe2(ends, O_CLOEXEC) < 0 || network_enter(network) < 0)
		error = -errno;
	if (!error) {
		dhcp->pid = fork();
		if (dhcp->pid == 0)
			run_client(network, ends[1], script_fd);
		error = dhcp->pid < 0 ? -errno : 0;
		dhcp->pid = dhcp->pid < 0 ? 0 : dhcp->pid;
		network_leave(network);
	}
	if (script_fd >= 0)
		close(script_fd);
	if (ends[1] >= 0)
		close(ends[1]);
	dhcp->pipe = ends[0];
	if (!error) {
		fcntl(dhcp->pipe, F_SETFL, O_NONBLOCK);
		error = loop_fd_new(network->loop, dhcp->pipe, POLLIN, reports_ready, network, &dhcp->watch);
	}
	return error;
}

void network_dhcp_init(struct network *network)
{
	network->dhcp.pipe = -1;
}

void network_dhcp_stop(struct network *network)
{
	end_client(&network->dhcp);
	loop_timer_free(network->dhcp.again);
	memset(&network->dhcp, 0, sizeof(network->dhcp));
	network->dhcp.pipe = -1;
}

void network_dhcp_apply(struct network *network)
{
	const struct network_settings *settings = &network->settings;
	struct network_dhcp *dhcp = &network->dhcp;
	int error;

	if (!network->is_active || !settings->ipv4.is_enabled || !settings->ipv4.has_dhcp) {
		network_dhcp_stop(network);
		return;
	}
	if (dhcp->pid || network_is_host(network) || !network->link.is_up || !network->nic.ifindex)
		return;
	error = dhcp->again ? 0 : loop_timer_new(network->loop, start_again, network, &dhcp->again);
	if (!error)
		error = start_client(network);
	if (!error)
		return;
	log_error("network: cannot start the DHCP client: %s", strerror(-error));
	end_client(dhcp);
	if (dhcp->again)
		loop_timer_set(dhcp->again, AGAIN_MS);
}

void network_dhcp_link_up(struct network *network)
{
	if (network->dhcp.pid)
		kill(network->dhcp.pid, SIGUSR1);
	else
		network_dhcp_apply(network);
}
