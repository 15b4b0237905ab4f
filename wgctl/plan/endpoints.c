// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints that are names: looked up as a step, all at once, and every
 * address looked at in order for one that can be reached. And what follows
 * from endpoints: the MTU.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/place.h"
#include "plan/reload/reload.h"

size_t wgc_endpoints_count(const struct wgc_profile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_peers; i++)
		for (size_t k = 0; k < p->peers[i].n_endpoints; k++)
			n += !p->peers[i].endpoints[k].numeric.sa.sa_family;
	return n;
}

static struct wgc_ip ip_of(const union wgc_sockaddr *sa)
{
	struct wgc_ip ip = { .family = (uint8_t)sa->sa.sa_family };

	if (ip.family == AF_INET)
		memcpy(ip.b, &sa->in.sin_addr, 4);
	else
		memcpy(ip.b, &sa->in6.sin6_addr, 16);
	return ip;
}

/* A name with an IPv6 address on a machine without IPv6 is the common case of
 * an address that leads nowhere. A scoped address is its own route. */
static bool reachable(struct wgc_exec *x, const union wgc_sockaddr *sa)
{
	struct wgc_ip ip = ip_of(sa);
	struct wgc_route route;
	int r;

	if (sa->sa.sa_family == AF_INET6 && sa->in6.sin6_scope_id)
		return true;
	r = wgc_nl_route_lookup(wgc_sys_outer(x->sys), &ip, x->plan->device.fwmark, &route, NULL);
	return r == 0;
}

/* The first reachable address of the peer's alternatives, else the first at
 * all: a route may come later. */
static bool choose(struct wgc_exec *x, const struct wgc_profile_peer *from, const struct wgc_lookup *found, struct wgc_peer *to)
{
	bool any = false;

	for (size_t k = 0; k < from->n_endpoints; k++) {
		const struct wgc_host_port *e = &from->endpoints[k];
		const union wgc_sockaddr *v = &e->numeric;
		size_t n = 1;

		if (!e->numeric.sa.sa_family) {
			v = found->addrs;
			n = found->n_addrs;
			found++;
		}
		for (size_t i = 0; i < n; i++) {
			bool good = reachable(x, &v[i]);

			if (good || !any) {
				to->endpoint = v[i];
				to->endpoint_at = e->at;
				any = true;
			}
			if (good)
				return true;
		}
	}
	return any;
}

static bool has_name(const struct wgc_profile_peer *p)
{
	for (size_t k = 0; k < p->n_endpoints; k++)
		if (!p->endpoints[k].numeric.sa.sa_family)
			return true;
	return false;
}

static int unresolved(struct wgc_exec *x, const struct wgc_profile_peer *p, const struct wgc_lookup *v, bool fatal,
		      struct wgc_err *err)
{
	char text[400];

	if (fatal) {
		wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "cannot resolve the endpoint '%s': %s", v->host, v->reason);
		wgc_err_hint(err, "is a resolver reachable? `--wait SECS` tries for longer");
		if (err)
			err->at = p->endpoints[0].at;
		return -ENOENT;
	}
	snprintf(text, sizeof(text), "cannot resolve the endpoint '%s' (%s): the peer has none until it is set, or until the peer calls",
		 v->host, v->reason);
	if (x->run->on_warning)
		x->run->on_warning(x->run->ctx, text);
	return 0;
}

int wgc_endpoints_resolve(struct wgc_exec *x, const bool *wanted, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	size_t n = wgc_endpoints_count(p), at = 0, usable = 0;
	struct wgc_lookup *v = calloc(n + 1, sizeof(*v));
	const struct wgc_reload *rl = x->plan->reload;
	struct wgc_outside outside;
	int r;

	if (!v)
		return wgc_err_nomem(err);
	/* What the tunnel that is up leads to may be the very thing that is gone. */
	if (rl) {
		wgc_outside_find(x->sys, wgc_outside_recorded(rl->history), p, rl->live.device->fwmark, &outside);
		v[0].outside = &outside;
	}
	for (size_t i = 0; i < p->n_peers; i++)
		for (size_t k = 0; (!wanted || wanted[i]) && k < p->peers[i].n_endpoints; k++)
			if (!p->peers[i].endpoints[k].numeric.sa.sa_family) {
				v[at].host = p->peers[i].endpoints[k].host;
				v[at++].port = p->peers[i].endpoints[k].port;
			}
	r = x->sys->resolve(x->sys, v, at, x->run->wait_seconds, x->run->stop);
	for (size_t i = at = 0; r == 0 && i < p->n_peers; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];
		bool looked_up = (!wanted || wanted[i]) && has_name(peer);

		usable += looked_up ? choose(x, peer, &v[at], &x->plan->device.peers[i]) : peer->n_endpoints > 0;
		for (size_t k = 0; looked_up && k < peer->n_endpoints; k++)
			at += !peer->endpoints[k].numeric.sa.sa_family;
	}
	/* One dead name does not keep the other peers from working; but a
	 * tunnel that can call nobody, or names that --wait was to wait for,
	 * are a failure. */
	for (size_t i = at = 0; r == 0 && i < p->n_peers; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];

		if ((wanted && !wanted[i]) || !has_name(peer))
			continue;
		if (!x->plan->device.peers[i].endpoint.sa.sa_family)
			r = unresolved(x, peer, &v[at], !usable || x->run->wait_seconds, err);
		for (size_t k = 0; k < peer->n_endpoints; k++)
			at += !peer->endpoints[k].numeric.sa.sa_family;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; r == 0 && k < v[i].n_addrs; k++)
			if (wgc_plan_add_endpoint(x->plan, &v[i].addrs[k]) < 0)
				r = wgc_err_nomem(err);
		free(v[i].addrs);
	}
	free(v);
	return r;
}

/* MTU= wins; else the narrowest path to any peer; else the default route's; else Ethernet's. */
uint32_t wgc_mtu_choose(struct wgc_exec *x)
{
	static const struct wgc_ip anywhere[2] = { { .family = AF_INET, .b = { 192, 0, 2, 1 } },
						   { .family = AF_INET6, .b = { 0x20, 0x01, 0x0d, 0xb8 } } };
	const struct wgc_device *d = &x->plan->device;
	struct wgc_route route;
	uint32_t least = 0;

	if (x->plan->profile->mtu)
		return x->plan->profile->mtu;
	for (size_t i = 0; i < d->n_peers; i++) {
		const union wgc_sockaddr *sa = &d->peers[i].endpoint;
		struct wgc_ip ip;

		if (!sa->sa.sa_family || (sa->sa.sa_family == AF_INET6 && sa->in6.sin6_scope_id))
			continue;
		ip = ip_of(sa);
		if (wgc_nl_route_lookup(wgc_sys_outer(x->sys), &ip, d->fwmark, &route, NULL) == 0 && route.mtu && (!least || route.mtu < least))
			least = route.mtu;
	}
	for (size_t i = 0; !least && i < 2; i++)
		if (wgc_nl_route_lookup(wgc_sys_outer(x->sys), &anywhere[i], d->fwmark, &route, NULL) == 0)
			least = route.mtu;
	least = wgc_routes_mtu(least);
	return least < x->plan->want.mtu_min ? x->plan->want.mtu_min : least;
}
