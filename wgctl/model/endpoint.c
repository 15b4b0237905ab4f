// SPDX-License-Identifier: GPL-2.0
/* Resolved endpoints. */
#include <arpa/inet.h>
#include <string.h>

#include "model/model.h"

socklen_t wgc_sockaddr_len(const union wgc_sockaddr *sa)
{
	switch (sa->sa.sa_family) {
	case AF_INET:
		return sizeof(sa->in);
	case AF_INET6:
		return sizeof(sa->in6);
	default:
		return 0;
	}
}

/*
 * The scope as getnameinfo writes it in numeric form: the interface's name for
 * link-local addresses if it has one in this namespace, else the number.
 */
static void print_scope(const struct sockaddr_in6 *in6, char out[static IF_NAMESIZE + 1])
{
	const struct in6_addr *a = &in6->sin6_addr;
	bool local = IN6_IS_ADDR_LINKLOCAL(a) || IN6_IS_ADDR_MC_LINKLOCAL(a);

	out[0] = '\0';
	if (!in6->sin6_scope_id)
		return;
	out[0] = '%';
	if (!local || !if_indextoname(in6->sin6_scope_id, out + 1))
		snprintf(out + 1, IF_NAMESIZE, "%u", in6->sin6_scope_id);
}

void wgc_sockaddr_print(const union wgc_sockaddr *sa, char out[static WGC_ENDPOINT_TEXT])
{
	char addr[WGC_IP_TEXT], scope[IF_NAMESIZE + 1];

	out[0] = '\0';
	switch (sa->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &sa->in.sin_addr, addr, sizeof(addr));
		snprintf(out, WGC_ENDPOINT_TEXT, "%s:%u", addr, ntohs(sa->in.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &sa->in6.sin6_addr, addr, sizeof(addr));
		print_scope(&sa->in6, scope);
		snprintf(out, WGC_ENDPOINT_TEXT, "[%s%s]:%u", addr, scope, ntohs(sa->in6.sin6_port));
		break;
	}
}
