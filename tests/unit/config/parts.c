// SPDX-License-Identifier: GPL-2.0
/* The parts inside: sets, words, the key table against the schema. */
#include <jansson.h>
#include <stdlib.h>

#include "config/internal.h"
#include "unit/tap.h"

static void sets(void)
{
	struct wgc_set s;
	size_t first = 99, wrong = 0;

	wgc_set_init(&s, 0);
	for (uint64_t i = 0; i < 20000; i++)
		wrong += wgc_set_add(&s, &i, sizeof(i), i + 5, &first) != 1;
	is_int(wrong, 0);
	for (uint64_t i = 0; i < 20000; i++)
		wrong += wgc_set_add(&s, &i, sizeof(i), 1, &first) != 0 || first != i + 5;
	is_int(wrong, 0);
	is_int(s.n, 20000);
	wgc_set_done(&s);
}

static void plain(void)
{
	unsigned wrong = 0;

	/* Wherever it stands in a long one. */
	for (unsigned c = 1; c < 128; c++)
		for (size_t at = 0; at < 24; at++) {
			char text[25] = " ~ a text of 24 letters ~";

			text[at] = (char)c;
			wrong += wgc_text_plain(text, 24) != ((c >= 0x20 && c < 0x7f) || c == '\t');
		}
	ok(wrong == 0);
	ok(wgc_text_plain("a\tb \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 15));
	ok(wgc_text_plain("", 0));
	ok(!wgc_text_plain("\n", 1));
	ok(!wgc_text_plain("\x7f", 1));
	ok(!wgc_text_plain("\xc2\x9b", 2)); /* CSI */
	ok(!wgc_text_plain("\xc3", 1));
	ok(!wgc_text_plain("\xc0\x80", 2));	    /* overlong */
	ok(!wgc_text_plain("\xed\xa0\x80", 3));	    /* a surrogate */
	ok(!wgc_text_plain("\xf4\x90\x80\x80", 4)); /* beyond Unicode */
	ok(!wgc_text_plain("a\0b", 3));
}

static void argv_is(const char *text, const char *want)
{
	WGC_AUTO_FREE char *copy = strdup(text);
	WGC_AUTO_STR struct wgc_str s = { 0 };
	size_t pos = 0, len = strlen(text);
	struct wgc_word w = { 0 };
	int r;

	while ((r = wgc_argv_next(copy, len, &pos, &w)) > 0)
		wgc_str_addf(&s, "<%s>", w.s);
	if (r < 0)
		wgc_str_add(&s, "!");
	is_str(wgc_str_get(&s), want);
}

static void argv(void)
{
	argv_is("", "");
	argv_is("  a  b\t", "<a><b>");
	argv_is("a 'b c' \"d 'e\" f\\ g ''", "<a><b c><d 'e><f g><>");
	argv_is("a'b'\"c\"d", "<abcd>");
	argv_is("'\\' \"\\\\\\\"\"", "<\\><\\\">");
	argv_is("a#b # c", "<a#b>");
	argv_is("a '# b' #", "<a><# b>");
	argv_is("a \"b", "<a>!");
	argv_is("a\\", "<a\\>");
	is_int(wgc_argv_comment("a#b '#' \"#\" \\# # c", 18), 15);
	is_int(wgc_argv_comment("a", 1), 1);
	is_int(wgc_argv_comment("# a", 3), 0);
}

static void secret_lines(void)
{
	static const char *const secret[] = { "PrivateKey = x", "  private key=x", "\"private_key\": \"\"", "P r e sharedKey = x",
					      "x = 0123456789012345678901234567890123456789",
					      "PublicKey = 0123456789012345678901234567890123456789 0123456789012345678901234567890123456789" };
	static const char *const open[] = { "PublicKey = 0123456789012345678901234567890123456789", "PrivateKeyFile = /k",
					    "\"preshared_key_file\": \"/k\"", "PrivateKeyCommand = x", "Endpoint = a:1", "" };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(secret); i++)
		tap_ok(wgc_line_secret(secret[i], strlen(secret[i])), __FILE__, __LINE__, secret[i]);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(open); i++)
		tap_ok(!wgc_line_secret(open[i], strlen(open[i])), __FILE__, __LINE__, open[i]);
}

/* Every key is in the schema, and the schema has no other. */
static void schema(void)
{
	json_error_t error;
	json_t *root = json_load_file("wgctl/config/profile.schema.json", 0, &error), *defs;
	size_t n, known = 0;
	const struct wgc_key_info *k = wgc_config_keys(&n);

	ok(root != NULL);
	if (!root)
		return;
	defs = json_object_get(root, "$defs");
	for (size_t i = 0; i < n; i++) {
		json_t *section = json_object_get(json_object_get(defs, k[i].section[0] == 'P' ? "peer" : "interface"), "properties");

		tap_ok(json_object_get(section, k[i].json) != NULL, __FILE__, __LINE__, k[i].json);
		known++;
	}
	is_int(known, json_object_size(json_object_get(json_object_get(defs, "peer"), "properties")) +
			      json_object_size(json_object_get(json_object_get(defs, "interface"), "properties")));
	ok(!k[n].ini);
	json_decref(root);
}

static void format(void)
{
	is_int(wgc_config_format("/a/b.json"), WGC_FORMAT_JSON);
	is_int(wgc_config_format("b.JSON"), WGC_FORMAT_JSON);
	is_int(wgc_config_format("/a.json/b"), WGC_FORMAT_INI);
	is_int(wgc_config_format("json"), WGC_FORMAT_INI);
	is_int(wgc_config_format(""), WGC_FORMAT_INI);
	is_int(wgc_config_format(NULL), WGC_FORMAT_INI);
}

int main(void)
{
	sets();
	plain();
	argv();
	secret_lines();
	schema();
	format();
	return tap_done();
}
