// SPDX-License-Identifier: GPL-2.0
/*
 * Allowed IPs that are to be taken away, for implementations that cannot do that
 * (Linux before 6.16, wireguard-go before 2025): the same change, said as whole
 * lists that replace. Between the look and the change somebody else's is lost.
 */
#include <errno.h>
#include <string.h>

#include "netlink/internal.h"

bool wgc_wg_takes_away(const struct wgc_device *d)
{
	for (size_t i = 0; i < d->n_peers; i++)
		for (uint32_t k = 0; k < d->peers[i].n_allowed_ips; k++)
			if (d->peers[i].allowed_ips[k].remove)
				return true;
	return false;
}

static void drop(struct wgc_peer *p, const struct wgc_prefix *prefix)
{
	struct wgc_prefix gone = wgc_prefix_masked(prefix);
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		struct wgc_prefix x = wgc_prefix_masked(&p->allowed_ips[i].prefix);

		if (!wgc_prefix_equal(&x, &gone))
			p->allowed_ips[n++] = p->allowed_ips[i];
	}
	p->n_allowed_ips = n;
}

static int append(struct wgc_arena *a, struct wgc_peer *p, const struct wgc_allowed_ip *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct wgc_allowed_ip *to;

		drop(p, &v[i].prefix);
		if (v[i].remove)
			continue;
		to = wgc_peer_add_allowed_ip(a, p);
		if (!to)
			return -ENOMEM;
		*to = v[i];
	}
	return 0;
}

/* What the peer at @index will have after it and all that is said of it before. */
static int list_of(const struct wgc_device *want, size_t index, struct wgc_device *have, struct wgc_arena *a, struct wgc_peer *ret)
{
	const struct wgc_key *key = &want->peers[index].public_key;
	const struct wgc_peer *now = have && !(want->flags & WGC_DEVICE_REPLACE_PEERS) ? wgc_device_find_peer(have, key) : NULL;
	struct wgc_peer list = { 0 };
	int r = 0;

	for (uint32_t i = 0; now && i < now->n_allowed_ips; i++) {
		struct wgc_allowed_ip *to = wgc_peer_add_allowed_ip(a, &list);

		if (!to)
			return -ENOMEM;
		*to = now->allowed_ips[i];
	}
	for (size_t i = 0; !r && i <= index; i++) {
		const struct wgc_peer *p = &want->peers[i];

		if (memcmp(&p->public_key, key, sizeof(*key)))
			continue;
		if (p->flags & (WGC_PEER_REMOVE | WGC_PEER_REPLACE_ALLOWED_IPS))
			list.n_allowed_ips = 0;
		if (!(p->flags & WGC_PEER_REMOVE))
			r = append(a, &list, p->allowed_ips, p->n_allowed_ips);
	}
	ret->allowed_ips = list.allowed_ips;
	ret->n_allowed_ips = list.n_allowed_ips;
	ret->cap_allowed_ips = list.cap_allowed_ips;
	ret->flags |= WGC_PEER_REPLACE_ALLOWED_IPS;
	return r;
}

int wgc_wg_whole_lists(const struct wgc_device *want, struct wgc_device *have, struct wgc_arena *a, struct wgc_device *ret)
{
	struct wgc_peer *peers = wgc_arena_alloc(a, want->n_peers * sizeof(*peers));
	int r = 0;

	if (!peers)
		return -ENOMEM;
	for (size_t i = 0; i < want->n_peers && !r; i++) {
		const struct wgc_peer *p = &want->peers[i];

		peers[i] = *p;
		for (uint32_t k = 0; k < p->n_allowed_ips; k++)
			if (p->allowed_ips[k].remove && !(p->flags & WGC_PEER_REMOVE)) {
				r = list_of(want, i, have, a, &peers[i]);
				break;
			}
	}
	if (r)
		return r;
	*ret = *want;
	ret->peers = peers;
	return 0;
}
