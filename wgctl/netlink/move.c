// SPDX-License-Identifier: GPL-2.0
/* Changing one thing of a link: its names, its master. */
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>

#include "netlink/internal.h"

#define BUF 512

static struct nlmsghdr *request(void *buf, uint16_t type, uint32_t ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	nlh->nlmsg_type = type;
	ifi->ifi_index = (int)ifindex;
	return nlh;
}

static int call(struct wgc_nl *nl, struct nlmsghdr *nlh, struct wgc_nl_fault *fault)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	/* Without an index the kernel looks for a name in the message instead. */
	if (ifi->ifi_index <= 0)
		return wgc_nl_fault_set(fault, -ENODEV);
	return wgc_nl_call(nl, NETLINK_ROUTE, nlh, NULL, NULL, fault);
}

int wgc_nl_link_rename(struct wgc_nl *nl, uint32_t ifindex, const char *name, struct wgc_err *err)
{
	uint8_t buf[BUF] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = request(buf, RTM_SETLINK, ifindex);
	struct wgc_nl_fault fault;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	if (!call(nl, nlh, &fault))
		return 0;
	return wgc_nl_explain(err, WGC_OP_LINK_MOVE, &fault, "cannot rename interface number %u to '%s'", ifindex, name);
}

int wgc_nl_link_altname(struct wgc_nl *nl, uint32_t ifindex, const char *name, struct wgc_err *err)
{
	uint8_t buf[BUF] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = request(buf, RTM_NEWLINKPROP, ifindex);
	struct wgc_nl_fault fault;
	struct nlattr *list;

	if (strlen(name) >= 128)
		return wgc_err_set(err, WGC_E_INTERNAL, EINVAL, "a name of %zu bytes is too long", strlen(name));
	nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND;
	list = mnl_attr_nest_start(nlh, IFLA_PROP_LIST);
	mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, name);
	mnl_attr_nest_end(nlh, list);
	if (!call(nl, nlh, &fault))
		return 0;
	return wgc_nl_explain(err, WGC_OP_LINK_MOVE, &fault, "cannot give interface number %u the further name '%s'", ifindex, name);
}

int wgc_nl_link_master(struct wgc_nl *nl, uint32_t ifindex, uint32_t master, struct wgc_err *err)
{
	uint8_t buf[BUF] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = request(buf, RTM_SETLINK, ifindex);
	struct wgc_nl_fault fault;

	mnl_attr_put_u32(nlh, IFLA_MASTER, master);
	if (!call(nl, nlh, &fault))
		return 0;
	return wgc_nl_explain(err, WGC_OP_LINK_SET, &fault, "cannot make interface number %u a port of number %u", ifindex, master);
}

int wgc_nl_link_alias(struct wgc_nl *nl, uint32_t ifindex, const char *alias, struct wgc_err *err)
{
	uint8_t buf[BUF] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = request(buf, RTM_SETLINK, ifindex);
	struct wgc_nl_fault fault;

	mnl_attr_put(nlh, IFLA_IFALIAS, strnlen(alias, 255), alias);
	if (!call(nl, nlh, &fault))
		return 0;
	return wgc_nl_explain(err, WGC_OP_LINK_SET, &fault, "cannot set the alias of interface number %u", ifindex);
}
