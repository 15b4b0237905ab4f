/* SPDX-License-Identifier: GPL-2.0 */
/*
 * socket: the UDP sockets of a device, in the namespace where it was made, and
 * what an endpoint is made of. Sends finished messages; receives into receive.c.
 *
 * Locks: the sockets are replaced under the update lock and used under RCU;
 * peer->endpoint_lock covers an endpoint.
 */
#ifndef WG_SOCKET_H
#define WG_SOCKET_H

#include "device.h"

/**
 * Bind both families to @port (0: any that is free for both) and put them in the
 * place of the old ones; update lock held. -ENONET when the creating namespace
 * is gone, -EADDRINUSE; the old ones stay then.
 */
int wg_socket_open(struct wg_device *wg, u16 port);
/** Close them; no packet is being received through them when this returns. */
void wg_socket_close(struct wg_device *wg);

/**
 * Send a chain (skb->next) of finished messages to a peer: one look-up of the
 * route for all of them; the class is in each one's cb. Consumes them. -errno
 * when there is no way.
 */
int wg_socket_send_chain(struct wg_peer *peer, struct sk_buff *chain);
/** The same for a handshake message that is not in an skb yet. */
int wg_socket_send_to_peer(struct wg_peer *peer, const void *msg, size_t len, u8 tos);
/** And for one to somebody who may be no peer; nothing is remembered of the way. */
int wg_socket_send_to_stranger(struct wg_device *wg, const struct wg_endpoint *to, const void *msg, size_t len);

/** Who sent @skb, and to which of our addresses. -EINVAL when it is neither IPv4 nor IPv6. */
int wg_endpoint_from_skb(struct wg_endpoint *endpoint, const struct sk_buff *skb);
/** The peer was heard from there: roam, if it is not where it was. Cheap when it is. */
void wg_peer_set_endpoint(struct wg_peer *peer, const struct wg_endpoint *endpoint);
void wg_peer_set_endpoint_from_skb(struct wg_peer *peer, const struct sk_buff *skb);
/** Forget which of our addresses the peer saw: the next packet finds one again. */
void wg_peer_clear_source(struct wg_peer *peer);

#endif
