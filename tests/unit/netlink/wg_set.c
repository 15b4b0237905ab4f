// SPDX-License-Identifier: GPL-2.0
/* Configuring WireGuard devices: the bytes that go out, and what refusals say. */
#include <errno.h>
#include <string.h>

#include "unit/netlink/script.h"
#include "unit/tap.h"

#define IFNAME "wgtest-none"

static struct script s;

static struct wgc_nl *open_with_family(void)
{
	struct wgc_nl *nl = script_open(&s, 0);

	script_family(&s);
	ok(wgc_wg_kernel_available(nl));
	script_clear(&s);
	return nl;
}

static struct wgc_prefix prefix(const char *text)
{
	struct wgc_prefix p;

	if (wgc_prefix_parse(text, &p))
		abort();
	return p;
}

static struct wgc_key key(uint32_t n)
{
	struct wgc_key k = { .b = { 0xee } };

	memcpy(k.b + 1, &n, sizeof(n));
	return k;
}

/* ---- golden bytes ------------------------------------------------------------------ */

/* Written by another encoder, from the description in linux/wireguard.h. */
static const char golden_text[] =
	"5401000021000500020000000000000001010000100002007767746573742d6e"
	"6f6e650008000500010000002400030001010101010101010101010101010101"
	"01010101010101010101010101010101060006006cca0000080007006cca0000"
	"f4000880c0000080240001000202020202020202020202020202020202020202"
	"0202020202020202020202020800030002000000240002000303030303030303"
	"030303030303030303030303030303030303030303030303140004000200ca6c"
	"c000020100000000000000000600050019000000500009801c00008006000100"
	"02000000080002000a000000050003000800000030000080060001000a000000"
	"14000200fd000000000000000000000000000000050003000800000008000400"
	"0100000030000080240001000404040404040404040404040404040404040404"
	"0404040404040404040404040800030001000000";

static void golden(void)
{
	struct wgc_allowed_ip ips[] = {
		{ .prefix = prefix("10.0.0.0/8") },
		{ .prefix = prefix("fd00::/8"), .remove = true },
	};
	struct wgc_peer peers[2] = {
		{ .flags = WGC_PEER_REPLACE_ALLOWED_IPS | WGC_PEER_HAS_PRESHARED_KEY | WGC_PEER_HAS_KEEPALIVE, .keepalive = 25,
		  .allowed_ips = ips, .n_allowed_ips = 2,
		  .endpoint.in = { .sin_family = AF_INET, .sin_port = htons(51820), .sin_addr.s_addr = htonl(0xc0000201) } },
		{ .flags = WGC_PEER_REMOVE, .allowed_ips = ips, .n_allowed_ips = 2 }, /* of no use to one that goes */
	};
	struct wgc_device d = {
		.ifname = IFNAME,
		.flags = WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_LISTEN_PORT | WGC_DEVICE_HAS_FWMARK | WGC_DEVICE_REPLACE_PEERS,
		.listen_port = 51820, .fwmark = 0xca6c, .peers = peers, .n_peers = 2,
	};
	struct wgc_nl *nl = open_with_family();
	char *text;

	memset(d.private_key.b, 1, 32);
	memset(peers[0].public_key.b, 2, 32);
	memset(peers[0].preshared_key.b, 3, 32);
	memset(peers[1].public_key.b, 4, 32);
	script_acked(&s, 0);
	is_int(wgc_wg_set(nl, &d, NULL), 0);
	is_int(s.n_sent, 1);
	is_int(wgc_nl_changes(nl), 1);
	text = calloc(1, s.sent_len[0] * 2 + 1);
	for (size_t i = 0; i < s.sent_len[0]; i++)
		sprintf(text + 2 * i, "%02x", s.sent[0][i]);
	is_str(text, golden_text);
	free(text);
	script_done(nl);
}

/* Nothing to set is still a request: it says whether the device is there. */
static void empty(void)
{
	struct wgc_device d = { .ifname = IFNAME };
	struct wgc_nl *nl = open_with_family();

	script_acked(&s, 0);
	is_int(wgc_wg_set(nl, &d, NULL), 0);
	is_int(s.sent_len[0], 16 + 4 + 16);
	script_done(nl);
}

/* ---- splitting --------------------------------------------------------------------- */

/* What a kernel would have after the messages: counts, and the rules of splitting. */
struct seen {
	size_t peers, heads, ips, device_flags, keys, replaces, update_only;
	uint32_t last_peer, next_ip;
	bool in_order, head_first;
};

