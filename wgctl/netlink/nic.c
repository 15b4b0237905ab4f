// SPDX-License-Identifier: GPL-2.0
/* Links with what moving them to another namespace takes: what they stand on, who has them, whether they may. */
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <string.h>

#include "netlink/internal.h"

/* Newer than the headers that this is built with, perhaps. */
#define NETNS_IMMUTABLE 67

struct nics {
	struct wgc_arena *a;
	struct wgc_nic *v;
	size_t n, cap;
	struct wgc_nl_fault *fault;
};

static int add_altname(struct wgc_arena *a, struct wgc_nic *nic, const struct nlattr *attr)
{
	size_t cap = nic->n_altnames;
	char name[128], **slot;

	if (!wgc_nl_get_str(attr, name, sizeof(name)))
		return -EBADMSG;
	slot = wgc_arena_push(a, &nic->altnames, &nic->n_altnames, &cap, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = wgc_arena_strdup(a, name);
	return *slot ? 0 : -ENOMEM;
}

/* A VXLAN link names the one that it stands on among the settings of its kind. */
static void vxlan_lower(const struct nlattr *linkinfo, struct wgc_nic *nic)
{
	const struct nlattr *attr, *inner;

	mnl_attr_for_each_nested(attr, linkinfo)
		if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			mnl_attr_for_each_nested(inner, attr)
				if (mnl_attr_get_type(inner) == IFLA_VXLAN_LINK)
					wgc_nl_get_u32(inner, &nic->lower);
}

static int take_attr(struct nics *l, struct wgc_nic *nic, const struct nlattr *attr)
{
	const struct nlattr *inner;
	uint8_t flag;
	int r = 0;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_LINK:
		wgc_nl_get_u32(attr, &nic->lower);
		break;
	case IFLA_LINK_NETNSID:
		nic->lower_elsewhere = true;
		break;
	case IFLA_MASTER:
		wgc_nl_get_u32(attr, &nic->master);
		break;
	case IFLA_GROUP:
		wgc_nl_get_u32(attr, &nic->group);
		break;
	case IFLA_TXQLEN:
		wgc_nl_get_u32(attr, &nic->txqlen);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) <= sizeof(nic->mac)) {
			nic->mac_len = (uint8_t)mnl_attr_get_payload_len(attr);
			memcpy(nic->mac, mnl_attr_get_payload(attr), nic->mac_len);
		}
		break;
	case IFLA_PARENT_DEV_NAME:
		wgc_nl_get_str(attr, nic->parent, sizeof(nic->parent));
		break;
	case NETNS_IMMUTABLE:
		nic->immutable = wgc_nl_get_u8(attr, &flag) && flag;
		break;
	case IFLA_LINKINFO:
		if (!strcmp(nic->link.kind, "vxlan"))
			vxlan_lower(attr, nic);
		break;
	case IFLA_PROP_LIST:
		mnl_attr_for_each_nested(inner, attr)
			if (!r && mnl_attr_get_type(inner) == IFLA_ALT_IFNAME)
				r = add_altname(l->a, nic, inner);
		break;
	}
	return r;
}

static int take_nic(const struct nlmsghdr *nlh, void *arg)
{
	struct nics *l = arg;
	struct wgc_nic nic = { .phy = -1 }, *out;
	const struct nlattr *attr;
	int r = wgc_nl_link_parse(nlh, &nic.link);

	if (r <= 0)
		return r;
	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		r = take_attr(l, &nic, attr);
		if (r < 0)
			return r;
	}
	/* A veth's peer is no link that it stands on. */
	if (!strcmp(nic.link.kind, "veth") || nic.lower == nic.link.ifindex)
		nic.lower = 0;
	out = wgc_arena_push(l->a, &l->v, &l->n, &l->cap, sizeof(*out));
	if (!out)
		return -ENOMEM;
	*out = nic;
	return 0;
}

static void reset(void *arg)
{
	((struct nics *)arg)->n = 0;
}

static void take_phy(void *ctx, uint32_t ifindex, uint32_t phy)
{
	struct nics *l = ctx;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].link.ifindex == ifindex)
			l->v[i].phy = (int32_t)phy;
}

/* ---- may it leave: kernels before 6.12 tell among the features of a device ------ */

static bool is_netns_local(const struct nlattr *bit)
{
	const struct nlattr *attr;
	char name[32];

	mnl_attr_for_each_nested(attr, bit)
		if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BIT_NAME && wgc_nl_get_str(attr, name, sizeof(name)))
			return !strcmp(name, "netns-local");
	return false;
}

static int take_features(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *set, *bits, *bit;
	bool *found = arg;

	mnl_attr_for_each(set, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(set) != ETHTOOL_A_FEATURES_ACTIVE)
			continue;
		mnl_attr_for_each_nested(bits, set)
			if (mnl_attr_get_type(bits) == ETHTOOL_A_BITSET_BITS)
				mnl_attr_for_each_nested(bit, bits)
					*found |= is_netns_local(bit);
	}
	return 0;
}

static void ask_features(struct wgc_nl *nl, uint16_t family, struct wgc_nic *nic)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct wgc_nl_fault fault;
	struct genlmsghdr *g;
	struct nlattr *head;

	nlh->nlmsg_type = family;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = ETHTOOL_MSG_FEATURES_GET;
	g->version = ETHTOOL_GENL_VERSION;
	head = mnl_attr_nest_start(nlh, ETHTOOL_A_FEATURES_HEADER);
	mnl_attr_put_u32(nlh, ETHTOOL_A_HEADER_DEV_INDEX, nic->link.ifindex);
	mnl_attr_nest_end(nlh, head);
	/* Who does not answer does not say that it may not. */
	wgc_nl_call(nl, NETLINK_GENERIC, nlh, take_features, &nic->immutable, &fault);
}

int wgc_nl_nic_list(struct wgc_nl *nl, struct wgc_arena *a, struct wgc_nic **ret, size_t *ret_n, struct wgc_err *err)
{
	uint8_t buf[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifinfomsg))] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nics l = { .a = a };
	struct wgc_nl_fault fault;
	uint16_t ethtool;

	nlh->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (wgc_nl_dump(nl, NETLINK_ROUTE, nlh, take_nic, reset, &l, &fault))
		return wgc_nl_explain(err, WGC_OP_LIST, &fault, "cannot list the interfaces");
	if (wgc_nl_wiphy_links(nl, take_phy, &l, &fault))
		return wgc_nl_explain(err, WGC_OP_LIST, &fault, "cannot list the radios");
	if (!wgc_nl_family(nl, ETHTOOL_GENL_NAME, &ethtool, &fault))
		for (size_t i = 0; i < l.n; i++)
			if (!l.v[i].immutable)
				ask_features(nl, ethtool, &l.v[i]);
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
