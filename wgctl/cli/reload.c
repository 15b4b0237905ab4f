// SPDX-License-Identifier: GPL-2.0
/* reload: `reload` makes a live tunnel what its profile says; `diff` says what that would be. */
#include "cli/commands.h"
#include "cli/confirm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- diff ------------------------------------------------------------------------- */

static enum wgc_paint paint_of(char sign)
{
	return sign == '+' ? WGC_GREEN : sign == '-' || sign == '!' ? WGC_RED : sign == '=' ? WGC_DIM : WGC_YELLOW;
}

static void add_line(struct wgc_str *out, bool color, const char *indent, char sign, const char *word, const char *text)
{
	wgc_str_addf(out, "%s%s%c%s %s ", indent, wgc_paint(color, paint_of(sign)), sign, wgc_paint(color, WGC_PLAIN), word);
	wgc_add_plain(out, text, strlen(text));
	wgc_str_addc(out, '\n');
}

/* Reading keys and names changes nothing, so it is no difference. */
static bool changes(const struct wgc_step_view *v)
{
	return v->sign != ' ';
}

static void diff_text(const struct wgc_steps *s, bool color, struct wgc_str *out)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!changes(&s->v[i]))
			continue;
		add_line(out, color, "", s->v[i].sign, s->v[i].word, s->v[i].text);
		for (size_t k = 0; !strcmp(s->v[i].word, "device.change") && k < s->n_details; k++)
			if (s->details[k].sign != '=')
				add_line(out, color, "    ", s->details[k].sign, s->details[k].word, s->details[k].text);
	}
	for (size_t k = 0; k < s->n_details; k++)
		if (s->details[k].sign == '=')
			add_line(out, color, "", '=', s->details[k].word, s->details[k].text);
	if (s->oom)
		out->oom = true;
}

static void details_json(const struct wgc_steps *s, bool foreign, struct wgc_json *j)
{
	wgc_json_array(j);
	for (size_t k = 0; k < s->n_details; k++) {
		const struct wgc_detail *d = &s->details[k];

		if ((d->sign == '=') != foreign)
			continue;
		wgc_json_object(j);
		wgc_json_key(j, "kind");
		wgc_json_str(j, d->word);
		if (!foreign) {
			wgc_json_key(j, "sign");
			wgc_json_str(j, (const char[]){ d->sign, '\0' });
		}
		wgc_json_key(j, "text");
		wgc_json_str(j, d->text);
		wgc_json_object_end(j);
	}
	wgc_json_array_end(j);
}

static void diff_json(const struct wgc_steps *s, const char *name, bool equal, struct wgc_json *j)
{
	wgc_json_key(j, "name");
	wgc_json_str(j, name);
	wgc_json_key(j, "equal");
	wgc_json_bool(j, equal);
	wgc_json_key(j, "changes");
	wgc_steps_json(s, j);
	wgc_json_key(j, "details");
	details_json(s, false, j);
	wgc_json_key(j, "foreign");
	details_json(s, true, j);
}

static void no_memory(struct wgc_err *err)
{
	wgc_err_nomem(err);
}

static int diff_loaded(struct wgc_ui *ui, const struct wgc_common *c, const struct wgc_loaded *l)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	size_t n = 0, foreign = 0;
	struct wgc_steps s;
	struct wgc_json j;
	struct wgc_sys sys;
	int code;

	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	if (wgc_steps_init(&s, ui, true, c->wait)) {
		no_memory(&err);
		wgc_sys_close(&sys);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	code = wgc_plan_reload(&sys, l->profile, &s.run, &err);
	wgc_steps_clear(&s);
	for (size_t i = 0; i < s.n; i++)
		n += changes(&s.v[i]);
	for (size_t i = 0; i < s.n_details; i++)
		foreign += s.details[i].sign == '=';
	if (code) {
		code = wgc_show_err(ui, &l->src, &err, NULL);
	} else if (ui->json) {
		wgc_ui_json_begin(&j, &out);
		diff_json(&s, l->profile->name, !n, &j);
		wgc_ui_json_end(&j);
	} else {
		diff_text(&s, ui->color_out, &out);
		wgc_ui_answer(&out);
		if (!n)
			wgc_ui_note(ui, "'%s' is as its profile says%s", l->profile->name,
				    foreign ? "; what is marked '=' others have added, and it stays" : "");
	}
	wgc_steps_done(&s);
	wgc_sys_close(&sys);
	return code ? code : n ? WGC_EXIT_FAILED : WGC_EXIT_OK;
}

int wgc_run_diff(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	struct wgc_loaded l = { 0 };
	int code;

	/* 1 says "different"; an error is 2 and more. */
	ui->failed = WGC_EXIT_USAGE;
	code = wgc_need_root(ui, "diff");
	code = code ? code : wgc_load_all(ui, c, &l);
	if (!code)
		code = diff_loaded(ui, c, &l);
	wgc_loaded_done(&l);
	return code;
}

/* ---- reload --------------------------------------------------------------------------- */

int wgc_reload_one(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_common *c, unsigned confirm, const struct wgc_loaded *l,
		   struct wgc_json *j)
{
	const struct wgc_profile *p = l->profile;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_steps s;
	int code = WGC_EXIT_OK;

	if (wgc_steps_init(&s, ui, c->dry_run, c->wait)) {
		no_memory(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	s.run.confirm_seconds = confirm;
	s.run.on_taken_back = wgc_confirm_taken_back;
	if (wgc_plan_reload(sys, p, &s.run, &err)) {
		wgc_steps_clear(&s);
		code = wgc_show_err(ui, &l->src, &err, &s.run);
		wgc_json_result(j, p->name, p->ifname, wgc_failure_word(code), &s);
	} else {
		wgc_steps_clear(&s);
		wgc_json_result(j, p->name, p->ifname, c->dry_run ? "planned" : s.run.steps ? "reloaded" : "unchanged", &s);
		if (c->dry_run && !ui->json) {
			wgc_steps_add_text(&s, p->name, ui->color_out, &out);
			wgc_ui_answer(&out);
		} else if (!c->dry_run && s.run.steps) {
			wgc_ui_note(ui, "'%s' is reloaded: %zu step%s", p->name, s.run.steps, s.run.steps == 1 ? "" : "s");
			if (confirm)
				wgc_ui_note(ui, "that is taken back in %u s, unless you run `wgctl confirm %s`", confirm, p->name);
		} else if (!c->dry_run) {
			wgc_ui_note(ui, "'%s' is as its profile says", p->name);
		}
	}
	wgc_steps_done(&s);
	return code;
}

/* Every profile is checked before the first one is touched; one that fails does not keep the others as they are. */
int wgc_run_reload(struct wgc_ui *ui, const void *args)
{
	const struct wgc_up_args *u = args;
	const struct wgc_common *c = &u->c;
	struct wgc_loaded *v = calloc((size_t)c->argc, sizeof(*v));
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	struct wgc_json json, *j;
	int code = wgc_need_root(ui, "reload");

	if (!v) {
		no_memory(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	ui->confirm = u->confirm;
	code = code ? code : wgc_load_all(ui, c, v);
	j = wgc_ui_profiles_begin(ui, &json, &out);
	if (!code && wgc_sys_open(&sys, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else if (!code) {
		for (int i = 0; i < c->argc; i++) {
			int one = wgc_reload_one(ui, &sys, c, u->confirm, &v[i], j);

			if (one > code)
				code = one;
		}
		wgc_sys_close(&sys);
	}
	wgc_ui_profiles_end(j);
	for (int i = 0; i < c->argc; i++)
		wgc_loaded_done(&v[i]);
	free(v);
	return code;
}
