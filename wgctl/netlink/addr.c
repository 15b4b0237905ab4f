// SPDX-License-Identifier: GPL-2.0
/* Addresses of links. */
#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>

#include "netlink/internal.h"

/* ---- changing ---------------------------------------------------------------- */

static int build(const void *v, size_t i, struct nlmsghdr *nlh, size_t room, uint16_t type, uint16_t flags)
{
	const struct wgc_ifaddr *a = (const struct wgc_ifaddr *)v + i;
	const struct wgc_ip *ip = &a->prefix.ip;
	struct ifaddrmsg *ifa;

	if ((ip->family != AF_INET && ip->family != AF_INET6) || a->prefix.len > wgc_ip_bits(ip))
		return -EINVAL;
	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = ip->family;
	ifa->ifa_prefixlen = a->prefix.len;
	ifa->ifa_scope = a->scope;
	ifa->ifa_index = a->ifindex;
	/* Both, as the same: an address without a peer address. */
	if (!wgc_nl_put_ip(nlh, room, IFA_LOCAL, ip) || !wgc_nl_put_ip(nlh, room, IFA_ADDRESS, ip))
		return -EMSGSIZE;
	return 0;
}

static int build_add(const void *v, size_t i, struct nlmsghdr *nlh, size_t room)
{
	return build(v, i, nlh, room, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
}

static int build_delete(const void *v, size_t i, struct nlmsghdr *nlh, size_t room)
{
	return build(v, i, nlh, room, RTM_DELADDR, 0);
}

static void name(const char *verb, const void *v, size_t i, char *out, size_t cap)
{
	char text[WGC_PREFIX_TEXT];

	wgc_prefix_print(&((const struct wgc_ifaddr *)v)[i].prefix, text);
	snprintf(out, cap, "cannot %s address %s", verb, text);
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
	return ((const struct wgc_ifaddr *)v)[i].at;
}

int wgc_nl_addrs_add(struct wgc_nl *nl, const struct wgc_ifaddr *v, size_t n, int tolerate, int *results, struct wgc_err *err)
{
	const struct wgc_nl_batch b = {
		.v = v, .n = n, .op = WGC_OP_ADDR_ADD, .build = build_add, .name = name_add, .span = span,
	};

	return wgc_nl_bulk(nl, &b, tolerate, results, err);
}

int wgc_nl_addrs_delete(struct wgc_nl *nl, const struct wgc_ifaddr *v, size_t n, int tolerate, int *results, struct wgc_err *err)
{
	const struct wgc_nl_batch b = {
		.v = v, .n = n, .op = WGC_OP_ADDR_DELETE, .build = build_delete, .name = name_delete, .span = span,
	};

	return wgc_nl_bulk(nl, &b, tolerate, results, err);
}

/* ---- reading ----------------------------------------------------------------- */

struct addrs {
	struct wgc_arena *a;
	struct wgc_ifaddr *v;
	size_t n, cap;
	uint32_t ifindex;
};

int wgc_nl_addr_parse(const struct nlmsghdr *nlh, struct wgc_ifaddr *ret)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct wgc_ip local = { 0 }, address = { 0 };
	uint8_t protocol = 0;

	if (nlh->nlmsg_type != RTM_NEWADDR && nlh->nlmsg_type != RTM_DELADDR)
		return 0;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return -EBADMSG;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL && !wgc_nl_get_ip(attr, ifa->ifa_family, &local))
			return -EBADMSG;
		if (mnl_attr_get_type(attr) == IFA_ADDRESS && !wgc_nl_get_ip(attr, ifa->ifa_family, &address))
			return -EBADMSG;
		if (mnl_attr_get_type(attr) == WGC_IFA_PROTO)
			wgc_nl_get_u8(attr, &protocol);
	}
	/* IFA_ADDRESS is the peer's where there is one; IPv6 omits IFA_LOCAL then. */
	if (!local.family)
		local = address;
	if (!local.family || ifa->ifa_prefixlen > wgc_ip_bits(&local))
		return -EBADMSG;
	*ret = (struct wgc_ifaddr){
		.prefix = { .ip = local, .len = ifa->ifa_prefixlen },
		.ifindex = ifa->ifa_index,
		.scope = ifa->ifa_scope,
		.kernel_made = protocol == WGC_IFA_PROTO_LL || protocol == WGC_IFA_PROTO_RA,
	};
	return 1;
}

static int take_addr(const struct nlmsghdr *nlh, void *arg)
{
	struct addrs *l = arg;
	struct wgc_ifaddr addr, *out;
	int r = wgc_nl_addr_parse(nlh, &addr);

	if (r <= 0)
		return r;
	if (l->ifindex && addr.ifindex != l->ifindex)
		return 0;
	out = wgc_arena_push(l->a, &l->v, &l->n, &l->cap, sizeof(*out));
	if (!out)
		return -ENOMEM;
	*out = addr;
	return 0;
}

static void reset(void *arg)
{
	((struct addrs *)arg)->n = 0;
}

int wgc_nl_addr_list(struct wgc_nl *nl, uint32_t ifindex, struct wgc_arena *a, struct wgc_ifaddr **ret, size_t *ret_n,
		     struct wgc_err *err)
{
	uint8_t buf[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifaddrmsg))] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct addrs l = { .a = a, .ifindex = ifindex };
	struct wgc_nl_fault fault;
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = RTM_GETADDR;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_index = ifindex;
	if (wgc_nl_dump(nl, NETLINK_ROUTE, nlh, take_addr, reset, &l, &fault))
		return wgc_nl_explain(err, WGC_OP_LIST, &fault, "cannot list the addresses");
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
