// SPDX-License-Identifier: GPL-2.0
/* What the machine has, read before planning; nothing is changed here. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/place.h"

int wgc_sysctl_read(const struct wgc_sys *sys, const char *path, char *buf, size_t size)
{
	WGC_AUTO_FREE char *full = NULL, *text = NULL;
	size_t len;
	int r;

	if (asprintf(&full, "%s/%s", sys->proc_sys, path) < 0) {
		full = NULL;
		return -ENOMEM;
	}
	r = wgc_read_file(full, 4096, &text, &len);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = 0;
	snprintf(buf, size, "%s", text);
	return 0;
}

int wgc_sysctl_write(const struct wgc_sys *sys, const char *path, const char *value)
{
	WGC_AUTO_FREE char *full = NULL;
	WGC_AUTO_FD int fd = -1;

	if (asprintf(&full, "%s/%s", sys->proc_sys, path) < 0) {
		full = NULL;
		return -ENOMEM;
	}
	fd = open(full, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : wgc_write_all(fd, value, strlen(value));
}

static bool sysctl_is_1(const struct wgc_sys *sys, const char *path)
{
	char v[16];

	return wgc_sysctl_read(sys, path, v, sizeof(v)) == 0 && !strcmp(v, "1");
}

/* A new link starts with what conf/default says; without the directory the
 * kernel has no IPv6 at all. */
static bool ipv6_disabled(const struct wgc_sys *sys)
{
	char v[16];

	return wgc_sysctl_read(sys, "net/ipv6/conf/default/disable_ipv6", v, sizeof(v)) < 0 || !strcmp(v, "1") ||
	       sysctl_is_1(sys, "net/ipv6/conf/all/disable_ipv6");
}

/* iproute2's rt_tables: "NUMBER NAME", '#' comments. The four that the kernel
 * itself defines need no file. */
static int table_number(const struct wgc_sys *sys, const struct wgc_profile *p, uint32_t *ret, struct wgc_err *err)
{
	static const struct {
		const char *name;
		uint32_t number;
	} builtin[] = { { "main", RT_TABLE_MAIN }, { "default", RT_TABLE_DEFAULT }, { "local", RT_TABLE_LOCAL } };
	WGC_AUTO_FREE char *text = NULL;
	char *save = NULL;
	size_t len;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(builtin); i++)
		if (!strcmp(builtin[i].name, p->table_name)) {
			*ret = builtin[i].number;
			return 0;
		}
	if (wgc_read_file(sys->rt_tables, 1u << 20, &text, &len) == 0) {
		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char name[64];
			unsigned number;

			if (sscanf(line, " %i %63s", (int *)&number, name) == 2 && name[0] != '#' && !strcmp(name, p->table_name)) {
				*ret = number;
				return 0;
			}
		}
	}
	wgc_err_set(err, WGC_E_CONFIG, ENOENT, "there is no routing table named '%s'", p->table_name);
	wgc_err_hint(err, "name it in %s, or give its number", sys->rt_tables);
	if (err)
		err->at = p->table_at;
	return -ENOENT;
}

/*
 * Strict reverse path filtering: 1 is what counts for a link when neither its
 * own setting nor that for all is more. A link that comes later has the default.
 */
static bool strict_rp_filter(const struct wgc_sys *sys)
{
	WGC_AUTO_FREE char *path = NULL;
	bool all, strict = false;
	struct dirent *e;
	char v[16];
	DIR *d;

	if (wgc_sysctl_read(sys, "net/ipv4/conf/all/rp_filter", v, sizeof(v)) < 0 || !strcmp(v, "2"))
		return false;
	all = !strcmp(v, "1");
	if (asprintf(&path, "%s/net/ipv4/conf", sys->proc_sys) < 0) {
		path = NULL;
		return all;
	}
	d = opendir(path);
	while (d && !strict && (e = readdir(d))) {
		char name[300];

		if (e->d_name[0] == '.' || !strcmp(e->d_name, "all") || !strcmp(e->d_name, "lo"))
			continue;
		snprintf(name, sizeof(name), "net/ipv4/conf/%s/rp_filter", e->d_name);
		if (wgc_sysctl_read(sys, name, v, sizeof(v)) == 0)
			strict = !strcmp(v, "1") || (all && !strcmp(v, "0"));
	}
	if (d)
		closedir(d);
	return strict;
}

