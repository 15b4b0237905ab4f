// SPDX-License-Identifier: GPL-2.0
/* Profiles as text. */
#include <errno.h>
#include <string.h>

#include "config/internal.h"

static void section(struct wgc_emit *e, const char *name)
{
	for (const struct wgc_key_info *k = wgc_config_keys(NULL); k->ini; k++)
		if (!strcmp(k->section, name))
			wgc_emit_key(e, k);
}

/* The original's own lines, one form for each. The reader makes them, so that
 * what it skips and what it cuts off are the same here as there. */
static int write_tidied(const struct wgc_profile *p, const struct wgc_trivia *trivia, struct wgc_str *out)
{
	struct wgc_diags diags = { 0 };
	struct wgc_parse c = {
		.path = p->source.path, .text = p->source.text, .len = p->source.len, .format = WGC_FORMAT_INI,
		.mode = trivia->mode, .diags = &diags, .tidy = out,
	};

	c.arena = wgc_arena_new();
	if (!c.arena)
		return -ENOMEM;
	wgc_ini_read(&c);
	wgc_arena_free(c.arena);
	wgc_diags_done(&diags);
	return c.oom || out->oom ? -ENOMEM : 0;
}

int wgc_config_write_ini(const struct wgc_profile *p, struct wgc_str *out)
{
	struct wgc_emit e = { .p = p, .ini = out };
	const struct wgc_trivia *trivia = p->trivia;

	if (trivia && trivia->format == WGC_FORMAT_INI)
		return write_tidied(p, trivia, out);
	wgc_str_add(out, "[Interface]\n");
	section(&e, "Interface");
	for (size_t i = 0; i < p->n_peers; i++) {
		wgc_str_add(out, "\n[Peer]\n");
		e.peer = &p->peers[i];
		/* A comment: wg and wg-quick stop at a key that they do not know. */
		if (e.peer->name.s)
			wgc_str_addf(out, "# Name = %s\n", e.peer->name.s);
		section(&e, "Peer");
	}
	return out->oom ? -ENOMEM : 0;
}

int wgc_config_write_json(const struct wgc_profile *p, struct wgc_str *out)
{
	struct wgc_json j = { .out = out };
	struct wgc_emit e = { .p = p, .json = &j };

	wgc_json_object(&j);
	wgc_json_key(&j, "interface");
	wgc_json_object(&j);
	section(&e, "Interface");
	wgc_json_object_end(&j);
	wgc_json_key(&j, "peers");
	wgc_json_array(&j);
	for (size_t i = 0; i < p->n_peers; i++) {
		e.peer = &p->peers[i];
		wgc_json_object(&j);
		section(&e, "Peer");
		wgc_json_object_end(&j);
	}
	wgc_json_array_end(&j);
	wgc_json_object_end(&j);
	wgc_str_addc(out, '\n');
	return out->oom ? -ENOMEM : 0;
}
