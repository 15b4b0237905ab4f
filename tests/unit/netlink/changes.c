// SPDX-License-Identifier: GPL-2.0
/* What happened to a device between two looks at it. */
#include <arpa/inet.h>

#include "netlink/netlink.h"
#include "unit/tap.h"

static char told[512];

static void tell(void *ctx, enum wgc_wg_change what, const struct wgc_peer *was, const struct wgc_peer *is)
{
	static const char *const words[] = { "added",	"removed", "handshake", "endpoint", "stalled",
					     "resumed", "port",	   "mark",	"key" };
	const struct wgc_peer *p = is ? is : was;
	size_t n = strlen(told);

	snprintf(told + n, sizeof(told) - n, "%s%s", n ? " " : "", words[what]);
	if (p)
		snprintf(told + strlen(told), sizeof(told) - strlen(told), ":%u", p->public_key.b[0]);
}

static const char *look(struct wgc_wg_watch *w, const struct wgc_device *d, int64_t second)
{
	told[0] = 0;
	ok(wgc_wg_watch_look(w, d, second * 1000, tell, NULL) == 0);
	return told;
}

int main(void)
{
	struct wgc_wg_watch *w = wgc_wg_watch_new();
	struct wgc_peer v[3] = { { .public_key.b = { 3 } }, { .public_key.b = { 1 } }, { .public_key.b = { 2 } } };
	struct wgc_device d = { .peers = v, .n_peers = 2 };

	ok(w != NULL);
	is_str(look(w, &d, 0), "");
	is_str(look(w, &d, 1), "");
	d.n_peers = 3;
	is_str(look(w, &d, 2), "added:2");
	v[0].last_handshake.tv_nsec = 5;
	is_str(look(w, &d, 3), ""); /* never is no handshake */
	v[0].last_handshake.tv_sec = 1000;
	v[1].endpoint.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = 1 };
	is_str(look(w, &d, 4), "endpoint:1 handshake:3");
	d.listen_port = 7;
	d.fwmark = 8;
	d.public_key.b[0] = 9;
	is_str(look(w, &d, 5), "port mark key");
	/* Idle for an hour is not stalled; sending in vain is, once. */
	is_str(look(w, &d, 3600), "");
	v[0].tx_bytes = 100;
	is_str(look(w, &d, 3601), "");
	is_str(look(w, &d, 3614), "");
	v[0].tx_bytes = 200;
	is_str(look(w, &d, 3615), "stalled:3");
	is_str(look(w, &d, 3700), "");
	v[0].rx_bytes = 1;
	is_str(look(w, &d, 3701), "resumed:3");
	is_str(look(w, &d, 3800), "");
	d.peers = v + 1;
	d.n_peers = 2;
	is_str(look(w, &d, 3801), "removed:3");
	d.n_peers = 0;
	is_str(look(w, &d, 3802), "removed:1 removed:2");
	wgc_wg_watch_free(w);
	return tap_done();
}
