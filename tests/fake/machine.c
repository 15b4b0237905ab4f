// SPDX-License-Identifier: GPL-2.0
/* The model's other doors (nftables, hooks, names), what is in the machine from the beginning, and all of it as text. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "fake/kernel.h"

/* ---- nftables -------------------------------------------------------------------- */

static unsigned table_find(const struct fake_state *s, const char *name)
{
	unsigned i = 0;

	while (i < s->n_tables && strcmp(s->tables[i], name))
		i++;
	return i;
}

static int one_command(struct fake_state *s, const char *line)
{
	char verb[16], family[16], name[48], full[64];
	unsigned i;

	if (sscanf(line, "%15s table %15s %47s", verb, family, name) != 3) {
		/* `table inet x { ... }` adds. */
		if (sscanf(line, "table %15s %47s", family, name) != 2)
			return 0;
		strcpy(verb, "add");
	}
	snprintf(full, sizeof(full), "%s %s", family, name);
	i = table_find(s, full);
	if (!strcmp(verb, "list"))
		return i == s->n_tables ? -ENOENT : 0;
	if (!strcmp(verb, "delete")) {
		if (i == s->n_tables)
			return -ENOENT;
		fake_drop(s->tables, s->n_tables, i);
		return 0;
	}
	if (i < s->n_tables)
		return !strcmp(verb, "create") ? -EEXIST : 0;
	if (s->n_tables == FAKE_TABLES)
		return -ENOMEM;
	strcpy(s->tables[s->n_tables++], full);
	return 0;
}

/* All of the commands, or none. */
static int transaction(struct fake_state *s, const char *commands)
{
	char before[FAKE_TABLES][64];
	unsigned n_before = s->n_tables;
	char *text = strdup(commands), *save = NULL;
	int r = text ? 0 : -ENOMEM;

	memcpy(before, s->tables, sizeof(before));
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && r == 0; line = strtok_r(NULL, "\n", &save))
		r = one_command(s, line);
	if (r < 0) {
		memcpy(s->tables, before, sizeof(before));
		s->n_tables = n_before;
	}
	free(text);
	return r;
}

static int door_nft(struct wgc_sys *sys, const char *commands, struct wgc_err *err)
{
	struct fake *f = sys->ctx;
	int r;

	if (f->s->no_nft)
		return wgc_err_set(err, WGC_E_UNSUPPORTED, EPROTONOSUPPORT, "nftables refused our table: no nftables");
	if (!strncmp(commands, "list ", 5)) {
		r = fake_question(f);
		r = r ? r : transaction(f->s, commands);
	} else {
		r = fake_begin(f, "nft %.40s", commands);
		if (r == 0)
			r = fake_end(f, transaction(f->s, commands));
	}
	if (r < 0)
		wgc_err_set(err, r == -EEXIST ? WGC_E_EXISTS : WGC_E_KERNEL, -r, "nftables refused our table: %s", strerror(-r));
	return r;
}

static int door_nft_check(struct wgc_sys *sys, const char *commands, struct wgc_err *err)
{
	struct fake *f = sys->ctx;

	if (f->s->no_nft)
		return wgc_err_set(err, WGC_E_UNSUPPORTED, EPROTONOSUPPORT, "nftables refused our table: no nftables");
	return fake_question(f);
}

/* A table of the model is there with all its rules, or not at all: with so many that none is missed. */
static void list_table(const char *name, struct wgc_str *out)
{
	wgc_str_addf(out, "table %s {\n\tchain c {\n", name);
	for (unsigned i = 0; i < 256; i++)
		wgc_str_add(out, "\t\taccept\n");
	wgc_str_add(out, "\t}\n}\n");
}

static int door_nft_list(struct wgc_sys *sys, const char *command, char **ret_text, struct wgc_err *err)
{
	struct fake *f = sys->ctx;
	WGC_AUTO_STR struct wgc_str s = { 0 };
	int r = f->s->no_nft ? -EPROTONOSUPPORT : fake_question(f);

	if (r < 0)
		return wgc_err_set(err, WGC_E_UNSUPPORTED, -r, "nftables refused our table: no nftables");
	if (!strncmp(command, "list table ", 11)) {
		if (table_find(f->s, command + 11) == f->s->n_tables)
			return wgc_err_set(err, WGC_E_KERNEL, ENOENT, "nftables refused our table: %s", strerror(ENOENT));
		list_table(command + 11, &s);
		*ret_text = strdup(wgc_str_get(&s));
		return *ret_text ? 0 : -ENOMEM;
	}
	for (unsigned i = 0; i < f->s->n_tables; i++)
		wgc_str_addf(&s, "table %s {\n\tchain c {\n\t\tmeta mark & 0x00004000 == 0x00004000 drop\n\t}\n}\n",
			     f->s->tables[i]);
	*ret_text = strdup(wgc_str_get(&s));
	return *ret_text ? 0 : -ENOMEM;
}

