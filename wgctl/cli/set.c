// SPDX-License-Identifier: GPL-2.0
/* `wg set`: words of a command line to a change of one device. Keys come from files. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "cli/wg.h"

static const char usage[] =
	"set <interface> [listen-port <port>] [fwmark <mark>] [private-key <file path>] [peer <base64 public key> [remove] "
	"[preshared-key <file path>] [endpoint <ip>:<port>] [persistent-keepalive <interval seconds>] "
	"[allowed-ips <ip1>/<cidr1>[,<ip2>/<cidr2>]...] ]...";

/* The command line while it is read. */
struct reader {
	struct wgc_arena *arena;
	struct wgc_device *device;
	struct wgc_peer *peer; /* the one that options are for, or NULL: the device */
	struct wgc_err err;
};

static int bad(struct reader *rd, const char *what, const char *value)
{
	return wgc_err_set(&rd->err, WGC_E_USAGE, EINVAL, "%s: `%s'", what, value);
}

/* ---- values -------------------------------------------------------------------- */

static int listen_port(struct reader *rd, const char *value)
{
	static const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP, .ai_flags = AI_PASSIVE,
	};
	struct addrinfo *found;
	int e = *value ? getaddrinfo(NULL, value, &hints, &found) : EAI_SERVICE;

	if (e)
		return bad(rd, gai_strerror(e), value);
	rd->device->listen_port = ntohs(((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_port);
	rd->device->flags |= WGC_DEVICE_HAS_LISTEN_PORT;
	freeaddrinfo(found);
	return 0;
}

/* Hexadecimal after a small "0x", else decimal. */
static int parse_mark(const char *s, uint32_t *ret)
{
	uint64_t v = 0;
	int r = 0;

	if (s[0] == '0' && s[1] == 'x' && s[2]) {
		for (s += 2; *s; s++) {
			char lower = (char)(*s | 0x20);

			if (*s >= '0' && *s <= '9')
				v = v << 4 | (uint64_t)(*s - '0');
			else if (lower >= 'a' && lower <= 'f')
				v = v << 4 | (uint64_t)(lower - 'a' + 10);
			else
				return -EINVAL;
			if (v > UINT32_MAX)
				return -ERANGE;
		}
	} else {
		r = wgc_parse_u64(s, UINT32_MAX, &v);
	}
	if (!r)
		*ret = (uint32_t)v;
	return r;
}

static int fwmark(struct reader *rd, const char *value)
{
	if (wgc_streq_nocase(value, "off"))
		rd->device->fwmark = 0;
	else if (parse_mark(value, &rd->device->fwmark))
		return bad(rd, "Fwmark is neither 0/off nor 0-0xffffffff", value);
	rd->device->flags |= WGC_DEVICE_HAS_FWMARK;
	return 0;
}

/* One key and blanks; an empty file means no key, which clears. An empty pipe does not: it is
 * what a program that failed leaves, and nobody has meant that. */
static int key_file(struct reader *rd, const char *path, struct wgc_key *ret)
{
	WGC_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len, n;
	char *text;
	int r = fd < 0 ? -errno : wgc_read_fd(fd, 4096, &text, &len);

	if (r)
		return wgc_err_set(&rd->err, WGC_E_IO, -r, "%s: `%s'", strerror(-r), path);
	for (n = len; n && wgc_isspace(text[n - 1]); n--)
		;
	if (!len && lseek(fd, 0, SEEK_CUR) == 0)
		memset(ret, 0, sizeof(*ret));
	else
		r = wgc_key_parse(text, n, ret);
	wgc_wipe(text, len);
	wgc_free_ptr(&text);
	return r ? bad(rd, "Invalid key in file", path) : 0;
}

static int private_key(struct reader *rd, const char *value)
{
	rd->device->flags |= WGC_DEVICE_HAS_PRIVATE_KEY;
	return key_file(rd, value, &rd->device->private_key);
}

static int preshared_key(struct reader *rd, const char *value)
{
	rd->peer->flags |= WGC_PEER_HAS_PRESHARED_KEY;
	return key_file(rd, value, &rd->peer->preshared_key);
}

static int next_peer(struct reader *rd, const char *value)
{
	struct wgc_device *d = rd->device;

	rd->peer = wgc_arena_push(rd->arena, &d->peers, &d->n_peers, &d->cap_peers, sizeof(*d->peers));
	if (!rd->peer)
		return wgc_err_nomem(&rd->err);
	if (wgc_key_parse(value, strlen(value), &rd->peer->public_key))
		return bad(rd, "Key is not the correct length or format", value);
	return 0;
}

static int remove_peer(struct reader *rd, const char *value)
{
	rd->peer->flags |= WGC_PEER_REMOVE;
	return 0;
}

/* "[host]:port", or host and port around the last colon. */
static int endpoint(struct reader *rd, const char *value)
{
	char *host = wgc_arena_strdup(rd->arena, value), *port, *end;

	if (!host)
		return wgc_err_nomem(&rd->err);
	if (host[0] == '[') {
		end = strchr(++host, ']');
		if (!end || end[1] != ':')
			return bad(rd, "Unable to find port of endpoint", value);
		*end = '\0';
		port = end + 2;
	} else {
		port = strrchr(host, ':');
		if (!port)
			return bad(rd, "Unable to find port of endpoint", value);
		*port++ = '\0';
	}
	if (!*host || !*port)
		return bad(rd, "Unable to parse endpoint", value);
	return wgc_wg_resolve(host, port, &rd->peer->endpoint, &rd->err);
}

static int keepalive(struct reader *rd, const char *value)
{
	uint64_t n = 0;

	if (!wgc_streq_nocase(value, "off") && wgc_parse_u64(value, UINT16_MAX, &n))
		return bad(rd, "Persistent keepalive interval is neither 0/off nor 1-65535", value);
	rd->peer->keepalive = (uint16_t)n;
	rd->peer->flags |= WGC_PEER_HAS_KEEPALIVE;
	return 0;
}

/* As in a file, blanks mean nothing, wherever they are. */
static char *without_blanks(struct wgc_arena *a, const char *s)
{
	char *copy = wgc_arena_strdup(a, s), *to = copy;

	if (!copy)
		return NULL;
	for (; *s; s++)
		if (!wgc_isspace(*s))
			*to++ = *s;
	*to = '\0';
	return copy;
}

/* A list replaces what was there, unless some entry begins with + or -. */
static int allowed_ips(struct reader *rd, const char *value)
{
	char *list = without_blanks(rd->arena, value), *item;
	bool changes = false;

	if (!list)
		return wgc_err_nomem(&rd->err);
	if (!*list)
		list = NULL; /* no entry, where strsep sees an empty one */
	while ((item = strsep(&list, ","))) {
		struct wgc_allowed_ip *a = wgc_peer_add_allowed_ip(rd->arena, rd->peer);

		if (!a)
			return wgc_err_nomem(&rd->err);
		if (*item == '+' || *item == '-') {
			changes = true;
			a->remove = *item++ == '-';
		}
		if (wgc_prefix_parse(item, &a->prefix))
			return bad(rd, "Unable to parse IP address", item);
		wgc_wg_warn_host_bits(&a->prefix, item);
	}
	if (changes)
		rd->peer->flags &= ~(uint32_t)WGC_PEER_REPLACE_ALLOWED_IPS;
	else
		rd->peer->flags |= WGC_PEER_REPLACE_ALLOWED_IPS;
	return 0;
}

/* ---- words --------------------------------------------------------------------- */

enum place { DEVICE, PEER, ANYWHERE };

static const struct {
	const char *name;
	enum place place; /* what belongs to the device comes before the first peer */
	bool value;
	int (*take)(struct reader *rd, const char *value);
} options[] = {
	{ "listen-port", DEVICE, true, listen_port },
	{ "fwmark", DEVICE, true, fwmark },
	{ "private-key", DEVICE, true, private_key },
	{ "peer", ANYWHERE, true, next_peer },
	{ "remove", PEER, false, remove_peer },
	{ "preshared-key", PEER, true, preshared_key },
	{ "endpoint", PEER, true, endpoint },
	{ "persistent-keepalive", PEER, true, keepalive },
	{ "allowed-ips", PEER, true, allowed_ips },
};

/* How many words it took, or -errno. */
static int take_option(struct reader *rd, int argc, char **argv)
{
	enum place here = rd->peer ? PEER : DEVICE;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(options); i++) {
		int words = options[i].value ? 2 : 1, r;

		if (strcmp(argv[0], options[i].name) || (options[i].place != ANYWHERE && options[i].place != here) || argc < words)
			continue;
		r = options[i].take(rd, argv[1]);
		return r ? r : words;
	}
	return wgc_err_set(&rd->err, WGC_E_USAGE, EINVAL, "Invalid argument: %s", argv[0]);
}

