// SPDX-License-Identifier: GPL-2.0
/*
 * rootless: `run` for who may do nothing. In a user namespace of our own there
 * are two network namespaces: one that pasta(1) joins to the network by plain
 * sockets, where encrypted packets leave from; and one that has the tunnel and
 * nothing else. A process namespace holds all of it together, and its first
 * process is ours: when that ends, however it ends, nothing is left.
 *
 *   wgctl ---- pasta
 *     first     (process 1: brings the tunnel up, waits, takes it down)
 *       wireguard-go
 *       program (in the other network namespace)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/inside/inside.h"

#define JOIN_MS 5000
#define LOOK_MS 20
#define LOOK_AGAIN_MS 200

static int failed(struct wgc_ui *ui, struct wgc_err *err)
{
	wgc_show_err(ui, NULL, err, NULL);
	return WGC_EXIT_NOT_RUN;
}

static int cannot(struct wgc_ui *ui, const char *what, const char *hint)
{
	struct wgc_err err = WGC_ERR_INIT;

	wgc_err_set(&err, errno == EPERM ? WGC_E_PERM : WGC_E_IO, errno, "cannot %s: %s", what, strerror(errno));
	if (hint)
		wgc_err_hint(&err, "%s", hint);
	return failed(ui, &err);
}

/* ---- names ------------------------------------------------------------------------ */

/* Here, where the machine's resolver can be reached. */
static int resolve(struct wgc_profile *p, unsigned wait_seconds, struct wgc_err *err)
{
	struct wgc_sys sys;
	int r = wgc_sys_open(&sys, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < p->n_peers; i++)
		for (size_t k = 0; r == 0 && k < p->peers[i].n_endpoints; k++) {
			struct wgc_host_port *e = &p->peers[i].endpoints[k];
			struct wgc_lookup look = { .host = e->host, .port = e->port };

			if (e->numeric.sa.sa_family)
				continue;
			r = sys.resolve(&sys, &look, 1, wait_seconds ?: 10, &(volatile int){ 0 });
			if (r == 0 && look.n_addrs)
				e->numeric = look.addrs[0];
			else
				r = wgc_err_set(err, WGC_E_NOT_FOUND, EHOSTUNREACH, "cannot find the address of '%s'%s%s", e->host,
						look.reason[0] ? ": " : "", look.reason);
			free(look.addrs);
		}
	wgc_sys_close(&sys);
	return r;
}

/* ---- the first process of its own world ---------------------------------------------- */

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = wgc_write_all(fd, text, strlen(text));
	close(fd);
	errno = -r;
	return r < 0 ? -1 : 0;
}

/* We stay who we are: a program inside has the same files as outside. */
static int map_self(uid_t uid, gid_t gid)
{
	char map[64];

	snprintf(map, sizeof(map), "%u %u 1", (unsigned)uid, (unsigned)uid);
	if (write_text("/proc/self/uid_map", map) < 0 || write_text("/proc/self/setgroups", "deny") < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", (unsigned)gid, (unsigned)gid);
	return write_text("/proc/self/gid_map", map);
}

/* What wireguard-go needs of the rights that we have here. */
static int hand_on_net_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -1;
	data[0].inheritable |= 1u << CAP_NET_ADMIN;
	if (syscall(SYS_capset, &head, data) < 0)
		return -1;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
}

struct world {
	int outer, inner; /* network namespaces */
	pid_t program;
	int tell; /* the program's resolv.conf goes there */
};

static struct world world = { .outer = -1, .inner = -1, .tell = -1 };

static void hand_on(int sig)
{
	if (world.program > 0)
		kill(world.program, sig);
}

/* What nohup made us ignore stays ignored. */
static void heed(int sig, void (*how)(int))
{
	if (sig == SIGHUP)
		wgc_signal_act(sig, &(struct sigaction){ .sa_handler = how, .sa_flags = SA_RESTART });
	else
		signal(sig, how);
}

/* In process 1, whose end is the end of everything there. */
static void end_all(int sig)
{
	_exit(128 + sig);
}

