/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tables: from a public key to a peer (a resizable hash with a secret seed),
 * and from a receiver index to a peer (its number in an array that grows by
 * doubling): one step at any number of peers.
 *
 * Locks: changes need the device's update lock; look-ups are under RCU.
 */
#ifndef WG_TABLES_H
#define WG_TABLES_H

#include <linux/idr.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>

#include "messages.h"

struct wg_peer;

#define WG_MAX_PEERS (1U << 20) /* as many as the driver in the kernel takes */

/*
 * Page k holds 64 << k peers, so 2^20 of them need 15 pages. A page comes with the
 * first peer that needs it, and stays until the end.
 */
#define WG_FIRST_PAGE_SHIFT 6
#define WG_NUMBER_PAGES (20 - WG_FIRST_PAGE_SHIFT + 1)

struct wg_tables {
	struct rhashtable by_key;
	siphash_key_t seed;
	hsiphash_key_t index_seed;
	struct ida numbers;
	struct wg_peer __rcu *__rcu *page[WG_NUMBER_PAGES];
};

/** -ENOMEM; nothing needs to be freed then. */
int wg_tables_init(struct wg_tables *t);
/** After the last grace period that could see a peer of it. */
void wg_tables_free(struct wg_tables *t);
/**
 * Give @peer (its handshake, with the key, and its device are set) a number below
 * WG_MAX_PEERS, and make it known. -ENOMEM, -ENOSPC, -EEXIST; it is not known then.
 */
int wg_tables_add(struct wg_tables *t, struct wg_peer *peer);
/** Readers may see it until a grace period is over; its number may be given away at once. */
void wg_tables_remove(struct wg_tables *t, struct wg_peer *peer);
/**
 * What an index is on the wire, and back: a permutation of all 32-bit words that
 * nobody outside knows, so that an index neither tells whose it is nor can be
 * guessed better than a random one.
 */
u32 wg_tables_hide(const struct wg_tables *t, u32 plain);
u32 wg_tables_reveal(const struct wg_tables *t, u32 hidden);

/** Under rcu_read_lock(); no reference is taken. */
struct wg_peer *wg_tables_by_key(struct wg_tables *t, const u8 key[WG_KEY_LEN]);
/** The same, for any @number: it may come out of a packet. */
struct wg_peer *wg_tables_by_number(struct wg_tables *t, u32 number);

#endif
