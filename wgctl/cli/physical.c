// SPDX-License-Identifier: GPL-2.0
/* physical: the machine's network devices in a namespace of their own, and a tunnel as the only network here. */
#include "cli/commands.h"
#include "cli/confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static int no_memory(struct wgc_ui *ui)
{
	struct wgc_err err = WGC_ERR_INIT;

	wgc_err_nomem(&err);
	return wgc_show_err(ui, NULL, &err, NULL);
}

/* "a,b" as a list that ends with NULL; @text is cut up. */
static const char *const *split(struct wgc_arena *a, const char *text)
{
	char *copy = text ? wgc_arena_strdup(a, text) : NULL, *save = NULL;
	size_t n = 0;
	const char **v = copy ? wgc_arena_alloc(a, (strlen(copy) / 2 + 2) * sizeof(*v)) : NULL;

	for (char *word = v ? strtok_r(copy, ",", &save) : NULL; word; word = strtok_r(NULL, ",", &save))
		v[n++] = word;
	return v;
}

/* An altname (ip-link(8)) is longer than a name may be: ALTIFNAMSIZ of <linux/if.h>. */
#define NAME_SIZE 128

/* They go into an nft table, between quotation marks. */
static int check_names(struct wgc_ui *ui, const char *const *list)
{
	for (; list && *list; list++)
		if (!**list || strlen(*list) >= NAME_SIZE || strpbrk(*list, "\"\\* \t\n"))
			return wgc_usage(ui, "'%s' is not the name of a link", *list);
	return 0;
}

static void result(struct wgc_ui *ui, const char *word, const struct wgc_steps *s)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_json j;

	if (!ui->json)
		return;
	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "physical");
	wgc_json_result(&j, WGC_PHYSICAL, NULL, word, s);
	wgc_ui_json_end(&j);
}

static void show_plan(struct wgc_ui *ui, const struct wgc_steps *s)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	if (ui->json)
		return;
	wgc_steps_add_text(s, WGC_PHYSICAL, ui->color_out, &out);
	wgc_ui_answer(&out);
}

/* ---- up ---------------------------------------------------------------------------- */

/* In the process that waited: the log and the terminal, if that is still there, hear of it. */
static int take_down(void *arg)
{
	const struct wgc_physical_ask ask = { .force = true };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_run run = { 0 };
	struct wgc_sys sys;
	int r = wgc_sys_open(&sys, &err);

	openlog("wgctl", LOG_PID, LOG_DAEMON);
	if (r == 0) {
		r = wgc_physical_down(&sys, &ask, &run, &err);
		wgc_sys_close(&sys);
	}
	if (r == -EBUSY)
		return r;
	if (r < 0 && err.code == WGC_E_NOT_UP)
		return 0;
	syslog(r ? LOG_ERR : LOG_NOTICE, "physical was not confirmed in time: %s%s", r ? "it could not all be undone: " : "everything is undone",
	       r ? err.msg : "");
	fprintf(stderr, "wgctl: physical was not confirmed in time: %s%s\n", r ? "it could not all be undone: " : "everything is undone",
		r ? err.msg : "");
	return 0;
}

/* What is up stays as it is, a confirmation that is waited for included: then *@ret_hold stays -1. */
static int arm(struct wgc_sys *sys, unsigned seconds, int *ret_hold, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_physical_status st;
	int r = a ? wgc_physical_look(sys, a, &st, err) : wgc_err_nomem(err);

	if (r == 0 && !(st.up && st.finished && st.alive))
		r = wgc_physical_confirm_arm(sys, seconds, take_down, NULL, ret_hold, err);
	wgc_arena_free(a);
	return r;
}