/* Marks and rules of others: what the kernel knows, and what other profiles
 * that are coming up have chosen already. */
struct claims {
	struct wgc_arena *arena;
	const char *profile; /* whose own journal is no claim of others */
	struct wgc_mark_use *marks;
	size_t n_marks, cap_marks;
	struct wgc_rule *rules;
	size_t n_rules, cap_rules;
};

static int push_mark(struct claims *c, uint32_t mark, uint32_t mask, uint32_t around)
{
	struct wgc_mark_use *slot;

	if (!mark)
		return 0;
	slot = wgc_arena_push(c->arena, &c->marks, &c->n_marks, &c->cap_marks, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = (struct wgc_mark_use){ mark, mask, around };
	return 0;
}

static int push_rule(struct claims *c, const struct wgc_rule *r)
{
	struct wgc_rule *slot = wgc_arena_push(c->arena, &c->rules, &c->n_rules, &c->cap_rules, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *r;
	return 0;
}

static uint32_t number(const json_t *head, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(head, key));
}

/* The rules of each family. `other` keeps them from being taken for rules
 * that could be adopted: they may not be there yet, or not any more. */
static int claims_of_journal(void *ctx, const char *dir, json_t *records)
{
	static const struct {
		const char *first, *count;
		uint8_t family;
	} v[] = { { "priority4", "rules4", AF_INET }, { "priority6", "rules6", AF_INET6 } };
	json_t *head = NULL, *rec;
	struct claims *c = ctx;
	uint32_t mark, around;
	size_t i;
	int r;

	json_array_foreach(records, i, rec) {
		json_t *changed = json_object_get(rec, "amend") ?: json_object_get(rec, "reload");

		if (json_object_get(rec, "wgctl"))
			head = rec;
		else if (head && changed && json_object_update(head, changed) < 0)
			return -ENOMEM;
	}
	if (!strcmp(json_string_value(json_object_get(head, "profile")) ?: "", c->profile))
		return 0;
	mark = number(head, "mark");
	around = number(head, "around");
	r = push_mark(c, mark, (mark & around) == around ? WGC_MARK_MASK : UINT32_MAX, around);
	for (i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		struct wgc_rule rule = { .family = v[i].family,
					 .priority = number(head, v[i].first),
					 .has_priority = true,
					 .table = number(head, "table"),
					 .suppress_prefixlen = -1,
					 .other = true };

		for (uint32_t k = number(head, v[i].count); r == 0 && rule.priority && k; k--, rule.priority++)
			r = push_rule(c, &rule);
	}
	return r;
}

static int mark_of_device(struct wgc_sys *sys, struct claims *m, const char *ifname)
{
	struct wgc_arena *scratch = wgc_arena_new();
	struct wgc_device *d;
	int r = 0;

	if (!scratch)
		return -ENOMEM;
	/* A device that goes away while we look has no mark. */
	if (wgc_wg_get(sys->nl, ifname, scratch, &d, NULL) == 0) {
		for (size_t i = 0; i < m->n_marks; i++)
			if (m->marks[i].value == d->fwmark && m->marks[i].around)
				d->fwmark = 0;
		r = push_mark(m, d->fwmark, UINT32_MAX, 0);
	}
	wgc_arena_free(scratch);
	return r;
}

#define MAX_NFT_MARKS 4096
#define MAX_SESSIONS 4096

static bool is_fresh(const struct wgc_sys *sys)
{
	return sys->place && sys->place->fresh;
}

/* Where nft is missing, or may not be asked, nobody's marks are in it; nor in a new namespace. */
static int marks_of_nft(struct wgc_sys *sys, struct claims *m)
{
	WGC_AUTO_FREE char *text = NULL;

	if (is_fresh(sys) || sys->nft_list(sys, "list ruleset", &text, NULL) < 0)
		return 0;
	return wgc_routes_marks_of_nft(text, m->arena, &m->marks, &m->n_marks, &m->cap_marks, MAX_NFT_MARKS);
}

static int read_claims(struct wgc_sys *sys, struct claims *m, struct wgc_err *err)
{
	struct wgc_rule *rules = NULL;
	char **names = NULL;
	size_t n = 0;
	int r;

	r = wgc_nl_rule_list(sys->nl, 0, m->arena, &rules, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (push_rule(m, &rules[i]) < 0)
			return wgc_err_nomem(err);
	r = wgc_journal_each(sys, claims_of_journal, m, err);
	if (r < 0)
		return r == -ENOMEM ? wgc_err_nomem(err) : r;
	n = 0;
	r = wgc_wg_list(sys->nl, m->arena, &names, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (mark_of_device(sys, m, names[i]) < 0)
			return wgc_err_nomem(err);
	return marks_of_nft(sys, m) < 0 ? wgc_err_nomem(err) : 0;
}

static bool wants_policy(const struct wgc_profile *p)
{
	if (p->table_mode != WGC_TABLE_AUTO)
		return false;
	if (p->n_exclude_ips || p->ipv6 == WGC_IPV6_BLOCK)
		return true;
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];

		for (size_t k = 0; peer->routes_mode == WGC_ROUTES_AUTO && k < peer->peer.n_allowed_ips; k++)
			if (!peer->peer.allowed_ips[k].prefix.len)
				return true;
		for (size_t k = 0; peer->routes_mode == WGC_ROUTES_LIST && k < peer->n_routes; k++)
			if (!peer->routes[k].prefix.len)
				return true;
	}
	return false;
}

int wgc_facts_dns(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_dns_decision *ret, struct wgc_err *err)
{
	struct wgc_dns_decision d = { .backend = WGC_DNS_BACKEND_FILE, .n = 1 };

	if (!sys->place || !sys->dns.own_directory)
		return wgc_dns_detect(p->dns_mode, &sys->dns, ret, err);
	if (p->dns_mode == WGC_DNS_RESOLVED || p->dns_mode == WGC_DNS_RESOLVCONF) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "DNSMode = %s reaches the resolver of the machine, not that of the namespace",
			    p->dns_mode == WGC_DNS_RESOLVED ? "resolved" : "resolvconf");
		wgc_err_hint(err, "DNSMode = auto writes %s, which programs in the namespace are given", sys->dns.resolv_conf);
		if (err)
			err->at = p->dns_mode_at;
		return -EINVAL;
	}
	if (p->dns_mode == WGC_DNS_NONE)
		d.backend = WGC_DNS_BACKEND_NONE;
	else if (!sys->place->name[0])
		snprintf(d.warning, sizeof(d.warning),
			 "the namespace has no name, so that programs in it are not given %s, but by `wgctl exec %s`: what they ask is theirs to say",
			 sys->dns.resolv_conf, p->name);
	snprintf(d.trail[0], sizeof(d.trail[0]), "the link lives in a namespace, whose resolv.conf is %s", sys->dns.resolv_conf);
	*ret = d;
	return 0;
}

