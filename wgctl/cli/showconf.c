// SPDX-License-Identifier: GPL-2.0
/* `wg showconf`: a device as a file that setconf reads, keys included. */
#include "cli/wg.h"

static void put_secret(const char *name, const struct wgc_key *k)
{
	char text[WGC_KEY_BASE64];

	wgc_key_print_secret(k, text);
	printf("%s = %s\n", name, text);
	wgc_wipe(text, sizeof(text));
}

static void put_peer(const struct wgc_peer *p)
{
	char text[WGC_ENDPOINT_TEXT > WGC_PREFIX_TEXT ? WGC_ENDPOINT_TEXT : WGC_PREFIX_TEXT];

	wgc_key_print(&p->public_key, text);
	printf("[Peer]\nPublicKey = %s\n", text);
	if (p->flags & WGC_PEER_HAS_PRESHARED_KEY)
		put_secret("PresharedKey", &p->preshared_key);
	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		wgc_prefix_print(&p->allowed_ips[i].prefix, text);
		printf("%s%s", i ? ", " : "AllowedIPs = ", text);
	}
	if (p->n_allowed_ips)
		putchar('\n');
	wgc_sockaddr_print(&p->endpoint, text);
	if (text[0])
		printf("Endpoint = %s\n", text);
	if (p->keepalive)
		printf("PersistentKeepalive = %u\n", p->keepalive);
}

int wgc_cmd_showconf(int argc, char **argv)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a;
	struct wgc_nl *nl = NULL;
	struct wgc_device *d;
	int code = 0;

	if (argc != 2)
		return wgc_wg_usage("showconf <interface>");
	a = wgc_arena_new();
	if (!a || wgc_nl_open(NULL, &nl, &err) || wgc_wg_get(nl, argv[1], a, &d, &err)) {
		code = wgc_wg_failed("Unable to access interface", &err);
	} else {
		puts("[Interface]");
		if (d->listen_port)
			printf("ListenPort = %u\n", d->listen_port);
		if (d->fwmark)
			printf("FwMark = 0x%x\n", d->fwmark);
		if (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY)
			put_secret("PrivateKey", &d->private_key);
		putchar('\n');
		for (size_t i = 0; i < d->n_peers; i++) {
			put_peer(&d->peers[i]);
			if (i + 1 < d->n_peers)
				putchar('\n');
		}
	}
	wgc_nl_close(nl);
	wgc_arena_free(a);
	return code;
}
