// SPDX-License-Identifier: GPL-2.0
/* WireGuard devices and their peers. */
#include <string.h>

#include "model/model.h"

struct wgc_peer *wgc_device_find_peer(struct wgc_device *d, const struct wgc_key *key)
{
	/* Public keys: nothing to hide from a timer. */
	for (size_t i = 0; i < d->n_peers; i++)
		if (!memcmp(&d->peers[i].public_key, key, sizeof(*key)))
			return &d->peers[i];
	return NULL;
}

struct wgc_allowed_ip *wgc_peer_add_allowed_ip(struct wgc_arena *a, struct wgc_peer *p)
{
	size_t n = p->n_allowed_ips, cap = p->cap_allowed_ips;
	struct wgc_allowed_ip *v = p->allowed_ips;

	if (n == UINT32_MAX)
		return NULL;
	if (n == cap) {
		/* Most peers have one; the last block of an arena grows in place. */
		cap = cap ? 2 * cap : 1;
		if (cap > UINT32_MAX)
			cap = UINT32_MAX;
		v = wgc_arena_grow(a, v, n * sizeof(*v), cap * sizeof(*v));
		if (!v)
			return NULL;
		p->allowed_ips = v;
		p->cap_allowed_ips = (uint32_t)cap;
	}
	p->n_allowed_ips++;
	return memset(&v[n], 0, sizeof(*v));
}
