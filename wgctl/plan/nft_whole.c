// SPDX-License-Identifier: GPL-2.0
/* Whether a table of ours still has what we put into it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/internal.h"

/* Lines in chains: nft lists them as we write them, one rule in each. */
static size_t rules(const char *text)
{
	bool inside = false;
	size_t n = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *word = line + strspn(line, "\t ");

		n += inside && *word != '}';
		inside = *word != '}' && (inside || !strncmp(word, "chain ", 6));
	}
	return n;
}

bool wgc_nft_is_whole(struct wgc_sys *sys, const char *table, const char *load)
{
	WGC_AUTO_FREE char *text = NULL;
	char command[80];
	int r;

	/* Of a table that wg-quick made there is no text, see adopt.c: "putting it back" would be deleting it. */
	if (!*load)
		return true;
	snprintf(command, sizeof(command), "list table inet %s", table);
	r = sys->nft_list(sys, command, &text, NULL);
	return r < 0 ? r != -ENOENT : rules(text) >= rules(load);
}
