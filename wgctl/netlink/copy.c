// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses, routes and rules as the kernel tells them, told to it again. We
 * have fields for what we make ourselves; what others made may have gateways,
 * weights, lifetimes, encapsulations: none of that shall be lost on the way.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <string.h>

#include "netlink/internal.h"

#define ROUTE_PROTO_RA 9
#define MESSAGE_MAX (WGC_NL_RX_SIZE / 4)

/* ---- which links a message is about ---------------------------------------------- */

/* The next hop behind @hop (NULL: the first one) of a route over several; NULL behind the last. */
static struct rtnexthop *next_hop(const struct nlattr *attr, const struct rtnexthop *hop)
{
	uint8_t *begin = mnl_attr_get_payload(attr), *at = hop ? (uint8_t *)hop + RTNH_ALIGN(hop->rtnh_len) : begin;
	size_t len = mnl_attr_get_payload_len(attr), done = (size_t)(at - begin), left = done < len ? len - done : 0;
	struct rtnexthop *next = (struct rtnexthop *)at;

	return left >= sizeof(*next) && next->rtnh_len >= sizeof(*next) && next->rtnh_len <= left ? next : NULL;
}

/* Call @fn with the place of each link number in the message. */
static void each_index(struct nlmsghdr *nlh, void (*fn)(void *ctx, uint32_t *index), void *ctx)
{
	struct nlattr *attr;

	if (nlh->nlmsg_type == RTM_NEWADDR) {
		fn(ctx, &((struct ifaddrmsg *)mnl_nlmsg_get_payload(nlh))->ifa_index);
		return;
	}
	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return;
	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg)) {
		struct rtnexthop *hop = NULL;

		if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			fn(ctx, mnl_attr_get_payload(attr));
		while (mnl_attr_get_type(attr) == RTA_MULTIPATH && (hop = next_hop(attr, hop)))
			fn(ctx, (uint32_t *)&hop->rtnh_ifindex);
	}
}

struct seek {
	uint32_t wanted;
	bool found;
};

static void is_wanted(void *ctx, uint32_t *index)
{
	struct seek *s = ctx;

	s->found |= *index == s->wanted;
}

/* One of ours, with its head. */
static bool is_known(const struct nlmsghdr *nlh)
{
	size_t head = nlh->nlmsg_type == RTM_NEWADDR ? sizeof(struct ifaddrmsg) :
		      nlh->nlmsg_type == RTM_NEWROUTE ? sizeof(struct rtmsg) :
		      nlh->nlmsg_type == RTM_NEWRULE ? sizeof(struct fib_rule_hdr) :
						       SIZE_MAX;

	return mnl_nlmsg_get_payload_len(nlh) >= head;
}

/* ---- copying ---------------------------------------------------------------------- */

struct copying {
	enum wgc_copy what;
	uint32_t ifindex;
	struct wgc_str text;
};

/* What the kernel makes by itself as soon as it hears a router, or has an address. */
static bool by_itself(const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	uint8_t proto = 0;
	uint32_t flags;

	if (nlh->nlmsg_type == RTM_NEWROUTE)
		return rtm->rtm_flags & RTM_F_CLONED || rtm->rtm_protocol == ROUTE_PROTO_RA || rtm->rtm_table == RT_TABLE_LOCAL ||
		       (rtm->rtm_type != RTN_UNICAST && rtm->rtm_type < RTN_BLACKHOLE);
	if (nlh->nlmsg_type != RTM_NEWADDR)
		return false;
	flags = ifa->ifa_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(attr) == IFA_FLAGS)
			wgc_nl_get_u32(attr, &flags);
		if (mnl_attr_get_type(attr) == WGC_IFA_PROTO)
			wgc_nl_get_u8(attr, &proto);
	}
	return proto == WGC_IFA_PROTO_RA || flags & (IFA_F_MANAGETEMPADDR | (ifa->ifa_family == AF_INET6 ? IFA_F_TEMPORARY : 0));
}

/* The three rules that every namespace has. */
static bool usual_rule(const struct nlmsghdr *nlh)
{
	const struct fib_rule_hdr *rule = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	uint32_t priority = 0;

	mnl_attr_for_each(attr, nlh, sizeof(*rule))
		if (mnl_attr_get_type(attr) == FRA_PRIORITY)
			wgc_nl_get_u32(attr, &priority);
	return (priority == 0 && rule->table == RT_TABLE_LOCAL) || (priority == 32766 && rule->table == RT_TABLE_MAIN) ||
	       (priority == 32767 && rule->table == RT_TABLE_DEFAULT);
}

