/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LLIST_H
#define SHIM_LLIST_H

#include <linux/list.h>

struct llist_node {
	struct llist_node *next;
};
struct llist_head {
	struct llist_node *first;
};

#define LLIST_HEAD(name) struct llist_head name = { NULL }

static inline void llist_add(struct llist_node *node, struct llist_head *head)
{
	node->next = READ_ONCE(head->first);
	while (!__atomic_compare_exchange_n(&head->first, &node->next, node, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}
static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_SEQ_CST);
}
#define llist_for_each_entry_safe(p, n, node, member) \
	for (p = hlist_entry_or_null(node, __typeof__(*(p)), member); \
	     (p) && ((n = hlist_entry_or_null((p)->member.next, __typeof__(*(p)), member)), true); p = n)

#endif
