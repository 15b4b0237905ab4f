/* SPDX-License-Identifier: GPL-2.0 */
/* Work is done at once; delayed work when a test says that its time has come. */
#ifndef SHIM_WORKQUEUE_H
#define SHIM_WORKQUEUE_H

#include <linux/kernel.h>
#include <linux/sched.h>

struct work_struct {
	void (*func)(struct work_struct *);
};
struct delayed_work {
	struct work_struct work;
	bool pending;
	struct delayed_work *next;
};

#define DECLARE_WORK(name, f) struct work_struct name = { .func = (f) }
#define DECLARE_DELAYED_WORK(name, f) struct delayed_work name = { .work.func = (f) }
#define INIT_WORK(w, f) ((void)((w)->func = (f)))
#define queue_work(wq, w) ((void)(w)->func(w))
#define flush_work(w) ((void)(w))

bool shim_queue_delayed_work(struct delayed_work *work);
#define queue_delayed_work(wq, w, delay) shim_queue_delayed_work(w)
bool cancel_delayed_work_sync(struct delayed_work *work);
/* Does what is pending now; the number of works done. */
int shim_run_delayed_works(void);

#endif
