// SPDX-License-Identifier: GPL-2.0
/* What profiles mean for tables, rules, marks and addresses. */
#include <errno.h>

#include "unit/routes/make.h"

static struct wgc_routes_desired d;
static struct wgc_err err;

static int plan(const struct wgc_profile *p, const struct wgc_routes_facts *f)
{
	static const struct wgc_routes_facts none;

	memset(&d, 0, sizeof(d));
	memset(&err, 0, sizeof(err));
	return wgc_routes_plan(p, f ? f : &none, p->arena, &d, &err);
}

static void split_tunnel(void)
{
	struct wgc_profile *p = profile();

	address(p, "10.8.0.2/24");
	address(p, "10.9.0.1/32");
	address(p, "fd00:8::2/64");
	address(p, "0.0.0.5/8");
	/* Host bits; longest first; what an address connects is left out, a
	 * lone IPv4 address connects nothing. */
	allow(p, "10.0.0.5/8 192.168.7.0/24 10.8.0.0/24 10.8.0.7/32 10.9.0.1/32 fd00:8::/64 fd00::/16 10.8.0.0/23");
	is_int(plan(p, NULL), 0);
	is_str(words(&d), "10.9.0.1/32@254 192.168.7.0/24@254 10.8.0.0/23@254 fd00::/16@254 10.0.0.0/8@254");
	ok(!d.policy && !d.mark && !d.table && !d.n_rules && !d.nft_load && !d.src_valid_mark);
	is_int(d.n_addresses, 4);
	is_int(d.mtu_min, 1280);
	is_int(d.routes[0].protocol, WGC_RTPROT);
	is_int(d.routes[0].scope, RT_SCOPE_LINK);
	is_int(d.routes[3].scope, RT_SCOPE_UNIVERSE);
	is_int(d.routes[0].at.col, 5);
	wgc_profile_free(p);

	p = profile();
	address(p, "10.8.0.2/24");
	allow(p, "128.0.0.0/1 0.0.0.0/1");
	is_int(plan(p, NULL), 0);
	is_str(words(&d), "0.0.0.0/1@254 128.0.0.0/1@254");
	ok(!d.policy);
	is_int(d.mtu_min, 576);
	wgc_profile_free(p);
}

/* The socket is in another namespace: no packet can run in circles. */
static void apart(void)
{
	struct wgc_route eth = { .dst.ip.family = AF_INET, .type = RTN_UNICAST, .table = RT_TABLE_MAIN, .oif = 7 };
	struct wgc_routes_facts f = { .apart = true, .nft_available = true };
	struct wgc_profile *p = profile();

	address(p, "10.8.0.2/24");
	allow(p, "0.0.0.0/0 ::/0");
	is_int(plan(p, &f), 0);
	is_str(words(&d), "0.0.0.0/0@254 ::/0@254");
	ok(!d.policy && !d.n_rules && !d.nft_load && !d.mark);
	/* A second interface with a way out of its own. */
	f.routes = &eth;
	f.n_routes = 1;
	is_int(plan(p, &f), 0);
	ok(d.policy4 && !d.policy6 && d.n_rules);
	/* Ours, of a tunnel that is reloaded, is no other way. */
	f.ifindex = 7;
	is_int(plan(p, &f), 0);
	ok(!d.policy);
	wgc_profile_free(p);
}

static void owners(void)
{
	struct wgc_profile *p = profile();

	allow(p, "10.0.0.0/8 10.1.0.0/16 10.2.0.0/16 -10.1.0.0/16 10.3.0.0/16 -10.3.0.0/16 10.3.0.0/16");
	allow(p, "10.0.0.0/8 -10.2.0.0/16");
	is_int(plan(p, NULL), 0);
	is_str(words(&d), "10.2.0.0/16@254 10.3.0.0/16@254 10.0.0.0/8@254");
	is_int(d.routes[2].at.line, 2);
	wgc_profile_free(p);

	p = profile();
	allow(p, "10.0.0.0/8 0.0.0.0/0")->routes_mode = WGC_ROUTES_OFF;
	list_routes(p, allow(p, "172.16.0.0/12"), "172.17.5.0/16");
	allow(p, "192.168.0.0/16");
	is_int(plan(p, NULL), 0);
	is_str(words(&d), "172.17.0.0/16@254 192.168.0.0/16@254");
	ok(!d.policy);
	list_routes(p, &p->peers[1], "::/0");
	is_int(plan(p, NULL), 0);
	ok(d.policy6 && !d.policy4 && !d.src_valid_mark);
	wgc_profile_free(p);
}

