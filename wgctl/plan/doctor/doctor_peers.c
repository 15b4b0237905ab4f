// SPDX-License-Identifier: GPL-2.0
/* doctor: the device and its peers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/doctor/doctor.h"
#include "plan/place.h"

/* A session lives 180 s. */
#define STALE_SECONDS 180
/* 2022-01-01: a machine without a battery wakes up in 1970, or when its image was made. */
#define EARLIEST 1640995200
/* A hub has thousands of peers: a few of them make the point. */
#define PEERS_MAX 4
/* The kernel is asked the way to so many of them. */
#define LOOKED_MAX 256

void wgc_doctor_module(struct wgc_doctor *d)
{
	WGC_AUTO_FREE char *program = NULL;
	bool userspace = d->info && !strcmp(d->info->backend, "userspace");

	if (!userspace && wgc_wg_kernel_available(d->sys->nl))
		return;
	if (userspace) {
		wgc_remark(d, "wg in the kernel is several times as fast", "a userspace implementation carries the packets");
		return;
	}
	if (wgc_userspace_find(&program, NULL) < 0)
		wgc_problem(d, "install the kernel's module (`modprobe wireguard` says why not), or wireguard-go",
			    "neither this kernel nor a userspace implementation on PATH has WireGuard");
	else
		wgc_remark(d, "`modprobe wireguard` says why", "this kernel has no WireGuard, %s would carry the packets", program);
}

void wgc_doctor_state(struct wgc_doctor *d)
{
	const struct wgc_up_info *info = d->info;
	char hint[96];

	if (!info) {
		if (d->profile) {
			snprintf(hint, sizeof(hint), "wgctl up %s", d->profile->name);
			wgc_remark(d, hint, "it is not up: what only shows then is not looked at");
		}
		if (geteuid())
			wgc_unseen(d, "run it as root", "tunnels that are up cannot be seen");
		return;
	}
	if (!info->finished) {
		snprintf(hint, sizeof(hint), "wgctl recover %s", info->name);
		wgc_problem(d, hint, "an earlier run stopped half-way");
	}
	snprintf(hint, sizeof(hint), "wgctl down %s, then up", info->name);
	if (info->confirm_lost)
		wgc_problem(d, NULL, "it was to be undone unless confirmed, but the process that would do so was killed: it stays up");
	if (!d->link.ifindex) {
		wgc_problem(d, hint, "the interface %s is gone", d->ifname);
		return;
	}
	if (!(d->link.flags & IFF_UP))
		wgc_problem(d, hint, "the interface is set down");
	if (!d->device)
		wgc_unseen(d, d->device_err.code == WGC_E_PERM ? "run it as root" : NULL, "the device cannot be read: %s",
			   d->device_err.msg);
	else if (info->mark && d->device->fwmark != info->mark)
		wgc_problem(d, hint, "the mark is 0x%x, not 0x%x as it was set: traffic may loop", d->device->fwmark, info->mark);
	else if (!d->device->n_peers)
		wgc_problem(d, NULL, "there is no peer");
}

void wgc_doctor_clock(struct wgc_doctor *d)
{
	if (d->now < EARLIEST)
		wgc_problem(d, "set it, with an NTP service best; peers refuse a handshake that looks older than one they have seen",
			    "the clock says that it is before 2022");
	for (size_t i = 0; d->device && i < d->device->n_peers; i++) {
		const struct wgc_peer *p = &d->device->peers[i];

		if (p->last_handshake.tv_sec <= d->now + 2)
			continue;
		wgc_problem(d, "the peer refuses handshakes until the clock is past it; set the clock right",
			    "the last handshake with %s lies %lld s in the future: the clock was set back", wgc_doctor_peer(d, &p->public_key),
			    (long long)(p->last_handshake.tv_sec - d->now));
		return;
	}
}

/* ---- endpoints ------------------------------------------------------------------ */

