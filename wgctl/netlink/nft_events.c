// SPDX-License-Identifier: GPL-2.0
/* Whether something of certain nftables tables was taken away, as the kernel tells it. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <unistd.h>

#include "netlink/internal.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

int wgc_nft_events_open(void)
{
	const unsigned group = NFNLGRP_NFTABLES;
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER), r;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* The name of the table is the first attribute of each of these, by the same number. */
static bool takes_away(const struct nlmsghdr *nlh, const char *prefix)
{
	const struct nlattr *a;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
		return false;
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
		mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
			if (mnl_attr_get_type(a) == NFTA_TABLE_NAME)
				return mnl_attr_get_payload_len(a) > strlen(prefix) && !strncmp(mnl_attr_get_str(a), prefix, strlen(prefix));
	}
	return false;
}

bool wgc_nft_events_read(int fd, const char *prefix)
{
	_Alignas(struct nlmsghdr) uint8_t buf[16384];
	bool found = false;

	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = fd < 0 ? 0 : recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		/* Some were lost: that may have been one of them. */
		if (n < 0 && errno == ENOBUFS) {
			found = true;
			continue;
		}
		if (n <= 0)
			return found;
		for (; !from.nl_pid && wgc_nl_msg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			found |= takes_away(nlh, prefix);
	}
}
