// SPDX-License-Identifier: GPL-2.0
/*
 * WireGuard devices by name: a live UAPI socket wins over a kernel device, as
 * with wg(8). A kernel without WireGuard is no obstacle to sockets.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <string.h>

#include "netlink/internal.h"
#include "netlink/uapi.h"

/* ---- the family ---------------------------------------------------------------- */

static int take_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	if (nlh->nlmsg_type != GENL_ID_CTRL || mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID && !wgc_nl_get_u16(attr, arg))
			return -EBADMSG;
	return 0;
}

int wgc_wg_family(struct wgc_nl *nl, uint16_t *ret, struct wgc_nl_fault *fault)
{
	uint8_t buf[64] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g;
	uint16_t id = 0;
	int r;

	if (!nl->wg_family) {
		nlh->nlmsg_type = GENL_ID_CTRL;
		g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
		g->cmd = CTRL_CMD_GETFAMILY;
		g->version = 1;
		mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
		r = wgc_nl_call(nl, NETLINK_GENERIC, nlh, take_family, &id, fault);
		if (r)
			return r;
		/* Below are the types of netlink itself. */
		if (id < NLMSG_MIN_TYPE)
			return wgc_nl_fault_set(fault, -EBADMSG);
		nl->wg_family = id;
	}
	*ret = nl->wg_family;
	return 0;
}

/* The family, or why @ifname cannot be reached without it: usually it is not there at all. */
static int need_family(struct wgc_nl *nl, const char *ifname, uint16_t *ret, struct wgc_err *err)
{
	struct wgc_nl_fault fault;
	struct wgc_link link;
	int r = wgc_wg_family(nl, ret, &fault);

	if (r != -ENOENT)
		return r ? wgc_nl_explain(err, WGC_OP_FAMILY, &fault, "cannot ask the kernel for WireGuard") : 0;
	r = wgc_nl_link_get(nl, ifname, &link, err);
	if (r)
		return r;
	wgc_err_set(err, WGC_E_NOT_UP, EOPNOTSUPP, "'%s' is not a WireGuard interface", ifname);
	wgc_err_hint(err, "this kernel has no WireGuard, and no userspace implementation answers for '%s'", ifname);
	return -EOPNOTSUPP;
}

/* ---- get, set, list --------------------------------------------------------------- */

static int check_name(const char *ifname, struct wgc_err *err)
{
	size_t len = strnlen(ifname, IFNAMSIZ);

	if (len && len < IFNAMSIZ && !strchr(ifname, '/'))
		return 0;
	return wgc_err_set(err, WGC_E_NOT_UP, ENODEV, "'%.32s' cannot be the name of an interface", ifname);
}

void wgc_nl_know_as(struct wgc_nl *nl, const char *ifname, const char *socket)
{
	snprintf(nl->link, sizeof(nl->link), "%s", ifname);
	snprintf(nl->socket, sizeof(nl->socket), "%s", socket);
}

const char *wgc_nl_known_as(const struct wgc_nl *nl, const char *ifname)
{
	return nl->link[0] && !strcmp(nl->link, ifname) ? nl->socket : ifname;
}

int wgc_wg_get(struct wgc_nl *nl, const char *ifname, struct wgc_arena *a, struct wgc_device **ret, struct wgc_err *err)
{
	uint16_t family;
	int r = check_name(ifname, err);

	if (r)
		return r;
	if (wgc_uapi_exists(wgc_nl_known_as(nl, ifname))) {
		r = wgc_uapi_get(wgc_nl_known_as(nl, ifname), a, ret, err);
		if (r == 0)
			snprintf((*ret)->ifname, sizeof((*ret)->ifname), "%s", ifname);
		return r;
	}
	r = need_family(nl, ifname, &family, err);
	if (r)
		return r;
	return wgc_wg_kernel_get(nl, family, ifname, a, ret, err);
}

static int set_as_it_is(struct wgc_nl *nl, const struct wgc_device *d, struct wgc_err *err)
{
	uint16_t family;
	int r = check_name(d->ifname, err);

	if (r)
		return r;
	if (wgc_uapi_exists(wgc_nl_known_as(nl, d->ifname))) {
		struct wgc_device known = *d;

		nl->changes++;
		snprintf(known.ifname, sizeof(known.ifname), "%s", wgc_nl_known_as(nl, d->ifname));
		r = wgc_uapi_set(&known, err);
		wgc_wipe(&known, sizeof(known));
		return r;
	}
	r = need_family(nl, d->ifname, &family, err);
	if (r)
		return r;
	return wgc_wg_kernel_set(nl, family, d, err);
}

/* Who does not know how to take an allowed IP away says so with either of two errors,
 * which mean other things as well: then the second try fails, too, and what it said counts. */
int wgc_wg_set(struct wgc_nl *nl, const struct wgc_device *d, struct wgc_err *err)
{
	struct wgc_device *have, whole;
	struct wgc_arena *a;
	int r = set_as_it_is(nl, d, err);

	if ((r != -EINVAL && r != -EOPNOTSUPP) || !wgc_wg_takes_away(d))
		return r;
	a = wgc_arena_new();
	if (a && wgc_wg_get(nl, d->ifname, a, &have, NULL) == 0 && wgc_wg_whole_lists(d, have, a, &whole) == 0) {
		struct wgc_err second = WGC_ERR_INIT;

		r = set_as_it_is(nl, &whole, &second);
		if (err)
			*err = second;
		wgc_wipe(&whole, sizeof(whole));
	}
	wgc_arena_free(a);
	return r;
}

static bool listed(char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

int wgc_wg_list(struct wgc_nl *nl, struct wgc_arena *a, char ***ret, size_t *ret_n, struct wgc_err *err)
{
	char **names = NULL, **sockets = NULL, **p;
	size_t n = 0, cap = 0, n_sockets = 0, n_links = 0, n_kernel;
	struct wgc_link *links = NULL;
	int r = wgc_nl_link_list(nl, a, &links, &n_links, err);

	if (!r)
		r = wgc_uapi_list(a, &sockets, &n_sockets, err);
	if (r)
		return r;
	for (size_t i = 0; i < n_links; i++) {
		if (strcmp(links[i].kind, WG_GENL_NAME))
			continue;
		p = wgc_arena_push(a, &names, &n, &cap, sizeof(*p));
		if (!p)
			return wgc_err_nomem(err);
		*p = links[i].ifname;
	}
	n_kernel = n;
	for (size_t i = 0; i < n_sockets; i++) {
		if (listed(names, n_kernel, sockets[i]))
			continue;
		p = wgc_arena_push(a, &names, &n, &cap, sizeof(*p));
		if (!p)
			return wgc_err_nomem(err);
		*p = sockets[i];
	}
	*ret = names;
	*ret_n = n;
	return 0;
}

bool wgc_wg_kernel_available(struct wgc_nl *nl)
{
	struct wgc_nl_fault fault = { 0 };
	uint16_t family;

	return wgc_wg_family(nl, &family, &fault) == 0;
}
