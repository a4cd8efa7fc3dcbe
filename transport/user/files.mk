# SPDX-License-Identifier: GPL-3.0-or-later
transport-user-src := transport/user/names.c transport/user/netlink.c transport/user/requests.c
