// SPDX-License-Identifier: GPL-2.0
/* The parser of UAPI replies: what real programs say, and what they must not get away with. */
#include <errno.h>
#include <stdlib.h>

#include "netlink/uapi.h"
#include "unit/tap.h"

#define KEY_A "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a"
#define KEY_B "b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33"
#define PSK "188515093e952f5f22e865cef3012e72f8b5f0b598ac0309d5dacce3b70fcf52"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static const char full[] =
	"private_key=" KEY_A "\n"
	"listen_port=12912\n"
	"fwmark=51820\n"
	"public_key=" KEY_B "\n"
	"preshared_key=" PSK "\n"
	"protocol_version=1\n"
	"endpoint=[abcd:23::33%2]:51820\n"
	"last_handshake_time_sec=1700000000\n"
	"last_handshake_time_nsec=5\n"
	"tx_bytes=38333\n"
	"rx_bytes=18446744073709551615\n"
	"persistent_keepalive_interval=25\n"
	"allowed_ip=192.168.4.4/32\n"
	"allowed_ip=::/0\n"
	"public_key=" PSK "\n"
	"preshared_key=" ZERO "\n"
	"endpoint=182.122.22.19:3233\n"
	"persistent_keepalive_interval=0\n"
	"errno=0\n"
	"\n";

static int parse(const char *text, size_t len, struct wgc_arena *a, struct wgc_device **ret)
{
	struct wgc_err err = WGC_ERR_INIT;
	int r;

	*ret = NULL;
	r = wgc_uapi_parse(text, len, a, ret, &err);
	/* Every failure is described, success leaves the error alone. */
	if ((r < 0) != (err.msg[0] != '\0') || (r < 0) != !*ret)
		return -1000;
	return r;
}

static int verdict(const char *text)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d;
	int r = parse(text, strlen(text), a, &d);

	wgc_arena_free(a);
	return r;
}

static void whole_reply(void)
{
	struct wgc_arena *a = wgc_arena_new();
	char text[WGC_ENDPOINT_TEXT], hex[WGC_KEY_HEX];
	struct wgc_device *d;

	if (!is_int(parse(full, sizeof(full) - 1, a, &d), 0))
		exit(tap_done());
	is_int(d->flags, WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_PUBLIC_KEY | WGC_DEVICE_HAS_LISTEN_PORT |
				 WGC_DEVICE_HAS_FWMARK);
	is_int(d->listen_port, 12912);
	is_int(d->fwmark, 51820);
	wgc_key_print_hex(&d->private_key, hex);
	is_str(hex, KEY_A);
	ok(!wgc_key_is_zero(&d->public_key));
	is_int(d->n_peers, 2);
	wgc_key_print_hex(&d->peers[0].public_key, hex);
	is_str(hex, KEY_B);
	is_int(d->peers[0].flags, WGC_PEER_HAS_PRESHARED_KEY | WGC_PEER_HAS_KEEPALIVE);
	wgc_sockaddr_print(&d->peers[0].endpoint, text);
	is_str(text, "[abcd:23::33%2]:51820");
	is_int(d->peers[0].last_handshake.tv_sec, 1700000000);
	is_int(d->peers[0].last_handshake.tv_nsec, 5);
	is_int(d->peers[0].tx_bytes, 38333);
	ok(d->peers[0].rx_bytes == UINT64_MAX);
	is_int(d->peers[0].keepalive, 25);
	is_int(d->peers[0].n_allowed_ips, 2);
	is_int(d->peers[0].allowed_ips[0].prefix.len, 32);
	is_int(d->peers[0].allowed_ips[1].prefix.ip.family, AF_INET6);
	ok(!(d->peers[1].flags & WGC_PEER_HAS_PRESHARED_KEY));
	wgc_sockaddr_print(&d->peers[1].endpoint, text);
	is_str(text, "182.122.22.19:3233");
	is_int(d->peers[1].n_allowed_ips, 0);
	wgc_arena_free(a);
}

/* Cut anywhere, a reply is refused; split anywhere, it is the same reply. */
static void cuts(void)
{
	size_t len = sizeof(full) - 1, accepted = 0, differing = 0;

	for (size_t i = 0; i <= len; i++) {
		struct wgc_arena *a = wgc_arena_new();
		struct wgc_uapi_parser p;
		struct wgc_device *d;
		/* A copy of exactly this size, so that a sanitizer sees a step beyond it. */
		char *text = malloc(i ? i : 1);

		memcpy(text, full, i);
		if (!parse(text, i, a, &d))
			accepted++;
		free(text);
		wgc_uapi_parser_init(&p, a);
		wgc_uapi_parser_feed(&p, full, i);
		wgc_uapi_parser_feed(&p, full + i, len - i);
		if (wgc_uapi_parser_finish(&p, &d, NULL) || d->n_peers != 2 || d->peers[0].n_allowed_ips != 2)
			differing++;
		wgc_arena_free(a);
	}
	is_int(accepted, 1); /* the whole */
	is_int(differing, 0);
}

