/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * As much of the kernel as the data path's pure files need to be compiled in user space, for tests and fuzzers: every <linux/...> header
 * they name is this one (tests/files.mk). One thread and no lock: what needs more belongs into the VM lab.
 */
#ifndef OPENHBA_TESTS_UNIT_KERNEL_H
#define OPENHBA_TESTS_UNIT_KERNEL_H

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wpointer-arith"
#pragma GCC diagnostic ignored "-Wunused-function"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef unsigned int gfp_t;

#define __rcu
#define __aligned(n)	__attribute__((aligned(n)))
#define __iomem
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define BIT(n)		(1u << (n))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define U16_MAX		0xffffu
#define U32_MAX		0xffffffffu
#define HZ		250
#define msecs_to_jiffies(ms) ((unsigned long)(ms) * HZ / 1000)
#define min(a, b)	({ typeof(a) min_a = (a); typeof(b) min_b = (b); min_a < min_b ? min_a : min_b; })
#define max(a, b)	({ typeof(a) max_a = (a); typeof(b) max_b = (b); max_a > max_b ? max_a : max_b; })
#define min3(a, b, c)	({ typeof(a) min3_ab = min(a, b); min(min3_ab, c); })
#define min_t(t, a, b)	min((t)(a), (t)(b))
#define max_t(t, a, b)	max((t)(a), (t)(b))
#define READ_ONCE(x)	(*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
#define time_before(a, b) ((long)((a) - (b)) < 0)
#define try_cmpxchg(p, old, v) __atomic_compare_exchange_n(p, old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define smp_mb__after_atomic() __sync_synchronize()
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define might_sleep()	((void)0)
#define WARN_ON_ONCE(x)	({ bool warned = (x); if (warned) abort(); warned; })
#define array_index_nospec(index, size) (index)
#define cpu_to_be16(x)	htobe16(x)
#define cpu_to_be32(x)	htobe32(x)
#define be16_to_cpu(x)	be16toh(x)
#define be32_to_cpu(x)	be32toh(x)
#define cpu_to_le32(x)	htole32(x)

static inline u16 get_unaligned_be16(const void *p)
{
	const u8 *bytes = p;

	return bytes[0] << 8 | bytes[1];
}

extern unsigned long jiffies;

/* --- memory */

#define GFP_KERNEL	0u
#define GFP_ATOMIC	1u
#define GFP_NOIO	2u
#define __GFP_NOWARN	4u

extern bool kernel_out_of_memory;	/* GFP_ATOMIC fails */

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	return gfp & GFP_ATOMIC && kernel_out_of_memory ? NULL : malloc(size);
}

static inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return calloc(n, size);
}

#define kfree(p)	free((void *)(p))
#define kvfree(p)	free(p)

/* --- pages are pages, entries of scatterlists point to them */

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096u
#define ARCH_IMPLEMENTS_FLUSH_DCACHE_PAGE 0
#define offset_in_page(p) ((uintptr_t)(p) & (PAGE_SIZE - 1))

struct page {
	u8 bytes[PAGE_SIZE];
};

struct scatterlist {
	struct page *page;
	u32 offset, length;
	bool last;
};

#define sg_page(sg)		((sg)->page)
#define sg_virt(sg)		((void *)((sg)->page->bytes + (sg)->offset))
#define sg_next(sg)		((sg)->last ? NULL : (sg) + 1)
#define page_to_pfn(p)		((uintptr_t)(p) >> PAGE_SHIFT)
#define pfn_to_page(n)		((struct page *)((uintptr_t)(n) << PAGE_SHIFT))
#define compound_head(p)	(p)
#define page_size(p)		PAGE_SIZE
#define PageHead(p)		false
#define kmap_local_page(p)	((void *)(p))
#define kunmap_local(p)		((void)(p))

u32 crc32c(u32 crc, const void *bytes, u32 len);

/* --- lists */

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

static inline void list_insert(struct list_head *entry, struct list_head *before, struct list_head *after)
{
	entry->prev = before;
	entry->next = after;
	before->next = after->prev = entry;
}

