// SPDX-License-Identifier: GPL-2.0
/* ipam: the address plugin that a CNI configuration names, run as the engine runs us. */
#include "cli/containers/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX (1u << 20)

/* Found in CNI_PATH: its path, to be freed. */
static char *find(const char *path, const char *type)
{
	for (const char *p = path ?: ""; *p;) {
		size_t n = strcspn(p, ":");
		struct stat st;
		char *program;

		if (n && asprintf(&program, "%.*s/%s", (int)n, p, type) >= 0) {
			if (!stat(program, &st) && S_ISREG(st.st_mode) && !access(program, X_OK))
				return program;
			free(program);
		}
		p += n + (p[n] == ':');
	}
	return NULL;
}

/* Our input once more, for a program to read: it may hold a key, so it is in no file. */
static int input_again(const char *text, size_t len)
{
	int fd = memfd_create("cni", MFD_CLOEXEC);

	if (fd >= 0 && (wgc_write_all(fd, text, len) < 0 || lseek(fd, 0, SEEK_SET) < 0))
		fd = wgc_close(fd);
	return fd;
}

static void become(const char *program, const char *command, int in, int out)
{
	/* Not ours, which keeps files from everybody: other programs rely on the usual one. */
	umask(022);
	setenv("CNI_COMMAND", command, 1);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execl(program, program, (char *)NULL);
	_exit(127);
}

int wgc_ipam_call(const struct wgc_cni_request *r, const char *input, size_t len, const char *command, char **ret_text, size_t *ret_len,
		  struct wgc_cni_err *err)
{
	WGC_AUTO_FREE char *program = find(r->env.path, r->ipam), *text = NULL;
	WGC_AUTO_FD int in = -1;
	struct wgc_cni_err theirs;
	int fds[2], status = 0;
	size_t n = 0;
	pid_t pid;

	if (!program)
		return wgc_cni_fail(err, WGC_CNI_BAD_CONFIG, "there is no address plugin '%s' in CNI_PATH", r->ipam);
	in = input_again(input, len);
	if (in < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return wgc_cni_fail(err, WGC_CNI_IO, "cannot run the address plugin '%s': %s", r->ipam, strerror(errno));
	pid = fork();
	if (pid == 0)
		become(program, command, in, fds[1]);
	close(fds[1]);
	if (pid > 0) {
		if (wgc_read_fd(fds[0], ANSWER_MAX, &text, &n) < 0)
			n = 0;
		/* Not later: one that has more to say would wait for us to read it. */
		fds[0] = wgc_close(fds[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	wgc_close(fds[0]);
	if (pid < 0)
		return wgc_cni_fail(err, WGC_CNI_IO, "cannot run the address plugin '%s': %s", r->ipam, strerror(errno));
	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		if (ret_text) {
			*ret_text = WGC_TAKE(text);
			*ret_len = n;
		}
		return 0;
	}
	if (!text || !wgc_cni_error_parse(text, n, &theirs))
		return wgc_cni_fail(err, WGC_CNI_FAILED, "the address plugin '%s' failed at %s without saying why", r->ipam, command);
	wgc_cni_fail(err, theirs.code, "%s: %.200s", r->ipam, theirs.msg);
	snprintf(err->details, sizeof(err->details), "%s", theirs.details);
	return -EINVAL;
}
