// SPDX-License-Identifier: GPL-2.0
/* What happens to links, addresses, routes and rules, as the kernel tells it to all who listen. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/internal.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* A full table that comes or goes with a link is some hundred kilobytes. */
#define RCVBUF (8 * 1024 * 1024)

struct wgc_events {
	struct mnl_socket *sock;
	uint8_t buf[WGC_NL_RX_SIZE] __attribute__((aligned(8)));
};

static int listen_to(struct mnl_socket *sock)
{
	static const unsigned groups[] = { RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
					   RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE };
	int fd = mnl_socket_get_fd(sock), size = RCVBUF;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(groups); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])))
			return -errno;
	return 0;
}

int wgc_events_open(struct wgc_events **ret, struct wgc_err *err)
{
	struct wgc_events *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return wgc_err_nomem(err);
	e->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	r = e->sock ? listen_to(e->sock) : -errno;
	if (r < 0) {
		wgc_events_close(e);
		return wgc_err_set(err, WGC_E_IO, -r, "cannot listen to the kernel's events: %s", strerror(-r));
	}
	*ret = e;
	return 0;
}

struct wgc_events *wgc_events_close(struct wgc_events *e)
{
	if (e && e->sock)
		mnl_socket_close(e->sock);
	free(e);
	return NULL;
}

int wgc_events_fd(const struct wgc_events *e)
{
	return mnl_socket_get_fd(e->sock);
}

/* True when the message is an event. One that cannot be read is none: there is
 * nobody to complain to. */
static bool parse(const struct nlmsghdr *nlh, struct wgc_event *ret)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

	memset(ret, 0, sizeof(*ret));
	switch (nlh->nlmsg_type) {
	case RTM_DELLINK:
		ret->gone = true;
		/* fall through */
	case RTM_NEWLINK:
		ret->kind = WGC_EVENT_LINK;
		return wgc_nl_link_parse(nlh, &ret->link) > 0;
	case RTM_DELADDR:
		ret->gone = true;
		/* fall through */
	case RTM_NEWADDR:
		ret->kind = WGC_EVENT_ADDR;
		return wgc_nl_addr_parse(nlh, &ret->addr) > 0;
	case RTM_DELROUTE:
		ret->gone = true;
		/* fall through */
	case RTM_NEWROUTE:
		ret->kind = WGC_EVENT_ROUTE;
		return wgc_nl_route_parse(nlh, &ret->route) > 0 && !(rtm->rtm_flags & RTM_F_CLONED);
	case RTM_DELRULE:
		ret->gone = true;
		/* fall through */
	case RTM_NEWRULE:
		ret->kind = WGC_EVENT_RULE;
		return wgc_nl_rule_parse(nlh, &ret->rule) == 0;
	}
	return false;
}

static ssize_t next_datagram(struct wgc_events *e)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(mnl_socket_get_fd(e->sock), e->buf, sizeof(e->buf), 0, (struct sockaddr *)&from, &len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* Any process may send to our port; only the kernel is port 0. */
		if (len == sizeof(from) && !from.nl_pid)
			return n;
	}
}

int wgc_events_read(struct wgc_events *e, void (*tell)(void *ctx, const struct wgc_event *what), void *ctx, struct wgc_err *err)
{
	struct wgc_event event;

	for (;;) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)e->buf;
		ssize_t n = next_datagram(e);
		int left = (int)n;

		if (n == -EAGAIN)
			return 0;
		if (n == -ENOBUFS) {
			event = (struct wgc_event){ .kind = WGC_EVENT_LOST };
			tell(ctx, &event);
			continue;
		}
		if (n < 0)
			return wgc_err_set(err, WGC_E_IO, (int)-n, "cannot read the kernel's events: %s", strerror((int)-n));
		for (; wgc_nl_msg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			if (parse(nlh, &event))
				tell(ctx, &event);
	}
}