static void tables(void)
{
	struct wgc_profile *p = profile();
	struct wgc_routes_facts f = { .table_number = 77, .nft_available = true };

	address(p, "10.8.0.2/24");
	allow(p, "0.0.0.0/0 10.8.0.0/24 ::/0 10.8.0.0/24");
	p->table_mode = WGC_TABLE_OFF;
	is_int(plan(p, &f), 0);
	ok(!d.n_routes && !d.policy && !d.n_rules && d.n_addresses == 1);
	exclude(p, "10.0.0.0/8");
	is_int(plan(p, &f), 0);
	ok(!d.n_routes && !d.policy);
	p->n_exclude_ips = 0;

	p->table_mode = WGC_TABLE_NUMBER;
	p->table = 1234;
	is_int(plan(p, &f), 0);
	is_str(words(&d), "10.8.0.0/24@1234 0.0.0.0/0@1234 ::/0@1234");
	ok(!d.policy && !d.n_rules && !d.mark && !d.nft_load && !d.src_valid_mark);
	p->table_name = "work";
	exclude(p, "10.8.0.128/25");
	exclude(p, "10.8.0.192/26");
	is_int(plan(p, &f), 0);
	is_str(words(&d), "throw:10.8.0.128/25@77 10.8.0.0/24@77 0.0.0.0/0@77 ::/0@77");
	is_int(d.routes[0].scope, RT_SCOPE_UNIVERSE);
	is_int(d.routes[0].at.line, 101);
	ok(!d.policy);
	p->table_name = NULL;
	p->table = 0;
	/* Behind the main table there is no other way for what is left out. */
	is_int(plan(p, &f), -EINVAL);
	p->n_exclude_ips = 0;
	is_int(plan(p, &f), 0);
	is_int(d.routes[0].table, 254);
	wgc_profile_free(p);
}

static void full_tunnel(void)
{
	struct wgc_profile *p = profile();
	struct wgc_routes_facts f = { .nft_available = true };
	struct wgc_rule system[] = {
		rule(AF_INET, 0, 255), rule(AF_INET, 32766, 254), rule(AF_INET, 32767, 253),
		rule(AF_INET6, 0, 255), rule(AF_INET6, 32766, 254),
	};

	address(p, "10.8.0.2/24");
	address(p, "fd00:8::2/64");
	allow(p, "0.0.0.0/0 10.8.0.0/24 192.168.9.0/24 fd00:9::/64");
	f.rules = system;
	f.n_rules = WGC_ARRAY_SIZE(system);
	is_int(plan(p, &f), 0);
	is_str(words(&d), "fd00:9::/64@254 192.168.9.0/24@254 0.0.0.0/0@119596");
	is_str(rule_words(&d), "4 4814 254/0, 4 4815 !4160->119596");
	ok(d.policy && d.policy4 && !d.policy6 && !d.src_valid_mark);
	f.strict_rp_filter = true;
	is_int(plan(p, &f), 0);
	ok(d.src_valid_mark);
	is_int(d.mark, 4166);
	is_int(d.mask, 0x107e);
	is_int(d.around, 0x1040);
	is_int(d.table, 119596);
	is_int(d.rules[0].protocol, RTPROT_KERNEL);
	is_int(d.rules[1].protocol, RTPROT_KERNEL);
	is_int(d.rules[1].fwmask, 0x1040);
	is_int(d.rules[0].fwmask, 0);
	ok(d.rules[0].has_priority && d.rules[0].action == FR_ACT_TO_TBL);
	ok(d.nft_load && strstr(d.nft_load, "ip daddr 10.8.0.2 ") && !strstr(d.nft_load, "fd00"));
	allow(p, "::/0");
	is_int(plan(p, &f), 0);
	is_str(words(&d), "fd00:9::/64@254 192.168.9.0/24@254 0.0.0.0/0@119596 ::/0@119596");
	is_str(rule_words(&d), "4 4814 254/0, 4 4815 !4160->119596, 6 4814 254/0, 6 4815 !4160->119596");
	ok(d.nft_load && strstr(d.nft_load, "ip6 daddr fd00:8::2 "));
	f.nft_available = false;
	is_int(plan(p, &f), 0);
	ok(!d.nft_load && !d.nft_delete && d.policy);
	wgc_profile_free(p);
}

