// SPDX-License-Identifier: GPL-2.0
/*
 * The resolvconf(8) backend: openresolv, Debian's resolvconf, or resolvectl
 * under that name. One record for each tunnel, exclusive and first.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dns/internal.h"

#define TIMEOUT_MS 30000

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static int missing(struct wgc_err *err, const char *where)
{
	wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "there is no resolvconf program %s", where);
	wgc_err_hint(err, "install openresolv or resolvconf, or set DNSMode = file");
	return -ENOENT;
}

int wgc_dns_resolvconf_find(const struct wgc_dns_paths *paths, char **ret, struct wgc_err *err)
{
	const char *search = getenv("PATH");

	if (paths && paths->resolvconf_program) {
		if (!is_program(paths->resolvconf_program))
			return missing(err, paths->resolvconf_program);
		*ret = strdup(paths->resolvconf_program);
		return *ret ? 0 : wgc_err_nomem(err);
	}
	if (!search || !*search)
		search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (const char *dir = search, *end;; dir = end + 1) {
		char *path;

		end = strchrnul(dir, ':');
		/* An empty entry is the working directory: not for root. */
		if (end > dir && *dir == '/') {
			if (asprintf(&path, "%.*s/resolvconf", (int)(end - dir), dir) < 0)
				return wgc_err_nomem(err);
			if (is_program(path)) {
				*ret = path;
				return 0;
			}
			free(path);
		}
		if (!*end)
			return missing(err, "on PATH");
	}
}

/*
 * Debian's resolvconf orders records by their names: its interface-order file
 * lists patterns, and a record gets its place by bearing the prefix of the
 * first one that is letters, digits and a star ("tun*": "tun.office"). Other
 * implementations are links, or have no such file, and want the link's name.
 */
static int record_prefix(const struct wgc_dns_paths *paths, const char *program, struct wgc_str *out)
{
	const char *path = paths && paths->interface_order ? paths->interface_order : "/etc/resolvconf/interface-order";
	WGC_AUTO_FREE char *text = NULL;
	struct stat st;
	size_t len;
	int r;

	if (lstat(program, &st) == 0 && S_ISLNK(st.st_mode))
		return 0;
	r = wgc_read_file(path, 1u << 20, &text, &len);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t n = 0, end;

		while (wgc_isspace(*line))
			line++;
		end = strlen(line);
		while (end && wgc_isspace(line[end - 1]))
			end--;
		while (isascii(line[n]) && (isalnum((unsigned char)line[n]) || line[n] == '-'))
			n++;
		if (!n || line[n] != '*' || n + 1 != end)
			continue;
		wgc_str_addn(out, line, n);
		wgc_str_addc(out, '.');
		break;
	}
	return 0;
}

static int record_name(const char *ifname, const struct wgc_dns_paths *paths, const char *program, char **ret,
		       struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	if (record_prefix(paths, program, &out) < 0)
		return wgc_err_nomem(err);
	wgc_str_add(&out, ifname);
	*ret = wgc_str_steal(&out);
	return *ret ? 0 : wgc_err_nomem(err);
}

int wgc_dns_resolvconf_capture(const char *ifname, const struct wgc_dns_paths *paths, char **ret_inverse, struct wgc_err *err)
{
	WGC_AUTO_FREE char *program = NULL, *record = NULL;
	char *text;
	int r;

	r = wgc_dns_resolvconf_find(paths, &program, err);
	if (r == 0)
		r = record_name(ifname, paths, program, &record, err);
	if (r < 0)
		return r;
	if (asprintf(&text, "%s %s", record, program) < 0)
		return wgc_err_nomem(err);
	*ret_inverse = text;
	return 0;
}

bool wgc_dns_is_resolvectl(const char *program)
{
	WGC_AUTO_FREE char *real = realpath(program, NULL);
	const char *base = real ? strrchr(real, '/') : NULL;

	return base && (!strcmp(base, "/resolvectl") || !strcmp(base, "/systemd-resolve"));
}

int wgc_dns_resolvconf_apply(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
			     struct wgc_str *note, struct wgc_err *err)
{
	WGC_AUTO_FREE char *program = NULL, *record = NULL;
	WGC_AUTO_STR struct wgc_str lines = { 0 };
	bool resolvectl;
	int r;

	r = wgc_dns_resolvconf_find(paths, &program, err);
	if (r == 0)
		r = record_name(ifname, paths, program, &record, err);
	if (r < 0)
		return r;
	resolvectl = wgc_dns_is_resolvectl(program);
	r = wgc_dns_lines(w, resolvectl, &lines, err);
	if (r < 0)
		return r;
	/* To resolvectl -x is `~.`; to the others, which cannot part names, the
	 * way to be asked before the servers outside. */
	r = wgc_dns_run(program, (char *[]){ program, "-a", record, "-m", "0", w->all || !resolvectl ? "-x" : NULL, NULL },
			wgc_str_get(&lines), TIMEOUT_MS, err);
	if (r == 0 && !resolvectl)
		wgc_dns_warn_routed(w, program, note);
	return r;
}

/* Where records are kept differs from one implementation to the next; what they
 * are for does not. */
enum wgc_dns_effect wgc_dns_resolvconf_effect(const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
					      char ret_why[static 256])
{
	const char *path = wgc_dns_resolv_conf(paths);
	WGC_AUTO_FREE char *text = NULL;
	char server[64];
	size_t len, n = w->profile->n_dns_servers;
	int r = wgc_read_file(path, 1u << 20, &text, &len);

	if (r < 0) {
		snprintf(ret_why, 256, "%s cannot be read: %s", path, strerror(-r));
		return WGC_DNS_EFFECT_NO;
	}
	for (size_t i = 0; i < n; i++) {
		const char *s = wgc_dns_server_at(text, i, server);

		if (s && !strcmp(s, w->profile->dns_servers[i].s))
			continue;
		/* A resolver on this machine that resolvconf feeds asks ours. */
		if (s && !strncmp(s, "127.", 4)) {
			snprintf(ret_why, 256, "%s names %s, and whom that asks is not known", path, s);
			return WGC_DNS_EFFECT_UNKNOWN;
		}
		/* libc reads three of them, and openresolv writes no more. */
		if (!s && i >= 3)
			break;
		snprintf(ret_why, 256, "%s names %s where %s should be", path, s ?: "nothing", w->profile->dns_servers[i].s);
		return WGC_DNS_EFFECT_NO;
	}
	snprintf(ret_why, 256, "%s names the tunnel's servers first", path);
	return WGC_DNS_EFFECT_YES;
}

int wgc_dns_resolvconf_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths,
			       struct wgc_err *err)
{
	const char *space = inverse ? strchr(inverse, ' ') : NULL;
	WGC_AUTO_FREE char *program = NULL, *record = NULL;
	int r;

	/* The program that took the record is the one that can drop it. */
	if (space && is_program(space + 1)) {
		program = strdup(space + 1);
		record = strndup(inverse, (size_t)(space - inverse));
		if (!program || !record)
			return wgc_err_nomem(err);
	} else {
		r = wgc_dns_resolvconf_find(paths, &program, err);
		if (r == 0 && space && space > inverse) {
			record = strndup(inverse, (size_t)(space - inverse));
			r = record ? 0 : wgc_err_nomem(err);
		} else if (r == 0) {
			r = record_name(ifname, paths, program, &record, err);
		}
		if (r < 0)
			return r;
	}
	return wgc_dns_run(program, (char *[]){ program, "-d", record, "-f", NULL }, "", TIMEOUT_MS, err);
}
