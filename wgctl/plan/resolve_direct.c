// SPDX-License-Identifier: GPL-2.0
/*
 * Asking the servers of a file themselves. Where systemd-resolved is the one
 * that is asked, and a kill switch keeps it from asking: its questions are not
 * ours to let through, those of this thread are. And in a network namespace with
 * a resolv.conf of its own, where the C library would ask what the caller's says.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "plan/internal.h"

/* The IPv4 servers of the file: the only ones that the C library lets be set. */
static int servers(const char *file, struct __res_state *st)
{
	WGC_AUTO_FREE char *text = NULL;
	char *save = NULL;
	size_t len;
	int n = 0;

	if (wgc_read_file(file, 1u << 20, &text, &len) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line && n < MAXNS; line = strtok_r(NULL, "\n", &save)) {
		struct sockaddr_in *sa = &st->nsaddr_list[n];
		char word[64];

		if (sscanf(line, "nameserver %63s", word) != 1)
			continue;
		*sa = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(NAMESERVER_PORT) };
		n += inet_pton(AF_INET, word, &sa->sin_addr) == 1;
	}
	st->nscount = n;
	return n;
}

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

static void ask(struct __res_state *st, const char *host, int type, struct answers *a)
{
	unsigned char buf[NS_MAXMSG > 16384 ? 16384 : NS_MAXMSG];
	int len = res_nquery(st, host, ns_c_in, type, buf, sizeof(buf));
	ns_msg msg;
	ns_rr rr;

	if (len < 0 || ns_initparse(buf, len, &msg) < 0)
		return;
	for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++)
		if (ns_parserr(&msg, ns_s_an, i, &rr) == 0)
			take(a, &rr);
}

size_t wgc_resolve_direct(const char *file, const char *host, const char *port, union wgc_sockaddr **ret)
{
	struct __res_state st = { 0 };
	struct answers a = { .cap = 32 };
	uint64_t number;

	if (wgc_parse_u64(port, UINT16_MAX, &number) || res_ninit(&st) < 0)
		return 0;
	a.port = htons((uint16_t)number);
	a.v = servers(file, &st) ? calloc(a.cap, sizeof(*a.v)) : NULL;
	if (a.v) {
		st.retrans = 2;
		st.retry = 2;
		ask(&st, host, ns_t_a, &a);
		ask(&st, host, ns_t_aaaa, &a);
	}
	res_nclose(&st);
	if (!a.n) {
		free(a.v);
		return 0;
	}
	*ret = a.v;
	return a.n;
}
