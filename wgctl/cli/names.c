// SPDX-License-Identifier: GPL-2.0
/* names: what the peers of a running tunnel are called in the profile that it came from. */
#include "cli/live.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	const struct wgc_profile_peer *const *x = a, *const *y = b;

	return memcmp(&(*x)->peer.public_key, &(*y)->peer.public_key, sizeof(struct wgc_key));
}

void wgc_names_read(struct wgc_names *t, const char *path)
{
	*t = (struct wgc_names){ 0 };
	/* Only for names, so whatever is wrong with the file does not matter. */
	if (!path || !*path || wgc_config_load(path, WGC_STRICT, true, &t->diags, &t->src, &t->profile, NULL))
		return;
	t->v = calloc(t->profile->n_peers + 1, sizeof(*t->v));
	for (size_t i = 0; t->v && i < t->profile->n_peers; i++)
		if (t->profile->peers[i].name.s)
			t->v[t->n++] = &t->profile->peers[i];
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_key);
}

const char *wgc_names_find(const struct wgc_names *t, const struct wgc_key *key)
{
	struct wgc_profile_peer want = { .peer.public_key = *key };
	const struct wgc_profile_peer *p = &want, **hit;

	if (!t->n)
		return NULL;
	hit = bsearch(&p, t->v, t->n, sizeof(p), by_key);
	return hit ? (*hit)->name.s : NULL;
}

void wgc_names_done(struct wgc_names *t)
{
	free(t->v);
	wgc_profile_free(t->profile);
	wgc_source_free(&t->src);
	wgc_diags_done(&t->diags);
	*t = (struct wgc_names){ 0 };
}
