// SPDX-License-Identifier: GPL-2.0
/*
 * The systemd-resolved backend: settings of one link, by its index, over the
 * system bus. resolved forgets them with the link, keeps them over its own
 * restart (in /run/systemd/resolve/netif), and knows which names go where, so
 * neither a saved original nor a program is needed.
 *
 * A link that systemd-networkd manages belongs to networkd: resolved says
 * LinkBusy and networkd, which has the same methods, takes the settings.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dns/bus.h"
#include "dns/internal.h"

/* Recorded where the link lives: in another namespace its number is another link's. */
static unsigned long long netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? (unsigned long long)st.st_ino : 0;
}

int wgc_dns_resolved_capture(const char *ifname, char **ret_inverse, struct wgc_err *err)
{
	unsigned ifindex = if_nametoindex(ifname);
	char *text;

	if (!ifindex)
		return wgc_err_set(err, WGC_E_NOT_FOUND, ENODEV, "there is no link '%s'", ifname);
	if (asprintf(&text, "%u %llu", ifindex, netns()) < 0)
		return wgc_err_nomem(err);
	*ret_inverse = text;
	return 0;
}

#ifdef WGC_HAVE_LIBSYSTEMD

#define LINK_US 2000000ull /* for resolved to learn of a link that we have just made */
#define PAUSE_NS 20000000

static int add_servers(sd_bus_message *m, const struct wgc_dns_want *w)
{
	int r = wgc_sd.bus_message_open_container(m, 'a', "(iay)");

	for (size_t i = 0; r >= 0 && i < w->profile->n_dns_servers; i++) {
		const char *s = w->profile->dns_servers[i].s;
		char text[64];
		struct wgc_ip ip;

		/* A scope is this link's: the setting is. */
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(s, "%"), s);
		r = wgc_ip_parse(text, &ip);
		if (r >= 0)
			r = wgc_sd.bus_message_open_container(m, 'r', "iay");
		if (r >= 0)
			r = wgc_sd.bus_message_append(m, "i", (int)ip.family);
		if (r >= 0)
			r = wgc_sd.bus_message_append_array(m, 'y', ip.b, ip.family == AF_INET ? 4 : 16);
		if (r >= 0)
			r = wgc_sd.bus_message_close_container(m);
	}
	return r < 0 ? r : wgc_sd.bus_message_close_container(m);
}

static int add_domain(sd_bus_message *m, const char *domain)
{
	bool routed = *domain == '~';

	domain += routed;
	return wgc_sd.bus_message_append(m, "(sb)", *domain ? domain : ".", (int)routed);
}

static int add_domains(sd_bus_message *m, const struct wgc_dns_want *w)
{
	int r = wgc_sd.bus_message_open_container(m, 'a', "(sb)");

	for (size_t i = 0; r >= 0 && i < w->profile->n_dns_search; i++)
		r = add_domain(m, w->profile->dns_search[i].s);
	if (r >= 0 && w->added)
		r = add_domain(m, "~.");
	return r < 0 ? r : wgc_sd.bus_message_close_container(m);
}

static int add_default_route(sd_bus_message *m, const struct wgc_dns_want *w)
{
	return wgc_sd.bus_message_append(m, "b", (int)w->all);
}

static int add_nothing(sd_bus_message *m, const struct wgc_dns_want *w)
{
	return 0;
}

struct method {
	const char *name, *networkd; /* its name there */
	const char *what;
	int (*fill)(sd_bus_message *m, const struct wgc_dns_want *w);
};

static int call_once(struct wgc_dns_talk *t, const struct method *method, int ifindex, const struct wgc_dns_want *w, sd_bus_error *e)
{
	sd_bus_message *m = NULL;
	int r;

	r = t->busy ? wgc_sd.bus_message_new_method_call(t->bus, &m, WGC_DNS_NETWORK1, "/org/freedesktop/network1", WGC_DNS_NETWORK1 ".Manager",
						     method->networkd) :
		      wgc_sd.bus_message_new_method_call(t->bus, &m, WGC_DNS_RESOLVE1, "/org/freedesktop/resolve1", WGC_DNS_RESOLVE1 ".Manager",
						     method->name);
	if (r >= 0)
		r = wgc_sd.bus_message_append(m, "i", ifindex);
	if (r >= 0)
		r = method->fill(m, w);
	if (r >= 0)
		r = wgc_dns_talk_call(t, m, e, NULL);
	wgc_sd.bus_message_unref(m);
	return r;
}

