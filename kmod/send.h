/* SPDX-License-Identifier: GPL-2.0 */
/*
 * send: the fast path out. From the link's packets to bundles, through
 * encryption, to the socket.
 *
 * Locks: peer->staged has its spinlock; order is kept by queue.c.
 */
#ifndef WG_SEND_H
#define WG_SEND_H

#include "device.h"

netdev_tx_t wg_xmit(struct sk_buff *skb, struct net_device *dev);
/**
 * Encrypt and send what is staged, if there is a session for it; else ask for
 * one. To be called after everything that may have made a peer sendable.
 */
void wg_send_staged(struct wg_peer *peer);
/** An empty message, unless something is staged anyway; starts a session where there is none. */
void wg_send_keepalive(struct wg_peer *peer);
/** Drop what waits for a session. */
void wg_purge_staged(struct wg_peer *peer);
/** wg_crypt.work and wg_crypt.leave: the cryptography, and what drains a peer's tx queue. */
bool wg_encrypt_bundle(struct sk_buff *bundle);
void wg_send_bundle(struct wg_peer *peer, struct sk_buff *bundle, bool ready);

#endif
