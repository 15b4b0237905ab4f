// SPDX-License-Identifier: GPL-2.0
/* The model's generic netlink: the controller, and WireGuard devices. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>

#include "fake/kernel.h"

#define FAMILY 42
/* Few, so that nearly every peer is split over messages. */
#define IPS_A_MESSAGE 3

struct fake_device *fake_device_find(struct fake *f, uint32_t ifindex)
{
	for (unsigned i = 0; i < f->s->n_devices; i++)
		if (f->s->devices[i].ifindex == ifindex)
			return &f->s->devices[i];
	return NULL;
}

int fake_device_add(struct fake *f, uint32_t ifindex)
{
	struct fake_state *s = f->s;

	if (s->n_devices == FAKE_DEVICES)
		return -ENOMEM;
	memset(&s->devices[s->n_devices], 0, sizeof(s->devices[0]));
	s->devices[s->n_devices++].ifindex = ifindex;
	return 0;
}

void fake_device_drop(struct fake *f, uint32_t ifindex)
{
	struct fake_device *d = fake_device_find(f, ifindex);

	if (d)
		fake_drop(f->s->devices, f->s->n_devices, d - f->s->devices);
}

/* ---- get ----------------------------------------------------------------------- */

static struct nlmsghdr *begin_device(struct fake_answer *a, const struct fake_device *d, const struct wgc_link *l)
{
	struct nlmsghdr *nlh = fake_message(a, FAMILY, sizeof(struct genlmsghdr));

