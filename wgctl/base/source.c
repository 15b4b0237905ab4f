// SPDX-License-Identifier: GPL-2.0
/* Lines of a source text, for quoting them under an error. */
#include <string.h>

#include "base/base.h"

bool wgc_source_line(const struct wgc_source *src, uint32_t line, const char **ret_start, size_t *ret_len)
{
	const char *at = src->text, *end, *stop;

	if (!at || !line)
		return false;
	end = at + src->len;
	while (--line) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	/* Nothing follows the last newline, hence no line either. */
	if (at == end)
		return false;
	stop = memchr(at, '\n', (size_t)(end - at));
	if (!stop)
		stop = end;
	if (stop > at && stop[-1] == '\r')
		stop--;
	*ret_start = at;
	*ret_len = (size_t)(stop - at);
	return true;
}
