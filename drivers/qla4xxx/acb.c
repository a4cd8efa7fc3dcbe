// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control block of the port: the copy that attributes are read from, what events change in it, and how a new one comes into force.
 * Which field is what is iface.c's business.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "drivers/qla4xxx/config.h"

#define DISABLE_SECONDS		30
#define STATE_MASK		0xf
#define ADDRESS_POLL_MS		1000

int config_init(struct qla_host *host)
{
	struct config *config = kzalloc(sizeof(*config), GFP_KERNEL);

	if (!config)
		return -ENOMEM;
	spin_lock_init(&config->acb_lock);
	spin_lock_init(&config->chap_lock);
	spin_lock_init(&config->node_lock);
	init_waitqueue_head(&config->ip_changed);
	host->config = config;
	return 0;
}

void config_free(struct qla_host *host)
{
	if (host->config)
		kvfree_sensitive(host->config->chap_table, ISP_FLASH_CHAPS * ISP_CHAP_SIZE);
	kfree(host->config);
	host->config = NULL;
}

/* --- the copy --- */

int acb_read(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { [4] = ISP_ACB_SIZE };
	struct config *config = host->config;
	u8 *acb = kzalloc(ISP_ACB_SIZE, GFP_NOIO);
	int result;

	if (!acb)
		return -ENOMEM;
	result = mailbox_transfer(host, ISP_MBOX_GET_IFCB, regs, 2, acb, ISP_ACB_SIZE, DMA_FROM_DEVICE);
	if (!result) {
		spin_lock(&config->acb_lock);
		memcpy(config->acb, acb, ISP_ACB_SIZE);
		config->ip_state[ISP_ADDRESS_IPV4] = field_get(ISP_ACB_ROW_IPV4_STATE, acb);
		config->ip_state[ISP_ADDRESS_LINK_LOCAL] = field_get(ISP_ACB_ROW_LINK_LOCAL_STATE, acb);
		config->ip_state[ISP_ADDRESS_IPV6_0] = field_get(ISP_ACB_ROW_IPV6_STATE0, acb);
		config->ip_state[ISP_ADDRESS_IPV6_1] = field_get(ISP_ACB_ROW_IPV6_STATE1, acb);
		spin_unlock(&config->acb_lock);
	}
	kfree(acb);
	return result;
}

u64 acb_get(struct qla_host *host, enum isp_row row)
{
	u64 number;

	spin_lock(&host->config->acb_lock);
	number = field_get(row, host->config->acb);
	spin_unlock(&host->config->acb_lock);
	return number;
}

void acb_bytes(struct qla_host *host, enum isp_row row, void *bytes)
{
	spin_lock(&host->config->acb_lock);
	memcpy(bytes, field_at(row, host->config->acb), isp_fields[row].width);
	spin_unlock(&host->config->acb_lock);
}

/* --- events --- */

void acb_ip_state_changed(struct qla_host *host, const u32 regs[ISP_MAILBOXES])
{
	static const enum isp_row rows[ISP_ADDRESSES] = {
		[ISP_ADDRESS_IPV4] = ISP_ACB_ROW_IPV4_STATE, [ISP_ADDRESS_LINK_LOCAL] = ISP_ACB_ROW_LINK_LOCAL_STATE,
		[ISP_ADDRESS_IPV6_0] = ISP_ACB_ROW_IPV6_STATE0, [ISP_ADDRESS_IPV6_1] = ISP_ACB_ROW_IPV6_STATE1,
	};
	struct config *config = host->config;
	u32 old = regs[2], new = regs[3], address = regs[5] & STATE_MASK;

	if (address >= ISP_ADDRESSES || new > ISP_IP_DISABLING)
		return;
	spin_lock(&config->acb_lock);
	config->ip_state[address] = new;
	field_set(rows[address], config->acb, new);
	config->disabled |= new == ISP_IP_UNCONFIGURED;
	spin_unlock(&config->acb_lock);
	wake_up_all(&config->ip_changed);
	if (new == ISP_IP_PREFERRED && (old == ISP_IP_ACQUIRING || old == ISP_IP_TENTATIVE))
		acb_read(host);
}

