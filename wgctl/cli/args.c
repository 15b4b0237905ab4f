// SPDX-License-Identifier: GPL-2.0
/* args: the command line against the command tables. */
#include "cli/commands.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const color_choices[] = { "auto", "always", "never", NULL };

#define COMMON(field) offsetof(struct wgc_common, field)
const struct wgc_opt wgc_common_opts[] = {
	{ "dry-run", 'n', NULL, WGC_OPT_FLAG, COMMON(dry_run), "show the steps, change nothing", .takes = WGC_TAKES_CHANGE },
	{ "wait", 0, "SECS", WGC_OPT_SECONDS, COMMON(wait), "how long names may take to resolve", .takes = WGC_TAKES_NAMES },
	{ "allow-hooks", 0, NULL, WGC_OPT_FLAG, COMMON(allow_hooks), "trust hooks in files that root does not own",
	  .takes = WGC_TAKES_HOOKS },
	{ "show-secrets", 0, NULL, WGC_OPT_FLAG, COMMON(show_secrets), "show keys instead of hiding them",
	  .takes = WGC_TAKES_SECRETS },
	{ "json", 0, NULL, WGC_OPT_FLAG, COMMON(json), "answer with one JSON document; errors as JSON on stderr",
	  .takes = WGC_TAKES_JSON },
	{ "quiet", 'q', NULL, WGC_OPT_FLAG, COMMON(quiet), .text = "errors only" },
	{ "verbose", 'v', NULL, WGC_OPT_FLAG, COMMON(verbose), .text = "every step on stderr" },
	{ "color", 0, "WHEN", WGC_OPT_CHOICE, COMMON(color),
	  .text = "auto, always or never; also obeys NO_COLOR", .choices = color_choices },
	{ "no-pager", 0, NULL, WGC_OPT_FLAG, COMMON(no_pager), "do not show long answers with a pager", .takes = WGC_TAKES_PAGER },
	{ "help", 'h', NULL, WGC_OPT_FLAG, COMMON(help), .text = "this help" },
	{ 0 },
};

const char *const wgc_conflicts_common[][2] = { { "quiet", "verbose" }, { NULL } };

/* Everything a command accepts, own options first. */
struct opt_iter {
	const struct wgc_cmd *cmd;
	const struct wgc_opt *next;
	bool common;
};

static const struct wgc_opt *opt_next(struct opt_iter *it)
{
	for (;;) {
		if (!it->next || !it->next->name) {
			if (it->common)
				return NULL;
			it->common = true;
			it->next = wgc_common_opts;
			continue;
		}
		const struct wgc_opt *o = it->next++;

		if (!it->common || !it->cmd || wgc_cmd_takes(it->cmd, o))
			return o;
	}
}

static struct opt_iter opt_iter(const struct wgc_cmd *cmd)
{
	return (struct opt_iter){ .cmd = cmd, .next = cmd ? cmd->opts : NULL };
}

bool wgc_cmd_takes(const struct wgc_cmd *cmd, const struct wgc_opt *o)
{
	return !(cmd->takes & WGC_TAKES_RAW) && (!o->takes || (cmd->takes & o->takes));
}

const struct wgc_opt *wgc_opt_find(const struct wgc_cmd *cmd, const char *name, size_t len, char letter)
{
	struct opt_iter it = opt_iter(cmd);
	const struct wgc_opt *o;

	while ((o = opt_next(&it)))
		if (name ? strlen(o->name) == len && !strncmp(o->name, name, len) : o->letter && o->letter == letter)
			return o;
	return NULL;
}

static int unknown_option(struct wgc_ui *ui, const struct wgc_cmd *cmd, const char *arg, size_t len)
{
	const char *names[64];
	size_t n = 0;
	struct opt_iter it = opt_iter(cmd);
	const struct wgc_opt *o;
	const char *near;
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)len, arg);
	while ((o = opt_next(&it)) && n + 1 < WGC_ARRAY_SIZE(names))
		names[n++] = o->name;
	names[n] = NULL;
	near = !strncmp(word, "--", 2) ? wgc_nearest(word + 2, names) : NULL;
	if (near)
		return wgc_usage(ui, "unknown option '%s'; did you mean '--%s'?", word, near);
	return wgc_usage(ui, "unknown option '%s'", word);
}

static int add_to_list(struct wgc_ui *ui, const char **list, const char *value)
{
	/* As the arguments, these live as long as the process. */
	static struct wgc_arena *arena;
	struct wgc_err err = WGC_ERR_INIT;

	if (!*list) {
		*list = value;
		return 0;
	}
	arena = arena ?: wgc_arena_new();
	*list = arena ? wgc_arena_printf(arena, "%s,%s", *list, value) : NULL;
	if (*list)
		return 0;
	wgc_err_nomem(&err);
	return wgc_show_err(ui, NULL, &err, NULL);
}

