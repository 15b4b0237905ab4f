// SPDX-License-Identifier: GPL-2.0
/*
 * receive: the fast path in, see receive.h. Until a packet has been decrypted,
 * nothing that it says changes anything, and nobody is answered.
 * Locks: none of its own; a cell's list of packets has its spinlock.
 */
#include "receive.h"

#include <net/inet_ecn.h>

#include "handshake.h"
#include "send.h"
#include "skb.h"
#include "socket.h"

/* ---- in ---------------------------------------------------------------------------- */

static void wg_receive_data(struct wg_device *wg, struct sk_buff *skb)
{
	const struct wg_msg_data *msg = (const struct wg_msg_data *)skb->data;
	struct wg_keypair *keypair = NULL;
	struct wg_cb *cb = wg_cb(skb);
	struct wg_index *entry;
	struct wg_peer *peer;
	u64 nonce = get_unaligned_le64(&msg->counter);
	u8 tos = ip_tunnel_get_dsfield(ip_hdr(skb), skb);

	rcu_read_lock_bh();
	entry = wg_index_lookup(wg, get_unaligned_le32(&msg->receiver), &peer);
	if (likely(entry && entry->is_keypair))
		keypair = container_of(entry, struct wg_keypair, index);
	/* In place needs a piece of its own; who looks at the wire (a tap holds a
	 * clone) shall go on seeing what came. */
	if (unlikely(!keypair || !READ_ONCE(keypair->receiving.valid) || !wg_own_linear(skb, 0, 0)))
		goto drop;
	skb_mark_not_on_list(skb);
	*cb = (struct wg_cb){ .nonce = nonce, .tos = tos };
	if (unlikely(!wg_crypt_submit(&wg->decrypt, keypair, skb, true)))
		goto drop;
	rcu_read_unlock_bh();
	return;
drop:
	rcu_read_unlock_bh();
	kfree_skb(skb);
}

int wg_receive(struct sock *sk, struct sk_buff *skb)
{
	struct wg_device *wg = rcu_dereference_sk_user_data(sk);
	__le32 type;

	if (unlikely(!wg))
		goto drop;
	/* UDP has checked its length and cut what came after it. */
	if (unlikely(!pskb_may_pull(skb, sizeof(struct udphdr) + sizeof(struct wg_msg_data)))) {
		DEV_STATS_INC(wg->dev, rx_length_errors);
		goto error;
	}
	__skb_pull(skb, sizeof(struct udphdr));
	type = *(const __le32 *)skb->data; /* IP headers end on four bytes */
	if (likely(type == cpu_to_le32(WG_MSG_DATA) && skb->len >= WG_MIN_DATA_LEN)) {
		wg_receive_data(wg, skb);
		return 0;
	}
	if ((type == cpu_to_le32(WG_MSG_INITIATION) && skb->len == sizeof(struct wg_msg_initiation)) ||
	    (type == cpu_to_le32(WG_MSG_RESPONSE) && skb->len == sizeof(struct wg_msg_response)) ||
	    (type == cpu_to_le32(WG_MSG_COOKIE) && skb->len == sizeof(struct wg_msg_cookie))) {
		wg_handshake_receive(wg, skb);
		return 0;
	}
	DEV_STATS_INC(wg->dev, rx_frame_errors);
error:
	DEV_STATS_INC(wg->dev, rx_errors);
drop:
	kfree_skb(skb);
	return 0;
}

/* ---- decryption ---------------------------------------------------------------------- */

bool wg_decrypt_bundle(struct sk_buff *skb)
{
	struct wg_keypair *keypair = wg_cb(skb)->keypair;
	u8 *encrypted = skb->data + sizeof(struct wg_msg_data);

	/* The counter is only what the packet says of itself: too high, it is
	 * not worth a look, and nothing else follows from it. */
	if (unlikely(wg_cb(skb)->nonce >= WG_REJECT_AFTER_MESSAGES))
		return false;
	if (unlikely(wg_expired(keypair->receiving.birth, WG_REJECT_AFTER_TIME))) {
		WRITE_ONCE(keypair->receiving.valid, false);
		return false;
	}
	if (unlikely(!chacha20poly1305_decrypt(encrypted, encrypted, skb->len - sizeof(struct wg_msg_data), NULL, 0,
					       wg_cb(skb)->nonce, keypair->receiving.key)))
		return false;
	__skb_pull(skb, sizeof(struct wg_msg_data));
	__skb_trim(skb, skb->len - WG_TAG_LEN);
	return true;
}

/* ---- out, in order ------------------------------------------------------------------- */

