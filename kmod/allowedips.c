// SPDX-License-Identifier: GPL-2.0
/*
 * allowedips: tries with path compression, see allowedips.h. Owns no lock; every
 * change is one store to one pointer that readers follow, so each of them sees
 * the trie before it or after it.
 *
 * A child's prefix is longer than its parent's, so no path has more than 33 or
 * 129 nodes, and nothing here recurses.
 */
#include <linux/bitops.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "allowedips.h"

/* ---- bits ---------------------------------------------------------------------- */

/* An address as nodes keep it, and what is left of it when it is cut. */
struct prefix {
	u64 bits[2];
	bool v6;
};

/* Copied, since an address inside of a packet is aligned to four bytes, not to eight. */
static __always_inline struct prefix key_of(int family, const void *ip)
{
	__be64 words[2] = {};

	memcpy(words, ip, family == AF_INET6 ? 16 : 4);
	return (struct prefix){ { be64_to_cpu(words[0]), be64_to_cpu(words[1]) }, family == AF_INET6 };
}

static void cut(struct prefix *key, u8 len)
{
	key->bits[0] &= len == 0 ? 0 : len >= 64 ? U64_MAX : ~(U64_MAX >> len);
	key->bits[1] &= len <= 64 ? 0 : len >= 128 ? U64_MAX : ~(U64_MAX >> (len - 64));
}

/* Which child of a prefix of @len bits. After the last bit there is none, whichever is said. */
static inline bool branch(const u64 *bits, u8 len)
{
	return bits[len / 64 % 2] >> (63 - len % 64) & 1;
}

/* How many bits both have in common; past the end of an IPv4 address they are all zero. */
static inline unsigned int common(const u64 *a, const u64 *b, bool v6)
{
	u64 differ = a[0] ^ b[0];

	if (differ || !v6)
		return 64 - fls64(differ);
	return 128 - fls64(a[1] ^ b[1]);
}

/* ---- looking up ---------------------------------------------------------------- */

static __always_inline struct wg_peer *find(struct wg_allowedip __rcu *const *root, const struct prefix *key, bool v6)
{
	struct wg_allowedip *node = rcu_dereference_check(*root, rcu_read_lock_bh_held());
	struct wg_peer *peer, *best = NULL;

	while (node && common(node->bits, key->bits, v6) >= node->len) {
		/* Read once: a prefix that moves has an owner at every moment. */
		peer = rcu_dereference_check(node->peer, rcu_read_lock_bh_held());
		if (peer)
			best = peer;
		node = rcu_dereference_check(node->child[branch(key->bits, node->len)], rcu_read_lock_bh_held());
	}
	return best;
}

struct wg_peer *wg_allowedips_lookup(const struct wg_allowedips *ips, int family, const void *ip)
{
	const struct prefix key = key_of(family, ip);

	return key.v6 ? find(&ips->root6, &key, true) : find(&ips->root4, &key, false);
}

/* ---- changing ------------------------------------------------------------------ */

#define held(ips, pointer) rcu_dereference_protected(pointer, lockdep_is_held((ips)->lock))

static struct wg_allowedip *node_new(const struct prefix *key, u8 len)
{
	const size_t bits = key->v6 ? sizeof(key->bits) : sizeof(key->bits[0]);
	struct wg_allowedip *node = kzalloc(sizeof(*node) + bits, GFP_KERNEL);

	if (!node)
		return NULL;
	INIT_LIST_HEAD(&node->of_peer);
	node->len = len;
	node->v6 = key->v6;
	memcpy(node->bits, key->bits, bits);
	return node;
}

/* The pointer that leads to what is below @up on the way to @bits. */
static struct wg_allowedip __rcu **slot(struct wg_allowedips *ips, struct wg_allowedip *up, const u64 *bits, bool v6)
{
	if (up)
		return &up->child[branch(bits, up->len)];
	return v6 ? &ips->root6 : &ips->root4;
}

/* The last node on the way to a prefix, and @below it what does not lie on that way, if anything does. */
static struct wg_allowedip *descend(struct wg_allowedips *ips, const struct prefix *key, u8 len,
				    struct wg_allowedip **below)
{
	struct wg_allowedip *up = NULL, *node;

	while ((node = held(ips, *slot(ips, up, key->bits, key->v6))) && node->len <= len &&
	       common(node->bits, key->bits, key->v6) >= node->len) {
		up = node;
		if (node->len == len)
			break;
	}
	*below = node;
	return up;
}

