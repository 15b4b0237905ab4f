/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of config share. Two front ends (ini.c, json.c) cut a text
 * into words with places and hand them to the setters of one key table
 * (table.c); check.c looks at the whole afterwards; emit.c and the writers go
 * the other way through the same table.
 */
#ifndef WGC_CONFIG_INTERNAL_H
#define WGC_CONFIG_INTERNAL_H

#include "config/config.h"

struct wgc_parse;
struct wgc_emit;

/* One value, or one element of a list. NUL-terminated, without outer blanks. */
struct wgc_word {
	char *s; /* may be changed by whoever gets it */
	size_t len;
	struct wgc_span at;
	bool exact; /* byte i of s stands i columns right of at.col */
};

/* ---- the key table -------------------------------------------------------- */

enum wgc_owner {
	WGC_OWNER_WG,	 /* wg(8): blanks anywhere are dropped, never empty */
	WGC_OWNER_QUICK, /* wg-quick(8): only outer blanks are dropped */
	WGC_OWNER_WGCTL,
};

enum wgc_shape {
	WGC_SHAPE_ONE,	  /* one value; a second one is a duplicate */
	WGC_SHAPE_COMMAS, /* list, separated by commas only */
	WGC_SHAPE_WORDS,  /* list, separated by commas and blanks */
	WGC_SHAPE_EACH,	  /* list, one line for each */
	WGC_SHAPE_HOOK,	  /* the same, and '#' is part of the value */
	WGC_SHAPE_ARGV,	  /* words with shell-like quotes, but no shell */
};

/* What JSON may hold; a list where the shape is one. */
enum {
	WGC_JSON_STRING = 1 << 0,
	WGC_JSON_NUMBER = 1 << 1,
	WGC_JSON_BOOL = 1 << 2,
	WGC_JSON_LIST = 1 << 3,
};

struct wgc_key_rule {
	enum wgc_owner owner;
	enum wgc_shape shape;
	unsigned json;
	bool empty_ok;		  /* "Key =" means that it was not given */
	const char *usual;	  /* the value that means the same as leaving it out; NULL: there is none */
	const char *const *words; /* the values when they are words; false and true of a boolean first */
	void (*set)(struct wgc_parse *c, struct wgc_word *w);
	void (*get)(struct wgc_emit *e);
};

#define WGC_MAX_KEYS 64
enum wgc_section { WGC_SECTION_NONE, WGC_SECTION_INTERFACE, WGC_SECTION_PEER, WGC_SECTION_UNKNOWN };

/** The name of a section as the table has it. */
const char *wgc_section_name(enum wgc_section s);
/** The key of @section with the INI or JSON name @name (case and blanks do not matter for INI), or NULL. */
const struct wgc_key_info *wgc_key_find(enum wgc_section section, const char *name, enum wgc_format format, enum wgc_mode mode);
/** The number of the first key of @section; those of [Peer] are the last ones. */
size_t wgc_key_first(enum wgc_section section);
/** Its number in the table. */
size_t wgc_key_index(const struct wgc_key_info *k);
/** "did you mean" for a key that is not known, in @hint; false when nothing is to be said. */
bool wgc_key_hint(enum wgc_section section, const char *name, enum wgc_format format, enum wgc_mode mode, char *hint, size_t size);
/** The key of @section nearest to @name, or NULL. */
const struct wgc_key_info *wgc_key_nearest(enum wgc_section section, const char *name, enum wgc_format format, enum wgc_mode mode);

/* ---- parsing ---------------------------------------------------------------- */

/* Kept in profile->trivia of whatever was parsed. */
struct wgc_trivia {
	enum wgc_format format;
	enum wgc_mode mode;
};

struct wgc_parse {
	const char *path, *text;
	size_t len;
	enum wgc_format format;
	enum wgc_mode mode;
	struct wgc_diags *diags;
	size_t first_diag, errors_before, unshown;
	struct wgc_arena *arena;
	struct wgc_profile *p;
	bool oom;
	bool unread; /* the text is no JSON: nothing can be said about the whole */
	struct wgc_str scratch; /* the value at hand, cut up in place */
	struct wgc_str *tidy;	/* not NULL: INI lines are copied here, tidied */

	/* where we are */
	enum wgc_section section;
	const struct wgc_key_info *key;
	struct wgc_span key_at, section_at;
	struct wgc_profile_peer *peer;
	bool peer_has_key;	   /* PublicKey was given */
	bool first_word;	   /* the setter has the first word of its line */
	bool routes_given;	   /* by this peer */
	struct wgc_text next_name; /* from a comment above a [Peer] */
	struct wgc_span seen[WGC_MAX_KEYS]; /* where each key of this section was first given */
	struct wgc_span interface_at;

	/* where the last line was found in the text, for ascending lines */
	uint32_t cached_line;
	size_t cached_offset;
};

void wgc_ini_read(struct wgc_parse *c);
void wgc_json_read(struct wgc_parse *c);

