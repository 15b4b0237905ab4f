// SPDX-License-Identifier: GPL-2.0
/*
 * errors: failures and findings as text in the form that compilers use
 * (file:line:col, the line, a caret), and as JSON. No line that could hold a
 * secret is shown, whether or not whoever reported it thought of that.
 */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* A line longer than this is shown as a window around the place. */
#define LINE_SHOWN 100
#define BEFORE_CARET 40

const struct wgc_exit_text wgc_exit_texts[] = {
	{ WGC_EXIT_OK, "done" },
	{ WGC_EXIT_FAILED, "failed; everything was undone" },
	{ WGC_EXIT_USAGE, "wrong use of the command line" },
	{ WGC_EXIT_NOT_UP, "the tunnel is not up" },
	{ WGC_EXIT_NOT_PERMITTED, "not permitted" },
	{ WGC_EXIT_INVALID, "the profile is invalid" },
	{ WGC_EXIT_INCOMPLETE, "failed, and something could not be undone" },
	{ WGC_EXIT_NOT_RUN, "exec, run: wgctl failed, and no program was run" },
	{ WGC_EXIT_CANNOT_RUN, "exec, run: the program cannot be run" },
	{ WGC_EXIT_NO_COMMAND, "exec, run: there is no such program" },
	{ WGC_EXIT_INTERRUPTED, "interrupted; everything was undone" },
	{ 0, NULL },
};

enum wgc_exit wgc_exit_of(const struct wgc_err *err, const struct wgc_run *run)
{
	if (run && run->undo_failed)
		return WGC_EXIT_INCOMPLETE;
	switch (err->code) {
	case WGC_E_USAGE:
		return WGC_EXIT_USAGE;
	case WGC_E_CONFIG:
		return WGC_EXIT_INVALID;
	case WGC_E_UNSUPPORTED:
		/* A key asked for it, or the machine lacks it. */
		return err->at.line ? WGC_EXIT_INVALID : WGC_EXIT_FAILED;
	case WGC_E_PERM:
		return WGC_EXIT_NOT_PERMITTED;
	case WGC_E_NOT_UP:
		return WGC_EXIT_NOT_UP;
	case WGC_E_CANCELLED:
		return WGC_EXIT_INTERRUPTED;
	case WGC_E_KERNEL:
	case WGC_E_IO:
		return err->sys == EPERM || err->sys == EACCES ? WGC_EXIT_NOT_PERMITTED : WGC_EXIT_FAILED;
	default:
		return WGC_EXIT_FAILED;
	}
}

const char *wgc_code_word(enum wgc_code code)
{
	static const char *const word[] = {
		[WGC_E_NONE] = "none",
		[WGC_E_USAGE] = "usage",
		[WGC_E_CONFIG] = "config",
		[WGC_E_UNSUPPORTED] = "unsupported",
		[WGC_E_PERM] = "not_permitted",
		[WGC_E_NOT_UP] = "not_up",
		[WGC_E_NOT_FOUND] = "not_found",
		[WGC_E_EXISTS] = "exists",
		[WGC_E_KERNEL] = "kernel",
		[WGC_E_IO] = "io",
		[WGC_E_HOOK] = "hook",
		[WGC_E_CANCELLED] = "cancelled",
		[WGC_E_INTERNAL] = "internal",
	};

	return (size_t)code < WGC_ARRAY_SIZE(word) ? word[code] : "internal";
}

/* The line in lower case without spaces and underscores: "Private Key" and
 * "private_key" are the same name to some parser. */
static void squeeze(const char *s, size_t n, char *out, size_t cap)
{
	size_t o = 0;

	for (size_t i = 0; i < n && o + 1 < cap; i++)
		if (!wgc_isspace(s[i]) && s[i] != '_' && s[i] != '-')
			out[o++] = (char)tolower((unsigned char)s[i]);
	out[o] = '\0';
}

static bool base64_char(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/';
}

/* 40 or more characters of base64 or hex in a row may be most of a key. */
static bool looks_like_key(const char *s, size_t n)
{
	size_t run = 0;

	for (size_t i = 0; i < n; i++) {
		run = base64_char(s[i]) ? run + 1 : 0;
		if (run >= 40)
			return true;
	}
	return false;
}

static bool line_is_secret(const char *s, size_t n)
{
	char name[4096];

	squeeze(s, n, name, sizeof(name));
	if (n >= sizeof(name) && looks_like_key(s, n))
		return true;
	if (strstr(name, "privat") || strstr(name, "preshared") || strstr(name, "secret") || strstr(name, "psk"))
		return true;
	return looks_like_key(s, n) && !strstr(name, "publickey");
}

/* "PrivateKey = (hidden)": the name only where it cannot be a key itself. */
static void add_hidden(struct wgc_str *out, const char *s, size_t n)
{
	size_t start = 0, end;

	while (start < n && (wgc_isspace(s[start])))
		start++;
	for (end = start; end < n && s[end] != '=' && s[end] != ':'; end++)
		if (!isalpha((unsigned char)s[end]) && !strchr(" \t_\"", s[end]))
			break;
	if (end < n && (s[end] == '=' || s[end] == ':') && end - start <= 24 && end > start) {
		char sep = s[end];

		while (end > start && wgc_isspace(s[end - 1]))
			end--;
		wgc_str_addn(out, s + start, end - start);
		wgc_str_add(out, sep == '=' ? " = " : ": ");
	}
	wgc_str_add(out, "(hidden)");
}

