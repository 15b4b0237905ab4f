// SPDX-License-Identifier: GPL-2.0
/*
 * mdoc: the parts of the manual pages that the tables know. A page has them
 * between the lines
 *
 *	.\" BEGIN generated: PART [PAGE]
 *	.\" END generated
 *
 * and tests/helpers/generated --update fills them in (`make lint` fails where
 * they are stale).
 *
 * A new command: write its name into the row of its page below, and run that.
 * Each command is in exactly one row, which `make lint` holds as well. A new
 * page: a row, and a file man/PAGE.8 with the parts name, synopsis, commands,
 * examples and exits of PAGE.
 */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cli/status.h"

static const struct page {
	const char *name, *title;
	const char *commands; /* in the order of the page */
} pages[] = {
	{ "wgctl-up", "bring tunnels up, take them down, and change them while they are up", "up down reload diff confirm recover lockdown" },
	{ "wgctl-status", "what is up, how it is, and why it does not work", "status list doctor monitor" },
	{ "wgctl-watch", "look after tunnels that are up", "watch" },
	{ "wgctl-exec", "programs in the network namespace of a tunnel", "run exec netns" },
	{ "wgctl-physical", "all network devices in a namespace of their own", "physical" },
	{ "wgctl-cni", "WireGuard for containers and services", "container oci-hook" },
	{ "wgctl-check", "read, check, convert and import profiles", "check convert import qr" },
	{ "wgctl-show", "devices and keys, as wg(8) has them", "show showconf set setconf addconf syncconf genkey genpsk pubkey" },
	{ "wgctl", "WireGuard tunnels: all or nothing", "help version completion" },
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = list; *s; s += strcspn(s, " "), s += *s == ' ')
		if (!strncmp(s, word, n) && (s[n] == ' ' || !s[n]))
			return true;
	return false;
}

const char *wgc_page_of(const struct wgc_cmd *cmd)
{
	for (size_t i = 0; i < WGC_ARRAY_SIZE(pages); i++)
		if (has_word(pages[i].commands, cmd->name))
			return pages[i].name;
	return "wgctl";
}

/* The @i-th command of @page, NULL past the last one; a word that is no command counts as none. */
static const struct wgc_cmd *command(const struct page *page, size_t i)
{
	const char *s = page->commands;
	char name[32];

	while (i-- && *s) {
		s += strcspn(s, " ");
		s += *s == ' ';
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(s, " "), s);
	return *name ? wgc_cmd_find(name) : NULL;
}

/* ---- words --------------------------------------------------------------------------- */

/* As it is written in a page: no escape, no hyphen that a line may be broken at. */
static void add_char(struct wgc_str *out, char c)
{
	if (c == '\\')
		wgc_str_add(out, "\\e");
	else if (c == '-')
		wgc_str_add(out, "\\-");
	else if (c == '~')
		wgc_str_add(out, "\\(ti");
	else
		wgc_str_addc(out, c);
}

/* Text lines. What mdoc would take for a macro is written so that it does not. */
static void add_words(struct wgc_str *out, const char *s)
{
	bool start = true, quoted = false;

	for (const char *begin = s; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			wgc_str_add(out, "\\&");
		start = false;
		if (*s == '`') {
			wgc_str_add(out, quoted ? "\\(cq" : "\\(oq");
			quoted = !quoted;
		} else if (*s == ' ' && s > begin && s[-1] == '.' && isupper((unsigned char)s[1])) {
			/* A sentence a line, as the source of a page has it. */
			wgc_str_addc(out, '\n');
			start = true;
		} else {
			add_char(out, *s);
		}
	}
}

static void add_line(struct wgc_str *out, const char *s)
{
	add_words(out, s);
	wgc_str_addc(out, '\n');
}

/* A line of a literal block. */
static void add_literal(struct wgc_str *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		wgc_str_add(out, "\\&");
	for (; *s; s++)
		add_char(out, *s);
	wgc_str_addc(out, '\n');
}

/* "bring tunnels up" as the beginning of a sentence, with its @end. */
static void add_sentence(struct wgc_str *out, const char *s, const char *end)
{
	wgc_str_addc(out, (char)toupper((unsigned char)s[0]));
	add_words(out, s + 1);
	wgc_str_addf(out, "%s\n", end);
}

