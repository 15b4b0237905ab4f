// SPDX-License-Identifier: GPL-2.0
/*
 * The file backend: /etc/resolv.conf itself. Where the file is a mount of its
 * own (containers, `ip netns exec`) it is written in place: replacing it is
 * impossible there, and where it is reached through a symbolic link replacing
 * the link would change the file of all other namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dns/internal.h"

#define MAX_SIZE (1u << 20)
#define LOCK_TRIES 1000 /* of 10 ms */

/* resolv.conf as it is. */
struct state {
	struct wgc_dns_base is;
	bool mounted; /* the file is a mount of its own */
	struct wgc_dns_layers layers;
};

static void state_done(struct state *s)
{
	wgc_dns_base_done(&s->is);
	wgc_dns_layers_done(&s->layers);
}

const char *wgc_dns_resolv_conf(const struct wgc_dns_paths *paths)
{
	return paths && paths->resolv_conf ? paths->resolv_conf : "/etc/resolv.conf";
}

static int io_error(struct wgc_err *err, int r, const char *doing, const char *path)
{
	wgc_err_set(err, r == -EACCES ? WGC_E_PERM : WGC_E_IO, -r, "cannot %s %s: %s", doing, path, strerror(-r));
	if (r == -EROFS)
		wgc_err_hint(err, "the file system is read-only; DNSMode = none leaves the resolver alone");
	else if (r == -EPERM)
		wgc_err_hint(err, "lsattr %s tells whether it is immutable; DNSMode = none leaves the resolver alone", path);
	return r;
}

/* The boot's id, or "" when it is not known. */
static void read_boot(const struct wgc_dns_paths *paths, char ret[static 64])
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len, n = 0;

	if (wgc_read_file(paths && paths->boot_id ? paths->boot_id : "/proc/sys/kernel/random/boot_id", 4096, &text, &len) == 0)
		while (n < 63 && text[n] > ' ' && text[n] < 0x7f)
			n++;
	if (n)
		memcpy(ret, text, n);
	ret[n] = '\0';
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Reading, changing and writing the stack must not mix with another process'
 * doing the same. The file itself is replaced, so its directory is the lock. */
static int lock(const char *path, int *ret_fd, struct wgc_err *err)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	WGC_AUTO_FREE char *dir = directory_of(path);
	WGC_AUTO_FD int fd = -1;

	if (!dir)
		return wgc_err_nomem(err);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return io_error(err, -errno, "open", dir);
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		/* A file system without locks has no second wgctl to fear. */
		if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS)
			break;
		if ((errno != EWOULDBLOCK && errno != EINTR) || i >= LOCK_TRIES)
			return io_error(err, -errno, "lock", dir);
		nanosleep(&pause, NULL);
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static bool is_mount(const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int read_link(const char *path, char **ret)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	*ret = strndup(target, (size_t)n);
	return *ret ? 0 : -ENOMEM;
}

static int read_content(const char *path, struct wgc_dns_base *b, struct wgc_err *err)
{
	WGC_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t len;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return io_error(err, -errno, "read", path);
	if (!S_ISREG(st.st_mode))
		return wgc_err_set(err, WGC_E_IO, EINVAL, "%s is not a regular file", path);
	r = wgc_read_fd(fd, MAX_SIZE, &b->text, &len);
	if (r < 0)
		return io_error(err, r, "read", path);
	if (strlen(b->text) != len)
		return wgc_err_set(err, WGC_E_IO, EINVAL, "%s holds a zero byte: it is not a resolv.conf", path);
	b->kind = WGC_DNS_KIND_FILE;
	b->mode = st.st_mode & 07777;
	b->uid = st.st_uid;
	b->gid = st.st_gid;
	return 0;
}

static int read_state(const char *path, const char *boot, struct state *ret, struct wgc_err *err)
{
	struct state s = { 0 };
	struct stat st;
	int r = 0;

	s.mounted = is_mount(path);
	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			return io_error(err, -errno, "read", path);
	} else if (S_ISLNK(st.st_mode) && !s.mounted) {
		s.is.kind = WGC_DNS_KIND_LINK;
		r = read_link(path, &s.is.text);
		if (r < 0)
			io_error(err, r, "read", path);
	} else {
		r = read_content(path, &s.is, err);
		if (r == 0 && wgc_dns_layers_read(s.is.text, boot, &s.layers) < 0)
			r = wgc_err_nomem(err);
	}
	if (r < 0) {
		state_done(&s);
		return r;
	}
	*ret = s;
	return 0;
}

/* Where a file of ours lost the line that says what was there, nothing can be
 * built on it. */