static void hang(struct wg_allowedip *up, struct wg_allowedip *node)
{
	RCU_INIT_POINTER(up->child[branch(node->bits, up->len)], node);
	node->up = up;
}

int wg_allowedips_insert(struct wg_allowedips *ips, int family, const void *ip, u8 len, struct wg_peer *peer,
			 struct list_head *list)
{
	struct wg_allowedip *up, *below, *node, *top, *fork;
	struct prefix key = key_of(family, ip);
	unsigned int shared;

	cut(&key, len);
	up = descend(ips, &key, len, &below);
	if (up && up->len == len) {
		rcu_assign_pointer(up->peer, peer);
		list_move_tail(&up->of_peer, list);
		return 0;
	}

	node = top = node_new(&key, len);
	if (!node)
		return -ENOMEM;
	if (below) {
		shared = min_t(unsigned int, common(below->bits, key.bits, key.v6), len);
		if (shared < len) {
			struct prefix at = key;

			cut(&at, shared);
			fork = top = node_new(&at, shared);
			if (!fork) {
				kfree(node);
				return -ENOMEM;
			}
			hang(fork, node);
		}
		hang(top, below);
	}
	top->up = up;
	RCU_INIT_POINTER(node->peer, peer);
	list_add_tail(&node->of_peer, list);
	rcu_assign_pointer(*slot(ips, up, key.bits, key.v6), top);
	return 0;
}

/*
 * Take a prefix from its peer, and out of the trie what nobody needs then: the
 * node itself if it has not two children, and after it the fork above, which may
 * have one child left. Readers in a node that is taken out go on to its child.
 */
static void take(struct wg_allowedips *ips, struct wg_allowedip *node)
{
	struct wg_allowedip *up, *left, *right, *only;

	list_del_init(&node->of_peer);
	RCU_INIT_POINTER(node->peer, NULL);
	while (node && !rcu_access_pointer(node->peer)) {
		left = held(ips, node->child[0]);
		right = held(ips, node->child[1]);
		if (left && right)
			break;
		only = left ?: right;
		up = node->up;
		rcu_assign_pointer(*slot(ips, up, node->bits, node->v6), only);
		kfree_rcu(node, rcu);
		if (only) {
			only->up = up;
			break;
		}
		node = up;
	}
}

void wg_allowedips_remove(struct wg_allowedips *ips, int family, const void *ip, u8 len, struct wg_peer *peer)
{
	struct prefix key = key_of(family, ip);
	struct wg_allowedip *node, *below;

	cut(&key, len);
	node = descend(ips, &key, len, &below);
	if (node && node->len == len && rcu_access_pointer(node->peer) == peer)
		take(ips, node);
}

void wg_allowedips_remove_peer(struct wg_allowedips *ips, struct list_head *list)
{
	struct wg_allowedip *node, *next;

	/* After wg_allowedips_clear() there may be entries, which are not ours to touch any more. */
	if (!rcu_access_pointer(ips->root4) && !rcu_access_pointer(ips->root6))
		INIT_LIST_HEAD(list);
	list_for_each_entry_safe(node, next, list, of_peer)
		take(ips, node);
}

int wg_allowedip_read(const struct wg_allowedip *node, u8 ip[16], u8 *len)
{
	__be64 words[2] = { cpu_to_be64(node->bits[0]), node->v6 ? cpu_to_be64(node->bits[1]) : 0 };

	memcpy(ip, words, node->v6 ? 16 : 4);
	*len = node->len;
	return node->v6 ? AF_INET6 : AF_INET;
}

/* ---- ending -------------------------------------------------------------------- */

void wg_allowedips_clear(struct wg_allowedips *ips, struct wg_allowedips *old)
{
	*old = *ips;
	RCU_INIT_POINTER(ips->root4, NULL);
	RCU_INIT_POINTER(ips->root6, NULL);
}

/* Nobody else knows these any more, so a node's children can be forgotten on the way down. */
static void free_trie(struct wg_allowedip *node)
{
	struct wg_allowedip *next;

	while (node) {
		int side = !rcu_access_pointer(node->child[0]);

		next = rcu_dereference_protected(node->child[side], true);
		if (next) {
			RCU_INIT_POINTER(node->child[side], NULL);
		} else {
			next = node->up;
			kfree(node);
		}
		node = next;
		cond_resched();
	}
}

void wg_allowedips_free(struct wg_allowedips *old)
{
	free_trie(rcu_dereference_protected(old->root4, true));
	free_trie(rcu_dereference_protected(old->root6, true));
}
