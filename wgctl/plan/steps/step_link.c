// SPDX-License-Identifier: GPL-2.0
/* Steps on the link itself: it is made, configured, given addresses and set up; deleting it undoes all of that. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/place.h"
#include "plan/steps/steps.h"

static int link_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	struct wgc_link have;
	struct wgc_err mine = WGC_ERR_INIT;
	int r = wgc_nl_link_get(x->sys->nl, p->ifname, &have, &mine);

	if (r == -ENODEV)
		return 0;
	if (r < 0) {
		if (err)
			*err = mine;
		return r;
	}
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "there is a link named '%s' already (%s), which wgctl did not bring up", p->ifname,
		    have.kind[0] ? have.kind : "a physical device");
	wgc_err_hint(err, "delete it with `ip link delete %s` if it is a leftover, or give this profile another link with Name=",
		     p->ifname);
	return -EEXIST;
}

static int link_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "ifname");
	wgc_json_str(j, x->plan->profile->ifname);
	wgc_json_key(j, "userspace");
	wgc_json_bool(j, x->plan->facts->userspace);
	return 0;
}

/* A program that makes its own device makes it where it runs: there its socket
 * stays, while the device goes to where it is wanted. */
static int start_userspace(struct wgc_exec *x, struct wgc_err *err)
{
	const char *ifname = x->plan->profile->ifname;
	struct wgc_nl *outer = wgc_sys_outer(x->sys);
	char program[IFNAMSIZ];
	struct wgc_link link;
	int r;

	if (outer == x->sys->nl) {
		r = wgc_userspace_start(outer, x->plan->facts->program, ifname, NULL, err);
	} else {
		r = wgc_place_step_out(x->sys);
		if (r < 0)
			return wgc_err_set(err, WGC_E_KERNEL, -r, "cannot enter the socket's network namespace: %s", strerror(-r));
		wgc_place_program_name(x->plan->profile->name, ifname, program);
		r = wgc_userspace_start(outer, x->plan->facts->program, program, NULL, err);
		wgc_place_step_in(x->sys);
		r = r ?: wgc_nl_link_get(outer, program, &link, err);
		r = r ?: wgc_nl_link_move(outer, link.ifindex, x->sys->place->home, ifname, err);
		if (r < 0)
			wgc_userspace_stop(outer, program, NULL);
	}
	r = r ?: wgc_nl_link_get(x->sys->nl, ifname, &link, err);
	x->ifindex = r < 0 ? 0 : link.ifindex;
	return r;
}

static int link_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	const char *alias = p->ifname_derived ? p->name : NULL;
	struct wgc_nl *outer = wgc_sys_outer(x->sys);
	int r;

	if (x->plan->facts->userspace)
		r = start_userspace(x, err);
	else if (outer == x->sys->nl)
		r = wgc_nl_link_create(outer, p->ifname, "wireguard", alias, &x->ifindex, err);
	else
		r = wgc_nl_link_create_in(outer, x->sys->nl, x->sys->place->home, p->ifname, "wireguard", alias, &x->ifindex, err);
	if (r < 0)
		return r;
	wgc_json_key(done, "ifindex");
	wgc_json_uint(done, x->ifindex);
	return 0;
}

static void link_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_addf(text, "%s type wireguard", p->profile->ifname);
	if (p->facts->socket_netns)
		wgc_str_addf(text, ", its socket in %s%s%s", p->profile->socket_namespace.s ? "namespace '" : "", p->facts->socket_netns,
			     p->profile->socket_namespace.s ? "'" : " namespace");
	if (p->facts->userspace) {
		wgc_str_addf(text, " (%s)", p->facts->program);
		wgc_str_addf(equivalent, "%s %s", p->facts->program, p->profile->ifname);
	} else {
		wgc_str_addf(equivalent, "ip%s%s link add %s%s%s type wireguard", p->profile->socket_namespace.s ? " -n " : "",
			     p->profile->socket_namespace.s ?: "", p->profile->ifname, p->facts->home ? " netns " : "", p->facts->home ?: "");
	}
	if (p->profile->ifname_derived)
		wgc_str_addf(text, " alias '%s'", p->profile->name);
}