/* An initiator that only receives asks for a new session too, once, before the old one ends. */
static void wg_renew_session(struct wg_peer *peer, struct wg_keypair *keypair)
{
	if (!keypair->initiator || READ_ONCE(peer->timers.due.sent_lastminute) ||
	    keypair != rcu_access_pointer(peer->keypairs.current_one) ||
	    !wg_expired(keypair->sending.birth, WG_REJECT_AFTER_TIME - WG_KEEPALIVE_TIMEOUT - WG_REKEY_TIMEOUT))
		return;
	WRITE_ONCE(peer->timers.due.sent_lastminute, true);
	wg_handshake_initiate(peer, false);
}

/* Find the packet in what was decrypted, less its padding. False: it is none, or not all of one. */
static bool wg_find_packet(struct sk_buff *skb)
{
	unsigned int len;

	skb_reset_network_header(skb);
	skb->protocol = ip_tunnel_parse_protocol(skb);
	if (skb->protocol == htons(ETH_P_IP)) {
		len = ntohs(ip_hdr(skb)->tot_len);
		if (unlikely(len < sizeof(struct iphdr)))
			return false;
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		len = sizeof(struct ipv6hdr) + ntohs(ipv6_hdr(skb)->payload_len);
	} else {
		return false;
	}
	if (unlikely(len > skb->len))
		return false;
	__skb_trim(skb, len);
	return true;
}

/* What was decrypted becomes a packet that came in through our link. */
static void wg_make_inner(struct sk_buff *skb, struct net_device *dev, u8 tos)
{
	__be16 protocol = skb->protocol;

	skb_orphan(skb);
	skb->tstamp = 0;
	wg_forget(skb);
	skb->dev = dev;
	skb->protocol = protocol;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	/* The tag vouches for every byte, so for the checksums inside too, as
	 * deep as they are. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = SKB_MAX_CSUM_LEVEL;
	/* RFC 6040; what it holds for a mistake on the way is no reason to drop the packet. */
	INET_ECN_decapsulate(skb, tos, ip_tunnel_get_dsfield(ip_hdr(skb), skb));
}

static void wg_deliver(struct wg_peer *peer, struct sk_buff *skb, unsigned int wire_len)
{
	struct wg_device *wg = peer->wg;
	struct net_device *dev = wg->dev;
	struct wg_cell *cell = &wg->cells[peer->number % wg->n_cells];
	bool whole = wg_find_packet(skb);
	u8 tos = wg_cb(skb)->tos;

	if (unlikely(!whole || wg_peer_of_address(wg, skb, true) != peer)) {
		net_dbg_ratelimited("%s: peer %llu sent what is no IP packet of its own\n", dev->name, peer->id);
		if (whole || !skb->protocol)
			DEV_STATS_INC(dev, rx_frame_errors);
		else
			DEV_STATS_INC(dev, rx_length_errors);
		goto error;
	}
	if (unlikely(skb_queue_len_lockless(&cell->packets) >= WG_CELL_PACKETS)) {
		DEV_STATS_INC(dev, rx_dropped);
		kfree_skb(skb);
		return;
	}
	wg_count_received(peer, wire_len);
	wg_make_inner(skb, dev, tos);
	spin_lock(&cell->packets.lock);
	__skb_queue_tail(&cell->packets, skb);
	spin_unlock(&cell->packets.lock);
	napi_schedule(&cell->napi);
	return;
error:
	DEV_STATS_INC(dev, rx_errors);
	kfree_skb(skb);
}

void wg_receive_bundle(struct wg_peer *peer, struct sk_buff *skb, bool ready)
{
	struct wg_keypair *keypair = wg_cb(skb)->keypair;
	unsigned int wire_len = WG_DATA_LEN(skb->len);

	if (unlikely(!ready || !wg_peer_is_on(peer) || !wg_replay_ok(&keypair->replay, wg_cb(skb)->nonce))) {
		kfree_skb(skb);
		return;
	}
	wg_peer_set_endpoint_from_skb(peer, skb);
	if (unlikely(wg_keypairs_confirm(&peer->keypairs, keypair))) {
		wg_timers_handshake_complete(peer);
		wg_send_staged(peer);
	}
	wg_renew_session(peer, keypair);
	wg_timers_received(peer);
	if (!skb->len) {
		wg_count_received(peer, wire_len);
		net_dbg_ratelimited("%s: keepalive of peer %llu\n", peer->wg->dev->name, peer->id);
		consume_skb(skb);
		return;
	}
	wg_timers_data_received(peer);
	wg_deliver(peer, skb, wire_len);
}

int wg_cell_poll(struct napi_struct *napi, int budget)
{
	struct wg_cell *cell = container_of(napi, struct wg_cell, napi);
	struct sk_buff *skb;
	int done = 0;

	while (done < budget) {
		spin_lock(&cell->packets.lock);
		skb = __skb_dequeue(&cell->packets);
		spin_unlock(&cell->packets.lock);
		if (!skb)
			break;
		napi_gro_receive(napi, skb);
		done++;
	}
	/* Whoever adds a packet schedules us after it: what comes between the last
	 * look and this is not lost. */
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}
