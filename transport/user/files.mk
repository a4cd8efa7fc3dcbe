# SPDX-License-Identifier: GPL-3.0-or-later
transport-user-src := $(addprefix transport/user/,names.c netlink.c requests.c sysfs.c transport.c scsi.c)
