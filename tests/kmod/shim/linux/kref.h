/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_KREF_H
#define SHIM_KREF_H

#include <linux/kernel.h>
#include <linux/rcupdate.h>

struct kref {
	int refs;
};

static inline void kref_init(struct kref *k)
{
	k->refs = 1;
}
static inline bool kref_get_unless_zero(struct kref *k)
{
	k->refs += k->refs > 0;
	return k->refs > 0;
}
static inline void kref_put(struct kref *k, void (*release)(struct kref *))
{
	WARN_ON(k->refs <= 0);
	if (!--k->refs)
		release(k);
}

#endif
