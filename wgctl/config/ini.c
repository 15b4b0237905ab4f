// SPDX-License-Identifier: GPL-2.0
/*
 * INI, read with inih. inih, as distributions build it, says neither where a
 * line is nor that a new section begins, and so cannot tell two [Peer]
 * sections apart. Hence a reader of our own: it takes note of sections and
 * comments, and gives inih the line, which inih cuts up before it asks for the
 * next one. The pointers that inih then hands out point into the very line the
 * reader wrote, so that their distance from its start is the column.
 */
#include <ini.h>
#include <string.h>

#include "config/internal.h"

struct feed {
	struct wgc_parse *c;
	size_t next;	    /* of c->text */
	const char *line;   /* what inih got, without its end */
	size_t len, before; /* `before`: bytes of the raw line in front of it */
	uint32_t line_no;
	char *copy;	/* inih's own buffer */
	bool pending;	/* inih has a line that should hold a key */
	bool told;	/* "before any section" */
	bool quick;	/* wg-quick takes this section for [Interface] */
};

static struct wgc_span at(const struct feed *f, size_t offset, size_t len)
{
	return wgc_at(f->line_no, f->before + offset, len);
}

/* "  # a comment" behind a value, for tidying. */
static void tidy_end(struct feed *f, const char *s, size_t len)
{
	while (len && wgc_isspace(s[len - 1]))
		len--;
	while (len && wgc_isspace(*s)) {
		s++;
		len--;
	}
	if (len) {
		wgc_str_addc(f->c->tidy, ' ');
		wgc_str_addn(f->c->tidy, s, len);
	}
	wgc_str_addc(f->c->tidy, '\n');
}

/* ---- keys ------------------------------------------------------------------- */

static void unknown_key(struct feed *f, const char *name, struct wgc_span where)
{
	struct wgc_parse *c = f->c;
	const struct wgc_key_info *near = NULL;
	struct wgc_diag *d;
	bool hinted = false;
	char hint[200];

	/* Looking for what was meant is slow, and such a file has a million of them. */
	if (!wgc_full(c)) {
		hinted = wgc_key_hint(c->section, name, WGC_FORMAT_INI, c->mode, hint, sizeof(hint));
		near = wgc_key_nearest(c->section, name, WGC_FORMAT_INI, c->mode);
	}

	if (wgc_quotable(name))
		d = wgc_bad(c, where, hinted ? hint : NULL, "unknown key '%s' in [%s]", name, wgc_section_name(c->section));
	else
		d = wgc_bad(c, where, hinted ? hint : NULL, "unknown key in [%s]", wgc_section_name(c->section));
	/* A slip of the pen in "PrivateKey" does not make the value public. */
	if (d && near && near->secret)
		d->secret = true;
}

static void not_a_key(struct feed *f)
{
	struct wgc_parse *c = f->c;
	size_t from = 0, to = f->len;
	const char *hash = memchr(f->line, '#', f->len);

	if (hash)
		to = (size_t)(hash - f->line);
	while (to && wgc_isspace(f->line[to - 1]))
		to--;
	while (from < to && wgc_isspace(f->line[from]))
		from++;
	wgc_bad(c, at(f, from, to - from), f->line[from] == ';' ? "comments begin with '#'" : "lines are \"Key = value\", or \"[Section]\"",
		"this is neither a section nor a key with a value");
}

/* The value of a key whose comment is not part of it: up to '#'. */
static size_t value_len(const struct wgc_key_info *k, const char *s, size_t len)
{
	const char *hash;

	if (k->rule->shape == WGC_SHAPE_HOOK)
		return len;
	if (k->rule->shape == WGC_SHAPE_ARGV)
		return wgc_argv_comment(s, len);
	hash = memchr(s, '#', len);
	return hash ? (size_t)(hash - s) : len;
}

