// SPDX-License-Identifier: GPL-2.0
/*
 * peer: the life of a peer, see peer.h, and its receiver indices.
 * Locks: peer->index_lock (spinlock, BH) covers the membership of all four
 * entries, whose readers are under RCU.
 */
#include "peer.h"

#include <linux/ipv6.h>

#include "handshake.h"
#include "send.h"
#include "socket.h"

static struct kmem_cache *wg_peer_cache;
static atomic64_t wg_peer_ids = ATOMIC64_INIT(0);

/* ---- what noise.c asks for ----------------------------------------------------------- */

struct wg_peer *wg_peer_by_public_key(struct wg_device *wg, const u8 key[WG_KEY_LEN])
{
	struct wg_peer *peer;

	rcu_read_lock();
	peer = wg_tables_by_key(&wg->tables, key);
	if (peer)
		peer = wg_peer_get_maybe(peer);
	rcu_read_unlock();
	return peer;
}

struct wg_handshake *wg_peer_handshake(struct wg_peer *peer)
{
	return &peer->handshake;
}

struct wg_keypairs *wg_peer_keypairs(struct wg_peer *peer)
{
	return &peer->keypairs;
}

static void wg_index_unlink(struct wg_peer *peer, struct wg_index *entry)
{
	if (entry->value)
		rcu_assign_pointer(peer->index[entry->way], NULL);
	WRITE_ONCE(entry->value, 0);
}

void wg_index_new(struct wg_peer *peer, struct wg_index *entry)
{
	u32 value;
	u8 way = 0;

	spin_lock_bh(&peer->index_lock);
	wg_index_unlink(peer, entry);
	while (way < WG_INDEX_WAYS - 1 && rcu_access_pointer(peer->index[way]))
		way++;
	/* Two keypairs and one handshake: a way is always free. */
	WARN_ON_ONCE(rcu_access_pointer(peer->index[way]));
	do
		value = wg_tables_hide(&peer->wg->tables, get_random_u32() << 22 | peer->number << 2 | way);
	while (!value);
	entry->way = way;
	WRITE_ONCE(entry->value, value);
	rcu_assign_pointer(peer->index[way], entry);
	spin_unlock_bh(&peer->index_lock);
}

void wg_index_move(struct wg_peer *peer, struct wg_index *from, struct wg_index *to)
{
	spin_lock_bh(&peer->index_lock);
	to->way = from->way;
	WRITE_ONCE(to->value, from->value);
	if (to->value)
		rcu_assign_pointer(peer->index[to->way], to);
	WRITE_ONCE(from->value, 0);
	spin_unlock_bh(&peer->index_lock);
}

void wg_index_forget(struct wg_peer *peer, struct wg_index *entry)
{
	spin_lock_bh(&peer->index_lock);
	wg_index_unlink(peer, entry);
	spin_unlock_bh(&peer->index_lock);
}

struct wg_index *wg_index_lookup(struct wg_device *wg, u32 value, struct wg_peer **ret_peer)
{
	u32 plain = wg_tables_reveal(&wg->tables, value);
	struct wg_peer *peer = wg_tables_by_number(&wg->tables, plain >> 2 & (WG_MAX_PEERS - 1));
	struct wg_index *entry = likely(peer) ? rcu_dereference_bh(peer->index[plain & (WG_INDEX_WAYS - 1)]) : NULL;

	*ret_peer = peer;
	return likely(entry && READ_ONCE(entry->value) == value) ? entry : NULL;
}

/* ---- work ---------------------------------------------------------------------------- */

/* Nothing was agreed upon for so long that nobody can use the old keys any more. */
static void wg_peer_clear_work(struct work_struct *work)
{
	struct wg_peer *peer = container_of(work, struct wg_peer, clear);

	wg_handshake_clear(peer);
	wg_keypairs_clear(&peer->keypairs);
	wg_peer_put(peer);
}

/* The next initiation is not held back. */
static void wg_peer_may_initiate(struct wg_peer *peer)
{
	WRITE_ONCE(peer->last_initiation,
		   ktime_get_coarse_boottime_ns() - (WG_REKEY_TIMEOUT + 1) * (u64)NSEC_PER_SEC);
}

/* ---- life ---------------------------------------------------------------------------- */

struct wg_peer *wg_peer_create(struct wg_device *wg, const u8 public[WG_KEY_LEN], const u8 *preshared)
{
	struct wg_peer *peer;
	int r;

	lockdep_assert_held(&wg->update_lock);
	peer = kmem_cache_zalloc(wg_peer_cache, GFP_KERNEL);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	r = dst_cache_init(&peer->route, GFP_KERNEL);
	if (r)
		goto free;
	peer->wg = wg;
	peer->id = atomic64_inc_return(&wg_peer_ids);
	kref_init(&peer->refs);
	spin_lock_init(&peer->index_lock);
	rwlock_init(&peer->endpoint_lock);
	skb_queue_head_init(&peer->staged);
	INIT_LIST_HEAD(&peer->allowed_ips);
	INIT_WORK(&peer->initiate, wg_handshake_initiate_work);
	INIT_WORK(&peer->clear, wg_peer_clear_work);
	wg_queue_init(&peer->tx);
	wg_queue_init(&peer->rx);
	wg_timers_init(peer);
	wg_keypairs_init(&peer->keypairs);
	wg_cookie_init(&peer->cookie, public);
	wg_handshake_init(&peer->handshake, &wg->identity, public, preshared);
	wg_peer_may_initiate(peer);
	r = wg_tables_add(&wg->tables, peer);
	if (r)
		goto uninit;
	list_add_tail(&peer->of_device, &wg->peers);
	wg->n_peers++;
	wg->generation++;
	pr_debug("%s: peer %llu made\n", wg->dev->name, peer->id);
	return peer;

uninit:
	dst_cache_destroy(&peer->route);
	memzero_explicit(peer, sizeof(*peer));
free:
	kmem_cache_free(wg_peer_cache, peer);
	return ERR_PTR(r);
}

