/* SPDX-License-Identifier: GPL-2.0 */
/* Memory, counted for each cache, and made to fail when a test says so. */
#ifndef SHIM_SLAB_H
#define SHIM_SLAB_H

#include <linux/kernel.h>

#define GFP_KERNEL 0u
#define GFP_ATOMIC 0u
#define __GFP_NOWARN 0u
#define SLAB_HWCACHE_ALIGN 0u
#define struct_size_t(type, member, n) (offsetof(type, member) + sizeof(((type *)0)->member[0]) * (n))

/* How many allocations succeed until one fails; negative: all succeed. */
extern long shim_alloc_until_failure;
/* Live objects of all caches. */
extern long shim_objects;
void *shim_alloc(size_t size);

struct kmem_cache;
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, unsigned int flags, void *ctor);
/* Ends the test if an object is alive. */
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t flags);
void kmem_cache_free(struct kmem_cache *cache, void *object);

#define kmalloc(size, flags) shim_alloc(size)
#define kzalloc(size, flags) shim_alloc(size)
#define kvcalloc(n, size, flags) shim_alloc((size_t)(n) * (size))
#define kfree(p) free((void *)(p))
#define kvfree(p) free((void *)(p))
void kfree_sensitive(const void *p);

#endif
