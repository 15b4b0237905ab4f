/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer: everything about one of them, and its life: made by netlink, found in
 * the tables and the trie under RCU, kept by references, freed after a grace
 * period. Removing many costs one grace period for all.
 *
 * Locks: the device's update lock covers the lists; endpoint_lock (rwlock, BH)
 * the endpoint; the rest belongs to the parts and is described with them.
 */
#ifndef WG_PEER_H
#define WG_PEER_H

#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>
#include <net/dst_cache.h>

#include "cookie.h"
#include "noise.h"
#include "queue.h"
#include "timers.h"

struct wg_device;

/* Where a peer is, and from which of our addresses it last saw us. */
struct wg_endpoint {
	union {
		struct sockaddr addr;
		struct sockaddr_in addr4;
		struct sockaddr_in6 addr6;
	};
	union {
		struct {
			struct in_addr src4;
			int src_if4; /* only with an IPv4 address: it may be reachable through one link alone */
		};
		struct in6_addr src6;
	};
};

struct wg_peer {
	/* What packets read. */
	struct wg_device *wg;
	struct wg_keypairs keypairs;
	struct wg_queue tx, rx;
	bool dead; /* unlinked: nothing new begins for it */
	u32 number;
	struct wg_index __rcu *index[WG_INDEX_WAYS];
	spinlock_t index_lock;
	rwlock_t endpoint_lock;
	struct wg_endpoint endpoint;
	unsigned int endpoint_changes; /* counted, so that a route is kept only for where it leads */
	struct dst_cache route;
	struct sk_buff_head staged; /* plain packets that wait for a session */
	struct wg_timers timers;
	atomic64_t rx_bytes, tx_bytes; /* on the wire, without UDP and below */
	u16 persistent_keepalive; /* seconds, 0: off */

	/* The slow road. */
	struct wg_handshake handshake;
	struct wg_cookie cookie;
	struct work_struct initiate; /* send an initiation */
	struct work_struct clear;    /* forget handshake and keypairs: WG_DUE_ZERO_KEYS */
	u64 last_initiation;	     /* ns, coarse boot time; when we last sent one */
	u64 last_handshake;	     /* ns, wall clock, for people; 0: never */

	/* Configuration. */
	struct list_head of_device;
	struct list_head allowed_ips;
	struct rhash_head by_key;
	struct kref refs;
	struct rcu_head rcu;
	u64 id; /* for messages to people */
};

int wg_peer_module_init(void);
void wg_peer_module_exit(void); /* after the last device; waits for what is being freed */

/**
 * A peer of @wg, which has fewer than WG_MAX_PEERS, in all tables, owned by the device's
 * list. Update lock held. ERR_PTR(-ENOMEM, -EEXIST).
 */
struct wg_peer *wg_peer_create(struct wg_device *wg, const u8 public[WG_KEY_LEN], const u8 *preshared);
/**
 * Remove peers: those that were moved from the device's list to @list (by
 * of_device), or all. One grace period, however many. Update lock held.
 */
void wg_peer_remove_list(struct wg_device *wg, struct list_head *list);
void wg_peer_remove_all(struct wg_device *wg);

/** Under RCU: a reference, or NULL when the last one is gone. */
struct wg_peer *wg_peer_get_maybe(struct wg_peer *peer);
static inline struct wg_peer *wg_peer_get(struct wg_peer *peer)
{
	kref_get(&peer->refs);
	return peer;
}
/** NULL-safe. The last one frees it after a grace period. */
void wg_peer_put(struct wg_peer *peer);

/**
 * What is under way may still arrive, but nothing more is sent with the sessions
 * there are, and the next packet begins a new one at once.
 */
void wg_peer_expire(struct wg_peer *peer);
/** The link goes down: forget sessions, timers and what waits for them. */
void wg_peer_stop(struct wg_peer *peer);

/** The handshake or keypair that an index on the wire leads to, and its peer. BH off; no references. NULL: nobody's. */
struct wg_index *wg_index_lookup(struct wg_device *wg, u32 value, struct wg_peer **ret_peer);

/** Whose is the source or the destination of an IP packet? Under RCU; no reference. */
struct wg_peer *wg_peer_of_address(const struct wg_device *wg, const struct sk_buff *skb, bool source);

/** Is there a link that is up for it to work with? */
bool wg_peer_is_on(const struct wg_peer *peer);

/** @len as it came out of UDP, whatever the message was. BH off. */
void wg_count_received(struct wg_peer *peer, unsigned int len);

#endif
