// SPDX-License-Identifier: GPL-2.0
/* Network namespaces of the real kernel: named, found by what they are, entered, and gone. In a mount namespace of its own. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ns/ns.h"
#include "unit/tap.h"

static struct wgc_ns_id id_of(int fd)
{
	struct wgc_ns_id id = { 0 };

	is_int(wgc_ns_id(fd, &id), 0);
	return id;
}

static void names(int own)
{
	struct wgc_ns_id here = id_of(own), there, got;
	struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = "blue" };
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_ns_name *v;
	char name[256], path[WGC_NS_PATH_MAX], text[WGC_NS_ID_TEXT];
	int fd = -1, blue;
	size_t n;

	is_int(wgc_ns_open(&ref, &fd, &err), -ENOENT);
	is_int(err.code, WGC_E_NOT_FOUND);
	ok(strstr(err.msg, "blue"));
	is_int(wgc_ns_enter_new(&err), 0);
	blue = wgc_ns_own();
	there = id_of(blue);
	ok(!wgc_ns_id_equal(&here, &there));
	is_int(wgc_ns_pin("blue", blue, &err), 0);
	is_int(wgc_ns_pin("blue", own, &err), -EEXIST);
	is_int(wgc_ns_pin("a/b", own, &err), -EINVAL);
	is_int(wgc_ns_enter(own, &err), 0);
	close(blue);

	is_int(wgc_ns_open(&ref, &fd, &err), 0);
	got = id_of(fd);
	ok(wgc_ns_id_equal(&got, &there));
	close(fd);
	ok(wgc_ns_name_of(&there, name));
	is_str(name, "blue");
	ok(!wgc_ns_name_of(&here, name));
	is_int(wgc_ns_list(a, &v, &n), 0);
	is_int(n, 1);
	is_str(v[0].name, "blue");
	ok(wgc_ns_id_equal(&v[0].id, &there));
	wgc_ns_id_print(&there, text);
	ok(wgc_ns_id_parse(text, &got) && wgc_ns_id_equal(&got, &there));
	ok(!wgc_ns_id_parse("4:", &got) && !wgc_ns_id_parse("4:5:", &got) && !wgc_ns_id_parse("4:5:6:", &got) && !wgc_ns_id_parse("4:5 6", &got) && !wgc_ns_id_parse("4:5x", &got) && !wgc_ns_id_parse("", &got));

	/* By what it is: by the hint, and without it by its mount. */
	wgc_ns_path("blue", path);
	fd = wgc_ns_find(&there, path);
	ok(fd >= 0);
	close(fd);
	fd = wgc_ns_find(&there, NULL);
	ok(fd >= 0);
	close(fd);
	fd = wgc_ns_find(&there, "/etc/hostname");
	ok(fd >= 0);
	close(fd);

	/* The next one may get the same inode: it is another one all the same. */
	fd = wgc_ns_find(&there, NULL);
	is_int(wgc_ns_id_whole(fd, &there), 0);
	ok(there.cookie);
	close(fd);
	wgc_ns_id_print(&there, text);
	ok(wgc_ns_id_parse(text, &got) && wgc_ns_id_equal(&got, &there) && got.cookie == there.cookie);
	got.cookie++;
	is_int(wgc_ns_find(&got, path), -ENOENT);
	fd = wgc_ns_find(&there, path);
	ok(fd >= 0);
	close(fd);

	is_int(wgc_ns_unpin("blue", &err), 0);
	is_int(wgc_ns_unpin("blue", &err), 0);
	is_int(access(path, F_OK), -1);
	is_int(wgc_ns_find(&there, path), -ENOENT);
	is_int(wgc_ns_list(a, &v, &n), 0);
	is_int(n, 0);
	wgc_arena_free(a);
}

/* One without a name lives as long as somebody is in it. */
static void users(int own)
{
	struct wgc_ns_ref ref = { .kind = WGC_NS_PID };
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_ns_id there, got;
	struct wgc_ns_user *v;
	int pipes[2], fd;
	size_t n;
	char byte;
	pid_t pid;

	if (pipe(pipes) < 0)
		abort();
	pid = fork();
	if (!pid) {
		wgc_ns_enter_new(NULL);
		close(pipes[0]);
		if (write(pipes[1], "x", 1) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	is_int(read(pipes[0], &byte, 1), 1);
	ref.pid = pid;
	is_int(wgc_ns_open(&ref, &fd, &err), 0);
	there = id_of(fd);
	close(fd);
	fd = wgc_ns_find(&there, NULL);
	ok(fd >= 0);
	got = id_of(fd);
	ok(wgc_ns_id_equal(&got, &there));
	close(fd);
	is_int(wgc_ns_users(&there, a, &v, &n), 0);
	is_int(n, 1);
	is_int(n ? v[0].pid : 0, pid);
	is_str(n ? v[0].comm : "", "ns");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	is_int(wgc_ns_users(&there, a, &v, &n), 0);
	is_int(n, 0);
	is_int(wgc_ns_find(&there, NULL), -ENOENT);
	is_int(wgc_ns_open(&ref, &fd, &err), -ENOENT);
	close(pipes[0]);
	close(pipes[1]);
	wgc_arena_free(a);
}

static void no_namespaces(void)
{
	struct wgc_ns_ref ref = { .kind = WGC_NS_PATH, .text = "/proc/self/ns/mnt" };
	struct wgc_err err = WGC_ERR_INIT;
	int fd;

	is_int(wgc_ns_open(&ref, &fd, &err), -EINVAL);
	ok(strstr(err.msg, "is not a network namespace"));
	ref.text = "/etc/passwd";
	is_int(wgc_ns_open(&ref, &fd, &err), -EINVAL);
	ref.text = "/dev/null";
	is_int(wgc_ns_open(&ref, &fd, &err), -EINVAL);
	ref.text = "/nowhere/at/all";
	is_int(wgc_ns_open(&ref, &fd, &err), -ENOENT);
	ref.text = "/etc/passwd/x";
	is_int(wgc_ns_open(&ref, &fd, &err), -ENOENT);
}

int main(void)
{
	int own = wgc_ns_own();

	ok(own >= 0);
	no_namespaces();
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) < 0) {
		printf("ok %d # SKIP elsewhere: as root\n", ++tap_n);
		return tap_done();
	}
	names(own);
	users(own);
	close(own);
	return tap_done();
}
