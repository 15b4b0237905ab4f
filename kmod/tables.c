// SPDX-License-Identifier: GPL-2.0
/*
 * tables: peers by public key and by number, see tables.h. Owns no lock: changes
 * are made under the device's update lock.
 */
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "device.h"
#include "peer.h"
#include "tables.h"

/* ---- by key -------------------------------------------------------------------- */

/*
 * The hash of a key depends on a secret of the device, which rhashtable does not
 * know of: a look-up brings it along, a peer leads to it.
 */
struct sought {
	const u8 *key;
	const siphash_key_t *seed;
};

static u32 hash_sought(const void *data, u32 len, u32 unused)
{
	const struct sought *sought = data;

	return siphash(sought->key, WG_KEY_LEN, sought->seed);
}

static u32 hash_peer(const void *data, u32 len, u32 unused)
{
	const struct wg_peer *peer = data;

	return siphash(peer->handshake.remote_static, WG_KEY_LEN, &peer->wg->tables.seed);
}

static int differs(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct sought *sought = arg->key;
	const struct wg_peer *peer = object;

	return memcmp(sought->key, peer->handshake.remote_static, WG_KEY_LEN);
}

static const struct rhashtable_params by_key = {
	.head_offset = offsetof(struct wg_peer, by_key),
	.key_len = sizeof(struct sought),
	.hashfn = hash_sought,
	.obj_hashfn = hash_peer,
	.obj_cmpfn = differs,
	.automatic_shrinking = true,
};

struct wg_peer *wg_tables_by_key(struct wg_tables *t, const u8 key[WG_KEY_LEN])
{
	struct sought sought = { .key = key, .seed = &t->seed };

	return rhashtable_lookup(&t->by_key, &sought, by_key);
}

/* ---- by number ----------------------------------------------------------------- */

/* Counted from 64, the highest bit of a number says which page, and the rest where in it. */
static unsigned int split(u32 number, u32 *page)
{
	u32 counted = number + (1U << WG_FIRST_PAGE_SHIFT), top = ilog2(counted);

	*page = top - WG_FIRST_PAGE_SHIFT;
	return counted - (1U << top);
}

struct wg_peer *wg_tables_by_number(struct wg_tables *t, u32 number)
{
	struct wg_peer __rcu **page;
	u32 k, at;

	if (number >= WG_MAX_PEERS)
		return NULL;
	at = split(number, &k);
	page = rcu_dereference_check(t->page[k], rcu_read_lock_bh_held());
	return page ? rcu_dereference_check(page[at], rcu_read_lock_bh_held()) : NULL;
}

/* The place of a number. Pages are not taken away while there are peers. */
static struct wg_peer __rcu **place(struct wg_tables *t, u32 number)
{
	u32 k, at = split(number, &k);
	struct wg_peer __rcu **page = rcu_dereference_protected(t->page[k], true);

	if (!page) {
		page = kvcalloc(1U << (WG_FIRST_PAGE_SHIFT + k), sizeof(*page), GFP_KERNEL);
		if (!page)
			return NULL;
		rcu_assign_pointer(t->page[k], page);
	}
	return page + at;
}

/* ---- indices on the wire --------------------------------------------------------- */

/* A Feistel network of four rounds over two halves of 16 bits (Luby and Rackoff). */
static u16 mixed(const struct wg_tables *t, u32 round, u16 half)
{
	return hsiphash_1u32(round << 16 | half, &t->index_seed);
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

/* ---- both ---------------------------------------------------------------------- */

int wg_tables_add(struct wg_tables *t, struct wg_peer *peer)
{
	struct sought sought = { .key = peer->handshake.remote_static, .seed = &t->seed };
	int ret, number = ida_alloc_max(&t->numbers, WG_MAX_PEERS - 1, GFP_KERNEL);
	struct wg_peer __rcu **at;

	if (number < 0)
		return number;
	at = place(t, number);
	peer->number = number; /* before anybody can find it */
	ret = at ? rhashtable_lookup_insert_key(&t->by_key, &sought, &peer->by_key, by_key) : -ENOMEM;
	if (ret) {
		ida_free(&t->numbers, number);
		return ret == -EEXIST ? ret : -ENOMEM;
	}
	rcu_assign_pointer(*at, peer);
	return 0;
}

void wg_tables_remove(struct wg_tables *t, struct wg_peer *peer)
{
	rhashtable_remove_fast(&t->by_key, &peer->by_key, by_key);
	RCU_INIT_POINTER(*place(t, peer->number), NULL);
	ida_free(&t->numbers, peer->number);
}

int wg_tables_init(struct wg_tables *t)
{
	memset(t->page, 0, sizeof(t->page));
	ida_init(&t->numbers);
	get_random_bytes(&t->seed, sizeof(t->seed));
	get_random_bytes(&t->index_seed, sizeof(t->index_seed));
	return rhashtable_init(&t->by_key, &by_key);
}

void wg_tables_free(struct wg_tables *t)
{
	rhashtable_destroy(&t->by_key);
	for (unsigned int k = 0; k < WG_NUMBER_PAGES; k++)
		kvfree(rcu_dereference_protected(t->page[k], true));
	ida_destroy(&t->numbers);
	memzero_explicit(&t->seed, sizeof(t->seed));
	memzero_explicit(&t->index_seed, sizeof(t->index_seed));
}