static int check_base(const struct state *s, const char *path, struct wgc_err *err)
{
	if (!s->layers.ours || s->layers.has_base)
		return 0;
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "%s was written by wgctl and then changed: what was there before is lost", path);
	wgc_err_hint(err, "write it anew without the lines that begin with '#wgctl', then try again");
	return -EEXIST;
}

/* ---- writing ------------------------------------------------------------------- */

/* New text first and cutting off the rest afterwards: at no moment is the file
 * empty. */
static int write_in_place(const char *path, const char *text)
{
	WGC_AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = wgc_write_all(fd, text, strlen(text));
	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)strlen(text)) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int fill(int fd, const struct wgc_dns_base *b)
{
	int r;

	/* In a user namespace the owner may have no number: the mode still counts. */
	if (fchown(fd, b->uid, b->gid) < 0 && errno != EPERM && errno != EINVAL)
		return -errno;
	if (fchmod(fd, b->mode) < 0)
		return -errno;
	r = wgc_write_all(fd, b->text, strlen(b->text));
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

/*
 * The new file has the same name every time, which the lock allows: what a killed
 * process left under it is gone with the next change, the undoing one at the latest.
 */
static int replace(const char *path, const char *temp, const struct wgc_dns_base *b)
{
	int fd, r;

	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (b->kind == WGC_DNS_KIND_FILE)
		r = fill(fd, b);
	else
		r = unlink(temp) < 0 || symlink(b->text, temp) < 0 ? -errno : 0;
	close(fd);
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temp);
	return r;
}