static void take_value(struct feed *f, const char *value, size_t offset)
{
	struct wgc_parse *c = f->c;
	size_t rest = strlen(value), len = value_len(c->key, value, rest);
	const char *behind = value + len;
	struct wgc_span where;

	while (len && wgc_isspace(value[len - 1]))
		len--;
	where = at(f, offset, len);
	if (c->tidy) {
		wgc_str_addf(c->tidy, "%s =%s", c->key->ini, len ? " " : "");
		wgc_str_addn(c->tidy, value, len);
		tidy_end(f, behind, rest - (size_t)(behind - value));
		return;
	}
	wgc_parse_seen(c);
	if (!len) {
		if (!c->key->rule->empty_ok)
			wgc_bad(c, c->key_at, "give it one, or leave the line out", "%s has no value", c->key->ini);
		else if (c->key->rule->shape == WGC_SHAPE_ONE) /* the last one counts, and it says "not given" */
			c->key->rule->set(c, &(struct wgc_word){ .s = (char[]){ "" }, .at = c->key_at });
		return;
	}
	c->scratch.len = 0;
	wgc_str_addn(&c->scratch, value, len);
	if (c->scratch.oom) {
		c->oom = true;
		return;
	}
	if (wgc_strict(c) && !wgc_text_plain(value, len)) {
		wgc_bad(c, where, "write the file as UTF-8", "%s has bytes that are no plain text", c->key->ini);
		return;
	}
	wgc_parse_words(c, c->scratch.s, len, where, true);
}

/* inih found "name = value". Always "good": our findings say more than inih's line number. */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct feed *f = user;
	struct wgc_parse *c = f->c;
	size_t name_at = (size_t)(name - f->copy), value_at = (size_t)(value - f->copy), sep;
	const char *equals;

	f->pending = false;
	/* inih takes ':' as well, which wg and wg-quick do not; and a comment
	 * may begin in front of either. */
	equals = memchr(f->line, '=', f->len);
	sep = equals ? (size_t)(equals - f->line) : f->len;
	if (!equals || memchr(name, '#', strlen(name)) || sep >= value_at) {
		const char *hash = memchr(f->line, '#', f->len);

		if (c->tidy) {
			wgc_str_addn(c->tidy, f->line, f->len);
			wgc_str_addc(c->tidy, '\n');
		} else if (!equals || (hash && hash < equals)) {
			not_a_key(f);
		} else {
			wgc_bad(c, at(f, name_at + strlen(name), sep - name_at - strlen(name) + 1), "write \"Key = value\"",
				"a key and its value are joined by '=' alone");
		}
		return 1;
	}
	if (c->section == WGC_SECTION_UNKNOWN && !c->tidy)
		return 1;
	c->key_at = at(f, name_at, strlen(name));
	if (c->section == WGC_SECTION_NONE) {
		if (!f->told && !c->tidy)
			wgc_bad(c, c->key_at, "begin with [Interface]", "this key stands in front of any section");
		f->told = true;
		return 1;
	}
	c->next_name = (struct wgc_text){ 0 };
	c->key = wgc_key_find(c->section, name, WGC_FORMAT_INI, c->mode);
	/* wg-quick knows its keys only where it saw the section. */
	if (c->key && c->mode == WGC_COMPATIBLE && c->key->rule->owner == WGC_OWNER_QUICK && !f->quick)
		c->key = NULL;
	if (c->key)
		take_value(f, value, value_at);
	else if (!c->tidy)
		unknown_key(f, name, c->key_at);
	c->key = NULL;
	return 1;
}

/* ---- sections ----------------------------------------------------------------- */

static void open_section(struct feed *f, enum wgc_section section, struct wgc_span where)
{
	struct wgc_parse *c = f->c;

	c->section = section;
	c->section_at = where;
	if (section == WGC_SECTION_PEER) {
		size_t first = wgc_key_first(section);

		memset(c->seen + first, 0, sizeof(c->seen) - first * sizeof(c->seen[0]));
		wgc_parse_peer(c, where);
	} else if (section == WGC_SECTION_INTERFACE && !c->interface_at.line) {
		c->interface_at = where;
	}
}

/* "[Pere]": what was meant, if that is clear. Its keys are then looked at as such. */
static enum wgc_section guess_section(struct wgc_parse *c, const char *name, struct wgc_span where, bool closed)
{
	static const char *const names[] = { "Interface", "Peer", NULL };
	const char *near = wgc_nearest(name, names);
	char hint[64];

