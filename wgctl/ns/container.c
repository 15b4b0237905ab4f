// SPDX-License-Identifier: GPL-2.0
/* Containers by name: their first process, asked of the engines that are there. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ns/internal.h"

#define ANSWER_MS 10000
#define NAMES_MS 2000 /* somebody has pressed TAB and waits */

/* Run a program of PATH and keep the beginning of what it prints: 0, -ENOENT without the program or when it failed, -errno. */
static int answer(char *const *argv, int64_t ms, char *text, size_t size)
{
	int pipe_fds[2], status;
	size_t n = 0;
	int64_t end = wgc_now_ms() + ms;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDIN_FILENO);
		dup2(null, STDERR_FILENO);
		dup2(pipe_fds[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipe_fds[1]);
	while (pid > 0 && n < size - 1) {
		struct pollfd p = { .fd = pipe_fds[0], .events = POLLIN };
		int64_t left = end - wgc_now_ms();
		ssize_t got;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
			kill(pid, SIGKILL);
			break;
		}
		got = read(pipe_fds[0], text + n, size - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(pipe_fds[0]);
	text[n] = 0;
	if (pid < 0)
		return -EAGAIN;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ENOENT;
}

/* The first number of the answer. */
static int ask(char *const *argv, uint64_t *ret)
{
	char text[64];

	if (answer(argv, ANSWER_MS, text, sizeof(text)) < 0)
		return -ENOENT;
	text[strcspn(text, "\r\n")] = 0;
	return wgc_parse_u64(text, INT32_MAX, ret) < 0 ? -ENOENT : 0;
}

/* Each question starts a program of the engine's, and one command asks for the same
 * container at several steps: the answer is good as long as that process lives. */
static struct {
	char *name;
	pid_t pid;
	int fd; /* of the process */
} known = { .fd = -1 };

static bool is_known(const char *name)
{
	struct pollfd p = { .fd = known.fd, .events = POLLIN };

	return known.name && !strcmp(known.name, name) && poll(&p, 1, 0) == 0;
}

/* Whoever answered has just seen it run; one that cannot be held is asked for again. */
static void know(const char *name, pid_t pid)
{
	free(known.name);
	wgc_close(known.fd);
	known.pid = pid;
	known.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	known.name = known.fd < 0 ? NULL : strdup(name);
}

int wgc_ns_container(const char *name, pid_t *ret_pid, struct wgc_err *err)
{
	char *const ways[][8] = {
		{ "podman", "inspect", "--type=container", "--format={{.State.Pid}}", "--", (char *)name, NULL },
		{ "docker", "inspect", "--type=container", "--format={{.State.Pid}}", "--", (char *)name, NULL },
		{ "machinectl", "show", "--property=Leader", "--value", "--", (char *)name, NULL },
	};

	if (is_known(name)) {
		*ret_pid = known.pid;
		return 0;
	}
	for (size_t i = 0; i < WGC_ARRAY_SIZE(ways); i++) {
		uint64_t pid;

		if (ask(ways[i], &pid) < 0)
			continue;
		if (!pid)
			return wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "the container '%s' of %s is not running", name, ways[i][0]);
		know(name, (pid_t)pid);
		*ret_pid = (pid_t)pid;
		return 0;
	}
	wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "there is no container '%s'", name);
	wgc_err_hint(err, "podman, docker and machinectl were asked; pid:N names any process");
	return -ENOENT;
}

void wgc_ns_container_names(void (*found)(void *ctx, const char *name, const char *engine), void *ctx)
{
	char *const ways[][5] = {
		{ "podman", "ps", "--format={{.Names}}", NULL },
		{ "docker", "ps", "--format={{.Names}}", NULL },
		{ "machinectl", "list", "--no-legend", "--no-pager", NULL },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(ways); i++) {
		char text[16384], *rest = text, *line;

		if (answer(ways[i], NAMES_MS, text, sizeof(text)) < 0)
			continue;
		while ((line = strsep(&rest, "\n"))) {
			/* machinectl has more columns. */
			line[strcspn(line, " \t\r")] = 0;
			if (*line)
				found(ctx, line, ways[i][0]);
		}
	}
}
