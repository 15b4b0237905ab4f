// SPDX-License-Identifier: GPL-2.0
/*
 * Mark, table and rule priorities of policy routing: numbers that nobody else
 * uses, in front of what was there.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "routes/internal.h"

#define FIRST_TABLE 51820
/* Priority of the kernel's own "lookup main". */
#define MAIN_PRIORITY 32766
/* More candidates than this are only refused by a rule with a mask made for it. */
#define MAX_TRIES (1u << 20)

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Every number that somebody uses as a table or as an exact mark, in order. */
static int used_numbers(const struct wgc_routes_facts *f, uint32_t **ret, size_t *ret_n)
{
	size_t n = 0, max = f->n_routes + 2 * f->n_rules + f->n_marks;
	uint32_t *v = calloc(max ? max : 1, sizeof(*v)), last = 0;

	if (!v)
		return -ENOMEM;
	/* Full tables come in long runs: keep one number of each. */
	for (size_t i = 0; i < f->n_routes; i++)
		if (f->routes[i].table != last)
			v[n++] = last = f->routes[i].table;
	for (size_t i = 0; i < f->n_rules; i++) {
		v[n++] = f->rules[i].table;
		/* With its mask or without: a rule left over from a tunnel
		 * names the table that it was for. */
		v[n++] = f->rules[i].fwmark;
	}
	for (size_t i = 0; i < f->n_marks; i++)
		v[n++] = f->marks[i];
	qsort(v, n, sizeof(*v), cmp_u32);
	*ret = v;
	*ret_n = n;
	return 0;
}

/* Would a rule that somebody made for some bits of the mark catch our packets?
 * Inverted rules are other full tunnels: being carried by an older one is what
 * a second tunnel does. */
static bool caught_by_mask(const struct wgc_routes_facts *f, uint32_t mark)
{
	for (size_t i = 0; i < f->n_rules; i++) {
		const struct wgc_rule *r = &f->rules[i];

		if (!r->invert && (r->fwmark & r->fwmask) && (mark & r->fwmask) == (r->fwmark & r->fwmask))
			return true;
	}
	return false;
}

static bool table_has_routes(const struct wgc_routes_facts *f, uint32_t table)
{
	for (size_t i = 0; i < f->n_routes; i++)
		if (f->routes[i].table == table && (!f->ifindex || f->routes[i].oif != f->ifindex))
			return true;
	return false;
}

static int free_number(const struct wgc_routes_facts *f, uint32_t *ret, struct wgc_err *err)
{
	WGC_AUTO_FREE uint32_t *used = NULL;
	size_t n, i = 0;
	int r;

	r = used_numbers(f, &used, &n);
	if (r < 0)
		return wgc_err_nomem(err);
	for (uint32_t number = FIRST_TABLE; number < FIRST_TABLE + MAX_TRIES; number++) {
		while (i < n && used[i] < number)
			i++;
		if ((i < n && used[i] == number) || caught_by_mask(f, number))
			continue;
		*ret = number;
		return 0;
	}
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "no firewall mark from %u up is free of the rules that are there", FIRST_TABLE);
	wgc_err_hint(err, "see `ip rule`; FwMark = chooses a mark by hand");
	return -EEXIST;
}

int wgc_routes_choose_table(const struct wgc_profile *p, const struct wgc_routes_facts *f, uint32_t *ret_mark,
			    uint32_t *ret_table, struct wgc_err *err)
{
	uint32_t mark = p->device.flags & WGC_DEVICE_HAS_FWMARK ? p->device.fwmark : 0, table = mark;

	if (f->keep.table && (!mark || mark == f->keep.mark)) {
		*ret_mark = f->keep.mark;
		*ret_table = f->keep.table;
		return 0;
	}
	/* wg-quick's rule is that the table has the mark's number. A mark that
	 * happens to be the number of a table of the system, or of a table in
	 * use, stays the mark; what it must not do is send everybody's traffic
	 * through somebody's table. */
	if (!mark || mark == RT_TABLE_COMPAT || (mark >= RT_TABLE_DEFAULT && mark <= RT_TABLE_LOCAL) ||
	    table_has_routes(f, mark)) {
		int r = free_number(f, &table, err);

		if (r < 0)
			return r;
	}
	*ret_mark = mark ? mark : table;
	*ret_table = table;
	return 0;
}

