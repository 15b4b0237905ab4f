// SPDX-License-Identifier: GPL-2.0
/* From a profile and facts to steps: which, in which order, and in which words. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "unit/plan/make.h"

#define LOOKUP(family_, priority_, table_)                                                          \
	{ .family = family_, .priority = priority_, .has_priority = true, .table = table_,         \
	  .action = FR_ACT_TO_TBL, .suppress_prefixlen = -1 }

static const struct wgc_rule usual_rules[] = {
	LOOKUP(AF_INET, 0, RT_TABLE_LOCAL),	   LOOKUP(AF_INET, 32766, RT_TABLE_MAIN),
	LOOKUP(AF_INET, 32767, RT_TABLE_DEFAULT), LOOKUP(AF_INET6, 0, RT_TABLE_LOCAL),
	LOOKUP(AF_INET6, 32766, RT_TABLE_MAIN),
};

static struct wgc_facts usual(void)
{
	return (struct wgc_facts){
		.routing = { .rules = usual_rules, .n_rules = WGC_ARRAY_SIZE(usual_rules), .nft_available = true, .strict_rp_filter = true },
		.dns = WGC_DNS_BACKEND_FILE,
	};
}

static char *steps_of(const struct wgc_profile *p, const struct wgc_facts *f, struct wgc_arena *a, struct wgc_plan *ret)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	WGC_AUTO_STR struct wgc_str equivalent = { 0 };
	struct log log = { .at = 0 };
	struct wgc_err err = WGC_ERR_INIT;

	if (wgc_plan_build(p, f, a, ret, &err) < 0) {
		wgc_str_addf(&log.steps, "%s (line %u)", err.msg, err.at.line);
		return wgc_str_steal(&log.steps);
	}
	for (size_t i = 0; i < ret->n; i++) {
		struct wgc_step_view v;

		wgc_step_view(ret, i, &text, &equivalent, &v);
		log_step(&log, &v);
	}
	return wgc_str_steal(&log.steps);
}

static void golden(const char *name, const char *text, const struct wgc_facts *f, const char *want)
{
	struct wgc_profile *p = profile(name, text);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_plan plan;
	char *have = steps_of(p, f, a, &plan);

	tap_str(have, want, __FILE__, __LINE__, name);
	free(have);
	wgc_arena_free(a);
	wgc_profile_free(p);
}

static void split(void)
{
	struct wgc_facts f = usual();

	golden("office",
	       "Address = 10.7.0.2/24, fd07::2/64\nListenPort = 51820\nMTU = 1400\n"
	       "[Peer]\nEndpoint = 198.51.100.1:51820\nAllowedIPs = 10.1.0.0/16, 10.7.0.0/24, fd01::/64\n[Peer]\nAllowedIPs = 10.1.2.0/24\n",
	       &f,
	       "1/5 + link.create office type wireguard [ip link add office type wireguard] {delete}\n"
	       "2/5 ~ device.configure office key (hidden), port 51820, 2 peers [wg addconf office /dev/stdin] {covered by step 1}\n"
	       "3/5 + addr.add 10.7.0.2/24, fd07::2/64 dev office [ip address add 10.7.0.2/24 dev office] {covered by step 1}\n"
	       "4/5 ~ link.set office up mtu 1400 [ip link set office mtu 1400 up] {covered by step 1}\n"
	       "5/5 + route.add fd01::/64 dev office and 2 more [ip -6 route add fd01::/64 dev office] {covered by step 1}\n");
}

static void full(void)
{
	struct wgc_facts f = usual();

	golden("full", "Address = 10.7.0.2/24, fd07::2/64\nDNS = 10.7.0.53, corp\n[Peer]\nAllowedIPs = 0.0.0.0/0, ::/0, 10.9.0.0/16\n",
	       &f,
	       "1/13 + link.create full type wireguard [ip link add full type wireguard] {delete}\n"
	       "2/13 ~ device.configure full key (hidden), mark 0x107a, 1 peer [wg addconf full /dev/stdin] {covered by step 1}\n"
	       "3/13 + addr.add 10.7.0.2/24, fd07::2/64 dev full [ip address add 10.7.0.2/24 dev full] {covered by step 1}\n"
	       "4/13 ~ link.set full up, mtu by the paths to the peers [ip link set full up] {covered by step 1}\n"
	       "5/13 ~ dns.set 10.7.0.53 search corp through file [] {restore}\n"
	       "6/13 + route.add 10.9.0.0/16 dev full [ip route add 10.9.0.0/16 dev full] {covered by step 1}\n"
	       "7/13 ~ sysctl.set net/ipv4/conf/all/src_valid_mark = 1 [sysctl -w net/ipv4/conf/all/src_valid_mark=1] {restore}\n"
	       "8/13 + nft.load table inet wgctl-full: guard the tunnel's addresses, answer calls from outside the way they came [nft -f -] {delete}\n"
	       "9/13 + rule.add table 254 suppress_prefixlength 0 priority 4350 [ip rule add table 254 suppress_prefixlength 0 priority 4350] {delete}\n"
	       "10/13 + rule.add not fwmark 0x1040/0x1040 table 119319 priority 4351 [ip rule add not fwmark 0x1040/0x1040 table 119319 priority 4351] {delete}\n"
	       "11/13 + rule.add inet6 table 254 suppress_prefixlength 0 priority 4350 [ip -6 rule add table 254 suppress_prefixlength 0 priority 4350] {delete}\n"
	       "12/13 + rule.add inet6 not fwmark 0x1040/0x1040 table 119319 priority 4351 [ip -6 rule add not fwmark 0x1040/0x1040 table 119319 priority 4351] {delete}\n"
	       "13/13 + route.add 0.0.0.0/0 dev full table 119319 and 1 more [ip route add 0.0.0.0/0 dev full table 119319] {covered by step 1}\n");
}

/* Everything that comes from elsewhere is read before anything points at the tunnel. */
static void from_elsewhere(void)
{
	struct wgc_facts f = usual();

	golden("hub",
	       "Table = off\nPreUp = a %i\nPostUp = b\nPostUp = c\nPreDown = d\n"
	       "[Peer]\nPresharedKeyFile = /nowhere/psk\nEndpoint = hub.example.net:1\nEndpoint = 198.51.100.1:1\nAllowedIPs = 10.1.0.0/16\n",
	       &f,
	       "1/8 + link.create hub type wireguard [ip link add hub type wireguard] {delete}\n"
	       "2/8 ! hook.run PreUp 'a %i' [a hub] {none}\n"
	       "3/8   keys.read 1 key from files or commands [] {not needed}\n"
	       "4/8   endpoint.resolve 1 endpoint name [] {not needed}\n"
	       "5/8 ~ device.configure hub key (hidden), 1 peer [wg addconf hub /dev/stdin] {covered by step 1}\n"
	       "6/8 ~ link.set hub up, mtu by the paths to the peers [ip link set hub up] {covered by step 1}\n"
	       "7/8 ! hook.run PostUp 'b' [b] {none}\n"
	       "8/8 ! hook.run PostUp 'c' [c] {none}\n");
}