static int up_loaded(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_loaded *l, const struct wgc_physical_ask *ask,
		     const struct wgc_physical_args *x)
{
	struct wgc_err err = WGC_ERR_INIT;
	int code = WGC_EXIT_OK, hold = -1, r = 0;
	struct wgc_steps s;

	if (x->confirm)
		r = arm(sys, x->confirm, &hold, &err);
	if (r < 0)
		return wgc_show_err(ui, NULL, &err, NULL);
	if (wgc_steps_init(&s, ui, x->c.dry_run, x->c.wait))
		return no_memory(ui);
	r = wgc_physical_up(sys, l->profile, ask, &s.run, &err);
	wgc_steps_clear(&s);
	if (s.run.repaired)
		wgc_ui_note(ui, "an earlier run had stopped half-way; that was undone first");
	if (r < 0) {
		code = wgc_show_err(ui, &l->src, &err, &s.run);
		result(ui, wgc_failure_word(code), &s);
	} else if (s.run.already_up) {
		if (s.run.remade)
			wgc_ui_note(ui, "the devices are in '" WGC_PHYSICAL "' already, and '%s' is up again", l->profile->name);
		else
			wgc_ui_note(ui, "the devices are in '" WGC_PHYSICAL "' already");
		result(ui, "already_up", &s);
	} else if (x->c.dry_run) {
		show_plan(ui, &s);
		result(ui, "planned", &s);
	} else {
		wgc_ui_note(ui, "the devices are in '" WGC_PHYSICAL "', and '%s' is the only network here", l->profile->name);
		result(ui, "up", &s);
	}
	if (hold >= 0 && (r < 0 || s.run.already_up))
		wgc_physical_confirm_disarm(sys, NULL);
	else if (hold >= 0)
		wgc_ui_note(ui, "it is undone in %u s, unless you run `wgctl physical confirm`", x->confirm);
	wgc_close(hold);
	wgc_steps_done(&s);
	return code;
}

static int up(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_physical_ask *ask, const struct wgc_physical_args *x)
{
	struct wgc_common one = x->c;
	struct wgc_loaded l = { 0 };
	int code;

	one.argc = 1;
	one.argv = x->c.argv + 1;
	code = wgc_load_all(ui, &one, &l);
	if (!code)
		code = up_loaded(ui, sys, &l, ask, x);
	wgc_loaded_done(&l);
	return code;
}

/* ---- down, recover, confirm ------------------------------------------------------------ */

static int down(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_physical_ask *ask, const struct wgc_physical_args *x)
{
	struct wgc_err err = WGC_ERR_INIT;
	int code = WGC_EXIT_OK;
	struct wgc_steps s;

	if (wgc_steps_init(&s, ui, x->c.dry_run, 0))
		return no_memory(ui);
	if (wgc_physical_down(sys, ask, &s.run, &err) < 0) {
		wgc_steps_clear(&s);
		code = wgc_show_err(ui, NULL, &err, &s.run);
		result(ui, wgc_failure_word(code), &s);
	} else {
		wgc_steps_clear(&s);
		if (x->c.dry_run)
			show_plan(ui, &s);
		else
			wgc_ui_note(ui, "the devices are home again");
		result(ui, x->c.dry_run ? "planned" : "down", &s);
	}
	wgc_steps_done(&s);
	return code;
}

static int recover(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_physical_args *x)
{
	struct wgc_err err = WGC_ERR_INIT;
	int code = WGC_EXIT_OK;
	struct wgc_steps s;

	if (wgc_steps_init(&s, ui, x->c.dry_run, 0))
		return no_memory(ui);
	if (wgc_physical_recover(sys, &s.run, &err) < 0) {
		wgc_steps_clear(&s);
		code = wgc_show_err(ui, NULL, &err, &s.run);
		result(ui, wgc_failure_word(code), &s);
	} else {
		wgc_steps_clear(&s);
		wgc_ui_note(ui, s.run.already_up ? "nothing to recover: the devices are in '" WGC_PHYSICAL "', as they should be" :
				s.run.repaired	 ? (x->c.dry_run ? "there is something to recover" : "recovered") :
						   "nothing to recover");
		result(ui, s.run.already_up ? "already_up" : s.run.repaired ? "recovered" : "nothing_to_recover", &s);
	}
	wgc_steps_done(&s);
	return code;
}

