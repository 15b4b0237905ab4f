// SPDX-License-Identifier: GPL-2.0
/* The model's routes and rules, and which route a packet takes. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "fake/kernel.h"

#define LO 1
#define IPV6_METRIC 1024

/* ---- routes -------------------------------------------------------------------- */

/* One place of a table holds one route. */
static bool same_place(const struct wgc_route *a, const struct wgc_route *b)
{
	return a->table == b->table && a->metric == b->metric && wgc_prefix_equal(&a->dst, &b->dst);
}

static int insert_route(struct fake *f, const struct wgc_route *r)
{
	struct fake_state *s = f->s;

	for (unsigned i = 0; i < s->n_routes; i++)
		if (same_place(&s->routes[i], r))
			return -EEXIST;
	if (s->n_routes == FAKE_ROUTES)
		return -ENOMEM;
	s->routes[s->n_routes++] = *r;
	return 0;
}

void fake_route(struct fake *f, const char *dst, uint32_t table, uint8_t type, uint32_t oif, uint32_t metric)
{
	struct wgc_route r = { .table = table, .type = type, .oif = oif, .metric = metric, .protocol = RTPROT_STATIC };

	if (wgc_prefix_parse(dst, &r.dst) < 0)
		abort();
	r.scope = type == RTN_UNICAST && r.dst.ip.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	/* Defaults through eth0 stand for those of a real network. */
	r.gateway = !r.dst.len && type == RTN_UNICAST;
	if (insert_route(f, &r) < 0)
		abort();
}

/* What the kernel makes of the addresses of a link that is up. */
void fake_link_routes(struct fake *f, uint32_t ifindex)
{
	struct fake_state *s = f->s;
	const struct wgc_link *l = fake_link_find(f, ifindex);
	struct wgc_route r;

	for (unsigned i = 0; i < s->n_addrs; i++) {
		const struct wgc_prefix *p = &s->addrs[i].prefix;
		bool v6 = p->ip.family == AF_INET6;

		if (s->addrs[i].ifindex != ifindex)
			continue;
		r = (struct wgc_route){
			.dst = { p->ip, wgc_ip_bits(&p->ip) },
			.table = RT_TABLE_LOCAL,
			.oif = ifindex,
			.type = RTN_LOCAL,
			.protocol = RTPROT_KERNEL,
			.scope = v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_HOST,
		};
		insert_route(f, &r);
		if (!v6 && (p->len == 32 || !p->len))
			continue;
		r.dst = wgc_prefix_masked(p);
		r.table = RT_TABLE_MAIN;
		r.type = RTN_UNICAST;
		r.metric = v6 ? 256 : 0;
		r.scope = v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
		insert_route(f, &r);
	}
	if (!l || s->no_ipv6 || l->mtu < 1280)
		return;
	r = (struct wgc_route){ .table = RT_TABLE_LOCAL, .oif = ifindex, .type = RTN_MULTICAST, .protocol = RTPROT_KERNEL };
	r.metric = 256;
	wgc_prefix_parse("ff00::/8", &r.dst);
	/* Every link has one of its own in the same place. */
	for (unsigned i = 0; i < s->n_routes; i++)
		if (same_place(&s->routes[i], &r) && s->routes[i].oif == ifindex)
			return;
	if (s->n_routes < FAKE_ROUTES)
		s->routes[s->n_routes++] = r;
}

void fake_flush_link(struct fake *f, uint32_t ifindex, uint8_t family)
{
	for (unsigned i = f->s->n_routes; i--;)
		if (f->s->routes[i].oif == ifindex && (!family || f->s->routes[i].dst.ip.family == family))
			fake_drop(f->s->routes, f->s->n_routes, i);
}

static void put_route(struct fake_answer *a, const struct wgc_route *r)
{
	struct nlmsghdr *nlh = fake_message(a, RTM_NEWROUTE, sizeof(struct rtmsg));
	struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	size_t bytes = wgc_ip_bits(&r->dst.ip) / 8;

	rtm->rtm_family = r->dst.ip.family;
	rtm->rtm_dst_len = r->dst.len;
	rtm->rtm_table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT;
	rtm->rtm_protocol = r->protocol;
	rtm->rtm_scope = r->scope;
	rtm->rtm_type = r->type;
	mnl_attr_put_u32(nlh, RTA_TABLE, r->table);
	if (r->dst.len)
		mnl_attr_put(nlh, RTA_DST, bytes, r->dst.ip.b);
	if (r->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, r->oif);
	if (r->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric);
	if (r->mtu) {
		struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_METRICS);

		mnl_attr_put_u32(nlh, RTAX_MTU, r->mtu);
		mnl_attr_nest_end(nlh, nest);
	}
	if (r->gateway) {
		static const uint8_t somewhere[16] = { 192, 0, 2, 1 };

		mnl_attr_put(nlh, RTA_GATEWAY, bytes, somewhere);
	}
}

