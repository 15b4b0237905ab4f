/* SPDX-License-Identifier: GPL-2.0 */
/* A hash table of one size. The key is part of the object, and its user hashes it. */
#ifndef SHIM_RHASHTABLE_H
#define SHIM_RHASHTABLE_H

#include <linux/slab.h>

#define SHIM_CHAINS 4096
#define SHIM_SEED 0x5eed

struct rhash_head {
	struct rhash_head *next;
};
struct rhashtable_params {
	u16 key_len, key_offset, head_offset;
	bool automatic_shrinking;
	u32 (*hashfn)(const void *data, u32 len, u32 seed);
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
static inline struct rhash_head **shim_chain(struct rhashtable *t, const void *key, const struct rhashtable_params *p)
{
	return &t->chain[p->hashfn(key, p->key_len, SHIM_SEED) % SHIM_CHAINS];
}
static inline void *shim_key(struct rhash_head *head, const struct rhashtable_params *p)
{
	return (char *)head - p->head_offset + p->key_offset;
}
static inline void *rhashtable_lookup(struct rhashtable *t, const void *key, const struct rhashtable_params p)
{
	struct rhash_head *head = *shim_chain(t, key, &p);

	for (; head; head = head->next)
		if (!memcmp(shim_key(head, &p), key, p.key_len))
			return (char *)head - p.head_offset;
	return NULL;
}
#define rhashtable_lookup_fast rhashtable_lookup

static inline int rhashtable_lookup_insert_fast(struct rhashtable *t, struct rhash_head *head,
						const struct rhashtable_params p)
{
	struct rhash_head **chain = shim_chain(t, shim_key(head, &p), &p);

	if (rhashtable_lookup(t, shim_key(head, &p), p))
		return -EEXIST;
	head->next = *chain;
	*chain = head;
	return 0;
}
static inline int rhashtable_remove_fast(struct rhashtable *t, struct rhash_head *head, const struct rhashtable_params p)
{
	struct rhash_head **at = shim_chain(t, shim_key(head, &p), &p);

	while (*at && *at != head)
		at = &(*at)->next;
	if (!*at)
		return -ENOENT;
	*at = head->next;
	return 0;
}

#endif
