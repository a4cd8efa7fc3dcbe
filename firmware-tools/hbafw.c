/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hbafw: lists the iSCSI HBAs of this machine and shows what they keep in flash and EEPROM. See hbafw(8). */
#include "firmware-tools/hbafw.h"

int main(int argc, char **argv)
{
	struct hbafw hbafw = {.sysfs = "/sys", .bsg = "/dev/bsg", .out = stdout, .err = stderr};
	int status = hbafw_run(&hbafw, argc, argv);

	if (fflush(stdout) == 0)
		return status;
	perror("hbafw: the output cannot be written");
	return HBAFW_FAILED;
}
