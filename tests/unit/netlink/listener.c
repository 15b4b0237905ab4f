// SPDX-License-Identifier: GPL-2.0
/* Whoever listens at a path is killed, and nobody else. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink/uapi.h"
#include "unit/tap.h"

static char dir[] = "/tmp/wgctl-listener.XXXXXX";

static void path_of(const char *name, char path[static 80])
{
	snprintf(path, 80, "%s/%s", dir, name);
}

/* A process with a socket of that name; when @listens is false it is bound only. */
static pid_t listener(const char *name, bool listens)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[80];
	pid_t pid;

	path_of(name, path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || (listens && listen(fd, 1)))
		exit(1);
	pid = fork();
	if (!pid)
		for (;;)
			pause();
	close(fd);
	return pid;
}

static int killed(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
	char path[80];
	pid_t one, other, bound;

	if (!mkdtemp(dir))
		return 1;
	one = listener("wg0.sock", true);
	other = listener("wg0.sock2", true);
	bound = listener("wg1.sock", false);
	path_of("wg0.sock", path);
	is_int(wgc_uapi_end_listener(wgc_uapi_listener(path)), 1);
	is_int(killed(one), SIGKILL);
	is_int(wgc_uapi_end_listener(wgc_uapi_listener(path)), 0);
	path_of("wg1.sock", path);
	is_int(wgc_uapi_end_listener(wgc_uapi_listener(path)), 0);
	path_of("nobody", path);
	is_int(wgc_uapi_end_listener(wgc_uapi_listener(path)), 0);
	is_int(waitpid(other, NULL, WNOHANG), 0);
	is_int(waitpid(bound, NULL, WNOHANG), 0);
	kill(other, SIGTERM);
	kill(bound, SIGTERM);
	is_int(killed(other), SIGTERM);
	is_int(killed(bound), SIGTERM);
	for (const char *const *name = (const char *const[]){ "wg0.sock", "wg0.sock2", "wg1.sock", NULL }; *name; name++) {
		path_of(*name, path);
		unlink(path);
	}
	is_int(rmdir(dir), 0);
	return tap_done();
}
