/* SPDX-License-Identifier: GPL-2.0 */
/* The clock stands still until a test moves it. */
#ifndef SHIM_TIMEKEEPING_H
#define SHIM_TIMEKEEPING_H

#include <linux/types.h>

#define NSEC_PER_SEC 1000000000L

extern u64 shim_now;
#define ktime_get_coarse_boottime_ns() shim_now

#endif
