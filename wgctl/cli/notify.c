// SPDX-License-Identifier: GPL-2.0
/* notify: telling the service manager how it goes, where libsystemd is. */
#include "cli/notify.h"

#ifdef WGC_HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>

void wgc_notify(const char *state)
{
	sd_notify(0, state);
}
#else
void wgc_notify(const char *state)
{
}
#endif