static bool same_bits(uint32_t mark)
{
	return (mark & 0x1040) == 0x1040 && !(mark & ~0x107eu);
}

static void marks(void)
{
	struct wgc_profile *p = profile();
	struct wgc_mark_use others[] = { { 51820, UINT32_MAX, 0 }, { 4166, 0x107e, 0x1040 }, { 0x1a0a, 0, 0 } };
	struct wgc_rule rules[] = {
		rule(AF_INET, 0, 255), rule(AF_INET, 32766, 254),
		rule(AF_INET, 32764, 254), rule(AF_INET, 32765, 51820), /* wg-quick's pair */
		rule(AF_INET6, 32765, 119596), /* left over, IPv6 only */
	};
	struct wgc_route routes[] = { route("10.0.0.0/8", 119596 + 1, 3), route("0.0.0.0/0", 254, 3), route("10.0.0.0/8", 500, 3) };
	struct wgc_routes_facts f = { .marks = others, .n_marks = 1, .rules = rules, .n_rules = 5, .routes = routes, .n_routes = 3 };
	uint32_t first;

	rules[2].suppress_prefixlen = 0;
	rules[3].invert = true;
	rules[3].fwmark = 51820;
	rules[3].fwmask = 0xffffffff;
	allow(p, "0.0.0.0/0");
	is_int(plan(p, &f), 0);
	is_int(d.mark, 4166);
	/* The table is used, and so is the next one. */
	is_int(d.table, 119596 + 2);
	/* What wg-quick's own packets are marked with goes around ours. */
	is_str(rule_words(&d), "4 4813 51820->254, 4 4814 254/0, 4 4815 !4160->119598");

	/* Another tunnel of ours has the mark: the next one. */
	f.n_marks = 2;
	is_int(plan(p, &f), 0);
	ok(d.mark != 4166 && same_bits(d.mark));
	first = d.mark;
	is_int(d.around, 0x1040);
	/* Somebody writes marks that look like ours, but not on both bits. */
	f.n_marks = 3;
	is_int(plan(p, &f), 0);
	is_int(d.mark, first);
	/* On both: another pair of bits. */
	others[2].value = 0x5555;
	is_int(plan(p, &f), 0);
	is_int(d.around, 0x1020);
	ok((d.mark & 0x1020) == 0x1020 && !(d.mark & ~0x107eu));
	/* Looked for, not written. */
	others[2].value = 0x1000;
	others[2].mask = 0x1000;
	is_int(plan(p, &f), -EEXIST);
	ok(strstr(err.hint, "FwMark"));
	/* Bits of Kubernetes, Tailscale, Calico, Cilium, AWS, portmap are none of ours. */
	for (uint32_t i = 0; i < 32; i++) {
		if (0x107eu & (1u << i))
			continue;
		others[2].value = others[2].mask = 1u << i;
		is_int(plan(p, &f), 0);
		is_int(d.mark, first);
	}
	f.n_marks = 1;

	/* Somebody's rule for a bit that the mark has sends our own packets elsewhere. */
	rules[4] = rule(AF_INET, 100, 300);
	rules[4].fwmark = rules[4].fwmask = 4166 & 0x3e & -(4166 & 0x3e);
	is_int(plan(p, &f), 0);
	ok(same_bits(d.mark) && !(d.mark & rules[4].fwmask));
	is_str(rule_words(&d), "4 97 51820->254, 4 98 254/0, 4 99 !4160->119596");
	/* An inverted one is another tunnel's: it may carry ours. */
	rules[4].invert = true;
	is_int(plan(p, &f), 0);
	is_int(d.mark, 4166);
	rules[4].invert = false;
	rules[4].fwmask = 0;

	/* A mark by hand: all of its bits count, and our other tunnels' packets are let around. */
	p->device.flags = WGC_DEVICE_HAS_FWMARK;
	p->device.fwmark = 0x1234;
	rules[4].priority = 32767;
	f.n_rules = 3;
	is_int(plan(p, &f), 0);
	is_int(d.mark, 0x1234);
	is_int(d.mask, 0xffffffff);
	is_int(d.table, 0x1234);
	is_str(rule_words(&d), "4 4813 4160->254, 4 4814 254/0, 4 4815 !4660->4660");
	for (uint32_t i = 253; i <= 255; i++) {
		p->device.fwmark = i;
		is_int(plan(p, &f), 0);
		is_int(d.mark, i);
		is_int(d.table, 119596);
	}
	/* A table with routes of others. */
	p->device.fwmark = 500;
	is_int(plan(p, &f), 0);
	is_int(d.mark, 500);
	is_int(d.table, 119596);
	/* FwMark = off. */
	p->device.fwmark = 0;
	is_int(plan(p, &f), 0);
	is_int(d.mark, 4166);
	/* It keeps what it came up with, as without a word about it. */
	f.keep.mark = 4167;
	is_int(plan(p, &f), 0);
	is_int(d.mark, 4167);
	wgc_profile_free(p);
}