static int choose_dns(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_facts *f, struct wgc_err *err)
{
	struct wgc_dns_decision *why = wgc_arena_alloc(a, sizeof(*why));
	int r = why ? wgc_facts_dns(sys, p, why, err) : wgc_err_nomem(err);

	if (r < 0) {
		if (err && !err->at.line)
			err->at = p->dns_servers[0].at;
		return r;
	}
	f->dns = why->backend;
	f->dns_why = why;
	return 0;
}

/* The namespaces, where the profile names any. */
static int look_at_place(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_facts *f)
{
	const struct wgc_place *place = sys->place;
	struct wgc_ns_id id;

	if (!place)
		return 0;
	f->routing.apart = place->apart;
	f->home = place->name[0] ? wgc_arena_strdup(a, place->name) : NULL;
	f->resolv_conf = place->resolv_conf[0] ? wgc_arena_strdup(a, place->resolv_conf) : NULL;
	f->socket_netns = place->apart ? p->socket_namespace.s ?: "the caller's" : NULL;
	if (!place->name[0] || wgc_ns_id(place->home, &id) < 0 || (!place->made && !wgc_place_is_ours(sys, place->name, &id)))
		return 0;
	f->netns = wgc_arena_strdup(a, place->name);
	return f->netns ? 0 : -ENOMEM;
}

