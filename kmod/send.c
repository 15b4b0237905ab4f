// SPDX-License-Identifier: GPL-2.0
/*
 * send: the fast path out, see send.h.
 * Locks: peer->staged.lock (spinlock, BH). Everything here runs with BH off or
 * turns them off.
 */
#include "send.h"

#include <net/dst_metadata.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>

#include "handshake.h"
#include "skb.h"
#include "socket.h"

/* ---- one packet ------------------------------------------------------------------ */

/*
 * How many zeros follow the packet: up to a multiple of 16, but not beyond the
 * MTU. A packet over the MTU (it will be cut in pieces inside the tunnel) counts
 * as its last piece does.
 */
static unsigned int wg_padding(unsigned int len, unsigned int mtu)
{
	unsigned int last = mtu && len > mtu ? len % mtu : len;
	unsigned int padded = ALIGN(last, WG_PADDING);

	if (mtu && padded > mtu)
		padded = mtu;
	return padded - last;
}

/* A plain packet becomes one that can be encrypted where it is. False: no memory. */
static bool wg_prepare(struct sk_buff *skb, u32 mtu)
{
	if (!wg_own_linear(skb, WG_HEADROOM, WG_PADDING + WG_TAG_LEN))
		return false;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return false;
	wg_cb(skb)->mtu = mtu;
	/* The congestion bits travel outside too (RFC 6040), the class does not:
	 * it would tell what is inside. */
	wg_cb(skb)->tos = ip_tunnel_ecn_encap(0, ip_hdr(skb), skb);
	return true;
}

/* ---- encryption ------------------------------------------------------------------ */

bool wg_encrypt_bundle(struct sk_buff *bundle)
{
	const struct wg_keypair *keypair = wg_cb(bundle)->keypair;
	struct sk_buff *skb;

	for (skb = bundle; skb; skb = skb->next) {
		unsigned int plain = skb->len, padding = wg_padding(plain, wg_cb(skb)->mtu);
		struct wg_msg_data *msg;

		memset(skb_put(skb, padding + WG_TAG_LEN), 0, padding);
		chacha20poly1305_encrypt(skb->data, skb->data, plain + padding, NULL, 0, wg_cb(skb)->nonce,
					 keypair->sending.key);
		msg = skb_push(skb, sizeof(*msg));
		msg->type = cpu_to_le32(WG_MSG_DATA);
		msg->receiver = cpu_to_le32(keypair->remote_index);
		msg->counter = cpu_to_le64(wg_cb(skb)->nonce);
	}
	return true;
}

/* A session gets a successor before it ends: its initiator asks in time. */
static void wg_renew_session(struct wg_peer *peer, struct wg_keypair *keypair)
{
	if (atomic64_read(&keypair->sending_counter) > WG_REKEY_AFTER_MESSAGES ||
	    (keypair->initiator && wg_expired(keypair->sending.birth, WG_REKEY_AFTER_TIME)))
		wg_handshake_initiate(peer, false);
}

void wg_send_bundle(struct wg_peer *peer, struct sk_buff *bundle, bool ready)
{
	struct wg_keypair *keypair = wg_cb(bundle)->keypair;
	struct sk_buff *skb;
	bool data = false;

	if (unlikely(!ready || !wg_peer_is_on(peer))) {
		kfree_skb_list(bundle);
		return;
	}
	for (skb = bundle; skb; skb = skb->next)
		data |= skb->len > WG_MIN_DATA_LEN;
	wg_timers_sent(peer);
	if (!wg_socket_send_chain(peer, bundle) && data)
		wg_timers_data_sent(peer);
	wg_renew_session(peer, keypair);
}

/* ---- what waits for a session ------------------------------------------------------ */

void wg_purge_staged(struct wg_peer *peer)
{
	unsigned long n;

	spin_lock_bh(&peer->staged.lock);
	n = skb_queue_len(&peer->staged);
	__skb_queue_purge(&peer->staged);
	spin_unlock_bh(&peer->staged.lock);
	DEV_STATS_ADD(peer->wg->dev, tx_dropped, n);
}

/* Take all that is staged, as a chain with its first nonce; NULL when there is nothing. */
static struct sk_buff *wg_take_staged(struct wg_peer *peer, struct wg_keypair *keypair, unsigned int *ret_n)
{
	struct sk_buff *first, *skb;
	u64 nonce;

	spin_lock(&peer->staged.lock);
	first = skb_peek(&peer->staged);
	if (!first) {
		spin_unlock(&peer->staged.lock);
		return NULL;
	}
	*ret_n = skb_queue_len(&peer->staged);
	nonce = atomic64_add_return(*ret_n, &keypair->sending_counter) - *ret_n;
	if (unlikely(nonce > WG_REJECT_AFTER_MESSAGES - *ret_n)) {
		WRITE_ONCE(keypair->sending.valid, false);
		spin_unlock(&peer->staged.lock);
		return ERR_PTR(-EKEYEXPIRED);
	}
	peer->staged.prev->next = NULL; /* a ring becomes a chain */
	__skb_queue_head_init(&peer->staged);
	spin_unlock(&peer->staged.lock);

	for (skb = first; skb; skb = skb->next) {
		skb->prev = NULL;
		wg_cb(skb)->nonce = nonce++;
	}
	return first;
}

