// SPDX-License-Identifier: GPL-2.0
/*
 * Name servers beside the tunnel. When the server of a full tunnel moves, the
 * name that says where to is asked of resolvers that are reached through the
 * tunnel, and that is dead: so the ones that were there before `up`, which has
 * written them down, and those that the network hands out now are asked as well,
 * by packets that bear the tunnel's own mark and so go around it.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "plan/steps/steps.h"

static bool is_tunnels(const struct wgc_profile *p, const struct wgc_ip *ip)
{
	struct wgc_ip own;

	for (size_t i = 0; p && i < p->n_dns_servers; i++)
		if (wgc_ip_parse(p->dns_servers[i].s, &own) == 0 && wgc_ip_equal(&own, ip))
			return true;
	return false;
}

/* A resolver of this machine asks others itself, by packets that nobody marks: beside the tunnel it is none. */
static bool is_loopback(const struct wgc_ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };

	return ip->family == AF_INET ? ip->b[0] == 127 : !memcmp(ip->b, one, sizeof(one));
}

static void add(struct wgc_outside *o, const struct wgc_profile *p, const char *word)
{
	union wgc_sockaddr sa = { .sa = { 0 } };
	struct wgc_ip ip;

	if (o->n == WGC_ARRAY_SIZE(o->servers) || wgc_ip_parse(word, &ip) < 0 || (!o->inside && is_loopback(&ip)) || is_tunnels(p, &ip))
		return;
	if (ip.family == AF_INET) {
		sa.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(NAMESERVER_PORT) };
		memcpy(&sa.in.sin_addr, ip.b, 4);
	} else {
		sa.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(NAMESERVER_PORT) };
		memcpy(&sa.in6.sin6_addr, ip.b, 16);
	}
	for (size_t i = 0; i < o->n; i++)
		if (!memcmp(&o->servers[i], &sa, sizeof(sa)))
			return;
	o->servers[o->n++] = sa;
}

static void add_file(struct wgc_outside *o, const struct wgc_profile *p, const char *path)
{
	WGC_AUTO_FREE char *text = NULL;
	char *save = NULL;
	size_t len;

	if (wgc_read_file(path, 1u << 20, &text, &len) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char word[64];

		if (sscanf(line, "nameserver %63s", word) == 1)
			add(o, p, word);
	}
}

void wgc_outside_file(const char *path, bool inside, struct wgc_outside *ret)
{
	*ret = (struct wgc_outside){ .inside = inside };
	add_file(ret, NULL, path);
}

void wgc_outside_resolved(struct wgc_outside *ret)
{
	wgc_outside_file("/run/systemd/resolve/resolv.conf", false, ret);
}

void wgc_outside_find(const struct wgc_sys *sys, const char *recorded, const struct wgc_profile *p, uint32_t mark, struct wgc_outside *ret)
{
	char word[64];

	*ret = (struct wgc_outside){ .mark = mark };
	/* What the network hands out now first: it may be another one by now. */
	add_file(ret, p, "/run/systemd/resolve/resolv.conf");
	add_file(ret, p, sys->dns.resolv_conf ?: "/etc/resolv.conf");
	for (int used; recorded && sscanf(recorded, " %63s%n", word, &used) == 1; recorded += used)
		add(ret, p, word);
}

void wgc_outside_text(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_str *out)
{
	struct wgc_outside now;

	wgc_outside_find(sys, NULL, p, 0, &now);
	for (size_t i = 0; i < now.n; i++) {
		char text[INET6_ADDRSTRLEN];
		const union wgc_sockaddr *sa = &now.servers[i];
		const void *from = sa->sa.sa_family == AF_INET ? (const void *)&sa->in.sin_addr : (const void *)&sa->in6.sin6_addr;

		wgc_str_addf(out, "%s%s", i ? " " : "", inet_ntop(sa->sa.sa_family, from, text, sizeof(text)));
	}
}

const char *wgc_outside_recorded(const struct wgc_history *h)
{
	const char *found = "";

	for (size_t i = 0; i < h->n; i++)
		if (!h->steps[i].undone && !strcmp(wgc_record_str(&h->steps[i], "kind"), wgc_step_dns.word))
			found = wgc_record_str(&h->steps[i], "servers");
	return found;
}
