/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CRC of iSCSI's digests (RFC 7143 13.1, Castagnoli), by the processor's instruction where there is one. */
#ifndef OPENHBA_LIB_CRC32C_H
#define OPENHBA_LIB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc, the result of the bytes before; 0 to begin with. The digest on the wire is the result, least significant byte first. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t length);

/* The same without the instruction, for a test that compares the two. */
uint32_t crc32c_by_table(uint32_t crc, const void *bytes, size_t length);

#endif
