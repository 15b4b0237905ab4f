/* SPDX-License-Identifier: GPL-2.0 */
/* An array with as many entries as tables ever needs, of which one may be reserved before it is set. */
#ifndef SHIM_XARRAY_H
#define SHIM_XARRAY_H

#include <linux/slab.h>

#define SHIM_ENTRIES (1U << 20)
#define SHIM_RESERVED ((void *)1)
#define XA_FLAGS_ALLOC 1

struct xarray {
	void **entry; /* made when first needed, as the kernel's */
};
struct xa_limit {
	u32 min, max;
};
#define XA_LIMIT(low, high) ((struct xa_limit){ low, high })

static inline void xa_init_flags(struct xarray *xa, int flags)
{
	xa->entry = NULL;
}
static inline void xa_destroy(struct xarray *xa)
{
	free(xa->entry);
	xa->entry = NULL;
}
static inline void *xa_load(struct xarray *xa, unsigned long index)
{
	void *entry = xa->entry && index < SHIM_ENTRIES ? xa->entry[index] : NULL;

	return entry == SHIM_RESERVED ? NULL : entry;
}
static inline int xa_alloc(struct xarray *xa, u32 *index, void *entry, struct xa_limit limit, gfp_t flags)
{
	if (!xa->entry)
		xa->entry = shim_alloc(SHIM_ENTRIES * sizeof(*xa->entry));
	if (!xa->entry)
		return -ENOMEM;
	for (*index = limit.min; *index <= limit.max; ++*index) {
		if (!xa->entry[*index]) {
			xa->entry[*index] = entry ?: SHIM_RESERVED;
			return 0;
		}
	}
	return -EBUSY;
}
static inline void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t flags)
{
	void *before = xa_load(xa, index);

	if (!xa->entry || !xa->entry[index])
		abort(); /* it would have to allocate */
	xa->entry[index] = entry;
	return before;
}
static inline void *xa_erase(struct xarray *xa, unsigned long index)
{
	void *before = xa_load(xa, index);

	xa->entry[index] = NULL;
	return before;
}

#endif
