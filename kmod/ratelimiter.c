// SPDX-License-Identifier: GPL-2.0
/*
 * ratelimiter: a bucket of tokens for each source of handshakes, see
 * ratelimiter.h. Locks: none.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "ratelimiter.h"

enum {
	PER_SECOND = 20,
	BURST = 5,
	TOKEN_NS = NSEC_PER_SEC / PER_SECOND,
};

/*
 * How full a bucket is follows from the time (ns, coarse boot time) when it will
 * be full again, so that time is all there is to keep, and there is nothing to
 * make or to forget when a source comes or goes. Two sources may share a bucket;
 * which ones depends on a secret, so nobody can choose to drain another's.
 */
static atomic64_t *full_at;
static unsigned int buckets;
static siphash_key_t seed;

bool wg_ratelimiter_allow(const struct net *net, const u8 *from, size_t len)
{
	u64 now = ktime_get_coarse_boottime_ns(), address = 0, next;
	atomic64_t *bucket;
	s64 full;

	memcpy(&address, from, len);
	bucket = &full_at[siphash_3u64((unsigned long)net, address, len, &seed) & (buckets - 1)];
	full = atomic64_read(bucket);
	do {
		next = max_t(u64, full, now) + TOKEN_NS;
		if (next > now + BURST * TOKEN_NS)
			return false;
	} while (!atomic64_try_cmpxchg(bucket, &full, next));
	return true;
}

int wg_ratelimiter_module_init(void)
{
	/* One for every 16 KiB of memory, so never more than 0.05 % of it. */
	buckets = rounddown_pow_of_two(clamp(totalram_pages() >> 2, 1024UL, 65536UL));
	full_at = kvcalloc(buckets, sizeof(*full_at), GFP_KERNEL);
	get_random_bytes(&seed, sizeof(seed));
	return full_at ? 0 : -ENOMEM;
}

void wg_ratelimiter_module_exit(void)
{
	kvfree(full_at);
	memzero_explicit(&seed, sizeof(seed));
}
