/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * A port of the ISP4xxx driver without a kernel and without a chip: the files of the rings and of SCSI commands as they are, around them
 * as much of a host as they use, registers that are memory, and counts of what they told the rest of the driver. Threads are real.
 */
#ifndef OPENHBA_TESTS_UNIT_QLA4XXX_WORLD_H
#define OPENHBA_TESTS_UNIT_QLA4XXX_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

/* --- what these files need of the kernel besides */

#define U8_MAX		0xff
#define U64_MAX		(~0ull)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define GENMASK_ULL(h, l) (~0ull >> (63 - (h)) & ~0ull << (l))
#define round_up(n, d)	(((n) + (d) - 1) / (d) * (d))
#define noinline	__attribute__((noinline))
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define cpu_to_le16(x)	htole16(x)
#define le16_to_cpu(x)	le16toh(x)
#define le32_to_cpu(x)	le32toh(x)
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define put_unaligned_le64(v, p) ({ u64 put = htole64(v); memcpy(p, &put, sizeof(put)); })
#undef HZ
#define HZ		1000
#define smp_mb()	__sync_synchronize()
#define dma_rmb()	__sync_synchronize()
#define cmpxchg(p, old, v) __sync_val_compare_and_swap(p, old, v)
#define preempt_disable() ((void)0)
#define preempt_enable() ((void)0)
#define time_after(a, b) time_before(b, a)
#define msleep(ms)	world_sleep(ms)
#define kzalloc(size, gfp) calloc(1, size)
#define kvzalloc(size, gfp) calloc(1, size)
#define lockdep_assert_held(l) ((void)(l))
#define num_possible_cpus() 4u
#define host_warn(host, ...) ((void)(host))
#define THIS_MODULE	NULL
#define SCSI_NL_VID_TYPE_PCI (0x01ull << 56)

typedef u64 dma_addr_t;
typedef long long s64;
typedef struct { s64 counter; } atomic64_t;

#define atomic64_read(a) __atomic_load_n(&(a)->counter, __ATOMIC_RELAXED)
#define atomic64_set(a, v) __atomic_store_n(&(a)->counter, v, __ATOMIC_RELAXED)
#define atomic64_try_cmpxchg(a, old, v) try_cmpxchg(&(a)->counter, old, v)
#define atomic64_add(n, a) ((void)__sync_add_and_fetch(&(a)->counter, n))
#define atomic_inc_return(a) __sync_add_and_fetch(&(a)->counter, 1)
#define atomic_try_cmpxchg(a, old, v) try_cmpxchg(&(a)->counter, old, v)

/* Locks that are locks, RCU that is one. */
static pthread_mutex_t world_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t world_rcu = PTHREAD_RWLOCK_INITIALIZER;
static __thread int world_readers;

#define spin_lock_init(l) ((void)(l))
#define spin_lock_irqsave(l, flags) ((void)(l), (flags) = pthread_mutex_lock(&world_lock))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), (void)(l), (void)pthread_mutex_unlock(&world_lock))
#undef rcu_read_lock
#undef rcu_read_unlock

static inline void rcu_read_lock(void)
{
	if (!world_readers++)
		pthread_rwlock_rdlock(&world_rcu);
}

static inline void rcu_read_unlock(void)
{
	if (!--world_readers)
		pthread_rwlock_unlock(&world_rcu);
}

static inline void synchronize_rcu(void)
{
	pthread_rwlock_wrlock(&world_rcu);
	pthread_rwlock_unlock(&world_rcu);
}

#define rcu_read_lock_held() (world_readers > 0)
#define RCU_LOCKDEP_WARN(bad, text) assert_false(bad)

/* --- the chip's registers: written by the driver, read by the test */

#include "transport/abi/isp4xxx.h"

struct chip {
	u32 regs[ISP_REGISTERS_SIZE];	/* at their offsets */
};

static void (*world_on_write)(void);	/* called once, within the next write to a register */

static inline void writel(u32 value, u32 *at)
{
	void (*hook)(void) = world_on_write;

	__atomic_store_n(at, value, __ATOMIC_SEQ_CST);
	world_on_write = NULL;
	if (hook)
		hook();
}

static inline void chip_write(struct chip *chip, enum isp_register reg, u32 value)
{
	writel(value, chip->regs + reg);
}

/* --- SCSI */

enum { SAM_STAT_GOOD = 0, SAM_STAT_CHECK_CONDITION = 2, SAM_STAT_BUSY = 8, SAM_STAT_TASK_SET_FULL = 0x28 };
enum { DID_OK = 0, DID_NO_CONNECT = 1, DID_ERROR = 7, DID_RESET = 8, DID_TRANSPORT_DISRUPTED = 0xe };
enum { SCMD_LAST = 4, SUBMITTED_BY_BLOCK_LAYER = 0, SUBMITTED_BY_SCSI_ERROR_HANDLER = 1, SUBMITTED_BY_SCSI_RESET_IOCTL = 2 };
enum { SCSI_MLQUEUE_HOST_BUSY = 0x1055, SCSI_MLQUEUE_TARGET_BUSY = 0x1058 };
enum { ISCSI_SESSION_LOGGED_IN = 0, ISCSI_SESSION_FAILED = 1 };
#define SCSI_SENSE_BUFFERSIZE 96
#define scsi_bufflen(cmd) ((cmd)->bytes)
#define scsi_set_resid(cmd, n) ((void)((cmd)->resid = (n)))
#define sg_dma_address(sg) ((u64)(uintptr_t)(sg)->page + (sg)->offset)
#define sg_dma_len(sg)	((sg)->length)
#define compat_queue_result int

