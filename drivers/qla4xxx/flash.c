// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pieces of the flash, as the firmware reads and writes them. Called by all that lives there, one after the other; what the bytes are is
 * theirs.
 */
#include "drivers/qla4xxx/config.h"

int flash_read(struct qla_host *host, u32 address, void *bytes, u32 size)
{
	u32 regs[ISP_MAILBOXES] = { [3] = address, [4] = size };

	lockdep_assert_held(&host->config_mutex);
	return mailbox_transfer(host, ISP_MBOX_READ_FLASH, regs, 1, bytes, size, DMA_FROM_DEVICE);
}

int flash_write(struct qla_host *host, u32 address, const void *bytes, u32 size)
{
	u32 regs[ISP_MAILBOXES] = { [3] = address, [4] = size, [5] = ISP_WRITE_FLASH_NOW };

	lockdep_assert_held(&host->config_mutex);
	return mailbox_transfer(host, ISP_MBOX_WRITE_FLASH, regs, 1, (void *)bytes, size, DMA_TO_DEVICE);
}
