// SPDX-License-Identifier: GPL-2.0
/* Profiles. */
#include "model/model.h"

struct wgc_profile *wgc_profile_free(struct wgc_profile *p)
{
	/* The profile itself is a block of its arena. */
	if (p)
		wgc_arena_free(p->arena);
	return NULL;
}