	((struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->cmd = WG_CMD_GET_DEVICE;
	mnl_attr_put_u32(nlh, WGDEVICE_A_IFINDEX, d->ifindex);
	mnl_attr_put_strz(nlh, WGDEVICE_A_IFNAME, l->ifname);
	return nlh;
}

static void put_ips(struct nlmsghdr *nlh, const struct fake_peer *p, unsigned from, unsigned to)
{
	struct nlattr *list = mnl_attr_nest_start(nlh, WGPEER_A_ALLOWEDIPS), *one;

	for (; from < to; from++) {
		const struct wgc_prefix *x = &p->ips[from];

		one = mnl_attr_nest_start(nlh, 0);
		mnl_attr_put_u16(nlh, WGALLOWEDIP_A_FAMILY, x->ip.family);
		mnl_attr_put(nlh, WGALLOWEDIP_A_IPADDR, wgc_ip_bits(&x->ip) / 8, x->ip.b);
		mnl_attr_put_u8(nlh, WGALLOWEDIP_A_CIDR_MASK, x->len);
		mnl_attr_nest_end(nlh, one);
	}
	mnl_attr_nest_end(nlh, list);
}

static int dump_device(struct fake_answer *a, const struct fake_device *d, const struct wgc_link *l)
{
	struct nlmsghdr *nlh = begin_device(a, d, l);
	struct wgc_key public_key;

	wgc_key_public(&d->private_key, &public_key);
	if (!wgc_key_is_zero(&d->private_key)) {
		mnl_attr_put(nlh, WGDEVICE_A_PRIVATE_KEY, WGC_KEY_LEN, d->private_key.b);
		mnl_attr_put(nlh, WGDEVICE_A_PUBLIC_KEY, WGC_KEY_LEN, public_key.b);
	}
	mnl_attr_put_u16(nlh, WGDEVICE_A_LISTEN_PORT, d->port);
	mnl_attr_put_u32(nlh, WGDEVICE_A_FWMARK, d->fwmark);
	for (unsigned i = 0; i < d->n_peers; i++) {
		const struct fake_peer *p = &d->peers[i];
		unsigned ip = 0;

		do {
			unsigned to = p->n_ips < ip + IPS_A_MESSAGE ? p->n_ips : ip + IPS_A_MESSAGE;
			struct nlattr *peers, *one;

			/* Every piece in a message of its own, the first with the device. */
			if (i || ip)
				nlh = begin_device(a, d, l);
			peers = mnl_attr_nest_start(nlh, WGDEVICE_A_PEERS);
			one = mnl_attr_nest_start(nlh, 0);
			mnl_attr_put(nlh, WGPEER_A_PUBLIC_KEY, WGC_KEY_LEN, p->public_key.b);
			if (!ip) {
				mnl_attr_put(nlh, WGPEER_A_PRESHARED_KEY, WGC_KEY_LEN, p->preshared_key.b);
				mnl_attr_put_u16(nlh, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, p->keepalive);
				if (p->endpoint.sa.sa_family)
					mnl_attr_put(nlh, WGPEER_A_ENDPOINT, wgc_sockaddr_len(&p->endpoint), &p->endpoint);
			}
			put_ips(nlh, p, ip, to);
			mnl_attr_nest_end(nlh, one);
			mnl_attr_nest_end(nlh, peers);
			ip = to;
		} while (ip < p->n_ips);
	}
	return 0;
}

/* ---- set ----------------------------------------------------------------------- */

static bool attr_key(const struct nlattr *a, struct wgc_key *ret)
{
	if (mnl_attr_get_payload_len(a) != WGC_KEY_LEN)
		return false;
	memcpy(ret->b, mnl_attr_get_payload(a), WGC_KEY_LEN);
	return true;
}

static uint16_t attr_u16(const struct nlattr *a)
{
	uint16_t v = 0;

	if (mnl_attr_get_payload_len(a) == sizeof(v))
		memcpy(&v, mnl_attr_get_payload(a), sizeof(v));
	return v;
}

/* An allowed IP belongs to one peer of a device: the last that asked. */
static int give_ip(struct fake_device *d, struct fake_peer *p, const struct wgc_prefix *x)
{
	struct wgc_prefix masked = wgc_prefix_masked(x);

	for (unsigned i = 0; i < d->n_peers; i++)
		for (unsigned k = d->peers[i].n_ips; k--;)
			if (wgc_prefix_equal(&d->peers[i].ips[k], &masked))
				fake_drop(d->peers[i].ips, d->peers[i].n_ips, k);
	if (p->n_ips == FAKE_IPS)
		return -ENOMEM;
	p->ips[p->n_ips++] = masked;
	return 0;
}

static int set_ips(struct fake_device *d, struct fake_peer *p, const struct nlattr *list)
{
	const struct nlattr *one, *a, *ip;
	int r;

	mnl_attr_for_each_nested(one, list) {
		struct wgc_prefix x = { .len = 255 };
		uint16_t family = 0;

		ip = NULL;
		mnl_attr_for_each_nested(a, one) {
			if (mnl_attr_get_type(a) == WGALLOWEDIP_A_FAMILY)
				family = attr_u16(a);
			else if (mnl_attr_get_type(a) == WGALLOWEDIP_A_CIDR_MASK)
				x.len = *(const uint8_t *)mnl_attr_get_payload(a);
			else if (mnl_attr_get_type(a) == WGALLOWEDIP_A_IPADDR)
				ip = a;
			else
				return -EINVAL;
		}
		if (!ip || (family != AF_INET && family != AF_INET6) || !attr_ip(ip, (uint8_t)family, &x.ip) ||
		    x.len > wgc_ip_bits(&x.ip))
			return -EINVAL;
		r = give_ip(d, p, &x);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct fake_peer *peer_of(struct fake_device *d, const struct wgc_key *key)
{
	for (unsigned i = 0; i < d->n_peers; i++)
		if (wgc_key_equal(&d->peers[i].public_key, key))
			return &d->peers[i];
	return NULL;
}

static int set_peer(struct fake_device *d, const struct nlattr *nest)
{
	const struct nlattr *a, *v[WGPEER_A_MAX + 1] = { NULL };
	struct wgc_key key;
	struct fake_peer *p;
	uint32_t flags;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) > WGPEER_A_MAX)
			return -EINVAL;
		v[mnl_attr_get_type(a)] = a;
	}
	if (!v[WGPEER_A_PUBLIC_KEY] || !attr_key(v[WGPEER_A_PUBLIC_KEY], &key))
		return -EINVAL;
	flags = v[WGPEER_A_FLAGS] ? attr_u32(v[WGPEER_A_FLAGS]) : 0;
	p = peer_of(d, &key);
	if (flags & WGPEER_F_REMOVE_ME) {
		if (p)
			fake_drop(d->peers, d->n_peers, p - d->peers);
		return 0;
	}
	if (!p && flags & WGPEER_F_UPDATE_ONLY)
		return 0;
	if (!p) {
		if (d->n_peers == FAKE_PEERS)
			return -ENOMEM;
		p = &d->peers[d->n_peers++];
		memset(p, 0, sizeof(*p));
		p->public_key = key;
	}
	if (v[WGPEER_A_PRESHARED_KEY] && !attr_key(v[WGPEER_A_PRESHARED_KEY], &p->preshared_key))
		return -EINVAL;
	if (v[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL])
		p->keepalive = attr_u16(v[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	if (v[WGPEER_A_ENDPOINT]) {
		size_t len = mnl_attr_get_payload_len(v[WGPEER_A_ENDPOINT]);

		if (len != sizeof(p->endpoint.in) && len != sizeof(p->endpoint.in6))
			return -EINVAL;
		memset(&p->endpoint, 0, sizeof(p->endpoint));
		memcpy(&p->endpoint, mnl_attr_get_payload(v[WGPEER_A_ENDPOINT]), len);
	}
	if (flags & WGPEER_F_REPLACE_ALLOWEDIPS)
		p->n_ips = 0;
	return v[WGPEER_A_ALLOWEDIPS] ? set_ips(d, p, v[WGPEER_A_ALLOWEDIPS]) : 0;
}

/* Not atomic, like the real one: what was set before a mistake stays. */
static int set_device(struct fake_device *d, const struct nlattr *const *v)
{
	const struct nlattr *nest;
	int r;

	if (v[WGDEVICE_A_FLAGS] && attr_u32(v[WGDEVICE_A_FLAGS]) & WGDEVICE_F_REPLACE_PEERS)
		d->n_peers = 0;
	if (v[WGDEVICE_A_FWMARK])
		d->fwmark = attr_u32(v[WGDEVICE_A_FWMARK]);
	if (v[WGDEVICE_A_LISTEN_PORT])
		d->port = attr_u16(v[WGDEVICE_A_LISTEN_PORT]);
	if (v[WGDEVICE_A_PRIVATE_KEY] && !attr_key(v[WGDEVICE_A_PRIVATE_KEY], &d->private_key))
		return -EINVAL;
	if (!v[WGDEVICE_A_PEERS])
		return 0;
	mnl_attr_for_each_nested(nest, v[WGDEVICE_A_PEERS]) {
		r = set_peer(d, nest);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- requests --------------------------------------------------------------------- */

static int controller(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	char name[32] = "";

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME)
			attr_str(attr, name, sizeof(name));
	if (strcmp(name, WG_GENL_NAME) || a->f->s->no_wireguard)
		return -ENOENT;
	nlh = fake_message(a, GENL_ID_CTRL, sizeof(struct genlmsghdr));
	((struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->cmd = CTRL_CMD_NEWFAMILY;
	mnl_attr_put_strz((struct nlmsghdr *)nlh, CTRL_ATTR_FAMILY_NAME, name);
	mnl_attr_put_u16((struct nlmsghdr *)nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	return 0;
}

int fake_generic(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr, *v[WGDEVICE_A_MAX + 1] = { NULL };
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);
	struct wgc_link *l = NULL;
	struct fake_device *d;
	char ifname[64] = "";

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*g))
		return -EINVAL;
	if (nlh->nlmsg_type == GENL_ID_CTRL)
		return g->cmd == CTRL_CMD_GETFAMILY ? controller(a, nlh) : -EOPNOTSUPP;
	if (nlh->nlmsg_type != FAMILY || a->f->s->no_wireguard)
		return -ENOENT;
	mnl_attr_for_each(attr, nlh, sizeof(*g)) {
		if (mnl_attr_get_type(attr) > WGDEVICE_A_MAX)
			return -EINVAL;
		v[mnl_attr_get_type(attr)] = attr;
	}
	if (v[WGDEVICE_A_IFNAME]) {
		attr_str(v[WGDEVICE_A_IFNAME], ifname, sizeof(ifname));
		l = link_named(a->f, ifname);
	} else if (v[WGDEVICE_A_IFINDEX]) {
		l = fake_link_find(a->f, attr_u32(v[WGDEVICE_A_IFINDEX]));
	} else {
		return -EBADR;
	}
	if (!l)
		return -ENODEV;
	d = fake_device_find(a->f, l->ifindex);
	if (!d)
		return -EOPNOTSUPP;
	if (g->cmd == WG_CMD_GET_DEVICE)
		return a->dump ? dump_device(a, d, l) : -EOPNOTSUPP;
	return g->cmd == WG_CMD_SET_DEVICE ? set_device(d, v) : -EOPNOTSUPP;
}
