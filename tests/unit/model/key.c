// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "model/model.h"
#include "unit/tap.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool refuses(const char *s, size_t len)
{
	struct wgc_key k, before;

	memset(&k, 0x5a, sizeof(k));
	before = k;
	return wgc_key_parse(s, len, &k) == -EINVAL && wgc_key_parse_public(s, len, &k) == -EINVAL && !memcmp(&k, &before, sizeof(k));
}

static void base64(void)
{
	static const char good[] = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
	static const uint8_t bytes[WGC_KEY_LEN] = {
		0xc5, 0x32, 0x01, 0x03, 0x9a, 0xdb, 0xa1, 0x4b, 0xe7, 0x1f, 0x88, 0x6d, 0xa1, 0xd8, 0xdb, 0xe9,
		0xee, 0xbd, 0xed, 0x08, 0xcb, 0x11, 0x1b, 0x75, 0x34, 0x00, 0x78, 0x99, 0x9a, 0xa9, 0xf0, 0x38,
	};
	char text[WGC_KEY_BASE64], longer[] = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n";
	struct wgc_key k;

	is_int(wgc_key_parse(good, 44, &k), 0);
	ok(!memcmp(k.b, bytes, sizeof(bytes)));
	wgc_key_print(&k, text);
	is_str(text, good);
	wgc_key_print_secret(&k, text);
	is_str(text, good);
	/* The length rules: what follows is not looked at. */
	is_int(wgc_key_parse(longer, 44, &k), 0);
	ok(refuses(longer, 45));
	ok(refuses(good, 43));
	ok(refuses(good, 0));
	ok(refuses("", 0));
	ok(refuses("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg", 43));	  /* no padding */
	ok(refuses("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8DgA", 44)); /* 33 bytes */
	ok(refuses("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8D==", 44)); /* 31 bytes */
	ok(refuses("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8===", 44));
	ok(refuses("============================================", 44));
	ok(refuses(" TIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", 44));
	ok(refuses("xTIBA5rboUvnH4htodjb\n6e697QjLERt1NAB4mZqp8D=", 44));
	ok(refuses("xTIBA5rboUvnH4htodjb\0e697QjLERt1NAB4mZqp8Dg=", 44));
}

