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

#include <systemd/sd-bus.h>

#define TIMEOUT_US 5000000ull /* for a question, however many calls it takes */
#define LINK_US 2000000ull    /* for resolved to learn of a link that we have just made */
#define PAUSE_NS 20000000

#define RESOLVE1 "org.freedesktop.resolve1"
#define NETWORK1 "org.freedesktop.network1"

struct talk {
	sd_bus *bus;
	uint64_t deadline; /* monotonic, us */
	bool busy;	   /* networkd manages the link */
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t left(const struct talk *t)
{
	uint64_t now = now_us();

	/* 0 would mean "the usual time". */
	return now < t->deadline ? t->deadline - now : 1;
}

static void talk_done(struct talk *t)
{
	t->bus = sd_bus_close_unref(t->bus);
}

static int bus_error(struct wgc_err *err, int r, const sd_bus_error *e, const char *doing)
{
	enum wgc_code code = WGC_E_IO;

	if (r == -EACCES || r == -EPERM)
		code = WGC_E_PERM;
	else if (r == -ENOENT || r == -EHOSTUNREACH || r == -ECONNREFUSED)
		code = WGC_E_NOT_FOUND;
	wgc_err_set(err, code, -r, "%s: %s", doing, e && e->message ? e->message : strerror(-r));
	if (r == -ETIMEDOUT)
		wgc_err_hint(err, "`systemctl status systemd-resolved` tells what it is busy with");
	return r;
}

/* sd-bus waits a minute and a half for a bus that takes a connection and says
 * nothing; so its start is waited for here. */
static int connect_bus(struct talk *t, const char *address)
{
	int r;

	r = sd_bus_new(&t->bus);
	if (r >= 0)
		r = sd_bus_set_address(t->bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(t->bus, true);
	if (r >= 0)
		r = sd_bus_start(t->bus);
	while (r >= 0 && (r = sd_bus_is_ready(t->bus)) == 0) {
		r = sd_bus_process(t->bus, NULL);
		if (r)
			continue;
		if (now_us() >= t->deadline)
			return -ETIMEDOUT;
		r = sd_bus_wait(t->bus, left(t));
		if (r == -EINTR)
			r = 0;
	}
	return r < 0 ? r : 0;
}

static int talk_open(struct talk *t, const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	const char *address = paths && paths->bus ? paths->bus : secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r;

	*t = (struct talk){ .deadline = now_us() + TIMEOUT_US };
	r = connect_bus(t, address ?: "unix:path=/run/dbus/system_bus_socket");
	if (r < 0) {
		talk_done(t);
		return bus_error(err, r, NULL, "the system's D-Bus cannot be reached");
	}
	return 0;
}

static int call(struct talk *t, sd_bus_message *m, sd_bus_error *e, sd_bus_message **ret_reply)
{
	return sd_bus_call(t->bus, m, left(t), e, ret_reply);
}

/* ---- is it there --------------------------------------------------------------- */

/* -EXDEV when the peer lives in another network namespace than we. */
static int check_netns(struct talk *t, pid_t *ret_peer, struct wgc_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *reply = NULL;
	struct stat ours, theirs;
	char path[48];
	uint32_t pid = 0;
	int r;

	r = sd_bus_message_new_method_call(t->bus, &m, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
					   "GetConnectionUnixProcessID");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", RESOLVE1);
	if (r >= 0)
		r = call(t, m, &e, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "u", &pid);
	if (r < 0) {
		bus_error(err, r, &e, "the bus does not tell which process systemd-resolved is");
	} else {
		*ret_peer = (pid_t)pid;
		snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
		r = stat("/proc/self/ns/net", &ours) < 0 ? -errno : 0;
		/* Without root it cannot be looked at, and nothing can be changed either. */
		if (r == 0 && stat(path, &theirs) < 0)
			r = errno == EACCES || errno == EPERM ? 0 : -EXDEV;
		else if (r == 0 && (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev))
			r = -EXDEV;
		if (r < 0)
			wgc_err_set(err, WGC_E_NOT_FOUND, -r, "systemd-resolved serves another network namespace than this one");
	}
	sd_bus_error_free(&e);
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

int wgc_dns_resolved_ping(const struct wgc_dns_paths *paths, pid_t *ret_peer, struct wgc_err *err)
{
	WGC_CLEANUP(talk_done) struct talk t = { 0 };
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r;

	r = talk_open(&t, paths, err);
	if (r < 0)
		return r;
	/* The bus may start it: one that is enabled is the resolver all the
	 * same while it is being restarted, or when we are early in a boot. */
	r = sd_bus_message_new_method_call(t.bus, &m, RESOLVE1, "/org/freedesktop/resolve1", "org.freedesktop.DBus.Peer", "Ping");
	if (r >= 0)
		r = call(&t, m, &e, NULL);
	if (r < 0)
		bus_error(err, r, &e, "systemd-resolved does not answer on the bus");
	else
		r = check_netns(&t, ret_peer, err);
	sd_bus_error_free(&e);
	sd_bus_message_unref(m);
	return r;
}

/* ---- settings of a link ------------------------------------------------------------ */

static int add_servers(sd_bus_message *m, const struct wgc_dns_want *w)
{
	int r = sd_bus_message_open_container(m, 'a', "(iay)");

	for (size_t i = 0; r >= 0 && i < w->profile->n_dns_servers; i++) {
		const char *s = w->profile->dns_servers[i].s;
		char text[64];
		struct wgc_ip ip;

		/* A scope is this link's: the setting is. */
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(s, "%"), s);
		r = wgc_ip_parse(text, &ip);
		if (r >= 0)
			r = sd_bus_message_open_container(m, 'r', "iay");
		if (r >= 0)
			r = sd_bus_message_append(m, "i", (int)ip.family);
		if (r >= 0)
			r = sd_bus_message_append_array(m, 'y', ip.b, ip.family == AF_INET ? 4 : 16);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int add_domain(sd_bus_message *m, const char *domain)
{
	bool routed = *domain == '~';

	domain += routed;
	return sd_bus_message_append(m, "(sb)", *domain ? domain : ".", (int)routed);
}

static int add_domains(sd_bus_message *m, const struct wgc_dns_want *w)
{
	int r = sd_bus_message_open_container(m, 'a', "(sb)");

	for (size_t i = 0; r >= 0 && i < w->profile->n_dns_search; i++)
		r = add_domain(m, w->profile->dns_search[i].s);
	if (r >= 0 && w->added)
		r = add_domain(m, "~.");
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int add_default_route(sd_bus_message *m, const struct wgc_dns_want *w)
{
	return sd_bus_message_append(m, "b", (int)w->all);
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

static int call_once(struct talk *t, const struct method *method, int ifindex, const struct wgc_dns_want *w, sd_bus_error *e)
{
	sd_bus_message *m = NULL;
	int r;

	r = t->busy ? sd_bus_message_new_method_call(t->bus, &m, NETWORK1, "/org/freedesktop/network1", NETWORK1 ".Manager",
						     method->networkd) :
		      sd_bus_message_new_method_call(t->bus, &m, RESOLVE1, "/org/freedesktop/resolve1", RESOLVE1 ".Manager",
						     method->name);
	if (r >= 0)
		r = sd_bus_message_append(m, "i", ifindex);
	if (r >= 0)
		r = method->fill(m, w);
	if (r >= 0)
		r = call(t, m, e, NULL);
	sd_bus_message_unref(m);
	return r;
}

/* -ENODEV: the other side knows no such link. */
static int call_link(struct talk *t, const struct method *method, int ifindex, const struct wgc_dns_want *w, bool patient,
		     sd_bus_error *e)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t until = now_us() + LINK_US;
	int r;

	for (;;) {
		r = call_once(t, method, ifindex, w, e);
		if (r >= 0)
			return 0;
		if (sd_bus_error_has_name(e, RESOLVE1 ".LinkBusy") && !t->busy) {
			t->busy = true;
		} else if (sd_bus_error_has_name(e, RESOLVE1 ".NoSuchLink") ||
			   (t->busy && sd_bus_error_has_name(e, NETWORK1 ".NoSuchLink"))) {
			if (!patient || now_us() >= until)
				return -ENODEV;
			nanosleep(&pause, NULL);
		} else {
			return r;
		}
		sd_bus_error_free(e);
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
	WGC_CLEANUP(talk_done) struct talk t = { 0 };
	int ifindex = (int)if_nametoindex(ifname), r;
	pid_t peer;

	if (!ifindex)
		return wgc_err_set(err, WGC_E_NOT_FOUND, ENODEV, "there is no link '%s'", ifname);
	r = talk_open(&t, paths, err);
	/* Since planning somebody may have moved into another namespace: us. */
	r = r < 0 ? r : check_netns(&t, &peer, err);
	for (size_t i = 0; r == 0 && i < WGC_ARRAY_SIZE(set); i++) {
		sd_bus_error e = SD_BUS_ERROR_NULL;

		r = call_link(&t, &set[i], ifindex, w, true, &e);
		if (r < 0 && sd_bus_error_has_name(&e, SD_BUS_ERROR_UNKNOWN_METHOD) && set[i].fill == add_default_route) {
			/* Before systemd 240 `~.` alone says it. */
			r = 0;
		} else if (r < 0) {
			WGC_AUTO_STR struct wgc_str doing = { 0 };

			wgc_str_addf(&doing, "%s does not take the %s of %s", t.busy ? "systemd-networkd" : "systemd-resolved",
				     set[i].what, ifname);
			bus_error(err, r, &e, wgc_str_get(&doing));
			sd_bus_error_free(&e);
			t.deadline = now_us() + TIMEOUT_US;
			call_link(&t, &revert, ifindex, w, false, &e);
		}
		sd_bus_error_free(&e);
	}
	return r;
}

int wgc_dns_resolved_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	WGC_CLEANUP(talk_done) struct talk t = { 0 };
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
	r = talk_open(&t, paths, err);
	if (r < 0)
		/* Who is not there has no settings, and none come back: those
		 * on disk go when it starts and finds the link gone. */
		return r == -ENOENT || r == -ECONNREFUSED ? 0 : r;
	r = call_link(&t, &revert, (int)ifindex, NULL, false, &e);
	if (r == -ENODEV || sd_bus_error_has_name(&e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	    sd_bus_error_has_name(&e, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		r = 0;
	else if (r < 0)
		bus_error(err, r, &e, "systemd-resolved does not reset the link");
	sd_bus_error_free(&e);
	return r;
}

/* ---- is it still so ------------------------------------------------------------------- */

static int get_link(struct talk *t, int ifindex, char **ret_path, sd_bus_error *e)
{
	sd_bus_message *m = NULL, *reply = NULL;
	const char *path;
	int r;

	r = sd_bus_message_new_method_call(t->bus, &m, RESOLVE1, "/org/freedesktop/resolve1", RESOLVE1 ".Manager", "GetLink");
	if (r >= 0)
		r = sd_bus_message_append(m, "i", ifindex);
	if (r >= 0)
		r = call(t, m, e, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0) {
		*ret_path = strdup(path);
		r = *ret_path ? 0 : -ENOMEM;
	}
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
	return r;
}

/* 1 when the next elements of @reply are the wanted servers, and no more. */
static int same_servers(sd_bus_message *reply, const struct wgc_dns_want *w)
{
	size_t n = 0;
	int r = sd_bus_message_enter_container(reply, 'a', "(iay)");
	bool same = true;

	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "iay")) > 0) {
		const void *bytes = NULL;
		struct wgc_ip ip;
		char text[64];
		size_t len = 0;
		int family;

		r = sd_bus_message_read(reply, "i", &family);
		if (r >= 0)
			r = sd_bus_message_read_array(reply, 'y', &bytes, &len);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
		if (r < 0)
			break;
		if (n >= w->profile->n_dns_servers) {
			same = false;
			continue;
		}
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(w->profile->dns_servers[n].s, "%"), w->profile->dns_servers[n].s);
		same &= wgc_ip_parse(text, &ip) == 0 && ip.family == family && len == (family == AF_INET ? 4 : 16) &&
			!memcmp(bytes, ip.b, len);
		n++;
	}
	return r < 0 ? r : same && n == w->profile->n_dns_servers;
}

/* Names are equal whatever their case and with or without a dot at the end. */
static bool same_name(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	na -= na > 1 && a[na - 1] == '.';
	nb -= nb > 1 && b[nb - 1] == '.';
	return na == nb && !strncasecmp(a, b, na);
}

static int same_domains(sd_bus_message *reply, const struct wgc_dns_want *w)
{
	size_t n = 0, total = w->profile->n_dns_search + w->added;
	int r = sd_bus_message_enter_container(reply, 'a', "(sb)"), routed;
	const char *domain;
	bool same = true;

	while (r >= 0 && (r = sd_bus_message_read(reply, "(sb)", &domain, &routed)) > 0) {
		const char *want = n < w->profile->n_dns_search ? w->profile->dns_search[n].s : n < total ? "~." : NULL;

		n++;
		if (!want) {
			same = false;
			continue;
		}
		same &= routed == (*want == '~');
		want += *want == '~';
		same &= same_name(domain, *want ? want : ".");
	}
	return r < 0 ? r : same && n == total;
}

static int same_default_route(sd_bus_message *reply, const struct wgc_dns_want *w)
{
	int on, r = sd_bus_message_read(reply, "b", &on);

	return r < 0 ? r : !on == !w->all;
}

static const struct property {
	const char *name, *type, *what;
	int (*same)(sd_bus_message *reply, const struct wgc_dns_want *w);
} properties[] = {
	{ "DNS", "a(iay)", "other servers", same_servers },
	{ "Domains", "a(sb)", "other domains", same_domains },
	{ "DefaultRoute", "b", "another default route", same_default_route },
};

enum wgc_dns_effect wgc_dns_resolved_effect(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
					    char ret_why[static 256])
{
	WGC_CLEANUP(talk_done) struct talk t = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	sd_bus_error e = SD_BUS_ERROR_NULL;
	WGC_AUTO_FREE char *path = NULL;
	int ifindex = (int)if_nametoindex(ifname), r;
	enum wgc_dns_effect effect = WGC_DNS_EFFECT_YES;
	pid_t peer;

	if (!ifindex) {
		snprintf(ret_why, 256, "there is no link %s", ifname);
		return WGC_DNS_EFFECT_NO;
	}
	r = talk_open(&t, paths, &err);
	r = r < 0 ? r : check_netns(&t, &peer, &err);
	if (r < 0) {
		snprintf(ret_why, 256, "%s", err.msg);
		return WGC_DNS_EFFECT_UNKNOWN;
	}
	sd_bus_set_method_call_timeout(t.bus, TIMEOUT_US);
	r = get_link(&t, ifindex, &path, &e);
	snprintf(ret_why, 256, "systemd-resolved has the servers and domains of %s", ifname);
	for (size_t i = 0; r >= 0 && effect == WGC_DNS_EFFECT_YES && i < WGC_ARRAY_SIZE(properties); i++) {
		const struct property *p = &properties[i];
		sd_bus_message *reply = NULL;

		r = sd_bus_get_property(t.bus, RESOLVE1, path, RESOLVE1 ".Link", p->name, &e, &reply, p->type);
		if (r >= 0)
			r = p->same(reply, w);
		sd_bus_message_unref(reply);
		if (r == 0) {
			effect = WGC_DNS_EFFECT_NO;
			snprintf(ret_why, 256, "systemd-resolved has %s for %s", p->what, ifname);
		}
	}
	if (r < 0) {
		effect = WGC_DNS_EFFECT_UNKNOWN;
		snprintf(ret_why, 256, "systemd-resolved does not tell: %s", e.message ? e.message : strerror(-r));
	}
	sd_bus_error_free(&e);
	return effect;
}

#else

static int left_out(struct wgc_err *err)
{
	wgc_err_set(err, WGC_E_UNSUPPORTED, EOPNOTSUPP, "this wgctl was built without libsystemd: it cannot speak to systemd-resolved");
	wgc_err_hint(err, "systemd-resolved's own `resolvconf` serves instead: DNSMode = auto");
	return -EOPNOTSUPP;
}

int wgc_dns_resolved_ping(const struct wgc_dns_paths *paths, pid_t *ret_peer, struct wgc_err *err)
{
	return left_out(err);
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

enum wgc_dns_effect wgc_dns_resolved_effect(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
					    char ret_why[static 256])
{
	snprintf(ret_why, 256, "this wgctl was built without libsystemd");
	return WGC_DNS_EFFECT_UNKNOWN;
}

#endif
