// SPDX-License-Identifier: GPL-2.0
/*
 * JSON, read with jansson, which knows values but not where they stand. It
 * keeps members in the order of the text, so a cursor that only skips tokens
 * walks through the text beside jansson's tree and always knows the place.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

/* ---- the cursor ------------------------------------------------------------------ */

struct cursor {
	struct wgc_parse *c;
	size_t at;
	uint32_t line;
	size_t line_start;
};

struct token {
	struct wgc_span at;
	size_t start, len; /* in the text */
};

static void blanks(struct cursor *u)
{
	const char *s = u->c->text;

	while (u->at < u->c->len && (s[u->at] == ' ' || s[u->at] == '\t' || s[u->at] == '\r' || s[u->at] == '\n')) {
		if (s[u->at++] == '\n') {
			u->line++;
			u->line_start = u->at;
		}
	}
}

/* Blanks and one of ",:{[" and the like. */
static void step_over(struct cursor *u)
{
	blanks(u);
	if (u->at < u->c->len)
		u->at++;
}

/* A string, number or word. jansson has seen that it is well formed. */
static struct token scalar(struct cursor *u)
{
	const char *s = u->c->text;
	struct token t;

	blanks(u);
	t.start = u->at;
	if (u->at < u->c->len && s[u->at] == '"') {
		for (u->at++; u->at < u->c->len && s[u->at] != '"'; u->at++)
			u->at += s[u->at] == '\\';
		u->at++;
	} else {
		while (u->at < u->c->len && !strchr(" \t\r\n,:{}[]", s[u->at]))
			u->at++;
	}
	if (u->at > u->c->len)
		u->at = u->c->len;
	t.len = u->at - t.start;
	t.at = wgc_at(u->line, t.start - u->line_start, t.len);
	return t;
}

/* Any value; the place of the first character is returned. */
static struct wgc_span skip(struct cursor *u)
{
	const char *s = u->c->text;
	struct wgc_span at;
	size_t depth = 0;

	blanks(u);
	at = wgc_at(u->line, u->at - u->line_start, 1);
	do {
		blanks(u);
		if (u->at >= u->c->len)
			break;
		if (strchr("{[", s[u->at])) {
			depth++;
			u->at++;
		} else if (strchr("}]", s[u->at])) {
			depth--;
			u->at++;
		} else if (strchr(",:", s[u->at])) {
			u->at++;
		} else {
			struct token t = scalar(u);

			if (!depth)
				return t.at;
		}
	} while (depth);
	return at;
}

/* ---- values ------------------------------------------------------------------------ */

static void take_text(struct wgc_parse *c, const char *text, size_t len, const struct token *t)
{
	/* Quotes, and no escapes: then the bytes are where they seem to be. */
	bool exact = t->len == len + 2;
	struct wgc_word w;

	c->scratch.len = 0;
	wgc_str_addn(&c->scratch, text, len);
	if (c->scratch.oom) {
		c->oom = true;
		return;
	}
	w = (struct wgc_word){ .s = c->scratch.s, .len = len, .at = t->at, .exact = true };
	if (exact)
		w.at = wgc_word_at(&w, 1, len);
	w.exact = exact;
	wgc_word_trim(&w);
	if (!w.len && c->key->rule->shape != WGC_SHAPE_ARGV) {
		wgc_bad(c, t->at, "give it one, or leave it out", "%s has an empty value", c->key->json);
		return;
	}
	/* What no line of an INI file could hold has no place in a profile. */
	if (!wgc_text_plain(w.s, w.len)) {
		wgc_bad(c, w.at, "no line ends, no control characters", "%s is no plain text", c->key->json);
		return;
	}
	wgc_parse_word(c, w.s, w.len, w.at, w.exact && w.at.col);
}

static void wrong_type(struct wgc_parse *c, struct wgc_span at)
{
	unsigned json = c->key->rule->json;
	const char *want = json == WGC_JSON_STRING			? "a string"
			   : json == WGC_JSON_NUMBER			? "a number without a fraction"
			   : json == WGC_JSON_BOOL			? "true or false"
			   : json == WGC_JSON_LIST			? "a list of strings, like [\"...\"]"
			   : json == (WGC_JSON_STRING | WGC_JSON_NUMBER) ? "a string or a number"
									 : "a string or a list of strings";

	wgc_bad(c, at, want, "%s has the wrong type", c->key->json);
}

