// SPDX-License-Identifier: GPL-2.0
/*
 * ratelimiter: a bucket of tokens for each source of handshakes, see
 * ratelimiter.h. Owns users_lock and table_lock.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "ratelimiter.h"

enum {
	PER_SECOND = 20,
	BURST = 5,
	TOKEN_NS = NSEC_PER_SEC / PER_SECOND,
	ENTRIES_PER_CHAIN = 8, /* when the table is full */
};

/*
 * One source. How full a bucket is follows from the time when it will be full
 * again, so that time is all there is to keep; once it has passed, the entry says
 * nothing that its absence does not say as well. 64 bytes: a slab object without
 * waste, and kfree_rcu() leaves nothing to wait for when the last device goes.
 */
struct source {
	struct hlist_node chain;
	const struct net *net; /* compared, never followed */
	u64 address;
	size_t len;
	atomic64_t full_at; /* ns, coarse boot time */
	struct rcu_head rcu;
};

static DEFINE_MUTEX(users_lock);
static unsigned int users;

static DEFINE_SPINLOCK(table_lock);
static struct hlist_head *table;
static unsigned int n_chains, n_sources;
static siphash_key_t seed;

static void collect(struct work_struct *work);
static DECLARE_DELAYED_WORK(collector, collect);

static struct source *find(const struct hlist_head *chain, const struct net *net, u64 address, size_t len)
{
	struct source *source;

	hlist_for_each_entry_rcu(source, chain, chain, lockdep_is_held(&table_lock))
		if (source->address == address && source->net == net && source->len == len)
			return source;
	return NULL;
}

/* Take a token, if there is one. */
static bool take(struct source *source, u64 now)
{
	s64 full_at = atomic64_read(&source->full_at);
	u64 next;

	do {
		next = max_t(u64, full_at, now) + TOKEN_NS;
		if (next > now + BURST * TOKEN_NS)
			return false;
	} while (!atomic64_try_cmpxchg(&source->full_at, &full_at, next));
	return true;
}

/* The first message of a source; its entry may have come into being since we looked. */
static bool take_first(struct hlist_head *chain, const struct net *net, u64 address, size_t len, u64 now)
{
	struct source *source;
	bool allow = false;

	spin_lock_bh(&table_lock);
	source = find(chain, net, address, len);
	if (source) {
		allow = take(source, now);
	} else if (n_sources < n_chains * ENTRIES_PER_CHAIN) {
		source = kmalloc(sizeof(*source), GFP_ATOMIC | __GFP_NOWARN);
		if (source) {
			source->net = net;
			source->address = address;
			source->len = len;
			atomic64_set(&source->full_at, now + TOKEN_NS);
			hlist_add_head_rcu(&source->chain, chain);
			if (!n_sources++)
				queue_delayed_work(system_power_efficient_wq, &collector, HZ);
			allow = true;
		}
	}
	spin_unlock_bh(&table_lock);
	return allow;
}

bool wg_ratelimiter_allow(const struct net *net, const u8 *from, size_t len)
{
	u64 now = ktime_get_coarse_boottime_ns(), address = 0;
	struct hlist_head *chain;
	struct source *source;
	bool allow = false;

	if (WARN_ON_ONCE(len > sizeof(address)))
		return false;
	memcpy(&address, from, len);
	chain = &table[siphash_3u64((unsigned long)net, address, len, &seed) & (n_chains - 1)];
	rcu_read_lock();
	source = find(chain, net, address, len);
	if (source)
		allow = take(source, now);
	rcu_read_unlock();
	return source ? allow : take_first(chain, net, address, len, now);
}

/*
 * Drop the full buckets. Whoever takes a token out of one at this very moment has
 * it back for the next message: one more than 5 in a burst, which harms nobody.
 */
static void collect(struct work_struct *work)
{
	u64 now = ktime_get_coarse_boottime_ns();
	struct hlist_node *next;
	struct source *source;

	for (unsigned int i = 0; i < n_chains; i++) {
		if (hlist_empty(&table[i]))
			continue;
		spin_lock_bh(&table_lock);
		hlist_for_each_entry_safe(source, next, &table[i], chain) {
			if (atomic64_read(&source->full_at) > now)
				continue;
			hlist_del_rcu(&source->chain);
			kfree_rcu(source, rcu);
			n_sources--;
		}
		spin_unlock_bh(&table_lock);
		cond_resched();
	}
	spin_lock_bh(&table_lock);
	if (n_sources)
		queue_delayed_work(system_power_efficient_wq, &collector, HZ);
	spin_unlock_bh(&table_lock);
}

int wg_ratelimiter_init(void)
{
	int ret = 0;

	mutex_lock(&users_lock);
	if (!users) {
		/* One source for every 16 KiB of memory, so never more than 0.4 % of it. */
		unsigned long sources = clamp(totalram_pages() >> 2, 1024UL, 65536UL);

		n_chains = rounddown_pow_of_two(sources) / ENTRIES_PER_CHAIN;
		table = kvcalloc(n_chains, sizeof(*table), GFP_KERNEL);
		get_random_bytes(&seed, sizeof(seed));
		if (!table)
			ret = -ENOMEM;
	}
	if (!ret)
		users++;
	mutex_unlock(&users_lock);
	return ret;
}

void wg_ratelimiter_exit(void)
{
	struct hlist_node *next;
	struct source *source;

	mutex_lock(&users_lock);
	if (!--users) {
		cancel_delayed_work_sync(&collector);
		for (unsigned int i = 0; i < n_chains; i++)
			hlist_for_each_entry_safe(source, next, &table[i], chain)
				kfree(source);
		n_sources = 0;
		kvfree(table);
		table = NULL;
		memzero_explicit(&seed, sizeof(seed));
	}
	mutex_unlock(&users_lock);
}