static int store(struct wgc_ui *ui, const struct wgc_opt *o, const char *value, void *args)
{
	void *at = (char *)args + o->offset;
	uint64_t n;

	switch (o->type) {
	case WGC_OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case WGC_OPT_TEXT:
		*(const char **)at = value;
		return 0;
	case WGC_OPT_LIST:
		return add_to_list(ui, at, value);
	case WGC_OPT_SECONDS:
		/* 0 stands for what was not given. */
		if (wgc_parse_u64(value, 86400, &n) || !n)
			return wgc_usage(ui, "--%s takes a number of seconds from 1 to 86400, not '%s'", o->name, value);
		*(unsigned *)at = (unsigned)n;
		return 0;
	case WGC_OPT_CHOICE:
		for (int i = 0; o->choices[i]; i++)
			if (!strcmp(o->choices[i], value)) {
				*(int *)at = i + 1;
				return 0;
			}
		break;
	}
	{
		WGC_AUTO_STR struct wgc_str list = { 0 };
		const char *near = wgc_nearest(value, o->choices);

		if (near)
			return wgc_usage(ui, "--%s does not take '%s'; did you mean '%s'?", o->name, value, near);
		for (int i = 0; o->choices[i]; i++)
			wgc_str_addf(&list, "%s%s", !i ? "" : o->choices[i + 1] ? ", " : " or ", o->choices[i]);
		return wgc_usage(ui, "--%s takes %s, not '%s'", o->name, wgc_str_get(&list), value);
	}
}

/* Options that were given, to find conflicts by name. */
struct given {
	const struct wgc_opt *v[32];
	size_t n;
};

static bool was_given(const struct given *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i]->name, name))
			return true;
	return false;
}

static int take(struct wgc_ui *ui, const struct wgc_opt *o, const char *value, struct given *g, void *args)
{
	if (!was_given(g, o->name) && g->n < WGC_ARRAY_SIZE(g->v))
		g->v[g->n++] = o;
	return store(ui, o, value, args);
}

/* "--name", "--name=value", "--name value". */
static int long_option(struct wgc_ui *ui, const struct wgc_cmd *cmd, int argc, char **argv, int *i, struct given *g, void *args)
{
	const char *name = argv[*i] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	const struct wgc_opt *o = wgc_opt_find(cmd, name, len, 0);

	if (!o)
		return unknown_option(ui, cmd, argv[*i], len + 2);
	if (!o->arg && value)
		return wgc_usage(ui, "--%s takes no value", o->name);
	if (o->arg && !value) {
		if (*i + 1 >= argc)
			return wgc_usage(ui, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
		value = argv[++*i];
	}
	return take(ui, o, value, g, args);
}

/* "-n", "-nv", "-oFILE", "-o FILE". */
static int short_options(struct wgc_ui *ui, const struct wgc_cmd *cmd, int argc, char **argv, int *i, struct given *g, void *args)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct wgc_opt *o = wgc_opt_find(cmd, NULL, 0, *p);
		char word[3] = { '-', *p, 0 };
		int rc;

		if (!o)
			return unknown_option(ui, cmd, word, 2);
		if (!o->arg) {
			rc = take(ui, o, NULL, g, args);
			if (rc)
				return rc;
			continue;
		}
		if (p[1])
			return take(ui, o, p + 1, g, args);
		if (*i + 1 >= argc)
			return wgc_usage(ui, "-%c needs a value: -%c %s", *p, *p, o->arg);
		return take(ui, o, argv[++*i], g, args);
	}
	return 0;
}

static int check_conflicts(struct wgc_ui *ui, const char *const (*pairs)[2], const struct given *g)
{
	for (; pairs && (*pairs)[0]; pairs++)
		if (was_given(g, (*pairs)[0]) && was_given(g, (*pairs)[1]))
			return wgc_usage(ui, "--%s and --%s exclude each other", (*pairs)[0], (*pairs)[1]);
	return 0;
}