/* The same for a profile whatever else is up; different for different ones. */
static void stable(void)
{
	struct wgc_routes_facts f = { 0 };
	uint32_t seen[40], n = 0, different = 0;

	for (int i = 0; i < 40; i++) {
		struct wgc_profile *p = profile();
		char name[32];

		snprintf(name, sizeof(name), "tunnel%d", i);
		p->name = name;
		allow(p, "0.0.0.0/0");
		is_int(plan(p, &f), 0);
		ok(same_bits(d.mark) && d.mark != 0x1040);
		seen[n] = d.table;
		for (uint32_t k = 0; k <= n; k++)
			if (k == n || seen[k] == seen[n]) {
				different += k == n;
				break;
			}
		n++;
		wgc_profile_free(p);
	}
	ok(different > 30);
}

/* The marks that nft's listing tells. */
static void nft_marks(void)
{
	static const char listing[] =
		"table ip filter {\n\tchain c {\n\t\ttype filter hook output priority filter; policy accept;\n"
		"\t\tmeta mark & 0x00004000 == 0x00004000 counter\n\t\tmeta mark set meta mark | 0x00008000\n"
		"\t\tmeta mark set meta mark and 0xffffbfff xor 0x00040000 tcp dport 77\n\t\tct mark { 0x00000001, 0x00000002 } drop\n"
		"\t\tmeta mark != 0x0000ca6c drop\n\t\tct mark set meta mark & 0x00ff0000\n\t\tmeta mark set ct mark\n"
		"\t\tmeta mark 0x00000030-0x00000040 accept comment \"no mark\"\n\t}\n}\n"
		"table inet wgctl-other {\n\tchain c {\n\t\tmeta mark 0x00001050 drop\n\t}\n}\n"
		"table inet z {\n\tchain c {\n\t\tct mark 0x00000005 meta mark set 0x00000007 meta mark 0x7 } ";
	static const struct wgc_mark_use want[] = {
		{ 0x4000, 0x4000, 0 }, { 0x8000, 0, 0 }, { 0x40000, 0, 0 }, { 1, UINT32_MAX, 0 }, { 2, UINT32_MAX, 0 },
		{ 0xca6c, UINT32_MAX, 0 }, { 0x30, UINT32_MAX, 0 }, { 5, UINT32_MAX, 0 }, { 7, 0, 0 }, { 7, UINT32_MAX, 0 },
	};
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_mark_use *v = NULL;
	size_t n = 0, cap = 0;

	is_int(wgc_routes_marks_of_nft(listing, a, &v, &n, &cap, 100), 0);
	is_int(n, WGC_ARRAY_SIZE(want));
	for (size_t i = 0; i < n && i < WGC_ARRAY_SIZE(want); i++) {
		is_int(v[i].value, want[i].value);
		is_int(v[i].mask, want[i].mask);
	}
	/* No more than were asked for. */
	n = 0;
	is_int(wgc_routes_marks_of_nft(listing, a, &v, &n, &cap, 3), 0);
	is_int(n, 3);
	is_int(wgc_routes_marks_of_nft("", a, &v, &n, &cap, 3), 0);
	wgc_arena_free(a);
}