/* They may wait for long: who sent them shall not wait for their memory. */
static void wg_orphan_staged(struct wg_peer *peer)
{
	struct sk_buff *skb;

	spin_lock_bh(&peer->staged.lock);
	skb_queue_walk (&peer->staged, skb)
		skb_orphan(skb);
	spin_unlock_bh(&peer->staged.lock);
}

void wg_send_staged(struct wg_peer *peer)
{
	struct sk_buff *bundle = ERR_PTR(-ENOKEY);
	struct wg_keypair *keypair;
	unsigned int n;

	/* Whoever staged something looks for a session after it, and whoever made
	 * a session looks for what is staged after it: one of them sees both. */
	smp_mb();
	if (skb_queue_empty_lockless(&peer->staged))
		return;
	rcu_read_lock_bh();
	keypair = rcu_dereference_bh(peer->keypairs.current_one);
	if (likely(keypair && READ_ONCE(keypair->sending.valid) &&
		   !wg_expired(keypair->sending.birth, WG_REJECT_AFTER_TIME)))
		bundle = wg_take_staged(peer, keypair, &n);
	/* Deep in links upon links there is no room for it on the stack. */
	if (!IS_ERR_OR_NULL(bundle) &&
	    unlikely(!wg_crypt_submit(&peer->wg->encrypt, keypair, bundle, dev_recursion_level() <= 1))) {
		kfree_skb_list(bundle);
		DEV_STATS_ADD(peer->wg->dev, tx_dropped, n);
	}
	rcu_read_unlock_bh();

	if (IS_ERR(bundle)) {
		wg_orphan_staged(peer);
		wg_handshake_initiate(peer, false);
	}
}

void wg_send_keepalive(struct wg_peer *peer)
{
	struct sk_buff *skb;

	if (skb_queue_empty_lockless(&peer->staged)) {
		skb = alloc_skb(WG_HEADROOM + WG_PADDING + WG_TAG_LEN, GFP_ATOMIC);
		if (unlikely(!skb))
			return;
		skb_reserve(skb, WG_HEADROOM);
		skb->dev = peer->wg->dev;
		*wg_cb(skb) = (struct wg_cb){ .mtu = READ_ONCE(skb->dev->mtu) };
		skb_queue_tail(&peer->staged, skb);
	}
	wg_send_staged(peer);
}

/* ---- from the link ------------------------------------------------------------------ */

static void wg_tell_unreachable(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else if (skb->protocol == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

netdev_tx_t wg_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct wg_device *wg = netdev_priv(dev);
	struct sk_buff *segments, *next;
	struct sk_buff_head bundle;
	struct wg_peer *peer;
	unsigned int dropped = 0;
	int r = -EPROTONOSUPPORT;
	u32 mtu;

	rcu_read_lock_bh();
	if (unlikely(!wg_protocol_is_right(skb))) {
		net_dbg_ratelimited("%s: not an IP packet\n", dev->name);
		goto refuse;
	}
	peer = wg_peer_of_address(wg, skb, false);
	r = -ENOKEY;
	if (unlikely(!peer)) {
		net_dbg_ratelimited("%s: no peer has this destination among its allowed IPs\n", dev->name);
		goto unreachable;
	}
	r = -EDESTADDRREQ;
	if (unlikely(!READ_ONCE(peer->endpoint.addr.sa_family))) {
		net_dbg_ratelimited("%s: peer %llu has no endpoint yet\n", dev->name, peer->id);
		goto unreachable;
	}

	mtu = skb_valid_dst(skb) ? dst_mtu(skb_dst(skb)) : READ_ONCE(dev->mtu);
	skb_get_hash(skb); /* for fair queues outside: nothing of it can be seen there */
	if (skb_is_gso(skb)) {
		segments = skb_gso_segment(skb, 0);
		r = PTR_ERR_OR_ZERO(segments);
		if (r)
			goto refuse;
		if (segments) {
			consume_skb(skb);
			skb = segments;
		}
	} else {
		skb_mark_not_on_list(skb);
	}

	__skb_queue_head_init(&bundle);
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		if (likely(wg_prepare(skb, mtu))) {
			/* No route is kept: it belongs to the inside, and may wait. */
			skb_dst_drop(skb);
			__skb_queue_tail(&bundle, skb);
		} else {
			kfree_skb(skb);
			dropped++;
		}
	}

	spin_lock(&peer->staged.lock);
	/* The oldest give way: what is new is more likely to be waited for. */
	while (unlikely(skb_queue_len(&peer->staged) + skb_queue_len(&bundle) > WG_STAGED_PACKETS &&
			!skb_queue_empty(&peer->staged))) {
		dev_kfree_skb(__skb_dequeue(&peer->staged));
		dropped++;
	}
	skb_queue_splice_tail(&bundle, &peer->staged);
	spin_unlock(&peer->staged.lock);
	if (unlikely(dropped))
		DEV_STATS_ADD(dev, tx_dropped, dropped);

	wg_send_staged(peer);
	rcu_read_unlock_bh();
	return NETDEV_TX_OK;

unreachable:
	wg_tell_unreachable(skb);
refuse:
	rcu_read_unlock_bh();
	DEV_STATS_INC(dev, tx_errors);
	kfree_skb(skb);
	return r; /* reaches the sender: sendmsg() says "Required key not available" */
}
