// SPDX-License-Identifier: GPL-2.0
/*
 * handshake: messages of types 1 to 3, see handshake.h.
 * Locks: wg_device.handshakes.lock (spinlock, BH).
 */
#include "handshake.h"

#include "ratelimiter.h"
#include "send.h"
#include "skb.h"
#include "socket.h"

/* The class of our handshake messages: AF41, so that a full line does not stop them. */
#define WG_HANDSHAKE_TOS 0x88

/* From here on who sends has to prove its address. */
#define WG_UNDER_LOAD (WG_MAX_WAITING_HANDSHAKES / 8)

/* ---- out ----------------------------------------------------------------------------- */

void wg_handshake_initiate(struct wg_peer *peer, bool retry)
{
	if (!retry)
		WRITE_ONCE(peer->timers.due.attempts, 0);
	/* A first look; wg_handshake_initiate_work() looks again. */
	if (!wg_expired(READ_ONCE(peer->last_initiation), WG_REKEY_TIMEOUT) || !wg_peer_is_on(peer))
		return;
	rcu_read_lock_bh();
	if (wg_peer_get_maybe(peer) && !queue_work(peer->wg->handshake_wq, &peer->initiate))
		wg_peer_put(peer);
	rcu_read_unlock_bh();
}

static void wg_send_handshake(struct wg_peer *peer, void *msg, size_t len)
{
	wg_cookie_add_macs(&peer->cookie, msg, len);
	wg_timers_sent(peer);
	wg_socket_send_to_peer(peer, msg, len, WG_HANDSHAKE_TOS);
}

void wg_handshake_initiate_work(struct work_struct *work)
{
	struct wg_peer *peer = container_of(work, struct wg_peer, initiate);
	struct wg_msg_initiation msg;

	if (!wg_peer_is_on(peer) || !wg_expired(READ_ONCE(peer->last_initiation), WG_REKEY_TIMEOUT))
		goto put;
	WRITE_ONCE(peer->last_initiation, ktime_get_coarse_boottime_ns());
	if (wg_handshake_create_initiation(peer, &msg)) {
		net_dbg_ratelimited("%s: initiation to peer %llu\n", peer->wg->dev->name, peer->id);
		/* First: the answer, which ends the wait for it, may be here
		 * before we are back. */
		wg_timers_initiation_sent(peer);
		wg_send_handshake(peer, &msg, sizeof(msg));
	}
put:
	wg_peer_put(peer);
}

static void wg_send_response(struct wg_peer *peer)
{
	struct wg_msg_response msg;

	WRITE_ONCE(peer->last_initiation, ktime_get_coarse_boottime_ns());
	if (!wg_handshake_create_response(peer, &msg))
		return;
	/* The session first: what the peer sends with it may be here at once. */
	if (!wg_handshake_begin_session(peer))
		return;
	net_dbg_ratelimited("%s: response to peer %llu\n", peer->wg->dev->name, peer->id);
	wg_timers_session_derived(peer);
	wg_send_handshake(peer, &msg, sizeof(msg));
}

/* ---- in ------------------------------------------------------------------------------ */

static __le32 wg_type(const struct sk_buff *skb)
{
	return *(const __le32 *)skb->data;
}

/* May it wait for a worker? Nobody who knows neither us nor an index of ours fills the queue. */
static bool wg_may_wait(struct wg_device *wg, struct sk_buff *skb)
{
	struct wg_peer *peer;

	if (wg_type(skb) != cpu_to_le32(WG_MSG_COOKIE))
		return wg_cookie_check_mac1(&wg->checker, skb->data, skb->len);
	return wg_index_lookup(wg, le32_to_cpu(((const struct wg_msg_cookie *)skb->data)->receiver), &peer);
}

void wg_handshake_receive(struct wg_device *wg, struct sk_buff *skb)
{
	bool full;

	if (!wg_own_linear(skb, 0, 0))
		goto drop;
	skb->dev = wg->dev; /* the one that it came through may go while it waits */
	if (!wg_may_wait(wg, skb)) {
		net_dbg_ratelimited("%s: handshake message with a wrong mac\n", wg->dev->name);
		goto drop;
	}
	spin_lock(&wg->handshakes.lock);
	full = skb_queue_len(&wg->handshakes) >= WG_MAX_WAITING_HANDSHAKES;
	if (!full)
		__skb_queue_tail(&wg->handshakes, skb);
	spin_unlock(&wg->handshakes.lock);
	wg_workers_kick(&wg->handshake_workers);
	if (!full)
		return;
	DEV_STATS_INC(wg->dev, rx_dropped);
drop:
	kfree_skb(skb);
}

/* The peer whose handshake or keypair has this index, with a reference. */
static struct wg_peer *wg_peer_by_index(struct wg_device *wg, __le32 index, bool *ret_is_keypair)
{
	struct wg_index *entry;
	struct wg_peer *peer;

