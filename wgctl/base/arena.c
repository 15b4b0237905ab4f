// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas. Small blocks are cut from shared chunks; a block above LARGE has a
 * chunk to itself, so that growing it can give the old copy back. Which kind a
 * block is follows from its size alone, hence blocks need no headers.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"

#define CHUNK (64 * 1024)
#define LARGE (16 * 1024)
#define ALIGN 16
/* From here on a chunk is a mapping of its own: it grows without being copied, and
 * what is given back needs no wiping, since the kernel gives nobody old pages. */
#define MAPPED (1024 * 1024)

struct chunk {
	struct chunk *prev, *next;
	size_t room, used; /* of data */
	_Alignas(ALIGN) unsigned char data[];
};

struct wgc_arena {
	struct chunk *all;     /* every chunk */
	struct chunk *current; /* the shared one that is being filled */
	size_t size;
};

struct wgc_arena *wgc_arena_new(void)
{
	return calloc(1, sizeof(struct wgc_arena));
}

/* Zeroed memory: blocks are never used twice, so they are zero. */
static struct chunk *chunk_new(struct wgc_arena *a, size_t room)
{
	struct chunk *c;

	if (room < MAPPED) {
		c = calloc(1, sizeof(*c) + room);
	} else {
		c = mmap(NULL, sizeof(*c) + room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (c == MAP_FAILED)
			c = NULL;
	}
	if (!c)
		return NULL;
	c->room = room;
	c->next = a->all;
	if (c->next)
		c->next->prev = c;
	a->all = c;
	a->size += sizeof(*c) + room;
	return c;
}

static void chunk_free(struct wgc_arena *a, struct chunk *c)
{
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		a->all = c->next;
	a->size -= sizeof(*c) + c->room;
	if (c->room >= MAPPED) {
		munmap(c, sizeof(*c) + c->room);
		return;
	}
	wgc_wipe(c->data, c->used);
	free(c);
}

/* A mapped chunk, which holds one block, gets more room. */
static void *chunk_stretch(struct wgc_arena *a, struct chunk *c, size_t room)
{
	struct chunk *moved = mremap(c, sizeof(*c) + c->room, sizeof(*c) + room, MREMAP_MAYMOVE);

	if (moved == MAP_FAILED)
		return NULL;
	if (moved->next)
		moved->next->prev = moved;
	if (moved->prev)
		moved->prev->next = moved;
	else
		a->all = moved;
	a->size += room - moved->room;
	moved->room = moved->used = room;
	return moved->data;
}

struct wgc_arena *wgc_arena_free(struct wgc_arena *a)
{
	if (!a)
		return NULL;
	while (a->all)
		chunk_free(a, a->all);
	free(a);
	return NULL;
}

/* 0 when @size is beyond reason. An empty block still has an address of its own. */
static size_t rounded(size_t size)
{
	if (size > SIZE_MAX / 2)
		return 0;
	return size ? (size + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
}

void *wgc_arena_alloc(struct wgc_arena *a, size_t size)
{
	size_t take = rounded(size);
	struct chunk *c = a->current;
	void *p;

	if (!take)
		return NULL;
	if (take > LARGE) {
		c = chunk_new(a, take);
		if (!c)
			return NULL;
		c->used = take;
		return c->data;
	}
	if (!c || c->room - c->used < take) {
		c = chunk_new(a, CHUNK - sizeof(*c));
		if (!c)
			return NULL;
		a->current = c;
	}
	p = c->data + c->used;
	c->used += take;
	return p;
}

void *wgc_arena_grow(struct wgc_arena *a, void *p, size_t old, size_t new_size)
{
	size_t had = rounded(old), take = rounded(new_size);
	struct chunk *c = a->current;
	unsigned char *block = p, *grown;

	if (!p)
		return wgc_arena_alloc(a, new_size);
	if (!had || !take)
		return NULL;
	if (new_size <= old)
		return p;
	/* The last small block can grow where it is. */
	if (take == had || (take <= LARGE && c && block + had == c->data + c->used && c->room - c->used >= take - had)) {
		/* The rounding may hold old bytes if the block was larger once. */
		memset(block + old, 0, (new_size < had ? new_size : had) - old);
		if (take != had)
			c->used += take - had;
		return p;
	}
	if (had >= MAPPED) {
		/* The rounding may hold old bytes here too. */
		memset(block + old, 0, had - old);
		return chunk_stretch(a, (struct chunk *)(void *)(block - offsetof(struct chunk, data)), take);
	}
	grown = wgc_arena_alloc(a, new_size);
	if (!grown)
		return NULL;
	memcpy(grown, block, old);
	if (had > LARGE)
		chunk_free(a, (struct chunk *)(void *)(block - offsetof(struct chunk, data)));
	return grown;
}

char *wgc_arena_strndup(struct wgc_arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = wgc_arena_alloc(a, len + 1);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

char *wgc_arena_strdup(struct wgc_arena *a, const char *s)
{
	return wgc_arena_strndup(a, s, strlen(s));
}

char *wgc_arena_printf(struct wgc_arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *text = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0)
		text = wgc_arena_alloc(a, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return text;
}

size_t wgc_arena_size(const struct wgc_arena *a)
{
	return a->size;
}

void *wgc_arena_push(struct wgc_arena *a, void *pv, size_t *pn, size_t *pcap, size_t size)
{
	unsigned char *v;

	/* pv points to a variable of some pointer type: no aliasing. */
	memcpy(&v, pv, sizeof(v));
	if (*pn == *pcap) {
		size_t cap = *pcap ? 2 * *pcap : 4, bytes;

		if (__builtin_mul_overflow(cap, size, &bytes))
			return NULL;
		v = wgc_arena_grow(a, v, *pcap * size, bytes);
		if (!v)
			return NULL;
		memcpy(pv, &v, sizeof(v));
		*pcap = cap;
	}
	/* An element that was counted off again may hold old bytes. */
	return memset(v + (*pn)++ * size, 0, size);
}
