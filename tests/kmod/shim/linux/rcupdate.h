/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RCU with one long grace period: what is to be freed waits for rcu_barrier(),
 * which a test calls when it has no reader. Reading outside of a section ends the test.
 */
#ifndef SHIM_RCUPDATE_H
#define SHIM_RCUPDATE_H

#include <linux/kernel.h>
#include <linux/atomic.h>
#include <linux/lockdep.h>

struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *);
};

extern __thread int shim_rcu_depth;

#define rcu_read_lock() ((void)shim_rcu_depth++)
#define rcu_read_unlock() ((void)shim_rcu_depth--)
#define rcu_read_lock_bh rcu_read_lock
#define rcu_read_unlock_bh rcu_read_unlock
#define rcu_read_lock_bh_held() (shim_rcu_depth > 0)
#define rcu_dereference_raw(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_dereference_check(p, cond) ({ if (!shim_rcu_depth && !(cond)) abort(); rcu_dereference_raw(p); })
#define rcu_dereference(p) rcu_dereference_check(p, false)
#define rcu_dereference_protected(p, cond) ({ if (!(cond)) abort(); READ_ONCE(p); })
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_replace_pointer(p, value, cond) \
	({ __typeof__(p) old_ = rcu_dereference_protected(p, cond); rcu_assign_pointer(p, value); old_; })

/* What a reader sees between two stores, a test sees that looks after each. */
extern void (*shim_after_store)(void);
#define shim_store(p, value, order) \
	({ __atomic_store_n(&(p), (value), order); if (shim_after_store) shim_after_store(); })
#define rcu_assign_pointer(p, value) shim_store(p, value, __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, value) shim_store(p, value, __ATOMIC_RELAXED)

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *));
void rcu_barrier(void);
/* A small number in the place of a function is where the head lies in what is to be freed. */
#define kfree_rcu(p, member) call_rcu(&(p)->member, (void (*)(struct rcu_head *))offsetof(__typeof__(*(p)), member))

#endif