static void see_peer(struct seen *v, const struct nlattr *nest)
{
	const struct nlattr *a, *ip, *part;
	uint32_t number = 0, flags = 0;
	bool head = false;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case WGPEER_A_PUBLIC_KEY:
			memcpy(&number, (uint8_t *)mnl_attr_get_payload(a) + 1, 4);
			break;
		case WGPEER_A_FLAGS:
			flags = mnl_attr_get_u32(a);
			break;
		case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
			head = true;
			break;
		}
	}
	v->peers++;
	v->heads += head;
	v->replaces += !!(flags & WGPEER_F_REPLACE_ALLOWEDIPS);
	v->update_only += !!(flags & WGPEER_F_UPDATE_ONLY);
	if (head != (number != v->last_peer))
		v->head_first = false;
	if (number != v->last_peer)
		v->next_ip = 0;
	v->last_peer = number;
	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) != WGPEER_A_ALLOWEDIPS)
			continue;
		mnl_attr_for_each_nested(ip, a)
			mnl_attr_for_each_nested(part, ip)
				if (mnl_attr_get_type(part) == WGALLOWEDIP_A_IPADDR) {
					uint32_t at;

					memcpy(&at, mnl_attr_get_payload(part), 4);
					v->in_order &= ntohl(at) == v->next_ip++;
					v->ips++;
				}
	}
}

static struct seen see_all(void)
{
	struct seen v = { .in_order = true, .head_first = true };

	for (size_t i = 0; i < s.n_sent; i++) {
		const struct nlmsghdr *nlh = (const void *)s.sent[i];
		const struct nlattr *a, *peer;
		bool named = false;

		ok(mnl_nlmsg_ok(nlh, (int)s.sent_len[i]) && nlh->nlmsg_len == s.sent_len[i]);
		mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
			switch (mnl_attr_get_type(a)) {
			case WGDEVICE_A_IFNAME:
				named = !strcmp(mnl_attr_get_str(a), IFNAME);
				break;
			case WGDEVICE_A_FLAGS:
				v.device_flags++;
				break;
			case WGDEVICE_A_PRIVATE_KEY:
				v.keys++;
				break;
			case WGDEVICE_A_PEERS:
				mnl_attr_for_each_nested(peer, a)
					see_peer(&v, peer);
				break;
			}
		}
		ok(named);
	}
	return v;
}

static void splits(uint32_t n_peers, uint32_t n_ips, uint32_t flags)
{
	struct wgc_peer *peers = calloc(n_peers, sizeof(*peers));
	struct wgc_allowed_ip *ips = calloc(n_ips, sizeof(*ips));
	struct wgc_device d = {
		.ifname = IFNAME, .flags = WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_REPLACE_PEERS, .peers = peers, .n_peers = n_peers,
	};
	struct wgc_nl *nl = open_with_family();
	struct seen v;

	for (uint32_t i = 0; i < n_ips; i++) {
		uint32_t at = htonl(i);

		ips[i].prefix = (struct wgc_prefix){ .ip.family = AF_INET, .len = 32 };
		memcpy(ips[i].prefix.ip.b, &at, 4);
	}
	for (uint32_t i = 0; i < n_peers; i++)
		peers[i] = (struct wgc_peer){ .public_key = key(i + 1), .flags = flags | WGC_PEER_HAS_KEEPALIVE,
					      .allowed_ips = ips, .n_allowed_ips = n_ips };
	for (int i = 0; i < 4000; i++)
		script_acked(&s, 0);
	is_int(wgc_wg_set(nl, &d, NULL), 0);
	printf("# %u peers with %u allowed IPs each: %zu messages\n", n_peers, n_ips, s.n_sent);
	ok(s.n_sent > 1);
	v = see_all();
	is_int(v.device_flags, 1);
	is_int(v.keys, 1);
	is_int(v.heads, n_peers);
	is_int(v.ips, (size_t)n_peers * n_ips);
	ok(v.in_order);
	ok(v.head_first);
	is_int(v.replaces, flags & WGC_PEER_REPLACE_ALLOWED_IPS ? n_peers : 0);
	/* In every part: else the part would make the peer that may only be updated. */
	is_int(v.update_only, flags & WGC_PEER_UPDATE_ONLY ? v.peers : 0);
	free(peers);
	free(ips);
	script_done(nl);
}

/* The first part that fails ends it. */
static void stops(void)
{
	struct wgc_peer *peers = calloc(3000, sizeof(*peers));
	struct wgc_device d = { .ifname = IFNAME, .peers = peers, .n_peers = 3000 };
	struct wgc_nl *nl = open_with_family();
	struct wgc_err err = WGC_ERR_INIT;

	for (uint32_t i = 0; i < 3000; i++)
		peers[i] = (struct wgc_peer){ .public_key = key(i + 1), .at = { .line = 10 + i } };
	script_acked(&s, 0);
	script_acked(&s, -ENOMEM);
	is_int(wgc_wg_set(nl, &d, &err), -ENOMEM);
	is_int(s.n_sent, 2);
	ok(err.at.line > 11 && err.at.line < 3010);
	ok(strstr(err.msg, "of 3000"));
	printf("# %s; hint: %s\n", err.msg, err.hint);
	free(peers);
	script_done(nl);
}

/* ---- refusals ---------------------------------------------------------------------- */

static struct wgc_allowed_ip two_ips[2];
static struct wgc_peer one_peer = { .allowed_ips = two_ips, .n_allowed_ips = 2, .at = { .line = 20 }, .endpoint_at = { .line = 21 },
				    .flags = WGC_PEER_HAS_KEEPALIVE,
				    .endpoint.in = { .sin_family = AF_INET, .sin_port = 1 } };
