// SPDX-License-Identifier: GPL-2.0
/* The namespace of the devices, and finding a device by its mark, wherever it is. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "plan/physical/physical.h"

void wgc_physical_warn(struct wgc_run *run, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (run->on_warning)
		run->on_warning(run->ctx, text);
}

int wgc_physical_enter(const struct wgc_physical *p, struct wgc_err *err)
{
	return wgc_ns_enter(p->inside, err);
}

void wgc_physical_leave(const struct wgc_physical *p)
{
	wgc_ns_return(p->home);
}

static int open_by(const char *id_text)
{
	static const struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = WGC_PHYSICAL };
	char path[WGC_NS_PATH_MAX];
	struct wgc_ns_id id;
	int fd, r;

	if (!id_text) {
		r = wgc_ns_open(&ref, &fd, NULL);
		return r < 0 ? r : fd;
	}
	if (!wgc_ns_id_parse(id_text, &id))
		return -ENOENT;
	wgc_ns_path(WGC_PHYSICAL, path);
	return wgc_ns_find(&id, path);
}

int wgc_physical_open(struct wgc_physical *p, const char *id, struct wgc_err *err)
{
	int r;

	p->inside = open_by(id);
	if (p->inside < 0) {
		p->inside = -1;
		return -ENOENT;
	}
	r = wgc_physical_enter(p, err);
	if (r == 0) {
		r = wgc_nl_open(NULL, &p->nl, err);
		wgc_physical_leave(p);
	}
	if (r < 0)
		p->inside = wgc_close(p->inside);
	return r;
}

void wgc_physical_close(struct wgc_physical *p)
{
	p->nl = wgc_nl_close(p->nl);
	p->inside = wgc_close(p->inside);
}

const char *wgc_physical_marked(const char *alias, char out[static 16])
{
	size_t tag = strlen(WGC_PHYSICAL_TAG), len;

	if (strncmp(alias, WGC_PHYSICAL_TAG, tag))
		return NULL;
	alias += tag;
	len = strcspn(alias, ":");
	if (!len || len >= IFNAMSIZ)
		return NULL;
	memcpy(out, alias, len);
	out[len] = 0;
	return alias[len] ? alias + len + 1 : "";
}

bool wgc_physical_find(struct wgc_nl *nl, const char *name, struct wgc_link *ret)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_link *v;
	bool found = false;
	char marked[16];
	size_t n;

	if (a && wgc_nl_link_list(nl, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n && !found; i++) {
			found = wgc_physical_marked(v[i].alias, marked) && !strcmp(marked, name);
			if (found)
				*ret = v[i];
		}
	wgc_arena_free(a);
	return found;
}

static int name_again(struct wgc_sys *sys, const struct wgc_link *link, const char *name, struct wgc_err *err)
{
	struct wgc_link other;
	int r;

	if (!strcmp(link->ifname, name))
		return 0;
	if (link->flags & IFF_UP)
		wgc_nl_link_set(sys->nl, link->ifindex, 0, NULL, false, NULL);
	r = wgc_nl_link_rename(sys->nl, link->ifindex, name, err);
	if (r == -EEXIST && wgc_nl_link_get(sys->nl, name, &other, NULL) == 0) {
		wgc_err_set(err, WGC_E_EXISTS, EEXIST, "'%s' is called '%s' now, since another link has taken its name (%s)", name, link->ifname,
			    other.kind[0] ? other.kind : "a device");
		wgc_err_hint(err, "rename that one (`ip link set %s name ...`), then run `wgctl physical recover`", name);
	}
	return r;
}

/* Its radio has to go, and takes all its links along. */
static int radio_home(const struct wgc_physical *p, uint32_t ifindex, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_nic *v;
	int r = -ENOENT;
	size_t n;

	if (!a)
		return wgc_err_nomem(err);
	if (wgc_nl_nic_list(p->nl, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (v[i].link.ifindex == ifindex && v[i].phy >= 0)
				r = wgc_nl_wiphy_move(p->nl, (uint32_t)v[i].phy, p->home, err);
	wgc_arena_free(a);
	return r;
}

int wgc_physical_bring_home(struct wgc_sys *sys, const struct wgc_physical *p, const char *name, struct wgc_err *err)
{
	struct wgc_link link;
	int r;

	if (p->nl && wgc_physical_find(p->nl, name, &link)) {
		r = radio_home(p, link.ifindex, err);
		if (r == -ENOENT) {
			r = wgc_nl_link_move(p->nl, link.ifindex, p->home, name, err);
			/* Better home under a name of the kernel's than in a place that is about to go. */
			if (r == -EEXIST)
				r = wgc_nl_link_move(p->nl, link.ifindex, p->home, "dev%d", err);
		}
		if (r < 0)
			return r;
	}
	if (!wgc_physical_find(sys->nl, name, &link))
		return 0;
	return name_again(sys, &link, name, err);
}