static int confirm(struct wgc_ui *ui, struct wgc_sys *sys)
{
	struct wgc_err err = WGC_ERR_INIT;
	int r = wgc_physical_confirm_disarm(sys, &err);

	if (r < 0)
		return wgc_show_err(ui, NULL, &err, NULL);
	if (ui->json) {
		WGC_AUTO_STR struct wgc_str out = { 0 };
		struct wgc_json j;

		wgc_ui_json_begin(&j, &out);
		wgc_json_key(&j, "physical");
		wgc_json_confirmed(&j, WGC_PHYSICAL, r);
		wgc_ui_json_end(&j);
	}
	wgc_ui_note(ui, r ? "confirmed: the devices stay in '" WGC_PHYSICAL "'" : "nothing waits to be confirmed");
	return WGC_EXIT_OK;
}

/* ---- status --------------------------------------------------------------------------------- */

static const char *state_of(const struct wgc_physical_status *st)
{
	if (!st->up)
		return "down";
	return !st->finished ? "unfinished" : st->alive ? "up" : "broken";
}

static bool problem(const struct wgc_physical_status *st, const char **ret_text)
{
	*ret_text = NULL;
	for (size_t i = 0; i < st->n_links; i++)
		if (st->links[i].stray)
			*ret_text = "a device is here that should be in '" WGC_PHYSICAL "'; the guard keeps packets in";
	if (st->up && st->finished && !st->tunnel)
		*ret_text = "the tunnel is down, so nothing gets out: `wgctl physical up` with its profile brings it up again";
	if (st->up && st->finished && st->alive && !st->hushed)
		*ret_text = "the firewall table in '" WGC_PHYSICAL "' is gone: what is sent to a port that nobody has there is answered in clear; "
			    "`wgctl physical up` with its profile loads it again";
	if (st->up && st->finished && st->alive && !st->keeper)
		*ret_text = "the keeper is gone: what is plugged in stays here, and a guard that is removed stays away; `wgctl physical up` "
			    "with its profile starts it again, and so does `wgctl watch`";
	if (st->up && st->finished && !st->guard)
		*ret_text = "the guard is gone: nothing keeps packets in; `wgctl physical up` with its profile puts it in force again";
	if (st->up && !st->alive)
		*ret_text = "the namespace is gone: `wgctl physical recover` gives the devices their names and settings again";
	if (st->up && !st->finished)
		*ret_text = "a run has stopped half-way: `wgctl physical recover` undoes it";
	if (!st->up && st->guard)
		*ret_text = "the guard is in force, and nothing is written down: `wgctl physical recover` removes it";
	return *ret_text;
}

static void status_json(const struct wgc_physical_status *st)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	const char *text;
	struct wgc_json j;

	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "physical");
	wgc_json_object(&j);
	wgc_json_key(&j, "state");
	wgc_json_str(&j, state_of(st));
	wgc_json_key(&j, "profile");
	wgc_json_str(&j, st->profile);
	wgc_json_key(&j, "guard");
	wgc_json_bool(&j, st->guard);
	wgc_json_key(&j, "keeper");
	wgc_json_bool(&j, st->keeper);
	wgc_json_key(&j, "problem");
	problem(st, &text);
	wgc_json_str(&j, text);
	wgc_json_key(&j, "confirm_seconds");
	wgc_json_uint(&j, st->confirm);
	wgc_json_key(&j, "links");
	wgc_json_array(&j);
	for (size_t i = 0; i < st->n_links; i++) {
		wgc_json_object(&j);
		wgc_json_key(&j, "interface");
		wgc_json_str(&j, st->links[i].ifname);
		wgc_json_key(&j, "in");
		wgc_json_str(&j, st->links[i].at == WGC_AT_PHYSICAL ? WGC_PHYSICAL : "here");
		wgc_json_key(&j, "what");
		wgc_json_str(&j, st->links[i].what);
		wgc_json_key(&j, "up");
		wgc_json_bool(&j, st->links[i].up);
		wgc_json_key(&j, "stray");
		wgc_json_bool(&j, st->links[i].stray);
		wgc_json_object_end(&j);
	}
	wgc_json_array_end(&j);
	wgc_json_key(&j, "processes");
	wgc_json_array(&j);
	for (size_t i = 0; i < st->n_users; i++) {
		wgc_json_object(&j);
		wgc_json_key(&j, "pid");
		wgc_json_int(&j, st->users[i].pid);
		wgc_json_key(&j, "command");
		wgc_json_str(&j, st->users[i].comm);
		wgc_json_object_end(&j);
	}
	wgc_json_array_end(&j);
	wgc_json_object_end(&j);
	wgc_ui_json_end(&j);
}

