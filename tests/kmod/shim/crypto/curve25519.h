/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's X25519 over libsodium's. */
#ifndef SHIM_CRYPTO_CURVE25519_H
#define SHIM_CRYPTO_CURVE25519_H

#include <sodium.h>
#include <string.h>

#include <crypto/algapi.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/types.h>

enum curve25519_lengths {
	CURVE25519_KEY_SIZE = 32,
};

/* A test may have something happen in the middle of a Diffie-Hellman, and count them. */
__attribute__((weak)) void (*shim_on_curve25519)(void);
__attribute__((weak)) unsigned long shim_curve25519_calls;

/* False for the null point, which @out is then. */
static inline bool curve25519(u8 out[CURVE25519_KEY_SIZE], const u8 secret[CURVE25519_KEY_SIZE],
			      const u8 point[CURVE25519_KEY_SIZE])
{
	void (*hook)(void) = shim_on_curve25519;

	WARN_ON(shim_spinlocks); /* it takes long */
	shim_curve25519_calls++;
	if (hook) {
		shim_on_curve25519 = NULL;
		hook();
	}
	if (!crypto_scalarmult_curve25519(out, secret, point))
		return true;
	memset(out, 0, CURVE25519_KEY_SIZE);
	return false;
}

static inline bool curve25519_generate_public(u8 out[CURVE25519_KEY_SIZE], const u8 secret[CURVE25519_KEY_SIZE])
{
	return !sodium_is_zero(secret, CURVE25519_KEY_SIZE) && !crypto_scalarmult_curve25519_base(out, secret);
}

static inline void curve25519_clamp_secret(u8 secret[CURVE25519_KEY_SIZE])
{
	secret[0] &= 248;
	secret[31] = (secret[31] & 127) | 64;
}

static inline void curve25519_generate_secret(u8 secret[CURVE25519_KEY_SIZE])
{
	get_random_bytes(secret, CURVE25519_KEY_SIZE);
	curve25519_clamp_secret(secret);
}

#endif