	rcu_read_lock_bh();
	entry = wg_index_lookup(wg, le32_to_cpu(index), &peer);
	*ret_is_keypair = entry && entry->is_keypair;
	peer = entry ? wg_peer_get_maybe(peer) : NULL;
	rcu_read_unlock_bh();
	return peer;
}

static bool wg_is_under_load(struct wg_device *wg)
{
	/* It lasts a second longer, so that it does not flicker. */
	if (skb_queue_len_lockless(&wg->handshakes) >= WG_UNDER_LOAD)
		WRITE_ONCE(wg->under_load_until, (jiffies + HZ) | 1);
	else if (READ_ONCE(wg->under_load_until) && time_after(jiffies, READ_ONCE(wg->under_load_until)))
		WRITE_ONCE(wg->under_load_until, 0);
	return READ_ONCE(wg->under_load_until);
}

/* May this message cost us a Diffie-Hellman? A cookie is sent when its sender must ask again. */
static bool wg_may_work_on(struct wg_device *wg, struct sk_buff *skb)
{
	const struct wg_msg_macs *macs = (void *)(skb->data + skb->len - sizeof(*macs));
	struct wg_endpoint from;
	struct wg_msg_cookie msg;
	size_t len;
	bool v6;

	if (!wg_is_under_load(wg))
		return true;
	if (wg_endpoint_from_skb(&from, skb))
		return false;
	v6 = from.addr.sa_family == AF_INET6;
	len = v6 ? sizeof(from.addr6) : sizeof(from.addr4);
	if (wg_cookie_check_mac2(&wg->checker, skb->data, skb->len, (u8 *)&from.addr, len))
		return wg_ratelimiter_allow(rcu_access_pointer(wg->creating_net),
					    v6 ? (u8 *)&from.addr6.sin6_addr : (u8 *)&from.addr4.sin_addr, v6 ? 8 : 4);
	net_dbg_ratelimited("%s: under load, cookie sent\n", wg->dev->name);
	wg_cookie_create_reply(&wg->checker, &msg, ((const struct wg_msg_initiation *)skb->data)->sender, macs,
			       (u8 *)&from.addr, len);
	wg_socket_send_to_stranger(wg, &from, &msg, sizeof(msg));
	return false;
}

/* The message was @peer's own: that is where it is. */
static void wg_heard_from(struct wg_peer *peer, struct sk_buff *skb)
{
	wg_peer_set_endpoint_from_skb(peer, skb);
	local_bh_disable();
	wg_count_received(peer, skb->len);
	local_bh_enable();
	wg_timers_received(peer);
}

static void wg_take_cookie(struct wg_device *wg, struct sk_buff *skb)
{
	const struct wg_msg_cookie *msg = (const void *)skb->data;
	bool is_keypair;
	struct wg_peer *peer = wg_peer_by_index(wg, msg->receiver, &is_keypair);

	if (peer && wg_cookie_consume_reply(&peer->cookie, msg))
		net_dbg_ratelimited("%s: cookie of peer %llu\n", wg->dev->name, peer->id);
	wg_peer_put(peer);
}

static void wg_take_initiation(struct wg_device *wg, struct sk_buff *skb)
{
	struct wg_peer *peer = wg_handshake_consume_initiation(wg, &wg->identity, (const void *)skb->data);

	if (!peer) {
		net_dbg_ratelimited("%s: invalid initiation\n", wg->dev->name);
		return;
	}
	wg_heard_from(peer, skb);
	wg_send_response(peer);
	wg_peer_put(peer);
}

static void wg_take_response(struct wg_device *wg, struct sk_buff *skb)
{
	const struct wg_msg_response *msg = (const void *)skb->data;
	bool is_keypair;
	struct wg_peer *peer = wg_peer_by_index(wg, msg->receiver, &is_keypair);

	if (!peer || is_keypair || !wg_handshake_consume_response(peer, msg)) {
		net_dbg_ratelimited("%s: invalid response\n", wg->dev->name);
		goto put;
	}
	wg_heard_from(peer, skb);
	if (wg_handshake_begin_session(peer)) {
		wg_timers_session_derived(peer);
		wg_timers_handshake_complete(peer);
		/* The first packet of the session tells the responder that it may
		 * use it; so something is sent even if nothing waits. */
		wg_send_keepalive(peer);
	}
put:
	wg_peer_put(peer);
}

static void wg_take_message(struct wg_device *wg, struct sk_buff *skb)
{
	if (wg_type(skb) == cpu_to_le32(WG_MSG_COOKIE))
		wg_take_cookie(wg, skb);
	else if (!wg_may_work_on(wg, skb))
		return;
	else if (wg_type(skb) == cpu_to_le32(WG_MSG_INITIATION))
		wg_take_initiation(wg, skb);
	else
		wg_take_response(wg, skb);
}

bool wg_handshake_step(void *thing)
{
	struct wg_device *wg = thing;
	struct sk_buff *skb = skb_dequeue(&wg->handshakes);

	if (!skb)
		return false;
	wg_take_message(wg, skb);
	dev_kfree_skb(skb);
	return true;
}
