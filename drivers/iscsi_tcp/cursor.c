// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * A place in a command's scatterlist that moves forward with what is sent and received, so that no PDU walks the list from its begin.
 * Entries may be longer than a page and begin anywhere. Called by tx.c, rx.c and their helpers, under the socket lock.
 */
#include <linux/highmem.h>
#include <linux/mm.h>

#include "drivers/iscsi_tcp/wire.h"

void cursor_start(struct tcp_cursor *cursor, struct scatterlist *sg)
{
	cursor->sg = sg;
	cursor->sg_offset = 0;
	cursor->offset = 0;
}

bool cursor_seek(struct tcp_cursor *cursor, struct scatterlist *sg, u32 offset)
{
	if (offset < cursor->offset)
		cursor_start(cursor, sg);
	cursor_advance(cursor, offset - cursor->offset);
	return cursor->sg;
}

/* Pages of an entry are neighbours in memory, but only those of a compound page are held together by one reference. */
static u32 page_run(struct page *page, u32 offset)
{
	struct page *head = compound_head(page);

	if (head == page && !PageHead(page))
		return PAGE_SIZE - offset;
	return page_size(head) - (page_to_pfn(page) - page_to_pfn(head)) * PAGE_SIZE - offset;
}

struct tcp_piece cursor_piece_far(struct tcp_cursor cursor, u32 bytes)
{
	u32 offset = cursor.sg->offset + cursor.sg_offset;
	u32 run = min(bytes, cursor.sg->length - cursor.sg_offset);
	struct tcp_piece piece = {
		.page = pfn_to_page(page_to_pfn(sg_page(cursor.sg)) + (offset >> PAGE_SHIFT)),
		.offset = offset_in_page(offset),
	};

	piece.bytes = min(run, page_run(piece.page, piece.offset));
	return piece;
}

#if defined(CONFIG_HIGHMEM) || ARCH_IMPLEMENTS_FLUSH_DCACHE_PAGE
static u32 piece_write(const struct tcp_cursor *cursor, const u8 *from, u32 bytes)
{
	struct tcp_piece piece = cursor_piece(cursor, bytes);
	u32 run = piece_mapped(piece);

	memcpy_to_page(piece.page, piece.offset, from, run);
	return run;
}
#else
static inline u32 piece_write(const struct tcp_cursor *cursor, const u8 *from, u32 bytes)
{
	u32 run = min(bytes, cursor->sg->length - cursor->sg_offset);

	memcpy((u8 *)sg_virt(cursor->sg) + cursor->sg_offset, from, run);
	return run;
}
#endif

u32 cursor_write(struct tcp_cursor *cursor, const u8 *from, u32 bytes)
{
	u32 done = 0;

	while (done < bytes && cursor->sg) {
		u32 run = piece_write(cursor, from + done, bytes - done);

		cursor_advance(cursor, run);
		done += run;
	}
	return done;
}

u32 cursor_peek(const struct tcp_cursor *cursor, u8 *to, u32 bytes)
{
	struct tcp_piece piece = cursor_piece(cursor, bytes);
	u32 run = piece_mapped(piece);
	void *mapped;

	if (!run)
		return 0;
	mapped = kmap_local_page(piece.page);
	memcpy(to, (u8 *)mapped + piece.offset, run);
	kunmap_local(mapped);
	return run;
}
