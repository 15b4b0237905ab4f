// SPDX-License-Identifier: GPL-2.0
/* help: what the command tables say, for people (--help). */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define WIDTH 80

/* Words of @text, broken so that no line passes WIDTH; the first line starts
 * at column @col, the others at @indent. */
static void add_wrapped(struct wgc_str *out, const char *text, size_t col, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (!first && col + 1 + n >= WIDTH) {
			wgc_str_addf(out, "\n%*s", (int)indent, "");
			col = indent;
			first = true;
		}
		if (!first) {
			wgc_str_addc(out, ' ');
			col++;
		}
		wgc_str_addn(out, text, n);
		col += n;
		first = false;
		text += n;
		if (*text == '\n') {
			wgc_str_addf(out, "\n%*s", (int)indent, "");
			col = indent;
			first = true;
			text++;
		}
		while (*text == ' ')
			text++;
	}
	wgc_str_addc(out, '\n');
}

/* A name, then its text from column @indent on. */
static void add_row(struct wgc_str *out, const char *name, const char *text, size_t indent)
{
	size_t n = strlen(name) + 2;

	wgc_str_addf(out, "  %s", name);
	if (n + 2 > indent) {
		wgc_str_addf(out, "\n%*s", (int)indent, "");
		n = indent;
	} else {
		wgc_str_addf(out, "%*s", (int)(indent - n), "");
	}
	add_wrapped(out, text, indent, indent);
}

static void add_option(struct wgc_str *out, const struct wgc_opt *o)
{
	char name[64];

	if (o->letter)
		snprintf(name, sizeof(name), "-%c, --%s%s%s", o->letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	else
		snprintf(name, sizeof(name), "    --%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	add_row(out, name, o->text, 24);
}

static void overview(struct wgc_str *out)
{
	static const char *const examples[] = { "wgctl up office", "a tunnel up, or nothing changed",
						"wgctl", "what is up, and how it does",
						"wgctl check ./office.conf", "what is wrong with a profile",
						"wgctl doctor office", "why it does not work",
						"sudo wgctl run office -- firefox", "only the browser is in the tunnel",
						"wgctl down office", "as it was before", NULL };

	wgc_str_add(out, "Usage: wgctl [COMMAND] [OPTION]... [OPERAND]...\n\n"
			 "Bring WireGuard tunnels up and down, all or nothing.\n"
			 "Without a command: the status of all tunnels.\n\n"
			 "Examples:\n");
	for (const char *const *e = examples; *e; e += 2)
		add_row(out, e[0], e[1], 38);
	wgc_str_add(out, "\nCommands:\n");
	for (size_t i = 0; wgc_commands[i]; i++)
		if (!(wgc_commands[i]->takes & WGC_HIDDEN))
			add_row(out, wgc_commands[i]->name, wgc_commands[i]->summary, 14);
	wgc_str_add(out, "\nOptions that most commands take:\n");
	for (const struct wgc_opt *o = wgc_common_opts; o->name; o++)
		add_option(out, o);
	wgc_str_add(out, "\nExit status:\n");
	for (const struct wgc_exit_text *e = wgc_exit_texts; e->text; e++) {
		char code[8];

		snprintf(code, sizeof(code), "%d", e->code);
		add_row(out, code, e->text, 8);
	}
	wgc_str_add(out, "\nSee 'wgctl COMMAND --help' and wgctl(8).\n");
}

void wgc_help(const struct wgc_cmd *cmd, struct wgc_str *out)
{
	if (!cmd) {
		overview(out);
		return;
	}
	wgc_str_addf(out, "Usage: wgctl %s%s%s%s\n\n", cmd->name, cmd->takes & WGC_TAKES_RAW ? "" : " [OPTION]...",
		     *cmd->args ? " " : "", cmd->args);
	wgc_str_addc(out, (char)toupper((unsigned char)cmd->summary[0]));
	add_wrapped(out, cmd->summary + 1, 1, 0);
	if (cmd->examples) {
		wgc_str_add(out, "\nExamples:\n");
		for (const char *const *e = cmd->examples; *e; e += 2)
			add_row(out, e[0], e[1], 38);
	}
	if (cmd->text) {
		wgc_str_addc(out, '\n');
		add_wrapped(out, cmd->text, 0, 0);
	}
	if (!(cmd->takes & WGC_TAKES_RAW)) {
		wgc_str_add(out, "\nOptions:\n");
		for (const struct wgc_opt *o = cmd->opts; o && o->name; o++)
			add_option(out, o);
		for (const struct wgc_opt *o = wgc_common_opts; o->name; o++)
			if (wgc_cmd_takes(cmd, o))
				add_option(out, o);
	}
	wgc_str_add(out, "\nExit status:\n");
	for (size_t i = 0; wgc_exit_texts[i].text; i++) {
		char code[8];

		if (!(cmd->exits & (1u << i)))
			continue;
		snprintf(code, sizeof(code), "%d", wgc_exit_texts[i].code);
		add_row(out, code, wgc_exit_texts[i].text, 8);
	}
	wgc_str_addf(out, "\nSee %s(8).\n", wgc_page_of(cmd));
}
