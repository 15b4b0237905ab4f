// SPDX-License-Identifier: GPL-2.0
/* happening: how one thing that happened reads. The names in JSON are in wgctl-json(5) and stay. */
#include "cli/monitor.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* ---- links ------------------------------------------------------------------- */

int wgc_links_list(struct wgc_links_seen *l, struct wgc_nl *nl, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_link *v;
	size_t n;
	int r;

	if (!a)
		return wgc_err_nomem(err);
	r = wgc_nl_link_list(nl, a, &v, &n, err);
	if (r == 0) {
		l->v = calloc(n ? n : 1, sizeof(*v));
		if (l->v) {
			memcpy(l->v, v, n * sizeof(*v));
			l->n = n;
		} else {
			r = wgc_err_nomem(err);
		}
	}
	wgc_arena_free(a);
	return r;
}

static struct wgc_link *find(const struct wgc_links_seen *l, uint32_t ifindex)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].ifindex == ifindex)
			return &l->v[i];
	return NULL;
}

const char *wgc_links_name(const struct wgc_links_seen *l, uint32_t ifindex)
{
	const struct wgc_link *link = ifindex ? find(l, ifindex) : NULL;

	return link ? link->ifname : NULL;
}

const char *wgc_links_note(struct wgc_links_seen *l, const struct wgc_event *e)
{
	const unsigned shown = IFF_UP | IFF_RUNNING;
	struct wgc_link *was = find(l, e->link.ifindex), *v;
	bool same;

	if (e->gone) {
		if (!was)
			return NULL;
		*was = l->v[--l->n];
		return "removed";
	}
	if (was) {
		same = was->mtu == e->link.mtu && (was->flags & shown) == (e->link.flags & shown) &&
		       !strcmp(was->ifname, e->link.ifname) && !strcmp(was->alias, e->link.alias);
		*was = e->link;
		return same ? NULL : "changed";
	}
	v = realloc(l->v, (l->n + 1) * sizeof(*v));
	if (!v)
		return NULL;
	l->v = v;
	l->v[l->n++] = e->link;
	return "added";
}

/* ---- words -------------------------------------------------------------------- */

static const struct {
	const char *event, *change;
} wg_words[] = {
	[WGC_PEER_ADDED] = { "peer", "added" },		[WGC_PEER_REMOVED] = { "peer", "removed" },
	[WGC_PEER_HANDSHAKE] = { "handshake", NULL },	[WGC_PEER_ENDPOINT] = { "endpoint", "changed" },
	[WGC_PEER_STALLED] = { "transfer", "stalled" }, [WGC_PEER_RESUMED] = { "transfer", "resumed" },
	[WGC_DEVICE_PORT] = { "device", "port" },	[WGC_DEVICE_MARK] = { "device", "mark" },
	[WGC_DEVICE_KEY] = { "device", "key" },
};
static const char *const event_words[] = { "link", "address", "route", "rule", "lost" };

static const char *event_of(const struct wgc_happening *h)
{
	return h->event ? event_words[h->event->kind] : wg_words[h->what].event;
}

static const char *change_of(const struct wgc_happening *h)
{
	if (h->event)
		return h->event->kind == WGC_EVENT_LOST ? NULL : h->change;
	return wg_words[h->what].change;
}

static const char *type_of(const struct wgc_route *r)
{
	static const char *const words[] = { "unspec",	  "unicast",	 "local",    "broadcast", "anycast", "multicast",
					     "blackhole", "unreachable", "prohibit", "throw",	  "nat" };

	return r->type < WGC_ARRAY_SIZE(words) ? words[r->type] : "other";
}

/* ---- text ---------------------------------------------------------------------- */

static void route_text(const struct wgc_route *r, struct wgc_str *out)
{
	char dst[WGC_PREFIX_TEXT];

	wgc_prefix_print(&r->dst, dst);
	wgc_str_addf(out, "%s%s%s", r->type == RTN_UNICAST ? "" : type_of(r), r->type == RTN_UNICAST ? "" : " ", dst);
	if (r->table != RT_TABLE_MAIN)
		wgc_str_addf(out, " table %u", r->table);
}

static void rule_text(const struct wgc_rule *r, struct wgc_str *out)
{
	wgc_str_addf(out, "%spriority %u ", r->family == AF_INET6 ? "inet6 " : "", r->priority);
	if (r->fwmask)
		wgc_str_addf(out, "%sfwmark 0x%x ", r->invert ? "not " : "", r->fwmark);
	wgc_str_addf(out, "table %u", r->table);
	if (r->suppress_prefixlen >= 0)
		wgc_str_addf(out, " suppress_prefixlength %d", r->suppress_prefixlen);
}

static void event_text(const struct wgc_event *e, struct wgc_str *out)
{
	char text[WGC_PREFIX_TEXT];

	switch (e->kind) {
	case WGC_EVENT_LINK:
		wgc_str_addf(out, "%s, mtu %u%s%s", e->link.flags & IFF_UP ? "up" : "down", e->link.mtu,
			     e->link.kind[0] ? ", " : "", e->link.kind);
		return;
	case WGC_EVENT_ADDR:
		wgc_prefix_print(&e->addr.prefix, text);
		wgc_str_add(out, text);
		return;
	case WGC_EVENT_ROUTE:
		route_text(&e->route, out);
		return;
	case WGC_EVENT_RULE:
		rule_text(&e->rule, out);
		return;
	case WGC_EVENT_LOST:
		wgc_str_add(out, "more happened than could be read");
	}
}

