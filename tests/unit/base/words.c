// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <locale.h>

#include "base/base.h"
#include "unit/tap.h"

static void numbers(void)
{
	static const char *const bad[] = { "", " ", "-1", "+1", " 1", "1 ", "0x10", "1a", "a", "1.0", "99999999999999999999x", "\xd9\xa1" };
	uint64_t v = 7;

	is_int(wgc_parse_u64("0", 0, &v), 0);
	is_int(v, 0);
	is_int(wgc_parse_u64("010", 100, &v), 0); /* decimal, as wg(8) has it */
	is_int(v, 10);
	is_int(wgc_parse_u64("65535", 65535, &v), 0);
	is_int(v, 65535);
	is_int(wgc_parse_u64("65536", 65535, &v), -ERANGE);
	is_int(wgc_parse_u64("70000", 65535, &v), -ERANGE);
	is_int(wgc_parse_u64("18446744073709551616", UINT64_MAX, &v), -ERANGE);
	is_int(wgc_parse_u64("99999999999999999999999999", UINT64_MAX, &v), -ERANGE);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(bad); i++)
		is_int(wgc_parse_u64(bad[i], UINT64_MAX, &v), -EINVAL);
	is_int(v, 65535);
	is_int(wgc_parse_u64("18446744073709551615", UINT64_MAX, &v), 0);
	ok(v == UINT64_MAX);
	is_int(wgc_parse_u64("000000000000000000000000000000000001", 1, &v), 0);
	is_int(v, 1);
}

static void same_words(void)
{
	ok(wgc_streq_nocase("", ""));
	ok(wgc_streq_nocase("PrivateKey", "privatekey"));
	ok(!wgc_streq_nocase("PrivateKey", "privatekeyfile"));
	ok(!wgc_streq_nocase("privatekeyfile", "PrivateKey"));
	ok(!wgc_streq_nocase("@", "`")); /* one bit apart, as 'A' and 'a' are */
	ok(!wgc_streq_nocase("[", "{"));
	/* In Turkish, lower-case I is another letter: not here. */
	setlocale(LC_ALL, "tr_TR.UTF-8");
	ok(wgc_streq_nocase("INTERFACE", "interface"));
	setlocale(LC_ALL, "C");
}

static void spaces(void)
{
	int n = 0;

	for (int c = 0; c < 256; c++)
		n += wgc_isspace((char)c);
	is_int(n, 6);
	ok(wgc_isspace(' ') && wgc_isspace('\t') && wgc_isspace('\n') && wgc_isspace('\v') && wgc_isspace('\f') && wgc_isspace('\r'));
}

static void did_you_mean(void)
{
	static const char *const words[] = { "PrivateKey", "PublicKey", "Address", "AllowedIPs", "MTU", "DNS", "Table", "up", "down", "status", "show", NULL };
	static const char *const none[] = { NULL };
	char endless[1000];

	is_str(wgc_nearest("Adress", words), "Address");
	is_str(wgc_nearest("address", words), "Address");
	is_str(wgc_nearest("AllowedIP", words), "AllowedIPs");
	is_str(wgc_nearest("Allowed-IPs", words), "AllowedIPs");
	is_str(wgc_nearest("PrivteKye", words), "PrivateKey");
	is_str(wgc_nearest("Publickey", words), "PublicKey");
	is_str(wgc_nearest("pu", words), "up"); /* one swap, not two edits */
	is_str(wgc_nearest("dwon", words), "down");
	is_str(wgc_nearest("stauts", words), "status");
	is_str(wgc_nearest("shwo", words), "show");
	is_str(wgc_nearest("mut", words), "MTU");
	is_str(wgc_nearest("tabel", words), "Table");
	is_str(wgc_nearest("", words), NULL);
	is_str(wgc_nearest("u", words), NULL);
	is_str(wgc_nearest("x", words), NULL);
	is_str(wgc_nearest("xyz", words), NULL);
	is_str(wgc_nearest("Jc", words), NULL);
	is_str(wgc_nearest("Endpoint", words), NULL);
	is_str(wgc_nearest("frobnicate", words), NULL);
	is_str(wgc_nearest("show", none), NULL);
	memset(endless, 'a', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	is_str(wgc_nearest(endless, words), NULL);
}

int main(void)
{
	numbers();
	same_words();
	spaces();
	did_you_mean();
	return tap_done();
}
