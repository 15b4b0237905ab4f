// SPDX-License-Identifier: GPL-2.0
/* The namespace of the devices, with a resolver of its own, and the tunnel that is born in it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/physical/physical.h"

#define LOOPBACK 1
#define ETC "/etc/netns/" WGC_PHYSICAL
#define RESOLV_CONF ETC "/resolv.conf"

/* ---- the namespace ------------------------------------------------------------------------ */

static int netns_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	static const struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = WGC_PHYSICAL };
	int fd;

	if (wgc_ns_open(&ref, &fd, NULL) < 0)
		return 0;
	close(fd);
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "there is a network namespace '" WGC_PHYSICAL "' already, which wgctl did not make");
	wgc_err_hint(err, "`wgctl physical status` shows what is in it; `ip netns delete " WGC_PHYSICAL "` removes it");
	return -EEXIST;
}

static int netns_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "ifname");
	wgc_json_str(j, WGC_PHYSICAL);
	return 0;
}

/* In /run, where clients in there may write it; the name in /etc leads to it, and to nothing after a reboot. */
static int write_resolv_conf(const struct wgc_sys *sys, struct wgc_err *err)
{
	WGC_AUTO_FREE char *text = NULL;
	char path[280];
	int r = wgc_manager_resolv_conf(&text);

	wgc_physical_file(sys, "etc", path);
	r = r ?: wgc_physical_directory(path);
	wgc_physical_file(sys, "etc/resolv.conf", path);
	r = r ?: wgc_physical_write(path, text, 0644);
	r = r ?: wgc_physical_directory(ETC);
	/* A file that somebody has put there stays the one. */
	if (r == 0 && symlink(path, RESOLV_CONF) < 0 && errno != EEXIST)
		r = -errno;
	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot write the resolv.conf of the namespace: %s", strerror(-r)) : 0;
}

static int make(struct wgc_physical *p, struct wgc_err *err)
{
	int r = wgc_ns_enter_new(err);

	if (r < 0)
		return r;
	p->inside = wgc_ns_own();
	r = p->inside < 0 ? wgc_err_set(err, WGC_E_IO, -p->inside, "cannot open the new network namespace: %s", strerror(-p->inside)) : 0;
	r = r ?: wgc_nl_open(NULL, &p->nl, err);
	wgc_physical_leave(p);
	return r;
}

/* IPv4 takes this from the machine's first namespace; and in here no firewall of the machine stands between two devices. */
static int end_forwarding(const struct wgc_sys *sys, const struct wgc_physical *p, struct wgc_err *err)
{
	static const char *const paths[] = { "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding" };
	int r = wgc_physical_enter(p, err);
	char now[16];

	if (r < 0)
		return r;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(paths) && r == 0; i++)
		if (wgc_sysctl_read(sys, paths[i], now, sizeof(now)) == 0 && strcmp(now, "0"))
			r = wgc_sysctl_write(sys, paths[i], "0");
	wgc_physical_leave(p);
	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot keep packets from passing through the namespace: %s", strerror(-r)) : 0;
}

/* What @fn does with nftables there; it has a socket of its own for that. */
static int with_nft_inside(const struct wgc_sys *sys, const struct wgc_physical *p, int (*fn)(struct wgc_sys *inside, struct wgc_err *err),
			   struct wgc_err *err)
{
	struct wgc_sys inside = *sys;
	int r = wgc_physical_enter(p, err);

	if (r < 0)
		return r;
	inside.nl = NULL;
	inside.nftables = NULL;
	r = fn(&inside, err);
	wgc_sys_close(&inside);
	wgc_physical_leave(p);
	return r;
}

/*
 * A tunnel that goes leaves its port; what its peers still send there would be answered by
 * ICMP errors, the only packets in clear that nobody in here has asked for.
 */
static const char hushed[] =
	"add table inet " WGC_PHYSICAL_TABLE "\n"
	"delete table inet " WGC_PHYSICAL_TABLE "\n"
	"table inet " WGC_PHYSICAL_TABLE " {\n"
	"\tchain output {\n"
	"\t\ttype filter hook output priority -350; policy accept;\n"
	"\t\toifname \"lo\" accept\n"
	"\t\ticmp type destination-unreachable drop\n"
	"\t\ticmpv6 type destination-unreachable drop\n"
	"\t}\n"
	"}\n";

