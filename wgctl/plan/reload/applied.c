// SPDX-License-Identifier: GPL-2.0
/*
 * What was last applied: the middle of the three sides that `reload` compares.
 * It answers one question: is this thing in the kernel, which the profile does
 * not speak of, one that an earlier version of the profile asked for, or
 * somebody else's? So it holds names of things, and of secrets only that there
 * was one. A file of lines beside the journal:
 *
 *   wgctl-applied 1
 *   mtu 1420
 *   mark 51820
 *   address 10.0.0.1/24
 *   dns 10.0.0.53            search example.org
 *   peers 2 3                           so many peers and allowed IPs follow, as bytes: of
 *                                       100,000 peers one may have changed
 *   end
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/reload/reload.h"

#define HEADER "wgctl-applied 1"
#define FILE_MAX_BYTES (1u << 30)

/* ---- peers by their key ---------------------------------------------------------- */

static size_t slot_of(const struct wgc_key_map *m, const struct wgc_key *key)
{
	size_t h = wgc_hash(&m->seed, key->b) & m->mask;

	while (m->slots[h] && memcmp(m->keys[m->slots[h] - 1]->b, key->b, WGC_KEY_LEN))
		h = (h + 1) & m->mask;
	return h;
}

int wgc_key_map_init(struct wgc_key_map *m, size_t n)
{
	size_t size = 16;

	while (size < 2 * n)
		size *= 2;
	*m = (struct wgc_key_map){ .mask = size - 1 };
	wgc_hash_seed(&m->seed);
	m->slots = calloc(size, sizeof(*m->slots));
	m->keys = calloc(n ? n : 1, sizeof(*m->keys));
	if (m->slots && m->keys)
		return 0;
	wgc_key_map_done(m);
	return -ENOMEM;
}

void wgc_key_map_done(struct wgc_key_map *m)
{
	free(m->slots);
	free(m->keys);
	*m = (struct wgc_key_map){ .slots = NULL };
}

void wgc_key_map_put(struct wgc_key_map *m, const struct wgc_key *key, size_t index)
{
	m->keys[index] = key;
	m->slots[slot_of(m, key)] = (uint32_t)index + 1;
}

bool wgc_key_map_find(const struct wgc_key_map *m, const struct wgc_key *key, size_t *ret)
{
	size_t h;

	if (!m->slots)
		return false;
	h = slot_of(m, key);
	if (!m->slots[h])
		return false;
	*ret = m->slots[h] - 1;
	return true;
}

/* ---- from a profile ---------------------------------------------------------------- */

