/* SPDX-License-Identifier: GPL-2.0 */
/* notify: telling the service manager how it goes. Does nothing where there is none. */
#ifndef WGC_CLI_NOTIFY_H
#define WGC_CLI_NOTIFY_H

/** "READY=1" and the like, see sd_notify(3). */
void wgc_notify(const char *state);

#endif
