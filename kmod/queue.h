/* SPDX-License-Identifier: GPL-2.0 */
/*
 * queue: how packets of one peer are encrypted or decrypted on many processors
 * and still leave in the order in which they came.
 *
 * A bundle (one or more packets, linked by skb->next; the cb of its first packet
 * describes it) goes to the end of the peer's queue and into the device's ring.
 * Any worker may take it from the ring and do the cryptography. Whoever finishes
 * one drains the queue from its head as far as it is finished; only one does so at
 * a time, and serves those that it turned away. Where nothing is queued, and this
 * processor has not done too much of it lately, the ring and the workers are left
 * out: the caller does the work at once.
 *
 * Locks: wg_queue.lock (spinlock, BH) covers the links and the length; the state
 * of a bundle is stored with release and loaded with acquire.
 */
#ifndef WG_QUEUE_H
#define WG_QUEUE_H

#include <linux/ptr_ring.h>
#include <linux/workqueue.h>

struct wg_keypair;
struct wg_peer;

#define WG_RING_BUNDLES 1024  /* in a device's ring */
#define WG_QUEUE_BUNDLES 1024 /* in a peer's queue */

enum wg_bundle_state {
	WG_BUNDLE_WAITS,
	WG_BUNDLE_READY,
	WG_BUNDLE_BAD, /* to be dropped in its turn */
};

/* In skb->cb. Of a bundle's first packet only: next_bundle, keypair, state. */
struct wg_cb {
	struct sk_buff *next_bundle;
	struct wg_keypair *keypair;
	u64 nonce;
	u32 mtu; /* of the path that the plain packet takes: bounds its padding */
	u8 tos;	 /* of the outer header */
	u8 state;
};

static inline struct wg_cb *wg_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct wg_cb) > sizeof(skb->cb));
	return (struct wg_cb *)skb->cb;
}

/* A peer's, one for each direction. */
struct wg_queue {
	spinlock_t lock;
	unsigned int length;
	bool draining; /* somebody is at it, or has handed it to a worker */
	struct sk_buff *head, *tail;
};

void wg_queue_init(struct wg_queue *queue);

/* Work that may run on every processor at once, for one thing. */
struct wg_worker {
	struct work_struct work;
	bool called; /* and has not gone to rest since */
	bool (*step)(void *thing);
	void *thing;
};
struct wg_workers {
	struct workqueue_struct *wq;
	struct wg_worker __percpu *each;
	int last_cpu;
};

/**
 * @step does one thing that is there to be done; false when there was none. @wq is
 * flushed by whoever owns it before wg_workers_free(). -ENOMEM.
 */
int wg_workers_init(struct wg_workers *workers, struct workqueue_struct *wq, bool (*step)(void *thing), void *thing);
void wg_workers_free(struct wg_workers *workers);
/** There is something to be done: wake the next one that rests. */
void wg_workers_kick(struct wg_workers *workers);

/* A device's, one for each direction. */
struct wg_crypt {
	struct ptr_ring ring; /* of bundles, and of peers whose queue is to be drained on */
	struct wg_workers workers;
	bool (*work)(struct sk_buff *bundle);			       /* the cryptography, BH off; false: bad */
	void (*leave)(struct wg_peer *peer, struct sk_buff *bundle, bool ready); /* in order, BH off; consumes it */
	size_t queue; /* where in a peer its queue is */
};

int wg_crypt_init(struct wg_crypt *crypt, struct workqueue_struct *wq);
/** Nothing may come in any more; what is in the ring has been drained by its workers. */
void wg_crypt_free(struct wg_crypt *crypt);
/**
 * Have a bundle of @keypair's packets worked on and leave; consumes it.
 * BH off, under RCU, which also holds @keypair and its peer. @here: the caller's
 * stack has room for doing it at once. False when there is no room: nothing was
 * consumed then.
 */
bool wg_crypt_submit(struct wg_crypt *crypt, struct wg_keypair *keypair, struct sk_buff *bundle, bool here);

#endif
