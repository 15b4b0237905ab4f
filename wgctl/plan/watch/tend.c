// SPDX-License-Identifier: GPL-2.0
/*
 * Looking after one tunnel: endpoints that moved or do not answer, its MTU, and
 * what others took away. It changes nothing but the endpoint of a peer, the MTU
 * of our own link, both of which go with the link, and what the journal says is
 * ours.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "plan/place.h"
#include "plan/watch/watch.h"

#define LOOKUP_SECONDS 10
/* Somebody who removes what we add is not to be fought in a tight loop. */
#define FIGHTS_MAX 6
#define FIGHT_OVER_MS 60000

/* ---- the profile --------------------------------------------------------------- */

static void forget_profile(struct wgc_tended *t)
{
	for (size_t i = 0; i < t->n_peers; i++)
		free(t->peers[i].v);
	free(WGC_TAKE(t->peers));
	t->n_peers = 0;
	t->lookups = wgc_lookups_end(t->lookups);
	t->profile = wgc_profile_free(t->profile);
	wgc_source_free(&t->source);
	wgc_diags_done(&t->diags);
}

static bool has_names(const struct wgc_profile_peer *p)
{
	for (size_t k = 0; k < p->n_endpoints; k++)
		if (!p->endpoints[k].numeric.sa.sa_family)
			return true;
	return false;
}

void wgc_tended_load(struct wgc_tended *t)
{
	struct wgc_err err = WGC_ERR_INIT;

	forget_profile(t);
	if (wgc_config_load(t->path, WGC_COMPATIBLE, true, &t->diags, &t->source, &t->profile, &err) < 0) {
		wgc_watch_log(t->w, t, "its profile '%s' cannot be read: endpoints are not looked after", t->path);
		return;
	}
	t->peers = calloc(t->profile->n_peers + 1, sizeof(*t->peers));
	for (size_t i = 0; t->peers && i < t->profile->n_peers; i++) {
		const struct wgc_profile_peer *from = &t->profile->peers[i];

		if (from->n_endpoints)
			t->peers[t->n_peers++] = (struct wgc_tended_peer){ .from = from, .named = has_names(from) };
	}
}

static void log_warning(void *ctx, const char *text)
{
	const struct wgc_tended *t = ctx;

	wgc_watch_log(t->w, t, "%s", text);
}

/* A container's has the name of the container, and things of its engine's that are not in
 * the profile: from that alone another tunnel would be made, here. */
static bool is_its_own(const struct wgc_tended *t)
{
	return !t->profile || !strcmp(t->profile->name, t->name);
}

/* As strict as `wgctl reload` is: who edits the file is not here to be asked. */
void wgc_tended_reload(struct wgc_tended *t)
{
	struct wgc_run run = { .on_warning = log_warning, .ctx = t };
	struct wgc_source source = { .text = NULL };
	struct wgc_diags diags = { .v = NULL };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_profile *p = NULL;

	if (!is_its_own(t))
		wgc_watch_log(t->w, t, "not reloaded: '%s' is the profile of '%s', and more was said when this one was made of it", t->path,
			      t->profile->name);
	else if (wgc_config_load(t->path, WGC_STRICT, false, &diags, &source, &p, &err) < 0)
		wgc_watch_log(t->w, t, "not reloaded: '%s' is no valid profile; `wgctl check` says why", t->path);
	else if (wgc_plan_reload(t->w->sys, p, &run, &err) < 0)
		wgc_watch_log(t->w, t, "not reloaded: %s", err.msg);
	else if (run.steps)
		wgc_watch_log(t->w, t, "reloaded: %zu step%s", run.steps, run.steps == 1 ? "" : "s");
	else
		wgc_watch_log(t->w, t, "it is as its profile says");
	wgc_profile_free(p);
	wgc_source_free(&source);
	wgc_diags_done(&diags);
}

bool wgc_tended_enter(struct wgc_tended *t)
{
	return !t->placed || wgc_plan_enter(t->w->sys, &t->where, NULL) == 0;
}

void wgc_tended_leave(struct wgc_tended *t)
{
	if (t->placed)
		wgc_plan_leave(t->w->sys);
}

