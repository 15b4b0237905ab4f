// SPDX-License-Identifier: GPL-2.0
/*
 * What is started in the namespace of the devices: clients for Wi-Fi and leases.
 *
 * They see an /etc in which they may write a resolv.conf, and that is the one of
 * their namespace; the sockets by which they would tell a resolver outside, who
 * would take their link's number for that of another link here, are hidden.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plan/physical/physical.h"

#define SUFFIX ".pid"

void wgc_physical_file(const struct wgc_sys *sys, const char *rest, char out[static 280])
{
	snprintf(out, 280, "%s/." WGC_PHYSICAL "/%s", sys->run_dir, rest);
}

/* Not by way of a temporary file: who is killed half-way would leave that, and half a file is as good as none here. */
int wgc_physical_write(const char *path, const char *text, mode_t mode)
{
	WGC_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

	/* Whatever our umask: systemd-networkd, for one, is not root. */
	return fd < 0 || fchmod(fd, mode) < 0 ? -errno : wgc_write_all(fd, text, strlen(text));
}

int wgc_physical_directory(const char *path)
{
	mode_t old = umask(022);
	int r = wgc_mkdir_p(path, 0755);

	umask(old);
	return r;
}

/* ---- who it is: a number alone may be another's by now ----------------------------------- */

static bool started_at(pid_t pid, unsigned long long *ret, char *ret_state)
{
	WGC_AUTO_FREE char *text = NULL;
	char path[40], *end;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (wgc_read_file(path, 4096, &text, &len) < 0)
		return false;
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", ret_state, ret) == 2;
}

static void file_of(const struct wgc_sys *sys, const char *name, char out[static 280])
{
	char file[64];

	snprintf(file, sizeof(file), "%.56s" SUFFIX, name);
	wgc_physical_file(sys, file, out);
}

int wgc_physical_process_write(const struct wgc_sys *sys, const char *name)
{
	unsigned long long since;
	char path[280], text[64], state;

	if (!started_at(getpid(), &since, &state))
		return -EIO;
	file_of(sys, name, path);
	snprintf(text, sizeof(text), "%d %llu\n", (int)getpid(), since);
	return wgc_physical_write(path, text, 0600);
}

pid_t wgc_physical_process(const struct wgc_sys *sys, const char *name)
{
	WGC_AUTO_FREE char *text = NULL;
	unsigned long long since, now;
	char path[280], state;
	size_t len;
	int pid;

	file_of(sys, name, path);
	if (wgc_read_file(path, 256, &text, &len) < 0 || sscanf(text, "%d %llu", &pid, &since) != 2)
		return 0;
	if (!started_at(pid, &now, &state) || now != since)
		return 0;
	/* Ended, and its parent, who may be us, has not looked yet. */
	if (state == 'Z')
		waitpid(pid, NULL, WNOHANG);
	return state == 'Z' || state == 'X' ? 0 : pid;
}

/* Held first, and then looked at: what is held is nobody else by then. */
static void send_signal(const struct wgc_sys *sys, const char *name, pid_t pid, int sig)
{
	WGC_AUTO_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0 && wgc_physical_process(sys, name) == pid)
		syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

int wgc_physical_process_end(const struct wgc_sys *sys, const char *name, struct wgc_err *err)
{
	static const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	char path[280];
	pid_t pid = 0;

	for (int i = 0; i < 250; i++) {
		pid = wgc_physical_process(sys, name);
		if (pid <= 0)
			break;
		if (i == 0 || i == 150)
			send_signal(sys, name, pid, i ? SIGKILL : SIGTERM);
		nanosleep(&pause, NULL);
	}
	if (pid > 0)
		return wgc_err_set(err, WGC_E_IO, ETIMEDOUT, "process %d does not end", (int)pid);
	file_of(sys, name, path);
	unlink(path);
	return 0;
}

/* The userspace data plane of the tunnel lives where its packets leave from: it has the TUN device open. */
bool wgc_physical_is_data_plane(pid_t pid, const char *ifname)
{
	char path[300], want[32];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(want, sizeof(want), "iff:\t%s\n", ifname);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		WGC_AUTO_FREE char *text = NULL;
		size_t len;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, e->d_name);
		found = wgc_read_file(path, 4096, &text, &len) == 0 && strstr(text, want);
	}
	if (d)
		closedir(d);
	return found;
}

