/* SPDX-License-Identifier: GPL-2.0 */
/*
 * allowedips: cryptokey routing, a binary trie of prefixes for each family. It
 * answers which peer a destination belongs to, and whether a source may come
 * from a peer.
 *
 * Locks: changes need the device's update lock, which the caller holds; look-ups
 * are under RCU and take nothing.
 */
#ifndef WG_ALLOWEDIPS_H
#define WG_ALLOWEDIPS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/socket.h>

struct wg_peer;

/*
 * A node is a prefix that a peer has, or a fork that two of them need. What
 * look-ups read comes last, close together. A node of IPv4 has one word of bits
 * and is a cache line; one of IPv6 has two.
 */
struct wg_allowedip {
	union {
		struct list_head of_peer; /* while it is in the trie */
		struct rcu_head rcu;	  /* while readers may still see it */
	};
	struct wg_allowedip *up; /* NULL: the root. For changes only: O(1) removal */
	struct wg_peer __rcu *peer; /* NULL: a fork */
	struct wg_allowedip __rcu *child[2]; /* chosen by the bit after the prefix */
	u8 len;
	bool v6;
	u64 bits[]; /* of the address, from the highest down, in the processor's order; zero after the prefix */
};

struct wg_allowedips {
	struct wg_allowedip __rcu *root4, *root6;
	struct mutex *lock; /* the device's */
};

/*
 * @family is AF_INET or AF_INET6; @ip points to an address of it, in network
 * order; @len is at most what the family has.
 */

/**
 * Give a prefix to @peer (@list is its list), taking it from whoever has it: a
 * look-up meanwhile finds the old owner or the new one. Bits after the prefix are
 * ignored. -ENOMEM; nothing has changed then.
 */
int wg_allowedips_insert(struct wg_allowedips *ips, int family, const void *ip, u8 len, struct wg_peer *peer,
			 struct list_head *list);
/** Take a prefix from @peer, if it is that peer's. */
void wg_allowedips_remove(struct wg_allowedips *ips, int family, const void *ip, u8 len, struct wg_peer *peer);
/** Take all from the peer whose list this is. */
void wg_allowedips_remove_peer(struct wg_allowedips *ips, struct list_head *list);
/**
 * Empty both tries in one step, however much is in them; @old has it then, for
 * wg_allowedips_free() after a grace period. Before that, and before anything is
 * inserted, every peer's list goes through wg_allowedips_remove_peer(), which only
 * empties it.
 */
void wg_allowedips_clear(struct wg_allowedips *ips, struct wg_allowedips *old);
void wg_allowedips_free(struct wg_allowedips *old);
/**
 * Longest match, under rcu_read_lock() or its BH form; no reference is taken, so
 * the peer may be on its way out. NULL: nobody's.
 */
struct wg_peer *wg_allowedips_lookup(const struct wg_allowedips *ips, int family, const void *ip);
/** For netlink: family, address (16 or 4 bytes into @ip) and length of one entry of a peer's list. */
int wg_allowedip_read(const struct wg_allowedip *node, u8 ip[16], u8 *len);

#endif
