// SPDX-License-Identifier: GPL-2.0
/* A change with allowed IPs to be taken away, as whole lists. */
#include <string.h>

#include "netlink/internal.h"
#include "unit/tap.h"

static struct wgc_arena *a;

static void add(struct wgc_peer *p, const char *text)
{
	struct wgc_allowed_ip *ip = wgc_peer_add_allowed_ip(a, p);

	if (*text == '-') {
		ip->remove = true;
		text++;
	}
	wgc_prefix_parse(text, &ip->prefix);
}

static struct wgc_peer *peer(struct wgc_device *d, unsigned char key, uint32_t flags, const char *const *ips)
{
	struct wgc_peer *p = wgc_arena_push(a, &d->peers, &d->n_peers, &d->cap_peers, sizeof(*d->peers));

	memset(p, 0, sizeof(*p));
	memset(&p->public_key, key, sizeof(p->public_key));
	p->flags = flags;
	for (; ips && *ips; ips++)
		add(p, *ips);
	return p;
}

static void list_is(const struct wgc_peer *p, const char *want, const char *name)
{
	char got[512] = "", one[WGC_PREFIX_TEXT];

	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		wgc_prefix_print(&p->allowed_ips[i].prefix, one);
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "", one);
		tap_ok(!p->allowed_ips[i].remove, __FILE__, __LINE__, name);
	}
	tap_str(got, want, __FILE__, __LINE__, name);
	tap_ok(p->flags & WGC_PEER_REPLACE_ALLOWED_IPS, __FILE__, __LINE__, name);
}

int main(void)
{
	struct wgc_device have = { 0 }, want = { 0 }, got = { 0 };

	a = wgc_arena_new();
	peer(&have, 1, 0, (const char *[]){ "10.0.0.0/8", "fd00::/8", NULL });
	peer(&have, 2, 0, (const char *[]){ "192.0.2.0/24", NULL });

	peer(&want, 1, 0, (const char *[]){ "10.9.0.0/16", NULL });
	ok(!wgc_wg_takes_away(&want));
	peer(&want, 1, 0, (const char *[]){ "-fd00::1/8", "10.8.0.0/16", NULL });
	peer(&want, 2, WGC_PEER_REMOVE, NULL);
	peer(&want, 2, 0, (const char *[]){ "198.51.100.0/24", "-192.0.2.0/24", NULL });
	peer(&want, 3, 0, (const char *[]){ "-10.0.0.0/8", "10.0.0.0/8", NULL });
	peer(&want, 1, WGC_PEER_REPLACE_ALLOWED_IPS, (const char *[]){ "10.7.0.0/16", "-10.7.0.0/16", NULL });
	ok(wgc_wg_takes_away(&want));

	is_int(wgc_wg_whole_lists(&want, &have, a, &got), 0);
	is_int(got.n_peers, 6);
	ok(!(got.peers[0].flags & WGC_PEER_REPLACE_ALLOWED_IPS) && got.peers[0].n_allowed_ips == 1);
	list_is(&got.peers[1], "10.0.0.0/8 10.9.0.0/16 10.8.0.0/16", "what it has, what was said before, less what goes");
	ok(got.peers[2].flags == WGC_PEER_REMOVE);
	list_is(&got.peers[3], "198.51.100.0/24", "and begins anew");
	list_is(&got.peers[4], "10.0.0.0/8", "a new peer; the last word counts");
	list_is(&got.peers[5], "", "a list that replaces");

	want.flags |= WGC_DEVICE_REPLACE_PEERS;
	is_int(wgc_wg_whole_lists(&want, &have, a, &got), 0);
	list_is(&got.peers[1], "10.9.0.0/16 10.8.0.0/16", "what was there does not count");
	ok(want.peers[1].n_allowed_ips == 2 && want.peers[1].allowed_ips[0].remove);
	wgc_arena_free(a);
	return tap_done();
}
