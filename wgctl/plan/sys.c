// SPDX-License-Identifier: GPL-2.0
/* The real machine: nftables, hooks, and the doors' default places. */
#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/internal.h"

int wgc_sys_open(struct wgc_sys *ret, struct wgc_err *err)
{
	struct wgc_sys s = {
		.run_dir = "/run/wgctl",
		.proc_sys = "/proc/sys",
		.rt_tables = "/etc/iproute2/rt_tables",
		.boot_id = "/proc/sys/kernel/random/boot_id",
		.proc_net = "/proc/thread-self/net",
		.nft = wgc_real_nft,
		.nft_check = wgc_real_nft_check,
		.nft_list = wgc_real_nft_list,
		.hook = wgc_real_hook,
		.resolve = wgc_real_resolve,
	};
	int r = wgc_nl_open(NULL, &s.nl, err);

	if (r == 0)
		*ret = s;
	return r;
}

/* The socket of libnftables, which does not tell it; -1 when there is none. */
static int nftables_socket(void)
{
	int protocol;
	socklen_t len;

	for (int fd = 3; fd < 64; fd++) {
		len = sizeof(protocol);
		if (!getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) && protocol == NETLINK_NETFILTER) {
			len = sizeof(protocol);
			if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &protocol, &len) && protocol == AF_NETLINK)
				return fd;
		}
	}
	return -1;
}

static void until_released(int fd, int end, void *arg)
{
	char byte;

	while (read(end, &byte, 1) < 0 && errno == EINTR)
		;
}

/*
 * The kernel makes whoever closes the last descriptor of such a socket wait
 * until what was deleted through any of them is out of memory (nft_rcv_nl_event:
 * rcu_barrier), 10 ms or so. That shall not be the one who waits for us.
 */
static void nftables_close_apart(struct nft_ctx *ctx)
{
	int other = wgc_apart(nftables_socket(), until_released, NULL);

	nft_ctx_free(ctx);
	wgc_close(other);
}

void wgc_sys_close(struct wgc_sys *sys)
{
	sys->nl = wgc_nl_close(sys->nl);
	if (sys->nftables && sys->nftables_deleted)
		nftables_close_apart(sys->nftables);
	else if (sys->nftables)
		nft_ctx_free(sys->nftables);
	sys->nftables = NULL;
}

/* libnftables prints compiler-like text; its first line, less the "Error: ". */
static int nft_error(const char *text, struct wgc_err *err)
{
	static const struct {
		const char *words;
		int sys;
		enum wgc_code code;
	} known[] = {
		{ "File exists", EEXIST, WGC_E_EXISTS },
		{ "No such file or directory", ENOENT, WGC_E_NOT_FOUND },
		{ "Operation not permitted", EPERM, WGC_E_PERM },
		{ "Operation not supported", EOPNOTSUPP, WGC_E_UNSUPPORTED },
		{ "Protocol not supported", EPROTONOSUPPORT, WGC_E_UNSUPPORTED },
		{ "Invalid argument", EINVAL, WGC_E_UNSUPPORTED },
		{ "No such file or directory", ENOENT, WGC_E_UNSUPPORTED },
	};
	const char *start = text;
	enum wgc_code code = WGC_E_KERNEL;
	int sys = EIO;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(known); i++)
		if (strstr(text, known[i].words)) {
			sys = known[i].sys;
			code = known[i].code;
			break;
		}
	if (strstr(text, "Error: "))
		start = strstr(text, "Error: ") + 7;
	return wgc_err_set(err, code, sys, "nftables refused our table: %.*s", (int)strcspn(start, "\n"), start);
}

static int nftables_open(struct wgc_sys *sys, struct wgc_err *err)
{
	struct nft_ctx *ctx = sys->nftables;

	if (ctx)
		return 0;
	ctx = sys->nftables = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		return wgc_err_set(err, WGC_E_UNSUPPORTED, EPROTONOSUPPORT, "nftables cannot be used here");
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	return 0;
}

