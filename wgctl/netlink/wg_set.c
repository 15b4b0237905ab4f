// SPDX-License-Identifier: GPL-2.0
/*
 * SET_DEVICE, in as many messages as it takes. What replaces or clears goes
 * into the first message that mentions its object only: repeated, it would
 * throw away what the messages before have set.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/internal.h"

/* Since Linux 6.16; older headers do not have them. */
#define ALLOWEDIP_A_FLAGS 4
#define ALLOWEDIP_F_REMOVE_ME 1

/* Stays well below the 64 KiB that one attribute, the list of peers, can hold. */
#define FRAGMENT 32768

/* Where the next message goes on. */
struct cursor {
	size_t peer;
	uint32_t ip;
	bool begun; /* that peer's own attributes have been sent */
};

struct fragment {
	struct nlmsghdr *nlh;
	struct wgc_nl_spans spans;
	int error; /* -ENOMEM while recording spans */
	bool removal; /* it takes single allowed IPs away */
};

static void at(struct fragment *f, struct wgc_span span)
{
	int r = span.line ? wgc_nl_span_add(&f->spans, f->nlh, span) : 0;

	if (r)
		f->error = r;
}

static bool put(struct fragment *f, uint16_t type, const void *data, size_t len)
{
	return mnl_attr_put_check(f->nlh, FRAGMENT, type, len, data);
}

static bool put_u32(struct fragment *f, uint16_t type, uint32_t v)
{
	return put(f, type, &v, sizeof(v));
}

static bool put_u16(struct fragment *f, uint16_t type, uint16_t v)
{
	return put(f, type, &v, sizeof(v));
}