static void link_3(void *ctx, uint32_t ifindex, char ret[static IFNAMSIZ])
{
	(void)ctx;
	if (ifindex == 3)
		strcpy(ret, "eth0");
}

static void adopted(void)
{
	static struct wgc_route have[] = {
		{ .dst = { .ip = { AF_INET, { 198, 18 } }, .len = 15 }, .table = 1234, .type = RTN_THROW },
	};
	struct wgc_facts f = usual();

	f.routing.routes = have;
	f.routing.n_routes = 1;
	f.src_valid_mark = true;
	golden("side", "Table = 1234\nExcludeIPs = 198.18.0.0/15, 203.0.113.0/24, 198.51.100.0/24\n[Peer]\nAllowedIPs = 10.0.0.0/8\n",
	       &f,
	       "1/6 + link.create side type wireguard [ip link add side type wireguard] {delete}\n"
	       "2/6 ~ device.configure side key (hidden), 1 peer [wg addconf side /dev/stdin] {covered by step 1}\n"
	       "3/6 ~ link.set side up, mtu by the paths to the peers [ip link set side up] {covered by step 1}\n"
	       "4/6 + route.add throw 198.51.100.0/24 table 1234 and 1 more [ip route add throw 198.51.100.0/24 table 1234] {delete}\n"
	       "5/6 = route.add throw 198.18.0.0/15 table 1234 [ip route add throw 198.18.0.0/15 table 1234] {not ours}\n"
	       "6/6 + route.add 10.0.0.0/8 dev side table 1234 [ip route add 10.0.0.0/8 dev side table 1234] {covered by step 1}\n");
	golden("mark", "[Peer]\nAllowedIPs = 0.0.0.0/0\n", &f,
	       "1/8 + link.create mark type wireguard [ip link add mark type wireguard] {delete}\n"
	       "2/8 ~ device.configure mark key (hidden), mark 0x1070, 1 peer [wg addconf mark /dev/stdin] {covered by step 1}\n"
	       "3/8 ~ link.set mark up, mtu by the paths to the peers [ip link set mark up] {covered by step 1}\n"
	       "4/8 = sysctl.set net/ipv4/conf/all/src_valid_mark = 1 [sysctl -w net/ipv4/conf/all/src_valid_mark=1] {not ours}\n"
	       "5/8 + nft.load table inet wgctl-mark: guard the tunnel's addresses, answer calls from outside the way they came [nft -f -] {delete}\n"
	       "6/8 + rule.add table 254 suppress_prefixlength 0 priority 4446 [ip rule add table 254 suppress_prefixlength 0 priority 4446] {delete}\n"
	       "7/8 + rule.add not fwmark 0x1040/0x1040 table 119133 priority 4447 [ip rule add not fwmark 0x1040/0x1040 table 119133 priority 4447] {delete}\n"
	       "8/8 + route.add 0.0.0.0/0 dev mark table 119133 [ip route add 0.0.0.0/0 dev mark table 119133] {covered by step 1}\n");
	/* Something else in the same place. */
	have[0].type = RTN_UNICAST;
	have[0].oif = 3;
	golden("side", "Table = 1234\nExcludeIPs = 198.18.0.0/15\n[Peer]\nAllowedIPs = 10.0.0.0/8\n", &f,
	       "table 1234 has a route to 198.18.0.0/15 already, through link 3 (line 4)");
	f.routing.link_name = link_3;
	golden("side", "Table = 1234\nExcludeIPs = 198.18.0.0/15\n[Peer]\nAllowedIPs = 10.0.0.0/8\n", &f,
	       "table 1234 has a route to 198.18.0.0/15 already, through eth0 (line 4)");
}