uint64_t wgc_applied_endpoints(const struct wgc_profile_peer *p)
{
	unsigned char h[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;
	uint64_t r;

	if (!p->n_endpoints)
		return 0;
	crypto_generichash_init(&state, NULL, 0, sizeof(h));
	for (size_t i = 0; i < p->n_endpoints; i++) {
		const struct wgc_host_port *e = &p->endpoints[i];

		crypto_generichash_update(&state, (const unsigned char *)e->host, strlen(e->host) + 1);
		crypto_generichash_update(&state, (const unsigned char *)e->port, strlen(e->port) + 1);
	}
	crypto_generichash_final(&state, h, sizeof(h));
	memcpy(&r, h, sizeof(r));
	return r ? r : 1;
}

static int push_prefix(struct wgc_arena *a, struct wgc_prefix **v, size_t *n, size_t *cap, const struct wgc_prefix *p)
{
	struct wgc_prefix *slot = wgc_arena_push(a, v, n, cap, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *p;
	return 0;
}

static int push_text(struct wgc_arena *a, struct wgc_texts *t, const char *s)
{
	struct wgc_text *slot = wgc_arena_push(a, &t->v, &t->n, &t->cap, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	slot->s = wgc_arena_strdup(a, s);
	return slot->s ? 0 : -ENOMEM;
}

static int push_peer(struct wgc_applied *l, struct wgc_arena *a, const struct wgc_key *key, uint32_t flags, uint64_t endpoints)
{
	struct wgc_applied_peer *slot = wgc_arena_push(a, &l->peers, &l->n_peers, &l->cap_peers, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	slot->key = *key;
	slot->flags = flags;
	slot->endpoints = endpoints;
	slot->first_ip = l->n_ips;
	return 0;
}

static uint32_t peer_flags(const struct wgc_profile_peer *p)
{
	uint32_t flags = p->peer.flags & (WGC_PEER_HAS_PRESHARED_KEY | WGC_PEER_HAS_KEEPALIVE);

	return p->preshared_key_file.s ? flags | WGC_PEER_HAS_PRESHARED_KEY : flags;
}

static int index_peers(struct wgc_applied *l)
{
	int r = wgc_key_map_init(&l->map, l->n_peers);

	for (size_t i = 0; r == 0 && i < l->n_peers; i++) {
		size_t older;

		/* The last one is found, and knows the others. */
		if (wgc_key_map_find(&l->map, &l->peers[i].key, &older)) {
			l->peers[i].older = &l->peers[older];
			l->peers[i].flags |= l->peers[older].flags;
		}
		wgc_key_map_put(&l->map, &l->peers[i].key, i);
	}
	return r;
}

static int of_profile(const struct wgc_profile *p, uint32_t mark, struct wgc_arena *a, struct wgc_applied *ret)
{
	struct wgc_applied l = { .mtu = p->mtu, .mark = mark };
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_addresses; i++)
		r = push_prefix(a, &l.addresses, &l.n_addresses, &l.cap_addresses, &p->addresses[i].prefix);
	for (size_t i = 0; r == 0 && i < p->n_dns_servers; i++)
		r = push_text(a, &l.dns, p->dns_servers[i].s);
	for (size_t i = 0; r == 0 && i < p->n_dns_search; i++)
		r = push_text(a, &l.search, p->dns_search[i].s);
	for (size_t i = 0; r == 0 && i < p->n_peers; i++) {
		const struct wgc_peer *peer = &p->peers[i].peer;

		r = push_peer(&l, a, &peer->public_key, peer_flags(&p->peers[i]), wgc_applied_endpoints(&p->peers[i]));
		for (uint32_t k = 0; r == 0 && k < peer->n_allowed_ips; k++) {
			struct wgc_prefix ip = wgc_prefix_masked(&peer->allowed_ips[k].prefix);

			if (!peer->allowed_ips[k].remove)
				r = push_prefix(a, &l.ips, &l.n_ips, &l.cap_ips, &ip);
		}
		if (r == 0)
			l.peers[l.n_peers - 1].n_ips = l.n_ips - l.peers[l.n_peers - 1].first_ip;
	}
	if (r == 0)
		*ret = l;
	return r;
}

void wgc_applied_done(struct wgc_applied *l)
{
	wgc_key_map_done(&l->map);
}

/* ---- asking --------------------------------------------------------------------------- */

const struct wgc_applied_peer *wgc_applied_peer(const struct wgc_applied *l, const struct wgc_key *key)
{
	size_t i;

	return wgc_key_map_find(&l->map, key, &i) ? &l->peers[i] : NULL;
}

bool wgc_applied_has_ip(const struct wgc_applied *l, const struct wgc_applied_peer *p, const struct wgc_prefix *ip)
{
	for (; p; p = p->older)
		for (size_t i = 0; i < p->n_ips; i++)
			if (wgc_prefix_equal(&l->ips[p->first_ip + i], ip))
				return true;
	return false;
}

bool wgc_applied_has_address(const struct wgc_applied *l, const struct wgc_prefix *address)
{
	for (size_t i = 0; i < l->n_addresses; i++)
		if (wgc_prefix_equal(&l->addresses[i], address))
			return true;
	return false;
}

/* ---- the file --------------------------------------------------------------------------- */

/* Whatever program of ours wrote it: members of fixed sizes, without gaps. */
struct stored_peer {
	struct wgc_key key;
	uint32_t flags, n_ips;
	uint64_t endpoints;
};
struct stored_ip {
	uint8_t family, len, b[16];
};
_Static_assert(sizeof(struct stored_peer) == 48 && sizeof(struct stored_ip) == 18, "these are written as they are");

static void add_prefix_line(struct wgc_str *out, const char *word, const struct wgc_prefix *p)
{
	char text[WGC_PREFIX_TEXT];

	wgc_prefix_print(p, text);
	wgc_str_add(out, word);
	wgc_str_add(out, text);
	wgc_str_addc(out, '\n');
}

static void print(const struct wgc_applied *l, struct wgc_str *out)
{
	wgc_str_add(out, HEADER "\n");
	wgc_str_addf(out, "mtu %u\nmark %u\n", l->mtu, l->mark);
	for (size_t i = 0; i < l->n_addresses; i++)
		add_prefix_line(out, "address ", &l->addresses[i]);
	for (size_t i = 0; i < l->dns.n; i++)
		wgc_str_addf(out, "dns %s\n", l->dns.v[i].s);
	for (size_t i = 0; i < l->search.n; i++)
		wgc_str_addf(out, "search %s\n", l->search.v[i].s);
	wgc_str_addf(out, "peers %zu %zu\n", l->n_peers, l->n_ips);
	for (size_t i = 0; i < l->n_peers; i++) {
		struct stored_peer p = { .key = l->peers[i].key,
					 .flags = l->peers[i].flags,
					 .n_ips = (uint32_t)l->peers[i].n_ips,
					 .endpoints = l->peers[i].endpoints };

		wgc_str_addn(out, (const char *)&p, sizeof(p));
	}
	for (size_t i = 0; i < l->n_ips; i++) {
		struct stored_ip ip = { .family = l->ips[i].ip.family, .len = l->ips[i].len };

		memcpy(ip.b, l->ips[i].ip.b, sizeof(ip.b));
		wgc_str_addn(out, (const char *)&ip, sizeof(ip));
	}
	wgc_str_add(out, "end\n");
}

/* Needs to be whole only, which its last line tells: what it describes is made after it. */
static int write_file(int dir, const char *name, const struct wgc_str *text)
{
	WGC_AUTO_FD int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : wgc_write_all(fd, text->s, text->len);
}

int wgc_applied_write(struct wgc_journal *j, const char *name, const struct wgc_plan *plan, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_applied l;
	int r = a ? of_profile(plan->profile, plan->device.fwmark, a, &l) : -ENOMEM;

	if (r == 0) {
		print(&l, &out);
		r = out.oom ? -ENOMEM : write_file(j->dir_fd, name, &out);
	}
	wgc_arena_free(a);
	if (r == -ENOMEM)
		return wgc_err_nomem(err);
	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot write what was applied: %s", strerror(-r)) : 0;
}

/* @p: what follows the line; *@ret_end: where that ends. */
static int read_peers(struct wgc_applied *l, struct wgc_arena *a, const char *counts, const char *p, const char *end,
		      const char **ret_end)
{
	size_t n_peers, n_ips, left = (size_t)(end - p);
	int r = 0;

	if (sscanf(counts, "%zu %zu", &n_peers, &n_ips) != 2 || n_peers > left / sizeof(struct stored_peer) ||
	    n_ips > (left - n_peers * sizeof(struct stored_peer)) / sizeof(struct stored_ip))
		return -EBADMSG;
	for (size_t i = 0; r == 0 && i < n_peers; i++, p += sizeof(struct stored_peer)) {
		struct stored_peer from;

		memcpy(&from, p, sizeof(from));
		/* The first of its IPs comes where those before it end. */
		r = push_peer(l, a, &from.key, from.flags, from.endpoints);
		if (r == 0) {
			struct wgc_applied_peer *to = &l->peers[l->n_peers - 1];

			if (i)
				to->first_ip = to[-1].first_ip + to[-1].n_ips;
			to->n_ips = from.n_ips;
			if (to->first_ip + to->n_ips > l->n_ips + n_ips)
				r = -EBADMSG;
		}
	}
	for (size_t i = 0; r == 0 && i < n_ips; i++, p += sizeof(struct stored_ip)) {
		struct wgc_prefix ip = { .len = (uint8_t)p[1] };

		ip.ip.family = (uint8_t)p[0];
		memcpy(ip.ip.b, p + 2, sizeof(ip.ip.b));
		r = push_prefix(a, &l->ips, &l->n_ips, &l->cap_ips, &ip);
	}
	*ret_end = p;
	return r;
}

static int one_line(struct wgc_applied *l, struct wgc_arena *a, char *line)
{
	char *value = strchr(line, ' ');
	struct wgc_prefix prefix;

	if (!value)
		return -EBADMSG;
	*value++ = 0;
	if (!strcmp(line, "dns"))
		return push_text(a, &l->dns, value);
	if (!strcmp(line, "search"))
		return push_text(a, &l->search, value);
	if (!strcmp(line, "mtu") || !strcmp(line, "mark")) {
		uint32_t *to = line[1] == 't' ? &l->mtu : &l->mark;

		/* Of two files the one that says something. */
		*to = *to ? *to : (uint32_t)strtoul(value, NULL, 10);
		return 0;
	}
	if (wgc_prefix_parse(value, &prefix) < 0)
		return -EBADMSG;
	if (!strcmp(line, "address"))
		return push_prefix(a, &l->addresses, &l->n_addresses, &l->cap_addresses, &prefix);
	return -EBADMSG;
}

/* Adds to @l what the file says; one that is not there adds nothing. */
static int read_one(struct wgc_journal *j, const char *name, struct wgc_arena *a, struct wgc_applied *l)
{
	WGC_AUTO_FREE char *text = NULL;
	WGC_AUTO_FD int fd = -1;
	bool first = true;
	size_t len;
	int r;

	fd = openat(j->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = wgc_read_fd(fd, FILE_MAX_BYTES, &text, &len);
	if (r < 0)
		return r;
	for (const char *p = text, *end = text + len; r == 0; first = false) {
		char *stop = memchr(p, '\n', (size_t)(end - p));
		const char *line = p;

		if (!stop)
			return -EBADMSG;
		*stop = 0;
		p = stop + 1;
		if (first)
			r = strcmp(line, HEADER) ? -EBADMSG : 0;
		else if (!strcmp(line, "end"))
			return 0;
		else if (!strncmp(line, "peers ", 6))
			r = read_peers(l, a, line + 6, p, end, &p);
		else
			r = one_line(l, a, (char *)line);
	}
	return r;
}

int wgc_applied_read(struct wgc_journal *j, struct wgc_arena *a, struct wgc_applied *ret, struct wgc_err *err)
{
	struct wgc_applied l = { 0 };
	int r;

	/* Of a reload that was killed some is done: what it was about to apply
	 * counts as well, and what it had not reached yet does no harm. */
	r = read_one(j, WGC_APPLIED_NEXT, a, &l);
	if (r == -EBADMSG)
		r = 0; /* a torn one: nothing was done after it */
	r = r ?: read_one(j, WGC_APPLIED, a, &l);
	r = r ?: index_peers(&l);
	if (r == 0) {
		*ret = l;
		return 0;
	}
	if (r == -ENOMEM)
		return wgc_err_nomem(err);
	wgc_err_set(err, WGC_E_IO, -r, "cannot read what was last applied: %s", strerror(-r));
	wgc_err_hint(err, "`wgctl down` and `wgctl up` need it not");
	return r;
}
