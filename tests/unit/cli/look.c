// SPDX-License-Identifier: GPL-2.0
/* How findings, plans and failures look, and what they never show. */
#include "cli/cli.h"

#include <errno.h>

#include "unit/tap.h"

#define good(cond, what) tap_ok((cond), __FILE__, __LINE__, (what))
#define text_is(got, want, what) tap_str((got), (want), __FILE__, __LINE__, (what))

#define KEY "4Gtz0mVk1sGdZ1n2Q0TzUO3cR8mGz2xK5mZp8tq3e0I="

static char shown[8192];

/* A finding about one line of @text, as text. */
static const char *diag(const char *text, struct wgc_span at, bool secret, bool show_secrets)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_ui ui = { .program = "wgctl", .show_secrets = show_secrets };
	struct wgc_source src = { .path = "a.conf", .text = text, .len = strlen(text) };
	struct wgc_diags d = { 0 };
	struct wgc_diag *one = wgc_diag_add(&d, false, at, NULL, "odd");

	one->secret = secret;
	wgc_add_diag(&ui, &out, false, &src, one);
	snprintf(shown, sizeof(shown), "%s", wgc_str_get(&out));
	wgc_diags_done(&d);
	return shown;
}

static void carets(void)
{
	char text[400];

	text_is(diag("[Interface]\nMTU = 9x\n", (struct wgc_span){ 2, 7, 2 }, false, false),
		"a.conf:2:7: error: odd\n    2 | MTU = 9x\n      |       ^~\n", "a caret under the word");
	text_is(diag("\tMTU\t= 9\r\n", (struct wgc_span){ 1, 8, 1 }, false, false),
		"a.conf:1:8: error: odd\n    1 | \tMTU\t= 9\n      | \t   \t  ^\n", "tabs stay tabs; CR goes");
	text_is(diag("Name = \xc3\xa4\xc3\xb6 x", (struct wgc_span){ 1, 13, 1 }, false, false),
		"a.conf:1:13: error: odd\n    1 | Name = \xc3\xa4\xc3\xb6 x\n      |           ^\n", "columns are characters on the screen");
	text_is(diag("MTU = \033[2J\xc2\x9b", (struct wgc_span){ 1, 1, 3 }, false, false),
		"a.conf:1:1: error: odd\n    1 | MTU = ?[2J?\n      | ^~~\n", "controls are not passed on");
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? ',' : 'a';
	memcpy(text + 300, "BAD", 3);
	text[sizeof(text) - 1] = '\0';
	diag(text, (struct wgc_span){ 1, 301, 3 }, false, false);
	good(strstr(shown, "| ...a,a") && strstr(shown, "BAD") && strlen(shown) < 320, "a long line is a window");
	{
		const char *bad = strstr(shown, "BAD"), *caret = strstr(shown, "^~~");
		const char *line = strstr(shown, "    1 | "), *under = strstr(shown, "      | ");

		good(bad && caret && line && under && bad - line == caret - under, "with the caret in the right column");
	}
	text_is(diag("x\n", (struct wgc_span){ 9, 1, 1 }, false, false), "a.conf:9:1: error: odd\n", "a line that is not there");
}

static void secrets(void)
{
	static const char *const lines[] = {
		"PrivateKey = " KEY, "Private Key=" KEY, "PrivatKey = " KEY, "presharedkey = short", KEY, "  " KEY,
		"Address = " KEY, "{\"private_key\": \"" KEY "\", \"x\": 1}", "\"preshared_key\": \"" KEY "\"", "x" KEY " = 1",
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(lines); i++) {
		diag(lines[i], (struct wgc_span){ 1, 1, 3 }, false, false);
		good(strstr(shown, "(hidden)") && !strstr(shown, "Vk1s") && !strstr(shown, "short"), lines[i]);
	}
	text_is(diag("PrivateKey = " KEY, (struct wgc_span){ 1, 14, 44 }, true, false),
		"a.conf:1:14: error: odd\n    1 | PrivateKey = (hidden)\n", "the name stays");
	good(strstr(diag("PublicKey = " KEY, (struct wgc_span){ 1, 13, 44 }, false, false), KEY), "a public key is shown");
	good(!strstr(diag("PublicKey = " KEY, (struct wgc_span){ 1, 13, 44 }, true, false), KEY), "unless it is marked");
	good(strstr(diag("PrivateKey = " KEY, (struct wgc_span){ 1, 14, 44 }, true, true), KEY), "--show-secrets shows");
}

