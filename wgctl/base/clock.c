// SPDX-License-Identifier: GPL-2.0
/* Time that only goes forward, and goes on while the machine sleeps. */
#include <time.h>

#include "base/base.h"

int64_t wgc_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
