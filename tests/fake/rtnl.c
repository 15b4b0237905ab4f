// SPDX-License-Identifier: GPL-2.0
/* The model's links and addresses. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "fake/kernel.h"

/* ---- attributes ---------------------------------------------------------------- */

static uint32_t attr_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (mnl_attr_get_payload_len(a) == sizeof(v))
		memcpy(&v, mnl_attr_get_payload(a), sizeof(v));
	return v;
}

static void attr_str(const struct nlattr *a, char *out, size_t cap)
{
	size_t len = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));

	if (len >= cap)
		len = cap - 1;
	memcpy(out, mnl_attr_get_payload(a), len);
	out[len] = 0;
}

static bool attr_ip(const struct nlattr *a, uint8_t family, struct wgc_ip *ret)
{
	struct wgc_ip ip = { .family = family };

	if (mnl_attr_get_payload_len(a) != wgc_ip_bits(&ip) / 8u)
		return false;
	memcpy(ip.b, mnl_attr_get_payload(a), wgc_ip_bits(&ip) / 8);
	*ret = ip;
	return true;
}

static int not_understood(struct fake_answer *a)
{
	a->text = "the model does not know this attribute";
	return -EINVAL;
}

/* ---- links ------------------------------------------------------------------------ */

struct wgc_link *fake_link_find(struct fake *f, uint32_t ifindex)
{
	for (unsigned i = 0; i < f->s->n_links; i++)
		if (f->s->links[i].ifindex == ifindex)
			return &f->s->links[i];
	return NULL;
}

static struct wgc_link *link_named(struct fake *f, const char *ifname)
{
	for (unsigned i = 0; i < f->s->n_links; i++)
		if (!strcmp(f->s->links[i].ifname, ifname))
			return &f->s->links[i];
	return NULL;
}

uint32_t fake_ifindex(const struct fake *f, const char *ifname)
{
	struct wgc_link *l = link_named((struct fake *)f, ifname);

	return l ? l->ifindex : 0;
}

static void put_link(struct fake_answer *a, const struct wgc_link *l)
{
	struct nlmsghdr *nlh = fake_message(a, RTM_NEWLINK, sizeof(struct ifinfomsg));
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_index = (int)l->ifindex;
	ifi->ifi_flags = l->flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, l->ifname);
	mnl_attr_put_u32(nlh, IFLA_MTU, l->mtu);
	if (l->alias[0])
		mnl_attr_put_strz(nlh, IFLA_IFALIAS, l->alias);
	if (l->kind[0]) {
		struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

		mnl_attr_put_strz(nlh, IFLA_INFO_KIND, l->kind);
		mnl_attr_nest_end(nlh, nest);
	}
}

/* What a request says of a link. */
struct link_request {
	char ifname[64], kind[32], alias[256];
	bool has_mtu, has_alias;
	uint32_t mtu;
};

static int parse_link(struct fake_answer *a, const struct nlmsghdr *nlh, struct link_request *q)
{
	const struct nlattr *attr, *info;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			attr_str(attr, q->ifname, sizeof(q->ifname));
			break;
		case IFLA_MTU:
			q->has_mtu = true;
			q->mtu = attr_u32(attr);
			break;
		case IFLA_IFALIAS:
			q->has_alias = true;
			attr_str(attr, q->alias, sizeof(q->alias));
			break;
		case IFLA_LINKINFO:
			mnl_attr_for_each_nested(info, attr)
				if (mnl_attr_get_type(info) == IFLA_INFO_KIND)
					attr_str(info, q->kind, sizeof(q->kind));
			break;
		case IFLA_GROUP:
		case IFLA_EXT_MASK:
		case IFLA_TXQLEN:
			break;
		default:
			return not_understood(a);
		}
	}
	return 0;
}

static bool name_is_good(const char *s)
{
	return *s && strlen(s) < IFNAMSIZ && strcmp(s, ".") && strcmp(s, "..") && !strpbrk(s, "/: \t\n");
}

