// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "base/base.h"
#include "unit/tap.h"

static bool all(const void *p, size_t n, unsigned char c)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i] != c)
			return false;
	return true;
}

/* Blocks of every kind of size: aligned, zero, and none over another. */
static void blocks(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 4096, 16383, 16384, 16385, 65535, 65536, 65537, 1000000 };
	struct {
		unsigned char *p;
		size_t n;
		unsigned char c;
	} made[20 * WGC_ARRAY_SIZE(sizes)];
	struct wgc_arena *a = wgc_arena_new();
	bool aligned = true, zero = true, kept = true;
	size_t n = 0;

	if (!ok(a != NULL))
		return;
	is_int(wgc_arena_size(a), 0);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < WGC_ARRAY_SIZE(sizes); i++, n++) {
			made[n].n = sizes[i];
			made[n].c = (unsigned char)(n % 255 + 1);
			made[n].p = wgc_arena_alloc(a, sizes[i]);
			if (!made[n].p) {
				ok(!"allocated");
				return;
			}
			aligned &= (uintptr_t)made[n].p % 16 == 0;
			zero &= all(made[n].p, made[n].n, 0);
			memset(made[n].p, made[n].c, made[n].n);
		}
	}
	for (size_t i = 0; i < n; i++)
		kept &= all(made[i].p, made[i].n, made[i].c);
	ok(aligned);
	ok(zero);
	ok(kept);
	ok(wgc_arena_alloc(a, 0) != wgc_arena_alloc(a, 0));
	ok(!wgc_arena_alloc(a, SIZE_MAX));
	ok(!wgc_arena_alloc(a, SIZE_MAX - 15));
	ok(!wgc_arena_alloc(a, SIZE_MAX / 2 + 1));
	ok(wgc_arena_free(a) == NULL);
	ok(wgc_arena_free(NULL) == NULL);
}

/* From any size to any size, with and without something behind the block. */
static void grow(void)
{
	static const size_t sizes[] = { 1, 8, 16, 17, 48, 5000, 16384, 16385, 40000, 70000, 200000 };
	struct wgc_arena *a = wgc_arena_new();
	bool good = true;

	for (size_t i = 0; a && i < WGC_ARRAY_SIZE(sizes); i++) {
		for (size_t j = i; j < WGC_ARRAY_SIZE(sizes); j++) {
			for (int behind = 0; behind < 2; behind++) {
				size_t from = sizes[i], to = sizes[j];
				unsigned char *p = wgc_arena_grow(a, NULL, 0, from), *q, *other = NULL;

				good &= p && all(p, from, 0);
				memset(p, 0xaa, from);
				if (behind) {
					other = wgc_arena_alloc(a, 16);
					memset(other, 0xbb, 16);
				}
				q = wgc_arena_grow(a, p, from, to);
				good &= q && all(q, from, 0xaa) && all(q + from, to - from, 0);
				memset(q, 0xcc, to);
				good &= !other || all(other, 16, 0xbb);
			}
		}
	}
	ok(good);
	a = wgc_arena_free(a);

	/* Shrunk and grown again: what grows anew is zero. */
	a = wgc_arena_new();
	good = true;
	for (size_t small = 1; small < 16; small++) {
		unsigned char *p = wgc_arena_alloc(a, 16);

		memset(p, 0xdd, 16);
		p = wgc_arena_grow(a, p, 16, small);
		p = wgc_arena_grow(a, p, small, small % 2 ? 16 : 100);
		good &= all(p, small, 0xdd) && all(p + small, 16 - small, 0);
	}
	ok(good);
	wgc_arena_free(a);
}

static void grow_in_place(void)
{
	struct wgc_arena *a = wgc_arena_new();
	void *p = wgc_arena_alloc(a, 20), *q;

	ok(wgc_arena_grow(a, p, 20, 32) == p);
	ok(wgc_arena_grow(a, p, 32, 5000) == p);
	q = wgc_arena_alloc(a, 1);
	ok(q != p);
	ok(wgc_arena_grow(a, p, 5000, 5008) == p); /* still in the rounding */
	ok(wgc_arena_grow(a, p, 5008, 5009) != p);
	ok(wgc_arena_grow(a, q, 1, SIZE_MAX) == NULL);
	wgc_arena_free(a);
}

/* A doubling array must not leave all its former selves behind. */
static void push(void)
{
	struct item {
		uint64_t a, b, c;
	} *v = NULL, *one;
	size_t n = 0, cap = 0;
	struct wgc_arena *a = wgc_arena_new();
	bool good = true;

	for (uint64_t i = 0; i < 1000000; i++) {
		one = wgc_arena_push(a, &v, &n, &cap, sizeof(*v));
		if (!one || one != &v[n - 1] || one->a || one->b || one->c) {
			good = false;
			break;
		}
		*one = (struct item){ i, ~i, i * i };
	}
	ok(good);
	is_int(n, 1000000);
	for (uint64_t i = 0; i < n; i++)
		good &= v[i].a == i && v[i].b == ~i && v[i].c == i * i;
	ok(good);
	ok(wgc_arena_size(a) <= cap * sizeof(*v) + 256 * 1024);

	/* An element taken back and pushed again is zero. */
	n--;
	one = wgc_arena_push(a, &v, &n, &cap, sizeof(*v));
	ok(one && !one->a && !one->b && !one->c);
	n = cap = SIZE_MAX / 4;
	ok(!wgc_arena_push(a, &v, &n, &cap, sizeof(*v)));
	is_int(n, SIZE_MAX / 4);
	wgc_arena_free(a);
}

static void strings(void)
{
	struct wgc_arena *a = wgc_arena_new();
	char big[20000];

	is_str(wgc_arena_strdup(a, ""), "");
	is_str(wgc_arena_strdup(a, "text"), "text");
	is_str(wgc_arena_strndup(a, "text", 2), "te");
	is_str(wgc_arena_strndup(a, "text", 0), "");
	is_str(wgc_arena_strndup(a, "te", 100), "te");
	is_str(wgc_arena_printf(a, "%s-%d", "a", 7), "a-7");
	memset(big, 'b', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	is_str(wgc_arena_printf(a, "%s", big), big);
	wgc_arena_free(a);
}

int main(void)
{
	blocks();
	grow();
	grow_in_place();
	push();
	strings();
	return tap_done();
}
