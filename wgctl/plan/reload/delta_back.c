// SPDX-License-Identifier: GPL-2.0
/*
 * The way back from a delta, perhaps minutes later, when nobody has confirmed it. Only
 * what the delta changed goes back. Others may have added a peer since, or taken one
 * away, and peers have roamed: that is as it is now. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/reload/reload.h"

/* A way back in the making. */
struct work {
	const struct wgc_delta *d;
	const struct wgc_device *was, *now;
	struct wgc_arena *a;
	struct wgc_device *to;
	struct wgc_key_map changed, were, are; /* peers of the delta, of @was, of @now */
	struct wgc_prefix *moved; /* allowed IPs that the delta gave to somebody else, or to nobody; in order */
	size_t n_moved;
};

static int cmp_prefix(const void *a, const void *b)
{
	return wgc_prefix_cmp(a, b);
}

static int find_moved(struct work *w)
{
	const struct wgc_device *m = &w->d->message;
	size_t n = 0;

	for (size_t i = 0; i < m->n_peers; i++)
		n += m->peers[i].n_allowed_ips;
	w->moved = wgc_arena_alloc(w->a, (n + 1) * sizeof(*w->moved));
	if (!w->moved)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_peers; i++)
		for (uint32_t k = 0; k < m->peers[i].n_allowed_ips; k++)
			w->moved[w->n_moved++] = wgc_prefix_masked(&m->peers[i].allowed_ips[k].prefix);
	qsort(w->moved, w->n_moved, sizeof(*w->moved), cmp_prefix);
	return 0;
}

static int take_ips(struct work *w, struct wgc_peer *to, const struct wgc_peer *from, bool moved)
{
	for (uint32_t i = 0; i < from->n_allowed_ips; i++) {
		struct wgc_prefix ip = wgc_prefix_masked(&from->allowed_ips[i].prefix);
		struct wgc_allowed_ip *slot;

		if (moved != !!bsearch(&ip, w->moved, w->n_moved, sizeof(ip), cmp_prefix))
			continue;
		slot = wgc_peer_add_allowed_ip(w->a, to);
		if (!slot)
			return -ENOMEM;
		slot->prefix = ip;
	}
	return 0;
}

static struct wgc_peer *add_peer(struct work *w, const struct wgc_peer *p)
{
	struct wgc_peer *slot = wgc_arena_push(w->a, &w->to->peers, &w->to->n_peers, &w->to->cap_peers, sizeof(*slot));

	if (!slot)
		return NULL;
	*slot = *p;
	/* None is a wish, too. */
	slot->flags = WGC_PEER_HAS_PRESHARED_KEY | WGC_PEER_HAS_KEEPALIVE;
	return slot;
}

static void put_fields_back(struct wgc_peer *p, const struct wgc_changed_peer *c)
{
	if (c->what & WGC_CHANGE_PRESHARED_KEY)
		p->preshared_key = c->have->preshared_key;
	if (c->what & WGC_CHANGE_KEEPALIVE)
		p->keepalive = c->have->keepalive;
	if (c->what & (WGC_CHANGE_ENDPOINT | WGC_CHANGE_RESOLVE) && c->have->endpoint.sa.sa_family)
		p->endpoint = c->have->endpoint;
}

static int peer_of_now(struct work *w, const struct wgc_peer *now)
{
	const struct wgc_changed_peer *c = NULL;
	struct wgc_peer *p;
	size_t k;
	int r;

	if (wgc_key_map_find(&w->changed, &now->public_key, &k))
		c = &w->d->peers[k];
	if (c && c->what & WGC_CHANGE_ADD)
		return 0;
	p = add_peer(w, now);
	if (!p)
		return -ENOMEM;
	if (c)
		put_fields_back(p, c);
	if (!w->n_moved)
		return 0;
	p->allowed_ips = NULL;
	p->n_allowed_ips = p->cap_allowed_ips = 0;
	r = take_ips(w, p, now, false);
	if (r == 0 && wgc_key_map_find(&w->were, &now->public_key, &k))
		r = take_ips(w, p, &w->was->peers[k], true);
	return r;
}

static int peers(struct work *w)
{
	size_t k;
	int r = find_moved(w);

	for (size_t i = 0; i < w->d->n_peers; i++) {
		const struct wgc_changed_peer *c = &w->d->peers[i];

		wgc_key_map_put(&w->changed, &(c->want ? c->want : c->have)->public_key, i);
	}
	for (size_t i = 0; i < w->was->n_peers; i++)
		wgc_key_map_put(&w->were, &w->was->peers[i].public_key, i);
	for (size_t i = 0; i < w->now->n_peers; i++)
		wgc_key_map_put(&w->are, &w->now->peers[i].public_key, i);
	for (size_t i = 0; r == 0 && i < w->now->n_peers; i++)
		r = peer_of_now(w, &w->now->peers[i]);
	for (size_t i = 0; r == 0 && i < w->d->n_peers; i++) {
		const struct wgc_changed_peer *c = &w->d->peers[i];

		if (c->what & WGC_CHANGE_REMOVE && !wgc_key_map_find(&w->are, &c->have->public_key, &k) && !add_peer(w, c->have))
			r = -ENOMEM;
	}
	return r;
}

int wgc_delta_back(const struct wgc_delta *d, const struct wgc_device *was, const struct wgc_device *now, struct wgc_arena *a,
		   struct wgc_device *ret)
{
	struct wgc_device to = { .private_key = was->private_key, .listen_port = was->listen_port };
	struct work w = { .d = d, .was = was, .now = now, .a = a, .to = &to };
	int r;

	memcpy(to.ifname, was->ifname, sizeof(to.ifname));
	to.flags = (d->private_key ? WGC_DEVICE_HAS_PRIVATE_KEY : 0) | (d->port ? WGC_DEVICE_HAS_LISTEN_PORT : 0);
	r = wgc_key_map_init(&w.changed, d->n_peers);
	r = r ?: wgc_key_map_init(&w.were, was->n_peers);
	r = r ?: wgc_key_map_init(&w.are, now->n_peers);
	r = r ?: peers(&w);
	wgc_key_map_done(&w.changed);
	wgc_key_map_done(&w.were);
	wgc_key_map_done(&w.are);
	if (r == 0)
		*ret = to;
	wgc_wipe(&to, sizeof(to));
	return r;
}
