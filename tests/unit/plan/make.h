/* SPDX-License-Identifier: GPL-2.0 */
/* Profiles for the tests of plan, from INI text, and runs that remember what they were told. */
#ifndef MAKE_H
#define MAKE_H

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "plan/internal.h"
#include "unit/tap.h"

/* Keys that are easy to tell apart; nobody's. */
static inline const char *key(unsigned n)
{
	static char text[4][WGC_KEY_BASE64];
	static unsigned turn;
	struct wgc_key k = { { 0 } };

	k.b[0] = (uint8_t)(n * 8);
	k.b[1] = (uint8_t)(n >> 5);
	k.b[31] = 0x42;
	turn = (turn + 1) % 4;
	wgc_key_print(&k, text[turn]);
	return text[turn];
}

/* "[Interface]", a private key, then @text with a public key for every "[Peer]". */
static inline struct wgc_profile *profile(const char *name, const char *text)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	struct wgc_diags diags = { 0 };
	struct wgc_profile *p = NULL;
	const char *peer;
	unsigned n = 1;
	int r;

	wgc_str_addf(&s, "[Interface]\nPrivateKey = %s\n", key(200));
	for (; (peer = strstr(text, "[Peer]\n")); text = peer + 7) {
		wgc_str_addn(&s, text, (size_t)(peer - text));
		wgc_str_addf(&s, "[Peer]\nPublicKey = %s\n", key(n++));
	}
	wgc_str_add(&s, text);
	r = wgc_config_parse(s.s, s.len, "/nowhere/test.conf", name, WGC_FORMAT_INI, WGC_STRICT, &diags, &p);
	for (size_t i = 0; i < diags.n; i++)
		if (!diags.v[i].warning)
			printf("# %s:%u: %s\n", name, diags.v[i].at.line, diags.v[i].msg);
	wgc_diags_done(&diags);
	if (r < 0) {
		printf("Bail out! the profile '%s' is not valid\n", name);
		exit(99);
	}
	return p;
}

/* What a run said it was doing. */
struct log {
	struct wgc_str steps, undos, warnings;
	size_t at; /* the last step that was begun */
	size_t total;
	size_t stop_at; /* ask to stop when this step begins */
	volatile int stop;
};

static inline void log_step(void *ctx, const struct wgc_step_view *v)
{
	struct log *l = ctx;

	l->at = v->index;
	l->total = v->total;
	if (l->stop_at && v->index == l->stop_at)
		l->stop = 1;
	wgc_str_addf(&l->steps, "%zu/%zu %c %s %s [%s] {%s}\n", v->index, v->total, v->sign, v->word, v->text,
		     v->equivalent ? v->equivalent : "", v->undo);
}

static inline void log_undo(void *ctx, const struct wgc_step_view *v)
{
	struct log *l = ctx;

	wgc_str_addf(&l->undos, "%s %s\n", v->word, v->text);
}

static inline void log_warning(void *ctx, const char *text)
{
	struct log *l = ctx;

	wgc_str_addf(&l->warnings, "%s\n", text);
}

static inline void log_done(struct log *l)
{
	wgc_str_done(&l->steps);
	wgc_str_done(&l->undos);
	wgc_str_done(&l->warnings);
	memset(l, 0, sizeof(*l));
}

static inline struct wgc_run logged(struct log *l)
{
	return (struct wgc_run){
		.on_step = log_step, .on_undo = log_undo, .on_warning = log_warning, .ctx = l, .stop = &l->stop
	};
}

#endif
