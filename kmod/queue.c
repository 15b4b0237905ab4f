// SPDX-License-Identifier: GPL-2.0
/*
 * queue: order in spite of many workers, see queue.h.
 * Locks: wg_queue.lock, a spinlock taken with BH off.
 */
#include "peer.h"

#include <linux/sched/clock.h>

/* So much of each jiffy one processor works at once, before it calls for others:
 * enough that a quiet link never pays for a hand-over. In ns. */
#define WG_AT_ONCE (TICK_NSEC / 128)
/* So many bundles leave before somebody else goes on with it. */
#define WG_DRAIN 64
/* So many workers are looked at, for one that rests. */
#define WG_TRIES 4

struct wg_at_once {
	unsigned long jiffy;
	u64 spent; /* until then, and not made up for yet; ns */
};
static DEFINE_PER_CPU(struct wg_at_once, wg_at_once);

void wg_queue_init(struct wg_queue *queue)
{
	*queue = (struct wg_queue){ .head = NULL };
	spin_lock_init(&queue->lock);
}

/* In the ring beside bundles: peers whose queue is to be drained on, with this bit. */
#define WG_TO_DRAIN 1UL

static struct wg_queue *wg_queue_of(const struct wg_crypt *crypt, struct wg_peer *peer)
{
	return (void *)peer + crypt->queue;
}

/* ---- order ----------------------------------------------------------------------- */

/* May the caller work on it at once, or will a worker? Negative: there is no room. */
static int wg_queue_add(struct wg_queue *queue, struct sk_buff *bundle, struct ptr_ring *ring, bool at_once)
{
	int r = 0;

	wg_cb(bundle)->next_bundle = NULL;
	spin_lock(&queue->lock);
	if (at_once && !queue->length && !queue->draining)
		r = 1;
	else if (queue->length >= WG_QUEUE_BUNDLES || ptr_ring_produce(ring, bundle))
		r = -ENOBUFS;
	if (r >= 0) {
		/* A worker that has it finished already waits for the lock. */
		if (queue->tail)
			wg_cb(queue->tail)->next_bundle = bundle;
		else
			queue->head = bundle;
		queue->tail = bundle;
		WRITE_ONCE(queue->length, queue->length + 1);
	}
	spin_unlock(&queue->lock);
	return r;
}

/*
 * The next one that may leave, for the one who drains: who begins with it is
 * turned away when somebody is at it. That one sees what the other has finished,
 * because a state is stored before this lock is taken, and it stops under it.
 */
static struct sk_buff *wg_queue_next(struct wg_queue *queue, bool begins)
{
	struct sk_buff *bundle = NULL;

	spin_lock(&queue->lock);
	if (!begins || !queue->draining) {
		bundle = queue->head;
		/* Pairs with the release in wg_crypt_do(): whoever sees the state
		 * sees the packets as the worker left them. */
		if (bundle && smp_load_acquire(&wg_cb(bundle)->state) == WG_BUNDLE_WAITS)
			bundle = NULL;
		queue->draining = bundle;
	}
	if (bundle) {
		queue->head = wg_cb(bundle)->next_bundle;
		if (!queue->head)
			queue->tail = NULL;
		WRITE_ONCE(queue->length, queue->length - 1);
	}
	spin_unlock(&queue->lock);
	return bundle;
}

/* BH off; the caller sees the peer under RCU or holds it. */
static void wg_crypt_drain(struct wg_crypt *crypt, struct wg_peer *peer, bool begins)
{
	struct wg_queue *queue = wg_queue_of(crypt, peer);
	struct sk_buff *bundle;
	unsigned int n = 0;

	while ((bundle = wg_queue_next(queue, begins)) != NULL) {
		struct wg_keypair *keypair = wg_cb(bundle)->keypair;

		crypt->leave(peer, bundle, wg_cb(bundle)->state == WG_BUNDLE_READY);
		wg_keypair_put(keypair);
		begins = false;
		/* Others go on finishing, and this processor has more to do: a
		 * worker takes over the peer, with the reference of the bundle. */
		if (++n >= WG_DRAIN && !ptr_ring_produce(&crypt->ring, (void *)peer + WG_TO_DRAIN)) {
			wg_workers_kick(&crypt->workers);
			return;
		}
		wg_peer_put(peer);
	}
}

/* Work on a bundle that has its place in the queue, and see what may leave. BH off. */
static void wg_crypt_do(struct wg_crypt *crypt, struct wg_peer *peer, struct sk_buff *bundle)
{
	bool good = crypt->work(bundle);

	smp_store_release(&wg_cb(bundle)->state, good ? WG_BUNDLE_READY : WG_BUNDLE_BAD);
	wg_crypt_drain(crypt, peer, true);
}

