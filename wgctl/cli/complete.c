// SPDX-License-Identifier: GPL-2.0
/*
 * complete: what could stand at the cursor, read off the command tables. Runs as
 * the user at every TAB: quick, silent, no look-ups.
 */
#include "cli/commands.h"
#include "ns/ns.h"

#include <string.h>

static void offer(struct wgc_str *out, const char *word, const char *value, const char *text)
{
	if (strncmp(value, word, strlen(word)))
		return;
	wgc_str_add(out, value);
	if (text && *text)
		wgc_str_addf(out, "\t%s", text);
	wgc_str_addc(out, '\n');
}

static void offer_profiles(struct wgc_str *out, const char *word)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_found *v;
	const char *denied;
	size_t n;

	if (a && !wgc_profiles(a, &v, &n, &denied))
		for (size_t i = 0; i < n; i++)
			offer(out, word, v[i].name, v[i].path);
	wgc_arena_free(a);
}

enum which { ALL, INSIDE, ATTACHED };

static void offer_up(struct wgc_str *out, const char *word, enum which which)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v;
	struct wgc_sys sys;
	size_t n;

	if (a && !wgc_sys_open(&sys, NULL)) {
		if (!wgc_plan_list(&sys, a, &v, &n, NULL))
			for (size_t i = 0; i < n; i++) {
				bool attached = !strncmp(v[i].name, "attach:", 7);

				if (which == ATTACHED && attached)
					offer(out, word, v[i].home, v[i].ifname);
				else if (which == ALL || (which == INSIDE && *v[i].home))
					offer(out, word, v[i].name, v[i].ifname);
			}
		wgc_sys_close(&sys);
	}
	wgc_arena_free(a);
}

static void offer_namespaces(struct wgc_str *out, const char *word)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_ns_name *v;
	size_t n;

	if (a && wgc_ns_list(a, &v, &n) == 0)
		for (size_t i = 0; i < n; i++)
			offer(out, word, v[i].name, "network namespace");
	wgc_arena_free(a);
}

static void offer_kind(struct wgc_str *out, enum wgc_complete kind, const char *word)
{
	switch (kind) {
	case WGC_COMPLETE_PROFILE:
		offer_profiles(out, word);
		wgc_str_add(out, ":files\n");
		break;
	case WGC_COMPLETE_UP:
		offer_up(out, word, ALL);
		break;
	case WGC_COMPLETE_INSIDE:
		offer_up(out, word, INSIDE);
		offer_namespaces(out, word);
		break;
	case WGC_COMPLETE_ATTACHED:
		offer_up(out, word, ATTACHED);
		break;
	case WGC_COMPLETE_NETNS:
		offer_namespaces(out, word);
		break;
	case WGC_COMPLETE_FILE:
		wgc_str_add(out, ":files\n");
		break;
	case WGC_COMPLETE_COMMAND:
		for (size_t i = 0; wgc_commands[i]; i++)
			if (!(wgc_commands[i]->takes & WGC_HIDDEN))
				offer(out, word, wgc_commands[i]->name, wgc_commands[i]->summary);
		break;
	case WGC_COMPLETE_SHELL:
		for (size_t i = 0; wgc_shells[i]; i++)
			offer(out, word, wgc_shells[i], NULL);
		break;
	case WGC_COMPLETE_NONE:
		break;
	}
}

static void offer_value(struct wgc_str *out, const struct wgc_opt *o, const char *prefix, const char *word)
{
	for (size_t i = 0; o->choices && o->choices[i]; i++) {
		if (strncmp(o->choices[i], word, strlen(word)))
			continue;
		wgc_str_addf(out, "%s%s\n", prefix, o->choices[i]);
	}
	if (!o->choices)
		offer_kind(out, o->complete, word);
}

static void offer_options(struct wgc_str *out, const struct wgc_cmd *cmd, const char *word)
{
	char name[64];

	for (const struct wgc_opt *o = cmd ? cmd->opts : NULL; o && o->name; o++) {
		snprintf(name, sizeof(name), "--%s", o->name);
		offer(out, word, name, o->text);
	}
	for (const struct wgc_opt *o = wgc_common_opts; o->name; o++) {
		if (cmd && !wgc_cmd_takes(cmd, o))
			continue;
		snprintf(name, sizeof(name), "--%s", o->name);
		offer(out, word, name, o->text);
	}
}