/* The rest of a macro's line: words that look like macros are none. */
static void add_args(struct wgc_str *out, const char *s)
{
	for (bool start = true; *s; start = *s == ' ', s++) {
		if (start && strcspn(s, " ") <= 3 && isupper((unsigned char)*s))
			wgc_str_add(out, "\\&");
		add_char(out, *s);
	}
}

static void begin_list(struct wgc_str *out)
{
	wgc_str_add(out, ".Bl -tag -width Ds\n");
}

static void end_list(struct wgc_str *out)
{
	wgc_str_add(out, ".El\n");
}

/* ---- the parts of a page ---------------------------------------------------------------- */

static void names(const struct page *page, struct wgc_str *out)
{
	const struct wgc_cmd *c;

	wgc_str_add(out, ".Nm ");
	add_words(out, page->name);
	for (size_t i = 0; strcmp(page->name, "wgctl") && (c = command(page, i)); i++) {
		if (!strcmp(page->name + strlen("wgctl-"), c->name))
			continue;
		wgc_str_add(out, " ,\n.Nm wgctl\\-");
		add_words(out, c->name);
	}
	wgc_str_add(out, "\n.Nd ");
	add_args(out, page->title);
	wgc_str_addc(out, '\n');
}

static void usage(const struct wgc_cmd *c, struct wgc_str *out)
{
	wgc_str_add(out, ".Nm wgctl\n.Cm ");
	add_args(out, c->name);
	wgc_str_addc(out, '\n');
	if (!(c->takes & WGC_TAKES_RAW))
		wgc_str_add(out, ".Op Ar option ...\n");
	if (*c->args) {
		wgc_str_add(out, ".Ar ");
		add_args(out, c->args);
		wgc_str_addc(out, '\n');
	}
}

static void synopsis(const struct page *page, struct wgc_str *out)
{
	const struct wgc_cmd *c;

	for (size_t i = 0; (c = command(page, i)); i++)
		usage(c, out);
}

static void option(const struct wgc_opt *o, struct wgc_str *out)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };

	wgc_str_add(out, ".It");
	if (o->letter)
		wgc_str_addf(out, " Fl %c ,", o->letter);
	wgc_str_add(out, " Fl \\-");
	add_words(out, o->name);
	if (o->arg)
		wgc_str_addf(out, " Ar %s", o->arg);
	wgc_str_addc(out, '\n');
	wgc_str_addf(&text, "%s%s", o->text, o->type == WGC_OPT_LIST ? ", or the option again" : "");
	add_line(out, wgc_str_get(&text));
}

static void options(const struct wgc_cmd *c, struct wgc_str *out)
{
	bool any = c->opts;

	if (c->takes & WGC_TAKES_RAW)
		return;
	/* Those that every command takes are in wgctl(8). */
	for (const struct wgc_opt *o = wgc_common_opts; o->name; o++)
		any = any || (o->takes && wgc_cmd_takes(c, o));
	if (any)
		begin_list(out);
	for (const struct wgc_opt *o = c->opts; o && o->name; o++)
		option(o, out);
	for (const struct wgc_opt *o = wgc_common_opts; o->name; o++)
		if (o->takes && wgc_cmd_takes(c, o))
			option(o, out);
	if (any)
		end_list(out);
	for (const char *const(*p)[2] = c->conflicts; p && (*p)[0]; p++) {
		wgc_str_add(out, p == c->conflicts && any ? ".Pp\n.Fl \\-" : ".Fl \\-");
		add_words(out, (*p)[0]);
		wgc_str_add(out, "\nis not taken with\n.Fl \\-");
		add_words(out, (*p)[1]);
		wgc_str_add(out, " .\n");
	}
}

static void commands(const struct page *page, struct wgc_str *out)
{
	const struct wgc_cmd *c;

	for (size_t i = 0; (c = command(page, i)); i++) {
		wgc_str_add(out, ".Ss wgctl ");
		add_args(out, c->name);
		if (*c->args) {
			wgc_str_addc(out, ' ');
			add_args(out, c->args);
		}
		wgc_str_addc(out, '\n');
		add_sentence(out, c->summary, ".");
		if (c->text)
			add_line(out, c->text);
		options(c, out);
	}
}

