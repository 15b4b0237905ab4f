/* SPDX-License-Identifier: GPL-2.0 */
/*
 * handshake: the slow road. Takes handshake messages from the socket, judges
 * their macs, and has noise.c do the rest; sends initiations, responses and
 * cookies. Runs in a workqueue of the device, which may sleep.
 *
 * Locks: none of its own; the queue of waiting messages has its spinlock.
 */
#ifndef WG_HANDSHAKE_H
#define WG_HANDSHAKE_H

#include "device.h"

#define WG_MAX_WAITING_HANDSHAKES 4096

/**
 * A message of type 1 to 3, of the right length, from the socket (softirq).
 * Consumes it. Only what has a valid mac1 gets any further.
 */
void wg_handshake_receive(struct wg_device *wg, struct sk_buff *skb);
bool wg_handshake_step(void *wg); /* of wg_device.handshake_workers */
void wg_handshake_initiate_work(struct work_struct *work); /* wg_peer.initiate */
/**
 * Have an initiation sent, unless one went out within WG_REKEY_TIMEOUT. Any
 * context; the caller sees the peer under RCU or holds it. @retry: it repeats one
 * that was not answered, so the count of attempts goes on.
 */
void wg_handshake_initiate(struct wg_peer *peer, bool retry);

#endif
