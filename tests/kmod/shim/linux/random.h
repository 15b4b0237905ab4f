/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_RANDOM_H
#define SHIM_RANDOM_H

#include <sys/random.h>

#define get_random_bytes(p, n) ((void)!getrandom(p, n, 0))

#endif