static int create_link(struct fake *f, const struct link_request *q)
{
	struct fake_state *s = f->s;
	struct wgc_link *l;
	int r;

	if (strcmp(q->kind, "wireguard") && strcmp(q->kind, "tun"))
		return -EOPNOTSUPP;
	if (!strcmp(q->kind, "wireguard") && s->no_wireguard)
		return -EOPNOTSUPP;
	if (!name_is_good(q->ifname))
		return -EINVAL;
	if (s->n_links == FAKE_LINKS)
		return -ENFILE;
	l = &s->links[s->n_links];
	/* An alias is heeded on links that exist only. */
	*l = (struct wgc_link){ .ifindex = s->next_ifindex, .mtu = 1420, .flags = IFF_POINTOPOINT | IFF_NOARP };
	snprintf(l->ifname, sizeof(l->ifname), "%.15s", q->ifname);
	snprintf(l->kind, sizeof(l->kind), "%.15s", q->kind);
	if (!strcmp(q->kind, "wireguard")) {
		r = fake_device_add(f, l->ifindex);
		if (r < 0)
			return r;
	}
	s->next_ifindex++;
	s->n_links++;
	return 0;
}

static int change_link(struct fake *f, struct wgc_link *l, const struct ifinfomsg *ifi, const struct link_request *q)
{
	bool was = l->flags & IFF_UP, up = was;

	if (ifi->ifi_change & IFF_UP)
		up = ifi->ifi_flags & IFF_UP;
	if (q->has_mtu && (q->mtu < 68 || q->mtu > 65535))
		return -EINVAL;
	if (q->has_mtu)
		l->mtu = q->mtu;
	if (q->has_alias)
		snprintf(l->alias, sizeof(l->alias), "%s", q->alias);
	if (up && !was) {
		l->flags |= IFF_UP;
		fake_link_routes(f, l->ifindex);
	} else if (!up && was) {
		l->flags &= ~(unsigned)IFF_UP;
		fake_flush_link(f, l->ifindex, 0);
	}
	/* Too small for IPv6: the kernel switches it off on the link. */
	if (l->mtu < 1280) {
		fake_flush_link(f, l->ifindex, AF_INET6);
		for (unsigned i = f->s->n_addrs; i--;)
			if (f->s->addrs[i].ifindex == l->ifindex && f->s->addrs[i].prefix.ip.family == AF_INET6)
				fake_drop(f->s->addrs, f->s->n_addrs, i);
	}
	return 0;
}

static void delete_link(struct fake *f, struct wgc_link *l)
{
	struct fake_state *s = f->s;
	uint32_t ifindex = l->ifindex;

	fake_flush_link(f, ifindex, 0);
	fake_device_drop(f, ifindex);
	for (unsigned i = s->n_addrs; i--;)
		if (s->addrs[i].ifindex == ifindex)
			fake_drop(s->addrs, s->n_addrs, i);
	fake_drop(s->links, s->n_links, l - s->links);
}

static int link_request(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct link_request q = { .mtu = 0 };
	struct wgc_link *l = NULL;
	int r;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return -EINVAL;
	r = parse_link(a, nlh, &q);
	if (r < 0)
		return r;
	if (a->dump) {
		for (unsigned i = 0; i < a->f->s->n_links; i++)
			put_link(a, &a->f->s->links[i]);
		return 0;
	}
	if (ifi->ifi_index > 0)
		l = fake_link_find(a->f, (uint32_t)ifi->ifi_index);
	else if (q.ifname[0])
		l = link_named(a->f, q.ifname);
	if (nlh->nlmsg_type == RTM_NEWLINK && !l && nlh->nlmsg_flags & NLM_F_CREATE)
		return create_link(a->f, &q);
	if (!l)
		return -ENODEV;
	switch (nlh->nlmsg_type) {
	case RTM_GETLINK:
		put_link(a, l);
		return 0;
	case RTM_DELLINK:
		if (!l->kind[0])
			return -EOPNOTSUPP;
		delete_link(a->f, l);
		return 0;
	case RTM_NEWLINK:
		if (nlh->nlmsg_flags & NLM_F_EXCL)
			return -EEXIST;
	}
	return change_link(a->f, l, ifi, &q);
}

/* ---- addresses ------------------------------------------------------------------------ */

static void put_addr(struct fake_answer *a, const struct wgc_ifaddr *x)
{
	struct nlmsghdr *nlh = fake_message(a, RTM_NEWADDR, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);

	ifa->ifa_family = x->prefix.ip.family;
	ifa->ifa_prefixlen = x->prefix.len;
	ifa->ifa_scope = x->scope;
	ifa->ifa_index = x->ifindex;
	mnl_attr_put(nlh, IFA_ADDRESS, wgc_ip_bits(&x->prefix.ip) / 8, x->prefix.ip.b);
	if (ifa->ifa_family == AF_INET)
		mnl_attr_put(nlh, IFA_LOCAL, 4, x->prefix.ip.b);
}

