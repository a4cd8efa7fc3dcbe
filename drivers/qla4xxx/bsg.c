// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the vendor's tools ask through /dev/bsg/iscsi_hostN: a number, words, a payload. One row each says how many words there have to be
 * and which way the payload goes. A request that is refused is not answered here: the class does that for whatever error it gets.
 */
#include <linux/bsg-lib.h>
#include <linux/slab.h>
#include <scsi/scsi_bsg_iscsi.h>

#include "drivers/qla4xxx/config.h"

#define PAYLOAD_MAX	ISP_FLASH_SECTOR
#define WORDS_MAX	9

/* words[0] is the command; regs go to the firmware, and come back. */
struct question {
	u32 words[WORDS_MAX];
	u32 regs[ISP_MAILBOXES];
	void *payload;
	u32 size;
};

typedef int question_fn(struct qla_host *host, struct question *question);

static int read_flash(struct qla_host *host, struct question *question)
{
	question->regs[3] = question->words[1];
	question->regs[4] = question->size;
	return mailbox_transfer(host, ISP_MBOX_READ_FLASH, question->regs, 1, question->payload, question->size, DMA_FROM_DEVICE);
}

static int write_flash(struct qla_host *host, struct question *question)
{
	int result;

	question->regs[3] = question->words[1];
	question->regs[4] = question->size;
	question->regs[5] = question->words[2];
	result = mailbox_transfer(host, ISP_MBOX_WRITE_FLASH, question->regs, 1, question->payload, question->size, DMA_TO_DEVICE);
	/* Logins look for credentials in the copy. */
	return !result && ISP_FLASH_SEGMENT(question->words[1]) == ISP_FLASH_CHAP ? chap_load(host) : result;
}

static int get_ip_state(struct qla_host *host, struct question *question)
{
	int result;

	if (!host->chip.model->has_acb_tools)
		return -ENOSYS;
	question->regs[1] = question->words[1];
	question->regs[2] = question->words[2];
	result = mailbox_ask(host, ISP_MBOX_GET_IP_STATE, question->regs);
	memcpy(question->payload, question->regs, sizeof(question->regs));
	return result;
}

static int nvram(struct qla_host *host, struct question *question, enum isp_mailbox opcode, enum dma_data_direction direction)
{
	u32 bytes = 2 * host->chip.model->eeprom_words;

	if (question->words[1] > bytes || question->size > bytes - question->words[1])
		return -EINVAL;
	question->regs[3] = question->words[1];
	question->regs[4] = question->size;
	return mailbox_transfer(host, opcode, question->regs, 1, question->payload, question->size, direction);
}

static int read_nvram(struct qla_host *host, struct question *question)
{
	return nvram(host, question, ISP_MBOX_GET_NVRAM, DMA_FROM_DEVICE);
}

static int write_nvram(struct qla_host *host, struct question *question)
{
	return nvram(host, question, ISP_MBOX_SET_NVRAM, DMA_TO_DEVICE);
}

static int restore_defaults(struct qla_host *host, struct question *question)
{
	if (!host->chip.model->has_acb_tools)
		return -ENOSYS;
	memcpy(&question->regs[3], &question->words[1], 3 * sizeof(u32));
	return mailbox_ask(host, ISP_MBOX_RESTORE_DEFAULTS, question->regs);
}

static int get_acb(struct qla_host *host, struct question *question)
{
	if (!host->chip.model->has_acb_tools)
		return -ENOSYS;
	if (question->size < ISP_ACB_SIZE)
		return -EINVAL;
	question->regs[1] = question->words[1];
	question->regs[4] = ISP_ACB_SIZE;
	return mailbox_transfer(host, ISP_MBOX_GET_ACB, question->regs, 2, question->payload, ISP_ACB_SIZE, DMA_FROM_DEVICE);
}

/* The tool says all registers: only what tests is let through. */
static int diagnose(struct qla_host *host, struct question *question)
{
	int result;

	if (question->words[1] != ISP_MBOX_DIAG_TEST)
		return -EINVAL;
	memcpy(question->regs, &question->words[1], sizeof(question->regs));
	result = mailbox_ask(host, ISP_MBOX_DIAG_TEST, question->regs);
	/* A test that failed has a result, too. */
	return result == -EIO ? 0 : result;
}