static void put_device(struct fragment *f, const struct wgc_device *d, bool first)
{
	mnl_attr_put_strz(f->nlh, WGDEVICE_A_IFNAME, d->ifname);
	if (!first)
		return;
	if (d->flags & WGC_DEVICE_REPLACE_PEERS)
		put_u32(f, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
	if (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY) {
		at(f, d->private_key_at);
		put(f, WGDEVICE_A_PRIVATE_KEY, d->private_key.b, WGC_KEY_LEN);
	}
	if (d->flags & WGC_DEVICE_HAS_LISTEN_PORT) {
		at(f, d->listen_port_at);
		put_u16(f, WGDEVICE_A_LISTEN_PORT, d->listen_port);
	}
	if (d->flags & WGC_DEVICE_HAS_FWMARK) {
		at(f, d->fwmark_at);
		put_u32(f, WGDEVICE_A_FWMARK, d->fwmark);
	}
}

/* All of it, or nothing. */
static bool put_allowed_ip(struct fragment *f, const struct wgc_allowed_ip *ip)
{
	uint32_t start = f->nlh->nlmsg_len;
	struct nlattr *nest;
	uint32_t flags = ALLOWEDIP_F_REMOVE_ME;
	bool fits;

	at(f, ip->at);
	nest = mnl_attr_nest_start_check(f->nlh, FRAGMENT, 0);
	fits = nest && put_u16(f, WGALLOWEDIP_A_FAMILY, ip->prefix.ip.family) &&
	       wgc_nl_put_ip(f->nlh, FRAGMENT, WGALLOWEDIP_A_IPADDR, &ip->prefix.ip) &&
	       put(f, WGALLOWEDIP_A_CIDR_MASK, &ip->prefix.len, 1) &&
	       (!ip->remove || put(f, ALLOWEDIP_A_FLAGS, &flags, sizeof(flags)));
	if (!fits) {
		f->nlh->nlmsg_len = start;
		return false;
	}
	mnl_attr_nest_end(f->nlh, nest);
	f->removal |= ip->remove;
	return true;
}

/* The part of a peer that is sent once. */
static bool put_peer_head(struct fragment *f, const struct wgc_peer *p)
{
	uint32_t flags = 0;
	bool fits;

	if (p->flags & WGC_PEER_REMOVE)
		flags |= WGPEER_F_REMOVE_ME;
	if (p->flags & WGC_PEER_UPDATE_ONLY)
		flags |= WGPEER_F_UPDATE_ONLY;
	if (p->flags & WGC_PEER_REPLACE_ALLOWED_IPS)
		flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
	fits = put(f, WGPEER_A_PUBLIC_KEY, p->public_key.b, WGC_KEY_LEN) && (!flags || put_u32(f, WGPEER_A_FLAGS, flags));
	if (p->flags & WGC_PEER_REMOVE)
		return fits;
	if (p->flags & WGC_PEER_HAS_PRESHARED_KEY)
		fits = fits && put(f, WGPEER_A_PRESHARED_KEY, p->preshared_key.b, WGC_KEY_LEN);
	if (p->endpoint.sa.sa_family) {
		at(f, p->endpoint_at);
		fits = fits && put(f, WGPEER_A_ENDPOINT, &p->endpoint, wgc_sockaddr_len(&p->endpoint));
	}
	if (p->flags & WGC_PEER_HAS_KEEPALIVE) {
		at(f, p->at);
		fits = fits && put_u16(f, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, p->keepalive);
	}
	return fits;
}

/* A peer that an earlier message has begun. One that may only be updated must not be made now either. */
static bool put_peer_again(struct fragment *f, const struct wgc_peer *p)
{
	return put(f, WGPEER_A_PUBLIC_KEY, p->public_key.b, WGC_KEY_LEN) &&
	       (!(p->flags & WGC_PEER_UPDATE_ONLY) || put_u32(f, WGPEER_A_FLAGS, WGPEER_F_UPDATE_ONLY));
}

/* True when all of the peer at @c is in the message (@c is then at the next). */
static bool put_peer(struct fragment *f, const struct wgc_device *d, struct cursor *c)
{
	const struct wgc_peer *p = &d->peers[c->peer];
	uint32_t n = p->flags & WGC_PEER_REMOVE ? 0 : p->n_allowed_ips;
	uint32_t start = f->nlh->nlmsg_len;
	size_t spans = f->spans.n;
	struct nlattr *nest, *ips = NULL;
	uint32_t ip = c->ip;

	at(f, p->at);
	nest = mnl_attr_nest_start_check(f->nlh, FRAGMENT, 0);
	if (!nest || !(c->begun ? put_peer_again(f, p) : put_peer_head(f, p)))
		goto no_room;
	if (ip < n) {
		ips = mnl_attr_nest_start_check(f->nlh, FRAGMENT, WGPEER_A_ALLOWEDIPS);
		if (!ips)
			goto no_room;
		while (ip < n && put_allowed_ip(f, &p->allowed_ips[ip]))
			ip++;
		/* Its key alone would say nothing yet. */
		if (ip == c->ip)
			goto no_room;
		mnl_attr_nest_end(f->nlh, ips);
	}
	mnl_attr_nest_end(f->nlh, nest);
	c->begun = true;
	c->ip = ip;
	if (ip < n)
		return false;
	*c = (struct cursor){ .peer = c->peer + 1 };
	return true;
no_room:
	f->nlh->nlmsg_len = start;
	f->spans.n = spans;
	return false;
}

static void put_peers(struct fragment *f, const struct wgc_device *d, struct cursor *c)
{
	struct nlattr *nest;

	if (c->peer == d->n_peers)
		return;
	nest = mnl_attr_nest_start(f->nlh, WGDEVICE_A_PEERS);
	while (c->peer < d->n_peers && put_peer(f, d, c))
		;
	mnl_attr_nest_end(f->nlh, nest);
}

/* ---- what went wrong ------------------------------------------------------------- */

static int explain(const struct wgc_device *d, const struct fragment *f, const struct wgc_nl_fault *fault, bool first,
		   size_t from, size_t to, struct wgc_err *err)
{
	struct wgc_span span = wgc_nl_span_find(&f->spans, fault);

	if (fault->error == -EADDRINUSE && first && d->flags & WGC_DEVICE_HAS_LISTEN_PORT) {
		wgc_nl_explain(err, WGC_OP_WG_SET, fault, "cannot set listen port %u of '%s'", d->listen_port, d->ifname);
		wgc_err_hint(err, "another socket owns udp/%u; see `ss -ulpn 'sport = :%u'`, or set ListenPort = 0",
			     d->listen_port, d->listen_port);
		span = d->listen_port_at;
	} else if (to > from && to - from < d->n_peers) {
		/* The kernel does not say which peer; the message does, roughly. */
		wgc_nl_explain(err, WGC_OP_WG_SET, fault, "cannot configure '%s' (at peer %zu to %zu of %zu)", d->ifname,
			       from + 1, to, d->n_peers);
		if (!span.line)
			span = d->peers[from].at;
	} else {
		wgc_nl_explain(err, WGC_OP_WG_SET, fault, "cannot configure '%s'", d->ifname);
	}
	if (f->removal && (fault->error == -EINVAL || fault->error == -EOPNOTSUPP))
		wgc_err_hint(err, "this kernel may be too old to take single allowed IPs away (Linux 6.16 can)");
	if (err)
		err->at = span;
	return fault->error;
}

static int check(const struct wgc_device *d, struct wgc_err *err)
{
	for (size_t i = 0; i < d->n_peers; i++) {
		const struct wgc_peer *p = &d->peers[i];
		int family = p->endpoint.sa.sa_family;

		if (family && family != AF_INET && family != AF_INET6) {
			wgc_err_set(err, WGC_E_INTERNAL, EAFNOSUPPORT, "peer %zu has an endpoint of an unknown family", i + 1);
			return -EAFNOSUPPORT;
		}
		for (uint32_t k = 0; k < p->n_allowed_ips; k++) {
			const struct wgc_prefix *x = &p->allowed_ips[k].prefix;

			if ((x->ip.family == AF_INET || x->ip.family == AF_INET6) && x->len <= wgc_ip_bits(&x->ip))
				continue;
			return wgc_err_set(err, WGC_E_INTERNAL, EINVAL, "peer %zu has an impossible allowed IP", i + 1);
		}
	}
	return 0;
}

int wgc_wg_kernel_set(struct wgc_nl *nl, uint16_t family, const struct wgc_device *d, struct wgc_err *err)
{
	struct fragment f = { 0 };
	struct cursor c = { 0 };
	struct wgc_nl_fault fault;
	bool first = true;
	uint8_t *buf;
	int r = check(d, err);

	if (r)
		return r;
	buf = malloc(FRAGMENT);
	if (!buf)
		return wgc_err_nomem(err);
	do {
		struct genlmsghdr *g;
		size_t from = c.peer, to;

		memset(buf, 0, FRAGMENT);
		f.nlh = mnl_nlmsg_put_header(buf);
		f.spans.n = 0;
		f.removal = false;
		f.nlh->nlmsg_type = family;
		g = mnl_nlmsg_put_extra_header(f.nlh, sizeof(*g));
		g->cmd = WG_CMD_SET_DEVICE;
		g->version = WG_GENL_VERSION;
		put_device(&f, d, first);
		put_peers(&f, d, &c);
		if (f.error) {
			r = wgc_err_nomem(err);
			break;
		}
		to = c.begun ? c.peer + 1 : c.peer;
		r = wgc_nl_call(nl, NETLINK_GENERIC, f.nlh, NULL, NULL, &fault);
		if (r == -ENOENT)
			nl->wg_family = 0;
		if (r)
			explain(d, &f, &fault, first, from, to, err);
		first = false;
	} while (!r && c.peer < d->n_peers);
	wgc_wipe(buf, FRAGMENT);
	free(buf);
	wgc_nl_spans_done(&f.spans);
	return r;
}