void wgc_doctor_names(struct wgc_doctor *d)
{
	struct wgc_lookup *v;
	size_t n = 0, at = 0;

	for (size_t i = 0; d->profile && i < d->profile->n_peers; i++)
		n += d->profile->peers[i].n_endpoints;
	v = n ? calloc(n, sizeof(*v)) : NULL;
	if (!v)
		return;
	for (size_t i = 0; i < d->profile->n_peers; i++)
		for (size_t k = 0; k < d->profile->peers[i].n_endpoints; k++) {
			const struct wgc_host_port *e = &d->profile->peers[i].endpoints[k];

			if (!e->numeric.sa.sa_family)
				v[at++] = (struct wgc_lookup){ .host = e->host, .port = e->port };
		}
	if (at && d->sys->resolve(d->sys, v, at, 5, d->ask->stop) == 0)
		for (size_t i = 0; i < at; i++)
			if (!v[i].n_addrs)
				wgc_problem(d, "is the name right, and does a resolver answer? With a full tunnel that is down, its own DNS "
					       "does not",
					    "the endpoint '%s' cannot be resolved: %s", v[i].host, v[i].reason);
	for (size_t i = 0; i < at; i++)
		free(v[i].addrs);
	free(v);
}

/* What is in use; or, of a tunnel that is not up, what would be. */
static size_t endpoints(const struct wgc_doctor *d, size_t i, const union wgc_sockaddr **ret, const struct wgc_key **ret_key)
{
	if (d->device) {
		*ret = &d->device->peers[i].endpoint;
		*ret_key = &d->device->peers[i].public_key;
	} else {
		const struct wgc_profile_peer *p = &d->profile->peers[i];

		*ret_key = &p->peer.public_key;
		if (!p->n_endpoints)
			return 0;
		*ret = &p->endpoints[0].numeric;
	}
	return (*ret)->sa.sa_family ? 1 : 0;
}

static size_t n_peers(const struct wgc_doctor *d)
{
	return d->device ? d->device->n_peers : d->profile && !d->info ? d->profile->n_peers : 0;
}

void wgc_doctor_endpoint(struct wgc_doctor *d)
{
	uint32_t mark = d->device ? d->device->fwmark : 0;

	for (size_t i = 0, looked = 0; i < n_peers(d) && d->said < PEERS_MAX && looked < LOOKED_MAX; i++) {
		const union wgc_sockaddr *sa;
		const struct wgc_key *key;
		char text[WGC_ENDPOINT_TEXT];
		struct wgc_route route;
		struct wgc_err err = WGC_ERR_INIT;
		struct wgc_ip ip;

		if (!endpoints(d, i, &sa, &key) || (sa->sa.sa_family == AF_INET6 && sa->in6.sin6_scope_id))
			continue;
		looked++;
		ip = wgc_doctor_ip(sa);
		wgc_sockaddr_print(sa, text);
		if (wgc_nl_route_lookup(wgc_sys_outer(d->sys), &ip, mark, &route, &err) < 0)
			wgc_problem(d, "is the network up, and is there a default route of that family?", "there is no way to %s of %s",
				    text, wgc_doctor_peer(d, key));
		else if (wgc_sys_outer(d->sys) == d->sys->nl && d->link.ifindex && route.oif == d->link.ifindex)
			wgc_problem(d, "the device's mark, or the rule that goes by it, is missing; `wgctl down` and `up` set both anew. A route "
				       "to the endpoint's own network through the tunnel does the same: see AllowedIPs",
				    "packets to the endpoint %s of %s go into the tunnel itself", text, wgc_doctor_peer(d, key));
	}
}