	if (near)
		snprintf(hint, sizeof(hint), "did you mean [%s]?", near);
	else
		snprintf(hint, sizeof(hint), "there are [Interface] and [Peer]");
	if (!closed)
		wgc_bad(c, where, "a section is a name in brackets, like [Peer], alone in its line", "this section's name has no end");
	else if (wgc_quotable(name))
		wgc_bad(c, where, hint, "unknown section [%s]", name);
	else
		wgc_bad(c, where, hint, "unknown section");
	return !near ? WGC_SECTION_UNKNOWN : near == names[0] ? WGC_SECTION_INTERFACE : WGC_SECTION_PEER;
}

/* A line whose first character, at @from, is '['. */
static void section_line(struct feed *f, size_t from)
{
	struct wgc_parse *c = f->c;
	const char *hash = memchr(f->line, '#', f->len), *close;
	size_t to = hash ? (size_t)(hash - f->line) : f->len, n = 0, behind;
	enum wgc_section section;
	char name[64];

	while (to > from && wgc_isspace(f->line[to - 1]))
		to--;
	close = memchr(f->line + from, ']', to - from);
	behind = close ? (size_t)(close - f->line) + 1 : to;
	for (size_t i = from + 1; i < (close ? behind - 1 : to) && n + 1 < sizeof(name); i++)
		if (!wgc_isspace(f->line[i]))
			name[n++] = f->line[i];
	name[n] = '\0';
	section = !close ? WGC_SECTION_UNKNOWN
		  : wgc_streq_nocase(name, "Interface") ? WGC_SECTION_INTERFACE
		  : wgc_streq_nocase(name, "Peer") ? WGC_SECTION_PEER
						   : WGC_SECTION_UNKNOWN;
	f->quick = section == WGC_SECTION_INTERFACE && (!c->tidy || c->mode == WGC_COMPATIBLE) && to - from == strlen("[Interface]");
	c->key = NULL;
	if (c->tidy) {
		/* "[ Interface ]" is one for wg alone: it has to stay. */
		if (c->mode == WGC_COMPATIBLE && section == WGC_SECTION_INTERFACE && !f->quick)
			wgc_str_addn(c->tidy, f->line + from, to - from);
		else
			wgc_str_addf(c->tidy, "[%s]", wgc_section_name(section));
		tidy_end(f, f->line + to, f->len - to);
		c->section = section;
		return;
	}
	if (section == WGC_SECTION_UNKNOWN)
		section = guess_section(c, name, at(f, from, behind - from), close != NULL);
	else if (behind != to) {
		size_t junk = behind;

		while (wgc_isspace(f->line[junk]))
			junk++;
		wgc_bad(c, at(f, junk, to - junk), "begin a new line for it", "something stands behind the section's name");
	}
	open_section(f, section, at(f, from, behind - from));
	if (hash && section == WGC_SECTION_PEER)
		wgc_name_behind_section(c, hash + 1, f->len - (size_t)(hash + 1 - f->line), f->line_no, f->before + (size_t)(hash + 1 - f->line));
	if (section != WGC_SECTION_PEER)
		c->next_name = (struct wgc_text){ 0 };
}

/* ---- lines --------------------------------------------------------------------- */

/*
 * Zero bytes: bash, and so wg-quick, drops them; wg ends the line there; and in
 * strict mode they are a mistake. They are rare, so such a line may cost a copy.
 */
static void zero_bytes(struct feed *f)
{
	struct wgc_parse *c = f->c;
	const char *zero = memchr(f->line, 0, f->len);
	char *copy;
	size_t n = 0;

	if (!zero)
		return;
	if (c->mode == WGC_WG_ONLY) {
		f->len = (size_t)(zero - f->line);
		return;
	}
	if (wgc_strict(c)) {
		wgc_bad(c, at(f, (size_t)(zero - f->line), 1), "write the file as UTF-8", "this line has a zero byte in it");
		f->len = 0;
		return;
	}
	copy = wgc_keep(c, "", 0);
	copy = copy ? wgc_arena_grow(c->arena, copy, 1, f->len + 1) : NULL;
	if (!copy) {
		c->oom = true;
		f->len = 0;
		return;
	}
	for (size_t i = 0; i < f->len; i++)
		if (f->line[i])
			copy[n++] = f->line[i];
	copy[n] = '\0';
	f->line = copy;
	f->len = n;
}

