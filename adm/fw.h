/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot targets as a discovery. */
#ifndef OPENHBA_ADM_FW_H
#define OPENHBA_ADM_FW_H

#include "adm/adm.h"

/* `-m discovery -t fw`, `-m discoverydb -t fw -D`: a record with startup onboot for each target of the firmware. */
enum iscsi_err fw_discovery(struct adm *adm);

#endif