/* ---- hooks, names -------------------------------------------------------------------- */

static int door_hook(struct wgc_sys *sys, const char *command, const char *ifname, struct wgc_err *err)
{
	struct fake *f = sys->ctx;
	int r = fake_begin(f, "hook %s", command);

	if (r == 0) {
		if (f->s->n_hooks < FAKE_HOOKS)
			snprintf(f->s->hooks[f->s->n_hooks++], sizeof(f->s->hooks[0]), "%s %s", ifname, command);
		r = fake_end(f, 0);
	}
	if (r == 0)
		return 0;
	return wgc_err_set(err, WGC_E_HOOK, ECHILD, "the command failed with status 1");
}

static const struct {
	const char *host, *addrs[2];
} names[] = {
	{ "hub.example.net", { "198.51.100.1" } },
	{ "six.example.net", { "2001:db8:9::1", "198.51.100.2" } },
};

static void resolve_one(struct wgc_lookup *v)
{
	size_t n = 0;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i].host, v->host))
			continue;
		v->addrs = calloc(2, sizeof(*v->addrs));
		for (; v->addrs && n < 2 && names[i].addrs[n]; n++) {
			union wgc_sockaddr *sa = &v->addrs[n];
			struct wgc_ip ip;

			if (wgc_ip_parse(names[i].addrs[n], &ip) < 0)
				abort();
			sa->sa.sa_family = ip.family;
			if (ip.family == AF_INET)
				memcpy(&sa->in.sin_addr, ip.b, 4);
			else
				memcpy(&sa->in6.sin6_addr, ip.b, 16);
			sa->in.sin_port = htons((uint16_t)atoi(v->port));
		}
	}
	v->n_addrs = n;
	if (!n)
		snprintf(v->reason, sizeof(v->reason), "Name or service not known");
}

static int door_resolve(struct wgc_sys *sys, struct wgc_lookup *v, size_t n, unsigned wait_seconds, const volatile int *stop)
{
	struct fake *f = sys->ctx;
	int r = fake_question(f);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		resolve_one(&v[i]);
	f->s->lookups += (unsigned)n;
	return stop && *stop ? -EINTR : 0;
}

void fake_doors(struct fake *f)
{
	f->sys.nft = door_nft;
	f->sys.nft_check = door_nft_check;
	f->sys.nft_list = door_nft_list;
	f->sys.hook = door_hook;
	f->sys.resolve = door_resolve;
	f->sys.ctx = f;
}

/* ---- the beginning ------------------------------------------------------------------- */

static void address(struct fake *f, uint32_t ifindex, const char *text)
{
	struct wgc_ifaddr *a = &f->s->addrs[f->s->n_addrs++];

	a->ifindex = ifindex;
	if (wgc_prefix_parse(text, &a->prefix) < 0)
		abort();
}

uint32_t fake_link(struct fake *f, const char *ifname, const char *kind, uint32_t mtu)
{
	struct wgc_link *l = &f->s->links[f->s->n_links++];

	*l = (struct wgc_link){ .ifindex = ++f->s->next_ifindex, .mtu = mtu, .flags = IFF_UP };
	snprintf(l->ifname, sizeof(l->ifname), "%s", ifname);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	if (!strcmp(kind, "wireguard"))
		fake_device_add(f, l->ifindex);
	return l->ifindex;
}

static void foreign_device(struct fake *f, uint32_t ifindex)
{
	struct fake_device *d = fake_device_find(f, ifindex);
	struct fake_peer *p = &d->peers[d->n_peers++];

	memset(d->private_key.b, 3, WGC_KEY_LEN);
	d->port = 5555;
	d->fwmark = 7;
	memset(p->public_key.b, 9, WGC_KEY_LEN);
	for (; p->n_ips < 5; p->n_ips++) {
		char text[32];

		snprintf(text, sizeof(text), "10.98.%u.0/24", p->n_ips);
		wgc_prefix_parse(text, &p->ips[p->n_ips]);
	}
}