static void comment_line(struct feed *f, size_t from)
{
	if (f->c->tidy) {
		size_t len = f->len;

		while (len && wgc_isspace(f->line[len - 1]))
			len--;
		wgc_str_addn(f->c->tidy, f->line, len);
		wgc_str_addc(f->c->tidy, '\n');
		return;
	}
	wgc_name_comment(f->c, f->line + from + 1, f->len - from - 1, f->line_no, f->before + from + 1);
}

/* What inih has no part in. True when the line is one for it. */
static bool look_at_line(struct feed *f)
{
	size_t from = 0;

	while (from < f->len && wgc_isspace(f->line[from]))
		from++;
	if (from == f->len || f->line[from] == '#') {
		if (from < f->len)
			comment_line(f, from);
		else if (f->c->tidy)
			wgc_str_addc(f->c->tidy, '\n');
		return false;
	}
	if (f->line[from] == '[') {
		section_line(f, from);
		return false;
	}
	return true;
}

static void byte_order_mark(struct feed *f)
{
	struct wgc_parse *c = f->c;

	if (c->len < 3 || memcmp(c->text, "\xef\xbb\xbf", 3))
		return;
	f->line_no = 1;
	if (wgc_strict(c)) {
		wgc_warn(c, wgc_at(1, 0, 3), "save the file as UTF-8 without it",
			 "the file begins with a byte order mark, which wg and wg-quick refuse");
	} else {
		wgc_bad(c, wgc_at(1, 0, 3), "save the file as UTF-8 without it", "the file begins with a byte order mark");
	}
	f->line_no = 0;
	f->next = f->before = 3;
}

static void tell_pending(struct feed *f)
{
	/* Without '=' or ':' inih has nothing to hand out. */
	if (!f->pending)
		return;
	f->pending = false;
	if (f->c->tidy || f->c->section == WGC_SECTION_UNKNOWN)
		return;
	not_a_key(f);
}

static char *next_line(char *buf, int room, void *stream)
{
	struct feed *f = stream;
	struct wgc_parse *c = f->c;

	tell_pending(f);
	if (f->copy)
		wgc_wipe(f->copy, f->len);
	while (f->next < c->len && !c->oom) {
		const char *start = c->text + f->next, *end = memchr(start, '\n', c->len - f->next);
		bool key;

		f->line = start;
		f->len = end ? (size_t)(end - start) : c->len - f->next;
		f->next += f->len + (end != NULL);
		if (f->line_no)
			f->before = 0;
		f->line_no++;
		zero_bytes(f);
		key = look_at_line(f);
		if (!key)
			continue;
		if (room < 0 || (size_t)room < f->len + 2)
			break; /* cannot be: see wgc_longest_line */
		memcpy(buf, f->line, f->len);
		memcpy(buf + f->len, "\n", 2);
		f->copy = buf;
		f->pending = true;
		return buf;
	}
	return NULL;
}

void wgc_ini_read(struct wgc_parse *c)
{
	struct feed f = { .c = c };
	size_t room = wgc_longest_line(c) + 4;

	if (room >= INT32_MAX / 2) {
		wgc_bad(c, (struct wgc_span){ 0 }, NULL, "the file has a line of more than a gigabyte");
		return;
	}
	/* One buffer for the longest line: it is never grown, which would leave
	 * keys behind in memory that was given back. */
	ini_use_stack = false;
	ini_initial_alloc = ini_max_line = room < 256 ? 256 : (int)room;
	ini_allow_realloc = false;
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_allow_bom = false;
	ini_allow_no_value = false;
	ini_stop_on_first_error = false;
	ini_start_comment_prefixes = (char *)"#";
	byte_order_mark(&f);
	if (ini_parse_stream(next_line, &f, on_key, &f) == -2)
		c->oom = true;
}
