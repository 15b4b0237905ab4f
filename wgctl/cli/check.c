// SPDX-License-Identifier: GPL-2.0
/* check: `check` and `convert`, the commands that only read profiles. */
#include "cli/commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void add_count(struct wgc_str *out, size_t n, const char *what)
{
	wgc_str_addf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

static void check_text(const struct wgc_ui *ui, const struct wgc_loaded *l, struct wgc_str *out)
{
	for (size_t i = 0; i < l->diags.n; i++)
		if (!l->diags.v[i].warning || !ui->quiet)
			wgc_add_diag(ui, out, ui->color_out, &l->src, &l->diags.v[i]);
	if (ui->quiet)
		return;
	wgc_add_plain(out, l->src.path, strlen(l->src.path));
	wgc_str_add(out, ": ");
	if (!l->diags.errors && !l->diags.warnings) {
		wgc_str_add(out, "ok\n");
		return;
	}
	add_count(out, l->diags.errors, "error");
	wgc_str_add(out, ", ");
	add_count(out, l->diags.warnings, "warning");
	wgc_str_addc(out, '\n');
}

static void check_json(const struct wgc_loaded *l, struct wgc_json *j)
{
	wgc_json_object(j);
	wgc_json_key(j, "file");
	wgc_json_str(j, l->src.path);
	wgc_json_key(j, "valid");
	wgc_json_bool(j, l->profile && !l->diags.errors);
	wgc_json_key(j, "errors");
	wgc_json_uint(j, l->diags.errors);
	wgc_json_key(j, "warnings");
	wgc_json_uint(j, l->diags.warnings);
	wgc_json_key(j, "findings");
	wgc_json_array(j);
	for (size_t i = 0; i < l->diags.n; i++)
		wgc_json_diag(j, &l->src, &l->diags.v[i]);
	wgc_json_array_end(j);
	wgc_json_object_end(j);
}

/* Findings are the answer here, so they go to stdout. */
int wgc_run_check(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_json j;
	int code = 0;

	if (ui->json) {
		wgc_ui_json_begin(&j, &out);
		wgc_json_key(&j, "files");
		wgc_json_array(&j);
	}
	for (int i = 0; i < c->argc; i++) {
		struct wgc_loaded l;
		int one = !strcmp(c->argv[i], "-") ? wgc_load_text(ui, "-", &l) :
						     wgc_load(ui, c->argv[i], WGC_STRICT, c->allow_hooks, &l);

		if (!one) {
			wgc_config_lint(l.profile, &l.diags);
			if (l.diags.errors)
				one = WGC_EXIT_INVALID;
		}
		if (!one || one == WGC_EXIT_INVALID) {
			if (ui->json)
				check_json(&l, &j);
			else
				check_text(ui, &l, &out);
		}
		if (one > code)
			code = one;
		wgc_loaded_done(&l);
	}
	if (ui->json) {
		wgc_json_array_end(&j);
		wgc_ui_json_end(&j);
	} else {
		wgc_ui_answer(&out);
	}
	return code;
}

static int convert_write(struct wgc_ui *ui, const struct wgc_convert_args *a, enum wgc_format to, const struct wgc_profile *p)
{
	WGC_AUTO_STR struct wgc_str out = { .secret = true };
	struct wgc_err err = WGC_ERR_INIT;
	int rc = to == WGC_FORMAT_JSON ? wgc_config_write_json(p, &out) : wgc_config_write_ini(p, &out);

	if (rc || out.oom) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	if (!a->output || !strcmp(a->output, "-")) {
		/* Unbuffered: no copy of a key stays behind in a stdio buffer. */
		fflush(stdout);
		rc = wgc_write_all(STDOUT_FILENO, wgc_str_get(&out), out.len);
	} else {
		rc = wgc_write_file_atomic(a->output, wgc_str_get(&out), out.len, 0600);
	}
	if (!rc && a->output && strcmp(a->output, "-") != 0)
		wgc_ui_files(ui, &a->output, 1);
	if (!rc)
		return WGC_EXIT_OK;
	wgc_err_set(&err, WGC_E_IO, -rc, "cannot write %s%s%s: %s", a->output ? "'" : "", a->output ? a->output : "the output",
		    a->output ? "'" : "", strerror(-rc));
	return wgc_show_err(ui, NULL, &err, NULL);
}

int wgc_run_convert(struct wgc_ui *ui, const void *args)
{
	const struct wgc_convert_args *a = args;
	struct wgc_loaded l;
	enum wgc_format to;
	int code;

	if (a->to)
		to = (enum wgc_format)(a->to - 1);
	else if (a->output && strcmp(a->output, "-"))
		to = wgc_config_format(a->output);
	else if (ui->json)
		to = WGC_FORMAT_JSON;
	else
		return wgc_usage(ui, "--to ini or --to json is missing");
	code = wgc_load_text(ui, a->c.argv[0], &l);
	if (!code || code == WGC_EXIT_INVALID)
		wgc_show_diags(ui, &l.src, &l.diags, false);
	if (!code)
		code = convert_write(ui, a, to, l.profile);
	wgc_loaded_done(&l);
	return code;
}
