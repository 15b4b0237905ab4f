// SPDX-License-Identifier: GPL-2.0
/* Loading libsystemd. */
#ifdef WGC_HAVE_LIBSYSTEMD

#include <pthread.h>

#include "base/base.h"
#include "dns/systemd.h"

struct wgc_sd wgc_sd;
static bool loaded = true;

static void load(void)
{
#define FIND(name) loaded = loaded && wgc_library_function("libsystemd.so.0", "sd_" #name, &wgc_sd.name);
	WGC_SD_FUNCTIONS(FIND)
#undef FIND
}

bool wgc_sd_load(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return loaded;
}

#endif
