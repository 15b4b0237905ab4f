/* SPDX-License-Identifier: GPL-2.0 */
/*
 * queue: how packets of one peer are encrypted or decrypted on many processors
 * and still leave in the order in which they came.
 *
 * A bundle (one or more packets, linked by skb->next; its first packet's cb is
 * its description) is put at the end of the peer's queue and into the device's
 * ring. Any worker may take it from the ring and do the cryptography. Whoever
 * finishes one drains the queue from its head as far as it is finished; only one
 * drains at a time, and whoever was turned away is served by the one who is at
 * it, because that one looks again after it has let go. Where nothing is queued,
 * and this processor has not had too much to do lately, none of this happens:
 * the caller does the work at once.
 *
 * Locks: wg_queue.lock (spinlock, BH) covers the links; the state of a bundle is
 * stored with release and loaded with acquire.
 */
#ifndef WG_QUEUE_H
#define WG_QUEUE_H

#include <linux/atomic.h>
#include <linux/netdevice.h>
#include <linux/ptr_ring.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct wg_device;
struct wg_keypair;
struct wg_peer;

#define WG_RING_BUNDLES 1024	/* in a device's ring */
#define WG_QUEUE_BUNDLES 1024	/* in a peer's queue */
#define WG_STAGED_PACKETS 128	/* that wait for a session */

enum wg_bundle_state {
	WG_BUNDLE_WAITS,
	WG_BUNDLE_READY,
	WG_BUNDLE_BAD, /* failed: to be dropped in its turn */
};

/* In the cb of a bundle's first packet; of every packet: nonce, mtu, tos. */
struct wg_cb {
	struct sk_buff *next_bundle;
	struct wg_keypair *keypair; /* with a reference, while it is queued */
	u64 nonce;
	int state; /* enum wg_bundle_state */
	u32 mtu;   /* of the path inside: bounds the padding */
	u8 tos;    /* of the outer header */
};
static inline struct wg_cb *wg_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct wg_cb) > sizeof(skb->cb));
	return (struct wg_cb *)skb->cb;
}

struct wg_queue {
	spinlock_t lock;
	unsigned int length;
	struct sk_buff *head, *tail;
	unsigned long flags;
};

/* A device's workers for one direction. */
struct wg_crypt {
	struct ptr_ring ring;
	struct wg_crypt_worker __percpu *workers;
	void (*work)(struct wg_peer *peer, struct sk_buff *bundle); /* the cryptography; sets no state, returns nothing: see wg_cb.state */
	int last_cpu;
};

#endif
