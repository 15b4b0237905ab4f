// SPDX-License-Identifier: GPL-2.0
/*
 * 100,000 peers in and out of text, as a large `show` or profile does it. The
 * limit is far above what any machine of the last ten years needs (0.1 s), so
 * that it fails for an algorithm of the wrong order and not for a busy machine.
 */
#include "model/model.h"
#include "unit/tap.h"

#define PEERS 100000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What is different for every peer. */
static void make(struct wgc_peer *p, uint32_t i)
{
	for (uint32_t b = 0; b < WGC_KEY_LEN; b++)
		p->public_key.b[b] = (uint8_t)((i + 1) * 2654435761u >> (b % 24));
	memcpy(p->public_key.b, &i, sizeof(i));
	p->endpoint.in6.sin6_family = AF_INET6;
	p->endpoint.in6.sin6_addr.s6_addr[0] = 0x20;
	memcpy(p->endpoint.in6.sin6_addr.s6_addr + 12, &i, sizeof(i));
	p->endpoint.in6.sin6_port = (uint16_t)i;
}

int main(void)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device d = { 0 };
	WGC_AUTO_STR struct wgc_str text = { .secret = true };
	char key[WGC_KEY_BASE64], endpoint[WGC_ENDPOINT_TEXT], prefix[WGC_PREFIX_TEXT];
	double start = now(), made, printed, parsed;
	bool same = true;
	const char *p;

	for (uint32_t i = 0; i < PEERS; i++) {
		struct wgc_peer *peer = wgc_arena_push(a, &d.peers, &d.n_peers, &d.cap_peers, sizeof(*d.peers));

		make(peer, i);
		for (uint32_t n = 0; n < 2; n++) {
			struct wgc_allowed_ip *ip = wgc_peer_add_allowed_ip(a, peer);

			ip->prefix.ip.family = n ? AF_INET6 : AF_INET;
			memcpy(ip->prefix.ip.b, &i, sizeof(i));
			ip->prefix.len = wgc_ip_bits(&ip->prefix.ip);
		}
	}
	made = now();
	for (size_t i = 0; i < d.n_peers; i++) {
		const struct wgc_peer *peer = &d.peers[i];

		wgc_key_print(&peer->public_key, key);
		wgc_sockaddr_print(&peer->endpoint, endpoint);
		wgc_str_addf(&text, "%s\t%s", key, endpoint);
		for (uint32_t n = 0; n < peer->n_allowed_ips; n++) {
			wgc_prefix_print(&peer->allowed_ips[n].prefix, prefix);
			wgc_str_addc(&text, '\t');
			wgc_str_add(&text, prefix);
		}
		wgc_str_addc(&text, '\n');
	}
	ok(!text.oom);
	printed = now();
	p = wgc_str_get(&text);
	for (size_t i = 0; i < d.n_peers; i++) {
		const struct wgc_peer *peer = &d.peers[i];
		struct wgc_key k;

		same &= !wgc_key_parse(p, WGC_KEY_BASE64 - 1, &k) && wgc_key_equal(&k, &peer->public_key);
		p = strchr(p, '\t') + 1;
		for (uint32_t n = 0; n < peer->n_allowed_ips; n++) {
			struct wgc_prefix parsed_prefix;
			size_t len;

			p = strchr(p, '\t') + 1;
			len = strcspn(p, "\t\n");
			memcpy(prefix, p, len);
			prefix[len] = '\0';
			same &= !wgc_prefix_parse(prefix, &parsed_prefix);
			same &= wgc_prefix_equal(&parsed_prefix, &peer->allowed_ips[n].prefix);
			p += len;
		}
		p++;
	}
	parsed = now();
	ok(same);
	is_int(*p, '\0');
	/* 16 chunks of 64 KiB per MiB, and arrays that gave their old copies back. */
	ok(wgc_arena_size(a) < d.cap_peers * sizeof(*d.peers) + 2 * PEERS * 2 * sizeof(struct wgc_allowed_ip));
	printf("# made in %.3f s, printed in %.3f s, parsed in %.3f s; %zu MiB of arena, %zu MiB of text\n", made - start, printed - made,
	       parsed - printed, wgc_arena_size(a) >> 20, text.len >> 20);
	wgc_arena_free(a);
	wgc_str_done(&text);
	ok(now() - start < 10);
	return tap_done();
}
