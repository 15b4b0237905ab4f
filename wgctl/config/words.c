// SPDX-License-Identifier: GPL-2.0
/* Words: blanks, text that may be kept, and the quotes of command lines. */
#include <errno.h>
#include <string.h>

#include "config/internal.h"

void wgc_word_squeeze(struct wgc_word *w)
{
	size_t n = strcspn(w->s, WGC_BLANKS);

	/* Nearly always: there are none. */
	if (n == w->len)
		return;
	for (size_t i = n; i < w->len; i++) {
		if (wgc_isspace(w->s[i]))
			continue;
		w->s[n++] = w->s[i];
	}
	if (n != w->len)
		w->exact = false;
	w->s[n] = '\0';
	w->len = n;
}

void wgc_word_trim(struct wgc_word *w)
{
	size_t lead = 0;

	while (w->len && wgc_isspace(w->s[w->len - 1]))
		w->s[--w->len] = '\0';
	while (lead < w->len && wgc_isspace(w->s[lead]))
		lead++;
	if (w->exact)
		w->at = wgc_word_at(w, lead, w->len - lead);
	w->s += lead;
	w->len -= lead;
}

bool wgc_text_plain(const char *s, size_t len)
{
	static const uint64_t ones = UINT64_MAX / 0xff;
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		uint64_t eight;
		uint32_t c;

		/* Nearly always: neither below ' ' nor above '~', eight at once. */
		if (end - p >= 8) {
			memcpy(&eight, p, 8);
			if (!(((eight - ones * 0x20) | (eight + ones) | eight) & ones * 0x80)) {
				p += 8;
				continue;
			}
		}
		c = *p++;
		if (c >= 0x20 && c < 0x7f)
			continue;
		unsigned more = c < 0x80 ? 0 : (c & 0xe0) == 0xc0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : (c & 0xf8) == 0xf0 ? 3 : 4;
		static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

		if (more == 4 || (size_t)(end - p) < more)
			return false;
		if (more)
			c &= 0x3fu >> more;
		for (unsigned i = 0; i < more; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*p & 0x3f);
		}
		if (c < least[more] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
			return false;
		if ((c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0))
			return false;
	}
	return true;
}

int wgc_argv_next(char *s, size_t len, size_t *pos, struct wgc_word *ret)
{
	size_t i = *pos, out, start;
	char quote = 0;

	while (i < len && wgc_isspace(s[i]))
		i++;
	if (i >= len || s[i] == '#')
		return 0;
	start = out = i;
	ret->exact = true;
	for (; i < len && (quote || !wgc_isspace(s[i])); i++) {
		char c = s[i];

		if (quote && c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else {
			if (c == '\\' && quote != '\'' && i + 1 < len)
				c = s[++i];
			s[out++] = c;
			continue;
		}
		ret->exact = false;
	}
	if (quote)
		return -EINVAL;
	ret->exact = ret->exact && out == i;
	/* The blank or the end behind the word. */
	*pos = i < len ? i + 1 : i;
	s[out] = '\0';
	ret->s = s + start;
	ret->len = out - start;
	ret->at = wgc_at(0, start, i - start);
	return 1;
}

size_t wgc_argv_comment(const char *s, size_t len)
{
	char quote = 0;
	bool at_start = true;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (!quote && at_start && c == '#')
			return i;
		at_start = !quote && wgc_isspace(c);
		if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (c == '\\' && quote != '\'')
			i++;
	}
	return len;
}

void wgc_argv_add(struct wgc_str *out, const char *word)
{
	bool plain = *word && *word != '#';

	for (const char *p = word; *p && plain; p++)
		plain = !wgc_isspace(*p) && *p != '\'' && *p != '"' && *p != '\\';
	if (plain) {
		wgc_str_add(out, word);
		return;
	}
	wgc_str_addc(out, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			wgc_str_addc(out, '\\');
		wgc_str_addc(out, *word);
	}
	wgc_str_addc(out, '"');
}
