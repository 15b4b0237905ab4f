// SPDX-License-Identifier: GPL-2.0
/*
 * Policy rules, directly with libmnl: a rule with a selector that we do not
 * know must be recognised as such, and libnl's objects drop what they do not
 * know (nor can they set a suppressed prefix length).
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>

#include "netlink/internal.h"

/* ---- changing ---------------------------------------------------------------- */

static int request(struct wgc_nl *nl, const struct wgc_rule *r, uint16_t type, uint16_t flags, struct wgc_nl_fault *fault)
{
	uint8_t buf[192] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct fib_rule_hdr *frh;

	if (r->other || (r->family != AF_INET && r->family != AF_INET6))
		return wgc_nl_fault_set(fault, -EINVAL);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
	frh->family = r->family;
	frh->table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT;
	frh->action = r->action;
	frh->flags = r->invert ? FIB_RULE_INVERT : 0;
	if (r->has_priority)
		mnl_attr_put_u32(nlh, FRA_PRIORITY, r->priority);
	mnl_attr_put_u32(nlh, FRA_TABLE, r->table);
	if (r->fwmask) {
		mnl_attr_put_u32(nlh, FRA_FWMARK, r->fwmark);
		mnl_attr_put_u32(nlh, FRA_FWMASK, r->fwmask);
	}
	if (r->suppress_prefixlen >= 0)
		mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, (uint32_t)r->suppress_prefixlen);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, r->protocol);
	return wgc_nl_call(nl, NETLINK_ROUTE, nlh, NULL, NULL, fault);
}

static int explain(const struct wgc_rule *r, enum wgc_nl_op op, const struct wgc_nl_fault *fault, struct wgc_err *err)
{
	char mark[48] = "", order[32] = "";

	if (r->fwmask == UINT32_MAX)
		snprintf(mark, sizeof(mark), " fwmark 0x%x", r->fwmark);
	else if (r->fwmask)
		snprintf(mark, sizeof(mark), " fwmark 0x%x/0x%x", r->fwmark, r->fwmask);
	if (r->has_priority)
		snprintf(order, sizeof(order), " priority %u", r->priority);
	wgc_nl_explain(err, op, fault, "cannot %s IPv%d rule '%s%s%s table %u'", op == WGC_OP_RULE_ADD ? "add" : "delete",
		       r->family == AF_INET6 ? 6 : 4, r->invert ? "not" : "from all", mark, order, r->table);
	if (err)
		err->at = r->at;
	return fault->error;
}

int wgc_nl_rule_add(struct wgc_nl *nl, const struct wgc_rule *r, struct wgc_err *err)
{
	struct wgc_nl_fault fault;

	if (!request(nl, r, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &fault))
		return 0;
	return explain(r, WGC_OP_RULE_ADD, &fault, err);
}

/* ---- reading ----------------------------------------------------------------- */

struct rules {
	struct wgc_arena *a;
	struct wgc_rule *v;
	size_t n, cap, keep;
	uint8_t family;
};

int wgc_nl_rule_parse(const struct nlmsghdr *nlh, struct wgc_rule *out)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	bool good = true, masked = false;
	uint32_t n;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*frh))
		return -EBADMSG;
	*out = (struct wgc_rule){
		.family = frh->family,
		.invert = frh->flags & FIB_RULE_INVERT,
		.action = frh->action,
		.has_priority = true,
		.table = frh->table,
		.suppress_prefixlen = -1,
		.other = frh->dst_len || frh->src_len || frh->tos,
	};
	mnl_attr_for_each(attr, nlh, sizeof(*frh)) {
		switch (mnl_attr_get_type(attr)) {
		case FRA_PRIORITY:
			good = wgc_nl_get_u32(attr, &out->priority);
			break;
		case FRA_TABLE:
			good = wgc_nl_get_u32(attr, &out->table);
			break;
		case FRA_FWMARK:
			good = wgc_nl_get_u32(attr, &out->fwmark);
			if (!masked)
				out->fwmask = UINT32_MAX;
			break;
		case FRA_FWMASK:
			good = masked = wgc_nl_get_u32(attr, &out->fwmask);
			break;
		case FRA_SUPPRESS_PREFIXLEN:
			good = wgc_nl_get_u32(attr, &n);
			if (good)
				out->suppress_prefixlen = (int32_t)n;
			break;
		case FRA_SUPPRESS_IFGROUP:
			good = wgc_nl_get_u32(attr, &n);
			if (good && n != UINT32_MAX)
				out->other = true;
			break;
		case FRA_PROTOCOL:
			good = wgc_nl_get_u8(attr, &out->protocol);
			break;
		case FRA_PAD:
			break;
		default:
			/* Interfaces, ports, users, and what is to come. */
			out->other = true;
		}
		if (!good)
			return -EBADMSG;
	}
	return 0;
}

