/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ports list | way NETDEV ADDRESS | watch: what the iface manager sees of a machine's ports, for suite/port-kinds.sh. list prints the picture
 * of now, a line a port; way the kernel's way from a NIC; watch every change as it is told, until it is killed, with the milliseconds
 * since the first event that led to it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "iface/port.h"
#include "iface/watch.h"
#include "lib/loop.h"
#include "transport/user/rtnetlink.h"
#include "transport/user/sysfs.h"

static int list(void)
{
	struct rtnetlink *route;
	struct ports ports;
	char text[128];
	int error = rtnetlink_open(&route);

	if (!error)
		error = ports_read(SYSFS_ROOT, route, &ports);
	if (error) {
		fprintf(stderr, "ports: %s\n", strerror(-error));
		return 1;
	}
	for (size_t i = 0; i < ports.count; i++) {
		const struct port *port = &ports.list[i];

		port_describe(port, text, sizeof(text));
		printf("%s: driver=%s kind=%s path=%s hwaddress=%s permanent=%s master=%s vrf=%s link=%d ready=%d addresses=%zu\n", text,
		       port->driver, port->nic_kind, port->path, port->hwaddress, port->permanent, port->master, port->vrf,
		       port_has_link(port), port_is_ready(port), port->address_count);
	}
	ports_done(&ports);
	rtnetlink_close(route);
	return 0;
}

static int way(const char *netdev, const char *destination)
{
	int family = strchr(destination, ':') ? AF_INET6 : AF_INET, error;
	char gateway[INET6_ADDRSTRLEN] = "-", source[INET6_ADDRSTRLEN];
	struct rtnetlink *route;
	uint8_t bytes[16];
	struct rtway found;

	if (inet_pton(family, destination, bytes) != 1 || rtnetlink_open(&route) < 0)
		return 2;
	error = rtnetlink_way(route, if_nametoindex(netdev), family, bytes, &found);
	rtnetlink_close(route);
	if (error) {
		printf("none: %s\n", strerror(-error));
		return 1;
	}
	if (found.gateway_family)
		inet_ntop(found.gateway_family, found.gateway, gateway, sizeof(gateway));
	printf("via %s from %s table %u\n", gateway, inet_ntop(family, found.source, source, sizeof(source)), found.table);
	return 0;
}

static void print(enum port_change change, const struct port *before, const struct port *now, void *data)
{
	const struct watch_change *told = data;
	char text[128];

	port_describe(now ? now : before, text, sizeof(text));
	printf("%s %s after %u ms\n", port_change_name(change), text, (unsigned int)(loop_now_ms() - told->since_ms));
}

static void on_change(const struct watch_change *change, void *data)
{
	struct watch_change copy = *change;

	printf("picture%s%s\n", change->is_first ? " first" : "", change->routes_changed ? " routes" : "");
	if (!change->is_first)
		ports_compare(change->before, change->now, print, &copy);
	fflush(stdout);
}

static int watch(void)
{
	struct watch *watch_of_ports;
	struct loop *loop;

	if (loop_new(&loop) < 0 || watch_open(loop, SYSFS_ROOT, on_change, NULL, &watch_of_ports) < 0)
		return 1;
	printf("udev %d rtnetlink %d\n", watch_has_udev(watch_of_ports), watch_has_rtnetlink(watch_of_ports));
	loop_run(loop);
	watch_close(watch_of_ports);
	loop_free(loop);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc == 4 && !strcmp(argv[1], "way"))
		return way(argv[2], argv[3]);
	if (argc == 2 && !strcmp(argv[1], "watch"))
		return watch();
	fprintf(stderr, "usage: ports list | way NETDEV ADDRESS | watch\n");
	return 2;
}
