/* SPDX-License-Identifier: GPL-2.0 */
/* Texts to profiles, and findings to one comparable string. */
#ifndef UNIT_CONFIG_PROFILE_H
#define UNIT_CONFIG_PROFILE_H

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "unit/tap.h"

/* Valid keys that are nobody's. */
#define KEY_A "YAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
#define KEY_B "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define KEY_C "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define KEY_D "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="

struct parsed {
	struct wgc_profile *p; /* NULL: refused */
	struct wgc_diags diags;
	char *said; /* "3:1:5 error text | hint; first at 1:1\n" for each finding */
};

static inline void say_all(struct parsed *r)
{
	struct wgc_str s = { 0 };

	for (size_t i = 0; i < r->diags.n; i++) {
		const struct wgc_diag *d = &r->diags.v[i];

		wgc_str_addf(&s, "%u:%u:%u %s%s %s", d->at.line, d->at.col, d->at.len, d->warning ? "warning" : "error",
			     d->secret ? " secret" : "", d->msg);
		if (d->hint)
			wgc_str_addf(&s, " | %s", d->hint);
		if (d->also.line)
			wgc_str_addf(&s, "; first at %u:%u", d->also.line, d->also.col);
		wgc_str_addc(&s, '\n');
	}
	r->said = strdup(wgc_str_get(&s));
	wgc_str_done(&s);
}

static inline struct parsed parse_bytes(const char *text, size_t len, enum wgc_format format, enum wgc_mode mode)
{
	struct parsed r = { 0 };

	wgc_config_parse(text, len, "office.conf", "office", format, mode, &r.diags, &r.p);
	say_all(&r);
	return r;
}

static inline struct parsed parse_ini(const char *text, enum wgc_mode mode)
{
	return parse_bytes(text, strlen(text), WGC_FORMAT_INI, mode);
}

static inline struct parsed parse_json(const char *text)
{
	return parse_bytes(text, strlen(text), WGC_FORMAT_JSON, WGC_STRICT);
}

static inline void parsed_done(struct parsed *r)
{
	wgc_profile_free(r->p);
	wgc_diags_done(&r->diags);
	free(r->said);
	memset(r, 0, sizeof(*r));
}

static inline char *write_as(const struct wgc_profile *p, enum wgc_format format)
{
	struct wgc_str s = { 0 };

	if (!p || (format == WGC_FORMAT_JSON ? wgc_config_write_json : wgc_config_write_ini)(p, &s))
		return NULL;
	return wgc_str_steal(&s);
}

#endif