/* The option of which the last word is the value, when it is one. */
static const struct wgc_opt *awaits_value(const struct wgc_cmd *cmd, const char *before)
{
	const struct wgc_opt *o = NULL;

	if (!strncmp(before, "--", 2) && !strchr(before, '='))
		o = wgc_opt_find(cmd, before + 2, strlen(before + 2), 0);
	else if (before[0] == '-' && before[1] && before[1] != '-')
		o = wgc_opt_find(cmd, NULL, 0, before[strlen(before) - 1]);
	return o && o->arg ? o : NULL;
}

/* What stands behind the words that a command may begin with. */
static const struct {
	const char *cmd, *verb;
	enum wgc_complete kind; /* of the operand that follows; none behind that one */
} after[] = {
	{ "netns", "delete", WGC_COMPLETE_NETNS },	  { "container", "attach", WGC_COMPLETE_PROFILE },
	{ "container", "detach", WGC_COMPLETE_ATTACHED }, { "container", "unit", WGC_COMPLETE_PROFILE },
	{ "physical", "up", WGC_COMPLETE_PROFILE },	  { "physical", "exec", WGC_COMPLETE_FILE },
};

/* The operand behind @operands others, of which @first is the first. */
static enum wgc_complete kind_of(const struct wgc_cmd *cmd, const char *first, int operands)
{
	if (!cmd)
		return WGC_COMPLETE_COMMAND;
	/* A program, and what it is given. */
	if ((cmd->takes & WGC_TAKES_PROGRAM) && operands)
		return WGC_COMPLETE_FILE;
	if (!cmd->verbs)
		return cmd->complete;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(after); i++)
		if (!strcmp(after[i].cmd, cmd->name) && !strcmp(after[i].verb, first))
			return operands == 1 || after[i].kind == WGC_COMPLETE_FILE ? after[i].kind : WGC_COMPLETE_NONE;
	return WGC_COMPLETE_NONE;
}

void wgc_complete(int n, char **words, struct wgc_str *out)
{
	const struct wgc_cmd *cmd = NULL;
	const struct wgc_opt *o;
	const char *word, *equals, *first = "";
	bool only_operands = false;
	int operands = 0;

	if (n && !strcmp(words[0], "--")) {
		words++;
		n--;
	}
	if (!n)
		return;
	word = words[n - 1];
	for (int i = 0; i < n - 1; i++) {
		if (!strcmp(words[i], "--"))
			only_operands = true;
		else if (!cmd && words[i][0] != '-' && !(i && awaits_value(NULL, words[i - 1]))) {
			cmd = wgc_cmd_find(words[i]);
			if (!cmd)
				return;
		} else if (cmd && (only_operands || (words[i][0] != '-' && !awaits_value(cmd, words[i - 1])))) {
			if (!operands++)
				first = words[i];
			only_operands |= operands == 2 && (cmd->takes & WGC_TAKES_PROGRAM);
		}
	}
	o = n > 1 && !only_operands ? awaits_value(cmd, words[n - 2]) : NULL;
	equals = strchr(word, '=');
	if (o) {
		offer_value(out, o, "", word);
	} else if (!only_operands && !strncmp(word, "--", 2) && equals) {
		char prefix[64];

		o = wgc_opt_find(cmd, word + 2, (size_t)(equals - word - 2), 0);
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(equals - word + 1), word);
		if (o && o->arg)
			offer_value(out, o, prefix, equals + 1);
	} else if (!only_operands && word[0] == '-') {
		offer_options(out, cmd, word);
	} else if (cmd && cmd->verbs && !operands) {
		for (size_t i = 0; cmd->verbs[i]; i++)
			offer(out, word, cmd->verbs[i], NULL);
	} else {
		offer_kind(out, kind_of(cmd, first, operands), word);
	}
}
