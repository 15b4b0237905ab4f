// SPDX-License-Identifier: GPL-2.0
/* The firewall text, judged by nft and a kernel in a network namespace of our own. */
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/routes/make.h"

/* Exit status of `nft ARGS -f -` with @text as input; its complaints go to stderr. */
static int nft(const char *args, const char *text)
{
	char command[256];
	FILE *f;
	int status;

	fflush(stdout);
	snprintf(command, sizeof(command), "nft %s -f - >&2", args);
	f = popen(command, "w");
	if (!f)
		return -1;
	fputs(text, f);
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What `nft list ruleset` says. */
static const char *ruleset(void)
{
	static char out[8192];
	FILE *f = popen("nft list ruleset", "r");
	size_t n = f ? fread(out, 1, sizeof(out) - 1, f) : 0;

	out[n] = '\0';
	if (f)
		pclose(f);
	return out;
}

static void names(void)
{
	char a[48], b[48];

	wgc_routes_nft_table("office", a);
	is_str(a, "wgctl-office");
	wgc_routes_nft_table("a+b=c_d.e-f", a);
	is_str(a, "wgctl-a/pb/ec_d.e-f");
	wgc_routes_nft_table("+", a);
	wgc_routes_nft_table("=", b);
	ok(strcmp(a, b) != 0);
	wgc_routes_nft_table("===============", a);
	ok(strlen(a) == 36 && strcmp(a + 34, "/e") == 0);
}

static void one(const char *ifname)
{
	struct wgc_profile *p = profile();
	struct wgc_session sessions[2] = { { .local_port = 22, .remote_port = 40000 }, { .local_port = 22, .remote_port = 40001 } };
	struct wgc_routes_facts f = { .nft_available = true, .sessions = sessions, .n_sessions = 2 };
	struct wgc_routes_desired d;
	char own[64];

	sessions[0].local = prefix("192.0.2.1").ip;
	sessions[0].remote = prefix("198.51.100.7").ip;
	sessions[1].local = prefix("2001:db8::1").ip;
	sessions[1].remote = prefix("2001:db8::2").ip;

	printf("# %s\n", ifname);
	snprintf(p->ifname, sizeof(p->ifname), "%s", ifname);
	address(p, "10.8.0.2/24");
	address(p, "10.8.1.2/32");
	address(p, "fd00:8::2/64");
	allow(p, "0.0.0.0/0 ::/0");
	is_int(wgc_routes_plan(p, &f, p->arena, &d, NULL), 0);
	snprintf(own, sizeof(own), "meta mark & 0x0000107e == 0x%08x", d.mark);
	is_int(nft("-c", d.nft_load), 0);
	ok(!*ruleset());
	is_int(nft("", d.nft_load), 0);
	ok(strstr(ruleset(), "ip daddr 10.8.1.2 fib saddr type != local drop"));
	ok(strstr(ruleset(), "ip6 daddr fd00:8::2 fib saddr type != local drop"));
	ok(strstr(ruleset(), "hook prerouting priority raw"));
	ok(strstr(ruleset(), "hook prerouting priority mangle"));
	ok(strstr(ruleset(), "hook postrouting priority mangle"));
	/* Bits are added, none is taken away. */
	ok(strstr(ruleset(), "type route hook output priority mangle"));
	ok(strstr(ruleset(), "fib daddr type local ct mark set ct mark | 0x00001040"));
	ok(strstr(ruleset(), "meta iifkind { \"tun\", \"wireguard\" } return"));
	ok(strstr(ruleset(), "ct direction reply ct mark & 0x00001040 == 0x00001040 meta mark set meta mark | 0x00001040"));
	ok(strstr(ruleset(), own) && strstr(ruleset(), "ct mark set ct mark | 0x00001040"));
	ok(strstr(ruleset(), "192.0.2.1 . 22 . 198.51.100.7 . 40000"));
	ok(strstr(ruleset(), "ip6 saddr . tcp sport . ip6 daddr . tcp dport @sessions6 "));
	ok(strstr(ruleset(), "comment \"made by wgctl for "));
	/* What nft prints it can read: administrators save their rules. */
	is_int(nft("-c", ruleset()), 0);
	/* Exclusive: a second time is refused and adds nothing. */
	{
		char *before = strdup(ruleset());

		ok(nft("", d.nft_load) != 0);
		is_str(ruleset(), before);
		free(before);
	}
	/* Deleting works, and works again. */
	is_int(nft("", "add table inet other\n"), 0);
	is_int(nft("", d.nft_delete), 0);
	ok(!strstr(ruleset(), "wgctl-") && strstr(ruleset(), "table inet other"));
	is_int(nft("", d.nft_delete), 0);
	is_int(nft("", "delete table inet other\n"), 0);
	ok(!*ruleset());
	wgc_profile_free(p);
}

/* Two kill switches, judged by nft: sets, replacement in one transaction, further endpoints. */
static void kill_switch(const char *ifname)
{
	struct wgc_profile *p = profile();
	/* Networks of this machine, its own addresses, and half of all by another tunnel. */
	struct wgc_route routes[] = { route("192.168.9.0/24", 254, 2), route("10.0.0.0/8", 254, 2), route("0.0.0.0/0", 254, 2),
				      route("128.0.0.0/1", 254, 3),    route("fd09::/64", 254, 2),  route("fd0a::1/128", 255, 2),
				      route("ff00::/8", 255, 2) };
	struct wgc_routes_facts f = { .nft_available = true, .routes = routes, .n_routes = WGC_ARRAY_SIZE(routes) };
	union wgc_sockaddr v[3] = { { .in = { .sin_family = AF_INET, .sin_port = htons(51820), .sin_addr.s_addr = htonl(0xc6336401) } },
				    { .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(7), .sin6_addr.s6_addr = { 0x20, 1, 0xd, 0xb8 } } },
				    { .in = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc6336402) } } };
	struct wgc_host_port endpoint = { .numeric = v[0] };
	struct wgc_routes_desired d;
	struct wgc_text dns[] = { { .s = "192.168.9.53" }, { .s = "10.8.0.53" }, { .s = "9.9.9.9" } };
	const char *text;
	char table[56];

	printf("# kill switch, %s\n", ifname);
	snprintf(p->ifname, sizeof(p->ifname), "%s", ifname);
	p->kill_switch = WGC_KILL_SWITCH_ON;
	address(p, "10.8.0.2/24");
	allow(p, "0.0.0.0/0 ::/0 10.20.0.0/16 198.18.0.0/15")->n_endpoints = 1;
	p->peers[0].endpoints = &endpoint;
	exclude(p, "203.0.113.0/24");
	p->dns_servers = dns;
	p->n_dns_servers = 3;
	is_int(wgc_routes_plan(p, &f, p->arena, &d, NULL), 0);
	text = wgc_routes_kill_switch(p, &f, &d, v, 2, p->arena);
	is_int(nft("", text), 0);
	ok(strstr(ruleset(), "elements = { 198.51.100.1 . 51820 }"));
	ok(strstr(ruleset(), "elements = { 2001:db8:: . 7 }"));
	ok(strstr(ruleset(), "type filter hook output priority filter + 10; policy drop;"));
	ok(strstr(ruleset(), "type filter hook forward priority filter + 10; policy drop;"));
	ok(strstr(ruleset(), "\t\tjump beside\n\t\tdrop\n\t}\n\n\tchain forward"));
	ok(strstr(ruleset(), "\t\tjump beside\n\t\tdrop\n\t}\n}"));
	/* The tunnel has 10.8.0.0/24 and 10.20.0.0/16 of the private addresses; the
	 * machine's network that holds them is not wholly spared. */
	ok(strstr(ruleset(), "elements = { 10.8.0.0/24, 10.20.0.0/16 }"));
	ok(strstr(ruleset(), "elements = { 192.168.9.0/24 }"));
	ok(strstr(ruleset(), "elements = { fd09::/64 }"));
	ok(strstr(ruleset(), "elements = { 192.168.9.53 }"));
	ok(strstr(ruleset(), "elements = { 203.0.113.0/24 }"));
	ok(strstr(ruleset(), "ip daddr . udp dport @peers4 accept"));
	/* Again: in its place, with what is new. */
	is_int(nft("", wgc_routes_kill_switch(p, &f, &d, v + 2, 1, p->arena)), 0);
	ok(strstr(ruleset(), "elements = { 198.51.100.2 . 9 }") && !strstr(ruleset(), "198.51.100.1 . 51820"));
	is_int(nft("", wgc_routes_kill_admit(ifname, v, 2, p->arena)), 0);
	ok(strstr(ruleset(), "198.51.100.1 . 51820"));
	is_str(wgc_routes_kill_admit(ifname, v, 0, p->arena), "");
	/* A peer that may be anywhere; no local network. */
	p->peers[0].n_endpoints = 0;
	p->allow_lan_at.line = 1;
	is_int(nft("", wgc_routes_kill_switch(p, &f, &d, NULL, 0, p->arena)), 0);
	ok(!strstr(ruleset(), "@peers") && !strstr(ruleset(), "@lan4") && strstr(ruleset(), "@excluded4 accept"));
	is_int(nft("", wgc_routes_kill_delete(ifname, p->arena)), 0);
	is_int(nft("", wgc_routes_kill_delete(ifname, p->arena)), 0);
	ok(!*ruleset());
	wgc_routes_kill_table(ifname, table);
	ok(strlen(table) < 55);
	wgc_profile_free(p);
}

int main(void)
{
	names();
	if (system("nft --version >/dev/null 2>&1") != 0 ||
	    (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)) {
		const char *strict = getenv("WGCTL_TEST_STRICT");

		tap_ok(!strict || strcmp(strict, "1"), __FILE__, __LINE__, "nft and a network namespace # SKIP no nft, or no namespace");
		return tap_done();
	}
	one("office");
	one("a+b=c_d.e-f");
	one("15.=+_-letters9");
	kill_switch("office");
	kill_switch("===============");
	return tap_done();
}