static void status_text(const struct wgc_ui *ui, const struct wgc_physical_status *st)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	const char *text;

	wgc_str_addf(&out, "physical: %s%s%s", state_of(st), st->profile ? ", tunnel " : "", st->profile ?: "");
	if (st->up)
		wgc_str_addf(&out, ", guard %s", st->guard ? "in force" : "GONE");
	if (st->confirm)
		wgc_str_addf(&out, ", undone in %u s unless confirmed", st->confirm);
	wgc_str_addc(&out, '\n');
	for (size_t i = 0; i < st->n_links; i++) {
		const struct wgc_physical_place *l = &st->links[i];

		wgc_str_addf(&out, "  %-15s %-9s %-5s ", l->ifname, l->at == WGC_AT_PHYSICAL ? WGC_PHYSICAL : "here", l->up ? "up" : "down");
		wgc_add_plain(&out, l->what, strlen(l->what));
		wgc_str_addf(&out, "%s\n", l->stray ? "  <- does not belong here" : "");
	}
	for (size_t i = 0; i < st->n_users; i++)
		wgc_str_addf(&out, "  inside: %s (%d)\n", st->users[i].comm, (int)st->users[i].pid);
	if (problem(st, &text))
		wgc_str_addf(&out, "%s%s%s\n", wgc_paint(ui->color_out, WGC_RED), text, wgc_paint(ui->color_out, WGC_PLAIN));
	wgc_ui_answer(&out);
}

static int status(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_physical_status st;
	const char *text;

	if (wgc_physical_look(sys, a, &st, &err) < 0)
		return wgc_show_err(ui, NULL, &err, NULL);
	if (ui->json)
		status_json(&st);
	else
		status_text(ui, &st);
	return problem(&st, &text) ? WGC_EXIT_FAILED : st.up ? WGC_EXIT_OK : WGC_EXIT_NOT_UP;
}

/* ---- the command -------------------------------------------------------------------------------- */

static int exec(struct wgc_ui *ui, const struct wgc_physical_args *x)
{
	WGC_AUTO_FREE char **argv = calloc((size_t)x->c.argc + 1, sizeof(*argv));
	struct wgc_exec_args e = { .c = x->c };
	struct wgc_err err = WGC_ERR_INIT;
	char path[WGC_NS_PATH_MAX];

	if (!argv)
		return no_memory(ui);
	wgc_ns_path(WGC_PHYSICAL, path);
	if (access(path, F_OK) < 0) {
		wgc_err_set(&err, WGC_E_NOT_UP, ENOENT, "the devices are not in '" WGC_PHYSICAL "'");
		wgc_err_hint(&err, "programs here have them; `wgctl physical status` says more");
		wgc_show_err(ui, NULL, &err, NULL);
		return WGC_EXIT_NOT_RUN;
	}
	/* "exec" becomes the place where; by its path, for a profile may have the name. */
	argv[0] = path;
	for (int i = 1; i < x->c.argc; i++)
		argv[i] = x->c.argv[i];
	e.c.argv = argv;
	return wgc_run_exec(ui, &e);
}

