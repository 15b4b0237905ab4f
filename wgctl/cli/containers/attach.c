// SPDX-License-Identifier: GPL-2.0
/*
 * attach: a profile's tunnel in a container. The container's engine says which
 * namespace and what name; keys, peers and routes are the profile's; the socket
 * stays in the caller's namespace, or where the profile wants it.
 */
#include "cli/containers/attach.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ns/ns.h"

#define PATIENCE 100 /* tenths of a second */

void wgc_attach_say(const struct wgc_err *err, struct wgc_str *out)
{
	if (err->ctx[0])
		wgc_str_addf(out, "%s: ", err->ctx);
	wgc_str_add(out, err->msg);
	if (err->kernel[0])
		wgc_str_addf(out, "; kernel: %s", err->kernel);
	if (err->hint[0])
		wgc_str_addf(out, "; hint: %s", err->hint);
}

/* ---- the profile --------------------------------------------------------------- */

/* Whoever can write there decides what is done as root. */
static int check_owner(const char *path, struct wgc_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return wgc_err_set(err, errno == ENOENT ? WGC_E_NOT_FOUND : WGC_E_IO, errno, "cannot look at '%s': %s", path, strerror(errno));
	if (st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	wgc_err_set(err, WGC_E_PERM, EPERM, "'%s' could be changed by others than root", path);
	wgc_err_hint(err, "chown root %s; chmod go-w %s", path, path);
	return -EPERM;
}

/* All findings to stderr; the first error is what the engine is told. */
static int judge(struct wgc_ui *ui, struct wgc_loaded *l, int r, struct wgc_err *err)
{
	const struct wgc_profile *p = l->profile;

	wgc_show_diags(ui, &l->src, &l->diags, true);
	if (r == 0 && !(p->device.flags & WGC_DEVICE_HAS_PRIVATE_KEY) && !p->private_key_file.s && !p->private_key_command.n)
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "the profile has no private key: nothing would ever go through its tunnel");
	if (r != -EINVAL)
		return r;
	for (size_t i = 0; i < l->diags.n; i++) {
		const struct wgc_diag *d = &l->diags.v[i];

		if (d->warning)
			continue;
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "%s:%u:%u: %s", l->src.path ?: "profile", d->at.line, d->at.col, d->msg ?: "");
		if (d->hint)
			wgc_err_hint(err, "%s", d->hint);
		break;
	}
	return r;
}

int wgc_attach_load(struct wgc_ui *ui, const char *name, const char *dir, struct wgc_loaded *l, struct wgc_err *err)
{
	const char *const dirs[] = { dir ?: WGC_ATTACH_DIR, NULL };
	int r;

	*l = (struct wgc_loaded){ 0 };
	if (!wgc_profile_name_safe(name))
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "this is not the name of a profile");
	r = wgc_config_find(name, dirs, &l->path, err);
	r = r ?: check_owner(dirs[0], err);
	r = r ?: check_owner(l->path, err);
	if (r)
		return r;
	r = wgc_config_load(l->path, WGC_STRICT, false, &l->diags, &l->src, &l->profile, err);
	return judge(ui, l, r, err);
}

/* Such a text may come from whoever may have networks made, a file of root's may not. */
static int refuse_commands(const struct wgc_profile *p, struct wgc_err *err)
{
	size_t n = p->private_key_command.n;

	for (size_t i = 0; i < WGC_N_HOOKS; i++)
		n += p->hooks[i].n;
	if (!n)
		return 0;
	wgc_err_set(err, WGC_E_PERM, EPERM, "commands are run for profiles of " WGC_ATTACH_DIR " only");
	wgc_err_hint(err, "put this one there, and name it with 'config'");
	return -EPERM;
}

int wgc_attach_load_text(struct wgc_ui *ui, char *text, const char *name, struct wgc_loaded *l, struct wgc_err *err)
{
	int r;

	*l = (struct wgc_loaded){ .src = { .path = strdup("profile"), .text = text, .len = strlen(text) } };
	if (!l->src.path)
		return wgc_err_nomem(err);
	r = wgc_config_parse(l->src.text, l->src.len, "", name, WGC_FORMAT_JSON, WGC_STRICT, &l->diags, &l->profile);
	r = r == -ENOMEM ? wgc_err_nomem(err) : judge(ui, l, r, err);
	return r ?: refuse_commands(l->profile, err);
}

/* ---- the namespace --------------------------------------------------------------- */

