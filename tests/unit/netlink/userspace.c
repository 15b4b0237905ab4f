// SPDX-License-Identifier: GPL-2.0
/* Starting and stopping real processes, in namespaces of our own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netlink/netlink.h"
#include "netlink/uapi.h"
#include "unit/tap.h"

static char dir[] = "/tmp/wgctl-userspace-XXXXXX";

static double ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return getenv("WGCTL_TEST_STRICT") != NULL;
}

static const char *script(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	chmod(path, 0755);
	return path;
}

static bool gone(pid_t pid)
{
	for (int i = 0; i < 2000; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid || (kill(pid, 0) && errno == ESRCH))
			return true;
		usleep(1000);
	}
	return false;
}

/* Only 0, 1, 2 and the handed socket, and whatever the program opened itself:
 * none of our regular files or pipes. */
static bool leaked(pid_t pid, const char *what)
{
	char link[64], target[256];

	for (int fd = 0; fd < 64; fd++) {
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strstr(target, what))
			return true;
	}
	return false;
}

static void fast_path(struct wgc_nl *nl, const char *program)
{
	enum { RUNS = 21 };
	double up[RUNS], down[RUNS];
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_link link;
	pid_t pid;
	int bad = 0, kept, fd;
	char *secret;

	/* Something that must not be handed on. */
	secret = strdup(script("not-for-others", ""));
	kept = open(secret, O_RDONLY);
	fd = dup2(kept, 7);
	for (int i = 0; i < RUNS; i++) {
		double t = ms();

		pid = 0;
		if (wgc_userspace_start(nl, program, "wg0", &pid, &err)) {
			bad++;
			printf("# %s\n", err.msg);
			continue;
		}
		up[i] = ms() - t;
		if (wgc_nl_link_get(nl, "wg0", &link, NULL) || !wgc_uapi_exists("wg0") || pid <= 0)
			bad++;
		if (!i) {
			is_int(getsid(pid), pid);
			ok(!leaked(pid, "not-for-others"));
			is_int(wgc_userspace_start(nl, program, "wg0", &pid, &err), -EEXIST);
		}
		t = ms();
		if (wgc_userspace_stop(nl, "wg0", &err)) {
			bad++;
			printf("# %s\n", err.msg);
		}
		down[i] = ms() - t;
		if (!access(WGC_UAPI_DIR "/wg0.sock", F_OK) || !wgc_nl_link_get(nl, "wg0", &link, NULL))
			bad++;
		if (!gone(pid))
			bad++;
	}
	is_int(bad, 0);
	if (!bad) {
		qsort(up, RUNS, sizeof(*up), by_value);
		qsort(down, RUNS, sizeof(*down), by_value);
		printf("# median of %d: start %.2f ms, stop %.2f ms\n", RUNS, up[RUNS / 2], down[RUNS / 2]);
	}
	close(fd);
	close(kept);
	free(secret);
	is_int(wgc_userspace_stop(nl, "wg0", &err), 0);
}