static int check_operands(struct wgc_ui *ui, const struct wgc_cmd *cmd, const struct wgc_common *args, const struct given *g)
{
	unsigned n = (unsigned)args->argc;

	if (cmd->instead && was_given(g, cmd->instead)) {
		if (n)
			return wgc_usage(ui, "--%s and '%s' exclude each other", cmd->instead, args->argv[0]);
		return 0;
	}
	for (unsigned i = 0; i < (cmd->takes & WGC_TAKES_PROGRAM && n ? 1 : n); i++)
		if (!*args->argv[i])
			return wgc_usage(ui, "an empty %s is none", cmd->args);
	if (n && cmd->verbs) {
		const char *near = wgc_nearest(args->argv[0], cmd->verbs);
		bool known = false;

		for (size_t i = 0; cmd->verbs[i]; i++)
			known |= !strcmp(cmd->verbs[i], args->argv[0]);
		if (!known && near)
			return wgc_usage(ui, "unknown command '%s %s'; did you mean '%s'?", cmd->name, args->argv[0], near);
		if (!known)
			return wgc_usage(ui, "unknown command '%s %s'", cmd->name, args->argv[0]);
	}
	if (n > cmd->max)
		return wgc_usage(ui, cmd->max ? "one %s too many: '%s'" : "%s takes no operand: '%s'",
				 cmd->max ? cmd->args : cmd->name, args->argv[cmd->max]);
	if (n < cmd->min && cmd->instead)
		return wgc_usage(ui, "%s or --%s is missing", cmd->args, cmd->instead);
	if (!n && cmd->min && cmd->verbs) {
		WGC_AUTO_STR struct wgc_str list = { 0 };

		for (size_t i = 0; cmd->verbs[i]; i++)
			wgc_str_addf(&list, "%s%s", !i ? "" : cmd->verbs[i + 1] ? ", " : " or ", cmd->verbs[i]);
		return wgc_usage(ui, "%s what: %s?", cmd->name, wgc_str_get(&list));
	}
	/* Of "NAME [--] [PROGRAM]" the first word is what there must be. */
	if (n < cmd->min)
		return wgc_usage(ui, "%.*s is missing", (int)(cmd->min == 1 ? strcspn(cmd->args, " ") : strlen(cmd->args)), cmd->args);
	return 0;
}

int wgc_args_parse(struct wgc_ui *ui, const struct wgc_cmd *cmd, int argc, char **argv, struct wgc_common *args)
{
	struct given g = { .n = 0 };
	bool only_operands = false;
	int rc = 0;

	/* Operands are gathered at the front of argv: they keep their order. */
	args->argv = argv;
	for (int i = 0; i < argc; i++) {
		char *a = argv[i];

		if (only_operands || a[0] != '-' || !a[1]) {
			args->argv[args->argc++] = a;
			only_operands = only_operands || ((cmd->takes & WGC_TAKES_PROGRAM) && args->argc > 1);
			continue;
		}
		if (!strcmp(a, "--"))
			only_operands = true;
		else if (a[1] == '-')
			rc = long_option(ui, cmd, argc, argv, &i, &g, args);
		else
			rc = short_options(ui, cmd, argc, argv, &i, &g, args);
		if (rc)
			return rc;
	}
	if (args->help)
		return 0;
	rc = check_conflicts(ui, wgc_conflicts_common, &g);
	if (!rc)
		rc = check_conflicts(ui, cmd->conflicts, &g);
	return rc ? rc : check_operands(ui, cmd, args, &g);
}

/* What other programs call it. */
static const char *other_word(const char *word)
{
	static const char *const words[][2] = {
		{ "start", "up" },	{ "connect", "up" },	{ "stop", "down" },	{ "disconnect", "down" }, { "restart", "reload" },
		{ "ls", "list" },	{ "info", "status" },	{ "strip", "convert" },	{ "validate", "check" },  { "lint", "check" },
		{ "namespace", "netns" }, { "undo", "recover" }, { "debug", "doctor" }, { "events", "monitor" },  { "keygen", "genkey" },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(words); i++)
		if (!strcmp(words[i][0], word))
			return words[i][1];
	return NULL;
}

int wgc_unknown_command(struct wgc_ui *ui, const char *word)
{
	const char *names[64];
	size_t n = 0;
	const char *near;

	for (size_t i = 0; wgc_commands[i] && n + 1 < WGC_ARRAY_SIZE(names); i++)
		if (!(wgc_commands[i]->takes & WGC_HIDDEN))
			names[n++] = wgc_commands[i]->name;
	names[n] = NULL;
	near = other_word(word) ?: wgc_nearest(word, names);
	if (near)
		return wgc_usage(ui, "unknown command '%s'; did you mean '%s'?", word, near);
	return wgc_usage(ui, "unknown command '%s'", word);
}

static int show_help(struct wgc_ui *ui, const struct wgc_cmd *cmd, bool page)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	if (page)
		wgc_pager_begin(ui);
	wgc_help(cmd, &out);
	wgc_ui_answer(&out);
	return WGC_EXIT_OK;
}

