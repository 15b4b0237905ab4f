// SPDX-License-Identifier: GPL-2.0
/*
 * Names to addresses for `wg set` and `wg setconf`, one after the other and
 * with the patience that WG_ENDPOINT_RESOLUTION_RETRIES asks for. (Profiles
 * are resolved in parallel, by plan.)
 */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/wg.h"

#define DEFAULT_RETRIES 15
#define LONGEST_PAUSE 20000000u /* microseconds */

static unsigned longer(unsigned pause)
{
	return pause / 5 * 6 > LONGEST_PAUSE ? LONGEST_PAUSE : pause / 5 * 6;
}

/* UINT_MAX for ever. -EINVAL for what is no number, as strtol sees it: an empty
 * one is 0. */
static int get_retries(unsigned *ret)
{
	const char *s = getenv("WG_ENDPOINT_RESOLUTION_RETRIES");
	char *end;
	long n;

	*ret = DEFAULT_RETRIES;
	if (!s)
		return 0;
	if (!strcmp(s, "infinity")) {
		*ret = UINT_MAX;
		return 0;
	}
	n = strtol(s, &end, 10);
	if (*end || n < 0 || n > INT_MAX)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

unsigned wgc_wg_patience(void)
{
	unsigned retries, pause = 1000000;
	uint64_t sum = 0;

	if (!getenv("WG_ENDPOINT_RESOLUTION_RETRIES") || get_retries(&retries))
		return 0;
	if (retries == UINT_MAX)
		return UINT_MAX;
	for (; retries && pause < LONGEST_PAUSE; retries--) {
		sum += pause;
		pause = longer(pause);
	}
	sum = (sum + (uint64_t)retries * LONGEST_PAUSE) / 1000000;
	return sum > UINT_MAX ? UINT_MAX : sum ? (unsigned)sum : 1;
}

int wgc_wg_check_retries(struct wgc_err *err)
{
	unsigned retries;

	if (!get_retries(&retries))
		return 0;
	return wgc_err_set(err, WGC_E_USAGE, EINVAL, "WG_ENDPOINT_RESOLUTION_RETRIES is neither a number nor 'infinity'");
}

/* Is asking again of any use? */
static bool may_pass(int e)
{
	return e != EAI_NONAME && e != EAI_FAIL && e != EAI_SERVICE
#ifdef EAI_NODATA
	       && e != EAI_NODATA
#endif
		;
}

static int convert(const struct addrinfo *found, union wgc_sockaddr *ret)
{
	union wgc_sockaddr sa = { 0 };

	if (!(found->ai_family == AF_INET && found->ai_addrlen == sizeof(sa.in)) &&
	    !(found->ai_family == AF_INET6 && found->ai_addrlen == sizeof(sa.in6)))
		return -EINVAL;
	memcpy(&sa, found->ai_addr, found->ai_addrlen);
	*ret = sa;
	return 0;
}

int wgc_wg_resolve(const char *host, const char *port, union wgc_sockaddr *ret, struct wgc_err *err)
{
	/* Not AI_ADDRCONFIG: an address that cannot be reached now may be later. */
	static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP };
	unsigned retries, pause = 1000000;
	struct addrinfo *found;
	int e, r;

	r = wgc_wg_check_retries(err);
	if (r)
		return r;
	get_retries(&retries);
	while ((e = getaddrinfo(host, port, &hints, &found))) {
		const char *why = e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e);

		if (!may_pass(e) || !retries)
			return wgc_err_set(err, WGC_E_NOT_FOUND, may_pass(e) ? EAGAIN : EINVAL, "%s: `%s:%s'", why, host, port);
		if (retries != UINT_MAX)
			retries--;
		fprintf(stderr, "%s: `%s:%s'; trying again in %.2f seconds\n", why, host, port, (double)pause / 1e6);
		usleep(pause);
		pause = longer(pause);
	}
	r = convert(found, ret);
	freeaddrinfo(found);
	if (r)
		return wgc_err_set(err, WGC_E_NOT_FOUND, EINVAL, "neither IPv4 nor IPv6: `%s:%s'", host, port);
	return 0;
}