static int take(const struct nlmsghdr *nlh, void *arg)
{
	static const uint16_t types[] = { RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE };
	struct copying *c = arg;
	struct seek s = { .wanted = c->ifindex, .found = !c->ifindex };

	if (nlh->nlmsg_type != types[c->what])
		return 0;
	if (!is_known(nlh) || nlh->nlmsg_len > MESSAGE_MAX)
		return -EBADMSG;
	if (by_itself(nlh) || (c->what == WGC_COPY_RULES && usual_rule(nlh)))
		return 0;
	if (c->ifindex)
		each_index((struct nlmsghdr *)nlh, is_wanted, &s);
	for (uint32_t i = 0; s.found && i < nlh->nlmsg_len; i++)
		wgc_str_addf(&c->text, "%02x", ((const uint8_t *)nlh)[i]);
	/* Messages stand on multiples of four. */
	for (uint32_t i = nlh->nlmsg_len; s.found && i % 4; i++)
		wgc_str_add(&c->text, "00");
	return c->text.oom ? -ENOMEM : 0;
}

static void reset(void *arg)
{
	struct copying *c = arg;

	c->text.len = 0;
}

int wgc_nl_copy(struct wgc_nl *nl, enum wgc_copy what, uint32_t ifindex, struct wgc_str *out, struct wgc_err *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int r = 0;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(families) && !r; i++) {
		uint8_t buf[64] __attribute__((aligned(4)));
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
		struct copying c = { .what = what, .ifindex = ifindex };
		struct wgc_nl_fault fault;
		size_t len = what == WGC_COPY_ADDRS ? sizeof(struct ifaddrmsg) :
			     what == WGC_COPY_ROUTES ? sizeof(struct rtmsg) :
						       sizeof(struct fib_rule_hdr);

		nlh->nlmsg_type = what == WGC_COPY_ADDRS ? RTM_GETADDR : what == WGC_COPY_ROUTES ? RTM_GETROUTE : RTM_GETRULE;
		/* The family is the first byte of each of these heads. */
		*(uint8_t *)mnl_nlmsg_put_extra_header(nlh, len) = families[i];
		r = wgc_nl_dump(nl, NETLINK_ROUTE, nlh, take, reset, &c, &fault);
		if (!r)
			wgc_str_add(out, wgc_str_get(&c.text));
		wgc_str_done(&c.text);
		/* A kernel without IPv6 has nothing to tell of it. */
		if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
			r = 0;
		else if (r)
			wgc_nl_explain(err, WGC_OP_LIST, &fault, "cannot read %s", what == WGC_COPY_ADDRS ? "the addresses" :
										       what == WGC_COPY_ROUTES ? "the routes" : "the rules");
	}
	return r ?: out->oom ? wgc_err_nomem(err) : 0;
}

struct lease {
	uint32_t ifindex;
	bool found;
};

static int take_lease(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct lease *l = arg;

	if (nlh->nlmsg_type == RTM_NEWADDR && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*ifa) && ifa->ifa_index == l->ifindex)
		l->found |= ifa->ifa_family == AF_INET && !(ifa->ifa_flags & IFA_F_PERMANENT);
	return 0;
}

bool wgc_nl_has_lease(struct wgc_nl *nl, uint32_t ifindex)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct lease l = { .ifindex = ifindex };
	struct wgc_nl_fault fault;
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = RTM_GETADDR;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	return !wgc_nl_dump(nl, NETLINK_ROUTE, nlh, take_lease, NULL, &l, &fault) && l.found;
}

/* ---- telling it again ---------------------------------------------------------------- */

struct map {
	const struct wgc_renumber *v;
	size_t n;
	bool missing;
};

static void renumber(void *ctx, uint32_t *index)
{
	struct map *m = ctx;

	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].from == *index) {
			*index = m->v[i].to;
			return;
		}
	m->missing = true;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next message of the text, at @out; its length, 0 at the end, -EBADMSG. */