enum payload { PAYLOAD_NONE, PAYLOAD_TO_TOOL, PAYLOAD_FROM_TOOL };

static const struct command {
	u32 number;
	u8 words;			/* behind the number */
	enum payload payload;
	u32 least;			/* bytes of payload */
	bool has_regs;			/* the registers are told behind the reply */
	question_fn *run;
} commands[] = {
	{ 1, 1, PAYLOAD_TO_TOOL, 1, false, read_flash },
	{ 2, 2, PAYLOAD_FROM_TOOL, 1, false, write_flash },
	{ 3, 2, PAYLOAD_TO_TOOL, sizeof(u32) * ISP_MAILBOXES, false, get_ip_state },
	{ 4, 1, PAYLOAD_TO_TOOL, 1, false, read_nvram },
	{ 5, 1, PAYLOAD_FROM_TOOL, 1, false, write_nvram },
	{ 6, 3, PAYLOAD_NONE, 0, false, restore_defaults },
	{ 7, 1, PAYLOAD_TO_TOOL, ISP_ACB_SIZE, false, get_acb },
	{ 8, 8, PAYLOAD_NONE, 0, true, diagnose },
};

/* The gate: everything a tool says passes here. */
static const struct command *command_of(const struct bsg_job *job, struct question *question)
{
	const struct iscsi_bsg_request *asked = job->request;
	unsigned int at = offsetof(struct iscsi_bsg_request, rqst_data.h_vendor.vendor_cmd), words, i;
	const struct bsg_buffer *payload;

	if (job->request_len < at + sizeof(u32))
		return ERR_PTR(-EINVAL);
	words = min_t(unsigned int, (job->request_len - at) / sizeof(u32), WORDS_MAX);
	memcpy(question->words, (const u8 *)asked + at, words * sizeof(u32));
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == question->words[0])
			break;
	if (i == ARRAY_SIZE(commands))
		return ERR_PTR(-ENOSYS);
	if (words < 1u + commands[i].words)
		return ERR_PTR(-EINVAL);
	payload = commands[i].payload == PAYLOAD_FROM_TOOL ? &job->request_payload : &job->reply_payload;
	question->size = commands[i].payload == PAYLOAD_NONE ? 0 : payload->payload_len;
	if (question->size < commands[i].least || question->size > PAYLOAD_MAX)
		return ERR_PTR(-EINVAL);
	return &commands[i];
}

static int run(struct qla_host *host, const struct command *command, struct question *question)
{
	int result;

	mutex_lock(&host->config_mutex);
	result = command->run(host, question);
	mutex_unlock(&host->config_mutex);
	return result;
}

static void reply(struct bsg_job *job, const struct command *command, const struct question *question)
{
	struct iscsi_bsg_reply *told = job->reply;
	u32 received = 0;

	if (command->payload == PAYLOAD_TO_TOOL)
		received = sg_copy_from_buffer(job->reply_payload.sg_list, job->reply_payload.sg_cnt, question->payload, question->size);
	job->reply_len = sizeof(*told);
	if (command->has_regs) {
		memcpy(told + 1, question->regs, sizeof(question->regs));
		job->reply_len += sizeof(question->regs);
	}
	told->result = 0;
	told->reply_payload_rcv_len = received;
	bsg_job_done(job, 0, received);
}

int bsg_request(struct bsg_job *job)
{
	struct qla_host *host = host_of(iscsi_job_to_shost(job));
	struct question question = { };
	const struct command *command = command_of(job, &question);
	int result;

	if (IS_ERR(command))
		return PTR_ERR(command);
	question.payload = kvzalloc(max_t(u32, question.size, 1), GFP_KERNEL);
	if (!question.payload)
		return -ENOMEM;
	if (command->payload == PAYLOAD_FROM_TOOL)
		sg_copy_to_buffer(job->request_payload.sg_list, job->request_payload.sg_cnt, question.payload, question.size);
	result = run(host, command, &question);
	if (!result)
		reply(job, command, &question);
	kvfree_sensitive(question.payload, max_t(u32, question.size, 1));
	return result;
}
