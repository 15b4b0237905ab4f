/* SPDX-License-Identifier: GPL-2.0 */
/* BLAKE2s with the kernel's interface, written down from RFC 7693, sections 2
 * and 3. Slow and plain: it is what the module is measured against. */
#ifndef SHIM_CRYPTO_BLAKE2S_H
#define SHIM_CRYPTO_BLAKE2S_H

#include <sodium.h>
#include <stddef.h>
#include <string.h>

#include <linux/types.h>

enum blake2s_lengths {
	BLAKE2S_BLOCK_SIZE = 64,
	BLAKE2S_HASH_SIZE = 32,
	BLAKE2S_KEY_SIZE = 32,
};

struct blake2s_state {
	u32 h[8];
	u64 total;
	u8 block[BLAKE2S_BLOCK_SIZE];
	size_t used, out_len;
};

static const u32 shim_blake2s_iv[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline u32 shim_blake2s_turn(u32 word, int by)
{
	return word >> by | word << (32 - by);
}

static inline void shim_blake2s_mix(u32 v[16], int a, int b, int c, int d, u32 x, u32 y)
{
	v[a] += v[b] + x;
	v[d] = shim_blake2s_turn(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = shim_blake2s_turn(v[b] ^ v[c], 12);
	v[a] += v[b] + y;
	v[d] = shim_blake2s_turn(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = shim_blake2s_turn(v[b] ^ v[c], 7);
}

static inline void shim_blake2s_compress(struct blake2s_state *s, bool last)
{
	static const u8 order[10][16] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
		{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
		{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
		{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
		{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
		{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
		{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
		{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
		{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
		{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
	};
	u32 v[16], m[16];

	for (int i = 0; i < 16; i++)
		m[i] = s->block[4 * i] | s->block[4 * i + 1] << 8 | s->block[4 * i + 2] << 16 |
		       (u32)s->block[4 * i + 3] << 24;
	for (int i = 0; i < 8; i++) {
		v[i] = s->h[i];
		v[i + 8] = shim_blake2s_iv[i];
	}
	v[12] ^= (u32)s->total;
	v[13] ^= (u32)(s->total >> 32);
	if (last)
		v[14] = ~v[14];
	for (int round = 0; round < 10; round++) {
		const u8 *o = order[round];

		for (int i = 0; i < 4; i++)
			shim_blake2s_mix(v, i, i + 4, i + 8, i + 12, m[o[2 * i]], m[o[2 * i + 1]]);
		for (int i = 0; i < 4; i++)
			shim_blake2s_mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[o[2 * i + 8]],
					 m[o[2 * i + 9]]);
	}
	for (int i = 0; i < 8; i++)
		s->h[i] ^= v[i] ^ v[i + 8];
}

static inline void blake2s_update(struct blake2s_state *s, const u8 *in, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s->used == BLAKE2S_BLOCK_SIZE) { /* more follows, so this one is not the last */
			s->total += BLAKE2S_BLOCK_SIZE;
			shim_blake2s_compress(s, false);
			s->used = 0;
		}
		s->block[s->used++] = in[i];
	}
}

static inline void blake2s_init_key(struct blake2s_state *s, size_t out_len, const void *key, size_t key_len)
{
	static const u8 zeros[BLAKE2S_BLOCK_SIZE];

	memset(s, 0, sizeof(*s));
	memcpy(s->h, shim_blake2s_iv, sizeof(s->h));
	s->h[0] ^= 0x01010000 ^ (u32)key_len << 8 ^ (u32)out_len;
	s->out_len = out_len;
	if (key_len) {
		blake2s_update(s, key, key_len);
		blake2s_update(s, zeros, BLAKE2S_BLOCK_SIZE - key_len);
	}
}

static inline void blake2s_init(struct blake2s_state *s, size_t out_len)
{
	blake2s_init_key(s, out_len, NULL, 0);
}

static inline void blake2s_final(struct blake2s_state *s, u8 *out)
{
	s->total += s->used;
	memset(s->block + s->used, 0, BLAKE2S_BLOCK_SIZE - s->used);
	shim_blake2s_compress(s, true);
	for (size_t i = 0; i < s->out_len; i++)
		out[i] = (u8)(s->h[i / 4] >> 8 * (i % 4));
	sodium_memzero(s, sizeof(*s));
}

static inline void blake2s(u8 *out, const u8 *in, const u8 *key, size_t out_len, size_t in_len, size_t key_len)
{
	struct blake2s_state s;

	blake2s_init_key(&s, out_len, key, key_len);
	blake2s_update(&s, in, in_len);
	blake2s_final(&s, out);
}

#endif
