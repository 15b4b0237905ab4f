// SPDX-License-Identifier: GPL-2.0
/*
 * Devices on their way: what each has is written down, each is marked and goes,
 * and what it had is put back where it arrives. The way home is the same in the
 * other direction: all of them first, then what they had, since a VLAN does not
 * come up without its device, nor a route without its link.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "plan/physical/physical.h"

/* ---- network.record ------------------------------------------------------------------ */

static void record_nic(const struct wgc_physical_nic *v, struct wgc_json *j)
{
	const struct wgc_link *link = &v->nic->link;

	wgc_json_object(j);
	wgc_json_key(j, "ifname");
	wgc_json_str(j, link->ifname);
	wgc_json_key(j, "ifindex");
	wgc_json_uint(j, link->ifindex);
	wgc_json_key(j, "up");
	wgc_json_bool(j, link->flags & IFF_UP);
	wgc_json_key(j, "mtu");
	wgc_json_uint(j, link->mtu);
	wgc_json_key(j, "master");
	wgc_json_str(j, v->master ?: "");
	wgc_json_key(j, "stacked");
	wgc_json_bool(j, v->verdict.stacked);
	wgc_json_key(j, "device");
	wgc_json_str(j, v->nic->parent);
	wgc_json_key(j, "altnames");
	wgc_json_array(j);
	for (size_t i = 0; i < v->nic->n_altnames; i++)
		wgc_json_str(j, v->nic->altnames[i]);
	wgc_json_array_end(j);
	wgc_json_key(j, "addresses");
	wgc_json_str(j, v->addrs);
	wgc_json_key(j, "sysctls");
	wgc_json_object(j);
	for (size_t i = 0; i < v->n_sysctls; i++) {
		wgc_json_key(j, v->sysctls[i].path);
		wgc_json_str(j, v->sysctls[i].value);
	}
	wgc_json_object_end(j);
	wgc_json_object_end(j);
}

static int record_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	const struct wgc_physical *p = x->plan->physical;

	wgc_json_key(j, "links");
	wgc_json_array(j);
	for (size_t i = 0; i < p->n; i++)
		if (wgc_physical_goes(&p->v[i]))
			record_nic(&p->v[i], j);
	wgc_json_array_end(j);
	wgc_json_key(j, "ways");
	wgc_json_str(j, p->routes);
	return 0;
}

static int record_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return 0;
}

static void record_describe(const struct wgc_plan *plan, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_physical *p = plan->physical;
	bool any = false;

	wgc_str_add(text, "names, addresses, routes, settings of ");
	for (size_t i = 0; i < p->n; i++)
		if (wgc_physical_goes(&p->v[i])) {
			wgc_str_addf(text, "%s%s", any ? ", " : "", p->v[i].nic->link.ifname);
			any = true;
		}
}

/* Only what is not so already: some settings act when they are written. */
static void set_sysctls(struct wgc_sys *sys, const json_t *values, const char *ifname, bool inside)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)values, key, value) {
		const char *name = strchr(key, '/');
		char path[160], now[128];

		/* Nothing is to pass through the namespace of the devices from one to another. */
		if (!name || (inside && !strcmp(name, "/forwarding")))
			continue;
		snprintf(path, sizeof(path), "net/%.*s/conf/%s%s", (int)(name - key), key, ifname, name);
		if (wgc_sysctl_read(sys, path, now, sizeof(now)) == 0 && strcmp(now, json_string_value(value) ?: ""))
			wgc_sysctl_write(sys, path, json_string_value(value) ?: now);
	}
}

static void put_altnames(struct wgc_undo *u, const json_t *o, const struct wgc_link *link)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_nic *v = NULL;
	size_t n = 0, i;
	json_t *name;

	if (!a || wgc_nl_nic_list(u->sys->nl, a, &v, &n, NULL) < 0)
		n = 0;
	json_array_foreach(json_object_get(o, "altnames"), i, name) {
		const char *want = json_string_value(name) ?: "";
		struct wgc_err why = WGC_ERR_INIT;
		bool has = false;

		for (size_t k = 0; k < n; k++)
			for (size_t m = 0; v[k].link.ifindex == link->ifindex && m < v[k].n_altnames; m++)
				has |= !strcmp(v[k].altnames[m], want);
		if (!has && wgc_nl_link_altname(u->sys->nl, link->ifindex, want, &why) < 0)
			wgc_physical_warn(u->run, "%s: %s", link->ifname, why.msg);
	}
	wgc_arena_free(a);
}

