/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a row can do wrong. Each act takes its arguments from conn->row (number, text); the macros
 * make numbers that hold several.
 */
#ifndef OPENHBA_TESTS_TARGET_ACTS_H
#define OPENHBA_TESTS_TARGET_ACTS_H

#include "tests/target/row.h"

#define POKE(offset, value) ((uint64_t)(offset) << 32 | (uint32_t)(value))
#define ASYNC(event, vendor, parameter1, parameter2, parameter3)                                                \
	((uint64_t)(event) | (uint64_t)(vendor) << 8 | (uint64_t)(parameter1) << 16 | (uint64_t)(parameter2) << 32 | \
	 (uint64_t)(parameter3) << 48)
#define REDIRECT(detail, ports) ((uint64_t)(detail) | (uint64_t)(ports) << 16)

/* The connection. */
act_fn act_close;	/* FIN instead of the answer */
act_fn act_reset;	/* RST instead of it; number 1: once something has come */
act_fn act_quiet;	/* never says a word again, but reads */
act_fn act_deaf;	/* does not even read */
act_fn act_cut;		/* number bytes of the answer, then FIN */
act_fn act_cut_text;	/* row->text instead of the answer's, all but its last number bytes, then FIN */
act_fn act_cut_quiet;	/* number bytes of the answer, then silence */
act_fn act_drip;	/* the answer at one byte per second */
act_fn act_late;	/* the answer number milliseconds late */
act_fn act_twice;	/* the answer twice */
act_fn act_ignore;	/* nothing, and goes on */
act_fn act_answer_close; /* the answer, and FIN right behind it */

/* The header. */
act_fn act_poke;	/* POKE(): a byte */
act_fn act_poke16;	/* two bytes, big endian */
act_fn act_poke32;	/* four bytes */
act_fn act_shift32;	/* adds to a counter */
act_fn act_ahs;		/* an additional header segment of number words */
act_fn act_claim;	/* says number bytes of data, sends what there is, then silence */
act_fn act_flood;	/* says 2^24-1 bytes of data, and sends them */
act_fn act_spoil_header_digest;
act_fn act_spoil_data_digest;

/* The text; "A=1|B=2|" in row->text. */
act_fn act_text;	/* instead of the answer's */
act_fn act_add;		/* behind it */
act_fn act_key;		/* these keys instead of the answer's own */
act_fn act_drop_key;	/* without this key */
act_fn act_pad;		/* a key X-pad with number bytes of value behind it */
act_fn act_continue;	/* the C bit for ever, number bytes each time */
act_fn act_stay;	/* never agrees to the next stage */
act_fn act_status;	/* a login status (class << 8 | detail), row->text as data */
act_fn act_status_once;	/* the same at the first login after a success only */
act_fn act_redirect_back; /* for good to the row number rows before */
act_fn act_redirect_good; /* detail number, to the row that does all right */
act_fn act_redirect;	/* REDIRECT(): detail, and to the port that many rows on */
act_fn act_challenge;	/* CHAP_C of number bytes */
act_fn act_reflect;	/* CHAP_R is the initiator's own */

/* Other PDUs. */
act_fn act_async;	/* ASYNC(), then the answer */
act_fn act_luns_changed; /* number asynchronous messages with sense 3f/0e, then the answer */
act_fn act_ping;	/* a NOP-In with tag number and row->text, then the answer */
act_fn act_reject;	/* Reject with reason number instead of the answer */
act_fn act_reject_first; /* and the answer */
act_fn act_stray;	/* a PDU of opcode number for a task nobody started, then the answer */
act_fn act_garbage;	/* number random bytes instead of the answer, then silence */
act_fn act_fuzz;	/* from here on one PDU in number goes by chance */

/* Lists of targets. */
act_fn act_list_refused; /* of all rows with settings number whose login fails */
act_fn act_list_accepted; /* the same whose login succeeds, but for the first */
act_fn act_many;	/* of number targets */
act_fn act_endless;	/* a list that never ends: number bytes of the same each time */
act_fn act_text_more;	/* row->text, and more to come for ever, each number milliseconds late */
act_fn act_name;	/* a target name of number bytes */

/* SCSI. */
act_fn act_sense;	/* CHECK CONDITION (key << 16 | asc << 8 | ascq); INQUIRY and REPORT LUNS excepted */
act_fn act_scsi_status; /* a status, no sense; with the same exceptions */
act_fn act_grow;	/* number bytes of data instead of the answer's */
act_fn act_fill;	/* the data all of byte number */
act_fn act_luns;	/* a list of number LUNs */
act_fn act_luns_garbage; /* a list of number LUNs that are all ones */
act_fn act_residual;	/* overflow and underflow of number bytes at once */

/* Tasks (acts_task.c). Opcode and tag travel in one number: POKE(opcode, tag). */
act_fn act_named;	/* a PDU for that tag, then the answer */
act_fn act_as;		/* the same for the command's tag with these bits flipped */
act_fn act_data_in;	/* number bytes of Data-In for the command, whatever it is, then the answer */
act_fn act_data_hole;	/* Data-In at that offset */
act_fn act_r2t;		/* an R2T for number bytes of it, whatever it is, then the answer */
act_fn act_good;	/* a good end instead of the answer */
act_fn act_good_after;	/* the answer, then a good end */
act_fn act_sense_long;	/* CHECK CONDITION with number bytes of data */
act_fn act_sense_lie;	/* CHECK CONDITION with 18 bytes of sense, said to be number */
act_fn act_sense_cut;	/* CHECK CONDITION with number bytes of data that are no sense */
act_fn act_reject_named; /* Reject of a PDU of this opcode and the command's tag with these bits flipped, then the answer */
act_fn act_reject_cut;	/* Reject with number bytes of the PDU it is about, then the answer */
act_fn act_hold;	/* HOLD(): no answer until task management asks */
act_fn act_hold_two;	/* the same for the first two of a connection; answers are the second's */

/* What is said to an abort, a LUN reset, another reset: a response of RFC 7143 11.6.1, or one of these. */
#define HOLD(abort, lun_reset, target_reset) ((uint64_t)(abort) | (uint64_t)(lun_reset) << 8 | (uint64_t)(target_reset) << 16)
#define HOLD_STEPS 3
enum hold_answer {
	HOLD_SILENT = 0xe0,	  /* nothing */
	HOLD_ANSWER_FIRST = 0xe1, /* the command's answer, then that there is no such task */
	HOLD_ANSWER_AFTER = 0xe2, /* that it is done, then the command's answer all the same */
	HOLD_ANSWER_ONLY = 0xe3,  /* the command's answer alone */
};

#endif