static int open_netns(const char *netns, int *ret_fd, struct wgc_err *err)
{
	struct wgc_ns_ref ref;
	int r = wgc_ns_parse(netns, &ref, err);

	return r ?: wgc_ns_open(&ref, ret_fd, err);
}

/* A conversation with the kernel about the namespace of @fd. */
static int talk_inside(int fd, struct wgc_nl **ret, struct wgc_err *err)
{
	WGC_AUTO_FD int back = wgc_ns_own();
	int r;

	if (back < 0)
		return wgc_err_set(err, WGC_E_IO, -back, "cannot open the own network namespace: %s", strerror(-back));
	r = wgc_ns_enter(fd, err);
	if (r < 0)
		return r;
	r = wgc_nl_open(NULL, ret, err);
	/* Must not go on in there: what is made next would be in the container. */
	if (wgc_ns_enter(back, err) < 0) {
		if (r == 0)
			*ret = wgc_nl_close(*ret);
		return -EIO;
	}
	return r;
}

static int talk_to(const char *netns, struct wgc_nl **ret, struct wgc_err *err)
{
	WGC_AUTO_FD int fd = -1;
	int r = open_netns(netns, &fd, err);

	return r ?: talk_inside(fd, ret, err);
}

/* Loopback, and the devices that tunnel modules put into every namespace, as long as they are down. */
static bool is_nobodys(const struct wgc_link *l)
{
	static const char *const kinds[] = { "ipip", "gre", "gretap", "erspan", "sit", "ip6tnl", "ip6gre", "ip6gretap", "vti", "vti6" };

	if (l->flags & IFF_LOOPBACK)
		return true;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(kinds); i++)
		if (!strcmp(l->kind, kinds[i]))
			return !(l->flags & IFF_UP);
	return false;
}

static int others(struct wgc_nl *nl, const char *ifname, struct wgc_arena *a, struct wgc_str *ret_names, bool *ret_default,
		  struct wgc_err *err)
{
	struct wgc_link *links = NULL;
	struct wgc_route *routes = NULL;
	size_t n = 0, n_routes = 0;
	int r = wgc_nl_link_list(nl, a, &links, &n, err);

	r = r ?: wgc_nl_route_list(nl, 0, RT_TABLE_MAIN, a, &routes, &n_routes, err);
	*ret_default = false;
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (is_nobodys(&links[i]) || (ifname && !strcmp(links[i].ifname, ifname)))
			continue;
		wgc_str_addf(ret_names, "%s%s", ret_names->len ? ", " : "", links[i].ifname);
		for (size_t k = 0; k < n_routes; k++)
			if (!routes[k].dst.len && routes[k].oif == links[i].ifindex && routes[k].type == RTN_UNICAST)
				*ret_default = true;
	}
	return r;
}

int wgc_attach_others(const char *netns, const char *ifname, struct wgc_str *ret_names, bool *ret_default, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_nl *nl = NULL;
	int r = a ? talk_to(netns, &nl, err) : wgc_err_nomem(err);

	r = r ?: others(nl, ifname, a, ret_names, ret_default, err);
	wgc_nl_close(nl);
	wgc_arena_free(a);
	return r;
}

/* ---- before ------------------------------------------------------------------------ */

static int check_is_not_ours(int fd, struct wgc_err *err)
{
	WGC_AUTO_FD int own = wgc_ns_own();
	struct wgc_ns_id there, here;

	if (own < 0 || wgc_ns_id(own, &here) < 0 || wgc_ns_id(fd, &there) < 0)
		return wgc_err_set(err, WGC_E_IO, EIO, "cannot look at the network namespaces");
	if (!wgc_ns_id_equal(&there, &here))
		return 0;
	wgc_err_set(err, WGC_E_CONFIG, EINVAL, "the container has no network of its own: its namespace is that of this machine");
	wgc_err_hint(err, "start it with a network namespace, such as that of `--network none`");
	return -EINVAL;
}

static int check_links(struct wgc_nl *nl, const struct wgc_attach *how, const char *ifname, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str names = { 0 };
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_link link;
	bool dflt;
	int r = a ? 0 : wgc_err_nomem(err);

	if (r == 0 && wgc_nl_link_get(nl, ifname, &link, NULL) == 0)
		r = wgc_err_set(err, WGC_E_EXISTS, EEXIST, "the container has an interface '%s' already", ifname);
	if (r == 0 && how->mode == WGC_ATTACH_ONLY)
		r = others(nl, NULL, a, &names, &dflt, err);
	wgc_arena_free(a);
	if (r < 0 || !names.len)
		return r;
	wgc_err_set(err, WGC_E_EXISTS, ENOTUNIQ, "the tunnel is to be the container's only interface, and it has %s", names.s);
	wgc_err_hint(err, "give it no other network, or use mode 'additional'");
	return -ENOTUNIQ;
}

