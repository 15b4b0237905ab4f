// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "model/model.h"
#include "unit/tap.h"

static void ip_is(const char *in, const char *want)
{
	struct wgc_ip ip;
	char text[WGC_IP_TEXT] = "refused";

	if (!wgc_ip_parse(in, &ip))
		wgc_ip_print(&ip, text);
	is_str(text, want);
}

static void prefix_is(const char *in, const char *want)
{
	struct wgc_prefix p;
	char text[WGC_PREFIX_TEXT] = "refused";

	if (!wgc_prefix_parse(in, &p))
		wgc_prefix_print(&p, text);
	is_str(text, want);
}

static void addresses(void)
{
	static const char *const bad[] = {
		"", " ", "1.2.3", "127.1", "1", "010.0.0.1", "1.2.3.04", "0x7f.0.0.1", "1.2.3.256", "1.2.3.4.5", "1.2.3.4 ", " 1.2.3.4",
		"1.2.3.4\n", "1..2.3", ".1.2.3", "-1.2.3.4", "1.2.3.4/32", "localhost", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1%lo", "fe80::1%1", "[::1]", "::1.2.3", "::010.2.3.4", "::1/128",
	};
	struct wgc_ip ip = { .family = 99 };

	ip_is("0.0.0.0", "0.0.0.0");
	ip_is("255.255.255.255", "255.255.255.255");
	ip_is("192.0.2.7", "192.0.2.7");
	ip_is("::", "::");
	ip_is("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
	ip_is("fe80::0001", "fe80::1");
	ip_is("::ffff:192.0.2.1", "::ffff:192.0.2.1");
	ip_is("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	ip_is("1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201");
	for (size_t i = 0; i < WGC_ARRAY_SIZE(bad); i++)
		is_int(wgc_ip_parse(bad[i], &ip), -EINVAL);
	is_int(ip.family, 99);

	is_int(wgc_ip_parse("1.2.3.4", &ip), 0);
	is_int(ip.family, AF_INET);
	is_int(wgc_ip_bits(&ip), 32);
	ok(!memcmp(ip.b, "\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0\0", 16));
	is_int(wgc_ip_parse("1::4", &ip), 0);
	is_int(ip.family, AF_INET6);
	is_int(wgc_ip_bits(&ip), 128);

	struct wgc_ip none = { 0 };
	char text[WGC_IP_TEXT] = "x";

	wgc_ip_print(&none, text);
	is_str(text, "");
}

static void prefixes(void)
{
	static const char *const bad[] = {
		"", "/", "/24", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0 /8", "10.0.0.0/0x8",
		"10.0.0.0/255.0.0.0", "10.0.0.0/8/8", "10.0.0.0/8a", "10/8", "10.0/16", "::/129", "::/", "::/256", "::/4294967296",
		"::/18446744073709551616", "10.0.0.0/4294967304", "+10.0.0.0/8", "-10.0.0.0/8", "[::]/0", "fe80::1%eth0/64",
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555/128", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct wgc_prefix p = { .len = 77 };

	prefix_is("10.0.0.0/8", "10.0.0.0/8");
	prefix_is("10.1.2.3/8", "10.1.2.3/8"); /* host bits are kept */
	prefix_is("10.1.2.3", "10.1.2.3/32");
	prefix_is("0.0.0.0/0", "0.0.0.0/0");
	prefix_is("1.2.3.4/9", "1.2.3.4/9");
	prefix_is("1.2.3.4/010", "1.2.3.4/10"); /* decimal ten, as wg(8) reads it */
	prefix_is("::/0", "::/0");
	prefix_is("2001:db8::1", "2001:db8::1/128");
	prefix_is("2001:db8::1/64", "2001:db8::1/64");
	prefix_is("2001:db8::/99", "2001:db8::/99");
	prefix_is("2001:db8::/100", "2001:db8::/100");
	prefix_is("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	for (size_t i = 0; i < WGC_ARRAY_SIZE(bad); i++)
		is_int(wgc_prefix_parse(bad[i], &p), -EINVAL);
	is_int(p.len, 77);

	struct wgc_prefix none = { 0 };
	char text[WGC_PREFIX_TEXT] = "x";

	wgc_prefix_print(&none, text);
	is_str(text, "");
}

static struct wgc_prefix prefix(const char *text)
{
	struct wgc_prefix p = { 0 };

	if (wgc_prefix_parse(text, &p))
		ok(!"a prefix of this test is valid");
	return p;
}

static bool covers(const char *a, const char *b)
{
	struct wgc_prefix x = prefix(a), y = prefix(b);

	return wgc_prefix_covers(&x, &y);
}

static int order(const char *a, const char *b)
{
	struct wgc_prefix x = prefix(a), y = prefix(b);

	return wgc_prefix_cmp(&x, &y);
}

static void masked_is(const char *in, const char *want)
{
	struct wgc_prefix p = prefix(in), m = wgc_prefix_masked(&p);
	char text[WGC_PREFIX_TEXT];

	wgc_prefix_print(&m, text);
	is_str(text, want);
}

static void relations(void)
{
	struct wgc_prefix none = { 0 }, a = prefix("10.0.0.0/8"), b = prefix("10.0.0.0/8"), c = prefix("10.0.0.0/9"), d = prefix("a00::/8");

	ok(covers("0.0.0.0/0", "10.0.0.0/8"));
	ok(covers("0.0.0.0/0", "0.0.0.0/0"));
	ok(!covers("0.0.0.0/1", "0.0.0.0/0"));
	ok(!covers("0.0.0.0/0", "::/0"));
	ok(!covers("::/0", "0.0.0.0/0"));
	ok(covers("10.1.2.3/8", "10.9.9.9/32")); /* host bits do not matter */
	ok(covers("10.0.0.0/9", "10.127.255.255"));
	ok(!covers("10.0.0.0/9", "10.128.0.0"));
	ok(covers("10.0.0.1", "10.0.0.1"));
	ok(!covers("10.0.0.1", "10.0.0.0"));
	ok(covers("2001:db8::/33", "2001:db8:7fff::/48"));
	ok(!covers("2001:db8::/33", "2001:db8:8000::/48"));
	ok(covers("::1", "::1"));
	ok(!covers("::1", "::2"));
	ok(!wgc_prefix_covers(&none, &none));

	ok(wgc_prefix_equal(&a, &b) && !wgc_prefix_equal(&a, &c) && !wgc_prefix_equal(&a, &d));
	ok(wgc_ip_equal(&a.ip, &c.ip) && !wgc_ip_equal(&a.ip, &d.ip));
	is_int(order("10.0.0.0/8", "10.0.0.0/8"), 0);
	is_int(order("10.0.0.0/8", "10.0.0.0/9"), -1);
	is_int(order("10.0.0.0/9", "10.0.0.0/8"), 1);
	is_int(order("9.0.0.0/24", "10.0.0.0/8"), -1);
	is_int(order("200.0.0.0/8", "10.0.0.0/8"), 1);
	is_int(order("255.0.0.0/8", "::/0"), -1);
	is_int(order("::/0", "255.0.0.0/8"), 1);

	masked_is("10.1.2.3/8", "10.0.0.0/8");
	masked_is("10.255.2.3/9", "10.128.0.0/9");
	masked_is("10.1.2.3/32", "10.1.2.3/32");
	masked_is("10.1.2.3/31", "10.1.2.2/31");
	masked_is("255.255.255.255/0", "0.0.0.0/0");
	masked_is("2001:db8:ffff::1/33", "2001:db8:8000::/33");
	masked_is("ffff::ffff/127", "ffff::fffe/127");
	masked_is("ffff::ffff/128", "ffff::ffff/128");
	masked_is("ffff::ffff/0", "::/0");
}

/* Covering told in another way, bit by bit, for many pairs that nearly meet. */
static void covering_by_bits(void)
{
	bool same = true;
	uint32_t x = 7;
	int yes = 0;

	for (int round = 0; round < 200000; round++) {
		struct wgc_prefix a = { .ip.family = round % 2 ? AF_INET : AF_INET6 }, b, m;
		unsigned bits = round % 2 ? 32 : 128, common = 0, flip;

		for (size_t i = 0; i < bits / 8; i++)
			a.ip.b[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		b = a;
		x = x * 1664525 + 1013904223;
		a.len = (uint8_t)((x >> 8) % (bits + 1));
		b.len = (uint8_t)((x >> 16) % (bits + 1));
		flip = (x >> 4) % bits;
		b.ip.b[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
		while (common < bits && !((a.ip.b[common / 8] ^ b.ip.b[common / 8]) & (0x80 >> common % 8)))
			common++;
		same &= wgc_prefix_covers(&a, &b) == (common >= a.len && b.len >= a.len);
		yes += wgc_prefix_covers(&a, &b);
		m = wgc_prefix_masked(&a);
		same &= wgc_prefix_covers(&m, &a) && wgc_prefix_covers(&a, &m) && m.len == a.len;
		for (unsigned bit = m.len; bit < 128; bit++)
			same &= !(m.ip.b[bit / 8] & (0x80 >> bit % 8));
	}
	ok(same);
	ok(yes > 1000);
}

int main(void)
{
	addresses();
	prefixes();
	relations();
	covering_by_bits();
	return tap_done();
}
