// SPDX-License-Identifier: GPL-2.0
/* Clients and the keeper as steps: started, and ended again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/physical/physical.h"

#define KEEPER "keeper"

/* Who keeps a lease, in the order of liking; each stays in the foreground, so that we know who it is. */
static const struct client {
	const char *name, *program;
	const char *argv[10]; /* %i: the link, %d: our directory, %w: the file with the networks */
} leases[] = {
	{ "dhcpcd", "/usr/sbin/dhcpcd", { "dhcpcd", "-B", "-4", "-L", "-q", "%i" } },
	{ "dhcpcd", "/sbin/dhcpcd", { "dhcpcd", "-B", "-4", "-L", "-q", "%i" } },
	{ "dhclient", "/usr/sbin/dhclient", { "dhclient", "-d", "-4", "-pf", "%d/dhclient.%i", "-lf", "%d/lease.%i", "%i" } },
	{ "dhclient", "/sbin/dhclient", { "dhclient", "-d", "-4", "-pf", "%d/dhclient.%i", "-lf", "%d/lease.%i", "%i" } },
	{ "udhcpc", "/usr/sbin/udhcpc", { "udhcpc", "-f", "-i", "%i" } },
};
static const struct client wpa[] = {
	{ "wpa_supplicant", "/usr/sbin/wpa_supplicant", { "wpa_supplicant", "-i", "%i", "-c", "%w", "-C", "/run/wpa_supplicant" } },
	{ "wpa_supplicant", "/sbin/wpa_supplicant", { "wpa_supplicant", "-i", "%i", "-c", "%w", "-C", "/run/wpa_supplicant" } },
};

static const struct client *first_there(const struct client *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (access(v[i].program, X_OK) == 0)
			return &v[i];
	return NULL;
}

/* s->n: 0 for Wi-Fi, 1 for a lease. */
static const struct client *client_of(const struct wgc_step *s)
{
	return s->n ? first_there(leases, WGC_ARRAY_SIZE(leases)) : first_there(wpa, WGC_ARRAY_SIZE(wpa));
}

static const struct wgc_physical_nic *nic_of(const struct wgc_plan *plan, const struct wgc_step *s)
{
	return &plan->physical->v[s->first];
}

static void name_of(const struct wgc_plan *plan, const struct wgc_step *s, char out[static 40])
{
	const struct client *c = client_of(s);

	snprintf(out, 40, "%s.%s", c ? c->name : s->n ? "lease" : "wpa_supplicant", nic_of(plan, s)->nic->link.ifname);
}

static int client_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	char name[40];

	name_of(x->plan, s, name);
	wgc_json_key(j, "ifname");
	wgc_json_str(j, name);
	return 0;
}

static char *expand(struct wgc_arena *a, const struct wgc_sys *sys, const struct wgc_physical_nic *v, const char *word)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	char dir[280];

	for (; *word; word++) {
		if (*word != '%') {
			wgc_str_addc(&out, *word);
			continue;
		}
		word++;
		wgc_physical_file(sys, "", dir);
		wgc_str_add(&out, *word == 'i' ? v->nic->link.ifname : *word == 'd' ? dir : v->wpa ?: "");
	}
	return wgc_arena_strdup(a, wgc_str_get(&out));
}

/*
 * Until it has written down who it is, it dies with us: what nobody knows of,
 * nobody would end. @body is called in the child, with all but that done.
 */
