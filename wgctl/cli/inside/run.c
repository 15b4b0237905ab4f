// SPDX-License-Identifier: GPL-2.0
/* run: a tunnel for one program, up before it and down behind it. */
#include "cli/inside/inside.h"
#include "cli/inside/share.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(struct wgc_ui *ui, struct wgc_err *err)
{
	wgc_show_err(ui, NULL, err, NULL);
	return WGC_EXIT_NOT_RUN;
}

/* ---- the program and its signals ----------------------------------------------------- */

static volatile pid_t program;

static void hand_on(int sig)
{
	if (program > 0)
		kill(program, sig);
}

/* A terminal sends the first two to the program itself; the others come to us alone. */
static const int own[] = { SIGINT, SIGQUIT }, passed[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

/* Until there is a program that they can be for. What came is not lost. */
static void hold_signals(sigset_t *ret_before)
{
	sigset_t all;

	sigemptyset(&all);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(own); i++)
		sigaddset(&all, own[i]);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(passed); i++)
		sigaddset(&all, passed[i]);
	sigprocmask(SIG_BLOCK, &all, ret_before);
}

static void mind_signals(const sigset_t *before)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN }, on = { .sa_handler = hand_on, .sa_flags = SA_RESTART };
	sigset_t came;

	sigpending(&came);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(own); i++) {
		if (sigismember(&came, own[i]) == 1)
			hand_on(own[i]);
		sigaction(own[i], &ignore, NULL);
	}
	for (size_t i = 0; i < WGC_ARRAY_SIZE(passed); i++)
		wgc_signal_act(passed[i], &on);
	sigprocmask(SIG_SETMASK, before, NULL);
}

/* In the program's process: until it has handlers of its own, it ends by them. */
static void heed_signals(const sigset_t *before)
{
	const struct sigaction end = { .sa_handler = SIG_DFL };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(own); i++)
		wgc_signal_act(own[i], &end);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(passed); i++)
		wgc_signal_act(passed[i], &end);
	sigprocmask(SIG_SETMASK, before, NULL);
}

/* Its exit code as a shell has it. What it leaves behind has become our child, too. */
static int wait_for_program(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) != program)
		if (pid < 0 && errno != EINTR)
			return WGC_EXIT_NOT_RUN;
	program = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Fork the program; when this returns it is inside, or it has failed. */
