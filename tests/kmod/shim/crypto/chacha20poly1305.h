/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's AEADs over libsodium's. A nonce of 64 bits is the last 8 bytes,
 * little endian, of one of RFC 8439. */
#ifndef SHIM_CRYPTO_CHACHA20POLY1305_H
#define SHIM_CRYPTO_CHACHA20POLY1305_H

#include <sodium.h>
#include <stddef.h>

#include <linux/types.h>

enum chacha20poly1305_lengths {
	XCHACHA20POLY1305_NONCE_SIZE = 24,
	CHACHA20POLY1305_KEY_SIZE = 32,
	CHACHA20POLY1305_AUTHTAG_SIZE = 16,
};

static inline void shim_nonce(u8 out[12], u64 nonce)
{
	for (int i = 0; i < 12; i++)
		out[i] = i < 4 ? 0 : (u8)(nonce >> 8 * (i - 4));
}

static inline void chacha20poly1305_encrypt(u8 *dst, const u8 *src, size_t src_len, const u8 *ad, size_t ad_len,
					    u64 nonce, const u8 key[CHACHA20POLY1305_KEY_SIZE])
{
	u8 n[12];

	shim_nonce(n, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(dst, NULL, src, src_len, ad, ad_len, NULL, n, key);
}

static inline bool chacha20poly1305_decrypt(u8 *dst, const u8 *src, size_t src_len, const u8 *ad, size_t ad_len,
					    u64 nonce, const u8 key[CHACHA20POLY1305_KEY_SIZE])
{
	u8 n[12];

	shim_nonce(n, nonce);
	return !crypto_aead_chacha20poly1305_ietf_decrypt(dst, NULL, NULL, src, src_len, ad, ad_len, n, key);
}

static inline void xchacha20poly1305_encrypt(u8 *dst, const u8 *src, size_t src_len, const u8 *ad, size_t ad_len,
					     const u8 nonce[XCHACHA20POLY1305_NONCE_SIZE],
					     const u8 key[CHACHA20POLY1305_KEY_SIZE])
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(dst, NULL, src, src_len, ad, ad_len, NULL, nonce, key);
}

static inline bool xchacha20poly1305_decrypt(u8 *dst, const u8 *src, size_t src_len, const u8 *ad, size_t ad_len,
					     const u8 nonce[XCHACHA20POLY1305_NONCE_SIZE],
					     const u8 key[CHACHA20POLY1305_KEY_SIZE])
{
	return !crypto_aead_xchacha20poly1305_ietf_decrypt(dst, NULL, NULL, src, src_len, ad, ad_len, nonce, key);
}

#endif
