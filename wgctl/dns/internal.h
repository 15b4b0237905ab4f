/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of dns share. */
#ifndef WGC_DNS_INTERNAL_H
#define WGC_DNS_INTERNAL_H

#include "dns/dns.h"

/** The resolv.conf lines of a profile, checked; "" without servers. */
int wgc_dns_lines(const struct wgc_profile *p, struct wgc_str *out, struct wgc_err *err);

/* ---- text of the file backend (pure) ------------------------------------- */

/* What resolv.conf was before us. */
enum wgc_dns_kind { WGC_DNS_KIND_ABSENT, WGC_DNS_KIND_FILE, WGC_DNS_KIND_LINK };
struct wgc_dns_base {
	enum wgc_dns_kind kind;
	char *text; /* content, or the link's target; heap */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};
void wgc_dns_base_done(struct wgc_dns_base *b);
/** As one line of ASCII, without newline. */
void wgc_dns_base_write(const struct wgc_dns_base *b, struct wgc_str *out);
/** 0 or -EBADMSG / -ENOMEM. */
int wgc_dns_base_read(const char *text, struct wgc_dns_base *ret);

/* resolv.conf as we write it: the lines of the newest tunnel, and in comments
 * those of all tunnels and what was there before. */
struct wgc_dns_layers {
	struct wgc_dns_layer {
		char ifname[IFNAMSIZ];
		char *lines; /* heap */
	} *v;		     /* oldest first */
	size_t n;
	bool ours; /* our mark, the line that names the boot, was there */
	bool has_base;
	struct wgc_dns_base base;
};
void wgc_dns_layers_done(struct wgc_dns_layers *l);
/** Read @text; layers of another boot than @boot are left out. 0 or -ENOMEM; what cannot be read is not ours. */
int wgc_dns_layers_read(const char *text, const char *boot, struct wgc_dns_layers *ret);
/** Put @ifname on top, taking it from where it was. */
int wgc_dns_layers_push(struct wgc_dns_layers *l, const char *ifname, const char *lines);
/** False when it was not there. */
bool wgc_dns_layers_drop(struct wgc_dns_layers *l, const char *ifname);
/** The whole file; there must be a layer. */
void wgc_dns_layers_write(const struct wgc_dns_layers *l, const char *boot, struct wgc_str *out);

/* ---- the backends ----------------------------------------------------------- */

int wgc_dns_file_capture(const struct wgc_dns_paths *paths, char **ret_inverse, struct wgc_err *err);
int wgc_dns_file_apply(const char *ifname, const char *lines, const struct wgc_dns_paths *paths, struct wgc_err *err);
int wgc_dns_file_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_err *err);

/** The program's path, heap. -ENOENT with @err. */
int wgc_dns_resolvconf_find(const struct wgc_dns_paths *paths, char **ret, struct wgc_err *err);
int wgc_dns_resolvconf_capture(const char *ifname, const struct wgc_dns_paths *paths, char **ret_inverse, struct wgc_err *err);
int wgc_dns_resolvconf_apply(const char *ifname, const char *lines, const struct wgc_dns_paths *paths, struct wgc_err *err);
int wgc_dns_resolvconf_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths,
			       struct wgc_err *err);

/**
 * Run a program without a shell: @input on its standard input, its output
 * discarded, the first line of its complaints in @err. Killed, with all that it
 * started in its process group, after @timeout_ms (-ETIMEDOUT). -EIO when it
 * fails.
 */
int wgc_dns_run(const char *program, char *const *argv, const char *input, unsigned timeout_ms, struct wgc_err *err);

#endif
