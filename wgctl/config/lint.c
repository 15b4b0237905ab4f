// SPDX-License-Identifier: GPL-2.0
/* What is legal, and yet hardly meant. */
#include <string.h>

#include "config/internal.h"

struct lint {
	const struct wgc_profile *p;
	struct wgc_diags *diags;
};

static struct wgc_diag *warn(struct lint *l, struct wgc_span at, const char *hint, const char *text)
{
	return wgc_diag_add(l->diags, true, at, hint, "%s", text);
}

/* What the peers' AllowedIPs amount to. */
struct reach {
	struct wgc_span default4, default6; /* 0.0.0.0/0, ::/0 */
	struct wgc_span half4[2];	    /* 0.0.0.0/1, 128.0.0.0/1 */
};

static void collect(const struct wgc_profile *p, struct reach *r)
{
	for (size_t i = 0; i < p->n_peers; i++) {
		for (uint32_t k = 0; k < p->peers[i].peer.n_allowed_ips; k++) {
			const struct wgc_allowed_ip *a = &p->peers[i].peer.allowed_ips[k];

			if (a->remove || p->peers[i].routes_mode != WGC_ROUTES_AUTO)
				continue;
			if (!a->prefix.len)
				*(a->prefix.ip.family == AF_INET ? &r->default4 : &r->default6) = a->at;
			else if (a->prefix.len == 1 && a->prefix.ip.family == AF_INET)
				r->half4[a->prefix.ip.b[0] >> 7] = a->at;
		}
	}
}

static void full_tunnel(struct lint *l)
{
	const struct wgc_profile *p = l->p;
	struct reach r = { 0 };

	if (p->table_mode != WGC_TABLE_AUTO)
		return;
	collect(p, &r);
	if (r.default4.line && !r.default6.line && p->ipv6 != WGC_IPV6_BLOCK && !p->kill_switch)
		warn(l, r.default4, "add IPv6 = block, which lets no IPv6 out, or ::/0 where the tunnel carries IPv6",
		     "all of IPv4 goes through the tunnel, but IPv6 goes around it");
	if (r.default6.line && !r.default4.line)
		warn(l, r.default6, "add 0.0.0.0/0, if all traffic is meant", "all of IPv6 goes through the tunnel, but IPv4 goes around it");
	if (r.half4[0].line && r.half4[1].line && !r.default4.line)
		warn(l, r.half4[0], "write 0.0.0.0/0: then the tunnel's own packets are kept out of it",
		     "two halves are no default route: packets to the endpoint go into the tunnel themselves");
	if ((r.default4.line || r.default6.line) && !p->n_dns_servers && p->dns_mode != WGC_DNS_NONE)
		warn(l, r.default4.line ? r.default4 : r.default6, "add DNS = ..., with a server that is reached through the tunnel",
		     "all traffic goes through the tunnel, but names may still be asked of a local resolver");
}

/* An endpoint inside its own tunnel, other than by a default route. */
static void endpoint_loop(struct lint *l, const struct wgc_profile_peer *peer)
{
	for (size_t i = 0; i < peer->n_endpoints; i++) {
		const union wgc_sockaddr *sa = &peer->endpoints[i].numeric;
		struct wgc_prefix host = { 0 };

		host.ip.family = (uint8_t)sa->sa.sa_family;
		if (sa->sa.sa_family == AF_INET)
			memcpy(host.ip.b, &sa->in.sin_addr, 4);
		else if (sa->sa.sa_family == AF_INET6)
			memcpy(host.ip.b, &sa->in6.sin6_addr, 16);
		else
			continue;
		host.len = wgc_ip_bits(&host.ip);
		for (uint32_t k = 0; k < peer->peer.n_allowed_ips; k++) {
			const struct wgc_allowed_ip *a = &peer->peer.allowed_ips[k];
			struct wgc_diag *d;

			if (a->prefix.len < 2 || a->remove || !wgc_prefix_covers(&a->prefix, &host))
				continue;
			d = warn(l, peer->endpoints[i].at, "add it to ExcludeIPs, or leave it out of AllowedIPs",
				 "this endpoint lies in the peer's own AllowedIPs: packets to it go into the tunnel themselves");
			if (d)
				d->also = a->at;
			break;
		}
	}
}

static void peers(struct lint *l)
{
	const struct wgc_profile *p = l->p;

	for (size_t i = 0; i < p->n_peers; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];

		if (!peer->peer.n_allowed_ips)
			warn(l, peer->peer.at, "add AllowedIPs = ...", "this peer has no AllowedIPs: nothing can be sent to it, and nothing it sends is taken");
		if (p->table_mode == WGC_TABLE_AUTO && peer->routes_mode == WGC_ROUTES_AUTO && !p->n_exclude_ips)
			endpoint_loop(l, peer);
		if (!peer->n_endpoints && !p->device.listen_port)
			warn(l, peer->peer.at, "give the peer an Endpoint, or this side a ListenPort",
			     "neither side can find the other: the peer has no endpoint, and the port of this side is a different one each time");
	}
}

static void same_names(struct lint *l)
{
	const struct wgc_profile *p = l->p;
	struct wgc_set set;

	wgc_set_init(&set, 0);
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct wgc_text *name = &p->peers[i].name;
		struct wgc_diag *d;
		size_t first;

		/* Longer ones are told apart by more than fits here; they are rare. */
		if (!name->s || strlen(name->s) > 32 || wgc_set_add(&set, name->s, strlen(name->s), i, &first))
			continue;
		d = wgc_diag_add(l->diags, true, name->at, "give each a name of its own", "two peers are named '%s'", name->s);
		if (d)
			d->also = p->peers[first].name.at;
	}
	wgc_set_done(&set);
}

static void whole_interface(struct lint *l)
{
	const struct wgc_profile *p = l->p;
	struct wgc_span nowhere = { 0 };

	if (p->n_dns_search && !p->n_dns_servers)
		warn(l, p->dns_search[0].at, "add the address of a DNS server", "search domains without a server have no effect");
	if (!p->n_addresses && p->n_peers)
		warn(l, nowhere, "add Address = ...", "the interface has no address");
	for (size_t i = 0; p->mtu && p->mtu < 1280 && i < p->n_addresses; i++)
		if (p->addresses[i].prefix.ip.family == AF_INET6) {
			struct wgc_diag *d = warn(l, p->mtu_at, "1280 is the least that IPv6 works with",
						  "with this MTU the interface cannot have its IPv6 address");

			if (d)
				d->also = p->addresses[i].at;
			break;
		}
	if (p->save_config && wgc_config_format(p->source.path) == WGC_FORMAT_INI)
		warn(l, p->save_config_at, "leave SaveConfig out, and edit the file when something changes",
		     "each `down` writes this file anew, without its comments and host names");
}

void wgc_config_lint(const struct wgc_profile *p, struct wgc_diags *diags)
{
	struct lint l = { .p = p, .diags = diags };

	whole_interface(&l);
	full_tunnel(&l);
	peers(&l);
	same_names(&l);
}
