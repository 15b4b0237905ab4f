// SPDX-License-Identifier: GPL-2.0
/* The list of findings about one source text. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct wgc_diag *wgc_diag_add(struct wgc_diags *d, bool warning, struct wgc_span at, const char *hint, const char *fmt, ...)
{
	struct wgc_diag *diag;
	va_list ap;
	char *msg = NULL, *hint_copy = NULL;
	int n;

	/* Counted first: a finding that finds no memory must still refuse the file. */
	if (warning)
		d->warnings++;
	else
		d->errors++;

	if (d->n == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 8;
		struct wgc_diag *v = reallocarray(d->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		d->v = v;
		d->cap = cap;
	}
	va_start(ap, fmt);
	n = vasprintf(&msg, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	if (hint) {
		hint_copy = strdup(hint);
		if (!hint_copy) {
			free(msg);
			return NULL;
		}
	}
	diag = &d->v[d->n++];
	*diag = (struct wgc_diag){ .warning = warning, .at = at, .msg = msg, .hint = hint_copy };
	return diag;
}

void wgc_diags_done(struct wgc_diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].msg);
		free(d->v[i].hint);
	}
	free(d->v);
	memset(d, 0, sizeof(*d));
}
