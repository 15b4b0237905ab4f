/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dns: making resolvers use the tunnel's servers, and giving back what was
 * there. Backends: systemd-resolved over D-Bus, resolvconf(8), and the file
 * itself; which one is decided by evidence, and the evidence is kept.
 */
#ifndef WGC_DNS_H
#define WGC_DNS_H

#include "model/model.h"

enum wgc_dns_backend { WGC_DNS_BACKEND_NONE, WGC_DNS_BACKEND_RESOLVED, WGC_DNS_BACKEND_RESOLVCONF, WGC_DNS_BACKEND_FILE };

struct wgc_dns_paths { /* for tests; defaults when NULL */
	const char *resolv_conf; /* /etc/resolv.conf */
	const char *resolvconf_program; /* found on PATH */
	const char *interface_order; /* /etc/resolvconf/interface-order */
	const char *boot_id; /* /proc/sys/kernel/random/boot_id */
	const char *nsswitch; /* /etc/nsswitch.conf */
	const char *bus; /* D-Bus address of the system bus */
	bool own_directory; /* that of resolv_conf is made when needed, and removed when empty: a namespace's files */
};

/* What was found, in the order in which it was looked for; each a sentence
 * without a full stop. The last one says what follows from the others. */
struct wgc_dns_decision {
	enum wgc_dns_backend backend;
	size_t n;
	char trail[12][200];
	char warning[320]; /* it will work now, and somebody else may spoil it later; "" when there is nothing to say */
};

/**
 * Which backend a profile gets here, by its DNSMode and by evidence. Changes
 * nothing, but a systemd-resolved that is enabled and not running is started by
 * the bus when it is asked whether it is there. Takes 5 s at most. With
 * WGC_DNS_AUTO it always succeeds, so that `doctor` can show the trail;
 * -ENOENT (WGC_E_NOT_FOUND) when the wanted one is missing.
 */
int wgc_dns_detect(enum wgc_dns_mode mode, const struct wgc_dns_paths *paths, struct wgc_dns_decision *ret, struct wgc_err *err);

/** True when a profile's routes take all or most of a family's addresses into the tunnel. Pure. */
bool wgc_dns_full_tunnel(const struct wgc_profile *p);
/** What wgc_dns_apply will do, for people, and the command that does the same ("" when there is none). Pure. */
void wgc_dns_describe(enum wgc_dns_backend b, const char *ifname, const struct wgc_profile *p, struct wgc_str *text,
		      struct wgc_str *equivalent);

/**
 * Everything that undo needs, as one line of ASCII for the journal: for
 * resolved the link's index and its network namespace; for the file backend the
 * kind (file, symlink, absent), target or content, mode and owner of
 * resolv.conf as it was before the first tunnel; for resolvconf the record's
 * name and the program. Changes nothing. The caller frees it.
 */
int wgc_dns_capture(enum wgc_dns_backend b, const char *ifname, const struct wgc_dns_paths *paths, char **ret_inverse,
		    struct wgc_err *err);
/**
 * Make the servers and domains effective (want.c has the rule for domains);
 * nothing without servers. Repeating it replaces what it did for @ifname. What
 * the backend cannot do is said in @note (may be NULL). After a failure nothing
 * of it is left, as far as that can be had. -EINVAL (WGC_E_CONFIG) for an entry
 * that would not stay in its line.
 */
int wgc_dns_apply(enum wgc_dns_backend b, const char *ifname, const struct wgc_profile *p, const struct wgc_dns_paths *paths,
		  struct wgc_str *note, struct wgc_err *err);
/**
 * Undo from the captured text. The file backend changes only a file that
 * still bears our mark for @ifname: one that somebody else wrote since stays,
 * and @note (may be NULL) says so. Tunnels may go in any order: while others
 * are there the file is theirs, and the last one puts back what was there
 * before the first. Already gone, link or settings, is success.
 */
int wgc_dns_restore(enum wgc_dns_backend b, const char *ifname, const char *inverse, const struct wgc_dns_paths *paths,
		    struct wgc_str *note, struct wgc_err *err);

/**
 * Put back what was in resolv.conf before a tunnel that was up when the machine was reset:
 * no journal tells of it any more, but the file does. @note gets a sentence when that was
 * done. Nothing to do where a tunnel of this boot is in the file, or none of ours.
 */
int wgc_dns_leftover(const struct wgc_dns_paths *paths, struct wgc_str *note, struct wgc_err *err);

enum wgc_dns_effect { WGC_DNS_EFFECT_YES, WGC_DNS_EFFECT_NO, WGC_DNS_EFFECT_UNKNOWN };
/**
 * Is what wgc_dns_apply set still there? Changes nothing. @ret_why gets a
 * sentence without a full stop: what is there instead, or why it cannot be
 * told. When it is not, wgc_dns_apply makes it so again.
 */
enum wgc_dns_effect wgc_dns_in_effect(enum wgc_dns_backend b, const char *ifname, const struct wgc_profile *p,
				      const struct wgc_dns_paths *paths, char ret_why[static 256]);

const char *wgc_dns_backend_name(enum wgc_dns_backend b);
bool wgc_dns_backend_parse(const char *s, enum wgc_dns_backend *ret);

/**
 * Run a program without a shell: @input on its standard input, its output
 * discarded, the first line of its complaints in @err. Killed, with all that it
 * started in its process group, after @timeout_ms (-ETIMEDOUT). -EIO when it
 * fails.
 */
int wgc_dns_run(const char *program, char *const *argv, const char *input, unsigned timeout_ms, struct wgc_err *err);

#endif