static void priorities(void)
{
	struct wgc_profile *p = profile();
	struct wgc_rule rules[8] = { rule(AF_INET, 0, 255), rule(AF_INET, 32766, 254), rule(AF_INET, 5, 700) };
	struct wgc_routes_facts f = { .rules = rules, .n_rules = 3 };
	struct wgc_rule *many;

	allow(p, "0.0.0.0/0");
	is_int(plan(p, &f), 0);
	is_str(rule_words(&d), "4 3 254/0, 4 4 !4160->119596");
	/* No room in front: the first room behind. */
	rules[2].priority = 2;
	rules[3] = rule(AF_INET, 4, 700);
	rules[4] = rule(AF_INET6, 5, 700);
	f.n_rules = 5;
	is_int(plan(p, &f), 0);
	is_str(rule_words(&d), "4 5 254/0, 4 6 !4160->119596");
	/* Who moved "lookup local" still gets packets for this machine first. */
	rules[0].priority = 100;
	rules[2].priority = 9;
	rules[3].priority = 200;
	is_int(plan(p, &f), 0);
	is_str(rule_words(&d), "4 198 254/0, 4 199 !4160->119596");
	rules[3].priority = 102;
	is_int(plan(p, &f), 0);
	is_str(rule_words(&d), "4 103 254/0, 4 104 !4160->119596");

	many = calloc(32767, sizeof(*many));
	for (uint32_t i = 0; i < 32767; i++)
		many[i] = rule(AF_INET, i, i ? 254 : 255);
	for (uint32_t i = 1; i < 32766; i++)
		many[i].other = true;
	f.rules = many;
	f.n_rules = 32767;
	is_int(plan(p, &f), -EEXIST);
	is_int(err.code, WGC_E_EXISTS);
	is_int(err.at.line, 1);
	free(many);
	wgc_profile_free(p);
}

static void exclusions(void)
{
	struct wgc_profile *p = profile();
	struct wgc_routes_facts f = { 0 };

	address(p, "10.8.0.2/24");
	allow(p, "10.0.0.0/8 10.1.2.0/24 10.20.0.0/16 fd00::/8 10.8.0.0/24");
	exclude(p, "10.1.0.7/16");
	exclude(p, "10.1.2.0/28");
	exclude(p, "10.1.0.0/16");
	exclude(p, "172.16.0.0/12");
	is_int(plan(p, &f), 0);
	/* All of IPv4 in the policy table, what is excluded and all inside of
	 * it thrown out; IPv6 has no exclusion and stays where it was. */
	is_str(words(&d),
	       "10.8.0.0/24@119596 throw:10.1.0.0/16@119596 10.20.0.0/16@119596 throw:172.16.0.0/12@119596 "
	       "10.0.0.0/8@119596 fd00::/8@254");
	is_str(rule_words(&d), "4 4814 254/0, 4 4815 !4160->119596");
	ok(d.policy && d.policy4 && !d.policy6);
	is_int(d.rules[0].at.line, 101);
	wgc_profile_free(p);

	p = profile();
	allow(p, "0.0.0.0/0 ::/0 fd00::/64 10.0.0.0/8");
	exclude(p, "192.168.0.0/16");
	is_int(plan(p, &f), 0);
	is_str(words(&d), "fd00::/64@254 throw:192.168.0.0/16@119596 10.0.0.0/8@119596 0.0.0.0/0@119596 ::/0@119596");
	is_int(d.n_rules, 4);
	/* Everything excluded is no tunnel at all. */
	exclude(p, "0.0.0.0/0");
	exclude(p, "::/0");
	is_int(plan(p, &f), 0);
	ok(!d.n_routes && !d.policy && !d.n_rules);
	wgc_profile_free(p);
}

