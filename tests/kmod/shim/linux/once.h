/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_ONCE_H
#define SHIM_ONCE_H

#include <linux/random.h>

#define get_random_once(buffer, len) \
	({ static bool done; if (!done) get_random_bytes(buffer, len); done = true; })

#endif
