// SPDX-License-Identifier: GPL-2.0
/* Growing strings that remember a failed allocation instead of reporting it. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static void release(struct wgc_str *s)
{
	if (s->secret && s->s)
		wgc_wipe(s->s, s->cap);
	free(s->s);
	s->s = NULL;
	s->len = s->cap = 0;
}

/* Room for @more bytes and the NUL. */
static bool reserve(struct wgc_str *s, size_t more)
{
	size_t need, cap;
	char *grown;

	if (s->oom)
		return false;
	if (more < s->cap - s->len)
		return true;
	if (more > SIZE_MAX / 4 - s->len)
		goto fail;
	need = s->len + more + 1;
	cap = s->cap ? 2 * s->cap : 64;
	if (cap < need)
		cap = need;
	if (!s->secret) {
		grown = realloc(s->s, cap);
		if (!grown)
			goto fail;
	} else {
		/* realloc would leave an unwiped copy behind when it moves. */
		size_t len = s->len;

		grown = malloc(cap);
		if (!grown)
			goto fail;
		if (len)
			memcpy(grown, s->s, len);
		release(s);
		s->len = len;
	}
	s->s = grown;
	s->cap = cap;
	s->s[s->len] = '\0';
	return true;
fail:
	s->oom = true;
	return false;
}

void wgc_str_addn(struct wgc_str *s, const char *bytes, size_t n)
{
	if (!reserve(s, n))
		return;
	if (n)
		memcpy(s->s + s->len, bytes, n);
	s->len += n;
	s->s[s->len] = '\0';
}

void wgc_str_add(struct wgc_str *s, const char *text)
{
	wgc_str_addn(s, text, strlen(text));
}

void wgc_str_addc(struct wgc_str *s, char c)
{
	wgc_str_addn(s, &c, 1);
}

void wgc_str_addf(struct wgc_str *s, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	/* Usually the first guess is enough, and the text is formatted once. */
	if (!reserve(s, 48))
		return;
	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(s->s + s->len, s->cap - s->len, fmt, ap);
	if (n < 0) {
		s->oom = true;
		s->s[s->len] = '\0';
	} else if ((size_t)n < s->cap - s->len) {
		s->len += (size_t)n;
	} else if (reserve(s, (size_t)n)) {
		vsnprintf(s->s + s->len, s->cap - s->len, fmt, again);
		s->len += (size_t)n;
	} else {
		s->s[s->len] = '\0';
	}
	va_end(again);
	va_end(ap);
}

/* Characters that mean nothing to any POSIX shell inside an argument. */
static bool shell_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_-+=:,./@%", c));
}

void wgc_str_add_shell(struct wgc_str *s, const char *text)
{
	const char *p = text;

	while (shell_plain(*p))
		p++;
	if (*text && !*p) {
		wgc_str_add(s, text);
		return;
	}
	wgc_str_addc(s, '\'');
	for (;;) {
		size_t run = strcspn(text, "'");

		wgc_str_addn(s, text, run);
		text += run;
		if (!*text)
			break;
		wgc_str_add(s, "'\\''");
		text++;
	}
	wgc_str_addc(s, '\'');
}

const char *wgc_str_get(const struct wgc_str *s)
{
	return s->s ? s->s : "";
}

char *wgc_str_steal(struct wgc_str *s)
{
	char *text;

	wgc_str_addn(s, "", 0);
	if (s->oom) {
		wgc_str_done(s);
		return NULL;
	}
	text = WGC_TAKE(s->s);
	s->len = s->cap = 0;
	return text;
}

void wgc_str_done(struct wgc_str *s)
{
	release(s);
	s->oom = false;
}
