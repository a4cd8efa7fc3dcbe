/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reset that an ioctl asks of a disk's driver, as sg_reset does: run in the guest while the disk's adapter goes. The disk is open
 * meanwhile: with a FILE from before until that is there. disk-reset /dev/DISK [device|target|host [FILE]]
 */
#include <errno.h>
#include <fcntl.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel's; the C library's header does not know them. */
#define TARGET 4
#define NOT_MORE 0x100

static const struct {
	const char *name;
	int number;
} kinds[] = {
	{ "device", SG_SCSI_RESET_DEVICE + NOT_MORE },
	{ "target", TARGET + NOT_MORE },
	{ "host", SG_SCSI_RESET_HOST },
};

int main(int argc, char **argv)
{
	const char *wanted = argc > 2 ? argv[2] : "device";
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_NONBLOCK) : -1;
	int kind = -1;

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, wanted))
			kind = kinds[i].number;
	while (fd >= 0 && argc > 3 && access(argv[3], F_OK))
		usleep(50000);
	if (fd < 0 || kind < 0 || ioctl(fd, SG_SCSI_RESET, &kind)) {
		fprintf(stderr, "disk-reset: cannot reset %s: %s\n", argc > 1 ? argv[1] : "what is not named", strerror(errno));
		return 1;
	}
	return 0;
}
