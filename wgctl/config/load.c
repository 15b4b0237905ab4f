// SPDX-License-Identifier: GPL-2.0
/* Profiles in files: reading, and who else may read or write them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/internal.h"

#define MAX_FILE ((size_t)1 << 30)

void wgc_source_free(struct wgc_source *src)
{
	if (src->text)
		wgc_wipe((char *)src->text, src->len);
	free((char *)src->text);
	free((char *)src->path);
	*src = (struct wgc_source){ 0 };
}

static int fail(struct wgc_err *err, const char *path, int error)
{
	enum wgc_code code = error == ENOENT ? WGC_E_NOT_FOUND : error == EACCES || error == EPERM ? WGC_E_PERM : WGC_E_IO;

	if (error == ENOMEM)
		return wgc_err_nomem(err);
	wgc_err_set(err, code, error, "cannot read '%s': %s", path, strerror(error));
	if (code == WGC_E_PERM && geteuid())
		wgc_err_hint(err, "profiles hold secrets: try again as root");
	return -error;
}

/* office.conf, office.json: office. */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t n = strlen(base);

	if (n > 5 && (wgc_streq_nocase(base + n - 5, ".conf") || wgc_streq_nocase(base + n - 5, ".json")))
		n -= 5;
	return strndup(base, n);
}

static struct wgc_span first_secret(const struct wgc_profile *p)
{
	if (p->device.flags & WGC_DEVICE_HAS_PRIVATE_KEY)
		return p->device.private_key_at;
	for (size_t i = 0; i < p->n_peers; i++)
		if (p->peers[i].peer.flags & WGC_PEER_HAS_PRESHARED_KEY)
			return p->peers[i].peer.at;
	return (struct wgc_span){ 0 };
}

/* What runs as whoever brings the tunnel up. */
static struct wgc_span first_command(const struct wgc_profile *p)
{
	struct wgc_span at = { 0 };

	if (p->private_key_command.n)
		at = p->private_key_command.v[0].at;
	for (size_t i = 0; i < WGC_N_HOOKS; i++)
		if (p->hooks[i].n && (!at.line || p->hooks[i].v[0].at.line < at.line))
			at = p->hooks[i].v[0].at;
	return at;
}

/* wg-quick's own warning: the file and its directory are open to everybody. */
static void world_accessible(const char *path, const struct stat *st, struct wgc_diags *diags)
{
	const char *slash = strrchr(path, '/');
	WGC_AUTO_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct stat up;

	if (dir && !stat(dir, &up) && st->st_mode & up.st_mode & S_IRWXO)
		wgc_diag_add(diags, true, (struct wgc_span){ 0 }, NULL, "`%s' is world accessible", path);
}

static void check_owner(const char *path, const struct stat *st, enum wgc_mode mode, bool allow_hooks,
			const struct wgc_profile *p, struct wgc_diags *diags)
{
	struct wgc_span secret = first_secret(p), command = first_command(p);
	struct wgc_diag *d;
	char hint[300];

	if (mode == WGC_COMPATIBLE && S_ISREG(st->st_mode))
		world_accessible(path, st, diags);
	if (mode != WGC_STRICT)
		return;
	/* A pipe or a terminal is nobody's to read. */
	if (secret.line && S_ISREG(st->st_mode) && st->st_mode & (S_IRGRP | S_IROTH)) {
		snprintf(hint, sizeof(hint), "chmod 600 %s", path);
		d = wgc_diag_add(diags, false, secret, hint, "%s can read this secret (mode %04o)",
				 st->st_mode & S_IROTH ? "everybody" : "the file's group", st->st_mode & 07777);
		if (d)
			d->secret = true;
	}
	if (!command.line || allow_hooks)
		return;
	if (st->st_uid != 0)
		wgc_diag_add(diags, false, command, "look at them, then: chown root the file, or --allow-hooks",
			     "commands in a file that root does not own would run as root");
	else if (S_ISREG(st->st_mode) && st->st_mode & (S_IWGRP | S_IWOTH))
		wgc_diag_add(diags, false, command, "look at them, then: chmod go-w the file, or --allow-hooks",
			     "commands in a file that others can write would run as root");
}

int wgc_config_load(const char *path, enum wgc_mode mode, bool allow_hooks, struct wgc_diags *diags,
		    struct wgc_source *ret_source, struct wgc_profile **ret, struct wgc_err *err)
{
	WGC_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	WGC_AUTO_FREE char *name = NULL;
	struct wgc_profile *p = NULL;
	size_t errors = diags->errors, len;
	char *text, *path_copy;
	struct stat st;
	int r;

	*ret_source = (struct wgc_source){ 0 };
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(err, path, errno);
	r = wgc_read_fd(fd, MAX_FILE, &text, &len);
	if (r)
		return fail(err, path, -r);
	name = name_of(path);
	path_copy = strdup(path);
	*ret_source = (struct wgc_source){ .path = path_copy, .text = text, .len = len };
	if (!name || !path_copy)
		return wgc_err_nomem(err);
	r = wgc_config_parse(text, len, path, name, wgc_config_format(path), mode, diags, &p);
	if (r == -ENOMEM)
		return wgc_err_nomem(err);
	if (!r) {
		/* The descriptor, not the path: the file may be another one by now. */
		check_owner(path, &st, mode, allow_hooks, p, diags);
		if (diags->errors != errors) {
			wgc_profile_free(p);
			r = -EINVAL;
		}
	}
	if (r)
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "'%s' is not a valid profile", path);
	*ret = p;
	return 0;
}