static void verdicts(void)
{
	char *text;

	is_int(verdict("errno=0\n\n"), 0);
	is_int(verdict("errno=0\n\nanything after it"), 0);
	is_int(verdict("something_new=1\nerrno=0\n\n"), 0);
	is_int(verdict("public_key=" KEY_B "\nsomething_new=1\nerrno=0\n\n"), 0);
	is_int(verdict("private_key=" ZERO "\nerrno=0\n\n"), 0);
	is_int(verdict("errno=22\n\n"), -EINVAL);
	is_int(verdict("errno=-98\n\n"), -EADDRINUSE);
	is_int(verdict("\n"), -EPROTO);
	is_int(verdict("listen_port=1\n\n"), -EPROTO);
	is_int(verdict("nonsense\nerrno=0\n\n"), -EPROTO);
	is_int(verdict("errno=\n\n"), -EPROTO);
	is_int(verdict("errno=--1\n\n"), -EPROTO);
	is_int(verdict("errno=99999999999\n\n"), -EPROTO);
	is_int(verdict("listen_port=65536\nerrno=0\n\n"), -EPROTO);
	is_int(verdict("listen_port=-1\nerrno=0\n\n"), -EPROTO);
	is_int(verdict("fwmark=0x1\nerrno=0\n\n"), -EPROTO);
	is_int(verdict("private_key=12\nerrno=0\n\n"), -EPROTO);
	is_int(verdict("public_key=" KEY_B "0\nerrno=0\n\n"), -EPROTO);

#define PEER "public_key=" KEY_B "\n"
#define END "\nerrno=0\n\n"
	is_int(verdict(PEER "allowed_ip=1.2.3.4/33" END), -EPROTO);
	is_int(verdict(PEER "allowed_ip=" END), -EPROTO);
	is_int(verdict(PEER "endpoint=1.2.3.4" END), -EPROTO);
	is_int(verdict(PEER "endpoint=:1" END), -EPROTO);
	is_int(verdict(PEER "endpoint=[]:1" END), -EPROTO);
	is_int(verdict(PEER "endpoint=1.2.3.4:65536" END), -EPROTO);
	is_int(verdict(PEER "endpoint=1.2.3.4%1:5" END), -EPROTO);
	is_int(verdict(PEER "endpoint=[fe80::1%nosuchlink0]:5" END), 0);
	is_int(verdict(PEER "endpoint=[fe80::1%nosuchlink0]:x" END), -EPROTO);
	is_int(verdict(PEER "endpoint=1.2.3.4%nosuchlink0:5" END), -EPROTO);
	is_int(verdict(PEER "endpoint=[fe80::1%lo]:5" END), 0);
	is_int(verdict(PEER "endpoint=example.com:5" END), -EPROTO);
	is_int(verdict(PEER "last_handshake_time_nsec=1000000000" END), -EPROTO);
	is_int(verdict(PEER "last_handshake_time_sec=9223372036854775808" END), -EPROTO);
	is_int(verdict(PEER "rx_bytes=18446744073709551616" END), -EPROTO);
	is_int(verdict(PEER "persistent_keepalive_interval=65536" END), -EPROTO);
	/* Device values have no place inside a peer. */
	is_int(verdict(PEER "listen_port=99999999" END), 0);

	/* A NUL must not hide the rest of a line. */
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d;
	static const char nul[] = "listen_port=1\0x\nerrno=0\n\n";
	is_int(parse(nul, sizeof(nul) - 1, a, &d), -EPROTO);
	wgc_arena_free(a);

	/* A line without end. */
	text = malloc(1 << 20);
	memset(text, 'a', (1 << 20) - 1);
	text[(1 << 20) - 1] = '\0';
	is_int(verdict(text), -EPROTO);
	free(text);
}

static void wiped(void)
{
	static struct wgc_uapi_parser p, zero;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device *d;

	wgc_uapi_parser_init(&p, a);
	wgc_uapi_parser_feed(&p, "private_key=" KEY_A, sizeof("private_key=" KEY_A) - 1);
	wgc_uapi_parser_finish(&p, &d, NULL);
	ok(!memcmp(&p, &zero, sizeof(p)));
	wgc_arena_free(a);
}

static void names(void)
{
	char path[108], tiny[16];

	is_int(wgc_uapi_path("wg0", path, sizeof(path)), 0);
	is_str(path, WGC_UAPI_DIR "/wg0.sock");
	is_int(wgc_uapi_path("../x", path, sizeof(path)), -EINVAL);
	is_int(wgc_uapi_path("", path, sizeof(path)), -EINVAL);
	is_int(wgc_uapi_path("..", path, sizeof(path)), -EINVAL);
	is_int(wgc_uapi_path("sixteencharacter", path, sizeof(path)), -EINVAL);
	is_int(wgc_uapi_path("wg0", tiny, sizeof(tiny)), -EINVAL);
}

int main(void)
{
	whole_reply();
	cuts();
	verdicts();
	wiped();
	names();
	return tap_done();
}
