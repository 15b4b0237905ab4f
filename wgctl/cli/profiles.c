// SPDX-License-Identifier: GPL-2.0
/* profiles: from an argument to a loaded profile, and all that there are. */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_TEXT (256u << 20)

static const char *const search_path[] = { "/etc/wgctl", "/etc/wireguard", NULL };

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

char *wgc_name_of(const char *arg)
{
	const char *slash = strrchr(arg, '/');
	const char *base = slash ? slash + 1 : arg;
	size_t n = strlen(base);

	if (slash && ends_with(base, ".conf"))
		n -= 5;
	else if (slash && ends_with(base, ".json"))
		n -= 5;
	return strndup(base, n);
}

int wgc_load(struct wgc_ui *ui, const char *arg, enum wgc_mode mode, bool allow_hooks, struct wgc_loaded *l)
{
	struct wgc_err err = WGC_ERR_INIT;
	int rc;

	*l = (struct wgc_loaded){ 0 };
	rc = wgc_config_find(arg, NULL, &l->path, &err);
	if (!rc)
		rc = wgc_config_load(l->path, mode, allow_hooks, &l->diags, &l->src, &l->profile, &err);
	if (rc == -EINVAL && l->diags.errors)
		return WGC_EXIT_INVALID;
	if (rc)
		return wgc_show_err(ui, &l->src, &err, NULL);
	return 0;
}

static enum wgc_format guess_format(const char *text)
{
	while (wgc_isspace(*text))
		text++;
	return *text == '{' ? WGC_FORMAT_JSON : WGC_FORMAT_INI;
}

int wgc_load_text(struct wgc_ui *ui, const char *arg, struct wgc_loaded *l)
{
	struct wgc_err err = WGC_ERR_INIT;
	bool from_stdin = !strcmp(arg, "-");
	WGC_AUTO_FREE char *name = NULL;
	char *text = NULL;
	size_t len;
	int rc;

	*l = (struct wgc_loaded){ 0 };
	if (from_stdin)
		l->path = strdup("stdin");
	else if (access(arg, F_OK) && !wgc_config_find(arg, NULL, &l->path, NULL))
		; /* a bare name in the search path */
	else
		l->path = strdup(arg);
	if (!l->path) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	rc = from_stdin ? wgc_read_fd(STDIN_FILENO, MAX_TEXT, &text, &len) : wgc_read_file(l->path, MAX_TEXT, &text, &len);
	if (rc) {
		wgc_err_set(&err, rc == -ENOENT ? WGC_E_NOT_FOUND : WGC_E_IO, -rc, "cannot read '%s': %s", l->path, strerror(-rc));
		if (rc == -ENOENT && !strchr(arg, '/'))
			wgc_hint_name(NULL, arg, false, &err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	l->src = (struct wgc_source){ .path = strdup(l->path), .text = text, .len = len };
	name = from_stdin ? strdup("stdin") : wgc_name_of(strchr(l->path, '/') ? l->path : arg);
	if (name && !strchr(l->path, '/') && (ends_with(name, ".conf") || ends_with(name, ".json")))
		name[strlen(name) - 5] = '\0';
	if (!l->src.path || !name) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	rc = wgc_config_parse(text, len, l->src.path, name, from_stdin ? guess_format(text) : wgc_config_format(l->path), WGC_STRICT,
			      &l->diags, &l->profile);
	if (rc == -ENOMEM) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	return rc ? WGC_EXIT_INVALID : 0;
}

/* @ret_there: there is a profile of that name. */
static char *nearest(struct wgc_sys *sys, const char *name, bool *ret_there)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_found *found = NULL;
	struct wgc_up_info *up = NULL;
	size_t n_found = 0, n_up = 0, n = 0;
	const char *denied, **names, *near;
	char *copy = NULL;

	*ret_there = false;
	if (!a || wgc_profiles(a, &found, &n_found, &denied))
		n_found = 0;
	/* Journals are root's. */
	if (!a || !sys || wgc_plan_list(sys, a, &up, &n_up, NULL))
		n_up = 0;
	names = a ? wgc_arena_alloc(a, (n_found + 2 * n_up + 1) * sizeof(*names)) : NULL;
	for (size_t i = 0; names && i < n_up; i++) {
		names[n++] = up[i].name;
		names[n++] = up[i].ifname;
	}
	for (size_t i = 0; names && i < n_found; i++) {
		names[n++] = found[i].name;
		*ret_there |= !strcmp(found[i].name, name);
	}
	near = names ? wgc_nearest(name, names) : NULL;
	if (near && strcmp(near, name) != 0)
		copy = strdup(near);
	wgc_arena_free(a);
	return copy;
}

char *wgc_nearest_name(struct wgc_sys *sys, const char *name)
{
	bool there;

	return nearest(sys, name, &there);
}

void wgc_hint_name(struct wgc_sys *sys, const char *name, bool offer_up, struct wgc_err *err)
{
	bool there;
	WGC_AUTO_FREE char *near = nearest(sys, name, &there);

	if (there && offer_up)
		wgc_err_hint(err, "bring it up with 'wgctl up %s'", name);
	else if (near && !there)
		wgc_err_hint(err, "did you mean '%s'? `wgctl list` shows all profiles", near);
	else if (!err->hint[0])
		wgc_err_hint(err, "`wgctl list` shows all profiles, and what is up");
}

void wgc_loaded_done(struct wgc_loaded *l)
{
	wgc_profile_free(l->profile);
	wgc_diags_done(&l->diags);
	wgc_source_free(&l->src);
	free(l->path);
	*l = (struct wgc_loaded){ 0 };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct wgc_found *)a)->name, ((const struct wgc_found *)b)->name);
}

static bool known(const struct wgc_found *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return true;
	return false;
}

/* The files with one ending in one directory: a name found earlier wins. */
static int scan(struct wgc_arena *a, const char *dir, const char *ending, struct wgc_found **v, size_t *n, size_t *cap,
		const char **denied)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t before = *n;
	int rc = 0;

	if (!d) {
		if (errno != ENOENT && errno != ENOTDIR)
			*denied = dir;
		return 0;
	}
	while (!rc && (e = readdir(d))) {
		struct wgc_found *f;
		char *name;

		if (e->d_name[0] == '.' || !ends_with(e->d_name, ending))
			continue;
		name = wgc_arena_strndup(a, e->d_name, strlen(e->d_name) - strlen(ending));
		if (name && known(*v, before, name))
			continue;
		f = name ? wgc_arena_push(a, v, n, cap, sizeof(**v)) : NULL;
		if (f) {
			f->name = name;
			f->path = wgc_arena_printf(a, "%s/%s", dir, e->d_name);
		}
		if (!f || !f->path)
			rc = -ENOMEM;
	}
	closedir(d);
	return rc;
}

int wgc_profiles(struct wgc_arena *a, struct wgc_found **ret, size_t *ret_n, const char **ret_denied)
{
	struct wgc_found *v = NULL;
	size_t n = 0, cap = 0;
	const char *denied = NULL;
	int rc;

	rc = scan(a, search_path[0], ".conf", &v, &n, &cap, &denied);
	if (!rc)
		rc = scan(a, search_path[0], ".json", &v, &n, &cap, &denied);
	if (!rc)
		rc = scan(a, search_path[1], ".conf", &v, &n, &cap, &denied);
	if (rc)
		return rc;
	if (n)
		qsort(v, n, sizeof(*v), by_name);
	*ret = v;
	*ret_n = n;
	*ret_denied = denied;
	return 0;
}
