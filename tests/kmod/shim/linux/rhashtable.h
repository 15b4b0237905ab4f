/* SPDX-License-Identifier: GPL-2.0 */
/* A hash table of one size. It asks the same things of its user: how to hash a key and an object, how to compare. */
#ifndef SHIM_RHASHTABLE_H
#define SHIM_RHASHTABLE_H

#include <linux/slab.h>

#define SHIM_CHAINS 4096

struct rhash_head {
	struct rhash_head *next;
};
struct rhashtable_compare_arg {
	const void *key;
};
struct rhashtable_params {
	u16 key_len, head_offset;
	bool automatic_shrinking;
	u32 (*hashfn)(const void *data, u32 len, u32 seed);
	u32 (*obj_hashfn)(const void *data, u32 len, u32 seed);
	int (*obj_cmpfn)(struct rhashtable_compare_arg *arg, const void *object);
};
struct rhashtable {
	struct rhash_head **chain;
};

static inline int rhashtable_init(struct rhashtable *t, const struct rhashtable_params *params)
{
	t->chain = shim_alloc(SHIM_CHAINS * sizeof(*t->chain));
	return t->chain ? 0 : -ENOMEM;
}
static inline void rhashtable_destroy(struct rhashtable *t)
{
	free(t->chain);
}
static inline void *rhashtable_lookup(struct rhashtable *t, const void *key, const struct rhashtable_params p)
{
	struct rhashtable_compare_arg arg = { .key = key };
	struct rhash_head *head = t->chain[p.hashfn(key, p.key_len, 0) % SHIM_CHAINS];

	for (; head; head = head->next)
		if (!p.obj_cmpfn(&arg, (char *)head - p.head_offset))
			return (char *)head - p.head_offset;
	return NULL;
}
static inline struct rhash_head **shim_chain_of(struct rhashtable *t, struct rhash_head *head,
						const struct rhashtable_params *p)
{
	return &t->chain[p->obj_hashfn((char *)head - p->head_offset, p->key_len, 0) % SHIM_CHAINS];
}
static inline int rhashtable_lookup_insert_key(struct rhashtable *t, const void *key, struct rhash_head *head,
					       const struct rhashtable_params p)
{
	struct rhash_head **chain = shim_chain_of(t, head, &p);

	if (rhashtable_lookup(t, key, p))
		return -EEXIST;
	head->next = *chain;
	*chain = head;
	return 0;
}
static inline int rhashtable_remove_fast(struct rhashtable *t, struct rhash_head *head, const struct rhashtable_params p)
{
	struct rhash_head **at = shim_chain_of(t, head, &p);

	while (*at && *at != head)
		at = &(*at)->next;
	if (!*at)
		return -ENOENT;
	*at = head->next;
	return 0;
}

#endif
