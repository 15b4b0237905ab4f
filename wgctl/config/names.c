// SPDX-License-Identifier: GPL-2.0
/*
 * Names of peers in comments. wg has no names, so programs and people came to
 * write them beside the peers, each in a way of their own:
 *
 *	# friendly_name = X	in a section (Prometheus exporters)
 *	# Name = X		in a section
 *	# wgctl:name=X		in a section
 *	# Client: X (id)	above one (wg-easy)
 *	### Client X		above one
 *	### begin X ###		above one
 *	# BEGIN_PEER X		above one
 *	[Peer] # X		behind its name
 */
#include <string.h>

#include "config/internal.h"

struct cut {
	const char *s;
	size_t len;
};

static void trim(struct cut *t)
{
	while (t->len && wgc_isspace(t->s[t->len - 1]))
		t->len--;
	while (t->len && wgc_isspace(*t->s)) {
		t->s++;
		t->len--;
	}
}

/* The part of @t behind @word, which is compared without case. */
static bool behind(const struct cut *t, const char *word, struct cut *ret)
{
	size_t n = strlen(word);

	if (t->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = t->s[i];

		if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != word[i])
			return false;
	}
	*ret = (struct cut){ t->s + n, t->len - n };
	return true;
}

/* "word = X" or "word=X". */
static bool assigned(const struct cut *t, const char *word, struct cut *ret)
{
	if (!behind(t, word, ret))
		return false;
	trim(ret);
	if (!ret->len || *ret->s != '=')
		return false;
	ret->s++;
	ret->len--;
	trim(ret);
	return true;
}

/* "word X" with at least a blank between them. */
static bool followed(const struct cut *t, const char *word, struct cut *ret)
{
	if (!behind(t, word, ret) || !ret->len || !wgc_isspace(*ret->s))
		return false;
	trim(ret);
	return true;
}

bool wgc_peer_name_ok(const char *s, size_t len)
{
	/* A key that was commented out is no name, and must not be shown as one. */
	return len && len <= WGC_PEER_NAME_MAX && wgc_text_plain(s, len) && !memchr(s, '\t', len) && !wgc_like_key(s, len);
}

static bool usable(const struct cut *t)
{
	return wgc_peer_name_ok(t->s, t->len);
}

static struct wgc_text keep(struct wgc_parse *c, const struct cut *t, const char *start, uint32_t line, size_t offset)
{
	return (struct wgc_text){ .s = wgc_keep(c, t->s, t->len), .at = wgc_at(line, offset + (size_t)(t->s - start), t->len) };
}

/* "X (id)" */
static void drop_id(struct cut *t)
{
	size_t n = t->len;

	if (!n || t->s[n - 1] != ')')
		return;
	while (n && t->s[n - 1] != '(')
		n--;
	if (n > 1 && wgc_isspace(t->s[n - 2])) {
		t->len = n - 1;
		trim(t);
	}
}

void wgc_name_comment(struct wgc_parse *c, const char *s, size_t len, uint32_t line, size_t offset)
{
	struct cut all = { s, len }, t;
	unsigned hashes = 1;
	bool inside;

	while (all.len && *all.s == '#') {
		all.s++;
		all.len--;
		hashes++;
	}
	trim(&all);
	inside = assigned(&all, "friendly_name", &t) || assigned(&all, "name", &t) || assigned(&all, "wgctl:name", &t);
	if (!inside) {
		if (hashes == 3 && followed(&all, "begin", &t)) {
			while (t.len && t.s[t.len - 1] == '#')
				t.len--;
			trim(&t);
		} else if (hashes == 1 && behind(&all, "client:", &t)) {
			trim(&t);
			drop_id(&t);
		} else if (!(hashes == 3 && followed(&all, "client", &t)) && !followed(&all, "begin_peer", &t)) {
			return;
		}
	}
	if (!usable(&t))
		return;
	/* The first name in a section is its own; one more is meant for the next. */
	if (inside && c->section == WGC_SECTION_PEER && c->peer && !c->peer->name.s)
		c->peer->name = keep(c, &t, s, line, offset);
	else
		c->next_name = keep(c, &t, s, line, offset);
}

void wgc_name_behind_section(struct wgc_parse *c, const char *s, size_t len, uint32_t line, size_t offset)
{
	struct cut t = { s, len };

	trim(&t);
	if (c->peer && !c->peer->name.s && usable(&t))
		c->peer->name = keep(c, &t, s, line, offset);
}
