// SPDX-License-Identifier: GPL-2.0
/*
 * Keyfiles: what GLib calls an INI file. Comments have a line of their own,
 * the same group may begin twice, the last of two equal keys counts, lists are
 * separated by ';', and '\' is an escape. inih cuts the lines up; groups are
 * found here, for inih says neither where one begins nor more than 50 bytes of
 * its name, and a peer's has 59.
 */
#include <ini.h>
#include <string.h>

#include "config/keyfile.h"

#define MAX_GROUPS 4096 /* each is compared with all before it */

struct feed {
	struct wgc_import *im;
	struct wgc_keyfile *f;
	struct wgc_group *group;
	size_t next, len;
	const char *line;
	char *copy; /* inih's own buffer */
	uint32_t line_no;
	bool pending;
};

static void not_a_key(struct feed *d)
{
	size_t from = 0;

	while (from < d->len && wgc_isspace(d->line[from]))
		from++;
	wgc_bad(&d->im->c, wgc_at(d->line_no, from, d->len - from), "lines are \"key=value\", or \"[group]\"",
		"this is neither a group nor a key with a value");
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct feed *d = user;
	struct wgc_parse *c = &d->im->c;
	size_t name_at = (size_t)(name - d->copy), value_at = (size_t)(value - d->copy);
	const char *equals = memchr(d->line, '=', d->len);
	struct wgc_entry *e;

	/* inih takes ':' as well. */
	if (!equals || (size_t)(equals - d->line) >= value_at || (size_t)(equals - d->line) < name_at + strlen(name))
		return 1;
	d->pending = false;
	if (!d->group) {
		wgc_bad(c, wgc_at(d->line_no, name_at, strlen(name)), "begin with a group, like [connection]",
			"this key stands in front of any group");
		return 1;
	}
	e = wgc_arena_push(d->im->arena, &d->group->v, &d->group->n, &d->group->cap, sizeof(*e));
	if (!e) {
		c->oom = true;
		return 1;
	}
	*e = (struct wgc_entry){ .len = strlen(value), .key_at = wgc_at(d->line_no, name_at, strlen(name)),
				 .at = wgc_at(d->line_no, value_at, strlen(value)) };
	e->key = wgc_arena_strdup(d->im->arena, name);
	e->value = wgc_arena_strndup(d->im->arena, value, e->len);
	if (!e->key || !e->value) {
		d->group->n--;
		c->oom = true;
	}
	return 1;
}

struct wgc_group *wgc_keyfile_group(struct wgc_keyfile *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].name, name))
			return &f->v[i];
	return NULL;
}

static void open_group(struct feed *d, size_t from)
{
	struct wgc_parse *c = &d->im->c;
	size_t to = d->len;
	struct wgc_group *g;
	char *name;

	while (to > from && wgc_isspace(d->line[to - 1]))
		to--;
	d->group = NULL;
	if (to < from + 2 || d->line[to - 1] != ']') {
		wgc_bad(c, wgc_at(d->line_no, from, to - from), "a group is a name in brackets, alone in its line",
			"this group's name has no end");
		return;
	}
	if (d->f->n >= MAX_GROUPS) {
		wgc_bad(c, wgc_at(d->line_no, from, to - from), NULL, "there are more than %d groups", MAX_GROUPS);
		d->next = c->len;
		return;
	}
	name = wgc_arena_strndup(d->im->arena, d->line + from + 1, to - from - 2);
	g = name ? wgc_keyfile_group(d->f, name) : NULL;
	if (!g && name) {
		g = wgc_arena_push(d->im->arena, &d->f->v, &d->f->n, &d->f->cap, sizeof(*g));
		if (g)
			*g = (struct wgc_group){ .name = name, .at = wgc_at(d->line_no, from + 1, to - from - 2) };
	}
	c->oom |= !g;
	d->group = g;
}