void wgc_doctor_mtu(struct wgc_doctor *d)
{
	for (size_t i = 0, looked = 0; d->device && i < d->device->n_peers && d->said < PEERS_MAX && looked < LOOKED_MAX; i++) {
		const struct wgc_peer *p = &d->device->peers[i];
		unsigned overhead = p->endpoint.sa.sa_family == AF_INET ? 60 : 80;
		struct wgc_route route;
		struct wgc_ip ip = wgc_doctor_ip(&p->endpoint);
		char hint[160];

		if (!ip.family || (ip.family == AF_INET6 && p->endpoint.in6.sin6_scope_id) ||
		    (looked++, false) || wgc_nl_route_lookup(wgc_sys_outer(d->sys), &ip, d->device->fwmark, &route, NULL) < 0 || !route.mtu ||
		    d->link.mtu + overhead <= route.mtu)
			continue;
		snprintf(hint, sizeof(hint), "set MTU = %u, or leave it out and run `wgctl watch`, which follows the way", route.mtu - overhead);
		wgc_problem(d, hint, "MTU %u makes packets of %u bytes, and the way to %s carries %u: large ones are lost or cut up",
			    d->link.mtu, d->link.mtu + overhead, wgc_doctor_peer(d, &p->public_key), route.mtu);
	}
	if (d->link.ifindex && d->link.mtu < 1280 && d->profile)
		for (size_t i = 0; i < d->profile->n_addresses; i++)
			if (d->profile->addresses[i].prefix.ip.family == AF_INET6) {
				wgc_problem(d, "set MTU = 1280 or more", "IPv6 needs an MTU of 1280 at least, the interface has %u", d->link.mtu);
				return;
			}
}

/* ---- handshakes ------------------------------------------------------------------- */

static void silent(struct wgc_doctor *d, const struct wgc_peer *p)
{
	char endpoint[WGC_ENDPOINT_TEXT], key[WGC_KEY_BASE64], hint[320];
	const char *name = wgc_doctor_peer(d, &p->public_key);
	long long age = (long long)(d->now - p->last_handshake.tv_sec);

	d->silent_peer = true;
	wgc_sockaddr_print(&p->endpoint, endpoint);
	wgc_key_print(&d->device->public_key, key);
	if (!*endpoint) {
		wgc_problem(d, "its name could not be resolved when the tunnel came up? `wgctl watch` sets it as soon as it can be",
			    "%s has no endpoint, so nothing can be sent to it", name);
		return;
	}
	if (!p->last_handshake.tv_sec) {
		snprintf(hint, sizeof(hint),
			 "does it listen there, does every firewall on the way let udp/%u through, does it know our public key %s, and is its own "
			 "public key (and preshared key) the one in the profile?",
			 ntohs(p->endpoint.sa.sa_family == AF_INET ? p->endpoint.in.sin_port : p->endpoint.in6.sin6_port), key);
		wgc_problem(d, hint, "%s has never answered, though %llu bytes were sent to %s", name, (unsigned long long)p->tx_bytes, endpoint);
		return;
	}
	wgc_problem(d, "did its address change? `wgctl watch` looks its name up again; or is the network down on either side?",
		    "%s last shook hands %lld s ago, and we are sending to %s", name, age, endpoint);
}

void wgc_doctor_handshake(struct wgc_doctor *d)
{
	size_t more = 0;

	if (d->info && !d->device) {
		wgc_unseen(d, d->device_err.code == WGC_E_PERM ? "run it as root" : NULL, "the peers cannot be seen");
		return;
	}
	for (size_t i = 0; d->device && i < d->device->n_peers; i++) {
		const struct wgc_peer *p = &d->device->peers[i];
		const struct wgc_profile_peer *from = wgc_doctor_from(d, &p->public_key);
		bool called;

		/* A peer that nobody has sent to owes no answer; one that calls us comes when it likes. */
		called = p->endpoint.sa.sa_family ? p->keepalive || p->tx_bytes : from && from->n_endpoints;
		if (from && !from->n_endpoints)
			called = false;
		/* Without keepalive an old session may just not be in use. */
		if (p->last_handshake.tv_sec && !p->keepalive)
			called = false;
		if (!called || (p->last_handshake.tv_sec && d->now - p->last_handshake.tv_sec <= STALE_SECONDS))
			continue;
		if (d->said < PEERS_MAX)
			silent(d, p);
		else
			more++;
	}
	if (more)
		wgc_problem(d, NULL, "and %zu more", more);
}
