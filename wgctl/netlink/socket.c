// SPDX-License-Identifier: GPL-2.0
/*
 * The real transport: one netlink socket for links, addresses, routes and
 * rules, one for generic netlink. Both are opened at once, so that a caller who
 * enters another network namespace later still talks to the one it began with.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/internal.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define RCVBUF (4 * 1024 * 1024)
/* What an ack costs in the receive buffer: its skb, with some extack text. */
#define ACK_COST 2048

struct wgc_sockets {
	struct mnl_socket *route, *generic;
};

static void sockets_close(void *ctx)
{
	struct wgc_sockets *s = ctx;

	if (s->route)
		mnl_socket_close(s->route);
	if (s->generic)
		mnl_socket_close(s->generic);
	free(s);
}

static int sockets_send(void *ctx, int proto, const void *buf, size_t len)
{
	struct wgc_sockets *s = ctx;
	struct mnl_socket *sock = proto == NETLINK_ROUTE ? s->route : s->generic;
	ssize_t n;

	do
		n = mnl_socket_sendto(sock, buf, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

struct parcel {
	const void *buf;
	size_t len;
};

static void send_parcel(int fd, int end, void *arg)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct parcel *p = arg;

	sendto(fd, p->buf, p->len, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
}

static int sockets_send_apart(void *ctx, int proto, const void *buf, size_t len)
{
	struct wgc_sockets *s = ctx;
	struct parcel p = { buf, len };

	return wgc_apart(mnl_socket_get_fd(proto == NETLINK_ROUTE ? s->route : s->generic), send_parcel, &p);
}

static ssize_t sockets_recv(void *ctx, int proto, void *buf, size_t cap)
{
	struct wgc_sockets *s = ctx;
	int fd = mnl_socket_get_fd(proto == NETLINK_ROUTE ? s->route : s->generic);

	for (;;) {
		struct sockaddr_nl from = { 0 };
		struct iovec iov = { .iov_base = buf, .iov_len = cap };
		struct msghdr m = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
		};
		ssize_t n = recvmsg(fd, &m, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* Any process may send to our port; only the kernel is port 0. */
		if (m.msg_namelen != sizeof(from) || from.nl_pid)
			continue;
		return m.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
	}
}

static struct mnl_socket *open_one(int proto, unsigned *ret_in_flight)
{
	struct mnl_socket *sock = mnl_socket_open2(proto, SOCK_CLOEXEC);
	int one = 1, size = RCVBUF, sndbuf = 2 * WGC_NL_TX_SIZE, fd, saved;
	socklen_t len = sizeof(size);

	if (!sock)
		return NULL;
	fd = mnl_socket_get_fd(sock);
	/* An old kernel lacks some of these: then errors say less, and dumps
	 * are filtered here only. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	/* FORCE needs CAP_NET_ADMIN in the first user namespace. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* The kernel takes no message that is longer than this. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) || size < 32 * ACK_COST)
		size = 32 * ACK_COST;
	*ret_in_flight = (unsigned)size / ACK_COST;
	if (!mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID))
		return sock;
	saved = errno;
	mnl_socket_close(sock);
	errno = saved;
	return NULL;
}

int wgc_nl_socket_open(struct wgc_nl_transport *ret, struct wgc_err *err)
{
	struct wgc_sockets *s = calloc(1, sizeof(*s));
	unsigned in_flight = 0, unused;
	int saved;

	if (!s)
		return wgc_err_nomem(err);
	s->route = open_one(NETLINK_ROUTE, &in_flight);
	if (s->route)
		s->generic = open_one(NETLINK_GENERIC, &unused);
	if (!s->route || !s->generic) {
		saved = errno;
		wgc_err_set(err, WGC_E_IO, saved, "cannot open a %s netlink socket", s->route ? "generic" : "route");
		sockets_close(s);
		return -saved;
	}
	*ret = (struct wgc_nl_transport){
		.send = sockets_send,
		.send_apart = sockets_send_apart,
		.recv = sockets_recv,
		.close = sockets_close,
		.ctx = s,
		.in_flight = in_flight,
	};
	return 0;
}
