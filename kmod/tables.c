// SPDX-License-Identifier: GPL-2.0
/*
 * tables: peers by public key and by number, see tables.h. Owns no lock: changes
 * are made under the device's update lock.
 */
#include <linux/random.h>

#include "device.h"

/* ---- peers ---------------------------------------------------------------------- */

/*
 * Peers choose their keys: no chain shall be long because they want it. So @seed, the
 * table's secret, goes through a function that keys for many seeds cannot be found for.
 */
static u32 hash_key(const void *key, u32 len, u32 seed)
{
	return siphash(key, len, &(const siphash_key_t){ { seed, seed } });
}

static const struct rhashtable_params by_key = {
	.head_offset = offsetof(struct wg_peer, by_key),
	.key_offset = offsetof(struct wg_peer, handshake.remote_static),
	.key_len = WG_KEY_LEN,
	.hashfn = hash_key,
	.automatic_shrinking = true,
};

struct wg_peer *wg_tables_by_key(struct wg_tables *t, const u8 key[WG_KEY_LEN])
{
	return rhashtable_lookup_fast(&t->by_key, key, by_key);
}

struct wg_peer *wg_tables_by_number(struct wg_tables *t, u32 number)
{
	return xa_load(&t->by_number, number);
}

int wg_tables_add(struct wg_tables *t, struct wg_peer *peer)
{
	/* The number is reserved first and found last: what fails in between was never seen. */
	int r = xa_alloc(&t->by_number, &peer->number, NULL, XA_LIMIT(0, WG_MAX_PEERS - 1), GFP_KERNEL);

	if (r < 0)
		return r;
	r = rhashtable_lookup_insert_fast(&t->by_key, &peer->by_key, by_key);
	if (r) {
		xa_erase(&t->by_number, peer->number);
		return r == -EEXIST ? r : -ENOMEM;
	}
	xa_store(&t->by_number, peer->number, peer, GFP_KERNEL);
	return 0;
}

void wg_tables_remove(struct wg_tables *t, struct wg_peer *peer)
{
	rhashtable_remove_fast(&t->by_key, &peer->by_key, by_key);
	xa_erase(&t->by_number, peer->number);
}

int wg_tables_init(struct wg_tables *t)
{
	get_random_bytes(&t->index_secret, sizeof(t->index_secret));
	xa_init_flags(&t->by_number, XA_FLAGS_ALLOC);
	return rhashtable_init(&t->by_key, &by_key);
}

void wg_tables_free(struct wg_tables *t)
{
	rhashtable_destroy(&t->by_key);
	xa_destroy(&t->by_number);
	memzero_explicit(&t->index_secret, sizeof(t->index_secret));
}

/* ---- indices on the wire ---------------------------------------------------------- */

/* A Feistel network of four rounds over two halves of 16 bits (Luby and Rackoff). */
static u16 mixed(const struct wg_tables *t, u32 round, u16 half)
{
	return hsiphash_1u32(round << 16 | half, &t->index_secret);
}

u32 wg_tables_hide(const struct wg_tables *t, u32 plain)
{
	u16 left = plain >> 16, right = plain;

	for (u32 round = 0; round < 4; round++) {
		u16 next = left ^ mixed(t, round, right);

		left = right;
		right = next;
	}
	return (u32)left << 16 | right;
}

u32 wg_tables_reveal(const struct wg_tables *t, u32 hidden)
{
	u16 left = hidden >> 16, right = hidden;

	for (u32 round = 4; round-- > 0;) {
		u16 before = right ^ mixed(t, round, left);

		right = left;
		left = before;
	}
	return (u32)left << 16 | right;
}