static int run_command(struct wgc_ui *ui, const struct wgc_cmd *cmd, int argc, char **argv)
{
	WGC_AUTO_FREE struct wgc_common *args = calloc(1, cmd->args_size ? cmd->args_size : sizeof(*args));
	int rc;

	if (!args) {
		struct wgc_err err = WGC_ERR_INIT;

		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	rc = wgc_args_parse(ui, cmd, argc, argv, args);
	if (rc)
		return cmd->takes & WGC_TAKES_PROGRAM ? WGC_EXIT_NOT_RUN : rc;
	if (args->help)
		return show_help(ui, cmd, !args->no_pager);
	ui->json = args->json;
	ui->quiet = args->quiet;
	ui->verbose = args->verbose;
	ui->show_secrets = args->show_secrets;
	wgc_ui_color(ui, args->color ? (enum wgc_color)(args->color - 1) : WGC_COLOR_AUTO);
	if (cmd->takes & WGC_TAKES_PAGER && !args->no_pager)
		wgc_pager_begin(ui);
	return cmd->run(ui, args);
}

/* `show [INTERFACE|all] --json`. */
static int show_json(struct wgc_ui *ui, int argc, char **argv)
{
	const struct wgc_cmd *status = wgc_cmd_find("status");
	WGC_AUTO_FREE char **rest = calloc((size_t)argc + 2, sizeof(*rest));
	int n = 0, operands = 0;

	if (!rest) {
		struct wgc_err err = WGC_ERR_INIT;

		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			continue;
		if (argv[i][0] != '-' && operands++)
			return wgc_usage(ui, "--json shows all fields: '%s' is one too many", argv[i]);
		if (!strcmp(argv[i], "interfaces"))
			return wgc_usage(ui, "--json shows all fields: it is not taken with 'interfaces'");
		if (strcmp(argv[i], "all"))
			rest[n++] = argv[i];
	}
	rest[n++] = (char[]){ "--json" };
	return run_command(ui, status, n, rest);
}

/* The common option that @arg is, or the last one of "-nv"; NULL when not all of it is known. */
static const struct wgc_opt *common_option(const char *arg)
{
	const struct wgc_opt *o = NULL;

	if (!strncmp(arg, "--", 2))
		return wgc_opt_find(NULL, arg + 2, strcspn(arg + 2, "="), 0);
	while (*++arg) {
		o = wgc_opt_find(NULL, NULL, 0, *arg);
		if (!o)
			return NULL;
	}
	return o;
}

/*
 * Options may stand before the command too. They are the common ones, and are
 * handed to the command behind its name, which then accepts or refuses them.
 */
int wgc_dispatch(struct wgc_ui *ui, int argc, char **argv)
{
	const struct wgc_cmd *cmd;
	WGC_AUTO_FREE char **rest = NULL;
	bool no_pager = false;
	int at = 1, n = 0;

	/* An early error must already be in the form that was asked for. */
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			ui->json = true;
	for (; at < argc && argv[at][0] == '-'; at++) {
		const struct wgc_opt *o = common_option(argv[at]);
		size_t len = strcspn(argv[at], "=");

		if (!strcmp(argv[at], "--version") || !strcmp(argv[at], "-V")) {
			printf("wgctl " WGC_VERSION "\n");
			return WGC_EXIT_OK;
		}
		if (!o)
			return unknown_option(ui, NULL, argv[at], len);
		if (!strcmp(argv[at], "--help") || (argv[at][1] != '-' && strchr(argv[at], 'h')))
			return show_help(ui, NULL, !no_pager);
		no_pager |= !strcmp(o->name, "no-pager");
		if (o->arg && !argv[at][len] && at + 1 < argc)
			at++;
	}
	cmd = wgc_cmd_find(at < argc ? argv[at] : "status");
	/* Netavark reads what its plugins print: at a terminal the word was meant for us. */
	if (!cmd || (cmd->raw == wgc_netavark_main && isatty(STDOUT_FILENO)))
		return wgc_unknown_command(ui, argv[at]);
	ui->command = cmd->name;
	if (cmd->takes & WGC_TAKES_RAW && cmd->takes & WGC_TAKES_JSON && ui->json)
		/* wg(8) has no JSON; the same devices as a document are status'. */
		return show_json(ui, argc - at, argv + at);
	if (cmd->takes & WGC_TAKES_RAW) {
		ui->json = false;
		if (at > 1 + (no_pager && cmd->takes & WGC_TAKES_PAGER))
			return wgc_usage(ui, "'%s' takes no option in front of it: '%s'", cmd->name, argv[1]);
		if (!(cmd->takes & WGC_HIDDEN) && argc == at + 2 && !strcmp(argv[at + 1], "--help"))
			return show_help(ui, cmd, !no_pager);
		if (cmd->takes & WGC_TAKES_PAGER && !no_pager)
			wgc_pager_begin(ui);
		return cmd->raw(argc - at, argv + at);
	}
	rest = calloc((size_t)argc + 1, sizeof(*rest));
	if (!rest) {
		struct wgc_err err = WGC_ERR_INIT;

		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	for (int i = 1; i < argc; i++)
		if (i != at)
			rest[n++] = argv[i];
	return run_command(ui, cmd, n, rest);
}
