/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_BITS_H
#define SHIM_BITS_H

#define BITS_PER_LONG ((unsigned int)sizeof(long) * 8)
#define BIT(n) (1UL << (n))

#endif
