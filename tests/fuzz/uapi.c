// SPDX-License-Identifier: GPL-2.0
/* Any bytes as the reply of a userspace implementation, cut anywhere. */
#include <stdlib.h>
#include <string.h>

#include "netlink/uapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wgc_arena *a = wgc_arena_new(), *b = wgc_arena_new();
	struct wgc_device *whole = NULL, *parts = NULL;
	struct wgc_uapi_parser p;
	size_t cut = size ? data[size - 1] % size : 0;
	int r, s;

	if (!a || !b)
		abort();
	r = wgc_uapi_parse((const char *)data, size, a, &whole, NULL);
	if (wgc_uapi_parser_init(&p, b))
		abort();
	if (wgc_uapi_parser_feed(&p, (const char *)data, cut))
		wgc_uapi_parser_feed(&p, (const char *)data + cut, size - cut);
	s = wgc_uapi_parser_finish(&p, &parts, NULL);
	/* How the bytes were cut on their way must not matter. */
	if (r != s || (!r && (whole->n_peers != parts->n_peers || whole->flags != parts->flags)))
		abort();
	if (!r)
		for (size_t i = 0; i < whole->n_peers; i++)
			for (uint32_t k = 0; k < whole->peers[i].n_allowed_ips; k++)
				if (whole->peers[i].allowed_ips[k].prefix.len >
				    wgc_ip_bits(&whole->peers[i].allowed_ips[k].prefix.ip))
					abort();
	wgc_arena_free(a);
	wgc_arena_free(b);
	return 0;
}