void acb_router_changed(struct qla_host *host, const u32 regs[ISP_MAILBOXES])
{
	struct config *config = host->config;
	u8 *router = field_at(ISP_ACB_ROW_ROUTER, config->acb);
	unsigned int i;

	spin_lock(&config->acb_lock);
	for (i = 0; i < isp_fields[ISP_ACB_ROW_ROUTER].width; i++)
		router[i] = regs[2 + i / 4] >> 8 * (i % 4);
	spin_unlock(&config->acb_lock);
}

/* --- addresses that are on their way --- */

static bool address_is_settled(struct qla_host *host, enum isp_address address)
{
	u32 regs[ISP_MAILBOXES] = { [2] = address };
	u32 state;

	if (mailbox_ask(host, ISP_MBOX_GET_IP_STATE, regs))
		return true;
	state = regs[1] >> ISP_IP_STATE_SHIFT & STATE_MASK;
	return state != ISP_IP_ACQUIRING && state != ISP_IP_TENTATIVE;
}

bool acb_wait_addresses(struct qla_host *host, unsigned int seconds)
{
	unsigned long end = jiffies + seconds * HZ;
	enum isp_address address = ISP_ADDRESS_IPV4;

	while (address < ISP_ADDRESSES) {
		if (address_is_settled(host, address)) {
			address++;
			continue;
		}
		if (host_is_lost(host) || host_state(host) == HOST_REMOVING || time_after(jiffies, end))
			return false;
		wait_event_timeout(host->state_changed, host_is_lost(host) || host_state(host) == HOST_REMOVING,
				   msecs_to_jiffies(ADDRESS_POLL_MS));
	}
	return !host_is_lost(host);
}

/* --- a new one --- */

/* What SET_ACB takes; all else has to be 0. */
static const struct { u16 at, size; } taken[] = {
	{ 0x001, 1 }, { 0x00d, 1 }, { 0x030, 10 }, { 0x03c, 4 }, { 0x044, 2 }, { 0x048, 4 }, { 0x050, 8 }, { 0x060, 4 }, { 0x070, 4 },
	{ 0x0c8, 2 }, { 0x0d4, 12 }, { 0x0f4, 12 }, { 0x100, 224 }, { 0x200, 80 }, { 0x250, 14 }, { 0x270, 4 },
};

static void leave_taken(u8 *acb, const u8 *from)
{
	unsigned int i;

	memset(acb, 0, ISP_ACB_SIZE);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		memcpy(acb + taken[i].at, from + taken[i].at, taken[i].size);
}

static int disable(struct qla_host *host)
{
	u32 regs[ISP_MAILBOXES] = { 0 };
	struct config *config = host->config;
	int result;

	spin_lock(&config->acb_lock);
	config->disabled = false;
	spin_unlock(&config->acb_lock);
	result = mailbox_ask(host, ISP_MBOX_DISABLE_ACB, regs);
	if (result)
		return result;
	/* A firmware that does not tell is believed after a while. */
	wait_event_timeout(config->ip_changed, READ_ONCE(config->disabled) || host_is_lost(host), DISABLE_SECONDS * HZ);
	return host_is_lost(host) ? -EIO : 0;
}

static int set(struct qla_host *host, const void *acb)
{
	u32 regs[ISP_MAILBOXES] = { [4] = ISP_ACB_SIZE };
	void *what = kmalloc(ISP_ACB_SIZE, GFP_KERNEL);
	int result;

	if (!what)
		return -ENOMEM;
	leave_taken(what, acb);
	result = mailbox_transfer(host, ISP_MBOX_SET_ACB, regs, 2, what, ISP_ACB_SIZE, DMA_TO_DEVICE);
	kfree(what);
	return result;
}

int acb_change(struct qla_host *host, void *acb)
{
	int result;

	lockdep_assert_held(&host->config_mutex);
	field_set(ISP_ACB_ROW_COOKIE, acb, ISP_ACB_COOKIE);
	result = flash_write(host, ISP_FLASH_ACB, acb, ISP_ACB_SIZE);
	if (!result)
		result = acb_restart(host, acb);
	if (result)
		host_err(host, "cannot change the network's configuration: error %d\n", result);
	return result;
}

int acb_restart(struct qla_host *host, const void *acb)
{
	int result;

	lockdep_assert_held(&host->config_mutex);
	result = disable(host);
	if (result)
		return result;
	result = set(host, acb);
	if (!result)
		return acb_read(host);
	/* The port has no network now. A firmware that is started takes what is in the flash. */
	recover(host, RECOVER_NETWORK);
	return result;
}
