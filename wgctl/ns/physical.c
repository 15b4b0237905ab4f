// SPDX-License-Identifier: GPL-2.0
/*
 * Which links lead to a wire. A device does, and so does what stands on one: a
 * VLAN that is left behind when its device has gone to another namespace keeps
 * sending through it. What has neither is a matter of this machine.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "ns/internal.h"

static bool listed(const char *const *list, const struct wgc_nic *nic)
{
	for (; list && *list; list++) {
		if (!strcmp(*list, nic->link.ifname))
			return true;
		for (size_t i = 0; i < nic->n_altnames; i++)
			if (!strcmp(*list, nic->altnames[i]))
				return true;
	}
	return false;
}

static int all_there(const struct wgc_nic *v, size_t n, const char *const *list, struct wgc_err *err)
{
	for (; list && *list; list++) {
		const char *const one[] = { *list, NULL };
		bool found = false;

		for (size_t i = 0; i < n && !found; i++)
			found = listed(one, &v[i]);
		if (!found) {
			wgc_err_set(err, WGC_E_NOT_FOUND, ENODEV, "there is no link '%s'", *list);
			wgc_err_hint(err, "`ip -br link` shows those that are there");
			return -ENODEV;
		}
	}
	return 0;
}

static bool kind_is(const struct wgc_nic *nic, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (!strcmp(nic->link.kind, *kinds))
			return true;
	return false;
}

/* Kinds that the kernel keeps in the namespace where they were made. */
static const char *const bound[] = { "bridge", "bond", "team", "vrf", "batadv", "openvswitch", NULL };
/* Kinds that stand on one link, and are the same above it in any namespace. */
static const char *const stackable[] = { "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", NULL };

static const struct wgc_nic *by_index(const struct wgc_nic *v, size_t n, uint32_t ifindex)
{
	for (size_t i = 0; ifindex && i < n; i++)
		if (v[i].link.ifindex == ifindex)
			return &v[i];
	return NULL;
}

static bool goes(const struct wgc_ns_verdict *d)
{
	return d->fate == WGC_FATE_MOVES || d->fate == WGC_FATE_RADIO;
}

static void by_itself(const struct wgc_nic *nic, const struct wgc_ns_wish *wish, struct wgc_ns_verdict *d)
{
	if (nic->link.flags & IFF_LOOPBACK) {
		snprintf(d->why, sizeof(d->why), "loopback");
	} else if (listed(wish->leave, nic)) {
		d->named = true;
		snprintf(d->why, sizeof(d->why), "left as asked: it may send in clear");
	} else if (nic->phy >= 0) {
		d->fate = WGC_FATE_RADIO;
		snprintf(d->why, sizeof(d->why), "wireless, goes with radio %d", nic->phy);
	} else if (nic->parent[0]) {
		d->fate = WGC_FATE_MOVES;
		snprintf(d->why, sizeof(d->why), "device %s", nic->parent);
	} else if (listed(wish->take, nic)) {
		d->fate = WGC_FATE_MOVES;
		d->named = true;
		snprintf(d->why, sizeof(d->why), "taken as asked");
	} else {
		snprintf(d->why, sizeof(d->why), "virtual%s%s", nic->link.kind[0] ? ", " : "", nic->link.kind);
	}
}

/* What stands on a link that goes, goes too, or keeps it from going. True when that changed something. */
static bool by_lower(const struct wgc_nic *v, size_t n, size_t i, struct wgc_ns_verdict *out)
{
	const struct wgc_nic *lower = v[i].lower_elsewhere ? NULL : by_index(v, n, v[i].lower);

	if (!lower || out[i].fate != WGC_FATE_STAYS || out[i].named || !goes(&out[lower - v]))
		return false;
	if (kind_is(&v[i], stackable)) {
		out[i].fate = WGC_FATE_MOVES;
		out[i].stacked = true;
		snprintf(out[i].why, sizeof(out[i].why), "%s on %s", v[i].link.kind, lower->link.ifname);
	} else {
		out[i].fate = WGC_FATE_REFUSED;
		snprintf(out[i].why, sizeof(out[i].why), "a %s link on %s would keep sending through it: delete it, or keep %s here with --leave",
			 v[i].link.kind[0] ? v[i].link.kind : "virtual", lower->link.ifname, lower->link.ifname);
	}
	return true;
}

/* What keeps a link that should go. */
static void by_obstacles(const struct wgc_nic *v, size_t n, size_t i, struct wgc_ns_verdict *d)
{
	const struct wgc_nic *master = by_index(v, n, v[i].master);

	if (d->fate != WGC_FATE_MOVES && d->fate != WGC_FATE_RADIO)
		return;
	if (d->fate == WGC_FATE_MOVES && (v[i].immutable || kind_is(&v[i], bound))) {
		d->fate = WGC_FATE_REFUSED;
		snprintf(d->why, sizeof(d->why), "the kernel does not let it leave its namespace%s%s", v[i].link.kind[0] ? ": it is a " : "",
			 v[i].link.kind);
	} else if (master) {
		d->fate = WGC_FATE_REFUSED;
		snprintf(d->why, sizeof(d->why), "a port of the %s %s, which cannot leave its namespace: `ip link set %s nomaster` first",
			 master->link.kind[0] ? master->link.kind : "link", master->link.ifname, v[i].link.ifname);
	}
}

int wgc_ns_classify(const struct wgc_nic *v, size_t n, const struct wgc_ns_wish *wish, struct wgc_ns_verdict *out, struct wgc_err *err)
{
	bool again = true;
	int r = wish->some_gone ? 0 : all_there(v, n, wish->take, err) ?: all_there(v, n, wish->leave, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct wgc_ns_verdict){ .fate = WGC_FATE_STAYS };
		by_itself(&v[i], wish, &out[i]);
	}
	/* VLANs on VLANs: until nothing more follows. */
	while (again) {
		again = false;
		for (size_t i = 0; i < n; i++)
			again |= by_lower(v, n, i, out);
	}
	for (size_t i = 0; i < n; i++)
		by_obstacles(v, n, i, &out[i]);
	return 0;
}
