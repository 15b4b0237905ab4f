// SPDX-License-Identifier: GPL-2.0
/*
 * A hash set for finding what was given twice. Files can come from strangers,
 * so the hash is keyed: nobody can choose keys or prefixes that all collide.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#define BYTES WGC_HASH_LEN

struct wgc_set_entry {
	unsigned char bytes[BYTES];
	size_t value;
};

/* Room for places, of which three in four are taken at most. */
static size_t room_for(size_t n)
{
	size_t room = 64;

	while (3 * room < 4 * n)
		room *= 2;
	return room;
}

void wgc_set_init(struct wgc_set *s, size_t n)
{
	*s = (struct wgc_set){ .expected = room_for(n) };
	wgc_hash_seed(&s->seed);
}

void wgc_set_done(struct wgc_set *s)
{
	free(s->slots);
	free(s->entries);
	memset(s, 0, sizeof(*s));
}

static uint32_t *find(const struct wgc_set *s, const unsigned char *bytes)
{
	uint64_t at = wgc_hash(&s->seed, bytes);

	for (at &= s->room - 1; s->slots[at]; at = (at + 1) & (s->room - 1))
		if (!memcmp(s->entries[s->slots[at] - 1].bytes, bytes, BYTES))
			break;
	return &s->slots[at];
}

static int grow(struct wgc_set *s)
{
	size_t room = s->room ? 2 * s->room : s->expected;
	struct wgc_set_entry *entries = realloc(s->entries, room / 4 * 3 * sizeof(*entries));
	uint32_t *slots = calloc(room, sizeof(*slots));

	if (entries)
		s->entries = entries;
	if (!entries || !slots || room > UINT32_MAX) {
		free(slots);
		return -ENOMEM;
	}
	free(s->slots);
	s->slots = slots;
	s->room = room;
	for (size_t i = 0; i < s->n; i++)
		*find(s, s->entries[i].bytes) = (uint32_t)i + 1;
	return 0;
}

int wgc_set_add(struct wgc_set *s, const void *bytes, size_t len, size_t value, size_t *ret_first)
{
	unsigned char padded[BYTES] = { 0 };
	uint32_t *slot;

	if (len > BYTES)
		return -EINVAL;
	if (4 * (s->n + 1) > 3 * s->room && grow(s) < 0)
		return -ENOMEM;
	memcpy(padded, bytes, len);
	slot = find(s, padded);
	if (*slot) {
		*ret_first = s->entries[*slot - 1].value;
		return 0;
	}
	memcpy(s->entries[s->n].bytes, padded, BYTES);
	s->entries[s->n].value = value;
	*slot = (uint32_t)++s->n;
	return 1;
}
