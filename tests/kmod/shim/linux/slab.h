/* SPDX-License-Identifier: GPL-2.0 */
/* Memory, counted, and made to fail when a test says so. */
#ifndef SHIM_SLAB_H
#define SHIM_SLAB_H

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>

#define GFP_KERNEL 0u
#define GFP_ATOMIC 0u
#define __GFP_NOWARN 0u

/* How many allocations succeed until one fails; negative: all succeed. */
extern long shim_alloc_until_failure;
/* Live ones. */
extern long shim_objects;
void *shim_alloc(size_t size);

void *kzalloc(size_t size, gfp_t flags);
void kfree(const void *p);
#define kvcalloc(n, size, flags) shim_alloc((size_t)(n) * (size))
#define kvfree(p) free((void *)(p))
void kfree_sensitive(const void *p);

#endif
