/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices and peers as small as noise.c and cookie.c need them, all in one
 * process: what a message would do between two machines is a function call.
 */
#ifndef TESTS_KMOD_WORLD_H
#define TESTS_KMOD_WORLD_H

#include <asm/byteorder.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "cookie.h"
#include "noise.h"

#define WORLD_PEERS 2

/* What handshake.c makes of the macs of a message; the second one is asked for only under load. */
enum wg_cookie_verdict {
	WG_MAC_INVALID, /* drop it, say nothing */
	WG_MAC1_VALID,	/* under load: answer with a cookie */
	WG_MAC2_VALID,	/* under load: the address is proven */
};

static inline enum wg_cookie_verdict wg_cookie_check(struct wg_cookie_checker *checker, const void *msg, size_t len,
					   const u8 *from, size_t from_len, bool under_load)
{
	if (!wg_cookie_check_mac1(checker, msg, len))
		return WG_MAC_INVALID;
	if (!under_load)
		return WG_MAC1_VALID;
	return wg_cookie_check_mac2(checker, msg, len, from, from_len) ? WG_MAC2_VALID : WG_MAC1_VALID;
}

struct wg_peer {
	struct wg_device *wg;
	struct wg_handshake handshake;
	struct wg_keypairs keypairs;
	struct wg_cookie cookie;
	struct wg_index *index[WG_INDEX_WAYS];
	int refs;
};

struct wg_device {
	struct wg_identity identity;
	struct wg_cookie_checker checker;
	struct wg_peer peer[WORLD_PEERS];
	int n_peers;
};

/* The value of the next index, if it is not 0. */
static u32 world_next_index;

struct wg_peer *wg_peer_by_public_key(struct wg_device *wg, const u8 key[WG_KEY_LEN])
{
	for (int i = 0; i < wg->n_peers; i++) {
		if (memcmp(wg->peer[i].handshake.remote_static, key, WG_KEY_LEN))
			continue;
		wg->peer[i].refs++;
		return &wg->peer[i];
	}
	return NULL;
}

void wg_peer_put(struct wg_peer *peer)
{
	/* The last one would free the locks. */
	WARN_ON(peer && (peer->handshake.lock.readers || peer->wg->identity.lock.readers));
	if (peer)
		peer->refs--;
}

struct wg_handshake *wg_peer_handshake(struct wg_peer *peer)
{
	return &peer->handshake;
}

struct wg_keypairs *wg_peer_keypairs(struct wg_peer *peer)
{
	return &peer->keypairs;
}

void wg_index_forget(struct wg_peer *peer, struct wg_index *entry)
{
	for (int way = 0; way < WG_INDEX_WAYS; way++)
		if (peer->index[way] == entry)
			peer->index[way] = NULL;
	entry->value = 0;
}

void wg_index_new(struct wg_peer *peer, struct wg_index *entry)
{
	int way = 0;

	WARN_ON(peer->handshake.lock.readers != -1);
	wg_index_forget(peer, entry);
	while (peer->index[way])
		WARN_ON(++way == WG_INDEX_WAYS); /* one is always free */
	peer->index[way] = entry;
	get_random_bytes(&entry->value, sizeof(entry->value));
	entry->value |= 1;
	if (world_next_index)
		entry->value = world_next_index;
	world_next_index = 0;
}

void wg_index_move(struct wg_peer *peer, struct wg_index *from, struct wg_index *to)
{
	for (int way = 0; way < WG_INDEX_WAYS; way++)
		if (peer->index[way] == from)
			peer->index[way] = to;
	to->value = from->value;
	from->value = 0;
}

/* Who is found by an index that came in a message. */
static inline struct wg_index *world_find(struct wg_peer *peer, __le32 index)
{
	for (int way = 0; way < WG_INDEX_WAYS; way++)
		if (peer->index[way] && peer->index[way]->value == le32_to_cpu(index))
			return peer->index[way];
	return NULL;
}

static inline void world_device(struct wg_device *wg, const u8 private[WG_KEY_LEN])
{
	memset(wg, 0, sizeof(*wg));
	wg_identity_init(&wg->identity);
	wg_cookie_checker_init(&wg->checker);
	WARN_ON(!wg_identity_set(&wg->identity, private));
	wg_cookie_checker_set_public(&wg->checker, wg->identity.public);
}

static inline struct wg_peer *world_peer(struct wg_device *wg, const u8 public[WG_KEY_LEN], const u8 *preshared)
{
	struct wg_peer *peer = &wg->peer[wg->n_peers++];

	peer->wg = wg;
	wg_handshake_init(&peer->handshake, &wg->identity, public, preshared);
	wg_keypairs_init(&peer->keypairs);
	wg_cookie_init(&peer->cookie, public);
	return peer;
}

/* Everything that a device's end has to give back. */
static inline void world_end(struct wg_device *wg)
{
	for (int i = 0; i < wg->n_peers; i++) {
		struct wg_peer *peer = &wg->peer[i];

		wg_handshake_clear(peer);
		wg_keypairs_clear(&peer->keypairs);
		WARN_ON(peer->refs);
		for (int way = 0; way < WG_INDEX_WAYS; way++)
			WARN_ON(peer->index[way]);
	}
	wg_identity_clear(&wg->identity);
	memzero_explicit(&wg->checker, sizeof(wg->checker));
	rcu_barrier();
}

/* Both clocks go on. */
static inline void world_pass(u64 ns)
{
	u64 nsec = shim_wall_clock.tv_nsec + ns;

	shim_now += ns;
	shim_wall_clock.tv_sec += nsec / NSEC_PER_SEC;
	shim_wall_clock.tv_nsec = nsec % NSEC_PER_SEC;
}

static inline struct wg_keypair *world_current(struct wg_peer *peer)
{
	return rcu_access_pointer(peer->keypairs.current_one);
}

#endif