static int parse_route(struct fake_answer *a, const struct nlmsghdr *nlh, struct wgc_route *r, uint32_t *mark)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *metric;

	*r = (struct wgc_route){
		.dst = { .ip.family = rtm->rtm_family, .len = rtm->rtm_dst_len },
		.table = rtm->rtm_table,
		.type = rtm->rtm_type,
		.protocol = rtm->rtm_protocol,
		.scope = rtm->rtm_scope,
	};
	if ((rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6) || rtm->rtm_dst_len > wgc_ip_bits(&r->dst.ip))
		return -EINVAL;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			if (!attr_ip(attr, rtm->rtm_family, &r->dst.ip))
				return -EINVAL;
			break;
		case RTA_TABLE:
			r->table = attr_u32(attr);
			break;
		case RTA_OIF:
			r->oif = attr_u32(attr);
			break;
		case RTA_PRIORITY:
			r->metric = attr_u32(attr);
			break;
		case RTA_METRICS:
			mnl_attr_for_each_nested(metric, attr)
				if (mnl_attr_get_type(metric) == RTAX_MTU)
					r->mtu = attr_u32(metric);
			break;
		case RTA_MARK:
			*mark = attr_u32(attr);
			break;
		default:
			return not_understood(a);
		}
	}
	return 0;
}

static int add_route(struct fake_answer *a, const struct nlmsghdr *nlh, struct wgc_route *r)
{
	bool v6 = r->dst.ip.family == AF_INET6;
	struct wgc_prefix masked = wgc_prefix_masked(&r->dst);
	const struct wgc_link *l;

	if (v6 && a->f->s->no_ipv6)
		return -EOPNOTSUPP;
	if (!wgc_prefix_equal(&masked, &r->dst)) {
		a->text = "Invalid prefix for given prefix length";
		return -EINVAL;
	}
	if (!(nlh->nlmsg_flags & NLM_F_CREATE))
		return -ENOENT;
	if (v6 && !r->metric)
		r->metric = IPV6_METRIC;
	if (r->type == RTN_UNICAST) {
		l = fake_link_find(a->f, r->oif);
		if (!l) {
			a->text = "Device for nexthop does not exist";
			return -ENODEV;
		}
		if (!(l->flags & IFF_UP)) {
			a->text = "Device for nexthop is not up";
			return -ENETDOWN;
		}
		if (v6 && l->mtu < 1280)
			return -EINVAL;
	} else {
		r->oif = v6 ? LO : 0;
	}
	return insert_route(a->f, r);
}

static int delete_route(struct fake_answer *a, const struct wgc_route *r)
{
	struct fake_state *s = a->f->s;
	bool v6 = r->dst.ip.family == AF_INET6;

	if (v6 && s->no_ipv6)
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < s->n_routes; i++) {
		const struct wgc_route *have = &s->routes[i];

		if (have->table != r->table || !wgc_prefix_equal(&have->dst, &r->dst))
			continue;
		if ((r->metric && have->metric != r->metric) || (r->oif && have->oif != r->oif) ||
		    (r->protocol && have->protocol != r->protocol))
			continue;
		/* IPv6 does not look at the type. */
		if (!v6 && r->type && have->type != r->type)
			continue;
		if (!v6 && r->scope != RT_SCOPE_NOWHERE && have->scope != r->scope)
			continue;
		fake_drop(s->routes, s->n_routes, i);
		return 0;
	}
	return -ESRCH;
}

/* ---- which way ------------------------------------------------------------------ */

static const struct wgc_route *in_table(const struct fake_state *s, uint32_t table, const struct wgc_prefix *dst)
{
	const struct wgc_route *best = NULL;

	for (unsigned i = 0; i < s->n_routes; i++) {
		const struct wgc_route *r = &s->routes[i];

		if (r->table == table && wgc_prefix_covers(&r->dst, dst) &&
		    (!best || r->dst.len > best->dst.len || (r->dst.len == best->dst.len && r->metric < best->metric)))
			best = r;
	}
	return best;
}