static void exits(void)
{
	static const struct {
		enum wgc_code code;
		int sys;
		int want;
	} row[] = {
		{ WGC_E_USAGE, 0, 2 },	       { WGC_E_CONFIG, 0, 5 },	  { WGC_E_PERM, 0, 4 },	    { WGC_E_NOT_UP, ENOENT, 3 },
		{ WGC_E_NOT_FOUND, ENOENT, 1 }, { WGC_E_EXISTS, EEXIST, 1 }, { WGC_E_KERNEL, EPERM, 4 }, { WGC_E_KERNEL, EADDRINUSE, 1 },
		{ WGC_E_IO, EACCES, 4 },	       { WGC_E_HOOK, 0, 1 },	  { WGC_E_CANCELLED, 0, 130 }, { WGC_E_INTERNAL, ENOMEM, 1 },
		{ WGC_E_UNSUPPORTED, 0, 1 },
	};
	struct wgc_run failed = { .undo_failed = 1 };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(row); i++) {
		struct wgc_err err = WGC_ERR_INIT;
		char what[64];

		wgc_err_set(&err, row[i].code, row[i].sys, "x");
		snprintf(what, sizeof(what), "code %d, errno %d: exit %d", row[i].code, row[i].sys, row[i].want);
		good((int)wgc_exit_of(&err, NULL) == row[i].want && wgc_exit_of(&err, &failed) == WGC_EXIT_INCOMPLETE, what);
	}
	{
		struct wgc_err err = WGC_ERR_INIT;

		wgc_err_set(&err, WGC_E_UNSUPPORTED, 0, "x");
		err.at.line = 3;
		good(wgc_exit_of(&err, NULL) == WGC_EXIT_INVALID, "a key that is not supported: exit 5");
	}
}

static void plans(void)
{
	static const struct wgc_step_view v[] = {
		{ .index = 1, .total = 2, .word = "link.create", .sign = '+', .text = "office type wireguard",
		  .equivalent = "ip link add office type wireguard", .undo = "delete" },
		{ .index = 2, .total = 2, .word = "hook.run", .sign = '!', .text = "PostUp 'x\033'", .undo = "none" },
	};
	struct wgc_ui ui = { .program = "wgctl" };
	WGC_AUTO_STR struct wgc_str out = { 0 };
	WGC_AUTO_STR struct wgc_str doc = { 0 };
	struct wgc_json j = { .out = &doc, .compact = true };
	struct wgc_steps s;

	wgc_steps_init(&s, &ui, true, 0);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++)
		s.run.on_step(s.run.ctx, &v[i]);
	wgc_steps_add_text(&s, "office", false, &out);
	text_is(wgc_str_get(&out),
		"wgctl: plan for 'office' (2 steps, nothing changed)\n"
		"  1 + link.create  office type wireguard  # ip link add office type wireguard  | undo: delete\n"
		"  2 ! hook.run     PostUp 'x?'                                                 | undo: none\n", "a plan as a table");
	wgc_steps_json(&s, &j);
	good(strstr(wgc_str_get(&doc), "\"hook.run\"") && strstr(wgc_str_get(&doc), "null"), "and as JSON");
	wgc_steps_done(&s);
}

static void numbers(void)
{
	static const struct {
		int64_t n;
		const char *text;
	} span[] = { { 0, "0 s" }, { 59, "59 s" }, { 61, "1 min 1 s" }, { 3600, "1 h" }, { 3605, "1 h 5 s" }, { 90061, "1 d 1 h" }, { -5, "0 s" } };
	char when[32];

	for (size_t i = 0; i < WGC_ARRAY_SIZE(span); i++) {
		WGC_AUTO_STR struct wgc_str out = { 0 };

		wgc_add_duration(&out, span[i].n);
		text_is(wgc_str_get(&out), span[i].text, span[i].text);
	}
	{
		WGC_AUTO_STR struct wgc_str out = { 0 };

		wgc_add_bytes(&out, 1023);
		wgc_str_addc(&out, ' ');
		wgc_add_bytes(&out, 1536);
		wgc_str_addc(&out, ' ');
		wgc_add_bytes(&out, UINT64_C(3) << 50);
		text_is(wgc_str_get(&out), "1023 B 1.50 KiB 3072.00 TiB", "bytes");
	}
	wgc_time_text(1700000000, when);
	text_is(when, "2023-11-14T22:13:20Z", "time");
}

int main(void)
{
	carets();
	secrets();
	exits();
	plans();
	numbers();
	return tap_done();
}
