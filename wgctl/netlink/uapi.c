// SPDX-License-Identifier: GPL-2.0
/*
 * The client of the UAPI protocol. Whole configurations pass through small
 * buffers that are wiped, since they hold keys.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "netlink/netlink.h"
#include "netlink/uapi.h"

/* How long the other side may make no progress at all: a stopped process must
 * not hang us for ever, a busy one has a hundred thousand peers to chew on. */
#define STALL_SECONDS 30
/* Far above any real device (a million peers is some 400 MB of text). */
#define REPLY_MAX (1ULL << 31)
/* Beyond these wireguard-go says EINVAL, with all before them in place. */
#define GO_MAX_PEERS 65536

int wgc_uapi_path(const char *ifname, char *ret, size_t size)
{
	size_t len = strlen(ifname);

	if (!len || len >= IFNAMSIZ || strchr(ifname, '/') || !strcmp(ifname, ".") || !strcmp(ifname, ".."))
		return -EINVAL;
	if ((size_t)snprintf(ret, size, WGC_UAPI_DIR "/%s.sock", ifname) >= size)
		return -EINVAL;
	return 0;
}

int wgc_uapi_connect(const char *ifname, bool tidy)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = STALL_SECONDS };
	WGC_AUTO_FD int fd = -1;
	struct stat st;
	int r;

	r = wgc_uapi_path(ifname, addr.sun_path, sizeof(addr.sun_path));
	if (r)
		return r;
	if (lstat(addr.sun_path, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		r = -errno;
		if (r == -ECONNREFUSED && tidy)
			unlink(addr.sun_path);
		return r;
	}
	r = fd;
	fd = -1;
	return r;
}

bool wgc_uapi_exists(const char *ifname)
{
	WGC_AUTO_FD int fd = wgc_uapi_connect(ifname, true);

	/* One that is not for us is there all the same, and says so. */
	return fd >= 0 || fd == -EACCES || fd == -EPERM;
}

static int open_socket(const char *ifname, struct wgc_err *err)
{
	int fd = wgc_uapi_connect(ifname, true);

	switch (fd) {
	case -ENOENT:
	case -ECONNREFUSED:
	case -EINVAL:
		return wgc_err_set(err, WGC_E_NOT_UP, ENODEV, "there is no userspace implementation for '%s'", ifname);
	case -EACCES:
	case -EPERM:
		wgc_err_set(err, WGC_E_PERM, -fd, "no permission to talk to the userspace implementation of '%s'", ifname);
		wgc_err_hint(err, "run this as root");
		return fd;
	}
	if (fd < 0)
		return wgc_err_set(err, WGC_E_IO, -fd, "cannot talk to the userspace implementation of '%s': %s", ifname,
				   strerror(-fd));
	return fd;
}

static int io_error(struct wgc_err *err, const char *ifname, int sys)
{
	if (sys == EAGAIN || sys == EWOULDBLOCK)
		return wgc_err_set(err, WGC_E_IO, ETIMEDOUT, "the userspace implementation of '%s' does not answer", ifname);
	return wgc_err_set(err, WGC_E_IO, sys, "lost the userspace implementation of '%s': %s", ifname, strerror(sys));
}

/* ---- asking ------------------------------------------------------------------ */

static int read_reply(int fd, const char *ifname, struct wgc_arena *a, struct wgc_device **ret, struct wgc_err *err)
{
	struct wgc_uapi_parser p;
	struct wgc_device *d = NULL;
	uint64_t total = 0;
	char buf[16384];
	ssize_t n;
	int sys = 0, r;

	if (wgc_uapi_parser_init(&p, a))
		return wgc_err_nomem(err);
	for (;;) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			sys = n ? errno : 0;
			break;
		}
		total += (uint64_t)n;
		if (!wgc_uapi_parser_feed(&p, buf, (size_t)n))
			break;
		if (total > REPLY_MAX) {
			sys = EFBIG;
			break;
		}
	}
	wgc_wipe(buf, sizeof(buf));
	r = wgc_uapi_parser_finish(&p, &d, sys ? NULL : err);
	if (sys)
		return io_error(err, ifname, sys);
	if (!r)
		*ret = d;
	return r;
}

int wgc_uapi_get(const char *ifname, struct wgc_arena *a, struct wgc_device **ret, struct wgc_err *err)
{
	static const char request[] = "get=1\n\n";
	WGC_AUTO_FD int fd = open_socket(ifname, err);
	struct wgc_device *d;
	int r;

	if (fd < 0)
		return fd;
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		return io_error(err, ifname, errno);
	r = read_reply(fd, ifname, a, &d, err);
	if (r)
		return r;
	snprintf(d->ifname, sizeof(d->ifname), "%s", ifname);
	d->ifindex = if_nametoindex(ifname);
	*ret = d;
	return 0;
}

/* ---- telling ----------------------------------------------------------------- */

struct writer {
	int fd;
	int error; /* positive errno; nothing more is sent */
	size_t len;
	char buf[32768];
};

