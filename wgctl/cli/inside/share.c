// SPDX-License-Identifier: GPL-2.0
/*
 * share: several `run`s of one profile have one tunnel. Whoever finds nobody
 * inside any more takes it down: the `run` whose program ends last, or a process
 * that was left behind because programs left processes behind, or because the
 * `run` was killed. One lock is held from before `up` until the program is
 * inside, and while one looks who is inside and takes the tunnel down: so nobody
 * enters a tunnel that is just going.
 *
 * If all of them were killed, the note stays, and the next `run` of the profile
 * takes over; `down` works as always.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inside/share.h"

/* What ends with the program needs a moment to do so. */
#define GRACE_MS 1000
#define STARTING "starting"

static char *path_of(const struct wgc_share *s, const char *ending)
{
	char *path;

	return asprintf(&path, "%s%s", s->base, ending) < 0 ? NULL : path;
}

static void remove_file(const struct wgc_share *s, const char *ending)
{
	WGC_AUTO_FREE char *path = path_of(s, ending);

	if (path)
		unlink(path);
}

static bool is_still(const char *path, int fd)
{
	struct stat got, there;

	return fstat(fd, &got) == 0 && stat(path, &there) == 0 && got.st_ino == there.st_ino && got.st_dev == there.st_dev;
}

/* Whoever lets go removes the file: what was locked may be another one by then. -EAGAIN. */
static int open_locked(const char *path, int how)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), e;

	while (fd >= 0 && flock(fd, how) < 0) {
		if (errno == EINTR)
			continue;
		e = errno;
		close(fd);
		return e == EAGAIN ? -EBUSY : -e;
	}
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (is_still(path, fd))
		return fd;
	close(fd);
	return -EAGAIN;
}

/* With @noted only while there is a note: -ENOENT without @err. */
static int lock(const char *run_dir, const char *name, bool noted, struct wgc_share *ret, struct wgc_err *err)
{
	WGC_AUTO_FREE char *dir = NULL, *path = NULL;
	struct wgc_share s = WGC_SHARE_INIT;
	int r = -EAGAIN;

	if (asprintf(&dir, "%s/.run", run_dir) < 0 || asprintf(&s.base, "%s/.run/%s", run_dir, name) < 0)
		return wgc_err_nomem(err);
	path = path_of(&s, ".lock");
	while (r == -EAGAIN) {
		r = noted && access(s.base, F_OK) < 0 ? -ENOENT : 0;
		if (r == 0)
			r = path ? wgc_mkdir_p(dir, 0700) : -ENOMEM;
		if (r == 0)
			r = s.lock = open_locked(path, LOCK_EX);
	}
	if (r < 0) {
		free(s.base);
		if (!noted || r != -ENOENT)
			wgc_err_set(err, r == -EACCES ? WGC_E_PERM : WGC_E_IO, -r, "cannot lock '%s/%s': %s", dir, name, strerror(-r));
		return r;
	}
	*ret = s;
	return 0;
}

int wgc_share_lock(const char *run_dir, const char *name, struct wgc_share *ret, struct wgc_err *err)
{
	return lock(run_dir, name, false, ret, err);
}

void wgc_share_unlock(struct wgc_share *s)
{
	char *slash = s->base ? strrchr(s->base, '/') : NULL;

	if (!s->base)
		return;
	remove_file(s, ".lock");
	/* Where others have notes it stays. */
	*slash = '\0';
	rmdir(s->base);
	s->lock = wgc_close(s->lock);
	free(WGC_TAKE(s->base));
}

static void note_of(const struct wgc_up_info *up, struct wgc_str *out)
{
	if (up)
		wgc_str_addf(out, "%lld %s", (long long)up->since, up->home_id);
	else
		wgc_str_add(out, STARTING);
}

int wgc_share_note(struct wgc_share *s, const struct wgc_up_info *up, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	int r;

	note_of(up, &text);
	r = text.oom ? -ENOMEM : wgc_write_file_atomic(s->base, text.s, text.len, 0600);
	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot write '%s': %s", s->base, strerror(-r));
	return 0;
}

bool wgc_share_is_ours(const struct wgc_share *s, const struct wgc_up_info *up)
{
	WGC_AUTO_STR struct wgc_str want = { 0 };
	WGC_AUTO_FREE char *text = NULL;
	size_t len;

	note_of(up, &want);
	/* Killed between `up` and the note. */
	return wgc_read_file(s->base, 4096, &text, &len) == 0 && (!strcmp(text, STARTING) || !strcmp(text, wgc_str_get(&want)));
}

void wgc_share_forget(const struct wgc_share *s)
{
	remove_file(s, "");
	remove_file(s, ".watch");
}

static const struct wgc_up_info *find(const struct wgc_up_info *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return &v[i];
	return NULL;
}

