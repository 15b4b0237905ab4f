// SPDX-License-Identifier: GPL-2.0
#include "model/model.h"
#include "unit/tap.h"

static void find(void)
{
	struct wgc_peer peers[3] = { 0 };
	struct wgc_device d = { .peers = peers, .n_peers = 3 };
	struct wgc_key key = { { 0 } };

	for (uint8_t i = 0; i < 3; i++)
		peers[i].public_key.b[31] = (uint8_t)(i + 1);
	ok(!wgc_device_find_peer(&d, &key));
	key.b[31] = 1;
	ok(wgc_device_find_peer(&d, &key) == &peers[0]);
	key.b[31] = 3;
	ok(wgc_device_find_peer(&d, &key) == &peers[2]);
	d.n_peers = 2;
	ok(!wgc_device_find_peer(&d, &key));
	d.n_peers = 0;
	d.peers = NULL;
	ok(!wgc_device_find_peer(&d, &key));
}

static void allowed_ips(void)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_peer p = { 0 }, q = { 0 };
	bool kept = true;

	for (uint32_t i = 0; i < 5000; i++) {
		struct wgc_allowed_ip *one = wgc_peer_add_allowed_ip(a, &p), *two = wgc_peer_add_allowed_ip(a, &q);

		if (!one || !two || one->at.line || one->prefix.ip.family || two->at.line) {
			ok(!"zeroed elements");
			break;
		}
		one->at.line = i + 1;
		two->at.line = 2 * i + 1;
	}
	is_int(p.n_allowed_ips, 5000);
	ok(p.cap_allowed_ips >= 5000);
	for (uint32_t i = 0; i < p.n_allowed_ips; i++)
		kept &= p.allowed_ips[i].at.line == i + 1 && q.allowed_ips[i].at.line == 2 * i + 1;
	ok(kept);
	/* Room doubles: 320 kB of elements must not have left megabytes behind. */
	ok(wgc_arena_size(a) < 2 << 20);
	wgc_arena_free(a);
}

int main(void)
{
	find();
	allowed_ips();
	return tap_done();
}
