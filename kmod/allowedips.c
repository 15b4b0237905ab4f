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
#include <linux/kernel.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "allowedips.h"

enum {
	BITS4 = 32,
	BITS6 = 128,
};

/* An address as nodes keep it. */
struct key {
	u64 bits[2];
	bool v6;
};

static struct kmem_cache *cache4, *cache6;

/* Tries that no reader sees any more wait here to be freed. */
static LLIST_HEAD(retired);
static void free_retired(struct work_struct *work);
static DECLARE_WORK(retirement, free_retired);

/* ---- bits ---------------------------------------------------------------------- */

/* Copied, since an address inside of a packet is aligned to four bytes, not to eight. */
static inline struct key key4(const struct in_addr *ip)
{
	__be32 word;

	memcpy(&word, ip, sizeof(word));
	return (struct key){ .bits = { (u64)be32_to_cpu(word) << 32 } };
}

static inline struct key key6(const struct in6_addr *ip)
{
	__be64 words[2];

	memcpy(words, ip, sizeof(words));
	return (struct key){ .bits = { be64_to_cpu(words[0]), be64_to_cpu(words[1]) }, .v6 = true };
}

static void cut(struct key *key, u8 len)
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

static __always_inline struct wg_peer *find(struct wg_allowedip __rcu *const *root, const struct key *key, bool v6)
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

struct wg_peer *wg_allowedips_lookup4(const struct wg_allowedips *ips, const struct in_addr *ip)
{
	struct key key = key4(ip);

	return find(&ips->root4, &key, false);
}

struct wg_peer *wg_allowedips_lookup6(const struct wg_allowedips *ips, const struct in6_addr *ip)
{
	struct key key = key6(ip);

	return find(&ips->root6, &key, true);
}

/* ---- changing ------------------------------------------------------------------ */

#define held(pointer, lock) rcu_dereference_protected(pointer, lockdep_is_held(lock))

static struct wg_allowedip *node_new(const struct key *key, u8 len)
{
	struct wg_allowedip *node = kmem_cache_zalloc(key->v6 ? cache6 : cache4, GFP_KERNEL);

	if (!node)
		return NULL;
	INIT_LIST_HEAD(&node->of_peer);
	node->len = len;
	node->v6 = key->v6;
	memcpy(node->bits, key->bits, key->v6 ? 16 : 8);
	return node;
}

static void node_free(struct wg_allowedip *node)
{
	kmem_cache_free(node->v6 ? cache6 : cache4, node);
}

static void node_free_rcu(struct rcu_head *rcu)
{
	node_free(container_of(rcu, struct wg_allowedip, rcu));
}

/* The pointer that leads to what is below @up on the way to @bits. */
static struct wg_allowedip __rcu **slot(struct wg_allowedips *ips, struct wg_allowedip *up, const u64 *bits, bool v6)
{
	if (up)
		return &up->child[branch(bits, up->len)];
	return v6 ? &ips->root6 : &ips->root4;
}

/* The last node on the way to a prefix, and @below it what does not lie on that way, if anything does. */
static struct wg_allowedip *descend(struct wg_allowedips *ips, const struct key *key, u8 len,
				    struct wg_allowedip **below, struct mutex *lock)
{
	struct wg_allowedip *up = NULL, *node;

