# SPDX-License-Identifier: GPL-3.0-or-later
adm-src := \
	adm/adapter.c \
	adm/adm.c \
	adm/args.c \
	adm/ask.c \
	adm/chap.c \
	adm/daemon.c \
	adm/discovery.c \
	adm/discovery_list.c \
	adm/disk.c \
	adm/emit.c \
	adm/flashnode.c \
	adm/fw.c \
	adm/host.c \
	adm/host_stats.c \
	adm/iface.c \
	adm/iface_apply.c \
	adm/isns.c \
	adm/known.c \
	adm/login.c \
	adm/node.c \
	adm/objects.c \
	adm/ping.c \
	adm/print.c \
	adm/sendtargets.c \
	adm/server.c \
	adm/session.c \
	adm/session_object.c \
	adm/session_tree.c \
	adm/store.c \
	adm/progress.c \
	adm/topology.c \
	adm/topology_json.c \
	adm/topology_port.c \
	adm/topology_svg.c \
	adm/topology_text.c \
	adm/tree.c