static int remove_leftover(const char *temp)
{
	struct stat st;

	if (lstat(temp, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return unlink(temp) < 0 ? -errno : 0;
}

/* Make @path what @b says. @now tells how it may be written. */
static int put(const char *path, const struct state *now, const struct wgc_dns_base *b, struct wgc_err *err)
{
	WGC_AUTO_FREE char *temp = NULL;
	int r;

	if (asprintf(&temp, "%s.wgctl-new", path) < 0) {
		temp = NULL;
		return wgc_err_nomem(err);
	}
	r = remove_leftover(temp);
	if (r < 0)
		return io_error(err, r, "remove", temp);
	if (b->kind == WGC_DNS_KIND_ABSENT)
		r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	else if (b->kind == WGC_DNS_KIND_FILE && now->mounted)
		r = write_in_place(path, b->text);
	else
		r = replace(path, temp, b);
	/* A mount that the kernel did not tell us of, or a directory that may
	 * not be changed around a file that may. */
	if ((r == -EBUSY || r == -EROFS || r == -EACCES) && b->kind == WGC_DNS_KIND_FILE && !now->mounted &&
	    now->is.kind == WGC_DNS_KIND_FILE)
		r = write_in_place(path, b->text);
	if (r < 0)
		return io_error(err, r, b->kind == WGC_DNS_KIND_ABSENT ? "remove" : "write", path);
	return 0;
}

static int put_layers(const char *path, const struct state *now, const char *boot, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	struct wgc_dns_base b = { .kind = WGC_DNS_KIND_FILE, .mode = 0644, .uid = geteuid(), .gid = getegid() };

	wgc_dns_layers_write(&now->layers, boot, &text);
	if (text.oom)
		return wgc_err_nomem(err);
	if (now->is.kind == WGC_DNS_KIND_FILE) {
		b.mode = now->is.mode;
		b.uid = now->is.uid;
		b.gid = now->is.gid;
	}
	b.text = text.s;
	return put(path, now, &b, err);
}

/* ---- the backend ------------------------------------------------------------------ */

/* Nothing is there before the first tunnel of a namespace. */
static bool has_directory(const struct wgc_dns_paths *paths)
{
	WGC_AUTO_FREE char *dir = directory_of(wgc_dns_resolv_conf(paths));

	return !dir || access(dir, F_OK) == 0 || errno != ENOENT;
}

static int make_directory(const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	WGC_AUTO_FREE char *dir = directory_of(wgc_dns_resolv_conf(paths));
	int r = dir ? wgc_mkdir_p(dir, 0755) : -ENOMEM;

	return r < 0 ? io_error(err, r, "make", dir ?: "a directory") : 0;
}

/* And the one above, which is for such directories only. */
static void remove_directories(const struct wgc_dns_paths *paths)
{
	WGC_AUTO_FREE char *dir = directory_of(wgc_dns_resolv_conf(paths)), *above = dir ? directory_of(dir) : NULL;

	if (above && rmdir(dir) == 0)
		rmdir(above);
}

int wgc_dns_file_capture(const struct wgc_dns_paths *paths, char **ret_inverse, struct wgc_err *err)
{
	WGC_CLEANUP(state_done) struct state s = { 0 };
	WGC_AUTO_STR struct wgc_str out = { 0 };
	const char *path = wgc_dns_resolv_conf(paths);
	WGC_AUTO_FD int fd = -1;
	char boot[64], *text;
	int r;

	read_boot(paths, boot);
	if (!paths || !paths->own_directory || has_directory(paths)) {
		r = lock(path, &fd, err);
		r = r ?: read_state(path, boot, &s, err);
		r = r ?: check_base(&s, path, err);
		if (r < 0)
			return r;
	}
	wgc_dns_base_write(s.layers.has_base ? &s.layers.base : &s.is, &out);
	text = wgc_str_steal(&out);
	if (!text)
		return wgc_err_nomem(err);
	*ret_inverse = text;
	return 0;
}

int wgc_dns_file_apply(const char *ifname, const char *lines, const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	WGC_CLEANUP(state_done) struct state s = { 0 };
	const char *path = wgc_dns_resolv_conf(paths);
	WGC_AUTO_FD int fd = -1;
	char boot[64];
	int r;

	read_boot(paths, boot);
	r = paths && paths->own_directory ? make_directory(paths, err) : 0;
	r = r ?: lock(path, &fd, err);
	r = r ?: read_state(path, boot, &s, err);
	r = r ?: check_base(&s, path, err);
	if (r < 0)
		return r;
	if (!s.layers.has_base) {
		s.layers.base = s.is;
		s.layers.has_base = true;
		/* The layers own the text now. */
		s.is.text = NULL;
	}
	r = wgc_dns_layers_push(&s.layers, ifname, lines);
	if (r == -ENOMEM)
		return wgc_err_nomem(err);
	if (r < 0)
		return wgc_err_set(err, WGC_E_INTERNAL, -r, "'%s' is not a link name", ifname);
	return put_layers(path, &s, boot, err);
}

/* Not ours any more. Said only where it is not what we would have put back: a
 * second undo after a crash finds the first one's work. */
static void say_foreign(const struct state *s, const char *inverse, const char *path, struct wgc_str *note)
{
	struct wgc_dns_base was = { 0 };
	const char *owner;

	if (!note || !inverse || wgc_dns_base_read(inverse, &was) < 0)
		return;
	owner = s->is.kind == WGC_DNS_KIND_ABSENT ? NULL :
						    wgc_dns_owner(s->is.kind == WGC_DNS_KIND_FILE ? s->is.text : NULL,
								  s->is.kind == WGC_DNS_KIND_LINK ? s->is.text : NULL);
	if (was.kind != s->is.kind || (was.text && strcmp(was.text, s->is.text)))
		wgc_str_addf(note, "%s was %s%s%s while the tunnel was up; it is left as it is", path,
			     s->is.kind == WGC_DNS_KIND_ABSENT ? "removed" : "replaced", owner ? " by " : "", owner ?: "");
	wgc_dns_base_done(&was);
}

/* Somebody changed the very lines that we had written. Theirs from now on. */
static int leave_changed(struct state *s, const char *path, struct wgc_str *note, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	struct wgc_dns_base b = s->is;

	wgc_dns_without_marks(s->is.text, &text);
	b.text = (char *)wgc_str_get(&text);
	if (text.oom)
		return wgc_err_nomem(err);
	if (note)
		wgc_str_addf(note, "%s was edited while the tunnel was up; it is left as it is, and what was there before is not put back",
			     path);
	return put(path, s, &b, err);
}

/* The original; lines that were added to ours go over to it. */
static int put_back(struct state *s, const char *path, struct wgc_str *note, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	struct wgc_dns_base b = s->layers.base;

	if (!s->layers.extra)
		return put(path, s, &b, err);
	if (b.kind == WGC_DNS_KIND_FILE) {
		size_t len = strlen(b.text);

		wgc_str_addf(&text, "%s%s%s", b.text, len && b.text[len - 1] != '\n' ? "\n" : "", s->layers.extra);
		if (text.oom)
			return wgc_err_nomem(err);
		b.text = text.s;
	}
	if (note)
		wgc_str_addf(note, "%s was edited while the tunnel was up; what was there before is put back, %s the lines that were added: %.*s",
			     path, b.kind == WGC_DNS_KIND_FILE ? "with" : "without", (int)strcspn(s->layers.extra, "\n"),
			     s->layers.extra);
	return put(path, s, &b, err);
}

static int restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_str *note,
			 struct wgc_err *err)
{
	WGC_CLEANUP(state_done) struct state s = { 0 };
	const char *path = wgc_dns_resolv_conf(paths);
	struct wgc_err lock_err = WGC_ERR_INIT;
	WGC_AUTO_FD int fd = -1;
	char boot[64];
	int r;

	read_boot(paths, boot);
	r = lock(path, &fd, &lock_err);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		if (err)
			*err = lock_err;
		return r;
	}
	r = read_state(path, boot, &s, err);
	if (r < 0)
		return r;
	if (!s.layers.ours) {
		say_foreign(&s, inverse, path, note);
		return 0;
	}
	/* No layer of any tunnel that can be up: the file is left over. */
	if (s.layers.n && !wgc_dns_layers_drop(&s.layers, ifname))
		return 0;
	if (s.layers.changed)
		return leave_changed(&s, path, note, err);
	if (!s.layers.has_base) {
		r = wgc_dns_base_read(inverse ? inverse : "", &s.layers.base);
		if (r == -ENOMEM)
			return wgc_err_nomem(err);
		if (r < 0)
			return check_base(&s, path, err);
		s.layers.has_base = true;
	}
	if (s.layers.n)
		return put_layers(path, &s, boot, err);
	if (s.mounted && s.layers.base.kind != WGC_DNS_KIND_FILE)
		return io_error(err, -EBUSY, "put back", path);
	return put_back(&s, path, note, err);
}

