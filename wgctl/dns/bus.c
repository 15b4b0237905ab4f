// SPDX-License-Identifier: GPL-2.0
/* The system bus, and whether systemd-resolved is on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dns/bus.h"

#ifdef WGC_HAVE_LIBSYSTEMD

#define TIMEOUT_US 5000000ull /* for a question, however many calls it takes */
#define USUAL_SOCKET "/run/dbus/system_bus_socket" /* DBus specification, "System message bus" */

uint64_t wgc_dns_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t wgc_dns_talk_left(const struct wgc_dns_talk *t)
{
	uint64_t now = wgc_dns_now_us();

	/* 0 would mean "the usual time". */
	return now < t->deadline ? t->deadline - now : 1;
}

void wgc_dns_talk_again(struct wgc_dns_talk *t)
{
	t->deadline = wgc_dns_now_us() + TIMEOUT_US;
}

void wgc_dns_talk_done(struct wgc_dns_talk *t)
{
	if (t->bus)
		t->bus = wgc_sd.bus_close_unref(t->bus);
}

int wgc_dns_talk_error(struct wgc_err *err, int r, const sd_bus_error *e, const char *doing)
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
static int connect_bus(struct wgc_dns_talk *t, const char *address)
{
	int r;

	r = wgc_sd.bus_new(&t->bus);
	if (r >= 0)
		r = wgc_sd.bus_set_address(t->bus, address);
	if (r >= 0)
		r = wgc_sd.bus_set_bus_client(t->bus, true);
	if (r >= 0)
		r = wgc_sd.bus_start(t->bus);
	while (r >= 0 && (r = wgc_sd.bus_is_ready(t->bus)) == 0) {
		r = wgc_sd.bus_process(t->bus, NULL);
		if (r)
			continue;
		if (wgc_dns_now_us() >= t->deadline)
			return -ETIMEDOUT;
		r = wgc_sd.bus_wait(t->bus, wgc_dns_talk_left(t));
		if (r == -EINTR)
			r = 0;
	}
	return r < 0 ? r : 0;
}

int wgc_dns_talk_open(struct wgc_dns_talk *t, const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	const char *address = paths && paths->bus ? paths->bus : secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r;

	*t = (struct wgc_dns_talk){ .bus = NULL };
	wgc_dns_talk_again(t);
	/* Where there is no bus, the library need not be loaded to find that out. */
	r = !address && access(USUAL_SOCKET, F_OK) < 0 ? -errno : 0;
	if (r == 0 && !wgc_sd_load()) {
		wgc_err_set(err, WGC_E_UNSUPPORTED, EOPNOTSUPP, "libsystemd is not installed");
		return -EOPNOTSUPP;
	}
	r = r ?: connect_bus(t, address ?: "unix:path=" USUAL_SOCKET);
	if (r < 0) {
		wgc_dns_talk_done(t);
		return wgc_dns_talk_error(err, r, NULL, "the system's D-Bus cannot be reached");
	}
	return 0;
}

int wgc_dns_talk_call(struct wgc_dns_talk *t, sd_bus_message *m, sd_bus_error *e, sd_bus_message **ret_reply)
{
	return wgc_sd.bus_call(t->bus, m, wgc_dns_talk_left(t), e, ret_reply);
}

/* ---- is it there --------------------------------------------------------------- */

int wgc_dns_talk_netns(struct wgc_dns_talk *t, pid_t *ret_peer, struct wgc_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *reply = NULL;
	struct stat ours, theirs;
	char path[48];
	uint32_t pid = 0;
	int r;

	r = wgc_sd.bus_message_new_method_call(t->bus, &m, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
					   "GetConnectionUnixProcessID");
	if (r >= 0)
		r = wgc_sd.bus_message_append(m, "s", WGC_DNS_RESOLVE1);
	if (r >= 0)
		r = wgc_dns_talk_call(t, m, &e, &reply);
	if (r >= 0)
		r = wgc_sd.bus_message_read(reply, "u", &pid);
	if (r < 0) {
		wgc_dns_talk_error(err, r, &e, "the bus does not tell which process systemd-resolved is");
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
	wgc_sd.bus_error_free(&e);
	wgc_sd.bus_message_unref(reply);
	wgc_sd.bus_message_unref(m);
	return r < 0 ? r : 0;
}

int wgc_dns_resolved_ping(const struct wgc_dns_paths *paths, pid_t *ret_peer, struct wgc_err *err)
{
	WGC_CLEANUP(wgc_dns_talk_done) struct wgc_dns_talk t = { 0 };
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r;

	r = wgc_dns_talk_open(&t, paths, err);
	if (r < 0)
		return r;
	/* The bus may start it: one that is enabled is the resolver all the
	 * same while it is being restarted, or when we are early in a boot. */
	r = wgc_sd.bus_message_new_method_call(t.bus, &m, WGC_DNS_RESOLVE1, "/org/freedesktop/resolve1", "org.freedesktop.DBus.Peer", "Ping");
	if (r >= 0)
		r = wgc_dns_talk_call(&t, m, &e, NULL);
	if (r < 0)
		wgc_dns_talk_error(err, r, &e, "systemd-resolved does not answer on the bus");
	else
		r = wgc_dns_talk_netns(&t, ret_peer, err);
	wgc_sd.bus_error_free(&e);
	wgc_sd.bus_message_unref(m);
	return r;
}

#else

#include "dns/internal.h"

int wgc_dns_resolved_ping(const struct wgc_dns_paths *paths, pid_t *ret_peer, struct wgc_err *err)
{
	wgc_err_set(err, WGC_E_UNSUPPORTED, EOPNOTSUPP, "this wgctl was built without libsystemd");
	return -EOPNOTSUPP;
}

#endif
