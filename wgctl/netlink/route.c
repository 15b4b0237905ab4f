// SPDX-License-Identifier: GPL-2.0
/*
 * Routes, directly with libmnl: they come by the ten thousand, and libnl makes
 * half a dozen allocations of each.
 */
#include <errno.h>
#include <string.h>

#include "netlink/internal.h"

/* ---- changing ---------------------------------------------------------------- */

static int build(const void *v, size_t i, struct nlmsghdr *nlh, size_t room, uint16_t type, uint16_t flags)
{
	const struct wgc_route *r = (const struct wgc_route *)v + i;
	const struct wgc_ip *ip = &r->dst.ip;
	struct nlattr *nest;
	struct rtmsg *rtm;
	bool fits = true;

	if ((ip->family != AF_INET && ip->family != AF_INET6) || r->dst.len > wgc_ip_bits(ip))
		return -EINVAL;
	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = ip->family;
	rtm->rtm_dst_len = r->dst.len;
	rtm->rtm_table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT;
	rtm->rtm_protocol = r->protocol;
	/* "Nowhere" matches any scope, which only deletion knows. */
	rtm->rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : r->scope;
	rtm->rtm_type = r->type;
	fits &= wgc_nl_put_ip(nlh, room, RTA_DST, ip);
	fits &= mnl_attr_put_u32_check(nlh, room, RTA_TABLE, r->table);
	if (r->oif)
		fits &= mnl_attr_put_u32_check(nlh, room, RTA_OIF, r->oif);
	if (r->metric)
		fits &= mnl_attr_put_u32_check(nlh, room, RTA_PRIORITY, r->metric);
	if (r->mtu && type == RTM_NEWROUTE) {
		nest = mnl_attr_nest_start_check(nlh, room, RTA_METRICS);
		fits &= nest && mnl_attr_put_u32_check(nlh, room, RTAX_MTU, r->mtu);
		if (nest)
			mnl_attr_nest_end(nlh, nest);
	}
	return fits ? 0 : -EMSGSIZE;
}

static int build_add(const void *v, size_t i, struct nlmsghdr *nlh, size_t room)
{
	return build(v, i, nlh, room, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
}

static int build_delete(const void *v, size_t i, struct nlmsghdr *nlh, size_t room)
{
	return build(v, i, nlh, room, RTM_DELROUTE, 0);
}

static void name(const char *verb, const void *v, size_t i, char *out, size_t cap)
{
	const struct wgc_route *r = (const struct wgc_route *)v + i;
	char text[WGC_PREFIX_TEXT];

	wgc_prefix_print(&r->dst, text);
	if (r->table == RT_TABLE_MAIN)
		snprintf(out, cap, "cannot %s route %s", verb, text);
	else
		snprintf(out, cap, "cannot %s route %s in table %u", verb, text, r->table);
}

static void name_add(const void *v, size_t i, char *out, size_t cap)
{
	name("add", v, i, out, cap);
}

static void name_delete(const void *v, size_t i, char *out, size_t cap)
{
	name("delete", v, i, out, cap);
}

static struct wgc_span span(const void *v, size_t i)
{
	return ((const struct wgc_route *)v)[i].at;
}

int wgc_nl_routes_add(struct wgc_nl *nl, const struct wgc_route *v, size_t n, int tolerate, int *results, struct wgc_err *err)
{
	const struct wgc_nl_batch b = {
		.v = v, .n = n, .op = WGC_OP_ROUTE_ADD, .build = build_add, .name = name_add, .span = span,
	};

	return wgc_nl_bulk(nl, &b, tolerate, results, err);
}

int wgc_nl_routes_delete(struct wgc_nl *nl, const struct wgc_route *v, size_t n, int tolerate, int *results,
			 struct wgc_err *err)
{
	const struct wgc_nl_batch b = {
		.v = v, .n = n, .op = WGC_OP_ROUTE_DELETE, .build = build_delete, .name = name_delete, .span = span,
	};

	return wgc_nl_bulk(nl, &b, tolerate, results, err);
}

/* ---- reading ----------------------------------------------------------------- */

static int get_metrics(const struct nlattr *nest, struct wgc_route *out)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) == RTAX_MTU && !wgc_nl_get_u32(a, &out->mtu))
			return -EBADMSG;
	return 0;
}

/* The device of the first next hop stands for all of them. */
static int get_multipath(const struct nlattr *attr, struct wgc_route *out)
{
	struct rtnexthop nh;

	if (mnl_attr_get_payload_len(attr) < sizeof(nh))
		return -EBADMSG;
	memcpy(&nh, mnl_attr_get_payload(attr), sizeof(nh));
	if (!out->oif)
		out->oif = (uint32_t)nh.rtnh_ifindex;
	out->gateway = true;
	return 0;
}

