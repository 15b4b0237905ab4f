// SPDX-License-Identifier: GPL-2.0
/* The few things of the shimmed kernel that have a state. */
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include <linux/mm.h>

#include <malloc.h>
#include <sys/random.h>

/* ---- memory -------------------------------------------------------------------- */

unsigned long shim_ram_pages = 1UL << 18;
long shim_alloc_until_failure = -1;
long shim_objects;

void *shim_alloc(size_t size)
{
	void *p;

	if (shim_alloc_until_failure >= 0 && !shim_alloc_until_failure--)
		return NULL;
	p = calloc(1, size);
	if (!p)
		abort();
	return p;
}

void *kzalloc(size_t size, gfp_t flags)
{
	void *p = shim_alloc(size);

	shim_objects += !!p;
	return p;
}

void kfree(const void *p)
{
	shim_objects -= !!p;
	free((void *)p);
}

void kfree_sensitive(const void *p)
{
	if (p)
		explicit_bzero((void *)p, malloc_usable_size((void *)p));
	kfree(p);
}

/* ---- locks and random numbers --------------------------------------------------- */

__thread int shim_spinlocks;
const u8 *shim_random;
size_t shim_random_left;
int shim_random_error;

void get_random_bytes(void *p, size_t n)
{
	size_t ready = n < shim_random_left ? n : shim_random_left;

	if (ready) {
		memcpy(p, shim_random, ready);
		shim_random += ready;
		shim_random_left -= ready;
	}
	if (getrandom((u8 *)p + ready, n - ready, 0) != (ssize_t)(n - ready))
		abort();
}

/* ---- RCU ----------------------------------------------------------------------- */

__thread int shim_rcu_depth;
void (*shim_after_store)(void);
static struct rcu_head *waiting;

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *))
{
	head->func = func;
	head->next = READ_ONCE(waiting);
	while (!__atomic_compare_exchange_n(&waiting, &head->next, head, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

void rcu_barrier(void)
{
	struct rcu_head *head, *next;

	for (head = __atomic_exchange_n(&waiting, NULL, __ATOMIC_SEQ_CST); head; head = next) {
		next = head->next;
		if ((size_t)head->func < 4096)
			kfree((char *)head - (size_t)head->func);
		else
			head->func(head);
	}
}

/* ---- time --------------------------------------------------------------------- */

u64 shim_now;
struct timespec64 shim_wall_clock;
