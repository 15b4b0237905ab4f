// SPDX-License-Identifier: GPL-2.0
/* Links, through libnl's objects: it knows how kinds nest their attributes. */
#include <errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "netlink/internal.h"

/* ---- reading ---------------------------------------------------------------- */

struct links {
	struct wgc_arena *a;
	struct wgc_link *v;
	size_t n, cap;
	int error;
};

static void copy(char *out, size_t cap, const char *s)
{
	size_t len = s ? strnlen(s, cap - 1) : 0;

	if (len)
		memcpy(out, s, len);
	out[len] = 0;
}

static void from_object(struct nl_object *o, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)o;
	struct links *l = arg;
	struct wgc_link *out = wgc_arena_push(l->a, &l->v, &l->n, &l->cap, sizeof(*out));

	if (!out) {
		l->error = -ENOMEM;
		return;
	}
	out->ifindex = (uint32_t)rtnl_link_get_ifindex(link);
	copy(out->ifname, sizeof(out->ifname), rtnl_link_get_name(link));
	copy(out->kind, sizeof(out->kind), rtnl_link_get_type(link));
	copy(out->alias, sizeof(out->alias), rtnl_link_get_ifalias(link));
	out->mtu = rtnl_link_get_mtu(link);
	out->flags = rtnl_link_get_flags(link);
}

static int take_link(const struct nlmsghdr *nlh, void *arg)
{
	struct links *l = arg;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct nl_msg *msg;
	int r;

	/* Bridges also list their ports, as messages of their own family. */
	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
		return 0;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return -EBADMSG;
	if (ifi->ifi_family != AF_UNSPEC)
		return 0;
	msg = nlmsg_convert((struct nlmsghdr *)nlh);
	if (!msg)
		return -ENOMEM;
	nlmsg_set_proto(msg, NETLINK_ROUTE);
	r = nl_msg_parse(msg, from_object, l);
	nlmsg_free(msg);
	if (l->error)
		return l->error;
	return r < 0 ? -EBADMSG : 0;
}

static void reset(void *arg)
{
	((struct links *)arg)->n = 0;
}

int wgc_nl_link_parse(const struct nlmsghdr *nlh, struct wgc_link *ret)
{
	struct wgc_arena *a = wgc_arena_new();
	struct links l = { .a = a };
	int r = a ? take_link(nlh, &l) : -ENOMEM;

	if (!r && l.n) {
		*ret = l.v[0];
		r = 1;
	}
	wgc_arena_free(a);
	return r;
}

/* libnl takes an index for an int, and ends the program over a negative one. */
static bool no_index(uint32_t ifindex, struct wgc_nl_fault *fault)
{
	if (ifindex && ifindex <= INT32_MAX)
		return false;
	wgc_nl_fault_set(fault, -ENODEV);
	return true;
}

/* By index, or by name when that is 0. */
static int get_one(struct wgc_nl *nl, uint32_t ifindex, const char *ifname, struct wgc_link *ret,
		   struct wgc_nl_fault *fault)
{
	struct wgc_arena *a = wgc_arena_new();
	struct links l = { .a = a };
	struct nl_msg *msg;
	int r = -ENOMEM;

	wgc_nl_fault_set(fault, r);
	if (a && !rtnl_link_build_get_request((int)ifindex, ifname, &msg))
		r = wgc_nl_call_msg(nl, msg, take_link, &l, fault);
	if (!r && !l.n)
		r = wgc_nl_fault_set(fault, -EBADMSG);
	if (!r)
		*ret = l.v[0];
	wgc_arena_free(a);
	return r;
}

int wgc_nl_link_get(struct wgc_nl *nl, const char *ifname, struct wgc_link *ret, struct wgc_err *err)
{
	struct wgc_nl_fault fault;

	/* The kernel calls such a name a range error, or looks for a part of it. */
	if (!*ifname || strlen(ifname) >= IFNAMSIZ)
		wgc_nl_fault_set(&fault, -ENODEV);
	else if (!get_one(nl, 0, ifname, ret, &fault))
		return 0;
	return wgc_nl_explain(err, WGC_OP_LINK_GET, &fault, "'%s'", ifname);
}