/* JSON of any kind, with places. */
enum wgc_node_type { WGC_NODE_NULL, WGC_NODE_BOOL, WGC_NODE_NUMBER, WGC_NODE_STRING, WGC_NODE_LIST, WGC_NODE_OBJECT };
struct wgc_node {
	enum wgc_node_type type;
	const char *name; /* of a member of an object */
	struct wgc_span name_at, at;
	char *s;    /* a string; what else has no parts as it is written */
	size_t len;
	bool exact; /* byte i of s stands i columns right of at.col */
	struct wgc_node *v; /* of a list or an object, in the order of the text */
	size_t n;
};
/** All of c->text, in c's arena; NULL after a report. */
struct wgc_node *wgc_json_tree(struct wgc_parse *c);
/** A new peer starts at @at and becomes c->peer; the one before is complete. False without memory. */
bool wgc_parse_peer(struct wgc_parse *c, struct wgc_span at);
/** The last peer is complete. */
void wgc_parse_peer_done(struct wgc_parse *c);
/** Word by word to the setter of c->key. */
void wgc_parse_words(struct wgc_parse *c, char *value, size_t len, struct wgc_span at, bool exact);
/** One word, which ends at @len, to the setter of c->key. */
void wgc_parse_word(struct wgc_parse *c, char *s, size_t len, struct wgc_span at, bool exact);
/** Notes that c->key is given at c->key_at; reports a second time where that is a mistake. */
void wgc_parse_seen(struct wgc_parse *c);
/** What can be said only once all has been read. */
void wgc_parse_check(struct wgc_parse *c);

/** Bytes of the longest line of c->text. */
size_t wgc_longest_line(const struct wgc_parse *c);

/** Strict: neither of the compatible modes. */
bool wgc_strict(const struct wgc_parse *c);

/** Puts the findings since c->first_diag in order, and marks the secret ones. */
void wgc_parse_finish_diags(struct wgc_parse *c);

/** Place of @len bytes at byte @offset of line @line; column 0 beyond what a span can hold. */
struct wgc_span wgc_at(uint32_t line, size_t offset, size_t len);
/** Place of a part of a word. */
struct wgc_span wgc_word_at(const struct wgc_word *w, size_t offset, size_t len);

/** An error or warning; secret ones are marked by the line that @at names. Returns it for `also`, or NULL. */
struct wgc_diag *wgc_say(struct wgc_parse *c, bool warning, struct wgc_span at, const char *hint, const char *fmt, ...)
	WGC_PRINTF(5, 6);
#define wgc_bad(c, at, hint, ...) wgc_say(c, false, at, hint, __VA_ARGS__)
#define wgc_warn(c, at, hint, ...) wgc_say(c, true, at, hint, __VA_ARGS__)
/** So many findings that no more are kept, only counted. */
bool wgc_full(const struct wgc_parse *c);
/** An error about @w: "'@w' @what", or "this @what" where its text must not be repeated. */
void wgc_bad_word(struct wgc_parse *c, const struct wgc_word *w, const char *hint, const char *what);
/** Whether a line of text holds, or may hold, a secret. */
bool wgc_line_secret(const char *s, size_t len);
/** The same for a line given by number. */
bool wgc_line_secret_at(struct wgc_parse *c, uint32_t line);
/** Whether there is something in a text that may be most of a key. */
bool wgc_like_key(const char *s, size_t len);
/** Whether @s may be repeated in a message: short, printable, not like a key. */
bool wgc_quotable(const char *s);

/** A copy in the arena; notes when there is no memory. */
char *wgc_keep(struct wgc_parse *c, const char *s, size_t len);
struct wgc_text wgc_keep_word(struct wgc_parse *c, const struct wgc_word *w);
/** False, and said, for one that an INI could not hold: JSON could. */
bool wgc_can_be_path(struct wgc_parse *c, const struct wgc_word *w);
void wgc_push_text(struct wgc_parse *c, struct wgc_text **v, size_t *n, size_t *cap, const struct wgc_word *w);

/* ---- words (words.c) ---------------------------------------------------------- */

/** Drop all blanks in place. */
void wgc_word_squeeze(struct wgc_word *w);
/** Cut outer blanks off. */
void wgc_word_trim(struct wgc_word *w);
/** Valid UTF-8 without control characters (a tab is none). */
bool wgc_text_plain(const char *s, size_t len);
/** The next word of a command line at *@pos: quotes are resolved in place. 1, 0 at the end or a comment, -EINVAL. */
int wgc_argv_next(char *s, size_t len, size_t *pos, struct wgc_word *ret);
/** Where a comment begins in a command line, or @len. */
size_t wgc_argv_comment(const char *s, size_t len);
/** Add @word so that wgc_argv_next reads it back. */
void wgc_argv_add(struct wgc_str *out, const char *word);

/* ---- values of several keys (set_values.c) ---------------------------------------- */

/** A prefix whose host bits must be zero (an error in strict mode, a warning else). False: reported. */
bool wgc_parse_network(struct wgc_parse *c, const struct wgc_word *w, struct wgc_prefix *ret);
/** A base64 key; its text is never repeated. */
bool wgc_parse_key(struct wgc_parse *c, struct wgc_word *w, struct wgc_key *ret);
/**
 * A port: at most 65535 in strict mode, its low 16 bits else. 0, or -EINVAL
 * after a report, or -ENOENT when it is not a number and @names is true.
 */
