// SPDX-License-Identifier: GPL-2.0
/*
 * GET_DEVICE. The kernel may end a message in the middle of a peer; the next
 * one begins with the same key and only the allowed IPs that are left.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <string.h>

#include "netlink/internal.h"

struct reader {
	struct wgc_arena *a;
	struct wgc_device *d;
	uint16_t family;
};

static bool get_key(const struct nlattr *a, struct wgc_key *ret)
{
	if (mnl_attr_get_payload_len(a) != sizeof(ret->b))
		return false;
	memcpy(ret->b, mnl_attr_get_payload(a), sizeof(ret->b));
	return true;
}

static bool get_endpoint(const struct nlattr *a, union wgc_sockaddr *ret)
{
	size_t len = mnl_attr_get_payload_len(a);
	union wgc_sockaddr sa = { 0 };

	if (len != sizeof(sa.in) && len != sizeof(sa.in6))
		return false;
	memcpy(&sa, mnl_attr_get_payload(a), len);
	if (!(sa.sa.sa_family == AF_INET && len == sizeof(sa.in)) && !(sa.sa.sa_family == AF_INET6 && len == sizeof(sa.in6)))
		return false;
	*ret = sa;
	return true;
}

static bool get_time(const struct nlattr *a, struct timespec *ret)
{
	int64_t t[2];

	if (mnl_attr_get_payload_len(a) != sizeof(t))
		return false;
	memcpy(t, mnl_attr_get_payload(a), sizeof(t));
	ret->tv_sec = t[0];
	ret->tv_nsec = t[1];
	return true;
}

static int take_allowed_ip(struct reader *rd, struct wgc_peer *peer, const struct nlattr *nest)
{
	struct wgc_allowed_ip ip = { 0 }, *out;
	const struct nlattr *a, *addr = NULL;
	uint16_t family = AF_UNSPEC;
	bool good = true, masked = false;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case WGALLOWEDIP_A_FAMILY:
			good &= wgc_nl_get_u16(a, &family);
			break;
		case WGALLOWEDIP_A_IPADDR:
			addr = a;
			break;
		case WGALLOWEDIP_A_CIDR_MASK:
			good &= masked = wgc_nl_get_u8(a, &ip.prefix.len);
			break;
		}
	}
	if (!good || !masked || !addr || family > UINT8_MAX || !wgc_nl_get_ip(addr, (uint8_t)family, &ip.prefix.ip) ||
	    ip.prefix.len > wgc_ip_bits(&ip.prefix.ip))
		return -EBADMSG;
	out = wgc_peer_add_allowed_ip(rd->a, peer);
	if (!out)
		return peer->n_allowed_ips == UINT32_MAX ? -E2BIG : -ENOMEM;
	*out = ip;
	return 0;
}

static const struct nlattr *find_key(const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) == WGPEER_A_PUBLIC_KEY)
			return a;
	return NULL;
}

static int take_peer(struct reader *rd, const struct nlattr *nest)
{
	const struct nlattr *a = find_key(nest), *ip;
	struct wgc_device *d = rd->d;
	struct wgc_peer *peer = d->n_peers ? &d->peers[d->n_peers - 1] : NULL;
	struct wgc_key key;
	bool good = true;
	int r;

	if (!a || !get_key(a, &key))
		return -EBADMSG;
	if (!peer || memcmp(peer->public_key.b, key.b, sizeof(key.b))) {
		peer = wgc_arena_push(rd->a, &d->peers, &d->n_peers, &d->cap_peers, sizeof(*peer));
		if (!peer)
			return -ENOMEM;
		peer->public_key = key;
	}
	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case WGPEER_A_PRESHARED_KEY:
			good = get_key(a, &peer->preshared_key);
			if (good && !wgc_key_is_zero(&peer->preshared_key))
				peer->flags |= WGC_PEER_HAS_PRESHARED_KEY;
			break;
		case WGPEER_A_ENDPOINT:
			good = get_endpoint(a, &peer->endpoint);
			break;
		case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
			good = wgc_nl_get_u16(a, &peer->keepalive);
			if (peer->keepalive)
				peer->flags |= WGC_PEER_HAS_KEEPALIVE;
			break;
		case WGPEER_A_LAST_HANDSHAKE_TIME:
			good = get_time(a, &peer->last_handshake);
			break;
		case WGPEER_A_RX_BYTES:
			good = wgc_nl_get_u64(a, &peer->rx_bytes);
			break;
		case WGPEER_A_TX_BYTES:
			good = wgc_nl_get_u64(a, &peer->tx_bytes);
			break;
		case WGPEER_A_ALLOWEDIPS:
			mnl_attr_for_each_nested(ip, a) {
				r = take_allowed_ip(rd, peer, ip);
				if (r)
					return r;
			}
			break;
		}
		if (!good)
			return -EBADMSG;
	}
	return 0;
}

static int take_device(const struct nlmsghdr *nlh, void *arg)
{
	struct reader *rd = arg;
	struct wgc_device *d = rd->d;
	const struct nlattr *a, *nest;
	bool good = true;
	int r;

	if (nlh->nlmsg_type != rd->family || mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EBADMSG;
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case WGDEVICE_A_IFINDEX:
			good = wgc_nl_get_u32(a, &d->ifindex);
			break;
		case WGDEVICE_A_IFNAME:
			good = wgc_nl_get_str(a, d->ifname, sizeof(d->ifname));
			break;
		case WGDEVICE_A_PRIVATE_KEY:
			good = get_key(a, &d->private_key);
			if (good && !wgc_key_is_zero(&d->private_key))
				d->flags |= WGC_DEVICE_HAS_PRIVATE_KEY;
			break;
		case WGDEVICE_A_PUBLIC_KEY:
			good = get_key(a, &d->public_key);
			if (good && !wgc_key_is_zero(&d->public_key))
				d->flags |= WGC_DEVICE_HAS_PUBLIC_KEY;
			break;
		case WGDEVICE_A_LISTEN_PORT:
			good = wgc_nl_get_u16(a, &d->listen_port);
			d->flags |= WGC_DEVICE_HAS_LISTEN_PORT;
			break;
		case WGDEVICE_A_FWMARK:
			good = wgc_nl_get_u32(a, &d->fwmark);
			d->flags |= WGC_DEVICE_HAS_FWMARK;
			break;
		case WGDEVICE_A_PEERS:
			mnl_attr_for_each_nested(nest, a) {
				r = take_peer(rd, nest);
				if (r)
					return r;
			}
			break;
		}
		if (!good)
			return -EBADMSG;
	}
	return 0;
}

/* Begin again in the same arena; what was read stays there until it goes. */
static void reset(void *arg)
{
	struct reader *rd = arg;

	wgc_wipe(rd->d, sizeof(*rd->d));
}

int wgc_wg_kernel_get(struct wgc_nl *nl, uint16_t family, const char *ifname, struct wgc_arena *a, struct wgc_device **ret,
		      struct wgc_err *err)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct reader rd = { .a = a, .family = family };
	struct wgc_nl_fault fault;
	struct genlmsghdr *g;
	int r;

	rd.d = wgc_arena_alloc(a, sizeof(*rd.d));
	if (!rd.d)
		return wgc_err_nomem(err);
	nlh->nlmsg_type = family;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = WG_CMD_GET_DEVICE;
	g->version = WG_GENL_VERSION;
	mnl_attr_put_strz(nlh, WGDEVICE_A_IFNAME, ifname);
	r = wgc_nl_dump(nl, NETLINK_GENERIC, nlh, take_device, reset, &rd, &fault);
	if (!r && !rd.d->ifname[0])
		r = wgc_nl_fault_set(&fault, -EBADMSG);
	/* The module was unloaded meanwhile: ask for the family again next time. */
	if (r == -ENOENT)
		nl->wg_family = 0;
	if (r)
		return wgc_nl_explain(err, WGC_OP_WG_GET, &fault, "cannot read '%s'", ifname);
	*ret = rd.d;
	return 0;
}