static void set_and_get(struct wgc_nl *nl, const char *program)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_device d = { .ifname = "wg0" }, *got = NULL;
	enum { N = 3000 };
	char **names;
	size_t n;
	pid_t pid;

	is_int(wgc_uapi_get("wg0", a, &got, &err), -ENODEV);
	is_int(wgc_userspace_start(nl, program, "wg0", &pid, &err), 0);
	wgc_key_generate(&d.private_key, true);
	d.listen_port = 51999;
	d.fwmark = 77;
	d.flags = WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_LISTEN_PORT | WGC_DEVICE_HAS_FWMARK | WGC_DEVICE_REPLACE_PEERS;
	d.peers = calloc(N, sizeof(*d.peers));
	d.n_peers = N;
	for (uint32_t i = 0; i < N; i++) {
		struct wgc_peer *p = &d.peers[i];
		char text[32];

		wgc_key_generate(&p->public_key, false);
		wgc_key_generate(&p->preshared_key, false);
		p->flags = WGC_PEER_HAS_PRESHARED_KEY | WGC_PEER_HAS_KEEPALIVE | WGC_PEER_REPLACE_ALLOWED_IPS;
		p->keepalive = (uint16_t)i;
		snprintf(text, sizeof(text), "10.%u.%u.0/24", i >> 8, i & 255);
		wgc_prefix_parse(text, &wgc_peer_add_allowed_ip(a, p)->prefix);
		p->endpoint.in.sin_family = AF_INET;
		p->endpoint.in.sin_port = htons(9);
		p->endpoint.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	is_int(wgc_uapi_set(&d, &err), 0);
	if (is_int(wgc_uapi_get("wg0", a, &got, &err), 0)) {
		size_t same = 0;

		is_int(got->n_peers, N);
		is_int(got->listen_port, 51999);
		is_int(got->fwmark, 77);
		ok(wgc_key_equal(&got->private_key, &d.private_key));
		is_str(got->ifname, "wg0");
		ok(got->ifindex > 0);
		for (size_t i = 0; i < 50; i++) {
			struct wgc_peer *p = wgc_device_find_peer(got, &d.peers[i].public_key);

			same += p && p->keepalive == d.peers[i].keepalive &&
				wgc_key_equal(&p->preshared_key, &d.peers[i].preshared_key) && p->n_allowed_ips == 1 &&
				wgc_prefix_equal(&p->allowed_ips[0].prefix, &d.peers[i].allowed_ips[0].prefix);
		}
		is_int(same, 50);
	}
	if (is_int(wgc_uapi_list(a, &names, &n, &err), 0) && is_int(n, 1))
		is_str(names[0], "wg0");

	/* A refusal in the middle of much text still tells its reason. */
	d.peers[0].flags |= WGC_PEER_REMOVE;
	d.listen_port = 0;
	d.peers[1].endpoint.sa.sa_family = AF_INET6;
	d.peers[1].allowed_ips[0].prefix.len = 200;
	ok(wgc_uapi_set(&d, &err) < 0);
	ok(err.code == WGC_E_KERNEL);
	free(d.peers);
	is_int(wgc_userspace_stop(nl, "wg0", &err), 0);
	ok(gone(pid));
	wgc_arena_free(a);
}

static void crashes(struct wgc_nl *nl, const char *program)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a = wgc_arena_new();
	char **names;
	size_t n;
	pid_t pid;

	/* Killed: its socket stays behind, and is taken away when it is met. */
	is_int(wgc_userspace_start(nl, program, "wg0", &pid, &err), 0);
	kill(pid, SIGKILL);
	ok(gone(pid));
	is_int(access(WGC_UAPI_DIR "/wg0.sock", F_OK), 0);
	is_int(wgc_uapi_list(a, &names, &n, &err), 0);
	is_int(n, 0);
	is_int(access(WGC_UAPI_DIR "/wg0.sock", F_OK), -1);
	is_int(wgc_userspace_stop(nl, "wg0", &err), 0);

	/* Writing to what it was given must not kill it later on. */
	is_int(wgc_userspace_start(nl, program, "wg0", &pid, &err), 0);
	usleep(20000);
	is_int(kill(pid, 0), 0);
	ok(!wgc_userspace_stop(nl, "wg0", &err) && gone(pid));
	wgc_arena_free(a);
}

