/* SPDX-License-Identifier: GPL-2.0 */
/* attach: a profile's tunnel in somebody else's namespace; what CNI, OCI hooks, netavark and `container` have in common. */
#ifndef WGC_CLI_ATTACH_H
#define WGC_CLI_ATTACH_H

#include "cli/cli.h"
#include "containers/containers.h"

#define WGC_ATTACH_DIR "/etc/wgctl"

struct wgc_attach {
	struct wgc_attachment key; /* ifname may be NULL: that of the profile */
	const char *netns;	   /* as wgc_ns_parse takes it */
	enum wgc_attach_mode mode;
	const struct wgc_prefix *addresses; /* beside those of the profile */
	size_t n_addresses;
};

/**
 * Load the profile named @name from @dir (NULL: /etc/wgctl), which must be root's,
 * as must be the file. Findings go to stderr, the first error into @err too.
 */
int wgc_attach_load(struct wgc_ui *ui, const char *name, const char *dir, struct wgc_loaded *l, struct wgc_err *err);
/** The same of a profile that is JSON @text, to be freed. */
int wgc_attach_load_text(struct wgc_ui *ui, char *text, const char *name, struct wgc_loaded *l, struct wgc_err *err);

/**
 * What must hold before anything is changed: the namespace is there and not ours, no
 * link there has the name (-EEXIST), with mode only there is no other link (-ENOTUNIQ),
 * and the namespace that packets are to leave from is there.
 */
int wgc_attach_check(const struct wgc_attach *how, const struct wgc_loaded *l, struct wgc_err *err);
/** Bring it up; what came of it is in @a. @l is changed. On failure everything is as before. */
int wgc_attach_up(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_attach *how, struct wgc_loaded *l, struct wgc_arena *a,
		  struct wgc_attached *ret, struct wgc_err *err);
/** Take it down; 0 also when it is not up. Waits a while for another wgctl that works on it: then -EBUSY. */
int wgc_attach_down(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, struct wgc_err *err);
/** Take down all whose name begins with @prefix, but for those that @keep (may be NULL) wants. Goes on after failures. */
int wgc_attach_down_all(struct wgc_ui *ui, struct wgc_sys *sys, const char *prefix, bool (*keep)(void *ctx, const char *name),
			void *ctx, struct wgc_err *err);
/** Links of a namespace beside loopback, those that nobody uses, and @ifname (may be NULL), with whether a default route leads there. */
int wgc_attach_others(const char *netns, const char *ifname, struct wgc_str *ret_names, bool *ret_default, struct wgc_err *err);
/** 0 when @netns has a link @ifname with all of these addresses; -errno with @err. */
int wgc_attach_verify(const char *netns, const char *ifname, const struct wgc_prefix *v, size_t n, struct wgc_err *err);

/** One sentence out of an error: message, the kernel's words, hint. */
void wgc_attach_say(const struct wgc_err *err, struct wgc_str *out);

/* The personalities. Each returns an exit code. */
int wgc_cni_main(struct wgc_ui *ui);
/** ADD, DEL, CHECK, GC and STATUS of an address plugin; see ipam.c. */
int wgc_ipam_call(const struct wgc_cni_request *r, const char *input, size_t len, const char *command, char **ret_text, size_t *ret_len,
		  struct wgc_cni_err *err);

#endif