/* Is it what was brought up? What an edit says, hooks and all, somebody has to ask for. */
static bool is_applied(const struct wgc_tended *t)
{
	char print[33];

	wgc_profile_fingerprint(t->profile, print);
	return !strcmp(print, t->fingerprint);
}

void wgc_tended_heal(struct wgc_tended *t)
{
	struct wgc_run run = { .on_warning = log_warning, .ctx = t };
	struct wgc_err err = WGC_ERR_INIT;

	if (!t->profile || wgc_now_ms() < t->hold)
		return;
	if (!is_its_own(t)) {
		wgc_err_set(&err, WGC_E_NOT_FOUND, ENOENT, "that is for whoever made it for a container");
	} else if (!is_applied(t)) {
		wgc_err_set(&err, WGC_E_EXISTS, EEXIST, "its profile was edited since it was brought up; `wgctl up %s` does what it says now", t->name);
	} else if (wgc_plan_up(t->w->sys, t->profile, &run, &err) == 0) {
		wgc_watch_log(t->w, t, "the network namespace was gone that its packets left from: the link is made anew");
		return;
	}
	if (strcmp(err.msg, t->trouble))
		wgc_watch_log(t->w, t, "the network namespace is gone that its packets left from, and the link cannot be made anew: %s", err.msg);
	snprintf(t->trouble, sizeof(t->trouble), "%s", err.msg);
	t->hold = wgc_now_ms() + t->w->times.retry_max;
}

void wgc_tended_done(struct wgc_tended *t)
{
	forget_profile(t);
	free(t->name);
	free(t->ifname);
	free(t->path);
	wgc_arena_free(t->arena);
	free(t->servers);
}

/* By name, else by the beginning of the key, as people tell them apart. */
static const char *who(const struct wgc_tended_peer *p, char out[static WGC_KEY_BASE64])
{
	if (p->from->name.s)
		return p->from->name.s;
	wgc_key_print(&p->from->peer.public_key, out);
	snprintf(out + 8, 4, "...");
	return out;
}

/* Said once, not again with every attempt. */
static void trouble(struct wgc_tended *t, struct wgc_tended_peer *p, const char *fmt, ...) WGC_PRINTF(3, 4);
static void trouble(struct wgc_tended *t, struct wgc_tended_peer *p, const char *fmt, ...)
{
	char text[sizeof(p->trouble)], key[WGC_KEY_BASE64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strcmp(text, p->trouble))
		wgc_watch_log(t->w, t, "peer %s: %s", who(p, key), text);
	memcpy(p->trouble, text, sizeof(text));
}

/* ---- where packets to a peer go -------------------------------------------------- */

static struct wgc_ip ip_of(const union wgc_sockaddr *sa)
{
	struct wgc_ip ip = { .family = (uint8_t)sa->sa.sa_family };

	if (ip.family == AF_INET)
		memcpy(ip.b, &sa->in.sin_addr, 4);
	else if (ip.family == AF_INET6)
		memcpy(ip.b, &sa->in6.sin6_addr, 16);
	return ip;
}

/* A scoped address is its own route. */
static bool route_to(struct wgc_tended *t, const union wgc_sockaddr *sa, uint32_t mark, struct wgc_route *ret)
{
	struct wgc_ip ip = ip_of(sa);

	*ret = (struct wgc_route){ 0 };
	if (sa->sa.sa_family == AF_INET6 && sa->in6.sin6_scope_id)
		return true;
	return wgc_nl_route_lookup(wgc_sys_outer(t->w->sys), &ip, mark, ret, NULL) == 0;
}

static bool same_way(const struct wgc_route *a, const struct wgc_route *b)
{
	return a->oif == b->oif && a->mtu == b->mtu && wgc_ip_equal(&a->src, &b->src);
}

/* ---- setting ------------------------------------------------------------------------ */

static int set_peer(struct wgc_tended *t, const struct wgc_tended_peer *p, const union wgc_sockaddr *endpoint, int keepalive,
		    struct wgc_err *err)
{
	struct wgc_peer peer = { .public_key = p->from->peer.public_key, .flags = WGC_PEER_UPDATE_ONLY };
	struct wgc_device d = { .peers = &peer, .n_peers = 1 };
	int r;

