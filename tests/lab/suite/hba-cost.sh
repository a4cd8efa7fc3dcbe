# SPDX-License-Identifier: GPL-3.0-or-later
# hba-cost.sh: what an emulated HBA costs, on the machine as it is: a register's read and write before the driver has the card, then reads of a
# disk by fio. Numbers are told, not judged; docs/hba.md has those of one machine. Wants --hba-flash with t0, and build/tests/hba/mmio.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# reads NAME BS DEPTH RW: for ten seconds
reads() {
	fio --name="$1" --filename="/dev/$disk" --direct=1 --ioengine=libaio --bs="$2" --iodepth="$3" --rw="$4" --time_based --runtime=10 --ramp_time=2 \
		--minimal >/tmp/fio.out 2>&1
	ok "$1" test -s /tmp/fio.out
	diag "$1: $(awk -F';' '{ print $8 " a second, " $40 " us each" }' /tmp/fio.out)"
}

diag "load of the machine: $(lab-san 'cat /proc/loadavg')"
function=/sys/bus/pci/devices/$(function_of 0)
ok "registers" sh -c "/in/mmio 5000 $function >/tmp/mmio"
sed 's/^/# /' /tmp/mmio
echo 0 >"$function/enable"
ok "the driver loads" hba_start
ok "the port logs in by itself" session_ready 0 "$plain" 1
disk=$(disks_of "$(port_sids 0 "$plain")" | head -1)
reads "4 KiB random reads, depth 32" 4k 32 randread
reads "4 KiB random reads, depth 1" 4k 1 randread
reads "64 KiB sequential reads, depth 8" 64k 8 read
diag "load of the machine: $(lab-san 'cat /proc/loadavg')"
suite_done
