// SPDX-License-Identifier: GPL-2.0
/*
 * A hash for tables. Keys and prefixes come from strangers, so it depends on a
 * seed; and 100,000 of them are nothing unusual, so it is three multiplications
 * and not a cipher. Two take in the bytes; the third brings what differs in high
 * bits, or in a few, down to the low ones, which choose the place in a table:
 * prefixes of one network differ in no others.
 */
#include <string.h>
#include <sys/random.h>

#include "base/base.h"

void wgc_hash_seed(struct wgc_hash_seed *ret)
{
	/* Early at boot there may be none: then the addresses of this process must do. */
	if (getrandom(ret->w, sizeof(ret->w), GRND_NONBLOCK) == (ssize_t)sizeof(ret->w))
		return;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(ret->w); i++)
		ret->w[i] = (uintptr_t)ret * (0x9e3779b97f4a7c15u + 2 * i);
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

uint64_t wgc_hash(const struct wgc_hash_seed *seed, const void *bytes)
{
	uint64_t w[WGC_HASH_LEN / 8];

	memcpy(w, bytes, sizeof(w));
	return fold(fold(w[0] ^ seed->w[0], w[1] ^ seed->w[1]) + fold(w[2] ^ seed->w[2], w[3] ^ seed->w[3]), 0x9e3779b97f4a7c15u);
}
