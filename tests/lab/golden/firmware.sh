# SPDX-License-Identifier: GPL-3.0-or-later
# What is said of an iBFT, in the order and with the table the golden outputs were taken with.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/golden.sh

# The NIC the table is about
ip link set nic0 down
ip link set nic0 address 52:54:00:00:00:01 name eth0
ip addr flush dev eth0
modprobe -a iscsi_ibft iscsi_tcp
initiator_start || exit 1
g fw-ibft $A -m fw
g fw-ibft-P1 $A -m fw -P 1
g disc-fw-ibft $A -m discovery -t fw
g fw-ibft-network $A -m fw -n -W
g iscsistart-f iscsistart -f
g iscsistart-N iscsistart -N
