// SPDX-License-Identifier: GPL-2.0
/* Profiles of other programs into ours. What they are is told from the text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/import.h"

bool wgc_import_begin(struct wgc_import *im, const char *name, struct wgc_span at)
{
	struct wgc_parse *c = &im->c;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_profile *p = a ? wgc_arena_alloc(a, sizeof(*p)) : NULL;

	if (!p) {
		wgc_arena_free(a);
		c->oom = true;
		return false;
	}
	/* No trivia: it is written from its values. */
	p->arena = a;
	p->name = wgc_arena_strdup(a, name);
	c->arena = a;
	c->p = p;
	c->interface_at = at;
	memset(c->seen, 0, sizeof(c->seen));
	if (!p->name)
		c->oom = true;
	return p->name;
}

void wgc_import_end(struct wgc_import *im)
{
	struct wgc_parse *c = &im->c;
	struct wgc_profile **slot;

	c->key = NULL;
	wgc_parse_peer_done(c);
	wgc_parse_check(c);
	slot = wgc_arena_push(im->arena, &im->v, &im->n, &im->cap, sizeof(*im->v));
	if (slot)
		*slot = c->p;
	else
		wgc_profile_free(c->p);
	c->oom |= !slot;
	c->p = NULL;
	c->arena = im->arena;
}

bool wgc_import_peer(struct wgc_import *im, struct wgc_span at)
{
	size_t first = wgc_key_first(WGC_SECTION_PEER);

	memset(im->c.seen + first, 0, sizeof(im->c.seen) - first * sizeof(im->c.seen[0]));
	return wgc_parse_peer(&im->c, at);
}

void wgc_import_give(struct wgc_import *im, enum wgc_section section, const char *key, const struct wgc_given *g)
{
	struct wgc_parse *c = &im->c;
	struct wgc_word w;

	c->section = section;
	c->key = wgc_key_find(section, key, WGC_FORMAT_JSON, c->mode);
	c->key_at = g->key_at;
	c->first_word = true;
	wgc_parse_seen(c);
	c->scratch.len = 0;
	wgc_str_addn(&c->scratch, g->s, g->len);
	if (c->scratch.oom) {
		c->oom = true;
		return;
	}
	w = (struct wgc_word){ .s = c->scratch.s, .len = g->len, .at = g->at, .exact = g->exact };
	wgc_word_trim(&w);
	if (!w.len)
		wgc_bad(c, g->at.line ? g->at : g->key_at, "give it one, or leave it out", "%s has an empty value", c->key->ini);
	else if (!wgc_text_plain(w.s, w.len))
		wgc_bad(c, w.at, "no line ends, no control characters", "%s is no plain text", c->key->ini);
	else
		wgc_parse_word(c, w.s, w.len, w.at, w.exact && w.at.col);
	c->key = NULL;
}

void wgc_import_give_network(struct wgc_import *im, const char *key, const struct wgc_given *g)
{
	char text[WGC_PREFIX_TEXT], hint[WGC_PREFIX_TEXT + 32];
	struct wgc_given masked = *g;
	struct wgc_prefix p, m;

	if (!wgc_prefix_parse(g->s, &p)) {
		m = wgc_prefix_masked(&p);
		if (!wgc_prefix_equal(&p, &m)) {
			wgc_prefix_print(&m, text);
			snprintf(hint, sizeof(hint), "%s is what it means", text);
			wgc_warn(&im->c, g->at, hint, "'%s' has bits behind its prefix length", g->s);
			masked.s = text;
			masked.len = strlen(text);
			masked.exact = false;
		}
	}
	wgc_import_give(im, WGC_SECTION_PEER, key, &masked);
}

void wgc_import_lost(struct wgc_import *im, struct wgc_span at, const char *hint, const char *name)
{
	if (wgc_quotable(name))
		wgc_warn(&im->c, at, hint, "%s is not carried over", name);
	else
		wgc_warn(&im->c, at, hint, "this is not carried over");
}

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n > m && wgc_streq_nocase(path + n - m, end);
}

/* The first character that is neither blank nor in a comment, and its place. */
static struct wgc_span first_word(const struct wgc_parse *c, char *ret)
{
	size_t start = 0, i = c->len >= 3 && !memcmp(c->text, "\xef\xbb\xbf", 3) ? 3 : 0;
	bool comment = false;
	uint32_t line = 1;

	*ret = '\0';
	for (; i < c->len; i++) {
		if (c->text[i] == '\n') {
			line++;
			start = i + 1;
			comment = false;
		} else if (c->text[i] == '#') {
			comment = true;
		} else if (!comment && !wgc_isspace(c->text[i])) {
			*ret = c->text[i];
			return wgc_at(line, i - start, 1);
		}
	}
	return wgc_at(1, 0, 1);
}

static void read_text(struct wgc_import *im)
{
	struct wgc_parse *c = &im->c;
	struct wgc_span at;
	char first;

	at = first_word(c, &first);
	if (first == '{')
		wgc_import_netns(im);
	else if (first == '[')
		wgc_import_keyfile(im);
	else if (!first)
		wgc_bad(c, at, "a profile of wg-netns as JSON, or a keyfile of NetworkManager", "there is nothing in it");
	else if (ends_in(c->path, ".yaml") || ends_in(c->path, ".yml"))
		wgc_bad(c, at, "make it JSON first, by `yq -o json` or any other converter, and give that to wgctl import -",
			"this YAML is no JSON");
	else
		wgc_bad(c, at, "wg-netns: an object in JSON (YAML made JSON first); NetworkManager: sections like [wireguard]",
			"this is neither a profile of wg-netns nor one of NetworkManager");
}

int wgc_config_import(const char *text, size_t len, const char *path, struct wgc_diags *diags, struct wgc_imported *ret)
{
	size_t errors = diags->errors;
	struct wgc_import im = {
		.c = { .path = path ? path : "", .text = text, .len = len, .format = WGC_FORMAT_INI, .mode = WGC_STRICT, .diags = diags,
		       .scratch = { .secret = true }, .first_diag = diags->n, .errors_before = diags->errors },
		.arena = wgc_arena_new(),
	};
	int r = 0;

	*ret = (struct wgc_imported){ 0 };
	if (!im.arena)
		return -ENOMEM;
	im.c.arena = im.arena;
	read_text(&im);
	if (im.c.p)
		wgc_import_end(&im);
	im.c.key = NULL;
	wgc_str_done(&im.c.scratch);
	wgc_parse_finish_diags(&im.c);
	if (im.n)
		ret->v = calloc(im.n, sizeof(struct wgc_profile *));
	if (im.c.oom || (im.n && !ret->v))
		r = -ENOMEM;
	else if (diags->errors != errors)
		r = -EINVAL;
	for (size_t i = 0; i < im.n; i++)
		if (r)
			wgc_profile_free(im.v[i]);
		else
			ret->v[ret->n++] = im.v[i];
	wgc_arena_free(im.arena);
	if (r)
		wgc_imported_done(ret);
	return r;
}

void wgc_imported_done(struct wgc_imported *im)
{
	for (size_t i = 0; i < im->n; i++)
		wgc_profile_free(im->v[i]);
	free(im->v);
	*im = (struct wgc_imported){ 0 };
}