int wgc_nl_link_get_index(struct wgc_nl *nl, uint32_t ifindex, struct wgc_link *ret, struct wgc_err *err)
{
	struct wgc_nl_fault fault;

	if (!no_index(ifindex, &fault) && !get_one(nl, ifindex, NULL, ret, &fault))
		return 0;
	return wgc_nl_explain(err, WGC_OP_LINK_GET, &fault, "interface number %u", ifindex);
}

int wgc_nl_link_list(struct wgc_nl *nl, struct wgc_arena *a, struct wgc_link **ret, size_t *ret_n, struct wgc_err *err)
{
	uint8_t buf[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifinfomsg))] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct links l = { .a = a };
	struct wgc_nl_fault fault;

	nlh->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (wgc_nl_dump(nl, NETLINK_ROUTE, nlh, take_link, reset, &l, &fault))
		return wgc_nl_explain(err, WGC_OP_LIST, &fault, "cannot list the interfaces");
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}

/* ---- changing ---------------------------------------------------------------- */

static int set(struct wgc_nl *nl, uint32_t ifindex, uint32_t mtu, const char *alias, const bool *up,
	       struct wgc_nl_fault *fault)
{
	struct rtnl_link *which = rtnl_link_alloc(), *what = rtnl_link_alloc();
	struct nl_msg *msg;
	int r = -ENOMEM;

	if (which && what) {
		rtnl_link_set_ifindex(which, (int)ifindex);
		if (mtu)
			rtnl_link_set_mtu(what, mtu);
		if (alias)
			rtnl_link_set_ifalias(what, alias);
		if (up && *up)
			rtnl_link_set_flags(what, IFF_UP);
		else if (up)
			rtnl_link_unset_flags(what, IFF_UP);
		r = rtnl_link_build_change_request(which, what, 0, &msg) ? -ENOMEM : 0;
	}
	if (r)
		wgc_nl_fault_set(fault, r);
	else
		r = wgc_nl_call_msg(nl, msg, NULL, NULL, fault);
	if (which)
		rtnl_link_put(which);
	if (what)
		rtnl_link_put(what);
	return r;
}

int wgc_nl_link_set(struct wgc_nl *nl, uint32_t ifindex, uint32_t mtu, const char *alias, bool up, struct wgc_err *err)
{
	struct wgc_nl_fault fault;
	char what[32] = "";

	if (!no_index(ifindex, &fault) && !set(nl, ifindex, mtu, alias, &up, &fault))
		return 0;
	if (mtu)
		snprintf(what, sizeof(what), ", MTU %u", mtu);
	return wgc_nl_explain(err, WGC_OP_LINK_SET, &fault, "cannot set interface number %u %s%s%s", ifindex,
			      up ? "up" : "down", what, alias ? ", alias" : "");
}

int wgc_nl_link_group(struct wgc_nl *nl, uint32_t ifindex, uint32_t group, struct wgc_err *err)
{
	char buf[64] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct wgc_nl_fault fault;

	nlh->nlmsg_type = RTM_SETLINK;
	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	/* Without an index the kernel would take the group for the question. */
	if (!no_index(ifindex, &fault) && !wgc_nl_call(nl, NETLINK_ROUTE, nlh, NULL, NULL, &fault))
		return 0;
	return wgc_nl_explain(err, WGC_OP_LINK_SET, &fault, "cannot put interface number %u into group %u", ifindex, group);
}

static bool is_there(struct wgc_nl *nl, uint32_t ifindex)
{
	struct wgc_nl_fault fault;
	char buf[MNL_NLMSG_HDRLEN + sizeof(struct ifinfomsg)];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	nlh->nlmsg_type = RTM_GETLINK;
	ifi->ifi_index = (int)ifindex;
	return wgc_nl_call(nl, NETLINK_ROUTE, nlh, NULL, NULL, &fault) != -ENODEV;
}

/*
 * A link is out of every list as soon as the kernel lets go of its lock, but
 * whoever asked for it to go is kept until all processors have forgotten it and
 * its memory is free (netdev_run_todo). False when that way did not lead there.
 */
