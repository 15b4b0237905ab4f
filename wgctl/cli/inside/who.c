// SPDX-License-Identifier: GPL-2.0
/*
 * who: as whom a program runs inside. The environment is believed in one thing
 * only, and only by root: who to become. That gives nobody a right that he has not.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/inside/inside.h"

static int unknown(const char *user, struct wgc_err *err)
{
	wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "there is no user '%s'", user);
	wgc_err_hint(err, "--user names another one");
	return -ENOENT;
}

/* A name, or the number of somebody who has a name. */
static struct passwd *find(const char *user)
{
	struct passwd *pw = getpwnam(user);
	uint64_t uid;

	if (!pw && wgc_parse_u64(user, UINT32_MAX - 1, &uid) == 0)
		pw = getpwuid((uid_t)uid);
	return pw;
}

/* Whom to become when nobody says: who asked for root's rights, or nobody else. */
static const char *asked_by(void)
{
	static const char *const names[] = { "SUDO_UID", "PKEXEC_UID", "DOAS_USER" };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(names); i++) {
		const char *v = getenv(names[i]);

		if (v && *v)
			return v;
	}
	return NULL;
}

static int fill_user(struct wgc_arena *a, const struct passwd *pw, struct wgc_who *w)
{
	w->uid = pw->pw_uid;
	w->gid = pw->pw_gid;
	w->name = wgc_arena_strdup(a, pw->pw_name);
	w->home = wgc_arena_strdup(a, pw->pw_dir && *pw->pw_dir ? pw->pw_dir : "/");
	w->shell = wgc_arena_strdup(a, pw->pw_shell && *pw->pw_shell ? pw->pw_shell : "/bin/sh");
	return w->name && w->home && w->shell ? 0 : -ENOMEM;
}

static int fill_groups(struct wgc_arena *a, struct wgc_who *w)
{
	int n = 64;

	for (int tries = 0; tries < 8; tries++) {
		gid_t *v = wgc_arena_alloc(a, (size_t)n * sizeof(*v));
		int room = n;

		if (!v)
			return -ENOMEM;
		if (getgrouplist(w->name, w->gid, v, &n) >= 0) {
			w->groups = v;
			w->n_groups = (size_t)n;
			return 0;
		}
		if (n <= room)
			n = 2 * room;
	}
	return -EOVERFLOW;
}

/* Without rights to be anybody else: as we are, also if nobody has given us a name. */
static int fill_self(struct wgc_arena *a, struct wgc_who *w)
{
	struct passwd *pw = getpwuid(getuid());
	struct passwd none = { .pw_name = (char *)"user", .pw_dir = getenv("HOME"), .pw_uid = getuid(), .pw_gid = getgid() };
	int r = fill_user(a, pw ?: &none, w);

	w->uid = getuid();
	w->gid = getgid();
	w->self = true;
	return r;
}

int wgc_who(struct wgc_arena *a, const char *user, bool root, struct wgc_who *ret, struct wgc_err *err)
{
	struct wgc_who w = { .root = root };
	struct passwd *pw;
	int r;

	if (geteuid() != 0) {
		if (user || root) {
			wgc_err_set(err, WGC_E_PERM, EPERM, "only root can run a program as %s", root ? "root" : "another user");
			wgc_err_hint(err, "run it again with sudo");
			return -EPERM;
		}
		r = fill_self(a, &w);
	} else {
		if (!user && !root)
			user = asked_by();
		pw = find(user ?: "0");
		if (!pw)
			return unknown(user ?: "0", err);
		r = fill_user(a, pw, &w);
		r = r ?: fill_groups(a, &w);
	}
	if (r == -ENOMEM)
		return wgc_err_nomem(err);
	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot find the groups of '%s'", w.name);
	*ret = w;
	return 0;
}
