// SPDX-License-Identifier: GPL-2.0
/*
 * steps: a run as it is told to people. One self-erasing line on a terminal
 * when it takes long, a line a step with -v, a table for a dry run.
 */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Work that is over sooner shows no progress line: it would only flicker. */
#define PATIENCE_MS 300

static volatile int stop_wanted;

static void on_signal(int sig)
{
	stop_wanted = sig;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static char *keep(struct wgc_steps *s, const char *text)
{
	char *copy;

	if (!text)
		return NULL;
	copy = wgc_arena_strdup(s->arena, text);
	if (!copy)
		s->oom = true;
	return copy;
}

static void collect(struct wgc_steps *s, const struct wgc_step_view *v)
{
	struct wgc_step_view *new = wgc_arena_push(s->arena, &s->v, &s->n, &s->cap, sizeof(*s->v));

	if (!new) {
		s->oom = true;
		return;
	}
	*new = *v;
	new->word = keep(s, v->word);
	new->text = keep(s, v->text);
	new->equivalent = keep(s, v->equivalent);
	new->undo = keep(s, v->undo);
}

/* How many columns of stderr may be used; 0: it is no terminal, or cannot erase what stands there. */
static size_t progress_width(void)
{
	const char *term = getenv("TERM");
	struct winsize size;

	if (!isatty(STDERR_FILENO) || !term || !strcmp(term, "dumb"))
		return 0;
	/* The last column stays free: some terminals wrap as soon as it is written. */
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		return 78;
	return size.ws_col < 79u ? size.ws_col - 1u : 78;
}

/* As much of @text as has @max columns. */
static size_t bytes_of_columns(const char *text, size_t max)
{
	size_t n = 0, columns = 0;

	for (; text[n]; n++) {
		bool begins = ((unsigned char)text[n] & 0xc0) != 0x80;

		if (begins && columns == max)
			break;
		columns += begins;
	}
	return n;
}

static void progress(struct wgc_steps *s, const struct wgc_step_view *v, const char *doing)
{
	/* These wait for others, so they are named before the wait, not after. */
	bool slow = !strncmp(v->word, "hook", 4) || !strncmp(v->word, "resolve", 7) || !strncmp(v->word, "endpoint", 8);
	WGC_AUTO_STR struct wgc_str line = { 0 };
	size_t width = s->ui->quiet || s->ui->json ? 0 : progress_width();

	if (!width || (!slow && now_ms() - s->started_ms < PATIENCE_MS))
		return;
	wgc_str_addf(&line, "%s %zu/%zu %s %s", doing, v->index, v->total, v->word, v->text ? v->text : "");
	/* Longer than a line it could not be erased. */
	fputs("\r\033[K", stderr);
	{
		WGC_AUTO_STR struct wgc_str plain = { 0 };

		wgc_add_plain(&plain, wgc_str_get(&line), bytes_of_columns(wgc_str_get(&line), width));
		fputs(wgc_str_get(&plain), stderr);
	}
	s->line_shown = true;
}

void wgc_steps_clear(struct wgc_steps *s)
{
	if (s->line_shown)
		fputs("\r\033[K", stderr);
	s->line_shown = false;
}

static void tell(struct wgc_steps *s, const struct wgc_step_view *v, bool undo)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	const char *text = v->text ? v->text : "";

	/* wg-quick shows every command; so do we under that name. */
	if (s->ui->quick) {
		const char *line = v->equivalent ? v->equivalent : text;

		wgc_str_add(&out, "[#] ");
		if (undo && !v->equivalent && !strcmp(v->word, "link.create"))
			wgc_str_add(&out, "ip link delete dev ");
		else if (undo && !v->equivalent)
			wgc_str_addf(&out, "undo %s ", v->word);
		wgc_add_plain(&out, line, strlen(line));
	} else if (s->ui->verbose && !s->ui->json) {
		wgc_str_addf(&out, "%s%c %s ", undo ? "undo " : "", v->sign ? v->sign : ' ', v->word);
		wgc_add_plain(&out, text, strlen(text));
	} else {
		progress(s, v, undo ? "undo" : "step");
		return;
	}
	fprintf(stderr, "%s\n", wgc_str_get(&out));
}

static void on_step(void *ctx, const struct wgc_step_view *v)
{
	struct wgc_steps *s = ctx;

	if (s->run.dry_run)
		collect(s, v);
	else
		tell(s, v, false);
}

static void on_undo(void *ctx, const struct wgc_step_view *v)
{
	struct wgc_steps *s = ctx;

	if (s->run.dry_run)
		collect(s, v);
	else
		tell(s, v, true);
}

static void on_detail(void *ctx, char sign, const char *word, const char *text)
{
	struct wgc_steps *s = ctx;
	struct wgc_detail *d = wgc_arena_push(s->arena, &s->details, &s->n_details, &s->cap_details, sizeof(*d));

	if (!d) {
		s->oom = true;
		return;
	}
	*d = (struct wgc_detail){ .sign = sign, .word = keep(s, word), .text = keep(s, text) };
}

