/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of containers share. */
#ifndef WGC_CONTAINERS_INTERNAL_H
#define WGC_CONTAINERS_INTERNAL_H

#include "containers/containers.h"

/** The MAC that a WireGuard link does not have: podman takes no result without one. */
#define WGC_NO_MAC "00:00:00:00:00:00"

/** Parse a JSON object; NULL with one sentence in @why. */
json_t *wgc_containers_object(const char *text, size_t len, char why[static 200]);
/** The member @key as text that is not empty, or NULL. */
const char *wgc_containers_text(json_t *object, const char *key);
/** As the kernel and CNI have it: 1 to 15 bytes, not "." or "..", no slash, colon or blank. */
bool wgc_containers_ifname(const char *s);

#endif