static bool wg_crypt_step(void *thing)
{
	struct wg_crypt *crypt = thing;
	void *entry = ptr_ring_consume_bh(&crypt->ring);
	struct wg_peer *peer;

	if (!entry)
		return false;
	/* BH off: our own softirqs must not come between the processor's vector
	 * registers and us, they would have to do without. */
	local_bh_disable();
	if ((unsigned long)entry & WG_TO_DRAIN) {
		peer = entry - WG_TO_DRAIN;
		wg_crypt_drain(crypt, peer, false);
	} else {
		/* A reference of our own: when its state is stored the bundle
		 * may be gone, and with it the reference that it holds. */
		peer = wg_peer_get(wg_cb(entry)->keypair->peer);
		wg_crypt_do(crypt, peer, entry);
	}
	local_bh_enable();
	wg_peer_put(peer);
	return true;
}

static bool wg_may_do_at_once(struct wg_at_once *at_once)
{
	u64 made_up = (u64)(jiffies - at_once->jiffy) * WG_AT_ONCE;

	at_once->jiffy = jiffies;
	at_once->spent -= min(at_once->spent, made_up);
	return at_once->spent < WG_AT_ONCE || num_online_cpus() == 1;
}

bool wg_crypt_submit(struct wg_crypt *crypt, struct wg_keypair *keypair, struct sk_buff *bundle, bool here)
{
	struct wg_at_once *at_once = this_cpu_ptr(&wg_at_once);
	struct wg_peer *peer = keypair->peer;
	struct wg_queue *queue = wg_queue_of(crypt, peer);
	u64 began;
	int r;

	if (!wg_keypair_get(keypair))
		return false;
	if (!wg_peer_get_maybe(peer)) {
		wg_keypair_put(keypair);
		return false;
	}
	wg_cb(bundle)->keypair = keypair;
	wg_cb(bundle)->state = WG_BUNDLE_WAITS;
	here = here && !READ_ONCE(queue->length) && wg_may_do_at_once(at_once);
	r = wg_queue_add(queue, bundle, &crypt->ring, here);
	if (r > 0) {
		began = local_clock();
		wg_crypt_do(crypt, peer, bundle);
		/* A virtual processor may be away for long meanwhile. */
		at_once->spent = min_t(u64, at_once->spent + local_clock() - began, 16 * WG_AT_ONCE);
		return true;
	}
	/* Not only what gets in wakes those who make room. */
	wg_workers_kick(&crypt->workers);
	if (r < 0) {
		wg_keypair_put(keypair);
		wg_peer_put(peer);
	}
	return !r;
}

/* ---- workers ------------------------------------------------------------------- */

static void wg_work(struct work_struct *work)
{
	struct wg_worker *worker = container_of(work, struct wg_worker, work);

	do {
		while (worker->step(worker->thing))
			cond_resched();
		/* Whoever adds something looks at this after it, and we look for
		 * something after this: one of us sees the other. */
		smp_store_mb(worker->called, false);
	} while (worker->step(worker->thing));
}

int wg_workers_init(struct wg_workers *workers, struct workqueue_struct *wq, bool (*step)(void *thing), void *thing)
{
	int cpu;

	workers->wq = wq;
	workers->last_cpu = -1;
	workers->each = alloc_percpu(struct wg_worker);
	if (!workers->each)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct wg_worker *worker = per_cpu_ptr(workers->each, cpu);

		*worker = (struct wg_worker){ .step = step, .thing = thing };
		INIT_WORK(&worker->work, wg_work);
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
	unsigned int cpu = READ_ONCE(workers->last_cpu), tries;

	smp_mb(); /* pairs with smp_store_mb() in wg_work() */
	for (tries = 0; tries < WG_TRIES; tries++) {
		struct wg_worker *worker;

		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		worker = per_cpu_ptr(workers->each, cpu);
		if (!READ_ONCE(worker->called) && !xchg(&worker->called, true)) {
			queue_work_on(cpu, workers->wq, &worker->work);
			break;
		}
	}
	WRITE_ONCE(workers->last_cpu, cpu);
}

int wg_crypt_init(struct wg_crypt *crypt, struct workqueue_struct *wq)
{
	return ptr_ring_init(&crypt->ring, WG_RING_BUNDLES, GFP_KERNEL) ?:
	       wg_workers_init(&crypt->workers, wq, wg_crypt_step, crypt);
}

void wg_crypt_free(struct wg_crypt *crypt)
{
	wg_workers_free(&crypt->workers);
	WARN_ON(!__ptr_ring_empty(&crypt->ring));
	ptr_ring_cleanup(&crypt->ring, NULL);
}
