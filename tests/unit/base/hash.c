// SPDX-License-Identifier: GPL-2.0
/* The hash of tables: every byte counts, and so does the seed; what people number one by one falls everywhere. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "unit/tap.h"

#define N 16384
#define ROOM (4 * N / 2)

/* Where the @i-th of them differs from the others. */
static void number(uint8_t *bytes, unsigned kind, uint32_t i)
{
	memset(bytes, 0, WGC_HASH_LEN);
	switch (kind) {
	case 0: /* keys made up for a test */
		memcpy(bytes, &i, sizeof(i));
		break;
	case 1: /* hosts of a network, as prefixes are hashed: family, length, address */
		bytes[0] = 2;
		bytes[1] = 32;
		bytes[2] = 10;
		bytes[3] = (uint8_t)(64 + (i >> 16));
		bytes[4] = (uint8_t)(i >> 8);
		bytes[5] = (uint8_t)i;
		break;
	case 2: /* the same of IPv6, at the end */
		bytes[0] = 10;
		bytes[1] = 128;
		bytes[16] = (uint8_t)(i >> 8);
		bytes[17] = (uint8_t)i;
		break;
	default: /* at the end of a key */
		bytes[30] = (uint8_t)(i >> 8);
		bytes[31] = (uint8_t)i;
	}
}

/* Steps to find places for all of them in a table that is half full. */
static size_t steps(const struct wgc_hash_seed *seed, unsigned kind)
{
	bool *taken = calloc(ROOM, sizeof(*taken));
	uint8_t bytes[WGC_HASH_LEN];
	size_t n = 0;

	for (uint32_t i = 0; taken && i < N; i++) {
		size_t at;

		number(bytes, kind, i);
		for (at = wgc_hash(seed, bytes) % ROOM; taken[at]; at = (at + 1) % ROOM)
			n++;
		taken[at] = true;
	}
	free(taken);
	return n;
}

int main(void)
{
	struct wgc_hash_seed a, b;
	uint8_t bytes[WGC_HASH_LEN] = { 0 };
	unsigned same = 0;
	size_t most = 0;
	uint64_t h;

	wgc_hash_seed(&a);
	wgc_hash_seed(&b);
	h = wgc_hash(&a, bytes);
	ok(h == wgc_hash(&a, bytes));
	ok(h != wgc_hash(&b, bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1u << bit);
			same += wgc_hash(&a, bytes) == h;
			bytes[i] ^= (uint8_t)(1u << bit);
		}
	ok(same == 0);
	/* Whatever the seed: by chance it is half a step for each. */
	for (unsigned i = 0; i < 400; i++) {
		wgc_hash_seed(&a);
		for (unsigned kind = 0; kind < 4; kind++) {
			size_t n = steps(&a, kind);

			most = n > most ? n : most;
		}
	}
	printf("# at most %zu steps for %d\n", most, N);
	ok(most < 2 * N);
	return tap_done();
}
