// SPDX-License-Identifier: GPL-2.0
/*
 * queue: order in spite of many workers, see queue.h.
 * Locks: wg_queue.lock, a spinlock taken with BH off.
 */
#include "queue.h"

#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include "peer.h"

enum { WG_QUEUE_DRAINING };

/* So many packets a jiffy does one processor work on at once, before it calls for
 * others: enough that a quiet link never pays for a hand-over. */
#define WG_AT_ONCE 64

struct wg_at_once {
	unsigned long jiffy;
	unsigned int left;
};
static DEFINE_PER_CPU(struct wg_at_once, wg_at_once);

void wg_queue_init(struct wg_queue *queue)
{
	*queue = (struct wg_queue){ .head = NULL };
	spin_lock_init(&queue->lock);
}

static bool wg_queue_add(struct wg_queue *queue, struct sk_buff *bundle)
{
	bool fits;

	wg_cb(bundle)->next_bundle = NULL;
	spin_lock(&queue->lock);
	fits = queue->length < WG_QUEUE_BUNDLES;
	if (fits) {
		if (queue->tail)
			wg_cb(queue->tail)->next_bundle = bundle;
		else
			queue->head = bundle;
		queue->tail = bundle;
		WRITE_ONCE(queue->length, queue->length + 1);
	}
	spin_unlock(&queue->lock);
	return fits;
}

static bool wg_queue_head_is_done(const struct wg_queue *queue)
{
	/* Pairs with the release in wg_bundle_done(): whoever sees the state
	 * sees the packets as the worker left them. */
	return queue->head && smp_load_acquire(&wg_cb(queue->head)->state) != WG_BUNDLE_WAITS;
}

/* The next finished one from the head. @left: how many taken before have left. */
static struct sk_buff *wg_queue_take(struct wg_queue *queue, unsigned int left)
{
	struct sk_buff *bundle = NULL;

	spin_lock(&queue->lock);
	WRITE_ONCE(queue->length, queue->length - left);
	if (wg_queue_head_is_done(queue)) {
		bundle = queue->head;
		queue->head = wg_cb(bundle)->next_bundle;
		if (!queue->head)
			queue->tail = NULL;
	}
	spin_unlock(&queue->lock);
	return bundle;
}

static bool wg_queue_has_done(struct wg_queue *queue)
{
	bool done;

	spin_lock(&queue->lock);
	done = wg_queue_head_is_done(queue);
	spin_unlock(&queue->lock);
	return done;
}

/* BH off; the caller holds a reference to the peer. */
static void wg_crypt_drain(struct wg_crypt *crypt, struct wg_peer *peer)
{
	struct wg_queue *queue = crypt->queue(peer);
	struct sk_buff *bundle;

	do {
		unsigned int left = 0;

		/* A full barrier either way. Whoever fails here has stored a state
		 * before; the one who drains sees it when it looks again below. */
		if (test_and_set_bit(WG_QUEUE_DRAINING, &queue->flags))
			return;
		while ((bundle = wg_queue_take(queue, left)) != NULL) {
			struct wg_keypair *keypair = wg_cb(bundle)->keypair;

			crypt->leave(peer, bundle, wg_cb(bundle)->state == WG_BUNDLE_READY);
			wg_keypair_put(keypair);
			wg_peer_put(peer);
			left = 1;
		}
		clear_bit_unlock(WG_QUEUE_DRAINING, &queue->flags);
		smp_mb__after_atomic();
	} while (wg_queue_has_done(queue));
}

static void wg_bundle_done(struct sk_buff *bundle, bool ready)
{
	smp_store_release(&wg_cb(bundle)->state, ready ? WG_BUNDLE_READY : WG_BUNDLE_BAD);
}