/* Of a kind that we make? */
static bool our_kind(const struct wgc_link *l)
{
	return !strcmp(l->kind, "wireguard") || !strcmp(l->kind, "tun");
}

/* The link of a record, if it is still there and still ours. One that bears
 * our name but another index was made by somebody else since. So was one of
 * another kind, where we were killed before we knew the index. */
static int link_of_record(struct wgc_undo *u, const struct wgc_past *p, struct wgc_link *ret, struct wgc_err *err)
{
	struct wgc_arena *a;
	struct wgc_link *v;
	uint32_t ifindex = p->done ? wgc_record_int(p->done, "ifindex") : 0;
	size_t n;
	int r;

	r = wgc_nl_link_get(u->sys->nl, wgc_record_str(p, "ifname"), ret, err);
	if (r == 0 && (ifindex ? ret->ifindex == ifindex : our_kind(ret)))
		return 0;
	if (r < 0 && r != -ENODEV)
		return r;
	if (!ifindex)
		return -ENODEV;
	/* Renamed, perhaps. */
	a = wgc_arena_new();
	if (!a)
		return wgc_err_nomem(err);
	r = wgc_nl_link_list(u->sys->nl, a, &v, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (v[i].ifindex == ifindex && our_kind(&v[i])) {
			*ret = v[i];
			wgc_arena_free(a);
			return 0;
		}
	wgc_arena_free(a);
	return r < 0 ? r : -ENODEV;
}

/* We were killed between starting a program and hearing from it: its link may
 * be yet to come. Ask it something, so that it is there or dead; then stop it. */
static int stop_started(struct wgc_undo *u, const char *ifname, struct wgc_err *err)
{
	const char *program = wgc_nl_known_as(u->sys->nl, ifname);
	struct wgc_nl *outer = wgc_sys_outer(u->sys), *nl = u->sys->nl;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d;
	struct wgc_link link;

	if (!a)
		return wgc_err_nomem(err);
	wgc_wg_get(u->sys->nl, ifname, a, &d, NULL);
	/* Not yet moved, perhaps. */
	if (outer != nl && wgc_nl_link_get(outer, program, &link, NULL) == 0)
		nl = outer;
	wgc_arena_free(a);
	return wgc_userspace_stop(nl, nl == outer ? program : ifname, err);
}

static int link_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	bool userspace = json_is_true(json_object_get(p->begun, "userspace"));
	struct wgc_link link;
	int r;

	if (userspace && !p->done && wgc_uapi_exists(wgc_nl_known_as(u->sys->nl, wgc_record_str(p, "ifname"))))
		return stop_started(u, wgc_record_str(p, "ifname"), err);
	r = link_of_record(u, p, &link, err);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	if (userspace && !strcmp(link.ifname, wgc_record_str(p, "ifname")))
		return wgc_userspace_stop(u->sys->nl, link.ifname, err);
	r = wgc_nl_link_delete(u->sys->nl, link.ifindex, err);
	return r == -ENODEV ? 0 : r;
}

static bool link_remains(struct wgc_undo *u, const struct wgc_past *p)
{
	struct wgc_link link;

	return link_of_record(u, p, &link, NULL) == 0;
}

const struct wgc_step_def wgc_step_link_create = {
	.word = "link.create",
	.sign = '+',
	.precheck = link_precheck,
	.capture = link_capture,
	.apply = link_apply,
	.describe = link_describe,
	.undo = link_undo,
	.remains = link_remains,
	.undo_text = "delete",
};

/* Where the port is bound, and so where it clashes, differs: the kernel does
 * it when the link goes up, a userspace implementation when it is told. */
static void port_taken(struct wgc_exec *x, struct wgc_err *err)
{
	unsigned port = x->plan->device.listen_port;

	if (!err || !port)
		return;
	err->at = x->plan->profile->device.listen_port_at;
	wgc_err_hint(err, "another socket owns udp/%u; see `ss -ulpn 'sport = :%u'`, or set ListenPort = 0", port, port);
}

