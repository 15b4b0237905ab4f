// SPDX-License-Identifier: GPL-2.0
/* ui: streams, colours, numbers for people, and the checked end of output. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool env_set(const char *name)
{
	const char *v = getenv(name);

	return v && *v;
}

static bool color_on(enum wgc_color when, int fd)
{
	const char *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (when != WGC_COLOR_AUTO)
		return when == WGC_COLOR_ALWAYS;
	if (env_set("NO_COLOR"))
		return false;
	if (force && *force && strcmp(force, "0"))
		return true;
	return term && strcmp(term, "dumb") && isatty(fd);
}

void wgc_ui_color(struct wgc_ui *ui, enum wgc_color when)
{
	ui->color_out = color_on(when, STDOUT_FILENO);
	ui->color_err = color_on(when, STDERR_FILENO);
}

const char *wgc_paint(bool on, enum wgc_paint p)
{
	static const char *const code[] = {
		[WGC_PLAIN] = "\033[0m",   [WGC_BOLD] = "\033[1m",    [WGC_RED] = "\033[1;31m", [WGC_GREEN] = "\033[32m",
		[WGC_YELLOW] = "\033[33m", [WGC_BLUE] = "\033[1;34m", [WGC_DIM] = "\033[2m",
	};

	return on ? code[p] : "";
}

void wgc_ui_note(const struct wgc_ui *ui, const char *fmt, ...)
{
	va_list ap;

	if (ui->quiet || ui->json)
		return;
	fprintf(stderr, "%s: ", ui->program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void wgc_ui_warn(struct wgc_ui *ui, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (ui->json) {
		struct wgc_json j = { .out = &ui->warnings, .compact = true };

		if (ui->warnings.len)
			wgc_str_addc(&ui->warnings, ',');
		wgc_json_object(&j);
		wgc_json_key(&j, "message");
		wgc_json_str(&j, text);
		wgc_json_object_end(&j);
		return;
	}
	if (ui->quiet)
		return;
	fprintf(stderr, "%s: %swarning:%s %s\n", ui->program, wgc_paint(ui->color_err, WGC_YELLOW),
		wgc_paint(ui->color_err, WGC_PLAIN), text);
}

static bool answer_lost;

void wgc_ui_answer(const struct wgc_str *doc)
{
	if (doc->oom) {
		/* A cut answer must not look like one: wgc_ui_finish fails. */
		answer_lost = true;
		return;
	}
	fwrite(wgc_str_get(doc), 1, doc->len, stdout);
}

void wgc_ui_json_begin(struct wgc_json *j, struct wgc_str *out)
{
	*j = (struct wgc_json){ .out = out };
	wgc_json_object(j);
	wgc_json_key(j, "schema");
	wgc_json_int(j, 1);
}

void wgc_ui_json_end(struct wgc_json *j)
{
	wgc_json_object_end(j);
	wgc_str_addc(j->out, '\n');
	wgc_ui_answer(j->out);
}

struct wgc_json *wgc_ui_profiles_begin(const struct wgc_ui *ui, struct wgc_json *j, struct wgc_str *out)
{
	if (!ui->json)
		return NULL;
	wgc_ui_json_begin(j, out);
	wgc_json_key(j, "profiles");
	wgc_json_array(j);
	return j;
}

void wgc_ui_profiles_end(struct wgc_json *j)
{
	if (!j)
		return;
	wgc_json_array_end(j);
	wgc_ui_json_end(j);
}

void wgc_ui_files(const struct wgc_ui *ui, const char *const *paths, size_t n)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_json j;

	if (!ui->json)
		return;
	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "files");
	wgc_json_array(&j);
	for (size_t i = 0; i < n; i++)
		wgc_json_str(&j, paths[i]);
	wgc_json_array_end(&j);
	wgc_ui_json_end(&j);
}

/* Errors of a whole run are one object, however many there were. */
static void flush_json(struct wgc_ui *ui)
{
	if (!ui->errors.len && !ui->warnings.len)
		return;
	fprintf(stderr, "{\"schema\": 1, \"errors\": [%s], \"warnings\": [%s]}\n", wgc_str_get(&ui->errors),
		wgc_str_get(&ui->warnings));
}

int wgc_ui_finish(struct wgc_ui *ui, int code)
{
	int err = 0;

	flush_json(ui);
	wgc_str_done(&ui->errors);
	wgc_str_done(&ui->warnings);
	err = wgc_pager_end(ui);
	if (answer_lost)
		err = ENOMEM;
	errno = 0;
	if (!err && ferror(stdout))
		err = errno ? errno : EIO;
	if (fclose(stdout) && !err)
		err = errno;
	if (!err)
		return code;
	/* A reader that went away (head, less) knows why it did. */
	if (err != EPIPE)
		fprintf(stderr, "%s: error: cannot write the output: %s\n", ui->program, strerror(err));
	return code ? code : WGC_EXIT_FAILED;
}

void wgc_add_plain(struct wgc_str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		/* C1 controls arrive as C2 80..9F in UTF-8. */
		if (c == 0xc2 && i + 1 < n && (unsigned char)s[i + 1] >= 0x80 && (unsigned char)s[i + 1] <= 0x9f) {
			wgc_str_addc(out, '?');
			i++;
		} else {
			wgc_str_addc(out, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
		}
	}
}

void wgc_add_bytes(struct wgc_str *out, uint64_t n)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)n;
	size_t u = 0;

	for (; v >= 1024 && u + 1 < WGC_ARRAY_SIZE(unit); u++)
		v /= 1024;
	if (u)
		wgc_str_addf(out, "%.2f %s", v, unit[u]);
	else
		wgc_str_addf(out, "%llu B", (unsigned long long)n);
}

void wgc_add_duration(struct wgc_str *out, int64_t seconds)
{
	static const struct {
		int64_t len;
		const char *name;
	} unit[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t shown = 0;

	if (seconds < 0)
		seconds = 0;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(unit) && shown < 2; i++) {
		int64_t v = seconds / unit[i].len;

		seconds %= unit[i].len;
		if (!v && !(shown == 0 && unit[i].len == 1))
			continue;
		wgc_str_addf(out, "%s%lld %s", shown ? " " : "", (long long)v, unit[i].name);
		shown++;
	}
}

void wgc_time_text(int64_t t, char ret[static 32])
{
	time_t when = (time_t)t;
	struct tm tm;

	ret[0] = '\0';
	if (gmtime_r(&when, &tm))
		strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