static inline void list_add(struct list_head *entry, struct list_head *list)
{
	list_insert(entry, list, list->next);
}

static inline void list_add_tail(struct list_head *entry, struct list_head *list)
{
	list_insert(entry, list->prev, list);
}

static inline void list_del_init(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	INIT_LIST_HEAD(entry);
}

#define list_del(entry) list_del_init(entry)
#define list_entry(p, type, member) container_of(p, type, member)
#define list_first_entry_or_null(list, type, member) (list_empty(list) ? NULL : list_entry((list)->next, type, member))
#define list_for_each_entry_safe(pos, n, list, member) \
	for (pos = list_entry((list)->next, typeof(*pos), member), n = list_entry(pos->member.next, typeof(*pos), member); \
	     &pos->member != (list); pos = n, n = list_entry(n->member.next, typeof(*n), member))
#define list_for_each_entry(pos, list, member) \
	for (pos = list_entry((list)->next, typeof(*pos), member); &pos->member != (list); \
	     pos = list_entry(pos->member.next, typeof(*pos), member))

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void init_llist_head(struct llist_head *list)
{
	list->first = NULL;
}

static inline bool llist_add(struct llist_node *node, struct llist_head *list)
{
	node->next = list->first;
	list->first = node;
	return !node->next;
}

static inline bool llist_empty(const struct llist_head *list)
{
	return !list->first;
}

static inline struct llist_node *llist_del_all(struct llist_head *list)
{
	struct llist_node *all = list->first;

	list->first = NULL;
	return all;
}

static inline struct llist_node *llist_reverse_order(struct llist_node *node)
{
	struct llist_node *reversed = NULL;

	while (node) {
		struct llist_node *next = node->next;

		node->next = reversed;
		reversed = node;
		node = next;
	}
	return reversed;
}

#define llist_entry(p, type, member) ((type *)((uintptr_t)(p) - offsetof(type, member)))
#define llist_for_each_entry_safe(pos, n, node, member) \
	for (pos = llist_entry(node, typeof(*pos), member); \
	     (uintptr_t)pos != 0 - offsetof(typeof(*pos), member) && \
	     (n = llist_entry(pos->member.next, typeof(*n), member), true); pos = n)

/* --- bits and states */

typedef struct {
	int counter;
} atomic_t;

#define atomic_read(a)	((a)->counter)
#define atomic_set(a, v) ((a)->counter = (v))

static inline void set_bit(int bit, unsigned long *word)
{
	*word |= 1ul << bit;
}

static inline void clear_bit(int bit, unsigned long *word)
{
	*word &= ~(1ul << bit);
}

static inline bool test_bit(int bit, const unsigned long *word)
{
	return *word >> bit & 1;
}

static inline bool test_and_set_bit(int bit, unsigned long *word)
{
	bool was = test_bit(bit, word);

	set_bit(bit, word);
	return was;
}

/* --- what only has to be there */

typedef struct {
	int unused;
} spinlock_t;
typedef int wait_queue_head_t;

struct mutex {
	pthread_mutex_t real;
};

struct timer_list {
	int unused;
};

struct work_struct {
	u32 queued;
};
struct delayed_work {
	struct work_struct work;
};
#define INIT_DELAYED_WORK(w, fn) INIT_WORK(&(w)->work, fn)
#define to_delayed_work(w) container_of(w, struct delayed_work, work)

struct tasklet_struct {
	void (*run)(struct tasklet_struct *tasklet);
	u32 scheduled;
};

struct workqueue_struct;

struct completion {
	u32 done;
};

