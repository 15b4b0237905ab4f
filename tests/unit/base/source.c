// SPDX-License-Identifier: GPL-2.0
#include "base/base.h"
#include "unit/tap.h"

static bool line_is(const char *text, size_t len, uint32_t line, const char *want)
{
	struct wgc_source src = { .path = "x", .text = text, .len = len };
	const char *start = "untouched";
	size_t n = 99;

	if (!wgc_source_line(&src, line, &start, &n))
		return !want && n == 99 && !strcmp(start, "untouched");
	return want && n == strlen(want) && !memcmp(start, want, n);
}

int main(void)
{
	static const char two[] = "a\n\nccc\r\nlast";
	struct wgc_source none = { 0 };
	const char *start;
	size_t n;

	ok(line_is(two, sizeof(two) - 1, 0, NULL));
	ok(line_is(two, sizeof(two) - 1, 1, "a"));
	ok(line_is(two, sizeof(two) - 1, 2, ""));
	ok(line_is(two, sizeof(two) - 1, 3, "ccc"));
	ok(line_is(two, sizeof(two) - 1, 4, "last"));
	ok(line_is(two, sizeof(two) - 1, 5, NULL));
	ok(line_is(two, sizeof(two) - 1, UINT32_MAX, NULL));
	/* The length rules, not a NUL. */
	ok(line_is(two, 4, 3, "c"));
	ok(line_is(two, 2, 2, NULL));
	ok(line_is("", 0, 1, NULL));
	ok(line_is("\n", 1, 1, ""));
	ok(line_is("\n", 1, 2, NULL));
	ok(line_is("\r\n", 2, 1, ""));
	ok(!wgc_source_line(&none, 1, &start, &n));
	return tap_done();
}
