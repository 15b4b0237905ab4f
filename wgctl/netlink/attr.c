// SPDX-License-Identifier: GPL-2.0
/* Attributes of messages from elsewhere: nothing is read before its length was looked at. */
#include <string.h>

#include "netlink/internal.h"

bool wgc_nl_msg_ok(const struct nlmsghdr *nlh, int left)
{
	return left >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= (uint32_t)left;
}

static bool get(const struct nlattr *a, void *ret, size_t len)
{
	if (mnl_attr_get_payload_len(a) != len)
		return false;
	memcpy(ret, mnl_attr_get_payload(a), len);
	return true;
}

bool wgc_nl_get_u8(const struct nlattr *a, uint8_t *ret)
{
	return get(a, ret, sizeof(*ret));
}

bool wgc_nl_get_u16(const struct nlattr *a, uint16_t *ret)
{
	return get(a, ret, sizeof(*ret));
}

bool wgc_nl_get_u32(const struct nlattr *a, uint32_t *ret)
{
	return get(a, ret, sizeof(*ret));
}

bool wgc_nl_get_u64(const struct nlattr *a, uint64_t *ret)
{
	return get(a, ret, sizeof(*ret));
}

bool wgc_nl_get_ip(const struct nlattr *a, uint8_t family, struct wgc_ip *ret)
{
	struct wgc_ip ip = { .family = family };

	if (family != AF_INET && family != AF_INET6)
		return false;
	if (!get(a, ip.b, wgc_ip_bits(&ip) / 8))
		return false;
	*ret = ip;
	return true;
}

bool wgc_nl_put_ip(struct nlmsghdr *nlh, size_t room, uint16_t type, const struct wgc_ip *ip)
{
	return mnl_attr_put_check(nlh, room, type, wgc_ip_bits(ip) / 8, ip->b);
}

bool wgc_nl_get_str(const struct nlattr *a, char *out, size_t cap)
{
	const char *s = mnl_attr_get_payload(a);
	size_t len = strnlen(s, mnl_attr_get_payload_len(a));

	if (len >= cap)
		return false;
	memcpy(out, s, len);
	out[len] = 0;
	return true;
}
