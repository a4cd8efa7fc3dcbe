// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * CRC32C of headers and data segments (RFC 7143 13.1), by the kernel's library. Called by tx.c and rx.c for connections that negotiated it.
 */
#include <linux/highmem.h>
#ifdef COMPAT_HAS_LINUX_CRC32C
#include <linux/crc32c.h>
#else
#include <linux/crc32.h>
#endif

#include "drivers/iscsi_tcp/wire.h"

u32 digest_add(u32 crc, const void *bytes, u32 len)
{
	return crc32c(crc, bytes, len);
}

u32 digest_add_cursor(u32 crc, const struct tcp_cursor *cursor, u32 bytes)
{
	struct tcp_cursor at = *cursor;

	while (bytes) {
		struct tcp_piece piece = cursor_piece(&at, bytes);
		u32 run = piece_mapped(piece);
		void *mapped;

		if (!run)
			break;
		mapped = kmap_local_page(piece.page);
		crc = crc32c(crc, (u8 *)mapped + piece.offset, run);
		kunmap_local(mapped);
		cursor_advance(&at, run);
		bytes -= run;
	}
	return crc;
}

/* The register is sent inverted, its least significant byte first. */
void digest_format(u32 crc, u8 to[ISCSI_CRC32C_BYTES])
{
	__le32 digest = cpu_to_le32(~crc);

	memcpy(to, &digest, sizeof(digest));
}

bool digest_matches(u32 crc, const u8 from[ISCSI_CRC32C_BYTES])
{
	u8 digest[ISCSI_CRC32C_BYTES];

	digest_format(crc, digest);
	return !memcmp(digest, from, sizeof(digest));
}
