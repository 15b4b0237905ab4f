// SPDX-License-Identifier: GPL-2.0
/* Reading WireGuard devices from scripted answers. */
#include <errno.h>
#include <string.h>

#include "unit/netlink/captured.h"
#include "unit/netlink/script.h"
#include "unit/tap.h"

static struct script s;

static struct nlmsghdr *device_msg(uint16_t flags)
{
	struct nlmsghdr *nlh = script_msg(SCRIPT_FAMILY, NLM_F_MULTI | flags, 0, sizeof(struct genlmsghdr));

	((struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->version = 1;
	return nlh;
}

static void put_key(struct nlmsghdr *nlh, uint16_t type, uint8_t fill)
{
	uint8_t key[32];

	memset(key, fill, sizeof(key));
	mnl_attr_put(nlh, type, sizeof(key), key);
}

static void put_device(struct nlmsghdr *nlh, uint8_t private_key)
{
	mnl_attr_put_u32(nlh, WGDEVICE_A_IFINDEX, 7);
	mnl_attr_put_strz(nlh, WGDEVICE_A_IFNAME, "wgtest-none");
	put_key(nlh, WGDEVICE_A_PRIVATE_KEY, private_key);
	put_key(nlh, WGDEVICE_A_PUBLIC_KEY, 0x22);
	mnl_attr_put_u16(nlh, WGDEVICE_A_LISTEN_PORT, 51820);
	mnl_attr_put_u32(nlh, WGDEVICE_A_FWMARK, 0xca6c);
}

static void put_ip(struct nlmsghdr *nlh, const char *text)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, 0);
	struct wgc_prefix p;

	if (wgc_prefix_parse(text, &p))
		abort();
	mnl_attr_put_u16(nlh, WGALLOWEDIP_A_FAMILY, p.ip.family);
	mnl_attr_put(nlh, WGALLOWEDIP_A_IPADDR, wgc_ip_bits(&p.ip) / 8, p.ip.b);
	mnl_attr_put_u8(nlh, WGALLOWEDIP_A_CIDR_MASK, p.len);
	mnl_attr_nest_end(nlh, nest);
}

static void put_peer_head(struct nlmsghdr *nlh, uint8_t key)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(1234), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int64_t t[2] = { 1700000000, 5 };

	put_key(nlh, WGPEER_A_PUBLIC_KEY, key);
	put_key(nlh, WGPEER_A_PRESHARED_KEY, 0);
	mnl_attr_put(nlh, WGPEER_A_LAST_HANDSHAKE_TIME, sizeof(t), t);
	mnl_attr_put_u16(nlh, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25);
	mnl_attr_put_u64(nlh, WGPEER_A_TX_BYTES, 1ull << 40);
	mnl_attr_put_u64(nlh, WGPEER_A_RX_BYTES, 42);
	mnl_attr_put_u32(nlh, WGPEER_A_PROTOCOL_VERSION, 1);
	mnl_attr_put(nlh, WGPEER_A_ENDPOINT, sizeof(in6), &in6);
}

/* Two messages: the second goes on with the peer that the first one ends with. */
static void split_dump(uint16_t flags, uint8_t private_key)
{
	struct nlattr *peers, *peer, *ips;
	struct nlmsghdr *nlh;

	script_datagram(&s);
	nlh = device_msg(0);
	put_device(nlh, private_key);
	peers = mnl_attr_nest_start(nlh, WGDEVICE_A_PEERS);
	peer = mnl_attr_nest_start(nlh, 0);
	put_peer_head(nlh, 1);
	ips = mnl_attr_nest_start(nlh, WGPEER_A_ALLOWEDIPS);
	put_ip(nlh, "10.0.0.0/8");
	mnl_attr_nest_end(nlh, ips);
	mnl_attr_nest_end(nlh, peer);
	peer = mnl_attr_nest_start(nlh, 0);
	put_peer_head(nlh, 2);
	ips = mnl_attr_nest_start(nlh, WGPEER_A_ALLOWEDIPS);
	put_ip(nlh, "10.1.0.0/16");
	put_ip(nlh, "fd00::/8");
	mnl_attr_nest_end(nlh, ips);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, peers);
	script_end(&s);

	script_datagram(&s);
	nlh = device_msg(flags);
	peers = mnl_attr_nest_start(nlh, WGDEVICE_A_PEERS);
	peer = mnl_attr_nest_start(nlh, 0);
	put_key(nlh, WGPEER_A_PUBLIC_KEY, 2);
	ips = mnl_attr_nest_start(nlh, WGPEER_A_ALLOWEDIPS);
	put_ip(nlh, "10.2.0.0/16");
	mnl_attr_nest_end(nlh, ips);
	mnl_attr_nest_end(nlh, peer);
	peer = mnl_attr_nest_start(nlh, 0);
	put_key(nlh, WGPEER_A_PUBLIC_KEY, 3);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, peers);
	script_end(&s);
	script_message_done(&s, 0);
}