	while ((node = held(*slot(ips, up, key->bits, key->v6), lock)) && node->len <= len &&
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

static int give(struct wg_allowedips *ips, struct key *key, u8 len, struct wg_peer *peer, struct list_head *list,
		struct mutex *lock)
{
	struct wg_allowedip *up, *below, *node, *top, *fork = NULL;
	unsigned int shared;

	cut(key, len);
	up = descend(ips, key, len, &below, lock);
	if (up && up->len == len) {
		rcu_assign_pointer(up->peer, peer);
		list_move_tail(&up->of_peer, list);
		return 0;
	}

	node = top = node_new(key, len);
	if (!node)
		return -ENOMEM;
	if (below) {
		shared = min_t(unsigned int, common(below->bits, key->bits, key->v6), len);
		if (shared < len) {
			struct key at = *key;

			cut(&at, shared);
			fork = top = node_new(&at, shared);
			if (!fork) {
				node_free(node);
				return -ENOMEM;
			}
			hang(fork, node);
		}
		hang(top, below);
	}
	top->up = up;
	RCU_INIT_POINTER(node->peer, peer);
	list_add_tail(&node->of_peer, list);
	rcu_assign_pointer(*slot(ips, up, key->bits, key->v6), top);
	return 0;
}

/*
 * Take a prefix from its peer, and out of the trie what nobody needs then: the
 * node itself if it has not two children, and after it the fork above, which may
 * have one child left. Readers in a node that is taken out go on to its child.
 */
static void take(struct wg_allowedips *ips, struct wg_allowedip *node, struct mutex *lock)
{
	struct wg_allowedip *up, *left, *right, *only;

	list_del_init(&node->of_peer);
	RCU_INIT_POINTER(node->peer, NULL);
	while (node && !rcu_access_pointer(node->peer)) {
		left = held(node->child[0], lock);
		right = held(node->child[1], lock);
		if (left && right)
			break;
		only = left ?: right;
		up = node->up;
		rcu_assign_pointer(*slot(ips, up, node->bits, node->v6), only);
		call_rcu(&node->rcu, node_free_rcu);
		if (only) {
			only->up = up;
			break;
		}
		node = up;
	}
}

static int withdraw(struct wg_allowedips *ips, struct key *key, u8 len, struct wg_peer *peer, struct mutex *lock)
{
	struct wg_allowedip *node, *below;

	cut(key, len);
	node = descend(ips, key, len, &below, lock);
	if (node && node->len == len && rcu_access_pointer(node->peer) == peer)
		take(ips, node, lock);
	return 0;
}

int wg_allowedips_insert4(struct wg_allowedips *ips, const struct in_addr *ip, u8 len, struct wg_peer *peer,
			  struct list_head *list, struct mutex *lock)
{
	struct key key = key4(ip);

	return len > BITS4 ? -EINVAL : give(ips, &key, len, peer, list, lock);
}

int wg_allowedips_insert6(struct wg_allowedips *ips, const struct in6_addr *ip, u8 len, struct wg_peer *peer,
			  struct list_head *list, struct mutex *lock)
{
	struct key key = key6(ip);

	return len > BITS6 ? -EINVAL : give(ips, &key, len, peer, list, lock);
}

int wg_allowedips_remove4(struct wg_allowedips *ips, const struct in_addr *ip, u8 len, struct wg_peer *peer,
			  struct mutex *lock)
{
	struct key key = key4(ip);

	return len > BITS4 ? -EINVAL : withdraw(ips, &key, len, peer, lock);
}

int wg_allowedips_remove6(struct wg_allowedips *ips, const struct in6_addr *ip, u8 len, struct wg_peer *peer,
			  struct mutex *lock)
{
	struct key key = key6(ip);

	return len > BITS6 ? -EINVAL : withdraw(ips, &key, len, peer, lock);
}

void wg_allowedips_remove_peer(struct wg_allowedips *ips, struct list_head *list, struct mutex *lock)
{
	struct wg_allowedip *node, *next;

	/* After wg_allowedips_clear() there may be entries, which are not ours to touch any more. */
	if (!rcu_access_pointer(ips->root4) && !rcu_access_pointer(ips->root6))
		INIT_LIST_HEAD(list);
	list_for_each_entry_safe(node, next, list, of_peer)
		take(ips, node, lock);
}

int wg_allowedip_read(const struct wg_allowedip *node, u8 ip[16], u8 *len)
{
	__be64 words[2] = { cpu_to_be64(node->bits[0]), node->v6 ? cpu_to_be64(node->bits[1]) : 0 };

	memcpy(ip, words, node->v6 ? 16 : 4);
	*len = node->len;
	return node->v6 ? AF_INET6 : AF_INET;
}

/* ---- ending -------------------------------------------------------------------- */

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
			node_free(node);
		}
		node = next;
		cond_resched();
	}
}

static void free_retired(struct work_struct *work)
{
	struct wg_allowedip *root, *next;

	llist_for_each_entry_safe(root, next, llist_del_all(&retired), retired)
		free_trie(root);
}

/* Freeing may take long, longer than a callback of RCU should. */
static void retire_rcu(struct rcu_head *rcu)
{
	llist_add(&container_of(rcu, struct wg_allowedip, rcu)->retired, &retired);
	queue_work(system_unbound_wq, &retirement);
}

static void clear(struct wg_allowedip __rcu **trie, struct mutex *lock)
{
	struct wg_allowedip *root = held(*trie, lock);

	RCU_INIT_POINTER(*trie, NULL);
	if (root)
		call_rcu(&root->rcu, retire_rcu);
}

void wg_allowedips_clear(struct wg_allowedips *ips, struct mutex *lock)
{
	clear(&ips->root4, lock);
	clear(&ips->root6, lock);
}

int wg_allowedips_module_init(void)
{
	cache4 = kmem_cache_create("wg_allowedip4", struct_size_t(struct wg_allowedip, bits, 1), 0, SLAB_HWCACHE_ALIGN,
				   NULL);
	cache6 = kmem_cache_create("wg_allowedip6", struct_size_t(struct wg_allowedip, bits, 2), 0, 0, NULL);
	if (cache4 && cache6)
		return 0;
	kmem_cache_destroy(cache6);
	kmem_cache_destroy(cache4);
	return -ENOMEM;
}

void wg_allowedips_module_exit(void)
{
	rcu_barrier(); /* callbacks that queue the work */
	flush_work(&retirement);
	kmem_cache_destroy(cache6);
	kmem_cache_destroy(cache4);
}
