/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dns: making resolvers use the tunnel's servers, and giving back what was
 * there. Backends: resolvconf(8) and the file itself.
 */
#ifndef WGC_DNS_H
#define WGC_DNS_H

#include "model/model.h"

enum wgc_dns_backend { WGC_DNS_BACKEND_NONE, WGC_DNS_BACKEND_RESOLVCONF, WGC_DNS_BACKEND_FILE };

struct wgc_dns_paths { /* for tests; defaults when NULL */
	const char *resolv_conf; /* /etc/resolv.conf */
	const char *resolvconf_program; /* found on PATH */
	const char *interface_order; /* /etc/resolvconf/interface-order */
	const char *boot_id; /* /proc/sys/kernel/random/boot_id */
};

/**
 * Which backend a profile gets here, by its DNSMode and by evidence. `resolved`
 * is reached through resolvectl's own resolvconf(8) form. -ENOENT
 * (WGC_E_NOT_FOUND) when a wanted one is missing.
 */
int wgc_dns_detect(enum wgc_dns_mode mode, const struct wgc_dns_paths *paths, enum wgc_dns_backend *ret, struct wgc_err *err);

/**
 * Everything that undo needs, as one line of ASCII for the journal: for the
 * file backend the kind (file, symlink, absent), target or content, mode and
 * owner of resolv.conf as it was before the first tunnel; for resolvconf the
 * record's name and the program. Changes nothing. The caller frees it.
 */
int wgc_dns_capture(enum wgc_dns_backend b, const char *ifname, const struct wgc_dns_paths *paths, char **ret_inverse,
		    struct wgc_err *err);
/**
 * Make the servers and search domains effective; nothing without servers.
 * Repeating it replaces what it did for @ifname. -EINVAL (WGC_E_CONFIG) for an
 * entry that would not stay in its line.
 */
int wgc_dns_apply(enum wgc_dns_backend b, const char *ifname, const struct wgc_profile *p, const struct wgc_dns_paths *paths,
		  struct wgc_err *err);
/**
 * Undo from the captured text. The file backend changes only a file that
 * still bears our mark for @ifname: one that somebody else wrote since stays.
 * Tunnels may go in any order: while others are there the file is theirs, and
 * the last one puts back what was there before the first. Already gone is
 * success.
 */
int wgc_dns_restore(enum wgc_dns_backend b, const char *ifname, const char *inverse, const struct wgc_dns_paths *paths,
		    struct wgc_err *err);
const char *wgc_dns_backend_name(enum wgc_dns_backend b);
bool wgc_dns_backend_parse(const char *s, enum wgc_dns_backend *ret);

#endif
