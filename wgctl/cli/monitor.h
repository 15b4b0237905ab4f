/* SPDX-License-Identifier: GPL-2.0 */
/* monitor: one thing that happened, as a line of text or of JSON; and which links there are. */
#ifndef WGC_CLI_MONITOR_H
#define WGC_CLI_MONITOR_H

#include <time.h>

#include "netlink/netlink.h"

/* Either an event of the kernel, or a change of a WireGuard device. */
struct wgc_happening {
	const struct wgc_event *event; /* NULL: what, was, is */
	const char *change;	       /* of an event: "added", "changed", "removed" */
	enum wgc_wg_change what;
	const struct wgc_peer *was, *is;
	const char *ifname; /* NULL: none */
	const char *name;   /* of the peer, or NULL */
};
void wgc_happening_text(const struct wgc_happening *h, const struct timespec *now, bool color, struct wgc_str *out);
void wgc_happening_json(const struct wgc_happening *h, const struct timespec *now, struct wgc_str *out);

/* The links, to name them by index and to tell a new one from a changed one. */
struct wgc_links_seen {
	struct wgc_link *v; /* heap */
	size_t n;
};
int wgc_links_list(struct wgc_links_seen *l, struct wgc_nl *nl, struct wgc_err *err);
/** Take in an event: "added", "changed" or "removed"; NULL when nothing that matters has changed. */
const char *wgc_links_note(struct wgc_links_seen *l, const struct wgc_event *e);
/** NULL when there is none. */
const char *wgc_links_name(const struct wgc_links_seen *l, uint32_t ifindex);

#endif
