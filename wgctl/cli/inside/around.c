// SPDX-License-Identifier: GPL-2.0
/*
 * around: what a program inside gets of the caller's environment and desktop. A
 * list of what may pass: everything else may name a server outside. Screen and
 * sound pass by the paths of their sockets, agents and the system's bus do not, and
 * the session's bus behind a filter.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inside/inside.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
#define ROOT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const passes[] = {
	"TERM", "COLORTERM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "LANG", "LANGUAGE", "TZ", "EDITOR",
	"VISUAL", "PAGER", "LESS", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS", "XDG_CURRENT_DESKTOP", "XDG_SESSION_DESKTOP", "XDG_SEAT",
	"XDG_VTNR", "DESKTOP_SESSION", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "XDG_MENU_PREFIX", "GDK_BACKEND", "GDK_SCALE",
	"GDK_DPI_SCALE", "GTK_THEME", "QT_QPA_PLATFORM", "QT_QPA_PLATFORMTHEME", "QT_SCALE_FACTOR", "QT_AUTO_SCREEN_SCALE_FACTOR",
	"XCURSOR_THEME", "XCURSOR_SIZE", "MOZ_ENABLE_WAYLAND", "LIBVA_DRIVER_NAME", "VDPAU_DRIVER",
};
/* The caller's own directories: not when we have become somebody else. */
static const char *const passes_self[] = { "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME" };

static int push(struct wgc_arena *a, void *v, size_t *n, size_t *cap, const char *s)
{
	const char **slot = s ? wgc_arena_push(a, v, n, cap, sizeof(*slot)) : NULL;

	if (!slot)
		return -ENOMEM;
	*slot = s;
	return 0;
}

const char *wgc_around_get(const struct wgc_around *x, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < x->n; i++)
		if (!strncmp(x->env[i], name, len) && x->env[i][len] == '=')
			return x->env[i] + len + 1;
	return NULL;
}

static int set(struct wgc_arena *a, struct wgc_around *x, const char *name, const char *value)
{
	size_t len = strlen(name);
	char *text = wgc_arena_printf(a, "%s=%s", name, value);

	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < x->n; i++)
		if (!strncmp(x->env[i], name, len) && x->env[i][len] == '=') {
			x->env[i] = text;
			return 0;
		}
	return push(a, &x->env, &x->n, &x->cap, text);
}

static int pass(struct wgc_arena *a, struct wgc_around *x, const char *name)
{
	const char *v = getenv(name);

	return v ? set(a, x, name, v) : 0;
}

static int keep(struct wgc_arena *a, struct wgc_around *x, const char *path)
{
	return push(a, &x->keep, &x->n_keep, &x->cap_keep, wgc_arena_strdup(a, path));
}

static bool is_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* ---- the desktop ------------------------------------------------------------------ */

/* ":1", ":1.0" and "unix:1": a screen of this machine, by the path of its server.
 * "host:0" is one elsewhere, whose way is not ours to choose. */
static int pass_x11(struct wgc_arena *a, struct wgc_around *x)
{
	const char *display = getenv("DISPLAY"), *at = display, *authority = getenv("XAUTHORITY");
	char *path;
	int r;

	if (!display)
		return 0;
	if (!strncmp(at, "unix:", 5))
		at += 4;
	if (at[0] != ':' || !isdigit((unsigned char)at[1]))
		return 0;
	path = wgc_arena_printf(a, "/tmp/.X11-unix/X%.*s", (int)strspn(at + 1, "0123456789"), at + 1);
	if (!path)
		return -ENOMEM;
	if (!is_socket(path))
		return 0;
	r = keep(a, x, path);
	r = r ?: set(a, x, "DISPLAY", display);
	if (r == 0 && authority && authority[0] == '/') {
		r = keep(a, x, authority);
		r = r ?: set(a, x, "XAUTHORITY", authority);
	}
	return r;
}

/* A socket of XDG_RUNTIME_DIR, in @ret when it is there. */
static int keep_runtime(struct wgc_arena *a, struct wgc_around *x, const char *name, const char **ret)
{
	char *path = name[0] == '/' ? wgc_arena_strdup(a, name) : wgc_arena_printf(a, "%s/%s", x->runtime, name);

	*ret = NULL;
	if (!path)
		return -ENOMEM;
	if (!is_socket(path))
		return 0;
	*ret = path;
	return keep(a, x, path);
}

