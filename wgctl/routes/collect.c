// SPDX-License-Identifier: GPL-2.0
/* Which prefixes a profile's peers want routes for. */
#include <errno.h>
#include <stdlib.h>

#include "routes/internal.h"

static int cmp_prefix(const void *a, const void *b)
{
	return wgc_prefix_cmp(a, b);
}

void wgc_prefix_set_make(struct wgc_prefix *v, size_t n, struct wgc_prefix_set *ret)
{
	size_t kept = 0;

	/* A shorter prefix sorts in front of all that it covers, and those
	 * follow it without a gap. */
	qsort(v, n, sizeof(*v), cmp_prefix);
	for (size_t i = 0; i < n; i++)
		if (!kept || !wgc_prefix_covers(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	ret->v = v;
	ret->n = kept;
}

bool wgc_prefix_set_covers(const struct wgc_prefix_set *set, const struct wgc_prefix *p)
{
	size_t low = 0, high = set->n;

	/* Prefixes nest or are apart, so only the last one that is not behind
	 * @p can hold it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (wgc_prefix_cmp(&set->v[middle], p) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && wgc_prefix_covers(&set->v[low - 1], p);
}

/* One mention of a prefix. */
struct mention {
	struct wgc_address prefix;
	size_t peer, seq;
	bool remove;
};

static int cmp_mention(const void *left, const void *right)
{
	const struct mention *a = left, *b = right;
	int order = wgc_prefix_cmp(&a->prefix.prefix, &b->prefix.prefix);

	return order ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

static const struct wgc_allowed_ip *list_of(const struct wgc_profile_peer *peer, size_t *ret_n)
{
	if (peer->routes_mode == WGC_ROUTES_OFF) {
		*ret_n = 0;
		return NULL;
	}
	if (peer->routes_mode == WGC_ROUTES_LIST) {
		*ret_n = peer->n_routes;
		return peer->routes;
	}
	*ret_n = peer->peer.n_allowed_ips;
	return peer->peer.allowed_ips;
}

/*
 * The device applies "+" and "-" entries in the order of the file: an entry
 * moves the prefix to its peer, a removal counts only when that peer has it.
 * Who has it at the end wants a route. @m is all mentions of one prefix.
 */
static const struct mention *owner(const struct mention *m, size_t n)
{
	const struct mention *has = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!m[i].remove)
			has = &m[i];
		else if (has && has->peer == m[i].peer)
			has = NULL;
	}
	return has;
}

int wgc_routes_collect(const struct wgc_profile *p, struct wgc_arena *a, struct wgc_address **ret, size_t *ret_n,
		       struct wgc_err *err)
{
	struct wgc_address *out;
	struct mention *all;
	size_t total = 0, n = 0, kept = 0;

	for (size_t i = 0; i < p->n_peers; i++) {
		size_t count;

		list_of(&p->peers[i], &count);
		total += count;
	}
	*ret = NULL;
	*ret_n = 0;
	if (!total)
		return 0;
	all = calloc(total, sizeof(*all));
	out = wgc_arena_alloc(a, total * sizeof(*out));
	if (!all || !out) {
		free(all);
		return wgc_err_nomem(err);
	}
	for (size_t i = 0; i < p->n_peers; i++) {
		size_t count;
		const struct wgc_allowed_ip *list = list_of(&p->peers[i], &count);

		for (size_t k = 0; k < count; k++, n++) {
			all[n].prefix.prefix = wgc_prefix_masked(&list[k].prefix);
			all[n].prefix.at = list[k].at;
			all[n].peer = i;
			all[n].seq = n;
			all[n].remove = list[k].remove;
		}
	}
	qsort(all, n, sizeof(*all), cmp_mention);
	for (size_t i = 0, end; i < n; i = end) {
		const struct mention *has;

		for (end = i + 1; end < n && wgc_prefix_equal(&all[i].prefix.prefix, &all[end].prefix.prefix);)
			end++;
		has = owner(&all[i], end - i);
		if (has)
			out[kept++] = has->prefix;
	}
	free(all);
	*ret = out;
	*ret_n = kept;
	return 0;
}
