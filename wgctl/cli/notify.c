// SPDX-License-Identifier: GPL-2.0
/* notify: telling the service manager how it goes, where libsystemd is. */
#include "cli/notify.h"

#include <stdlib.h>

#include "base/base.h"

void wgc_notify(const char *state)
{
	int (*notify)(int unset_environment, const char *state);

	/* It would do nothing without that, and be loaded for it. */
	if (getenv("NOTIFY_SOCKET") && wgc_library_function("libsystemd.so.0", "sd_notify", &notify))
		notify(0, state);
}
