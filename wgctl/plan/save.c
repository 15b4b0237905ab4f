// SPDX-License-Identifier: GPL-2.0
/* SaveConfig: the running state of a profile back into its file. */
#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "plan/internal.h"

/* The profile's own peer, for what the kernel does not know: names, routes. */
static const struct wgc_profile_peer *find_peer(const struct wgc_profile *p, const struct wgc_key *key)
{
	for (size_t i = 0; i < p->n_peers; i++)
		if (!memcmp(&p->peers[i].peer.public_key, key, sizeof(*key)))
			return &p->peers[i];
	return NULL;
}

static int save_peers(const struct wgc_profile *p, const struct wgc_device *d, struct wgc_arena *a, struct wgc_profile *out)
{
	out->n_peers = out->cap_peers = d->n_peers;
	out->peers = d->n_peers ? wgc_arena_alloc(a, d->n_peers * sizeof(*out->peers)) : NULL;
	if (d->n_peers && !out->peers)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_peers; i++) {
		const struct wgc_profile_peer *was = find_peer(p, &d->peers[i].public_key);
		struct wgc_profile_peer *peer = &out->peers[i];
		const union wgc_sockaddr *sa = &d->peers[i].endpoint;

		if (was)
			*peer = *was;
		peer->peer = d->peers[i];
		if (peer->preshared_key_file.s)
			peer->peer.flags &= ~(uint32_t)WGC_PEER_HAS_PRESHARED_KEY;
		peer->n_endpoints = peer->cap_endpoints = 0;
		if (sa->sa.sa_family) {
			char text[WGC_ENDPOINT_TEXT], *colon;
			struct wgc_host_port *e = wgc_arena_alloc(a, sizeof(*e));

			wgc_sockaddr_print(sa, text);
			colon = strrchr(text, ':');
			if (!e || !colon)
				return -ENOMEM;
			*colon = 0;
			e->port_number = ntohs(sa->sa.sa_family == AF_INET ? sa->in.sin_port : sa->in6.sin6_port);
			e->port = wgc_arena_strdup(a, colon + 1);
			e->host = text[0] == '[' ? wgc_arena_strndup(a, text + 1, strlen(text) - 2) : wgc_arena_strdup(a, text);
			e->numeric = *sa;
			if (!e->port || !e->host)
				return -ENOMEM;
			peer->endpoints = e;
			peer->n_endpoints = peer->cap_endpoints = 1;
		}
	}
	return 0;
}

static bool is_off(const struct wgc_sys *sys, const char *where)
{
	char path[64], now[16];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", where);
	return wgc_sysctl_read(sys, path, now, sizeof(now)) < 0 || strcmp(now, "0");
}

/* Did `up` leave IPv6 addresses out, or did somebody take them away who wants none on this machine? */
static bool skips_ipv6(const struct wgc_sys *sys, const struct wgc_profile *p)
{
	return p->ipv6 == WGC_IPV6_BLOCK || is_off(sys, "all") || is_off(sys, p->ifname);
}

static bool has_address(const struct wgc_profile *p, const struct wgc_prefix *prefix)
{
	for (size_t i = 0; i < p->n_addresses; i++)
		if (wgc_prefix_equal(&p->addresses[i].prefix, prefix))
			return true;
	return false;
}

/* Those of the link; and the profile's own that it could not have, which are no less the profile's for that. */
static int save_addresses(const struct wgc_sys *sys, const struct wgc_profile *p, const struct wgc_ifaddr *v, size_t n,
			  struct wgc_arena *a, struct wgc_profile *out)
{
	bool skipped = skips_ipv6(sys, p);

	out->n_addresses = 0;
	out->addresses = wgc_arena_alloc(a, (n + p->n_addresses + 1) * sizeof(*out->addresses));
	if (!out->addresses)
		return -ENOMEM;
	/* A link of a userspace implementation gets another link-local address each time. */
	for (size_t i = 0; i < n; i++)
		if (!v[i].kernel_made)
			out->addresses[out->n_addresses++].prefix = v[i].prefix;
	for (size_t i = 0; skipped && i < p->n_addresses; i++)
		if (p->addresses[i].prefix.ip.family == AF_INET6 && !has_address(out, &p->addresses[i].prefix))
			out->addresses[out->n_addresses++] = p->addresses[i];
	out->cap_addresses = out->n_addresses;
	return 0;
}

static int running_profile(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_profile *out,
			   struct wgc_err *err)
{
	struct wgc_ifaddr *addrs;
	struct wgc_device *d;
	struct wgc_link link;
	size_t n;
	int r;

	r = wgc_nl_link_get(sys->nl, p->ifname, &link, err);
	if (r == 0)
		r = wgc_wg_get(sys->nl, p->ifname, a, &d, err);
	if (r == 0)
		r = wgc_nl_addr_list(sys->nl, link.ifindex, a, &addrs, &n, err);
	if (r < 0)
		return r;
	out->device = *d;
	/* A mark that `up` chose is not the user's: written down, it would be
	 * taken for one at the next `up`. */
	if (!(p->device.flags & WGC_DEVICE_HAS_FWMARK))
		out->device.flags &= ~(uint32_t)WGC_DEVICE_HAS_FWMARK;
	if (p->private_key_file.s || p->private_key_command.n)
		out->device.flags &= ~(uint32_t)WGC_DEVICE_HAS_PRIVATE_KEY;
	if (p->mtu)
		out->mtu = link.mtu;
	return save_addresses(sys, p, addrs, n, a, out) < 0 || save_peers(p, d, a, out) < 0 ? wgc_err_nomem(err) : 0;
}

int wgc_plan_save(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_err *err)
{
	struct wgc_str text = { .secret = true };
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_profile out = *p;
	int r;

	if (!a)
		return wgc_err_nomem(err);
	out.trivia = NULL;
	r = running_profile(sys, p, a, &out, err);
	if (r == 0)
		r = (wgc_config_format(p->source.path) == WGC_FORMAT_JSON ? wgc_config_write_json : wgc_config_write_ini)(&out, &text);
	if (r == 0) {
		r = wgc_write_file_atomic(p->source.path, text.s, text.len, 0600);
		if (r < 0)
			wgc_err_set(err, WGC_E_IO, -r, "cannot write '%s': %s", p->source.path, strerror(-r));
	} else if (err && err->code == WGC_E_NONE) {
		wgc_err_nomem(err);
	}
	wgc_str_done(&text);
	wgc_wipe(&out, sizeof(out));
	wgc_arena_free(a);
	return r;
}
