// SPDX-License-Identifier: GPL-2.0
/* What container engines hand us: the first byte says which of them speaks. */
#include <stdlib.h>
#include <string.h>

#include "containers/containers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cni(const char *command, const char *text, size_t len)
{
	const struct wgc_cni_env env = { command, "box", "/run/netns/box", "eth0", "/opt/cni" };
	static const struct wgc_text server = { .s = "10.8.0.1" };
	const struct wgc_attached a = { .ifname = "eth0", .sandbox = "x", .mtu = 1420, .servers = &server, .n_servers = 1 };
	struct wgc_arena *arena = wgc_arena_new();
	struct wgc_cni_request r;
	struct wgc_cni_err err = { .code = 0 };
	struct wgc_str out = { 0 };
	struct wgc_prefix *v;
	size_t n;

	if (wgc_cni_parse(&env, text, len, &r, &err) == 0) {
		wgc_cni_result(&r, &a, &out);
		wgc_cni_expected(&r, arena, &v, &n, &err);
		wgc_cni_is_valid(&r, "cni:net:box:eth0");
	} else if (!err.code || !err.msg[0]) {
		abort();
	}
	wgc_cni_error(r.version, &err, &out);
	wgc_cni_done(&r);
	wgc_str_done(&out);
	wgc_arena_free(arena);
}

static void netavark(enum wgc_netavark_step step, const char *text, size_t len)
{
	struct wgc_netavark_request r;
	struct wgc_str out = { 0 };

	if (wgc_netavark_parse(text, len, step, &r, NULL) < 0)
		return;
	wgc_netavark_network(&r, &out);
	wgc_netavark_done(&r);
	wgc_str_done(&out);
}

static void others(char which, const char *text, size_t len)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_oci_state s;
	struct wgc_oci_config c;
	struct wgc_cni_ipam ipam;
	struct wgc_cni_err err;

	if (which == 'o')
		wgc_oci_state_parse(text, len, a, &s, NULL);
	else if (which == 'b')
		wgc_oci_config_parse(text, len, a, &c, NULL);
	else if (which == 'i')
		wgc_cni_ipam_parse(text, len, &ipam, NULL);
	else
		wgc_cni_error_parse(text, len, &err);
	wgc_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const commands = "ADCGSV", *const words[] = { "ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION" };
	const char *text = (const char *)data + 1, *hit;

	if (!size)
		return 0;
	hit = data[0] ? strchr(commands, data[0]) : NULL;
	if (hit)
		cni(words[hit - commands], text, size - 1);
	else if (data[0] >= '0' && data[0] <= '2')
		netavark((enum wgc_netavark_step)(data[0] - '0'), text, size - 1);
	else
		others((char)data[0], text, size - 1);
	return 0;
}
