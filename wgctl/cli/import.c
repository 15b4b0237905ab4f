// SPDX-License-Identifier: GPL-2.0
/* import: profiles of wg-netns and NetworkManager into ours. */
#include "cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TEXT (64u << 20)

static bool to_stdout(const char *output)
{
	return !output || !strcmp(output, "-");
}

/* A directory that is there, or whatever ends in a slash. */
static bool is_directory(const char *output)
{
	size_t n = strlen(output);
	struct stat st;

	return (n && output[n - 1] == '/') || (!stat(output, &st) && S_ISDIR(st.st_mode));
}

/* A profile is found by its ending; without one the name was meant for a directory, most likely. */
static bool is_profile(const char *output)
{
	size_t n = strlen(output);

	return n > 5 && (!strcmp(output + n - 5, ".conf") || !strcmp(output + n - 5, ".json"));
}

static int write_text(const struct wgc_profile *p, enum wgc_format to, struct wgc_str *out)
{
	int rc = to == WGC_FORMAT_JSON ? wgc_config_write_json(p, out) : wgc_config_write_ini(p, out);

	return rc ? rc : out->oom ? -ENOMEM : 0;
}

static int cannot_write(struct wgc_ui *ui, const char *path, int error)
{
	struct wgc_err err = WGC_ERR_INIT;

	if (error == ENOMEM) {
		wgc_err_nomem(&err);
	} else if (error == EEXIST) {
		wgc_err_set(&err, WGC_E_EXISTS, error, "'%s' is there already", path);
		wgc_err_hint(&err, "--force writes over it");
	} else {
		wgc_err_set(&err, WGC_E_IO, error, "cannot write '%s': %s", path, strerror(error));
	}
	return wgc_show_err(ui, NULL, &err, NULL);
}

static int write_stdout(struct wgc_ui *ui, struct wgc_profile *p, enum wgc_format to)
{
	WGC_AUTO_STR struct wgc_str out = { .secret = true };
	int rc;

	/* Nobody knows under which name it will be kept, so the interface's stands in it. */
	p->name = "";
	rc = write_text(p, to, &out);
	/* Unbuffered: no copy of a key stays behind in a stdio buffer. */
	fflush(stdout);
	if (!rc)
		rc = wgc_write_all(STDOUT_FILENO, wgc_str_get(&out), out.len);
	return rc ? cannot_write(ui, "the output", -rc) : WGC_EXIT_OK;
}

static int write_file(struct wgc_ui *ui, struct wgc_profile *p, enum wgc_format to, const char *path, bool force)
{
	WGC_AUTO_STR struct wgc_str out = { .secret = true };
	WGC_AUTO_FREE char *with_slash = NULL, *name = NULL;
	int rc;

	/* Named as `up` will find it: then Name is left out where it says the same. */
	if (asprintf(&with_slash, "./%s", path) < 0)
		with_slash = NULL;
	name = with_slash ? wgc_name_of(with_slash) : NULL;
	p->name = name;
	rc = name ? write_text(p, to, &out) : -ENOMEM;
	if (!rc)
		rc = (force ? wgc_write_file_atomic : wgc_write_file_new)(path, wgc_str_get(&out), out.len, 0600);
	p->name = "";
	if (rc)
		return cannot_write(ui, path, -rc);
	wgc_ui_note(ui, "%s written", path);
	return WGC_EXIT_OK;
}

/* All of them, or none: nothing is written before all names are known to be free. */
static int write_directory(struct wgc_ui *ui, const struct wgc_imported *im, enum wgc_format to, const char *dir, bool force)
{
	WGC_AUTO_FREE char **paths = calloc(im->n, sizeof(*paths));
	size_t n = strlen(dir), written = 0;
	struct stat st;
	int code = 0, rc;

	if (!paths)
		return cannot_write(ui, dir, ENOMEM);
	rc = wgc_mkdir_p(dir, 0700);
	if (rc)
		return cannot_write(ui, dir, -rc);
	for (size_t i = 0; i < im->n && !code; i++) {
		if (asprintf(&paths[i], "%s%s%s.%s", dir, n && dir[n - 1] == '/' ? "" : "/", im->v[i]->ifname,
			     to == WGC_FORMAT_JSON ? "json" : "conf") < 0) {
			paths[i] = NULL;
			code = cannot_write(ui, dir, ENOMEM);
		} else if (!force && !lstat(paths[i], &st)) {
			code = cannot_write(ui, paths[i], EEXIST);
		}
	}
	for (; written < im->n && !code; written++)
		code = write_file(ui, im->v[written], to, paths[written], force);
	if (!code)
		wgc_ui_files(ui, (const char *const *)paths, im->n);
	for (size_t i = 0; i < im->n; i++) {
		if (code && !force && i + 1 < written)
			unlink(paths[i]);
		free(paths[i]);
	}
	return code;
}