/* Each of those that run, until @fn says true of one. */
static bool any_process(const struct wgc_sys *sys, bool (*fn)(const struct wgc_sys *sys, const char *name, pid_t pid, void *arg), void *arg)
{
	char dir[280], name[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	wgc_physical_file(sys, "", dir);
	d = opendir(dir);
	while (d && !found && (e = readdir(d))) {
		size_t len = strlen(e->d_name), tail = strlen(SUFFIX);
		pid_t pid;

		if (len <= tail || len >= sizeof(name) || strcmp(e->d_name + len - tail, SUFFIX))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - tail), e->d_name);
		pid = wgc_physical_process(sys, name);
		found = pid > 0 && fn(sys, name, pid, arg);
	}
	if (d)
		closedir(d);
	return found;
}

static bool is_ancestor(const struct wgc_sys *sys, const char *name, pid_t pid, void *arg)
{
	for (pid_t at = *(pid_t *)arg; at > 1; at = wgc_ns_parent(at, NULL))
		if (at == pid)
			return true;
	return false;
}

bool wgc_physical_is_client(const struct wgc_sys *sys, pid_t pid)
{
	return any_process(sys, is_ancestor, &pid);
}

/* ---- what it sees ---------------------------------------------------------------------------- */

static int mounted(int r, const char *what, struct wgc_err *err)
{
	return r == 0 ? 0 : wgc_err_set(err, WGC_E_IO, errno, "cannot %s for what runs in '" WGC_PHYSICAL "': %s", what, strerror(errno));
}

/* By these it would be heard in the other namespace. */
static int hide_sockets(struct wgc_err *err)
{
	static const char *const paths[] = { "/run/systemd/resolve", "/run/resolvconf", "/run/nscd", "/run/dbus", "/run/avahi-daemon",
					     "/run/NetworkManager" };
	int r = 0;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(paths) && !r; i++)
		if (access(paths[i], F_OK) == 0)
			r = mounted(mount("tmpfs", paths[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=1m"), "hide a socket", err);
	return r;
}

/* What is written to /etc lands in our directory; only the resolver is expected to be. */
static int lay_over_etc(const struct wgc_sys *sys, struct wgc_err *err)
{
	char upper[280], work[280], options[700];

	wgc_physical_file(sys, "etc", upper);
	wgc_physical_file(sys, "work", work);
	if (wgc_physical_directory(upper) < 0 || wgc_mkdir_p(work, 0700) < 0)
		return wgc_err_set(err, WGC_E_IO, EIO, "cannot make %s", work);
	snprintf(options, sizeof(options), "lowerdir=/etc,upperdir=%s,workdir=%s", upper, work);
	return mounted(mount("overlay", "/etc", "overlay", 0, options), "lay a directory over /etc", err);
}

static int private_run(const struct wgc_sys *sys, const char *name, struct wgc_err *err)
{
	char own[280], path[64];

	wgc_physical_file(sys, name, own);
	snprintf(path, sizeof(path), "/run/%s", name);
	if (wgc_physical_directory(own) < 0 || wgc_physical_directory(path) < 0)
		return wgc_err_set(err, WGC_E_IO, EIO, "cannot make %s", own);
	return mounted(mount(own, path, NULL, MS_BIND, NULL), "give a directory in /run", err);
}

/* One that is there already: the keeper is not in there, and we are not to be taken for another. */
static bool join_one(const struct wgc_sys *sys, const char *name, pid_t pid, void *arg)
{
	WGC_AUTO_FD int fd = -1;
	char path[40];

	if (pid == getpid() || !wgc_ns_lives_in(pid, arg))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && wgc_physical_process(sys, name) == pid && setns(fd, CLONE_NEWNS) == 0;
}

/* Two mounts of one directory over /etc would not know what the other one writes
 * there, and the kernel promises nothing: those who are in there share one. */
static bool join_others(const struct wgc_sys *sys, const struct wgc_physical *p)
{
	struct wgc_ns_id id;

	return wgc_ns_id(p->inside, &id) == 0 && any_process(sys, join_one, &id);
}

int wgc_physical_settle(const struct wgc_sys *sys, const struct wgc_physical *p, struct wgc_err *err)
{
	int r = wgc_physical_enter(p, err);

	if (r == 0 && join_others(sys, p))
		return 0;
	r = r ?: mounted(unshare(CLONE_NEWNS), "make a mount namespace", err);
	r = r ?: mounted(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "keep mounts apart", err);
	r = r ?: lay_over_etc(sys, err);
	r = r ?: private_run(sys, "wpa_supplicant", err) ?: private_run(sys, "dhcpcd", err);
	r = r ?: hide_sockets(err);
	/* What is in /sys/class/net is that of who mounted it. */
	if (r == 0 && (umount2("/sys", MNT_DETACH) < 0 || mount("sysfs", "/sys", "sysfs", 0, NULL) < 0))
		r = mounted(-1, "mount /sys", err);
	return r;
}
