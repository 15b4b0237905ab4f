// SPDX-License-Identifier: GPL-2.0
/*
 * host: what tests/bats/net.bash does with its hosts most of the time. One small program
 * without libraries in place of twenty of the shell's: where QEMU translates all of it, to
 * start one is what most of a test costs.
 *
 *   host new DIR            make a host, its own files below DIR; prints the process that holds it
 *   host in [-i] PID CMD... run CMD there, in the same directory; -i: SIGINT does what it does by itself
 *   host list PID           processes in its network
 *   host end PID...         kill what is in their networks, and in those that have names there
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- new ---------------------------------------------------------------------------- */

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

static void mount_at(const char *what, const char *where, const char *type, unsigned long flags, const char *options)
{
	if (mount(what, where, type, flags, options) < 0)
		err(1, "mount %s at %s", type ? type : what, where);
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) < 0)
		err(1, "%s", path);
}

/* Changes to /etc stay below DIR; profiles are given there, too. */
static void own_files(const char *dir)
{
	static const char *const made[] = { "work", "etc", "etc/wgctl", "etc/wireguard" };
	char path[4096], options[8192], profiles[4096];
	struct stat run, var_run;

	snprintf(path, sizeof(path), "%s/files", dir);
	mount_at("tmpfs", path, "tmpfs", 0, "mode=755");
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s/files/%s", dir, made[i]);
		make_directory(path);
	}
	snprintf(options, sizeof(options), "lowerdir=/etc,upperdir=%s/files/etc,workdir=%s/files/work", dir, dir);
	mount_at("overlay", "/etc", "overlay", 0, options);
	if (readlink("/etc/resolv.conf", path, sizeof(path)) >= 0)
		unlink("/etc/resolv.conf");
	put("/etc/resolv.conf", "nameserver 192.0.2.53\n");
	for (int i = 0; i < 2; i++) {
		snprintf(profiles, sizeof(profiles), "%s/etc-%s", dir, i ? "wireguard" : "wgctl");
		mount_at(profiles, i ? "/etc/wireguard" : "/etc/wgctl", NULL, MS_BIND, NULL);
	}
	mount_at("tmpfs", "/run", "tmpfs", 0, "mode=755");
	if (stat("/run", &run) < 0 || stat("/var/run", &var_run) < 0)
		err(1, "/var/run");
	if (run.st_dev != var_run.st_dev || run.st_ino != var_run.st_ino)
		mount_at("tmpfs", "/var/run", "tmpfs", 0, "mode=755");
	/* Its network's, where the kernel lets it. */
	mount("sysfs", "/sys", "sysfs", 0, NULL);
}

/* Loopback is up. No duplicate address detection: it changes addresses and routes a second
 * or two later, in the middle of a comparison. */
static void own_network(void)
{
	static const char *const dad[] = { "/proc/sys/net/ipv6/conf/all/accept_dad", "/proc/sys/net/ipv6/conf/default/accept_dad" };
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 0; i < 2; i++)
		if (access(dad[i], F_OK) == 0)
			put(dad[i], "0");
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &lo) < 0)
		err(1, "lo");
	lo.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		err(1, "lo");
	close(fd);
}

static void hold(const char *dir, int ready)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		err(1, "unshare");
	own_files(dir);
	own_network();
	if (write(ready, "", 1) != 1 || chdir("/") < 0)
		err(1, "ready");
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (;;)
		pause();
}

static int new_host(const char *dir)
{
	char path[4096], c;
	int ready[2];
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", dir, ((const char *[]){ "", "/etc-wgctl", "/etc-wireguard", "/files" })[i]);
		make_directory(path);
	}
	if (pipe2(ready, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		hold(dir, ready[1]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		return 1;
	printf("%d\n", (int)pid);
	return 0;
}

/* ---- in ----------------------------------------------------------------------------- */

static int open_of(const char *pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static int run_in(char **argv)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), network, mounts;

	if (*argv && !strcmp(*argv, "-i")) {
		signal(SIGINT, SIG_DFL);
		argv++;
	}
	if (!argv[0] || !argv[1])
		errx(1, "in PID CMD...");
	network = open_of(argv[0], "net");
	mounts = open_of(argv[0], "mnt");
	if (setns(network, CLONE_NEWNET) < 0 || setns(mounts, CLONE_NEWNS) < 0)
		err(1, "cannot enter %s", argv[0]);
	if (here < 0 || fchdir(here) < 0)
		err(1, "cannot go back into the directory");
	execvp(argv[1], argv + 1);
	warn("%s", argv[1]);
	return 127;
}

/* ---- list and end --------------------------------------------------------------------- */

static ino_t networks[256];
static size_t n_networks;

static void remember(const char *path, ino_t ours)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_ino != ours && n_networks < sizeof(networks) / sizeof(networks[0]))
		networks[n_networks++] = st.st_ino;
}

static void names_of(const char *pid, ino_t ours)
{
	char path[512];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/root/run/netns", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%s/root/run/netns/%s", pid, e->d_name);
		if (e->d_name[0] != '.')
			remember(path, ours);
	}
	if (d)
		closedir(d);
}

static void each_inhabitant(void (*act)(pid_t pid))
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct stat st;
	char path[300];

	if (!d)
		err(1, "/proc");
	while ((e = readdir(d))) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", e->d_name);
		if (stat(path, &st) < 0)
			continue;
		for (size_t i = 0; i < n_networks; i++)
			if (networks[i] == st.st_ino) {
				act(atoi(e->d_name));
				break;
			}
	}
	closedir(d);
}

static void print(pid_t pid)
{
	printf("%d\n", (int)pid);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
}

int main(int argc, char **argv)
{
	bool ends = argc > 2 && !strcmp(argv[1], "end");
	struct stat ours;

	if (argc == 3 && !strcmp(argv[1], "new"))
		return new_host(argv[2]);
	if (argc > 3 && !strcmp(argv[1], "in"))
		return run_in(argv + 2);
	if (!ends && !(argc == 3 && !strcmp(argv[1], "list")))
		errx(1, "usage: host new DIR | in [-i] PID CMD... | list PID | end PID...");
	if (stat("/proc/self/ns/net", &ours) < 0)
		err(1, "/proc/self/ns/net");
	for (int i = 2; i < argc; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%s/ns/net", argv[i]);
		/* One that is in our own network is no host any more. */
		remember(path, ours.st_ino);
		if (ends)
			names_of(argv[i], ours.st_ino);
	}
	each_inhabitant(ends ? end : print);
	return 0;
}
