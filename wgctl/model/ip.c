// SPDX-License-Identifier: GPL-2.0
/* Addresses and prefixes. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "model/model.h"

int wgc_ip_parse(const char *s, struct wgc_ip *ret)
{
	struct wgc_ip ip = { .family = strchr(s, ':') ? AF_INET6 : AF_INET };

	/* inet_pton and not inet_aton: "127.1" and "010.0.0.1" mean different
	 * addresses to different programs, so they mean none here. */
	if (inet_pton(ip.family, s, ip.b) != 1)
		return -EINVAL;
	*ret = ip;
	return 0;
}

int wgc_prefix_parse(const char *s, struct wgc_prefix *ret)
{
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	char text[WGC_IP_TEXT];
	struct wgc_prefix p = { 0 };
	uint64_t len;

	if (n >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	if (wgc_ip_parse(text, &p.ip))
		return -EINVAL;
	len = wgc_ip_bits(&p.ip);
	if (slash && wgc_parse_u64(slash + 1, len, &len))
		return -EINVAL;
	p.len = (uint8_t)len;
	*ret = p;
	return 0;
}

void wgc_ip_print(const struct wgc_ip *ip, char out[static WGC_IP_TEXT])
{
	if (!ip->family || !inet_ntop(ip->family, ip->b, out, WGC_IP_TEXT))
		out[0] = '\0';
}

void wgc_prefix_print(const struct wgc_prefix *p, char out[static WGC_PREFIX_TEXT])
{
	size_t n;
	unsigned len = p->len;

	wgc_ip_print(&p->ip, out);
	n = strlen(out);
	if (!n)
		return;
	/* By hand: a device with 100,000 peers prints as many of these. */
	out[n++] = '/';
	if (len >= 100)
		out[n++] = (char)('0' + len / 100);
	if (len >= 10)
		out[n++] = (char)('0' + len / 10 % 10);
	out[n++] = (char)('0' + len % 10);
	out[n] = '\0';
}

uint8_t wgc_ip_bits(const struct wgc_ip *ip)
{
	return ip->family == AF_INET6 ? 128 : 32;
}

bool wgc_ip_equal(const struct wgc_ip *a, const struct wgc_ip *b)
{
	return a->family == b->family && !memcmp(a->b, b->b, sizeof(a->b));
}

bool wgc_prefix_equal(const struct wgc_prefix *a, const struct wgc_prefix *b)
{
	return a->len == b->len && wgc_ip_equal(&a->ip, &b->ip);
}

int wgc_prefix_cmp(const struct wgc_prefix *a, const struct wgc_prefix *b)
{
	int order;

	/* AF_INET is less than AF_INET6: IPv4 first, as people write it. */
	if (a->ip.family != b->ip.family)
		return a->ip.family < b->ip.family ? -1 : 1;
	order = memcmp(a->ip.b, b->ip.b, sizeof(a->ip.b));
	if (order)
		return order < 0 ? -1 : 1;
	return (a->len > b->len) - (a->len < b->len);
}

bool wgc_prefix_covers(const struct wgc_prefix *a, const struct wgc_prefix *b)
{
	unsigned whole = a->len / 8, rest = a->len % 8;

	if (!a->ip.family || a->ip.family != b->ip.family || a->len > b->len)
		return false;
	if (memcmp(a->ip.b, b->ip.b, whole))
		return false;
	return !rest || !((a->ip.b[whole] ^ b->ip.b[whole]) >> (8 - rest));
}

struct wgc_prefix wgc_prefix_masked(const struct wgc_prefix *p)
{
	struct wgc_prefix m = *p;
	unsigned whole = p->len / 8, rest = p->len % 8;

	if (rest) {
		m.ip.b[whole] &= (uint8_t)(0xff << (8 - rest));
		whole++;
	}
	if (whole < sizeof(m.ip.b))
		memset(m.ip.b + whole, 0, sizeof(m.ip.b) - whole);
	return m;
}