/* What a link had, but for its routes. */
static int put_back_one(struct wgc_undo *u, const json_t *o, const struct wgc_link *link, struct wgc_err *err)
{
	const struct wgc_renumber map = { wgc_record_int(o, "ifindex"), link->ifindex };
	const char *master = json_string_value(json_object_get(o, "master")) ?: "";
	uint32_t mtu = wgc_record_int(o, "mtu");
	bool up = json_is_true(json_object_get(o, "up"));
	struct wgc_link above;
	size_t left_out = 0;
	int r = 0;

	put_altnames(u, o, link);
	set_sysctls(u->sys, json_object_get(o, "sysctls"), link->ifname, false);
	if (*master && wgc_nl_link_get(u->sys->nl, master, &above, NULL) == 0)
		r = wgc_nl_link_master(u->sys->nl, link->ifindex, above.ifindex, err);
	r = wgc_nl_paste(u->sys->nl, json_string_value(json_object_get(o, "addresses")) ?: "", &map, 1, &left_out, err) ?: r;
	r = wgc_nl_link_set(u->sys->nl, link->ifindex, mtu == link->mtu ? 0 : mtu, NULL, up, err) ?: r;
	return r ?: left_out ? -EIO : 0;
}

static int untag(struct wgc_undo *u, const struct wgc_link *link, struct wgc_err *err)
{
	char name[16];
	const char *was = wgc_physical_marked(link->alias, name);

	return was ? wgc_nl_link_alias(u->sys->nl, link->ifindex, was, err) : 0;
}

/* @map: all links of the record, for the routes. */
static int put_back(struct wgc_undo *u, const json_t *links, struct wgc_renumber *map, struct wgc_err *err)
{
	int first = 0;
	size_t i;
	json_t *o;

	json_array_foreach((json_t *)links, i, o) {
		const char *name = json_string_value(json_object_get(o, "ifname")) ?: "";
		struct wgc_link link;
		int r = 0;

		/* Under another name it is not itself yet: what it had waits, and its mark stays. */
		if (wgc_physical_find(u->sys->nl, name, &link) && strcmp(link.ifname, name))
			r = wgc_err_set(first ? NULL : err, WGC_E_EXISTS, EEXIST, "'%s' is still called '%s'", name, link.ifname);
		else if (wgc_physical_find(u->sys->nl, name, &link))
			r = put_back_one(u, o, &link, first ? NULL : err);
		else if (wgc_nl_link_get(u->sys->nl, name, &link, NULL) < 0)
			link.ifindex = 0;
		if (!link.ifindex)
			wgc_physical_warn(u->run, "'%s' is not here any more%s", name,
					  json_is_true(json_object_get(o, "stacked")) ? ": it went with the namespace" : "");
		map[i] = (struct wgc_renumber){ wgc_record_int(o, "ifindex"), link.ifindex };
		first = first ?: r;
	}
	return first;
}

static int record_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	json_t *links = json_object_get(past->begun, "links"), *o;
	size_t n = json_array_size(links), n_here = 0, left_out = 0, i;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_renumber *map = NULL;
	struct wgc_link *here;
	int r = a ? wgc_nl_link_list(u->sys->nl, a, &here, &n_here, err) : wgc_err_nomem(err);

	if (r == 0)
		map = wgc_arena_alloc(a, (n + n_here) * sizeof(*map) + 1);
	if (!map) {
		wgc_arena_free(a);
		return r ?: wgc_err_nomem(err);
	}
	/* A route may go over one that stayed, too, whose number is what it was. */
	for (size_t k = 0; k < n_here; k++)
		map[n + k] = (struct wgc_renumber){ here[k].ifindex, here[k].ifindex };
	r = put_back(u, links, map, err);
	n += n_here;
	r = wgc_nl_paste(u->sys->nl, wgc_record_str(past, "ways"), map, n, &left_out, r ? NULL : err) ?: r;
	if (left_out)
		wgc_physical_warn(u->run, "%zu route%s could not be put back", left_out, left_out == 1 ? "" : "s");
	/* While there is a mark, there is something to come back for. */
	json_array_foreach(links, i, o) {
		struct wgc_link link;

		if (!r && wgc_physical_find(u->sys->nl, json_string_value(json_object_get(o, "ifname")) ?: "", &link))
			r = untag(u, &link, err);
	}
	wgc_arena_free(a);
	return r;
}

