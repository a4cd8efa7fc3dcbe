/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps the daemon alive without its disk. Decides when locking is safe: a finite RLIMIT_MEMLOCK counts for whoever lacks
 * CAP_IPC_LOCK, and with future pages locked it would turn into failing allocations later. Called once by iscsid's start.
 */
#include "lib/memory_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

/*
 * CAP_IPC_LOCK lifts the limit only in the first user namespace (capable(), not ns_capable()), where the id map is the whole
 * range of numbers.
 */
static bool is_first_user_namespace(void)
{
	static const char whole[] = "         0          0 4294967295\n";
	char map[sizeof(whole) + 1] = "";
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return errno == ENOENT;
	len = read(fd, map, sizeof(map));
	close(fd);
	return len == sizeof(whole) - 1 && memcmp(map, whole, sizeof(whole) - 1) == 0;
}

static bool has_lock_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective & 1u << CAP_IPC_LOCK && is_first_user_namespace();
}

/* As high as we may. */
static bool is_unlimited(void)
{
	struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0)
		return true;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_max != RLIM_INFINITY)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
}

/*
 * What comes later is heap and stacks, which stay once they were touched; to fill them beforehand would cost 128 KiB for each thread.
 * Kernels before 4.4 cannot tell.
 */
static int lock_future(void)
{
	if (mlockall(MCL_FUTURE | MCL_ONFAULT) == 0)
		return 0;
	return mlockall(MCL_CURRENT | MCL_FUTURE);
}

static int lock_object(struct dl_phdr_info *info, size_t size, void *data)
{
	int *error = data;

	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type == PT_LOAD && mlock((void *)(info->dlpi_addr + header->p_vaddr), header->p_memsz) < 0)
			*error = -errno;
	}
	return 0;
}

int memory_lock_code(void)
{
	int error = 0;

	dl_iterate_phdr(lock_object, &error);
	return error;
}

int memory_lock(void)
{
	if (!is_unlimited() && !has_lock_capability())
		return -EPERM;
	if (mlockall(MCL_CURRENT) < 0 || lock_future() < 0) {
		int error = -errno;

		munlockall();
		return error;
	}
	return 0;
}

int memory_lock_oom(void)
{
	static const char score[] = "-1000";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, score, sizeof(score) - 1) < 0)
		error = -errno;
	close(fd);
	return error;
}

int memory_lock_nice(int nice_value)
{
	return setpriority(PRIO_PROCESS, 0, nice_value) < 0 ? -errno : 0;
}

int memory_lock_io_flusher(void)
{
	return prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) < 0 ? -errno : 0;
}