	snprintf(d.ifname, sizeof(d.ifname), "%s", t->ifname);
	if (endpoint)
		peer.endpoint = *endpoint;
	if (keepalive >= 0) {
		peer.keepalive = (uint16_t)keepalive;
		peer.flags |= WGC_PEER_HAS_KEEPALIVE;
	}
	/* A kill switch must know whom the device is about to call. */
	r = endpoint ? wgc_plan_admit(t->w->sys, d.ifname, endpoint, 1, err) : 0;
	return r ?: wgc_wg_set(t->w->sys->nl, &d, err);
}

static bool set_endpoint(struct wgc_tended *t, struct wgc_tended_peer *p, const struct wgc_peer *live, const union wgc_sockaddr *to,
			 const char *why)
{
	char was[WGC_ENDPOINT_TEXT], is[WGC_ENDPOINT_TEXT], key[WGC_KEY_BASE64];
	struct wgc_err err = WGC_ERR_INIT;

	wgc_sockaddr_print(&live->endpoint, was);
	wgc_sockaddr_print(to, is);
	if (set_peer(t, p, to, -1, &err) < 0) {
		trouble(t, p, "cannot set the endpoint %s: %s", is, err.msg);
		return false;
	}
	wgc_watch_log(t->w, t, "peer %s: %s, endpoint %s -> %s", who(p, key), why, *was ? was : "(none)", is);
	p->care.since = wgc_now_ms();
	p->routed = false;
	return true;
}

/* ---- endpoints ------------------------------------------------------------------------ */

static void later(struct wgc_tended *t, struct wgc_tended_peer *p, bool moved)
{
	int64_t now = wgc_now_ms();
	int64_t delay = wgc_care_delay(&t->w->times, ++p->care.tries, (int64_t)t->profile->refresh_endpoints * 1000,
				       randombytes_random());

	/* A new address gets its time to answer. */
	if (moved && delay < (int64_t)t->w->times.attempt)
		delay = t->w->times.attempt;
	p->care.next = now + delay;
}

/* Whether the last answer had the address that is in use. */
static bool in_answer(const struct wgc_tended_peer *p, const union wgc_sockaddr *sa)
{
	for (size_t i = 0; i < p->n; i++)
		if (wgc_sockaddr_same(&p->v[i], sa))
			return true;
	return false;
}

/* The peer is in doubt: the next address, if there is another one. */
static void try_next(struct wgc_tended *t, struct wgc_tended_peer *p, const struct wgc_peer *live, uint32_t mark, const char *why,
		     enum wgc_care_state state)
{
	bool *reachable = calloc(p->n + 1, sizeof(*reachable));
	struct wgc_route route;
	bool moved = false;
	size_t k;

	if (!reachable)
		return;
	/* Its session may yet be renewed where it is. */
	if (state == WGC_CARE_STALE && in_answer(p, &live->endpoint)) {
		free(reachable);
		later(t, p, false);
		return;
	}
	for (size_t i = 0; i < p->n; i++)
		reachable[i] = route_to(t, &p->v[i], mark, &route);
	k = wgc_care_choose(p->v, p->n, reachable, &live->endpoint);
	if (k < p->n)
		moved = set_endpoint(t, p, live, &p->v[k], why);
	else
		trouble(t, p, "%s, and there is no other address to try", why);
	later(t, p, moved);
	free(reachable);
}

static const struct wgc_peer *find(const struct wgc_device *d, const struct wgc_key *key)
{
	size_t low = 0, high = d->n_peers;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = memcmp(&d->peers[mid].public_key, key, sizeof(*key));

		if (!c)
			return &d->peers[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct wgc_peer *)a)->public_key, &((const struct wgc_peer *)b)->public_key, sizeof(struct wgc_key));
}

static struct wgc_device *device_of(struct wgc_tended *t, struct wgc_arena *a)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_device *d;

	if (wgc_wg_get(t->w->sys->nl, t->ifname, a, &d, &err) < 0) {
		if (!t->unreadable)
			wgc_watch_log(t->w, t, "the device cannot be read: %s", err.msg);
		t->unreadable = true;
		return NULL;
	}
	t->unreadable = false;
	if (d->n_peers)
		qsort(d->peers, d->n_peers, sizeof(*d->peers), by_key);
	return d;
}