static int choose_backend(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_facts *f,
			  struct wgc_err *err)
{
	WGC_AUTO_FREE char *program = NULL;
	int r;

	if (p->backend == WGC_BACKEND_KERNEL)
		return 0;
	if (p->backend == WGC_BACKEND_AUTO && wgc_wg_kernel_available(sys->nl))
		return 0;
	r = wgc_userspace_find(&program, err);
	if (r < 0) {
		if (p->backend == WGC_BACKEND_AUTO && err)
			wgc_err_wrap(err, "this kernel has no WireGuard");
		return r;
	}
	f->userspace = true;
	f->program = wgc_arena_strdup(a, program);
	return f->program ? 0 : wgc_err_nomem(err);
}

static void link_name(void *ctx, uint32_t ifindex, char ret[static IFNAMSIZ])
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_sys *sys = ctx;
	struct wgc_link *v;
	size_t n;

	if (a && wgc_nl_link_list(sys->nl, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (v[i].ifindex == ifindex)
				memcpy(ret, v[i].ifname, IFNAMSIZ);
	wgc_arena_free(a);
}

int wgc_facts_routing(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_facts *ret,
		      struct wgc_err *err)
{
	struct wgc_facts f = *ret;
	struct claims claims = { .arena = a, .profile = p->name };
	struct wgc_session *sessions = NULL;
	struct wgc_route *routes = NULL;
	int r;

	f.routing.ipv6_disabled = ipv6_disabled(sys);
	f.src_valid_mark = sysctl_is_1(sys, "net/ipv4/conf/all/src_valid_mark");
	if (p->table_mode == WGC_TABLE_NUMBER && p->table_name) {
		r = table_number(sys, p, &f.routing.table_number, err);
		if (r < 0)
			return r;
	}
	f.routing.nft_available = true;
	r = wgc_nl_route_list(sys->nl, 0, 0, a, &routes, &f.routing.n_routes, err);
	if (r < 0)
		return r;
	f.routing.routes = routes;
	f.routing.link_name = link_name;
	f.routing.link_name_ctx = sys;
	if (wants_policy(p)) {
		f.routing.strict_rp_filter = strict_rp_filter(sys);
		/* In a new namespace nobody has connections yet. */
		if (!is_fresh(sys) && wgc_sessions_read(sys, a, MAX_SESSIONS, &sessions, &f.routing.n_sessions) < 0)
			return wgc_err_nomem(err);
		f.routing.sessions = sessions;
	}
	if (wants_policy(p) || p->kill_switch) {
		r = read_claims(sys, &claims, err);
		if (r < 0)
			return r;
		f.routing.rules = claims.rules;
		f.routing.n_rules = claims.n_rules;
		f.routing.marks = claims.marks;
		f.routing.n_marks = claims.n_marks;
	}
	*ret = f;
	return 0;
}

int wgc_facts_read(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_facts *ret,
		   struct wgc_err *err)
{
	struct wgc_facts f = { 0 };
	int r;

	r = choose_backend(sys, p, a, &f, err);
	if (r < 0)
		return r;
	if (look_at_place(sys, p, a, &f) < 0)
		return wgc_err_nomem(err);
	r = p->n_dns_servers ? choose_dns(sys, p, a, &f, err) : 0;
	r = r ?: wgc_facts_routing(sys, p, a, &f, err);
	if (r == 0)
		*ret = f;
	return r;
}
