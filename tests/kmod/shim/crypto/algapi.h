/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_CRYPTO_ALGAPI_H
#define SHIM_CRYPTO_ALGAPI_H

#include <sodium.h>
#include <stddef.h>

/* Not 0 when they differ. */
static inline unsigned long crypto_memneq(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) != 0;
}

#endif
