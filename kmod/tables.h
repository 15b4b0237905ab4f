/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tables: from a public key to a peer, from a number to a peer, and how numbers
 * are hidden in the receiver indices that go over the wire. What a look-up costs
 * does not depend on how many peers there are.
 *
 * Locks: changes need the device's update lock; look-ups are under RCU.
 */
#ifndef WG_TABLES_H
#define WG_TABLES_H

#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <linux/xarray.h>

#include "messages.h"

struct wg_peer;

#define WG_MAX_PEERS (1U << 20) /* as many as the driver in the kernel takes */

struct wg_tables {
	struct rhashtable by_key;
	struct xarray by_number;
	hsiphash_key_t index_secret;
};

/** -ENOMEM; nothing needs to be freed then. */
int wg_tables_init(struct wg_tables *t);
/** After the last peer was removed. */
void wg_tables_free(struct wg_tables *t);
/**
 * Give @peer (its handshake, with the key, is set) a number below WG_MAX_PEERS,
 * and make it known. -ENOMEM, -EBUSY when there are no more numbers, -EEXIST; it
 * was never known then.
 */
int wg_tables_add(struct wg_tables *t, struct wg_peer *peer);
/** Readers may see it until a grace period is over; its number may be given away at once. */
void wg_tables_remove(struct wg_tables *t, struct wg_peer *peer);

/** No reference is taken: the peer stays under RCU, or with the update lock held. NULL: nobody's. */
struct wg_peer *wg_tables_by_key(struct wg_tables *t, const u8 key[WG_KEY_LEN]);
/** Under RCU, for any @number: it may come out of a packet. */
struct wg_peer *wg_tables_by_number(struct wg_tables *t, u32 number);

/**
 * What an index is on the wire, and back: a permutation of all 32-bit words that
 * nobody outside knows, so that an index neither tells whose it is nor can be
 * guessed better than a random one.
 */
u32 wg_tables_hide(const struct wg_tables *t, u32 plain);
u32 wg_tables_reveal(const struct wg_tables *t, u32 hidden);

#endif
