/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the daemon does once on a machine: takes over the records of an open-iscsi that was here before. */
#ifndef OPENHBA_DAEMON_FIRST_START_H
#define OPENHBA_DAEMON_FIRST_START_H

/* Before anything reads the store. Reads and writes files; failures are logged, and the daemon goes on without. */
void first_start(void);

#endif