static int nftables_run(struct wgc_sys *sys, const char *commands, struct wgc_err *err)
{
	if (nft_run_cmd_from_buffer(sys->nftables, commands) == 0) {
		nft_ctx_get_error_buffer(sys->nftables); /* reading empties it */
		return 0;
	}
	nft_ctx_get_output_buffer(sys->nftables);
	return nft_error(nft_ctx_get_error_buffer(sys->nftables) ?: "", err);
}

int wgc_real_nft(struct wgc_sys *sys, const char *commands, struct wgc_err *err)
{
	int r = nftables_open(sys, err);

	if (r < 0)
		return r;
	sys->nftables_deleted |= strstr(commands, "delete ") != NULL;
	r = nftables_run(sys, commands, err);
	if (r == 0)
		nft_ctx_get_output_buffer(sys->nftables);
	return r;
}

int wgc_real_nft_check(struct wgc_sys *sys, const char *commands, struct wgc_err *err)
{
	int r = nftables_open(sys, err);

	if (r < 0)
		return r;
	nft_ctx_set_dry_run(sys->nftables, true);
	r = nftables_run(sys, commands, err);
	nft_ctx_set_dry_run(sys->nftables, false);
	if (r == 0)
		nft_ctx_get_output_buffer(sys->nftables);
	return r;
}

int wgc_real_nft_list(struct wgc_sys *sys, const char *command, char **ret_text, struct wgc_err *err)
{
	int r = nftables_open(sys, err);

	if (r < 0)
		return r;
	/* No counters, no elements of sets: what there are a million of says
	 * nothing here. */
	nft_ctx_output_set_flags(sys->nftables, NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE);
	r = nftables_run(sys, command, err);
	nft_ctx_output_set_flags(sys->nftables, 0);
	if (r < 0)
		return r;
	*ret_text = strdup(nft_ctx_get_output_buffer(sys->nftables) ?: "");
	return *ret_text ? 0 : wgc_err_nomem(err);
}

/* `%i` is the link's name, everywhere, with no way to escape it: wg-quick's rule. */
char *wgc_hook_expand(const char *command, const char *ifname)
{
	struct wgc_str s = { 0 };
	const char *hit;

	for (; (hit = strstr(command, "%i")); command = hit + 2) {
		wgc_str_addn(&s, command, (size_t)(hit - command));
		wgc_str_add(&s, ifname);
	}
	wgc_str_add(&s, command);
	return wgc_str_steal(&s);
}

int wgc_real_hook(struct wgc_sys *sys, const char *command, const char *ifname, struct wgc_err *err)
{
	/* Hooks are written for bash: `<(...)` is in the manual of wg-quick. */
	const char *shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
	bool bash = !strcmp(shell, "/bin/bash");
	WGC_AUTO_FREE char *text = wgc_hook_expand(command, ifname);
	int status;
	pid_t pid;

	if (!text)
		return wgc_err_nomem(err);
	pid = fork();
	if (pid < 0)
		return wgc_err_set(err, WGC_E_IO, errno, "cannot start a hook: %s", strerror(errno));
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_DFL);
		umask(wgc_caller_umask);
		setenv("LC_ALL", "C", 1);
		/* stdout is for answers of wgctl itself. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		/* As wg-quick has them: what fails in the middle of a line ends it. */
		if (bash)
			execl(shell, shell, "-e", "-o", "pipefail", "-O", "extglob", "-c", text, (char *)NULL);
		else
			execl(shell, shell, "-e", "-c", text, (char *)NULL);
		_exit(127);
	}
	/* A signal to us does not end the hook; it has the terminal's signals of its own. */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return wgc_err_set(err, WGC_E_IO, errno, "cannot wait for a hook: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		wgc_err_set(err, WGC_E_HOOK, ECHILD, "the command was ended by signal %d (%s)", WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
	else
		wgc_err_set(err, WGC_E_HOOK, ECHILD, "the command failed with status %d", WEXITSTATUS(status));
	return -ECHILD;
}
