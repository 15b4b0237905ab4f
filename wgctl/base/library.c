// SPDX-License-Identifier: GPL-2.0
/* Libraries that are loaded when somebody has a use for them. */
#include <dlfcn.h>
#include <string.h>

#include "base/base.h"

bool wgc_library_function(const char *library, const char *name, void *ret)
{
	/* It stays until the end: there is no moment at which nobody has a use for it any more. */
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	void *function = handle ? dlsym(handle, name) : NULL;

	/* POSIX has a function be a void * where dlsym(3) is concerned, C does not. */
	memcpy(ret, &function, sizeof(function));
	return function;
}
