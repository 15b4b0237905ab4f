/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_ATOMIC_H
#define SHIM_ATOMIC_H

#include <linux/types.h>

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC64_INIT(value) { value }

static inline s64 atomic64_read(const atomic64_t *a)
{
	return READ_ONCE(a->counter);
}
static inline void atomic64_set(atomic64_t *a, s64 value)
{
	WRITE_ONCE(a->counter, value);
}
static inline bool atomic64_try_cmpxchg(atomic64_t *a, s64 *old, s64 new)
{
	return __atomic_compare_exchange_n(&a->counter, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}
static inline s64 atomic64_inc_return(atomic64_t *a)
{
	return __atomic_add_fetch(&a->counter, 1, __ATOMIC_SEQ_CST);
}

#endif
