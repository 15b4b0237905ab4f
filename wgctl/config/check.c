// SPDX-License-Identifier: GPL-2.0
/* What can be said only about a whole profile: contradictions and doubles. */
#include <errno.h>
#include <string.h>

#include "config/internal.h"

static void both(struct wgc_parse *c, struct wgc_span first, struct wgc_span second, const char *a, const char *b)
{
	struct wgc_diag *d;

	if (second.line < first.line || (second.line == first.line && second.col < first.col)) {
		struct wgc_span swap = first;

		first = second;
		second = swap;
	}
	d = wgc_bad(c, second, "keep one of them", "both %s and %s are given", a, b);
	if (d)
		d->also = first;
}

static void private_keys(struct wgc_parse *c)
{
	const struct wgc_profile *p = c->p;
	bool key = p->device.private_key_at.line, file = p->private_key_file.s, command = p->private_key_command.n;

	if (key && file)
		both(c, p->device.private_key_at, p->private_key_file.at, "PrivateKey", "PrivateKeyFile");
	if (key && command)
		both(c, p->device.private_key_at, p->private_key_command.v[0].at, "PrivateKey", "PrivateKeyCommand");
	if (file && command)
		both(c, p->private_key_file.at, p->private_key_command.v[0].at, "PrivateKeyFile", "PrivateKeyCommand");
	if (!key && !file && !command && wgc_strict(c)) {
		struct wgc_span at = c->interface_at.line ? c->interface_at : wgc_at(1, 0, 1);

		wgc_warn(c, at, "add PrivateKey, PrivateKeyFile or PrivateKeyCommand", "there is no private key: nobody can be talked to");
	}
}

static void add(struct wgc_parse *c, struct wgc_set *set, const void *bytes, size_t len, size_t value, size_t *first, bool *found)
{
	int r = wgc_set_add(set, bytes, len, value, first);

	*found = r == 0;
	if (r < 0)
		c->oom = true;
}

/* "'alice'", or "the peer of line 12" */
static void peer_text(const struct wgc_profile_peer *peer, char *out, size_t size)
{
	if (peer->name.s)
		snprintf(out, size, "'%.60s'", peer->name.s);
	else
		snprintf(out, size, "the peer of line %u", peer->peer.at.line);
}

static size_t prefix_bytes(const struct wgc_prefix *p, unsigned char out[static 18])
{
	struct wgc_prefix masked = wgc_prefix_masked(p);

	out[0] = masked.ip.family;
	out[1] = masked.len;
	memcpy(out + 2, masked.ip.b, 16);
	return 18;
}

/* A peer that is there twice, and one that is this side itself. */
static void peers(struct wgc_parse *c)
{
	const struct wgc_profile *p = c->p;
	struct wgc_key own = { 0 };
	struct wgc_set set;
	bool know_own = p->device.flags & WGC_DEVICE_HAS_PRIVATE_KEY && !wgc_key_is_zero(&p->device.private_key);

	if (know_own)
		wgc_key_public(&p->device.private_key, &own);
	wgc_set_init(&set, p->n_peers);
	for (size_t i = 0; i < p->n_peers && !c->oom; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];
		struct wgc_diag *d;
		size_t first;
		bool found;

		/* A key that did not parse is zero; that has been said. */
		if (wgc_key_is_zero(&peer->peer.public_key))
			continue;
		if (know_own && wgc_key_equal(&peer->peer.public_key, &own))
			wgc_bad(c, peer->peer.at, "put the other side's public key there; the kernel leaves such a peer out without a word",
				"this peer has the public key of this side itself");
		add(c, &set, &peer->peer.public_key, sizeof(struct wgc_key), i, &first, &found);
		if (!found)
			continue;
		d = wgc_bad(c, peer->peer.at, "put what they have into one section", "this peer has the public key of one above");
		if (d)
			d->also = p->peers[first].peer.at;
	}
	wgc_set_done(&set);
}

static void allowed_ip_twice(struct wgc_parse *c, size_t peer, const struct wgc_allowed_ip *a, size_t first_peer,
			     struct wgc_span first)
{
	const struct wgc_profile *p = c->p;
	char text[WGC_PREFIX_TEXT], here[100], there[100];
	struct wgc_diag *d;

	wgc_prefix_print(&a->prefix, text);
	if (peer == first_peer) {
		d = wgc_warn(c, a->at, "leave it out", "%s stands in this peer's AllowedIPs twice", text);
	} else {
		peer_text(&p->peers[first_peer], there, sizeof(there));
		peer_text(&p->peers[peer], here, sizeof(here));
		d = wgc_bad(c, a->at, "only one peer can have it: the last one would, silently", "%s is given to two peers, %s and %s",
			    text, there, here);
	}
	if (d)
		d->also = first;
}

static void allowed_ips(struct wgc_parse *c)
{
	const struct wgc_profile *p = c->p;
	struct wgc_set set;

	wgc_set_init(&set, p->n_peers);
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct wgc_peer *peer = &p->peers[i].peer;

		for (uint32_t k = 0; k < peer->n_allowed_ips && !c->oom; k++) {
			unsigned char bytes[18];
			size_t first, len = prefix_bytes(&peer->allowed_ips[k].prefix, bytes);
			bool found;

			/* Peer and item in one number: both are below 2^32, as lines are. */
			add(c, &set, bytes, len, i << 32 | k, &first, &found);
			if (found)
				allowed_ip_twice(c, i, &peer->allowed_ips[k], first >> 32,
						 p->peers[first >> 32].peer.allowed_ips[(uint32_t)first].at);
		}
	}
	wgc_set_done(&set);
}

static void addresses(struct wgc_parse *c, const struct wgc_address *v, size_t n, const char *what)
{
	struct wgc_set set;

	wgc_set_init(&set, n);
	for (size_t i = 0; i < n && !c->oom; i++) {
		unsigned char bytes[18] = { v[i].prefix.ip.family, v[i].prefix.len };
		struct wgc_diag *d;
		size_t first;
		bool found;

		memcpy(bytes + 2, v[i].prefix.ip.b, 16);
		add(c, &set, bytes, sizeof(bytes), i, &first, &found);
		if (!found)
			continue;
		d = wgc_bad(c, v[i].at, "keep one of them", "%s has this twice", what);
		if (d)
			d->also = v[first].at;
	}
	wgc_set_done(&set);
}

void wgc_parse_check(struct wgc_parse *c)
{
	struct wgc_profile *p = c->p;

	if (!p->ifname[0])
		p->ifname_derived = wgc_ifname_for(p->name, p->ifname);
	memcpy(p->device.ifname, p->ifname, sizeof(p->ifname));
	private_keys(c);
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];

		if (peer->preshared_key_file.s && peer->peer.flags & WGC_PEER_HAS_PRESHARED_KEY)
			wgc_bad(c, peer->preshared_key_file.at, "keep one of them",
				"both PresharedKey and PresharedKeyFile are given");
	}
	/* wg and wg-quick take all that follows, for better or worse. */
	if (!wgc_strict(c))
		return;
	addresses(c, p->addresses, p->n_addresses, "Address");
	addresses(c, p->exclude_ips, p->n_exclude_ips, "ExcludeIPs");
	peers(c);
	allowed_ips(c);
}
