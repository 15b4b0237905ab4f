// SPDX-License-Identifier: GPL-2.0
/* Where a profile is. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/internal.h"

#define WG_QUICK_DIR "/etc/wireguard"

static const char *const usual[] = { "/etc/wgctl", WG_QUICK_DIR, NULL };
static const char *const endings[] = { ".conf", ".json", NULL };

/* wg-quick's directory holds wg-quick's format alone. */
static bool has_ending(const char *dir, const char *ending)
{
	return ending == endings[0] || strcmp(dir, WG_QUICK_DIR) != 0;
}

/* All profile names in @dir, added to @names. A directory that is not there has none. */
static int add_names(struct wgc_arena *a, const char *dir, const char ***names, size_t *n, size_t *cap)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return 0;
	while (!r && (e = readdir(d))) {
		size_t len = strlen(e->d_name);

		for (size_t i = 0; endings[i] && !r; i++) {
			size_t ending = strlen(endings[i]);
			const char **slot;

			if (e->d_name[0] == '.' || len <= ending || strcmp(e->d_name + len - ending, endings[i]) != 0 ||
			    !has_ending(dir, endings[i]))
				continue;
			slot = wgc_arena_push(a, names, n, cap, sizeof(*slot));
			if (slot)
				*slot = wgc_arena_strndup(a, e->d_name, len - ending);
			if (!slot || !*slot)
				r = -ENOMEM;
		}
	}
	closedir(d);
	return r;
}

static void hint_nearest(const char *name, const char *const *dirs, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	const char **names = NULL, *near = NULL, **end;
	size_t n = 0, cap = 0, len = strlen(name);
	int r = a ? 0 : -ENOMEM;

	if (!access(name, F_OK) && len > 5) {
		wgc_err_hint(err, "for the file in this directory write ./%s", name);
		goto out;
	}
	for (size_t i = 0; dirs[i] && !r; i++)
		r = add_names(a, dirs[i], &names, &n, &cap);
	end = r ? NULL : wgc_arena_push(a, &names, &n, &cap, sizeof(*names));
	if (end)
		near = wgc_nearest(name, names);
	if (near)
		wgc_err_hint(err, "did you mean '%s'? `wgctl list` shows all profiles", near);
	else
		wgc_err_hint(err, "`wgctl list` shows all profiles; a path with a '/' names a file");
out:
	wgc_arena_free(a);
}

int wgc_config_find(const char *name, const char *const *dirs, char **ret_path, struct wgc_err *err)
{
	const char *denied = NULL;
	char looked[160] = "";

	if (!dirs)
		dirs = usual;
	if (!*name)
		return wgc_err_set(err, WGC_E_USAGE, EINVAL, "a profile's name is empty");
	if (strchr(name, '/')) {
		*ret_path = strdup(name);
		return *ret_path ? 0 : wgc_err_nomem(err);
	}
	for (size_t i = 0; dirs[i]; i++) {
		for (size_t k = 0; endings[k]; k++) {
			char *path;

			if (!has_ending(dirs[i], endings[k]))
				continue;
			if (asprintf(&path, "%s/%s%s", dirs[i], name, endings[k]) < 0)
				return wgc_err_nomem(err);
			if (!access(path, F_OK)) {
				*ret_path = path;
				return 0;
			}
			if (errno == EACCES && !denied)
				denied = dirs[i];
			free(path);
		}
		snprintf(looked + strlen(looked), sizeof(looked) - strlen(looked), "%s%s", i ? ", " : "", dirs[i]);
	}
	if (denied) {
		wgc_err_set(err, WGC_E_PERM, EACCES, "cannot look for '%s' in %s: permission denied", name, denied);
		wgc_err_hint(err, "try again as root");
		return -EACCES;
	}
	wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "there is no profile '%s' in %s", name, looked);
	if (err)
		hint_nearest(name, dirs, err);
	return -ENOENT;
}
