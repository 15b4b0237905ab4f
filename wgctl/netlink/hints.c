// SPDX-License-Identifier: GPL-2.0
/*
 * What a refusal means. WireGuard in particular answers with a bare errno, so
 * {what was asked, errno} is looked up here for a sentence and a hint.
 */
#include <errno.h>
#include <string.h>

#include "netlink/internal.h"

#define LINKS (WGC_OP_LINK_GET | WGC_OP_LINK_CREATE | WGC_OP_LINK_DELETE | WGC_OP_LINK_SET)
#define ADDRS (WGC_OP_ADDR_ADD | WGC_OP_ADDR_DELETE)
#define ROUTES (WGC_OP_ROUTE_ADD | WGC_OP_ROUTE_DELETE)
#define RULES (WGC_OP_RULE_ADD | WGC_OP_RULE_DELETE)
#define ANY (~0u)

struct row {
	unsigned ops;
	int error;
	enum wgc_code code;
	const char *sentence, *hint; /* either may be NULL */
};

/* The first row that fits is taken: special ones stand before general ones. */
static const struct row rows[] = {
	{ WGC_OP_WG_SET, EPERM, WGC_E_PERM, "not permitted",
	  "WireGuard needs CAP_NET_ADMIN in the interface's network namespace, and for the listen port and the firewall mark also in the "
	  "namespace in which the interface was created (which must still exist)" },
	{ WGC_OP_WG_GET, EPERM, WGC_E_PERM, "not permitted", "reading a WireGuard interface needs CAP_NET_ADMIN: run this as root" },
	{ ANY, EPERM, WGC_E_PERM, "needs CAP_NET_ADMIN in this network namespace", "run this as root" },

	{ WGC_OP_LINK_GET, ENODEV, WGC_E_NOT_UP, "there is no such interface", NULL },
	{ WGC_OP_LINK_CREATE, EEXIST, WGC_E_EXISTS, "an interface of that name exists already", NULL },
	{ WGC_OP_LINK_CREATE, EOPNOTSUPP, WGC_E_UNSUPPORTED, "the kernel does not know this kind of interface",
	  "the kernel has no module for it, or may not load it; a userspace implementation such as wireguard-go does without" },
	{ WGC_OP_LINK_CREATE, EINVAL, WGC_E_KERNEL, NULL, "an interface name has 1 to 15 characters, without '/', ':' and spaces" },
	{ WGC_OP_LINK_DELETE, EOPNOTSUPP, WGC_E_KERNEL, "this interface belongs to a device and cannot be deleted", NULL },
	{ WGC_OP_LINK_SET, EINVAL, WGC_E_KERNEL, NULL, "the MTU may be outside of what the interface takes" },
	{ WGC_OP_LINK_MOVE, EINVAL, WGC_E_KERNEL, "the kernel does not let it leave its network namespace", NULL },
	{ WGC_OP_LINK_MOVE, EOPNOTSUPP, WGC_E_UNSUPPORTED, "its driver does not let it leave its network namespace", NULL },
	{ WGC_OP_LINK_MOVE, EEXIST, WGC_E_EXISTS, "there is a link of that name already", NULL },
	{ LINKS | WGC_OP_LINK_MOVE, ENODEV, WGC_E_NOT_UP, "the interface is gone", NULL },

	{ WGC_OP_ADDR_ADD, EEXIST, WGC_E_EXISTS, "the interface has this address already", NULL },
	{ WGC_OP_ADDR_ADD, EACCES, WGC_E_KERNEL, "IPv6 is disabled on the interface",
	  "allow it with sysctl net.ipv6.conf.<interface>.disable_ipv6=0, or leave IPv6 addresses out" },
	{ WGC_OP_ADDR_DELETE, EADDRNOTAVAIL, WGC_E_NOT_FOUND, "the interface does not have this address", NULL },
	{ ADDRS, EOPNOTSUPP, WGC_E_UNSUPPORTED, "the kernel runs without this address family", NULL },
	{ ADDRS, EAFNOSUPPORT, WGC_E_UNSUPPORTED, "the kernel runs without this address family", NULL },
	{ ADDRS, ENODEV, WGC_E_NOT_UP, "the interface is gone", NULL },

	{ WGC_OP_ROUTE_ADD, EEXIST, WGC_E_EXISTS, "there is such a route already",
	  "another interface or program owns it: see `ip route show table all`" },
	{ WGC_OP_ROUTE_ADD, ENETDOWN, WGC_E_KERNEL, "the interface is down", NULL },
	{ WGC_OP_ROUTE_ADD, ENETUNREACH, WGC_E_KERNEL, "the interface cannot be reached in this way", "is the interface up?" },
	{ WGC_OP_ROUTE_ADD, EACCES, WGC_E_KERNEL, "IPv6 is disabled on the interface",
	  "allow it with sysctl net.ipv6.conf.<interface>.disable_ipv6=0, or leave IPv6 routes out" },
	{ WGC_OP_ROUTE_ADD, ENOMEM, WGC_E_KERNEL, "the kernel has no room for more routes",
	  "for IPv6 see sysctl net.ipv6.route.max_size" },
	{ WGC_OP_ROUTE_DELETE, ESRCH, WGC_E_NOT_FOUND, "there is no such route", NULL },
	{ WGC_OP_ROUTE_GET, ENETUNREACH, WGC_E_NOT_FOUND, "there is no route", NULL },
	{ WGC_OP_ROUTE_GET, EHOSTUNREACH, WGC_E_KERNEL, "an unreachable route is in the way", NULL },
	{ WGC_OP_ROUTE_GET, EACCES, WGC_E_KERNEL, "a prohibit route is in the way", NULL },
	{ WGC_OP_ROUTE_GET, EINVAL, WGC_E_KERNEL, "a blackhole route is in the way", NULL },
	{ ROUTES | WGC_OP_ROUTE_GET, EOPNOTSUPP, WGC_E_UNSUPPORTED, "the kernel runs without this address family", NULL },
	{ ROUTES, EAFNOSUPPORT, WGC_E_UNSUPPORTED, "the kernel runs without this address family", NULL },
	{ ROUTES, ENODEV, WGC_E_NOT_UP, "the interface is gone", NULL },

	{ WGC_OP_RULE_ADD, EEXIST, WGC_E_EXISTS, "there is such a rule already", NULL },
	{ WGC_OP_RULE_DELETE, ENOENT, WGC_E_NOT_FOUND, "there is no such rule", NULL },
	{ WGC_OP_RULE_DELETE, EBUSY, WGC_E_EXISTS, "the kernel would delete another rule of the same priority in its place",
	  "see `ip rule show` and `ip -6 rule show`" },
	{ RULES, EAFNOSUPPORT, WGC_E_UNSUPPORTED, "the kernel runs without policy rules for this address family", NULL },
	{ RULES, EOPNOTSUPP, WGC_E_UNSUPPORTED, "the kernel runs without policy rules", NULL },

	{ WGC_OP_WG_GET | WGC_OP_WG_SET, ENODEV, WGC_E_NOT_UP, "there is no such interface", NULL },
	{ WGC_OP_WG_GET, EOPNOTSUPP, WGC_E_NOT_UP, "it is not a WireGuard interface", NULL },
	{ WGC_OP_WG_SET, EOPNOTSUPP, WGC_E_KERNEL, "it is not a WireGuard interface, or does not know what is asked of it", NULL },
	{ WGC_OP_WG_SET, EADDRINUSE, WGC_E_KERNEL, "the port is taken", NULL },
	{ WGC_OP_WG_SET, ENOMEM, WGC_E_KERNEL, "out of memory, or too many peers", "one interface holds at most 1048576 peers" },
	{ WGC_OP_WG_SET, EAFNOSUPPORT, WGC_E_KERNEL, "the kernel runs without an address family that is used here", NULL },
	{ WGC_OP_FAMILY, ENOENT, WGC_E_UNSUPPORTED, "the kernel has no WireGuard",
	  "the wireguard module is missing or may not be loaded; a userspace implementation such as wireguard-go does without" },

	{ ANY, ENOBUFS, WGC_E_KERNEL, "the kernel dropped answers", NULL },
	{ ANY, EBADMSG, WGC_E_KERNEL, "the answer could not be understood", NULL },
	{ ANY, EAGAIN, WGC_E_KERNEL, "it kept changing while it was read", "try again" },
	{ ANY, ENOMEM, WGC_E_INTERNAL, "out of memory", NULL },
};

