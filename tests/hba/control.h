/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket of a card, for tests and people: a unix socket, one command per line, one line of answer that begins with "ok" or
 * "error". Commands are rows of control.c and faults.def; `help` lists them. A command is for port 0 unless "port1" stands before it.
 * What commands do is the chip's: it hands in struct control_port_ops.
 */
#ifndef OPENHBA_TESTS_HBA_CONTROL_H
#define OPENHBA_TESTS_HBA_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

struct control;
struct faults;
struct loop;
struct trace;

#define CONTROL_LINE_MAX 1024	/* bytes of a command */
#define CONTROL_CLIENTS_MAX 16

/* What a port can be told. Any may be NULL: the command is answered with an error. All are called on the loop. */
struct control_port_ops {
	void (*link)(void *data, bool is_up);		  /* the firmware's link goes, is told (8010, 8011), sockets stay */
	void (*plug)(void *data, bool is_plugged);	  /* the cable: nothing gets through either */
	void (*hang)(void *data, bool is_hung);		  /* the firmware does nothing more, silently; until a reset, or off */
	void (*die)(void *data);			  /* system error: AEN 8002, then silence until a reset */
	void (*fatal)(void *data);			  /* the FATAL bit, and silence until a reset */
	void (*pull)(void *data);			  /* out of its slot, without a word: reads are all ones until QEMU plugs it anew */
	void (*heartbeat)(void *data, bool is_beating);	  /* AEN 8019, if the driver asked for it */
	void (*delay)(void *data, unsigned int delay_ms); /* of each mailbox answer; 0: at once, not even the guard of the stock driver's race */
	void (*event)(void *data, const uint32_t words[8]); /* an AEN of any contents */
	void (*reset)(void *data);			  /* as if the bus was reset */
	int (*drop)(void *data, uint32_t ddb);		  /* its connection is lost; UINT32_MAX: all. -ENOENT */
	void (*state)(void *data, struct text *text);	  /* " name=value" for each counter and " session=ddb:state:target" for each session */
};

struct control_port {
	const struct control_port_ops *ops;
	void *data;
	struct faults *faults;
	struct trace *trace; /* may be NULL */
};

/*
 * Listens on path (an old socket there is replaced; mode 0600). ports are borrowed and outlive it. -EINVAL: more than 2 ports;
 * -ENOMEM, or the errno of listening.
 */
int control_new(struct loop *loop, const char *path, const struct control_port *ports, unsigned int count, struct control **ret_control);
void control_free(struct control *control); /* NULL is fine; removes the socket */

/* One command without its newline; the answer is appended to text, without one. For the socket and the tests. */
void control_command(const struct control_port *ports, unsigned int count, char *line, struct text *answer);

#endif
