// SPDX-License-Identifier: GPL-2.0
/* A reload is taken back some minutes later: what it changed, and not what others did since. */
#include "plan/reload/reload.h"
#include "unit/plan/make.h"

static struct wgc_arena *arena;

/* Peer @n of @d, with the allowed IPs of @ips, called at 198.51.100.@at; 0: nowhere. */
static void peer(struct wgc_device *d, unsigned n, const char *ips, uint8_t at, uint16_t keepalive)
{
	struct wgc_peer *p = wgc_arena_push(arena, &d->peers, &d->n_peers, &d->cap_peers, sizeof(*p));
	char word[WGC_PREFIX_TEXT];

	memset(p, 0, sizeof(*p));
	p->public_key.b[0] = (uint8_t)(n * 8);
	p->keepalive = keepalive;
	p->flags = WGC_PEER_HAS_KEEPALIVE;
	if (at) {
		p->endpoint.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(7) };
		p->endpoint.in.sin_addr.s_addr = htonl(0xc6336400u + at);
	}
	for (int used; sscanf(ips, " %49s%n", word, &used) == 1; ips += used)
		if (wgc_prefix_parse(word, &wgc_peer_add_allowed_ip(arena, p)->prefix) < 0)
			abort();
}

static char *text_of(const struct wgc_device *d)
{
	struct wgc_str s = { 0 };

	for (size_t i = 0; i < d->n_peers; i++) {
		const struct wgc_peer *p = &d->peers[i];

		wgc_str_addf(&s, "%u at %u every %u:", p->public_key.b[0] / 8, ntohl(p->endpoint.in.sin_addr.s_addr) & 0xff, p->keepalive);
		for (uint32_t k = 0; k < p->n_allowed_ips; k++) {
			char ip[WGC_PREFIX_TEXT];

			wgc_prefix_print(&p->allowed_ips[k].prefix, ip);
			wgc_str_addf(&s, " %s", ip);
		}
		wgc_str_addc(&s, '\n');
	}
	return wgc_str_steal(&s);
}

/* The reload led from @was to @want; @now is what there is by now. */
static void goes_back(const struct wgc_device *was, const struct wgc_device *want, const struct wgc_device *now, const char *to)
{
	const struct wgc_applied all = { .all = true };
	struct wgc_foreigns none = { .v = NULL };
	struct wgc_device back;
	struct wgc_delta d;
	char *text;

	is_int(wgc_delta_device(&(struct wgc_delta_sides){ .want = want, .applied = &all, .have = was }, arena, &d, &none), 0);
	is_int(wgc_delta_back(&d, was, now, arena, &back), 0);
	text = text_of(&back);
	is_str(text, to);
	is_int(back.flags, want->flags);
	is_int(back.listen_port, was->listen_port);
	free(text);
}

static void others_go_on(void)
{
	struct wgc_device was = { .listen_port = 7 }, want = { .flags = WGC_DEVICE_HAS_LISTEN_PORT, .listen_port = 8 }, now = { .listen_port = 8 };

	/* 10.2 goes to nobody, 10.3 to the new peer 4, 10.5 with peer 3. */
	peer(&was, 1, "10.1.0.0/16 10.2.0.0/16", 1, 0);
	peer(&was, 2, "10.3.0.0/16 10.4.0.0/16", 2, 0);
	peer(&was, 3, "10.5.0.0/16", 3, 0);
	peer(&want, 1, "10.1.0.0/16", 1, 25);
	peer(&want, 2, "10.4.0.0/16", 22, 0);
	peer(&want, 4, "10.3.0.0/16", 4, 0);
	/* Peer 1 has roamed, peer 2 was changed by somebody, who has added peer 5, too. */
	peer(&now, 1, "10.1.0.0/16", 11, 25);
	peer(&now, 2, "10.4.0.0/16 10.6.0.0/16", 22, 5);
	peer(&now, 4, "10.3.0.0/16", 4, 0);
	peer(&now, 5, "10.7.0.0/16", 5, 5);
	goes_back(&was, &want, &now,
		  "1 at 11 every 0: 10.1.0.0/16 10.2.0.0/16\n"
		  "2 at 2 every 5: 10.4.0.0/16 10.6.0.0/16 10.3.0.0/16\n"
		  "5 at 5 every 5: 10.7.0.0/16\n"
		  "3 at 3 every 0: 10.5.0.0/16\n");
}

/* It failed half-way: some of it is there. Or somebody has taken a peer away since. */
static void half_of_it(void)
{
	struct wgc_device was = { .n_peers = 0 }, want = was, now = was;

	peer(&was, 1, "10.1.0.0/16", 1, 0);
	peer(&was, 2, "10.2.0.0/16", 2, 0);
	peer(&want, 1, "10.1.0.0/16 10.2.0.0/16", 1, 9);
	peer(&now, 1, "10.1.0.0/16 10.2.0.0/16", 1, 9);
	peer(&now, 2, "", 2, 0);
	goes_back(&was, &want, &now, "1 at 1 every 0: 10.1.0.0/16\n2 at 2 every 0: 10.2.0.0/16\n");
	goes_back(&was, &want, &was, "1 at 1 every 0: 10.1.0.0/16\n2 at 2 every 0: 10.2.0.0/16\n");
	goes_back(&was, &was, &now, "1 at 1 every 9: 10.1.0.0/16 10.2.0.0/16\n2 at 2 every 0:\n");
	now.n_peers = 0;
	goes_back(&was, &want, &now, "2 at 2 every 0: 10.2.0.0/16\n");
}

int main(void)
{
	arena = wgc_arena_new();
	others_go_on();
	half_of_it();
	wgc_arena_free(arena);
	return tap_done();
}