static const struct row *find(enum wgc_nl_op op, int error)
{
	for (size_t i = 0; i < WGC_ARRAY_SIZE(rows); i++)
		if (rows[i].ops & op && rows[i].error == error)
			return &rows[i];
	return NULL;
}

int wgc_nl_explain(struct wgc_err *err, enum wgc_nl_op op, const struct wgc_nl_fault *fault, const char *fmt, ...)
{
	const struct row *row = find(op, -fault->error);
	char what[sizeof(err->msg)];
	bool guess;
	va_list ap;

	if (!err)
		return fault->error;
	/* EINVAL can be anything: what it usually means is for a silent kernel. */
	guess = row && !(fault->error == -EINVAL && fault->text[0]);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	wgc_err_set(err, row ? row->code : WGC_E_KERNEL, -fault->error, "%s%s%s", what, guess && row->sentence ? ": " : "",
		    guess && row->sentence ? row->sentence : "");
	if (guess && row->hint)
		wgc_err_hint(err, "%s", row->hint);
	if (fault->has_miss)
		snprintf(err->kernel, sizeof(err->kernel), "%.200s%sattribute %u is missing", fault->text,
			 fault->text[0] ? "; " : "", fault->miss_type);
	else
		snprintf(err->kernel, sizeof(err->kernel), "%s", fault->text);
	return fault->error;
}

bool wgc_nl_refusal(size_t i, const char *about, struct wgc_nl_refusal *ret)
{
	static const struct {
		const char *word;
		unsigned ops;
	} topics[] = {
		{ "link", LINKS },
		{ "move", WGC_OP_LINK_MOVE },
		{ "address", ADDRS },
		{ "route", ROUTES | WGC_OP_ROUTE_GET },
		{ "rule", RULES },
		{ "wireguard", WGC_OP_WG_GET | WGC_OP_WG_SET | WGC_OP_FAMILY },
		{ "any", ANY },
	};

	if (i >= WGC_ARRAY_SIZE(rows))
		return false;
	*ret = (struct wgc_nl_refusal){ 0 };
	for (size_t k = 0; k < WGC_ARRAY_SIZE(topics); k++)
		if (!strcmp(topics[k].word, about) && (rows[i].ops == ANY ? topics[k].ops == ANY : topics[k].ops != ANY && rows[i].ops & topics[k].ops))
			*ret = (struct wgc_nl_refusal){ .error = rows[i].error, .sentence = rows[i].sentence, .hint = rows[i].hint };
	return true;
}
