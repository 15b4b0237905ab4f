// SPDX-License-Identifier: GPL-2.0
/* What there is before the devices move: links, what each has, who configures it, who is here over it. */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plan/physical/physical.h"

/* Settings that act on all links, hold a secret, or follow from what is put back otherwise. */
static bool left_out(const char *name)
{
	static const char *const names[] = { "stable_secret", "mtu", "mc_forwarding" };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int read_dir(const struct wgc_sys *sys, const char *family, const char *ifname, struct wgc_arena *a, struct wgc_physical_nic *out)
{
	char *path = wgc_arena_printf(a, "%s/net/%s/conf/%s", sys->proc_sys, family, ifname);
	DIR *d = path ? opendir(path) : NULL;
	struct dirent *e;
	int r = path ? 0 : -ENOMEM;

	while (d && !r && (e = readdir(d))) {
		char *file = wgc_arena_printf(a, "net/%s/conf/%s/%s", family, ifname, e->d_name), value[128];
		struct wgc_physical_sysctl *s;
		struct stat st;

		if (!file)
			r = -ENOMEM;
		else if (left_out(e->d_name) || fstatat(dirfd(d), e->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0200) ||
			 wgc_sysctl_read(sys, file, value, sizeof(value)) < 0)
			continue;
		s = r ? NULL : wgc_arena_push(a, &out->sysctls, &out->n_sysctls, &out->cap_sysctls, sizeof(*s));
		if (s) {
			s->path = wgc_arena_printf(a, "%s/%s", family, e->d_name);
			s->value = wgc_arena_strdup(a, value);
		}
		if (!s || !s->path || !s->value)
			r = -ENOMEM;
	}
	if (d)
		closedir(d);
	return r;
}

int wgc_physical_sysctls(const struct wgc_sys *sys, const char *ifname, struct wgc_arena *a, struct wgc_physical_nic *out)
{
	return read_dir(sys, "ipv4", ifname, a, out) ?: read_dir(sys, "ipv6", ifname, a, out);
}

static int copy(struct wgc_sys *sys, struct wgc_arena *a, enum wgc_copy what, uint32_t ifindex, const char **ret, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	int r = wgc_nl_copy(sys->nl, what, ifindex, &text, err);

	if (r < 0)
		return r;
	*ret = wgc_arena_strdup(a, wgc_str_get(&text));
	return *ret ? 0 : wgc_err_nomem(err);
}

/* The routes of all links that go; one over several is told once for each, which does no harm. */
static int copy_routes(struct wgc_sys *sys, struct wgc_physical *p, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	int r = 0;

	for (size_t i = 0; i < p->n && !r; i++)
		if (wgc_physical_goes(&p->v[i]))
			r = wgc_nl_copy(sys->nl, WGC_COPY_ROUTES, p->v[i].nic->link.ifindex, &text, err);
	if (r < 0)
		return r;
	p->routes = wgc_arena_strdup(p->arena, wgc_str_get(&text));
	return p->routes ? 0 : wgc_err_nomem(err);
}

int wgc_physical_look_at(struct wgc_sys *sys, const struct wgc_physical *p, struct wgc_physical_nic *v, struct wgc_err *err)
{
	WGC_AUTO_FREE char *wpa = v->verdict.fate == WGC_FATE_RADIO ? wgc_manager_wpa_file(v->nic->link.ifname) : NULL;
	int r;

	v->manager = wgc_manager_of(v->nic);
	v->lease = wgc_nl_has_lease(sys->nl, v->nic->link.ifindex);
	for (size_t i = 0; v->nic->master && i < p->n; i++)
		if (p->v[i].nic->link.ifindex == v->nic->master)
			v->master = p->v[i].nic->link.ifname;
	if (wpa) {
		v->wpa = wgc_arena_strdup(p->arena, wpa);
		if (!v->wpa)
			return wgc_err_nomem(err);
	}
	r = copy(sys, p->arena, WGC_COPY_ADDRS, v->nic->link.ifindex, &v->addrs, err);
	if (r == 0 && wgc_physical_sysctls(sys, v->nic->link.ifname, p->arena, v) < 0)
		r = wgc_err_nomem(err);
	return r;
}

/* The link that packets to our SSH client take, if it goes, or if the guard will not let them out there. */
static void find_session(struct wgc_sys *sys, struct wgc_physical *p)
{
	struct wgc_route route;
	struct wgc_ip client;

	if (!wgc_ssh_client(&client) || wgc_nl_route_lookup(sys->nl, &client, 0, &route, NULL) < 0)
		return;
	for (size_t i = 0; i < p->n; i++) {
		const struct wgc_physical_nic *v = &p->v[i];
		bool left = v->verdict.named && !wgc_physical_goes(v);

		if (v->nic->link.ifindex == route.oif && !(v->nic->link.flags & IFF_LOOPBACK) && !left)
			p->session = v;
	}
}

static int judge(const struct wgc_physical *p, struct wgc_err *err)
{
	bool any = false;

	for (size_t i = 0; i < p->n; i++) {
		const struct wgc_physical_nic *v = &p->v[i];

		any |= wgc_physical_goes(v);
		if (v->verdict.fate != WGC_FATE_REFUSED)
			continue;
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' cannot be moved: %s", v->nic->link.ifname, v->verdict.why);
		wgc_err_hint(err, "or keep it here with --leave %s: then it may go on to send in clear", v->nic->link.ifname);
		return -EBUSY;
	}
	if (any)
		return 0;
	wgc_err_set(err, WGC_E_NOT_FOUND, ENODEV, "there is no network device here that could be moved");
	wgc_err_hint(err, "`ip -br link` shows what there is; --take LINK moves one that is no device");
	return -ENODEV;
}

/* The link that has this name or this altname; a name that none has is left as it is. */
static const char *ifname_of(const struct wgc_nic *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].n_altnames; k++)
			if (!strcmp(v[i].altnames[k], name))
				return v[i].link.ifname;
	return name;
}

