// SPDX-License-Identifier: GPL-2.0
/* start: from a namespace and a command line to a program that runs inside, or to a sentence about why not. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inside/inside.h"

#define MAX_FILES 64
/* Of these: nsswitch.conf, hosts, and what browsers are told. */
#define OWN_FILES (2 + WGC_BROWSER_FILES)
#define MAX_TEXT (16u << 20)

/* The machine's nsswitch.conf, with names looked up in files and in the DNS only:
 * what else it may say asks servers outside. */
static char *make_nsswitch(struct wgc_arena *a)
{
	WGC_AUTO_FREE char *text = NULL;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	char *save = NULL;
	size_t len;

	if (wgc_read_file("/etc/nsswitch.conf", MAX_TEXT, &text, &len) == 0)
		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			const char *word = line + strspn(line, " \t");

			if (strncmp(word, "hosts", 5) || !strchr(" \t:", word[5]))
				wgc_str_addf(&out, "%s\n", line);
		}
	wgc_str_add(&out, "hosts: files dns\n");
	return out.oom ? NULL : wgc_arena_strdup(a, out.s);
}

static bool have(const struct wgc_ns_file *v, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].path, path))
			return true;
	return false;
}

/* Files that somebody has put beside the resolv.conf, as ip-netns(8) has them. */
static int add_named(struct wgc_arena *a, const char *netns, struct wgc_ns_file *v, size_t *n)
{
	char dir[300];
	struct dirent *e;
	DIR *d;
	int r = 0;

	snprintf(dir, sizeof(dir), "/etc/netns/%s", netns);
	d = *netns ? opendir(dir) : NULL;
	while (d && r == 0 && (e = readdir(d))) {
		WGC_AUTO_FREE char *text = NULL;
		char path[600];
		struct stat st;
		size_t len;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_name[0] == '.' || have(v, *n, e->d_name) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		r = *n + OWN_FILES >= MAX_FILES ? -E2BIG : wgc_read_file(path, MAX_TEXT, &text, &len);
		if (r < 0)
			break;
		v[*n] = (struct wgc_ns_file){ wgc_arena_strdup(a, e->d_name), wgc_arena_strdup(a, text) };
		if (!v[*n].path || !v[(*n)++].text)
			r = -ENOMEM;
	}
	if (d)
		closedir(d);
	return r;
}

/* The machine's hosts as it is now: a new one outside shall not take ours away. */
static int add_hosts(struct wgc_arena *a, struct wgc_ns_file *v, size_t *n)
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len;

	if (have(v, *n, "hosts"))
		return 0;
	if (wgc_read_file("/etc/hosts", MAX_TEXT, &text, &len) < 0)
		v[*n] = (struct wgc_ns_file){ "hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n" };
	else
		v[*n] = (struct wgc_ns_file){ "hosts", wgc_arena_strdup(a, text) };
	return v[(*n)++].text ? 0 : -ENOMEM;
}

static int add_files(struct wgc_arena *a, const struct wgc_start *s, struct wgc_ns_file *v, size_t *n)
{
	int r;

	v[(*n)++] = (struct wgc_ns_file){ "resolv.conf", s->room.resolv_conf };
	r = add_named(a, s->room.netns, v, n);
	if (r == 0 && !have(v, *n, "nsswitch.conf")) {
		v[*n] = (struct wgc_ns_file){ "nsswitch.conf", make_nsswitch(a) };
		r = v[(*n)++].text ? 0 : -ENOMEM;
	}
	r = r ?: add_hosts(a, v, n);
	if (r == 0 && s->pin_dns)
		*n += wgc_browser_policies(a, v + *n);
	return r;
}

/* As the user already, who could do nothing that he may not. */
static int make_profile_dir(struct wgc_ui *ui, const char *dir)
{
	struct wgc_err err = WGC_ERR_INIT;
	int r = wgc_mkdir_p(dir, 0700);

	if (r == 0)
		return 0;
	wgc_err_set(&err, WGC_E_IO, -r, "cannot make the browser's profile directory %s: %s", dir, strerror(-r));
	wgc_err_hint(&err, "--user-data-dir (Chromium) or --profile (Firefox) names another one");
	wgc_show_err(ui, NULL, &err, NULL);
	return WGC_EXIT_NOT_RUN;
}

