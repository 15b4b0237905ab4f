// SPDX-License-Identifier: GPL-2.0
/*
 * Keys. Their text forms go through libsodium, whose encoders take the same
 * time and touch the same memory whatever the key. None of what is used here
 * needs sodium_init(), which would cost every start of the program a look at
 * the processor and an open of the random device.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>

#include "model/model.h"

#define BASE64_LEN (WGC_KEY_BASE64 - 1)
#define HEX_LEN (WGC_KEY_HEX - 1)

int wgc_key_parse(const char *s, size_t len, struct wgc_key *ret)
{
	struct wgc_key k;
	char again[WGC_KEY_BASE64];
	size_t got = 0;
	int r = -EINVAL;

	if (len != BASE64_LEN || s[BASE64_LEN - 1] != '=')
		return -EINVAL;
	if (!sodium_base642bin(k.b, sizeof(k.b), s, len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) &&
	    got == sizeof(k.b)) {
		/* One key must have one text: 43 characters hold 258 bits, and
		 * sodium (1.0.18) takes bytes above 127 for something. */
		sodium_bin2base64(again, sizeof(again), k.b, sizeof(k.b), sodium_base64_VARIANT_ORIGINAL);
		if (!sodium_memcmp(again, s, BASE64_LEN)) {
			*ret = k;
			r = 0;
		}
		wgc_wipe(again, sizeof(again));
	}
	wgc_wipe(&k, sizeof(k));
	return r;
}

/* The six bits of a base64 character (RFC 4648) plus one; 0 for what is none. */
static const uint8_t six_bits[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11,
	['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31,
	['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41,
	['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51,
	['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61,
	['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* 24 bits of four characters; more than that when one of them is none. */
static uint32_t four(const char *s)
{
	const uint8_t *c = (const uint8_t *)s;
	uint32_t a = six_bits[c[0]] - 1u, b = six_bits[c[1]] - 1u, d = six_bits[c[2]] - 1u, e = six_bits[c[3]] - 1u;

	return (a | b | d | e) > 63 ? UINT32_MAX : a << 18 | b << 12 | d << 6 | e;
}

int wgc_key_parse_public(const char *s, size_t len, struct wgc_key *ret)
{
	char last[4];
	struct wgc_key k;
	uint32_t bits;

	if (len != BASE64_LEN || s[BASE64_LEN - 1] != '=')
		return -EINVAL;
	for (size_t i = 0; i < 10; i++) {
		bits = four(s + 4 * i);
		if (bits == UINT32_MAX)
			return -EINVAL;
		k.b[3 * i] = (uint8_t)(bits >> 16);
		k.b[3 * i + 1] = (uint8_t)(bits >> 8);
		k.b[3 * i + 2] = (uint8_t)bits;
	}
	/* Three are left, for two bytes and no bit more. */
	memcpy(last, s + 40, 3);
	last[3] = 'A';
	bits = four(last);
	if (bits & 0xff)
		return -EINVAL;
	k.b[30] = (uint8_t)(bits >> 16);
	k.b[31] = (uint8_t)(bits >> 8);
	*ret = k;
	return 0;
}

int wgc_key_parse_hex(const char *s, size_t len, struct wgc_key *ret)
{
	struct wgc_key k;
	size_t got = 0;
	int r = -EINVAL;

	if (len != HEX_LEN)
		return -EINVAL;
	if (!sodium_hex2bin(k.b, sizeof(k.b), s, len, NULL, &got, NULL) && got == sizeof(k.b)) {
		*ret = k;
		r = 0;
	}
	wgc_wipe(&k, sizeof(k));
	return r;
}

void wgc_key_print(const struct wgc_key *k, char out[static WGC_KEY_BASE64])
{
	sodium_bin2base64(out, WGC_KEY_BASE64, k->b, sizeof(k->b), sodium_base64_VARIANT_ORIGINAL);
}

/* The same text; a name of its own, so that every place that shows a secret can be found. */
void wgc_key_print_secret(const struct wgc_key *k, char out[static WGC_KEY_BASE64])
{
	wgc_key_print(k, out);
}

void wgc_key_print_hex(const struct wgc_key *k, char out[static WGC_KEY_HEX])
{
	sodium_bin2hex(out, WGC_KEY_HEX, k->b, sizeof(k->b));
}

/* All of both keys is looked at, whatever is in them; `volatile` keeps a
 * compiler from finding a shorter way. */
static bool differ(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[4], y[4];
	volatile uint64_t any = 0;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	any = (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]);
	return any != 0;
}

bool wgc_key_is_zero(const struct wgc_key *k)
{
	static const uint8_t zero[WGC_KEY_LEN];

	return !differ(k->b, zero);
}

bool wgc_key_equal(const struct wgc_key *a, const struct wgc_key *b)
{
	return !differ(a->b, b->b);
}

void wgc_key_public(const struct wgc_key *secret, struct wgc_key *ret_public)
{
	/* Clamps a copy of the scalar. The base point has prime order, so no
	 * scalar leads to the zero result that makes the general function fail. */
	(void)crypto_scalarmult_curve25519_base(ret_public->b, secret->b);
}

int wgc_key_generate(struct wgc_key *ret, bool clamp)
{
	struct wgc_key k;
	ssize_t n;

	/* Up to 256 bytes come in one piece once the pool is seeded; before that
	 * this waits, and a signal may interrupt it. */
	do
		n = getrandom(k.b, sizeof(k.b), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != sizeof(k.b)) {
		wgc_wipe(&k, sizeof(k));
		return -EIO;
	}
	if (clamp) {
		k.b[0] &= 248;
		k.b[31] = (uint8_t)((k.b[31] & 127) | 64);
	}
	*ret = k;
	wgc_wipe(&k, sizeof(k));
	return 0;
}