static bool in_doubt(enum wgc_care_state s)
{
	return s == WGC_CARE_STALE || s == WGC_CARE_DEAD || s == WGC_CARE_LOST;
}

static const char *reason(enum wgc_care_state s)
{
	return s == WGC_CARE_LOST ? "it had no endpoint" : "it does not answer";
}

static bool take_answer(struct wgc_tended_peer *p, const struct wgc_lookup *found, const struct wgc_lookup **ret_failed)
{
	union wgc_sockaddr *v = NULL;
	size_t n = 0, room = p->from->n_endpoints;
	const struct wgc_lookup *l = found;

	*ret_failed = NULL;
	for (size_t k = 0; k < p->from->n_endpoints; k++)
		if (!p->from->endpoints[k].numeric.sa.sa_family)
			room += l++->n_addrs;
	v = calloc(room + 1, sizeof(*v));
	if (!v)
		return false;
	for (size_t k = 0; k < p->from->n_endpoints; k++) {
		const struct wgc_host_port *e = &p->from->endpoints[k];

		if (e->numeric.sa.sa_family) {
			v[n++] = e->numeric;
			continue;
		}
		if (!found->n_addrs)
			*ret_failed = found;
		for (size_t i = 0; i < found->n_addrs; i++)
			v[n++] = found->addrs[i];
		found++;
	}
	free(p->v);
	p->v = v;
	p->n = n;
	return n > 0;
}

static size_t names_of(const struct wgc_profile_peer *p)
{
	size_t n = 0;

	for (size_t k = 0; k < p->n_endpoints; k++)
		n += !p->endpoints[k].numeric.sa.sa_family;
	return n;
}

/* One look-up for all that are due: names are asked for side by side. */
static void ask(struct wgc_tended *t, uint32_t mark)
{
	struct wgc_outside outside;
	struct wgc_lookup *v;
	size_t n = 0, at = 0;
	int r;

	for (size_t i = 0; i < t->n_peers; i++)
		n += t->peers[i].asked ? names_of(t->peers[i].from) : 0;
	v = n ? calloc(n, sizeof(*v)) : NULL;
	if (!v)
		return;
	for (size_t i = 0; i < t->n_peers; i++) {
		const struct wgc_profile_peer *p = t->peers[i].from;

		for (size_t k = 0; t->peers[i].asked && k < p->n_endpoints; k++)
			if (!p->endpoints[k].numeric.sa.sa_family)
				v[at++] = (struct wgc_lookup){ .host = p->endpoints[k].host, .port = p->endpoints[k].port };
	}
	wgc_outside_find(t->w->sys, t->servers, t->profile, mark, &outside);
	r = wgc_lookups_start(t->w->sys, v, n, &outside, LOOKUP_SECONDS, &t->lookups);
	for (size_t i = 0; r < 0 && i < t->n_peers; i++)
		if (t->peers[i].asked) {
			t->peers[i].asked = false;
			later(t, &t->peers[i], false);
		}
	free(v);
}

static void answer(struct wgc_tended *t, struct wgc_tended_peer *p, const struct wgc_lookup *found, const struct wgc_device *d)
{
	const struct wgc_peer *live = find(d, &p->from->peer.public_key);
	const struct wgc_lookup *failed;
	bool knew, was_there, any;
	enum wgc_care_state state;

	p->asked = false;
	if (!live)
		return;
	knew = p->n > 0;
	was_there = in_answer(p, &live->endpoint);
	any = take_answer(p, found, &failed);
	state = wgc_care_judge(&p->care, live, &t->w->times, time(NULL), wgc_now_ms());
	p->looked = wgc_now_ms();
	if (failed)
		trouble(t, p, "cannot resolve '%s' (%s)", failed->host, failed->reason);
	if (in_doubt(state)) {
		if (any)
			try_next(t, p, live, d->fwmark, reason(state), state);
		else
			later(t, p, false);
	} else if (any && knew && was_there && !in_answer(p, &live->endpoint)) {
		/* A peer that is well keeps an endpoint that it roamed to; but the
		 * name led here, and leads elsewhere now. */
		try_next(t, p, live, d->fwmark, "its name has another address", state);
	}
	p->refresh = false;
}

