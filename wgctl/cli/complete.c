// SPDX-License-Identifier: GPL-2.0
/*
 * complete: what could stand at the cursor, read off the command tables. Runs as
 * the user at every TAB: quick, silent, no look-ups; container engines are asked
 * only where nothing but a container can be meant.
 */
#include "cli/commands.h"
#include "cli/complete.h"
#include "ns/ns.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

void wgc_offer(struct wgc_str *out, const char *word, const char *value, const char *text)
{
	if (strncmp(value, word, strlen(word)))
		return;
	wgc_str_add(out, value);
	if (text && *text) {
		wgc_str_addc(out, '\t');
		wgc_add_plain(out, text, strlen(text));
	}
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
			wgc_offer(out, word, v[i].name, v[i].path);
	wgc_arena_free(a);
}

/* As it is written after attach and detach. */
static const char *container_name(const char *home)
{
	size_t n = strlen("container:");

	return strncmp(home, "container:", n) ? home : home + n;
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
					wgc_offer(out, word, container_name(v[i].home), v[i].ifname);
				else if (which == ALL || (which == INSIDE && *v[i].home))
					wgc_offer(out, word, v[i].name, v[i].ifname);
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
			wgc_offer(out, word, v[i].name, "network namespace");
	wgc_arena_free(a);
}

/* @before is what stands in front of each name, in the word and in the offer. */
struct offering {
	struct wgc_str *out;
	const char *word, *before;
};

static void offer_container(void *ctx, const char *name, const char *engine)
{
	const struct offering *o = ctx;
	char full[300];

	snprintf(full, sizeof(full), "%s%s", o->before, name);
	wgc_offer(o->out, o->word, full, engine);
}

static void offer_containers(struct wgc_str *out, const char *word, const char *before)
{
	struct offering o = { .out = out, .word = word, .before = before };

	wgc_ns_container_names(offer_container, &o);
}

/* "eth0,wl": the last one of a list. */
static void offer_links(struct wgc_str *out, const char *word, bool list)
{
	struct if_nameindex *v = if_nameindex();
	const char *comma = list ? strrchr(word, ',') : NULL;
	int n = comma ? (int)(comma - word) + 1 : 0;
	char full[600];

	for (size_t i = 0; v && v[i].if_index; i++) {
		snprintf(full, sizeof(full), "%.*s%s", n, word, v[i].if_name);
		wgc_offer(out, word, full, "interface");
	}
	if (v)
		if_freenameindex(v);
}

static void offer_kind(struct wgc_str *out, enum wgc_complete kind, const char *word)
{
	size_t before = out->len;

	switch (kind) {
	case WGC_COMPLETE_PROFILE:
		offer_profiles(out, word);
		wgc_str_add(out, ":files\n");
		break;
	case WGC_COMPLETE_UP:
		offer_up(out, word, ALL);
		break;
	case WGC_COMPLETE_NETNS:
		offer_namespaces(out, word);
		break;
	case WGC_COMPLETE_ROOM:
		offer_up(out, word, INSIDE);
		offer_namespaces(out, word);
		/* Engines are slow: only where a container is meant. */
		if (!strncmp(word, "container:", strlen("container:")))
			offer_containers(out, word, "container:");
		else
			wgc_offer(out, word, "container:", "a container by name");
		break;
	case WGC_COMPLETE_CONTAINER:
		offer_containers(out, word, "");
		break;
	case WGC_COMPLETE_ATTACHED:
		offer_up(out, word, ATTACHED);
		/* Who may not know what is attached is offered what could be. */
		if (out->len == before)
			offer_containers(out, word, "");
		break;
	case WGC_COMPLETE_LINK:
		offer_up(out, word, ALL);
		offer_links(out, word, false);
		break;
	case WGC_COMPLETE_LINKS:
		offer_links(out, word, true);
		break;
	case WGC_COMPLETE_DEVICE:
		wgc_offer_devices(out, word);
		break;
	case WGC_COMPLETE_PROGRAM:
		wgc_str_add(out, ":commands\n");
		break;
	case WGC_COMPLETE_FILE:
		wgc_str_add(out, ":files\n");
		break;
	case WGC_COMPLETE_COMMAND:
		for (size_t i = 0; wgc_commands[i]; i++)
			if (!(wgc_commands[i]->takes & WGC_HIDDEN))
				wgc_offer(out, word, wgc_commands[i]->name, wgc_commands[i]->summary);
		break;
	case WGC_COMPLETE_SHELL:
		for (size_t i = 0; wgc_shells[i]; i++)
			wgc_offer(out, word, wgc_shells[i], NULL);
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
		wgc_offer(out, word, name, o->text);
	}
	for (const struct wgc_opt *o = wgc_common_opts; o->name; o++) {
		if (cmd && !wgc_cmd_takes(cmd, o))
			continue;
		snprintf(name, sizeof(name), "--%s", o->name);
		wgc_offer(out, word, name, o->text);
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

static void offer_operand(struct wgc_str *out, const struct wgc_cmd *cmd, char **operands, int n, const char *word)
{
	size_t verb = 0;

	if (cmd->takes & WGC_TAKES_RAW) {
		wgc_complete_wg(cmd->name, operands, n, word, out);
	} else if (cmd->takes & WGC_TAKES_PROGRAM && n) {
		offer_kind(out, n == 1 ? WGC_COMPLETE_PROGRAM : WGC_COMPLETE_FILE, word);
	} else if (cmd->verbs && !n) {
		for (size_t i = 0; cmd->verbs[i]; i++)
			wgc_offer(out, word, cmd->verbs[i], NULL);
	} else if (cmd->verbs) {
		while (cmd->verbs[verb] && strcmp(cmd->verbs[verb], operands[0]))
			verb++;
		if (cmd->verbs[verb])
			offer_kind(out, cmd->behind[verb][n > 1], word);
	} else if ((unsigned)n < cmd->max) {
		offer_kind(out, cmd->complete, word);
	}
}

void wgc_complete(int n, char **words, struct wgc_str *out)
{
	const struct wgc_cmd *cmd = NULL;
	const struct wgc_opt *o;
	const char *word, *equals;
	WGC_AUTO_FREE char **operands = NULL;
	bool only_operands = false;
	int n_operands = 0;

	if (n && !strcmp(words[0], "--")) {
		words++;
		n--;
	}
	if (!n)
		return;
	word = words[n - 1];
	operands = calloc((size_t)n, sizeof(*operands));
	if (!operands)
		return;
	for (int i = 0; i < n - 1; i++) {
		/* What comes behind a program's name is the program's. */
		bool theirs = cmd && (only_operands || cmd->takes & WGC_TAKES_RAW || (cmd->takes & WGC_TAKES_PROGRAM && n_operands > 1));

		if (theirs)
			operands[n_operands++] = words[i];
		else if (!strcmp(words[i], "--"))
			only_operands = true;
		else if (!cmd && words[i][0] != '-' && !(i && awaits_value(NULL, words[i - 1]))) {
			cmd = wgc_cmd_find(words[i]);
			if (!cmd)
				return;
		} else if (cmd && words[i][0] != '-' && !awaits_value(cmd, words[i - 1])) {
			operands[n_operands++] = words[i];
		}
	}
	only_operands |= cmd && (cmd->takes & WGC_TAKES_RAW || (cmd->takes & WGC_TAKES_PROGRAM && n_operands > 1));
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
	} else if (cmd) {
		offer_operand(out, cmd, operands, n_operands, word);
	} else {
		offer_kind(out, WGC_COMPLETE_COMMAND, word);
	}
}