/* A namespace that is named and not there would be made by `up`: empty, and a way to nowhere. */
static int check_socket(const struct wgc_profile *p, struct wgc_err *err)
{
	WGC_AUTO_FD int fd = -1;
	int r = p->socket_namespace.s ? open_netns(p->socket_namespace.s, &fd, err) : 0;

	if (r < 0)
		wgc_err_wrap(err, "SocketNamespace");
	return r;
}

int wgc_attach_check(const struct wgc_attach *how, const struct wgc_loaded *l, struct wgc_err *err)
{
	const char *ifname = how->key.ifname ?: l->profile->ifname;
	WGC_AUTO_FD int fd = -1;
	struct wgc_nl *nl = NULL;
	int r;

	r = open_netns(how->netns, &fd, err);
	r = r ?: check_is_not_ours(fd, err);
	r = r ?: check_socket(l->profile, err);
	r = r ?: talk_inside(fd, &nl, err);
	r = r ?: check_links(nl, how, ifname, err);
	wgc_nl_close(nl);
	return r;
}

/* ---- up ----------------------------------------------------------------------------- */

/* The profile as it is in this container. Its resolver is the engine's to set. */
static int adapt(const struct wgc_attach *how, struct wgc_profile *p, struct wgc_attached *ret, struct wgc_err *err)
{
	struct wgc_attachment key = how->key;
	char name[WGC_ATTACHMENT_MAX];

	if (key.ifname)
		snprintf(p->ifname, sizeof(p->ifname), "%s", key.ifname);
	key.ifname = p->ifname;
	wgc_attachment_name(&key, name);
	p->name = wgc_arena_strdup(p->arena, name);
	if (!p->name)
		return wgc_err_nomem(err);
	/* It becomes the link's alias: who looks at it inside knows whose it is. */
	p->ifname_derived = true;
	p->interface_namespace = (struct wgc_text){ .s = how->netns };
	for (size_t i = 0; i < how->n_addresses; i++) {
		struct wgc_address *a = wgc_arena_push(p->arena, &p->addresses, &p->n_addresses, &p->cap_addresses, sizeof(*a));

		if (!a)
			return wgc_err_nomem(err);
		a->prefix = how->addresses[i];
	}
	*ret = (struct wgc_attached){ .ifname = p->ifname, .sandbox = how->netns };
	if (p->dns_mode != WGC_DNS_NONE) {
		ret->servers = p->dns_servers;
		ret->n_servers = p->n_dns_servers;
		ret->search = p->dns_search;
		ret->n_search = p->n_dns_search;
	}
	p->dns_mode = WGC_DNS_NONE;
	p->n_dns_servers = p->n_dns_search = 0;
	return 0;
}

static bool wanted(const struct wgc_profile *p, const struct wgc_prefix *x)
{
	for (size_t i = 0; i < p->n_addresses; i++)
		if (wgc_prefix_equal(&p->addresses[i].prefix, x))
			return true;
	return false;
}

/* What the kernel has, not what was asked for. */
static int read_back(struct wgc_nl *nl, const struct wgc_profile *p, struct wgc_arena *a, struct wgc_attached *ret, struct wgc_err *err)
{
	struct wgc_ifaddr *addrs = NULL;
	struct wgc_route *routes = NULL;
	struct wgc_prefix *v, *w;
	size_t n = 0, n_routes = 0;
	struct wgc_link link;
	int r;

	r = wgc_nl_link_get(nl, p->ifname, &link, err);
	r = r ?: wgc_nl_addr_list(nl, link.ifindex, a, &addrs, &n, err);
	r = r ?: wgc_nl_route_list(nl, 0, 0, a, &routes, &n_routes, err);
	if (r < 0)
		return r;
	v = wgc_arena_alloc(a, (n + 1) * sizeof(*v));
	w = wgc_arena_alloc(a, (n_routes + 1) * sizeof(*w));
	if (!v || !w)
		return wgc_err_nomem(err);
	ret->mtu = link.mtu;
	ret->addresses = v;
	ret->routes = w;
	for (size_t i = 0; i < n; i++)
		if (wanted(p, &addrs[i].prefix))
			v[ret->n_addresses++] = addrs[i].prefix;
	for (size_t i = 0; i < n_routes; i++)
		if (routes[i].oif == link.ifindex && routes[i].protocol == WGC_RTPROT && routes[i].type == RTN_UNICAST)
			w[ret->n_routes++] = routes[i].dst;
	return 0;
}

