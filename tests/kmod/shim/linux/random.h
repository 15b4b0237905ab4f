/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_RANDOM_H
#define SHIM_RANDOM_H

#include <linux/types.h>

/* What a test has laid ready, and random bytes after that. */
extern const u8 *shim_random;
extern size_t shim_random_left;
void get_random_bytes(void *p, size_t n);

/* An error when a test sets it: a signal came before the generator was ready. */
extern int shim_random_error;
static inline int wait_for_random_bytes(void)
{
	return shim_random_error;
}

#endif
