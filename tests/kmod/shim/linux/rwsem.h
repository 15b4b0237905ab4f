/* SPDX-License-Identifier: GPL-2.0 */
/* One thread: a semaphore that would be waited for ends the test. */
#ifndef SHIM_RWSEM_H
#define SHIM_RWSEM_H

#include <linux/kernel.h>
#include <linux/spinlock.h>

struct rw_semaphore {
	int readers; /* -1: a writer */
};

static inline void init_rwsem(struct rw_semaphore *sem)
{
	sem->readers = 0;
}
static inline void down_read(struct rw_semaphore *sem)
{
	WARN_ON(shim_spinlocks || sem->readers < 0);
	sem->readers++;
}
static inline void up_read(struct rw_semaphore *sem)
{
	WARN_ON(sem->readers <= 0);
	sem->readers--;
}
static inline void down_write(struct rw_semaphore *sem)
{
	WARN_ON(shim_spinlocks || sem->readers);
	sem->readers = -1;
}
static inline void up_write(struct rw_semaphore *sem)
{
	WARN_ON(sem->readers != -1);
	sem->readers = 0;
}

#endif
