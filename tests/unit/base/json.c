// SPDX-License-Identifier: GPL-2.0
#include <jansson.h>

#include "base/base.h"
#include "unit/tap.h"

static void document(struct wgc_json *j)
{
	wgc_json_object(j);
	wgc_json_key(j, "name");
	wgc_json_str(j, "office");
	wgc_json_key(j, "none");
	wgc_json_str(j, NULL);
	wgc_json_key(j, "empty");
	wgc_json_object(j);
	wgc_json_object_end(j);
	wgc_json_key(j, "peers");
	wgc_json_array(j);
	wgc_json_object(j);
	wgc_json_key(j, "rx");
	wgc_json_uint(j, UINT64_MAX);
	wgc_json_key(j, "delta");
	wgc_json_int(j, INT64_MIN);
	wgc_json_object_end(j);
	wgc_json_array(j);
	wgc_json_array_end(j);
	wgc_json_bool(j, true);
	wgc_json_bool(j, false);
	wgc_json_null(j);
	wgc_json_array_end(j);
	wgc_json_key(j, "last");
	wgc_json_int(j, -1);
	wgc_json_object_end(j);
}

static void layout(void)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	struct wgc_json pretty = { .out = &s }, compact = { .out = &s, .compact = true };

	document(&pretty);
	is_str(wgc_str_get(&s), "{\n"
				"  \"name\": \"office\",\n"
				"  \"none\": null,\n"
				"  \"empty\": {},\n"
				"  \"peers\": [\n"
				"    {\n"
				"      \"rx\": 18446744073709551615,\n"
				"      \"delta\": -9223372036854775808\n"
				"    },\n"
				"    [],\n"
				"    true,\n"
				"    false,\n"
				"    null\n"
				"  ],\n"
				"  \"last\": -1\n"
				"}");
	is_int(pretty.depth, 0);
	wgc_str_done(&s);
	document(&compact);
	is_str(wgc_str_get(&s), "{\"name\":\"office\",\"none\":null,\"empty\":{},\"peers\":[{\"rx\":18446744073709551615,"
				"\"delta\":-9223372036854775808},[],true,false,null],\"last\":-1}");
	/* Documents one after another, as an event stream has them: no comma between. */
	wgc_str_done(&s);
	for (int i = 0; i < 2; i++) {
		wgc_json_array(&compact);
		wgc_json_int(&compact, i);
		wgc_json_int(&compact, i);
		wgc_json_array_end(&compact);
		wgc_str_addc(&s, '\n');
	}
	is_str(wgc_str_get(&s), "[0,0]\n[1,1]\n");
}

static bool written_as(const char *in, const char *want)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	struct wgc_json j = { .out = &s, .compact = true };

	wgc_json_str(&j, in);
	if (strcmp(wgc_str_get(&s), want))
		printf("#  got: %s\n# want: %s\n", wgc_str_get(&s), want);
	return !strcmp(wgc_str_get(&s), want);
}

#define R "\xef\xbf\xbd"

static void strings(void)
{
	ok(written_as("", "\"\""));
	ok(written_as("a\"b\\c/d", "\"a\\\"b\\\\c/d\""));
	ok(written_as("\n\r\t\b\x1b\x7f", "\"\\n\\r\\t\\u0008\\u001b\\u007f\""));
	ok(written_as("é€😀", "\"é€😀\""));
	ok(written_as("\xff", "\"" R "\""));
	ok(written_as("a\xc3", "\"a" R "\""));		       /* cut off */
	ok(written_as("\xe2\x82", "\"" R R "\""));
	ok(written_as("\xc0\x80", "\"" R R "\""));	       /* overlong NUL */
	ok(written_as("\xe0\x80\xaf", "\"" R R R "\""));       /* overlong slash */
	ok(written_as("\xed\xa0\x80", "\"" R R R "\""));       /* surrogate */
	ok(written_as("\xf4\x90\x80\x80", "\"" R R R R "\"")); /* past U+10FFFF */
	ok(written_as("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""));
	ok(written_as("\xc3(x", "\"" R "(x\""));
	ok(written_as("\xe2\x82\"", "\"" R R "\\\"\""));
}

/* Whatever the bytes, a strict parser takes the text and finds them again if they were UTF-8. */
static void any_bytes(void)
{
	bool parsed = true, kept = true;
	uint32_t x = 1;

	for (int round = 0; round < 20000; round++) {
		WGC_AUTO_STR struct wgc_str s = { 0 };
		struct wgc_json j = { .out = &s, .compact = round % 2 };
		char text[9] = "";
		json_t *doc, *plain;

		for (int i = 0; i < 8; i++) {
			x = x * 1664525 + 1013904223;
			text[i] = (char)(x >> 24);
		}
		wgc_json_object(&j);
		wgc_json_key(&j, text);
		wgc_json_array(&j);
		wgc_json_str(&j, text);
		wgc_json_array_end(&j);
		wgc_json_object_end(&j);
		doc = json_loads(wgc_str_get(&s), JSON_REJECT_DUPLICATES, NULL);
		parsed &= doc != NULL;
		plain = json_string(text); /* NULL when it is no UTF-8 */
		if (plain)
			kept &= json_equal(plain, json_array_get(json_object_get(doc, text), 0));
		json_decref(plain);
		json_decref(doc);
	}
	ok(parsed);
	ok(kept);
}

int main(void)
{
	layout();
	strings();
	any_bytes();
	return tap_done();
}
