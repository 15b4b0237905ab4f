// SPDX-License-Identifier: GPL-2.0
/*
 * A hash for tables. Keys and prefixes come from strangers, so it depends on a
 * seed; and 100,000 of them are nothing unusual, so it is two multiplications
 * (NH of UMAC, RFC 4418, with 64-bit words) and not a cipher.
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

uint64_t wgc_hash(const struct wgc_hash_seed *seed, const void *bytes)
{
	uint64_t w[WGC_HASH_LEN / 8];
	unsigned __int128 sum;

	memcpy(w, bytes, sizeof(w));
	sum = (unsigned __int128)(w[0] + seed->w[0]) * (w[1] + seed->w[1]);
	sum += (unsigned __int128)(w[2] + seed->w[2]) * (w[3] + seed->w[3]);
	return (uint64_t)(sum >> 64) ^ (uint64_t)sum;
}