static ssize_t next(const char **text, uint8_t *out)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)out;
	size_t n = 0, want = sizeof(*nlh);

	if (!**text)
		return 0;
	for (; n < want; n++, *text += 2) {
		int high = digit((*text)[0]), low = high < 0 ? -1 : digit((*text)[1]);

		if (low < 0)
			return -EBADMSG;
		out[n] = (uint8_t)(high << 4 | low);
		if (n + 1 == sizeof(*nlh)) {
			if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > MESSAGE_MAX)
				return -EBADMSG;
			want = MNL_ALIGN(nlh->nlmsg_len);
		}
	}
	return is_known(nlh) ? (ssize_t)want : -EBADMSG;
}

/* Such as RTNH_F_LINKDOWN, by which the kernel refuses the whole route (fib_get_nhs()). */
static void clean_hops(struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg)) {
		struct rtnexthop *hop = NULL;

		while (mnl_attr_get_type(attr) == RTA_MULTIPATH && (hop = next_hop(attr, hop)))
			hop->rtnh_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
	}
}

/* What only the kernel says, and does not want to hear. */
static void clean(struct nlmsghdr *nlh)
{
	struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

	nlh->nlmsg_flags = NLM_F_CREATE | (nlh->nlmsg_type == RTM_NEWRULE ? NLM_F_EXCL : 0);
	/* IPv4 takes routes of one prefix and metric side by side, and only tells of an equal one with this. */
	if (nlh->nlmsg_type == RTM_NEWROUTE) {
		nlh->nlmsg_flags |= NLM_F_APPEND;
		rtm->rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
		clean_hops(nlh);
	}
	if (nlh->nlmsg_type == RTM_NEWADDR)
		nlh->nlmsg_flags |= NLM_F_EXCL;
}

struct pass {
	const struct wgc_renumber *map;
	size_t n_map;
	bool with_gateway;
	size_t left_out;
	struct wgc_err *err;
};

static bool has_gateway(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == RTA_GATEWAY || type == RTA_VIA || type == RTA_MULTIPATH || type == RTA_NH_ID)
			return true;
	}
	return false;
}

static bool is_ipv6_over_several(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_family != AF_INET6)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			return true;
	return false;
}

static void paste_one(struct wgc_nl *nl, struct nlmsghdr *nlh, struct pass *p)
{
	struct map m = { p->map, p->n_map, false };
	struct wgc_err *err = p->err && !p->err->code ? p->err : NULL;
	struct wgc_nl_fault fault;
	int r;

	if (has_gateway(nlh) != p->with_gateway)
		return;
	each_index(nlh, renumber, &m);
	if (m.missing) {
		p->left_out++;
		wgc_err_set(err, WGC_E_NOT_FOUND, ENODEV, "it goes over another link as well, which is not there");
		return;
	}
	clean(nlh);
	r = wgc_nl_call(nl, NETLINK_ROUTE, nlh, NULL, NULL, &fault);
	/* Of an IPv6 route over several links those hops are still there whose links have stayed. */
	if (r == -EEXIST && is_ipv6_over_several(nlh)) {
		nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
		r = wgc_nl_call(nl, NETLINK_ROUTE, nlh, NULL, NULL, &fault);
	}
	if (!r || r == -EEXIST)
		return;
	p->left_out++;
	wgc_nl_explain(err, nlh->nlmsg_type == RTM_NEWADDR ? WGC_OP_ADDR_ADD : nlh->nlmsg_type == RTM_NEWROUTE ? WGC_OP_ROUTE_ADD : WGC_OP_RULE_ADD,
		       &fault, "cannot put %s back", nlh->nlmsg_type == RTM_NEWADDR ? "an address" : nlh->nlmsg_type == RTM_NEWROUTE ? "a route" : "a rule");
}

int wgc_nl_paste(struct wgc_nl *nl, const char *copy, const struct wgc_renumber *map, size_t n, size_t *ret_left_out,
		 struct wgc_err *err)
{
	struct pass p = { .map = map, .n_map = n, .err = err };
	uint8_t *buf = nl->tx;
	ssize_t len = 0;

	/* A gateway can be named only when there is a way to it. */
	for (int pass = 0; pass < 2 && len >= 0; pass++) {
		const char *at = copy;

		p.with_gateway = pass;
		while ((len = next(&at, buf)) > 0)
			paste_one(nl, (struct nlmsghdr *)buf, &p);
	}
	if (len < 0)
		return wgc_err_set(err, WGC_E_IO, EBADMSG, "what was written down of addresses or routes cannot be read");
	if (ret_left_out)
		*ret_left_out = p.left_out;
	return 0;
}
