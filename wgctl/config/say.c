// SPDX-License-Identifier: GPL-2.0
/* Findings, their places, and keeping secrets out of them. */
#include <string.h>

#include "config/internal.h"

/* A file of another kind has as many errors as lines; nobody reads them all. */
#define MAX_SHOWN 1000

struct wgc_span wgc_at(uint32_t line, size_t offset, size_t len)
{
	struct wgc_span at = { .line = line };

	/* 0: somewhere in the line. A wrong column would be worse than none. */
	if (offset < UINT16_MAX) {
		at.col = (uint16_t)(offset + 1);
		at.len = len < UINT16_MAX ? (uint16_t)len : UINT16_MAX;
	}
	return at;
}

struct wgc_span wgc_word_at(const struct wgc_word *w, size_t offset, size_t len)
{
	if (!w->exact || !w->at.col)
		return w->at;
	return wgc_at(w->at.line, w->at.col - 1u + offset, len);
}

/* 40 characters of base64 or hex in a row may be most of a key. */
static size_t count_keys(const char *s, size_t len)
{
	size_t run = 0, keys = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		bool in = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';

		run = in ? run + 1 : 0;
		keys += run == 40;
	}
	return keys;
}

/* The first letters of a line that are no blank, quote, hyphen or underscore, in lower case. */
static bool starts_like(const char *s, size_t len, const char *name)
{
	for (size_t i = 0; i < len && *name; i++) {
		char c = s[i];

		if (wgc_isspace(c) || c == '"' || c == '_' || c == '-' || c == '{' || c == ',')
			continue;
		if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != *name)
			return false;
		name++;
	}
	return !*name;
}

/* "private" or "preshared" anywhere, but for the keys that name a file or a command. */
static bool names_secret(const char *s, size_t len)
{
	static const char *const words[] = { "private", "preshared" };

	for (size_t i = 0; i < len; i++) {
		size_t rest;

		if ((s[i] | 0x20) != 'p')
			continue;
		rest = len - i;
		for (size_t w = 0; w < WGC_ARRAY_SIZE(words); w++) {
			char full[32];

			if (!starts_like(s + i, rest, words[w]))
				continue;
			snprintf(full, sizeof(full), "%skeyfile", words[w]);
			if (starts_like(s + i, rest, full))
				continue;
			snprintf(full, sizeof(full), "%skeycommand", words[w]);
			if (starts_like(s + i, rest, full))
				continue;
			return true;
		}
	}
	return false;
}

bool wgc_line_secret(const char *s, size_t len)
{
	size_t keys;

	if (names_secret(s, len))
		return true;
	keys = count_keys(s, len);
	return keys > 1 || (keys == 1 && !starts_like(s, len, "publickey"));
}

bool wgc_like_key(const char *s, size_t len)
{
	return count_keys(s, len) != 0;
}

bool wgc_quotable(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 60 && wgc_text_plain(s, len) && !memchr(s, '\t', len) && !wgc_like_key(s, len);
}

/* The line of a finding. Findings come in order for the most part: look on from the last one. */
bool wgc_line_secret_at(struct wgc_parse *c, uint32_t line)
{
	struct wgc_source rest;
	const char *start;
	size_t len;

	if (!line || !c->text)
		return false;
	if (!c->cached_line || line < c->cached_line) {
		c->cached_line = 1;
		c->cached_offset = 0;
	}
	rest = (struct wgc_source){ .text = c->text + c->cached_offset, .len = c->len - c->cached_offset };
	if (!wgc_source_line(&rest, line - c->cached_line + 1, &start, &len))
		return false;
	c->cached_line = line;
	c->cached_offset = (size_t)(start - c->text);
	return wgc_line_secret(start, len);
}

bool wgc_full(const struct wgc_parse *c)
{
	return c->diags->n - c->first_diag >= MAX_SHOWN;
}

struct wgc_diag *wgc_say(struct wgc_parse *c, bool warning, struct wgc_span at, const char *hint, const char *fmt, ...)
{
	struct wgc_diag *d;
	char text[512];
	va_list ap;

	if (wgc_full(c)) {
		/* Counted all the same: the file is refused. */
		if (warning)
			c->diags->warnings++;
		else
			c->diags->errors++;
		c->unshown++;
		return NULL;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d = wgc_diag_add(c->diags, warning, at, hint, "%s", text);
	if (d)
		d->secret = (c->key && c->key->secret) || wgc_line_secret_at(c, at.line);
	else
		c->oom = true;
	return d;
}

void wgc_bad_word(struct wgc_parse *c, const struct wgc_word *w, const char *hint, const char *what)
{
	if (wgc_quotable(w->s))
		wgc_bad(c, w->at, hint, "'%s' %s", w->s, what);
	else
		wgc_bad(c, w->at, hint, "this %s", what);
}
