// SPDX-License-Identifier: GPL-2.0
/*
 * Userspace implementations as processes.
 *
 * wireguard-go is started with its listening socket already made: our request
 * then waits in the backlog, and the first moment at which the program can
 * answer is the moment at which we go on. Nothing is polled, and a program that
 * dies closes the last copy of the listener, which hangs us up. The TUN device
 * is left to the program: newer versions make it with offloads that older ones
 * would not understand, and it is there before the socket is served.
 *
 * Any other program is run as wg-quick runs it, with the name of the interface,
 * and watched until its link and socket are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netlink/netlink.h"
#include "netlink/uapi.h"

#define DEFAULT_PROGRAM "wireguard-go"
#define START_MS 10000
#define STOP_MS 15000
/* One whose device is gone for so long, and which is still there, is stuck. */
#define STUCK_MS 4000
#define ENDS_SOON_MS 1000
/* Where the listening socket is in the new process. */
#define UAPI_FD 3

extern char **environ;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- finding ------------------------------------------------------------------- */

static bool runnable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

int wgc_userspace_find(char **ret_program, struct wgc_err *err)
{
	const char *name = getenv("WG_QUICK_USERSPACE_IMPLEMENTATION");
	const char *path = getenv("PATH");
	struct wgc_str s = { 0 };

	if (!name || !*name)
		name = DEFAULT_PROGRAM;
	if (strchr(name, '/')) {
		wgc_str_add(&s, name);
		if (!s.oom && runnable(name))
			goto found;
	} else {
		if (!path)
			path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
		for (;;) {
			size_t n = strcspn(path, ":");

			/* An empty part means the current directory, which is no
			 * place to look for a program to run as root. */
			if (n) {
				s.len = 0;
				wgc_str_addn(&s, path, n);
				wgc_str_addc(&s, '/');
				wgc_str_add(&s, name);
				if (s.oom)
					break;
				if (runnable(s.s))
					goto found;
			}
			if (!path[n])
				break;
			path += n + 1;
		}
	}
	if (s.oom) {
		wgc_str_done(&s);
		return wgc_err_nomem(err);
	}
	wgc_str_done(&s);
	wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "there is no program '%s'", name);
	wgc_err_hint(err, "install wireguard-go, or name another implementation in WG_QUICK_USERSPACE_IMPLEMENTATION");
	return -ENOENT;
found:
	*ret_program = wgc_str_steal(&s);
	return *ret_program ? 0 : wgc_err_nomem(err);
}

/* ---- running --------------------------------------------------------------------- */

/* Above every number that the child's own descriptors get, so that one dup2
 * cannot overwrite what the next one needs. */
static int move_high(int fd)
{
	int high, saved;

	if (fd < 0 || fd > 9)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	saved = errno;
	close(fd);
	errno = saved;
	return high;
}

/* Our environment as wg-quick would hand it on, without what steers
 * wireguard-go's descriptors; @add is a NULL-terminated list. */
static char **make_env(const char *const *add)
{
	static const char *const own[] = { "WG_TUN_FD=", "WG_UAPI_FD=", "WG_PROCESS_FOREGROUND=" };
	size_t n = 0, k = 0;
	char **env;

	while (environ && environ[n])
		n++;
	env = calloc(n + 4, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool skip = false;

		for (size_t j = 0; j < WGC_ARRAY_SIZE(own); j++)
			skip |= !strncmp(environ[i], own[j], strlen(own[j]));
		if (!skip)
			env[k++] = environ[i];
	}
	for (size_t i = 0; add[i] && i < 3; i++)
		env[k++] = (char *)add[i];
	return env;
}

/*
 * Run `program ifname` in a session of its own, in / with /dev/null on stdin
 * and @output on both others, no other descriptor but @listener (-1 = none),
 * and no signal blocked or ignored. 0 or -errno; a failed exec is told here.
 */