static int take_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	struct rules *l = arg;
	struct wgc_rule *out;

	if (nlh->nlmsg_type != RTM_NEWRULE)
		return 0;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*frh))
		return -EBADMSG;
	if (frh->family != l->family)
		return 0;
	out = wgc_arena_push(l->a, &l->v, &l->n, &l->cap, sizeof(*out));
	return out ? wgc_nl_rule_parse(nlh, out) : -ENOMEM;
}

static void reset(void *arg)
{
	struct rules *l = arg;

	l->n = l->keep;
}

int wgc_nl_rule_list(struct wgc_nl *nl, uint8_t family, struct wgc_arena *a, struct wgc_rule **ret, size_t *ret_n,
		     struct wgc_err *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct rules l = { .a = a };
	struct wgc_nl_fault fault;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(families); i++) {
		uint8_t buf[64] __attribute__((aligned(4)));
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
		struct fib_rule_hdr *frh;
		int r;

		if (family && family != families[i])
			continue;
		nlh->nlmsg_type = RTM_GETRULE;
		frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
		frh->family = l.family = families[i];
		l.keep = l.n;
		r = wgc_nl_dump(nl, NETLINK_ROUTE, nlh, take_rule, reset, &l, &fault);
		/* A kernel without a family has no rules for it. */
		if (r && r != -EAFNOSUPPORT && r != -EOPNOTSUPP)
			return wgc_nl_explain(err, WGC_OP_LIST, &fault, "cannot list the policy rules");
	}
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}

/* ---- deleting ---------------------------------------------------------------- */

static bool equal(const struct wgc_rule *want, const struct wgc_rule *have)
{
	return !have->other && have->family == want->family && have->invert == want->invert && have->action == want->action &&
	       have->protocol == want->protocol && have->table == want->table && have->fwmask == want->fwmask &&
	       (!want->fwmask || have->fwmark == want->fwmark) && have->suppress_prefixlen == want->suppress_prefixlen &&
	       (!want->has_priority || have->priority == want->priority);
}

/* What the kernel takes for the rule to delete: it looks neither at "not" nor
 * at selectors that the request does not mention. */
static bool taken_for(const struct wgc_rule *want, const struct wgc_rule *have)
{
	return have->priority == want->priority && (!want->action || have->action == want->action) &&
	       (!want->table || have->table == want->table) && (!want->fwmark || have->fwmark == want->fwmark) &&
	       (!want->fwmask || have->fwmask == want->fwmask) && (!want->protocol || have->protocol == want->protocol) &&
	       (want->suppress_prefixlen < 0 || have->suppress_prefixlen == want->suppress_prefixlen);
}

/*
 * The kernel deletes the first rule that resembles the request, and that may be
 * somebody else's. So the equal one is looked up first, and is deleted only if
 * the kernel would find the same.
 */
int wgc_nl_rule_delete(struct wgc_nl *nl, const struct wgc_rule *r, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_nl_fault fault;
	struct wgc_rule exact = *r, *v = NULL;
	size_t n = 0, i;
	int ret;

	if (!a)
		return wgc_err_nomem(err);
	ret = wgc_nl_rule_list(nl, r->family, a, &v, &n, err);
	if (ret)
		goto out;
	for (i = 0; i < n && !equal(r, &v[i]); i++)
		;
	if (i == n) {
		wgc_nl_fault_set(&fault, -ENOENT);
		ret = explain(r, WGC_OP_RULE_DELETE, &fault, err);
		goto out;
	}
	exact.has_priority = true;
	exact.priority = v[i].priority;
	for (size_t k = 0; k < i; k++) {
		if (!taken_for(&exact, &v[k]))
			continue;
		wgc_nl_fault_set(&fault, -EBUSY);
		ret = explain(r, WGC_OP_RULE_DELETE, &fault, err);
		goto out;
	}
	ret = request(nl, &exact, RTM_DELRULE, 0, &fault);
	if (ret)
		explain(r, WGC_OP_RULE_DELETE, &fault, err);
out:
	wgc_arena_free(a);
	return ret;
}
