// SPDX-License-Identifier: GPL-2.0
/*
 * The resolved backend's side of the conversation, with a model of resolved
 * that can be told to misbehave. The real one has tests of its own (bats).
 */
#include <time.h>

#include "dns/internal.h"

#ifndef WGC_HAVE_LIBSYSTEMD

#include "unit/dns/make.h"

int main(void)
{
	struct wgc_err err = WGC_ERR_INIT;
	pid_t peer;

	is_int(wgc_dns_resolved_ping(NULL, &peer, &err), -EOPNOTSUPP);
	ok(strstr(err.msg, "libsystemd") != NULL);
	return tap_done();
}

#else

#include "unit/dns/bus.h"

static struct wgc_dns_paths paths;
static struct wgc_err err;

static void mode(const char *text)
{
	write_text("mode", text, 0644);
	unlink(in_dir("calls"));
	err = (struct wgc_err)WGC_ERR_INIT;
}

static int apply(const struct wgc_profile *p)
{
	return wgc_dns_apply(WGC_DNS_BACKEND_RESOLVED, "lo", p, &paths, NULL, &err);
}

static int restore(const char *inverse)
{
	return wgc_dns_restore(WGC_DNS_BACKEND_RESOLVED, "lo", inverse, &paths, NULL, &err);
}

static double seconds(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - since->tv_sec) + (double)(now.tv_nsec - since->tv_nsec) / 1e9;
}

static void conversation(void)
{
	struct wgc_profile p = servers("10.0.0.1", "fe80::1%lo"), none = servers(NULL, NULL);
	WGC_AUTO_FREE char *inverse = NULL;

	mode("");
	is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVED, "lo", &paths, &inverse, &err), 0);
	ok(!strncmp(inverse, "1 ", 2));
	ok(!read_text("calls"));
	is_int(apply(&p), 0);
	is_str(read_text("calls"), "SetLinkDomains 1 corp.example ~lab.example\nSetLinkDefaultRoute 1 0\nSetLinkDNS 1 10.0.0.1 fe80::1\n");
	mode("");
	p.n_dns_search = 0;
	is_int(apply(&p), 0);
	is_str(read_text("calls"), "SetLinkDomains 1 ~.\nSetLinkDefaultRoute 1 1\nSetLinkDNS 1 10.0.0.1 fe80::1\n");
	mode("");
	is_int(apply(&none), 0);
	ok(!read_text("calls"));
	is_int(restore(inverse), 0);
	is_str(read_text("calls"), "RevertLink 1\n");
	/* Links that are not there any more, or that were another namespace's. */
	mode("");
	is_int(restore("99999 1"), 0);
	is_int(restore("1 1"), 0);
	ok(!read_text("calls"));
	is_int(restore("nonsense"), -EBADMSG);
	is_int(restore(NULL), -EBADMSG);
	is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVED, "no-such-link", &paths, &inverse, &err), -ENODEV);
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVED, "no-such-link", &p, &paths, NULL, &err), -ENODEV);
}

static void refusals(void)
{
	struct wgc_profile p = servers("10.0.0.1", NULL);
	WGC_AUTO_FREE char *inverse = NULL;

	is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVED, "lo", &paths, &inverse, &err), 0);
	/* What was set before the refusal is taken back; the bus' own words are kept. */
	mode("refuse SetLinkDNS");
	ok(apply(&p) < 0);
	is_str(err.msg, "systemd-resolved does not take the servers of lo: Not today, SetLinkDNS");
	is_str(read_text("calls"), "SetLinkDomains 1 corp.example ~lab.example\nSetLinkDefaultRoute 1 0\nSetLinkDNS 1 10.0.0.1\nRevertLink 1\n");
	mode("refuse RevertLink");
	ok(restore(inverse) < 0);
	ok(strstr(err.msg, "Not today, RevertLink") != NULL);
	/* An old one needs no default route. */
	mode("old");
	is_int(apply(&p), 0);
	/* It learns of a new link a moment later than we. */
	mode("late");
	is_int(apply(&p), 0);
	ok(read_text("calls") && !strncmp(read_text("calls"), "SetLinkDomains 1 corp.example ~lab.example\nSetLinkDomains 1 ", 60));
	mode("never");
	is_int(apply(&p), -ENODEV);
	ok(strstr(err.msg, "Link 1 not known") != NULL);
	mode("never");
	is_int(restore(inverse), 0);
	/* networkd's link: through networkd. */
	mode("busy");
	is_int(apply(&p), 0);
	is_str(read_text("calls"), "SetLinkDomains 1 corp.example ~lab.example\n"
				   "networkd SetLinkDomains 1 corp.example ~lab.example\n"
				   "networkd SetLinkDefaultRoute 1 0\nnetworkd SetLinkDNS 1 10.0.0.1\n");
	mode("busy");
	is_int(restore(inverse), 0);
	is_str(read_text("calls"), "RevertLink 1\nnetworkd RevertLinkDNS 1\n");
}

