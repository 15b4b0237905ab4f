// SPDX-License-Identifier: GPL-2.0
/* Numbers and words, ASCII whatever the locale, and "did you mean". */
#include <errno.h>
#include <string.h>

#include "base/base.h"

int wgc_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	bool over = false;

	if (!*s)
		return -EINVAL;
	/* To the end even when too large: what is no number is not "out of range". */
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		over |= __builtin_mul_overflow(v, (uint64_t)10, &v);
		over |= __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v);
	}
	if (over || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool wgc_streq_nocase(const char *a, const char *b)
{
	for (; *a && lower(*a) == lower(*b); a++, b++)
		;
	return lower(*a) == lower(*b);
}

/* Longer than any word of ours; bounds the work on hostile input. */
#define WORD_MAX 64

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Edits between two words: insert, delete, replace, or swap two neighbours,
 * each 1. Three rows of the usual table are enough.
 */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= m; j++)
		last[j] = j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			row[j] = min2(min2(last[j], row[j - 1]) + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
				row[j] = min2(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[m];
}

const char *wgc_nearest(const char *word, const char *const *words)
{
	size_t n = strlen(word), best;
	const char *found = NULL;

	if (!n || n > WORD_MAX)
		return NULL;
	/* Two slips in a long word are a slip; in a short one, another word. */
	best = n <= 4 ? 1 : n <= 7 ? 2 : 3;
	/* One letter has nothing left in common after one edit. */
	if (n == 1)
		best = 0;
	best++;
	for (; *words; words++) {
		size_t m = strlen(*words), d;

		if (m > WORD_MAX)
			continue;
		d = distance(word, n, *words, m);
		if (d < best) {
			best = d;
			found = *words;
		}
	}
	return found;
}
