// SPDX-License-Identifier: GPL-2.0
/*
 * quick: wg-quick(8). Its arguments, its name rules and its two exit codes,
 * on the same plans, journal and undo as `wgctl up` and `down`.
 */
#include "cli/commands.h"
#include "cli/wg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(const char *program)
{
	fprintf(stderr,
		"Usage: %s up|down|save|strip INTERFACE|CONFIG_FILE\n\n"
		"  up      bring the tunnel up\n"
		"  down    take it down again\n"
		"  save    write the running configuration to the file\n"
		"  strip   print the file without the keys that only wg-quick knows\n\n"
		"INTERFACE stands for /etc/wireguard/INTERFACE.conf; any other CONFIG_FILE is\n"
		"named INTERFACE.conf. See wgctl(8) and wgctl.conf(5).\n",
		program);
	return WGC_EXIT_FAILED;
}

static int fail(struct wgc_ui *ui, const char *fmt, const char *what)
{
	struct wgc_err err = WGC_ERR_INIT;

	wgc_err_set(&err, WGC_E_USAGE, 0, fmt, what);
	wgc_show_err(ui, NULL, &err, NULL);
	return WGC_EXIT_FAILED;
}

/*
 * An argument that could be an interface name is one, even when it is also a
 * file here: `wg-quick up wg0.conf` means /etc/wireguard/wg0.conf.conf.
 * Otherwise the file's name decides; only then are symbolic links followed, so
 * that `save` rewrites the target. Both strings are the caller's to free.
 */
static int resolve(struct wgc_ui *ui, const char *arg, char **ret_path, char **ret_name)
{
	WGC_AUTO_FREE char *path = NULL;
	WGC_AUTO_FREE char *name = NULL;
	const char *base;
	size_t n;

	if (wgc_ifname_valid(arg)) {
		if (asprintf(&path, "/etc/wireguard/%s.conf", arg) < 0)
			path = NULL;
	} else {
		path = strdup(arg);
	}
	if (!path)
		return fail(ui, "%s", "out of memory");
	if (access(path, F_OK))
		return fail(ui, "there is no file '%s'", path);
	base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	n = strlen(base);
	if (n > 5 && !strcmp(base + n - 5, ".conf"))
		name = strndup(base, n - 5);
	if (!name || !wgc_ifname_valid(name))
		return fail(ui, "'%s' is not named INTERFACE.conf with a valid interface name", path);
	*ret_path = realpath(path, NULL);
	if (!*ret_path)
		return fail(ui, "cannot follow '%s'", path);
	*ret_name = WGC_TAKE(name);
	return 0;
}

/* wg-quick asks sudo for the password rather than failing. It returns only
 * when there is no sudo. */
static int become_root(struct wgc_ui *ui, int argc, char **argv)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *args[8] = { "sudo", "--", self, "wg-quick", NULL };

	if (n > 0) {
		self[n] = '\0';
		for (int i = 1; i < argc && i < 3; i++)
			args[3 + i] = argv[i];
		execvp("sudo", args);
	}
	wgc_need_root(ui, argv[1]);
	return WGC_EXIT_FAILED;
}

/* ---- strip ------------------------------------------------------------------- */

static void trim(const char **s, size_t *n)
{
	while (*n && wgc_isspace(**s)) {
		(*s)++;
		(*n)--;
	}
	while (*n && wgc_isspace((*s)[*n - 1]))
		(*n)--;
}

static bool is_word(const char *s, size_t n, const char *word)
{
	char copy[16];

	if (n >= sizeof(copy))
		return false;
	memcpy(copy, s, n);
	copy[n] = '\0';
	return wgc_streq_nocase(copy, word);
}

static bool quick_key(const char *s, size_t n)
{
	static const char *const keys[] = { "Address", "MTU",	  "DNS",      "Table",	  "PreUp",
					    "PostUp",  "PreDown", "PostDown", "SaveConfig" };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(keys); i++)
		if (is_word(s, n, keys[i]))
			return true;
	return false;
}

