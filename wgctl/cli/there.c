// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of wg(8) under the name wgctl, for tunnels that live in another
 * network namespace: named by profile or link, they are gone to. Under the name
 * wg nothing of the kind happens.
 */
#include <net/if.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"

/* The tunnel of that name, if it lives elsewhere. */
static const struct wgc_up_info *find(const struct wgc_up_info *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (*v[i].home && (!strcmp(v[i].name, name) || !strcmp(v[i].ifname, name)))
			return &v[i];
	return NULL;
}

int wgc_there(int argc, char **argv, int (*run)(int argc, char **argv))
{
	const struct wgc_up_info *there = NULL;
	struct wgc_up_info *up = NULL;
	struct wgc_arena *a;
	struct wgc_sys sys;
	size_t n = 0;
	int code;

	if (argc < 2 || argv[1][0] == '-' || if_nametoindex(argv[1]) || wgc_uapi_exists(argv[1]) || wgc_sys_open(&sys, NULL) < 0)
		return run(argc, argv);
	a = wgc_arena_new();
	if (a && wgc_plan_list(&sys, a, &up, &n, NULL) == 0)
		there = find(up, n, argv[1]);
	if (there && wgc_plan_enter(&sys, there, NULL) == 0)
		argv[1] = there->ifname;
	code = run(argc, argv);
	wgc_plan_leave(&sys);
	wgc_sys_close(&sys);
	wgc_arena_free(a);
	return code;
}
