// SPDX-License-Identifier: GPL-2.0
/* Running a program: no shell, bounded time, its complaint kept. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dns/internal.h"

extern char **environ;

#define POLL_MS 10

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A file and not a pipe: a program that does not read can neither block us nor
 * kill us with SIGPIPE. */
static int input_fd(const char *input)
{
	int fd = memfd_create("wgctl-input", MFD_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = wgc_write_all(fd, input, strlen(input));
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static int spawn(const char *program, char *const *argv, int in, int err_fd, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r)
		goto out_actions;
	r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!r)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	/* A group of its own: a terminal's ^C is ours to handle between steps,
	 * and killing reaches what the program started. */
	if (!r)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!r)
		r = posix_spawnattr_setsigmask(&attr, &none);
	if (!r)
		r = posix_spawnattr_setsigdefault(&attr, &all);
	if (!r)
		r = posix_spawn(ret, program, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Keep the beginning of what comes, drop the rest. False at the end. */
static bool drain(int fd, char *text, size_t size, size_t *len)
{
	char dropped[1024];
	ssize_t n;

	do {
		bool room = *len + 1 < size;

		n = read(fd, room ? text + *len : dropped, room ? size - 1 - *len : sizeof(dropped));
		if (n > 0 && room)
			*len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[*len] = '\0';
	return n < 0;
}

/* Wait for @pid while reading its complaints. */
static int wait_bounded(pid_t pid, int fd, unsigned timeout_ms, char *text, size_t size, int *ret_status)
{
	uint64_t deadline = now_ms() + timeout_ms;
	size_t len = 0;
	bool open = true;

	text[0] = '\0';
	for (;;) {
		struct pollfd p = { .fd = open ? fd : -1, .events = POLLIN };
		pid_t r;

		poll(&p, 1, POLL_MS);
		if (open)
			open = drain(fd, text, size, &len);
		r = waitpid(pid, ret_status, WNOHANG);
		if (r == pid) {
			drain(fd, text, size, &len);
			return 0;
		}
		if (r < 0 && errno != EINTR)
			return -errno;
		if (now_ms() >= deadline) {
			kill(-pid, SIGKILL);
			while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
				;
			return -ETIMEDOUT;
		}
	}
}

int wgc_dns_run(const char *program, char *const *argv, const char *input, unsigned timeout_ms, struct wgc_err *err)
{
	WGC_AUTO_FD int in = -1, from = -1, to = -1;
	int pipes[2], status = 0, r;
	char text[160];
	pid_t pid;

	in = input_fd(input);
	if (in < 0)
		return wgc_err_set(err, WGC_E_INTERNAL, -in, "cannot make a file in memory: %s", strerror(-in));
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return wgc_err_set(err, WGC_E_INTERNAL, errno, "cannot make a pipe: %s", strerror(errno));
	from = pipes[0];
	to = pipes[1];
	/* The program must be able to write in peace. */
	fcntl(to, F_SETFL, 0);
	r = spawn(program, argv, in, to, &pid);
	if (r < 0)
		return wgc_err_set(err, r == -ENOENT ? WGC_E_NOT_FOUND : WGC_E_IO, -r, "cannot run %s: %s", program, strerror(-r));
	to = wgc_close(to);
	r = wait_bounded(pid, from, timeout_ms, text, sizeof(text), &status);
	if (r == -ETIMEDOUT)
		return wgc_err_set(err, WGC_E_IO, ETIMEDOUT, "%s did not end within %u s", program, (timeout_ms + 999) / 1000);
	if (r < 0)
		return wgc_err_set(err, WGC_E_INTERNAL, -r, "cannot wait for %s: %s", program, strerror(-r));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	text[strcspn(text, "\r\n")] = '\0';
	if (WIFEXITED(status))
		return wgc_err_set(err, WGC_E_IO, EIO, "%s %s ended with status %d%s%s", program, argv[1] ? argv[1] : "",
				   WEXITSTATUS(status), *text ? ": " : "", text);
	return wgc_err_set(err, WGC_E_IO, EIO, "%s %s was killed by signal %d%s%s", program, argv[1] ? argv[1] : "",
			   WTERMSIG(status), *text ? ": " : "", text);
}
