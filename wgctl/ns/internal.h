/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of ns share. */
#ifndef WGC_NS_INTERNAL_H
#define WGC_NS_INTERNAL_H

#include "ns/ns.h"

/* Where names are; the directory is made by whoever needs it first. */
#define WGC_NS_DIR "/run/netns"

/** The network namespace of a process: an open descriptor or -errno. */
int wgc_ns_open_pid(pid_t pid);
/** The first process of a running container. 0; -ENOENT or -errno with @err. */
int wgc_ns_container(const char *name, pid_t *ret_pid, struct wgc_err *err);

#endif