/* 64 last letters, of which the 16 with zero spare bits are the only right ones. */
static void spare_bits(void)
{
	char text[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", back[WGC_KEY_BASE64];
	bool right = true;
	struct wgc_key k, fast;

	for (size_t i = 0; i < 64; i++) {
		text[42] = alphabet[i];
		if (i % 4) {
			right &= refuses(text, 44);
			continue;
		}
		right &= !wgc_key_parse(text, 44, &k) && k.b[31] == i / 4 && !wgc_key_parse_public(text, 44, &fast) && !memcmp(&fast, &k, sizeof(k));
		wgc_key_print(&k, back);
		right &= !strcmp(back, text);
	}
	ok(right);
}

/* Every byte in every place: 64 are base64, 192 are not. */
static void characters(void)
{
	char text[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	bool right = true;
	struct wgc_key k, fast;

	for (size_t at = 0; at < 42; at++) {
		for (int c = 0; c < 256; c++) {
			bool is_base64 = c && strchr(alphabet, c);

			text[at] = (char)c;
			right &= is_base64 ? !wgc_key_parse(text, 44, &k) && !wgc_key_parse_public(text, 44, &fast) &&
						     !memcmp(&fast, &k, sizeof(k)) :
					     refuses(text, 44);
		}
		text[at] = 'A';
	}
	ok(right);
	for (int c = 0; c < 256; c++) {
		text[43] = (char)c;
		right &= (c == '=') == !refuses(text, 44);
	}
	ok(right);
}

static void hex(void)
{
	static const char good[] = "c53201039adba14be71f886da1d8dbe9eebded08cb111b75340078999aa9f038";
	struct wgc_key k, upper;
	char text[WGC_KEY_HEX];

	is_int(wgc_key_parse_hex(good, 64, &k), 0);
	wgc_key_print_hex(&k, text);
	is_str(text, good);
	wgc_key_print(&k, text);
	is_str(text, "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=");
	is_int(wgc_key_parse_hex("C53201039ADBA14BE71F886DA1D8DBE9EEBDED08CB111B75340078999AA9F038", 64, &upper), 0);
	ok(wgc_key_equal(&k, &upper));
	is_int(wgc_key_parse_hex(good, 63, &k), -EINVAL);
	is_int(wgc_key_parse_hex(good, 62, &k), -EINVAL);
	is_int(wgc_key_parse_hex(good, 65, &k), -EINVAL);
	is_int(wgc_key_parse_hex("", 0, &k), -EINVAL);
	is_int(wgc_key_parse_hex("g53201039adba14be71f886da1d8dbe9eebded08cb111b75340078999aa9f038", 64, &k), -EINVAL);
	is_int(wgc_key_parse_hex("c53201039adba14be71f886da1d8dbe9eebded08cb111b75340078999aa9f03 ", 64, &k), -EINVAL);
	is_int(wgc_key_parse_hex("c5:3201039adba14be71f886da1d8dbe9eebded08cb111b75340078999aa9f03", 64, &k), -EINVAL);
	ok(wgc_key_equal(&k, &upper));
}

static bool public_of(const char *secret_hex, const char *public_hex)
{
	struct wgc_key secret, got, want;

	if (wgc_key_parse_hex(secret_hex, 64, &secret) || wgc_key_parse_hex(public_hex, 64, &want))
		return false;
	wgc_key_public(&secret, &got);
	return wgc_key_equal(&got, &want);
}

static void publics(void)
{
	struct wgc_key secret = { { 0 } }, pub, again;
	char text[WGC_KEY_BASE64];

	/* RFC 7748, section 6.1: Alice and Bob. */
	ok(public_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
	ok(public_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
	/* What wg pubkey says to a key of zeros. */
	wgc_key_public(&secret, &pub);
	wgc_key_print(&pub, text);
	is_str(text, "L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=");
	/* Clamping is part of it: the bits that it sets and clears do not matter. */
	secret.b[0] = 7;
	secret.b[31] = 0x80;
	wgc_key_public(&secret, &again);
	ok(wgc_key_equal(&pub, &again));
	secret.b[0] = 8;
	wgc_key_public(&secret, &again);
	ok(!wgc_key_equal(&pub, &again));
	/* In place. */
	wgc_key_public(&secret, &secret);
	ok(wgc_key_equal(&secret, &again));
}

static void generated(void)
{
	struct wgc_key k, last = { { 0 } };
	bool clamped = true, fresh = true;
	uint8_t low = 0, high = 0;

	for (int i = 0; i < 200; i++) {
		if (wgc_key_generate(&k, true)) {
			ok(!"generated");
			return;
		}
		clamped &= !(k.b[0] & 7) && (k.b[31] & 0xc0) == 0x40;
		fresh &= !wgc_key_equal(&k, &last);
		last = k;
	}
	ok(clamped);
	ok(fresh);
	for (int i = 0; i < 200; i++) {
		wgc_key_generate(&k, false);
		low |= k.b[0];
		high |= (uint8_t)(k.b[31] ^ 0x40);
	}
	is_int(low, 0xff);
	is_int(high, 0xff);
}

static void compared(void)
{
	struct wgc_key zero = { { 0 } }, k = { { 0 } };
	bool right = true;

	ok(wgc_key_is_zero(&zero));
	ok(wgc_key_equal(&zero, &k));
	for (size_t i = 0; i < WGC_KEY_LEN; i++) {
		for (int bit = 0; bit < 8; bit++) {
			k.b[i] = (uint8_t)(1 << bit);
			right &= !wgc_key_is_zero(&k) && !wgc_key_equal(&k, &zero);
		}
		k.b[i] = 0;
	}
	ok(right);
}

int main(void)
{
	base64();
	spare_bits();
	characters();
	hex();
	publics();
	generated();
	compared();
	return tap_done();
}