static void on_warning(void *ctx, const char *text)
{
	struct wgc_steps *s = ctx;

	wgc_steps_clear(s);
	wgc_ui_warn(s->ui, "%s", text);
}

static void on_finding(void *ctx, const char *text)
{
	struct wgc_steps *s = ctx;
	WGC_AUTO_STR struct wgc_str out = { 0 };

	if (!s->ui->verbose || s->ui->json)
		return;
	wgc_steps_clear(s);
	wgc_add_plain(&out, text, strlen(text));
	fprintf(stderr, "- %s\n", wgc_str_get(&out));
}

int wgc_steps_init(struct wgc_steps *s, struct wgc_ui *ui, bool dry_run, unsigned wait_seconds)
{
	/* No SA_RESTART: a wait that a signal ends is what was asked for. */
	struct sigaction act = { .sa_handler = on_signal };
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };

	*s = (struct wgc_steps){ .ui = ui, .started_ms = now_ms() };
	s->arena = wgc_arena_new();
	if (!s->arena)
		return -ENOMEM;
	s->run = (struct wgc_run){ .dry_run = dry_run,
				   .confirm = ui->confirm,
				   .on_step = on_step,
				   .on_undo = on_undo,
				   .on_warning = on_warning,
				   .on_finding = on_finding,
				   .on_detail = on_detail,
				   .ctx = s,
				   .stop = &stop_wanted,
				   .wait_seconds = wait_seconds };
	for (size_t i = 0; i < WGC_ARRAY_SIZE(sigs); i++)
		wgc_signal_act(sigs[i], &act);
	return 0;
}

int wgc_steps_stop(void)
{
	return stop_wanted;
}

void wgc_steps_done(struct wgc_steps *s)
{
	wgc_steps_clear(s);
	s->arena = wgc_arena_free(s->arena);
}

static size_t columns(const char *s)
{
	size_t n = 0;

	for (; s && *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

static void add_padded(struct wgc_str *out, const char *text, size_t width)
{
	size_t n = columns(text);

	wgc_add_plain(out, text ? text : "", text ? strlen(text) : 0);
	wgc_str_addf(out, "%*s", n < width ? (int)(width - n) : 0, "");
}

void wgc_steps_add_text(const struct wgc_steps *s, const char *name, bool color, struct wgc_str *out)
{
	size_t word = 0, text = 0, eq = 0;
	int digits = snprintf(NULL, 0, "%zu", s->n);

	for (size_t i = 0; i < s->n; i++) {
		const struct wgc_step_view *v = &s->v[i];

		if (columns(v->word) > word)
			word = columns(v->word);
		/* One long line must not push all the others to the right. */
		if (columns(v->text) > text)
			text = at_most(columns(v->text), 44);
		if (columns(v->equivalent) > eq)
			eq = at_most(columns(v->equivalent), 60);
	}
	wgc_str_addf(out, "wgctl: plan for '%s' (%zu step%s, nothing changed)\n", name, s->n, s->n == 1 ? "" : "s");
	for (size_t i = 0; i < s->n; i++) {
		const struct wgc_step_view *v = &s->v[i];
		enum wgc_paint p = v->sign == '+' ? WGC_GREEN : v->sign == '-' || v->sign == '!' ? WGC_RED : WGC_YELLOW;

		wgc_str_addf(out, "  %*zu %s%c%s ", digits, i + 1, wgc_paint(color, p), v->sign ? v->sign : ' ',
			     wgc_paint(color, WGC_PLAIN));
		add_padded(out, v->word, word);
		wgc_str_add(out, "  ");
		add_padded(out, v->text, text);
		wgc_str_add(out, wgc_paint(color, WGC_DIM));
		wgc_str_add(out, v->equivalent ? "  # " : "    ");
		add_padded(out, v->equivalent, eq);
		/* What undoes has no undo itself. */
		if (v->undo && v->sign != '-')
			wgc_str_addf(out, "  | undo: %s", v->undo);
		wgc_str_add(out, wgc_paint(color, WGC_PLAIN));
		wgc_str_addc(out, '\n');
	}
	if (s->oom)
		out->oom = true;
}

void wgc_steps_json(const struct wgc_steps *s, struct wgc_json *j)
{
	wgc_json_array(j);
	for (size_t i = 0; i < s->n; i++) {
		const struct wgc_step_view *v = &s->v[i];
		char sign[2] = { v->sign, '\0' };

		wgc_json_object(j);
		wgc_json_key(j, "step");
		wgc_json_uint(j, i + 1);
		wgc_json_key(j, "kind");
		wgc_json_str(j, v->word);
		wgc_json_key(j, "sign");
		wgc_json_str(j, sign);
		wgc_json_key(j, "text");
		wgc_json_str(j, v->text);
		wgc_json_key(j, "equivalent");
		wgc_json_str(j, v->equivalent);
		wgc_json_key(j, "undo");
		wgc_json_str(j, v->undo);
		if (v->at.line) {
			wgc_json_key(j, "line");
			wgc_json_uint(j, v->at.line);
		}
		wgc_json_object_end(j);
	}
	wgc_json_array_end(j);
	if (s->oom)
		j->out->oom = true;
}