static struct wgc_device whole = {
	.ifname = IFNAME,
	.flags = WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_LISTEN_PORT | WGC_DEVICE_HAS_FWMARK,
	.listen_port = 51820,
	.peers = &one_peer,
	.n_peers = 1,
	.private_key_at = { .line = 2 },
	.listen_port_at = { .line = 3, .col = 14, .len = 5 },
	.fwmark_at = { .line = 4 },
};

static void silent(void)
{
	struct wgc_nl *nl = open_with_family();
	struct wgc_err err = WGC_ERR_INIT;

	two_ips[0] = (struct wgc_allowed_ip){ .prefix = prefix("10.0.0.0/8"), .at = { .line = 22 } };
	two_ips[1] = (struct wgc_allowed_ip){ .prefix = prefix("10.0.0.0/9"), .at = { .line = 23 } };
	script_acked(&s, -EADDRINUSE);
	is_int(wgc_wg_set(nl, &whole, &err), -EADDRINUSE);
	is_int(err.code, WGC_E_KERNEL);
	is_int(err.at.line, 3);
	is_int(err.at.col, 14);
	is_str(err.msg, "cannot set listen port 51820 of '" IFNAME "': the port is taken");
	ok(strstr(err.hint, "sport = :51820"));
	is_str(err.kernel, "");

	script_acked(&s, -EPERM);
	is_int(wgc_wg_set(nl, &whole, &err), -EPERM);
	is_int(err.code, WGC_E_PERM);
	ok(strstr(err.hint, "CAP_NET_ADMIN"));
	is_int(err.at.line, 0);

	script_acked(&s, -ENODEV);
	is_int(wgc_wg_set(nl, &whole, &err), -ENODEV);
	is_int(err.code, WGC_E_NOT_UP);

	two_ips[1].remove = true;
	script_acked(&s, -EINVAL);
	is_int(wgc_wg_set(nl, &whole, &err), -EINVAL);
	ok(strstr(err.hint, "6.16"));
	two_ips[1].remove = false;
	script_done(nl);
}

/* Every attribute of the request blamed in turn: the nearest value before it is named. */
static void blamed(void)
{
	struct wgc_nl *nl = open_with_family();
	struct wgc_err err = WGC_ERR_INIT;
	unsigned seen[32] = { 0 };
	uint32_t last = 0;
	bool grows = true;
	size_t len;

	script_acked(&s, 0);
	is_int(wgc_wg_set(nl, &whole, NULL), 0);
	len = s.sent_len[0];
	for (uint32_t off = 16; off < len; off += 4) {
		struct nlmsghdr *nlh;

		script_clear(&s);
		script_datagram(&s);
		nlh = script_msg(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, 0, sizeof(struct nlmsgerr));
		((struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error = -EINVAL;
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no good");
		mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, off);
		script_end(&s);
		if (wgc_wg_set(nl, &whole, &err) != -EINVAL || strcmp(err.kernel, "no good") || err.at.line >= 32)
			break;
		seen[err.at.line]++;
		/* The private key stands behind two headers and the name. */
		if (off == 32 || off == 36)
			is_int(err.at.line, off == 36 ? 2 : 0);
		grows &= err.at.line >= last || err.at.line == 20; /* the keepalive has the peer's */
		last = err.at.line;
	}
	ok(grows);
	is_int(last, 23);
	is_int(seen[2], 9);  /* the private key: 36 bytes */
	is_int(seen[3], 2);  /* the port */
	ok(seen[4] && seen[20] && seen[21] && seen[22] && seen[23]);
	script_done(nl);
}

static void impossible(void)
{
	struct wgc_nl *nl = open_with_family();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_allowed_ip ip = { .prefix = prefix("10.0.0.0/8") };
	struct wgc_peer peer = { .allowed_ips = &ip, .n_allowed_ips = 1 };
	struct wgc_device d = { .ifname = IFNAME, .peers = &peer, .n_peers = 1 };

	ip.prefix.len = 33;
	is_int(wgc_wg_set(nl, &d, &err), -EINVAL);
	ip.prefix.ip.family = 0;
	is_int(wgc_wg_set(nl, &d, &err), -EINVAL);
	ip.prefix = prefix("::/0");
	peer.endpoint.sa.sa_family = AF_UNIX;
	is_int(wgc_wg_set(nl, &d, &err), -EAFNOSUPPORT);
	memset(d.ifname, 'x', sizeof(d.ifname));
	is_int(wgc_wg_set(nl, &d, &err), -ENODEV);
	is_int(s.n_sent, 0);
	script_done(nl);
}

int main(void)
{
	golden();
	empty();
	splits(3000, 3, WGC_PEER_REPLACE_ALLOWED_IPS);
	splits(1, 5000, WGC_PEER_REPLACE_ALLOWED_IPS);
	splits(5, 3000, WGC_PEER_UPDATE_ONLY);
	splits(4000, 0, 0);
	stops();
	silent();
	blamed();
	impossible();
	return tap_done();
}
