/* SPDX-License-Identifier: GPL-2.0 */
/* The lowest free number of a bitmap; only what tables needs. */
#ifndef SHIM_IDR_H
#define SHIM_IDR_H

#include <linux/slab.h>

#define SHIM_IDA_MAX (1u << 20)

struct ida {
	bool *used;
	unsigned int lowest; /* none below it is free */
};

static inline void ida_init(struct ida *ida)
{
	ida->used = calloc(SHIM_IDA_MAX, 1);
	ida->lowest = 0;
	if (!ida->used)
		abort();
}
static inline int ida_alloc_max(struct ida *ida, unsigned int max, gfp_t flags)
{
	while (ida->lowest <= max && ida->used[ida->lowest])
		ida->lowest++;
	if (ida->lowest > max)
		return -ENOSPC;
	ida->used[ida->lowest] = true;
	return ida->lowest++;
}
static inline void ida_free(struct ida *ida, unsigned int number)
{
	if (!ida->used[number])
		abort();
	ida->used[number] = false;
	if (number < ida->lowest)
		ida->lowest = number;
}
static inline void ida_destroy(struct ida *ida)
{
	free(ida->used);
}

#endif
