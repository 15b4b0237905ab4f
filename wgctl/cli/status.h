/* SPDX-License-Identifier: GPL-2.0 */
/* status: one tunnel as it was found, for those who show it. */
#ifndef WGC_CLI_STATUS_H
#define WGC_CLI_STATUS_H

#include "cli/live.h"
#include "ns/ns.h"

enum wgc_health { WGC_NEVER, WGC_STALE, WGC_OK };
extern const char *const wgc_health_word[];

struct wgc_tunnel {
	const struct wgc_up_info *info; /* NULL: a device that wgctl did not make */
	const char *name, *ifname;
	struct wgc_device *device; /* NULL when it cannot be read */
	struct wgc_link link;	   /* ifindex 0: gone */
	struct wgc_ifaddr *addrs;
	size_t n_addrs;
	struct wgc_ns_user *users; /* who runs in its namespace, if that is its own */
	size_t n_users;
	struct wgc_names names; /* and the profile */
	size_t count[3];
	char problem[8][240];
	size_t n_problems;
	const char *next; /* command to try, in the arena */
};

enum wgc_health wgc_health_of(const struct wgc_peer *p, int64_t now);
/** "up", "gone", "unfinished" or "locked". */
const char *wgc_tunnel_state(const struct wgc_tunnel *t);
void wgc_tunnel_text(const struct wgc_ui *ui, const struct wgc_tunnel *t, bool brief, int64_t now, struct wgc_str *out);
/** All tunnels in the text format of Prometheus. */
void wgc_tunnels_prometheus(const struct wgc_tunnel *v, size_t n, struct wgc_str *out);
/** The @i-th metric: its name, type and what it tells; false past the last one. */
bool wgc_metric(size_t i, const char **ret_name, const char **ret_type, const char **ret_help);
void wgc_tunnel_json(const struct wgc_ui *ui, const struct wgc_tunnel *t, int64_t now, struct wgc_json *j);

#endif