static void is_prefix(const struct wgc_allowed_ip *ip, const char *want)
{
	char text[WGC_PREFIX_TEXT];

	wgc_prefix_print(&ip->prefix, text);
	is_str(text, want);
}

static void check_device(const struct wgc_device *d, uint8_t private_key)
{
	char endpoint[WGC_ENDPOINT_TEXT];

	is_str(d->ifname, "wgtest-none");
	is_int(d->ifindex, 7);
	is_int(d->private_key.b[31], private_key);
	is_int(d->public_key.b[0], 0x22);
	is_int(d->listen_port, 51820);
	is_int(d->fwmark, 0xca6c);
	is_int(d->flags, (private_key ? WGC_DEVICE_HAS_PRIVATE_KEY : 0) | WGC_DEVICE_HAS_PUBLIC_KEY |
				 WGC_DEVICE_HAS_LISTEN_PORT | WGC_DEVICE_HAS_FWMARK);
	is_int(d->n_peers, 3);
	is_int(d->peers[0].n_allowed_ips, 1);
	is_int(d->peers[1].public_key.b[5], 2);
	is_int(d->peers[1].n_allowed_ips, 3);
	is_prefix(&d->peers[1].allowed_ips[0], "10.1.0.0/16");
	is_prefix(&d->peers[1].allowed_ips[1], "fd00::/8");
	is_prefix(&d->peers[1].allowed_ips[2], "10.2.0.0/16");
	is_int(d->peers[1].rx_bytes, 42);
	is_int(d->peers[1].tx_bytes, 1ll << 40);
	is_int(d->peers[1].keepalive, 25);
	is_int(d->peers[1].last_handshake.tv_sec, 1700000000);
	is_int(d->peers[1].last_handshake.tv_nsec, 5);
	is_int(d->peers[1].flags, WGC_PEER_HAS_KEEPALIVE); /* a zero preshared key is none */
	wgc_sockaddr_print(&d->peers[1].endpoint, endpoint);
	is_str(endpoint, "[::1]:1234");
	is_int(d->peers[2].public_key.b[0], 3);
	is_int(d->peers[2].n_allowed_ips, 0);
	is_int(d->peers[2].endpoint.sa.sa_family, 0);
}

static void merges(void)
{
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d = NULL;
	const struct nlmsghdr *nlh;
	bool clean = true;

	script_family(&s);
	split_dump(0, 0x11);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, NULL), 0);
	if (ok(d))
		check_device(d, 0x11);
	is_int(s.n_sent, 2);
	nlh = (const void *)s.sent[1];
	is_int(nlh->nlmsg_type, SCRIPT_FAMILY);
	is_int(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	is_int(wgc_nl_changes(nl), 0);
	/* The keys went with what was received. */
	ASAN_UNPOISON_MEMORY_REGION(nl->rx, WGC_NL_RX_SIZE);
	for (size_t i = 0; i < s.in[2]->len; i++)
		clean &= !nl->rx[i];
	ok(clean);

	/* The family is asked for once. */
	script_clear(&s);
	split_dump(0, 0);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, NULL), 0);
	check_device(d, 0);
	is_int(s.n_sent, 1);
	script_done(nl);
	ok(s.closed);
	wgc_arena_free(a);
}

static void starts_again(void)
{
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d = NULL;
	struct wgc_err err = WGC_ERR_INIT;

	script_family(&s);
	split_dump(NLM_F_DUMP_INTR, 0x33);
	script_datagram(&s);
	script_message_done(&s, NLM_F_DUMP_INTR); /* only the end says so */
	split_dump(0, 0x11);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, &err), 0);
	if (ok(d))
		check_device(d, 0x11);
	is_int(s.n_sent, 4);
	is_int(s.next, s.n_in);

	/* Parts were lost on the way: again. */
	script_clear(&s);
	script_error(&s, -ENOBUFS);
	split_dump(0, 0x11);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, &err), 0);
	is_int(s.n_sent, 2);

	/* One that never holds still ends all the same. */
	script_clear(&s);
	for (int i = 0; i < 200; i++) {
		script_datagram(&s);
		script_message_done(&s, NLM_F_DUMP_INTR);
	}
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, &err), -EAGAIN);
	ok(s.next < 200);
	is_str(err.msg, "cannot read 'wgtest-none': it kept changing while it was read");
	script_done(nl);
	wgc_arena_free(a);
}

