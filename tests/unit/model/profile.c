// SPDX-License-Identifier: GPL-2.0
#include "model/model.h"
#include "unit/tap.h"

int main(void)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_profile *p = wgc_arena_alloc(a, sizeof(*p));

	ok(p != NULL);
	p->arena = a;
	p->name = wgc_arena_strdup(a, "office");
	/* Frees the profile with all it holds: the leak sanitizer is the judge. */
	p = wgc_profile_free(p);
	ok(!p);
	ok(!wgc_profile_free(NULL));
	return tap_done();
}
