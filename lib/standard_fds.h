/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Standard input, output and error, where somebody has closed them. */
#ifndef OPENHBA_LIB_STANDARD_FDS_H
#define OPENHBA_LIB_STANDARD_FDS_H

/*
 * To be called before anything is opened: a closed descriptor of the three gets /dev/null the wrong way round, so that reading or
 * writing it fails as before (EBADF), and no database or socket takes its number and is then written to as standard output.
 */
void standard_fds_fill(void);

#endif