static bool delete_apart(struct wgc_nl *nl, uint32_t ifindex, struct nl_msg *msg)
{
	static const struct timespec pause = { .tv_nsec = 200 * 1000 };
	WGC_AUTO_FD int end = wgc_nl_send_apart(nl, NETLINK_ROUTE, nlmsg_hdr(msg));
	bool over = end < 0;

	while (!over) {
		struct pollfd p = { .fd = end };

		over = ppoll(&p, 1, &pause, NULL) > 0;
		if (!is_there(nl, ifindex))
			return true;
	}
	return false;
}

int wgc_nl_link_delete(struct wgc_nl *nl, uint32_t ifindex, struct wgc_err *err)
{
	struct wgc_nl_fault fault;
	struct rtnl_link *link;
	struct nl_msg *msg;
	int r;

	if (!no_index(ifindex, &fault)) {
		link = rtnl_link_alloc();
		if (!link)
			return wgc_err_nomem(err);
		rtnl_link_set_ifindex(link, (int)ifindex);
		r = rtnl_link_build_delete_request(link, &msg);
		rtnl_link_put(link);
		if (r)
			return wgc_err_nomem(err);
		if (is_there(nl, ifindex) && delete_apart(nl, ifindex, msg)) {
			nlmsg_free(msg);
			return 0;
		}
		if (!wgc_nl_call_msg(nl, msg, NULL, NULL, &fault))
			return 0;
	}
	return wgc_nl_explain(err, WGC_OP_LINK_DELETE, &fault, "cannot delete interface number %u", ifindex);
}

/* Ask from @nl's namespace for a link that appears in that of @netns (-1: the same). */
static int ask_for_link(struct wgc_nl *nl, int netns, const char *ifname, const char *kind, struct wgc_err *err)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct wgc_nl_fault fault;
	struct nl_msg *msg;
	int r = -ENOMEM;

	if (link && !rtnl_link_set_type(link, kind)) {
		rtnl_link_set_name(link, ifname);
		if (netns >= 0)
			rtnl_link_set_ns_fd(link, netns);
		r = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg);
	}
	if (link)
		rtnl_link_put(link);
	if (r)
		return wgc_err_nomem(err);
	r = wgc_nl_call_msg(nl, msg, NULL, NULL, &fault);
	if (r)
		return wgc_nl_explain(err, WGC_OP_LINK_CREATE, &fault, "cannot create interface '%s' of kind %s", ifname, kind);
	return 0;
}

static int find_made(struct wgc_nl *nl, const char *ifname, const char *alias, uint32_t *ret_ifindex, struct wgc_err *err)
{
	struct wgc_nl_fault fault;
	struct wgc_link made;
	int r = wgc_nl_link_get(nl, ifname, &made, err);

	if (r)
		return r;
	/* The kernel heeds an alias only on links that exist. */
	if (alias) {
		r = set(nl, made.ifindex, 0, alias, NULL, &fault);
		if (r) {
			wgc_nl_link_delete(nl, made.ifindex, NULL);
			return wgc_nl_explain(err, WGC_OP_LINK_SET, &fault, "cannot set the alias of '%s'", ifname);
		}
	}
	*ret_ifindex = made.ifindex;
	return 0;
}

int wgc_nl_link_create(struct wgc_nl *nl, const char *ifname, const char *kind, const char *alias, uint32_t *ret_ifindex,
		       struct wgc_err *err)
{
	int r = ask_for_link(nl, -1, ifname, kind, err);

	return r ?: find_made(nl, ifname, alias, ret_ifindex, err);
}

int wgc_nl_link_create_in(struct wgc_nl *birth, struct wgc_nl *home, int home_netns, const char *ifname, const char *kind,
			  const char *alias, uint32_t *ret_ifindex, struct wgc_err *err)
{
	int r = ask_for_link(birth, home_netns, ifname, kind, err);

	return r ?: find_made(home, ifname, alias, ret_ifindex, err);
}

int wgc_nl_link_move(struct wgc_nl *nl, uint32_t ifindex, int netns, const char *ifname, struct wgc_err *err)
{
	uint8_t buf[96] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct wgc_nl_fault fault;
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = RTM_NEWLINK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)netns);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, ifname);
	if (no_index(ifindex, &fault) || wgc_nl_call(nl, NETLINK_ROUTE, nlh, NULL, NULL, &fault))
		return wgc_nl_explain(err, WGC_OP_LINK_MOVE, &fault, "cannot move interface '%s' to another network namespace", ifname);
	return 0;
}
