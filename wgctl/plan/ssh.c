// SPDX-License-Identifier: GPL-2.0
/*
 * Is the caller here over SSH, and would the plan move the way back to him?
 * The client's address is in SSH_CONNECTION; sudo takes that out of the
 * environment, but not out of our ancestors'; and where even that is gone, an
 * ancestor is sshd and has a connection.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ns/ns.h"
#include "plan/internal.h"

#define ANCESTORS 32
#define TCP_ESTABLISHED 1

/* "203.0.113.9 51000 10.0.0.1 22" */
static bool client_of(const char *value, struct wgc_ip *ret)
{
	char host[WGC_IP_TEXT + IFNAMSIZ];

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(value, " "), value);
	/* The scope of a link-local address says nothing about routes. */
	host[strcspn(host, "%")] = 0;
	return wgc_ip_parse(host, ret) == 0;
}

static bool from_environ(pid_t pid, struct wgc_ip *ret)
{
	static const char name[] = "SSH_CONNECTION=";
	WGC_AUTO_FREE char *text = NULL;
	char path[64];
	bool found = false;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (wgc_read_file(path, 1u << 20, &text, &len) < 0)
		return false;
	for (char *s = text; s < text + len && !found; s += strlen(s) + 1)
		if (!strncmp(s, name, sizeof(name) - 1))
			found = client_of(s + sizeof(name) - 1, ret);
	/* It is somebody's environment: who knows what is in it. */
	wgc_wipe(text, len);
	return found;
}

static bool has_socket(pid_t pid, unsigned long inode)
{
	char path[320], want[48], link[48];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, e->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			continue;
		link[n] = 0;
		found = !strcmp(link, want);
	}
	if (d)
		closedir(d);
	return found;
}

/* /proc/net/tcp: the bytes of an address as numbers of the machine's own order. */
static bool remote_of(const char *hex, uint8_t family, struct wgc_ip *ret)
{
	struct wgc_ip ip = { .family = family };
	unsigned words = family == AF_INET ? 1 : 4;

	for (unsigned i = 0; i < words; i++) {
		uint32_t word;

		if (sscanf(hex + i * 8, "%8x", &word) != 1)
			return false;
		memcpy(ip.b + i * 4, &word, 4);
	}
	/* An IPv4 client of a socket that takes both. */
	if (family == AF_INET6 && !memcmp(ip.b, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) {
		struct wgc_ip v4 = { .family = AF_INET };

		memcpy(v4.b, ip.b + 12, 4);
		ip = v4;
	}
	*ret = ip;
	return true;
}

static bool from_sshd(pid_t pid, struct wgc_ip *ret)
{
	static const struct {
		const char *file;
		uint8_t family;
	} v[] = { { "tcp", AF_INET }, { "tcp6", AF_INET6 } };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		WGC_AUTO_FREE char *text = NULL;
		char path[64], *save = NULL;
		size_t len;

		snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, v[i].file);
		if (wgc_read_file(path, 64u << 20, &text, &len) < 0)
			continue;
		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char remote[40];
			unsigned state;
			unsigned long inode;

			if (sscanf(line, " %*d: %*s %39[0-9A-F]:%*x %x %*s %*s %*s %*d %*d %lu", remote, &state, &inode) == 3 &&
			    state == TCP_ESTABLISHED && has_socket(pid, inode) && remote_of(remote, v[i].family, ret))
				return true;
		}
	}
	return false;
}

bool wgc_ssh_client(struct wgc_ip *ret)
{
	const char *own = getenv("SSH_CONNECTION");
	pid_t pid = getpid();
	char comm[32];

	if (own && client_of(own, ret))
		return true;
	pid = wgc_ns_parent(pid, NULL);
	for (int i = 0; i < ANCESTORS && pid > 1; i++) {
		pid_t up;

		if (from_environ(pid, ret))
			return true;
		up = wgc_ns_parent(pid, comm);
		if (!strncmp(comm, "sshd", 4) && from_sshd(pid, ret))
			return true;
		pid = up;
	}
	return false;
}

/* ---- would its way move ------------------------------------------------------------ */

static int best_of(const struct wgc_route *v, size_t n, uint32_t table, const struct wgc_prefix *host, const struct wgc_route **ret)
{
	int best = -1;

	for (size_t i = 0; i < n; i++)
		if (v[i].table == table && v[i].dst.len >= best + 1 && wgc_prefix_covers(&v[i].dst, host)) {
			best = v[i].dst.len;
			*ret = &v[i];
		}
	return best;
}

bool wgc_plan_moves(const struct wgc_plan *p, const struct wgc_ip *client)
{
	const struct wgc_prefix host = { .ip = *client, .len = wgc_ip_bits(client) };
	const struct wgc_routes_desired *w = &p->want;
	const struct wgc_routes_facts *f = &p->facts->routing;
	const struct wgc_route *now = NULL, *then = NULL;
	bool policy = client->family == AF_INET ? w->policy4 : w->policy6;
	int have = best_of(f->routes, f->n_routes, RT_TABLE_MAIN, &host, &now);
	int want = best_of(w->routes, w->n_routes, RT_TABLE_MAIN, &host, &then);

	if (want > have && then->type == RTN_UNICAST)
		return true;
	/* The main table keeps what it has better than a default route for. */
	if (!policy || have > 0)
		return false;
	want = best_of(w->routes, w->n_routes, w->table, &host, &then);
	return want >= 0 && then->type != RTN_THROW;
}

void wgc_ssh_warn(const struct wgc_plan *p, const struct wgc_run *run, struct wgc_nl *nl, uint32_t ifindex)
{
	const char *reload = ifindex ? "reload" : "up";
	struct wgc_route now = { .oif = 0 };
	struct wgc_ip client;
	char text[WGC_IP_TEXT], line[400];
	bool in, will;

	if (run->confirm || !run->on_warning || !wgc_ssh_client(&client))
		return;
	if (run->lockdown) {
		run->on_warning(run->ctx, "you are here over SSH: this session hangs from now on, unless the local network or an "
					  "ExcludeIPs line leads to where you are");
		return;
	}
	in = ifindex && wgc_nl_route_lookup(nl, &client, 0, &now, NULL) == 0 && now.oif == ifindex;
	will = wgc_plan_moves(p, &client);
	if (in == will)
		return;
	wgc_ip_print(&client, text);
	snprintf(line, sizeof(line),
		 "you are here over SSH from %s, and packets to that address are %s from now on; should this session "
		 "hang, `wgctl %s --confirm 60 %s` would undo itself after a minute", text,
		 will ? "to take the tunnel" : "to leave beside the tunnel", reload, p->profile->name);
	run->on_warning(run->ctx, line);
}
