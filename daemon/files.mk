# SPDX-License-Identifier: GPL-3.0-or-later
daemon-src := $(addprefix daemon/,adopt.c adopt_record.c ask.c attempt.c background.c boot.c conn.c drain.c engine.c events.c first_start.c \
	handover.c in_use.c isid.c logout.c look.c message.c nop.c options.c orphan.c params.c pool.c recovery.c redirect.c reload.c request.c resolve.c \
	scan.c session.c slots.c start.c \
	state.c transports.c verbs.c)
daemon-src += $(addprefix daemon/,backoff.c discovery.c discovery_ask.c discovery_bindings.c discovery_poller.c discovery_records.c discovery_sessions.c \
	isns_listener.c isns_registration.c)
daemon-src += daemon/carrier.c daemon/channel_netlink.c daemon/offer.c
daemon-src += daemon/fast_fail.c daemon/port_loss.c
daemon-src += $(addprefix daemon/,hotplug.c hotplug_event.c hotplug_flap.c hotplug_hold.c hotplug_login.c hotplug_pass.c hotplug_ports.c)