static void other_programs(struct wgc_nl *nl, const char *real)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_link link;
	char text[512];
	pid_t pid = -1;

	is_int(wgc_userspace_start(nl, "/nonexistent/wireguard-go", "wg0", &pid, &err), -ENOENT);
	is_int(access(WGC_UAPI_DIR "/wg0.sock", F_OK), -1);
	is_int(wgc_userspace_start(nl, "/nonexistent/other", "wg0", &pid, &err), -ENOENT);

	is_int(wgc_userspace_start(nl, script("broken", "#!/bin/sh\necho 'no tunnel today' >&2\nexit 3\n"), "wg0", &pid, &err), -EIO);
	is_str(err.msg, "broken failed: no tunnel today");
	is_int(wgc_userspace_start(nl, script("silent", "#!/bin/sh\nexit 3\n"), "wg0", &pid, &err), -EIO);
	is_str(err.msg, "silent ended with status 3 before it was ready");
	is_int(wgc_userspace_start(nl, script("wireguard-go", "#!/bin/sh\necho \"not with $1\"\nexit 1\n"), "wg0", &pid, &err), -EIO);
	is_str(err.msg, "wireguard-go failed: not with wg0");
	is_int(access(WGC_UAPI_DIR "/wg0.sock", F_OK), -1);

	/* One of that name which knows nothing of handed sockets. */
	snprintf(text, sizeof(text), "#!/bin/sh\n[ -z \"$WG_UAPI_FD\" ] || exit 1\nexec %s \"$1\"\n", real);
	is_int(wgc_userspace_start(nl, script("wireguard-go", text), "wg0", &pid, &err), 0);
	ok(wgc_uapi_exists("wg0") && !wgc_nl_link_get(nl, "wg0", &link, NULL));
	is_int(wgc_userspace_stop(nl, "wg0", &err), 0);
	ok(!wgc_uapi_exists("wg0") && wgc_nl_link_get(nl, "wg0", &link, NULL) == -ENODEV);

	/* One that stays in the foreground, late. */
	snprintf(text, sizeof(text), "#!/bin/sh\nsleep 0.1\nexec %s -f \"$1\"\n", real);
	is_int(wgc_userspace_start(nl, script("other", text), "wg0", &pid, &err), 0);
	ok(pid > 0);
	is_int(wgc_userspace_stop(nl, "wg0", &err), 0);
	ok(gone(pid));
}

static void finding(void)
{
	struct wgc_err err = WGC_ERR_INIT;
	char *program = NULL, *old = strdup(getenv("PATH"));

	setenv("WG_QUICK_USERSPACE_IMPLEMENTATION", "no-such-implementation", 1);
	is_int(wgc_userspace_find(&program, &err), -ENOENT);
	ok(strstr(err.msg, "no-such-implementation") && err.hint[0]);
	setenv("WG_QUICK_USERSPACE_IMPLEMENTATION", script("mine", "#!/bin/sh\n"), 1);
	if (is_int(wgc_userspace_find(&program, &err), 0))
		ok(strstr(program, "/mine"));
	free(program);
	unsetenv("WG_QUICK_USERSPACE_IMPLEMENTATION");
	script("wireguard-go", "#!/bin/sh\n");
	setenv("PATH", dir, 1);
	if (is_int(wgc_userspace_find(&program, &err), 0))
		ok(!strncmp(program, dir, strlen(dir)));
	free(program);
	/* The current directory is never meant. */
	if (!chdir(dir))
		setenv("PATH", ":/nonexistent:", 1);
	is_int(wgc_userspace_find(&program, &err), -ENOENT);
	setenv("PATH", old, 1);
	free(old);
}

int main(void)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_nl *nl = NULL;
	char *program = NULL;

	if (geteuid())
		return skip("needs root");
	unsetenv("WG_QUICK_USERSPACE_IMPLEMENTATION");
	if (wgc_userspace_find(&program, &err))
		return skip("there is no wireguard-go");
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/tmp", "tmpfs", 0, NULL) || mount("none", "/run", "tmpfs", 0, NULL) || !mkdtemp(dir))
		return skip("cannot make namespaces");
	if (access("/dev/net/tun", R_OK | W_OK))
		return skip("there is no /dev/net/tun");
	if (!is_int(wgc_nl_open(NULL, &nl, &err), 0))
		return tap_done();
	fast_path(nl, program);
	set_and_get(nl, program);
	crashes(nl, program);
	other_programs(nl, program);
	finding();
	wgc_nl_close(nl);
	free(program);
	return tap_done();
}
