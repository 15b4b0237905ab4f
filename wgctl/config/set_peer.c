// SPDX-License-Identifier: GPL-2.0
/* The keys of [Peer], but for Endpoint. */
#include <errno.h>
#include <string.h>

#include "config/internal.h"

WGC_SETTER(peer_name)
{
	if (!wgc_peer_name_ok(w->s, w->len)) {
		wgc_bad(c, w->at, "a line of at most 128 bytes of UTF-8", "this is no name for a peer");
		return;
	}
	c->peer->name = wgc_keep_word(c, w);
}

WGC_SETTER(public_key)
{
	wgc_parse_key(c, w, &c->peer->peer.public_key);
	c->peer_has_key = true;
}

WGC_SETTER(preshared_key)
{
	if (wgc_parse_key(c, w, &c->peer->peer.preshared_key))
		c->peer->peer.flags |= WGC_PEER_HAS_PRESHARED_KEY;
}

WGC_SETTER(allowed_ips)
{
	struct wgc_peer *peer = &c->peer->peer;
	struct wgc_word rest = *w;
	struct wgc_allowed_ip *a;
	struct wgc_prefix p;
	bool remove = false;

	/* As wg has it: each line means to replace, until it has a '+' or '-'. */
	if (c->first_word)
		peer->flags |= WGC_PEER_REPLACE_ALLOWED_IPS;
	if (w->s[0] == '+' || w->s[0] == '-') {
		if (wgc_strict(c)) {
			wgc_bad(c, wgc_word_at(w, 0, 1), "a profile lists all that a peer may use; `wgctl set` changes one of them",
				"'%c' makes no sense here", w->s[0]);
			return;
		}
		remove = w->s[0] == '-';
		peer->flags &= ~(uint32_t)WGC_PEER_REPLACE_ALLOWED_IPS;
		rest.at = wgc_word_at(w, 1, w->len - 1);
		rest.s++;
		rest.len--;
	}
	if (!wgc_parse_network(c, &rest, &p))
		return;
	a = wgc_peer_add_allowed_ip(c->arena, peer);
	if (!a) {
		c->oom = true;
		return;
	}
	a->prefix = p;
	a->at = rest.at;
	a->remove = remove;
}

WGC_SETTER(keepalive)
{
	struct wgc_peer *peer = &c->peer->peer;
	uint64_t seconds = 0;
	int r = 0;

	if (!wgc_streq_nocase(w->s, "off"))
		r = wgc_parse_u64(w->s, UINT16_MAX, &seconds);
	if (r) {
		wgc_bad(c, w->at, "off, or a number of seconds from 0 to 65535; 25 keeps most NATs open",
			r == -ERANGE ? "PersistentKeepalive is out of range" : "this is no number of seconds");
		return;
	}
	peer->keepalive = (uint16_t)seconds;
	peer->flags |= WGC_PEER_HAS_KEEPALIVE;
}

WGC_SETTER(routes)
{
	struct wgc_profile_peer *peer = c->peer;
	enum wgc_routes_mode mode = WGC_ROUTES_LIST;
	struct wgc_allowed_ip *v;
	struct wgc_prefix p;

	if (wgc_streq_nocase(w->s, "auto"))
		mode = WGC_ROUTES_AUTO;
	else if (wgc_streq_nocase(w->s, "off"))
		mode = WGC_ROUTES_OFF;
	if (c->routes_given && (mode != WGC_ROUTES_LIST || peer->routes_mode != WGC_ROUTES_LIST)) {
		wgc_bad(c, w->at, "either a word or a list of prefixes", "Routes is auto, or off, or a list, but no mixture");
		return;
	}
	c->routes_given = true;
	peer->routes_mode = mode;
	if (mode != WGC_ROUTES_LIST || !wgc_parse_network(c, w, &p))
		return;
	v = wgc_arena_push(c->arena, &peer->routes, &peer->n_routes, &peer->cap_routes, sizeof(*v));
	if (!v) {
		c->oom = true;
		return;
	}
	v->prefix = p;
	v->at = w->at;
}
