// SPDX-License-Identifier: GPL-2.0
/*
 * The marks that an nft ruleset knows, from its listing. Not a parser of that
 * language: it looks for the word "mark" and at what stands behind it, where
 * the listing has few forms:
 *
 *   meta mark 0x1 / != 0x1 / { 0x1, 0x2 } / & 0xff == 0x1 / and 0xff == 0x1
 *   meta mark set 0x1 / ct mark | 0x4000 / mark and 0xff xor 0x4000
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "routes/internal.h"

struct words {
	const char *at, *end; /* the rest of a line */
};

/* The next word; false at the end of the line. */
static bool next(struct words *w, const char **ret, size_t *ret_n)
{
	static const char apart[] = " \t,{}:;";

	while (w->at < w->end && strchr(apart, *w->at))
		w->at++;
	*ret = w->at;
	while (w->at < w->end && !strchr(apart, *w->at))
		w->at++;
	*ret_n = (size_t)(w->at - *ret);
	return *ret_n;
}

static bool is(const char *word, size_t n, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == n && !memcmp(word, *list, n))
			return true;
	return false;
}

static bool number(const char *word, size_t n, uint32_t *ret)
{
	char text[24], *end;
	unsigned long v;

	if (n >= sizeof(text) || word[0] < '0' || word[0] > '9')
		return false;
	memcpy(text, word, n);
	text[n] = 0;
	v = strtoul(text, &end, 0);
	/* A range is known by its first number, which is as good as any. */
	if ((*end && *end != '-') || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

struct found {
	struct wgc_arena *a;
	struct wgc_mark_use **v;
	size_t *n, *cap, max;
};

static int keep(struct found *f, uint32_t value, uint32_t mask)
{
	struct wgc_mark_use *slot;

	if (!value || *f->n >= f->max)
		return 0;
	for (size_t i = 0; i < *f->n; i++)
		if ((*f->v)[i].value == value && (*f->v)[i].mask == mask && !(*f->v)[i].around)
			return 0;
	slot = wgc_arena_push(f->a, f->v, f->n, f->cap, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = (struct wgc_mark_use){ value, mask, 0 };
	return 0;
}

/* What follows "mark", to the first word that cannot belong to it. */
static int after_mark(struct found *f, struct words *w)
{
	static const char *const and_words[] = { "&", "and", NULL }, *const or_words[] = { "|", "or", "^", "xor", NULL };
	static const char *const same_words[] = { "==", "!=", "meta", "ct", "mark", "vmap", NULL }, *const set_words[] = { "set", NULL };
	static const char *const next_words[] = { "meta", "ct", NULL };
	uint32_t mask = UINT32_MAX, v;
	bool set = false, masking = false, counted = false;
	struct words before = *w;
	const char *word;
	size_t n;
	int r = 0;

	while (r == 0 && next(w, &word, &n)) {
		if (counted && is(word, n, next_words)) {
			*w = before;
			return 0;
		}
		if (is(word, n, set_words)) {
			set = true;
		} else if (is(word, n, and_words)) {
			masking = true;
		} else if (is(word, n, or_words) || is(word, n, same_words)) {
			masking = false;
		} else if (!number(word, n, &v)) {
			*w = before;
			return 0;
		} else if (masking) {
			/* Bits that are kept are not bits that are set. */
			mask = v;
		} else {
			r = keep(f, v, set ? 0 : mask);
			counted = true;
		}
		before = *w;
	}
	return r;
}

int wgc_routes_marks_of_nft(const char *listing, struct wgc_arena *a, struct wgc_mark_use **v, size_t *n, size_t *cap,
			    size_t max)
{
	static const char *const mark[] = { "mark", NULL };
	static const char ours[] = "table inet wgctl-";
	struct found f = { a, v, n, cap, *n + max };
	bool skip = false;
	int r = 0;

	for (const char *line = listing, *end; r == 0 && *line; line = *end ? end + 1 : end) {
		struct words w;
		const char *word;
		size_t len;

		end = strchrnul(line, '\n');
		if (!strncmp(line, "table ", 6))
			skip = !strncmp(line, ours, sizeof(ours) - 1);
		w = (struct words){ line, end };
		while (!skip && r == 0 && next(&w, &word, &len))
			if (is(word, len, mark))
				r = after_mark(&f, &w);
	}
	return r;
}
