# SPDX-License-Identifier: GPL-3.0-or-later
iface-src :=
iface-src += iface/iface.c iface/bind.c
iface-src += iface/boot.c iface/nic.c
iface-src += iface/hba.c iface/candidate.c iface/auto.c iface/nics.c iface/policy.c
iface-src += iface/port.c iface/port_read.c
iface-src += iface/watch.c iface/uevents.c
iface-src += iface/reach.c iface/verdict.c iface/binder.c iface/plan.c
