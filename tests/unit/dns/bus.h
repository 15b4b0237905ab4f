/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bus with a systemd-resolved on it, in a child: it notes what it is asked in
 * the file `calls`, and the file `mode` tells it how to behave:
 *
 *   refuse METHOD    answer METHOD with an error
 *   late N           know the link only from the N-th question on
 *   busy             the link is networkd's
 *   old              no SetLinkDefaultRoute
 *   mute             take connections, say nothing
 *   absent           a bus without resolved
 *   dns ADDRESS      what Link.DNS says, instead of what was set
 */
#ifndef BUS_H
#define BUS_H

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

#include "unit/dns/make.h"

static pid_t bus_pid;
static unsigned bus_unknown;

static inline bool mode_is(const char *words)
{
	const char *mode = read_text("mode");

	return mode && !strncmp(mode, words, strlen(words));
}

static inline void note_call(const char *fmt, ...) WGC_PRINTF(1, 2);
static inline void note_call(const char *fmt, ...)
{
	FILE *f = fopen(in_dir("calls"), "a");
	va_list ap;

	if (!f)
		abort();
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
}

static inline void note_servers(sd_bus_message *m)
{
	const void *bytes;
	struct wgc_ip ip;
	char text[64];
	size_t len;
	int family;

	sd_bus_message_enter_container(m, 'a', "(iay)");
	while (sd_bus_message_enter_container(m, 'r', "iay") > 0) {
		memset(&ip, 0, sizeof(ip));
		sd_bus_message_read(m, "i", &family);
		sd_bus_message_read_array(m, 'y', &bytes, &len);
		sd_bus_message_exit_container(m);
		ip.family = (uint8_t)family;
		memcpy(ip.b, bytes, len);
		wgc_ip_print(&ip, text);
		note_call(" %s", text);
	}
}

static inline void note_arguments(sd_bus_message *m, const char *method)
{
	const char *domain;
	int n, on;

	sd_bus_message_read(m, "i", &n);
	note_call("%s %d", method, n);
	if (!strcmp(method, "SetLinkDNS")) {
		note_servers(m);
	} else if (!strcmp(method, "SetLinkDomains")) {
		sd_bus_message_enter_container(m, 'a', "(sb)");
		while (sd_bus_message_read(m, "(sb)", &domain, &on) > 0)
			note_call(" %s%s", on ? "~" : "", domain);
	} else if (!strcmp(method, "SetLinkDefaultRoute")) {
		sd_bus_message_read(m, "b", &on);
		note_call(" %d", on);
	}
	note_call("\n");
}

/* The properties of the link: 10.0.0.1 for corp.example and ~lab.example. */
static inline int get_property(sd_bus_message *m)
{
	const char *interface, *name;
	sd_bus_message *reply = NULL;
	struct wgc_ip ip;
	int r;

	sd_bus_message_read(m, "ss", &interface, &name);
	sd_bus_message_new_method_return(m, &reply);
	if (!strcmp(name, "DNS")) {
		wgc_ip_parse(mode_is("dns ") ? "10.0.0.9" : "10.0.0.1", &ip);
		sd_bus_message_open_container(reply, 'v', "a(iay)");
		sd_bus_message_open_container(reply, 'a', "(iay)");
		sd_bus_message_open_container(reply, 'r', "iay");
		sd_bus_message_append(reply, "i", AF_INET);
		sd_bus_message_append_array(reply, 'y', ip.b, 4);
		sd_bus_message_close_container(reply);
		sd_bus_message_close_container(reply);
		sd_bus_message_close_container(reply);
	} else if (!strcmp(name, "Domains")) {
		sd_bus_message_append(reply, "v", "a(sb)", 2, "corp.example", 0, "LAB.example", 1);
	} else {
		sd_bus_message_append(reply, "v", "b", mode_is("default") ? 1 : 0);
	}
	r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static inline int bus_answer(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
	const char *method = sd_bus_message_get_member(m), *to = sd_bus_message_get_destination(m);
	bool networkd = to && !strcmp(to, "org.freedesktop.network1");
	char refused[64];

	if (!sd_bus_message_is_method_call(m, NULL, NULL))
		return 1;
	if (!strcmp(method, "Hello"))
		return sd_bus_reply_method_return(m, "s", ":1.7");
	if (!strcmp(method, "GetConnectionUnixProcessID"))
		return sd_bus_reply_method_return(m, "u", (uint32_t)getpid());
	if (mode_is("absent"))
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_SERVICE_UNKNOWN, "The name %s is not activatable", to);
	if (!strcmp(method, "Ping"))
		return sd_bus_reply_method_return(m, NULL);
	if (!strcmp(method, "GetLink"))
		return sd_bus_reply_method_return(m, "o", "/org/freedesktop/resolve1/link/_31");
	if (!strcmp(method, "Get"))
		return get_property(m);
	if (networkd)
		note_call("networkd ");
	note_arguments(m, method);
	snprintf(refused, sizeof(refused), "refuse %s", method);
	if (mode_is(refused))
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS, "Not today, %s", method);
	if (mode_is("late") && bus_unknown++ < 3)
		return sd_bus_reply_method_errorf(m, "org.freedesktop.resolve1.NoSuchLink", "Link 1 not known");
	if (mode_is("never"))
		return sd_bus_reply_method_errorf(m, "org.freedesktop.resolve1.NoSuchLink", "Link 1 not known");
	if (mode_is("busy") && !networkd)
		return sd_bus_reply_method_errorf(m, "org.freedesktop.resolve1.LinkBusy", "Link lo is managed.");
	if (mode_is("old") && !strcmp(method, "SetLinkDefaultRoute"))
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "Unknown method");
	return sd_bus_reply_method_return(m, NULL);
}

static inline void bus_serve(int fd)
{
	sd_bus *bus = NULL;
	sd_id128_t id = { { 1 } };
	int r;

	if (mode_is("mute")) {
		pause();
		return;
	}
	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 || sd_bus_set_server(bus, true, id) < 0 ||
	    sd_bus_set_anonymous(bus, true) < 0 || sd_bus_add_filter(bus, NULL, bus_answer, NULL) < 0 || sd_bus_start(bus) < 0)
		abort();
	do {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	} while (r >= 0);
	sd_bus_flush_close_unref(bus);
}

/* Returns the bus' address. */
static inline const char *bus_start(void)
{
	static char address[300];
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", in_dir("bus"));
	snprintf(address, sizeof(address), "unix:path=%s", sa.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 8) < 0)
		abort();
	fflush(stdout);
	bus_pid = fork();
	if (bus_pid == 0) {
		for (;;)
			bus_serve(accept(fd, NULL, NULL));
	}
	close(fd);
	return address;
}

static inline void bus_stop(void)
{
	kill(bus_pid, SIGKILL);
	waitpid(bus_pid, NULL, 0);
	unlink(in_dir("bus"));
	unlink(in_dir("calls"));
	unlink(in_dir("mode"));
}

#endif