int wgc_parse_port(struct wgc_parse *c, const struct wgc_word *w, bool names, uint16_t *ret);
/** The number of @w among the words of c->key, or -1 after a report. */
int wgc_parse_choice(struct wgc_parse *c, struct wgc_word *w);

/* ---- names in comments (names.c) --------------------------------------------------- */

#define WGC_PEER_NAME_MAX 128 /* bytes: it has to fit in a line of a table */
/** Whether a text can name a peer. */
bool wgc_peer_name_ok(const char *s, size_t len);
/** A comment in a line of its own, without '#': remember or give a peer's name. It stands at @offset of @line. */
void wgc_name_comment(struct wgc_parse *c, const char *s, size_t len, uint32_t line, size_t offset);
/** The comment behind "[Peer]". */
void wgc_name_behind_section(struct wgc_parse *c, const char *s, size_t len, uint32_t line, size_t offset);

/* ---- sets (set.c) --------------------------------------------------------------------- */

/* Which numbered thing was first with some bytes. */
struct wgc_set {
	struct wgc_set_entry *entries; /* in the order in which they came */
	uint32_t *slots;	       /* number of an entry, from 1; 0 = free */
	size_t n, room, expected;
	struct wgc_hash_seed seed;
};

/** Empty, with a seed of its own, and, once there is something in it, with room for @n; it grows beyond that. */
void wgc_set_init(struct wgc_set *s, size_t n);
void wgc_set_done(struct wgc_set *s);
/**
 * Add @len (at most 32) bytes under number @value. 1 when they are new, 0 when
 * they were there (*ret_first says under which number), -ENOMEM.
 */
int wgc_set_add(struct wgc_set *s, const void *bytes, size_t len, size_t value, size_t *ret_first);

/* ---- writing (emit.c) -------------------------------------------------------------------- */

/* Getters hand the values of one key to whichever writer is at work. */
struct wgc_emit {
	const struct wgc_profile *p;
	const struct wgc_profile_peer *peer; /* NULL for keys of [Interface] */
	const struct wgc_key_info *key;
	struct wgc_str *ini;   /* either this */
	struct wgc_json *json; /* or this */
	size_t n;	       /* values of this key so far */
};

/** All that the profile has for a key; nothing when that is nothing. */
void wgc_emit_key(struct wgc_emit *e, const struct wgc_key_info *k);
void wgc_emit_text(struct wgc_emit *e, const char *s);
void wgc_emit_number(struct wgc_emit *e, uint64_t v);
/** A single word or number in place of the list that the key usually is. */
void wgc_emit_single(struct wgc_emit *e, const char *s);

/* ---- one setter and one getter for each key -------------------------------------------------- */

#define WGC_SETTER(name) void wgc_set_##name(struct wgc_parse *c, struct wgc_word *w)
#define WGC_GETTER(name) void wgc_get_##name(struct wgc_emit *e)
#define WGC_KEY_FUNCTIONS(name) \
	WGC_SETTER(name);       \
	WGC_GETTER(name)

WGC_KEY_FUNCTIONS(ifname);
WGC_KEY_FUNCTIONS(private_key);
WGC_KEY_FUNCTIONS(private_key_file);
WGC_KEY_FUNCTIONS(private_key_command);
WGC_KEY_FUNCTIONS(listen_port);
WGC_KEY_FUNCTIONS(fwmark);
WGC_KEY_FUNCTIONS(address);
WGC_KEY_FUNCTIONS(dns);
WGC_KEY_FUNCTIONS(mtu);
WGC_KEY_FUNCTIONS(table);
WGC_KEY_FUNCTIONS(pre_up);
WGC_KEY_FUNCTIONS(post_up);
WGC_KEY_FUNCTIONS(pre_down);
WGC_KEY_FUNCTIONS(post_down);
WGC_KEY_FUNCTIONS(save_config);
WGC_KEY_FUNCTIONS(backend);
WGC_KEY_FUNCTIONS(socket_namespace);
WGC_KEY_FUNCTIONS(interface_namespace);
WGC_KEY_FUNCTIONS(kill_switch);
WGC_KEY_FUNCTIONS(allow_lan);
WGC_KEY_FUNCTIONS(dns_mode);
WGC_KEY_FUNCTIONS(ipv6);
WGC_KEY_FUNCTIONS(exclude_ips);
WGC_KEY_FUNCTIONS(refresh_endpoints);
WGC_KEY_FUNCTIONS(peer_name);
WGC_KEY_FUNCTIONS(public_key);
WGC_KEY_FUNCTIONS(preshared_key);
WGC_KEY_FUNCTIONS(preshared_key_file);
WGC_KEY_FUNCTIONS(allowed_ips);
WGC_KEY_FUNCTIONS(endpoint);
WGC_KEY_FUNCTIONS(keepalive);
WGC_KEY_FUNCTIONS(routes);

#endif