/* One line: true when wg(8) is to see it. */
static bool keep_line(const char *line, size_t n, bool *in_interface, bool *bad_save)
{
	const char *hash = memchr(line, '#', n), *equals, *key = line, *value;
	size_t len = hash ? (size_t)(hash - line) : n, key_len, value_len;

	equals = memchr(line, '=', len);
	key_len = equals ? (size_t)(equals - line) : len;
	value = equals ? equals + 1 : line;
	value_len = len - (size_t)(value - line);
	trim(&key, &key_len);
	trim(&value, &value_len);
	if (key_len && key[0] == '[')
		*in_interface = is_word(key, key_len, "[Interface]");
	if (!*in_interface || !quick_key(key, key_len))
		return true;
	if (is_word(key, key_len, "SaveConfig") && !is_word(value, value_len, "true") && !is_word(value, value_len, "false"))
		*bad_save = true;
	return false;
}

int wgc_quick_strip(const char *text, size_t len, struct wgc_str *out, struct wgc_err *err)
{
	bool in_interface = false, bad_save = false;
	uint32_t number = 0;

	for (size_t at = 0; at < len; number++) {
		const char *line = text + at;
		const char *end = memchr(line, '\n', len - at);
		size_t n = end ? (size_t)(end - line) : len - at;

		at += n + (end != NULL);
		/* The shell's `read` takes blanks off both ends. */
		while (n && (*line == ' ' || *line == '\t')) {
			line++;
			n--;
		}
		while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
			n--;
		if (keep_line(line, n, &in_interface, &bad_save)) {
			wgc_str_addn(out, line, n);
			wgc_str_addc(out, '\n');
		}
		if (bad_save) {
			wgc_err_set(err, WGC_E_CONFIG, 0, "SaveConfig is true or false");
			if (err)
				err->at = (struct wgc_span){ .line = number + 1 };
			return -EINVAL;
		}
	}
	wgc_str_addc(out, '\n');
	return 0;
}

/* As for `up`, whose profile is loaded with this warning. */
static void warn_world_accessible(const char *path)
{
	WGC_AUTO_FREE char *dir = strdup(path);
	struct stat file, up;

	if (!dir || !strrchr(dir, '/'))
		return;
	*(strrchr(dir, '/') + 1) = '\0';
	if (!stat(path, &file) && !stat(dir, &up) && S_ISREG(file.st_mode) && file.st_mode & up.st_mode & S_IRWXO)
		fprintf(stderr, "Warning: `%s' is world accessible\n", path);
}

static int strip(struct wgc_ui *ui, const char *path)
{
	WGC_AUTO_STR struct wgc_str out = { .secret = true };
	struct wgc_source src = { .path = path };
	struct wgc_err err = WGC_ERR_INIT;
	char *text = NULL;
	size_t len = 0;
	int rc = wgc_read_file(path, 64u << 20, &text, &len);

	if (rc) {
		wgc_err_set(&err, WGC_E_IO, -rc, "cannot read '%s': %s", path, strerror(-rc));
	} else {
		warn_world_accessible(path);
		src.text = text;
		src.len = len;
		rc = wgc_quick_strip(text, len, &out, &err);
	}
	if (!rc && (out.oom || wgc_write_all(STDOUT_FILENO, wgc_str_get(&out), out.len)))
		rc = wgc_err_set(&err, WGC_E_IO, errno, "cannot write the output: %s", out.oom ? "out of memory" : strerror(errno));
	if (rc)
		wgc_show_err(ui, &src, &err, NULL);
	if (text)
		wgc_wipe(text, len);
	free(text);
	return rc ? WGC_EXIT_FAILED : WGC_EXIT_OK;
}

/* ---- up, down, save ------------------------------------------------------------ */

/* The interface is named after the path as it was given, not after what a
 * symbolic link leads to. */
