/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_SPINLOCK_H
#define SHIM_SPINLOCK_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/lockdep.h>
#include <linux/types.h>
#include <pthread.h>

typedef struct {
	pthread_mutex_t lock;
} spinlock_t;

#define DEFINE_SPINLOCK(name) spinlock_t name = { PTHREAD_MUTEX_INITIALIZER }

/* How many this thread holds: with one, nothing may sleep or take long. */
extern __thread int shim_spinlocks;

static inline void spin_lock_init(spinlock_t *lock)
{
	pthread_mutex_init(&lock->lock, NULL);
}
static inline void spin_lock(spinlock_t *lock)
{
	pthread_mutex_lock(&lock->lock);
	shim_spinlocks++;
}
static inline void spin_unlock(spinlock_t *lock)
{
	shim_spinlocks--;
	pthread_mutex_unlock(&lock->lock);
}
#define spin_lock_bh spin_lock
#define spin_unlock_bh spin_unlock

#endif