/* Marked, so that tests/bats/examples.bats finds and runs it. */
static void examples(const struct page *page, struct wgc_str *out)
{
	const struct wgc_cmd *c;
	bool first = true;

	for (size_t i = 0; (c = command(page, i)); i++)
		for (const char *const *e = c->examples; e && *e; e += 2, first = false) {
			wgc_str_add(out, first ? "" : ".Pp\n");
			add_sentence(out, e[1], ":");
			wgc_str_add(out, ".\\\" example: sh\n.Bd -literal -offset indent -compact\n");
			add_literal(out, e[0]);
			wgc_str_add(out, ".Ed\n");
		}
}

static void exits(const struct page *page, struct wgc_str *out)
{
	const struct wgc_cmd *c;
	unsigned which = 0;

	for (size_t i = 0; page && (c = command(page, i)); i++)
		which |= c->exits;
	begin_list(out);
	for (size_t i = 0; wgc_exit_texts[i].text; i++) {
		if (page && !(which & (1u << i)))
			continue;
		wgc_str_addf(out, ".It %d\n", wgc_exit_texts[i].code);
		add_line(out, wgc_exit_texts[i].text);
	}
	end_list(out);
}

static void diagnostics(const char *about, struct wgc_str *out)
{
	struct wgc_nl_refusal r;

	begin_list(out);
	for (size_t i = 0; wgc_nl_refusal(i, about, &r); i++) {
		if (!r.error)
			continue;
		wgc_str_add(out, ".It Sy ");
		add_args(out, r.sentence ?: strerror(r.error));
		wgc_str_addf(out, " Pq Er %s\n", strerrorname_np(r.error) ?: "?");
		if (r.hint)
			add_line(out, r.hint);
	}
	end_list(out);
}

/* ---- parts that belong to one page --------------------------------------------------------- */

static void overview(struct wgc_str *out)
{
	for (size_t p = 0; p < WGC_ARRAY_SIZE(pages); p++) {
		const struct wgc_cmd *c;

		wgc_str_addf(out, "%s", p ? ".Pp\n" : "");
		if (strcmp(pages[p].name, "wgctl")) {
			wgc_str_add(out, ".Xr ");
			add_words(out, pages[p].name);
			wgc_str_add(out, " 8 :\n");
			add_line(out, pages[p].title);
		} else {
			wgc_str_add(out, "and about the program itself, below:\n");
		}
		wgc_str_add(out, ".Bl -tag -width completionxx -offset indent -compact\n");
		for (size_t i = 0; (c = command(&pages[p], i)); i++) {
			wgc_str_add(out, ".It Cm ");
			add_args(out, c->name);
			wgc_str_addc(out, '\n');
			add_line(out, c->summary);
		}
		end_list(out);
	}
}

static void common_options(struct wgc_str *out)
{
	begin_list(out);
	for (const struct wgc_opt *o = wgc_common_opts; o->name; o++)
		option(o, out);
	end_list(out);
}

static void keys(struct wgc_str *out)
{
	size_t n;
	const struct wgc_key_info *k = wgc_config_keys(&n);
	const char *section = "";

	for (size_t i = 0; i < n; i++) {
		const char *usual = wgc_config_usual(&k[i]);

		if (strcmp(section, k[i].section)) {
			wgc_str_addf(out, "%s.Ss [%s]\n", *section ? ".El\n" : "", k[i].section);
			begin_list(out);
			section = k[i].section;
		}
		wgc_str_addf(out, ".It Ic %s ( %s )\n", k[i].ini, k[i].json);
		add_line(out, k[i].text);
		wgc_str_add(out, "Values: ");
		add_words(out, k[i].values);
		wgc_str_add(out, ".\n");
		if (usual)
			wgc_str_addf(out, "Default: %s.\n", usual);
		if (k[i].repeatable)
			wgc_str_add(out, "May be given more than once.\n");
		if (k[i].secret)
			wgc_str_add(out, "Never shown.\n");
	}
	end_list(out);
}