/* Without it the program has no bus; what it would say there is not worth more than running. */
static int filter_bus(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_who *who, struct wgc_around *around)
{
	const char *socket;
	int r = around->bus && who->uid ? wgc_bus_start(a, who, around->bus, around->runtime, &socket) : -ENOENT;

	if (r == 0)
		return wgc_around_bus(a, around, socket);
	if (r != -ENOENT && r != -ENOMEM)
		wgc_ui_warn(ui, "xdg-dbus-proxy does not start: the program has no session bus");
	return r == -ENOMEM ? r : 0;
}

/* A directory of PATH that may not be entered hides nothing that could be run. */
static bool is_nowhere(const char *name, const char *path)
{
	struct stat st;

	if (strchr(name, '/'))
		return false;
	for (size_t n; *path; path += n + (path[n] == ':')) {
		char at[PATH_MAX];

		n = strcspn(path, ":");
		if (snprintf(at, sizeof(at), "%.*s/%s", (int)n, path, name) < (int)sizeof(at) && stat(at, &st) == 0)
			return false;
	}
	return true;
}

static int run_it(struct wgc_ui *ui, char **argv, const struct wgc_around *around)
{
	struct wgc_err err = WGC_ERR_INIT;
	const char *path = wgc_around_get(around, "PATH");
	sigset_t none;
	int e;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* For what is looked for, not for what it will see. */
	setenv("PATH", path, 1);
	execvpe(argv[0], argv, around->env);
	e = errno;
	if (e == EACCES && is_nowhere(argv[0], path))
		e = ENOENT;
	wgc_err_set(&err, e == ENOENT ? WGC_E_NOT_FOUND : WGC_E_IO, e, "cannot run '%s': %s", argv[0], strerror(e));
	wgc_show_err(ui, NULL, &err, NULL);
	return e == ENOENT ? WGC_EXIT_NO_COMMAND : WGC_EXIT_CANNOT_RUN;
}

static int failed(struct wgc_ui *ui, struct wgc_err *err)
{
	wgc_show_err(ui, NULL, err, NULL);
	return WGC_EXIT_NOT_RUN;
}

int wgc_start(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_start *s)
{
	WGC_AUTO_FREE char *cwd = s->cwd ? NULL : getcwd(NULL, 0);
	char *shell[] = { (char *)s->who->shell, NULL };
	struct wgc_ns_file files[MAX_FILES];
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_around around;
	struct wgc_ns_inside x = { .net = s->room.net, .files = files, .keep_root = s->who->root, .umask = wgc_caller_umask };
	const char *dir;
	char **argv;
	int r = wgc_around(a, s->who, s->room.name, s->keep_env, &around);

	r = r ?: filter_bus(ui, a, s->who, &around);
	if (r < 0 || !(argv = wgc_browser_argv(a, s->who, &around, s->room.name, s->argc ?: 1, s->argc ? s->argv : shell, &dir))) {
		wgc_err_nomem(&err);
		return failed(ui, &err);
	}
	r = add_files(a, s, files, &x.n_files);
	if (r == -E2BIG) {
		wgc_err_set(&err, WGC_E_CONFIG, -r, "there are more files in /etc/netns/%s than the %d that are taken over", s->room.netns,
			    MAX_FILES - OWN_FILES);
		return failed(ui, &err);
	}
	if (r < 0) {
		wgc_err_set(&err, WGC_E_IO, -r, "cannot read the files of /etc/netns/%s: %s", s->room.netns, strerror(-r));
		return failed(ui, &err);
	}
	x.keep = around.keep;
	x.n_keep = around.n_keep;
	x.runtime = around.runtime;
	x.uid = s->who->uid;
	x.gid = s->who->gid;
	x.groups = s->who->groups;
	x.n_groups = s->who->n_groups;
	x.keep_groups = s->private_users;
	x.cwd = s->cwd ?: cwd ?: "/";
	x.listeners = s->listeners;
	if (wgc_ns_inside(&x, &err) < 0)
		return failed(ui, &err);
	if (dir && make_profile_dir(ui, dir))
		return WGC_EXIT_NOT_RUN;
	return run_it(ui, argv, &around);
}