static int by_ifnames(struct wgc_arena *a, const struct wgc_nic *v, size_t n, const char *const **list)
{
	size_t count = 0;
	const char **names;

	while (*list && (*list)[count])
		count++;
	names = wgc_arena_alloc(a, (count + 1) * sizeof(*names));
	for (size_t i = 0; names && i < count; i++)
		names[i] = ifname_of(v, n, (*list)[i]);
	*list = names;
	return names ? 0 : -ENOMEM;
}

int wgc_physical_facts(struct wgc_sys *sys, struct wgc_physical *p, struct wgc_err *err)
{
	/* The keeper, who has no profile, looks when some may have been unplugged. */
	const struct wgc_ns_wish wish = { .take = p->ask->take, .leave = p->ask->leave, .some_gone = !p->profile };
	struct wgc_ns_verdict *verdicts;
	struct wgc_nic *nics;
	size_t n;
	int r;

	r = wgc_nl_nic_list(sys->nl, p->arena, &nics, &n, err);
	if (r < 0)
		return r;
	verdicts = wgc_arena_alloc(p->arena, n * sizeof(*verdicts) + 1);
	p->v = wgc_arena_alloc(p->arena, n * sizeof(*p->v) + 1);
	if (!verdicts || !p->v)
		return wgc_err_nomem(err);
	r = wgc_ns_classify(nics, n, &wish, verdicts, err);
	if (r < 0)
		return r;
	/* People may say altnames; nft knows no such thing, and the journal is for it. */
	p->asked = *p->ask;
	p->ask = &p->asked;
	if (by_ifnames(p->arena, nics, n, &p->asked.take) < 0 || by_ifnames(p->arena, nics, n, &p->asked.leave) < 0)
		return wgc_err_nomem(err);
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		p->v[i].nic = &nics[i];
		p->v[i].verdict = verdicts[i];
	}
	r = judge(p, err);
	for (size_t i = 0; i < n && !r; i++)
		if (wgc_physical_goes(&p->v[i]))
			r = wgc_physical_look_at(sys, p, &p->v[i], err);
	r = r ?: copy_routes(sys, p, err);
	r = r ?: copy(sys, p->arena, WGC_COPY_RULES, 0, &p->rules, err);
	if (r == 0)
		find_session(sys, p);
	return r;
}