static int rename_profile(struct wgc_ui *ui, struct wgc_profile *p, const char *name)
{
	p->name = wgc_arena_strdup(p->arena, name);
	if (!p->name)
		return fail(ui, "%s", "out of memory");
	snprintf(p->ifname, sizeof(p->ifname), "%s", name);
	p->ifname_derived = false;
	return 0;
}

static int with_profile(struct wgc_ui *ui, struct wgc_sys *sys, const char *verb, const char *path, const char *name)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_loaded l;
	int code = wgc_load(ui, path, WGC_COMPATIBLE, true, &l);

	wgc_show_diags(ui, &l.src, &l.diags, true);
	if (!code)
		code = rename_profile(ui, l.profile, name);
	if (!code && !strcmp(verb, "up"))
		code = wgc_up_one(ui, sys, &l, false, wgc_wg_patience(), NULL);
	else if (!code && !strcmp(verb, "down"))
		code = wgc_plan_adopt(sys, l.profile, &err) ? wgc_show_err(ui, &l.src, &err, NULL) : 0;
	else if (!code && wgc_plan_save(sys, l.profile, &err))
		code = wgc_show_err(ui, &l.src, &err, NULL);
	wgc_loaded_done(&l);
	return code;
}

/* An interface of another wg-quick, perhaps of the one that this program took the
 * place of; or of a hand. Its file then says what is to be done, as it does there. */
static bool is_foreign(struct wgc_sys *sys, const char *name)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v;
	struct wgc_device *d;
	bool foreign = a && wgc_wg_get(sys->nl, name, a, &d, NULL) == 0;
	size_t n;

	if (foreign && wgc_plan_list(sys, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			foreign &= strcmp(v[i].name, name) && strcmp(v[i].ifname, name);
	wgc_arena_free(a);
	return foreign;
}

static int down(struct wgc_ui *ui, struct wgc_sys *sys, const char *arg, const char *name)
{
	WGC_AUTO_FREE char *path = NULL;
	WGC_AUTO_FREE char *same = NULL;
	int code = 0;

	if (is_foreign(sys, name))
		code = resolve(ui, arg, &path, &same) ?: with_profile(ui, sys, "down", path, name);
	return code ?: wgc_down_one(ui, sys, name, false, false, 0, NULL);
}

static int act(struct wgc_ui *ui, const char *verb, const char *arg, const char *path, const char *name)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_link link;
	struct wgc_sys sys;
	int code;

	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	if (!strcmp(verb, "up") && !wgc_nl_link_get(sys.nl, name, &link, NULL))
		code = fail(ui, "the interface '%s' is there already", name);
	else if (!strcmp(verb, "down"))
		code = down(ui, &sys, arg, name);
	else
		code = with_profile(ui, &sys, verb, path, name);
	wgc_sys_close(&sys);
	return code;
}

int wgc_quick_main(struct wgc_ui *ui, int argc, char **argv)
{
	WGC_AUTO_FREE char *path = NULL;
	WGC_AUTO_FREE char *name = NULL;
	const char *verb = argc > 1 ? argv[1] : "";
	bool stripping = !strcmp(verb, "strip");

	if (argc == 2 && (!strcmp(verb, "--help") || !strcmp(verb, "-h") || !strcmp(verb, "help"))) {
		usage(ui->program);
		return WGC_EXIT_OK;
	}
	if (argc != 3 || (strcmp(verb, "up") && strcmp(verb, "down") && strcmp(verb, "save") && !stripping))
		return usage(ui->program);
	/* Printing a file that the caller may read needs no more rights than that. */
	if (geteuid() != 0 && !stripping)
		return become_root(ui, argc, argv);
	if (!strcmp(verb, "down") && wgc_ifname_valid(argv[2]))
		/* The journal knows; the file may be gone. */
		name = strdup(argv[2]);
	else if (resolve(ui, argv[2], &path, &name))
		return WGC_EXIT_FAILED;
	if (stripping)
		return strip(ui, path);
	return name && !act(ui, verb, argv[2], path, name) ? WGC_EXIT_OK : WGC_EXIT_FAILED;
}
