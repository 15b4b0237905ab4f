/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_MUTEX_H
#define SHIM_MUTEX_H

#include <linux/lockdep.h>
#include <linux/types.h>
#include <pthread.h>

struct mutex {
	pthread_mutex_t lock;
};

#define DEFINE_MUTEX(name) struct mutex name = { PTHREAD_MUTEX_INITIALIZER }

static inline void mutex_lock(struct mutex *lock)
{
	pthread_mutex_lock(&lock->lock);
}
static inline void mutex_unlock(struct mutex *lock)
{
	pthread_mutex_unlock(&lock->lock);
}

#endif