/* The source line and a caret under @at, or the line with its value hidden. */
static void add_excerpt(struct wgc_str *out, bool color, bool show_secrets, const struct wgc_source *src, struct wgc_span at,
			bool secret)
{
	const char *s;
	size_t n, from = 0, to, col = at.col ? at.col - 1 : 0;

	if (!src || !src->text || !at.line || !wgc_source_line(src, at.line, &s, &n))
		return;
	if (n && s[n - 1] == '\r')
		n--;
	wgc_str_addf(out, "%5u | ", at.line);
	if (!show_secrets && (secret || line_is_secret(s, n))) {
		add_hidden(out, s, n);
		wgc_str_addc(out, '\n');
		return;
	}
	to = n;
	if (n > LINE_SHOWN) {
		from = col > BEFORE_CARET ? col - BEFORE_CARET : 0;
		/* Not in the middle of a character. */
		while (from && ((unsigned char)s[from] & 0xc0) == 0x80)
			from--;
		to = from + LINE_SHOWN < n ? from + LINE_SHOWN : n;
		while (to < n && ((unsigned char)s[to] & 0xc0) == 0x80)
			to++;
	}
	wgc_str_add(out, from ? "..." : "");
	wgc_add_plain(out, s + from, to - from);
	wgc_str_add(out, to < n ? "...\n" : "\n");
	if (!at.col || col > n)
		return;
	wgc_str_add(out, "      | ");
	wgc_str_add(out, from ? "   " : "");
	for (size_t i = from; i < col; i++)
		if (s[i] == '\t')
			wgc_str_addc(out, '\t');
		else if (((unsigned char)s[i] & 0xc0) != 0x80)
			wgc_str_addc(out, ' ');
	wgc_str_add(out, wgc_paint(color, WGC_GREEN));
	wgc_str_addc(out, '^');
	for (size_t i = col + 1; i < col + at.len && i < to; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			wgc_str_addc(out, '~');
	wgc_str_add(out, wgc_paint(color, WGC_PLAIN));
	wgc_str_addc(out, '\n');
}

static void add_place(struct wgc_str *out, const char *program, const struct wgc_source *src, struct wgc_span at)
{
	if (!src || !src->path) {
		wgc_str_add(out, program);
	} else {
		wgc_add_plain(out, src->path, strlen(src->path));
		if (at.line)
			wgc_str_addf(out, ":%u", at.line);
		if (at.line && at.col)
			wgc_str_addf(out, ":%u", at.col);
	}
	wgc_str_add(out, ": ");
}

static void add_field(struct wgc_str *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	wgc_str_addf(out, "  %s: ", name);
	wgc_add_plain(out, text, strlen(text));
	wgc_str_addc(out, '\n');
}

static void add_also(struct wgc_str *out, const struct wgc_ui *ui, bool color, const struct wgc_source *src, struct wgc_span also,
		     bool secret)
{
	if (!also.line)
		return;
	add_place(out, ui->program, src, also);
	wgc_str_addf(out, "%snote:%s first given here\n", wgc_paint(color, WGC_BLUE), wgc_paint(color, WGC_PLAIN));
	add_excerpt(out, color, ui->show_secrets, src, also, secret);
}

void wgc_add_diag(const struct wgc_ui *ui, struct wgc_str *out, bool color, const struct wgc_source *src, const struct wgc_diag *d)
{
	add_place(out, ui->program, src, d->at);
	wgc_str_addf(out, "%s%s:%s ", wgc_paint(color, d->warning ? WGC_YELLOW : WGC_RED), d->warning ? "warning" : "error",
		     wgc_paint(color, WGC_PLAIN));
	wgc_add_plain(out, d->msg, strlen(d->msg));
	wgc_str_addc(out, '\n');
	add_excerpt(out, color, ui->show_secrets, src, d->at, d->secret);
	add_also(out, ui, color, src, d->also, d->secret);
	add_field(out, "hint", d->hint);
}

static void json_place(struct wgc_json *j, const struct wgc_source *src, struct wgc_span at, struct wgc_span also)
{
	if (src && src->path) {
		wgc_json_key(j, "file");
		wgc_json_str(j, src->path);
	}
	if (at.line) {
		wgc_json_key(j, "line");
		wgc_json_uint(j, at.line);
	}
	if (at.line && at.col) {
		wgc_json_key(j, "column");
		wgc_json_uint(j, at.col);
		wgc_json_key(j, "length");
		wgc_json_uint(j, at.len);
	}
	if (also.line) {
		wgc_json_key(j, "also_line");
		wgc_json_uint(j, also.line);
	}
}

static void json_field(struct wgc_json *j, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	wgc_json_key(j, key);
	wgc_json_str(j, text);
}

void wgc_json_diag(struct wgc_json *j, const struct wgc_source *src, const struct wgc_diag *d)
{
	wgc_json_object(j);
	wgc_json_key(j, "code");
	wgc_json_str(j, "config");
	wgc_json_key(j, "severity");
	wgc_json_str(j, d->warning ? "warning" : "error");
	wgc_json_key(j, "message");
	wgc_json_str(j, d->msg);
	json_place(j, src, d->at, d->also);
	json_field(j, "hint", d->hint);
	wgc_json_object_end(j);
}

void wgc_show_diags(struct wgc_ui *ui, const struct wgc_source *src, const struct wgc_diags *diags, bool warnings_too)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	for (size_t i = 0; i < diags->n; i++) {
		const struct wgc_diag *d = &diags->v[i];
		struct wgc_str *list = d->warning ? &ui->warnings : &ui->errors;

		if (d->warning && (!warnings_too || ui->quiet))
			continue;
		if (ui->json) {
			struct wgc_json j = { .out = list, .compact = true };

			if (list->len)
				wgc_str_addc(list, ',');
			wgc_json_diag(&j, src, d);
		} else {
			wgc_add_diag(ui, &out, ui->color_err, src, d);
		}
	}
	fputs(wgc_str_get(&out), stderr);
}

