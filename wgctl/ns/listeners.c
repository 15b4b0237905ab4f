// SPDX-License-Identifier: GPL-2.0
/*
 * Servers that listen at a path, wherever on the machine: the kernel lists them by
 * the network namespace in which their socket was made, so every namespace that a
 * process lives in is asked. One of another tunnel, or one beside all tunnels, is
 * as much outside as one of the caller's.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ns/internal.h"

#define MAX_LIST (256u << 20)
#define LISTENS 0x10000 /* __SO_ACCEPTCON */
#define DATAGRAM 2

struct found {
	struct wgc_str paths, relative; /* a line each */
	uint64_t *seen; /* inodes of namespaces */
	size_t n, cap;
};

static void keep(struct found *f, const char *path, size_t len)
{
	struct wgc_str *to = *path == '/' ? &f->paths : &f->relative;

	if (len >= PATH_MAX)
		return;
	wgc_str_addn(to, path, len);
	wgc_str_addc(to, '\n');
}

/* Of the kernel's list: who listens, or takes datagrams, at a path that is no abstract name. */
static void read_list(struct found *f, const char *list)
{
	for (const char *line = list, *end; *line; line = end + (*end != '\0')) {
		unsigned flags, type;
		int at = 0;

		end = line + strcspn(line, "\n");
		/* Num: RefCount Protocol Flags Type St Inode Path */
		if (sscanf(line, "%*s %*x %*x %x %x %*x %*u %n", &flags, &type, &at) < 2 || !at || line + at >= end || line[at] == '@')
			continue;
		if ((flags & LISTENS) || type == DATAGRAM)
			keep(f, line + at, (size_t)(end - line) - (size_t)at);
	}
}

static int list_of(struct found *f, const char *file)
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len;
	int r = wgc_read_file(file, MAX_LIST, &text, &len);

	if (r == 0)
		read_list(f, text);
	return r;
}

/* True the first time that it is asked for one. */
static bool is_new(struct found *f, uint64_t ino)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->seen[i] == ino)
			return false;
	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 16;
		uint64_t *v = realloc(f->seen, cap * sizeof(*v));

		/* Then it is read once more than it need be. */
		if (!v)
			return true;
		f->seen = v;
		f->cap = cap;
	}
	f->seen[f->n++] = ino;
	return true;
}

static void of_process(struct found *f, int proc, const char *pid)
{
	uint64_t ino;
	char path[300];
	int r = wgc_ns_ino_of(proc, (pid_t)strtol(pid, NULL, 10), &ino);

	/* An ordinary user sees his own. */
	if (r == 0 ? !is_new(f, ino) : r != -EACCES || geteuid())
		return;
	snprintf(path, sizeof(path), "/proc/%s/net/unix", pid);
	list_of(f, path);
}

/* A server may have named its socket by where it stood, as "./x": perhaps it is still there. */
static void place_relative(struct found *f, const char *pid, char last[static PATH_MAX])
{
	char link[300], dir[PATH_MAX], path[2 * PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%s/cwd", pid);
	n = readlink(link, dir, sizeof(dir) - 1);
	if (n <= 0 || dir[0] != '/')
		return;
	dir[n] = '\0';
	if (!strcmp(dir, last))
		return;
	memcpy(last, dir, (size_t)n + 1);
	for (const char *line = wgc_str_get(&f->relative), *end; *line; line = end + (*end != '\0')) {
		struct stat st;

		end = line + strcspn(line, "\n");
		if (snprintf(path, sizeof(path), "%s/%.*s", dir, (int)(end - line), line) < PATH_MAX && lstat(path, &st) == 0 &&
		    S_ISSOCK(st.st_mode))
			keep(f, path, strlen(path));
	}
}

static void each_process(struct found *f, bool relative)
{
	char last[PATH_MAX] = "";
	DIR *proc = opendir("/proc");
	struct dirent *e;

	while (proc && (e = readdir(proc))) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		if (relative)
			place_relative(f, e->d_name, last);
		else
			of_process(f, dirfd(proc), e->d_name);
	}
	if (proc)
		closedir(proc);
}

int wgc_ns_listeners(int but, char **ret, struct wgc_err *err)
{
	struct found f = { 0 };
	struct wgc_ns_id id;
	int r = 0;

	if (but >= 0 && wgc_ns_id(but, &id) == 0)
		is_new(&f, id.ino);
	r = list_of(&f, "/proc/thread-self/net/unix");
	if (r == 0) {
		WGC_AUTO_FD int own = wgc_ns_own();

		if (own >= 0 && wgc_ns_id(own, &id) == 0)
			is_new(&f, id.ino);
		each_process(&f, false);
		if (f.relative.len)
			each_process(&f, true);
		if (f.paths.oom || f.relative.oom)
			r = -ENOMEM;
	}
	free(f.seen);
	wgc_str_done(&f.relative);
	if (r < 0) {
		wgc_str_done(&f.paths);
		errno = -r;
		return wgc_ns_failed(err, "read", "/proc/net/unix");
	}
	*ret = strdup(wgc_str_get(&f.paths));
	wgc_str_done(&f.paths);
	return *ret ? 0 : wgc_err_nomem(err);
}
