// SPDX-License-Identifier: GPL-2.0
/*
 * From what a device should be and what it is to the one message between them.
 * Pure. The order in the message is argued here:
 *
 *   peers that get something    an allowed IP that another peer has moves in
 *                               one step: it is never nobody's
 *   a peer of the moment        allowed IPs that leave a peer for nobody move
 *   and its removal             to it and go with it. Taking single ones away
 *                               is known to few kernels; replacing the list
 *                               would leave the peer without any for a moment
 *   peers that go               last: what they had is with the others by then
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plan/reload/reload.h"

/* ---- whose allowed IP ----------------------------------------------------------- */

/* Which peer a prefix is to belong to: of two that name it the later one, as the kernel has it. */
struct owners {
	struct owner {
		struct wgc_prefix prefix;
		uint32_t peer;
	} *v;
	size_t n;
};

static int cmp_owner(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	int r = wgc_prefix_cmp(&x->prefix, &y->prefix);

	return r ? r : (x->peer > y->peer) - (x->peer < y->peer);
}

static int owners_make(const struct wgc_device *want, struct wgc_arena *a, struct owners *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < want->n_peers; i++)
		n += want->peers[i].n_allowed_ips;
	*ret = (struct owners){ .v = wgc_arena_alloc(a, (n + 1) * sizeof(struct owner)) };
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < want->n_peers; i++)
		for (uint32_t k = 0; k < want->peers[i].n_allowed_ips; k++) {
			const struct wgc_allowed_ip *ip = &want->peers[i].allowed_ips[k];

			if (!ip->remove)
				ret->v[ret->n++] = (struct owner){ wgc_prefix_masked(&ip->prefix), (uint32_t)i };
		}
	qsort(ret->v, ret->n, sizeof(*ret->v), cmp_owner);
	return 0;
}

/* SIZE_MAX: nobody. */
static size_t owner_of(const struct owners *o, const struct wgc_prefix *p)
{
	size_t low = 0, high = o->n;

	/* The place after the last that is not greater. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (wgc_prefix_cmp(&o->v[middle].prefix, p) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && wgc_prefix_equal(&o->v[low - 1].prefix, p) ? o->v[low - 1].peer : SIZE_MAX;
}

/* ---- one peer --------------------------------------------------------------------- */

/* A delta in the making. */
struct work {
	const struct wgc_delta_sides *s;
	struct wgc_arena *a;
	struct wgc_delta d;
	struct wgc_foreigns *foreign;
	struct owners owners;
	bool owners_made;
	size_t cap_message;
};

static const struct wgc_allowed_ip *find_ip(const struct wgc_peer *p, const struct wgc_prefix *ip)
{
	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		struct wgc_prefix masked = wgc_prefix_masked(&p->allowed_ips[i].prefix);

		if (wgc_prefix_equal(&masked, ip))
			return &p->allowed_ips[i];
	}
	return NULL;
}

static int cmp_prefix(const void *a, const void *b)
{
	return wgc_prefix_cmp(a, b);
}

static struct wgc_prefix *in_order(const struct wgc_peer *p, struct wgc_arena *a)
{
	struct wgc_prefix *v = wgc_arena_alloc(a, (p->n_allowed_ips + 1) * sizeof(*v));

	for (uint32_t i = 0; v && i < p->n_allowed_ips; i++)
		v[i] = wgc_prefix_masked(&p->allowed_ips[i].prefix);
	if (v)
		qsort(v, p->n_allowed_ips, sizeof(*v), cmp_prefix);
	return v;
}

/* The same ones, none to be taken away? Most peers have one or two. 1, 0 or -ENOMEM. */
static int same_ips(struct work *w, const struct wgc_peer *want, const struct wgc_peer *have)
{
	struct wgc_prefix *x, *y;

	for (uint32_t i = 0; i < want->n_allowed_ips; i++)
		if (want->allowed_ips[i].remove)
			return 0;
	if (want->n_allowed_ips != have->n_allowed_ips)
		return 0;
	if (want->n_allowed_ips < 16) {
		for (uint32_t i = 0; i < have->n_allowed_ips; i++)
			if (!find_ip(want, &have->allowed_ips[i].prefix))
				return 0;
		return 1;
	}
	x = in_order(want, w->a);
	y = in_order(have, w->a);
	if (!x || !y)
		return -ENOMEM;
	for (uint32_t i = 0; i < want->n_allowed_ips; i++)
		if (!wgc_prefix_equal(&x[i], &y[i]))
			return 0;
	return 1;
}

