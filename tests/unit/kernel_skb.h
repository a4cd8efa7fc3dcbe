/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * Packets as kernel.h has them, which includes this: bytes in one piece, then fragments of pages that follow each other, then more packets.
 * Reading them from a socket is the test's.
 */
#ifndef OPENHBA_TESTS_UNIT_KERNEL_SKB_H
#define OPENHBA_TESTS_UNIT_KERNEL_SKB_H

#define MAX_SKB_FRAGS 17

typedef struct {
	struct page *page;	/* NULL: memory that is not the CPU's */
	u32 offset, size;
} skb_frag_t;

struct sk_buff {
	u8 *data;
	u32 headlen, nr_frags;
	skb_frag_t frags[MAX_SKB_FRAGS];
	struct sk_buff *frag_list, *next;
};

#define skb_headlen(skb)	((skb)->headlen)
#define skb_shinfo(skb)		(skb)
#define skb_frag_page(f)	((f)->page)
#define skb_frag_off(f)		((f)->offset)
#define skb_frag_size(f)	((f)->size)
#define skb_walk_frags(skb, part) for (part = (skb)->frag_list; part; part = part->next)
#define skb_frag_foreach_page(f, from, bytes, p, p_offset, p_bytes, done) \
	for (p = (f)->page + (from) / PAGE_SIZE, p_offset = (from) % PAGE_SIZE, done = 0; \
	     done < (bytes) && (p_bytes = min(PAGE_SIZE - p_offset, (bytes) - done), true); \
	     done += p_bytes, p_offset = 0, p++)

typedef struct {
	size_t count;
	struct {
		void *data;
	} arg;
} read_descriptor_t;

typedef int (*sk_read_actor_t)(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset, size_t len);

int tcp_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor);
bool tcp_epollin_ready(const struct sock *sk, int target);
bool tcp_under_memory_pressure(const struct sock *sk);
bool inet_csk_in_pingpong_mode(const struct sock *sk);
int __sk_mem_schedule(struct sock *sk, int size, int kind);

#endif
