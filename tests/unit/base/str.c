// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <wchar.h>

#include "base/base.h"
#include "unit/tap.h"

static void additions(bool secret)
{
	WGC_AUTO_STR struct wgc_str s = { .secret = secret };
	bool same = true;
	char long_text[301];

	is_str(wgc_str_get(&s), "");
	wgc_str_add(&s, "");
	is_str(wgc_str_get(&s), "");
	wgc_str_add(&s, "ab");
	wgc_str_addc(&s, 'c');
	wgc_str_addn(&s, "defgh", 2);
	wgc_str_addf(&s, "%d|%s", 42, "x");
	is_str(wgc_str_get(&s), "abcde42|x");
	is_int(s.len, 9);
	wgc_str_addn(&s, "\0z", 2);
	is_int(s.len, 11);
	ok(!memcmp(s.s, "abcde42|x\0z", 12));
	wgc_str_done(&s);
	is_str(wgc_str_get(&s), "");
	is_int(s.len, 0);
	ok(s.secret == secret);

	/* Every length around the growth steps, formatted and plain. */
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[300] = '\0';
	for (int n = 0; n <= 300; n++) {
		WGC_AUTO_STR struct wgc_str one = { .secret = secret }, two = { .secret = secret };

		wgc_str_addf(&one, "%.*s", n, long_text);
		wgc_str_addn(&two, long_text, (size_t)n);
		same &= one.len == (size_t)n && two.len == (size_t)n;
		same &= !strcmp(wgc_str_get(&one), wgc_str_get(&two)) && strlen(wgc_str_get(&one)) == (size_t)n;
		wgc_str_addf(&one, "%.*s!", n, long_text);
		same &= one.len == 2 * (size_t)n + 1 && one.s[2 * n] == '!' && !one.s[2 * n + 1];
	}
	ok(same);
	for (int i = 0; i < 100000; i++)
		wgc_str_addc(&s, (char)('a' + i % 26));
	is_int(s.len, 100000);
	is_int(strlen(s.s), 100000);
	ok(s.s[25] == 'z' && s.s[99999] == (char)('a' + 99999 % 26));
}

static void steal(void)
{
	struct wgc_str s = { 0 };
	WGC_AUTO_FREE char *empty = wgc_str_steal(&s), *text = NULL;

	is_str(empty, "");
	wgc_str_add(&s, "mine");
	text = wgc_str_steal(&s);
	is_str(text, "mine");
	is_str(wgc_str_get(&s), "");
	wgc_str_add(&s, "new");
	is_str(wgc_str_get(&s), "new");
	is_str(text, "mine");
	wgc_str_done(&s);
}

static void out_of_memory(void)
{
	struct wgc_str s = { 0 };

	wgc_str_add(&s, "kept");
	wgc_str_addn(&s, "", SIZE_MAX / 2);
	ok(s.oom);
	is_str(wgc_str_get(&s), "kept");
	wgc_str_add(&s, "ignored");
	wgc_str_addf(&s, "%d", 1);
	wgc_str_addc(&s, 'c');
	wgc_str_add_shell(&s, "a b");
	is_str(wgc_str_get(&s), "kept");
	ok(!wgc_str_steal(&s));
	ok(!s.oom);
	wgc_str_add(&s, "fresh");
	is_str(wgc_str_get(&s), "fresh");
	/* No character has that number: it cannot be formatted. */
	wgc_str_addf(&s, "%lc", (wint_t)0x7fffffff);
	ok(s.oom);
	is_str(wgc_str_get(&s), "fresh");
	wgc_str_done(&s);
	ok(!s.oom);
}

/* The shell is the judge: what it hands to a command must be what went in. */
static void shell_words(void)
{
	static const char *const words[] = {
		"", "plain", "10.0.0.1/24", "[::1]:51820", "a b", "it's", "'", "''", "'a", "a'", "\"", "$HOME", "`id`", "a\\b",
		"*", "~", "~root", "#x", "a\nb", "\n", "!", "a;b", "a&&b", "(x)", "{a,b}", "\t", "-n", "é", "\x80\xff", "a=b", "%s", "<>|",
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(words); i++) {
		WGC_AUTO_STR struct wgc_str cmd = { 0 }, want = { 0 };
		char got[256];
		size_t n;
		FILE *f;

		wgc_str_add(&cmd, "show() { printf '%d:%s.' $# \"$1\"; }; show ");
		wgc_str_add_shell(&cmd, words[i]);
		wgc_str_addf(&want, "1:%s.", words[i]);
		f = popen(wgc_str_get(&cmd), "r");
		n = f ? fread(got, 1, sizeof(got) - 1, f) : 0;
		got[n] = '\0';
		if (f)
			pclose(f);
		is_str(got, wgc_str_get(&want));
	}
}

static void shell_looks(void)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };

	/* People read these: no quotes where none are needed. */
	wgc_str_add_shell(&s, "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=");
	is_str(wgc_str_get(&s), "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=");
	wgc_str_done(&s);
	wgc_str_add_shell(&s, "[fe80::1%eth0]:51820");
	is_str(wgc_str_get(&s), "'[fe80::1%eth0]:51820'");
	wgc_str_done(&s);
	wgc_str_add_shell(&s, "it's");
	is_str(wgc_str_get(&s), "'it'\\''s'");
}

int main(void)
{
	additions(false);
	additions(true);
	steal();
	out_of_memory();
	shell_words();
	shell_looks();
	return tap_done();
}