static void userspace(void)
{
	struct wgc_facts f = usual();

	f.userspace = true;
	f.program = "/usr/bin/wireguard-go";
	golden("a name that is much too long", "[Peer]\nAllowedIPs = 10.0.0.0/8\n", &f,
	       "1/4 + link.create wg-plnoe6tte35e type wireguard (/usr/bin/wireguard-go) alias 'a name that is much too long' [/usr/bin/wireguard-go wg-plnoe6tte35e] {delete}\n"
	       "2/4 ~ device.configure wg-plnoe6tte35e key (hidden), 1 peer [wg addconf wg-plnoe6tte35e /dev/stdin] {covered by step 1}\n"
	       "3/4 ~ link.set wg-plnoe6tte35e up, mtu by the paths to the peers [ip link set wg-plnoe6tte35e up] {covered by step 1}\n"
	       "4/4 + route.add 10.0.0.0/8 dev wg-plnoe6tte35e [ip route add 10.0.0.0/8 dev wg-plnoe6tte35e] {covered by step 1}\n");
}

/* In a namespace that is made for it, it is the second step that takes the rest along. */
static void inside(void)
{
	struct wgc_facts f = usual();

	f.netns = f.home = "blue";
	golden("office", "[Peer]\nAllowedIPs = 10.0.0.0/8\n", &f,
	       "1/5 + netns.create blue [ip netns add blue && ip -n blue link set lo up] {remove, if nobody is inside}\n"
	       "2/5 + link.create office type wireguard [ip link add office netns blue type wireguard] {delete}\n"
	       "3/5 ~ device.configure office key (hidden), 1 peer [ip netns exec blue wg addconf office /dev/stdin] {covered by step 2}\n"
	       "4/5 ~ link.set office up, mtu by the paths to the peers [ip -n blue link set office up] {covered by step 2}\n"
	       "5/5 + route.add 10.0.0.0/8 dev office [ip -n blue route add 10.0.0.0/8 dev office] {covered by step 2}\n");
}

/* What is sent to the device. */
static void device(void)
{
	struct wgc_profile *p = profile("dev", "FwMark = 0x99\n[Peer]\nEndpoint = 198.51.100.1:7\nAllowedIPs = 0.0.0.0/0\n"
					       "[Peer]\nEndpoint = hub.example.net:1\n[Peer]\n");
	struct wgc_facts f = usual();
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_plan plan;

	is_int(wgc_plan_build(p, &f, a, &plan, NULL), 0);
	is_str(plan.device.ifname, "dev");
	is_int(plan.device.n_peers, 3);
	/* The user's mark is the mark of the policy. */
	is_int(plan.device.fwmark, 0x99);
	is_int(plan.want.mark, 0x99);
	is_int(plan.device.peers[0].endpoint.in.sin_port, htons(7));
	is_int(plan.device.peers[1].endpoint.sa.sa_family, 0);
	is_int(plan.device.peers[2].endpoint.sa.sa_family, 0);
	ok(plan.device.flags & WGC_DEVICE_HAS_PRIVATE_KEY);
	wgc_arena_free(a);
	wgc_profile_free(p);
}

int main(void)
{
	split();
	full();
	from_elsewhere();
	adopted();
	userspace();
	inside();
	device();
	return tap_done();
}