static int launch(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_start *s, const sigset_t *before, struct wgc_err *err)
{
	int ready[2];
	ssize_t n;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return wgc_err_set(err, WGC_E_IO, errno, "cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	/* Who is left behind by the program is known by that, and others inside are not waited for. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	program = fork();
	if (!program) {
		heed_signals(before);
		close(ready[0]);
		_exit(wgc_start(ui, a, s));
	}
	close(ready[1]);
	if (program < 0) {
		close(ready[0]);
		return wgc_err_set(err, WGC_E_IO, EAGAIN, "cannot start a process");
	}
	mind_signals(before);
	/* Its side is closed with all else that is open, once it is inside. */
	do
		n = read(ready[0], &c, 1);
	while (n < 0 && errno == EINTR);
	close(ready[0]);
	return 0;
}

/* ---- the tunnel ------------------------------------------------------------------------ */

static const struct wgc_up_info *find(struct wgc_sys *sys, struct wgc_arena *a, const char *name)
{
	struct wgc_up_info *v = NULL;
	size_t n = 0;

	if (wgc_plan_list(sys, a, &v, &n, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return &v[i];
	return NULL;
}

/* Up, whoever did it, and the note about that. Called with the lock. */
static int bring_up(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a, const struct wgc_loaded *l, unsigned wait_seconds,
		    struct wgc_share *share, const struct wgc_up_info **ret)
{
	const struct wgc_up_info *up = find(sys, a, l->profile->name);
	bool ours = !up || !up->finished || wgc_share_is_ours(share, up), quiet = ui->quiet;
	struct wgc_err err = WGC_ERR_INIT;
	int code;

	if (ours && wgc_share_note(share, NULL, &err) < 0)
		return failed(ui, &err);
	/* What is said belongs to the program, unless something is wrong. */
	ui->quiet = !ui->verbose;
	code = wgc_up_one(ui, sys, l, false, wait_seconds, NULL);
	ui->quiet = quiet;
	up = code ? NULL : find(sys, a, l->profile->name);
	if (!up) {
		if (ours)
			wgc_share_forget(share);
		return WGC_EXIT_NOT_RUN;
	}
	if (ours && wgc_share_note(share, up, &err) < 0)
		return failed(ui, &err);
	*ret = up;
	return 0;
}

static int start_locked(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a, const struct wgc_run_args *x,
			const struct wgc_loaded *l, struct wgc_share *share, struct wgc_start *s)
{
	const struct wgc_up_info *up;
	struct wgc_err err = WGC_ERR_INIT;
	const char *resolv_conf;
	int code = bring_up(ui, sys, a, l, x->c.wait, share, &up), r;
	sigset_t before;

	if (code)
		return code;
	/* Before the program, or it would be taken for one that the program has left behind.
	 * One that `up` brought up is not taken down. */
	if (wgc_share_is_ours(share, up) && wgc_share_watch(share, l->profile->name) < 0)
		wgc_ui_warn(ui, "nobody would take '%s' down if this process were killed", l->profile->name);
	hold_signals(&before);
	/* One that came when it was too late for `up`. */
	if (wgc_steps_stop()) {
		code = 128 + wgc_steps_stop();
	} else {
		r = wgc_room_of_tunnel(up, &s->room, &resolv_conf, &err);
		r = r ?: wgc_room_apart(&s->room, &err);
		r = r ?: wgc_room_dns(a, l->profile->name, resolv_conf, x->dns, x->no_dns, &s->room, &err);
		r = r ?: launch(ui, a, s, &before, &err);
		code = r < 0 ? failed(ui, &err) : 0;
	}
	if (code)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

/* Up and inside under the lock; down when all is over. */
static int run_in(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_run_args *x, const struct wgc_loaded *l, struct wgc_start *s)
{
	const char *name = l->profile->name;
	struct wgc_share share = WGC_SHARE_INIT;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int code, down;

	if (wgc_sys_open(&sys, &err) < 0)
		return failed(ui, &err);
	if (wgc_share_lock(sys.run_dir, name, &share, &err) < 0) {
		wgc_sys_close(&sys);
		return failed(ui, &err);
	}
	code = start_locked(ui, &sys, a, x, l, &share, s);
	s->room.net = wgc_close(s->room.net);
	wgc_sys_close(&sys);
	wgc_share_unlock(&share);
	if (!code)
		code = wait_for_program();
	ui->quiet = ui->quiet || !ui->verbose;
	if (wgc_share_end(ui, name, &down) == 1)
		fprintf(stderr, "wgctl: processes of the program go on; '%s' is taken down when the last one ends\n", name);
	wgc_close(share.watcher);
	return code;
}

int wgc_run_run(struct wgc_ui *ui, const void *args)
{
	const struct wgc_run_args *x = args;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_common one = x->c;
	struct wgc_loaded l = { 0 };
	struct wgc_who who;
	struct wgc_start s = { .keep_env = x->keep_env, .cwd = x->cwd, .pin_dns = x->pin_dns, .who = &who,
			       .argc = x->c.argc - 1, .argv = x->c.argv + 1, .room.net = -1 };
	int code;

	if (!a) {
		wgc_err_nomem(&err);
		return failed(ui, &err);
	}
	one.argc = 1;
	code = wgc_who(a, x->user, x->root, &who, &err) < 0 ? failed(ui, &err) : wgc_load_all(ui, &one, &l);
	if (code) {
		code = WGC_EXIT_NOT_RUN;
	} else {
		struct wgc_sys sys;

		if (!x->c.dry_run && (x->rootless || who.self)) {
			code = wgc_run_rootless(ui, a, x, &l, &s);
			wgc_loaded_done(&l);
			wgc_arena_free(a);
			return code;
		}
		if (!l.profile->interface_namespace.s)
			l.profile->interface_namespace.s = l.profile->name;
		if (!x->c.dry_run) {
			code = run_in(ui, a, x, &l, &s);
		} else if (wgc_sys_open(&sys, &err) < 0) {
			code = failed(ui, &err);
		} else {
			code = wgc_up_one(ui, &sys, &l, true, x->c.wait, NULL);
			wgc_sys_close(&sys);
		}
	}
	wgc_loaded_done(&l);
	wgc_arena_free(a);
	return code;
}
