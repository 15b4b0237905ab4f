/* SPDX-License-Identifier: GPL-2.0 */
/* What the importers share: import.c. Each reads a text of another program and gives its values to the setters of the key table. */
#ifndef WGC_CONFIG_IMPORT_H
#define WGC_CONFIG_IMPORT_H

#include "config/internal.h"

struct wgc_import {
	struct wgc_parse c;	 /* findings of the whole text; the profile at hand, if there is one */
	struct wgc_arena *arena; /* what was read, until the end */
	struct wgc_profile **v;	 /* finished ones */
	size_t n, cap;
};

/* A value with its place. */
struct wgc_given {
	char *s;
	size_t len;
	struct wgc_span key_at, at;
	bool exact;
};

void wgc_import_netns(struct wgc_import *im);
void wgc_import_keyfile(struct wgc_import *im);

/** A profile named @name begins at @at. False without memory. */
bool wgc_import_begin(struct wgc_import *im, const char *name, struct wgc_span at);
/** It is complete: looked at as a whole and put with the finished ones. */
void wgc_import_end(struct wgc_import *im);
/** A peer of the profile at hand begins. */
bool wgc_import_peer(struct wgc_import *im, struct wgc_span at);
/** One value, or one of a list, to the setter of the key that JSON calls @key. */
void wgc_import_give(struct wgc_import *im, enum wgc_section section, const char *key, const struct wgc_given *g);
/** The same for prefixes: what WireGuard drops behind the length of one is dropped, with a warning. */
void wgc_import_give_network(struct wgc_import *im, const char *key, const struct wgc_given *g);
/** "X is not carried over", where X is @name unless that may be a secret. */
void wgc_import_lost(struct wgc_import *im, struct wgc_span at, const char *hint, const char *name);

#endif
