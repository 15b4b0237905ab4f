// SPDX-License-Identifier: GPL-2.0
/* Places in routing tables that other devices have. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "routes/internal.h"

/* What the kernel gives an IPv6 route without a metric. */
#define IPV6_DEFAULT_METRIC 1024

static int cmp_place(const void *left, const void *right)
{
	const struct wgc_route *a = *(const struct wgc_route *const *)left, *b = *(const struct wgc_route *const *)right;

	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return wgc_prefix_cmp(&a->dst, &b->dst);
}

/* The kernel tells routes of one table apart by prefix and metric, and ours
 * have the default metric. */
static bool same_metric(const struct wgc_route *have)
{
	return !have->metric || (have->dst.ip.family == AF_INET6 && have->metric == IPV6_DEFAULT_METRIC);
}

static int refuse(const struct wgc_routes_facts *f, const struct wgc_route *want, const struct wgc_route *have, struct wgc_err *err)
{
	char dst[WGC_PREFIX_TEXT], name[IFNAMSIZ] = "", through[32] = "";
	bool v6 = want->dst.ip.family == AF_INET6;

	wgc_prefix_print(&want->dst, dst);
	if (have->oif && f->link_name)
		f->link_name(f->link_name_ctx, have->oif, name);
	if (*name)
		snprintf(through, sizeof(through), ", through %s", name);
	else if (have->oif)
		snprintf(through, sizeof(through), ", through link %u", have->oif);
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "table %u has a route to %s already%s", want->table, dst, through);
	wgc_err_hint(err,
		     "`ip %sroute show table %u %s` shows it; `Routes = off` for this peer, or a list without %s, leaves it in place",
		     v6 ? "-6 " : "", want->table, dst, dst);
	if (err)
		err->at = want->at;
	return -EEXIST;
}

int wgc_routes_check_clashes(const struct wgc_routes_facts *f, const struct wgc_routes_desired *d,
			     struct wgc_err *err)
{
	WGC_AUTO_FREE const struct wgc_route **index = NULL;

	if (!d->n_routes || !f->n_routes)
		return 0;
	index = calloc(d->n_routes, sizeof(*index));
	if (!index)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < d->n_routes; i++)
		index[i] = &d->routes[i];
	qsort(index, d->n_routes, sizeof(*index), cmp_place);
	for (size_t i = 0; i < f->n_routes; i++) {
		const struct wgc_route *have = &f->routes[i], **want;

		if (!same_metric(have) || (f->ifindex && have->oif == f->ifindex))
			continue;
		want = bsearch(&have, index, d->n_routes, sizeof(*index), cmp_place);
		/* An equal route without a device can be shared. */
		if (want && !((*want)->type != RTN_UNICAST && have->type == (*want)->type))
			return refuse(f, *want, have, err);
	}
	return 0;
}