static int device_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_wg_set(x->sys->nl, &x->plan->device, err);

	if (r == -EADDRINUSE)
		port_taken(x, err);
	return r;
}

static void device_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_device *d = &p->device;

	wgc_str_addf(text, "%s", d->ifname);
	if (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY)
		wgc_str_add(text, " key (hidden),");
	if (d->flags & WGC_DEVICE_HAS_LISTEN_PORT)
		wgc_str_addf(text, " port %u,", d->listen_port);
	if (d->flags & WGC_DEVICE_HAS_FWMARK)
		wgc_str_addf(text, " mark 0x%x,", d->fwmark);
	wgc_str_addf(text, " %zu peer%s", d->n_peers, d->n_peers == 1 ? "" : "s");
	wgc_str_addf(equivalent, "wg addconf %s /dev/stdin", d->ifname);
}

const struct wgc_step_def wgc_step_device = {
	.word = "device.configure",
	.sign = '~',
	.apply = device_apply,
	.describe = device_describe,
};

static int addr_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_routes_desired *w = &x->plan->want;
	struct wgc_ifaddr *v = wgc_arena_alloc(x->plan->arena, w->n_addresses * sizeof(*v));

	if (!v)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < w->n_addresses; i++) {
		v[i].prefix = w->addresses[i].prefix;
		v[i].at = w->addresses[i].at;
		v[i].ifindex = x->ifindex;
	}
	/* A PreUp hook may have added one of them. */
	return wgc_nl_addrs_add(x->sys->nl, v, w->n_addresses, -EEXIST, NULL, err);
}

static void addr_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_routes_desired *w = &p->want;
	char one[WGC_PREFIX_TEXT];

	for (size_t i = 0; i < w->n_addresses && i < 4; i++) {
		wgc_prefix_print(&w->addresses[i].prefix, one);
		wgc_str_addf(text, "%s%s", i ? ", " : "", one);
		if (i == 0)
			wgc_str_addf(equivalent, "ip address add %s dev %s", one, p->profile->ifname);
	}
	if (w->n_addresses > 4)
		wgc_str_addf(text, " and %zu more", w->n_addresses - 4);
	wgc_str_addf(text, " dev %s", p->profile->ifname);
}

const struct wgc_step_def wgc_step_addr = {
	.word = "addr.add",
	.sign = '+',
	.apply = addr_apply,
	.describe = addr_describe,
};

static int set_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	/* A kernel link got its alias when it was created. */
	const char *alias = x->plan->facts->userspace && p->ifname_derived ? p->name : NULL;
	int r = 0;

	/* Before it is up: kill switches know the tunnels of each other by it. */
	if (p->kill_switch)
		r = wgc_nl_link_group(x->sys->nl, x->ifindex, WGC_KILL_GROUP, err);
	if (r == 0)
		r = wgc_nl_link_set(x->sys->nl, x->ifindex, wgc_mtu_choose(x), alias, true, err);
	if (r == -EADDRINUSE)
		port_taken(x, err);
	return r;
}

static void set_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	if (p->profile->mtu) {
		wgc_str_addf(text, "%s up mtu %u", p->profile->ifname, p->profile->mtu);
		wgc_str_addf(equivalent, "ip link set %s mtu %u up", p->profile->ifname, p->profile->mtu);
	} else {
		wgc_str_addf(text, "%s up, mtu by the paths to the peers", p->profile->ifname);
		wgc_str_addf(equivalent, "ip link set %s up", p->profile->ifname);
	}
	if (p->profile->kill_switch) {
		wgc_str_addf(text, " group %u", WGC_KILL_GROUP);
		wgc_str_addf(equivalent, " group %u", WGC_KILL_GROUP);
	}
}

const struct wgc_step_def wgc_step_link_set = {
	.word = "link.set",
	.sign = '~',
	.apply = set_apply,
	.describe = set_describe,
};
