// SPDX-License-Identifier: GPL-2.0
/* A text into a profile: what both formats have in common. */
#include <errno.h>
#include <string.h>

#include "config/internal.h"

enum wgc_format wgc_config_format(const char *path)
{
	size_t n = path ? strlen(path) : 0;

	return n >= 5 && wgc_streq_nocase(path + n - 5, ".json") ? WGC_FORMAT_JSON : WGC_FORMAT_INI;
}

size_t wgc_longest_line(const struct wgc_parse *c)
{
	size_t longest = 0, i = 0;

	while (i < c->len) {
		const char *end = memchr(c->text + i, '\n', c->len - i);
		size_t n = end ? (size_t)(end - c->text) - i : c->len - i;

		if (n > longest)
			longest = n;
		i += n + 1;
	}
	return longest;
}

bool wgc_strict(const struct wgc_parse *c)
{
	return c->mode == WGC_STRICT;
}

char *wgc_keep(struct wgc_parse *c, const char *s, size_t len)
{
	char *copy = wgc_arena_strndup(c->arena, s, len);

	if (!copy)
		c->oom = true;
	return copy;
}

struct wgc_text wgc_keep_word(struct wgc_parse *c, const struct wgc_word *w)
{
	return (struct wgc_text){ .s = wgc_keep(c, w->s, w->len), .at = w->at };
}

void wgc_push_text(struct wgc_parse *c, struct wgc_text **v, size_t *n, size_t *cap, const struct wgc_word *w)
{
	struct wgc_text *t = wgc_arena_push(c->arena, v, n, cap, sizeof(*t));

	if (!t)
		c->oom = true;
	else
		*t = wgc_keep_word(c, w);
}

void wgc_parse_peer_done(struct wgc_parse *c)
{
	const struct wgc_key_info *key = c->key;

	c->key = NULL;
	if (c->peer && !c->peer_has_key)
		wgc_bad(c, c->peer->peer.at, "add PublicKey = ..., which the other side prints with `wgctl pubkey`",
			"this peer has no public key");
	c->key = key;
	c->peer = NULL;
}

bool wgc_parse_peer(struct wgc_parse *c, struct wgc_span at)
{
	struct wgc_profile *p = c->p;
	struct wgc_profile_peer *peer;

	wgc_parse_peer_done(c);
	peer = wgc_arena_push(c->arena, &p->peers, &p->n_peers, &p->cap_peers, sizeof(*peer));
	if (!peer) {
		c->oom = true;
		return false;
	}
	peer->peer.at = at;
	/* A section is all that a peer shall have. */
	peer->peer.flags = WGC_PEER_REPLACE_ALLOWED_IPS;
	peer->name = c->next_name;
	c->next_name = (struct wgc_text){ 0 };
	c->peer = peer;
	c->peer_has_key = c->routes_given = false;
	return true;
}

void wgc_parse_seen(struct wgc_parse *c)
{
	struct wgc_span *seen = &c->seen[wgc_key_index(c->key)];
	enum wgc_shape shape = c->key->rule->shape;

	/* wg and wg-quick take the last; which one was meant, nobody knows. */
	if (seen->line && wgc_strict(c) && (shape == WGC_SHAPE_ONE || shape == WGC_SHAPE_ARGV)) {
		struct wgc_diag *d = wgc_bad(c, c->key_at, "keep one of them", "%s is given twice", c->key->ini);

		if (d)
			d->also = *seen;
		return;
	}
	if (!seen->line)
		*seen = c->key_at;
}

void wgc_parse_word(struct wgc_parse *c, char *s, size_t len, struct wgc_span at, bool exact)
{
	struct wgc_word w = { .s = s, .len = len, .at = at, .exact = exact };

	s[len] = '\0';
	if (c->key->rule->owner == WGC_OWNER_WG)
		wgc_word_squeeze(&w);
	c->key->rule->set(c, &w);
	c->first_word = false;
}

static void split_words(struct wgc_parse *c, char *s, size_t len, struct wgc_span at, bool exact)
{
	struct wgc_word all = { .s = s, .len = len, .at = at, .exact = exact };
	size_t i = 0;

	while (i < len) {
		size_t start;

		while (i < len && (s[i] == ',' || wgc_isspace(s[i])))
			i++;
		start = i;
		while (i < len && s[i] != ',' && !wgc_isspace(s[i]))
			i++;
		if (i == start)
			break;
		wgc_parse_word(c, s + start, i - start, wgc_word_at(&all, start, i - start), exact && all.at.col);
		i++;
	}
}

/* wg(8) drops all blanks first and then wants something between any two commas. */
static void split_commas(struct wgc_parse *c, char *s, size_t len, struct wgc_span at, bool exact)
{
	struct wgc_word all = { .s = s, .len = len, .at = at, .exact = exact };
	size_t start = 0;

	for (size_t i = 0; i <= len; i++) {
		size_t from = start, to = i;

		if (i < len && s[i] != ',')
			continue;
		while (from < to && wgc_isspace(s[from]))
			from++;
		while (to > from && wgc_isspace(s[to - 1]))
			to--;
		if (from == to) {
			size_t comma = i < len ? i : start ? start - 1 : 0;

			wgc_bad(c, wgc_word_at(&all, comma, 1), "one comma between any two, none at the end",
				"%s has nothing beside this comma", c->key->ini);
		} else {
			wgc_parse_word(c, s + from, to - from, wgc_word_at(&all, from, to - from), exact && all.at.col);
		}
		start = i + 1;
	}
}

