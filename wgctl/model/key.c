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

/* The six bits of a base64 character (RFC 4648); 64 for what is none. */
static unsigned six_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

int wgc_key_parse_public(const char *s, size_t len, struct wgc_key *ret)
{
	struct wgc_key k;
	unsigned bits = 0, have = 0, wrong = 0;
	size_t n = 0;

	if (len != BASE64_LEN || s[BASE64_LEN - 1] != '=')
		return -EINVAL;
	for (size_t i = 0; i < BASE64_LEN - 1; i++) {
		unsigned six = six_bits(s[i]);

		wrong |= six;
		bits = bits << 6 | (six & 63);
		have += 6;
		if (have >= 8) {
			have -= 8;
			k.b[n++] = (uint8_t)(bits >> have);
		}
	}
	if (wrong & 64 || bits & ((1u << have) - 1))
		return -EINVAL;
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

bool wgc_key_is_zero(const struct wgc_key *k)
{
	return sodium_is_zero(k->b, sizeof(k->b));
}

bool wgc_key_equal(const struct wgc_key *a, const struct wgc_key *b)
{
	return !sodium_memcmp(a->b, b->b, sizeof(a->b));
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