/* sudo takes away WAYLAND_DISPLAY; the usual name is tried then. */
static int pass_wayland(struct wgc_arena *a, struct wgc_around *x)
{
	const char *name = getenv("WAYLAND_DISPLAY") ?: "wayland-0", *path;
	int r = keep_runtime(a, x, name, &path);

	return r < 0 || !path ? r : set(a, x, "WAYLAND_DISPLAY", name);
}

static int pass_sound(struct wgc_arena *a, struct wgc_around *x)
{
	const char *pulse, *pipewire;
	int r = keep_runtime(a, x, "pulse/native", &pulse);
	char *server = pulse ? wgc_arena_printf(a, "unix:%s", pulse) : NULL;

	if (r == 0 && pulse)
		r = server ? set(a, x, "PULSE_SERVER", server) : -ENOMEM;
	return r ?: keep_runtime(a, x, "pipewire-0", &pipewire);
}

/* The directory of who the program runs as, if it is that user's indeed. */
static int find_runtime(struct wgc_arena *a, const struct wgc_who *who, struct wgc_around *x)
{
	const char *given = who->self ? getenv("XDG_RUNTIME_DIR") : NULL;
	char *path = given && given[0] == '/' ? wgc_arena_strdup(a, given) : wgc_arena_printf(a, "/run/user/%u", (unsigned)who->uid);
	struct stat st;

	if (!path)
		return -ENOMEM;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != who->uid)
		return 0;
	x->runtime = path;
	return set(a, x, "XDG_RUNTIME_DIR", path);
}

static int pass_desktop(struct wgc_arena *a, const struct wgc_who *who, struct wgc_around *x)
{
	int r = find_runtime(a, who, x);

	r = r ?: pass_x11(a, x);
	if (x->runtime) {
		r = r ?: pass_wayland(a, x);
		r = r ?: pass_sound(a, x);
		x->bus = wgc_bus_find(a, who, x->runtime);
	}
	/* Without an address libraries look for a bus in other places. */
	return r ?: set(a, x, "DBUS_SESSION_BUS_ADDRESS", "disabled:");
}

int wgc_around_bus(struct wgc_arena *a, struct wgc_around *x, const char *path)
{
	const char *address = wgc_arena_printf(a, "unix:path=%s", path);

	return address ? keep(a, x, path) ?: set(a, x, "DBUS_SESSION_BUS_ADDRESS", address) : -ENOMEM;
}

/* ---- the environment ----------------------------------------------------------------- */

static int pass_named(struct wgc_arena *a, struct wgc_around *x, const char *names)
{
	char *list = wgc_arena_strdup(a, names), *save = NULL;
	int r = list ? 0 : -ENOMEM;

	for (char *name = list ? strtok_r(list, ",", &save) : NULL; name && r == 0; name = strtok_r(NULL, ",", &save))
		r = pass(a, x, name);
	return r;
}

extern char **environ;

int wgc_around(struct wgc_arena *a, const struct wgc_who *who, const char *name, const char *keep_env, struct wgc_around *ret)
{
	struct wgc_around x = { 0 };
	const char *path = getenv("PATH");
	int r = 0;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(passes) && r == 0; i++)
		r = pass(a, &x, passes[i]);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(passes_self) && r == 0 && who->self; i++)
		r = pass(a, &x, passes_self[i]);
	for (char **e = environ; e && *e && r == 0; e++)
		if (!strncmp(*e, "LC_", 3))
			r = push(a, &x.env, &x.n, &x.cap, wgc_arena_strdup(a, *e));
	r = r ?: set(a, &x, "PATH", path && *path ? path : who->uid ? DEFAULT_PATH : ROOT_PATH);
	r = r ?: set(a, &x, "HOME", who->home);
	r = r ?: set(a, &x, "USER", who->name);
	r = r ?: set(a, &x, "LOGNAME", who->name);
	r = r ?: set(a, &x, "SHELL", who->shell);
	r = r ?: set(a, &x, "WGCTL_NAMESPACE", name);
	/* Firefox by whatever name: it does not hand pages over to one that it sees on the same screen. */
	r = r ?: set(a, &x, "MOZ_NO_REMOTE", "1");
	r = r ?: pass_desktop(a, who, &x);
	if (keep_env)
		r = r ?: pass_named(a, &x, keep_env);
	if (r == 0) {
		char **end = wgc_arena_push(a, &x.env, &x.n, &x.cap, sizeof(*end));

		r = end ? 0 : -ENOMEM;
		x.n--;
	}
	if (r == 0)
		*ret = x;
	return r;
}
