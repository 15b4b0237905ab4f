/* SPDX-License-Identifier: GPL-2.0 */
/*
 * receive: the fast path in. From the socket through decryption, in order, to
 * the cells that hand packets to the stack.
 *
 * Locks: the replay window's spinlock; order is kept by queue.c.
 */
#ifndef WG_RECEIVE_H
#define WG_RECEIVE_H

#include "device.h"

/** encap_rcv of the sockets. Always 0: whatever arrives is ours, and is consumed. */
int wg_receive(struct sock *sk, struct sk_buff *skb);
/** wg_crypt.work and wg_crypt.leave: the cryptography, and what drains a peer's rx queue. */
bool wg_decrypt_bundle(struct sk_buff *bundle);
void wg_receive_bundle(struct wg_peer *peer, struct sk_buff *bundle, bool ready);
/** NAPI of a cell. */
int wg_cell_poll(struct napi_struct *napi, int budget);

#endif