/* The one that is meant, or an error that says which there are. */
static int choose(struct wgc_ui *ui, const struct wgc_import_args *a, const struct wgc_imported *im, struct wgc_profile **ret)
{
	WGC_AUTO_STR struct wgc_str list = { 0 };
	const char *names[257];
	const char *near = NULL;
	size_t n = 0;

	for (size_t i = 0; i < im->n; i++) {
		if (a->interface ? !strcmp(im->v[i]->ifname, a->interface) : im->n == 1) {
			*ret = im->v[i];
			return 0;
		}
		if (n + 1 < WGC_ARRAY_SIZE(names))
			names[n++] = im->v[i]->ifname;
		if (list.len < 200)
			wgc_str_addf(&list, "%s%s", i ? ", " : "", im->v[i]->ifname);
	}
	names[n] = NULL;
	if (a->interface)
		near = wgc_nearest(a->interface, names);
	if (near)
		return wgc_usage(ui, "there is no interface '%s'; did you mean '%s'?", a->interface, near);
	if (a->interface)
		return wgc_usage(ui, "there is no interface '%s' but %s", a->interface, wgc_str_get(&list));
	return wgc_usage(ui, "there are %zu interfaces: --interface names one (%s), --output DIR makes a profile of each", im->n,
			 wgc_str_get(&list));
}

static int write_out(struct wgc_ui *ui, const struct wgc_import_args *a, struct wgc_imported *im)
{
	enum wgc_format to = a->to ? (enum wgc_format)(a->to - 1) :
			     !to_stdout(a->output) ? wgc_config_format(a->output) :
			     ui->json ? WGC_FORMAT_JSON : WGC_FORMAT_INI;
	struct wgc_profile *p = NULL;
	struct wgc_imported one = { .v = &p, .n = 1 };
	bool directory = !to_stdout(a->output) && is_directory(a->output);
	int code;

	if (!to_stdout(a->output) && !directory && !is_profile(a->output))
		return wgc_usage(ui, "'%s' is no directory, and a profile's name ends in .conf or .json", a->output);
	if (directory && !a->interface)
		return write_directory(ui, im, to, a->output, a->force);
	code = choose(ui, a, im, &p);
	if (code)
		return code;
	if (directory)
		return write_directory(ui, &one, to, a->output, a->force);
	if (to_stdout(a->output))
		return write_stdout(ui, p, to);
	code = write_file(ui, p, to, a->output, a->force);
	if (!code)
		wgc_ui_files(ui, &a->output, 1);
	return code;
}

int wgc_run_import(struct wgc_ui *ui, const void *args)
{
	const struct wgc_import_args *a = args;
	const char *path = a->c.argv[0];
	struct wgc_source src = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_diags diags = { 0 };
	struct wgc_imported im = { 0 };
	char *text = NULL;
	size_t len = 0;
	int code, rc;

	if (!strcmp(path, "-")) {
		path = "stdin";
		rc = wgc_read_fd(STDIN_FILENO, MAX_TEXT, &text, &len);
	} else {
		rc = wgc_read_file(path, MAX_TEXT, &text, &len);
	}
	if (rc) {
		wgc_err_set(&err, rc == -ENOENT ? WGC_E_NOT_FOUND : rc == -EACCES ? WGC_E_PERM : WGC_E_IO, -rc, "cannot read '%s': %s", path,
			    strerror(-rc));
		if (rc == -EACCES && geteuid())
			wgc_err_hint(&err, "profiles hold secrets: try again as root");
		else if (rc == -ENOENT && !strchr(path, '/'))
			wgc_err_hint(&err, "connections of NetworkManager are in /etc/NetworkManager/system-connections");
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	src = (struct wgc_source){ .path = strdup(path), .text = text, .len = len };
	rc = src.path ? wgc_config_import(text, len, path, &diags, &im) : -ENOMEM;
	if (rc == -ENOMEM) {
		wgc_err_nomem(&err);
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		wgc_show_diags(ui, &src, &diags, true);
		code = rc ? WGC_EXIT_INVALID : write_out(ui, a, &im);
	}
	wgc_imported_done(&im);
	wgc_diags_done(&diags);
	wgc_source_free(&src);
	return code;
}
