// SPDX-License-Identifier: GPL-2.0
/*
 * What happened to a WireGuard device between two looks at it. Both lists of
 * peers are put in order of their keys and gone through side by side, so that
 * a hub with 100,000 peers costs one sort.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/netlink.h"

/* A peer as it was, and since when nothing has come from it. */
struct seen {
	struct wgc_peer peer; /* its allowed IPs are not kept */
	int64_t rx_ms;	      /* when something was last seen to have come */
	uint64_t tx_then;     /* what we had sent by then */
	bool stalled;
};

struct wgc_wg_watch {
	bool looked;
	struct seen *v;
	size_t n;
	uint16_t port;
	uint32_t mark;
	struct wgc_key key;
};

struct wgc_wg_watch *wgc_wg_watch_new(void)
{
	return calloc(1, sizeof(struct wgc_wg_watch));
}

struct wgc_wg_watch *wgc_wg_watch_free(struct wgc_wg_watch *w)
{
	if (w)
		free(w->v);
	free(w);
	return NULL;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct seen *)a)->peer.public_key, &((const struct seen *)b)->peer.public_key,
		      sizeof(struct wgc_key));
}

static struct seen *take(const struct wgc_device *d, int64_t now)
{
	struct seen *v = calloc(d->n_peers ?: 1, sizeof(*v));

	if (!v)
		return NULL;
	for (size_t i = 0; i < d->n_peers; i++) {
		v[i].peer = d->peers[i];
		wgc_wipe(&v[i].peer.preshared_key, sizeof(struct wgc_key));
		v[i].peer.allowed_ips = NULL;
		v[i].peer.n_allowed_ips = v[i].peer.cap_allowed_ips = 0;
		v[i].rx_ms = now;
		v[i].tx_then = d->peers[i].tx_bytes;
	}
	qsort(v, d->n_peers, sizeof(*v), by_key);
	return v;
}

typedef void (*tell_fn)(void *ctx, enum wgc_wg_change what, const struct wgc_peer *was, const struct wgc_peer *is);

static void compare(const struct seen *was, struct seen *is, int64_t now, tell_fn tell, void *ctx)
{
	const struct wgc_peer *a = &was->peer, *b = &is->peer;

	if (memcmp(&a->last_handshake, &b->last_handshake, sizeof(a->last_handshake)) && b->last_handshake.tv_sec)
		tell(ctx, WGC_PEER_HANDSHAKE, a, b);
	if (b->endpoint.sa.sa_family && memcmp(&a->endpoint, &b->endpoint, sizeof(a->endpoint)))
		tell(ctx, WGC_PEER_ENDPOINT, a, b);
	if (a->rx_bytes != b->rx_bytes) {
		if (was->stalled)
			tell(ctx, WGC_PEER_RESUMED, a, b);
		return;
	}
	is->rx_ms = was->rx_ms;
	is->tx_then = was->tx_then;
	is->stalled = was->stalled;
	/* Idle is not stalled: the clock starts with the first unanswered packet. */
	if (b->tx_bytes == was->tx_then)
		is->rx_ms = now;
	if (!is->stalled && now - is->rx_ms >= WGC_STALL_SECONDS * 1000) {
		is->stalled = true;
		tell(ctx, WGC_PEER_STALLED, a, b);
	}
}

int wgc_wg_watch_look(struct wgc_wg_watch *w, const struct wgc_device *d, int64_t now_ms, tell_fn tell, void *ctx)
{
	struct seen *v = take(d, now_ms);
	size_t i = 0, k = 0;

	if (!v)
		return -ENOMEM;
	if (w->looked && w->port != d->listen_port)
		tell(ctx, WGC_DEVICE_PORT, NULL, NULL);
	if (w->looked && w->mark != d->fwmark)
		tell(ctx, WGC_DEVICE_MARK, NULL, NULL);
	if (w->looked && !wgc_key_equal(&w->key, &d->public_key))
		tell(ctx, WGC_DEVICE_KEY, NULL, NULL);
	while (w->looked && (i < w->n || k < d->n_peers)) {
		int c = i == w->n ? 1 : k == d->n_peers ? -1 : by_key(&w->v[i], &v[k]);

		if (c < 0)
			tell(ctx, WGC_PEER_REMOVED, &w->v[i++].peer, NULL);
		else if (c > 0)
			tell(ctx, WGC_PEER_ADDED, NULL, &v[k++].peer);
		else
			compare(&w->v[i++], &v[k++], now_ms, tell, ctx);
	}
	free(w->v);
	w->v = v;
	w->n = d->n_peers;
	w->port = d->listen_port;
	w->mark = d->fwmark;
	w->key = d->public_key;
	w->looked = true;
	return 0;
}
