// SPDX-License-Identifier: GPL-2.0
/* doctor: why it does not work. One row per check, in the order in which a person would look. */
#include "plan/doctor/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct wgc_doctor_check checks[] = {
	{ "wireguard", wgc_doctor_module, "WireGuard is there", false },
	{ "state", wgc_doctor_state, "up, and as it was left", true },
	{ "clock", wgc_doctor_clock, "the clock is plausible", true },
	{ "names", wgc_doctor_names, "every endpoint has an address", false },
	{ "endpoint", wgc_doctor_endpoint, "every endpoint is reached outside of the tunnel", true },
	{ "handshake", wgc_doctor_handshake, "nobody who should have answered is silent", true },
	{ "firewall", wgc_doctor_firewall, "nothing here is seen to block it", false },
	{ "mtu", wgc_doctor_mtu, "packets fit the way to the peers", true },
	{ "rp_filter", wgc_doctor_rp_filter, "no reverse path filter drops its packets", true },
	{ "ours", wgc_doctor_missing, "all rules and routes of ours are there", true },
	{ "rules", wgc_doctor_rules, "no rule of others stands in front of ours", true },
	{ "overlap", wgc_doctor_overlap, "its networks are nowhere else", false },
	{ "forwarding", wgc_doctor_forwarding, "forwarding is as the peers need it", false },
	{ "ipv6", wgc_doctor_ipv6, "IPv6 is as the profile wants it", true },
	{ "dns", wgc_doctor_dns, "the resolver is as the profile wants it", true },
	{ "managers", wgc_doctor_managers, "no other network manager interferes", false },
};

void wgc_doctor_say(struct wgc_doctor *d, enum wgc_finding_level level, const char *hint, const char *fmt, ...)
{
	char text[320];
	va_list ap;
	struct wgc_finding f = { .check = d->check, .level = level, .text = text, .hint = hint };

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->said++;
	d->problems += level == WGC_FINDING_PROBLEM;
	d->ask->tell(d->ask->ctx, &f);
}

static int by_key(const void *a, const void *b)
{
	const struct wgc_profile_peer *const *x = a, *const *y = b;

	return memcmp(&(*x)->peer.public_key, &(*y)->peer.public_key, sizeof(struct wgc_key));
}

const struct wgc_profile_peer *wgc_doctor_from(const struct wgc_doctor *d, const struct wgc_key *key)
{
	const struct wgc_profile_peer want = { .peer.public_key = *key }, *p = &want, **hit;

	if (!d->by_key)
		return NULL;
	hit = bsearch(&p, d->by_key, d->profile->n_peers, sizeof(p), by_key);
	return hit ? *hit : NULL;
}

const char *wgc_doctor_peer(const struct wgc_doctor *d, const struct wgc_key *key)
{
	static char text[2][WGC_KEY_BASE64];
	static unsigned turn;
	const struct wgc_profile_peer *from = wgc_doctor_from(d, key);

	if (from && from->name.s)
		return from->name.s;
	turn = !turn;
	wgc_key_print(key, text[turn]);
	snprintf(text[turn] + 8, 4, "...");
	return text[turn];
}

const char *wgc_doctor_link(const struct wgc_doctor *d, uint32_t ifindex)
{
	for (size_t i = 0; i < d->n_links; i++)
		if (d->links[i].ifindex == ifindex)
			return d->links[i].ifname;
	return "?";
}

struct wgc_ip wgc_doctor_ip(const union wgc_sockaddr *sa)
{
	struct wgc_ip ip = { .family = (uint8_t)sa->sa.sa_family };

	if (ip.family == AF_INET)
		memcpy(ip.b, &sa->in.sin_addr, 4);
	else if (ip.family == AF_INET6)
		memcpy(ip.b, &sa->in6.sin6_addr, 16);
	return ip;
}

static int look(struct wgc_doctor *d, struct wgc_err *err)
{
	struct wgc_nl *nl = d->sys->nl;
	int r = wgc_nl_link_list(nl, d->arena, &d->links, &d->n_links, err);

	if (r == 0 && !d->ask->brief)
		r = wgc_nl_route_list(nl, 0, 0, d->arena, &d->routes, &d->n_routes, err);
	if (r == 0)
		r = wgc_nl_rule_list(nl, 0, d->arena, &d->rules, &d->n_rules, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d->n_links; i++)
		if (!strcmp(d->links[i].ifname, d->ifname))
			d->link = d->links[i];
	if (d->profile && d->profile->n_peers) {
		d->by_key = wgc_arena_alloc(d->arena, d->profile->n_peers * sizeof(*d->by_key));
		if (!d->by_key)
			return wgc_err_nomem(err);
		for (size_t i = 0; i < d->profile->n_peers; i++)
			d->by_key[i] = &d->profile->peers[i];
		qsort(d->by_key, d->profile->n_peers, sizeof(*d->by_key), by_key);
	}
	d->device = d->ask->device;
	if (d->link.ifindex && d->info && !d->device)
		wgc_wg_get(nl, d->ifname, d->arena, &d->device, &d->device_err);
	return 0;
}

int wgc_plan_doctor(struct wgc_sys *sys, const struct wgc_doctor_ask *ask, size_t *ret_problems, struct wgc_err *err)
{
	struct wgc_doctor d = { .sys = sys, .ask = ask, .info = ask->info, .profile = ask->profile, .now = time(NULL) };
	int r;

	d.ifname = d.info ? d.info->ifname : d.profile ? d.profile->ifname : "";
	d.arena = wgc_arena_new();
	if (!d.arena)
		return wgc_err_nomem(err);
	r = look(&d, err);
	for (size_t i = 0; r == 0 && i < WGC_ARRAY_SIZE(checks); i++) {
		if (ask->brief && !checks[i].brief)
			continue;
		d.check = checks[i].name;
		d.said = 0;
		checks[i].look(&d);
		if (!d.said && !ask->brief)
			wgc_doctor_say(&d, WGC_FINDING_OK, NULL, "%s", checks[i].fine);
	}
	if (d.device && !ask->device)
		for (size_t i = 0; i < d.device->n_peers; i++)
			wgc_wipe(&d.device->peers[i].preshared_key, sizeof(struct wgc_key));
	wgc_arena_free(d.arena);
	*ret_problems = d.problems;
	return r;
}

const char *wgc_plan_doctor_check(size_t i, const char **ret_fine)
{
	if (i >= WGC_ARRAY_SIZE(checks))
		return NULL;
	*ret_fine = checks[i].fine;
	return checks[i].name;
}