static void absence(void)
{
	struct wgc_dns_paths nowhere = { .bus = "unix:path=/nonexistent/bus" };
	struct wgc_profile p = servers("10.0.0.1", NULL);
	WGC_AUTO_FREE char *inverse = NULL;
	struct timespec since;
	pid_t peer = 0;

	mode("");
	is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVED, "lo", &paths, &inverse, &err), 0);
	is_int(wgc_dns_resolved_ping(&paths, &peer, &err), 0);
	is_int(peer, bus_pid);
	is_int(wgc_dns_resolved_ping(&nowhere, &peer, &err), -ENOENT);
	is_int(err.code, WGC_E_NOT_FOUND);
	is_int(wgc_dns_restore(WGC_DNS_BACKEND_RESOLVED, "lo", inverse, &nowhere, NULL, &err), 0);
	mode("absent");
	ok(wgc_dns_resolved_ping(&paths, &peer, &err) < 0);
	ok(strstr(err.msg, "is not activatable") != NULL);
	ok(apply(&p) < 0);
	is_int(restore(inverse), 0);
	/* A bus that says nothing costs seconds, not minutes. */
	bus_stop();
	mode("mute");
	paths.bus = bus_start();
	clock_gettime(CLOCK_MONOTONIC, &since);
	is_int(wgc_dns_resolved_ping(&paths, &peer, &err), -ETIMEDOUT);
	ok(seconds(&since) > 4 && seconds(&since) < 8);
	ok(strstr(err.msg, "cannot be reached: Connection timed out") != NULL);
	bus_stop();
	mode("");
	paths.bus = bus_start();
}

static void effects(void)
{
	struct wgc_profile p = servers("10.0.0.1", NULL);
	struct wgc_dns_paths nowhere = { .bus = "unix:path=/nonexistent/bus" };
	char why[256];

	mode("");
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVED, "lo", &p, &paths, why), WGC_DNS_EFFECT_YES);
	ok(!read_text("calls"));
	mode("dns 10.0.0.9");
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVED, "lo", &p, &paths, why), WGC_DNS_EFFECT_NO);
	is_str(why, "systemd-resolved has other servers for lo");
	mode("default");
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVED, "lo", &p, &paths, why), WGC_DNS_EFFECT_NO);
	is_str(why, "systemd-resolved has another default route for lo");
	mode("");
	p.n_dns_search = 1;
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVED, "lo", &p, &paths, why), WGC_DNS_EFFECT_NO);
	is_str(why, "systemd-resolved has other domains for lo");
	p = servers("10.0.0.1", "10.0.0.2");
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVED, "lo", &p, &paths, why), WGC_DNS_EFFECT_NO);
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVED, "lo", &p, &nowhere, why), WGC_DNS_EFFECT_UNKNOWN);
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVED, "no-such-link", &p, &paths, why), WGC_DNS_EFFECT_NO);
}

int main(void)
{
	make_dir();
	mode("");
	paths.bus = bus_start();
	conversation();
	refusals();
	absence();
	effects();
	bus_stop();
	remove_dir();
	return tap_done();
}

#endif