static void wg_crypt_work(struct work_struct *work)
{
	struct wg_crypt *crypt = container_of(work, struct wg_worker, work)->thing;
	struct sk_buff *bundle;

	while ((bundle = ptr_ring_consume_bh(&crypt->ring)) != NULL) {
		/* A reference of our own: after its state is stored the bundle may
		 * be gone, and with it the reference that it holds. */
		struct wg_peer *peer = wg_peer_get(wg_cb(bundle)->keypair->peer);

		/* BH off: our own softirqs must not come between the processor's
		 * vector registers and us, they would have to do without. */
		local_bh_disable();
		wg_bundle_done(bundle, crypt->work(bundle));
		wg_crypt_drain(crypt, peer);
		local_bh_enable();
		wg_peer_put(peer);
		cond_resched();
	}
}

static bool wg_may_do_at_once(const struct wg_queue *queue)
{
	struct wg_at_once *at_once;

	if (READ_ONCE(queue->length))
		return false;
	if (num_online_cpus() == 1)
		return true;
	at_once = this_cpu_ptr(&wg_at_once);
	if (at_once->jiffy != jiffies) {
		at_once->jiffy = jiffies;
		at_once->left = WG_AT_ONCE;
	}
	if (!at_once->left)
		return false;
	at_once->left--;
	return true;
}

bool wg_crypt_submit(struct wg_crypt *crypt, struct wg_keypair *keypair, struct sk_buff *bundle, bool here)
{
	struct wg_peer *peer = keypair->peer;
	struct wg_queue *queue = crypt->queue(peer);

	if (here && wg_may_do_at_once(queue)) {
		wg_cb(bundle)->keypair = keypair;
		crypt->leave(peer, bundle, crypt->work(bundle));
		return true;
	}
	if (!wg_keypair_get(keypair))
		return false;
	if (!wg_peer_get_maybe(peer)) {
		wg_keypair_put(keypair);
		return false;
	}
	wg_cb(bundle)->keypair = keypair;
	wg_cb(bundle)->state = WG_BUNDLE_WAITS;
	if (!wg_queue_add(queue, bundle)) {
		wg_keypair_put(keypair);
		wg_peer_put(peer);
		/* Not only what gets in wakes those who make room. */
		wg_workers_kick(&crypt->workers);
		return false;
	}
	if (ptr_ring_produce(&crypt->ring, bundle)) {
		/* It has its place in the order already, so it leaves in its turn.
		 * Draining needs the peer, which bundles hold only until they leave;
		 * RCU holds it here. */
		wg_bundle_done(bundle, false);
		wg_crypt_drain(crypt, peer);
	}
	wg_workers_kick(&crypt->workers);
	return true;
}

/* ---- workers ------------------------------------------------------------------- */

int wg_workers_init(struct wg_workers *workers, struct workqueue_struct *wq, work_func_t work, void *thing)
{
	int cpu;

	workers->wq = wq;
	workers->last_cpu = -1;
	workers->each = alloc_percpu(struct wg_worker);
	if (!workers->each)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		INIT_WORK(&per_cpu_ptr(workers->each, cpu)->work, work);
		per_cpu_ptr(workers->each, cpu)->thing = thing;
	}
	return 0;
}

void wg_workers_free(struct wg_workers *workers)
{
	free_percpu(workers->each);
	workers->each = NULL;
}

void wg_workers_kick(struct wg_workers *workers)
{
	/* Races are harmless: some other worker is woken. So is a processor that
	 * goes offline in between: the workqueue finds another for it. */
	unsigned int cpu = cpumask_next(READ_ONCE(workers->last_cpu), cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	WRITE_ONCE(workers->last_cpu, cpu);
	queue_work_on(cpu, workers->wq, &per_cpu_ptr(workers->each, cpu)->work);
}

int wg_crypt_init(struct wg_crypt *crypt, struct workqueue_struct *wq)
{
	int r = ptr_ring_init(&crypt->ring, WG_RING_BUNDLES, GFP_KERNEL);

	if (r)
		return r;
	r = wg_workers_init(&crypt->workers, wq, wg_crypt_work, crypt);
	if (r)
		ptr_ring_cleanup(&crypt->ring, NULL);
	return r;
}

void wg_crypt_free(struct wg_crypt *crypt)
{
	wg_workers_free(&crypt->workers);
	WARN_ON(!ptr_ring_empty_bh(&crypt->ring));
	ptr_ring_cleanup(&crypt->ring, NULL);
}