void wgc_tended_answers(struct wgc_tended *t)
{
	const struct wgc_lookup *found = wgc_lookups_results(t->lookups);
	struct wgc_arena *a;
	struct wgc_device *d;

	if (!found)
		return;
	a = wgc_arena_new();
	d = a ? device_of(t, a) : NULL;
	for (size_t i = 0; i < t->n_peers; i++) {
		struct wgc_tended_peer *p = &t->peers[i];

		if (!p->asked)
			continue;
		if (d)
			answer(t, p, found, d);
		p->asked = false;
		found += names_of(p->from);
	}
	wgc_arena_free(a);
	t->lookups = wgc_lookups_end(t->lookups);
}

/* The network is another one: what goes out at once tells the peer where we are. */
static void kick(struct wgc_tended *t, const struct wgc_tended_peer *p, const struct wgc_peer *live)
{
	if (!live->keepalive)
		return;
	/* Switched on, it sends; set to what it is, it does not. */
	if (set_peer(t, p, NULL, 0, NULL) == 0)
		set_peer(t, p, NULL, live->keepalive, NULL);
}

static void network_changed(struct wgc_tended *t, struct wgc_tended_peer *p, const struct wgc_peer *live, uint32_t mark)
{
	struct wgc_route route = { 0 };
	char key[WGC_KEY_BASE64];
	bool known = p->routed, there;

	if (!live->endpoint.sa.sa_family) {
		p->care.next = 0;
		return;
	}
	there = route_to(t, &live->endpoint, mark, &route);
	p->routed = true;
	if (known && same_way(&route, &p->route))
		return;
	p->route = route;
	if (!known)
		return;
	wgc_watch_log(t->w, t, "peer %s: %s", who(p, key), there ? "the way to it has changed" : "there is no way to it now");
	p->care.next = 0;
	p->care.tries = 0;
	if (!there)
		return;
	p->refresh = p->named;
	kick(t, p, live);
}

static void look_at(struct wgc_tended *t, struct wgc_tended_peer *p, const struct wgc_peer *live, uint32_t mark, bool network)
{
	int64_t now = wgc_now_ms(), refresh = (int64_t)t->profile->refresh_endpoints * 1000;
	enum wgc_care_state state;
	char key[WGC_KEY_BASE64];

	wgc_care_note(&p->care, live, now);
	if (network || !p->routed)
		network_changed(t, p, live, mark);
	state = wgc_care_judge(&p->care, live, &t->w->times, time(NULL), now);
	if (state == WGC_CARE_GOOD && (p->care.tries || p->trouble[0])) {
		if (p->care.tries && live->last_handshake.tv_sec)
			wgc_watch_log(t->w, t, "peer %s: it answers", who(p, key));
		p->care.tries = 0;
		p->care.next = 0;
		p->trouble[0] = 0;
	}
	if (refresh && p->named && now - p->looked >= refresh)
		p->refresh = true;
	if (p->asked || t->lookups)
		return;
	if (!in_doubt(state)) {
		p->asked = p->refresh;
		return;
	}
	if (now < p->care.next && !p->refresh)
		return;
	if (p->named) {
		p->asked = true;
	} else {
		/* Numbers only: nothing to ask for. */
		if (!p->n)
			take_answer(p, NULL, &(const struct wgc_lookup *){ NULL });
		try_next(t, p, live, mark, reason(state), state);
	}
}

/* ---- the MTU --------------------------------------------------------------------------- */

/* By the paths to those endpoints that the profile names; each family has its
 * own overhead, since the endpoints are the ones in use just now. 0 = unknown. */
