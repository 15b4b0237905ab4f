// SPDX-License-Identifier: GPL-2.0
/*
 * No buffer that may have held a secret is given back with the secret in it.
 * This program's own free() looks into every block before it goes.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "unit/tap.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(SANITIZED) || !defined(__GLIBC__)

int main(void)
{
	/* A sanitizer has an allocator of its own, which cannot be replaced. */
	printf("1..0 # SKIP elsewhere: without the sanitizers, whose allocator this cannot replace\n");
	return 0;
}

#else

#define SECRET "S3cr3tS3cr3tS3cr3t"

void __libc_free(void *p);
void *__libc_realloc(void *p, size_t n);

static volatile int leaks, reallocs;

static void look(void *p, volatile int *count)
{
	if (p && memmem(p, malloc_usable_size(p), SECRET, strlen(SECRET)))
		(*count)++;
}

void free(void *p)
{
	look(p, &leaks);
	__libc_free(p);
}

void *realloc(void *p, size_t n)
{
	look(p, &reallocs);
	return __libc_realloc(p, n);
}

static void the_test_itself(void)
{
	char *volatile p = strdup(SECRET);

	free(p);
	is_int(leaks, 1);
	leaks = 0;
}

static void strings(void)
{
	struct wgc_str s = { .secret = true };

	for (int i = 0; i < 5000; i++)
		wgc_str_addf(&s, "key %d = %s\n", i, SECRET);
	ok(memmem(s.s, s.len, SECRET, strlen(SECRET)) != NULL);
	wgc_str_done(&s);
	is_int(leaks, 0);
	is_int(reallocs, 0);
}

static void of_a_library(void)
{
	wgc_wipe_free(NULL);
	wgc_wipe_free(strdup(SECRET));
	is_int(leaks, 0);
}

static void arenas(void)
{
	struct wgc_arena *a = wgc_arena_new();
	char (*v)[100] = NULL;
	size_t n = 0, cap = 0;

	/* Shared chunks, and an array that moves from chunk to chunk. */
	for (int i = 0; i < 5000; i++) {
		wgc_arena_strdup(a, SECRET);
		strcpy(wgc_arena_push(a, &v, &n, &cap, sizeof(*v)), SECRET);
	}
	wgc_arena_free(a);
	is_int(leaks, 0);
	is_int(reallocs, 0);
}

static void files(void)
{
	char *text = NULL;
	size_t len = 0;
	int fds[2];

	/* From a pipe, so that the size is not known and the buffer grows. */
	if (!ok(!pipe2(fds, O_CLOEXEC)))
		return;
	for (int i = 0; i < 2000; i++)
		wgc_write_all(fds[1], SECRET, strlen(SECRET));
	close(fds[1]);
	is_int(wgc_read_fd(fds[0], 1 << 20, &text, &len), 0);
	is_int(len, 2000 * strlen(SECRET));
	close(fds[0]);
	wgc_wipe(text, len);
	free(text);
	is_int(leaks, 0);

	/* Also when it is refused. */
	if (!ok(!pipe2(fds, O_CLOEXEC)))
		return;
	for (int i = 0; i < 1000; i++)
		wgc_write_all(fds[1], SECRET, strlen(SECRET));
	close(fds[1]);
	ok(wgc_read_fd(fds[0], 9000, &text, &len) < 0);
	close(fds[0]);
	is_int(leaks, 0);
	is_int(reallocs, 0);
}

int main(void)
{
	the_test_itself();
	strings();
	of_a_library();
	arenas();
	files();
	return tap_done();
}

#endif
