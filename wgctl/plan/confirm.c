// SPDX-License-Identifier: GPL-2.0
/*
 * Undone unless confirmed: a small process that waits, for whoever may have
 * cut himself off by what he asked for.
 *
 * <run_dir>/<profile>/confirm says until when and who waits. The waiting
 * process holds a lock on that file, so that neither a number in it that
 * belongs to another process by now nor one that was killed is believed; and
 * the file is only made and removed under the lock of the profile's journal,
 * so that confirming and undoing exclude each other.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/internal.h"

#define CONFIRM "confirm"

/* ---- the file ------------------------------------------------------------------ */

static pid_t holder(int fd)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_GETLK, &l) || l.l_type == F_UNLCK)
		return 0;
	return l.l_pid;
}

static int write_state(int fd, int64_t deadline, bool reload)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "{\"pid\":%d,\"deadline_ms\":%lld,\"reload\":%s}\n", (int)getpid(), (long long)deadline,
			 reload ? "true" : "false");

	/* Shorter than a page and written at once: a reader sees the old or the new. */
	return pwrite(fd, text, (size_t)n, 0) == n && ftruncate(fd, n) == 0 ? 0 : -errno;
}

void wgc_confirm_read(int dir_fd, int64_t *ret_left_ms, bool *ret_lost, bool *ret_reload)
{
	WGC_AUTO_FD int fd = openat(dir_fd, CONFIRM, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	WGC_AUTO_FREE char *text = NULL;
	json_t *o;
	size_t len;
	int64_t left;

	*ret_left_ms = 0;
	*ret_lost = *ret_reload = false;
	if (fd < 0)
		return;
	if (!holder(fd)) {
		*ret_lost = true;
		return;
	}
	if (wgc_read_fd(fd, 4096, &text, &len) < 0)
		return;
	o = json_loadb(text, len, 0, NULL);
	left = json_integer_value(json_object_get(o, "deadline_ms")) - wgc_now_ms();
	*ret_reload = json_is_true(json_object_get(o, "reload"));
	json_decref(o);
	/* Past it and still there: it is being undone just now. */
	*ret_left_ms = left > 0 ? left : 1;
}

int wgc_confirm_drop(struct wgc_journal *j)
{
	WGC_AUTO_FD int fd = openat(j->dir_fd, CONFIRM, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	pid_t pid;

	if (fd < 0)
		return 0;
	pid = holder(fd);
	unlinkat(j->dir_fd, CONFIRM, 0);
	if (pid > 0)
		kill(pid, SIGTERM);
	return pid > 0;
}

/* ---- the process that waits ------------------------------------------------------ */

/* What the waiting process keeps: the file, the end of its starter, and where it says that it is ready. */
enum { FILE_FD = 3, HOLD_FD, READY_FD, N_FDS };

/* Nothing of ours but those. The terminal's messages stay where they went as
 * long as that is a terminal: a pipe would keep its reader waiting for us. */
static bool alone(int file, int hold, int ready)
{
	const int from[] = { file, hold, ready };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), high[WGC_ARRAY_SIZE(from)];
	bool tty = isatty(STDERR_FILENO);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || (!tty && dup2(null, 2) < 0))
		return false;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(from); i++) {
		high[i] = fcntl(from[i], F_DUPFD, N_FDS);
		if (high[i] < 0)
			return false;
	}
	for (size_t i = 0; i < WGC_ARRAY_SIZE(from); i++)
		if (dup3(high[i], FILE_FD + (int)i, O_CLOEXEC) < 0)
			return false;
	return close_range(N_FDS, ~0u, 0) == 0 && chdir("/") == 0;
}

static void be_quiet(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTTOU, SIGTSTP };
	sigset_t none;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void sleep_until(int64_t deadline)
{
	const struct itimerspec at = { .it_value = { deadline / 1000, deadline % 1000 * 1000000 } };
	WGC_AUTO_FD int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	uint64_t times;

	if (timer < 0 || timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL))
		return;
	while (read(timer, &times, sizeof(times)) < 0 && errno == EINTR)
		;
}

static void until_closed(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	wgc_close(fd);
}

static bool still_wanted(int file)
{
	struct stat st;

	return fstat(file, &st) == 0 && st.st_nlink > 0;
}

static void wait_and_undo(unsigned seconds, bool reload, int (*undo)(void *arg), void *arg)
{
	const struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
	int64_t deadline = wgc_now_ms() + (int64_t)seconds * 1000;

	if (fcntl(FILE_FD, F_SETLK, &lock) || write_state(FILE_FD, deadline, reload) < 0 || wgc_write_all(READY_FD, "", 1) < 0)
		return;
	wgc_close(READY_FD);
	until_closed(HOLD_FD);
	deadline = wgc_now_ms() + (int64_t)seconds * 1000;
	if (write_state(FILE_FD, deadline, reload) < 0)
		return;
	sleep_until(deadline);
	/* Busy: somebody else is at work on the profile; perhaps he confirms. */
	while (still_wanted(FILE_FD) && undo(arg) == -EBUSY)
		nanosleep(&pause, NULL);
}

/* Twice, so that the process is nobody's child and, in a session of its own
 * that it does not lead, never gets a terminal. */
static int start(int file, int hold[2], int ready[2], unsigned seconds, bool reload, int (*undo)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid) {
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				return -errno;
		return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EAGAIN;
	}
	be_quiet();
	setsid();
	pid = fork();
	if (pid)
		_exit(pid < 0);
	wgc_close(hold[1]);
	if (alone(file, hold[0], ready[1]))
		wait_and_undo(seconds, reload, undo, arg);
	_exit(0);
}

static int is_ready(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : -EIO;
}

int wgc_confirm_arm_locked(struct wgc_journal *j, unsigned seconds, bool reload, int (*undo)(void *arg), void *arg, int *ret_hold)
{
	WGC_AUTO_FD int file = -1, hold0 = -1, hold1 = -1, ready0 = -1, ready1 = -1;
	int hold[2], ready[2], r;

	wgc_confirm_drop(j);
	file = openat(j->dir_fd, CONFIRM, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0 || pipe2(hold, O_CLOEXEC))
		return -errno;
	hold0 = hold[0];
	hold1 = hold[1];
	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	ready0 = ready[0];
	ready1 = ready[1];
	r = start(file, hold, ready, seconds, reload, undo, arg);
	ready1 = wgc_close(ready1);
	if (r == 0)
		r = is_ready(ready0);
	if (r < 0) {
		unlinkat(j->dir_fd, CONFIRM, 0);
		return r;
	}
	*ret_hold = hold1;
	hold1 = -1;
	return 0;
}

int wgc_confirm_arm(struct wgc_sys *sys, const char *name, unsigned seconds, int (*undo)(void *arg), void *arg, int *ret_hold,
		    struct wgc_err *err)
{
	struct wgc_journal j;
	int r = wgc_journal_lock(sys, name, &j, err);

	if (r < 0)
		return r;
	r = wgc_confirm_arm_locked(&j, seconds, false, undo, arg, ret_hold);
	wgc_journal_unlock(&j);
	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot start the process that is to undo '%s' unless it is confirmed: %s", name,
				   strerror(-r));
	return 0;
}

int wgc_confirm_disarm(struct wgc_sys *sys, const char *name, struct wgc_err *err)
{
	struct wgc_journal j;
	int r = wgc_journal_lock(sys, name, &j, err);

	if (r < 0)
		return r;
	r = wgc_confirm_drop(&j);
	wgc_journal_unlock(&j);
	return r;
}