static void take_list(struct cursor *u, const json_t *list)
{
	struct wgc_parse *c = u->c;
	struct wgc_span start;
	size_t i;
	json_t *v;

	blanks(u);
	start = wgc_at(u->line, u->at - u->line_start, 1);
	step_over(u);
	c->first_word = true;
	json_array_foreach(list, i, v) {
		if (i)
			step_over(u);
		if (json_is_string(v)) {
			struct token t = scalar(u);

			take_text(c, json_string_value(v), json_string_length(v), &t);
		} else {
			wgc_bad(c, skip(u), "write it in quotes", "%s is a list of strings", c->key->json);
		}
	}
	step_over(u);
	if (!json_array_size(list) && c->key->rule->json & WGC_JSON_STRING)
		wgc_bad(c, start, "\"off\" says that", "%s is an empty list", c->key->json);
}

static void take_value(struct cursor *u, const json_t *v)
{
	struct wgc_parse *c = u->c;
	unsigned json = c->key->rule->json;
	struct token t;

	if (json_is_array(v) && json & WGC_JSON_LIST) {
		take_list(u, v);
	} else if (json_is_string(v) && json & WGC_JSON_STRING) {
		t = scalar(u);
		c->first_word = true;
		take_text(c, json_string_value(v), json_string_length(v), &t);
	} else if (json_is_integer(v) && json & WGC_JSON_NUMBER) {
		t = scalar(u);
		c->scratch.len = 0;
		wgc_str_addn(&c->scratch, c->text + t.start, t.len);
		if (c->scratch.oom)
			c->oom = true;
		else
			wgc_parse_word(c, c->scratch.s, t.len, t.at, true);
	} else if (json_is_boolean(v) && json & WGC_JSON_BOOL) {
		t = scalar(u);
		c->scratch.len = 0;
		wgc_str_add(&c->scratch, c->key->rule->words[json_is_true(v)]);
		if (c->scratch.oom)
			c->oom = true;
		else
			wgc_parse_word(c, c->scratch.s, c->scratch.len, t.at, false);
	} else {
		wrong_type(c, skip(u));
	}
}

/* ---- objects ------------------------------------------------------------------------- */

/* The place of a member's name, without the quotes. */
static struct wgc_span name_at(const struct token *t)
{
	struct wgc_span at = t->at;

	if (at.col && at.len > 2) {
		at.col++;
		at.len = (uint16_t)(at.len - 2);
	}
	return at;
}

static void unknown(struct wgc_parse *c, const char *name, struct wgc_span at, const char *where, const char *hint)
{
	const struct wgc_key_info *near = NULL;
	struct wgc_diag *d;

	if (!wgc_full(c))
		near = wgc_key_nearest(c->section, name, WGC_FORMAT_JSON, c->mode);

	if (wgc_quotable(name))
		d = wgc_bad(c, at, hint, "unknown key '%s' in %s", name, where);
	else
		d = wgc_bad(c, at, hint, "unknown key in %s", where);
	/* A slip of the pen in "private_key" does not make the value public. */
	if (d && near && near->secret)
		d->secret = true;
}

static void take_section(struct cursor *u, const json_t *object, enum wgc_section section)
{
	struct wgc_parse *c = u->c;
	const char *name;
	bool first = true;
	json_t *v;

	c->section = section;
	step_over(u);
	json_object_foreach((json_t *)object, name, v) {
		struct token t;
		char hint[200];

		if (!first)
			step_over(u);
		first = false;
		t = scalar(u);
		step_over(u);
		c->key_at = name_at(&t);
		c->key = wgc_key_find(section, name, WGC_FORMAT_JSON, c->mode);
		if (c->key) {
			take_value(u, v);
			c->key = NULL;
			continue;
		}
		unknown(c, name, c->key_at, section == WGC_SECTION_PEER ? "a peer" : "interface",
			!wgc_full(c) && wgc_key_hint(section, name, WGC_FORMAT_JSON, c->mode, hint, sizeof(hint)) ? hint : NULL);
		skip(u);
	}
	step_over(u);
}