static int read_command(struct reader *rd, int argc, char **argv)
{
	while (argc) {
		int r = take_option(rd, argc, argv);

		if (r < 0)
			return r;
		argc -= r;
		argv += r;
	}
	return 0;
}

int wgc_cmd_set(int argc, char **argv)
{
	struct reader rd = { .err = WGC_ERR_INIT };
	struct wgc_nl *nl = NULL;
	int code = 0;

	if (argc < 3)
		return wgc_wg_usage(usage);
	rd.arena = wgc_arena_new();
	rd.device = rd.arena ? wgc_arena_alloc(rd.arena, sizeof(*rd.device)) : NULL;
	if (!rd.device) {
		wgc_err_nomem(&rd.err);
		code = wgc_wg_failed("Unable to modify interface", &rd.err);
	} else if (strlen(argv[1]) >= sizeof(rd.device->ifname)) {
		wgc_err_set(&rd.err, WGC_E_NOT_UP, ENODEV, "no such device");
		code = wgc_wg_failed("Unable to modify interface", &rd.err);
	} else if (read_command(&rd, argc - 2, argv + 2)) {
		fprintf(stderr, "%s\n", rd.err.msg);
		code = 1;
	} else {
		snprintf(rd.device->ifname, sizeof(rd.device->ifname), "%s", argv[1]);
		if (wgc_nl_open(NULL, &nl, &rd.err) || wgc_wg_set(nl, rd.device, &rd.err))
			code = wgc_wg_failed("Unable to modify interface", &rd.err);
	}
	wgc_nl_close(nl);
	wgc_arena_free(rd.arena);
	return code;
}
