/* SPDX-License-Identifier: GPL-2.0 */
/* One thread: reading while it is written would last for ever, and ends the test. */
#ifndef SHIM_SEQLOCK_H
#define SHIM_SEQLOCK_H

#include <linux/kernel.h>
#include <linux/spinlock.h>

typedef struct {
	unsigned int seq;
	spinlock_t lock;
} seqlock_t;

static inline void seqlock_init(seqlock_t *s)
{
	s->seq = 0;
	spin_lock_init(&s->lock);
}
static inline void write_seqlock_bh(seqlock_t *s)
{
	spin_lock_bh(&s->lock);
	s->seq++;
}
static inline void write_sequnlock_bh(seqlock_t *s)
{
	s->seq++;
	spin_unlock_bh(&s->lock);
}
static inline unsigned int read_seqbegin(const seqlock_t *s)
{
	WARN_ON(s->seq & 1);
	return s->seq;
}
static inline bool read_seqretry(const seqlock_t *s, unsigned int seq)
{
	return s->seq != seq;
}

#endif
