// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink answers: the first byte chooses a request, the rest is what comes
 * back. Each datagram is a length (two bytes, little endian) and its bytes;
 * sequence numbers in it count from the request, so that 0 answers it.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/internal.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#endif
#endif
#ifndef HIDE
#define HIDE(p, n) ((void)(p), (void)(n))
#define SHOW(p, n) ((void)(p), (void)(n))
#endif

#define FAMILY 0x21

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t left;
	uint32_t seq;
	bool family_asked;
};

static int input_send(void *ctx, int proto, const void *buf, size_t len)
{
	struct input *in = ctx;
	const struct nlmsghdr *nlh = buf;

	in->seq = nlh->nlmsg_seq;
	in->family_asked = nlh->nlmsg_type == GENL_ID_CTRL;
	return 0;
}

static ssize_t input_recv(void *ctx, int proto, void *buf, size_t cap)
{
	struct input *in = ctx;
	struct nlmsghdr *nlh = buf;
	size_t len, left;

	SHOW(buf, cap);
	if (in->left < 2)
		return -ENODATA;
	len = in->p[0] | (size_t)in->p[1] << 8;
	in->p += 2;
	in->left -= 2;
	if (len > in->left)
		len = in->left;
	if (len > cap)
		return -EMSGSIZE;
	memcpy(buf, in->p, len);
	in->p += len;
	in->left -= len;
	for (left = len; left >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh);) {
		size_t step = MNL_ALIGN((size_t)nlh->nlmsg_len);

		nlh->nlmsg_seq += in->seq;
		if (step > left)
			break;
		nlh = (void *)((uint8_t *)nlh + step);
		left -= step;
	}
	HIDE((uint8_t *)buf + len, cap - len);
	return (ssize_t)len;
}

/* What was accepted must be usable: all of it is read, and texts end. */
static volatile unsigned sink;

static void use_device(const struct wgc_device *d)
{
	char text[WGC_ENDPOINT_TEXT];

	sink += (unsigned)strlen(d->ifname);
	for (size_t i = 0; i < d->n_peers; i++) {
		const struct wgc_peer *p = &d->peers[i];

		wgc_sockaddr_print(&p->endpoint, text);
		for (uint32_t k = 0; k < p->n_allowed_ips; k++) {
			wgc_prefix_print(&p->allowed_ips[k].prefix, text);
			if (p->allowed_ips[k].prefix.len > wgc_ip_bits(&p->allowed_ips[k].prefix.ip))
				abort();
		}
	}
}

static void use_error(int r, const struct wgc_err *err)
{
	if (r > 0 || (r < 0 && (err->code == WGC_E_NONE || !err->msg[0])))
		abort();
	sink += (unsigned)(strnlen(err->msg, sizeof(err->msg)) + strnlen(err->kernel, sizeof(err->kernel)));
}

static void one_route(struct wgc_route *r, uint8_t n)
{
	*r = (struct wgc_route){ .dst = { .ip = { .family = AF_INET, .b = { 10, n } }, .len = 16 }, .table = 9, .oif = 1,
				 .type = RTN_UNICAST, .at = { .line = n + 1u } };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .p = data + 1, .left = size - 1 };
	struct wgc_nl_transport t = { .send = input_send, .recv = input_recv, .ctx = &in };
	const struct wgc_ip somewhere = { .family = AF_INET, .b = { 192, 0, 2, 1 } };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_route routes[6], *route_list, way;
	struct wgc_device *device = NULL;
	struct wgc_link link, *links;
	struct wgc_ifaddr *addrs;
	struct wgc_rule *rules;
	struct wgc_arena *a;
	struct wgc_nl *nl;
	int results[6], r = 0;
	size_t n = 0;
	char text[WGC_PREFIX_TEXT];

	if (!size || wgc_nl_open(&t, &nl, NULL))
		return 0;
	a = wgc_arena_new();
	switch (data[0] % 10) {
	case 0: /* a family that is known */
		nl->wg_family = FAMILY;
		/* fall through */
	case 1:
		r = wgc_wg_get(nl, "wgfuzz-none", a, &device, &err);
		if (!r)
			use_device(device);
		break;
	case 2:
		r = wgc_nl_link_list(nl, a, &links, &n, &err);
		for (size_t i = 0; !r && i < n; i++)
			sink += (unsigned)(strlen(links[i].ifname) + strlen(links[i].kind) + strlen(links[i].alias));
		break;
	case 3:
		r = wgc_nl_link_get(nl, "wgfuzz-none", &link, &err);
		break;
	case 4:
		r = wgc_nl_route_list(nl, 0, 0, a, &route_list, &n, &err);
		for (size_t i = 0; !r && i < n; i++)
			wgc_prefix_print(&route_list[i].dst, text);
		break;
	case 5:
		r = wgc_nl_rule_list(nl, 0, a, &rules, &n, &err);
		break;
	case 6:
		r = wgc_nl_addr_list(nl, 0, a, &addrs, &n, &err);
		for (size_t i = 0; !r && i < n; i++)
			wgc_prefix_print(&addrs[i].prefix, text);
		break;
	case 7:
		r = wgc_nl_route_lookup(nl, &somewhere, 1, &way, &err);
		break;
	case 8:
		for (uint8_t i = 0; i < 6; i++)
			one_route(&routes[i], i);
		t.in_flight = 4;
		r = wgc_nl_routes_add(nl, routes, 6, -EEXIST, results, &err);
		break;
	case 9: {
		struct wgc_device d = { .ifname = "wgfuzz-none", .flags = WGC_DEVICE_HAS_LISTEN_PORT, .listen_port_at = { .line = 1 } };

		nl->wg_family = FAMILY;
		r = wgc_wg_set(nl, &d, &err);
		break;
	}
	}
	use_error(r, &err);
	SHOW(nl->rx, WGC_NL_RX_SIZE);
	wgc_arena_free(a);
	wgc_nl_close(nl);
	return 0;
}