#define mutex_init(m)		pthread_mutex_init(&(m)->real, NULL)
#define mutex_lock(m)		pthread_mutex_lock(&(m)->real)
#define mutex_unlock(m)		pthread_mutex_unlock(&(m)->real)
#define tasklet_setup(t, fn)	((void)((t)->run = (fn)))
#define tasklet_schedule(t)	((void)(t)->scheduled++)
#define tasklet_unlock_wait(t)	((void)(t))
#define tasklet_kill(t)		((void)(t))
#define from_tasklet(pos, t, member) container_of(t, typeof(*pos), member)
#define local_bh_disable()	((void)0)
#define local_bh_enable()	((void)0)
#define spin_lock_bh(l)		((void)(l))
#define spin_unlock_bh(l)	((void)(l))
#define rcu_read_lock()		((void)0)
#define rcu_read_unlock()	((void)0)
#define rcu_dereference_raw(p)	(p)
#define complete(c)		((void)(c)->done++)
#define wake_up(q)		((void)(q))
#define wake_up_all(q)		((void)(q))
#define queue_work(q, w)	((void)(q), (w)->queued++)
#define memalloc_noreclaim_save() 0u
#define memalloc_noreclaim_restore(flags) ((void)(flags))

/* --- sockets, whose TCP is the test's */

enum { TCP_ESTABLISHED = 1, TCP_CLOSE_WAIT = 8 };
enum { ICSK_ACK_SCHED = 1, ICSK_ACK_PUSHED = 4, ICSK_ACK_PUSHED2 = 8 };
enum { SK_MEM_SEND, SK_MEM_RECV };

struct tcp_sock {
	u32 rcv_nxt, rcv_wup;
	u16 advmss;
};

struct inet_connection_sock {
	struct {
		u8 pending;
		u16 last_seg_size, rcv_mss;
	} icsk_ack;
};

struct sock;

struct proto {
	int (*disconnect)(struct sock *sk, int flags);
};

struct sock {
	struct proto *sk_prot;
	struct {
		spinlock_t slock;
	} sk_lock;
	void *sk_user_data;
	bool owned;
	int sk_state, sk_rcvbuf, sk_forward_alloc;
	u64 sk_route_caps;
	struct tcp_sock tcp;
	struct inet_connection_sock icsk;
};

struct socket {
	struct sock *sk;
};

#define sock_owned_by_me(sk)	((void)(sk))
#define sock_owned_by_user(sk)	((sk)->owned)
#define sock_hold(sk)		((void)(sk))
#define sock_put(sk)		((void)(sk))
#define tcp_sk(sk)		(&(sk)->tcp)
#define inet_csk(sk)		(&(sk)->icsk)

void tcp_sock_set_nodelay(struct sock *sk);

#include "tests/unit/kernel_skb.h"

/* --- SCSI */

enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_NONE };

enum iscsi_err {
	ISCSI_OK = 0,
#define CONN_ERROR(number, id, sentence) ISCSI_ERR_##id = number,
#include "transport/abi/events.def"
};

#define DID_REQUEUE 0xd

struct scsi_host_template;

struct Scsi_Host {
	int can_queue;
	unsigned int nr_hw_queues, max_id, max_lun, max_channel, max_cmd_len;
};

/* In place of drivers/compat.h, which is about what is not here. */
#define OPENHBA_COMPAT_H
#define compat_host_template	const struct scsi_host_template
#define compat_timeout_result	int

struct scsi_device {
	u64 lun;
	struct Scsi_Host *host;
};

struct scsi_cmnd {
	struct scsi_device *device;
	enum dma_data_direction sc_data_direction;
	u32 cmd_len;
	u8 cmnd[260];
	struct scatterlist *sglist;
	int result, cpu, submitter, tag, flags;
	u32 underflow, resid, bytes, segments;
	u8 sense_buffer[96];
};

/* A request, as far as anybody asks for it, is its command. */
#define scsi_cmd_to_rq(cmd)	(cmd)
#define blk_mq_rq_cpu(rq)	((rq)->cpu)
#define smp_processor_id()	0

void scsi_done(struct scsi_cmnd *cmd);
void scsi_done_direct(struct scsi_cmnd *cmd);

#define scsi_sglist(cmd)	((cmd)->sglist)

struct iscsi_cls_session {
	int state;
	struct workqueue_struct *workq;
	struct work_struct scan_work;
};

struct iscsi_cls_conn;

int iscsi_session_chkready(struct iscsi_cls_session *session);

#endif
