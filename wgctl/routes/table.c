// SPDX-License-Identifier: GPL-2.0
/*
 * Table and rule priorities of policy routing: the same for a profile at every
 * `up`, unless somebody else has them, and in front of what was there.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "routes/internal.h"

#define FIRST_TABLE 119000
#define N_TABLES 1000
/* Priority of the kernel's own "lookup main". */
#define MAIN_PRIORITY 32766
/* In front of Tailscale's, from 5210, and of what is added without a number. */
#define FIRST_PRIORITY 4096
#define SLOT 16
#define N_SLOTS 64

static bool table_has_routes(const struct wgc_routes_facts *f, uint32_t table)
{
	for (size_t i = 0; i < f->n_routes; i++)
		if (f->routes[i].table == table && (!f->ifindex || f->routes[i].oif != f->ifindex))
			return true;
	return false;
}

static int free_table(const struct wgc_profile *p, const struct wgc_routes_facts *f, uint32_t *ret, struct wgc_err *err)
{
	bool used[N_TABLES] = { false };
	uint32_t first = wgc_routes_hash(p->name ?: p->ifname), n;

	for (size_t i = 0; i < f->n_routes; i++)
		if (f->routes[i].table - FIRST_TABLE < N_TABLES)
			used[f->routes[i].table - FIRST_TABLE] = true;
	for (size_t i = 0; i < f->n_rules; i++)
		if (f->rules[i].table - FIRST_TABLE < N_TABLES)
			used[f->rules[i].table - FIRST_TABLE] = true;
	for (uint32_t i = 0; i < N_TABLES; i++) {
		n = (first + i) % N_TABLES;
		if (!used[n]) {
			*ret = FIRST_TABLE + n;
			return 0;
		}
	}
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "no routing table from %u to %u is free", FIRST_TABLE, FIRST_TABLE + N_TABLES - 1);
	wgc_err_hint(err, "see `ip rule` and `ip route show table all`; Table = chooses one by hand");
	return -EEXIST;
}

int wgc_routes_choose_table(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_routes_desired *d,
			    struct wgc_err *err)
{
	uint32_t mark = p->device.flags & WGC_DEVICE_HAS_FWMARK ? p->device.fwmark : 0;

	if (f->keep.table && (!mark || mark == f->keep.mark)) {
		d->table = f->keep.table;
		return 0;
	}
	/* wg-quick's rule is that the table has the mark's number. A mark that
	 * happens to be the number of a table of the system, or of a table in
	 * use, stays the mark; what it must not do is send everybody's traffic
	 * through somebody's table. */
	if (mark && mark != RT_TABLE_COMPAT && (mark < RT_TABLE_DEFAULT || mark > RT_TABLE_LOCAL) && !table_has_routes(f, mark)) {
		d->table = mark;
		return 0;
	}
	return free_table(p, f, &d->table, err);
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
 * take what is meant for this machine. Behind a rule of others the profile
 * would not be what it says, and the tunnel that came last is the one meant:
 * so the profile's own place counts only while it is in front. @n in a row.
 */
static bool choose_priority(const struct wgc_profile *p, const struct wgc_routes_facts *f, uint8_t family, uint32_t n,
			    uint32_t *ret)
{
	uint32_t local = 0, limit = MAIN_PRIORITY, first, own;
	uint32_t run = 0;
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
	own = FIRST_PRIORITY + SLOT * (wgc_routes_hash(p->name ?: p->ifname) % N_SLOTS) + SLOT - n;
	if (own > local && own + n <= first) {
		*ret = own;
		return true;
	}
	if (first > local && first - local > n) {
		*ret = first - n;
		return true;
	}
	/* No room there: the first room that there is, still in front of main. */
	for (uint32_t at = local + 1; at < limit; at++) {
		run = priority_used(f, family, at) ? 0 : run + 1;
		if (run == n) {
			*ret = at - n + 1;
			return true;
		}
	}
	return false;
}

/* The place that the tunnel's rules have already; 0: it has not so many. */
static uint32_t kept_priority(const struct wgc_routes_facts *f, uint8_t family, uint32_t n)
{
	uint32_t have = 0;

	for (size_t i = 0; i < f->keep.n_rules; i++)
		have += f->keep.rules[i].family == family;
	if (have != n)
		return 0;
	return family == AF_INET6 ? f->keep.priority6 : f->keep.priority4;
}

/* Another full tunnel, whose own packets must not go into ours: ours go into it. */
static bool other_full_tunnel(const struct wgc_rule *r, uint8_t family, uint32_t around)
{
	return r->family == family && r->invert && r->fwmask && r->fwmark && !r->other && r->action == FR_ACT_TO_TBL &&
	       !(r->fwmark == around && r->fwmask == around);
}

static bool have_mark(const struct wgc_rule *v, size_t n, uint32_t mark, uint32_t mask)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].fwmark == mark && v[i].fwmask == mask)
			return true;
	return false;
}

int wgc_routes_choose_rules(const struct wgc_profile *p, const struct wgc_routes_facts *f, uint8_t family, struct wgc_span at,
			    struct wgc_routes_desired *d, struct wgc_err *err)
{
	struct wgc_rule r = {
		.family = family,
		.action = FR_ACT_TO_TBL,
		.protocol = RTPROT_KERNEL,
		.has_priority = true,
		.suppress_prefixlen = -1,
		.table = RT_TABLE_MAIN,
		.at = at,
	};
	struct wgc_rule *v = &d->rules[d->n_rules];
	uint32_t n = 0, priority;
	bool ours = (d->mark & d->around) == d->around;

	if (!ours) {
		v[n] = r;
		v[n].fwmark = v[n].fwmask = d->around;
		n++;
	}
	for (size_t i = 0; i < f->n_rules && n < WGC_MAX_RULES - 2; i++) {
		const struct wgc_rule *o = &f->rules[i];

		if (!other_full_tunnel(o, family, d->around) || have_mark(v, n, o->fwmark, o->fwmask))
			continue;
		/* One that came later goes into ours, and has said so itself. */
		if (f->keep.table && !have_mark(f->keep.rules, f->keep.n_rules, o->fwmark, o->fwmask))
			continue;
		v[n] = r;
		v[n].fwmark = o->fwmark;
		v[n].fwmask = o->fwmask;
		n++;
	}
	/* Looked at before the last and added before it: at no moment does
	 * traffic to the local networks go into the tunnel. */
	v[n] = r;
	v[n++].suppress_prefixlen = 0;
	v[n] = r;
	v[n].invert = true;
	v[n].fwmark = ours ? d->around : d->mark;
	v[n].fwmask = ours ? d->around : d->mask;
	v[n++].table = d->table;
	priority = kept_priority(f, family, n);
	if (!priority && !choose_priority(p, f, family, n, &priority)) {
		wgc_err_set(err, WGC_E_EXISTS, EEXIST, "no %u priorities in a row are free for the rules of an %s tunnel", n,
			    family == AF_INET6 ? "IPv6" : "IPv4");
		wgc_err_hint(err, "see `ip %srule`: there must be room between 'lookup local' and 'lookup main'",
			     family == AF_INET6 ? "-6 " : "");
		if (err)
			err->at = at;
		return -EEXIST;
	}
	for (uint32_t i = 0; i < n; i++)
		v[i].priority = priority + i;
	d->n_rules += n;
	return 0;
}
