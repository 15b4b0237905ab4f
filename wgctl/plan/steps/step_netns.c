// SPDX-License-Identifier: GPL-2.0
/*
 * The step that gives a new namespace its name; taking it back is for the end,
 * and only when nobody else uses it: whoever runs in there keeps it, and a later
 * `up` finds it and knows that it is ours.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/place.h"
#include "plan/steps/steps.h"

#define LOOPBACK 1 /* the index of `lo` in every namespace */

static int netns_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	char text[WGC_NS_ID_TEXT];
	struct wgc_ns_id id;
	int r = wgc_ns_id_whole(x->sys->place->home, &id);

	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot look at the new network namespace: %s", strerror(-r));
	wgc_ns_id_print(&id, text);
	wgc_json_key(j, "netns");
	wgc_json_str(j, x->sys->place->name);
	wgc_json_key(j, "id");
	wgc_json_str(j, text);
	return 0;
}

#define PING_GROUPS "net/ipv4/ping_group_range"

/* Who may ping without rights is a setting of the namespace, and nobody is its
 * default: those that may where the caller is may in there. It goes with it. */
static void let_ping(const struct wgc_sys *sys)
{
	char value[64];
	bool known;

	if (wgc_place_step_back(sys) < 0)
		return;
	known = wgc_sysctl_read(sys, PING_GROUPS, value, sizeof(value)) == 0;
	wgc_place_step_in(sys);
	if (known)
		wgc_sysctl_write(sys, PING_GROUPS, value);
}

static int netns_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_place *place = x->sys->place;
	int r = place->made ? wgc_ns_pin(place->name, place->home, err) : 0;

	if (r == 0 && place->made)
		let_ping(x->sys);
	if (r == 0)
		wgc_place_forget(x->sys, place->name);
	return r ?: wgc_nl_link_set(x->sys->nl, LOOPBACK, 0, NULL, true, err);
}

static void netns_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_add(text, p->facts->netns);
	wgc_str_addf(equivalent, "ip netns add %s && ip -n %s link set lo up", p->facts->netns, p->facts->netns);
}

/* Devices that a module puts into every namespace; nobody uses one that is down. */
static bool comes_by_itself(const struct wgc_link *l)
{
	static const char *const kinds[] = { "ipip", "gre", "gretap", "erspan", "sit", "ip6tnl", "ip6gre", "ip6gretap", "vti", "vti6" };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(kinds); i++)
		if (!strcmp(l->kind, kinds[i]))
			return !(l->flags & IFF_UP);
	return l->ifindex == LOOPBACK;
}

/* Our own children, left behind to wait for the kernel, are nobody; and whose program
 * is gone is about to end, though its namespace goes a moment later. */
static bool is_nobody(pid_t pid)
{
	struct stat us, them;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &them) < 0)
		return errno == ENOENT;
	return stat("/proc/self/exe", &us) == 0 && us.st_ino == them.st_ino && us.st_dev == them.st_dev;
}

/* Who is there, for people; empty when nobody is. -errno. */
static int describe_users(struct wgc_undo *u, const struct wgc_ns_id *id, struct wgc_str *out)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_ns_user *users = NULL;
	struct wgc_link *links = NULL;
	size_t n = 0, n_links = 0, shown = 0, more = 0;
	int r = a ? wgc_ns_users(id, a, &users, &n) : -ENOMEM;

	r = r ?: wgc_nl_link_list(u->sys->nl, a, &links, &n_links, NULL);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (is_nobody(users[i].pid))
			continue;
		if (shown < 3)
			wgc_str_addf(out, "%s%s (%d)", shown++ ? ", " : "", users[i].comm, (int)users[i].pid);
		else
			more++;
	}
	if (more)
		wgc_str_addf(out, " and %zu more", more);
	for (size_t i = 0; r == 0 && i < n_links; i++)
		if (!comes_by_itself(&links[i]))
			wgc_str_addf(out, "%slink %s", out->len ? ", " : "", links[i].ifname);
	wgc_arena_free(a);
	return r;
}

enum leads { NOWHERE, TO_OURS, ELSEWHERE };

/* Where the name leads by now. Killed between making its file and binding to it,
 * we left an empty file. */
static enum leads look(const char *name, const struct wgc_ns_id *id)
{
	const struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = name };
	struct wgc_ns_id got;
	WGC_AUTO_FD int fd = -1;

	if (wgc_ns_open(&ref, &fd, NULL) < 0)
		return NOWHERE;
	return wgc_ns_id_whole(fd, &got) == 0 && wgc_ns_id_equal(&got, id) ? TO_OURS : ELSEWHERE;
}

static int netns_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	const char *name = wgc_record_str(p, "netns");
	WGC_AUTO_STR struct wgc_str users = { 0 }, note = { 0 };
	enum leads where;
	struct wgc_ns_id id;
	int r;

	if (!wgc_ns_name_valid(name) || !wgc_ns_id_parse(wgc_record_str(p, "id"), &id))
		return wgc_err_set(err, WGC_E_INTERNAL, EBADMSG, "the journal names a namespace that cannot be");
	where = look(name, &id);
	if (where == ELSEWHERE)
		return 0;
	/* Entered, so there may be others. */
	if (where == TO_OURS && u->sys->place) {
		r = describe_users(u, &id, &users);
		if (r < 0)
			return wgc_err_set(err, WGC_E_IO, -r, "cannot look who uses the namespace '%s': %s", name, strerror(-r));
		if (users.len) {
			wgc_str_addf(&note, "the namespace '%s' stays, with %s in it; `wgctl netns delete %s` removes its name", name, users.s,
				     name);
			if (u->run->on_warning)
				u->run->on_warning(u->run->ctx, wgc_str_get(&note));
			wgc_place_remember(u->sys, name, &id);
			return 0;
		}
	}
	return wgc_ns_unpin(name, err);
}

const struct wgc_step_def wgc_step_netns = {
	.word = "netns.create",
	.sign = '+',
	.capture = netns_capture,
	.apply = netns_apply,
	.describe = netns_describe,
	.undo = netns_undo,
	.undo_text = "remove, if nobody is inside",
	.undo_last = true,
	.outlives = true,
};