/* With the lock: 1 when somebody is inside. */
static int end_locked(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a, const struct wgc_share *s, const char *name,
		      int *ret_code)
{
	const struct wgc_up_info *up;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_up_info *v = NULL;
	struct wgc_ns_id id;
	size_t n = 0;

	if (wgc_plan_list(sys, a, &v, &n, &err) < 0) {
		*ret_code = wgc_show_err(ui, NULL, &err, NULL);
		return 0;
	}
	up = find(v, n, name);
	if (up && !wgc_share_is_ours(s, up))
		return 0;
	/* Who cannot be looked for may be there. */
	if (up && wgc_ns_id_parse(up->home_id, &id) && wgc_ns_wait_empty(&id, 0))
		return 1;
	if (up)
		*ret_code = wgc_down_one(ui, sys, name, false, false, 0, NULL);
	if (!*ret_code)
		wgc_share_forget(s);
	return 0;
}

/* The namespace of the tunnel, if it is one of ours. */
static bool home_of(struct wgc_sys *sys, const char *name, struct wgc_ns_id *ret)
{
	struct wgc_arena *a = wgc_arena_new();
	const struct wgc_up_info *up = NULL;
	struct wgc_up_info *v = NULL;
	size_t n = 0;
	bool known;

	if (a && wgc_plan_list(sys, a, &v, &n, NULL) == 0)
		up = find(v, n, name);
	known = up && wgc_ns_id_parse(up->home_id, ret);
	wgc_arena_free(a);
	return known;
}

/* 1 when somebody is inside. */
static int end(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, bool noted, struct wgc_share *s, int *ret_code)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	int r = a ? lock(sys->run_dir, name, noted, s, &err) : wgc_err_nomem(&err);

	if (r < 0 && !(noted && r == -ENOENT))
		*ret_code = wgc_show_err(ui, NULL, &err, NULL);
	else if (r == 0)
		r = end_locked(ui, sys, a, s, name, ret_code);
	wgc_arena_free(a);
	return r;
}

int wgc_share_end(struct wgc_ui *ui, const char *name, int *ret_code)
{
	struct wgc_share s = WGC_SHARE_INIT;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_ns_id id;
	struct wgc_sys sys;
	bool go_on;
	int r = 0;

	*ret_code = 0;
	if (wgc_sys_open(&sys, &err) < 0) {
		*ret_code = wgc_show_err(ui, NULL, &err, NULL);
		return 0;
	}
	go_on = home_of(&sys, name, &id) && wgc_ns_wait_children(&id, GRACE_MS) == 1;
	r = end(ui, &sys, name, false, &s, ret_code);
	wgc_share_unlock(&s);
	wgc_sys_close(&sys);
	return r == 1 && !go_on ? 0 : r;
}

/* ---- left behind -------------------------------------------------------------------- */

/* Only one; it lets go before the lock of the `run`s is free, so that the next
 * `run` either finds it at work or starts another one. As long as the `run` lives
 * that left it, that one looks itself, and is not to wait for two. */
static void watch(const char *name, int run)
{
	struct wgc_ui ui = { .program = "wgctl", .quiet = true };
	struct wgc_share s = WGC_SHARE_INIT;
	struct pollfd its_end = { .fd = run };
	WGC_AUTO_FREE char *path = NULL;
	struct wgc_ns_id id;
	struct wgc_sys sys;
	int mine, code = 0;

	if (wgc_sys_open(&sys, NULL) < 0 || asprintf(&path, "%s/.run/%s.watch", sys.run_dir, name) < 0)
		return;
	mine = open_locked(path, LOCK_EX | LOCK_NB);
	while (mine >= 0 && poll(&its_end, 1, -1) < 0 && errno == EINTR)
		;
	/* It has taken the tunnel down itself, and what is there now is another's. */
	if (mine >= 0 && !is_still(path, mine))
		mine = wgc_close(mine);
	while (mine >= 0) {
		bool somebody;

		if (home_of(&sys, name, &id) && wgc_ns_wait_empty(&id, -1) < 0)
			break;
		somebody = end(&ui, &sys, name, true, &s, &code) == 1;
		if (!somebody)
			mine = wgc_close(mine);
		wgc_share_unlock(&s);
	}
	wgc_close(mine);
	wgc_sys_close(&sys);
}

static void left_behind(int keep, int end_fd, void *arg)
{
	int run = fcntl(end_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	setsid();
	if (chdir("/") < 0)
		return;
	/* Messages have nowhere to go, and must not go into a file that gets their number. */
	if (run >= 0 && dup2(keep, STDOUT_FILENO) >= 0 && dup2(keep, STDERR_FILENO) >= 0)
		watch(arg, run);
}

int wgc_share_watch(struct wgc_share *s, const char *name)
{
	WGC_AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	s->watcher = null < 0 ? -errno : wgc_apart(null, left_behind, (void *)name);
	return s->watcher < 0 ? s->watcher : 0;
}