const struct wgc_step_def wgc_step_network_record = {
	.word = "network.record",
	.sign = '~',
	.capture = record_capture,
	.apply = record_apply,
	.describe = record_describe,
	.undo = record_undo,
	.undo_text = "put back",
};

/* ---- nic.move, wiphy.move ---------------------------------------------------------------- */

static const struct wgc_physical_nic *nic_of(const struct wgc_plan *plan, const struct wgc_step *s)
{
	return &plan->physical->v[s->first];
}

/* All links of the radio of the step's link. */
static bool same_radio(const struct wgc_plan *plan, const struct wgc_step *s, size_t i)
{
	const struct wgc_physical *p = plan->physical;

	return p->v[i].verdict.fate == WGC_FATE_RADIO && p->v[i].nic->phy == nic_of(plan, s)->nic->phy;
}

/* By its mark it is found again: one that has another's is not to go anywhere. */
static int move_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_physical *p = x->plan->physical;
	char name[16];

	for (size_t i = 0; i < p->n; i++) {
		const struct wgc_link *link = &p->v[i].nic->link;

		if ((i != s->first && !same_radio(x->plan, s, i)) || !wgc_physical_marked(link->alias, name) || !strcmp(name, link->ifname))
			continue;
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' bears the mark of '%s', which has come home without its name", link->ifname, name);
		wgc_err_hint(err, "`wgctl physical recover` gives it back");
		return -EBUSY;
	}
	return 0;
}

static int mark(struct wgc_sys *sys, const struct wgc_nic *nic, struct wgc_err *err)
{
	char alias[512], name[16];

	/* One that came back from a namespace that died bears it already. */
	if (wgc_physical_marked(nic->link.alias, name))
		return 0;
	snprintf(alias, sizeof(alias), WGC_PHYSICAL_TAG "%s%s%s", nic->link.ifname, nic->link.alias[0] ? ":" : "", nic->link.alias);
	alias[255] = 0;
	return wgc_nl_link_alias(sys->nl, nic->link.ifindex, alias, err);
}

static int arrived(struct wgc_physical *p, const struct wgc_nic *nic, struct wgc_err *err)
{
	struct wgc_link link;
	int r = 0;

	if (!wgc_physical_find(p->nl, nic->link.ifname, &link))
		return wgc_err_set(err, WGC_E_KERNEL, ENODEV, "'%s' did not arrive in the namespace '" WGC_PHYSICAL "'", nic->link.ifname);
	/* The kernel gives a wireless link another name when its own is taken there. */
	if (strcmp(link.ifname, nic->link.ifname))
		r = wgc_nl_link_rename(p->nl, link.ifindex, nic->link.ifname, err);
	/* It has moved: this is no step that found everything to be somebody else's. */
	return r == -EEXIST ? -EBUSY : r;
}

static int move_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "ifname");
	wgc_json_str(j, nic_of(x->plan, s)->nic->link.ifname);
	return 0;
}

static int move_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_physical *p = x->plan->physical;
	const struct wgc_nic *nic = nic_of(x->plan, s)->nic;
	int r = mark(x->sys, nic, err);

	r = r ?: wgc_nl_link_move(x->sys->nl, nic->link.ifindex, p->inside, nic->link.ifname, err);
	return r ?: arrived(p, nic, err);
}

static void move_describe(const struct wgc_plan *plan, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_physical_nic *v = nic_of(plan, s);

	wgc_str_addf(text, "%s (%s) to " WGC_PHYSICAL, v->nic->link.ifname, v->verdict.why);
	wgc_str_addf(equivalent, "ip link set %s netns " WGC_PHYSICAL, v->nic->link.ifname);
}

static int move_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	return wgc_physical_bring_home(u->sys, u->physical, wgc_record_str(past, "ifname"), err);
}

const struct wgc_step_def wgc_step_nic_move = {
	.word = "nic.move",
	.sign = '~',
	.precheck = move_precheck,
	.capture = move_capture,
	.apply = move_apply,
	.describe = move_describe,
	.undo = move_undo,
	.undo_text = "bring home",
};

static int wiphy_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	const struct wgc_physical *p = x->plan->physical;

	wgc_json_key(j, "radio");
	wgc_json_array(j);
	for (size_t i = 0; i < p->n; i++)
		if (same_radio(x->plan, s, i))
			wgc_json_str(j, p->v[i].nic->link.ifname);
	wgc_json_array_end(j);
	return move_capture(x, s, j, err);
}

