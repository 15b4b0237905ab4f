/* SPDX-License-Identifier: GPL-2.0 */
/* A keyfile as it is written: groups, and keys with values. keyfile.c reads it, import_nm.c makes sense of it. */
#ifndef WGC_CONFIG_KEYFILE_H
#define WGC_CONFIG_KEYFILE_H

#include "config/import.h"

struct wgc_entry {
	const char *key;
	char *value; /* escapes as they are */
	size_t len;
	struct wgc_span key_at, at;
	bool used; /* carried over, or known to need nothing */
};

struct wgc_group {
	const char *name;
	struct wgc_span at; /* of the name */
	struct wgc_entry *v;
	size_t n, cap;
};

struct wgc_keyfile {
	struct wgc_group *v; /* groups of one name are one */
	size_t n, cap;
};

/** Read all of im's text; what cannot be read is reported. */
void wgc_keyfile_read(struct wgc_import *im, struct wgc_keyfile *ret);
/** The group called @name, or NULL. */
struct wgc_group *wgc_keyfile_group(struct wgc_keyfile *f, const char *name);
/** The entry @key of @g (which may be NULL), the last one if it is there twice, marked as used; or NULL. */
struct wgc_entry *wgc_keyfile_entry(struct wgc_group *g, const char *key);
/** The next element of a list at *@pos, its escapes resolved in place; false at the end. An empty last one is none. */
bool wgc_keyfile_next(struct wgc_entry *e, size_t *pos, struct wgc_given *ret);
/** The whole value, escapes resolved in place. */
struct wgc_given wgc_keyfile_value(struct wgc_entry *e);

#endif