/* A real answer, and each of its cuts. */
static void captured(void)
{
	size_t len = strlen(captured_text) / 2, refused = 0;
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d = NULL;
	char text[WGC_ENDPOINT_TEXT];

	script_family(&s);
	ok(wgc_wg_kernel_available(nl));
	script_clear(&s);
	script_datagram(&s);
	for (size_t i = 0; i < len; i++) {
		unsigned byte;

		if (sscanf(captured_text + 2 * i, "%2x", &byte) != 1)
			abort();
		script_last(&s)->data[i] = (uint8_t)byte;
	}
	script_last(&s)->cut = len; /* its end is in it */
	is_int(wgc_wg_get(nl, "wgfuzz-none", a, &d, NULL), 0);
	if (!ok(d && d->n_peers == 3))
		return;
	is_str(d->ifname, "wgfuzz-none");
	is_int(d->fwmark, 9);
	is_int(d->private_key.b[7], 0x41);
	for (size_t i = 0; i < 3; i++) {
		const struct wgc_peer *p = &d->peers[i];
		uint8_t n = p->public_key.b[0] - 0x50;

		is_int(p->n_allowed_ips, 10);
		is_int(p->keepalive, n);
		is_int(p->preshared_key.b[31], n);
		is_int(!!(p->flags & WGC_PEER_HAS_PRESHARED_KEY), n > 0);
		wgc_sockaddr_print(&p->endpoint, text);
		ok(n == 0 ? !strcmp(text, "127.0.0.1:2304") : n == 1 ? !strncmp(text, "[fe80::%", 8) : !*text);
		ok(n != 1 || p->endpoint.in6.sin6_scope_id);
		for (uint32_t k = 0; k < 10; k++) {
			const struct wgc_prefix *x = &p->allowed_ips[k].prefix;
			bool six = x->ip.family == AF_INET6;

			ok(x->len == (six ? 64 : 24) && x->ip.b[0] == (six ? 0xfd : 10) && x->ip.b[1] / 10 == n &&
			   x->ip.b[1] % 2 == six);
		}
	}
	for (size_t cut = 0; cut < len; cut++) {
		s.next = 0;
		s.in[0]->cut = cut;
		refused += wgc_wg_get(nl, "wgfuzz-none", a, &d, NULL) < 0;
	}
	is_int(refused, len);
	script_done(nl);
	wgc_arena_free(a);
}

/* Every cut of an answer is an error or (at the very end) the device, and
 * never a look behind what was received; the address sanitizer holds that. */
static void truncations(void)
{
	size_t lens[2], refused = 0, taken = 0, tried = 0;

	for (int part = 0; part < 2; part++) {
		struct wgc_nl *nl = script_open(&s, 0);
		struct wgc_arena *a = wgc_arena_new();
		struct wgc_device *d;

		script_family(&s);
		is_int(wgc_wg_get(nl, "wgtest-none", a, &d, NULL), -ENODATA);
		script_clear(&s);
		split_dump(0, 0x11);
		lens[part] = s.in[part]->len;
		for (size_t cut = 0; cut < lens[part]; cut++) {
			int r;

			s.next = 0;
			s.in[part]->cut = cut;
			r = wgc_wg_get(nl, "wgtest-none", a, &d, NULL);
			refused += r < 0;
			taken += !r;
			tried++;
		}
		script_done(nl);
		wgc_arena_free(a);
	}
	is_int(refused, tried);
	is_int(taken, 0);
	is_int(tried, lens[0] + lens[1]);
	ok(tried > 700);
}

/* Every attribute with its length made shorter: the decoder may not follow it outside. */
static void wrong_lengths(void)
{
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d;
	size_t refused = 0;

	script_family(&s);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, NULL), -ENODATA);
	for (size_t at = 16; at < 600; at += 4)
		for (unsigned value = 0; value < 80; value++) {
			uint16_t len = (uint16_t)(value < 40 ? value : 0xffff - value);

			script_clear(&s);
			split_dump(0, 0x11);
			memcpy(s.in[0]->data + at, &len, sizeof(len));
			refused += wgc_wg_get(nl, "wgtest-none", a, &d, NULL) < 0;
		}
	ok(refused > 1000);
	script_done(nl);
	wgc_arena_free(a);
}

