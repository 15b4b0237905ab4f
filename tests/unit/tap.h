/* SPDX-License-Identifier: GPL-2.0 */
/* A unit test in TAP: ok() and friends in any order, `return tap_done();` at
 * the end of main. A failure prints where it is and goes on. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_failed;

static inline bool tap_ok(bool good, const char *file, int line, const char *what)
{
	tap_n++;
	if (!good)
		tap_failed++;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_n, what);
	if (!good)
		printf("# at %s:%d\n", file, line);
	return good;
}

static inline bool tap_str(const char *got, const char *want, const char *file, int line, const char *what)
{
	bool good = got == want || (got && want && !strcmp(got, want));

	tap_ok(good, file, line, what);
	if (!good)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want ? want : "(null)");
	return good;
}

static inline bool tap_int(long long got, long long want, const char *file, int line, const char *what)
{
	tap_ok(got == want, file, line, what);
	if (got != want)
		printf("#  got: %lld\n# want: %lld\n", got, want);
	return got == want;
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed || !tap_n;
}

#define ok(cond) tap_ok((cond), __FILE__, __LINE__, #cond)
#define is_str(got, want) tap_str((got), (want), __FILE__, __LINE__, #got " is " #want)
#define is_int(got, want) tap_int((long long)(got), (long long)(want), __FILE__, __LINE__, #got " is " #want)

#endif