struct scsi_lun {
	u8 bytes[8];
};

static inline void int_to_scsilun(u64 lun, struct scsi_lun *to)
{
	memset(to, 0, sizeof(*to));
	to->bytes[0] = lun >> 8;
	to->bytes[1] = lun;
}

/* --- the rest of the driver */

#define OPENHBA_QLA4XXX_HOST_H
#define OPENHBA_QLA4XXX_SESSION_H
#define OPENHBA_QLA4XXX_CONFIG_H

#include "drivers/qla4xxx/rings.h"

enum host_state { HOST_STARTING, HOST_ONLINE, HOST_RECOVERING, HOST_SUSPENDED, HOST_DEAD, HOST_REMOVING };
enum host_flag { HOST_LINK_UP, HOST_GONE, HOST_SILENT };
enum recovery_reason { RECOVER_RING };

struct pci_dev {
	int dev;
};

struct gate {
	bool is_closed;
	u32 entered, inside;
};

struct qla_host {
	struct Scsi_Host *shost;
	struct pci_dev *pdev;
	struct chip chip;
	struct rings rings;
	struct gate gate;
	enum host_state state;
	unsigned long flags;
	struct commands *commands;
};

#define host_state(host) ((host)->state)

static struct world {
	struct qla_host host;
	struct pci_dev pdev;
	u32 recoveries, suspected, passthroughs, pings, maps, unmaps, refusals;
	u16 suspect;
	int map_error;
} world;

unsigned long jiffies = 1000;
static void (*world_on_sleep)(void);	/* called once, when somebody sleeps */

static inline void world_sleep(unsigned int ms)
{
	void (*hook)(void) = world_on_sleep;

	jiffies += ms;
	world_on_sleep = NULL;
	if (hook)
		hook();
}

bool kernel_out_of_memory;

static inline void *dma_alloc_coherent(int *dev, size_t size, dma_addr_t *dma, gfp_t gfp)
{
	void *memory = aligned_alloc(65536, (size + 65535) & ~65535ul);

	*dma = (uintptr_t)memory;
	return memory;
}

static inline void dma_free_coherent(int *dev, size_t size, void *memory, dma_addr_t dma)
{
	free(memory);
}

static void recover(struct qla_host *host, enum recovery_reason reason)
{
	world.recoveries++;
}

static int gate_enter(struct gate *gate)
{
	if (gate->is_closed)
		return -ENODEV;
	gate->entered++;
	gate->inside++;
	return 0;
}

static void gate_leave(struct gate *gate)
{
	assert_int_not_equal(gate->inside--, 0);
}

static void session_suspect(struct qla_host *host, u16 ddb)
{
	world.suspect = ddb;
	world.suspected++;
}

static void passthrough_done(struct qla_host *host, const struct isp_passthrough_status *status)
{
	world.passthroughs++;
}

static void ping_done(struct qla_host *host, const struct isp_mailbox_iocb *iocb)
{
	world.pings++;
}

static int scsi_dma_map(struct scsi_cmnd *cmd)
{
	if (world.map_error)
		return world.map_error;
	__sync_fetch_and_add(&world.maps, 1);
	return cmd->segments;
}

static void scsi_dma_unmap(struct scsi_cmnd *cmd)
{
	__sync_fetch_and_add(&world.unmaps, 1);
}

#define QLA_NAME	"qla4xxx"
int scsi_prepare(struct qla_host *host);
void scsi_unprepare(struct qla_host *host);
void scsi_flush(struct qla_host *host, int ddb, u8 host_byte);
bool scsi_wait_idle(struct qla_host *host, unsigned int ms);

#include "drivers/qla4xxx/field.c"
#include "drivers/qla4xxx/rings.c"
#include "drivers/qla4xxx/commands.c"
#include "drivers/qla4xxx/status.c"

/* --- a test begins and ends */

static int world_begin(void **state)
{
	memset(&world, 0, sizeof(world));
	world.host.pdev = &world.pdev;
	world.host.state = HOST_ONLINE;
	world.host.flags = BIT(HOST_LINK_UP);
	world.host.commands = calloc(1, sizeof(*world.host.commands));
	commands_init(world.host.commands);
	assert_int_equal(rings_alloc(&world.host), 0);
	rings_start(&world.host);
	rings_set_limit(&world.host.rings, ISP_REQUESTS);
	return 0;
}

static int world_end(void **state)
{
	rings_free(&world.host);
	free(world.host.commands);
	return 0;
}

/* What the chip writes: an entry, and the index behind it. */
static inline void world_answer(const union ring_entry *entry)
{
	struct rings *rings = &world.host.rings;
	u32 in = le32_to_cpu(rings->shadow->response_in);

	rings->responses[in] = *entry;
	rings->shadow->response_in = cpu_to_le32((in + 1) % ISP_RESPONSES);
}

/* IOCBs that the firmware has. */
static inline int world_in_flight(void)
{
	return atomic64_read(&world.host.rings.claimed) - atomic64_read(&world.host.rings.finished);
}

/* So many more, whose slots do not matter. */
static inline void world_fly(int count)
{
	atomic64_add(-count, &world.host.rings.finished);
	world.host.rings.free_until = 0;
}

static inline u32 world_doorbell(void)
{
	return __atomic_load_n(&world.host.chip.regs[ISP_REG_REQUEST_IN], __ATOMIC_SEQ_CST);
}

#endif