static int wiphy_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_physical *p = x->plan->physical;
	int r = 0;

	for (size_t i = 0; i < p->n && !r; i++)
		if (same_radio(x->plan, s, i))
			r = mark(x->sys, p->v[i].nic, err);
	r = r ?: wgc_nl_wiphy_move(x->sys->nl, (uint32_t)nic_of(x->plan, s)->nic->phy, p->inside, err);
	for (size_t i = 0; i < p->n && !r; i++)
		if (same_radio(x->plan, s, i))
			r = arrived(p, p->v[i].nic, err);
	return r;
}

static void wiphy_describe(const struct wgc_plan *plan, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_physical *p = plan->physical;
	int32_t phy = nic_of(plan, s)->nic->phy;

	wgc_str_addf(text, "radio %d with", phy);
	for (size_t i = 0; i < p->n; i++)
		if (same_radio(plan, s, i))
			wgc_str_addf(text, " %s", p->v[i].nic->link.ifname);
	wgc_str_add(text, " to " WGC_PHYSICAL);
	wgc_str_addf(equivalent, "iw phy#%d set netns name " WGC_PHYSICAL, phy);
}

static int wiphy_undo(struct wgc_undo *u, const struct wgc_past *past, struct wgc_err *err)
{
	int first = 0;
	size_t i;
	json_t *name;

	json_array_foreach(json_object_get(past->begun, "radio"), i, name) {
		int r = wgc_physical_bring_home(u->sys, u->physical, json_string_value(name) ?: "", first ? NULL : err);

		first = first ?: r;
	}
	return first;
}

const struct wgc_step_def wgc_step_wiphy_move = {
	.word = "wiphy.move",
	.sign = '~',
	.precheck = move_precheck,
	.capture = wiphy_capture,
	.apply = wiphy_apply,
	.describe = wiphy_describe,
	.undo = wiphy_undo,
	.undo_text = "bring home",
};

/* ---- network.carry --------------------------------------------------------------------------- */

static int carry_one(struct wgc_exec *x, const struct wgc_physical_nic *v, struct wgc_renumber *map, struct wgc_err *err)
{
	struct wgc_physical *p = x->plan->physical;
	struct wgc_err why = WGC_ERR_INIT;
	size_t left_out = 0;
	struct wgc_link link;
	json_t *values;
	int r = wgc_nl_link_get(p->nl, v->nic->link.ifname, &link, err);

	if (r < 0)
		return r;
	*map = (struct wgc_renumber){ v->nic->link.ifindex, link.ifindex };
	values = json_object();
	for (size_t i = 0; values && i < v->n_sysctls; i++)
		json_object_set_new(values, v->sysctls[i].path, json_string(v->sysctls[i].value));
	r = wgc_physical_enter(p, err);
	if (r == 0) {
		set_sysctls(x->sys, values, link.ifname, true);
		wgc_physical_leave(p);
	}
	json_decref(values);
	r = r ?: wgc_nl_paste(p->nl, v->addrs, map, 1, &left_out, &why);
	if (left_out)
		wgc_physical_warn(x->run, "%s: %s", link.ifname, why.msg);
	return r ?: wgc_nl_link_set(p->nl, link.ifindex, 0, NULL, v->nic->link.flags & IFF_UP, err);
}

static int carry_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_physical *p = x->plan->physical;
	struct wgc_renumber *map = wgc_arena_alloc(p->arena, p->n * sizeof(*map) + 1);
	struct wgc_err why = WGC_ERR_INIT;
	size_t n = 0, left_out = 0;
	int r = map ? 0 : wgc_err_nomem(err);

	for (size_t i = 0; i < p->n && !r; i++)
		if (wgc_physical_goes(&p->v[i]))
			r = carry_one(x, &p->v[i], &map[n++], err);
	r = r ?: wgc_nl_paste(p->nl, p->routes, map, n, &left_out, &why);
	if (left_out)
		wgc_physical_warn(x->run, "%zu route%s could not be carried over: %s", left_out, left_out == 1 ? "" : "s", why.msg);
	return r ?: wgc_nl_paste(p->nl, p->rules, NULL, 0, NULL, NULL);
}

static void carry_describe(const struct wgc_plan *plan, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_add(text, "the same addresses, routes and rules in there; devices up");
}

const struct wgc_step_def wgc_step_network_carry = {
	.word = "network.carry",
	.sign = '+',
	.apply = carry_apply,
	.describe = carry_describe,
	.undo_text = "go with the devices",
};