/* inih asks for the next line: groups, comments and empty lines are not for it. */
static char *next_line(char *buf, int room, void *stream)
{
	struct feed *d = stream;
	struct wgc_parse *c = &d->im->c;

	if (d->pending)
		not_a_key(d);
	d->pending = false;
	if (d->copy)
		wgc_wipe(d->copy, d->len);
	while (d->next < c->len && !c->oom) {
		const char *end = memchr(c->text + d->next, '\n', c->len - d->next);
		size_t from = 0;

		d->line = c->text + d->next;
		d->len = end ? (size_t)(end - d->line) : c->len - d->next;
		d->next += d->len + (end != NULL);
		d->line_no++;
		while (from < d->len && wgc_isspace(d->line[from]))
			from++;
		if (from == d->len || d->line[from] == '#')
			continue;
		if (d->line[from] == '[') {
			open_group(d, from);
			continue;
		}
		if (room < 0 || (size_t)room < d->len + 2)
			break; /* cannot be: see wgc_longest_line */
		memcpy(buf, d->line, d->len);
		memcpy(buf + d->len, "\n", 2);
		d->copy = buf;
		d->pending = true;
		return buf;
	}
	return NULL;
}

void wgc_keyfile_read(struct wgc_import *im, struct wgc_keyfile *ret)
{
	struct feed d = { .im = im, .f = ret };
	size_t room = wgc_longest_line(&im->c) + 4;

	if (memchr(im->c.text, 0, im->c.len) || room >= INT32_MAX / 2) {
		wgc_bad(&im->c, (struct wgc_span){ 0 }, NULL, "this is no text");
		return;
	}
	if (im->c.len >= 3 && !memcmp(im->c.text, "\xef\xbb\xbf", 3)) {
		wgc_bad(&im->c, wgc_at(1, 0, 3), "save the file as UTF-8 without it", "the file begins with a byte order mark");
		return;
	}
	/* One buffer, never grown, as in ini.c: no key is left in memory that was given back. */
	ini_use_stack = false;
	ini_initial_alloc = ini_max_line = room < 256 ? 256 : (int)room;
	ini_allow_realloc = false;
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_allow_bom = false;
	ini_allow_no_value = false;
	ini_stop_on_first_error = false;
	ini_start_comment_prefixes = (char *)"#";
	if (ini_parse_stream(next_line, &d, on_key, &d) == -2)
		im->c.oom = true;
}

/* ---- entries ---------------------------------------------------------------------- */

struct wgc_entry *wgc_keyfile_entry(struct wgc_group *g, const char *key)
{
	struct wgc_entry *found = NULL;

	for (size_t i = 0; g && i < g->n; i++)
		if (!strcmp(g->v[i].key, key)) {
			found = &g->v[i];
			found->used = true;
		}
	return found;
}

/* "\s" is a blank, and so on; what is no escape stays as it is. The new length. */
static size_t unescape(char *s, size_t len)
{
	static const char from[] = "sntr\\;", to[] = " \n\t\r\\;";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const char *escape = s[i] == '\\' && i + 1 < len ? strchr(from, s[i + 1]) : NULL;

		s[n++] = escape ? to[escape - from] : s[i];
		i += escape != NULL;
	}
	s[n] = '\0';
	return n;
}

static struct wgc_given given(struct wgc_entry *e, size_t from, size_t to)
{
	struct wgc_given g = { .s = e->value + from, .key_at = e->key_at, .at = e->at, .exact = true };

	if (e->at.col)
		g.at = wgc_at(e->at.line, e->at.col - 1u + from, to - from);
	g.len = unescape(g.s, to - from);
	g.exact = g.len == to - from && g.at.col;
	return g;
}

struct wgc_given wgc_keyfile_value(struct wgc_entry *e)
{
	return given(e, 0, e->len);
}

bool wgc_keyfile_next(struct wgc_entry *e, size_t *pos, struct wgc_given *ret)
{
	size_t from = *pos, to;

	while (from < e->len && wgc_isspace(e->value[from]))
		from++;
	if (from >= e->len)
		return false;
	for (to = from; to < e->len && e->value[to] != ';'; to++)
		to += e->value[to] == '\\' && to + 1 < e->len;
	*pos = to + 1;
	while (to > from && wgc_isspace(e->value[to - 1]))
		to--;
	*ret = given(e, from, to);
	return true;
}
