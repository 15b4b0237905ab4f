/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skb: what both directions of the fast path do with a packet. No locks.
 */
#ifndef WG_SKB_H
#define WG_SKB_H

#include <net/ip_tunnels.h>

#include "messages.h"

/* In front of a plain packet: our header, UDP, the larger of the IP headers, and the link below. */
#define WG_HEADROOM \
	ALIGN(sizeof(struct wg_msg_data) + sizeof(struct udphdr) + sizeof(struct ipv6hdr) + LL_MAX_HEADER, 16)

#define WG_STAGED_PACKETS 128 /* of a peer, that wait for a session */

/*
 * Make the packet one piece of memory that is nobody else's, with so much room in
 * front and behind: cryptography in place, in one piece, is what costs least.
 * Whoever waits for its memory (TCP's small queues) goes on waiting for it.
 */
static inline bool wg_own_linear(struct sk_buff *skb, unsigned int head, unsigned int tail)
{
	unsigned int headroom = skb_headroom(skb);

	if (likely(!skb_is_nonlinear(skb) && !skb_cloned(skb) && headroom >= head && skb_tailroom(skb) >= tail))
		return true;
	return !pskb_expand_head(skb, headroom < head ? head - headroom : 0, tail + skb->data_len, GFP_ATOMIC) &&
	       !skb_linearize(skb);
}

/*
 * Forget what the packet was on the other side of the tunnel: marks, routes,
 * namespaces, timestamps, states of filters, and every header field that this or
 * a later kernel has. Whatever is to go on is set again by the caller.
 */
static inline void wg_forget(struct sk_buff *skb)
{
	bool departure;

	skb_scrub_packet(skb, true);
	skb_metadata_clear(skb);
	/* A time of departure stays, and its type is one of the header fields. */
	departure = skb->tstamp && !skb_tstamp(skb);
	memset(&skb->headers, 0, sizeof(skb->headers));
	if (departure)
		skb_set_delivery_time(skb, skb->tstamp, 1);
	skb_set_queue_mapping(skb, 0);
}

/* Is there a whole header of the version that the protocol field says? */
static inline bool wg_protocol_is_right(struct sk_buff *skb)
{
	__be16 real = ip_tunnel_parse_protocol(skb);

	return real && skb->protocol == real;
}

#endif
