/* SPDX-License-Identifier: GPL-2.0 */
/* What the property tests of plan compare: the model of a machine, as text. */
#ifndef COMPARE_H
#define COMPARE_H

#include <stdio.h>
#include <string.h>

#include "fake/kernel.h"

/* Equal, or the first lines that differ are shown. */
static inline bool same(const char *a, const char *b)
{
	const char *x = a, *y = b;

	if (!strcmp(a, b))
		return true;
	for (; *a && *a == *b; a++, b++)
		if (*a == '\n') {
			x = a + 1;
			y = b + 1;
		}
	printf("#   have: %.*s\n#   want: %.*s\n", (int)strcspn(x, "\n"), x, (int)strcspn(y, "\n"), y);
	return false;
}

/* The machine but for the journals, which hold times and numbers of links. */
static inline char *without_journals(struct fake *f)
{
	char *s = fake_snapshot(f), *run = strstr(s, "\nfile run ");

	if (run)
		run[1] = 0;
	return s;
}

#endif