static void json_keys(const char *section, struct wgc_str *out)
{
	size_t n;
	const struct wgc_key_info *k = wgc_config_keys(&n);

	begin_list(out);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(k[i].section, section))
			wgc_str_addf(out, ".It Va %s Pq %s\nAs\n.Ic %s .\n", k[i].json, wgc_config_json_type(&k[i]), k[i].ini);
	end_list(out);
}

static void metrics(struct wgc_str *out)
{
	const char *name, *type, *help;

	begin_list(out);
	for (size_t i = 0; wgc_metric(i, &name, &type, &help); i++) {
		wgc_str_addf(out, ".It Va %s Pq %s\n", name, type);
		add_line(out, help);
	}
	end_list(out);
}

static void checks(struct wgc_str *out)
{
	const char *name, *fine;

	wgc_str_add(out, ".Bl -tag -width forwardingxx -compact\n");
	for (size_t i = 0; (name = wgc_plan_doctor_check(i, &fine)); i++) {
		wgc_str_addf(out, ".It Cm %s\n", name);
		add_line(out, fine);
	}
	end_list(out);
}

static void add_word_list(struct wgc_str *out, const char *word, bool last)
{
	wgc_str_add(out, ".Li ");
	add_args(out, word);
	wgc_str_add(out, last ? " .\n" : " ,\n");
}

static void steps(struct wgc_str *out)
{
	const char *word;

	for (size_t i = 0; (word = wgc_plan_step_word(i)); i++) {
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen = seen || !strcmp(wgc_plan_step_word(k), word);
		if (!seen)
			add_word_list(out, word, !wgc_plan_step_word(i + 1));
	}
}

static void codes(struct wgc_str *out)
{
	for (enum wgc_code c = WGC_E_NONE + 1; c <= WGC_E_INTERNAL; c++)
		add_word_list(out, wgc_code_word(c), c == WGC_E_INTERNAL);
}

/* For the lint: a command and its page a line, a command that there is not with a '?'. */
static void list(struct wgc_str *out)
{
	for (size_t p = 0; p < WGC_ARRAY_SIZE(pages); p++)
		for (const char *s = pages[p].commands; *s; s += strcspn(s, " "), s += *s == ' ') {
			char name[32];

			snprintf(name, sizeof(name), "%.*s", (int)strcspn(s, " "), s);
			wgc_str_addf(out, "%s%s %s\n", name, wgc_cmd_find(name) ? "" : "?", pages[p].name);
		}
}

/* ---- the table of parts ------------------------------------------------------------------------ */

static const struct {
	const char *part;
	void (*of_page)(const struct page *page, struct wgc_str *out); /* needs a page */
	void (*with)(const char *word, struct wgc_str *out);	       /* needs a word */
	void (*alone)(struct wgc_str *out);
} parts[] = {
	{ "name", names, NULL, NULL },
	{ "synopsis", synopsis, NULL, NULL },
	{ "commands", commands, NULL, NULL },
	{ "examples", examples, NULL, NULL },
	{ "exits", exits, NULL, NULL },
	{ "diagnostics", NULL, diagnostics, NULL },
	{ "json-keys", NULL, json_keys, NULL },
	{ "overview", NULL, NULL, overview },
	{ "options", NULL, NULL, common_options },
	{ "keys", NULL, NULL, keys },
	{ "metrics", NULL, NULL, metrics },
	{ "checks", NULL, NULL, checks },
	{ "steps", NULL, NULL, steps },
	{ "codes", NULL, NULL, codes },
	{ "pages", NULL, NULL, list },
};

int wgc_mdoc(const char *part, const char *page, struct wgc_str *out)
{
	const struct page *of = NULL;

	for (size_t i = 0; page && i < WGC_ARRAY_SIZE(pages); i++)
		if (!strcmp(pages[i].name, page))
			of = &pages[i];
	for (size_t i = 0; i < WGC_ARRAY_SIZE(parts); i++) {
		if (strcmp(parts[i].part, part))
			continue;
		if (parts[i].of_page && of)
			parts[i].of_page(of, out);
		else if (parts[i].with && page)
			parts[i].with(page, out);
		else if (parts[i].alone && !page)
			parts[i].alone(out);
		else if (!strcmp(part, "exits") && !page)
			exits(NULL, out);
		else
			break;
		return 0;
	}
	return -EINVAL;
}