static uint32_t mtu_of_paths(struct wgc_tended *t, const struct wgc_device *d)
{
	static const union wgc_sockaddr anywhere = { .in6 = { .sin6_family = AF_INET6,
							      .sin6_addr.s6_addr = { 0x20, 0x01, 0x0d, 0xb8 } } };
	struct wgc_route route;
	uint32_t least = 0;

	for (size_t i = 0; i < t->n_peers; i++) {
		const struct wgc_peer *live = find(d, &t->peers[i].from->peer.public_key);
		uint32_t overhead;

		if (!live || !live->endpoint.sa.sa_family || !route_to(t, &live->endpoint, d->fwmark, &route) || !route.mtu)
			continue;
		overhead = live->endpoint.sa.sa_family == AF_INET ? 60 : 80;
		if (route.mtu > overhead && (!least || route.mtu - overhead < least))
			least = route.mtu - overhead;
	}
	if (!least && !t->n_peers && route_to(t, &anywhere, d->fwmark, &route) && route.mtu > 80)
		least = route.mtu - 80;
	return least;
}

static void adapt_mtu(struct wgc_tended *t, const struct wgc_device *d)
{
	uint32_t mtu = mtu_of_paths(t, d), least = 576, before = t->mtu;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_link link;

	for (size_t i = 0; i < t->profile->n_addresses; i++)
		if (t->profile->addresses[i].prefix.ip.family == AF_INET6)
			least = 1280;
	if (!mtu)
		return;
	mtu = mtu < least ? least : mtu;
	t->mtu = mtu;
	/* What `up` or the administrator set stays until the paths change. */
	if (!before || before == mtu || wgc_nl_link_get(t->w->sys->nl, t->ifname, &link, NULL) || !(link.flags & IFF_UP) ||
	    link.mtu == mtu)
		return;
	if (wgc_nl_link_set(t->w->sys->nl, link.ifindex, mtu, NULL, true, &err) < 0)
		wgc_watch_log(t->w, t, "cannot set the MTU to %u: %s", mtu, err.msg);
	else
		wgc_watch_log(t->w, t, "the way to the peers has changed, MTU %u -> %u", link.mtu, mtu);
}

/* ---- in turn ------------------------------------------------------------------------------ */

void wgc_tended_look(struct wgc_tended *t, bool network)
{
	struct wgc_arena *a;
	struct wgc_device *d;

	/* A hub whose peers call it has nothing here, however many they are. */
	if (!t->profile || (!t->n_peers && !network))
		return;
	a = wgc_arena_new();
	d = a ? device_of(t, a) : NULL;
	for (size_t i = 0; d && i < t->n_peers; i++) {
		const struct wgc_peer *live = find(d, &t->peers[i].from->peer.public_key);

		if (live)
			look_at(t, &t->peers[i], live, d->fwmark, network);
	}
	if (d && !t->lookups)
		ask(t, d->fwmark);
	if (d && !t->profile->mtu && (network || !t->mtu))
		adapt_mtu(t, d);
	wgc_arena_free(a);
}

static void on_step(void *ctx, const struct wgc_step_view *v)
{
	struct wgc_tended *t = ctx;

	wgc_watch_log(t->w, t, "somebody removed it, added again: %s %s", v->word, v->text);
}

static void on_warning(void *ctx, const char *text)
{
	wgc_watch_log(((struct wgc_tended *)ctx)->w, ctx, "%s", text);
}

int64_t wgc_tended_reassert(struct wgc_tended *t, unsigned what)
{
	struct wgc_run run = { .on_step = on_step, .on_warning = on_warning, .ctx = t };
	struct wgc_err err = WGC_ERR_INIT;
	int64_t now = wgc_now_ms();
	int r;

	if (now < t->hold)
		return t->hold;
	r = wgc_plan_reassert(t->w->sys, t->name, t->profile, what, &run, &err);
	if (r == -EBUSY)
		return now + t->w->times.settle; /* another wgctl is at work */
	if (r < 0 && strcmp(err.msg, t->trouble))
		wgc_watch_log(t->w, t, "cannot add again what was removed: %s", err.msg);
	snprintf(t->trouble, sizeof(t->trouble), "%s", r < 0 ? err.msg : "");
	if (r > 0) {
		t->fights = now - t->fought > FIGHT_OVER_MS ? 1 : t->fights + (t->fights < FIGHTS_MAX);
		if (t->fights == FIGHTS_MAX / 2)
			wgc_watch_log(t->w, t, "it is removed again and again: `wgctl doctor %s` may know by whom", t->name);
		t->fought = now;
		t->hold = now + ((int64_t)t->w->times.settle << t->fights);
	}
	return 0;
}