static struct wgc_span brace(struct cursor *u)
{
	blanks(u);
	return wgc_at(u->line, u->at - u->line_start, 1);
}

static void take_peers(struct cursor *u, const json_t *list)
{
	size_t i;
	json_t *v;

	step_over(u);
	json_array_foreach(list, i, v) {
		if (i)
			step_over(u);
		if (!json_is_object(v)) {
			wgc_bad(u->c, skip(u), "{ \"public_key\": ... }", "a peer is an object");
			continue;
		}
		if (!wgc_parse_peer(u->c, brace(u)))
			return;
		take_section(u, v, WGC_SECTION_PEER);
	}
	step_over(u);
}

static void take_document(struct cursor *u, const json_t *root)
{
	static const char *const names[] = { "interface", "peers", "$schema", NULL };
	struct wgc_parse *c = u->c;
	const char *name;
	bool first = true;
	json_t *v;

	step_over(u);
	json_object_foreach((json_t *)root, name, v) {
		const char *near;
		struct token t;
		char hint[64];

		if (!first)
			step_over(u);
		first = false;
		t = scalar(u);
		step_over(u);
		if (!strcmp(name, "interface") && json_is_object(v)) {
			c->interface_at = name_at(&t);
			take_section(u, v, WGC_SECTION_INTERFACE);
		} else if (!strcmp(name, "peers") && json_is_array(v)) {
			take_peers(u, v);
		} else if (!strcmp(name, "interface")) {
			wgc_bad(c, skip(u), "{ \"private_key\": ... }", "interface is an object");
		} else if (!strcmp(name, "peers")) {
			wgc_bad(c, skip(u), "[ { \"public_key\": ... } ]", "peers is a list");
		} else if (!strcmp(name, "$schema")) {
			if (!json_is_string(v))
				wgc_bad(c, skip(u), "the schema's address", "$schema is a string");
			else
				skip(u);
		} else {
			near = wgc_nearest(name, names);
			snprintf(hint, sizeof(hint), near ? "did you mean '%s'?" : "there are interface and peers", near);
			unknown(c, name, name_at(&t), "the profile", hint);
			skip(u);
		}
	}
}

/* ---- the text -------------------------------------------------------------------------- */

static struct wgc_span at_offset(const struct wgc_parse *c, size_t offset)
{
	uint32_t line = 1;
	size_t start = 0;

	for (size_t i = 0; i < offset; i++)
		if (c->text[i] == '\n') {
			line++;
			start = i + 1;
		}
	return wgc_at(line, offset - start, 1);
}

/* jansson's words for what is wrong, without what it quotes: that may be a key. */
static void syntax_error(struct wgc_parse *c, const json_error_t *error)
{
	size_t offset = error->position > 0 ? (size_t)error->position : 0;
	char text[JSON_ERROR_TEXT_LENGTH];
	char *near;

	snprintf(text, sizeof(text), "%s", error->text);
	near = strstr(text, " near ");
	if (near)
		*near = '\0';
	/* "duplicate object key" quotes without that word in some versions. */
	near = strchr(text, '\'');
	if (near && strstr(text, "duplicate"))
		*near = '\0';
	if (offset > c->len)
		offset = c->len;
	/* It counts what it has read, the bad character included. */
	if (offset)
		offset--;
	wgc_bad(c, at_offset(c, offset), NULL, "this is not JSON: %s", text);
}

/* jansson's tree of the whole text, or NULL after a report; the cursor stands at its beginning. */
static json_t *load(struct cursor *u)
{
	struct wgc_parse *c = u->c;
	json_error_t error;
	const char *zero;
	json_t *root;

	if (c->len >= 3 && !memcmp(c->text, "\xef\xbb\xbf", 3)) {
		wgc_warn(c, wgc_at(1, 0, 3), "save the file as UTF-8 without it", "the file begins with a byte order mark");
		u->at = 3;
	}
	/* jansson reads over them: then its tree and the text would not match. */
	zero = memchr(c->text, 0, c->len);
	if (zero) {
		wgc_bad(c, at_offset(c, (size_t)(zero - c->text)), "write the file as UTF-8", "this is not JSON: a zero byte");
		return NULL;
	}
	root = json_loadb(c->text + u->at, c->len - u->at, JSON_REJECT_DUPLICATES, &error);
	if (!root && json_error_code(&error) == json_error_out_of_memory) {
		c->oom = true;
	} else if (!root) {
		error.position += (int)u->at;
		syntax_error(c, &error);
	}
	return root;
}

