// SPDX-License-Identifier: GPL-2.0
/* Which names go to the tunnel's servers: the rule on top of want.c, row by row. */
#include "dns/internal.h"
#include "unit/dns/make.h"

/* "0.0.0.0/0 fd00::/8" as the allowed IPs of one peer. */
static struct wgc_profile routes(const char *prefixes)
{
	static struct wgc_allowed_ip v[16];
	static struct wgc_profile_peer peer;
	struct wgc_profile p = { .peers = &peer, .n_peers = 1 };
	char text[256], *save = NULL;
	size_t n = 0;

	snprintf(text, sizeof(text), "%s", prefixes);
	for (char *s = strtok_r(text, " ", &save); s; s = strtok_r(NULL, " ", &save))
		if (wgc_prefix_parse(s, &v[n++].prefix) < 0)
			abort();
	peer = (struct wgc_profile_peer){ .peer = { .allowed_ips = v, .n_allowed_ips = n } };
	return p;
}

static void coverage(void)
{
	static const struct {
		const char *prefixes;
		bool full;
	} v[] = {
		{ "0.0.0.0/0", true },
		{ "::/0", true },
		{ "0.0.0.0/0 ::/0", true },
		{ "0.0.0.0/1 128.0.0.0/1", true },
		{ "::/1 8000::/1", true },
		{ "2000::/3", true },
		/* all but the private ones, as calculators write it */
		{ "0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/3", true },
		{ "10.0.0.0/8 192.168.0.0/16", false },
		{ "10.8.0.1/32 fd00::/8", false },
		{ "8000::/1", false },
		{ "4000::/3", false },
		{ "2000::/4", false },
		{ "", false },
	};
	struct wgc_profile p;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		p = routes(v[i].prefixes);
		if (!ok(wgc_dns_full_tunnel(&p) == v[i].full))
			printf("# %s\n", v[i].prefixes);
	}
	p = routes("0.0.0.0/0");
	p.table_mode = WGC_TABLE_OFF;
	ok(!wgc_dns_full_tunnel(&p));
	p.table_mode = WGC_TABLE_NUMBER;
	p.table = 1234;
	ok(!wgc_dns_full_tunnel(&p));
	p.table = 254;
	ok(wgc_dns_full_tunnel(&p));
	p.table = 0;
	p.table_name = "main";
	ok(wgc_dns_full_tunnel(&p));
	p = routes("0.0.0.0/0");
	p.peers->routes_mode = WGC_ROUTES_OFF;
	ok(!wgc_dns_full_tunnel(&p));
	p.peers->routes_mode = WGC_ROUTES_LIST;
	p.peers->routes = p.peers->peer.allowed_ips;
	p.peers->n_routes = 1;
	ok(wgc_dns_full_tunnel(&p));
}

static void rule(void)
{
	static const struct {
		const char *prefixes;
		const char *search[3];
		bool all, added;
	} v[] = {
		{ "10.0.0.0/8", { "~corp.example" }, false, false },
		{ "0.0.0.0/0", { "~corp.example" }, false, false },
		{ "0.0.0.0/0", { "lab.example", "~corp.example" }, false, false },
		{ "10.0.0.0/8", { "~." }, true, false },
		{ "10.0.0.0/8", { "~corp.example", "~." }, true, false },
		{ "0.0.0.0/0", { NULL }, true, true },
		{ "0.0.0.0/0", { "lab.example" }, true, true },
		{ "10.0.0.0/8", { "lab.example" }, false, false },
		{ "10.0.0.0/8", { NULL }, true, true },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		struct wgc_text server = { .s = "10.0.0.1" }, search[3];
		struct wgc_profile p = routes(v[i].prefixes);
		struct wgc_dns_want w;

		p.dns_servers = &server;
		p.n_dns_servers = 1;
		p.dns_search = search;
		for (; v[i].search[p.n_dns_search]; p.n_dns_search++)
			search[p.n_dns_search] = (struct wgc_text){ .s = v[i].search[p.n_dns_search] };
		is_int(wgc_dns_want(&p, &w, NULL), 0);
		if (!ok(w.all == v[i].all && w.added == v[i].added))
			printf("# row %zu\n", i);
	}
}

static void text(void)
{
	struct wgc_profile p = servers("10.0.0.1", "fd00::1");
	WGC_AUTO_STR struct wgc_str plain = { 0 };
	WGC_AUTO_STR struct wgc_str routed = { 0 };
	WGC_AUTO_STR struct wgc_str note = { 0 };
	WGC_AUTO_STR struct wgc_str said = { 0 };
	WGC_AUTO_STR struct wgc_str command = { 0 };
	struct wgc_dns_want w;

	is_int(wgc_dns_want(&p, &w, NULL), 0);
	is_int(wgc_dns_lines(&w, false, &plain, NULL), 0);
	is_str(wgc_str_get(&plain), "nameserver 10.0.0.1\nnameserver fd00::1\nsearch corp.example\n");
	is_int(wgc_dns_lines(&w, true, &routed, NULL), 0);
	is_str(wgc_str_get(&routed), "nameserver 10.0.0.1\nnameserver fd00::1\nsearch corp.example ~lab.example\n");
	wgc_dns_warn_routed(&w, "the file", NULL);
	wgc_dns_warn_routed(&w, "the file", &note);
	ok(!strncmp(wgc_str_get(&note), "~lab.example: the file cannot send", 34));
	wgc_dns_describe(WGC_DNS_BACKEND_RESOLVED, "wg0", &p, &said, &command);
	is_str(wgc_str_get(&said), "10.0.0.1, fd00::1 search corp.example, ~lab.example for these domains only through resolved");
	is_str(wgc_str_get(&command), "resolvectl domain wg0 corp.example '~lab.example'; resolvectl default-route wg0 no; "
				      "resolvectl dns wg0 10.0.0.1 fd00::1");
}

int main(void)
{
	coverage();
	rule();
	text();
	return tap_done();
}