static void split_argv(struct wgc_parse *c, char *s, size_t len, struct wgc_span at, bool exact)
{
	struct wgc_word all = { .s = s, .len = len, .at = at, .exact = exact }, w;
	size_t pos = 0;
	int r;

	while ((r = wgc_argv_next(s, len, &pos, &w)) > 0) {
		w.at = wgc_word_at(&all, w.at.col - 1u, w.at.len);
		c->key->rule->set(c, &w);
	}
	if (r < 0)
		wgc_bad(c, at, "close it, or put a backslash in front of it", "%s has a quote that is not closed", c->key->ini);
}

void wgc_parse_words(struct wgc_parse *c, char *value, size_t len, struct wgc_span at, bool exact)
{
	c->first_word = true;
	switch (c->key->rule->shape) {
	case WGC_SHAPE_WORDS:
		split_words(c, value, len, at, exact);
		break;
	case WGC_SHAPE_COMMAS:
		split_commas(c, value, len, at, exact);
		break;
	case WGC_SHAPE_ARGV:
		split_argv(c, value, len, at, exact);
		break;
	default:
		wgc_parse_word(c, value, len, at, exact);
	}
}

static bool behind(struct wgc_span a, struct wgc_span b)
{
	return a.line != b.line ? a.line > b.line : a.col > b.col;
}

/* In the order of the file. What was found at the end has to go up among the
 * others; those are in order already, so insertion is quick, and it keeps the
 * order of two in one place. */
static void sort(struct wgc_diag *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct wgc_diag d = v[i];
		size_t k = i;

		for (; k && behind(v[k - 1].at, d.at); k--)
			v[k] = v[k - 1];
		v[k] = d;
	}
}

/* What one finding knows of a line holds for all about it, and whoever shows
 * a finding shows both of its lines. */
static void spread_secrets(struct wgc_parse *c, struct wgc_diag *v, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		bool secret = false;

		for (end = i; end < n && v[end].at.line == v[i].at.line; end++)
			secret |= v[end].secret;
		for (size_t k = i; k < end; k++)
			v[k].secret = secret || (v[k].also.line && wgc_line_secret_at(c, v[k].also.line));
	}
}

void wgc_parse_finish_diags(struct wgc_parse *c)
{
	struct wgc_diags *d = c->diags;

	if (d->n > c->first_diag) {
		sort(d->v + c->first_diag, d->n - c->first_diag);
		spread_secrets(c, d->v + c->first_diag, d->n - c->first_diag);
	}
	if (c->unshown) {
		/* Not one more finding, but a word about those not shown. */
		size_t errors = d->errors, warnings = d->warnings;

		wgc_diag_add(d, false, (struct wgc_span){ 0 }, "is this a profile at all?", "%zu more problems are not shown", c->unshown);
		d->errors = errors;
		d->warnings = warnings;
	}
}

static bool set_up(struct wgc_parse *c, const char *name)
{
	struct wgc_trivia *trivia;
	struct wgc_profile *p;
	char *text, *path;

	c->arena = wgc_arena_new();
	if (!c->arena)
		return false;
	p = wgc_arena_alloc(c->arena, sizeof(*p));
	text = wgc_arena_alloc(c->arena, c->len + 1);
	path = wgc_arena_strdup(c->arena, c->path);
	trivia = wgc_arena_alloc(c->arena, sizeof(*trivia));
	if (!p || !text || !path || !trivia)
		return false;
	if (c->len)
		memcpy(text, c->text, c->len);
	*trivia = (struct wgc_trivia){ .format = c->format, .mode = c->mode };
	p->arena = c->arena;
	p->source = (struct wgc_source){ .path = path, .text = text, .len = c->len };
	p->name = wgc_arena_strdup(c->arena, name);
	p->trivia = trivia;
	c->p = p;
	/* From here on the copy, which lives as long as everything that is cut from it. */
	c->text = text;
	c->path = path;
	return p->name != NULL;
}

int wgc_config_parse(const char *text, size_t len, const char *path, const char *name, enum wgc_format format,
		     enum wgc_mode mode, struct wgc_diags *diags, struct wgc_profile **ret)
{
	struct wgc_parse c = {
		.path = path ? path : "", .text = text, .len = len, .format = format, .mode = mode, .diags = diags,
		.scratch = { .secret = true }, .first_diag = diags->n, .errors_before = diags->errors,
	};
	int r = 0;

	if (!set_up(&c, name ? name : "")) {
		wgc_arena_free(c.arena);
		return -ENOMEM;
	}
	if (format == WGC_FORMAT_JSON)
		wgc_json_read(&c);
	else
		wgc_ini_read(&c);
	c.key = NULL;
	wgc_parse_peer_done(&c);
	if (!c.unread)
		wgc_parse_check(&c);
	wgc_str_done(&c.scratch);
	wgc_parse_finish_diags(&c);
	if (c.oom)
		r = -ENOMEM;
	else if (diags->errors != c.errors_before)
		r = -EINVAL;
	if (r) {
		wgc_arena_free(c.arena);
		return r;
	}
	*ret = c.p;
	return 0;
}
