/* SPDX-License-Identifier: GPL-2.0 */
/* Not SipHash, but something that depends on the key and on every byte. */
#ifndef SHIM_SIPHASH_H
#define SHIM_SIPHASH_H

#include <linux/types.h>

typedef struct {
	u64 key[2];
} siphash_key_t;

static inline u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	const u8 *byte = data;
	u64 hash = key->key[0];

	while (len--)
		hash = (hash ^ *byte++) * 0x100000001b3ULL + (key->key[1] >> 32);
	hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93ULL;
	return hash ^ hash >> 32;
}
static inline u64 siphash_3u64(u64 a, u64 b, u64 c, const siphash_key_t *key)
{
	u64 words[] = { a, b, c };

	return siphash(words, sizeof(words), key);
}

typedef siphash_key_t hsiphash_key_t;
static inline u32 hsiphash_1u32(u32 a, const hsiphash_key_t *key)
{
	return siphash(&a, sizeof(a), key);
}

#endif
