// SPDX-License-Identifier: GPL-2.0
/*
 * Asking name servers themselves, where the resolver of the machine cannot: a
 * kill switch lets out what this thread asks and not what systemd-resolved does;
 * and beside a tunnel that is dead only packets with its mark get anywhere.
 * A network namespace may have a resolv.conf of its own, where the C library
 * would ask what the caller's says. Each server has a moment for both kinds of address; the first one that
 * knows the name is believed.
 */
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/internal.h"

#define WAIT_MS 1500

struct answers {
	union wgc_sockaddr *v;
	size_t n, cap;
	uint16_t port; /* network order */
};

static void take(struct answers *a, const ns_rr *rr)
{
	union wgc_sockaddr *sa = &a->v[a->n];

	if (a->n == a->cap)
		return;
	if (ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == 4) {
		sa->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = a->port };
		memcpy(&sa->in.sin_addr, ns_rr_rdata(*rr), 4);
		a->n++;
	} else if (ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == 16) {
		sa->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = a->port };
		memcpy(&sa->in6.sin6_addr, ns_rr_rdata(*rr), 16);
		a->n++;
	}
}

static void take_all(struct answers *a, const unsigned char *buf, int len)
{
	ns_msg msg;
	ns_rr rr;

	if (ns_initparse(buf, len, &msg) < 0)
		return;
	for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++)
		if (ns_parserr(&msg, ns_s_an, i, &rr) == 0)
			take(a, &rr);
}

/* Connected, so that nobody else's datagrams come; -1 when there is no way to it. */
static int call(const union wgc_sockaddr *server, uint32_t mark)
{
	int fd = socket(server->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && ((mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark))) ||
			connect(fd, &server->sa, wgc_sockaddr_len(server))))
		fd = wgc_close(fd);
	return fd;
}

static void ask(struct __res_state *st, const union wgc_sockaddr *server, uint32_t mark, const char *host, struct answers *a)
{
	static const int types[] = { ns_t_a, ns_t_aaaa };
	WGC_AUTO_FD int fd = call(server, mark);
	unsigned char buf[4096], ids[WGC_ARRAY_SIZE(types)][2];
	int64_t end = wgc_now_ms() + WAIT_MS;
	size_t open = 0;

	for (size_t i = 0; fd >= 0 && i < WGC_ARRAY_SIZE(types); i++) {
		int len = res_nmkquery(st, ns_o_query, host, ns_c_in, types[i], NULL, 0, NULL, buf, sizeof(buf));

		if (len < 2 || send(fd, buf, (size_t)len, 0) != len)
			return;
		memcpy(ids[open++], buf, 2);
	}
	while (open) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - wgc_now_ms();
		ssize_t len;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return;
		len = recv(fd, buf, sizeof(buf), 0);
		if (len < 0)
			return;
		for (size_t i = 0; len >= 2 && i < open; i++)
			if (!memcmp(buf, ids[i], 2)) {
				memcpy(ids[i], ids[--open], 2);
				take_all(a, buf, (int)len);
				break;
			}
	}
}

size_t wgc_resolve_direct(const char *host, const char *port, const struct wgc_outside *o, union wgc_sockaddr **ret)
{
	struct __res_state st = { 0 };
	struct answers a = { .cap = 32 };
	uint64_t number;

	if (!o->n || wgc_parse_u64(port, UINT16_MAX, &number) || res_ninit(&st) < 0)
		return 0;
	a.port = htons((uint16_t)number);
	a.v = calloc(a.cap, sizeof(*a.v));
	for (size_t i = 0; a.v && !a.n && i < o->n; i++)
		ask(&st, &o->servers[i], o->mark, host, &a);
	res_nclose(&st);
	if (!a.n) {
		free(a.v);
		return 0;
	}
	*ret = a.v;
	return a.n;
}
