// SPDX-License-Identifier: GPL-2.0
/* The hash of tables: every byte counts, and so does the seed. */
#include <string.h>

#include "base/base.h"
#include "unit/tap.h"

int main(void)
{
	struct wgc_hash_seed a, b;
	uint8_t bytes[WGC_HASH_LEN] = { 0 };
	unsigned same = 0, low[64] = { 0 }, most = 0;
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
	/* What differs in its first bytes only, as keys made up for a test do, falls everywhere. */
	for (unsigned i = 0; i < 65536; i++) {
		memcpy(bytes, &i, sizeof(i));
		low[wgc_hash(&a, bytes) % 64]++;
	}
	for (size_t i = 0; i < WGC_ARRAY_SIZE(low); i++)
		most = low[i] > most ? low[i] : most;
	ok(most < 2048);
	return tap_done();
}