static bool selects(const struct wgc_rule *r, uint8_t family, uint32_t mark)
{
	return r->family == family && !r->other && (((mark ^ r->fwmark) & r->fwmask) == 0) != r->invert;
}

static int lookup(struct fake_answer *a, const struct wgc_prefix *dst, uint32_t mark)
{
	const struct fake_state *s = a->f->s;

	for (unsigned i = 0; i < s->n_rules; i++) {
		const struct wgc_rule *rule = &s->rules[i];
		const struct wgc_route *r;

		if (!selects(rule, dst->ip.family, mark) || rule->action != FR_ACT_TO_TBL)
			continue;
		r = in_table(s, rule->table, dst);
		if (!r || r->type == RTN_THROW || (rule->suppress_prefixlen >= 0 && r->dst.len <= rule->suppress_prefixlen))
			continue;
		switch (r->type) {
		case RTN_UNREACHABLE:
			return -EHOSTUNREACH;
		case RTN_PROHIBIT:
			return -EACCES;
		case RTN_BLACKHOLE:
			return -EINVAL;
		}
		put_route(a, r);
		return 0;
	}
	return -ENETUNREACH;
}

static int dump_routes(struct fake_answer *a, uint8_t family, uint32_t table)
{
	const struct fake_state *s = a->f->s;
	bool any = !table || table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL;

	/* Nobody answers for a family that is not there but the dump of all. */
	if (family == AF_INET6 && s->no_ipv6)
		family = AF_INET;
	for (unsigned i = 0; i < s->n_routes; i++)
		if (s->routes[i].dst.ip.family == family && (!table || s->routes[i].table == table)) {
			put_route(a, &s->routes[i]);
			any = true;
		}
	if (!any)
		a->text = "FIB table does not exist";
	return any ? 0 : -ENOENT;
}

static int route_request(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	struct wgc_route r;
	uint32_t mark = 0;
	int error;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct rtmsg))
		return -EINVAL;
	error = parse_route(a, nlh, &r, &mark);
	if (error < 0)
		return error;
	if (a->dump)
		return dump_routes(a, r.dst.ip.family, r.table);
	if (nlh->nlmsg_type == RTM_GETROUTE)
		return lookup(a, &r.dst, mark);
	return nlh->nlmsg_type == RTM_NEWROUTE ? add_route(a, nlh, &r) : delete_route(a, &r);
}

/* ---- rules ------------------------------------------------------------------------ */

static void put_rule(struct fake_answer *a, const struct wgc_rule *r)
{
	struct nlmsghdr *nlh = fake_message(a, RTM_NEWRULE, sizeof(struct fib_rule_hdr));
	struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);

	frh->family = r->family;
	frh->table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT;
	frh->action = r->action;
	frh->flags = r->invert ? FIB_RULE_INVERT : 0;
	mnl_attr_put_u32(nlh, FRA_TABLE, r->table);
	mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, (uint32_t)r->suppress_prefixlen);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, r->protocol);
	if (r->priority)
		mnl_attr_put_u32(nlh, FRA_PRIORITY, r->priority);
	if (r->fwmark)
		mnl_attr_put_u32(nlh, FRA_FWMARK, r->fwmark);
	if (r->fwmask)
		mnl_attr_put_u32(nlh, FRA_FWMASK, r->fwmask);
	if (r->other)
		mnl_attr_put_strz(nlh, FRA_IIFNAME, "eth0");
}

static void insert_rule(struct fake_state *s, const struct wgc_rule *r)
{
	unsigned i = 0;

	while (i < s->n_rules && s->rules[i].priority <= r->priority)
		i++;
	memmove(&s->rules[i + 1], &s->rules[i], (s->n_rules - i) * sizeof(*r));
	s->rules[i] = *r;
	s->n_rules++;
}

void fake_rule(struct fake *f, uint8_t family, uint32_t priority, uint32_t fwmark, uint32_t table)
{
	const struct wgc_rule r = {
		.family = family,
		.priority = priority,
		.has_priority = true,
		.fwmark = fwmark,
		.fwmask = fwmark ? UINT32_MAX : 0,
		.table = table,
		.action = FR_ACT_TO_TBL,
		.suppress_prefixlen = -1,
		.protocol = RTPROT_KERNEL,
	};

	if (f->s->n_rules == FAKE_RULES)
		abort();
	insert_rule(f->s, &r);
}

