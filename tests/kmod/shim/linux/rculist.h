/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_RCULIST_H
#define SHIM_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>

static inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	node->pprev = &head->first;
	rcu_assign_pointer(head->first, node);
	if (node->next)
		node->next->pprev = &node->next;
}
static inline void hlist_del_rcu(struct hlist_node *node)
{
	WRITE_ONCE(*node->pprev, node->next);
	if (node->next)
		node->next->pprev = node->pprev;
}
#define hlist_for_each_entry_rcu(p, head, member, cond...) \
	for (p = hlist_entry_or_null(rcu_dereference_raw((head)->first), __typeof__(*(p)), member); (p); \
	     p = hlist_entry_or_null(rcu_dereference_raw((p)->member.next), __typeof__(*(p)), member))

#endif