static int load_hush(struct wgc_sys *inside, struct wgc_err *err)
{
	return inside->nft(inside, hushed, err);
}

static int is_hushed(struct wgc_sys *inside, struct wgc_err *err)
{
	return wgc_nft_is_whole(inside, WGC_PHYSICAL_TABLE, hushed);
}

int wgc_physical_hush(const struct wgc_sys *sys, const struct wgc_physical *p, struct wgc_err *err)
{
	return with_nft_inside(sys, p, load_hush, err);
}

bool wgc_physical_is_hushed(const struct wgc_sys *sys, const struct wgc_physical *p)
{
	return with_nft_inside(sys, p, is_hushed, NULL) != 0;
}

static int netns_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_physical *p = x->plan->physical;
	char text[WGC_NS_ID_TEXT];
	struct wgc_ns_id id;
	int r = write_resolv_conf(x->sys, err);

	r = r ?: make(p, err);
	r = r ?: end_forwarding(x->sys, p, err);
	r = r ?: wgc_physical_hush(x->sys, p, err);
	r = r ?: wgc_ns_pin(WGC_PHYSICAL, p->inside, err);
	r = r ?: wgc_nl_link_set(p->nl, LOOPBACK, 0, NULL, true, err);
	if (r == 0 && wgc_ns_id_whole(p->inside, &id) == 0) {
		wgc_ns_id_print(&id, text);
		wgc_json_key(done, "id");
		wgc_json_str(done, text);
	}
	/* A name that somebody has taken meanwhile: what was done before that is to be undone. */
	return r == -EEXIST ? -EBUSY : r;
}

static void netns_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_add(text, WGC_PHYSICAL ", resolv.conf as it is here now");
	wgc_str_add(equivalent, "ip netns add " WGC_PHYSICAL);
}

static void remove_resolv_conf(const struct wgc_sys *sys)
{
	char path[280], target[280];
	ssize_t n = readlink(RESOLV_CONF, target, sizeof(target) - 1);

	wgc_physical_file(sys, "etc/resolv.conf", path);
	if (n > 0) {
		target[n] = 0;
		if (!strcmp(target, path))
			unlink(RESOLV_CONF);
	}
	rmdir(ETC);
	unlink(path);
	wgc_physical_file(sys, "etc", path);
	rmdir(path);
}

/* The table is in there before the name is given; without one there is the mark of a device. */
static int has_our_table(struct wgc_sys *inside, struct wgc_err *err)
{
	WGC_AUTO_FREE char *text = NULL;

	return inside->nft_list(inside, "list table inet " WGC_PHYSICAL_TABLE, &text, NULL) == 0;
}