int wgc_attach_up(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_attach *how, struct wgc_loaded *l, struct wgc_arena *a,
		  struct wgc_attached *ret, struct wgc_err *err)
{
	struct wgc_profile *p = l->profile;
	struct wgc_nl *nl = NULL;
	struct wgc_steps s;
	int r;

	r = adapt(how, p, ret, err);
	if (r < 0)
		return r;
	if (wgc_steps_init(&s, ui, false, 0))
		return wgc_err_nomem(err);
	r = wgc_plan_up(sys, p, &s.run, err);
	if (r == 0 && s.run.already_up)
		r = wgc_err_set(err, WGC_E_EXISTS, EEXIST, "'%s' is up already", p->name);
	else if (r == 0) {
		r = talk_to(how->netns, &nl, err);
		r = r ?: read_back(nl, p, a, ret, err);
		wgc_nl_close(nl);
		if (r < 0)
			wgc_attach_down(ui, sys, p->name, NULL);
	}
	if (r < 0 && s.run.undo_failed)
		wgc_ui_warn(ui, "not everything could be undone: %s", s.run.remains);
	wgc_steps_done(&s);
	return r;
}

/* ---- down ---------------------------------------------------------------------------- */

int wgc_attach_down(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, struct wgc_err *err)
{
	static const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	struct wgc_err mine = WGC_ERR_INIT;
	struct wgc_steps s;
	int r;

	if (wgc_steps_init(&s, ui, false, 0))
		return wgc_err_nomem(err);
	s.run.unlock = true;
	r = wgc_plan_down(sys, name, &s.run, &mine);
	/* An engine that gave up on ADD calls DEL while that is still at work. */
	for (int i = 0; r == -EBUSY && i < PATIENCE; i++) {
		nanosleep(&pause, NULL);
		r = wgc_plan_down(sys, name, &s.run, &mine);
	}
	wgc_steps_done(&s);
	if (r < 0 && mine.code == WGC_E_NOT_UP)
		return 0;
	if (r < 0 && err)
		*err = mine;
	return r;
}

int wgc_attach_down_all(struct wgc_ui *ui, struct wgc_sys *sys, const char *prefix, bool (*keep)(void *ctx, const char *name),
			void *ctx, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err mine = WGC_ERR_INIT;
	struct wgc_up_info *v = NULL;
	size_t n = 0;
	int r = a ? wgc_plan_list(sys, a, &v, &n, err) : wgc_err_nomem(err), first = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		int one;

		if (strncmp(v[i].name, prefix, strlen(prefix)) || (keep && keep(ctx, v[i].name)))
			continue;
		one = wgc_attach_down(ui, sys, v[i].name, first ? NULL : &mine);
		first = first ?: one;
	}
	wgc_arena_free(a);
	if (first && err)
		*err = mine;
	return r ?: first;
}

/* ---- check ---------------------------------------------------------------------------- */

int wgc_attach_verify(const char *netns, const char *ifname, const struct wgc_prefix *v, size_t n, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_ifaddr *has = NULL;
	struct wgc_nl *nl = NULL;
	struct wgc_link link;
	size_t n_has = 0;
	int r = a ? talk_to(netns, &nl, err) : wgc_err_nomem(err);

	r = r ?: wgc_nl_link_get(nl, ifname, &link, err);
	if (r == 0 && !(link.flags & IFF_UP))
		r = wgc_err_set(err, WGC_E_NOT_UP, ENETDOWN, "the interface '%s' is down", ifname);
	r = r ?: wgc_nl_addr_list(nl, link.ifindex, a, &has, &n_has, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		char text[WGC_PREFIX_TEXT];
		bool found = false;

		for (size_t k = 0; k < n_has; k++)
			found = found || wgc_prefix_equal(&has[k].prefix, &v[i]);
		wgc_prefix_print(&v[i], text);
		if (!found)
			r = wgc_err_set(err, WGC_E_NOT_UP, EADDRNOTAVAIL, "the interface '%s' does not have the address %s", ifname, text);
	}
	wgc_nl_close(nl);
	wgc_arena_free(a);
	return r;
}