void fake_inhabit(struct fake *f)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	uint32_t lo = fake_link(f, "lo", "", 65536), eth0 = fake_link(f, "eth0", "", 1500);
	uint32_t other = fake_link(f, "other-wg", "wireguard", 1420);

	f->s->next_ifindex++;
	address(f, lo, "127.0.0.1/8");
	address(f, lo, "::1/128");
	address(f, eth0, "192.0.2.10/24");
	address(f, eth0, "2001:db8:1::10/64");
	address(f, other, "10.99.0.1/24");
	for (uint32_t i = lo; i <= other; i++)
		fake_link_routes(f, i);
	foreign_device(f, other);
	fake_route(f, "0.0.0.0/0", RT_TABLE_MAIN, RTN_UNICAST, eth0, 0);
	fake_route(f, "::/0", RT_TABLE_MAIN, RTN_UNICAST, eth0, 1024);
	fake_route(f, "10.98.0.0/16", RT_TABLE_MAIN, RTN_UNICAST, other, 0);
	fake_route(f, "0.0.0.0/0", 100, RTN_UNICAST, other, 0);
	fake_route(f, "203.0.113.0/24", 1234, RTN_THROW, 0, 0);
	for (size_t i = 0; i < 2; i++) {
		fake_rule(f, families[i], 0, 0, RT_TABLE_LOCAL);
		fake_rule(f, families[i], 32766, 0, RT_TABLE_MAIN);
		fake_rule(f, families[i], 32767, 0, RT_TABLE_DEFAULT);
		fake_rule(f, families[i], 1000, 7, 100);
	}
	strcpy(f->s->tables[f->s->n_tables++], "inet filter");
}

/* ---- as text ---------------------------------------------------------------------------- */

static const char *link_name(struct fake *f, uint32_t ifindex)
{
	const struct wgc_link *l = fake_link_find(f, ifindex);

	return l ? l->ifname : ifindex ? "?" : "-";
}

static void show_device(const struct fake_device *d, FILE *out)
{
	char key[WGC_KEY_BASE64], text[WGC_ENDPOINT_TEXT], prefix[WGC_PREFIX_TEXT];
	struct wgc_key public_key;

	wgc_key_public(&d->private_key, &public_key);
	wgc_key_print(&public_key, key);
	fprintf(out, "  key %s port %u mark %u\n", key, d->port, d->fwmark);
	for (unsigned i = 0; i < d->n_peers; i++) {
		const struct fake_peer *p = &d->peers[i];

		wgc_key_print(&p->public_key, key);
		wgc_sockaddr_print(&p->endpoint, text);
		fprintf(out, "  peer %s psk %d endpoint %s keepalive %u ips", key, !wgc_key_is_zero(&p->preshared_key), text,
			p->keepalive);
		for (unsigned k = 0; k < p->n_ips; k++) {
			wgc_prefix_print(&p->ips[k], prefix);
			fprintf(out, " %s", prefix);
		}
		fputc('\n', out);
	}
}

char *fake_snapshot(struct fake *f)
{
	const struct fake_state *s = f->s;
	char prefix[WGC_PREFIX_TEXT], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	for (unsigned i = 0; i < s->n_links; i++) {
		const struct wgc_link *l = &s->links[i];
		struct fake_device *d = fake_device_find(f, l->ifindex);

		fprintf(out, "link %s kind '%s' alias '%s' mtu %u flags %x\n", l->ifname, l->kind, l->alias, l->mtu,
			l->flags);
		if (d)
			show_device(d, out);
	}
	for (unsigned i = 0; i < s->n_addrs; i++) {
		wgc_prefix_print(&s->addrs[i].prefix, prefix);
		fprintf(out, "address %s dev %s\n", prefix, link_name(f, s->addrs[i].ifindex));
	}
	for (unsigned i = 0; i < s->n_routes; i++) {
		const struct wgc_route *r = &s->routes[i];

		wgc_prefix_print(&r->dst, prefix);
		fprintf(out, "route %s table %u type %u dev %s metric %u mtu %u proto %u scope %u\n", prefix, r->table, r->type,
			link_name(f, r->oif), r->metric, r->mtu, r->protocol, r->scope);
	}
	for (unsigned i = 0; i < s->n_rules; i++) {
		const struct wgc_rule *r = &s->rules[i];

		fprintf(out, "rule inet%s %u: %smark %x/%x table %u suppress %d proto %u\n", r->family == AF_INET6 ? "6" : "",
			r->priority, r->invert ? "not " : "", r->fwmark, r->fwmask, r->table, r->suppress_prefixlen, r->protocol);
	}
	for (unsigned i = 0; i < s->n_tables; i++)
		fprintf(out, "nft table %s\n", s->tables[i]);
	fake_files_show(f, out);
	if (fclose(out))
		abort();
	return text;
}
