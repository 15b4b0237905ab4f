// SPDX-License-Identifier: GPL-2.0
/* Routes through our link as records have them: "10.0.0.0/8@254 ::/0@51820". */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "plan/steps/steps.h"

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

/* Does a record behind @after have @word in its string @goes, and none behind that in @comes? */
static bool is_gone(const struct wgc_history *h, size_t after, const char *goes, const char *comes, const char *word)
{
	bool gone = false;

	for (size_t i = after + 1; i < h->n; i++)
		if (!h->steps[i].undone && has_word(wgc_record_str(&h->steps[i], gone ? comes : goes), word))
			gone = !gone;
	return gone;
}

bool wgc_shared_is_gone(const struct wgc_history *h, size_t after, const struct wgc_route *r)
{
	char dst[WGC_PREFIX_TEXT], word[WGC_PREFIX_TEXT + 16];

	wgc_prefix_print(&r->dst, dst);
	snprintf(word, sizeof(word), "%s@%u", dst, r->table);
	return is_gone(h, after, "gone_shared", "back_shared", word);
}

int wgc_recorded_routes(const struct wgc_history *h, size_t index, int (*each)(void *ctx, const struct wgc_route *r), void *ctx)
{
	const char *via = wgc_record_str(&h->steps[index], "via");
	char word[WGC_PREFIX_TEXT + 16], whole[sizeof(word)];
	size_t len;

	/* Not by sscanf(3), which looks for the end of all of it at each word: there may be 100,000. */
	for (via += strspn(via, " "); (len = strcspn(via, " ")); via += len, via += strspn(via, " ")) {
		struct wgc_route route = { .type = RTN_UNICAST, .protocol = WGC_RTPROT };
		uint64_t table;
		char *at;
		int r;

		if (len >= sizeof(word))
			return -EBADMSG;
		memcpy(word, via, len);
		word[len] = 0;
		at = strchr(word, '@');
		if (!at)
			return -EBADMSG;
		memcpy(whole, word, sizeof(whole));
		/* One that comes again has a record of its own. */
		if (is_gone(h, index, "gone", "", whole))
			continue;
		*at++ = 0;
		if (wgc_prefix_parse(word, &route.dst) < 0 || wgc_parse_u64(at, UINT32_MAX, &table) < 0)
			return -EBADMSG;
		route.table = (uint32_t)table;
		route.scope = route.dst.ip.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
		r = each(ctx, &route);
		if (r < 0)
			return r;
	}
	return 0;
}