struct wg_peer *wg_peer_get_maybe(struct wg_peer *peer)
{
	return likely(kref_get_unless_zero(&peer->refs)) ? peer : NULL;
}

static void wg_peer_free(struct rcu_head *rcu)
{
	struct wg_peer *peer = container_of(rcu, struct wg_peer, rcu);

	dst_cache_destroy(&peer->route);
	memzero_explicit(peer, sizeof(*peer));
	kmem_cache_free(wg_peer_cache, peer);
}

struct wg_peer *wg_peer_of_address(const struct wg_device *wg, const struct sk_buff *skb, bool source)
{
	const struct iphdr *ip4 = ip_hdr(skb);
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);

	if (skb->protocol == htons(ETH_P_IP))
		return wg_allowedips_lookup(&wg->allowedips, AF_INET, source ? &ip4->saddr : &ip4->daddr);
	return wg_allowedips_lookup(&wg->allowedips, AF_INET6, source ? &ip6->saddr : &ip6->daddr);
}

bool wg_peer_is_on(const struct wg_peer *peer)
{
	return !READ_ONCE(peer->dead) && netif_running(peer->wg->dev);
}

void wg_count_received(struct wg_peer *peer, unsigned int len)
{
	/* BH off is an RCU section, too: a link that is on now keeps its
	 * counters until this is over. */
	if (wg_peer_is_on(peer))
		dev_sw_netstats_rx_add(peer->wg->dev, len);
	atomic64_add(len, &peer->rx_bytes);
}

static void wg_peer_release(struct kref *refs)
{
	struct wg_peer *peer = container_of(refs, struct wg_peer, refs);

	pr_debug("peer %llu gone\n", peer->id);
	/* Whoever held it may have gone on with it after it was removed. The
	 * device may be gone: a dump that sleeps holds a peer, and nothing else. */
	wg_keypairs_clear(&peer->keypairs);
	__skb_queue_purge(&peer->staged);
	call_rcu(&peer->rcu, wg_peer_free);
}

void wg_peer_put(struct wg_peer *peer)
{
	if (peer)
		kref_put(&peer->refs, wg_peer_release);
}

void wg_peer_expire(struct wg_peer *peer)
{
	wg_handshake_clear(peer);
	wg_keypairs_expire(&peer->keypairs);
	wg_peer_may_initiate(peer);
}

void wg_peer_stop(struct wg_peer *peer)
{
	wg_purge_staged(peer);
	wg_timers_stop(peer);
	wg_handshake_clear(peer);
	wg_keypairs_clear(&peer->keypairs);
	wg_peer_may_initiate(peer);
}

/*
 * Unlink all, wait once for those who still see one of them, then take apart each.
 * Whoever holds a reference (a queued bundle, a handshake being worked on, a
 * timer's work) sees `dead` and lets go soon.
 */
void wg_peer_remove_list(struct wg_device *wg, struct list_head *list)
{
	struct wg_peer *peer, *next;

	lockdep_assert_held(&wg->update_lock);
	if (list_empty(list))
		return;
	list_for_each_entry(peer, list, of_device) {
		WRITE_ONCE(peer->dead, true);
		wg_allowedips_remove_peer(&wg->allowedips, &peer->allowed_ips);
		wg_tables_remove(&wg->tables, peer);
		wg->n_peers--;
	}
	wg->generation++;
	synchronize_net();
	list_for_each_entry_safe(peer, next, list, of_device) {
		/* list_del_init: who holds it finds it in no list. */
		list_del_init(&peer->of_device);
		timer_shutdown_sync(&peer->timers.timer);
		/* No handshake of it begins any more, and one that runs holds its
		 * lock until it is through. */
		wg_handshake_clear(peer);
		wg_keypairs_clear(&peer->keypairs);
		wg_peer_clear_source(peer); /* and the route: it holds a namespace */
		wg_purge_staged(peer);
		wg_peer_put(peer);
	}
}

void wg_peer_remove_all(struct wg_device *wg)
{
	struct wg_allowedips old;
	LIST_HEAD(all);

	/* Emptying the tries as a whole is much cheaper than by prefixes. */
	wg_allowedips_clear(&wg->allowedips, &old);
	list_splice_init(&wg->peers, &all);
	wg_peer_remove_list(wg, &all); /* has its grace period */
	wg_allowedips_free(&old);
}

int wg_peer_module_init(void)
{
	wg_peer_cache = kmem_cache_create(KBUILD_MODNAME "_peer", sizeof(struct wg_peer), 0, 0, NULL);
	return wg_peer_cache ? 0 : -ENOMEM;
}

void wg_peer_module_exit(void)
{
	/* All are released; what is left are the grace periods. */
	rcu_barrier();
	kmem_cache_destroy(wg_peer_cache);
}