int wgc_dns_file_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_str *note,
			 struct wgc_err *err)
{
	int r = restore(ifname, inverse, paths, note, err);

	if (r == 0 && paths && paths->own_directory)
		remove_directories(paths);
	return r;
}

static bool may_be_ours(const char *path)
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len;

	return wgc_read_file(path, MAX_SIZE, &text, &len) == 0 && wgc_dns_has_marks(text);
}

int wgc_dns_leftover(const struct wgc_dns_paths *paths, struct wgc_str *note, struct wgc_err *err)
{
	WGC_CLEANUP(state_done) struct state s = { 0 };
	const char *path = wgc_dns_resolv_conf(paths);
	WGC_AUTO_FD int fd = -1;
	char boot[64];
	int r;

	if (!may_be_ours(path))
		return 0;
	read_boot(paths, boot);
	r = lock(path, &fd, err);
	r = r ?: read_state(path, boot, &s, err);
	if (r < 0 || !s.layers.ours || s.layers.n || !s.layers.has_base || (s.mounted && s.layers.base.kind != WGC_DNS_KIND_FILE))
		return r;
	if (s.layers.changed)
		return leave_changed(&s, path, note, err);
	wgc_str_addf(note, "%s was still that of a tunnel from before the last start of the machine: what was there before that is put back",
		     path);
	return put_back(&s, path, NULL, err);
}

enum wgc_dns_effect wgc_dns_file_effect(const char *ifname, const char *lines, const struct wgc_dns_paths *paths,
					char ret_why[static 256])
{
	WGC_CLEANUP(state_done) struct state s = { 0 };
	const char *path = wgc_dns_resolv_conf(paths);
	struct wgc_err err = WGC_ERR_INIT;
	const char *owner;
	char boot[64];

	read_boot(paths, boot);
	/* Without the lock: whoever writes replaces the file as a whole. */
	if (read_state(path, boot, &s, &err) < 0) {
		snprintf(ret_why, 256, "%s", err.msg);
		return WGC_DNS_EFFECT_UNKNOWN;
	}
	owner = wgc_dns_owner(s.is.text, s.is.kind == WGC_DNS_KIND_LINK ? s.is.text : NULL);
	for (size_t i = 0; i < s.layers.n; i++) {
		if (strcmp(s.layers.v[i].ifname, ifname))
			continue;
		if (s.layers.changed || strcmp(s.layers.v[i].lines, lines)) {
			snprintf(ret_why, 256, "%s was edited: the lines for %s are not what was set", path, ifname);
			return WGC_DNS_EFFECT_NO;
		}
		snprintf(ret_why, 256, i + 1 < s.layers.n ? "%s has the lines of %s below those of %s, which came later" : "%s has the lines of %s",
			 path, ifname, s.layers.v[s.layers.n - 1].ifname);
		return WGC_DNS_EFFECT_YES;
	}
	snprintf(ret_why, 256, "%s says nothing of %s%s%s", path, ifname, owner && !s.layers.ours ? "; it was written by " : "",
		 owner && !s.layers.ours ? owner : "");
	return WGC_DNS_EFFECT_NO;
}