/* A value of the wrong size is not half understood. */
static void wrong_sizes(void)
{
	static const struct {
		uint16_t type;
		size_t len;
	} device[] = {
		{ WGDEVICE_A_IFINDEX, 4 },     { WGDEVICE_A_PRIVATE_KEY, 32 }, { WGDEVICE_A_PUBLIC_KEY, 32 },
		{ WGDEVICE_A_LISTEN_PORT, 2 }, { WGDEVICE_A_FWMARK, 4 },
	}, peer[] = {
		{ WGPEER_A_PUBLIC_KEY, 32 },	    { WGPEER_A_PRESHARED_KEY, 32 },
		{ WGPEER_A_ENDPOINT, 16 },	    { WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 2 },
		{ WGPEER_A_LAST_HANDSHAKE_TIME, 16 }, { WGPEER_A_RX_BYTES, 8 },
		{ WGPEER_A_TX_BYTES, 8 },
	};
	static const uint8_t value[80] = { AF_INET };
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d;

	script_family(&s);
	ok(wgc_wg_kernel_available(nl));
	for (size_t i = 0; i < WGC_ARRAY_SIZE(device) + WGC_ARRAY_SIZE(peer); i++) {
		bool in_peer = i >= WGC_ARRAY_SIZE(device);
		size_t k = in_peer ? i - WGC_ARRAY_SIZE(device) : i, good = 0, right = in_peer ? peer[k].len : device[k].len;

		for (size_t len = 0; len < sizeof(value); len++) {
			struct nlattr *peers, *nest;
			struct nlmsghdr *nlh;
			int r;

			script_clear(&s);
			script_datagram(&s);
			nlh = device_msg(0);
			mnl_attr_put_strz(nlh, WGDEVICE_A_IFNAME, "wgtest-none");
			if (in_peer) {
				peers = mnl_attr_nest_start(nlh, WGDEVICE_A_PEERS);
				nest = mnl_attr_nest_start(nlh, 0);
				if (peer[k].type != WGPEER_A_PUBLIC_KEY)
					put_key(nlh, WGPEER_A_PUBLIC_KEY, 1);
				mnl_attr_put(nlh, peer[k].type, len, value);
				mnl_attr_nest_end(nlh, nest);
				mnl_attr_nest_end(nlh, peers);
			} else {
				mnl_attr_put(nlh, device[k].type, len, value);
			}
			script_end(&s);
			script_message_done(&s, 0);
			r = wgc_wg_get(nl, "wgtest-none", a, &d, NULL);
			good += len == right ? !r : r == -EBADMSG;
		}
		is_int(good, sizeof(value));
	}
	script_done(nl);
	wgc_arena_free(a);
}

static void refusals(void)
{
	static const struct {
		int error;
		enum wgc_code code;
		const char *msg;
	} v[] = {
		{ -EPERM, WGC_E_PERM, "cannot read 'wgtest-none': not permitted" },
		{ -ENODEV, WGC_E_NOT_UP, "cannot read 'wgtest-none': there is no such interface" },
		{ -EOPNOTSUPP, WGC_E_NOT_UP, "cannot read 'wgtest-none': it is not a WireGuard interface" },
		{ -EIO, WGC_E_KERNEL, "cannot read 'wgtest-none'" },
	};
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d = NULL;

	script_family(&s);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, NULL), -ENODATA);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		struct wgc_err err = WGC_ERR_INIT;

		script_clear(&s);
		script_acked(&s, v[i].error);
		is_int(wgc_wg_get(nl, "wgtest-none", a, &d, &err), v[i].error);
		is_int(err.code, v[i].code);
		is_int(err.sys, -v[i].error);
		is_str(err.msg, v[i].msg);
	}
	ok(!d);
	script_done(nl);
	wgc_arena_free(a);
}

/* A kernel without WireGuard: the link decides what is said. */
static void no_module(void)
{
	struct wgc_nl *nl = script_open(&s, 0);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d = NULL;
	struct wgc_err err = WGC_ERR_INIT;
	struct nlmsghdr *nlh;

	script_acked(&s, -ENOENT);
	ok(!wgc_wg_kernel_available(nl));
	script_acked(&s, -ENOENT);
	script_acked(&s, -ENODEV);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, &err), -ENODEV);
	is_int(err.code, WGC_E_NOT_UP);
	script_acked(&s, -ENOENT);
	script_datagram(&s);
	nlh = script_msg(RTM_NEWLINK, 0, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "wgtest-none");
	script_end(&s);
	script_acked(&s, 0);
	is_int(wgc_wg_get(nl, "wgtest-none", a, &d, &err), -EOPNOTSUPP);
	is_int(err.code, WGC_E_NOT_UP);
	is_int(s.next, s.n_in);
	/* Not remembered: the module may be loaded later. */
	script_family(&s);
	ok(wgc_wg_kernel_available(nl));
	script_done(nl);
	wgc_arena_free(a);
}

int main(void)
{
	merges();
	starts_again();
	captured();
	truncations();
	wrong_lengths();
	wrong_sizes();
	refusals();
	no_module();
	return tap_done();
}
