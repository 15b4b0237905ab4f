// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <netdb.h>

#include "model/model.h"
#include "unit/tap.h"

/* Printed as the C library does it, which is what wg(8) shows. */
static void prints(const char *host, uint32_t scope, uint16_t port, const char *want)
{
	union wgc_sockaddr sa = { .sa.sa_family = strchr(host, ':') ? AF_INET6 : AF_INET };
	char text[WGC_ENDPOINT_TEXT], addr[128], serv[32], theirs[180];
	int ret;

	if (sa.sa.sa_family == AF_INET6) {
		sa.in6.sin6_port = htons(port);
		sa.in6.sin6_scope_id = scope;
		ret = inet_pton(AF_INET6, host, &sa.in6.sin6_addr);
	} else {
		sa.in.sin_port = htons(port);
		ret = inet_pton(AF_INET, host, &sa.in.sin_addr);
	}
	is_int(ret, 1);
	memset(text, 'x', sizeof(text));
	wgc_sockaddr_print(&sa, text);
	is_str(text, want);
	is_int(getnameinfo(&sa.sa, wgc_sockaddr_len(&sa), addr, sizeof(addr), serv, sizeof(serv), NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM), 0);
	snprintf(theirs, sizeof(theirs), sa.sa.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", addr, serv);
	is_str(text, theirs);
}

int main(void)
{
	union wgc_sockaddr none = { 0 };
	char text[WGC_ENDPOINT_TEXT] = "x";
	uint32_t lo = if_nametoindex("lo");

	wgc_sockaddr_print(&none, text);
	is_str(text, "");
	is_int(wgc_sockaddr_len(&none), 0);
	none.sa.sa_family = AF_INET;
	is_int(wgc_sockaddr_len(&none), sizeof(struct sockaddr_in));
	none.sa.sa_family = AF_INET6;
	is_int(wgc_sockaddr_len(&none), sizeof(struct sockaddr_in6));

	prints("192.0.2.1", 0, 51820, "192.0.2.1:51820");
	prints("255.255.255.255", 0, 65535, "255.255.255.255:65535");
	prints("0.0.0.0", 0, 0, "0.0.0.0:0");
	prints("2001:db8::1", 0, 51820, "[2001:db8::1]:51820");
	prints("::ffff:192.0.2.1", 0, 1, "[::ffff:192.0.2.1]:1");
	prints("fe80::1", 0, 7, "[fe80::1]:7");
	prints("fe80::1", 4000000000u, 7, "[fe80::1%4000000000]:7");
	prints("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 4294967295u, 65535, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
	if (lo) {
		char number[64];

		prints("fe80::1", lo, 7, "[fe80::1%lo]:7");
		prints("ff02::1", lo, 7, "[ff02::1%lo]:7");
		/* Only link-local scopes are names. */
		snprintf(number, sizeof(number), "[2001:db8::1%%%u]:7", lo);
		prints("2001:db8::1", lo, 7, number);
	}
	return tap_done();
}
