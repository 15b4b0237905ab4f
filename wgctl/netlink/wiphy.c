// SPDX-License-Identifier: GPL-2.0
/* Radios: a wireless link cannot go to another namespace by itself, its radio goes and takes its links along. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <string.h>

#include "netlink/internal.h"

static int take_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	if (nlh->nlmsg_type != GENL_ID_CTRL || mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID && !wgc_nl_get_u16(attr, arg))
			return -EBADMSG;
	return 0;
}

static struct nlmsghdr *request(void *buf, uint16_t family, uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g;

	nlh->nlmsg_type = family;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = cmd;
	g->version = 1;
	return nlh;
}

int wgc_nl_family(struct wgc_nl *nl, const char *name, uint16_t *ret, struct wgc_nl_fault *fault)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = request(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	uint16_t id = 0;
	int r;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	r = wgc_nl_call(nl, NETLINK_GENERIC, nlh, take_family, &id, fault);
	if (r)
		return r;
	if (id < NLMSG_MIN_TYPE)
		return wgc_nl_fault_set(fault, -EBADMSG);
	*ret = id;
	return 0;
}

struct asked {
	void (*tell)(void *ctx, uint32_t ifindex, uint32_t phy);
	void *ctx;
};

static int take_interface(const struct nlmsghdr *nlh, void *arg)
{
	const struct asked *q = arg;
	const struct nlattr *attr;
	uint32_t ifindex = 0, phy = 0;
	bool has_phy = false;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == NL80211_ATTR_IFINDEX && !wgc_nl_get_u32(attr, &ifindex))
			return -EBADMSG;
		if (mnl_attr_get_type(attr) == NL80211_ATTR_WIPHY)
			has_phy = wgc_nl_get_u32(attr, &phy);
	}
	/* Some have no link: they go with their radio, unseen. */
	if (ifindex && has_phy)
		q->tell(q->ctx, ifindex, phy);
	return 0;
}

int wgc_nl_wiphy_links(struct wgc_nl *nl, void (*tell)(void *ctx, uint32_t ifindex, uint32_t phy), void *ctx,
		       struct wgc_nl_fault *fault)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct asked q = { tell, ctx };
	uint16_t family;
	int r = wgc_nl_family(nl, NL80211_GENL_NAME, &family, fault);

	if (r == -ENOENT)
		return 0;
	return r ?: wgc_nl_dump(nl, NETLINK_GENERIC, request(buf, family, NL80211_CMD_GET_INTERFACE), take_interface, NULL, &q, fault);
}

int wgc_nl_wiphy_move(struct wgc_nl *nl, uint32_t phy, int netns_fd, struct wgc_err *err)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct wgc_nl_fault fault;
	struct nlmsghdr *nlh;
	uint16_t family;
	int r = wgc_nl_family(nl, NL80211_GENL_NAME, &family, &fault);

	if (!r) {
		nlh = request(buf, family, NL80211_CMD_SET_WIPHY_NETNS);
		mnl_attr_put_u32(nlh, NL80211_ATTR_WIPHY, phy);
		mnl_attr_put_u32(nlh, NL80211_ATTR_NETNS_FD, (uint32_t)netns_fd);
		r = wgc_nl_call(nl, NETLINK_GENERIC, nlh, NULL, NULL, &fault);
	}
	return r ? wgc_nl_explain(err, WGC_OP_LINK_MOVE, &fault, "cannot move radio number %u", phy) : 0;
}