static void undone_text(const struct wgc_run *run, struct wgc_str *out)
{
	if (!run || !run->steps || run->dry_run)
		return;
	if (run->undo_failed)
		wgc_str_addf(out, "%zu of %zu steps; what remains: %s", run->undone, run->steps,
			     run->remains[0] ? run->remains : "see the messages above");
	else
		wgc_str_addf(out, "%zu of %zu steps; the system is as before", run->undone, run->steps);
}

static void err_json(struct wgc_ui *ui, const struct wgc_source *src, const struct wgc_err *err, int code, const char *undone)
{
	struct wgc_json j = { .out = &ui->errors, .compact = true };

	if (ui->errors.len)
		wgc_str_addc(&ui->errors, ',');
	wgc_json_object(&j);
	wgc_json_key(&j, "code");
	wgc_json_str(&j, wgc_code_word(err->code));
	wgc_json_key(&j, "exit");
	wgc_json_int(&j, code);
	wgc_json_key(&j, "message");
	wgc_json_str(&j, err->msg);
	json_place(&j, src, err->at, err->also);
	json_field(&j, "context", err->ctx);
	json_field(&j, "kernel", err->kernel);
	json_field(&j, "hint", err->hint);
	if (err->sys) {
		wgc_json_key(&j, "errno");
		wgc_json_int(&j, err->sys);
	}
	json_field(&j, "undone", undone);
	wgc_json_object_end(&j);
}

int wgc_show_err(struct wgc_ui *ui, const struct wgc_source *src, const struct wgc_err *err, const struct wgc_run *run)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	WGC_AUTO_STR struct wgc_str undone = { 0 };
	bool color = ui->color_err;
	int code = wgc_exit_of(err, run);

	if (ui->failed && code == WGC_EXIT_FAILED)
		code = ui->failed;
	undone_text(run, &undone);
	if (ui->json) {
		err_json(ui, err->at.line ? src : NULL, err, code, wgc_str_get(&undone));
		return code;
	}
	add_place(&out, ui->program, err->at.line ? src : NULL, err->at);
	wgc_str_addf(&out, "%serror:%s ", wgc_paint(color, WGC_RED), wgc_paint(color, WGC_PLAIN));
	if (err->ctx[0]) {
		wgc_add_plain(&out, err->ctx, strlen(err->ctx));
		wgc_str_add(&out, ": ");
	}
	wgc_add_plain(&out, err->msg, strlen(err->msg));
	wgc_str_addc(&out, '\n');
	add_excerpt(&out, color, ui->show_secrets, src, err->at, err->secret);
	add_also(&out, ui, color, src, err->also, err->secret);
	/* The kernel's own words; its errno stands in where it has none. */
	if (err->kernel[0])
		add_field(&out, "kernel", err->kernel);
	else if (err->code == WGC_E_KERNEL && err->sys && !strstr(err->msg, strerror(err->sys)))
		add_field(&out, "kernel", strerror(err->sys));
	add_field(&out, "hint", err->hint);
	add_field(&out, "undone", wgc_str_get(&undone));
	fputs(wgc_str_get(&out), stderr);
	return code;
}

int wgc_usage(struct wgc_ui *ui, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (ui->json) {
		struct wgc_err err = WGC_ERR_INIT;

		wgc_err_set(&err, WGC_E_USAGE, 0, "%s", text);
		wgc_err_hint(&err, "see '%s%s%s --help'", ui->program, ui->command ? " " : "", ui->command ? ui->command : "");
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	{
		WGC_AUTO_STR struct wgc_str out = { 0 };

		wgc_add_plain(&out, text, strlen(text));
		fprintf(stderr, "%s: %s (see '%s%s%s --help')\n", ui->program, wgc_str_get(&out), ui->program, ui->command ? " " : "",
			ui->command ? ui->command : "");
	}
	return WGC_EXIT_USAGE;
}
