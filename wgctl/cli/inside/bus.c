// SPDX-License-Identifier: GPL-2.0
/*
 * bus: the session bus, through xdg-dbus-proxy(1). Whoever may call all that is on a
 * bus can have a program started outside, or a page opened there; so the program
 * inside hears of those services alone that only show something on the screen.
 *
 * The proxy lives outside and belongs to the user. A process beside it waits for the
 * end of the program, then ends it and takes its socket away.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/inside/inside.h"

#define PROXY "xdg-dbus-proxy"
#define READY_MS 10000

static const char *const proxies[] = { "/usr/bin/" PROXY, "/usr/local/bin/" PROXY };

/*
 * Nothing here opens an address, starts a program or hands out a descriptor. Calls by
 * interface and path, never a name as a whole: who may talk to a name may talk to
 * all that its owner has, and the owner of the notifications may be the shell of the
 * desktop. No name of a player either: who may own one may talk to all others, and
 * players open addresses.
 */
static const char *const rules[] = {
	"--filter",
	"--call=org.freedesktop.Notifications=org.freedesktop.Notifications.*@/org/freedesktop/Notifications",
	"--broadcast=org.freedesktop.Notifications=org.freedesktop.Notifications.*@/org/freedesktop/Notifications",
	"--call=org.freedesktop.ScreenSaver=org.freedesktop.ScreenSaver.*@/org/freedesktop/ScreenSaver",
	"--call=org.freedesktop.ScreenSaver=org.freedesktop.ScreenSaver.*@/ScreenSaver",
	"--call=org.kde.StatusNotifierWatcher=org.kde.StatusNotifierWatcher.*@/StatusNotifierWatcher",
	"--call=org.kde.StatusNotifierWatcher=org.freedesktop.DBus.Properties.*@/StatusNotifierWatcher",
	"--broadcast=org.kde.StatusNotifierWatcher=org.kde.StatusNotifierWatcher.*@/StatusNotifierWatcher",
	"--call=org.freedesktop.portal.Desktop=org.freedesktop.portal.Settings.*@/org/freedesktop/portal/desktop",
	"--broadcast=org.freedesktop.portal.Desktop=org.freedesktop.portal.Settings.*@/org/freedesktop/portal/desktop",
};

struct bus {
	const struct wgc_who *who;
	const char *proxy, *address, *dir, *socket;
};

const char *wgc_bus_find(struct wgc_arena *a, const struct wgc_who *who, const char *runtime)
{
	const char *given = who->self ? getenv("DBUS_SESSION_BUS_ADDRESS") : NULL;
	static const char by_path[] = "unix:path=";
	char *path = wgc_arena_printf(a, "%s/bus", runtime);
	struct stat st;

	/* A comma begins what is said of the server beside its place, a semicolon the next address. */
	if (given && !strncmp(given, by_path, strlen(by_path))) {
		path = wgc_arena_strdup(a, given + strlen(by_path));
		if (path)
			path[strcspn(path, ",;")] = 0;
	}
	/* With '%' in it the path would have to be decoded, and encoded again. */
	if (!path || strchr(path, '%') || stat(path, &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_uid != who->uid)
		return NULL;
	return wgc_arena_printf(a, "%s%s", by_path, path);
}

static bool become(const struct wgc_who *who)
{
	if (geteuid() == 0 && setgroups(who->n_groups, who->groups) < 0)
		return false;
	return setresgid(who->gid, who->gid, who->gid) == 0 && setresuid(who->uid, who->uid, who->uid) == 0;
}

/* @ready: it writes a byte there, and ends when nobody has the other end any more. */
static _Noreturn void be_the_proxy(const struct bus *b, int ready)
{
	/* The user can read what it has: of root's environment that is nothing. */
	char *env[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	const char *argv[WGC_ARRAY_SIZE(rules) + 5] = { PROXY };
	size_t n = 1;
	char fd[24];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fcntl(ready, F_SETFD, 0);
	snprintf(fd, sizeof(fd), "--fd=%d", ready);
	argv[n++] = fd;
	argv[n++] = b->address;
	argv[n++] = b->socket;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(rules); i++)
		argv[n++] = rules[i];
	execve(b->proxy, (char **)argv, env);
	_exit(127);
}

/* @program: a pidfd. @end: a byte there says that the proxy listens. */
static void stand_by(int program, int end, void *arg)
{
	const struct bus *b = arg;
	struct pollfd ended = { .fd = program, .events = POLLIN };
	int null = open("/dev/null", O_RDWR), ready[2];
	pid_t pid;
	char c;

	if (null != STDERR_FILENO || setsid() < 0 || chdir("/") < 0 || !become(b->who))
		return;
	/* A key may be in our memory, and we are the user now: where fs.suid_dumpable says so he could look. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (wgc_mkdir_p(b->dir, 0700) < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (!pid)
		be_the_proxy(b, ready[1]);
	close(ready[1]);
	if (pid > 0 && read(ready[0], &c, 1) == 1 && write(end, "", 1) == 1)
		while (poll(&ended, 1, -1) < 0 && errno == EINTR)
			;
	close(ready[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	unlink(b->socket);
	rmdir(b->dir);
}

int wgc_bus_start(struct wgc_arena *a, const struct wgc_who *who, const char *address, const char *runtime, const char **ret_socket)
{
	struct bus b = { .who = who, .address = address };
	WGC_AUTO_FD int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct pollfd ready = { .fd = -1, .events = POLLIN };
	uint64_t number;
	char c;
	int r;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(proxies) && !b.proxy; i++)
		b.proxy = access(proxies[i], X_OK) == 0 ? proxies[i] : NULL;
	if (!b.proxy)
		return -ENOENT;
	/* Not by our process, which has the same number in each process namespace of `run --rootless`. */
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	b.dir = wgc_arena_printf(a, "%s/wgctl", runtime);
	b.socket = b.dir ? wgc_arena_printf(a, "%s/bus-%016llx", b.dir, (unsigned long long)number) : NULL;
	if (!b.socket)
		return -ENOMEM;
	ready.fd = self < 0 ? -errno : wgc_apart(self, stand_by, &b);
	if (ready.fd < 0)
		return ready.fd;
	r = poll(&ready, 1, READY_MS) == 1 && read(ready.fd, &c, 1) == 1 ? 0 : -EIO;
	/* Open until the program begins, and closed by that. */
	if (r < 0)
		close(ready.fd);
	else
		*ret_socket = b.socket;
	return r;
}