int wgc_nl_route_parse(const struct nlmsghdr *nlh, struct wgc_route *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	bool good = true;

	if (nlh->nlmsg_type != RTM_NEWROUTE && nlh->nlmsg_type != RTM_DELROUTE)
		return 0;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return -EBADMSG;
	if (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		return 0;
	*out = (struct wgc_route){
		.dst = { .ip = { .family = rtm->rtm_family }, .len = rtm->rtm_dst_len },
		.table = rtm->rtm_table,
		.type = rtm->rtm_type,
		.protocol = rtm->rtm_protocol,
		.scope = rtm->rtm_scope,
	};
	if (rtm->rtm_dst_len > wgc_ip_bits(&out->dst.ip))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			good = wgc_nl_get_ip(attr, rtm->rtm_family, &out->dst.ip);
			break;
		case RTA_TABLE:
			good = wgc_nl_get_u32(attr, &out->table);
			break;
		case RTA_OIF:
			good = wgc_nl_get_u32(attr, &out->oif);
			break;
		case RTA_PRIORITY:
			good = wgc_nl_get_u32(attr, &out->metric);
			break;
		case RTA_PREFSRC:
			good = wgc_nl_get_ip(attr, rtm->rtm_family, &out->src);
			break;
		case RTA_METRICS:
			good = !get_metrics(attr, out);
			break;
		case RTA_MULTIPATH:
			good = !get_multipath(attr, out);
			break;
		case RTA_GATEWAY:
		case RTA_VIA:
			out->gateway = true;
			break;
		}
		if (!good)
			return -EBADMSG;
	}
	return 1;
}

struct routes {
	struct wgc_arena *a;
	struct wgc_route *v;
	size_t n, cap, keep;
	uint8_t family;
	uint32_t table;
};

static int take_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct routes *l = arg;
	struct wgc_route route, *out;
	int r = wgc_nl_route_parse(nlh, &route);

	if (r <= 0)
		return r;
	/* Without IPv6 in the kernel, asking for its routes dumps all families. */
	if (route.dst.ip.family != l->family || (l->table && route.table != l->table))
		return 0;
	/* A cached exception is a finding about a path, not a route. */
	if (rtm->rtm_flags & RTM_F_CLONED)
		return 0;
	out = wgc_arena_push(l->a, &l->v, &l->n, &l->cap, sizeof(*out));
	if (!out)
		return -ENOMEM;
	*out = route;
	return 0;
}

static void reset(void *arg)
{
	struct routes *l = arg;

	l->n = l->keep;
}

static int list_family(struct wgc_nl *nl, struct routes *l, struct wgc_nl_fault *fault)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;
	int r;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = l->family;
	if (l->table)
		mnl_attr_put_u32(nlh, RTA_TABLE, l->table);
	l->keep = l->n;
	r = wgc_nl_dump(nl, NETLINK_ROUTE, nlh, take_route, reset, l, fault);
	/* A table that was never used does not exist, and is empty. */
	if ((r == -ENOENT && l->table) || r == -EAFNOSUPPORT || r == -EOPNOTSUPP)
		r = 0;
	return r;
}

int wgc_nl_route_list(struct wgc_nl *nl, uint8_t family, uint32_t table, struct wgc_arena *a, struct wgc_route **ret,
		      size_t *ret_n, struct wgc_err *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct routes l = { .a = a, .table = table };
	struct wgc_nl_fault fault;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(families); i++) {
		if (family && family != families[i])
			continue;
		l.family = families[i];
		if (list_family(nl, &l, &fault))
			return wgc_nl_explain(err, WGC_OP_LIST, &fault, "cannot list the routes");
	}
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}

/* ---- look-up ----------------------------------------------------------------- */

struct found {
	struct wgc_route route;
	bool any;
};

static int take_found(const struct nlmsghdr *nlh, void *arg)
{
	struct found *f = arg;
	int r = wgc_nl_route_parse(nlh, &f->route);

	if (r > 0)
		f->any = true;
	return r < 0 ? r : 0;
}

int wgc_nl_route_lookup(struct wgc_nl *nl, const struct wgc_ip *dst, uint32_t mark, struct wgc_route *ret, struct wgc_err *err)
{
	uint8_t buf[128] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct found f = { .any = false };
	struct wgc_nl_fault fault;
	struct wgc_link link;
	struct rtmsg *rtm;
	char text[WGC_IP_TEXT];
	int r;

	if (dst->family != AF_INET && dst->family != AF_INET6)
		return wgc_err_set(err, WGC_E_INTERNAL, EINVAL, "no address to look a route up for");
	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = dst->family;
	rtm->rtm_dst_len = wgc_ip_bits(dst);
	/* IPv4 names the main table unless asked for the true one; IPv6 always
	 * tells it, and refuses to be asked. */
	if (dst->family == AF_INET)
		rtm->rtm_flags = RTM_F_LOOKUP_TABLE;
	wgc_nl_put_ip(nlh, sizeof(buf), RTA_DST, dst);
	if (mark)
		mnl_attr_put_u32(nlh, RTA_MARK, mark);
	r = wgc_nl_call(nl, NETLINK_ROUTE, nlh, take_found, &f, &fault);
	if (!r && !f.any)
		r = wgc_nl_fault_set(&fault, -ENETUNREACH);
	if (r) {
		wgc_ip_print(dst, text);
		return wgc_nl_explain(err, WGC_OP_ROUTE_GET, &fault, "cannot find the way to %s", text);
	}
	if (!f.route.mtu && f.route.oif) {
		r = wgc_nl_link_get_index(nl, f.route.oif, &link, err);
		if (r)
			return r;
		f.route.mtu = link.mtu;
	}
	*ret = f.route;
	return 0;
}