static int run(const char *program, const char *ifname, int output, int listener, pid_t *ret_pid)
{
	static const char *const handed[] = { "WG_UAPI_FD=3", "WG_PROCESS_FOREGROUND=1", NULL };
	static const char *const none[] = { NULL };
	char *const argv[] = { (char *)program, (char *)ifname, NULL };
	WGC_AUTO_FREE char **env = make_env(listener < 0 ? none : handed);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t signals;
	int r;

	if (!env)
		return -ENOMEM;
	r = posix_spawn_file_actions_init(&files);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r) {
		posix_spawn_file_actions_destroy(&files);
		return -r;
	}
	r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	for (int fd = 1; fd <= 2 && !r; fd++)
		r = output < 0 ? posix_spawn_file_actions_adddup2(&files, 0, fd)
			       : posix_spawn_file_actions_adddup2(&files, output, fd);
	if (!r && listener >= 0)
		r = posix_spawn_file_actions_adddup2(&files, listener, UAPI_FD);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(&files, listener < 0 ? UAPI_FD : UAPI_FD + 1);
	/* A daemon must not keep the caller's directory busy; a relative path
	 * would no longer lead to the program. */
	if (!r && program[0] == '/')
		r = posix_spawn_file_actions_addchdir_np(&files, "/");
	if (!r)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&signals);
	if (!r)
		r = posix_spawnattr_setsigmask(&attr, &signals);
	sigfillset(&signals);
	if (!r)
		r = posix_spawnattr_setsigdefault(&attr, &signals);
	if (!r)
		r = posix_spawn(ret_pid, program, &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* The first line that a person wrote: wireguard-go frames a banner in box
 * characters before it gets to the point. */
static void first_line(int output, char *ret, size_t size)
{
	char text[8192];
	ssize_t n = output < 0 ? 0 : pread(output, text, sizeof(text) - 1, 0);
	char *line, *end;
	size_t k = 0;

	ret[0] = '\0';
	if (n <= 0)
		return;
	text[n] = '\0';
	for (line = text; *line; line = end + (*end != '\0')) {
		end = strchrnul(line, '\n');
		if (*line > ' ' && *line < 0x7f)
			break;
	}
	for (; *line && *line != '\n' && k + 1 < size; line++)
		if ((unsigned char)*line >= ' ' && *line != 0x7f)
			ret[k++] = *line;
	ret[k] = '\0';
}

/* True when @pid has ended; @ret_status as waitpid has it. */
static bool ended(pid_t pid, int *ret_status)
{
	pid_t r;

	do
		r = waitpid(pid, ret_status, WNOHANG);
	while (r < 0 && errno == EINTR);
	if (r < 0) { /* SIGCHLD is ignored: the kernel reaped it, its status is lost */
		*ret_status = 0;
		return true;
	}
	return r == pid;
}

/* End the process that we started, which has a moment to do so by itself. */
static void put_down(pid_t pid, int *ret_status)
{
	for (int i = 0; i < 100; i++) {
		if (ended(pid, ret_status))
			return;
		if (i == 20)
			kill(pid, SIGTERM);
		usleep(i < 20 ? 1000 : 10000);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
}

static int failed(const char *program, int status, int output, struct wgc_err *err)
{
	char said[160];

	first_line(output, said, sizeof(said));
	if (said[0])
		wgc_err_set(err, WGC_E_HOOK, EIO, "%s failed: %s", base_name(program), said);
	else if (WIFSIGNALED(status))
		wgc_err_set(err, WGC_E_HOOK, EIO, "%s was ended by signal %d", base_name(program), WTERMSIG(status));
	else
		wgc_err_set(err, WGC_E_HOOK, EIO, "%s ended with status %d before it was ready", base_name(program),
			    WEXITSTATUS(status));
	return -EIO;
}

static int too_slow(const char *program, const char *ifname, struct wgc_err *err)
{
	return wgc_err_set(err, WGC_E_HOOK, ETIMEDOUT, "%s did not make '%s' within %d s", base_name(program), ifname,
			   START_MS / 1000);
}

/* ---- with our socket ---------------------------------------------------------------- */

static int make_listener(const char *path, int *ret_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	WGC_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	/* On Linux the new name takes the mode of the socket, so there is no
	 * moment at which others could connect; umask would be process-wide. */
	if (fchmod(fd, 0700) || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	if (listen(fd, 16)) {
		r = -errno;
		unlink(path);
		return r;
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Wait until @conn, which has a request in flight, answers. 0, -EIO when it is
 * hung up, -ETIMEDOUT. */
static int await_answer(int conn)
{
	int64_t deadline = now_ms() + START_MS;
	char byte;

	for (;;) {
		struct pollfd p = { .fd = conn, .events = POLLIN };
		int64_t left = deadline - now_ms();
		int r = poll(&p, 1, left > 0 ? (int)left : 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r)
			return -ETIMEDOUT;
		return recv(conn, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ? 0 : -EIO;
	}
}

/* -EIO when the program gave up, which another way of starting it may mend. */
static int start_handed(struct wgc_nl *nl, const char *program, const char *ifname, const char *path, int output,
			pid_t *ret_pid, struct wgc_err *err)
{
	static const char request[] = "get=1\n\n";
	WGC_AUTO_FD int listener = -1;
	WGC_AUTO_FD int conn = -1;
	struct wgc_link link;
	int r, status = 0;
	pid_t pid;

	r = make_listener(path, &listener);
	if (r)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot make %s: %s", path, strerror(-r));
	listener = move_high(listener);
	conn = wgc_uapi_connect(ifname, true);
	if (listener < 0 || conn < 0) {
		r = listener < 0 ? -errno : conn;
		unlink(path);
		return wgc_err_set(err, WGC_E_IO, -r, "cannot use %s: %s", path, strerror(-r));
	}
	r = run(program, ifname, output, listener, &pid);
	if (r) {
		unlink(path);
		return wgc_err_set(err, WGC_E_HOOK, -r, "cannot run %s: %s", program, strerror(-r));
	}
	/* From here on only the program has it: when it dies, we are told. */
	listener = wgc_close(listener);

	r = send(conn, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0 ? -EIO : await_answer(conn);
	if (!r)
		r = wgc_nl_link_get(nl, ifname, &link, err);
	else if (r != -EIO)
		r = too_slow(program, ifname, err);
	if (!r) {
		*ret_pid = pid;
		return 0;
	}
	put_down(pid, &status);
	unlink(path);
	return r == -EIO ? failed(program, status, output, err) : r;
}

/* ---- as wg-quick does ------------------------------------------------------------------ */

static bool is_up(struct wgc_nl *nl, const char *ifname)
{
	/* Not wgc_uapi_exists: a socket between bind() and listen() refuses too,
	 * and must not be taken for a dead one. */
	WGC_AUTO_FD int fd = wgc_uapi_connect(ifname, false);
	struct wgc_link link;

	return fd >= 0 && !wgc_nl_link_get(nl, ifname, &link, NULL);
}

static int start_plain(struct wgc_nl *nl, const char *program, const char *ifname, int output, pid_t *ret_pid,
		       struct wgc_err *err)
{
	WGC_AUTO_FD int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int64_t deadline = now_ms() + START_MS;
	bool running = true;
	int status = 0, r;
	pid_t pid;

	if (events >= 0)
		inotify_add_watch(events, WGC_UAPI_DIR, IN_CREATE | IN_MOVED_TO);
	r = run(program, ifname, output, -1, &pid);
	if (r)
		return wgc_err_set(err, WGC_E_HOOK, -r, "cannot run %s: %s", program, strerror(-r));
	for (;;) {
		/* The directory wakes us for the socket; the pause of 2 ms is for
		 * the end of the process and for the listen() after the bind(). */
		struct pollfd p = { .fd = events, .events = POLLIN };
		char drop[4096];

		if (running && ended(pid, &status)) {
			running = false;
			if (!WIFEXITED(status) || WEXITSTATUS(status))
				return failed(program, status, output, err);
		}
		if (is_up(nl, ifname))
			break;
		if (now_ms() >= deadline) {
			if (running)
				put_down(pid, &status);
			return too_slow(program, ifname, err);
		}
		if (poll(&p, 1, 2) > 0 && read(events, drop, sizeof(drop)) < 0 && errno != EAGAIN && errno != EINTR)
			events = wgc_close(events);
	}
	/* One that goes into the background has an answer for us first. */
	*ret_pid = running && !ended(pid, &status) ? pid : 0;
	return 0;
}

/* Whether the name is free, or soon will be: a program whose device was deleted is
 * about to end, and its socket with it. */
static bool is_free(struct wgc_nl *nl, const char *ifname)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int64_t deadline = now_ms() + ENDS_SOON_MS;
	struct wgc_link link;

	while (wgc_nl_link_get(nl, ifname, &link, NULL)) {
		if (!wgc_uapi_exists(ifname))
			return true;
		if (now_ms() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

int wgc_userspace_start(struct wgc_nl *nl, const char *program, const char *ifname, pid_t *ret_pid, struct wgc_err *err)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	WGC_AUTO_FD int output = -1;
	struct wgc_err first = WGC_ERR_INIT;
	pid_t pid = 0;
	int r;

	if (wgc_uapi_path(ifname, path, sizeof(path)))
		return wgc_err_set(err, WGC_E_USAGE, EINVAL, "'%s' cannot be the name of a link", ifname);
	if (!is_free(nl, ifname))
		return wgc_err_set(err, WGC_E_EXISTS, EEXIST, "'%s' exists already", ifname);
	r = wgc_mkdir_p(WGC_UAPI_DIR, 0755);
	if (r)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot make " WGC_UAPI_DIR ": %s", strerror(-r));

	/* What it says goes into memory rather than into a pipe: writing to a pipe
	 * that nobody reads any more would kill it later on. */
	output = move_high(memfd_create("wgctl-userspace", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	r = -EIO;
	if (!strcmp(base_name(program), DEFAULT_PROGRAM))
		r = start_handed(nl, program, ifname, path, output, &pid, &first);
	if (r && r != -EIO) {
		if (err)
			*err = first;
	} else if (r) {
		/* Not wireguard-go, or one that cannot take over a socket. */
		if (output >= 0 && (ftruncate(output, 0) || lseek(output, 0, SEEK_SET)))
			output = wgc_close(output);
		r = start_plain(nl, program, ifname, output, &pid, err);
	}
	if (r)
		return r;
	/* From now on its words go nowhere, and cannot pile up. */
	if (output >= 0)
		fcntl(output, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	if (ret_pid)
		*ret_pid = pid;
	return 0;
}

/* ---- stopping ----------------------------------------------------------------------------- */

/*
 * Wait until @path is gone (unless @gone: we took it away ourselves) or the
 * process behind @conn is. The name is the first to go and is never touched
 * again, so a new process may take it at once. Looking often, and less often when
 * it takes its time, is cheaper than inotify, whose end waits for a grace period of
 * the kernel's.
 */
static bool await_end(const char *path, bool gone, int conn)
{
	unsigned long listener = wgc_uapi_listener(path);
	int64_t began = now_ms();

	for (;;) {
		const struct timespec pause = { .tv_nsec = now_ms() - began < 20 ? 200 * 1000 : 2000 * 1000 };
		struct pollfd p = { .fd = conn };
		struct stat st;

		if (!gone && lstat(path, &st) && errno == ENOENT)
			return true;
		if (now_ms() - began >= STOP_MS)
			return false;
		if (listener && now_ms() - began >= STUCK_MS) {
			wgc_uapi_end_listener(listener);
			listener = 0;
		}
		if (ppoll(&p, 1, &pause, NULL) > 0 && (p.revents & (POLLHUP | POLLERR)))
			return true;
	}
}

int wgc_userspace_stop(struct wgc_nl *nl, const char *ifname, struct wgc_err *err)
{
	const char *socket = wgc_nl_known_as(nl, ifname);
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	WGC_AUTO_FD int conn = -1;
	struct wgc_link link;
	bool unlinked = false;
	int r;

	if (wgc_uapi_path(socket, path, sizeof(path)))
		return wgc_err_set(err, WGC_E_USAGE, EINVAL, "'%s' cannot be the name of a link", ifname);
	conn = wgc_uapi_connect(socket, true);
	r = wgc_nl_link_get(nl, ifname, &link, err);
	if (!r) {
		r = wgc_nl_link_delete(nl, link.ifindex, err);
		if (r && r != -ENODEV)
			return r;
	} else if (r != -ENODEV) {
		return r;
	} else if (conn >= 0) {
		/* The link is elsewhere, or half gone: losing its socket ends the
		 * process too, and takes the link along wherever it is. */
		unlink(path);
		unlinked = true;
	}
	if (conn < 0)
		return 0;
	if (!await_end(path, unlinked, conn))
		return wgc_err_set(err, WGC_E_HOOK, ETIMEDOUT, "the userspace implementation of '%s' did not end", ifname);
	/* One that was killed leaves its name behind: this takes it away. */
	wgc_uapi_exists(socket);
	return 0;
}
