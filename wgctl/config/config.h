/* SPDX-License-Identifier: GPL-2.0 */
/*
 * config: profiles as text. INI (read with inih) and JSON (read with jansson)
 * into one model, the validator, and the writers. Pure: no look-ups, no file
 * but the profile itself.
 */
#ifndef WGC_CONFIG_H
#define WGC_CONFIG_H

#include "model/model.h"

enum wgc_mode {
	WGC_STRICT,	/* refuses what is ambiguous or dangerous */
	WGC_COMPATIBLE, /* accepts and refuses what wg-quick and wg do */
	WGC_WG_ONLY,	/* compatible, and only the keys of wg(8): for setconf and the like */
};
enum wgc_format { WGC_FORMAT_INI, WGC_FORMAT_JSON };

/** By the path's ending: ".json" is JSON, all else INI. */
enum wgc_format wgc_config_format(const char *path);

/**
 * Parse @len bytes of @text into a new profile named @name; @path is for
 * messages only. Findings go to @diags, all of them at once. 0, or -EINVAL
 * when there was any error (then no profile), or -ENOMEM.
 */
int wgc_config_parse(const char *text, size_t len, const char *path, const char *name, enum wgc_format format,
		     enum wgc_mode mode, struct wgc_diags *diags, struct wgc_profile **ret);

/**
 * Read and parse a file; the profile's name is its base name without ending.
 * Also checks the file's owner and permissions (strict: a finding that is an
 * error when others can read a key, or when hooks stand in a file that root
 * does not own and @allow_hooks is false). The text is returned in
 * @ret_source even when parsing fails, for showing lines; free it with
 * wgc_source_free. 0, -EINVAL with findings, or -errno with @err when the
 * file cannot be read.
 */
int wgc_config_load(const char *path, enum wgc_mode mode, bool allow_hooks, struct wgc_diags *diags,
		    struct wgc_source *ret_source, struct wgc_profile **ret, struct wgc_err *err);
/** Wipe and free what wgc_config_load returned. */
void wgc_source_free(struct wgc_source *src);

/**
 * Find the file of a bare name in the search path (product.md section 3),
 * a NULL-terminated list of directories in @dirs (NULL: the usual ones); an
 * argument with a slash is itself. The caller frees *ret_path. -ENOENT with
 * @err naming what was looked for and the nearest profile.
 */
int wgc_config_find(const char *name, const char *const *dirs, char **ret_path, struct wgc_err *err);

/** Report everything that is dangerous or pointless though legal, as warnings. */
void wgc_config_lint(const struct wgc_profile *p, struct wgc_diags *diags);

/**
 * Write as INI. Secrets are written. Comments, order and peer names of an INI
 * original survive, because what is written is its text, tidied: whoever
 * changes a parsed profile must clear its `trivia`, so that it is written from
 * its values (peer names then become "# Name = X", which wg(8) reads over).
 * 0 or -ENOMEM.
 */
int wgc_config_write_ini(const struct wgc_profile *p, struct wgc_str *out);
/** Write as JSON, validating against the shipped schema. Secrets are written. 0 or -ENOMEM. */
int wgc_config_write_json(const struct wgc_profile *p, struct wgc_str *out);

/* Profiles made of one of another program, one for each interface of it. */
struct wgc_imported {
	struct wgc_profile **v;
	size_t n;
};
/**
 * Import @len bytes of @text, NUL-terminated: a profile of wg-netns as JSON, or
 * a keyfile of NetworkManager. The profiles are named as their interfaces;
 * @path is for messages only. What has no place in ours is a warning in
 * @diags, what would make the outcome another one is an error. 0 (free @ret
 * with wgc_imported_done), -EINVAL when there was an error, or -ENOMEM.
 */
int wgc_config_import(const char *text, size_t len, const char *path, struct wgc_diags *diags, struct wgc_imported *ret);
/** Wipe and free them. */
void wgc_imported_done(struct wgc_imported *im);

struct wgc_key_rule;
/** All profile keys, for did-you-mean, completion and manual pages; NULL-terminated. */
struct wgc_key_info {
	const char *section, *ini, *json;
	const char *values; /* "auto, kernel or userspace" */
	const char *text;   /* one line of help */
	bool secret, repeatable;
	const struct wgc_key_rule *rule; /* config's own: how it is read and written */
};
const struct wgc_key_info *wgc_config_keys(size_t *ret_n);
/** The value that means the same as leaving the key out, or NULL. */
const char *wgc_config_usual(const struct wgc_key_info *k);
/** What the key's value is in JSON: "number or string", "list of string". */
const char *wgc_config_json_type(const struct wgc_key_info *k);

#endif
