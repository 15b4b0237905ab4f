// SPDX-License-Identifier: GPL-2.0
/* JSON text, written in one pass. */
#include <inttypes.h>
#include <string.h>

#include "base/base.h"

static void new_line(struct wgc_json *j)
{
	if (j->compact)
		return;
	wgc_str_addc(j->out, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		wgc_str_addn(j->out, "  ", 2);
}

/* What stands in front of a value or a key. Documents at the top are not separated. */
static void lead(struct wgc_json *j)
{
	if (j->keyed) {
		j->keyed = false;
		return;
	}
	if (!j->depth)
		return;
	if (j->comma)
		wgc_str_addc(j->out, ',');
	new_line(j);
}

static void open_with(struct wgc_json *j, char c)
{
	lead(j);
	wgc_str_addc(j->out, c);
	j->depth++;
	j->comma = false;
}

static void close_with(struct wgc_json *j, char c)
{
	j->depth--;
	if (j->comma)
		new_line(j);
	wgc_str_addc(j->out, c);
	j->comma = true;
}

void wgc_json_object(struct wgc_json *j)
{
	open_with(j, '{');
}

void wgc_json_object_end(struct wgc_json *j)
{
	close_with(j, '}');
}

void wgc_json_array(struct wgc_json *j)
{
	open_with(j, '[');
}

void wgc_json_array_end(struct wgc_json *j)
{
	close_with(j, ']');
}

/*
 * Bytes of the well-formed UTF-8 sequence at @s (RFC 3629: nothing overlong,
 * no surrogates, nothing past U+10FFFF), or 0. The NUL at the end stops it.
 */
static size_t utf8_len(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void add_escaped(struct wgc_str *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		wgc_str_addc(out, '\\');
		wgc_str_addc(out, (char)c);
		break;
	case '\n':
		wgc_str_addn(out, "\\n", 2);
		break;
	case '\r':
		wgc_str_addn(out, "\\r", 2);
		break;
	case '\t':
		wgc_str_addn(out, "\\t", 2);
		break;
	default:
		wgc_str_addf(out, "\\u%04x", c);
	}
}

static void add_string(struct wgc_str *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text, *plain = s;

	wgc_str_addc(out, '"');
	while (*s) {
		size_t n = utf8_len(s);
		/* DEL too: a terminal acts on it. */
		bool escape = *s < 0x20 || *s == 0x7f || *s == '"' || *s == '\\';

		if (n && !escape) {
			s += n;
			continue;
		}
		wgc_str_addn(out, (const char *)plain, (size_t)(s - plain));
		if (n)
			add_escaped(out, *s);
		else
			wgc_str_addn(out, "\xef\xbf\xbd", 3);
		plain = ++s;
	}
	wgc_str_addn(out, (const char *)plain, (size_t)(s - plain));
	wgc_str_addc(out, '"');
}

void wgc_json_key(struct wgc_json *j, const char *key)
{
	lead(j);
	add_string(j->out, key);
	wgc_str_add(j->out, j->compact ? ":" : ": ");
	j->keyed = true;
	j->comma = true;
}

void wgc_json_str(struct wgc_json *j, const char *s)
{
	if (!s) {
		wgc_json_null(j);
		return;
	}
	lead(j);
	add_string(j->out, s);
	j->comma = true;
}

void wgc_json_bytes(struct wgc_json *j, const char *s)
{
	const unsigned char *at = (const unsigned char *)s;

	for (size_t n; *at && (n = utf8_len(at)); at += n)
		;
	if (!*at) {
		wgc_json_str(j, s);
		return;
	}
	wgc_json_array(j);
	for (; *s; s++)
		wgc_json_uint(j, (unsigned char)*s);
	wgc_json_array_end(j);
}

void wgc_json_int(struct wgc_json *j, int64_t v)
{
	lead(j);
	wgc_str_addf(j->out, "%" PRId64, v);
	j->comma = true;
}

void wgc_json_uint(struct wgc_json *j, uint64_t v)
{
	lead(j);
	wgc_str_addf(j->out, "%" PRIu64, v);
	j->comma = true;
}

void wgc_json_bool(struct wgc_json *j, bool v)
{
	lead(j);
	wgc_str_add(j->out, v ? "true" : "false");
	j->comma = true;
}

void wgc_json_null(struct wgc_json *j)
{
	lead(j);
	wgc_str_addn(j->out, "null", 4);
	j->comma = true;
}