static int need_owners(struct work *w)
{
	int r = w->owners_made ? 0 : owners_make(w->s->want, w->a, &w->owners);

	w->owners_made |= r == 0;
	return r;
}

static int remove_ip(struct work *w, struct wgc_changed_peer *c, const struct wgc_prefix *ip)
{
	struct wgc_prefix *slot = wgc_arena_push(w->a, &w->d.removed, &w->d.n_removed, &w->d.cap_removed, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *ip;
	c->n_removed++;
	c->what |= WGC_CHANGE_ALLOWED_IPS;
	return 0;
}

/* An allowed IP that the peer has and its profile does not name. */
static int extra_ip(struct work *w, struct wgc_changed_peer *c, const struct wgc_applied_peer *was, const struct wgc_prefix *ip,
		    bool taken_away)
{
	char text[WGC_PREFIX_TEXT], key[WGC_KEY_BASE64];

	if (owner_of(&w->owners, ip) != SIZE_MAX)
		return 0; /* moves to whom it belongs */
	if (taken_away || w->s->applied->all || wgc_applied_has_ip(w->s->applied, was, ip))
		return remove_ip(w, c, ip);
	wgc_prefix_print(ip, text);
	wgc_key_print(&c->have->public_key, key);
	return wgc_foreign_add(w->foreign, w->a, "allowed_ip", "%s of peer %s", text, key);
}

/* Into @to go those that @want names and @have has not. */
static int compare_ips(struct work *w, struct wgc_changed_peer *c, const struct wgc_applied_peer *was, struct wgc_peer *to)
{
	const struct wgc_peer *want = c->want, *have = c->have;
	int r = have ? same_ips(w, want, have) : 0;

	if (r)
		return r < 0 ? r : 0;
	r = need_owners(w);
	c->first_removed = (uint32_t)w->d.n_removed;
	for (uint32_t i = 0; r == 0 && i < want->n_allowed_ips; i++) {
		struct wgc_prefix ip = wgc_prefix_masked(&want->allowed_ips[i].prefix);
		struct wgc_allowed_ip *slot;

		if (want->allowed_ips[i].remove || owner_of(&w->owners, &ip) != c->index || (have && find_ip(have, &ip)))
			continue;
		slot = wgc_peer_add_allowed_ip(w->a, to);
		if (!slot)
			return -ENOMEM;
		*slot = want->allowed_ips[i];
		c->added++;
		c->what |= WGC_CHANGE_ALLOWED_IPS;
	}
	for (uint32_t i = 0; r == 0 && have && i < have->n_allowed_ips; i++) {
		const struct wgc_prefix *ip = &have->allowed_ips[i].prefix;
		const struct wgc_allowed_ip *named = find_ip(want, ip);

		if (!named || named->remove)
			r = extra_ip(w, c, was, ip, named != NULL);
	}
	return r;
}

static int compare_preshared(struct work *w, struct wgc_changed_peer *c, const struct wgc_applied_peer *was, struct wgc_peer *to)
{
	static const struct wgc_key none;
	bool wanted = c->want->flags & WGC_PEER_HAS_PRESHARED_KEY;
	char key[WGC_KEY_BASE64];

	if (wanted ? wgc_key_equal(&c->want->preshared_key, &c->have->preshared_key) : wgc_key_is_zero(&c->have->preshared_key))
		return 0;
	if (!wanted && !w->s->applied->all && !(was && was->flags & WGC_PEER_HAS_PRESHARED_KEY)) {
		wgc_key_print(&c->have->public_key, key);
		return wgc_foreign_add(w->foreign, w->a, "preshared_key", "of peer %s", key);
	}
	to->preshared_key = wanted ? c->want->preshared_key : none;
	to->flags |= WGC_PEER_HAS_PRESHARED_KEY;
	c->what |= WGC_CHANGE_PRESHARED_KEY;
	return 0;
}

static int compare_keepalive(struct work *w, struct wgc_changed_peer *c, const struct wgc_applied_peer *was, struct wgc_peer *to)
{
	bool wanted = c->want->flags & WGC_PEER_HAS_KEEPALIVE;
	uint16_t seconds = wanted ? c->want->keepalive : 0;
	char key[WGC_KEY_BASE64];

	if (seconds == c->have->keepalive)
		return 0;
	if (!wanted && !w->s->applied->all && !(was && was->flags & WGC_PEER_HAS_KEEPALIVE)) {
		wgc_key_print(&c->have->public_key, key);
		return wgc_foreign_add(w->foreign, w->a, "persistent_keepalive", "%u of peer %s", c->have->keepalive, key);
	}
	to->keepalive = seconds;
	to->flags |= WGC_PEER_HAS_KEEPALIVE;
	c->what |= WGC_CHANGE_KEEPALIVE;
	return 0;
}

static bool same_endpoint(const union wgc_sockaddr *a, const union wgc_sockaddr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port && a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port && a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
}

/* After a reload that was killed there are two that may have been applied. */
static bool endpoints_changed(const struct wgc_applied_peer *was, const struct wgc_profile_peer *p)
{
	uint64_t now = was ? wgc_applied_endpoints(p) : 0;

	for (; was; was = was->older)
		if (was->endpoints != now)
			return true;
	return false;
}

/* An endpoint that has roamed is better than the one that was written: it is
 * left alone until somebody writes another. */
static void compare_endpoint(struct work *w, struct wgc_changed_peer *c, const struct wgc_applied_peer *was, struct wgc_peer *to)
{
	const struct wgc_profile_peer *p = w->s->profile ? &w->s->profile[c->index] : NULL;
	bool numeric = c->want->endpoint.sa.sa_family, known = c->have && c->have->endpoint.sa.sa_family;
	bool rewritten = !p || endpoints_changed(was, p);

	if (p ? !p->n_endpoints : !numeric)
		return;
	if (known && !rewritten)
		return;
	if (!numeric) {
		c->what |= WGC_CHANGE_RESOLVE;
		w->d.n_resolve++;
	} else if (!known || !same_endpoint(&c->want->endpoint, &c->have->endpoint)) {
		to->endpoint = c->want->endpoint;
		to->endpoint_at = c->want->endpoint_at;
		c->what |= WGC_CHANGE_ENDPOINT;
	}
}

static struct wgc_peer *message_peer(struct work *w)
{
	return wgc_arena_push(w->a, &w->d.message.peers, &w->d.message.n_peers, &w->d.message.cap_peers, sizeof(struct wgc_peer));
}

static int note(struct work *w, const struct wgc_changed_peer *c)
{
	struct wgc_changed_peer *slot = wgc_arena_push(w->a, &w->d.peers, &w->d.n_peers, &w->d.cap_peers, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *c;
	return 0;
}

static int compare_peer(struct work *w, size_t index, const struct wgc_peer *have)
{
	const struct wgc_peer *want = &w->s->want->peers[index];
	struct wgc_changed_peer c = { .want = want, .have = have, .index = index, .slot = SIZE_MAX };
	const struct wgc_applied_peer *was = wgc_applied_peer(w->s->applied, &want->public_key);
	struct wgc_peer to = { .public_key = want->public_key, .at = want->at };
	int r;

	if (have) {
		to.flags = WGC_PEER_UPDATE_ONLY;
		r = compare_preshared(w, &c, was, &to);
		r = r ?: compare_keepalive(w, &c, was, &to);
	} else {
		c.what = WGC_CHANGE_ADD;
		to.flags = want->flags & (WGC_PEER_HAS_PRESHARED_KEY | WGC_PEER_HAS_KEEPALIVE);
		to.preshared_key = want->preshared_key;
		to.keepalive = want->keepalive;
		r = 0;
	}
	compare_endpoint(w, &c, was, &to);
	r = r ?: compare_ips(w, &c, was, &to);
	if (r < 0 || !c.what)
		return r;
	/* What only loses allowed IPs gets no message of its own. */
	if (c.what != WGC_CHANGE_ALLOWED_IPS || c.added) {
		struct wgc_peer *slot = message_peer(w);

		if (!slot)
			return -ENOMEM;
		*slot = to;
		c.slot = w->d.message.n_peers - 1;
	}
	return note(w, &c);
}

/* ---- the whole ---------------------------------------------------------------------- */

static int compare_peers(struct work *w)
{
	const struct wgc_device *want = w->s->want, *have = w->s->have;
	struct wgc_key_map have_map, want_map = { .slots = NULL };
	struct wgc_key own = have->public_key;
	size_t k;
	int r = wgc_key_map_init(&have_map, have->n_peers);

	if (w->d.private_key)
		wgc_key_public(&want->private_key, &own);
	r = r ?: wgc_key_map_init(&want_map, want->n_peers);
	for (size_t i = 0; r == 0 && i < have->n_peers; i++)
		wgc_key_map_put(&have_map, &have->peers[i].public_key, i);
	for (size_t i = 0; r == 0 && i < want->n_peers; i++)
		wgc_key_map_put(&want_map, &want->peers[i].public_key, i);
	for (size_t i = 0; r == 0 && i < want->n_peers; i++) {
		const struct wgc_key *key = &want->peers[i].public_key;
		bool there = wgc_key_map_find(&have_map, key, &k);

		/* Of two sections of one peer the later counts; and no device is a peer of its own. */
		if (want->peers[i].flags & WGC_PEER_REMOVE || (wgc_key_map_find(&want_map, key, &k) && k != i) ||
		    (!there && wgc_key_equal(key, &own)))
			continue;
		if (there)
			wgc_key_map_find(&have_map, key, &k);
		r = compare_peer(w, i, there ? &have->peers[k] : NULL);
	}
	for (size_t i = 0; r == 0 && i < have->n_peers; i++) {
		struct wgc_changed_peer c = { .what = WGC_CHANGE_REMOVE, .have = &have->peers[i], .slot = SIZE_MAX };
		char key[WGC_KEY_BASE64];

		if (wgc_key_map_find(&want_map, &have->peers[i].public_key, &k))
			continue;
		if (w->s->applied->all || wgc_applied_peer(w->s->applied, &have->peers[i].public_key)) {
			r = note(w, &c);
			continue;
		}
		wgc_key_print(&have->peers[i].public_key, key);
		r = wgc_foreign_add(w->foreign, w->a, "peer", "%s", key);
	}
	wgc_key_map_done(&have_map);
	wgc_key_map_done(&want_map);
	return r;
}

/* See the top: the peer of the moment, and those that go. */
static int add_removals(struct work *w)
{
	struct wgc_peer *p;

	if (w->d.n_removed) {
		struct wgc_peer moment = { .n_allowed_ips = 0 };
		struct wgc_key secret;

		/* A key that nobody has the private one of, not even we. */
		if (wgc_key_generate(&secret, true) < 0)
			return -ENOMEM;
		wgc_key_public(&secret, &moment.public_key);
		wgc_wipe(&secret, sizeof(secret));
		for (size_t i = 0; i < w->d.n_removed; i++) {
			struct wgc_allowed_ip *slot = wgc_peer_add_allowed_ip(w->a, &moment);

			if (!slot)
				return -ENOMEM;
			slot->prefix = w->d.removed[i];
		}
		p = message_peer(w);
		if (!p)
			return -ENOMEM;
		*p = moment;
		p = message_peer(w);
		if (!p)
			return -ENOMEM;
		*p = (struct wgc_peer){ .public_key = moment.public_key, .flags = WGC_PEER_REMOVE };
	}
	for (size_t i = 0; i < w->d.n_peers; i++) {
		struct wgc_changed_peer *c = &w->d.peers[i];

		if (c->what != WGC_CHANGE_REMOVE)
			continue;
		p = message_peer(w);
		if (!p)
			return -ENOMEM;
		*p = (struct wgc_peer){ .public_key = c->have->public_key, .flags = WGC_PEER_REMOVE };
		c->slot = w->d.message.n_peers - 1;
	}
	return 0;
}

static void compare_device(struct work *w)
{
	const struct wgc_device *want = w->s->want, *have = w->s->have;
	struct wgc_device *m = &w->d.message;

	memcpy(m->ifname, have->ifname, sizeof(m->ifname));
	if (want->flags & WGC_DEVICE_HAS_PRIVATE_KEY && !wgc_key_equal(&want->private_key, &have->private_key)) {
		m->private_key = want->private_key;
		m->private_key_at = want->private_key_at;
		m->flags |= WGC_DEVICE_HAS_PRIVATE_KEY;
		w->d.private_key = true;
	}
	/* Port 0 is any port, and it has one. */
	if (want->flags & WGC_DEVICE_HAS_LISTEN_PORT && want->listen_port && want->listen_port != have->listen_port) {
		m->listen_port = want->listen_port;
		m->listen_port_at = want->listen_port_at;
		m->flags |= WGC_DEVICE_HAS_LISTEN_PORT;
		w->d.port = true;
	}
	w->d.mark = want->flags & WGC_DEVICE_HAS_FWMARK && want->fwmark != have->fwmark;
	w->d.fwmark = want->fwmark;
}

int wgc_delta_device(const struct wgc_delta_sides *sides, struct wgc_arena *a, struct wgc_delta *ret, struct wgc_foreigns *foreign)
{
	struct work w = { .s = sides, .a = a, .foreign = foreign };
	int r;

	compare_device(&w);
	r = compare_peers(&w);
	r = r ?: add_removals(&w);
	if (r < 0)
		return r;
	*ret = w.d;
	return 0;
}

int wgc_foreign_add(struct wgc_foreigns *f, struct wgc_arena *a, const char *word, const char *fmt, ...)
{
	struct wgc_foreign *slot;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	slot = wgc_arena_push(a, &f->v, &f->n, &f->cap, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	slot->word = word;
	slot->text = wgc_arena_strdup(a, text);
	return slot->text ? 0 : -ENOMEM;
}

/* ---- for people ---------------------------------------------------------------------- */

static void add_word(struct wgc_str *out, bool *any, const char *fmt, ...) WGC_PRINTF(3, 4);
static void add_word(struct wgc_str *out, bool *any, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wgc_str_addf(out, "%s%s", *any ? ", " : ": ", text);
	*any = true;
}

void wgc_delta_peer_text(const struct wgc_delta *d, const struct wgc_changed_peer *c, const struct wgc_profile *p,
			 struct wgc_str *out)
{
	const struct wgc_peer *peer = c->want ? c->want : c->have;
	const struct wgc_peer *to = c->slot < d->message.n_peers ? &d->message.peers[c->slot] : NULL;
	const char *name = c->want ? p->peers[c->index].name.s : NULL;
	char key[WGC_KEY_BASE64], text[WGC_ENDPOINT_TEXT];
	bool any = false;

	wgc_key_print(&peer->public_key, key);
	wgc_str_addf(out, name ? "%s (%s)" : "%s%s", name ? name : "", key);
	if (c->what & WGC_CHANGE_REMOVE)
		return;
	if (c->what & WGC_CHANGE_PRESHARED_KEY)
		add_word(out, &any, "preshared key %s", c->want->flags & WGC_PEER_HAS_PRESHARED_KEY ? "(hidden)" : "off");
	if (c->what & WGC_CHANGE_KEEPALIVE)
		add_word(out, &any, "keepalive %u, was %u", to->keepalive, c->have->keepalive);
	if (c->what & WGC_CHANGE_RESOLVE) {
		const struct wgc_host_port *e = &p->peers[c->index].endpoints[0];

		add_word(out, &any, "endpoint %s:%s", e->host, e->port);
	}
	if (c->what & WGC_CHANGE_ENDPOINT && to) {
		wgc_sockaddr_print(&to->endpoint, text);
		add_word(out, &any, "endpoint %s", text);
	}
	for (uint32_t i = 0; to && i < to->n_allowed_ips && i < 8; i++) {
		char ip[WGC_PREFIX_TEXT];

		wgc_prefix_print(&to->allowed_ips[i].prefix, ip);
		add_word(out, &any, "+%s", ip);
	}
	if (to && to->n_allowed_ips > 8)
		add_word(out, &any, "and %u more", to->n_allowed_ips - 8);
	for (uint32_t i = 0; i < c->n_removed && i < 8; i++) {
		char ip[WGC_PREFIX_TEXT];

		wgc_prefix_print(&d->removed[c->first_removed + i], ip);
		add_word(out, &any, "-%s", ip);
	}
	if (c->n_removed > 8)
		add_word(out, &any, "and %u fewer", c->n_removed - 8);
}