/* -ENODEV: the other side knows no such link. */
static int call_link(struct wgc_dns_talk *t, const struct method *method, int ifindex, const struct wgc_dns_want *w, bool patient,
		     sd_bus_error *e)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t until = wgc_dns_now_us() + LINK_US;
	int r;

	for (;;) {
		r = call_once(t, method, ifindex, w, e);
		if (r >= 0)
			return 0;
		if (wgc_sd.bus_error_has_name(e, WGC_DNS_RESOLVE1 ".LinkBusy") && !t->busy) {
			t->busy = true;
		} else if (wgc_sd.bus_error_has_name(e, WGC_DNS_RESOLVE1 ".NoSuchLink") ||
			   (t->busy && wgc_sd.bus_error_has_name(e, WGC_DNS_NETWORK1 ".NoSuchLink"))) {
			if (!patient || wgc_dns_now_us() >= until)
				return -ENODEV;
			nanosleep(&pause, NULL);
		} else {
			return r;
		}
		wgc_sd.bus_error_free(e);
	}
}

static const struct method revert = { "RevertLink", "RevertLinkDNS", "reset", add_nothing };

/* Domains before servers: servers without domains would for a moment be those
 * of all names, and a query for one that is none of theirs would get there. */
static const struct method set[] = {
	{ "SetLinkDomains", "SetLinkDomains", "domains", add_domains },
	{ "SetLinkDefaultRoute", "SetLinkDefaultRoute", "default route", add_default_route },
	{ "SetLinkDNS", "SetLinkDNS", "servers", add_servers },
};

int wgc_dns_resolved_apply(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
			   struct wgc_err *err)
{
	WGC_CLEANUP(wgc_dns_talk_done) struct wgc_dns_talk t = { 0 };
	int ifindex = (int)if_nametoindex(ifname), r;
	pid_t peer;

	if (!ifindex)
		return wgc_err_set(err, WGC_E_NOT_FOUND, ENODEV, "there is no link '%s'", ifname);
	r = wgc_dns_talk_open(&t, paths, err);
	/* Since planning somebody may have moved into another namespace: us. */
	r = r < 0 ? r : wgc_dns_talk_netns(&t, &peer, err);
	for (size_t i = 0; r == 0 && i < WGC_ARRAY_SIZE(set); i++) {
		sd_bus_error e = SD_BUS_ERROR_NULL;

		r = call_link(&t, &set[i], ifindex, w, true, &e);
		if (r < 0 && wgc_sd.bus_error_has_name(&e, SD_BUS_ERROR_UNKNOWN_METHOD) && set[i].fill == add_default_route) {
			/* Before systemd 240 `~.` alone says it. */
			r = 0;
		} else if (r < 0) {
			WGC_AUTO_STR struct wgc_str doing = { 0 };

			wgc_str_addf(&doing, "%s does not take the %s of %s", t.busy ? "systemd-networkd" : "systemd-resolved",
				     set[i].what, ifname);
			wgc_dns_talk_error(err, r, &e, wgc_str_get(&doing));
			wgc_sd.bus_error_free(&e);
			wgc_dns_talk_again(&t);
			call_link(&t, &revert, ifindex, w, false, &e);
		}
		wgc_sd.bus_error_free(&e);
	}
	return r;
}

int wgc_dns_resolved_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	WGC_CLEANUP(wgc_dns_talk_done) struct wgc_dns_talk t = { 0 };
	sd_bus_error e = SD_BUS_ERROR_NULL;
	unsigned long long ns = 0;
	char name[IF_NAMESIZE];
	unsigned ifindex = 0;
	int r;

	if (!inverse || sscanf(inverse, "%u %llu", &ifindex, &ns) != 2 || !ifindex)
		return wgc_err_set(err, WGC_E_INTERNAL, EBADMSG, "the journal does not say which link's resolvers to reset");
	/* resolved forgets a link with the link, and a namespace takes its links
	 * along: a number that means another link by now is not looked at. */
	if (ns != netns() || !if_indextoname(ifindex, name))
		return 0;
	r = wgc_dns_talk_open(&t, paths, err);
	if (r < 0)
		/* Who is not there has no settings, and none come back: those
		 * on disk go when it starts and finds the link gone. */
		return r == -ENOENT || r == -ECONNREFUSED ? 0 : r;
	r = call_link(&t, &revert, (int)ifindex, NULL, false, &e);
	if (r == -ENODEV || wgc_sd.bus_error_has_name(&e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	    wgc_sd.bus_error_has_name(&e, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		r = 0;
	else if (r < 0)
		wgc_dns_talk_error(err, r, &e, "systemd-resolved does not reset the link");
	wgc_sd.bus_error_free(&e);
	return r;
}

#else

static int left_out(struct wgc_err *err)
{
	wgc_err_set(err, WGC_E_UNSUPPORTED, EOPNOTSUPP, "this wgctl was built without libsystemd: it cannot speak to systemd-resolved");
	wgc_err_hint(err, "systemd-resolved's own `resolvconf` serves instead: DNSMode = auto");
	return -EOPNOTSUPP;
}

int wgc_dns_resolved_apply(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
			   struct wgc_err *err)
{
	return left_out(err);
}

int wgc_dns_resolved_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	return left_out(err);
}

#endif