static void peer_text(const struct wgc_happening *h, struct wgc_str *out)
{
	const struct wgc_peer *p = h->is ? h->is : h->was;
	char key[WGC_KEY_BASE64], was[WGC_ENDPOINT_TEXT], is[WGC_ENDPOINT_TEXT];

	if (!p)
		return;
	if (h->name) {
		wgc_add_plain(out, h->name, strlen(h->name));
		wgc_str_addc(out, ' ');
	}
	wgc_key_print(&p->public_key, key);
	wgc_str_add(out, key);
	if (h->what == WGC_PEER_ENDPOINT) {
		wgc_sockaddr_print(&h->was->endpoint, was);
		wgc_sockaddr_print(&h->is->endpoint, is);
		wgc_str_addf(out, " %s -> %s", *was ? was : "(none)", is);
	} else if (h->what == WGC_PEER_STALLED) {
		wgc_str_addf(out, " nothing came for %d s though we sent", WGC_STALL_SECONDS);
	}
}

void wgc_happening_text(const struct wgc_happening *h, const struct timespec *now, bool color, struct wgc_str *out)
{
	const char *change = change_of(h);
	enum wgc_paint paint = WGC_PLAIN;
	char clock[16] = "";
	struct tm tm;

	if (change && (!strcmp(change, "removed") || !strcmp(change, "stalled")))
		paint = WGC_YELLOW;
	else if (!h->event && h->what == WGC_PEER_HANDSHAKE)
		paint = WGC_GREEN;
	if (localtime_r(&now->tv_sec, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	wgc_str_addf(out, "%s  %-15s  %s%-9s%s  %-8s  ", clock, h->ifname ? h->ifname : "-", wgc_paint(color, paint), event_of(h),
		     wgc_paint(color, WGC_PLAIN), change ? change : "");
	if (h->event)
		event_text(h->event, out);
	else
		peer_text(h, out);
	wgc_str_addc(out, '\n');
}

/* ---- json ------------------------------------------------------------------------ */

static void add_str(struct wgc_json *j, const char *key, const char *v)
{
	wgc_json_key(j, key);
	wgc_json_str(j, v);
}

static void add_uint(struct wgc_json *j, const char *key, uint64_t v)
{
	wgc_json_key(j, key);
	wgc_json_uint(j, v);
}

static void event_json(const struct wgc_event *e, struct wgc_json *j)
{
	char text[WGC_PREFIX_TEXT];

	switch (e->kind) {
	case WGC_EVENT_LINK:
		add_uint(j, "index", e->link.ifindex);
		add_str(j, "kind", e->link.kind[0] ? e->link.kind : NULL);
		add_uint(j, "mtu", e->link.mtu);
		wgc_json_key(j, "up");
		wgc_json_bool(j, e->link.flags & IFF_UP);
		return;
	case WGC_EVENT_ADDR:
		wgc_prefix_print(&e->addr.prefix, text);
		add_str(j, "address", text);
		return;
	case WGC_EVENT_ROUTE:
		wgc_prefix_print(&e->route.dst, text);
		add_str(j, "destination", text);
		add_uint(j, "table", e->route.table);
		add_str(j, "type", type_of(&e->route));
		add_uint(j, "metric", e->route.metric);
		add_uint(j, "protocol", e->route.protocol);
		return;
	case WGC_EVENT_RULE:
		add_uint(j, "family", e->rule.family == AF_INET6 ? 6 : 4);
		add_uint(j, "priority", e->rule.priority);
		add_uint(j, "table", e->rule.table);
		add_uint(j, "fwmark", e->rule.fwmark);
		add_uint(j, "fwmask", e->rule.fwmask);
		wgc_json_key(j, "not");
		wgc_json_bool(j, e->rule.invert);
		wgc_json_key(j, "suppress_prefixlength");
		if (e->rule.suppress_prefixlen >= 0)
			wgc_json_int(j, e->rule.suppress_prefixlen);
		else
			wgc_json_null(j);
		add_uint(j, "protocol", e->rule.protocol);
		return;
	case WGC_EVENT_LOST:
		return;
	}
}

static void peer_json(const struct wgc_happening *h, struct wgc_json *j)
{
	const struct wgc_peer *p = h->is ? h->is : h->was;
	char text[WGC_ENDPOINT_TEXT], key[WGC_KEY_BASE64];

	if (!p)
		return;
	wgc_key_print(&p->public_key, key);
	add_str(j, "public_key", key);
	add_str(j, "name", h->name);
	wgc_sockaddr_print(&p->endpoint, text);
	add_str(j, "endpoint", *text ? text : NULL);
	if (h->what == WGC_PEER_ENDPOINT) {
		wgc_sockaddr_print(&h->was->endpoint, text);
		add_str(j, "previous", *text ? text : NULL);
	}
	wgc_json_key(j, "last_handshake_seconds");
	wgc_json_int(j, p->last_handshake.tv_sec);
	add_uint(j, "rx_bytes", p->rx_bytes);
	add_uint(j, "tx_bytes", p->tx_bytes);
}

void wgc_happening_json(const struct wgc_happening *h, const struct timespec *now, struct wgc_str *out)
{
	struct wgc_json j = { .out = out, .compact = true };
	char when[32];

	wgc_time_text(now->tv_sec, when);
	wgc_json_object(&j);
	wgc_json_key(&j, "schema");
	wgc_json_int(&j, 1);
	add_str(&j, "time", when);
	add_uint(&j, "time_ms", (uint64_t)now->tv_sec * 1000 + (uint64_t)now->tv_nsec / 1000000);
	add_str(&j, "event", event_of(h));
	add_str(&j, "change", change_of(h));
	add_str(&j, "interface", h->ifname);
	if (h->event)
		event_json(h->event, &j);
	else
		peer_json(h, &j);
	wgc_json_object_end(&j);
	wgc_str_addc(out, '\n');
}
