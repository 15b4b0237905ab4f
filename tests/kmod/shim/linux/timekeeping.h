/* SPDX-License-Identifier: GPL-2.0 */
/* The clock stands still until a test moves it. */
#ifndef SHIM_TIMEKEEPING_H
#define SHIM_TIMEKEEPING_H

#include <linux/types.h>

#define NSEC_PER_SEC 1000000000L

extern u64 shim_now;
#define ktime_get_coarse_boottime_ns() shim_now

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};
extern struct timespec64 shim_wall_clock;
#define ktime_get_real_ts64(ts) ((void)(*(ts) = shim_wall_clock))

#endif
