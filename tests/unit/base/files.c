// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "unit/tap.h"

static int entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = -2; /* "." and ".." */

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static bool holds(const char *path, const char *want, size_t want_len)
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len = 0;

	return !wgc_read_file(path, 1 << 24, &text, &len) && len == want_len && !memcmp(text, want, len) && !text[len];
}

static int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (int)(st.st_mode & 07777);
}

static void reading(void)
{
	char *text = NULL;
	size_t len = 99;

	is_int(wgc_read_file("missing", 100, &text, &len), -ENOENT);
	is_int(wgc_read_file(".", 100, &text, &len), -EISDIR);
	ok(!text);
	is_int(len, 99);
	is_int(wgc_read_file("/dev/null", 0, &text, &len), 0);
	is_str(text, "");
	is_int(len, 0);
	free(WGC_TAKE(text));

	is_int(wgc_write_file_atomic("ten", "0123456789", 10, 0600), 0);
	is_int(wgc_read_file("ten", 9, &text, &len), -EFBIG);
	ok(!text);
	is_int(wgc_read_file("ten", 10, &text, &len), 0);
	is_str(text, "0123456789");
	free(WGC_TAKE(text));

	/* Says size 0, and has something. */
	is_int(wgc_read_file("/proc/self/status", 1 << 20, &text, &len), 0);
	ok(len > 100 && !strncmp(text, "Name:", 5));
	free(WGC_TAKE(text));
	is_int(wgc_read_file("/dev/zero", 100000, &text, &len), -EFBIG);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A slow reader and an alarm every millisecond: short writes and EINTR. */
static void interrupted(void)
{
	enum { SIZE = 1 << 20 };
	struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };
	WGC_AUTO_FREE unsigned char *data = malloc(SIZE);
	int to[2], back[2], status = -1;
	WGC_AUTO_FREE char *text = NULL;
	size_t len = 0;
	pid_t pid;

	if (!ok(data && !pipe2(to, O_CLOEXEC) && !pipe2(back, O_CLOEXEC)))
		return;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * 2654435761u >> 13);
	pid = fork();
	if (!pid) {
		int ret;

		close(to[1]);
		close(back[0]);
		usleep(50000);
		ret = wgc_read_fd(to[0], SIZE, &text, &len);
		ret = ret ? ret : wgc_write_all(back[1], text, len);
		_exit(ret ? 1 : 0);
	}
	close(to[0]);
	close(back[1]);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	is_int(wgc_write_all(to[1], data, SIZE), 0);
	close(to[1]);
	is_int(wgc_read_fd(back[0], SIZE, &text, &len), 0);
	setitimer(ITIMER_REAL, &off, NULL);
	close(back[0]);
	is_int(waitpid(pid, &status, 0), pid);
	is_int(status, 0);
	is_int(len, SIZE);
	ok(text && len == SIZE && !memcmp(text, data, SIZE));
}

static void replacing(void)
{
	char *name;
	mode_t mask = umask(077);

	is_int(wgc_mkdir_p("w", 0755), 0);
	is_int(wgc_write_file_atomic("w/f", "one", 3, 0644), 0);
	ok(holds("w/f", "one", 3));
	is_int(mode_of("w/f"), 0644); /* as asked, whatever the umask */
	umask(mask);
	is_int(wgc_write_file_atomic("w/f", "a\0b", 3, 0600), 0);
	ok(holds("w/f", "a\0b", 3));
	is_int(mode_of("w/f"), 0600);
	is_int(wgc_write_file_atomic("w/f", NULL, 0, 0600), 0);
	ok(holds("w/f", "", 0));
	is_int(entries("w"), 1);

	/* Where there is something, even a link to nowhere, it stays. */
	is_int(wgc_write_file_new("w/new", "one", 3, 0600), 0);
	ok(holds("w/new", "one", 3));
	is_int(mode_of("w/new"), 0600);
	is_int(wgc_write_file_new("w/new", "two", 3, 0644), -EEXIST);
	ok(holds("w/new", "one", 3));
	is_int(symlink("nowhere", "w/dangling"), 0);
	is_int(wgc_write_file_new("w/dangling", "two", 3, 0600), -EEXIST);
	is_int(unlink("w/new") || unlink("w/dangling"), 0);

	/* Failures leave the old file and nothing else. */
	is_int(wgc_write_file_atomic("w/missing/f", "x", 1, 0600), -ENOENT);
	is_int(wgc_mkdir_p("w/d/e", 0700), 0);
	is_int(wgc_write_file_atomic("w/d", "x", 1, 0600), -EISDIR);
	is_int(entries("w"), 2);
	is_int(entries("w/d"), 1);

	/* A link is replaced, what it points to is not. */
	is_int(wgc_write_file_atomic("w/target", "kept", 4, 0600), 0);
	is_int(symlink("target", "w/link"), 0);
	is_int(wgc_write_file_atomic("w/link", "new", 3, 0600), 0);
	ok(holds("w/target", "kept", 4));
	ok(holds("w/link", "new", 3));

	/* The longest name there can be. */
	name = calloc(1, 258);
	memcpy(name, "w/", 2);
	memset(name + 2, 'n', 255);
	is_int(wgc_write_file_atomic(name, "x", 1, 0600), 0);
	ok(holds(name, "x", 1));
	free(name);

	/* Nobody ever sees half a file. */
	pid_t pid = fork();
	bool whole = true;
	int status = -1;

	if (!pid) {
		for (int i = 0; i < 200; i++) {
			char text[5000];

			memset(text, 'a' + i % 26, sizeof(text));
			if (wgc_write_file_atomic("w/busy", text, sizeof(text), 0600))
				_exit(1);
		}
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		char *text = NULL;
		size_t len = 0;

		if (wgc_read_file("w/busy", 1 << 20, &text, &len))
			continue;
		whole &= len == 5000 && text[0] == text[4999];
		free(text);
	}
	is_int(status, 0);
	ok(whole);
}

static void directories(void)
{
	mode_t mask = umask(0);

	is_int(wgc_mkdir_p("m/a/b", 0700), 0);
	is_int(mode_of("m"), 0700);
	is_int(mode_of("m/a/b"), 0700);
	is_int(wgc_mkdir_p("m/a/b", 0755), 0);
	is_int(mode_of("m/a/b"), 0700); /* was there: not ours to change */
	is_int(wgc_mkdir_p("m//c///d//", 0755), 0);
	is_int(mode_of("m/c/d"), 0755);
	is_int(wgc_mkdir_p("/", 0755), 0);
	is_int(wgc_mkdir_p("", 0755), -ENOENT);
	is_int(wgc_mkdir_p("./m/../n", 0755), 0);
	is_int(mode_of("n"), 0755);
	is_int(wgc_write_file_atomic("m/file", "x", 1, 0600), 0);
	is_int(wgc_mkdir_p("m/file", 0755), -ENOTDIR);
	is_int(wgc_mkdir_p("m/file/x", 0755), -ENOTDIR);
	is_int(symlink("a", "m/link"), 0);
	is_int(wgc_mkdir_p("m/link/z", 0755), 0);
	is_int(mode_of("m/a/z"), 0755);
	umask(mask);
}

int main(void)
{
	char dir[] = "/tmp/wgctl-files.XXXXXX", cmd[64];

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	reading();
	interrupted();
	replacing();
	directories();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(!chdir("/") && !system(cmd));
	return tap_done();
}