/* What asks us to end; SIGQUIT is for the program alone. */
static const int asked[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t wait_no_more;

static void stop_waiting(int sig)
{
	wait_no_more = sig;
}

static int make_namespaces(void)
{
	world.outer = wgc_ns_own();
	if (world.outer < 0 || unshare(CLONE_NEWNET) < 0)
		return -1;
	world.inner = wgc_ns_own();
	return world.inner < 0 || setns(world.outer, CLONE_NEWNET) < 0 ? -1 : 0;
}

/* The program, in the view that we have now; it waits to be told its name servers. */
static int fork_program(struct wgc_ui *ui, struct wgc_arena *a, struct wgc_start *s)
{
	WGC_AUTO_FREE char *text = NULL;
	int ends[2];
	size_t len;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	world.program = fork();
	if (world.program) {
		close(ends[0]);
		world.tell = ends[1];
		return world.program < 0 ? -1 : 0;
	}
	close(ends[1]);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(asked); i++)
		heed(asked[i], SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (wgc_read_fd(ends[0], 1u << 20, &text, &len) < 0 || !len)
		_exit(WGC_EXIT_NOT_RUN);
	s->room.net = world.inner;
	s->room.resolv_conf = text;
	_exit(wgc_start(ui, a, s));
}

/* For the tunnel's own files; the program does not see this. */
static int new_run(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return -1;
	/* Where it is no symbolic link. */
	if (access("/var/run/wireguard", F_OK) == 0 && mount("tmpfs", "/var/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return -1;
	return 0;
}

static int resolvers_of(struct wgc_arena *a, struct wgc_sys *sys, const struct wgc_run_args *x, const char *name, struct wgc_room *room,
			struct wgc_err *err)
{
	struct wgc_up_info *v = NULL;
	size_t n = 0;
	int r = wgc_plan_list(sys, a, &v, &n, err);

	return r ?: wgc_room_dns(a, name, n ? v[0].resolv_conf : "", x->dns, x->no_dns, room, err);
}

/* With the tunnel up: the program begins, and ends; and so does what it leaves. */
static int run_program(struct wgc_ui *ui, struct wgc_room *room)
{
	struct wgc_ns_id id;
	int status, said = 0;
	pid_t pid;

	/* What `up` made of them is over. */
	heed(SIGTERM, hand_on);
	heed(SIGHUP, hand_on);
	signal(SIGINT, SIG_IGN);
	/* One that came when it was too late for `up`. */
	if (wgc_steps_stop())
		return 128 + wgc_steps_stop();
	if (wgc_write_all(world.tell, room->resolv_conf, strlen(room->resolv_conf)) < 0)
		return cannot(ui, "start the program", NULL);
	world.tell = wgc_close(world.tell);
	/* Process 1 gets all that others leave. */
	do
		pid = waitpid(-1, &status, 0);
	while (pid < 0 ? errno == EINTR : pid != world.program);
	world.program = 0;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(asked); i++)
		heed(asked[i], stop_waiting);
	while (!wait_no_more && wgc_ns_id(world.inner, &id) == 0 && wgc_ns_wait_empty(&id, said ? LOOK_AGAIN_MS : 1000) == 1)
		if (!said++)
			fprintf(stderr, "wgctl: processes of the program go on; the tunnel stays until the last one ends, or this is interrupted\n");
	if (pid < 0)
		return WGC_EXIT_NOT_RUN;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int up_run_down(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_run_args *x, struct wgc_loaded *l)
{
	struct wgc_room room = { .net = -1 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	char path[64];
	int code;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", world.inner);
	l->profile->interface_namespace.s = path;
	l->profile->socket_namespace.s = NULL;
	if (wgc_sys_open(&sys, &err) < 0)
		return failed(ui, &err);
	ui->quiet = !ui->verbose;
	code = wgc_up_one(ui, &sys, l, false, x->c.wait, NULL);
	if (code) {
		wgc_sys_close(&sys);
		return WGC_EXIT_NOT_RUN;
	}
	if (resolvers_of(a, &sys, x, l->profile->name, &room, &err) < 0)
		code = failed(ui, &err);
	else
		code = run_program(ui, &room);
	wgc_down_one(ui, &sys, l->profile->name, false, false, 0, NULL);
	wgc_sys_close(&sys);
	return code;
}

/* Process 1 there. @ready and @go: to say that there are namespaces, and to hear that there is a network. */
static int first(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_run_args *x, struct wgc_loaded *l, struct wgc_start *s, int ready,
		 int go)
{
	static const char userns[] = "this kernel, or its settings, may not let ordinary users make namespaces; with sudo it works";
	char c = 0;

	/* What a process 1 has no handler for it does not even get. */
	for (size_t i = 0; i < WGC_ARRAY_SIZE(asked); i++)
		heed(asked[i], end_all);
	signal(SIGQUIT, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || map_self(s->who->uid, s->who->gid) < 0)
		return cannot(ui, "map this user into a user namespace", userns);
	if (mount("", "/", "none", MS_REC | MS_SLAVE, NULL) < 0 || mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return cannot(ui, "mount a new /proc", "some containers do not allow it");
	if (write(ready, "", 1) != 1 || read(go, &c, 1) != 1 || make_namespaces() < 0)
		return cannot(ui, "make network namespaces", NULL);
	if (fork_program(ui, a, s) < 0 || new_run() < 0 || hand_on_net_admin() < 0)
		return cannot(ui, "prepare namespaces", NULL);
	return up_run_down(ui, a, x, l);
}

/* ---- outside ------------------------------------------------------------------------- */

static pid_t start_pasta(pid_t target, int log)
{
	char number[16];
	char *argv[] = { (char *)"pasta", (char *)"--config-net", (char *)"--foreground", (char *)"--quiet", (char *)"--no-map-gw", (char *)"-t",
			 (char *)"none", (char *)"-u", (char *)"none", (char *)"-T", (char *)"none", (char *)"-U", (char *)"none", number, NULL };
	pid_t pid;

	snprintf(number, sizeof(number), "%d", (int)target);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	/* Of a terminal's signals it would die before the tunnel is down. */
	setsid();
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execvp(argv[0], argv);
	fprintf(stderr, "%s\n", strerror(errno));
	_exit(127);
}

/*
 * A default route by anything but lo, which has an unreachable one from the start. In a
 * line of these files (net/ipv4/fib_trie.c and net/ipv6/route.c print them): link,
 * destination, five more, mask; and destination, its length, seven more, link.
 */
static bool is_default(const char *line, bool v6)
{
	char to[33], bits[9], dev[16];

	if (v6)
		return sscanf(line, "%32s %8s %*s %*s %*s %*s %*s %*s %*s %15s", to, bits, dev) == 3 && !to[strspn(to, "0")] &&
		       !strcmp(bits, "00") && strcmp(dev, "lo");
	return sscanf(line, "%15s %32s %*s %*s %*s %*s %*s %8s", dev, to, bits) == 3 && !to[strspn(to, "0")] && !bits[strspn(bits, "0")] &&
	       strcmp(dev, "lo");
}

static bool has_default(pid_t pid, bool v6)
{
	WGC_AUTO_FREE char *text = NULL;
	char path[64], *save = NULL;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, v6 ? "ipv6_route" : "route");
	if (wgc_read_file(path, 1u << 20, &text, &len) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (is_default(line, v6))
			return true;
	return false;
}

static int pasta_failed(struct wgc_ui *ui, int log)
{
	struct wgc_err err = WGC_ERR_INIT;
	char text[200] = "";
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	wgc_err_set(&err, WGC_E_NOT_FOUND, ENETUNREACH, "pasta does not join the namespace to the network%s%s", *text ? ": " : "", text);
	wgc_err_hint(&err, "it is in the package passt, and needs a network with a default route");
	return failed(ui, &err);
}

/* Until it is joined, or cannot be. */
static int join(struct wgc_ui *ui, pid_t target, pid_t *pasta)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	WGC_AUTO_FD int log = memfd_create("pasta", MFD_CLOEXEC);
	int64_t end = wgc_now_ms() + JOIN_MS;

	*pasta = start_pasta(target, log);
	while (*pasta > 0 && wgc_now_ms() < end) {
		siginfo_t ended = { .si_pid = 0 };

		if (has_default(target, false) || has_default(target, true))
			return 0;
		/* It has said why, or was told to. */
		if (waitid(P_PID, (id_t)target, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid)
			return 0;
		if (waitpid(*pasta, NULL, WNOHANG) == *pasta) {
			/* Its number may be another's from now on. */
			*pasta = -1;
			break;
		}
		nanosleep(&pause, NULL);
	}
	return pasta_failed(ui, log);
}

/* The calls of the C library know no such fork. */
static pid_t fork_world(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
}

int wgc_run_rootless(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_run_args *x, struct wgc_loaded *l, struct wgc_start *s)
{
	WGC_AUTO_FREE char *listeners = NULL;
	struct wgc_err err = WGC_ERR_INIT;
	int ready[2], go[2], code, status;
	pid_t pasta = -1;
	char c = 0;

	if (geteuid() == 0)
		return wgc_usage(ui, "--rootless is for who is not root"), WGC_EXIT_NOT_RUN;
	if (resolve(l->profile, x->c.wait, &err) < 0 || wgc_ns_listeners(-1, &listeners, &err) < 0)
		return failed(ui, &err);
	s->listeners = listeners;
	s->private_users = true;
	s->room.name = l->profile->name;
	s->room.netns = "";
	/* Else not even our own files of /proc would be ours. What keys there are this
	 * user has anyway. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 || pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		return cannot(ui, "begin", NULL);
	fflush(NULL);
	world.program = fork_world();
	if (!world.program) {
		close(ready[0]);
		close(go[1]);
		_exit(first(ui, a, x, l, s, ready[1], go[0]));
	}
	close(ready[1]);
	close(go[0]);
	if (world.program < 0)
		return cannot(ui, "make a user namespace", "this kernel, or its settings, may not let ordinary users do that; with sudo it works");
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	heed(SIGTERM, hand_on);
	heed(SIGHUP, hand_on);
	code = read(ready[0], &c, 1) == 1 ? join(ui, world.program, &pasta) : 0;
	if (code)
		kill(world.program, SIGKILL);
	else if (write(go[1], "", 1) != 1)
		code = 0; /* it has ended, and has said why */
	close(go[1]);
	while (waitpid(world.program, &status, 0) < 0 && errno == EINTR)
		;
	if (pasta > 0) {
		kill(pasta, SIGTERM);
		waitpid(pasta, NULL, 0);
	}
	return code ?: WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
