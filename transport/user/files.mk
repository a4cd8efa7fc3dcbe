# SPDX-License-Identifier: GPL-3.0-or-later
transport-user-src := $(addprefix transport/user/,names.c netlink.c batch.c requests.c adapter.c flashnode.c in_use.c kernel_iface.c listing.c sysfs.c transport.c scsi.c)
transport-user-src += transport/user/rtnetlink.c transport/user/rtmessage.c transport/user/rtwatch.c transport/user/uevent.c