static int start(struct wgc_exec *x, const char *name, void (*body)(struct wgc_exec *x, int ready, void *arg), void *arg,
		 struct wgc_err *err)
{
	int ready[2], null, status;
	char byte;
	ssize_t n;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return wgc_err_set(err, WGC_E_IO, errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		if (null < 0 || wgc_physical_process_write(x->sys, name) < 0)
			_exit(126);
		body(x, ready[1], arg);
		_exit(0);
	}
	close(ready[1]);
	do
		n = pid < 0 ? 0 : read(ready[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	close(ready[0]);
	if (n == 1)
		return 0;
	if (pid > 0)
		waitpid(pid, &status, 0);
	wgc_physical_process_end(x->sys, name, NULL);
	return wgc_err_set(err, WGC_E_IO, EIO, "'%s' could not be started", name);
}

static void is_ready(int fd)
{
	prctl(PR_SET_PDEATHSIG, 0);
	if (write(fd, "", 1) != 1)
		_exit(126);
}

struct command {
	const char *program;
	char **argv;
};

static void be_a_client(struct wgc_exec *x, int ready, void *arg)
{
	const struct command *c = arg;
	/* It stays for days: nothing of a person's surroundings. */
	char *env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

	if (wgc_physical_settle(x->sys, x->plan->physical, NULL) < 0 || chdir("/") < 0)
		_exit(126);
	is_ready(ready);
	close_range(3, ~0u, 0);
	/* Not ours: others than root read the resolv.conf that it writes. */
	umask(022);
	execve(c->program, c->argv, env);
	_exit(127);
}

/* A wire without a lease is a wire all the same: what is missing is told, and not a failure. */
static int client_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_physical_nic *v = nic_of(x->plan, s);
	const struct client *c = client_of(s);
	char *argv[WGC_ARRAY_SIZE(c->argv) + 1] = { NULL }, name[40];

	if (!c) {
		wgc_physical_warn(x->run, s->n ? "no DHCP client is installed: '%s' keeps the address that it has, for as long as that is lent" :
						 "wpa_supplicant is not installed: '%s' is not connected", v->nic->link.ifname);
		return 1;
	}
	name_of(x->plan, s, name);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(c->argv) && c->argv[i]; i++) {
		argv[i] = expand(x->plan->arena, x->sys, v, c->argv[i]);
		if (!argv[i])
			return wgc_err_nomem(err);
	}
	return start(x, name, be_a_client, &(struct command){ c->program, argv }, err);
}

static void client_describe(const struct wgc_plan *plan, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct client *c = client_of(s);

	wgc_str_addf(text, "%s for %s, in " WGC_PHYSICAL, c ? c->name : "no client there is", nic_of(plan, s)->nic->link.ifname);
	if (!s->n && nic_of(plan, s)->wpa)
		wgc_str_addf(text, ", networks of %s", nic_of(plan, s)->wpa);
}

static int client_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	return wgc_physical_process_end(u->sys, wgc_record_str(past, "ifname"), err);
}

const struct wgc_step_def wgc_step_client_start = {
	.word = "client.start",
	.sign = '+',
	.capture = client_capture,
	.apply = client_apply,
	.describe = client_describe,
	.undo = client_undo,
	.undo_text = "end",
};

/* ---- the keeper ----------------------------------------------------------------------------------- */

static int keeper_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "ifname");
	wgc_json_str(j, KEEPER);
	return 0;
}

static void be_the_keeper(struct wgc_exec *x, int ready, void *arg)
{
	char *dir = strdup(x->sys->run_dir);

	if (!dir || chdir("/") < 0)
		_exit(126);
	is_ready(ready);
	close_range(3, ~0u, 0);
	wgc_physical_keep(dir);
}

static int keeper_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return start(x, KEEPER, be_the_keeper, NULL, err);
}

int wgc_physical_keeper_start(struct wgc_sys *sys, struct wgc_err *err)
{
	return start(&(struct wgc_exec){ .sys = sys }, KEEPER, be_the_keeper, NULL, err);
}

bool wgc_physical_keeper_is_there(const struct wgc_sys *sys)
{
	return wgc_physical_process(sys, KEEPER) > 0;
}

static void keeper_describe(const struct wgc_plan *plan, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_add(text, "a process that moves devices which are plugged in later");
}

static int keeper_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	return wgc_physical_process_end(u->sys, KEEPER, err);
}

const struct wgc_step_def wgc_step_keeper_start = {
	.word = "keeper.start",
	.sign = '+',
	.capture = keeper_capture,
	.apply = keeper_apply,
	.describe = keeper_describe,
	.undo = keeper_undo,
	.undo_text = "end",
};
