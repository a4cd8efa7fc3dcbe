/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One PCI function of an ISP4xxx as its driver sees it: the registers of BAR 1, the interrupt line, reset and boot, and the life of the
 * firmware behind them. Decides what a register access does; commands are mailbox.c's, events aen.c's, the rings and sessions R's. The
 * driver is not trusted: any access of any size and value is answered.
 *
 *	RESET --boot--> BOOTED --INIT_FW--> RUNNING --death--> DEAD		soft reset, power on: any -> RESET
 *	hung: it stays what it is and does nothing
 */
#ifndef OPENHBA_TESTS_HBA_CHIP_H
#define OPENHBA_TESTS_HBA_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/hba/card.h"
#include "tests/hba/pci.h"
#include "transport/abi/isp4xxx.h"

struct aen_queue;
struct chip;
struct eeprom;
struct faults;
struct guest;
struct isns_client;
struct mailbox;
struct network;
struct rings;
struct sessions;
struct text;
struct trace;

enum chip_life { CHIP_RESET, CHIP_BOOTED, CHIP_RUNNING, CHIP_DEAD };

/* What a chip stands on; all borrowed. Each of faults, trace, network, sessions and rings may be NULL: then there is none. */
struct chip_settings {
	struct loop *loop;
	struct card_shared *shared;
	unsigned int port; /* 0: PCI function 1; 1: function 3 */
	struct guest *guest;
	struct faults *faults;
	struct trace *trace;
	void (*interrupt)(void *data, bool level); /* the line, whenever it changes */
	void *data;
};

#define CHIP_DELAY_MS 10 /* of mailbox answers, with the stock driver in mind (mailbox.h) */

struct chip {
	struct chip_settings on;
	struct network *network;
	struct sessions *sessions;
	struct rings *rings;
	struct isns_client *isns;

	enum chip_life life;
	bool is_hung, has_doorbell, has_request, has_response, has_completion; /* hung: what waits */
	bool is_link_down; /* claimed, for tests: whatever the network says */
	bool is_silent;	   /* heartbeats are withheld, for tests */
	bool line;
	uint16_t control;	 /* what is kept of ISP_REG_CONTROL: page, enable (4010), reset interrupt, completion, processor, fatal */
	uint16_t interrupt_mask, nvram_enable; /* 4022, 4032 */
	uint32_t in[ISP_MAILBOXES], out[ISP_MAILBOXES];
	uint32_t request_in, response_out, port_error;
	uint64_t booted_ms;	 /* loop_now_ms() of the last boot */

	uint8_t acb[ISP_ACB_SIZE]; /* in use: from flash at boot, then INIT_FW and SET_ACB */
	bool is_configured;	   /* the network is up as the ACB says: not after DISABLE_ACB */
	uint8_t crash[ISP_CRASH_SIZE];
	bool has_crashed;	   /* crash holds the last death */
	uint8_t statistics_base[ISP_STATS_SIZE];

	struct eeprom *eeprom;
	struct mailbox *mailbox;
	struct aen_queue *aens;
	struct loop_timer *heartbeat;
	struct { uint64_t resets, boots, deaths, heartbeats, bad_accesses; } counters;
};

/* For vfio_user_start(); data is the chip. */
extern const struct pci_function_ops chip_ops;
void chip_identity(const struct card_shared *shared, struct pci_identity *ret_identity);

/* settings are copied. The chip is as after power on. NULL: no memory. */
struct chip *chip_new(const struct chip_settings *settings);
void chip_free(struct chip *chip); /* NULL is fine; before its network, sessions and rings */

/* The parts behind, made later because they tell the chip what happens. Any may be NULL. Before the first access. */
void chip_attach(struct chip *chip, struct network *network, struct sessions *sessions, struct rings *rings, struct isns_client *isns);

bool chip_is_4010(const struct chip *chip);
unsigned int chip_function(const struct chip *chip);	/* 1 or 3 */
bool chip_interrupts_enabled(const struct chip *chip);	/* false: the driver polls */
bool chip_is_used(const struct chip *chip);		/* a driver has booted it, or listens */

/* Sets bits of ISP_REG_CONTROL that interrupt, or clears them, and moves the line. */
void chip_raise(struct chip *chip, uint16_t bits);
void chip_lower(struct chip *chip, uint16_t bits);

/* The response ring has entries: for struct rings_settings. Nothing while hung. */
void chip_raise_completion(struct chip *chip);

/* The link is up or down, as the firmware claims: told as an event. For tests. */
void chip_claim_link(struct chip *chip, bool is_up);

/* Queues an event (words[0] is its code). Nothing is told before INIT_FW, nor by what is hung or dead. */
void chip_post_aen(struct chip *chip, const uint32_t words[ISP_MAILBOXES]);

/* The only writers of life. Power: bus reset, or a client came. Stop: soft reset of the whole chip reached this function. */
void chip_power(struct chip *chip);
void chip_stop(struct chip *chip);
void chip_boot(struct chip *chip);
int chip_init_firmware(struct chip *chip); /* with chip->acb; -EINVAL as rings_start() */
void chip_die(struct chip *chip, bool is_fatal); /* AEN 8002, or the FATAL bit; a crash record is kept */
void chip_hang(struct chip *chip, bool is_hung);
void chip_beat(struct chip *chip, bool is_beating); /* heartbeats, for tests: withheld or not */

/* " name=value" for each counter. */
void chip_show(const struct chip *chip, struct text *text);

#endif