/* "lookup TABLE" for everything. */
static bool is_plain(const struct wgc_rule *r, uint32_t table)
{
	return !r->other && !r->invert && !r->fwmask && r->suppress_prefixlen < 0 && r->action == FR_ACT_TO_TBL &&
	       r->table == table;
}

static bool priority_used(const struct wgc_routes_facts *f, uint8_t family, uint32_t priority)
{
	for (size_t i = 0; i < f->n_rules; i++)
		if (f->rules[i].family == family && f->rules[i].priority == priority)
			return true;
	return false;
}

/*
 * Where the kernel puts a rule without a priority, as wg-quick has it, is in
 * front of all others but "lookup local": so does this, except that local is
 * found by what it does (some move it), since a tunnel in front of it would
 * take what is meant for this machine.
 */
static bool choose_priority(const struct wgc_routes_facts *f, uint8_t family, uint32_t *ret)
{
	uint32_t local = 0, limit = MAIN_PRIORITY, first;
	bool local_seen = false, main_seen = false;

	for (size_t i = 0; i < f->n_rules; i++) {
		const struct wgc_rule *r = &f->rules[i];

		if (r->family != family)
			continue;
		if (is_plain(r, RT_TABLE_LOCAL) && (!local_seen || r->priority < local)) {
			local = r->priority;
			local_seen = true;
		}
		if (is_plain(r, RT_TABLE_MAIN) && (!main_seen || r->priority < limit)) {
			limit = r->priority;
			main_seen = true;
		}
	}
	first = limit;
	for (size_t i = 0; i < f->n_rules; i++)
		if (f->rules[i].family == family && f->rules[i].priority > local && f->rules[i].priority < first)
			first = f->rules[i].priority;
	if (first > local && first - local > 2) {
		*ret = first - 2;
		return true;
	}
	/* No room there: the first room that there is, still in front of main. */
	for (uint32_t n = local + 1; n < limit && n + 1 < limit; n++)
		if (!priority_used(f, family, n) && !priority_used(f, family, n + 1)) {
			*ret = n;
			return true;
		}
	return false;
}

int wgc_routes_choose_rules(const struct wgc_routes_facts *f, uint8_t family, uint32_t mark, uint32_t table,
			    struct wgc_span at, struct wgc_rule ret[static 2], struct wgc_err *err)
{
	struct wgc_rule r = {
		.family = family,
		.action = FR_ACT_TO_TBL,
		.protocol = RTPROT_KERNEL,
		.has_priority = true,
		.suppress_prefixlen = -1,
		.at = at,
	};
	uint32_t priority = family == AF_INET6 ? f->keep.priority6 : f->keep.priority4;

	if (!priority && !choose_priority(f, family, &priority)) {
		wgc_err_set(err, WGC_E_EXISTS, EEXIST, "no two priorities are free for the rules of an %s tunnel",
			    family == AF_INET6 ? "IPv6" : "IPv4");
		wgc_err_hint(err, "see `ip %srule`: there must be room between 'lookup local' and 'lookup main'",
			     family == AF_INET6 ? "-6 " : "");
		if (err)
			err->at = at;
		return -EEXIST;
	}
	/* Looked at first and added first: at no moment does traffic to the
	 * local networks go into the tunnel. */
	ret[0] = r;
	ret[0].priority = priority;
	ret[0].table = RT_TABLE_MAIN;
	ret[0].suppress_prefixlen = 0;
	ret[1] = r;
	ret[1].priority = priority + 1;
	ret[1].invert = true;
	ret[1].fwmark = mark;
	ret[1].fwmask = 0xffffffff;
	ret[1].table = table;
	return 0;
}
