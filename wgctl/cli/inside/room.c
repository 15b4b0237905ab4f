// SPDX-License-Identifier: GPL-2.0
/* room: the namespace that a program goes into, and the name servers that it finds there. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/inside/inside.h"

#define MAX_TEXT (1u << 20)

int wgc_room_of_tunnel(const struct wgc_up_info *up, struct wgc_room *room, const char **ret_resolv_conf, struct wgc_err *err)
{
	char path[WGC_NS_PATH_MAX];
	struct wgc_ns_id id;
	int fd;

	if (!*up->home) {
		wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "the tunnel '%s' is not in a network namespace of its own", up->name);
		wgc_err_hint(err, "every program uses it as it is; InterfaceNamespace in its profile, or `wgctl run`, would put it into one");
		return -ENOENT;
	}
	wgc_ns_path(up->netns, path);
	fd = wgc_ns_id_parse(up->home_id, &id) ? wgc_ns_find(&id, *up->netns ? path : NULL) : -ENOENT;
	if (fd < 0) {
		wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "the network namespace of '%s' is gone, and the tunnel with it", up->name);
		wgc_err_hint(err, "`wgctl down %s && wgctl up %s` makes both anew", up->name, up->name);
		return -ENOENT;
	}
	*room = (struct wgc_room){ .net = fd, .name = up->name, .netns = up->netns };
	*ret_resolv_conf = up->resolv_conf;
	return 0;
}

int wgc_room_apart(const struct wgc_room *room, struct wgc_err *err)
{
	struct wgc_ns_id own, that;
	int fd = wgc_ns_own();
	bool same = fd >= 0 && wgc_ns_id(fd, &own) == 0 && wgc_ns_id(room->net, &that) == 0 && wgc_ns_id_equal(&own, &that);

	wgc_close(fd);
	if (same)
		wgc_err_set(err, WGC_E_EXISTS, EEXIST, "this is the network namespace that wgctl runs in: nothing would be apart");
	return same ? -EEXIST : 0;
}

/* From @servers, when these are given; else what the file says. -ENOENT without @err: there is none. */
static int resolvers(struct wgc_arena *a, const char *path, const char *servers, const char **ret, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	WGC_AUTO_FREE char *text = NULL;
	char *list, *save = NULL;
	size_t len;
	int r;

	if (!servers) {
		r = wgc_read_file(path, MAX_TEXT, &text, &len);
		if (r == -ENOENT)
			return r;
		if (r < 0)
			return wgc_err_set(err, WGC_E_IO, -r, "cannot read %s: %s", path, strerror(-r));
		*ret = wgc_arena_strdup(a, text);
		return *ret ? 0 : wgc_err_nomem(err);
	}
	list = wgc_arena_strdup(a, servers);
	for (char *one = list ? strtok_r(list, ",", &save) : NULL; one; one = strtok_r(NULL, ",", &save)) {
		unsigned char to[16];

		if (inet_pton(AF_INET, one, to) != 1 && inet_pton(AF_INET6, one, to) != 1)
			return wgc_err_set(err, WGC_E_USAGE, EINVAL, "'%s' is not the address of a name server", one);
		wgc_str_addf(&out, "nameserver %s\n", one);
	}
	if (list && !out.oom && !out.len) {
		wgc_err_set(err, WGC_E_USAGE, EINVAL, "--dns without the address of a name server");
		wgc_err_hint(err, "--no-dns is for none at all");
		return -EINVAL;
	}
	*ret = list && !out.oom ? wgc_arena_strdup(a, wgc_str_get(&out)) : NULL;
	return *ret ? 0 : wgc_err_nomem(err);
}

int wgc_room_dns(struct wgc_arena *a, const char *name, const char *path, const char *servers, bool none, struct wgc_room *room,
		 struct wgc_err *err)
{
	int r;

	if (none) {
		room->resolv_conf = "# no name server: --no-dns\n";
		return 0;
	}
	r = *path || servers ? resolvers(a, path, servers, &room->resolv_conf, err) : -ENOENT;
	if (r != -ENOENT)
		return r;
	/* `up` writes it if the profile has a DNS line. */
	wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "'%s' has no name servers of its own, and those of the machine are outside", name);
	wgc_err_hint(err, "--dns ADDRESS names one, --no-dns does without; the profile's DNS and %s are for good", *path ? path : "/etc/netns");
	return -ENOENT;
}
