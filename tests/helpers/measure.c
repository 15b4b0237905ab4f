// SPDX-License-Identifier: GPL-2.0
/*
 * measure CMD... [--then CMD...]: run one after the other, while they succeed,
 * with their output thrown away, then print one line: wall-clock microseconds,
 * peak resident KiB of the largest process, exit status. Whole processes as a
 * user would wait for them, and no shell's time among theirs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Wall-clock time runs on; the return value is wait4's status, or -1. */
static int run(char **argv, long *kib)
{
	const char *keep = getenv("MEASURE_STDERR"); /* not empty: leave stderr alone */
	struct rusage usage;
	int status;
	pid_t pid = vfork();

	if (pid < 0)
		return -1;
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		if (!keep || !*keep)
			dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return -1;
	if (usage.ru_maxrss > *kib)
		*kib = usage.ru_maxrss;
	return status;
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	int status = 0;
	long kib = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: measure CMD [ARG...] [--then CMD [ARG...]]...\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (char **next = argv + 1; next && *next && !status;) {
		char **cmd = next;

		while (*next && strcmp(*next, "--then"))
			next++;
		if (*next)
			*next++ = NULL;
		status = run(cmd, &kib);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%lld %ld %d\n", (long long)(end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000, kib,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