static int add_addr(struct fake_answer *a, const struct wgc_ifaddr *x)
{
	struct fake_state *s = a->f->s;
	const struct wgc_link *l = fake_link_find(a->f, x->ifindex);
	bool v6 = x->prefix.ip.family == AF_INET6;

	if (!l)
		return -ENODEV;
	if (v6 && s->no_ipv6)
		return -EOPNOTSUPP;
	if (v6 && l->mtu < 1280)
		return -EINVAL;
	for (unsigned i = 0; i < s->n_addrs; i++) {
		const struct wgc_ifaddr *have = &s->addrs[i];

		/* IPv4 tells addresses of a link apart by their length too. */
		if (have->ifindex == x->ifindex && wgc_ip_equal(&have->prefix.ip, &x->prefix.ip) &&
		    (v6 || have->prefix.len == x->prefix.len)) {
			a->text = v6 ? "address already assigned" : "Address already assigned";
			return -EEXIST;
		}
	}
	if (s->n_addrs == FAKE_ADDRS)
		return -ENOMEM;
	s->addrs[s->n_addrs++] = *x;
	if (l->flags & IFF_UP)
		fake_link_routes(a->f, x->ifindex);
	return 0;
}

static bool one_network(const struct wgc_prefix *a, const struct wgc_prefix *b)
{
	struct wgc_prefix x = wgc_prefix_masked(a), y = wgc_prefix_masked(b);

	return wgc_prefix_equal(&x, &y);
}

/* With the first IPv4 address of a network the others of it go, with the last
 * one of a link all IPv4 routes through it. */
static int delete_addr(struct fake *f, const struct wgc_ifaddr *x)
{
	struct fake_state *s = f->s;
	bool v4 = x->prefix.ip.family == AF_INET, first = true, any = false;
	unsigned at = 0;

	for (; at < s->n_addrs; at++) {
		if (s->addrs[at].ifindex != x->ifindex)
			continue;
		if (wgc_prefix_equal(&s->addrs[at].prefix, &x->prefix))
			break;
		first &= !one_network(&s->addrs[at].prefix, &x->prefix);
	}
	if (at == s->n_addrs)
		return -EADDRNOTAVAIL;
	fake_drop(s->addrs, s->n_addrs, at);
	for (unsigned i = s->n_addrs; v4 && first && i--;)
		if (s->addrs[i].ifindex == x->ifindex && one_network(&s->addrs[i].prefix, &x->prefix))
			fake_drop(s->addrs, s->n_addrs, i);
	for (unsigned i = 0; i < s->n_addrs; i++)
		any |= s->addrs[i].ifindex == x->ifindex && s->addrs[i].prefix.ip.family == x->prefix.ip.family;
	if (v4 && !any)
		fake_flush_link(f, x->ifindex, AF_INET);
	for (unsigned i = s->n_routes; i--;)
		if (s->routes[i].oif == x->ifindex && s->routes[i].protocol == RTPROT_KERNEL)
			fake_drop(s->routes, s->n_routes, i);
	if (fake_link_find(f, x->ifindex)->flags & IFF_UP)
		fake_link_routes(f, x->ifindex);
	return 0;
}

static int addr_request(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct fake_state *s = a->f->s;
	struct wgc_ifaddr x = { .scope = 0 };
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return -EINVAL;
	if (a->dump) {
		for (unsigned i = 0; i < s->n_addrs; i++)
			if (!ifa->ifa_index || s->addrs[i].ifindex == ifa->ifa_index)
				put_addr(a, &s->addrs[i]);
		return 0;
	}
	x.ifindex = ifa->ifa_index;
	x.scope = ifa->ifa_scope;
	x.prefix.len = ifa->ifa_prefixlen;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(attr) != IFA_LOCAL && mnl_attr_get_type(attr) != IFA_ADDRESS)
			return not_understood(a);
		if (!attr_ip(attr, ifa->ifa_family, &x.prefix.ip))
			return -EINVAL;
	}
	if (!x.prefix.ip.family || x.prefix.len > wgc_ip_bits(&x.prefix.ip))
		return -EINVAL;
	if (nlh->nlmsg_type == RTM_NEWADDR)
		return add_addr(a, &x);
	return fake_link_find(a->f, x.ifindex) ? delete_addr(a->f, &x) : -ENODEV;
}

int fake_rtnl(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
	case RTM_GETLINK:
	case RTM_SETLINK:
		return link_request(a, nlh);
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_GETADDR:
		return addr_request(a, nlh);
	}
	return -EOPNOTSUPP;
}
