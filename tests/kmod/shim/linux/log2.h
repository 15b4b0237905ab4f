/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LOG2_H
#define SHIM_LOG2_H

#include <linux/bitops.h>

#define ilog2(n) (fls64(n) - 1)
#define rounddown_pow_of_two(n) (1UL << ilog2(n))

#endif
