# SPDX-License-Identifier: GPL-3.0-or-later
# hba-processors.sh: one of two processors reads the EEPROM of the second port, for seconds with its interrupts off, while the other takes the
# interrupts of the first port; who waits there for an answer is to run on the first. An answer that the card said again in that time would be
# counted twice: the driver takes the next command for timed out, and resets the card under the second port.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# bound PORT: the driver takes it, on the second processor
bound() {
	# shellcheck disable=SC2016  # the inner shell's
	taskset -c 1 sh -c 'echo "$1" >/sys/bus/pci/drivers/qla4xxx/bind' sh "$(function_of "$1")"
}

# The last read of the flash, 64 entries of 512 bytes: the distribution's driver reads one at a time, this tree's 32.
last='3=5007e00 4=200$'
[ "$LAB_MODULES" != ours ] || last='3=5004000 4=4000$'

echo 0 >/sys/bus/pci/drivers_autoprobe
modprobe qla4xxx
ok "port 0: the driver takes it" bound 0
ok "port 0: logs in by itself" session_ready 0 "$plain" 1
# shellcheck disable=SC2016  # wait_for evaluates it
ok "port 0: all of its flash is read" wait_for '[ "$(traced 0 "command READ_FLASH.*$last")" -gt 0 ]' 30
ok "its interrupts are the first processor's" sh -c "echo 1 >/proc/irq/$(cat "/sys/bus/pci/devices/$(function_of 0)/irq")/smp_affinity"

# shellcheck disable=SC2016  # the inner shell's
taskset -c 1 sh -c 'while read -r state <"$1"; do echo "$state" >/tmp/state; done' sh "/sys/class/scsi_host/host$(host_of 0)/fw_state" &
reader=$!
ok "port 1: the driver takes it" bound 1
ok "port 1: logs in by itself" session_ready 1 "$plain" 1
# shellcheck disable=SC2016  # wait_for evaluates it
ok "port 1: all of its flash is read" wait_for '[ "$(traced 1 "command READ_FLASH.*$last")" -gt 0 ]' 30
ok "port 0: was asked all the time" kill $reader
is "$(dmesg | grep -c 'qla4xxx.*\(timed out\|Adapter Reset\)')" 0 "the driver missed nothing"
is "$(told 0 state | sed 's/.* resets=\([0-9]*\) .*/\1/')$(told 1 state | sed 's/.* resets=\([0-9]*\) .*/\1/')" 10 "nobody reset the card but the first driver"
suite_done
