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

struct wgc_set_slot {
	unsigned char bytes[BYTES];
	size_t value; /* plus 1; 0 = free */
};

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
	memset(s, 0, sizeof(*s));
}

static struct wgc_set_slot *find(const struct wgc_set *s, struct wgc_set_slot *slots, size_t room, const unsigned char *bytes)
{
	uint64_t at = wgc_hash(&s->seed, bytes);

	for (at &= room - 1; slots[at].value; at = (at + 1) & (room - 1))
		if (!memcmp(slots[at].bytes, bytes, BYTES))
			break;
	return &slots[at];
}

static int grow(struct wgc_set *s)
{
	size_t room = s->room ? 2 * s->room : s->expected;
	struct wgc_set_slot *slots = calloc(room, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->room; i++)
		if (s->slots[i].value)
			*find(s, slots, room, s->slots[i].bytes) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->room = room;
	return 0;
}

int wgc_set_add(struct wgc_set *s, const void *bytes, size_t len, size_t value, size_t *ret_first)
{
	unsigned char padded[BYTES] = { 0 };
	struct wgc_set_slot *slot;

	if (len > BYTES)
		return -EINVAL;
	if (4 * (s->n + 1) > 3 * s->room && grow(s) < 0)
		return -ENOMEM;
	memcpy(padded, bytes, len);
	slot = find(s, s->slots, s->room, padded);
	if (slot->value) {
		*ret_first = slot->value - 1;
		return 0;
	}
	memcpy(slot->bytes, padded, BYTES);
	slot->value = value + 1;
	s->n++;
	return 1;
}