static void flush(struct writer *w)
{
	size_t sent = 0;

	while (sent < w->len && !w->error) {
		ssize_t n = send(w->fd, w->buf + sent, w->len - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			w->error = errno;
	}
	wgc_wipe(w->buf, w->len);
	w->len = 0;
}

static void put(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(w->buf) - w->len)
		flush(w);
	memcpy(w->buf + w->len, text, n);
	w->len += n;
}

static void put_line(struct writer *w, const char *key, const char *value)
{
	put(w, key);
	put(w, value);
	put(w, "\n");
}

static void put_number(struct writer *w, const char *key, uint32_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	put_line(w, key, text);
}

static void put_key(struct writer *w, const char *name, const struct wgc_key *k)
{
	char hex[WGC_KEY_HEX];

	wgc_key_print_hex(k, hex);
	put_line(w, name, hex);
	wgc_wipe(hex, sizeof(hex));
}

static void put_peer(struct writer *w, const struct wgc_peer *p)
{
	char text[WGC_ENDPOINT_TEXT > WGC_PREFIX_TEXT ? WGC_ENDPOINT_TEXT : WGC_PREFIX_TEXT];

	put_key(w, "public_key=", &p->public_key);
	if (p->flags & WGC_PEER_REMOVE) {
		put(w, "remove=true\n");
		return;
	}
	if (p->flags & WGC_PEER_UPDATE_ONLY)
		put(w, "update_only=true\n");
	if (p->flags & WGC_PEER_HAS_PRESHARED_KEY)
		put_key(w, "preshared_key=", &p->preshared_key);
	if (p->endpoint.sa.sa_family) {
		wgc_sockaddr_print(&p->endpoint, text);
		put_line(w, "endpoint=", text);
	}
	if (p->flags & WGC_PEER_HAS_KEEPALIVE)
		put_number(w, "persistent_keepalive_interval=", p->keepalive);
	if (p->flags & WGC_PEER_REPLACE_ALLOWED_IPS)
		put(w, "replace_allowed_ips=true\n");
	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		wgc_prefix_print(&p->allowed_ips[i].prefix, text);
		put_line(w, p->allowed_ips[i].remove ? "allowed_ip=-" : "allowed_ip=", text);
	}
}

int wgc_uapi_set(const struct wgc_device *d, struct wgc_err *err)
{
	WGC_AUTO_FD int fd = open_socket(d->ifname, err);
	struct writer w;
	struct wgc_device *reply;
	struct wgc_arena *a;
	int r;

	if (fd < 0)
		return fd;
	w.fd = fd;
	w.error = 0;
	w.len = 0;
	put(&w, "set=1\n");
	if (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY)
		put_key(&w, "private_key=", &d->private_key);
	if (d->flags & WGC_DEVICE_HAS_LISTEN_PORT)
		put_number(&w, "listen_port=", d->listen_port);
	if (d->flags & WGC_DEVICE_HAS_FWMARK)
		put_number(&w, "fwmark=", d->fwmark);
	if (d->flags & WGC_DEVICE_REPLACE_PEERS)
		put(&w, "replace_peers=true\n");
	for (size_t i = 0; i < d->n_peers && !w.error; i++)
		put_peer(&w, &d->peers[i]);
	put(&w, "\n");
	flush(&w);
	wgc_wipe(w.buf, sizeof(w.buf));

	/* One that refuses stops reading and hangs up: its reason is still in the
	 * socket and says more than our EPIPE. */
	if (w.error && w.error != EPIPE && w.error != ECONNRESET)
		return io_error(err, d->ifname, w.error);
	a = wgc_arena_new();
	if (!a)
		return wgc_err_nomem(err);
	r = read_reply(fd, d->ifname, a, &reply, err);
	if (r == -EINVAL && d->n_peers > GO_MAX_PEERS)
		wgc_err_hint(err, "wireguard-go holds no more than %d peers", GO_MAX_PEERS);
	wgc_arena_free(a);
	return r;
}

/* ---- finding ----------------------------------------------------------------- */

int wgc_uapi_list(struct wgc_arena *a, char ***ret, size_t *ret_n, struct wgc_err *err)
{
	static const char suffix[] = ".sock";
	char name[IFNAMSIZ];
	char **v = NULL, **slot;
	size_t n = 0, cap = 0;
	struct dirent *e;
	DIR *dir;
	int r = 0;

	dir = opendir(WGC_UAPI_DIR);
	if (!dir && errno != ENOENT)
		return wgc_err_set(err, errno == EACCES ? WGC_E_PERM : WGC_E_IO, errno, "cannot read " WGC_UAPI_DIR ": %s",
				   strerror(errno));
	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (len <= sizeof(suffix) - 1 || strcmp(e->d_name + len - (sizeof(suffix) - 1), suffix))
			continue;
		len -= sizeof(suffix) - 1;
		if (len >= sizeof(name))
			continue;
		memcpy(name, e->d_name, len);
		name[len] = '\0';
		if (!wgc_uapi_exists(name))
			continue;
		slot = wgc_arena_push(a, &v, &n, &cap, sizeof(*v));
		if (slot)
			*slot = wgc_arena_strdup(a, name);
		if (!slot || !*slot) {
			r = wgc_err_nomem(err);
			break;
		}
	}
	if (dir)
		closedir(dir);
	if (r)
		return r;
	*ret = v;
	*ret_n = n;
	return 0;
}
