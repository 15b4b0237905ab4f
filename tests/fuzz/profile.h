/* SPDX-License-Identifier: GPL-2.0 */
/* What must hold for any text that parses, in whichever format. */
#ifndef FUZZ_PROFILE_H
#define FUZZ_PROFILE_H

#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static inline void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static inline struct wgc_profile *fuzz_parse(const char *text, size_t len, enum wgc_format format, enum wgc_mode mode)
{
	struct wgc_diags diags = { 0 };
	struct wgc_profile *p = NULL;
	int r = wgc_config_parse(text, len, "/x/fuzz.conf", "fuzz", format, mode, &diags, &p);

	require(r == 0 || r == -22, "a text is valid or invalid");
	require((r == 0) == (diags.errors == 0), "a file is refused when there are errors, and only then");
	for (size_t i = 0; i < diags.n; i++) {
		const struct wgc_diag *d = &diags.v[i];
		struct wgc_source src = { .path = "", .text = text, .len = len };
		const char *line;
		size_t n;

		require(d->msg && *d->msg, "a finding says something");
		/* Nothing is on the line behind the last, and the first is there even when empty. */
		if (d->at.line > 1 || (d->at.line && len && *text != '\n'))
			require(wgc_source_line(&src, d->at.line, &line, &n), "a finding is in the text");
		if (d->at.line && d->at.col && wgc_source_line(&src, d->at.line, &line, &n))
			require(d->at.col <= n + 2, "a finding is on its line");
	}
	if (!r)
		wgc_config_lint(p, &diags);
	wgc_diags_done(&diags);
	return p;
}

static inline char *fuzz_write(const struct wgc_profile *p, enum wgc_format format)
{
	struct wgc_str s = { 0 };
	int r = (format == WGC_FORMAT_JSON ? wgc_config_write_json : wgc_config_write_ini)(p, &s);

	require(r == 0, "a profile can be written");
	return wgc_str_steal(&s);
}

/*
 * In strict mode all values survive every way around: to the same format, to
 * the other one, and back. The text is compared as JSON, which has only values.
 */
static inline void fuzz_round_trips(const struct wgc_profile *p)
{
	char *json = fuzz_write(p, WGC_FORMAT_JSON), *ini = fuzz_write(p, WGC_FORMAT_INI), *again, *tidied;
	struct wgc_profile *q;

	q = fuzz_parse(ini, strlen(ini), WGC_FORMAT_INI, WGC_STRICT);
	require(q, "what was written as INI is valid");
	again = fuzz_write(q, WGC_FORMAT_JSON);
	require(!strcmp(json, again), "INI keeps all values");
	free(again);
	tidied = fuzz_write(q, WGC_FORMAT_INI);
	require(!strcmp(ini, tidied), "tidied INI stays as it is");
	free(tidied);
	wgc_profile_free(q);

	q = fuzz_parse(json, strlen(json), WGC_FORMAT_JSON, WGC_STRICT);
	require(q, "what was written as JSON is valid");
	again = fuzz_write(q, WGC_FORMAT_JSON);
	require(!strcmp(json, again), "JSON keeps all values");
	free(again);
	free(ini);
	ini = fuzz_write(q, WGC_FORMAT_INI);
	wgc_profile_free(q);

	q = fuzz_parse(ini, strlen(ini), WGC_FORMAT_INI, WGC_STRICT);
	require(q, "INI from JSON is valid");
	again = fuzz_write(q, WGC_FORMAT_JSON);
	require(!strcmp(json, again), "JSON to INI keeps all values");
	free(again);
	wgc_profile_free(q);
	free(ini);
	free(json);
}

/* All modes; round trips for what strict mode takes; tidying for all. */
static inline void fuzz_text(const char *text, size_t len, enum wgc_format format)
{
	static const enum wgc_mode modes[] = { WGC_STRICT, WGC_COMPATIBLE, WGC_WG_ONLY };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(modes); i++) {
		struct wgc_profile *p = fuzz_parse(text, len, format, modes[i]), *q;
		char *ini, *again;

		if (!p)
			continue;
		if (modes[i] == WGC_STRICT)
			fuzz_round_trips(p);
		ini = fuzz_write(p, WGC_FORMAT_INI);
		if (format == WGC_FORMAT_INI) {
			q = fuzz_parse(ini, strlen(ini), format, modes[i]);
			require(q, "a tidied file is as valid as it was");
			again = fuzz_write(q, format);
			require(!strcmp(ini, again), "a tidied file stays as it is");
			free(again);
			wgc_profile_free(q);
		}
		free(ini);
		free(fuzz_write(p, WGC_FORMAT_JSON));
		wgc_profile_free(p);
	}
}

#endif