void wgc_json_read(struct wgc_parse *c)
{
	struct cursor u = { .c = c, .line = 1 };
	json_malloc_t old_malloc;
	json_free_t old_free;
	json_t *root;

	/* jansson's memory holds keys, too. */
	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(malloc, wgc_wipe_free);
	root = load(&u);
	c->unread = !json_is_object(root);
	if (json_is_object(root))
		take_document(&u, root);
	else if (root)
		wgc_bad(c, brace(&u), "{ \"interface\": { ... }, \"peers\": [ ... ] }", "a profile is an object");
	json_decref(root);
	json_set_alloc_funcs(old_malloc, old_free);
}

/* ---- a tree with places, for what is no profile of ours ------------------------------ */

static bool take_node(struct cursor *u, const json_t *v, struct wgc_node *n);

static bool take_children(struct cursor *u, const json_t *v, struct wgc_node *n)
{
	size_t room = n->type == WGC_NODE_LIST ? json_array_size(v) : json_object_size(v);
	const char *name;
	json_t *item;

	n->at = brace(u);
	step_over(u);
	n->v = wgc_arena_alloc(u->c->arena, (room + 1) * sizeof(*n->v));
	if (!n->v)
		return false;
	if (n->type == WGC_NODE_LIST) {
		for (; n->n < room; n->n++) {
			if (n->n)
				step_over(u);
			if (!take_node(u, json_array_get(v, n->n), &n->v[n->n]))
				return false;
		}
	} else {
		json_object_foreach((json_t *)v, name, item) {
			struct wgc_node *child = &n->v[n->n];
			struct token t;

			if (n->n++)
				step_over(u);
			t = scalar(u);
			step_over(u);
			child->name = wgc_keep(u->c, name, strlen(name));
			child->name_at = name_at(&t);
			if (!child->name || !take_node(u, item, child))
				return false;
		}
	}
	step_over(u);
	return true;
}

static bool take_node(struct cursor *u, const json_t *v, struct wgc_node *n)
{
	struct token t;

	n->type = json_is_object(v)	 ? WGC_NODE_OBJECT
		  : json_is_array(v)	 ? WGC_NODE_LIST
		  : json_is_string(v)	 ? WGC_NODE_STRING
		  : json_is_number(v)	 ? WGC_NODE_NUMBER
		  : json_is_boolean(v) ? WGC_NODE_BOOL
				       : WGC_NODE_NULL;
	if (n->type == WGC_NODE_OBJECT || n->type == WGC_NODE_LIST)
		return take_children(u, v, n);
	t = scalar(u);
	n->at = t.at;
	if (n->type == WGC_NODE_STRING) {
		n->len = json_string_length(v);
		n->exact = t.len == n->len + 2 && t.at.col;
		if (n->exact)
			n->at = wgc_at(t.at.line, t.at.col, n->len);
		n->s = wgc_keep(u->c, json_string_value(v), n->len);
	} else {
		n->len = t.len;
		n->exact = t.at.col;
		n->s = wgc_keep(u->c, u->c->text + t.start, t.len);
	}
	return n->s;
}

struct wgc_node *wgc_json_tree(struct wgc_parse *c)
{
	struct wgc_node *root = wgc_arena_alloc(c->arena, sizeof(*root));
	struct cursor u = { .c = c, .line = 1 };
	json_malloc_t old_malloc;
	json_free_t old_free;
	bool whole = false;
	json_t *v;

	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(malloc, wgc_wipe_free);
	v = load(&u);
	if (v && root)
		whole = take_node(&u, v, root);
	if (!root || (v && !whole))
		c->oom = true;
	json_decref(v);
	json_set_alloc_funcs(old_malloc, old_free);
	return whole ? root : NULL;
}