static void ipv6(void)
{
	struct wgc_profile *p = profile();
	struct wgc_route uplink[] = { route("::/0", 254, 2) };
	struct wgc_routes_facts f = { .ipv6_disabled = true, .nft_available = true };

	address(p, "10.8.0.2/24");
	address(p, "fd00:8::2/64");
	allow(p, "0.0.0.0/0 ::/0 fd00::/16");
	exclude(p, "fd00:5::/32");
	is_int(plan(p, &f), 0);
	is_str(words(&d), "0.0.0.0/0@119596");
	ok(d.skipped_ipv6 && d.policy4 && !d.policy6 && !d.closed6);
	is_int(d.n_addresses, 1);
	is_int(d.n_rules, 2);
	is_int(d.mtu_min, 576);
	ok(!strstr(d.nft_load, "ip6"));

	/* IPv6 leaves by another link: what was meant for the tunnel must not. */
	f.routes = uplink;
	f.n_routes = 1;
	is_int(plan(p, &f), 0);
	is_str(words(&d), "0.0.0.0/0@119596 unreachable:::/0@119596");
	is_int(d.n_rules, 4);
	ok(d.closed6 && d.policy6 && d.skipped_ipv6);

	p->ipv6 = WGC_IPV6_REQUIRE;
	p->ipv6_at.line = 9;
	is_int(plan(p, &f), -EAFNOSUPPORT);
	is_int(err.at.line, 9);
	ok(strstr(err.msg, "IPv6") && err.hint[0]);
	f.ipv6_disabled = false;
	f.n_routes = 0;
	is_int(plan(p, &f), 0);
	ok(d.policy6 && !d.skipped_ipv6);

	p->ipv6 = WGC_IPV6_BLOCK;
	is_int(plan(p, &f), 0);
	is_str(words(&d), "0.0.0.0/0@119596 unreachable:::/0@119596");
	ok(d.skipped_ipv6 && d.closed6 && d.n_addresses == 1 && d.n_rules == 4);
	p->table_mode = WGC_TABLE_NUMBER;
	p->table = 5;
	is_int(plan(p, &f), -EINVAL);
	is_int(err.at.line, 9);
	wgc_profile_free(p);
}

static void clashes(void)
{
	struct wgc_profile *p = profile();
	struct wgc_route have[] = { route("10.2.0.0/16", 254, 7), route("10.1.0.0/16", 300, 7), route("fd00::/16", 254, 7) };
	struct wgc_routes_facts f = { .routes = have, .n_routes = 3 };

	allow(p, "10.0.0.0/8 10.1.0.0/16 10.2.0.0/16");
	is_int(plan(p, &f), -EEXIST);
	is_int(err.code, WGC_E_EXISTS);
	is_int(err.at.line, 1);
	is_int(err.at.col, 3);
	ok(strstr(err.msg, "10.2.0.0/16") && strstr(err.hint, "ip route show table 254 10.2.0.0/16"));
	/* Another metric is another place, our own link's route is ours. */
	have[0].metric = 100;
	is_int(plan(p, &f), 0);
	have[0].metric = 0;
	f.ifindex = 7;
	is_int(plan(p, &f), 0);
	f.ifindex = 0;
	have[0].table = 300;
	is_int(plan(p, &f), 0);
	wgc_profile_free(p);

	p = profile();
	allow(p, "fd00::/16");
	have[2].metric = 1024;
	is_int(plan(p, &f), -EEXIST);
	ok(strstr(err.hint, "ip -6 route"));
	have[2].metric = 256;
	is_int(plan(p, &f), 0);
	have[2].metric = 0;
	p->table_mode = WGC_TABLE_NUMBER;
	p->table = 300;
	is_int(plan(p, &f), 0);
	have[2].table = 300;
	is_int(plan(p, &f), -EEXIST);
	wgc_profile_free(p);

	/* Throw routes have no device and can be shared, unicast ones cannot. */
	p = profile();
	allow(p, "10.0.0.0/8");
	exclude(p, "10.1.0.0/16");
	p->table_mode = WGC_TABLE_NUMBER;
	p->table = 300;
	is_int(plan(p, &f), -EEXIST);
	is_int(err.at.line, 101);
	have[1].type = RTN_THROW;
	have[1].oif = 0;
	is_int(plan(p, &f), 0);
	is_int(d.n_routes, 2);
	wgc_profile_free(p);
}

static void mtu(void)
{
	is_int(wgc_routes_mtu(1500), 1420);
	is_int(wgc_routes_mtu(0), 1420);
	is_int(wgc_routes_mtu(1360), 1280);
	is_int(wgc_routes_mtu(9000), 8920);
	is_int(wgc_routes_mtu(656), 576);
	is_int(wgc_routes_mtu(655), 576);
	is_int(wgc_routes_mtu(1), 576);
}

int main(void)
{
	split_tunnel();
	apart();
	owners();
	tables();
	full_tunnel();
	marks();
	stable();
	nft_marks();
	priorities();
	exclusions();
	ipv6();
	clashes();
	mtu();
	return tap_done();
}
