/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of dns share. */
#ifndef WGC_DNS_INTERNAL_H
#define WGC_DNS_INTERNAL_H

#include "dns/dns.h"

/* ---- which names (pure) ---------------------------------------------------- */

struct wgc_dns_want {
	const struct wgc_profile *profile;
	size_t n_search; /* domains to search */
	size_t n_routed; /* `~domain`s, without `~.` */
	bool all;	 /* every name goes to these servers */
	bool added;	 /* `all`, and the profile has no `~.`: it follows from the rest */
};
/** Check the words and find out what they mean. -EINVAL (WGC_E_CONFIG). */
int wgc_dns_want(const struct wgc_profile *p, struct wgc_dns_want *ret, struct wgc_err *err);
/** The resolv.conf lines; "" without servers. @routed: the reader knows what `~domain` is. */
int wgc_dns_lines(const struct wgc_dns_want *w, bool routed, struct wgc_str *out, struct wgc_err *err);
/** A sentence in @note (may be NULL) when there are `~domain`s, which @who does not know. */
void wgc_dns_warn_routed(const struct wgc_dns_want *w, const char *who, struct wgc_str *note);

/* ---- evidence (pure) ----------------------------------------------------------- */

/**
 * Who wrote a resolv.conf, by its comments or, where @target is not NULL, by
 * where the link points: "systemd-resolved", "NetworkManager", ...; NULL when
 * nothing tells.
 */
const char *wgc_dns_owner(const char *text, const char *target);
/** True when every name server of a resolv.conf is systemd-resolved's own stub, and there is one. */
bool wgc_dns_only_stub(const char *text);
/** True when nsswitch.conf's line for hosts has `resolve`, and no `dns` in front of it. */
bool wgc_dns_nss_resolve(const char *text);
/** The name servers of a resolv.conf in order: the @i-th one, NULL behind the last. Good until the next call. */
const char *wgc_dns_server_at(const char *text, size_t i, char buf[static 64]);

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
	char *extra;  /* lines that somebody added to ours, or NULL; heap */
	bool changed; /* a setting of ours is not there any more */
	bool ours; /* our mark, the line that names the boot, was there */
	bool has_base;
	struct wgc_dns_base base;
};
void wgc_dns_layers_done(struct wgc_dns_layers *l);
/** A first look: false for a text that is certainly not ours. */
bool wgc_dns_has_marks(const char *text);
/** Read @text; layers of another boot than @boot are left out. 0 or -ENOMEM; what cannot be read is not ours. */
int wgc_dns_layers_read(const char *text, const char *boot, struct wgc_dns_layers *ret);
/** Put @ifname on top, taking it from where it was. */
int wgc_dns_layers_push(struct wgc_dns_layers *l, const char *ifname, const char *lines);
/** False when it was not there. */
bool wgc_dns_layers_drop(struct wgc_dns_layers *l, const char *ifname);
/** The whole file; there must be a layer. */
void wgc_dns_layers_write(const struct wgc_dns_layers *l, const char *boot, struct wgc_str *out);
/** A file of ours that somebody changed, without our comments: their file from now on. */
void wgc_dns_without_marks(const char *text, struct wgc_str *out);

/* ---- the backends ----------------------------------------------------------- */

const char *wgc_dns_resolv_conf(const struct wgc_dns_paths *paths);
int wgc_dns_file_capture(const struct wgc_dns_paths *paths, char **ret_inverse, struct wgc_err *err);
int wgc_dns_file_apply(const char *ifname, const char *lines, const struct wgc_dns_paths *paths, struct wgc_err *err);
int wgc_dns_file_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_str *note,
			 struct wgc_err *err);
enum wgc_dns_effect wgc_dns_file_effect(const char *ifname, const char *lines, const struct wgc_dns_paths *paths,
					char ret_why[static 256]);

/** The program's path, heap. -ENOENT with @err. */
int wgc_dns_resolvconf_find(const struct wgc_dns_paths *paths, char **ret, struct wgc_err *err);
/** True for the resolvconf(8) that is systemd-resolved's client by another name. */
bool wgc_dns_is_resolvectl(const char *program);
int wgc_dns_resolvconf_capture(const char *ifname, const struct wgc_dns_paths *paths, char **ret_inverse, struct wgc_err *err);
int wgc_dns_resolvconf_apply(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
			     struct wgc_str *note, struct wgc_err *err);
int wgc_dns_resolvconf_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths,
			       struct wgc_err *err);
enum wgc_dns_effect wgc_dns_resolvconf_effect(const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
					      char ret_why[static 256]);

/**
 * Does systemd-resolved answer, for the network namespace that we are in? 0, or
 * a negative errno with @err: -ENOENT when it is not there, -EXDEV when it
 * serves another namespace, -EOPNOTSUPP when this program cannot speak to it.
 * @ret_peer: its process, also with -EXDEV; untouched when it is not known.
 */
int wgc_dns_resolved_ping(const struct wgc_dns_paths *paths, pid_t *ret_peer, struct wgc_err *err);
int wgc_dns_resolved_capture(const char *ifname, char **ret_inverse, struct wgc_err *err);
int wgc_dns_resolved_apply(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
			   struct wgc_err *err);
int wgc_dns_resolved_restore(const char *ifname, const char *inverse, const struct wgc_dns_paths *paths, struct wgc_err *err);
enum wgc_dns_effect wgc_dns_resolved_effect(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
					    char ret_why[static 256]);


#endif