bool wgc_physical_is_ours(const struct wgc_sys *sys, const struct wgc_physical *p)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_link *v = NULL;
	bool ours = false;
	char name[16];
	size_t n = 0;

	if (a && wgc_nl_link_list(p->nl, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			ours |= wgc_physical_marked(v[i].alias, name) != NULL;
	wgc_arena_free(a);
	return ours || with_nft_inside(sys, p, has_our_table, NULL) > 0;
}

/* The name may be somebody else's by now: ours was deleted, or never came into being. */
static bool name_is_anothers(const struct wgc_undo *u, const struct wgc_past *past)
{
	const char *id = past->done ? json_string_value(json_object_get(past->done, "id")) : NULL;
	struct wgc_physical there = { .home = u->physical->home, .inside = -1 };
	struct wgc_ns_id was, is;
	bool anothers;

	/* It leads to nothing: one who was killed before he bound it leaves the file. */
	if (wgc_physical_open(&there, NULL, NULL) < 0)
		return false;
	if (id && wgc_ns_id_parse(id, &was) && wgc_ns_id_whole(there.inside, &is) == 0)
		anothers = !wgc_ns_id_equal(&was, &is);
	else
		anothers = !u->physical->ours && !wgc_physical_is_ours(u->sys, &there);
	wgc_physical_close(&there);
	return anothers;
}

static int netns_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	struct wgc_physical *p = u->physical;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_link *v = NULL;
	char name[16];
	size_t n = 0;
	int r = 0;

	/* It would take them along: what is in there as long as a process is, nobody finds. */
	if (a && p->nl && wgc_nl_link_list(p->nl, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n && !r; i++)
			if (wgc_physical_marked(v[i].alias, name))
				r = wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' is still in there", v[i].ifname);
	wgc_arena_free(a);
	if (r < 0)
		return r;
	wgc_physical_close(p);
	remove_resolv_conf(u->sys);
	return name_is_anothers(u, past) ? 0 : wgc_ns_unpin(WGC_PHYSICAL, err);
}

const struct wgc_step_def wgc_step_physical_netns = {
	.word = "physical.create",
	.sign = '+',
	.precheck = netns_precheck,
	.capture = netns_capture,
	.apply = netns_apply,
	.describe = netns_describe,
	.undo = netns_undo,
	.undo_text = "remove",
};

/* ---- the tunnel ------------------------------------------------------------------------------ */

static int tunnel_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v = NULL;
	size_t n = 0;
	int r = 0;

	if (!a)
		return wgc_err_nomem(err);
	if (wgc_plan_list(x->sys, a, &v, &n, NULL) < 0)
		n = 0;
	for (size_t i = 0; i < n && !r; i++)
		if (!strcmp(v[i].name, x->plan->profile->name) && v[i].finished) {
			r = wgc_err_set(err, WGC_E_EXISTS, EEXIST, "'%s' is up already, and sends its packets from here", v[i].name);
			wgc_err_hint(err, "take it down first: `wgctl down %s`", v[i].name);
		}
	wgc_arena_free(a);
	return r;
}

static int tunnel_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "ifname");
	wgc_json_str(j, x->plan->profile->name);
	return 0;
}

static struct wgc_run part_of(const struct wgc_run *run)
{
	return (struct wgc_run){ .confirm = run->confirm, .on_warning = run->on_warning, .on_finding = run->on_finding, .ctx = run->ctx,
				 .stop = run->stop, .wait_seconds = run->wait_seconds };
}

int wgc_physical_tunnel(struct wgc_exec *x, bool *ret_was_up, struct wgc_err *err)
{
	struct wgc_run run = part_of(x->run);
	int r;

	x->plan->physical->profile->socket_namespace.s = WGC_PHYSICAL;
	r = wgc_plan_up(x->sys, x->plan->physical->profile, &run, err);
	if (run.remains[0])
		wgc_physical_warn(x->run, "left of the tunnel: %s", run.remains);
	*ret_was_up = run.already_up;
	return r;
}

static int tunnel_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	bool was_up;

	return wgc_physical_tunnel(x, &was_up, err);
}

static void tunnel_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_addf(text, "%s on %s, born in " WGC_PHYSICAL, p->profile->name, p->profile->ifname);
	wgc_str_addf(equivalent, "wgctl up %s", p->profile->name);
}

static int tunnel_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	struct wgc_run run = part_of(u->run);
	struct wgc_err why = WGC_ERR_INIT;
	int r;

	/* What asks to stop has led here. */
	run.stop = NULL;
	run.unlock = u->run->unlock;
	r = wgc_plan_down(u->sys, wgc_record_str(past, "ifname"), &run, &why);
	if (run.locked)
		wgc_physical_warn(u->run, "the kill switch of '%s' is still in force: `wgctl down --unlock %s` ends it", wgc_record_str(past, "ifname"),
				  wgc_record_str(past, "ifname"));
	if (r < 0 && why.code != WGC_E_NOT_UP) {
		if (err)
			*err = why;
		return r;
	}
	return 0;
}

const struct wgc_step_def wgc_step_tunnel_up = {
	.word = "tunnel.up",
	.sign = '+',
	.precheck = tunnel_precheck,
	.capture = tunnel_capture,
	.apply = tunnel_apply,
	.describe = tunnel_describe,
	.undo = tunnel_undo,
	.undo_text = "down",
};