static int run_verb(struct wgc_ui *ui, const struct wgc_physical_args *x, struct wgc_arena *a)
{
	const struct wgc_physical_ask ask = { .take = split(a, x->take), .leave = split(a, x->leave), .force = x->force, .end = x->kill };
	const char *verb = x->c.argv[0];
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int code = check_names(ui, ask.take) ?: check_names(ui, ask.leave);

	if (code)
		return code;
	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	if (!strcmp(verb, "up"))
		code = up(ui, &sys, &ask, x);
	else if (!strcmp(verb, "down"))
		code = down(ui, &sys, &ask, x);
	else if (!strcmp(verb, "recover"))
		code = recover(ui, &sys, x);
	else if (!strcmp(verb, "confirm"))
		code = confirm(ui, &sys);
	else
		code = status(ui, &sys, a);
	wgc_sys_close(&sys);
	return code;
}

/* What each verb knows; the parser takes the options of all of them. */
enum { TAKE = 1, LEAVE = 2, CONFIRM = 4, FORCE = 8, KILL = 16, DRY_RUN = 32, WAIT = 64, HOOKS = 128, SECRETS = 256 };
static const struct {
	const char *verb;
	unsigned options;
	bool profile; /* is its operand; else there is none, but for the program of exec */
} verbs[] = {
	{ "up", TAKE | LEAVE | CONFIRM | FORCE | DRY_RUN | WAIT | HOOKS | SECRETS, true },
	{ "down", FORCE | KILL | DRY_RUN, false },
	{ "recover", DRY_RUN, false },
	{ "exec", 0, false },
	{ "status", 0, false },
	{ "confirm", 0, false },
};

/* One that would be ignored may be the one that was to make it harmless. */
static int check_usage(struct wgc_ui *ui, const struct wgc_physical_args *x)
{
	const struct {
		const char *name;
		unsigned bit;
		bool given;
	} options[] = {
		{ "take", TAKE, x->take },	  { "leave", LEAVE, x->leave },	  { "confirm", CONFIRM, x->confirm },
		{ "force", FORCE, x->force },	  { "kill", KILL, x->kill },	  { "dry-run", DRY_RUN, x->c.dry_run },
		{ "wait", WAIT, x->c.wait },	  { "allow-hooks", HOOKS, x->c.allow_hooks },
		{ "show-secrets", SECRETS, x->c.show_secrets },
	};
	const char *verb = x->c.argv[0];
	size_t v = 0;

	while (strcmp(verbs[v].verb, verb))
		v++;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(options); i++)
		if (options[i].given && !(verbs[v].options & options[i].bit))
			return wgc_usage(ui, "'physical %s' does not take --%s", verb, options[i].name);
	if (verbs[v].profile && x->c.argc != 2)
		return wgc_usage(ui, x->c.argc > 2 ? "'physical %s' takes one PROFILE" : "'physical %s' needs a PROFILE", verb);
	if (!verbs[v].profile && x->c.argc > 1 && strcmp(verb, "exec"))
		return wgc_usage(ui, "'physical %s' takes no operand: '%s'", verb, x->c.argv[1]);
	return 0;
}

int wgc_run_physical(struct wgc_ui *ui, const void *args)
{
	const struct wgc_physical_args *x = args;
	const char *verb = x->c.argv[0];
	struct wgc_arena *a;
	int code = check_usage(ui, x);

	/* The codes of exec are the program's. */
	if (code)
		return strcmp(verb, "exec") ? code : WGC_EXIT_NOT_RUN;
	if (!strcmp(verb, "exec"))
		return exec(ui, x);
	ui->confirm = x->confirm;
	code = x->c.dry_run || !strcmp(verb, "status") ? 0 : wgc_need_root(ui, "physical");
	if (code)
		return code;
	a = wgc_arena_new();
	code = a ? run_verb(ui, x, a) : no_memory(ui);
	wgc_arena_free(a);
	return code;
}
