/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LIST_H
#define SHIM_LIST_H

#include <linux/kernel.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head->prev = head;
}
static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}
static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	entry->next = head;
	entry->prev = head->prev;
	head->prev->next = entry;
	head->prev = entry;
}
static inline void list_del_init(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	INIT_LIST_HEAD(entry);
}
static inline void list_del(struct list_head *entry)
{
	list_del_init(entry);
	entry->next = entry->prev = NULL; /* to use it is to fall */
}
static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	list_del_init(entry);
	list_add_tail(entry, head);
}

#define list_entry container_of
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_next_entry(p, member) list_entry((p)->member.next, __typeof__(*(p)), member)
#define list_for_each_entry(p, head, member) \
	for (p = list_first_entry(head, __typeof__(*(p)), member); &(p)->member != (head); p = list_next_entry(p, member))
#define list_for_each_entry_safe(p, n, head, member) \
	for (p = list_first_entry(head, __typeof__(*(p)), member), n = list_next_entry(p, member); \
	     &(p)->member != (head); p = n, n = list_next_entry(n, member))

struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};

#define hlist_empty(head) (!READ_ONCE((head)->first))
#define hlist_entry_or_null(p, type, member) ({ void *p_ = (p); p_ ? container_of(p_, type, member) : NULL; })
#define hlist_for_each_entry_safe(p, n, head, member) \
	for (p = hlist_entry_or_null((head)->first, __typeof__(*(p)), member); \
	     (p) && ((n = (p)->member.next), true); p = hlist_entry_or_null(n, __typeof__(*(p)), member))

#endif