static int parse_rule(struct fake_answer *a, const struct nlmsghdr *nlh, struct wgc_rule *r)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	bool masked = false;

	*r = (struct wgc_rule){
		.family = frh->family,
		.table = frh->table,
		.action = frh->action,
		.invert = frh->flags & FIB_RULE_INVERT,
		.suppress_prefixlen = -1,
	};
	mnl_attr_for_each(attr, nlh, sizeof(*frh)) {
		switch (mnl_attr_get_type(attr)) {
		case FRA_PRIORITY:
			r->priority = attr_u32(attr);
			r->has_priority = true;
			break;
		case FRA_TABLE:
			r->table = attr_u32(attr);
			break;
		case FRA_FWMARK:
			r->fwmark = attr_u32(attr);
			break;
		case FRA_FWMASK:
			r->fwmask = attr_u32(attr);
			masked = true;
			break;
		case FRA_SUPPRESS_PREFIXLEN:
			r->suppress_prefixlen = (int32_t)attr_u32(attr);
			break;
		case FRA_PROTOCOL:
			r->protocol = *(const uint8_t *)mnl_attr_get_payload(attr);
			break;
		default:
			return not_understood(a);
		}
	}
	if (r->fwmark && !masked)
		r->fwmask = UINT32_MAX;
	return 0;
}

static int add_rule(struct fake_state *s, const struct nlmsghdr *nlh, struct wgc_rule *r)
{
	if (r->action == FR_ACT_TO_TBL && !r->table)
		return -EINVAL;
	/* Without a priority: in front of all but the first. */
	if (!r->has_priority && s->n_rules > 1 && s->rules[1].priority)
		r->priority = s->rules[1].priority - 1;
	for (unsigned i = 0; nlh->nlmsg_flags & NLM_F_EXCL && i < s->n_rules; i++) {
		const struct wgc_rule *have = &s->rules[i];

		/* The inversion is not looked at. */
		if (have->family == r->family && have->action == r->action && have->table == r->table &&
		    have->priority == r->priority && have->fwmark == r->fwmark && have->fwmask == r->fwmask &&
		    have->suppress_prefixlen == r->suppress_prefixlen && !have->other)
			return -EEXIST;
	}
	if (s->n_rules == FAKE_RULES)
		return -ENOMEM;
	insert_rule(s, r);
	return 0;
}

/* The first that has all that was named goes; what was not named may be anything. */
static int delete_rule(struct fake_state *s, const struct wgc_rule *r)
{
	for (unsigned i = 0; i < s->n_rules; i++) {
		const struct wgc_rule *have = &s->rules[i];

		if (have->family != r->family || (r->action && have->action != r->action) || (r->table && have->table != r->table) ||
		    (r->has_priority && have->priority != r->priority) || (r->fwmark && have->fwmark != r->fwmark) ||
		    (r->fwmask && have->fwmask != r->fwmask) ||
		    (r->suppress_prefixlen != -1 && have->suppress_prefixlen != r->suppress_prefixlen))
			continue;
		fake_drop(s->rules, s->n_rules, i);
		return 0;
	}
	return -ENOENT;
}

static int rule_request(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	struct fake_state *s = a->f->s;
	struct wgc_rule r;
	int error;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*frh))
		return -EINVAL;
	if ((frh->family != AF_INET && frh->family != AF_INET6) || (frh->family == AF_INET6 && s->no_ipv6))
		return -EAFNOSUPPORT;
	if (a->dump) {
		for (unsigned i = 0; i < s->n_rules; i++)
			if (s->rules[i].family == frh->family)
				put_rule(a, &s->rules[i]);
		return 0;
	}
	error = parse_rule(a, nlh, &r);
	if (error < 0)
		return error;
	return nlh->nlmsg_type == RTM_NEWRULE ? add_rule(s, nlh, &r) : delete_rule(s, &r);
}

int fake_routing(struct fake_answer *a, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWRULE:
	case RTM_DELRULE:
	case RTM_GETRULE:
		return rule_request(a, nlh);
	}
	return route_request(a, nlh);
}
